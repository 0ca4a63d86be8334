/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The variants of transposing, weakest instruction set first.  With AVX-512 it is
 * slower than with AVX2: blocks are wider, and more of what they write is apart. */

#include <lowerfb/kernels/transpose.h>

#include <lowerfb/kernels/select.h>

static const LfbTransposeKernel variants[] = {
  { "c", 0, lfb_transpose_c },
#ifdef __x86_64__
  { "avx2", LFB_CPU_AVX2, lfb_transpose_avx2 },
#endif
#ifdef __aarch64__
  { "neon", LFB_CPU_NEON, lfb_transpose_neon },
#endif
};

void
lfb_transpose_init (LfbTransposeKernel *kernel,
                    unsigned            cpu_flags)
{
  LFB_SELECT (kernel, variants, cpu_flags);
}

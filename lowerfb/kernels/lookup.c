/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The variants of the table kernel, weakest instruction set first. */

#include <lowerfb/kernels/lookup.h>

#include <lowerfb/kernels/select.h>

static const LfbLookupKernel lookup_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_lookup_u8),
#ifdef __x86_64__
  { "avx512vbmi", LFB_CPU_AVX512VBMI, lfb_lookup_u8_avx512vbmi },
#endif
};

void
lfb_lookup_init (LfbLookupKernel *kernel,
                 unsigned         cpu_flags)
{
  LFB_SELECT (kernel, lookup_variants, cpu_flags);
}

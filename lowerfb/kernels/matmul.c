/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The variants of products of float matrices, weakest instruction set first. */

#include <lowerfb/kernels/matmul.h>

#include <lowerfb/kernels/select.h>

static const LfbMatmulKernel variants[] = {
  LFB_VECTOR_VARIANTS (lfb_matmul_f32),
};

void
lfb_matmul_init (LfbMatmulKernel *kernel,
                 unsigned         cpu_flags)
{
  LFB_SELECT (kernel, variants, cpu_flags);
}

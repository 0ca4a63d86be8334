/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The variants of the range kernel, weakest instruction set first. */

#include <lowerfb/kernels/minmax.h>

#include <lowerfb/kernels/select.h>

static const LfbMinmaxKernel minmax_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_minmax_f32),
};

void
lfb_minmax_init (LfbMinmaxKernel *kernel,
                 unsigned         cpu_flags)
{
  LFB_SELECT (kernel, minmax_variants, cpu_flags);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The variants of softmax, weakest instruction set first. */

#include <lowerfb/kernels/softmax.h>

#include <lowerfb/kernels/select.h>

static const LfbSoftmaxKernel variants[] = {
  LFB_VECTOR_VARIANTS (lfb_softmax_f32),
};

void
lfb_softmax_init (LfbSoftmaxKernel *kernel,
                  unsigned          cpu_flags)
{
  LFB_SELECT (kernel, variants, cpu_flags);
}

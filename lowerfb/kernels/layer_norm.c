/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The variants of layer normalization of floats, weakest instruction set first. */

#include <lowerfb/kernels/layer_norm.h>

#include <lowerfb/kernels/select.h>

static const LfbLayerNormKernel variants[] = {
  LFB_VECTOR_VARIANTS (lfb_layer_norm_f32),
};

void
lfb_layer_norm_init (LfbLayerNormKernel *kernel,
                     unsigned            cpu_flags)
{
  LFB_SELECT (kernel, variants, cpu_flags);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Convolution in NEON with dot products: for each kind of weights the way that suits it best. */

#include <lowerfb/kernels/neon/conv.h>

#include <lowerfb/kernels/cpu.h>

static const LfbConvWay * const ways[] = {
  &lfb_conv_depthwise_neondot,
  &lfb_conv_dense_neondot,
};

LFB_CONV_WAYS_VARIANT (neondot, LFB_CPU_NEON | LFB_CPU_NEONDOT)

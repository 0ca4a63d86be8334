/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Convolution with AVX2: for each kind of weights the way that suits it best. */

#include <lowerfb/kernels/x86/conv_256.h>

#include <lowerfb/kernels/cpu.h>

static const LfbConvWay * const ways[] = {
  &lfb_conv_depthwise_avx2,
  &lfb_conv_grouped_avx2,
  &lfb_conv_dense_avx2,
};

LFB_CONV_WAYS_VARIANT (avx2, LFB_CPU_AVX2)

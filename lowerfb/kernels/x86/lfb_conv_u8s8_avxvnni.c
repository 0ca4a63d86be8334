/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Convolution with AVX-VNNI: for each kind of weights the way that suits it best. */

#include <lowerfb/kernels/x86/conv_256.h>

#include <lowerfb/kernels/cpu.h>

static const LfbConvWay * const ways[] = {
  &lfb_conv_depthwise_avxvnni,
  &lfb_conv_grouped_avxvnni,
  &lfb_conv_dense_avxvnni,
};

LFB_CONV_WAYS_VARIANT (avxvnni, LFB_CPU_AVXVNNI)

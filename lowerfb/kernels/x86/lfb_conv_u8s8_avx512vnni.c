/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Convolution with AVX-512 VNNI: for each kind of weights the way that suits
 * it best; the last one takes any.
 */

#include <lowerfb/kernels/x86/conv_avx512vnni.h>

#include <lowerfb/kernels/cpu.h>

static const LfbConvWay * const ways[] = {
  &lfb_conv_depthwise_avx512vnni,
  &lfb_conv_grouped_avx512vnni,
  &lfb_conv_paired_avx512vnni,
  &lfb_conv_dense_avx512vnni,
};

LFB_CONV_WAYS_VARIANT (avx512vnni, LFB_CPU_AVX512VNNI)

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The ways in which lfb_conv_u8s8_avx512vnni computes a convolution. */

#pragma once

#include <lowerfb/kernels/conv_ways.h>

extern const LfbConvWay lfb_conv_dense_avx512vnni;
extern const LfbConvWay lfb_conv_depthwise_avx512vnni;
extern const LfbConvWay lfb_conv_grouped_avx512vnni;
extern const LfbConvWay lfb_conv_paired_avx512vnni;

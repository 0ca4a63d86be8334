/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The ways in which lfb_conv_u8s8_avx2 and lfb_conv_u8s8_avxvnni compute a convolution. */

#pragma once

#include <lowerfb/kernels/conv_ways.h>

extern const LfbConvWay lfb_conv_dense_avx2;
extern const LfbConvWay lfb_conv_depthwise_avx2;
extern const LfbConvWay lfb_conv_grouped_avx2;
extern const LfbConvWay lfb_conv_dense_avxvnni;
extern const LfbConvWay lfb_conv_depthwise_avxvnni;
extern const LfbConvWay lfb_conv_grouped_avxvnni;

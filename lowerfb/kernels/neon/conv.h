/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The ways in which lfb_conv_u8s8_neon and lfb_conv_u8s8_neondot compute a convolution. */

#pragma once

#include <lowerfb/kernels/conv_ways.h>

extern const LfbConvWay lfb_conv_dense_neon;
extern const LfbConvWay lfb_conv_depthwise_neon;
extern const LfbConvWay lfb_conv_dense_neondot;
extern const LfbConvWay lfb_conv_depthwise_neondot;

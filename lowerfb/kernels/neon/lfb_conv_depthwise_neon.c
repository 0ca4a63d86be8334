/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Depthwise convolution in NEON without dot products. */

#include <lowerfb/kernels/cpu.h>
#include <lowerfb/kernels/neon/conv.h>

#define LFB_GROUP 1
#include <lowerfb/kernels/neon/depthwise.h>

#include <lowerfb/kernels/simd/conv_depthwise.h>

LFB_CONV_WAY (lfb_conv_depthwise_neon, LFB_CPU_NEON)

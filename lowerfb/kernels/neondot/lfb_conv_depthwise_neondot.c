/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Depthwise convolution in NEON with dot products. */

#include <lowerfb/kernels/cpu.h>
#include <lowerfb/kernels/neon/conv.h>

#define LFB_GROUP 4
#include <lowerfb/kernels/neon/depthwise.h>

#include <lowerfb/kernels/simd/conv_depthwise.h>

LFB_CONV_WAY (lfb_conv_depthwise_neondot, LFB_CPU_NEON | LFB_CPU_NEONDOT)

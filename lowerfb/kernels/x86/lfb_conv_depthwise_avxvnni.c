/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Depthwise convolution with AVX-VNNI. */

#include <lowerfb/kernels/cpu.h>
#include <lowerfb/kernels/x86/conv_256.h>
#include <lowerfb/kernels/x86/dpbusd_avxvnni.h>

#include <lowerfb/kernels/x86/depthwise_256.h>

#include <lowerfb/kernels/simd/conv_depthwise.h>

LFB_CONV_WAY (lfb_conv_depthwise_avxvnni, LFB_CPU_AVXVNNI)

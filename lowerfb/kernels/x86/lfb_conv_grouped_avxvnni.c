/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Convolution in small groups with AVX-VNNI. */

#include <lowerfb/kernels/cpu.h>
#include <lowerfb/kernels/x86/dpbusd_avxvnni.h>

#include <lowerfb/kernels/x86/conv_grouped_256.h>

LFB_CONV_WAY (lfb_conv_grouped_avxvnni, LFB_CPU_AVXVNNI)

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Convolution in small groups with AVX2. */

#include <lowerfb/kernels/cpu.h>
#include <lowerfb/kernels/x86/madd_avx2.h>

#include <lowerfb/kernels/x86/conv_grouped_256.h>

LFB_CONV_WAY (lfb_conv_grouped_avx2, LFB_CPU_AVX2)

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Convolution of any weights with AVX-VNNI. */

#include <lowerfb/kernels/cpu.h>

#define LFB_GROUP 4
#define LFB_TILE_RUN lfb_tile_run_avxvnni

#include <lowerfb/kernels/x86/conv_dense_256.h>

LFB_CONV_WAY (lfb_conv_dense_avxvnni, LFB_CPU_AVXVNNI)

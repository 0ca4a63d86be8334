/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Convolution of any weights in NEON without dot products. */

#include <lowerfb/kernels/cpu.h>
#include <lowerfb/kernels/neon/conv.h>
#include <lowerfb/kernels/neon/tile.h>

#define LFB_GROUP 1
#define LFB_WIDE 1
#define LFB_FLIP 0
#define LFB_PACKED_WIDE 1
#define LFB_TILE_RUN lfb_tile_run_neon

#include <lowerfb/kernels/simd/conv_dense.h>

LFB_CONV_WAY (lfb_conv_dense_neon, LFB_CPU_NEON)

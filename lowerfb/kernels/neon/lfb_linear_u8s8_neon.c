/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Linear in NEON without dot products. */

#include <lowerfb/kernels/cpu.h>
#include <lowerfb/kernels/neon/tile.h>

#define LFB_GROUP 1
#define LFB_WIDE 1
#define LFB_FLIP 0
#define LFB_PACKED_WIDE 1
#define LFB_TILE_RUN lfb_tile_run_neon
#define LFB_QUANTIZE lfb_quantize_f32u8_neon

#include <lowerfb/kernels/simd/linear.h>

LFB_LINEAR_VARIANT (neon, LFB_CPU_NEON)

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Linear with AVX-VNNI. */

#include <lowerfb/kernels/cpu.h>
#include <lowerfb/kernels/x86/tile_256.h>

#define LFB_GROUP 4
#define LFB_WIDE 0
#define LFB_FLIP 0
#define LFB_PACKED_WIDE 0
#define LFB_TILE_RUN lfb_tile_run_avxvnni
#define LFB_QUANTIZE lfb_quantize_f32u8_avx2

#include <lowerfb/kernels/simd/linear.h>

LFB_LINEAR_VARIANT (avxvnni, LFB_CPU_AVXVNNI)

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Linear with AVX2. */

#include <lowerfb/kernels/cpu.h>

#define LFB_GROUP 2
#define LFB_TILE_RUN lfb_tile_run_avx2

#include <lowerfb/kernels/x86/linear_256.h>

LFB_LINEAR_VARIANT (avx2, LFB_CPU_AVX2)

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Linear with AVX-VNNI. */

#include <lowerfb/kernels/cpu.h>

#define LFB_GROUP 4
#define LFB_TILE_RUN lfb_tile_run_avxvnni

#include <lowerfb/kernels/x86/linear_256.h>

LFB_LINEAR_VARIANT (avxvnni, LFB_CPU_AVXVNNI)

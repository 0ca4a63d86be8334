/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Linear with AVX-VNNI: vpdpbusd on 256-bit registers. */

#include <immintrin.h>

#include <lowerfb/kernels/cpu.h>

#define LFB_GROUP 4

/* As in dpbusd_avx512.h. */
static inline __attribute__ ((always_inline)) __m256i
lfb_multiply_add (__m256i sum,
                  __m256i x,
                  __m256i w)
{
  __asm__ ("%{vex%} vpdpbusd %2, %1, %0" : "+x" (sum) : "x" (x), "x" (w));

  return sum;
}

#include <lowerfb/kernels/x86/linear_256.h>

const LfbLinearKernel lfb_linear_u8s8_avxvnni = {
  .isa = "avxvnni",
  .needs = LFB_CPU_AVXVNNI,
  .tile_m = TILE_ROWS,
  .tile_n = TILE_OUTPUTS,
  .pack_size = pack_size,
  .pack = pack,
  .scratch_size = scratch_size,
  .run_u8 = run_u8,
  .run_f32 = run_f32,
};

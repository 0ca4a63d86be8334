/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Linear with AVX2: vpmaddwd on 16 bits, since vpmaddubsw, which multiplies bytes,
 * saturates.
 */

#include <immintrin.h>

#include <lowerfb/kernels/cpu.h>

#define LFB_GROUP 2

/* One line of assembly, so that no compiler keeps products for later and sums on the
 * stack instead. */
static inline __attribute__ ((always_inline)) __m256i
lfb_multiply_add (__m256i sum,
                  __m256i x,
                  __m256i w)
{
  __m256i product;

  __asm__ ("vpmaddwd %3, %2, %1\n\tvpaddd %1, %0, %0" : "+x" (sum), "=&x" (product) : "x" (x), "x" (w));

  return sum;
}

#include <lowerfb/kernels/x86/linear_256.h>

const LfbLinearKernel lfb_linear_u8s8_avx2 = {
  .isa = "avx2",
  .needs = LFB_CPU_AVX2,
  .tile_m = TILE_ROWS,
  .tile_n = TILE_OUTPUTS,
  .pack_size = pack_size,
  .pack = pack,
  .scratch_size = scratch_size,
  .run_u8 = run_u8,
  .run_f32 = run_f32,
};

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The multiply-add of AVX2: vpmaddwd on 16 bits, since vpmaddubsw, which multiplies
 * bytes, saturates.  A lane of 32 bits holds LFB_GROUP values.
 *
 * One line of assembly, so that no compiler keeps products for later and sums on the
 * stack instead.
 */

#pragma once

#include <immintrin.h>

#define LFB_GROUP 2

static inline __attribute__ ((always_inline)) __m256i
lfb_multiply_add (__m256i sum,
                  __m256i x,
                  __m256i w)
{
  __m256i product;

  __asm__ ("vpmaddwd %3, %2, %1\n\tvpaddd %1, %0, %0" : "+x" (sum), "=&x" (product) : "x" (x), "x" (w));

  return sum;
}

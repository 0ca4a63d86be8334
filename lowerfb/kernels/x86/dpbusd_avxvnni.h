/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The multiply-add of AVX-VNNI, vpdpbusd on 256-bit registers, as a line of assembly
 * for the reason given in dpbusd_avx512.h.  A lane of 32 bits holds LFB_GROUP values.
 */

#pragma once

#include <immintrin.h>

#define LFB_GROUP 4

static inline __attribute__ ((always_inline)) __m256i
lfb_multiply_add (__m256i sum,
                  __m256i x,
                  __m256i w)
{
  __asm__ ("%{vex%} vpdpbusd %2, %1, %0" : "+x" (sum) : "x" (x), "x" (w));

  return sum;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* vpdpbusd on 512-bit registers: to each of 16 int32 the four products of
 * neighbouring u8 and s8 are added, exactly (never the saturating vpdpbusds).
 *
 * GCC 12 copies every accumulator to the stack around _mm512_dpbusd_epi32() in
 * loops that hold many of them; one line of assembly does not make it do so.
 */

#pragma once

#include <immintrin.h>

static inline __attribute__ ((always_inline)) __m512i
lfb_dpbusd (__m512i sum,
            __m512i u,
            __m512i s)
{
  __asm__ ("vpdpbusd %2, %1, %0" : "+v" (sum) : "v" (u), "v" (s));

  return sum;
}

/* The same with the s8 in memory, 64-byte aligned. */
static inline __attribute__ ((always_inline)) __m512i
lfb_dpbusd_memory (__m512i        sum,
                   __m512i        u,
                   const __m512i *s)
{
  __asm__ ("vpdpbusd %2, %1, %0" : "+v" (sum) : "v" (u), "m" (*s));

  return sum;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The loop of the depthwise convolution on 256-bit registers: the sums of a block of
 * channels over the taps of neighbouring pixels, from what has been interleaved.
 *
 * It is assembly throughout: of the same in C, with any of the multiply-adds a line of
 * assembly, GCC 12 keeps a third of the twelve sums on the stack, at half the speed.
 */

#pragma once

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

/* All distances in vectors; groups and taps are >= 1. */
typedef struct
{
  const int32_t *start;        /* what sums begin with, 32-byte aligned */
  const __m256i *w;            /* [group][tap][sum] */
  size_t         groups;
  size_t         taps;
  size_t         next_tap;
  ptrdiff_t      next_group;   /* from behind the last tap */
  size_t         next_pixel;
} LfbTapLoop;

/* Pixels whose sums registers hold. */
#define LFB_TAPS_PIXELS ((size_t) 12 / LFB_GROUP)

#define LFB_TAPS_LOAD(v, sum) "vmovdqa " #v "*32(%[start]), %[s" #sum "]\n\t"

/* Sum @v of a pixel at @x. */
#if LFB_GROUP == 2
#define LFB_TAPS_WEIGHTS(v) "vmovdqa " #v "*32(%[w]), %[weights]\n\t"
#define LFB_TAPS_ADD(v, x, sum) \
  "vpmaddwd " #v "*32" x ", %[weights], %[between]\n\tvpaddd %[between], %[s" #sum "], %[s" #sum "]\n\t"
#else
#define LFB_TAPS_WEIGHTS(v) "vmovdqa " #v "*32(%[w]), %[weights]\n\t"
#define LFB_TAPS_ADD(v, x, sum) \
  "vmovdqa " #v "*32" x ", %[between]\n\t%{vex%} vpdpbusd %[weights], %[between], %[s" #sum "]\n\t"
#endif

#define LFB_TAPS_X0 "(%[x])"
#define LFB_TAPS_X1 "(%[x],%[pixel])"
#define LFB_TAPS_X2 "(%[x],%[pixel],2)"
#define LFB_TAPS_X3 "(%[far])"
#define LFB_TAPS_X4 "(%[far],%[pixel])"
#define LFB_TAPS_X5 "(%[far],%[pixel],2)"

/* Sum v of pixel p is @sums[p * LFB_GROUP + v]. */
static inline __attribute__ ((always_inline)) void
lfb_taps_sum (const LfbTapLoop *taps,
              const __m256i    *first,
              __m256i          *sums)
{
  const __m256i *w = taps->w;
  const char *x = (const char *) first;
  const char *far = (const char *) (first + 3 * taps->next_pixel);
  size_t groups = taps->groups, left;
  __m256i s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, weights, between;

  __asm__ (
#if LFB_GROUP == 2
    LFB_TAPS_LOAD (0, 0) LFB_TAPS_LOAD (1, 1) LFB_TAPS_LOAD (0, 2) LFB_TAPS_LOAD (1, 3)
    LFB_TAPS_LOAD (0, 4) LFB_TAPS_LOAD (1, 5) LFB_TAPS_LOAD (0, 6) LFB_TAPS_LOAD (1, 7)
    LFB_TAPS_LOAD (0, 8) LFB_TAPS_LOAD (1, 9) LFB_TAPS_LOAD (0, 10) LFB_TAPS_LOAD (1, 11)
#else
    LFB_TAPS_LOAD (0, 0) LFB_TAPS_LOAD (1, 1) LFB_TAPS_LOAD (2, 2) LFB_TAPS_LOAD (3, 3)
    LFB_TAPS_LOAD (0, 4) LFB_TAPS_LOAD (1, 5) LFB_TAPS_LOAD (2, 6) LFB_TAPS_LOAD (3, 7)
    LFB_TAPS_LOAD (0, 8) LFB_TAPS_LOAD (1, 9) LFB_TAPS_LOAD (2, 10) LFB_TAPS_LOAD (3, 11)
#endif
    "1:\n\tmov %[taps], %[left]\n\t"
    "2:\n\t"
#if LFB_GROUP == 2
    LFB_TAPS_WEIGHTS (0)
    LFB_TAPS_ADD (0, LFB_TAPS_X0, 0) LFB_TAPS_ADD (0, LFB_TAPS_X1, 2) LFB_TAPS_ADD (0, LFB_TAPS_X2, 4)
    LFB_TAPS_ADD (0, LFB_TAPS_X3, 6) LFB_TAPS_ADD (0, LFB_TAPS_X4, 8) LFB_TAPS_ADD (0, LFB_TAPS_X5, 10)
    LFB_TAPS_WEIGHTS (1)
    LFB_TAPS_ADD (1, LFB_TAPS_X0, 1) LFB_TAPS_ADD (1, LFB_TAPS_X1, 3) LFB_TAPS_ADD (1, LFB_TAPS_X2, 5)
    LFB_TAPS_ADD (1, LFB_TAPS_X3, 7) LFB_TAPS_ADD (1, LFB_TAPS_X4, 9) LFB_TAPS_ADD (1, LFB_TAPS_X5, 11)
    "add %[tap], %[far]\n\t"
    "add $64, %[w]\n\t"
#else
    LFB_TAPS_WEIGHTS (0)
    LFB_TAPS_ADD (0, LFB_TAPS_X0, 0) LFB_TAPS_ADD (0, LFB_TAPS_X1, 4) LFB_TAPS_ADD (0, LFB_TAPS_X2, 8)
    LFB_TAPS_WEIGHTS (1)
    LFB_TAPS_ADD (1, LFB_TAPS_X0, 1) LFB_TAPS_ADD (1, LFB_TAPS_X1, 5) LFB_TAPS_ADD (1, LFB_TAPS_X2, 9)
    LFB_TAPS_WEIGHTS (2)
    LFB_TAPS_ADD (2, LFB_TAPS_X0, 2) LFB_TAPS_ADD (2, LFB_TAPS_X1, 6) LFB_TAPS_ADD (2, LFB_TAPS_X2, 10)
    LFB_TAPS_WEIGHTS (3)
    LFB_TAPS_ADD (3, LFB_TAPS_X0, 3) LFB_TAPS_ADD (3, LFB_TAPS_X1, 7) LFB_TAPS_ADD (3, LFB_TAPS_X2, 11)
    "add $128, %[w]\n\t"
#endif
    "add %[tap], %[x]\n\t"
    "dec %[left]\n\t"
    "jnz 2b\n\t"
    "add %[group], %[x]\n\t"
    "add %[group], %[far]\n\t"
    "dec %[groups]\n\t"
    "jnz 1b"
    : [s0] "=&x" (s0), [s1] "=&x" (s1), [s2] "=&x" (s2), [s3] "=&x" (s3), [s4] "=&x" (s4), [s5] "=&x" (s5),
      [s6] "=&x" (s6), [s7] "=&x" (s7), [s8] "=&x" (s8), [s9] "=&x" (s9), [s10] "=&x" (s10), [s11] "=&x" (s11),
      [weights] "=&x" (weights), [between] "=&x" (between), [left] "=&r" (left), [x] "+&r" (x), [far] "+&r" (far),
      [w] "+&r" (w), [groups] "+&r" (groups)
    : [start] "r" (taps->start), [taps] "rm" (taps->taps), [tap] "rm" (taps->next_tap * 32),
      [group] "rm" (taps->next_group * 32), [pixel] "r" (taps->next_pixel * 32)
    : "cc", "memory");

  sums[0] = s0;
  sums[1] = s1;
  sums[2] = s2;
  sums[3] = s3;
  sums[4] = s4;
  sums[5] = s5;
  sums[6] = s6;
  sums[7] = s7;
  sums[8] = s8;
  sums[9] = s9;
  sums[10] = s10;
  sums[11] = s11;
}

/* One pixel. */
static inline void
lfb_taps_sum_one (const LfbTapLoop *taps,
                  const __m256i    *x,
                  __m256i           sums[LFB_GROUP])
{
  const __m256i *w = taps->w;

  for (size_t v = 0; v < LFB_GROUP; v++)
    sums[v] = _mm256_load_si256 ((const __m256i *) taps->start + v);

  for (size_t group = 0; group < taps->groups; group++, x += taps->next_group)
    for (size_t tap = 0; tap < taps->taps; tap++, x += taps->next_tap, w += LFB_GROUP)
      for (size_t v = 0; v < LFB_GROUP; v++)
        sums[v] = lfb_multiply_add (sums[v], x[v], w[v]);
}

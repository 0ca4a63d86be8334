/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the depthwise convolution (simd/conv_depthwise.h) needs on 256-bit registers.  The
 * file that includes this has said what LFB_GROUP is: with AVX-VNNI four rows of bytes
 * are interleaved, with AVX2 two of words.
 */

#pragma once

#include <lowerfb/kernels/x86/block_256.h>
#include <lowerfb/kernels/x86/taps_256.h>

#define LFB_SLAB_WIDE (LFB_GROUP == 2)
#define LFB_SLAB_FLIP 0
#define LFB_SLAB_BLOCK LFB_BLOCK_CHANNELS
#include <lowerfb/kernels/simd/slab.h>

typedef __m256i LfbVector;
typedef __m256i LfbSum;

#define LFB_BLOCK_COLUMN LFB_BLOCK_SUMS

/* Interleaving takes channels by fours from both halves of a vector. */
static inline size_t
lfb_block_channel (size_t lane)
{
  return lane / 4 % 2 * 4 * LFB_BLOCK_SUMS + lane / 8 * 4 + lane % 4;
}

static inline __attribute__ ((always_inline)) void
lfb_block_interleave (const LfbSlabElement *const *rows,
                      size_t                       at,
                      __m256i                     *to)
{
  __m256i a = _mm256_loadu_si256 ((const __m256i *) (rows[0] + at));
  __m256i b = _mm256_loadu_si256 ((const __m256i *) (rows[1] + at));

#if LFB_GROUP == 2
  to[0] = _mm256_unpacklo_epi16 (a, b);
  to[1] = _mm256_unpackhi_epi16 (a, b);
#else
  __m256i c = _mm256_loadu_si256 ((const __m256i *) (rows[2] + at));
  __m256i d = _mm256_loadu_si256 ((const __m256i *) (rows[3] + at));
  __m256i ab = _mm256_unpacklo_epi8 (a, b);
  __m256i cd = _mm256_unpacklo_epi8 (c, d);

  to[0] = _mm256_unpacklo_epi16 (ab, cd);
  to[1] = _mm256_unpackhi_epi16 (ab, cd);
  ab = _mm256_unpackhi_epi8 (a, b);
  cd = _mm256_unpackhi_epi8 (c, d);
  to[2] = _mm256_unpacklo_epi16 (ab, cd);
  to[3] = _mm256_unpackhi_epi16 (ab, cd);
#endif
}

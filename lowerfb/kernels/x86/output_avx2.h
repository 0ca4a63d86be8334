/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The output stages of requantize.h on 8 sums at a time, the same bits as
 * c/output.h.  What output_avx512.h says about the order of rounding and clamping
 * holds here too.
 */

#pragma once

#include <immintrin.h>
#include <string.h>

#include <lowerfb/kernels/requantize.h>

/* Before the zero point and the lower bound. */
static inline __attribute__ ((always_inline)) __m256i
lfb_requantize_round_avx2 (__m256       high,
                           __m256i      acc,
                           const float *bias,
                           const float *multiplier)
{
  __m256 value = _mm256_add_ps (_mm256_cvtepi32_ps (acc), _mm256_loadu_ps (bias));

  value = _mm256_mul_ps (value, _mm256_loadu_ps (multiplier));

  /* The second operand is what vminps returns for NaN. */
  return _mm256_cvtps_epi32 (_mm256_min_ps (high, value));
}

/* 16 outputs, of which @n are stored. */
static inline __attribute__ ((always_inline)) void
lfb_requantize_avx2 (const LfbRequantize *output,
                     size_t               first,
                     size_t               n,
                     __m256i              low_acc,
                     __m256i              high_acc,
                     uint8_t             *y)
{
  const float *multiplier = output->multiplier + first;
  const float *bias = output->bias + first;
  __m256 high = _mm256_set1_ps ((float) (output->y_max - output->y_zero_point));
  /* The parameters of outputs 8 to 15 are there only if those are. */
  size_t step = n > 8 ? 8 : 0;
  __m256i words = _mm256_packs_epi32 (lfb_requantize_round_avx2 (high, low_acc, bias, multiplier),
                                      lfb_requantize_round_avx2 (high, high_acc, bias + step, multiplier + step));
  __m128i bytes;

  words = _mm256_adds_epi16 (words, _mm256_set1_epi16 ((short) output->y_zero_point));
  words = _mm256_permute4x64_epi64 (words, 0xd8);
  bytes = _mm_packus_epi16 (_mm256_castsi256_si128 (words), _mm256_extracti128_si256 (words, 1));
  bytes = _mm_max_epu8 (bytes, _mm_set1_epi8 ((char) output->y_min));

  if (n == 16)
    _mm_storeu_si128 ((__m128i *) y, bytes);
  else
    {
      uint8_t all[16];

      _mm_storeu_si128 ((__m128i *) all, bytes);
      memcpy (y, all, n);
    }
}

/* 8 outputs, of which @n are stored. */
static inline __attribute__ ((always_inline)) void
lfb_rescale_avx2 (const LfbRescale *output,
                  size_t            first,
                  size_t            n,
                  __m256i           acc,
                  float            *y)
{
  __m256 value = _mm256_mul_ps (_mm256_cvtepi32_ps (acc), _mm256_loadu_ps (output->multiplier + first));

  value = _mm256_add_ps (value, _mm256_loadu_ps (output->bias + first));

  /* The second operand is what vmaxps returns for NaN and for two zeros. */
  if (output->relu)
    value = _mm256_max_ps (_mm256_setzero_ps (), value);

  if (n == 8)
    _mm256_storeu_ps (y, value);
  else
    {
      float all[8];

      _mm256_storeu_ps (all, value);
      memcpy (y, all, n * sizeof *y);
    }
}

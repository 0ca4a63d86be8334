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

/* As lfb_requantize_round_avx2(), with an addend of 8 bytes; @high: of the result. */
static inline __attribute__ ((always_inline)) __m256i
lfb_add_round_avx2 (const LfbRequantize *output,
                    const LfbAddend     *addend,
                    __m256               high,
                    __m256i              acc,
                    const float         *bias,
                    const float         *multiplier,
                    __m128i              q)
{
  __m256 value = _mm256_add_ps (_mm256_cvtepi32_ps (acc), _mm256_loadu_ps (bias));
  __m256i added = _mm256_sub_epi32 (_mm256_cvtepu8_epi32 (q), _mm256_set1_epi32 (addend->zero_point));
  __m256 summand = _mm256_mul_ps (_mm256_cvtepi32_ps (added), _mm256_set1_ps (addend->scale));

  value = _mm256_mul_ps (value, _mm256_loadu_ps (multiplier));

  if (addend->rounded)
    {
      /* The second operand is what vmaxps returns for NaN. */
      value = _mm256_max_ps (value, _mm256_set1_ps ((float) (output->y_min - output->y_zero_point)));
      value = _mm256_min_ps (value, _mm256_set1_ps ((float) (output->y_max - output->y_zero_point)));
      value = _mm256_round_ps (value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
      value = _mm256_add_ps (_mm256_mul_ps (value, _mm256_set1_ps (addend->product_scale)), summand);
      value = _mm256_mul_ps (value, _mm256_set1_ps (addend->reciprocal));
    }
  else
    value = _mm256_add_ps (value, summand);

  return _mm256_cvtps_epi32 (_mm256_min_ps (high, value));
}

/* As lfb_requantize_avx2(), with the addend of row @row. */
static inline __attribute__ ((always_inline)) void
lfb_requantize_add_avx2 (const LfbRequantize *output,
                         const LfbAddend     *addend,
                         size_t               first,
                         size_t               n,
                         __m256i              low_acc,
                         __m256i              high_acc,
                         size_t               row,
                         uint8_t             *y)
{
  const float *multiplier = output->multiplier + first;
  const float *bias = output->bias + first;
  const uint8_t *q = addend->q + row * addend->stride + first;
  int32_t zero_point = addend->rounded ? addend->y_zero_point : output->y_zero_point;
  int32_t min = addend->rounded ? addend->y_min : output->y_min;
  int32_t max = addend->rounded ? addend->y_max : output->y_max;
  __m256 high = _mm256_set1_ps ((float) (max - zero_point));
  size_t step = n > 8 ? 8 : 0;
  uint8_t all[16] = { 0 };
  __m256i words;
  __m128i bytes;

  if (n < 16)
    q = memcpy (all, q, n);
  bytes = _mm_loadu_si128 ((const __m128i *) q);

  words = _mm256_packs_epi32 (lfb_add_round_avx2 (output, addend, high, low_acc, bias, multiplier, bytes),
                              lfb_add_round_avx2 (output, addend, high, high_acc, bias + step, multiplier + step,
                                                  _mm_srli_si128 (bytes, 8)));
  words = _mm256_adds_epi16 (words, _mm256_set1_epi16 ((short) zero_point));
  words = _mm256_permute4x64_epi64 (words, 0xd8);
  bytes = _mm_packus_epi16 (_mm256_castsi256_si128 (words), _mm256_extracti128_si256 (words, 1));
  bytes = _mm_max_epu8 (bytes, _mm_set1_epi8 ((char) min));

  _mm_storeu_si128 ((__m128i *) (n == 16 ? y : all), bytes);
  if (n < 16)
    memcpy (y, all, n);
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

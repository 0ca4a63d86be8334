/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The output stages of requantize.h on 16 sums at a time, the same bits as
 * c/output.h.
 *
 * There a value is clamped in float and then rounded; here it is rounded by
 * vcvtps2dq and clamped wherever that is cheapest: bounds are integers, so both
 * orders give the same.  What must be right before the conversion is the upper
 * bound alone.  Anything else that an int32 does not hold, NaN among it, becomes
 * INT32_MIN, and saturating operations carry that to y_min.
 */

#pragma once

#include <immintrin.h>

#include <lowerfb/kernels/requantize.h>

typedef struct
{
  __m512  high;         /* y_max - y_zero_point */
  __m512i zero_point16;
  __m512i min8;
} LfbRequantizeAvx512;

static inline LfbRequantizeAvx512
lfb_requantize_avx512 (const LfbRequantize *output)
{
  LfbRequantizeAvx512 stage;

  stage.high = _mm512_set1_ps ((float) (output->y_max - output->y_zero_point));
  stage.zero_point16 = _mm512_set1_epi16 ((short) output->y_zero_point);
  stage.min8 = _mm512_set1_epi8 ((char) output->y_min);

  return stage;
}

/* Before the zero point and the lower bound. */
static inline __attribute__ ((always_inline)) __m512i
lfb_requantize_round_avx512 (const LfbRequantizeAvx512 *stage,
                             __m512i                    acc,
                             __m512                     bias,
                             __m512                     multiplier)
{
  __m512 value = _mm512_mul_ps (_mm512_add_ps (_mm512_cvtepi32_ps (acc), bias), multiplier);

  /* The second operand is what vminps returns for NaN. */
  return _mm512_cvtps_epi32 (_mm512_min_ps (stage->high, value));
}

/* What is added, for the stage that says how it ends. */
typedef struct
{
  LfbRequantizeAvx512 stage;
  __m512              scale;
  __m512              zero_point;
  bool                rounded;
  __m512              product_low;
  __m512              product_high;
  __m512              product_scale;
  __m512              reciprocal;
} LfbAddendAvx512;

static inline LfbAddendAvx512
lfb_addend_avx512 (const LfbRequantize *output,
                   const LfbAddend     *addend)
{
  LfbRequantize sum = { .y_zero_point = addend->y_zero_point, .y_min = addend->y_min, .y_max = addend->y_max };

  return (LfbAddendAvx512) {
    .stage = lfb_requantize_avx512 (addend->rounded ? &sum : output),
    .scale = _mm512_set1_ps (addend->scale),
    .zero_point = _mm512_set1_ps ((float) addend->zero_point),
    .rounded = addend->rounded,
    .product_low = _mm512_set1_ps ((float) (output->y_min - output->y_zero_point)),
    .product_high = _mm512_set1_ps ((float) (output->y_max - output->y_zero_point)),
    .product_scale = _mm512_set1_ps (addend->product_scale),
    .reciprocal = _mm512_set1_ps (addend->reciprocal),
  };
}

/* As lfb_requantize_round_avx512(), with an addend of 16 bytes. */
static inline __attribute__ ((always_inline)) __m512i
lfb_add_round_avx512 (const LfbAddendAvx512 *addend,
                      __m512i                acc,
                      __m512                 bias,
                      __m512                 multiplier,
                      __m128i                q)
{
  __m512 value = _mm512_mul_ps (_mm512_add_ps (_mm512_cvtepi32_ps (acc), bias), multiplier);
  __m512 added = _mm512_sub_ps (_mm512_cvtepi32_ps (_mm512_cvtepu8_epi32 (q)), addend->zero_point);

  added = _mm512_mul_ps (added, addend->scale);

  if (addend->rounded)
    {
      /* The second operand is what vmaxps returns for NaN. */
      value = _mm512_min_ps (_mm512_max_ps (value, addend->product_low), addend->product_high);
      value = _mm512_roundscale_ps (value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
      value = _mm512_mul_ps (_mm512_add_ps (_mm512_mul_ps (value, addend->product_scale), added), addend->reciprocal);
    }
  else
    value = _mm512_add_ps (value, added);

  return _mm512_cvtps_epi32 (_mm512_min_ps (addend->stage.high, value));
}

/* Four vectors to bytes.  In each 128-bit lane: 4 bytes of each. */
static inline __attribute__ ((always_inline)) __m512i
lfb_requantize_pack4_avx512 (const LfbRequantizeAvx512 *stage,
                             const __m512i              rounded[4])
{
  __m512i a = _mm512_adds_epi16 (_mm512_packs_epi32 (rounded[0], rounded[1]), stage->zero_point16);
  __m512i b = _mm512_adds_epi16 (_mm512_packs_epi32 (rounded[2], rounded[3]), stage->zero_point16);

  return _mm512_max_epu8 (_mm512_packus_epi16 (a, b), stage->min8);
}

/* Two vectors.  The order is that of vpackssdw: in each lane 4 of each. */
static inline __attribute__ ((always_inline)) __m256i
lfb_requantize_pack2_avx512 (const LfbRequantizeAvx512 *stage,
                             const __m512i              rounded[2])
{
  __m512i words = _mm512_adds_epi16 (_mm512_packs_epi32 (rounded[0], rounded[1]), stage->zero_point16);
  __m256i bytes = _mm512_cvtusepi16_epi8 (_mm512_max_epi16 (words, _mm512_setzero_si512 ()));

  return _mm256_max_epu8 (bytes, _mm512_castsi512_si256 (stage->min8));
}

/* One vector, in order. */
static inline __attribute__ ((always_inline)) __m128i
lfb_requantize_pack1_avx512 (const LfbRequantizeAvx512 *stage,
                             __m512i                    rounded)
{
  __m256i words = _mm256_adds_epi16 (_mm512_cvtsepi32_epi16 (rounded), _mm512_castsi512_si256 (stage->zero_point16));
  __m128i bytes = _mm256_cvtusepi16_epi8 (_mm256_max_epi16 (words, _mm256_setzero_si256 ()));

  return _mm_max_epu8 (bytes, _mm512_castsi512_si128 (stage->min8));
}

static inline __attribute__ ((always_inline)) __m512
lfb_rescale_avx512 (__m512i acc,
                    __m512  bias,
                    __m512  multiplier,
                    bool    relu)
{
  __m512 value = _mm512_add_ps (_mm512_mul_ps (_mm512_cvtepi32_ps (acc), multiplier), bias);

  /* The second operand is what vmaxps returns for NaN and for two zeros. */
  return relu ? _mm512_max_ps (_mm512_setzero_ps (), value) : value;
}

/* The sums of outputs @first to @first + @n - 1 in order, with the addends of the
 * same outputs. */
static inline void
lfb_requantize_add_avx512 (const LfbRequantize *output,
                           const LfbAddend     *addend,
                           const int32_t       *acc,
                           const uint8_t       *q,
                           size_t               first,
                           size_t               n,
                           uint8_t             *y)
{
  LfbAddendAvx512 constants = lfb_addend_avx512 (output, addend);

  for (size_t i = 0; i < n; i += 16)
    {
      __mmask16 mask = (__mmask16) (n - i < 16 ? (1u << (n - i)) - 1 : 0xffff);
      __m512i rounded = lfb_add_round_avx512 (&constants, _mm512_maskz_loadu_epi32 (mask, acc + i),
                                              _mm512_loadu_ps (output->bias + first + i),
                                              _mm512_loadu_ps (output->multiplier + first + i),
                                              _mm_maskz_loadu_epi8 (mask, q + i));

      _mm_mask_storeu_epi8 (y + i, mask, lfb_requantize_pack1_avx512 (&constants.stage, rounded));
    }
}

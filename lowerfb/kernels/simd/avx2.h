/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The vectors of vector.h in AVX2. */

#pragma once

#include <immintrin.h>

#define LFB_LANES ((size_t) 8)
#define LFB_BYTES ((size_t) 32)

typedef __m256i LfbVb;
typedef __m256i LfbVi;
typedef __m256  LfbVf;

LFB_INLINE LfbVb lfb_vb_load (const void *p) { return _mm256_loadu_si256 (p); }
LFB_INLINE void lfb_vb_store (void *p, LfbVb x) { _mm256_storeu_si256 (p, x); }
LFB_INLINE LfbVb lfb_vb_fill (uint8_t x) { return _mm256_set1_epi8 ((char) x); }
LFB_INLINE LfbVb lfb_vb_min_u8 (LfbVb a, LfbVb b) { return _mm256_min_epu8 (a, b); }
LFB_INLINE LfbVb lfb_vb_max_u8 (LfbVb a, LfbVb b) { return _mm256_max_epu8 (a, b); }
LFB_INLINE LfbVb lfb_vb_min_s8 (LfbVb a, LfbVb b) { return _mm256_min_epi8 (a, b); }
LFB_INLINE LfbVb lfb_vb_max_s8 (LfbVb a, LfbVb b) { return _mm256_max_epi8 (a, b); }

LFB_INLINE LfbVb
lfb_vb_load_part (const void *p,
                  size_t      n)
{
  uint8_t bytes[LFB_BYTES] = { 0 };

  memcpy (bytes, p, n);

  return lfb_vb_load (bytes);
}

LFB_INLINE void
lfb_vb_store_part (void   *p,
                   LfbVb   x,
                   size_t  n)
{
  uint8_t bytes[LFB_BYTES];

  lfb_vb_store (bytes, x);
  memcpy (p, bytes, n);
}

LFB_INLINE LfbVf lfb_vf_load (const float *p) { return _mm256_loadu_ps (p); }
LFB_INLINE void lfb_vf_store (float *p, LfbVf x) { _mm256_storeu_ps (p, x); }
LFB_INLINE LfbVf lfb_vf_fill (float x) { return _mm256_set1_ps (x); }
LFB_INLINE LfbVf lfb_vf_add (LfbVf a, LfbVf b) { return _mm256_add_ps (a, b); }
LFB_INLINE LfbVf lfb_vf_sub (LfbVf a, LfbVf b) { return _mm256_sub_ps (a, b); }
LFB_INLINE LfbVf lfb_vf_mul (LfbVf a, LfbVf b) { return _mm256_mul_ps (a, b); }
LFB_INLINE LfbVf lfb_vf_div (LfbVf a, LfbVf b) { return _mm256_div_ps (a, b); }
/* a > b ? a : b and a < b ? a : b, so that a NaN in @a gives @b. */
LFB_INLINE LfbVf lfb_vf_max (LfbVf a, LfbVf b) { return _mm256_max_ps (a, b); }
LFB_INLINE LfbVf lfb_vf_min (LfbVf a, LfbVf b) { return _mm256_min_ps (a, b); }

/* All bits of the first @n lanes. */
LFB_INLINE __m256i
lfb_lane_mask (size_t n)
{
  return _mm256_cmpgt_epi32 (_mm256_set1_epi32 ((int) n), _mm256_setr_epi32 (0, 1, 2, 3, 4, 5, 6, 7));
}

LFB_INLINE LfbVf
lfb_vf_load_part (const float *p,
                  size_t       n)
{
  return _mm256_maskload_ps (p, lfb_lane_mask (n));
}

/* The first @n, followed by @rest. */
LFB_INLINE LfbVf
lfb_vf_load_part_or (const float *p,
                     size_t       n,
                     float        rest)
{
  __m256i mask = lfb_lane_mask (n);

  return _mm256_blendv_ps (_mm256_set1_ps (rest), _mm256_maskload_ps (p, mask), _mm256_castsi256_ps (mask));
}

LFB_INLINE void
lfb_vf_store_part (float  *p,
                   LfbVf   x,
                   size_t  n)
{
  _mm256_maskstore_ps (p, lfb_lane_mask (n), x);
}

/* NaN becomes 0. */
LFB_INLINE LfbVf
lfb_vf_zero_nan (LfbVf x)
{
  return _mm256_and_ps (x, _mm256_cmp_ps (x, x, _CMP_ORD_Q));
}

/* x < 0 ? 0 : x, which keeps NaN and -0. */
LFB_INLINE LfbVf
lfb_vf_relu (LfbVf x)
{
  return _mm256_andnot_ps (_mm256_cmp_ps (x, _mm256_setzero_ps (), _CMP_LT_OQ), x);
}

/* b < a or a is NaN: a, else b. */
LFB_INLINE LfbVf
lfb_vf_max_nan (LfbVf a,
                LfbVf b)
{
  return _mm256_blendv_ps (b, a, _mm256_or_ps (_mm256_cmp_ps (a, b, _CMP_GT_OQ), _mm256_cmp_ps (a, a, _CMP_UNORD_Q)));
}

LFB_INLINE LfbVi lfb_vi_load (const int32_t *p) { return _mm256_loadu_si256 ((const void *) p); }
LFB_INLINE void lfb_vi_store (int32_t *p, LfbVi x) { _mm256_storeu_si256 ((void *) p, x); }
LFB_INLINE LfbVi lfb_vi_fill (int32_t x) { return _mm256_set1_epi32 (x); }
LFB_INLINE LfbVi lfb_vi_add (LfbVi a, LfbVi b) { return _mm256_add_epi32 (a, b); }
LFB_INLINE LfbVi lfb_vi_sub (LfbVi a, LfbVi b) { return _mm256_sub_epi32 (a, b); }
/* Of factors inside int16, whose high halves are signs: the low ones times each other, the high ones times 0. */
LFB_INLINE LfbVi lfb_vi_mul_small (LfbVi a, LfbVi b) { return _mm256_madd_epi16 (a, _mm256_and_si256 (b, _mm256_set1_epi32 (0xffff))); }
LFB_INLINE LfbVi lfb_vi_and (LfbVi a, LfbVi b) { return _mm256_and_si256 (a, b); }
LFB_INLINE LfbVi lfb_vi_max (LfbVi a, LfbVi b) { return _mm256_max_epi32 (a, b); }
LFB_INLINE LfbVi lfb_vi_bits (LfbVf x) { return _mm256_castps_si256 (x); }
LFB_INLINE LfbVf lfb_vf_of_vb (LfbVb x) { return _mm256_castsi256_ps (x); }
LFB_INLINE LfbVb lfb_vb_of_vf (LfbVf x) { return _mm256_castps_si256 (x); }
LFB_INLINE LfbVf lfb_vf_of (LfbVi x) { return _mm256_cvtepi32_ps (x); }
/* To nearest, ties to even; inside int32. */
LFB_INLINE LfbVi lfb_vi_round (LfbVf x) { return _mm256_cvtps_epi32 (x); }

LFB_INLINE LfbVi
lfb_vi_load_u8 (const uint8_t *p)
{
  return _mm256_cvtepu8_epi32 (_mm_loadl_epi64 ((const __m128i *) (const void *) p));
}

LFB_INLINE LfbVi
lfb_vi_load_s8 (const int8_t *p)
{
  return _mm256_cvtepi8_epi32 (_mm_loadl_epi64 ((const __m128i *) (const void *) p));
}

/* Packing works inside of 128-bit lanes: the lanes' fours are put in order. */
LFB_INLINE LfbVb
lfb_vb_in_order (LfbVb x)
{
  return _mm256_permutevar8x32_epi32 (x, _mm256_setr_epi32 (0, 4, 1, 5, 2, 6, 3, 7));
}

LFB_INLINE LfbVb
lfb_vb_pack_u8 (LfbVi a,
                LfbVi b,
                LfbVi c,
                LfbVi d)
{
  return lfb_vb_in_order (_mm256_packus_epi16 (_mm256_packs_epi32 (a, b), _mm256_packs_epi32 (c, d)));
}

LFB_INLINE LfbVb
lfb_vb_pack_s8 (LfbVi a,
                LfbVi b,
                LfbVi c,
                LfbVi d)
{
  return lfb_vb_in_order (_mm256_packs_epi16 (_mm256_packs_epi32 (a, b), _mm256_packs_epi32 (c, d)));
}

LFB_INLINE __m128i
lfb_round_half (__m128  x,
                __m256d zero_point)
{
  __m256d r = _mm256_add_pd (_mm256_round_pd (_mm256_cvtps_pd (x), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC),
                             zero_point);

  r = _mm256_min_pd (_mm256_max_pd (r, _mm256_set1_pd (INT32_MIN)), _mm256_set1_pd (INT32_MAX));

  return _mm256_cvtpd_epi32 (r);
}

/* clamp (round (x) + zero_point) to int32, for any x but NaN: doubles hold it all. */
LFB_INLINE LfbVi
lfb_vi_quantize_s32 (LfbVf   x,
                     int32_t zero_point)
{
  __m256d z = _mm256_set1_pd (zero_point);
  __m128i low = lfb_round_half (_mm256_castps256_ps128 (x), z);
  __m128i high = lfb_round_half (_mm256_extractf128_ps (x, 1), z);

  return _mm256_inserti128_si256 (_mm256_castsi128_si256 (low), high, 1);
}

/* float (q - zero_point), rounded once. */
LFB_INLINE LfbVf
lfb_vf_difference_s32 (LfbVi   q,
                       int32_t zero_point)
{
  __m256d z = _mm256_set1_pd (zero_point);
  __m128 low = _mm256_cvtpd_ps (_mm256_sub_pd (_mm256_cvtepi32_pd (_mm256_castsi256_si128 (q)), z));
  __m128 high = _mm256_cvtpd_ps (_mm256_sub_pd (_mm256_cvtepi32_pd (_mm256_extracti128_si256 (q, 1)), z));

  return _mm256_insertf128_ps (_mm256_castps128_ps256 (low), high, 1);
}

/* @x in 16 bits, over and over. */
LFB_INLINE LfbVb lfb_vb_fill_s16 (int16_t x) { return _mm256_set1_epi16 (x); }

/* clamp (round (..) + zero_point) to the type of floats that are no NaN: packing
 * saturates, once no float is above the end @high that the type has before the
 * zero point is added (what is far below converts to the smallest int32). */
LFB_INLINE LfbVb
lfb_vb_quantize (LfbVf a,
                 LfbVf b,
                 LfbVf c,
                 LfbVf d,
                 LfbVf high,
                 LfbVb zero_point,
                 bool  is_signed)
{
  LfbVi low_half = _mm256_packs_epi32 (lfb_vi_round (lfb_vf_min (a, high)), lfb_vi_round (lfb_vf_min (b, high)));
  LfbVi high_half = _mm256_packs_epi32 (lfb_vi_round (lfb_vf_min (c, high)), lfb_vi_round (lfb_vf_min (d, high)));

  low_half = _mm256_adds_epi16 (low_half, zero_point);
  high_half = _mm256_adds_epi16 (high_half, zero_point);

  return lfb_vb_in_order (is_signed ? _mm256_packs_epi16 (low_half, high_half)
                                    : _mm256_packus_epi16 (low_half, high_half));
}

/* The bytes as words, 128 added to signed ones, in two vectors: bytes stay in their
 * 128-bit lanes. */
LFB_INLINE void
lfb_vb_words (LfbVb x,
              bool  is_signed,
              LfbVb words[2])
{
  LfbVb zero = _mm256_setzero_si256 ();
  LfbVb bytes = is_signed ? _mm256_xor_si256 (x, _mm256_set1_epi8 (-128)) : x;

  words[0] = _mm256_unpacklo_epi8 (bytes, zero);
  words[1] = _mm256_unpackhi_epi8 (bytes, zero);
}

LFB_INLINE LfbVb lfb_vb_add_words (LfbVb a, LfbVb b) { return _mm256_add_epi16 (a, b); }
LFB_INLINE LfbVb lfb_vb_sub_words (LfbVb a, LfbVb b) { return _mm256_sub_epi16 (a, b); }

/* Words as floats, 2^23 added, in four vectors: the order from which
 * lfb_vb_quantize_spread() takes them back. */
LFB_INLINE void
lfb_vb_spread (const LfbVb words[2],
               LfbVf       spread[4])
{
  LfbVb exponent = _mm256_set1_epi16 (0x4b00);

  for (int k = 0; k < 2; k++)
    {
      spread[2 * k] = lfb_vf_of_vb (_mm256_unpacklo_epi16 (words[k], exponent));
      spread[2 * k + 1] = lfb_vf_of_vb (_mm256_unpackhi_epi16 (words[k], exponent));
    }
}

/* The products of signed words as floats, in the same order. */
LFB_INLINE void
lfb_vb_products (const LfbVb a[2],
                 const LfbVb b[2],
                 LfbVf       products[4])
{
  for (int k = 0; k < 2; k++)
    {
      LfbVb low = _mm256_mullo_epi16 (a[k], b[k]), high = _mm256_mulhi_epi16 (a[k], b[k]);

      products[2 * k] = lfb_vf_of (_mm256_unpacklo_epi16 (low, high));
      products[2 * k + 1] = lfb_vf_of (_mm256_unpackhi_epi16 (low, high));
    }
}

/* clamp (round (..) + zero_point) to the type, of floats inside int32 in the order
 * of lfb_vb_spread(). */
LFB_INLINE LfbVb
lfb_vb_quantize_spread (LfbVf a,
                        LfbVf b,
                        LfbVf c,
                        LfbVf d,
                        LfbVb zero_point,
                        bool  is_signed)
{
  LfbVi low_half = _mm256_adds_epi16 (_mm256_packs_epi32 (lfb_vi_round (a), lfb_vi_round (b)), zero_point);
  LfbVi high_half = _mm256_adds_epi16 (_mm256_packs_epi32 (lfb_vi_round (c), lfb_vi_round (d)), zero_point);

  return is_signed ? _mm256_packs_epi16 (low_half, high_half) : _mm256_packus_epi16 (low_half, high_half);
}

/* Elements of 1 or 4 bytes of a and b in turn, inside of 128-bit lanes: those of
 * the low halves, or of the high ones. */
LFB_INLINE LfbVb
lfb_vb_interleave (LfbVb  a,
                   LfbVb  b,
                   size_t element_size,
                   int    high)
{
  if (element_size == 1)
    return high ? _mm256_unpackhi_epi8 (a, b) : _mm256_unpacklo_epi8 (a, b);

  return high ? _mm256_unpackhi_epi32 (a, b) : _mm256_unpacklo_epi32 (a, b);
}

/* The 16 bytes of one lane. */
LFB_INLINE void
lfb_vb_store_lane (void   *p,
                   LfbVb   x,
                   size_t  lane)
{
  _mm_storeu_si128 (p, lane == 0 ? _mm256_castsi256_si128 (x) : _mm256_extracti128_si256 (x, 1));
}

/* The one fused operation: a * b + c, rounded once. */
#ifdef __FMA__
LFB_INLINE LfbVf lfb_vf_fma (LfbVf a, LfbVf b, LfbVf c) { return _mm256_fmadd_ps (a, b, c); }
#endif

#ifdef __F16C__
/* To half and back: to nearest, ties to even. */
LFB_INLINE void
lfb_round_two_to_half (float *a,
                       float *b)
{
  __m128 x = _mm_cvtph_ps (_mm_cvtps_ph (_mm_setr_ps (*a, *b, 0.0f, 0.0f), _MM_FROUND_TO_NEAREST_INT));

  *a = _mm_cvtss_f32 (x);
  *b = _mm_cvtss_f32 (_mm_movehdup_ps (x));
}
#endif

/* LFB_LANES integers of 8, 4 or 2 bits, lowest first. */
LFB_INLINE LfbVi
lfb_vi_load_bits (const uint8_t *p,
                  unsigned       bits)
{
  uint32_t all = 0;
  LfbVi shifts;

  if (bits == 8)
    return lfb_vi_load_u8 (p);

  memcpy (&all, p, LFB_LANES * bits / 8);
  shifts = bits == 4 ? _mm256_setr_epi32 (0, 4, 8, 12, 16, 20, 24, 28) : _mm256_setr_epi32 (0, 2, 4, 6, 8, 10, 12, 14);

  return _mm256_and_si256 (_mm256_srlv_epi32 (_mm256_set1_epi32 ((int) all), shifts),
                           _mm256_set1_epi32 ((1 << bits) - 1));
}

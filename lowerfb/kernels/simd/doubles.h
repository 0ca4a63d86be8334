/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Vectors of doubles beside those of vector.h: LfbVd has half as many lanes as
 * LfbVf, and LfbVd2 as many.
 */

#pragma once

#include <lowerfb/kernels/simd/vector.h>

#if defined (__AVX512VNNI__)

typedef __m512d LfbVd;

LFB_INLINE LfbVd lfb_vd_load (const double *p) { return _mm512_loadu_pd (p); }
LFB_INLINE void lfb_vd_store (double *p, LfbVd x) { _mm512_storeu_pd (p, x); }
LFB_INLINE LfbVd lfb_vd_fill (double x) { return _mm512_set1_pd (x); }
LFB_INLINE LfbVd lfb_vd_add (LfbVd a, LfbVd b) { return _mm512_add_pd (a, b); }
LFB_INLINE LfbVd lfb_vd_sub (LfbVd a, LfbVd b) { return _mm512_sub_pd (a, b); }
LFB_INLINE LfbVd lfb_vd_mul (LfbVd a, LfbVd b) { return _mm512_mul_pd (a, b); }
LFB_INLINE LfbVd lfb_vd_div (LfbVd a, LfbVd b) { return _mm512_div_pd (a, b); }
/* a < b ? a : b, so that a NaN in @b stays one. */
LFB_INLINE LfbVd lfb_vd_min (LfbVd a, LfbVd b) { return _mm512_min_pd (a, b); }
LFB_INLINE LfbVd lfb_vd_abs (LfbVd x) { return _mm512_abs_pd (x); }
/* a < b ? x : y */
LFB_INLINE LfbVd lfb_vd_if_less (LfbVd a, LfbVd b, LfbVd x, LfbVd y) { return _mm512_mask_mov_pd (y, _mm512_cmp_pd_mask (a, b, _CMP_LT_OQ), x); }
/* @x >= 0 with the sign of @sign. */
LFB_INLINE LfbVd lfb_vd_signed (LfbVd x, LfbVd sign) { return _mm512_or_pd (x, _mm512_and_pd (sign, _mm512_set1_pd (-0.0))); }
LFB_INLINE LfbVd lfb_vd_low (LfbVf x) { return _mm512_cvtps_pd (_mm512_castps512_ps256 (x)); }
LFB_INLINE LfbVd lfb_vd_high (LfbVf x) { return _mm512_cvtps_pd (_mm512_extractf32x8_ps (x, 1)); }

LFB_INLINE LfbVf
lfb_vf_of_vd (LfbVd low,
              LfbVd high)
{
  return _mm512_insertf32x8 (_mm512_castps256_ps512 (_mm512_cvtpd_ps (low)), _mm512_cvtpd_ps (high), 1);
}

/* 2^k of the integer k that stands in the low bits. */
LFB_INLINE LfbVd
lfb_vd_power (LfbVd shifted)
{
  return _mm512_castsi512_pd (_mm512_slli_epi64 (_mm512_add_epi64 (_mm512_castpd_si512 (shifted), _mm512_set1_epi64 (1023)), 52));
}

#elif defined (__AVX2__)

typedef __m256d LfbVd;

LFB_INLINE LfbVd lfb_vd_load (const double *p) { return _mm256_loadu_pd (p); }
LFB_INLINE void lfb_vd_store (double *p, LfbVd x) { _mm256_storeu_pd (p, x); }
LFB_INLINE LfbVd lfb_vd_fill (double x) { return _mm256_set1_pd (x); }
LFB_INLINE LfbVd lfb_vd_add (LfbVd a, LfbVd b) { return _mm256_add_pd (a, b); }
LFB_INLINE LfbVd lfb_vd_sub (LfbVd a, LfbVd b) { return _mm256_sub_pd (a, b); }
LFB_INLINE LfbVd lfb_vd_mul (LfbVd a, LfbVd b) { return _mm256_mul_pd (a, b); }
LFB_INLINE LfbVd lfb_vd_div (LfbVd a, LfbVd b) { return _mm256_div_pd (a, b); }
LFB_INLINE LfbVd lfb_vd_min (LfbVd a, LfbVd b) { return _mm256_min_pd (a, b); }
LFB_INLINE LfbVd lfb_vd_abs (LfbVd x) { return _mm256_andnot_pd (_mm256_set1_pd (-0.0), x); }
LFB_INLINE LfbVd lfb_vd_if_less (LfbVd a, LfbVd b, LfbVd x, LfbVd y) { return _mm256_blendv_pd (y, x, _mm256_cmp_pd (a, b, _CMP_LT_OQ)); }
LFB_INLINE LfbVd lfb_vd_signed (LfbVd x, LfbVd sign) { return _mm256_or_pd (x, _mm256_and_pd (sign, _mm256_set1_pd (-0.0))); }
LFB_INLINE LfbVd lfb_vd_low (LfbVf x) { return _mm256_cvtps_pd (_mm256_castps256_ps128 (x)); }
LFB_INLINE LfbVd lfb_vd_high (LfbVf x) { return _mm256_cvtps_pd (_mm256_extractf128_ps (x, 1)); }

LFB_INLINE LfbVf
lfb_vf_of_vd (LfbVd low,
              LfbVd high)
{
  return _mm256_insertf128_ps (_mm256_castps128_ps256 (_mm256_cvtpd_ps (low)), _mm256_cvtpd_ps (high), 1);
}

LFB_INLINE LfbVd
lfb_vd_power (LfbVd shifted)
{
  return _mm256_castsi256_pd (_mm256_slli_epi64 (_mm256_add_epi64 (_mm256_castpd_si256 (shifted), _mm256_set1_epi64x (1023)), 52));
}

#else

typedef float64x2_t LfbVd;

LFB_INLINE LfbVd lfb_vd_load (const double *p) { return vld1q_f64 (p); }
LFB_INLINE void lfb_vd_store (double *p, LfbVd x) { vst1q_f64 (p, x); }
LFB_INLINE LfbVd lfb_vd_fill (double x) { return vdupq_n_f64 (x); }
LFB_INLINE LfbVd lfb_vd_add (LfbVd a, LfbVd b) { return vaddq_f64 (a, b); }
LFB_INLINE LfbVd lfb_vd_sub (LfbVd a, LfbVd b) { return vsubq_f64 (a, b); }
LFB_INLINE LfbVd lfb_vd_mul (LfbVd a, LfbVd b) { return vmulq_f64 (a, b); }
LFB_INLINE LfbVd lfb_vd_div (LfbVd a, LfbVd b) { return vdivq_f64 (a, b); }
LFB_INLINE LfbVd lfb_vd_min (LfbVd a, LfbVd b) { return vbslq_f64 (vcltq_f64 (a, b), a, b); }
LFB_INLINE LfbVd lfb_vd_abs (LfbVd x) { return vabsq_f64 (x); }
LFB_INLINE LfbVd lfb_vd_if_less (LfbVd a, LfbVd b, LfbVd x, LfbVd y) { return vbslq_f64 (vcltq_f64 (a, b), x, y); }
LFB_INLINE LfbVd lfb_vd_signed (LfbVd x, LfbVd sign) { return vbslq_f64 (vdupq_n_u64 (UINT64_C (1) << 63), sign, x); }
LFB_INLINE LfbVd lfb_vd_low (LfbVf x) { return vcvt_f64_f32 (vget_low_f32 (x)); }
LFB_INLINE LfbVd lfb_vd_high (LfbVf x) { return vcvt_high_f64_f32 (x); }
LFB_INLINE LfbVf lfb_vf_of_vd (LfbVd low, LfbVd high) { return vcombine_f32 (vcvt_f32_f64 (low), vcvt_f32_f64 (high)); }

LFB_INLINE LfbVd
lfb_vd_power (LfbVd shifted)
{
  return vreinterpretq_f64_u64 (vshlq_n_u64 (vaddq_u64 (vreinterpretq_u64_f64 (shifted), vdupq_n_u64 (1023)), 52));
}

#endif

typedef struct
{
  LfbVd low;
  LfbVd high;
} LfbVd2;

LFB_INLINE LfbVd2
lfb_vd2_of (LfbVf x)
{
  return (LfbVd2) { lfb_vd_low (x), lfb_vd_high (x) };
}

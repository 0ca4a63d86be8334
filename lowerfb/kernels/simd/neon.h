/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The vectors of vector.h in NEON (AArch64). */

#pragma once

#include <arm_neon.h>

#define LFB_LANES ((size_t) 4)
#define LFB_BYTES ((size_t) 16)

typedef uint8x16_t  LfbVb;
typedef int32x4_t   LfbVi;
typedef float32x4_t LfbVf;

LFB_INLINE LfbVb lfb_vb_load (const void *p) { return vld1q_u8 (p); }
LFB_INLINE void lfb_vb_store (void *p, LfbVb x) { vst1q_u8 (p, x); }
LFB_INLINE LfbVb lfb_vb_fill (uint8_t x) { return vdupq_n_u8 (x); }
LFB_INLINE LfbVb lfb_vb_min_u8 (LfbVb a, LfbVb b) { return vminq_u8 (a, b); }
LFB_INLINE LfbVb lfb_vb_max_u8 (LfbVb a, LfbVb b) { return vmaxq_u8 (a, b); }

LFB_INLINE LfbVb
lfb_vb_min_s8 (LfbVb a,
               LfbVb b)
{
  return vreinterpretq_u8_s8 (vminq_s8 (vreinterpretq_s8_u8 (a), vreinterpretq_s8_u8 (b)));
}

LFB_INLINE LfbVb
lfb_vb_max_s8 (LfbVb a,
               LfbVb b)
{
  return vreinterpretq_u8_s8 (vmaxq_s8 (vreinterpretq_s8_u8 (a), vreinterpretq_s8_u8 (b)));
}

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

LFB_INLINE LfbVf lfb_vf_load (const float *p) { return vld1q_f32 (p); }
LFB_INLINE void lfb_vf_store (float *p, LfbVf x) { vst1q_f32 (p, x); }
LFB_INLINE LfbVf lfb_vf_fill (float x) { return vdupq_n_f32 (x); }
LFB_INLINE LfbVf lfb_vf_add (LfbVf a, LfbVf b) { return vaddq_f32 (a, b); }
LFB_INLINE LfbVf lfb_vf_sub (LfbVf a, LfbVf b) { return vsubq_f32 (a, b); }
LFB_INLINE LfbVf lfb_vf_mul (LfbVf a, LfbVf b) { return vmulq_f32 (a, b); }
LFB_INLINE LfbVf lfb_vf_div (LfbVf a, LfbVf b) { return vdivq_f32 (a, b); }
/* a > b ? a : b and a < b ? a : b, so that a NaN in @a gives @b. */
LFB_INLINE LfbVf lfb_vf_max (LfbVf a, LfbVf b) { return vbslq_f32 (vcgtq_f32 (a, b), a, b); }
LFB_INLINE LfbVf lfb_vf_min (LfbVf a, LfbVf b) { return vbslq_f32 (vcltq_f32 (a, b), a, b); }

LFB_INLINE LfbVf
lfb_vf_load_part (const float *p,
                  size_t       n)
{
  float floats[LFB_LANES] = { 0 };

  memcpy (floats, p, n * sizeof *p);

  return lfb_vf_load (floats);
}

/* The first @n, followed by @rest. */
LFB_INLINE LfbVf
lfb_vf_load_part_or (const float *p,
                     size_t       n,
                     float        rest)
{
  float floats[LFB_LANES] = { rest, rest, rest, rest };

  memcpy (floats, p, n * sizeof *p);

  return lfb_vf_load (floats);
}

LFB_INLINE void
lfb_vf_store_part (float  *p,
                   LfbVf   x,
                   size_t  n)
{
  float floats[LFB_LANES];

  lfb_vf_store (floats, x);
  memcpy (p, floats, n * sizeof *p);
}

/* NaN becomes 0. */
LFB_INLINE LfbVf
lfb_vf_zero_nan (LfbVf x)
{
  return vreinterpretq_f32_u32 (vandq_u32 (vreinterpretq_u32_f32 (x), vceqq_f32 (x, x)));
}

/* x < 0 ? 0 : x, which keeps NaN and -0. */
LFB_INLINE LfbVf
lfb_vf_relu (LfbVf x)
{
  return vreinterpretq_f32_u32 (vbicq_u32 (vreinterpretq_u32_f32 (x), vcltzq_f32 (x)));
}

/* b < a or a is NaN: a, else b. */
LFB_INLINE LfbVf
lfb_vf_max_nan (LfbVf a,
                LfbVf b)
{
  return vbslq_f32 (vorrq_u32 (vcgtq_f32 (a, b), vmvnq_u32 (vceqq_f32 (a, a))), a, b);
}

LFB_INLINE LfbVi lfb_vi_load (const int32_t *p) { return vld1q_s32 (p); }
LFB_INLINE void lfb_vi_store (int32_t *p, LfbVi x) { vst1q_s32 (p, x); }
LFB_INLINE LfbVi lfb_vi_fill (int32_t x) { return vdupq_n_s32 (x); }
LFB_INLINE LfbVi lfb_vi_add (LfbVi a, LfbVi b) { return vaddq_s32 (a, b); }
LFB_INLINE LfbVi lfb_vi_sub (LfbVi a, LfbVi b) { return vsubq_s32 (a, b); }
/* Of factors inside int16. */
LFB_INLINE LfbVi lfb_vi_mul_small (LfbVi a, LfbVi b) { return vmulq_s32 (a, b); }
LFB_INLINE LfbVi lfb_vi_and (LfbVi a, LfbVi b) { return vandq_s32 (a, b); }
LFB_INLINE LfbVi lfb_vi_max (LfbVi a, LfbVi b) { return vmaxq_s32 (a, b); }
LFB_INLINE LfbVi lfb_vi_bits (LfbVf x) { return vreinterpretq_s32_f32 (x); }
LFB_INLINE LfbVf lfb_vf_of_vb (LfbVb x) { return vreinterpretq_f32_u8 (x); }
LFB_INLINE LfbVb lfb_vb_of_vf (LfbVf x) { return vreinterpretq_u8_f32 (x); }
LFB_INLINE LfbVf lfb_vf_of (LfbVi x) { return vcvtq_f32_s32 (x); }
/* To nearest, ties to even; inside int32. */
LFB_INLINE LfbVi lfb_vi_round (LfbVf x) { return vcvtnq_s32_f32 (x); }

LFB_INLINE LfbVi
lfb_vi_load_u8 (const uint8_t *p)
{
  uint32_t four;

  memcpy (&four, p, sizeof four);

  return vreinterpretq_s32_u32 (vmovl_u16 (vget_low_u16 (vmovl_u8 (vcreate_u8 (four)))));
}

LFB_INLINE LfbVi
lfb_vi_load_s8 (const int8_t *p)
{
  uint32_t four;

  memcpy (&four, p, sizeof four);

  return vmovl_s16 (vget_low_s16 (vmovl_s8 (vcreate_s8 (four))));
}

/* The low byte of each, which is all that values inside the range have. */
LFB_INLINE LfbVb
lfb_vb_pack_u8 (LfbVi a,
                LfbVi b,
                LfbVi c,
                LfbVi d)
{
  uint16x8_t low = vuzp1q_u16 (vreinterpretq_u16_s32 (a), vreinterpretq_u16_s32 (b));
  uint16x8_t high = vuzp1q_u16 (vreinterpretq_u16_s32 (c), vreinterpretq_u16_s32 (d));

  return vuzp1q_u8 (vreinterpretq_u8_u16 (low), vreinterpretq_u8_u16 (high));
}

LFB_INLINE LfbVb
lfb_vb_pack_s8 (LfbVi a,
                LfbVi b,
                LfbVi c,
                LfbVi d)
{
  return lfb_vb_pack_u8 (a, b, c, d);
}

LFB_INLINE int32x2_t
lfb_round_half (float64x2_t x,
                float64x2_t zero_point)
{
  return vqmovn_s64 (vcvtnq_s64_f64 (vaddq_f64 (vrndnq_f64 (x), zero_point)));
}

/* clamp (round (x) + zero_point) to int32, for any x but NaN: doubles hold it all. */
LFB_INLINE LfbVi
lfb_vi_quantize_s32 (LfbVf   x,
                     int32_t zero_point)
{
  float64x2_t z = vdupq_n_f64 (zero_point);

  return vcombine_s32 (lfb_round_half (vcvt_f64_f32 (vget_low_f32 (x)), z), lfb_round_half (vcvt_high_f64_f32 (x), z));
}

/* float (q - zero_point), rounded once. */
LFB_INLINE LfbVf
lfb_vf_difference_s32 (LfbVi   q,
                       int32_t zero_point)
{
  int32x2_t z = vdup_n_s32 (zero_point);
  float64x2_t low = vcvtq_f64_s64 (vsubl_s32 (vget_low_s32 (q), z));
  float64x2_t high = vcvtq_f64_s64 (vsubl_s32 (vget_high_s32 (q), z));

  return vcombine_f32 (vcvt_f32_f64 (low), vcvt_f32_f64 (high));
}

/* @x in 16 bits, over and over. */
LFB_INLINE LfbVb lfb_vb_fill_s16 (int16_t x) { return vreinterpretq_u8_s16 (vdupq_n_s16 (x)); }

LFB_INLINE int16x8_t
lfb_round_narrow (LfbVf a,
                  LfbVf b,
                  LfbVb zero_point)
{
  int16x8_t both = vqmovn_high_s32 (vqmovn_s32 (lfb_vi_round (a)), lfb_vi_round (b));

  return vqaddq_s16 (both, vreinterpretq_s16_u8 (zero_point));
}

/* clamp (round (..) + zero_point) to the type of floats that are no NaN; every
 * step saturates.  @high is what other instruction sets need. */
LFB_INLINE LfbVb
lfb_vb_quantize (LfbVf a,
                 LfbVf b,
                 LfbVf c,
                 LfbVf d,
                 LfbVf high,
                 LfbVb zero_point,
                 bool  is_signed)
{
  int16x8_t low_half = lfb_round_narrow (a, b, zero_point);
  int16x8_t high_half = lfb_round_narrow (c, d, zero_point);

  (void) high;

  return is_signed ? vreinterpretq_u8_s8 (vqmovn_high_s16 (vqmovn_s16 (low_half), high_half))
                   : vqmovun_high_s16 (vqmovun_s16 (low_half), high_half);
}

/* The bytes as words, 128 added to signed ones, in two vectors. */
LFB_INLINE void
lfb_vb_words (LfbVb x,
              bool  is_signed,
              LfbVb words[2])
{
  LfbVb bytes = is_signed ? veorq_u8 (x, vdupq_n_u8 (128)) : x;

  words[0] = vreinterpretq_u8_u16 (vmovl_u8 (vget_low_u8 (bytes)));
  words[1] = vreinterpretq_u8_u16 (vmovl_high_u8 (bytes));
}

LFB_INLINE LfbVb
lfb_vb_add_words (LfbVb a,
                  LfbVb b)
{
  return vreinterpretq_u8_u16 (vaddq_u16 (vreinterpretq_u16_u8 (a), vreinterpretq_u16_u8 (b)));
}

LFB_INLINE LfbVb
lfb_vb_sub_words (LfbVb a,
                  LfbVb b)
{
  return vreinterpretq_u8_u16 (vsubq_u16 (vreinterpretq_u16_u8 (a), vreinterpretq_u16_u8 (b)));
}

/* Words as floats, 2^23 added, in four vectors. */
LFB_INLINE void
lfb_vb_spread (const LfbVb words[2],
               LfbVf       spread[4])
{
  uint16x8_t exponent = vdupq_n_u16 (0x4b00);

  for (int k = 0; k < 2; k++)
    {
      spread[2 * k] = vreinterpretq_f32_u16 (vzip1q_u16 (vreinterpretq_u16_u8 (words[k]), exponent));
      spread[2 * k + 1] = vreinterpretq_f32_u16 (vzip2q_u16 (vreinterpretq_u16_u8 (words[k]), exponent));
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
      int16x8_t x = vreinterpretq_s16_u8 (a[k]), y = vreinterpretq_s16_u8 (b[k]);

      products[2 * k] = lfb_vf_of (vmull_s16 (vget_low_s16 (x), vget_low_s16 (y)));
      products[2 * k + 1] = lfb_vf_of (vmull_high_s16 (x, y));
    }
}

/* clamp (round (..) + zero_point) to the type, of floats inside int32. */
LFB_INLINE LfbVb
lfb_vb_quantize_spread (LfbVf a,
                        LfbVf b,
                        LfbVf c,
                        LfbVf d,
                        LfbVb zero_point,
                        bool  is_signed)
{
  return lfb_vb_quantize (a, b, c, d, a, zero_point, is_signed);
}

/* Elements of 1 or 4 bytes of a and b in turn: those of the low halves, or of the
 * high ones. */
LFB_INLINE LfbVb
lfb_vb_interleave (LfbVb  a,
                   LfbVb  b,
                   size_t element_size,
                   int    high)
{
  uint32x4_t x = vreinterpretq_u32_u8 (a), y = vreinterpretq_u32_u8 (b);

  if (element_size == 1)
    return high ? vzip2q_u8 (a, b) : vzip1q_u8 (a, b);

  return vreinterpretq_u8_u32 (high ? vzip2q_u32 (x, y) : vzip1q_u32 (x, y));
}

/* The 16 bytes of the one lane. */
LFB_INLINE void
lfb_vb_store_lane (void   *p,
                   LfbVb   x,
                   size_t  lane)
{
  (void) lane;
  lfb_vb_store (p, x);
}

/* The one fused operation: a * b + c, rounded once. */
LFB_INLINE LfbVf lfb_vf_fma (LfbVf a, LfbVf b, LfbVf c) { return vfmaq_f32 (c, a, b); }

/* To half and back: to nearest, ties to even. */
LFB_INLINE void
lfb_round_two_to_half (float *a,
                       float *b)
{
  float two[LFB_LANES] = { *a, *b };

  lfb_vf_store (two, vcvt_f32_f16 (vcvt_f16_f32 (lfb_vf_load (two))));
  *a = two[0];
  *b = two[1];
}

/* LFB_LANES integers of 8, 4 or 2 bits, lowest first. */
LFB_INLINE LfbVi
lfb_vi_load_bits (const uint8_t *p,
                  unsigned       bits)
{
  static const int32_t four_bits[] = { 0, -4, -8, -12 }, two_bits[] = { 0, -2, -4, -6 };
  uint32_t all = 0;

  if (bits == 8)
    return lfb_vi_load_u8 (p);

  memcpy (&all, p, LFB_LANES * bits / 8);

  return vandq_s32 (vshlq_s32 (vdupq_n_s32 ((int32_t) all), vld1q_s32 (bits == 4 ? four_bits : two_bits)),
                    vdupq_n_s32 ((1 << bits) - 1));
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Two-input add and mul in vectors: the loops of the contract binary.h.
 *
 * Only extreme scales make results that leave int32, infinities or NaNs; those
 * ranges are left to plain C, and all others need no care for them.
 */

#pragma once

#include <lowerfb/kernels/c/binary.h>
#include <lowerfb/kernels/simd/vector.h>

/* LfbBinaryRange and its constants in all lanes. */
typedef struct
{
  LfbVf a_scale;
  LfbVf b_scale;
  LfbVf factor;         /* what the sum or the product is multiplied by */
  LfbVf a_shift;        /* the zero points with 2^23 added, */
  LfbVf b_shift;
  LfbVb a_zero_point;   /* and in 16 bits: both with 128 added for signed types */
  LfbVb b_zero_point;
  LfbVb y_zero_point;
  LfbVb y_min;
} LfbBinaryVectors;

typedef void (*LfbBinaryVector) (LfbVb a, LfbVb b, const LfbBinaryVectors *v, bool is_signed, LfbVf y[4]);

LFB_INLINE void
lfb_add_vector (LfbVb                   a,
                LfbVb                   b,
                const LfbBinaryVectors *v,
                bool                    is_signed,
                LfbVf                   y[4])
{
  LfbVb words[2];
  LfbVf spread[4];

  lfb_vb_words (a, is_signed, words);
  lfb_vb_spread (words, y);
  lfb_vb_words (b, is_signed, words);
  lfb_vb_spread (words, spread);

  for (int k = 0; k < 4; k++)
    {
      LfbVf first = lfb_vf_mul (lfb_vf_sub (y[k], v->a_shift), v->a_scale);
      LfbVf second = lfb_vf_mul (lfb_vf_sub (spread[k], v->b_shift), v->b_scale);

      y[k] = lfb_vf_mul (lfb_vf_add (first, second), v->factor);
    }
}

LFB_INLINE void
lfb_mul_vector (LfbVb                   a,
                LfbVb                   b,
                const LfbBinaryVectors *v,
                bool                    is_signed,
                LfbVf                   y[4])
{
  LfbVb x[2], z[2];

  lfb_vb_words (a, is_signed, x);
  lfb_vb_words (b, is_signed, z);

  for (int k = 0; k < 2; k++)
    {
      x[k] = lfb_vb_sub_words (x[k], v->a_zero_point);
      z[k] = lfb_vb_sub_words (z[k], v->b_zero_point);
    }

  lfb_vb_products (x, z, y);

  for (int k = 0; k < 4; k++)
    y[k] = lfb_vf_mul (y[k], v->factor);
}

/* No result that comes near the ends of int32. */
LFB_INLINE bool
lfb_add_is_tame (const LfbBinaryRange     *range,
                 const LfbBinaryConstants *c)
{
  return range->a_scale < 1e35f && range->b_scale < 1e35f && c->reciprocal < 3e38f &&
         ((double) range->a_scale + (double) range->b_scale) * 256.0 * (double) c->reciprocal < 2e9;
}

LFB_INLINE bool
lfb_mul_is_tame (const LfbBinaryRange     *range,
                 const LfbBinaryConstants *c)
{
  (void) range;

  return c->multiplier < 3e4f;
}

LFB_INLINE LfbVb
lfb_binary_block (LfbVb                   a,
                  LfbVb                   b,
                  const LfbBinaryVectors *v,
                  LfbBinaryVector         function,
                  bool                    is_signed)
{
  LfbVf y[4];
  LfbVb q;

  function (a, b, v, is_signed, y);
  q = lfb_vb_quantize_spread (y[0], y[1], y[2], y[3], v->y_zero_point, is_signed);

  return is_signed ? lfb_vb_max_s8 (q, v->y_min) : lfb_vb_max_u8 (q, v->y_min);
}

/* y may be a or b. */
LFB_INLINE void
lfb_binary_bytes (const uint8_t        *a,
                  const uint8_t        *b,
                  uint8_t              *y,
                  size_t                n,
                  const LfbBinaryRange *range,
                  float                 factor,
                  LfbBinaryVector       function,
                  bool                  is_signed)
{
  int32_t offset = is_signed ? 128 : 0;
  LfbBinaryVectors v = {
    .a_scale = lfb_vf_fill (range->a_scale),
    .b_scale = lfb_vf_fill (range->b_scale),
    .factor = lfb_vf_fill (factor),
    .a_shift = lfb_vf_fill (8388608.0f + (float) (range->a_zero_point + offset)),
    .b_shift = lfb_vf_fill (8388608.0f + (float) (range->b_zero_point + offset)),
    .a_zero_point = lfb_vb_fill_s16 ((int16_t) (range->a_zero_point + offset)),
    .b_zero_point = lfb_vb_fill_s16 ((int16_t) (range->b_zero_point + offset)),
    .y_zero_point = lfb_vb_fill_s16 ((int16_t) range->y_zero_point),
    .y_min = lfb_vb_fill ((uint8_t) (range->relu ? range->y_zero_point : is_signed ? -128 : 0)),
  };
  size_t i;

  for (i = 0; i + LFB_BYTES <= n; i += LFB_BYTES)
    lfb_vb_store (y + i, lfb_binary_block (lfb_vb_load (a + i), lfb_vb_load (b + i), &v, function, is_signed));

  if (i < n)
    lfb_vb_store_part (y + i, lfb_binary_block (lfb_vb_load_part (a + i, n - i), lfb_vb_load_part (b + i, n - i), &v,
                                                function, is_signed), n - i);
}

/* The function of a variant, named after its instruction set; @factor is the
 * constant that the operation multiplies by at last. */
#define LFB_BINARY_VARIANT(op, type, ctype, isa, factor, is_signed) \
  void \
  lfb_##op##_##type##_##isa (const ctype          *a, \
                             const ctype          *b, \
                             ctype                *y, \
                             size_t                n, \
                             const LfbBinaryRange *range) \
  { \
    LfbBinaryConstants c = lfb_binary_constants (range, is_signed ? -128 : 0, is_signed ? 127 : 255); \
    \
    if (lfb_##op##_is_tame (range, &c)) \
      lfb_binary_bytes ((const uint8_t *) a, (const uint8_t *) b, (uint8_t *) y, n, range, c.factor, \
                        lfb_##op##_vector, is_signed); \
    else \
      lfb_##op##_##type##_c (a, b, y, n, range); \
  }

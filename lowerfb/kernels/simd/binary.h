/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Two-input add and mul in vectors: the loops of the contract binary.h.
 *
 * Only extreme scales make infinities or NaNs of products and sums; those ranges
 * are left to plain C, and all others need no care for them.
 */

#pragma once

#include <lowerfb/kernels/c/binary.h>
#include <lowerfb/kernels/simd/vector.h>

/* LfbBinaryRange and its constants in all lanes. */
typedef struct
{
  LfbVf a_scale;
  LfbVf b_scale;
  LfbVf factor;        /* what the sum or the product is multiplied by */
  LfbVf high;
  LfbVi a_zero_point;
  LfbVi b_zero_point;
  LfbVb y_zero_point;  /* in 16 bits */
  LfbVb y_min;
} LfbBinaryVectors;

typedef LfbVf (*LfbBinaryVector) (LfbVi a, LfbVi b, const LfbBinaryVectors *v);

LFB_INLINE LfbVf
lfb_add_vector (LfbVi                   a,
                LfbVi                   b,
                const LfbBinaryVectors *v)
{
  LfbVf x = lfb_vf_mul (lfb_vf_of (a), v->a_scale);
  LfbVf y = lfb_vf_mul (lfb_vf_of (b), v->b_scale);

  return lfb_vf_mul (lfb_vf_add (x, y), v->factor);
}

LFB_INLINE LfbVf
lfb_mul_vector (LfbVi                   a,
                LfbVi                   b,
                const LfbBinaryVectors *v)
{
  return lfb_vf_mul (lfb_vf_of (lfb_vi_mul_small (a, b)), v->factor);
}

LFB_INLINE bool
lfb_add_is_tame (const LfbBinaryRange     *range,
                 const LfbBinaryConstants *c)
{
  return range->a_scale < 1e35f && range->b_scale < 1e35f && c->reciprocal < 3e38f;
}

LFB_INLINE bool
lfb_mul_is_tame (const LfbBinaryRange     *range,
                 const LfbBinaryConstants *c)
{
  (void) range;

  return c->multiplier < 3e38f;
}

LFB_INLINE LfbVb
lfb_binary_block (LfbVi4                  a,
                  LfbVi4                  b,
                  const LfbBinaryVectors *v,
                  LfbBinaryVector         function,
                  bool                    is_signed)
{
  LfbVf y[4];
  LfbVb q;

  for (int k = 0; k < 4; k++)
    y[k] = function (lfb_vi_sub (a.v[k], v->a_zero_point), lfb_vi_sub (b.v[k], v->b_zero_point), v);

  q = lfb_vb_quantize (y[0], y[1], y[2], y[3], v->high, v->y_zero_point, is_signed);

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
                  float                 high,
                  LfbBinaryVector       function,
                  bool                  is_signed)
{
  LfbBinaryVectors v = {
    .a_scale = lfb_vf_fill (range->a_scale),
    .b_scale = lfb_vf_fill (range->b_scale),
    .factor = lfb_vf_fill (factor),
    .high = lfb_vf_fill (high),
    .a_zero_point = lfb_vi_fill (range->a_zero_point),
    .b_zero_point = lfb_vi_fill (range->b_zero_point),
    .y_zero_point = lfb_vb_fill_s16 ((int16_t) range->y_zero_point),
    .y_min = lfb_vb_fill ((uint8_t) (range->relu ? range->y_zero_point : is_signed ? -128 : 0)),
  };
  size_t i;

  for (i = 0; i + LFB_BYTES <= n; i += LFB_BYTES)
    lfb_vb_store (y + i, lfb_binary_block (lfb_vi4_load (a + i, is_signed), lfb_vi4_load (b + i, is_signed), &v,
                                           function, is_signed));

  if (i < n)
    lfb_vb_store_part (y + i, lfb_binary_block (lfb_vi4_load_part (a + i, n - i, is_signed),
                                                lfb_vi4_load_part (b + i, n - i, is_signed), &v, function, is_signed),
                       n - i);
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
      lfb_binary_bytes ((const uint8_t *) a, (const uint8_t *) b, (uint8_t *) y, n, range, c.factor, c.high, \
                        lfb_##op##_vector, is_signed); \
    else \
      lfb_##op##_##type##_c (a, b, y, n, range); \
  }

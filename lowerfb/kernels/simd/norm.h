/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Normalization in vectors: the loops of the contract norm.h. */

#pragma once

#include <lowerfb/kernels/c/norm.h>
#include <lowerfb/kernels/simd/vector.h>

/* Blocks whose sums of squares fit 32 bits: each adds at most 255 * 255 to a lane. */
#define LFB_MOMENTS_BLOCKS ((size_t) 32768)

LFB_INLINE int64_t
lfb_moments_total (LfbVi lanes)
{
  int32_t values[LFB_LANES];
  int64_t total = 0;

  lfb_vi_store (values, lanes);

  for (size_t i = 0; i < LFB_LANES; i++)
    total += values[i];

  return total;
}

LFB_INLINE void
lfb_moments_bytes (const uint8_t *x,
                   size_t         n,
                   int32_t        zero_point,
                   bool           is_signed,
                   int64_t       *sum,
                   int64_t       *squares)
{
  LfbVi z = lfb_vi_fill (zero_point);
  size_t i = 0;

  *sum = *squares = 0;

  while (n - i >= LFB_BYTES)
    {
      LfbVi4 sums, products;

      for (int k = 0; k < 4; k++)
        sums.v[k] = products.v[k] = lfb_vi_fill (0);

      for (size_t block = 0; block < LFB_MOMENTS_BLOCKS && n - i >= LFB_BYTES; block++, i += LFB_BYTES)
        {
          LfbVi4 q = lfb_vi4_load (x + i, is_signed);

          for (int k = 0; k < 4; k++)
            {
              LfbVi difference = lfb_vi_sub (q.v[k], z);

              sums.v[k] = lfb_vi_add (sums.v[k], difference);
              products.v[k] = lfb_vi_add (products.v[k], lfb_vi_mul_small (difference, difference));
            }
        }

      for (int k = 0; k < 4; k++)
        {
          *sum += lfb_moments_total (sums.v[k]);
          *squares += lfb_moments_total (products.v[k]);
        }
    }

  for (; i < n; i++)
    {
      int32_t difference = (is_signed ? (int8_t) x[i] : x[i]) - zero_point;

      *sum += difference;
      *squares += difference * difference;
    }
}

LFB_INLINE void
lfb_normalize_bytes (const uint8_t      *x,
                     uint8_t            *y,
                     size_t              n,
                     const LfbNormalize *norm,
                     bool                is_signed)
{
  float reciprocal = 1.0f / norm->y_scale;
  LfbNormEnds ends = lfb_norm_ends (is_signed ? -128 : 0, is_signed ? 127 : 255, norm->y_zero_point);
  LfbVf low = lfb_vf_fill (ends.low), high = lfb_vf_fill (ends.high), scale = lfb_vf_fill (reciprocal);
  LfbVf mean = lfb_vf_fill (norm->mean), r = lfb_vf_fill (norm->r);
  LfbVi x_zero_point = lfb_vi_fill (norm->x_zero_point), y_zero_point = lfb_vi_fill (norm->y_zero_point);
  const LfbNormalize copy = *norm;
  bool per_element = norm->per_element;
  size_t i;

  for (i = 0; i + LFB_BYTES <= n; i += LFB_BYTES)
    {
      LfbVi4 q = lfb_vi4_load (x + i, is_signed);

      for (int k = 0; k < 4; k++)
        {
          size_t at = i + k * LFB_LANES;
          LfbVf gamma = per_element ? lfb_vf_load (copy.gamma + at) : lfb_vf_fill (copy.gamma[0]);
          LfbVf beta = per_element ? lfb_vf_load (copy.beta + at) : lfb_vf_fill (copy.beta[0]);
          LfbVf value = lfb_vf_sub (lfb_vf_of (lfb_vi_sub (q.v[k], x_zero_point)), mean);

          value = lfb_vf_add (lfb_vf_mul (lfb_vf_mul (value, r), gamma), beta);
          q.v[k] = lfb_vi_quantize (lfb_vf_zero_nan (lfb_vf_mul (value, scale)), low, high, y_zero_point);
        }

      lfb_vb_store (y + i, lfb_vi4_pack (q, is_signed));
    }

  for (; i < n; i++)
    y[i] = (uint8_t) lfb_normalize_one (is_signed ? (int8_t) x[i] : x[i], i, &copy, reciprocal, &ends);
}

/* LfbAffine in all lanes. */
typedef struct
{
  LfbVf a;
  LfbVf b;
  LfbVf high;
  LfbVi x_zero_point;
  LfbVb y_zero_point;  /* in 16 bits */
  LfbVb y_min;
} LfbAffineVectors;

LFB_INLINE LfbVb
lfb_affine_block (LfbVi4                  q,
                  const LfbAffineVectors *v,
                  bool                    is_signed)
{
  LfbVf y[4];
  LfbVb bytes;

  for (int k = 0; k < 4; k++)
    y[k] = lfb_vf_add (lfb_vf_mul (v->a, lfb_vf_of (lfb_vi_sub (q.v[k], v->x_zero_point))), v->b);

  bytes = lfb_vb_quantize (y[0], y[1], y[2], y[3], v->high, v->y_zero_point, is_signed);

  return is_signed ? lfb_vb_max_s8 (bytes, v->y_min) : lfb_vb_max_u8 (bytes, v->y_min);
}

/* Only extreme factors make infinities or NaNs. */
LFB_INLINE bool
lfb_affine_is_tame (const LfbAffine *affine)
{
  return affine->a < 1e35f && affine->a > -1e35f && affine->b < 1e38f && affine->b > -1e38f;
}

LFB_INLINE void
lfb_affine_bytes (const uint8_t   *x,
                  uint8_t         *y,
                  size_t           n,
                  const LfbAffine *affine,
                  bool             is_signed)
{
  LfbAffineVectors v = {
    .a = lfb_vf_fill (affine->a),
    .b = lfb_vf_fill (affine->b),
    .high = lfb_vf_fill ((float) ((is_signed ? 127 : 255) - affine->y_zero_point)),
    .x_zero_point = lfb_vi_fill (affine->x_zero_point),
    .y_zero_point = lfb_vb_fill_s16 ((int16_t) affine->y_zero_point),
    .y_min = lfb_vb_fill ((uint8_t) affine->y_min),
  };
  size_t i;

  for (i = 0; i + LFB_BYTES <= n; i += LFB_BYTES)
    lfb_vb_store (y + i, lfb_affine_block (lfb_vi4_load (x + i, is_signed), &v, is_signed));

  if (i < n)
    lfb_vb_store_part (y + i, lfb_affine_block (lfb_vi4_load_part (x + i, n - i, is_signed), &v, is_signed), n - i);
}

/* The functions of a variant, named after its instruction set. */
#define LFB_MOMENTS_VARIANT(type, ctype, isa, is_signed) \
  void \
  lfb_moments_##type##_##isa (const ctype *x, \
                              size_t       n, \
                              int32_t      zero_point, \
                              int64_t     *sum, \
                              int64_t     *squares) \
  { \
    lfb_moments_bytes ((const uint8_t *) x, n, zero_point, is_signed, sum, squares); \
  }

#define LFB_NORMALIZE_VARIANT(type, ctype, isa, is_signed) \
  void \
  lfb_normalize_##type##_##isa (const ctype        *x, \
                                ctype              *y, \
                                size_t              n, \
                                const LfbNormalize *norm) \
  { \
    lfb_normalize_bytes ((const uint8_t *) x, (uint8_t *) y, n, norm, is_signed); \
  }

#define LFB_AFFINE_VARIANT(type, ctype, isa, is_signed) \
  void \
  lfb_affine_##type##_##isa (const ctype     *x, \
                             ctype           *y, \
                             size_t           n, \
                             const LfbAffine *affine) \
  { \
    if (lfb_affine_is_tame (affine)) \
      lfb_affine_bytes ((const uint8_t *) x, (uint8_t *) y, n, affine, is_signed); \
    else \
      lfb_affine_##type##_c (x, y, n, affine); \
  }

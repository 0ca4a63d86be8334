/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Normalization in vectors: the loops of the contract norm.h. */

#pragma once

#include <lowerfb/kernels/c/norm.h>
#include <lowerfb/kernels/simd/vector.h>

/* Blocks whose sums of squares fit 32 bits: 4 vectors, each with one square of at
 * most 255 * 255 a lane. */
#define LFB_MOMENTS_BLOCKS ((size_t) 8192)

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
      LfbVi sums = lfb_vi_fill (0);
      LfbVi products = lfb_vi_fill (0);

      for (size_t block = 0; block < LFB_MOMENTS_BLOCKS && n - i >= LFB_BYTES; block++, i += LFB_BYTES)
        {
          LfbVi4 q = lfb_vi4_load (x + i, is_signed);

          for (int k = 0; k < 4; k++)
            {
              LfbVi difference = lfb_vi_sub (q.v[k], z);

              sums = lfb_vi_add (sums, difference);
              products = lfb_vi_add (products, lfb_vi_mul_small (difference, difference));
            }
        }

      *sum += lfb_moments_total (sums);
      *squares += lfb_moments_total (products);
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

LFB_INLINE LfbVb
lfb_affine_block (LfbVi4 q,
                  LfbVf  a,
                  LfbVf  b,
                  LfbVf  low,
                  LfbVf  high,
                  LfbVi  x_zero_point,
                  LfbVi  y_zero_point,
                  bool   is_signed)
{
  for (int k = 0; k < 4; k++)
    {
      LfbVf value = lfb_vf_add (lfb_vf_mul (a, lfb_vf_of (lfb_vi_sub (q.v[k], x_zero_point))), b);

      q.v[k] = lfb_vi_quantize (value, low, high, y_zero_point);
    }

  return lfb_vi4_pack (q, is_signed);
}

LFB_INLINE void
lfb_affine_bytes (const uint8_t   *x,
                  uint8_t         *y,
                  size_t           n,
                  const LfbAffine *affine,
                  bool             is_signed)
{
  LfbNormEnds ends = lfb_norm_ends (affine->y_min, is_signed ? 127 : 255, affine->y_zero_point);
  LfbVf a = lfb_vf_fill (affine->a), b = lfb_vf_fill (affine->b);
  LfbVf low = lfb_vf_fill (ends.low), high = lfb_vf_fill (ends.high);
  LfbVi x_zero_point = lfb_vi_fill (affine->x_zero_point), y_zero_point = lfb_vi_fill (affine->y_zero_point);
  size_t i;

  for (i = 0; i + LFB_BYTES <= n; i += LFB_BYTES)
    lfb_vb_store (y + i, lfb_affine_block (lfb_vi4_load (x + i, is_signed), a, b, low, high, x_zero_point, y_zero_point,
                                           is_signed));

  if (i < n)
    lfb_vb_store_part (y + i, lfb_affine_block (lfb_vi4_load_part (x + i, n - i, is_signed), a, b, low, high,
                                                x_zero_point, y_zero_point, is_signed), n - i);
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
    lfb_affine_bytes ((const uint8_t *) x, (uint8_t *) y, n, affine, is_signed); \
  }

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* float32 to integers in vectors: the loops of the contract quantize.h. */

#pragma once

#include <lowerfb/kernels/quantize.h>

#include <lowerfb/kernels/c/quantize_row.h>
#include <lowerfb/kernels/simd/vector.h>

/* Channels whose parameters are prepared at a time where the channel is the
 * innermost dimension. */
#define LFB_COLUMNS ((size_t) 128)

typedef struct
{
  LfbVf reciprocal;
  LfbVf high;
  LfbVb zero_point;  /* in 16 bits */
} LfbQuantizeVectors;

LFB_INLINE LfbQuantizeVectors
lfb_quantize_vectors (float   scale,
                      int32_t zero_point,
                      bool    is_signed)
{
  LfbQuantizeVectors p;

  p.reciprocal = lfb_vf_fill (1.0f / scale);
  p.high = lfb_vf_fill ((float) ((is_signed ? 127 : 255) - zero_point));
  p.zero_point = lfb_vb_fill_s16 ((int16_t) zero_point);

  return p;
}

LFB_INLINE LfbVb
lfb_quantize_block (LfbVf4                    x,
                    const LfbQuantizeVectors *p,
                    bool                      is_signed)
{
  for (int k = 0; k < 4; k++)
    x.v[k] = lfb_vf_zero_nan (lfb_vf_mul (x.v[k], p->reciprocal));

  return lfb_vb_quantize (x.v[0], x.v[1], x.v[2], x.v[3], p->high, p->zero_point, is_signed);
}

LFB_INLINE void
lfb_quantize_bytes (const float *x,
                    uint8_t     *q,
                    size_t       n,
                    float        scale,
                    int32_t      zero_point,
                    bool         is_signed)
{
  LfbQuantizeVectors p = lfb_quantize_vectors (scale, zero_point, is_signed);
  size_t i;

  for (i = 0; i + LFB_BYTES <= n; i += LFB_BYTES)
    lfb_vb_store (q + i, lfb_quantize_block (lfb_vf4_load (x + i), &p, is_signed));

  if (i < n)
    lfb_vb_store_part (q + i, lfb_quantize_block (lfb_vf4_load_part (x + i, n - i), &p, is_signed), n - i);
}

/* Neighbouring elements of neighbouring channels. */
LFB_INLINE void
lfb_quantize_columns (const float   *x,
                      uint8_t       *q,
                      size_t         rows,
                      size_t         stride,
                      size_t         columns,
                      const float   *scales,
                      const int32_t *zero_points,
                      bool           is_signed)
{
  float reciprocal[LFB_COLUMNS] = { 0 }, low[LFB_COLUMNS] = { 0 }, high[LFB_COLUMNS] = { 0 };
  int32_t zero[LFB_COLUMNS] = { 0 };

  for (size_t c = 0; c < columns; c++)
    {
      reciprocal[c] = 1.0f / scales[c];
      zero[c] = zero_points[c];
      low[c] = (float) ((is_signed ? -128 : 0) - zero[c]);
      high[c] = (float) ((is_signed ? 127 : 255) - zero[c]);
    }

  for (size_t row = 0; row < rows; row++)
    for (size_t c = 0; c < columns; c += LFB_BYTES)
      {
        const float *from = x + row * stride + c;
        size_t n = columns - c < LFB_BYTES ? columns - c : LFB_BYTES;
        LfbVf4 values = n == LFB_BYTES ? lfb_vf4_load (from) : lfb_vf4_load_part (from, n);
        LfbVi4 integers;

        for (int k = 0; k < 4; k++)
          {
            size_t at = c + k * LFB_LANES;
            LfbVf value = lfb_vf_zero_nan (lfb_vf_mul (values.v[k], lfb_vf_load (reciprocal + at)));

            integers.v[k] = lfb_vi_quantize (value, lfb_vf_load (low + at), lfb_vf_load (high + at), lfb_vi_load (zero + at));
          }

        if (n == LFB_BYTES)
          lfb_vb_store (q + row * stride + c, lfb_vi4_pack (integers, is_signed));
        else
          lfb_vb_store_part (q + row * stride + c, lfb_vi4_pack (integers, is_signed), n);
      }
}

LFB_INLINE void
lfb_quantize_channels (const float   *x,
                       uint8_t       *q,
                       size_t         outer,
                       size_t         channels,
                       size_t         inner,
                       const float   *scales,
                       const int32_t *zero_points,
                       bool           is_signed)
{
  if (inner == 1)
    {
      for (size_t c = 0; c < channels; c += LFB_COLUMNS)
        lfb_quantize_columns (x + c, q + c, outer, channels, channels - c < LFB_COLUMNS ? channels - c : LFB_COLUMNS,
                              scales + c, zero_points + c, is_signed);
      return;
    }

  for (size_t o = 0; o < outer; o++)
    for (size_t c = 0; c < channels; c++)
      {
        size_t first = (o * channels + c) * inner;

        lfb_quantize_bytes (x + first, q + first, inner, scales[c], zero_points[c], is_signed);
      }
}

LFB_INLINE LfbVi
lfb_quantize_wide (LfbVf   x,
                   LfbVf   reciprocal,
                   int32_t zero_point)
{
  return lfb_vi_quantize_s32 (lfb_vf_zero_nan (lfb_vf_mul (x, reciprocal)), zero_point);
}

/* q may be x. */
LFB_INLINE void
lfb_quantize_s32 (const float *x,
                  int32_t     *q,
                  size_t       n,
                  float        scale,
                  int32_t      zero_point)
{
  LfbVf reciprocal = lfb_vf_fill (1.0f / scale);
  size_t i;

  for (i = 0; i + LFB_LANES <= n; i += LFB_LANES)
    lfb_vi_store (q + i, lfb_quantize_wide (lfb_vf_load (x + i), reciprocal, zero_point));

  for (; i < n; i++)
    q[i] = lfb_quantize_one_s32 (x[i], 1.0f / scale, zero_point);
}

LFB_INLINE void
lfb_quantize_channels_s32 (const float   *x,
                           int32_t       *q,
                           size_t         outer,
                           size_t         channels,
                           size_t         inner,
                           const float   *scales,
                           const int32_t *zero_points)
{
  for (size_t o = 0; o < outer; o++)
    for (size_t c = 0; c < channels; c++)
      {
        size_t first = (o * channels + c) * inner;

        lfb_quantize_s32 (x + first, q + first, inner, scales[c], zero_points[c]);
      }
}

LFB_INLINE LfbVb
lfb_quantize_float_zero_block (LfbVf4 x,
                               LfbVf  reciprocal,
                               LfbVf  zero_point,
                               LfbVf  qmax)
{
  LfbVf zero = lfb_vf_fill (0.0f);
  LfbVi4 q;

  for (int k = 0; k < 4; k++)
    {
      LfbVf value = lfb_vf_add (lfb_vf_zero_nan (lfb_vf_mul (x.v[k], reciprocal)), zero_point);

      q.v[k] = lfb_vi_round (lfb_vf_min (lfb_vf_max (value, zero), qmax));
    }

  return lfb_vi4_pack (q, false);
}

LFB_INLINE void
lfb_quantize_float_zero (const float *x,
                         uint8_t     *q,
                         size_t       outer,
                         size_t       channels,
                         size_t       inner,
                         const float *scales,
                         const float *zero_points,
                         int32_t      qmax)
{
  LfbVf high = lfb_vf_fill ((float) qmax);

  for (size_t row = 0; row < outer * channels; row++)
    {
      LfbVf reciprocal = lfb_vf_fill (1.0f / scales[row % channels]);
      LfbVf zero_point = lfb_vf_fill (zero_points[row % channels]);
      const float *from = x + row * inner;
      uint8_t *to = q + row * inner;
      size_t i;

      for (i = 0; i + LFB_BYTES <= inner; i += LFB_BYTES)
        lfb_vb_store (to + i, lfb_quantize_float_zero_block (lfb_vf4_load (from + i), reciprocal, zero_point, high));

      if (i < inner)
        lfb_vb_store_part (to + i, lfb_quantize_float_zero_block (lfb_vf4_load_part (from + i, inner - i), reciprocal,
                                                                  zero_point, high), inner - i);
    }
}

/* The functions of a variant, named after its instruction set. */
#define LFB_QUANTIZE_BYTES_VARIANT(type, ctype, isa, is_signed) \
  void \
  lfb_quantize_f32##type##_##isa (const float *x, \
                                  ctype       *q, \
                                  size_t       n, \
                                  float        scale, \
                                  int32_t      zero_point) \
  { \
    lfb_quantize_bytes (x, (uint8_t *) q, n, scale, zero_point, is_signed); \
  } \
  \
  void \
  lfb_quantize_channels_f32##type##_##isa (const float   *x, \
                                           ctype         *q, \
                                           size_t         outer, \
                                           size_t         channels, \
                                           size_t         inner, \
                                           const float   *scales, \
                                           const int32_t *zero_points) \
  { \
    lfb_quantize_channels (x, (uint8_t *) q, outer, channels, inner, scales, zero_points, is_signed); \
  }

#define LFB_QUANTIZE_S32_VARIANT(isa) \
  void \
  lfb_quantize_f32s32_##isa (const float *x, \
                             int32_t     *q, \
                             size_t       n, \
                             float        scale, \
                             int32_t      zero_point) \
  { \
    lfb_quantize_s32 (x, q, n, scale, zero_point); \
  } \
  \
  void \
  lfb_quantize_channels_f32s32_##isa (const float   *x, \
                                      int32_t       *q, \
                                      size_t         outer, \
                                      size_t         channels, \
                                      size_t         inner, \
                                      const float   *scales, \
                                      const int32_t *zero_points) \
  { \
    lfb_quantize_channels_s32 (x, q, outer, channels, inner, scales, zero_points); \
  }

#define LFB_QUANTIZE_FLOAT_ZERO_VARIANT(isa) \
  void \
  lfb_quantize_float_zero_f32u8_##isa (const float *x, \
                                       uint8_t     *q, \
                                       size_t       outer, \
                                       size_t       channels, \
                                       size_t       inner, \
                                       const float *scales, \
                                       const float *zero_points, \
                                       int32_t      qmax) \
  { \
    lfb_quantize_float_zero (x, q, outer, channels, inner, scales, zero_points, qmax); \
  }

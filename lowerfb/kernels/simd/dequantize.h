/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Integers to float32 in vectors: the loops of the contract dequantize.h. */

#pragma once

#include <lowerfb/kernels/dequantize.h>

#include <lowerfb/kernels/c/quantize_row.h>
#include <lowerfb/kernels/simd/vector.h>

LFB_INLINE LfbVf4
lfb_dequantize_block (LfbVi4 q,
                      LfbVf  scale,
                      LfbVi  zero_point)
{
  LfbVf4 x;

  for (int k = 0; k < 4; k++)
    x.v[k] = lfb_vf_mul (lfb_vf_of (lfb_vi_sub (q.v[k], zero_point)), scale);

  return x;
}

LFB_INLINE void
lfb_dequantize_bytes (const uint8_t *q,
                      float         *x,
                      size_t         n,
                      float          scale,
                      int32_t        zero_point,
                      bool           is_signed)
{
  LfbVf s = lfb_vf_fill (scale);
  LfbVi z = lfb_vi_fill (zero_point);
  size_t i;

  for (i = 0; i + LFB_BYTES <= n; i += LFB_BYTES)
    lfb_vf4_store (x + i, lfb_dequantize_block (lfb_vi4_load (q + i, is_signed), s, z));

  if (i < n)
    lfb_vf4_store_part (x + i, lfb_dequantize_block (lfb_vi4_load_part (q + i, n - i, is_signed), s, z), n - i);
}

/* Rows of neighbouring channels. */
LFB_INLINE void
lfb_dequantize_row (const uint8_t *q,
                    float         *x,
                    size_t         n,
                    const float   *scales,
                    const int32_t *zero_points,
                    bool           is_signed)
{
  size_t i;

  for (i = 0; i + LFB_BYTES <= n; i += LFB_BYTES)
    {
      LfbVi4 integers = lfb_vi4_load (q + i, is_signed);

      for (int k = 0; k < 4; k++)
        {
          size_t at = i + k * LFB_LANES;
          LfbVi difference = lfb_vi_sub (integers.v[k], lfb_vi_load (zero_points + at));

          lfb_vf_store (x + at, lfb_vf_mul (lfb_vf_of (difference), lfb_vf_load (scales + at)));
        }
    }

  for (; i < n; i++)
    x[i] = (float) ((is_signed ? (int8_t) q[i] : q[i]) - zero_points[i]) * scales[i];
}

LFB_INLINE void
lfb_dequantize_channels (const uint8_t *q,
                         float         *x,
                         size_t         outer,
                         size_t         channels,
                         size_t         inner,
                         const float   *scales,
                         const int32_t *zero_points,
                         bool           is_signed)
{
  if (inner == 1)
    {
      for (size_t o = 0; o < outer; o++)
        lfb_dequantize_row (q + o * channels, x + o * channels, channels, scales, zero_points, is_signed);
      return;
    }

  for (size_t o = 0; o < outer; o++)
    for (size_t c = 0; c < channels; c++)
      {
        size_t first = (o * channels + c) * inner;

        lfb_dequantize_bytes (q + first, x + first, inner, scales[c], zero_points[c], is_signed);
      }
}

/* x may be q. */
LFB_INLINE void
lfb_dequantize_s32 (const int32_t *q,
                    float         *x,
                    size_t         n,
                    float          scale,
                    int32_t        zero_point)
{
  LfbVf s = lfb_vf_fill (scale);
  size_t i;

  for (i = 0; i + LFB_LANES <= n; i += LFB_LANES)
    lfb_vf_store (x + i, lfb_vf_mul (lfb_vf_difference_s32 (lfb_vi_load (q + i), zero_point), s));

  for (; i < n; i++)
    x[i] = lfb_dequantize_one_s32 (q[i], scale, zero_point);
}

LFB_INLINE void
lfb_dequantize_channels_s32 (const int32_t *q,
                             float         *x,
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

        lfb_dequantize_s32 (q + first, x + first, inner, scales[c], zero_points[c]);
      }
}

LFB_INLINE LfbVf4
lfb_dequantize_float_zero_block (LfbVi4 q,
                                 LfbVf  scale,
                                 LfbVf  zero_point)
{
  LfbVf4 x;

  for (int k = 0; k < 4; k++)
    x.v[k] = lfb_vf_mul (lfb_vf_sub (lfb_vf_of (q.v[k]), zero_point), scale);

  return x;
}

LFB_INLINE void
lfb_dequantize_float_zero (const uint8_t *q,
                           float         *x,
                           size_t         outer,
                           size_t         channels,
                           size_t         inner,
                           const float   *scales,
                           const float   *zero_points)
{
  for (size_t row = 0; row < outer * channels; row++)
    {
      LfbVf scale = lfb_vf_fill (scales[row % channels]);
      LfbVf zero_point = lfb_vf_fill (zero_points[row % channels]);
      const uint8_t *from = q + row * inner;
      float *to = x + row * inner;
      size_t i;

      for (i = 0; i + LFB_BYTES <= inner; i += LFB_BYTES)
        lfb_vf4_store (to + i, lfb_dequantize_float_zero_block (lfb_vi4_load (from + i, false), scale, zero_point));

      if (i < inner)
        lfb_vf4_store_part (to + i, lfb_dequantize_float_zero_block (lfb_vi4_load_part (from + i, inner - i, false),
                                                                     scale, zero_point), inner - i);
    }
}

/* The functions of a variant, named after its instruction set. */
#define LFB_DEQUANTIZE_BYTES_VARIANT(type, ctype, isa, is_signed) \
  void \
  lfb_dequantize_##type##f32_##isa (const ctype *q, \
                                    float       *x, \
                                    size_t       n, \
                                    float        scale, \
                                    int32_t      zero_point) \
  { \
    lfb_dequantize_bytes ((const uint8_t *) q, x, n, scale, zero_point, is_signed); \
  } \
  \
  void \
  lfb_dequantize_channels_##type##f32_##isa (const ctype   *q, \
                                             float         *x, \
                                             size_t         outer, \
                                             size_t         channels, \
                                             size_t         inner, \
                                             const float   *scales, \
                                             const int32_t *zero_points) \
  { \
    lfb_dequantize_channels ((const uint8_t *) q, x, outer, channels, inner, scales, zero_points, is_signed); \
  }

#define LFB_DEQUANTIZE_S32_VARIANT(isa) \
  void \
  lfb_dequantize_s32f32_##isa (const int32_t *q, \
                               float         *x, \
                               size_t         n, \
                               float          scale, \
                               int32_t        zero_point) \
  { \
    lfb_dequantize_s32 (q, x, n, scale, zero_point); \
  } \
  \
  void \
  lfb_dequantize_channels_s32f32_##isa (const int32_t *q, \
                                        float         *x, \
                                        size_t         outer, \
                                        size_t         channels, \
                                        size_t         inner, \
                                        const float   *scales, \
                                        const int32_t *zero_points) \
  { \
    lfb_dequantize_channels_s32 (q, x, outer, channels, inner, scales, zero_points); \
  }

#define LFB_DEQUANTIZE_FLOAT_ZERO_VARIANT(isa) \
  void \
  lfb_dequantize_float_zero_u8f32_##isa (const uint8_t *q, \
                                         float         *x, \
                                         size_t         outer, \
                                         size_t         channels, \
                                         size_t         inner, \
                                         const float   *scales, \
                                         const float   *zero_points) \
  { \
    lfb_dequantize_float_zero (q, x, outer, channels, inner, scales, zero_points); \
  }

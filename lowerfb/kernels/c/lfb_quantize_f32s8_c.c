/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* float32 to qint8, per tensor and per channel.  The contract is quantize.h. */

#include <lowerfb/kernels/quantize.h>

#include <lowerfb/kernels/c/quantize_row.h>

void
lfb_quantize_f32s8_c (const float *restrict x,
                      int8_t      *restrict q,
                      size_t                n,
                      float                 scale,
                      int32_t               zero_point)
{
  float reciprocal = 1.0f / scale;
  float low = (float) (-128 - zero_point);
  float high = (float) (127 - zero_point);

  for (size_t i = 0; i < n; i++)
    q[i] = (int8_t) lfb_quantize_one (x[i], reciprocal, low, high, zero_point);
}

void
lfb_quantize_channels_f32s8_c (const float *restrict x,
                               int8_t      *restrict q,
                               size_t                outer,
                               size_t                channels,
                               size_t                inner,
                               const float          *scales,
                               const int32_t        *zero_points)
{
  for (size_t o = 0; o < outer; o++)
    for (size_t c = 0; c < channels; c++)
      {
        size_t first = (o * channels + c) * inner;

        lfb_quantize_f32s8_c (x + first, q + first, inner, scales[c], zero_points[c]);
      }
}

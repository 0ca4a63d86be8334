/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* qint32 to float32, per tensor and per channel.  The contract is dequantize.h. */

#include <lowerfb/kernels/dequantize.h>

#include <lowerfb/kernels/c/quantize_row.h>

void
lfb_dequantize_s32f32_c (const int32_t *q,
                         float         *x,
                         size_t         n,
                         float          scale,
                         int32_t        zero_point)
{
  for (size_t i = 0; i < n; i++)
    x[i] = lfb_dequantize_one_s32 (q[i], scale, zero_point);
}

void
lfb_dequantize_channels_s32f32_c (const int32_t *q,
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

        lfb_dequantize_s32f32_c (q + first, x + first, inner, scales[c], zero_points[c]);
      }
}

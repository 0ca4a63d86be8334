/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* qint8 to float32, per tensor and per channel.  The contract is dequantize.h. */

#include <lowerfb/kernels/dequantize.h>

void
lfb_dequantize_s8f32_c (const int8_t *restrict q,
                        float        *restrict x,
                        size_t                 n,
                        float                  scale,
                        int32_t                zero_point)
{
  for (size_t i = 0; i < n; i++)
    x[i] = (float) (q[i] - zero_point) * scale;
}

void
lfb_dequantize_channels_s8f32_c (const int8_t *restrict q,
                                 float        *restrict x,
                                 size_t                 outer,
                                 size_t                 channels,
                                 size_t                 inner,
                                 const float           *scales,
                                 const int32_t         *zero_points)
{
  for (size_t o = 0; o < outer; o++)
    for (size_t c = 0; c < channels; c++)
      {
        size_t first = (o * channels + c) * inner;

        lfb_dequantize_s8f32_c (q + first, x + first, inner, scales[c], zero_points[c]);
      }
}

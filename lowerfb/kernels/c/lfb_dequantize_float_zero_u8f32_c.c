/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Embedding rows with float zero points to float32.  The contract is dequantize.h. */

#include <lowerfb/kernels/dequantize.h>

static void
dequantize_row (const uint8_t *restrict q,
                float         *restrict x,
                size_t                  n,
                float                   scale,
                float                   zero_point)
{
  for (size_t i = 0; i < n; i++)
    x[i] = ((float) q[i] - zero_point) * scale;
}

void
lfb_dequantize_float_zero_u8f32_c (const uint8_t *restrict q,
                                   float         *restrict x,
                                   size_t                  outer,
                                   size_t                  channels,
                                   size_t                  inner,
                                   const float            *scales,
                                   const float            *zero_points)
{
  for (size_t o = 0; o < outer; o++)
    for (size_t c = 0; c < channels; c++)
      {
        size_t first = (o * channels + c) * inner;

        dequantize_row (q + first, x + first, inner, scales[c], zero_points[c]);
      }
}

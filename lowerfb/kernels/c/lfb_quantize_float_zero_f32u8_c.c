/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* float32 to embedding rows with float zero points.  The contract is quantize.h. */

#include <lowerfb/kernels/quantize.h>

#include <lowerfb/kernels/round.h>

static void
quantize_row (const float *restrict x,
              uint8_t     *restrict q,
              size_t                n,
              float                 reciprocal,
              float                 zero_point,
              float                 qmax)
{
  for (size_t i = 0; i < n; i++)
    {
      float product = x[i] * reciprocal;

      product = product == product ? product : 0.0f;
      q[i] = (uint8_t) lfb_round_even (lfb_clamp_float (product + zero_point, 0.0f, qmax));
    }
}

void
lfb_quantize_float_zero_f32u8_c (const float *restrict x,
                                 uint8_t     *restrict q,
                                 size_t                outer,
                                 size_t                channels,
                                 size_t                inner,
                                 const float          *scales,
                                 const float          *zero_points,
                                 int32_t               qmax)
{
  for (size_t o = 0; o < outer; o++)
    for (size_t c = 0; c < channels; c++)
      {
        size_t first = (o * channels + c) * inner;

        quantize_row (x + first, q + first, inner, 1.0f / scales[c], zero_points[c], (float) qmax);
      }
}

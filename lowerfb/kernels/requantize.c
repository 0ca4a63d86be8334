/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The parameters of the output stages.  numerics.md, "Linear and convolution":
 * quotient and products in float32, computed once, in this order.
 */

#include <lowerfb/kernels/requantize.h>

#define LANES ((size_t) 16)

size_t
lfb_output_length (size_t n_outputs)
{
  /* A vector may begin at any output, the last included. */
  return (n_outputs + LANES - 1 + LANES - 1) / LANES * LANES;
}

static void
clear_tail (float  *multiplier,
            float  *bias,
            size_t  n)
{
  for (size_t i = n; i < lfb_output_length (n); i++)
    multiplier[i] = bias[i] = 0.0f;
}

void
lfb_requantize_compute (float       *multiplier,
                        float       *bias,
                        size_t       n,
                        const float *b,
                        float        x_scale,
                        const float *w_scales,
                        size_t       n_w_scales,
                        float        y_scale)
{
  for (size_t i = 0; i < n; i++)
    {
      float product = x_scale * w_scales[n_w_scales == 1 ? 0 : i];

      multiplier[i] = product / y_scale;
      bias[i] = b != NULL ? b[i] / product : 0.0f;
    }

  clear_tail (multiplier, bias, n);
}

void
lfb_rescale_compute (float       *multiplier,
                     float       *bias,
                     size_t       n,
                     const float *b,
                     float        x_scale,
                     const float *w_scales,
                     size_t       n_w_scales)
{
  for (size_t i = 0; i < n; i++)
    {
      multiplier[i] = x_scale * w_scales[n_w_scales == 1 ? 0 : i];
      bias[i] = b != NULL ? b[i] : 0.0f;
    }

  clear_tail (multiplier, bias, n);
}

size_t
lfb_accumulation_limit (bool weight_zero_points)
{
  /* |x - zx| <= 255 and |w| <= 128, |w - zw| <= 255. */
  return (size_t) ((UINT64_C (1) << 31) / (weight_zero_points ? 255 * 255 : 255 * 128));
}

bool
lfb_addend_fits (float product_scale,
                 float scale,
                 float y_scale)
{
  return product_scale < 1e35f && scale < 1e35f && 1.0f / y_scale < 3e38f;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Layer normalization of floats.  The contract is layer_norm.h. */

#include <lowerfb/kernels/layer_norm.h>

#include <lowerfb/kernels/c/sums.h>

#include <math.h>

void
lfb_layer_norm_f32_c (const float *x,
                      float       *y,
                      size_t       n,
                      const float *gamma,
                      const float *beta,
                      double       eps)
{
  double sums[LFB_PARTIAL_SUMS] = { 0.0 }, squares[LFB_PARTIAL_SUMS] = { 0.0 };
  double mean;
  float center, r;

  for (size_t i = 0; i < n; i++)
    sums[i % LFB_PARTIAL_SUMS] += (double) x[i];

  mean = lfb_sum_of_parts (sums) / (double) n;

  for (size_t i = 0; i < n; i++)
    {
      double difference = (double) x[i] - mean;

      squares[i % LFB_PARTIAL_SUMS] += difference * difference;
    }

  center = (float) mean;
  r = (float) (1.0 / sqrt (lfb_sum_of_parts (squares) / (double) n + eps));

  for (size_t i = 0; i < n; i++)
    {
      float value = (x[i] - center) * r;

      if (gamma != NULL)
        value = value * gamma[i];

      if (beta != NULL)
        value = value + beta[i];

      y[i] = value;
    }
}

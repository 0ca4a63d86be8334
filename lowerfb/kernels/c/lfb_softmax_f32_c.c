/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Softmax of floats.  The contract is softmax.h. */

#include <lowerfb/kernels/c/softmax.h>

static void
softmax_line (const float    *x,
              float          *y,
              size_t          n,
              size_t          stride,
              LfbSoftmaxKind  kind)
{
  float sign = kind == LFB_SOFTMIN ? -1.0f : 1.0f;
  float max = -INFINITY;
  double sums[LFB_PARTIAL_SUMS] = { 0.0 };
  double sum, log;

  for (size_t i = 0; i < n; i++)
    max = lfb_softmax_larger (sign * x[i * stride], max);

  for (size_t i = 0; i < n; i++)
    {
      float difference = sign * x[i * stride] - max;
      float e = lfb_exp_one (difference);

      sums[i % LFB_PARTIAL_SUMS] += (double) e;
      y[i * stride] = kind == LFB_LOG_SOFTMAX ? difference : e;
    }

  sum = lfb_sum_of_parts (sums);
  log = kind == LFB_LOG_SOFTMAX ? lfb_softmax_log (sum) : 0.0;

  for (size_t i = 0; i < n; i++)
    if (kind == LFB_LOG_SOFTMAX)
      y[i * stride] = (float) ((double) y[i * stride] - log);
    else
      y[i * stride] = y[i * stride] / (float) sum;
}

void
lfb_softmax_f32_c (const float    *x,
                   float          *y,
                   size_t          n,
                   size_t          inner,
                   LfbSoftmaxKind  kind)
{
  for (size_t i = 0; i < inner && n > 0; i++)
    softmax_line (x + i, y + i, n, inner, kind);
}

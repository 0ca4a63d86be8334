/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Average pools of qint8, plain and adaptive.  The contract is avg_pool.h. */

#include <lowerfb/kernels/c/avg_pool.h>

static void
add (LfbAvgSums *sums,
     const void *x,
     size_t      n)
{
  const int8_t *restrict source = x;

  for (size_t i = 0; i < n; i++)
    sums->s32[i] += source[i];
}

static void
finish (const LfbAvgSums   *sums,
        const LfbAvgWindow *taps,
        const LfbAverage   *average,
        void               *y,
        size_t              n)
{
  int8_t *target = y;
  int32_t zero_point = average->zero_point;
  int32_t bias = (int32_t) taps->count * zero_point;
  float reciprocal = 1.0f / (float) taps->divisor;
  float low = (float) (-128 - zero_point);
  float high = (float) (127 - zero_point);

  for (size_t i = 0; i < n; i++)
    target[i] = (int8_t) lfb_avg_one (sums->s32[i], bias, reciprocal, low, high, zero_point);
}

void
lfb_avg_pool_s8_c (const LfbWindow  *window,
                   const LfbPixels  *pixels,
                   const LfbAverage *average,
                   const int8_t     *x,
                   int8_t           *y)
{
  lfb_avg_pool_walk (window, pixels, average, x, y, false, sizeof *y, add, finish);
}

void
lfb_adaptive_avg_pool_s8_c (const LfbWindow  *window,
                            const LfbPixels  *pixels,
                            const LfbAverage *average,
                            const int8_t     *x,
                            int8_t           *y)
{
  lfb_avg_pool_walk (window, pixels, average, x, y, true, sizeof *y, add, finish);
}

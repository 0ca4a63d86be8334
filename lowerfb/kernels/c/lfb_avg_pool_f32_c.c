/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Average pools of float32, plain and adaptive.  The contract is avg_pool.h. */

#include <lowerfb/kernels/c/avg_pool.h>

static void
add (LfbAvgSums *sums,
     const void *x,
     size_t      n)
{
  const float *restrict source = x;

  for (size_t i = 0; i < n; i++)
    sums->f32[i] += source[i];
}

static void
finish (const LfbAvgSums   *sums,
        const LfbAvgWindow *taps,
        const LfbAverage   *average,
        void               *y,
        size_t              n)
{
  float *target = y;

  (void) average;

  for (size_t i = 0; i < n; i++)
    target[i] = sums->f32[i] / taps->divisor;
}

void
lfb_avg_pool_f32_c (const LfbWindow  *window,
                    const LfbPixels  *pixels,
                    const LfbAverage *average,
                    const float      *x,
                    float            *y)
{
  lfb_avg_pool_walk (window, pixels, average, x, y, false, sizeof *y, add, finish);
}

void
lfb_adaptive_avg_pool_f32_c (const LfbWindow  *window,
                             const LfbPixels  *pixels,
                             const LfbAverage *average,
                             const float      *x,
                             float            *y)
{
  lfb_avg_pool_walk (window, pixels, average, x, y, true, sizeof *y, add, finish);
}

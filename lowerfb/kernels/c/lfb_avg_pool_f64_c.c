/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Average pools of float64, plain and adaptive.  The contract is avg_pool.h. */

#define LFB_REAL double
#define LFB_SUMS f64
#include <lowerfb/kernels/c/avg_pool_real.h>

void
lfb_avg_pool_f64_c (const LfbWindow  *window,
                    const LfbPixels  *pixels,
                    const LfbAverage *average,
                    const double     *x,
                    double           *y)
{
  lfb_avg_pool_walk (window, pixels, average, x, y, false, sizeof *y, add, finish);
}

void
lfb_adaptive_avg_pool_f64_c (const LfbWindow  *window,
                             const LfbPixels  *pixels,
                             const LfbAverage *average,
                             const double     *x,
                             double           *y)
{
  lfb_avg_pool_walk (window, pixels, average, x, y, true, sizeof *y, add, finish);
}

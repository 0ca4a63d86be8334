/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How the average pools of LFB_REAL, float or double, add a tap and divide;
 * LFB_SUMS is the member of LfbAvgSums.  avg_pool.h is the contract.
 */

#include <lowerfb/kernels/c/avg_pool.h>

static void
add (LfbAvgSums *sums,
     const void *x,
     size_t      n)
{
  const LFB_REAL *restrict source = x;

  for (size_t i = 0; i < n; i++)
    sums->LFB_SUMS[i] += source[i];
}

static void
finish (const LfbAvgSums   *sums,
        const LfbAvgWindow *taps,
        const LfbAverage   *average,
        void               *y,
        size_t              n)
{
  LFB_REAL divisor = taps->divisor;
  LFB_REAL *target = y;

  (void) average;

  for (size_t i = 0; i < n; i++)
    target[i] = sums->LFB_SUMS[i] / divisor;
}

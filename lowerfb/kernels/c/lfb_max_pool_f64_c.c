/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Max pool of float64.  The contract is max_pool.h. */

#include <lowerfb/kernels/max_pool.h>

#define LFB_REAL double
#include <lowerfb/kernels/c/max_pool_real.h>

void
lfb_max_pool_f64_c (const LfbWindow *window,
                    const LfbPixels *pixels,
                    const double    *x,
                    double          *y)
{
  lfb_max_pool_walk (window, pixels, x, y, sizeof *y, begin, take);
}

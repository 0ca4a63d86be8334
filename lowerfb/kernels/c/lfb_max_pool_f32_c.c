/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Max pool of float32.  The contract is max_pool.h. */

#include <lowerfb/kernels/max_pool.h>

#include <math.h>

#include <lowerfb/kernels/c/max_pool.h>

static void
begin (void   *y,
       size_t  n)
{
  float *target = y;

  for (size_t i = 0; i < n; i++)
    target[i] = -INFINITY;
}

static void
take (void       *y,
      const void *x,
      size_t      n)
{
  float *restrict target = y;
  const float *restrict source = x;

  for (size_t i = 0; i < n; i++)
    target[i] = source[i] > target[i] || source[i] != source[i] ? source[i] : target[i];
}

void
lfb_max_pool_f32_c (const LfbWindow *window,
                    const LfbPixels *pixels,
                    const float     *x,
                    float           *y)
{
  lfb_max_pool_walk (window, pixels, x, y, sizeof *y, begin, take);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How the max pool of LFB_REAL, float or double, begins a pixel and takes a tap;
 * max_pool.h is the contract.
 */

#include <math.h>

#include <lowerfb/kernels/c/max_pool.h>

static void
begin (void   *y,
       size_t  n)
{
  LFB_REAL *target = y;

  for (size_t i = 0; i < n; i++)
    target[i] = -INFINITY;
}

static void
take (void       *y,
      const void *x,
      size_t      n)
{
  LFB_REAL *restrict target = y;
  const LFB_REAL *restrict source = x;

  for (size_t i = 0; i < n; i++)
    target[i] = source[i] > target[i] || source[i] != source[i] ? source[i] : target[i];
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Max pool of quint8.  The contract is max_pool.h. */

#include <lowerfb/kernels/max_pool.h>

#include <string.h>

#include <lowerfb/kernels/c/max_pool.h>

static void
begin (void   *y,
       size_t  n)
{
  memset (y, 0, n);
}

static void
take (void       *y,
      const void *x,
      size_t      n)
{
  uint8_t *restrict target = y;
  const uint8_t *restrict source = x;

  for (size_t i = 0; i < n; i++)
    target[i] = source[i] > target[i] ? source[i] : target[i];
}

void
lfb_max_pool_u8_c (const LfbWindow *window,
                   const LfbPixels *pixels,
                   const uint8_t   *x,
                   uint8_t         *y)
{
  lfb_max_pool_walk (window, pixels, x, y, sizeof *y, begin, take);
}

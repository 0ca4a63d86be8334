/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Clamp of qint8.  The contract is clamp.h. */

#include <lowerfb/kernels/clamp.h>

void
lfb_clamp_s8_c (const int8_t *x,
                int8_t       *y,
                size_t        n,
                int8_t        low,
                int8_t        high)
{
  for (size_t i = 0; i < n; i++)
    {
      int8_t value = x[i] < low ? low : x[i];

      y[i] = value > high ? high : value;
    }
}

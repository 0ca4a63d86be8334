/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Clamp of quint8.  The contract is clamp.h. */

#include <lowerfb/kernels/clamp.h>

void
lfb_clamp_u8_c (const uint8_t *x,
                uint8_t       *y,
                size_t         n,
                uint8_t        low,
                uint8_t        high)
{
  for (size_t i = 0; i < n; i++)
    {
      uint8_t value = x[i] < low ? low : x[i];

      y[i] = value > high ? high : value;
    }
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Table lookup of bytes.  The contract is lookup.h. */

#include <lowerfb/kernels/lookup.h>

void
lfb_lookup_u8_c (const uint8_t *x,
                 uint8_t       *y,
                 size_t         n,
                 const uint8_t *table)
{
  for (size_t i = 0; i < n; i++)
    y[i] = table[x[i]];
}

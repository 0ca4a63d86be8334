/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sum of two quint8.  The contract is binary.h. */

#include <lowerfb/kernels/c/binary.h>

void
lfb_add_u8_c (const uint8_t        *a,
              const uint8_t        *b,
              uint8_t              *y,
              size_t                n,
              const LfbBinaryRange *range)
{
  /* A copy, which writing y cannot change. */
  LfbBinaryRange r = *range;
  LfbBinaryConstants c = lfb_binary_constants (&r, 0, 255);

  for (size_t i = 0; i < n; i++)
    y[i] = (uint8_t) lfb_add_one (a[i], b[i], &r, &c);
}

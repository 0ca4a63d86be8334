/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sum of two qint8.  The contract is binary.h. */

#include <lowerfb/kernels/c/binary.h>

void
lfb_add_s8_c (const int8_t         *a,
              const int8_t         *b,
              int8_t               *y,
              size_t                n,
              const LfbBinaryRange *range)
{
  /* A copy, which writing y cannot change. */
  LfbBinaryRange r = *range;
  LfbBinaryConstants c = lfb_binary_constants (&r, -128, 127);

  for (size_t i = 0; i < n; i++)
    y[i] = (int8_t) lfb_add_one (a[i], b[i], &r, &c);
}

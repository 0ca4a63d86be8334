/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sum and sum of squares of qint8.  The contract is norm.h. */

#include <lowerfb/kernels/norm.h>

void
lfb_moments_s8_c (const int8_t *x,
                  size_t       n,
                  int32_t      zero_point,
                  int64_t     *sum,
                  int64_t     *squares)
{
  int64_t total = 0;
  int64_t total_squares = 0;

  for (size_t i = 0; i < n; i++)
    {
      int32_t difference = x[i] - zero_point;

      total += difference;
      total_squares += difference * difference;
    }

  *sum = total;
  *squares = total_squares;
}

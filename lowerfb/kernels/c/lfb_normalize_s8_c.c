/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Normalization of qint8.  The contract is norm.h. */

#include <lowerfb/kernels/c/norm.h>

void
lfb_normalize_s8_c (const int8_t       *x,
                    int8_t             *y,
                    size_t              n,
                    const LfbNormalize *norm)
{
  /* A copy, which writing y cannot change. */
  const LfbNormalize copy = *norm;
  LfbNormEnds ends = lfb_norm_ends (-128, 127, copy.y_zero_point);
  float reciprocal = 1.0f / copy.y_scale;

  for (size_t i = 0; i < n; i++)
    y[i] = (int8_t) lfb_normalize_one (x[i], i, &copy, reciprocal, &ends);
}

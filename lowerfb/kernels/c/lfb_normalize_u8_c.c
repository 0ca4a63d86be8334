/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Normalization of quint8.  The contract is norm.h. */

#include <lowerfb/kernels/c/norm.h>

void
lfb_normalize_u8_c (const uint8_t      *x,
                    uint8_t            *y,
                    size_t              n,
                    const LfbNormalize *norm)
{
  /* A copy, which writing y cannot change. */
  const LfbNormalize copy = *norm;
  LfbNormEnds ends = lfb_norm_ends (0, 255, copy.y_zero_point);
  float reciprocal = 1.0f / copy.y_scale;

  for (size_t i = 0; i < n; i++)
    y[i] = (uint8_t) lfb_normalize_one (x[i], i, &copy, reciprocal, &ends);
}

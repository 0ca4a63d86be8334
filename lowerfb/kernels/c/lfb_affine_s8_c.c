/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Scaling and shifting of qint8.  The contract is norm.h. */

#include <lowerfb/kernels/c/norm.h>

void
lfb_affine_s8_c (const int8_t    *x,
                 int8_t          *y,
                 size_t           n,
                 const LfbAffine *affine)
{
  /* A copy, which writing y cannot change. */
  const LfbAffine copy = *affine;
  LfbNormEnds ends = lfb_norm_ends (copy.y_min, 127, copy.y_zero_point);

  for (size_t i = 0; i < n; i++)
    y[i] = (int8_t) lfb_affine_one (x[i], &copy, &ends);
}

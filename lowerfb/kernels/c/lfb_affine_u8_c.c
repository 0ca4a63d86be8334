/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Scaling and shifting of quint8.  The contract is norm.h. */

#include <lowerfb/kernels/c/norm.h>

void
lfb_affine_u8_c (const uint8_t   *x,
                 uint8_t         *y,
                 size_t           n,
                 const LfbAffine *affine)
{
  /* A copy, which writing y cannot change. */
  const LfbAffine copy = *affine;
  LfbNormEnds ends = lfb_norm_ends (copy.y_min, 255, copy.y_zero_point);

  for (size_t i = 0; i < n; i++)
    y[i] = (uint8_t) lfb_affine_one (x[i], &copy, &ends);
}

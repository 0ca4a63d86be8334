/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The functions of exp.h and c/functions.h in vectors, operation by operation. */

#pragma once

#include <lowerfb/kernels/c/functions.h>
#include <lowerfb/kernels/simd/doubles.h>

LFB_INLINE LfbVd
lfb_vd_pair (LfbVd a,
             LfbVd b,
             LfbVd x)
{
  return lfb_vd_add (a, lfb_vd_mul (b, x));
}

LFB_INLINE LfbVd
lfb_vd_exp_series (LfbVd r)
{
  LfbVd r2 = lfb_vd_mul (r, r), r4 = lfb_vd_mul (r2, r2), r8 = lfb_vd_mul (r4, r4);

  return lfb_vd_add (lfb_vd_mul (LFB_EXP_POLYNOMIAL (lfb_vd_pair, lfb_vd_fill, r, r2, r4, r8), r2), r);
}

/* exp (r) = exp (x) / 2^k, k in the low bits of @shifted. */
LFB_INLINE LfbVd
lfb_vd_rest (LfbVd x,
             LfbVd shifted)
{
  LfbVd k = lfb_vd_sub (shifted, lfb_vd_fill (LFB_TO_INTEGER));

  return lfb_vd_sub (lfb_vd_sub (x, lfb_vd_mul (k, lfb_vd_fill (LFB_LN2_HIGH))), lfb_vd_mul (k, lfb_vd_fill (LFB_LN2_LOW)));
}

LFB_INLINE LfbVd
lfb_vd_shifted (LfbVd x)
{
  return lfb_vd_add (lfb_vd_mul (x, lfb_vd_fill (1 / LFB_LN2)), lfb_vd_fill (LFB_TO_INTEGER));
}

LFB_INLINE LfbVd
lfb_vd_exp (LfbVd x)
{
  LfbVd shifted = lfb_vd_shifted (x);
  LfbVd series = lfb_vd_exp_series (lfb_vd_rest (x, shifted));

  return lfb_vd_mul (lfb_vd_add (series, lfb_vd_fill (1.0)), lfb_vd_power (shifted));
}

/* exp (x) - 1 for x >= 0: below 0.4, where k is 0, the series alone. */
LFB_INLINE LfbVd
lfb_vd_expm1 (LfbVd x)
{
  LfbVd border = lfb_vd_fill (0.4);
  LfbVd shifted = lfb_vd_if_less (x, border, lfb_vd_fill (LFB_TO_INTEGER), lfb_vd_shifted (x));
  LfbVd series = lfb_vd_exp_series (lfb_vd_rest (x, shifted));
  LfbVd whole = lfb_vd_mul (lfb_vd_add (series, lfb_vd_fill (1.0)), lfb_vd_power (shifted));

  return lfb_vd_if_less (x, border, series, lfb_vd_sub (whole, lfb_vd_fill (1.0)));
}

LFB_INLINE LfbVf
lfb_vf_cut (LfbVf x,
            float low,
            float high)
{
  return lfb_vf_min (lfb_vf_fill (high), lfb_vf_max (lfb_vf_fill (low), x));
}

LFB_INLINE LfbVf
lfb_vf_exp (LfbVf x)
{
  LfbVd2 wide = lfb_vd2_of (lfb_vf_cut (x, -150.0f, 100.0f));

  return lfb_vf_of_vd (lfb_vd_exp (wide.low), lfb_vd_exp (wide.high));
}

LFB_INLINE LfbVd
lfb_vd_sigmoid (LfbVd x)
{
  LfbVd one = lfb_vd_fill (1.0);

  return lfb_vd_div (one, lfb_vd_add (one, lfb_vd_exp (lfb_vd_mul (x, lfb_vd_fill (-1.0)))));
}

LFB_INLINE LfbVf
lfb_vf_sigmoid (LfbVf x)
{
  LfbVd2 wide = lfb_vd2_of (lfb_vf_cut (x, -150.0f, 150.0f));

  return lfb_vf_of_vd (lfb_vd_sigmoid (wide.low), lfb_vd_sigmoid (wide.high));
}

LFB_INLINE LfbVd
lfb_vd_tanh (LfbVd x)
{
  LfbVd a = lfb_vd_min (lfb_vd_fill (22.0), lfb_vd_abs (x));
  LfbVd t = lfb_vd_expm1 (lfb_vd_mul (lfb_vd_fill (2.0), a));

  return lfb_vd_signed (lfb_vd_div (t, lfb_vd_add (t, lfb_vd_fill (2.0))), x);
}

LFB_INLINE LfbVf
lfb_vf_tanh (LfbVf x)
{
  LfbVd2 wide = lfb_vd2_of (x);

  return lfb_vf_of_vd (lfb_vd_tanh (wide.low), lfb_vd_tanh (wide.high));
}

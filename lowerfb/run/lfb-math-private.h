/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Transcendental functions that have the same bits on every CPU and with every
 * C library (numerics.md, last sentence): double arithmetic in one fixed
 * order. Close to the last bit of double, so that the float32 functions made
 * from them by one rounding are the float32 nearest to the true value but for
 * a few arguments in a hundred million. The functions of one float that kernels
 * share, lfb_exp_one() and the like, are as good.
 */

#pragma once

#include <math.h>

#include <lowerfb/kernels/c/functions.h>

double lfb_exp   (double x);
double lfb_expm1 (double x);
double lfb_log   (double x);
double lfb_log1p (double x);
double lfb_sin   (double x);
double lfb_cos   (double x);
double lfb_tan   (double x);
double lfb_asin  (double x);
double lfb_acos  (double x);
double lfb_atan  (double x);
double lfb_atan2 (double y,
                  double x);
double lfb_sinh  (double x);
double lfb_cosh  (double x);
double lfb_tanh  (double x);
double lfb_erf   (double x);
double lfb_erfc  (double x);
double lfb_pow   (double x,
                  double y);

static inline double
lfb_sigmoid (double x)
{
  return 1 / (1 + lfb_exp (-x));
}

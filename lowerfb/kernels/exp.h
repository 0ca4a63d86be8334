/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The exponential function and the logarithm, in double arithmetic of one fixed order, so that it
 * has the same bits on every CPU: exp (x) = 2^k exp (r), |r| <= ln 2 / 2 or a
 * little more, and of exp (r) the series that defines it, carried far enough for
 * double.
 */

#pragma once

#include <math.h>
#include <stdint.h>
#include <string.h>

/* ln 2 in two parts: the first has few enough bits that its products with
 * exponents are exact. */
#define LFB_LN2_HIGH 6.93147180369123816490e-01
#define LFB_LN2_LOW  1.90821492927058770002e-10
#define LFB_LN2      6.93147180559945309417e-01

/* Added to a double below 2^51, it leaves the nearest integer in the low bits. */
#define LFB_TO_INTEGER 6755399441055744.0

/* a + b x, of which polynomials are made in pairs, pairs of pairs and so on: so
 * made they wait less for their own steps than one power after the other. */
static inline double
lfb_pair (double a,
          double b,
          double x)
{
  return a + b * x;
}

/* (exp (r) - 1 - r) / r^2: @P makes pairs, @K constants. */
#define LFB_EXP_POLYNOMIAL(P, K, r, r2, r4, r8) \
  P (P (P (P (K (1.0 / 2), K (1.0 / 6), r), P (K (1.0 / 24), K (1.0 / 120), r), r2), \
        P (P (K (1.0 / 720), K (1.0 / 5040), r), P (K (1.0 / 40320), K (1.0 / 362880), r), r2), r4), \
     P (P (K (1.0 / 3628800), K (1.0 / 39916800), r), P (K (1.0 / 479001600), K (1.0 / 6227020800), r), r2), r8)

#define LFB_CONSTANT(x) (x)

/* exp (r) - 1 */
static inline double
lfb_exp_series (double r)
{
  double r2 = r * r, r4 = r2 * r2, r8 = r4 * r4;

  return LFB_EXP_POLYNOMIAL (lfb_pair, LFB_CONSTANT, r, r2, r4, r8) * r2 + r;
}

/* exp (x) for |x| <= 700 and NaN. */
static inline double
lfb_exp_bounded (double x)
{
  double shifted = x * (1 / LFB_LN2) + LFB_TO_INTEGER;
  double k = shifted - LFB_TO_INTEGER;
  double r = (x - k * LFB_LN2_HIGH) - k * LFB_LN2_LOW;
  double power;
  uint64_t bits;

  /* The exponent of 2^k: what is above it in `shifted` falls off. */
  memcpy (&bits, &shifted, sizeof bits);
  bits = (bits + 1023) << 52;
  memcpy (&power, &bits, sizeof power);

  return (lfb_exp_series (r) + 1) * power;
}

/* exp (x) - 1 for 0 <= x <= 700 and NaN. */
static inline double
lfb_expm1_bounded (double x)
{
  return x < 0.4 ? lfb_exp_series (x) : lfb_exp_bounded (x) - 1;
}

/* 2 artanh (s) = log ((1 + s) / (1 - s)), |s| <= 0.2 */
static inline double
lfb_log_series (double s)
{
  double z = s * s;
  double sum = 0;

  for (int i = 27; i >= 3; i -= 2)
    sum = (sum + 1.0 / i) * z;

  return 2 * s + 2 * s * sum;
}

/* log (x) of a finite x > 0. */
static inline double
lfb_log_finite (double x)
{
  int exponent;
  double m = frexp (x, &exponent);

  if (m < 0.70710678118654752440)
    {
      m *= 2;
      exponent--;
    }

  return (lfb_log_series ((m - 1) / (m + 1)) + exponent * LFB_LN2_LOW) + exponent * LFB_LN2_HIGH;
}

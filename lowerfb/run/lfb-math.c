/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-math-private.h; exponential and logarithm are those of the kernels. Series and continued fractions from the textbook
 * definitions, carried far enough for double. Of the C library only what IEEE
 * 754 fixes to the bit is called: sqrt, floor, rint, fmod, frexp, ldexp.
 */

#include <lowerfb/run/lfb-math-private.h>

#include <stdbool.h>

#define HALF_PI  1.57079632679489661923
#define PI       3.14159265358979323846

double
lfb_exp (double x)
{
  double k, r;

  if (x != x)
    return x;
  if (x > 709.782712893384)
    return INFINITY;
  if (x < -745.2)
    return 0;

  k = rint (x * (1 / LFB_LN2));
  r = (x - k * LFB_LN2_HIGH) - k * LFB_LN2_LOW;

  return ldexp (lfb_exp_series (r) + 1, (int) k);
}

double
lfb_expm1 (double x)
{
  if (fabs (x) < 0.4)
    return lfb_exp_series (x);

  return lfb_exp (x) - 1;
}

double
lfb_log (double x)
{
  if (x != x || x == INFINITY)
    return x;
  if (x == 0)
    return -INFINITY;
  if (x < 0)
    return NAN;

  return lfb_log_finite (x);
}

double
lfb_log1p (double x)
{
  if (fabs (x) < 0.4)
    return lfb_log_series (x / (2 + x));

  return lfb_log (1 + x);
}

double
lfb_sinh (double x)
{
  double a = fabs (x), t, y;

  if (a > 40)
    {
      y = lfb_exp (a - LFB_LN2);
    }
  else
    {
      t = lfb_expm1 (a);
      y = (t + t / (t + 1)) / 2;
    }

  return x < 0 ? -y : y;
}

double
lfb_cosh (double x)
{
  double a = fabs (x), t;

  if (a > 40)
    return lfb_exp (a - LFB_LN2);
  t = lfb_exp (a);

  return (t + 1 / t) / 2;
}

double
lfb_tanh (double x)
{
  return copysign (lfb_tanh_double (fabs (x)), x);
}

static double
atan_series (double x)
{
  double z = x * x;
  double sum = 0;

  /* |x| <= tan (pi / 16) */
  for (int i = 23; i >= 3; i -= 2)
    sum = (1.0 / i - sum) * z;

  return x - x * sum;
}

double
lfb_atan (double x)
{
  /* tan of pi / 16, 3 pi / 16, 5 pi / 16, 7 pi / 16: the borders between the
   * multiples of pi / 8 that are subtracted.
   */
  static const double borders[] = {
    0.19891236737965800691, 0.66817863791929891999, 1.49660576266548901760, 5.02733949212584810451,
  };
  static const double tangents[] = { 0, 0.41421356237309504880, 1, 2.41421356237309504880 };
  double a = fabs (x), y;
  int step = 0;

  if (x != x)
    return x;
  while (step < 4 && a > borders[step])
    step++;
  if (step == 4)
    y = HALF_PI - atan_series (1 / a);
  else
    y = step * (PI / 8) + atan_series ((a - tangents[step]) / (1 + a * tangents[step]));

  return x < 0 ? -y : y;
}

double
lfb_atan2 (double y,
           double x)
{
  double angle;

  if (x != x || y != y)
    return NAN;
  if (y == 0)
    return signbit (x) ? copysign (PI, y) : y;
  if (x == 0)
    return copysign (HALF_PI, y);
  if (isinf (x) && isinf (y))
    angle = PI / 4;
  else
    angle = lfb_atan (fabs (y / x));

  return copysign (x < 0 ? PI - angle : angle, y);
}

double
lfb_asin (double x)
{
  return lfb_atan2 (x, sqrt ((1 - x) * (1 + x)));
}

double
lfb_acos (double x)
{
  return lfb_atan2 (sqrt ((1 - x) * (1 + x)), x);
}

/* All terms positive: no cancellation; for |x| <= 3. */
static double
erf_series (double x)
{
  double term = x, sum = x;

  for (int i = 1; i < 80 && term > sum * 1e-18; i++)
    {
      term *= 2 * x * x / (2 * i + 1);
      sum += term;
    }

  return 1.12837916709551257390 * lfb_exp (-x * x) * sum;
}

/* The continued fraction of erfc, for x >= 1: the smaller x, the longer. The
 * square in the exponent is taken apart, else its rounding error would grow
 * with it.
 */
static double
erfc_fraction (double x)
{
  double high = (float) x, low = x - high, tail = x;

  for (int i = 30 + (int) (200 / (x * x)); i >= 1; i--)
    tail = x + i * 0.5 / tail;

  return lfb_exp (-high * high) * lfb_exp (-low * (x + high)) / (tail * 1.77245385090551602730);
}

double
lfb_erf (double x)
{
  double a = fabs (x), y;

  if (x != x)
    return x;
  if (a == 0)
    return x;
  y = a < 1.5 ? erf_series (a) : a > 6 ? 1 : 1 - erfc_fraction (a);

  return x < 0 ? -y : y;
}

double
lfb_erfc (double x)
{
  if (x > 1)
    return x > 28 ? 0 : erfc_fraction (x);

  return 1 - lfb_erf (x);
}

static double
integer_power (double x,
               int    n)
{
  double result = 1;

  for (unsigned left = n < 0 ? -(unsigned) n : (unsigned) n; left > 0; left >>= 1)
    {
      if (left & 1)
        result *= x;
      x *= x;
    }

  return n < 0 ? 1 / result : result;
}

/* C's pow, special cases included. Small integer powers are products. */
double
lfb_pow (double x,
         double y)
{
  bool integer, odd;
  double a, result;

  if (y == 0 || x == 1)
    return 1;
  if (x != x || y != y)
    return NAN;

  integer = floor (y) == y;
  odd = integer && fabs (y) < 9007199254740992.0 && fmod (y, 2) != 0;
  if (integer && fabs (y) <= 64 && isfinite (x) && x != 0)
    return integer_power (x, (int) y);
  if (y == 0.5 && x >= 0)
    return sqrt (x);

  a = fabs (x);
  if (isinf (y))
    result = a == 1 ? 1 : (a > 1) == (y > 0) ? INFINITY : 0;
  else if (a == 0 || isinf (a))
    result = (a == 0) == (y > 0) ? 0 : INFINITY;
  else if (x < 0 && !integer)
    return NAN;
  else
    result = lfb_exp (y * lfb_log (a));

  return odd && signbit (x) ? -result : result;
}

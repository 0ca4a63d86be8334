/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sine, cosine and tangent; see lfb-math-private.h. Arguments are reduced to
 * +-pi / 4 by subtracting multiples of pi / 2: in three parts of which the
 * first products are exact (Cody and Waite) where the multiple is small, by
 * multiplying with the needed bits of 2 / pi (Payne and Hanek) where it is not.
 */

#include <lowerfb/run/lfb-math-private.h>

#include <stdint.h>

/* pi / 2: twice 33 bits, and the rest. */
#define HALF_PI_1    1.57079632673412561417e+00
#define HALF_PI_2    6.07710050630396597660e-11
#define HALF_PI_REST 2.02226624879595063154e-21
#define HALF_PI      1.57079632679489661923

/* The bits of 2 / pi after the point. */
static const uint32_t two_over_pi[] = {
  0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599, 0x3c439041,
  0xfe5163ab, 0xdebbc561, 0xb7246e3a, 0x424dd2e0, 0x06492eea, 0x09d1921c,
  0xfe1deb1c, 0xb129a73e, 0xe88235f5, 0x2ebb4484, 0xe99c7026, 0xb45f7e41,
  0x3991d639, 0x835339f4, 0x9c845f8b, 0xbdf9283b, 0x1ff897ff, 0xde05980f,
  0xef2f118b, 0x5a0a6d1f, 0x6d367ecf, 0x27cb09b7, 0x4f463f66, 0x9e5fea2d,
  0x7527bac7, 0xebe5f17b, 0x3d0739f7, 0x8a5292ea, 0x6bfb5fb1, 0x1f8d5d08,
  0x56033046, 0xfc7b6bab,
};

#define WORDS 6

/* x * 2 / pi modulo 4 for x >= 2^19: its integer part is returned, the rest,
 * in -0.5 to 0.5, times pi / 2 is set.
 */
static int
reduce_large (double  x,
              double *rest)
{
  uint32_t product[WORDS + 2] = { 0 };   /* low word first */
  uint64_t mantissa, high, low;
  int exponent, first, shift, quadrant;
  double fraction;

  mantissa = (uint64_t) ldexp (frexp (x, &exponent), 53);
  exponent -= 53;

  /* The first word that is not a multiple of 4 throughout. */
  first = exponent < 34 ? 0 : (exponent - 34) / 32 + 1;
  for (int i = 0; i < WORDS; i++)
    {
      uint64_t word = two_over_pi[first + WORDS - 1 - i];
      uint64_t carry = 0, sum;

      sum = product[i] + word * (uint32_t) mantissa;
      product[i] = (uint32_t) sum;
      carry = sum >> 32;
      sum = product[i + 1] + word * (uint32_t) (mantissa >> 32) + carry;
      product[i + 1] = (uint32_t) sum;
      product[i + 2] = (uint32_t) (sum >> 32);
    }

  /* The point is after bit shift - 1. */
  shift = 32 * (first + WORDS) - exponent;
#define BITS(at) ((at) < 0 ? 0 : (uint64_t) product[(at) / 32] >> (at) % 32 | \
                  ((at) / 32 + 1 < WORDS + 2 ? (uint64_t) product[(at) / 32 + 1] << (32 - (at) % 32) : 0))
  quadrant = (int) (BITS (shift) & 3);
  high = (BITS (shift - 32) & 0xffffffff) << 32 | (BITS (shift - 64) & 0xffffffff);
  low = (BITS (shift - 96) & 0xffffffff) << 32 | (BITS (shift - 128) & 0xffffffff);
#undef BITS

  if (high >> 63)
    {
      /* Above a half: the next integer, and how much is missing to it. */
      quadrant++;
      low = -low;
      high = ~high + (low == 0);
      fraction = -(ldexp ((double) high, -64) + ldexp ((double) low, -128));
    }
  else
    {
      fraction = ldexp ((double) high, -64) + ldexp ((double) low, -128);
    }
  *rest = fraction * HALF_PI;

  return quadrant & 3;
}

static int
reduce (double  x,
        double *rest)
{
  double k, r;

  if (x >= 524288)
    return reduce_large (x, rest);

  k = rint (x * (1 / HALF_PI));
  r = x - k * HALF_PI_1;
  r -= k * HALF_PI_2;
  *rest = r - k * HALF_PI_REST;

  return (int) k & 3;
}

static double
sin_series (double x)
{
  double z = x * x, sum = 0;

  for (int i = 18; i >= 2; i -= 2)
    sum = (1 - sum) * z / (i * (i + 1));

  return x - x * sum;
}

static double
cos_series (double x)
{
  double z = x * x, sum = 0;

  for (int i = 18; i >= 2; i -= 2)
    sum = (1 - sum) * z / (i * (i - 1));

  return 1 - sum;
}

double
lfb_sin (double x)
{
  double a = fabs (x), rest, y;
  int quadrant;

  if (!isfinite (x))
    return NAN;
  quadrant = reduce (a, &rest);
  y = quadrant & 1 ? cos_series (rest) : sin_series (rest);
  if (quadrant & 2)
    y = -y;

  return signbit (x) ? -y : y;
}

double
lfb_cos (double x)
{
  double rest, y;
  int quadrant;

  if (!isfinite (x))
    return NAN;
  quadrant = reduce (fabs (x), &rest);
  y = quadrant & 1 ? sin_series (rest) : cos_series (rest);

  return quadrant == 1 || quadrant == 2 ? -y : y;
}

double
lfb_tan (double x)
{
  return lfb_sin (x) / lfb_cos (x);
}

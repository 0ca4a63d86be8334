/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* 16-bit floats: float16 (IEEE 754) and bfloat16, rounded to nearest, ties to
 * even, by integer arithmetic that is the same on every CPU.
 */

#pragma once

#include <glib.h>
#include <string.h>

static inline float
lfb_bits_to_float (guint32 bits)
{
  float value;

  memcpy (&value, &bits, sizeof value);

  return value;
}

static inline guint32
lfb_float_to_bits (float value)
{
  guint32 bits;

  memcpy (&bits, &value, sizeof bits);

  return bits;
}

static inline float
lfb_half_to_float (guint16 half)
{
  guint32 sign = (guint32) (half & 0x8000) << 16;
  guint32 exponent = (half >> 10) & 0x1f;
  guint32 mantissa = half & 0x3ff;

  if (exponent == 0x1f)
    return lfb_bits_to_float (sign | 0x7f800000 | (mantissa << 13));
  if (exponent != 0)
    return lfb_bits_to_float (sign | ((exponent + 112) << 23) | (mantissa << 13));
  if (mantissa == 0)
    return lfb_bits_to_float (sign);

  /* Subnormal: mantissa * 2^-24, exact in float32. */
  {
    float value = (float) mantissa * lfb_bits_to_float (0x33800000);

    return sign != 0 ? -value : value;
  }
}

static inline guint16
lfb_float_to_half (float value)
{
  guint32 bits = lfb_float_to_bits (value);
  guint16 sign = (bits >> 16) & 0x8000;
  guint32 magnitude = bits & 0x7fffffff;
  guint32 shift, mantissa, rest, half;

  if (magnitude > 0x7f800000)
    return sign | 0x7e00;
  if (magnitude >= 0x477ff000)   /* 65520 and more round to infinity */
    return sign | 0x7c00;
  if (magnitude >= 0x38800000)   /* normal: 2^-14 and more */
    {
      magnitude -= 112u << 23;
      half = magnitude >> 13;
      rest = magnitude & 0x1fff;

      return sign | (half + (rest > 0x1000 || (rest == 0x1000 && (half & 1))));
    }
  if (magnitude < 0x33000000)    /* below 2^-25: zero */
    return sign;

  shift = 126 - (magnitude >> 23);
  mantissa = (magnitude & 0x7fffff) | 0x800000;
  half = mantissa >> shift;
  rest = mantissa & ((1u << shift) - 1);

  return sign | (half + (rest > 1u << (shift - 1) || (rest == 1u << (shift - 1) && (half & 1))));
}

static inline float
lfb_bfloat_to_float (guint16 value)
{
  return lfb_bits_to_float ((guint32) value << 16);
}

static inline guint16
lfb_float_to_bfloat (float value)
{
  guint32 bits = lfb_float_to_bits (value);

  if ((bits & 0x7fffffff) > 0x7f800000)
    return 0x7fc0;

  return (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
}

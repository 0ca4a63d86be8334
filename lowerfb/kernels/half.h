/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* float16 (IEEE 754), rounded to nearest, ties to even, by integer arithmetic
 * that is the same on every CPU.
 */

#pragma once

#include <stdint.h>
#include <string.h>

static inline float
lfb_bits_to_float (uint32_t bits)
{
  float value;

  memcpy (&value, &bits, sizeof value);

  return value;
}

static inline uint32_t
lfb_float_to_bits (float value)
{
  uint32_t bits;

  memcpy (&bits, &value, sizeof bits);

  return bits;
}

static inline float
lfb_half_to_float (uint16_t half)
{
  uint32_t sign = (uint32_t) (half & 0x8000) << 16;
  uint32_t exponent = (half >> 10) & 0x1f;
  uint32_t mantissa = half & 0x3ff;

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

static inline uint16_t
lfb_float_to_half (float value)
{
  uint32_t bits = lfb_float_to_bits (value);
  uint16_t sign = (bits >> 16) & 0x8000;
  uint32_t magnitude = bits & 0x7fffffff;
  uint32_t shift, mantissa, rest, half;

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

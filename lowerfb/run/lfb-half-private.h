/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* 16-bit floats: float16 (IEEE 754), which the kernels know too, and bfloat16,
 * rounded to nearest, ties to even.
 */

#pragma once

#include <glib.h>

#include <lowerfb/kernels/half.h>

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

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One element of quantization and dequantization, as the C kernels share them:
 * numerics.md, "Quantize and dequantize".
 */

#pragma once

#include <lowerfb/kernels/round.h>

/* For 8-bit types: @low and @high are qmin - zero_point and qmax - zero_point,
 * between which rounding and adding the zero point are exact. */
static inline int32_t
lfb_quantize_one (float   x,
                  float   reciprocal,
                  float   low,
                  float   high,
                  int32_t zero_point)
{
  float product = x * reciprocal;

  product = product == product ? product : 0.0f;

  return lfb_round_even (lfb_clamp_float (product, low, high)) + zero_point;
}

/* For s32: beyond 2^33 every zero point leaves the result at the type's end,
 * and up to there double and int64 are exact. */
static inline int32_t
lfb_quantize_one_s32 (float   x,
                      float   reciprocal,
                      int32_t zero_point)
{
  float product = x * reciprocal;
  int64_t q;

  product = product == product ? product : 0.0f;
  q = lfb_round_even_double ((double) lfb_clamp_float (product, -8589934592.0f, 8589934592.0f)) + zero_point;

  return (int32_t) (q < INT32_MIN ? INT32_MIN : q > INT32_MAX ? INT32_MAX : q);
}

/* The difference needs 33 bits, which double has; it rounds to float once. */
static inline float
lfb_dequantize_one_s32 (int32_t q,
                        float   scale,
                        int32_t zero_point)
{
  return (float) ((double) q - (double) zero_point) * scale;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From an exact int32 sum to the output: what linear and convolution share.
 * numerics.md, "Linear and convolution", with x the activation, w the weight,
 * y the output, n an output (column of a linear, channel of a convolution):
 *
 *   static   y = clamp (round ((float (acc) + bias[n]) * multiplier[n]) + y_zero_point, y_min, y_max)
 *   dynamic  y = float (acc) * multiplier[n] + bias[n], then relu
 *
 * each operation rounded to float32, no fused multiply-add; float (acc) rounds
 * to nearest, ties to even.  The clamp is done in float before the conversion
 * to an integer, so that no value overflows it; a NaN, which only infinite
 * parameters make, gives y_min.  relu keeps NaN and -0: (v < 0 ? 0 : v).  Which
 * NaN a float output holds is open.
 *
 * The parameter arrays hold lfb_output_length (n_outputs) floats, 64-byte
 * aligned: vectors may load up to 15 floats past the last output, which the
 * functions below set to 0.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Output stage of a product with a quantized (u8) output. */
typedef struct
{
  const float *multiplier;    /* sx * sw[n] / sy */
  const float *bias;          /* b[n] / (sx * sw[n]) */
  int32_t      x_zero_point;  /* 0 to 255 */
  int32_t      y_zero_point;  /* 0 to 255 */
  int32_t      y_min;         /* 0, or y_zero_point with a fused relu; a clamp that follows may be folded in */
  int32_t      y_max;         /* 255, or less; y_min <= y_max */
} LfbRequantize;

/* Output stage of a product with a float output (dynamic quantization). */
typedef struct
{
  const float *multiplier;    /* sx * sw[n] */
  const float *bias;          /* b[n], 0 without a bias */
  int32_t      x_zero_point;  /* 0 to 255 */
  bool         relu;
} LfbRescale;

/* How many floats each parameter array holds. */
size_t lfb_output_length       (size_t n_outputs);

/* Fills both arrays of a LfbRequantize in the order of operations of
 * numerics.md.  @b: n floats, or NULL for none.  @w_scales: 1 scale (per
 * tensor) or n (per channel), as @n_w_scales says.  Scales finite and > 0.
 * No two of the arrays overlap. */
void   lfb_requantize_compute  (float       *multiplier,
                                float       *bias,
                                size_t       n,
                                const float *b,
                                float        x_scale,
                                const float *w_scales,
                                size_t       n_w_scales,
                                float        y_scale);

/* The same for a LfbRescale. */
void   lfb_rescale_compute     (float       *multiplier,
                                float       *bias,
                                size_t       n,
                                const float *b,
                                float        x_scale,
                                const float *w_scales,
                                size_t       n_w_scales);

/* How many products one sum may have (K of a linear; kernel volume * input
 * channels / groups of a convolution) so that int32 holds it for all data:
 * 65,793, or 33,025 with weight zero points.  Callers refuse or split more. */
size_t lfb_accumulation_limit  (bool weight_zero_points);

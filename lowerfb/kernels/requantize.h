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

/* A second u8 operand, which a product with a quantized output adds to each
 * element on the way; numerics.md, "ConvAdd" and the row on add.  v is
 * (float (acc) + bias[n]) * multiplier[n], each operation rounded to float32:
 *
 *   not rounded  y = clamp (round (v + (q - zero_point) * scale) + y_zero_point, y_min, y_max)
 *                with the range of the LfbRequantize: scale is that of q by that of y
 *   rounded      the product is requantized first, and then the two are added as binary.h has it:
 *                p = clamp (round (v) + p_zero_point, p_min, p_max), as the LfbRequantize alone gives it
 *                s = ((p - p_zero_point) * product_scale + (q - zero_point) * scale) * reciprocal
 *                y = clamp (round (s) + y_zero_point, y_min, y_max), with the range given here
 *
 * Rounded, the scales must be such as lfb_addend_fits () accepts: then no sum is a NaN.
 */
typedef struct
{
  const uint8_t *q;              /* q[pixel * stride + n]; only elements whose y is computed are read */
  size_t         stride;         /* >= the number of outputs; any alignment */
  float          scale;
  int32_t        zero_point;     /* 0 to 255 */
  bool           rounded;

  /* Rounded: */
  float          product_scale;  /* of p */
  float          reciprocal;     /* 1.0f / scale of y */
  int32_t        y_zero_point;   /* 0 to 255 */
  int32_t        y_min;          /* 0, or y_zero_point with a fused relu; a clamp that follows may be folded in */
  int32_t        y_max;          /* 255, or less; y_min <= y_max */
} LfbAddend;

/* Whether a product of scale @product_scale and an addend of @scale can be added
 * that way; scales finite and > 0. */
bool   lfb_addend_fits         (float        product_scale,
                                float        scale,
                                float        y_scale);

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

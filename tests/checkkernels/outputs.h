/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Output stages with random parameters, for products of linear and convolution. */

#pragma once

#include "check.h"

typedef struct
{
  float         *multiplier;
  float         *bias;
  float         *rescale_multiplier;
  float         *rescale_bias;
  LfbRequantize  requantize;
  LfbRescale     rescale;
} Outputs;

/* Parameters, in guarded buffers, that spread sums of @k random products over
 * the output's range. */
Outputs outputs_new    (size_t n, size_t k, int32_t x_zero_point);

/* Extreme ones: denormal, huge and infinite multipliers and biases, NaN, powers
 * of two that make ties. */
void    outputs_extreme (Outputs *outputs, size_t n);

/* Makes the parameters unwritable. */
void    outputs_freeze (Outputs *outputs);

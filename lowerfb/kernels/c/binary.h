/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One element of add and mul, as the C kernels of both types share it. */

#pragma once

#include <lowerfb/kernels/binary.h>

#include <lowerfb/kernels/c/quantize_row.h>

/* What is the same for all elements. */
typedef struct
{
  float reciprocal;
  float multiplier;
  float low;         /* the type's ends minus the output's zero point; with relu low is 0 */
  float high;
} LfbBinaryConstants;

static inline LfbBinaryConstants
lfb_binary_constants (const LfbBinaryRange *range,
                      int32_t               qmin,
                      int32_t               qmax)
{
  LfbBinaryConstants c;

  c.reciprocal = 1.0f / range->y_scale;
  c.multiplier = (range->a_scale * range->b_scale) * c.reciprocal;
  c.low = range->relu ? 0.0f : (float) (qmin - range->y_zero_point);
  c.high = (float) (qmax - range->y_zero_point);

  return c;
}

/* What is below 0 before it is scaled is so after it: the lower end does relu. */
static inline int32_t
lfb_add_one (int32_t                   a,
             int32_t                   b,
             const LfbBinaryRange     *range,
             const LfbBinaryConstants *c)
{
  float sum = (float) (a - range->a_zero_point) * range->a_scale + (float) (b - range->b_zero_point) * range->b_scale;

  return lfb_quantize_one (sum, c->reciprocal, c->low, c->high, range->y_zero_point);
}

static inline int32_t
lfb_mul_one (int32_t                   a,
             int32_t                   b,
             const LfbBinaryRange     *range,
             const LfbBinaryConstants *c)
{
  float product = (float) ((a - range->a_zero_point) * (b - range->b_zero_point)) * c->multiplier;

  return lfb_round_even (lfb_clamp_float (product, c->low, c->high)) + range->y_zero_point;
}

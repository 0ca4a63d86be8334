/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One element of normalize and affine, as the C kernels of both types share it. */

#pragma once

#include <lowerfb/kernels/norm.h>

#include <lowerfb/kernels/c/quantize_row.h>

/* The ends of the output minus its zero point. */
typedef struct
{
  float low;
  float high;
} LfbNormEnds;

static inline LfbNormEnds
lfb_norm_ends (int32_t y_min,
               int32_t y_max,
               int32_t y_zero_point)
{
  return (LfbNormEnds) { (float) (y_min - y_zero_point), (float) (y_max - y_zero_point) };
}

static inline int32_t
lfb_normalize_one (int32_t             q,
                   size_t              i,
                   const LfbNormalize *norm,
                   float               reciprocal,
                   const LfbNormEnds  *ends)
{
  size_t at = norm->per_element ? i : 0;
  float value = ((float) (q - norm->x_zero_point) - norm->mean) * norm->r;

  value = value * norm->gamma[at];
  value = value + norm->beta[at];

  return lfb_quantize_one (value, reciprocal, ends->low, ends->high, norm->y_zero_point);
}

static inline int32_t
lfb_affine_one (int32_t            q,
                const LfbAffine   *affine,
                const LfbNormEnds *ends)
{
  float value = affine->a * (float) (q - affine->x_zero_point);

  value = value + affine->b;

  return lfb_round_even (lfb_clamp_float (value, ends->low, ends->high)) + affine->y_zero_point;
}

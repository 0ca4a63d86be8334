/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Softmax in vectors: the loops of the contract softmax.h.
 *
 * Lines without gaps are taken a block of 16 elements at a time, which are the 16
 * partial sums; what is missing at the end counts as -infinity, whose exponential
 * is 0.  Of other lines, as many as a vector has lanes are taken side by side.
 */

#pragma once

#include <lowerfb/kernels/c/softmax.h>
#include <lowerfb/kernels/simd/exp.h>

/* Vectors of a block. */
#define LFB_SOFTMAX_VECTORS (LFB_PARTIAL_SUMS / LFB_LANES)

LFB_INLINE LfbVf
lfb_softmax_finish (LfbVf  y,
                    LfbVf  sum,
                    LfbVd2 log,
                    bool   is_log)
{
  LfbVd2 wide;

  if (!is_log)
    return lfb_vf_div (y, sum);

  wide = lfb_vd2_of (y);

  return lfb_vf_of_vd (lfb_vd_sub (wide.low, log.low), lfb_vd_sub (wide.high, log.high));
}

LFB_INLINE float
lfb_softmax_max (const float *x,
                 size_t       n,
                 LfbVf        sign)
{
  LfbVf lowest = lfb_vf_fill (-INFINITY);
  LfbVf max[2] = { lowest, lowest };
  float lanes[LFB_LANES];
  float result = -INFINITY;
  size_t i;

  for (i = 0; i + 2 * LFB_LANES <= n; i += 2 * LFB_LANES)
    for (size_t k = 0; k < 2; k++)
      max[k] = lfb_vf_max_nan (lfb_vf_mul (sign, lfb_vf_load (x + i + k * LFB_LANES)), max[k]);

  lfb_vf_store (lanes, lfb_vf_max_nan (max[0], max[1]));

  for (size_t k = 0; k < LFB_LANES; k++)
    result = lfb_softmax_larger (lanes[k], result);

  lfb_vf_store (lanes, sign);

  for (; i < n; i++)
    result = lfb_softmax_larger (lanes[0] * x[i], result);

  return result;
}

LFB_INLINE void
lfb_softmax_line (const float *x,
                  float       *y,
                  size_t       n,
                  float        sign,
                  bool         is_log)
{
  LfbVf signs = lfb_vf_fill (sign);
  LfbVf max = lfb_vf_fill (lfb_softmax_max (x, n, signs));
  LfbVd2 sums[LFB_SOFTMAX_VECTORS];
  double parts[LFB_PARTIAL_SUMS];
  double sum, log;
  LfbVf sum_lanes;
  LfbVd2 log_lanes;
  size_t i;

  for (size_t k = 0; k < LFB_SOFTMAX_VECTORS; k++)
    sums[k].low = sums[k].high = lfb_vd_fill (0.0);

  for (i = 0; i < n; i += LFB_PARTIAL_SUMS)
    for (size_t k = 0; k < LFB_SOFTMAX_VECTORS; k++)
      {
        size_t at = i + k * LFB_LANES;
        size_t left = at < n ? n - at : 0;
        LfbVf value = left >= LFB_LANES ? lfb_vf_mul (signs, lfb_vf_load (x + at))
                                        : lfb_vf_mul (signs, lfb_vf_load_part_or (x + at, left, -INFINITY * sign));
        LfbVf difference = lfb_vf_sub (value, max);
        LfbVf e = lfb_vf_exp (difference);
        LfbVd2 wide = lfb_vd2_of (e);

        sums[k].low = lfb_vd_add (sums[k].low, wide.low);
        sums[k].high = lfb_vd_add (sums[k].high, wide.high);

        if (left >= LFB_LANES)
          lfb_vf_store (y + at, is_log ? difference : e);
        else
          lfb_vf_store_part (y + at, is_log ? difference : e, left);
      }

  for (size_t k = 0; k < LFB_SOFTMAX_VECTORS; k++)
    {
      lfb_vd_store (parts + k * LFB_LANES, sums[k].low);
      lfb_vd_store (parts + k * LFB_LANES + LFB_LANES / 2, sums[k].high);
    }

  sum = lfb_sum_of_parts (parts);
  log = is_log ? lfb_softmax_log (sum) : 0.0;
  sum_lanes = lfb_vf_fill ((float) sum);
  log_lanes.low = log_lanes.high = lfb_vd_fill (log);

  for (i = 0; i + LFB_LANES <= n; i += LFB_LANES)
    lfb_vf_store (y + i, lfb_softmax_finish (lfb_vf_load (y + i), sum_lanes, log_lanes, is_log));

  if (i < n)
    lfb_vf_store_part (y + i, lfb_softmax_finish (lfb_vf_load_part (y + i, n - i), sum_lanes, log_lanes, is_log), n - i);
}

/* What log_softmax subtracts from each lane. */
LFB_INLINE LfbVd2
lfb_softmax_logs (LfbVd2 sum)
{
  double lanes[LFB_LANES];

  lfb_vd_store (lanes, sum.low);
  lfb_vd_store (lanes + LFB_LANES / 2, sum.high);

  for (size_t k = 0; k < LFB_LANES; k++)
    lanes[k] = lfb_softmax_log (lanes[k]);

  return (LfbVd2) { lfb_vd_load (lanes), lfb_vd_load (lanes + LFB_LANES / 2) };
}

/* @width lines side by side, at most as many as there are lanes. */
LFB_INLINE void
lfb_softmax_columns (const float *x,
                     float       *y,
                     size_t       n,
                     size_t       inner,
                     size_t       width,
                     float        sign,
                     bool         is_log)
{
  LfbVf signs = lfb_vf_fill (sign), max = lfb_vf_fill (-INFINITY), sum;
  LfbVd2 sums[LFB_PARTIAL_SUMS], logs;

  for (size_t i = 0; i < n; i++)
    max = lfb_vf_max_nan (lfb_vf_mul (signs, lfb_vf_load_some (x + i * inner, width)), max);

  for (size_t k = 0; k < LFB_PARTIAL_SUMS; k++)
    sums[k].low = sums[k].high = lfb_vd_fill (0.0);

  for (size_t i = 0; i < n; i++)
    {
      LfbVf difference = lfb_vf_sub (lfb_vf_mul (signs, lfb_vf_load_some (x + i * inner, width)), max);
      LfbVf e = lfb_vf_exp (difference);
      LfbVd2 wide = lfb_vd2_of (e), *part = &sums[i % LFB_PARTIAL_SUMS];

      part->low = lfb_vd_add (part->low, wide.low);
      part->high = lfb_vd_add (part->high, wide.high);
      lfb_vf_store_some (y + i * inner, is_log ? difference : e, width);
    }

  for (size_t half = LFB_PARTIAL_SUMS / 2; half > 0; half /= 2)
    for (size_t k = 0; k < half; k++)
      {
        sums[k].low = lfb_vd_add (sums[k].low, sums[k + half].low);
        sums[k].high = lfb_vd_add (sums[k].high, sums[k + half].high);
      }

  sum = lfb_vf_of_vd (sums[0].low, sums[0].high);
  logs = is_log ? lfb_softmax_logs (sums[0]) : sums[0];

  for (size_t i = 0; i < n; i++)
    {
      float *at = y + i * inner;

      lfb_vf_store_some (at, lfb_softmax_finish (lfb_vf_load_some (at, width), sum, logs, is_log), width);
    }
}

LFB_INLINE void
lfb_softmax_vectors (const float *x,
                     float       *y,
                     size_t       n,
                     size_t       inner,
                     float        sign,
                     bool         is_log)
{
  if (n == 0)
    return;

  if (inner == 1)
    {
      lfb_softmax_line (x, y, n, sign, is_log);
      return;
    }

  for (size_t i = 0; i < inner; i += LFB_LANES)
    lfb_softmax_columns (x + i, y + i, n, inner, inner - i < LFB_LANES ? inner - i : LFB_LANES, sign, is_log);
}

/* The function of a variant, named after its instruction set. */
#define LFB_SOFTMAX_VARIANT(isa) \
  void \
  lfb_softmax_f32_##isa (const float    *x, \
                         float          *y, \
                         size_t          n, \
                         size_t          inner, \
                         LfbSoftmaxKind  kind) \
  { \
    if (kind == LFB_LOG_SOFTMAX) \
      lfb_softmax_vectors (x, y, n, inner, 1.0f, true); \
    else \
      lfb_softmax_vectors (x, y, n, inner, kind == LFB_SOFTMIN ? -1.0f : 1.0f, false); \
  }

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Range of a float32 array in vectors: the loop of the contract minmax.h. */

#pragma once

#include <lowerfb/kernels/minmax.h>

#include <lowerfb/kernels/simd/vector.h>

typedef struct
{
  LfbVf min;
  LfbVf max;
  LfbVi magnitude;  /* the largest bits without their sign, which show infinities and NaNs */
} LfbRange;

LFB_INLINE void
lfb_range_add (LfbRange *range,
               LfbVf     x)
{
  range->min = lfb_vf_min (x, range->min);
  range->max = lfb_vf_max (x, range->max);
  range->magnitude = lfb_vi_max (lfb_vi_and (lfb_vi_bits (x), lfb_vi_fill (INT32_MAX)), range->magnitude);
}

LFB_INLINE bool
lfb_range_get (const LfbRange *range,
               float          *min,
               float          *max)
{
  float lows[LFB_LANES], highs[LFB_LANES];
  int32_t magnitudes[LFB_LANES];
  int32_t magnitude = 0;

  lfb_vf_store (lows, range->min);
  lfb_vf_store (highs, range->max);
  lfb_vi_store (magnitudes, range->magnitude);
  *min = lows[0];
  *max = highs[0];

  for (size_t i = 0; i < LFB_LANES; i++)
    {
      *min = lows[i] < *min ? lows[i] : *min;
      *max = highs[i] > *max ? highs[i] : *max;
      magnitude = magnitudes[i] > magnitude ? magnitudes[i] : magnitude;
    }

  if (magnitude >= 0x7f800000)
    {
      *min = *max = 0.0f;
      return false;
    }

  /* -0 becomes +0. */
  *min += 0.0f;
  *max += 0.0f;

  return true;
}

/* Four ranges hide the latency; the last vector may overlap the one before it. */
LFB_INLINE bool
lfb_minmax_vectors (const float *x,
                    size_t       n,
                    float       *min,
                    float       *max)
{
  LfbRange ranges[4];
  size_t i;

  if (n < LFB_LANES)
    return lfb_minmax_f32_c (x, n, min, max);

  for (int k = 0; k < 4; k++)
    ranges[k] = (LfbRange) { lfb_vf_load (x), lfb_vf_load (x), lfb_vi_fill (0) };

  for (i = 0; i + 4 * LFB_LANES <= n; i += 4 * LFB_LANES)
    for (int k = 0; k < 4; k++)
      lfb_range_add (&ranges[k], lfb_vf_load (x + i + k * LFB_LANES));

  for (; i + LFB_LANES <= n; i += LFB_LANES)
    lfb_range_add (&ranges[0], lfb_vf_load (x + i));

  lfb_range_add (&ranges[0], lfb_vf_load (x + n - LFB_LANES));

  for (int k = 1; k < 4; k++)
    {
      ranges[0].min = lfb_vf_min (ranges[k].min, ranges[0].min);
      ranges[0].max = lfb_vf_max (ranges[k].max, ranges[0].max);
      ranges[0].magnitude = lfb_vi_max (ranges[k].magnitude, ranges[0].magnitude);
    }

  return lfb_range_get (&ranges[0], min, max);
}

/* The function of a variant, named after its instruction set. */
#define LFB_MINMAX_VARIANT(isa) \
  bool \
  lfb_minmax_f32_##isa (const float *x, \
                        size_t       n, \
                        float       *min, \
                        float       *max) \
  { \
    return lfb_minmax_vectors (x, n, min, max); \
  }

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Average pools in vectors, plain and adaptive: the loops of the contract
 * avg_pool.h.  The sums of some channels stay in registers over all taps.
 */

#pragma once

#include <lowerfb/kernels/c/avg_pool.h>
#include <lowerfb/kernels/simd/taps.h>

/* What makes an output of a sum. */
typedef struct
{
  LfbVf factor;      /* the reciprocal of the divisor, or the divisor of floats */
  LfbVi bias;        /* what the zero points add to a sum */
  LfbVf high;
  LfbVb zero_point;  /* in 16 bits */
  LfbVf shift;       /* what is subtracted of a sum of words with 2^23 added */
  bool  narrow;      /* whether sums fit into words, and results into int32 */
} LfbAvgVectors;

LFB_INLINE LfbVb
lfb_avg_pool_bytes (LfbVi4               sums,
                    const LfbAvgVectors *v,
                    bool                 is_signed)
{
  LfbVf y[4];

  for (int k = 0; k < 4; k++)
    y[k] = lfb_vf_mul (lfb_vf_of (lfb_vi_sub (sums.v[k], v->bias)), v->factor);

  return lfb_vb_quantize (y[0], y[1], y[2], y[3], v->high, v->zero_point, is_signed);
}

/* The same of sums in words. */
LFB_INLINE LfbVb
lfb_avg_pool_words (const LfbVb          sums[2],
                    const LfbAvgVectors *v,
                    bool                 is_signed)
{
  LfbVf y[4];

  lfb_vb_spread (sums, y);

  for (int k = 0; k < 4; k++)
    y[k] = lfb_vf_mul (lfb_vf_sub (y[k], v->shift), v->factor);

  return lfb_vb_quantize_spread (y[0], y[1], y[2], y[3], v->zero_point, is_signed);
}

LFB_INLINE void
lfb_avg_pool_narrow (const LfbTapGrid    *grid,
                     size_t               offset,
                     const LfbAvgVectors *v,
                     bool                 is_signed,
                     uint8_t             *y)
{
  LfbVb sums[2] = { lfb_vb_fill (0), lfb_vb_fill (0) };

  LFB_EACH_TAP (tap, grid, offset)
    {
      LfbVb words[2];

      lfb_vb_words (lfb_vb_load (tap), is_signed, words);
      sums[0] = lfb_vb_add_words (sums[0], words[0]);
      sums[1] = lfb_vb_add_words (sums[1], words[1]);
    }

  lfb_vb_store (y + offset, lfb_avg_pool_words (sums, v, is_signed));
}

/* A vector of bytes' channels: all, or the last @n. */
LFB_INLINE void
lfb_avg_pool_group (const LfbTapGrid    *grid,
                    size_t               offset,
                    size_t               n,
                    const LfbAvgVectors *v,
                    bool                 is_signed,
                    uint8_t             *y)
{
  LfbVi4 sums;

  if (n == LFB_BYTES && v->narrow)
    {
      lfb_avg_pool_narrow (grid, offset, v, is_signed, y);
      return;
    }

  for (int k = 0; k < 4; k++)
    sums.v[k] = lfb_vi_fill (0);

  LFB_EACH_TAP (tap, grid, offset)
    {
      LfbVi4 q = n == LFB_BYTES ? lfb_vi4_load (tap, is_signed) : lfb_vi4_load_part (tap, n, is_signed);

      for (int k = 0; k < 4; k++)
        sums.v[k] = lfb_vi_add (sums.v[k], q.v[k]);
    }

  if (n == LFB_BYTES)
    lfb_vb_store (y + offset, lfb_avg_pool_bytes (sums, v, is_signed));
  else
    lfb_vb_store_part (y + offset, lfb_avg_pool_bytes (sums, v, is_signed), n);
}

LFB_INLINE void
lfb_avg_pool_pixel_bytes (const LfbTapGrid    *grid,
                          size_t               channels,
                          const LfbAvgVectors *v,
                          bool                 is_signed,
                          uint8_t             *y)
{
  size_t i;

  for (i = 0; i + LFB_BYTES <= channels; i += LFB_BYTES)
    lfb_avg_pool_group (grid, i, LFB_BYTES, v, is_signed, y);

  /* Once more what was done already, rather than a part of a vector. */
  if (i < channels && channels >= LFB_BYTES)
    lfb_avg_pool_group (grid, channels - LFB_BYTES, LFB_BYTES, v, is_signed, y);
  else if (i < channels)
    lfb_avg_pool_group (grid, i, channels - i, v, is_signed, y);
}

/* @n vectors of floats; @part: the elements of the last one, or all. */
LFB_INLINE void
lfb_avg_pool_floats (const LfbTapGrid    *grid,
                     size_t               first,
                     size_t               n,
                     size_t               part,
                     const LfbAvgVectors *v,
                     float               *y)
{
  LfbVf sums[4];

  for (size_t k = 0; k < n; k++)
    sums[k] = lfb_vf_fill (0.0f);

  LFB_EACH_TAP (tap, grid, first * sizeof *y)
    for (size_t k = 0; k < n; k++)
      {
        const float *x = (const float *) (const void *) tap + k * LFB_LANES;

        sums[k] = lfb_vf_add (sums[k], part == LFB_LANES ? lfb_vf_load (x) : lfb_vf_load_part (x, part));
      }

  for (size_t k = 0; k < n; k++)
    if (part == LFB_LANES)
      lfb_vf_store (y + first + k * LFB_LANES, lfb_vf_div (sums[k], v->factor));
    else
      lfb_vf_store_part (y + first + k * LFB_LANES, lfb_vf_div (sums[k], v->factor), part);
}

LFB_INLINE void
lfb_avg_pool_pixel_floats (const LfbTapGrid    *grid,
                           size_t               channels,
                           const LfbAvgVectors *v,
                           float               *y)
{
  size_t i = 0;

  for (; i + 4 * LFB_LANES <= channels; i += 4 * LFB_LANES)
    lfb_avg_pool_floats (grid, i, 4, LFB_LANES, v, y);

  for (; i + LFB_LANES <= channels; i += LFB_LANES)
    lfb_avg_pool_floats (grid, i, 1, LFB_LANES, v, y);

  if (i < channels)
    lfb_avg_pool_floats (grid, i, 1, channels - i, v, y);
}

typedef enum
{
  LFB_AVG_U8,
  LFB_AVG_S8,
  LFB_AVG_F32
} LfbAvgType;

LFB_INLINE LfbAvgVectors
lfb_avg_vectors (const LfbAvgWindow *taps,
                 const LfbAverage   *average,
                 LfbAvgType          type)
{
  LfbAvgVectors v = { .factor = lfb_vf_fill ((float) taps->divisor) };

  if (type != LFB_AVG_F32)
    {
      v.factor = lfb_vf_fill (1.0f / (float) taps->divisor);
      v.bias = lfb_vi_fill ((int32_t) taps->count * average->zero_point);
      v.high = lfb_vf_fill ((float) ((type == LFB_AVG_U8 ? 255 : 127) - average->zero_point));
      v.zero_point = lfb_vb_fill_s16 ((int16_t) average->zero_point);
      v.shift = lfb_vf_fill ((float) (8388608 + (int64_t) taps->count * (average->zero_point + (type == LFB_AVG_S8 ? 128 : 0))));
      v.narrow = taps->count <= 256 && (taps->divisor >= 0.01f || taps->divisor <= -0.01f);
    }

  return v;
}

LFB_INLINE void
lfb_avg_pool_vectors (const LfbWindow  *window,
                      const LfbPixels  *pixels,
                      const LfbAverage *average,
                      const void       *x,
                      void             *y,
                      bool              adaptive,
                      LfbAvgType        type)
{
  LfbPosition position = lfb_position_of (window, pixels->begin);
  size_t element_size = type == LFB_AVG_F32 ? sizeof (float) : 1;
  LfbAvgWindow taps = { .count = 0 }, last = { .count = 0, .divisor = 1 };
  LfbAvgVectors v = lfb_avg_vectors (&last, average, type);
  LfbTapGrid grid = { .first = NULL };

  for (size_t pixel = pixels->begin; pixel < pixels->end; pixel++)
    {
      char *target = (char *) y + pixel * pixels->y_stride * element_size;

      if (adaptive || position.index[2] == 0 || pixel == pixels->begin ||
          !lfb_tap_grid_slide (window, &taps.taps[2], &grid, pixels->x_stride * element_size))
        {
          taps = lfb_avg_window (window, average, &position, adaptive);
          grid = lfb_tap_grid (window, &position, taps.taps, x, pixels->x_stride * element_size);
        }

      /* Most windows are as large as the one before. */
      if (taps.count != last.count || taps.divisor != last.divisor)
        {
          v = lfb_avg_vectors (&taps, average, type);
          last = taps;
        }

      if (type == LFB_AVG_F32)
        lfb_avg_pool_pixel_floats (&grid, pixels->channels, &v, (float *) (void *) target);
      else
        lfb_avg_pool_pixel_bytes (&grid, pixels->channels, &v, type == LFB_AVG_S8, (uint8_t *) target);

      lfb_position_next (window, &position);
    }
}

/* The functions of a variant, named after its instruction set. */
#define LFB_AVG_POOL_VARIANT(name, ctype, isa, type) \
  void \
  lfb_avg_pool_##name##_##isa (const LfbWindow  *window, \
                               const LfbPixels  *pixels, \
                               const LfbAverage *average, \
                               const ctype      *x, \
                               ctype            *y) \
  { \
    lfb_avg_pool_vectors (window, pixels, average, x, y, false, type); \
  } \
  \
  void \
  lfb_adaptive_avg_pool_##name##_##isa (const LfbWindow  *window, \
                                        const LfbPixels  *pixels, \
                                        const LfbAverage *average, \
                                        const ctype      *x, \
                                        ctype            *y) \
  { \
    lfb_avg_pool_vectors (window, pixels, average, x, y, true, type); \
  }

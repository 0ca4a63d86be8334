/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The walk of an average pool, plain and adaptive, which its C kernels share;
 * each type brings how it adds one tap to the sums of a block of channels and
 * how it makes the output of them.  Sums are int32, or the float type of float pools.
 */

#pragma once

#include <stdint.h>
#include <string.h>

#include <lowerfb/kernels/avg_pool.h>
#include <lowerfb/kernels/c/walk.h>
#include <lowerfb/kernels/round.h>

/* Channels summed at a time. */
#define LFB_AVG_BLOCK ((size_t) 256)

typedef union
{
  int32_t s32[LFB_AVG_BLOCK];
  float   f32[LFB_AVG_BLOCK];
  double  f64[LFB_AVG_BLOCK];
} LfbAvgSums;

/* The taps of one window and what they divide by. */
typedef struct
{
  LfbTaps taps[3];
  size_t  count;    /* taps inside the image */
  int64_t divisor;  /* not 0 */
} LfbAvgWindow;

typedef void (*LfbAvgPoolAdd)    (LfbAvgSums *sums, const void *x, size_t n);
typedef void (*LfbAvgPoolFinish) (const LfbAvgSums *sums, const LfbAvgWindow *taps, const LfbAverage *average, void *y,
                                  size_t n);

static inline int64_t
lfb_avg_divisor (const LfbWindow   *window,
                 const LfbAverage  *average,
                 const LfbPosition *position,
                 size_t             count)
{
  size_t volume = 1;

  /* Nothing to divide, and n may be 0. */
  if (count == 0)
    return 1;

  if (average->divisor != 0)
    return average->divisor;

  if (!average->count_include_pad)
    return count;

  for (int d = 0; d < 3; d++)
    {
      size_t begin = position->index[d] * window->stride[d];
      size_t end = begin + window->kernel[d];
      size_t padded = window->in_size[d] + 2 * window->padding[d];

      volume *= (end < padded ? end : padded) - begin;
    }

  return volume;
}

static inline LfbAvgWindow
lfb_avg_window (const LfbWindow   *window,
                const LfbAverage  *average,
                const LfbPosition *position,
                bool               adaptive)
{
  LfbAvgWindow taps;

  taps.count = 1;

  for (int d = 0; d < 3; d++)
    {
      taps.taps[d] = adaptive ? lfb_adaptive_taps (window, d, position->index[d])
                              : lfb_window_taps (window, d, position->index[d]);
      taps.count *= taps.taps[d].count;
    }

  taps.divisor = adaptive ? (int64_t) taps.count : lfb_avg_divisor (window, average, position, taps.count);

  return taps;
}

/* The sums of @n channels from those of @x on, which is channel 0 of them in
 * the first pixel of the image. */
static inline __attribute__ ((always_inline)) void
lfb_avg_pool_sum (const LfbWindow    *window,
                  const LfbPixels    *pixels,
                  const LfbAvgWindow *taps,
                  const char         *x,
                  size_t              n,
                  size_t              element_size,
                  LfbAvgPoolAdd       add,
                  LfbAvgSums         *sums)
{
  memset (sums, 0, n * (element_size > sizeof (int32_t) ? element_size : sizeof (int32_t)));

  for (size_t i = 0; i < taps->taps[0].count; i++)
    for (size_t j = 0; j < taps->taps[1].count; j++)
      for (size_t k = 0; k < taps->taps[2].count; k++)
        {
          size_t row = (taps->taps[0].begin + i) * window->in_size[1] + taps->taps[1].begin + j;
          size_t pixel = row * window->in_size[2] + taps->taps[2].begin + k;

          add (sums, x + pixel * pixels->x_stride * element_size, n);
        }
}

static inline __attribute__ ((always_inline)) void
lfb_avg_pool_walk (const LfbWindow  *window,
                   const LfbPixels  *pixels,
                   const LfbAverage *average,
                   const void       *x,
                   void             *y,
                   bool              adaptive,
                   size_t            element_size,
                   LfbAvgPoolAdd     add,
                   LfbAvgPoolFinish  finish)
{
  LfbPosition position = lfb_position_of (window, pixels->begin);
  LfbAvgSums sums;

  for (size_t pixel = pixels->begin; pixel < pixels->end; pixel++)
    {
      LfbAvgWindow taps = lfb_avg_window (window, average, &position, adaptive);
      const char *image = (const char *) x +
                          position.image * lfb_volume (window->in_size) * pixels->x_stride * element_size;
      char *target = (char *) y + pixel * pixels->y_stride * element_size;

      for (size_t c = 0; c < pixels->channels; c += LFB_AVG_BLOCK)
        {
          size_t n = pixels->channels - c < LFB_AVG_BLOCK ? pixels->channels - c : LFB_AVG_BLOCK;

          lfb_avg_pool_sum (window, pixels, &taps, image + c * element_size, n, element_size, add, &sums);
          finish (&sums, &taps, average, target + c * element_size, n);
        }

      lfb_position_next (window, &position);
    }
}

/* The integer average of one channel: @low and @high are qmin and qmax minus
 * the zero point. */
static inline int32_t
lfb_avg_one (int32_t sum,
             int32_t bias,
             float   reciprocal,
             float   low,
             float   high,
             int32_t zero_point)
{
  float value = (float) (sum - bias) * reciprocal;

  return lfb_round_even (lfb_clamp_float (value, low, high)) + zero_point;
}

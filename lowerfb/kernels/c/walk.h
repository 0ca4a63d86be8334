/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Walking output pixels and the taps of their windows (window.h), for the C
 * kernels of convolutions and pools.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <lowerfb/kernels/window.h>

/* Where an output pixel lies. */
typedef struct
{
  size_t image;
  size_t index[3];
} LfbPosition;

/* The taps of a window, along one dimension, that are inside the image. */
typedef struct
{
  size_t first;  /* number of the first tap inside */
  size_t count;
  size_t begin;  /* where that one lies */
  size_t step;
} LfbTaps;

static inline size_t
lfb_volume (const size_t size[3])
{
  return size[0] * size[1] * size[2];
}

static inline LfbPosition
lfb_position_of (const LfbWindow *window,
                 size_t           pixel)
{
  LfbPosition position;

  for (int d = 2; d >= 0; d--)
    {
      /* Nothing is walked where there is no output. */
      size_t size = window->out_size[d] > 0 ? window->out_size[d] : 1;

      position.index[d] = pixel % size;
      pixel /= size;
    }

  position.image = pixel;

  return position;
}

static inline void
lfb_position_next (const LfbWindow *window,
                   LfbPosition     *position)
{
  for (int d = 2; d >= 0; d--)
    {
      if (++position->index[d] < window->out_size[d])
        return;

      position->index[d] = 0;
    }

  position->image++;
}

/* A division takes as long as all else here, and mostly there is no dilation. */
static inline size_t
lfb_steps (size_t distance,
           size_t step)
{
  return step == 1 ? distance : distance / step;
}

static inline LfbTaps
lfb_window_taps (const LfbWindow *window,
                 int              d,
                 size_t           index)
{
  LfbTaps taps = { 0, 0, 0, window->dilation[d] };
  size_t size = window->in_size[d];
  ptrdiff_t begin = (ptrdiff_t) (index * window->stride[d] - window->padding[d]);
  size_t end;

  if (begin < 0)
    taps.first = lfb_steps ((size_t) -begin + taps.step - 1, taps.step);

  if (begin >= (ptrdiff_t) size)
    return taps;

  end = lfb_steps (size - 1 - (size_t) begin, taps.step) + 1;
  end = end < window->kernel[d] ? end : window->kernel[d];

  if (taps.first < end)
    {
      taps.count = end - taps.first;
      taps.begin = (size_t) begin + taps.first * taps.step;
    }

  return taps;
}

/* The span of an adaptive pool. */
static inline LfbTaps
lfb_adaptive_taps (const LfbWindow *window,
                   int              d,
                   size_t           index)
{
  size_t in = window->in_size[d];
  size_t out = window->out_size[d];
  size_t begin = index * in / out;
  size_t end = ((index + 1) * in + out - 1) / out;

  return (LfbTaps) { 0, end - begin, begin, 1 };
}

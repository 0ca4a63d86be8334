/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The taps of one window of a pool, for loops that keep some channels in
 * registers while they walk all of them.
 */

#pragma once

#include <lowerfb/kernels/c/walk.h>
#include <lowerfb/kernels/simd/vector.h>

typedef struct
{
  const char *first;     /* the first tap that is inside the image */
  size_t      count[3];
  size_t      step[3];   /* bytes between neighbouring taps */
} LfbTapGrid;

/* @x is the first pixel of the whole batch. */
LFB_INLINE LfbTapGrid
lfb_tap_grid (const LfbWindow   *window,
              const LfbPosition *position,
              const LfbTaps      taps[3],
              const void        *x,
              size_t             pixel_size)
{
  size_t row = pixel_size * window->in_size[2];
  size_t plane = row * window->in_size[1];
  LfbTapGrid grid;

  grid.first = (const char *) x + position->image * plane * window->in_size[0] + taps[0].begin * plane +
               taps[1].begin * row + taps[2].begin * pixel_size;
  grid.step[0] = taps[0].step * plane;
  grid.step[1] = taps[1].step * row;
  grid.step[2] = taps[2].step * pixel_size;

  for (int d = 0; d < 3; d++)
    grid.count[d] = taps[d].count;

  return grid;
}

/* The window of the next pixel of a row, if it has as many taps as this one, which
 * is most often so: nothing but its place changes.  @last are the taps along the row. */
LFB_INLINE bool
lfb_tap_grid_slide (const LfbWindow *window,
                    LfbTaps         *last,
                    LfbTapGrid      *grid,
                    size_t           pixel_size)
{
  size_t stride = window->stride[2];

  if (last->count != window->kernel[2] || last->begin + stride + (last->count - 1) * last->step >= window->in_size[2])
    return false;

  last->begin += stride;
  grid->first += stride * pixel_size;

  return true;
}

/* Every tap of @grid in ascending order, as the pointer @tap to its bytes from
 * @offset on. */
#define LFB_EACH_TAP(tap, grid, offset) \
  for (size_t d_ = 0; d_ < (grid)->count[0]; d_++) \
    for (size_t h_ = 0; h_ < (grid)->count[1]; h_++) \
      for (const char *tap = (grid)->first + d_ * (grid)->step[0] + h_ * (grid)->step[1] + (offset), \
                      *end_ = tap + (grid)->count[2] * (grid)->step[2]; \
           tap != end_; tap += (grid)->step[2])

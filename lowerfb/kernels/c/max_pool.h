/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The walk of a max pool, which its C kernels share; each type brings how it
 * begins a pixel and how it takes one tap into it.
 */

#pragma once

#include <lowerfb/kernels/c/walk.h>

typedef void (*LfbMaxPoolBegin) (void *y, size_t n);
typedef void (*LfbMaxPoolTake)  (void *y, const void *x, size_t n);

static inline __attribute__ ((always_inline)) void
lfb_max_pool_pixel (const LfbWindow   *window,
                    const LfbPixels   *pixels,
                    const LfbPosition *position,
                    const char        *x,
                    size_t             element_size,
                    LfbMaxPoolTake     take,
                    void              *y)
{
  LfbTaps depth = lfb_window_taps (window, 0, position->index[0]);
  LfbTaps height = lfb_window_taps (window, 1, position->index[1]);
  LfbTaps width = lfb_window_taps (window, 2, position->index[2]);

  for (size_t i = 0; i < depth.count; i++)
    for (size_t j = 0; j < height.count; j++)
      for (size_t k = 0; k < width.count; k++)
        {
          size_t row = (position->image * window->in_size[0] + depth.begin + i * depth.step) * window->in_size[1] +
                       height.begin + j * height.step;
          size_t pixel = row * window->in_size[2] + width.begin + k * width.step;

          take (y, x + pixel * pixels->x_stride * element_size, pixels->channels);
        }
}

static inline __attribute__ ((always_inline)) void
lfb_max_pool_walk (const LfbWindow *window,
                   const LfbPixels *pixels,
                   const void      *x,
                   void            *y,
                   size_t           element_size,
                   LfbMaxPoolBegin  begin,
                   LfbMaxPoolTake   take)
{
  LfbPosition position = lfb_position_of (window, pixels->begin);

  for (size_t pixel = pixels->begin; pixel < pixels->end; pixel++)
    {
      void *target = (char *) y + pixel * pixels->y_stride * element_size;

      begin (target, pixels->channels);
      lfb_max_pool_pixel (window, pixels, &position, x, element_size, take, target);
      lfb_position_next (window, &position);
    }
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Max pools in vectors: the loops of the contract max_pool.h.  Some vectors of
 * channels stay in registers over all taps; vectors of bytes hold all types.
 */

#pragma once

#include <math.h>

#include <lowerfb/kernels/max_pool.h>
#include <lowerfb/kernels/simd/taps.h>

typedef LfbVb (*LfbMaxTap) (LfbVb largest, LfbVb tap);

LFB_INLINE LfbVb lfb_max_tap_u8 (LfbVb largest, LfbVb tap) { return lfb_vb_max_u8 (largest, tap); }
LFB_INLINE LfbVb lfb_max_tap_s8 (LfbVb largest, LfbVb tap) { return lfb_vb_max_s8 (largest, tap); }

LFB_INLINE LfbVb
lfb_max_tap_f32 (LfbVb largest,
                 LfbVb tap)
{
  return lfb_vb_of_vf (lfb_vf_max_nan (lfb_vf_of_vb (tap), lfb_vf_of_vb (largest)));
}

/* @n vectors of channels. */
LFB_INLINE void
lfb_max_pool_group (const LfbTapGrid *grid,
                    size_t            offset,
                    size_t            n,
                    LfbVb             smallest,
                    LfbMaxTap         take,
                    char             *y)
{
  LfbVb largest[4];

  for (size_t k = 0; k < n; k++)
    largest[k] = smallest;

  LFB_EACH_TAP (tap, grid, offset)
    for (size_t k = 0; k < n; k++)
      largest[k] = take (largest[k], lfb_vb_load (tap + k * LFB_BYTES));

  for (size_t k = 0; k < n; k++)
    lfb_vb_store (y + offset + k * LFB_BYTES, largest[k]);
}

/* The last @n bytes of channels, fewer than a vector has. */
LFB_INLINE void
lfb_max_pool_part (const LfbTapGrid *grid,
                   size_t            offset,
                   size_t            n,
                   LfbVb             smallest,
                   LfbMaxTap         take,
                   char             *y)
{
  LfbVb largest = smallest;

  LFB_EACH_TAP (tap, grid, offset)
    largest = take (largest, lfb_vb_load_part (tap, n));

  lfb_vb_store_part (y + offset, largest, n);
}

LFB_INLINE void
lfb_max_pool_vectors (const LfbWindow *window,
                      const LfbPixels *pixels,
                      const void      *x,
                      void            *y,
                      size_t           element_size,
                      LfbVb            smallest,
                      LfbMaxTap        take)
{
  LfbPosition position = lfb_position_of (window, pixels->begin);
  size_t size = pixels->channels * element_size;
  LfbTaps taps[3] = {
    lfb_window_taps (window, 0, position.index[0]),
    lfb_window_taps (window, 1, position.index[1]),
    { 0, 0, 0, 0 },
  };
  LfbTapGrid grid = { .first = NULL };

  for (size_t pixel = pixels->begin; pixel < pixels->end; pixel++)
    {
      char *target = (char *) y + pixel * pixels->y_stride * element_size;
      size_t i = 0;

      /* Else the same as before. */
      if (position.index[2] == 0)
        {
          taps[0] = lfb_window_taps (window, 0, position.index[0]);
          taps[1] = lfb_window_taps (window, 1, position.index[1]);
        }

      if (position.index[2] == 0 || pixel == pixels->begin ||
          !lfb_tap_grid_slide (window, &taps[2], &grid, pixels->x_stride * element_size))
        {
          taps[2] = lfb_window_taps (window, 2, position.index[2]);
          grid = lfb_tap_grid (window, &position, taps, x, pixels->x_stride * element_size);
        }

      for (; i + 4 * LFB_BYTES <= size; i += 4 * LFB_BYTES)
        lfb_max_pool_group (&grid, i, 4, smallest, take, target);

      for (; i + LFB_BYTES <= size; i += LFB_BYTES)
        lfb_max_pool_group (&grid, i, 1, smallest, take, target);

      /* Once more what was done already, rather than a part of a vector. */
      if (i < size && size >= LFB_BYTES)
        lfb_max_pool_group (&grid, size - LFB_BYTES, 1, smallest, take, target);
      else if (i < size)
        lfb_max_pool_part (&grid, i, size - i, smallest, take, target);

      lfb_position_next (window, &position);
    }
}

/* The function of a variant, named after its instruction set. */
#define LFB_MAX_POOL_VARIANT(type, ctype, isa, smallest) \
  void \
  lfb_max_pool_##type##_##isa (const LfbWindow *window, \
                               const LfbPixels *pixels, \
                               const ctype     *x, \
                               ctype           *y) \
  { \
    lfb_max_pool_vectors (window, pixels, x, y, sizeof *y, smallest, lfb_max_tap_##type); \
  }

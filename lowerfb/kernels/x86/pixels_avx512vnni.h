/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The windows of a block of output pixels, as the product of
 * tile_avx512vnni.h takes them: for each tile of pixels a table of pointers,
 * [tap][pixel], to the bytes of one group; taps outside of the image point to
 * bytes of the zero point.  Or, where taps have few channels, one pointer a pixel,
 * to the bytes of its window, gathered.
 */

#pragma once

#include <stdbool.h>

#include <lowerfb/kernels/c/walk.h>
#include <lowerfb/kernels/conv.h>
#include <lowerfb/kernels/x86/tile_avx512vnni.h>

typedef struct
{
  const LfbConvArgs *args;
  size_t             channels;   /* of a group */
  size_t             taps;
  size_t             longest;    /* block, in pixels */
  bool               gather;
  bool               sum;        /* bytes of windows are summed up */
  int32_t            x_zero_point;

  /* The block; tile t ends before pixel lfb_pixels_tile_end (t). */
  size_t             pixel;
  size_t             count;
  size_t             n_tiles;
  const uint8_t    **rows;
  int32_t           *sums;

  uint8_t           *padding;    /* as many bytes of the zero point as are read at once */
  uint8_t           *gathered;
  size_t             gathered_stride;
} LfbPixelsAvx512;

size_t lfb_pixels_scratch_size (const LfbWindow   *window,
                                size_t             channels,
                                bool               gather,
                                bool               sum);

/* Takes scratch memory of that size from @args. */
void   lfb_pixels_init         (LfbPixelsAvx512   *pixels,
                                const LfbConvArgs *args,
                                size_t             channels,
                                bool               gather,
                                bool               sum,
                                int32_t            x_zero_point);

/* The block that begins at @pixel, for the channels of @group. */
void   lfb_pixels_find         (LfbPixelsAvx512   *pixels,
                                size_t             pixel,
                                size_t             group);

/* Tiles are of about equal height. */
static inline size_t
lfb_pixels_tile_end (const LfbPixelsAvx512 *pixels,
                     size_t                 tile)
{
  return pixels->count * (tile + 1) / pixels->n_tiles;
}

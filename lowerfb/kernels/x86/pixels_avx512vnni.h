/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The windows of a block of output pixels, as the product of
 * tile_avx512vnni.h takes them: for each tile of pixels a table of pointers,
 * [run][pixel], to the bytes of one group.
 */

#pragma once

#include <stdbool.h>

#include <lowerfb/kernels/c/walk.h>
#include <lowerfb/kernels/conv.h>
#include <lowerfb/kernels/x86/tile_avx512vnni.h>

/* What lies together in memory, and is one run of a tile. */
typedef enum
{
  LFB_RUN_TAP,    /* the channels of a tap; those outside of the image are bytes of the zero point */
  LFB_RUN_ROW,    /* a row of the kernel, where taps and pixels have no gaps; only rows that reach over
                   * the left or right border are copied */
  LFB_RUN_WINDOW  /* the whole window, copied */
} LfbRunKind;

/* The layout of the runs of a kernel. */
typedef struct
{
  LfbRunKind kind;
  size_t     channels;  /* of a group */
  size_t     n_runs;
  size_t     size;      /* bytes of a run */
} LfbRuns;

LfbRuns lfb_runs_of (LfbRunKind   kind,
                     size_t       channels,
                     const size_t kernel[3]);

typedef struct
{
  const LfbConvArgs *args;
  LfbRuns            runs;
  size_t             longest;    /* block, in pixels */
  bool               sum;        /* bytes of windows are summed up */
  int32_t            x_zero_point;

  /* The block; tile t ends before pixel lfb_pixels_tile_end (t). */
  size_t             pixel;
  size_t             count;
  size_t             n_tiles;
  const uint8_t    **rows;
  int32_t           *sums;

  uint8_t           *padding;    /* as many bytes of the zero point as are read at once */
  uint8_t           *copies;     /* of each pixel, if any, so many bytes: */
  size_t             copies_stride;
} LfbPixelsAvx512;

size_t lfb_pixels_scratch_size (const LfbRuns     *runs,
                                bool               sum);

/* Takes scratch memory of that size from @args. */
void   lfb_pixels_init         (LfbPixelsAvx512   *pixels,
                                const LfbConvArgs *args,
                                const LfbRuns     *runs,
                                bool               sum,
                                int32_t            x_zero_point);

/* The block that begins at @pixel, for the channels of @group. */
void   lfb_pixels_find         (LfbPixelsAvx512   *pixels,
                                size_t             pixel,
                                size_t             group);

/* Bytes @begin to @end - 1 of a run of @size from x, which may begin outside of the
 * image, the others from the zero point; @to is 64-byte aligned, and written to the
 * end of its last 64 bytes. */
void   lfb_pixels_copy         (const uint8_t     *x,
                                ptrdiff_t          begin,
                                ptrdiff_t          end,
                                size_t             size,
                                int32_t            zero_point,
                                uint8_t           *to);

/* Tiles are of about equal height. */
static inline size_t
lfb_pixels_tile_end (const LfbPixelsAvx512 *pixels,
                     size_t                 tile)
{
  return pixels->count * (tile + 1) / pixels->n_tiles;
}

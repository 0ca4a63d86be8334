/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The product of a convolution along the lines of its output, with AVX-512 VNNI: of
 * neighbouring pixels the windows are a fixed distance apart, so that one pointer for each
 * run of a window, which they share, is all that has to be found, and the output of one
 * tile is worked out between the multiply-adds of the next.
 *
 * It is for u8 outputs, 32 at a time, and for weights of 32 outputs that stay in the
 * L1 cache.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lowerfb/kernels/conv.h>

/* A piece of the windows of all pixels: as many groups of 4 neighbouring bytes. */
typedef struct
{
  size_t row;     /* of the kernel: depth and height as one number */
  size_t offset;  /* bytes from the first tap of the row */
  size_t groups;
} LfbLineRun;

/* More runs, or more bytes of weights of 32 outputs, are not for lines. */
#define LFB_LINE_RUNS ((size_t) 128)
#define LFB_LINE_BYTES ((size_t) 24 * 1024)

/* What the weights of a convolution are to lines; for each block of 32 outputs the offsets
 * (tile_avx512vnni.h), then the weights, [group][output][4], in the order of the runs. */
typedef struct
{
  const int8_t *blocks;
  size_t        block_size;
  size_t        weights;      /* bytes from the offsets to the weights */
  size_t        channels;     /* of x */
  size_t        n_runs;
  LfbLineRun    runs[LFB_LINE_RUNS];
} LfbLineWeights;

typedef struct _LfbLines LfbLines;

/* Bytes of scratch memory for @n outputs. */
size_t    lfb_lines_scratch_size (const LfbLineWeights *weights,
                                  const LfbWindow      *window,
                                  size_t                n);

/* In @scratch, 64-byte aligned.  n_begin and n_end of @args are multiples of 32, its
 * pixels have no gaps. */
LfbLines *lfb_lines_new          (void                 *scratch,
                                  const LfbLineWeights *weights,
                                  const LfbConvArgs    *args,
                                  const LfbRequantize  *output,
                                  uint8_t              *y);

/* Computes pixels from @pixel on; where it stops.  That is before the end where what is
 * left of a line is too short, up to lfb_lines_end(). */
size_t    lfb_lines_run          (LfbLines             *lines,
                                  size_t                pixel);
size_t    lfb_lines_end          (const LfbLines       *lines,
                                  size_t                pixel);

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The product that linear and convolution share with AVX-512 VNNI: a tile of a
 * few rows and of 16 or 32 outputs, from bytes of x to bytes (or floats) of y,
 * its sums in registers all the time.
 *
 * x is taken where it lies, through pointers: a row of a linear is one run of
 * bytes, the row of a convolution (a pixel of the output) a run for each tap,
 * anywhere.  Each run is a number of groups of 4 bytes; where its length is no
 * multiple of 4, the last group begins 4 bytes before the end, and the weights
 * of the bytes that it repeats are 0: no byte past the end is touched, and none
 * needs a mask.
 *
 * Weights: for each run, for each of its groups, for each of the 16 or 32 outputs
 * the 4 weights of the group, 64-byte aligned.
 *
 * What is summed up is x times w; zero points come in before and after:
 *
 *     sum (x - zx) (w - zw) = sum (x w) - zx * offset - zw * sum (x),  offset = sum (w) - K zw
 *
 * modulo 2^32, which is what the sums are kept in; the result fits.
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

#include <lowerfb/kernels/requantize.h>

#define LFB_TILE_ROWS ((size_t) 12)     /* at most */
#define LFB_TILE_OUTPUTS ((size_t) 32)  /* at most */

typedef struct
{
  /* x: n_runs times as many pointers as the tile has rows. */
  const uint8_t * const *rows;
  size_t                 n_runs;
  size_t                 n_groups;       /* of 4 bytes in each run that begin at multiples of 4 */
  ptrdiff_t              last;           /* where one more group begins; -1: there is none */
  const int8_t          *w;

  const int32_t         *offsets;        /* of the outputs; as many as 16 or 32 */
  const int32_t         *w_zero_points;  /* the same; NULL: all 0 */
  const int32_t         *row_sums;       /* of each row, if there are weight zero points */

  /* Exactly one of the outputs, whose parameters begin with output 0 of all;
   * those of the tile are n to n + n_outputs - 1. */
  size_t                 n;
  size_t                 n_outputs;
  const LfbRequantize   *requantize;
  uint8_t               *y_u8;           /* where row 0 and output n go */
  const LfbRescale      *rescale;
  float                 *y_f32;
  size_t                 y_stride;       /* elements from row to row */
} LfbTileAvx512;

/* How many vectors of 16 outputs a tile of @n_outputs has, 1 or 2. */
static inline size_t
lfb_tile_vectors (size_t n_outputs)
{
  return n_outputs > 16 ? 2 : 1;
}

/* Rows of a run of @k bytes, k >= 4: what n_groups and last are. */
static inline void
lfb_tile_set_run (LfbTileAvx512 *tile,
                  size_t         k)
{
  tile->n_groups = k / 4;
  tile->last = k % 4 != 0 ? (ptrdiff_t) k - 4 : -1;
}

/* Computes a tile of @n_rows, 1 to LFB_TILE_ROWS. */
void lfb_tile_u8s8_avx512vnni (const LfbTileAvx512 *tile,
                               size_t               n_rows);

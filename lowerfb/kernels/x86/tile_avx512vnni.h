/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The product that linear and convolution share with AVX-512 VNNI: a tile of a
 * few rows and of up to 32 outputs, from bytes of x to bytes (or floats) of y, its
 * sums in registers all the time.
 *
 * x is taken where it lies, through pointers: a row of a linear is one run of
 * bytes, the row of a convolution (a pixel of the output) a run for each tap,
 * anywhere.  Each run is a number of groups of 4 bytes; where its length is no
 * multiple of 4, the last group begins 4 bytes before the end, and the weights
 * of the bytes that it repeats are 0: no byte past the end is touched, and none
 * needs a mask.
 *
 * Weights: for each run, for each of its groups, for each of 16 or 32 outputs the 4
 * weights of the group, 64-byte aligned.
 *
 * What is summed up is x times w; zero points come in before and after:
 *
 *     sum (x - zx) (w - zw) = sum (x w) - zx * offset - zw * sum (x),  offset = sum (w) - K zw
 *
 * modulo 2^32, which is what the sums are kept in; the result fits.
 *
 * A tile is set up in the order of the functions below; all but the last stay
 * good for many tiles.
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

#include <lowerfb/kernels/requantize.h>

#define LFB_TILE_ROWS ((size_t) 12)     /* at most */
#define LFB_TILE_OUTPUTS ((size_t) 32)  /* at most */

/* Begin with zeros.  The assembly counts on where the first fields are. */
typedef struct
{
  const uint8_t * const *rows;                /* n_runs times as many pointers as the tile has rows */
  size_t                 n_runs;
  size_t                 size;                /* of a run: bytes in whole groups */
  ptrdiff_t              last;                /* where one more group begins, from their end; 1: there is none */
  size_t                 final_size;          /* the same of the last run, without what is done with the output */
  ptrdiff_t              final_last;
  const int8_t          *w;
  void                  *y;
  size_t                 y_stride;            /* bytes from row to row */
  const float           *multiplier;          /* of the first output of the tile */
  const float           *bias;
  float                  limit;               /* u8: y_max - y_zero_point; f32: 0 with a relu, -infinity without */
  int16_t                zero_point;          /* u8: of y */
  uint8_t                min;                 /* u8: y_min */
  int32_t                minus_x_zero_point;
  const int32_t         *offsets;
  const uint8_t         *q;                   /* what is added to the first element of the tile */
  size_t                 q_stride;
  float                  q_zero_point;
  float                  q_scale;
  float                  product_low;         /* for an addend of rounded products: see LfbAddend */
  float                  product_high;
  float                  product_scale;
  float                  reciprocal;

  const LfbAddend       *addend;              /* NULL: nothing is added */
  const LfbRequantize   *requantize;          /* one of the two */
  const LfbRescale      *rescale;
  const int32_t         *w_zero_points;
  const int32_t         *row_sums;
  size_t                 n_outputs;
  unsigned               kind;
} LfbTile;

/* How many vectors of 16 outputs the weights of @n_outputs have, 1 or 2. */
static inline size_t
lfb_tile_vectors (size_t n_outputs)
{
  return n_outputs > 16 ? 2 : 1;
}

/* @y_stride: elements. */
void lfb_tile_set_u8      (LfbTile             *tile,
                           const LfbRequantize *output,
                           size_t               y_stride);
void lfb_tile_set_f32     (LfbTile             *tile,
                           const LfbRescale    *output,
                           size_t               y_stride);

/* After lfb_tile_set_u8(), which says how the product itself is requantized. */
void lfb_tile_set_addend  (LfbTile             *tile,
                           const LfbAddend     *addend);

/* Each of @n_runs has @k bytes, 4 at least. */
void lfb_tile_set_runs    (LfbTile             *tile,
                           size_t               n_runs,
                           size_t               k);

/* The tile is outputs @n to @n + @n_outputs - 1; @w_zero_points may be NULL: all 0.
 * It and @offsets are 16 or 32 numbers, 64-byte aligned. */
void lfb_tile_set_outputs (LfbTile             *tile,
                           size_t               n,
                           size_t               n_outputs,
                           const int8_t        *w,
                           const int32_t       *offsets,
                           const int32_t       *w_zero_points);

/* Computes @n_rows, 1 to LFB_TILE_ROWS.  @rows: for each run a pointer for each
 * row.  @row_sums: the sum of the bytes of each row, if there are weight zero
 * points.  @y: output n of the first row.  If something is added, the tile's q
 * has been set to what is added to that element. */
void lfb_tile_run         (LfbTile                *tile,
                           size_t                  n_rows,
                           const uint8_t * const  *rows,
                           const int32_t          *row_sums,
                           void                   *y);

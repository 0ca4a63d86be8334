/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The product that linear and convolution share where registers are not those of
 * AVX-512: a tile of a few rows and of up to 16 outputs, from x to bytes (or floats) of
 * y, its sums in registers all the time.
 *
 * A row is a pointer; from it lie the runs, equally far for all rows: one for a
 * linear, one for each row of the kernel of a convolution.  A run is a number of
 * groups; what these are is said by the instruction set.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lowerfb/kernels/requantize.h>

#define LFB_PRODUCT_OUTPUTS ((size_t) 16)

typedef struct
{
  const ptrdiff_t     *runs;         /* bytes from a row to each of its runs */
  size_t               n_runs;
  size_t               size;         /* of a run, in bytes */
  ptrdiff_t            last;         /* where one more group begins, from the end of the last run; 0: there is none */
  const uint8_t       *w;            /* for each group 16 lanes */
  bool                 wide;         /* AVX2: those are words, else bytes */
  _Alignas (32) int32_t start[LFB_PRODUCT_OUTPUTS];  /* what sums begin with */
  const int32_t       *zero_points;  /* 16, which are multiplied with the sums of rows; or NULL */
  size_t               n;            /* the outputs are n to n + count - 1 */
  size_t               count;

  const LfbRequantize *requantize;   /* one of the two pairs */
  uint8_t             *y_u8;
  const LfbAddend     *addend;       /* to y_u8; or NULL */
  const LfbRescale    *rescale;
  float               *y_f32;
  size_t               y_stride;
} LfbProductTile;

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The product of linear and convolution with AVX2.  Weights are packed as bytes;
 * for many rows the caller widens them, for few the loop does.
 */

#include <lowerfb/kernels/x86/madd_avx2.h>
#include <lowerfb/kernels/x86/tile_loop_256.h>

void
lfb_tile_run_avx2 (const LfbProductTile  *tile,
                   size_t                 n_rows,
                   const uint8_t * const *rows,
                   const int32_t         *row_sums,
                   size_t                 row)
{
  if (tile->wide)
    as_they_are[n_rows - 1] (tile, rows, row_sums, row);
  else
    widened[n_rows - 1] (tile, rows, row_sums, row);
}

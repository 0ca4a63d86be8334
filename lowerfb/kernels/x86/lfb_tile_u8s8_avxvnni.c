/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The product of linear and convolution with AVX-VNNI. */

#include <lowerfb/kernels/x86/dpbusd_avxvnni.h>
#include <lowerfb/kernels/x86/tile_loop_256.h>

void
lfb_tile_run_avxvnni (const LfbProductTile  *tile,
                      size_t                 n_rows,
                      const uint8_t * const *rows,
                      const int32_t         *row_sums,
                      size_t                 row)
{
  as_they_are[n_rows - 1] (tile, rows, row_sums, row);
}

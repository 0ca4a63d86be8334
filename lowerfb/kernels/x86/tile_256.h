/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The tiles of product_tile.h on 256-bit registers.  A group is 32 bits of x: 4 bytes
 * with AVX-VNNI, 2 words with AVX2.
 */

#pragma once

#include <lowerfb/kernels/simd/product_tile.h>

#define LFB_PRODUCT_ROWS ((size_t) 6)  /* at most */

/* Computes @n_rows, of which the first is row @row of y.  @row_sums: of each, if there
 * are zero points. */
void lfb_tile_run_avx2    (const LfbProductTile  *tile,
                           size_t                 n_rows,
                           const uint8_t * const *rows,
                           const int32_t         *row_sums,
                           size_t                 row);
void lfb_tile_run_avxvnni (const LfbProductTile  *tile,
                           size_t                 n_rows,
                           const uint8_t * const *rows,
                           const int32_t         *row_sums,
                           size_t                 row);

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The tiles of product_tile.h in NEON.  A group is one word of x, or, with dot products,
 * four signed bytes.
 */

#pragma once

#include <lowerfb/kernels/simd/product_tile.h>

#define LFB_PRODUCT_ROWS ((size_t) 4)  /* at most */

/* Computes @n_rows, of which the first is row @row of y.  @row_sums: of each, if there
 * are zero points. */
void lfb_tile_run_neon    (const LfbProductTile  *tile,
                           size_t                 n_rows,
                           const uint8_t * const *rows,
                           const int32_t         *row_sums,
                           size_t                 row);
void lfb_tile_run_neondot (const LfbProductTile  *tile,
                           size_t                 n_rows,
                           const uint8_t * const *rows,
                           const int32_t         *row_sums,
                           size_t                 row);

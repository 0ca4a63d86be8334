/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Between tile_avx512vnni.h and its loops in assembly. */

#pragma once

#include <lowerfb/kernels/x86/tile_avx512vnni.h>

/* Groups that the functions from x to y add at the end of the last run, four rows
 * at a time; a run must have as many. */
#define LFB_TILE_LEFT ((size_t) 8)

/* The loops change the first two.  A function counts on where each field is. */
typedef struct
{
  const uint8_t * const *rows;
  size_t                 n_runs;
  size_t                 size;                /* of a run: bytes in whole groups */
  ptrdiff_t              last;                /* where one more group begins, from their end; 1: there is none */
  size_t                 final_size;          /* the same two of the last run: LFB_TILE_LEFT groups less, */
  ptrdiff_t              final_last;          /* 1; or just the same */
  const int8_t          *w;
  void                  *y;                   /* or 24 vectors of sums */
  size_t                 y_stride;            /* bytes */
  const float           *multiplier;          /* of the first output of the tile */
  const float           *bias;
  float                  limit;               /* u8: y_max - y_zero_point; f32: 0 with a relu, -infinity without */
  int16_t                zero_point;          /* u8: of y */
  uint8_t                min;                 /* u8: y_min */
  int32_t                minus_x_zero_point;
  const int32_t         *offsets;
} LfbTileWork;

typedef void LfbTileLoop (LfbTileWork *work);

/* Rows; phases: groups in a step that have sums of their own. */
#define LFB_EACH_TILE(DO) \
  DO (1, 8) DO (2, 4) DO (3, 4) DO (4, 2) DO (5, 2) DO (6, 2) DO (7, 1) DO (8, 1) DO (9, 1) DO (10, 1) DO (11, 1) \
  DO (12, 1)
#define LFB_EACH_TALL_TILE(DO) DO (7) DO (8) DO (9) DO (10) DO (11) DO (12)

/* Only the sums, of 16 and of 32 outputs: of row r and phase p, sum r + p * rows of
 * the first 16, sum 12 + r + p * rows of the others. */
#define LFB_DECLARE(rows, phases) LfbTileLoop lfb_tile_sums_##rows##_1, lfb_tile_sums_##rows##_2;
LFB_EACH_TILE (LFB_DECLARE)
#undef LFB_DECLARE

/* From x to y, for 32 outputs and no weight zero points. */
#define LFB_DECLARE(rows) LfbTileLoop lfb_tile_u8_##rows, lfb_tile_f32_##rows;
LFB_EACH_TALL_TILE (LFB_DECLARE)
#undef LFB_DECLARE

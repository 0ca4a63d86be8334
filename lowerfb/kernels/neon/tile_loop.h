/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The tiles of product_tile.h, for the instructions of the file that includes this,
 * which says
 *
 *   LFB_STEP_SIZE        bytes of a row that one step of the loop takes, in a vector
 *   LFB_GROUP_SIZE       bytes of a group
 *   LFB_GROUP_WEIGHTS    bytes of its weights
 *   lfb_add_step, lfb_add_group  (sums, x, at, w, rows): @at bytes from the pointers of the rows
 *
 * 4 rows of 16 outputs, the shape of XNNPACK's kernels too, have 16 sums.  They take the
 * output stage of plain C, which the compiler vectorises.
 */

#include <arm_neon.h>

#include <lowerfb/kernels/c/output.h>
#include <lowerfb/kernels/neon/tile.h>

LFB_NEON_INLINE void
run_tile (const LfbProductTile  *tile,
          const uint8_t * const *rows,
          const int32_t         *row_sums,
          size_t                 row,
          size_t                 n_rows)
{
  const LfbOutput output = {
    .requantize = tile->requantize, .y_u8 = tile->y_u8, .rescale = tile->rescale, .y_f32 = tile->y_f32,
    .y_stride = tile->y_stride, .addend = tile->addend,
  };
  const uint8_t *w = tile->w;
  const uint8_t *x[LFB_PRODUCT_ROWS];
  int32x4_t sums[LFB_PRODUCT_ROWS][4];
  int32_t acc[LFB_PRODUCT_ROWS][LFB_PRODUCT_OUTPUTS];

  for (size_t r = 0; r < n_rows; r++)
    for (int i = 0; i < 4; i++)
      sums[r][i] = vld1q_s32 (tile->start + 4 * i);

  for (size_t r = 0; r < n_rows; r++)
    x[r] = rows[r];

  for (size_t run = 0; run < tile->n_runs; run++)
    {
      ptrdiff_t at = tile->runs[run], end = at + (ptrdiff_t) tile->size;

      for (; at <= end - (ptrdiff_t) LFB_STEP_SIZE; at += (ptrdiff_t) LFB_STEP_SIZE)
        {
          lfb_add_step (sums, x, at, w, n_rows);
          w += LFB_STEP_SIZE / LFB_GROUP_SIZE * LFB_GROUP_WEIGHTS;
        }
      for (; at < end; at += (ptrdiff_t) LFB_GROUP_SIZE, w += LFB_GROUP_WEIGHTS)
        lfb_add_group (sums, x, at, w, n_rows);
    }

  for (size_t r = 0; r < n_rows; r++)
    for (int i = 0; i < 4; i++)
      {
        if (tile->zero_points != NULL)
          sums[r][i] = vmlsq_s32 (sums[r][i], vld1q_s32 (tile->zero_points + 4 * i), vdupq_n_s32 (row_sums[r]));
        vst1q_s32 (&acc[r][4 * i], sums[r][i]);
      }

  for (size_t r = 0; r < n_rows; r++)
    lfb_output_row (&output, acc[r], row + r, tile->n, tile->count);
}

/* A constant count of rows keeps the sums in registers. */
#define LFB_NEON_TILE(name) \
  void \
  name (const LfbProductTile  *tile, \
        size_t                 n_rows, \
        const uint8_t * const *rows, \
        const int32_t         *row_sums, \
        size_t                 row) \
  { \
    switch (n_rows) \
      { \
      case 1: \
        run_tile (tile, rows, row_sums, row, 1); \
        break; \
      case 2: \
        run_tile (tile, rows, row_sums, row, 2); \
        break; \
      case 3: \
        run_tile (tile, rows, row_sums, row, 3); \
        break; \
      default: \
        run_tile (tile, rows, row_sums, row, 4); \
        break; \
      } \
  }

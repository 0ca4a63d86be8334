/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Transposing element by element, as the kernels share it: of a matrix, the rows
 * @row to @row_end - 1 and the columns @column to @column_end - 1.
 */

#pragma once

#include <lowerfb/kernels/transpose.h>

/* So that what is read and what is written stays in the L1 cache. */
#define LFB_TRANSPOSE_BLOCK ((size_t) 32)

#define LFB_TRANSPOSE_PART(type) \
  for (size_t j = column; j < column_end; j++) \
    for (size_t i = row; i < row_end; i++) \
      ((type *) y)[j * matrix->y_stride + i] = ((const type *) x)[i * matrix->x_stride + j]

static inline void
lfb_transpose_part (const void      *x,
                    void            *y,
                    size_t           element_size,
                    const LfbMatrix *matrix,
                    size_t           row,
                    size_t           row_end,
                    size_t           column,
                    size_t           column_end)
{
  if (element_size == 1)
    LFB_TRANSPOSE_PART (uint8_t);
  else if (element_size == 2)
    LFB_TRANSPOSE_PART (uint16_t);
  else if (element_size == 4)
    LFB_TRANSPOSE_PART (uint32_t);
  else
    LFB_TRANSPOSE_PART (uint64_t);
}

static inline void
lfb_transpose_blocks (const void      *x,
                      void            *y,
                      size_t           element_size,
                      const LfbMatrix *matrix)
{
  for (size_t j = 0; j < matrix->columns; j += LFB_TRANSPOSE_BLOCK)
    for (size_t i = 0; i < matrix->rows; i += LFB_TRANSPOSE_BLOCK)
      {
        size_t row_end = matrix->rows - i < LFB_TRANSPOSE_BLOCK ? matrix->rows : i + LFB_TRANSPOSE_BLOCK;
        size_t column_end = matrix->columns - j < LFB_TRANSPOSE_BLOCK ? matrix->columns : j + LFB_TRANSPOSE_BLOCK;

        lfb_transpose_part (x, y, element_size, matrix, i, row_end, j, column_end);
      }
}

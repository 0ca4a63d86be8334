/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Transposing bytes and 32-bit elements in vectors: the loop of the contract
 * transpose.h.
 *
 * A block has as many rows as 16 bytes have elements and as many columns as a
 * vector: a column of it is one lane of 16 bytes.  Interleaving row i with row
 * i + half, again and again, exchanges the dimensions inside of each lane.  Blocks
 * at the end begin earlier and do again what was done already.
 *
 * Two to four rows of bytes, as planes of colours are, are interleaved instead; few
 * columns, as the taps of a weight are, are read together with what is behind them.
 */

#pragma once

#include <string.h>

#include <lowerfb/kernels/c/transpose.h>
#include <lowerfb/kernels/simd/vector.h>

LFB_INLINE void
lfb_transpose_block (const char *x,
                     size_t      x_stride,
                     char       *y,
                     size_t      y_stride,
                     size_t      element_size)
{
  size_t n = 16 / element_size;
  LfbVb rows[16], turned[16];

  for (size_t i = 0; i < n; i++)
    rows[i] = lfb_vb_load (x + i * x_stride);

  for (size_t step = 1; step < n; step *= 2)
    {
      for (size_t i = 0; i < n / 2; i++)
        {
          turned[2 * i] = lfb_vb_interleave (rows[i], rows[i + n / 2], element_size, 0);
          turned[2 * i + 1] = lfb_vb_interleave (rows[i], rows[i + n / 2], element_size, 1);
        }

      for (size_t i = 0; i < n; i++)
        rows[i] = turned[i];
    }

  for (size_t lane = 0; lane < LFB_BYTES / 16; lane++)
    for (size_t i = 0; i < n; i++)
      lfb_vb_store_lane (y + (lane * n + i) * y_stride, rows[i], lane);
}

LFB_INLINE void
lfb_transpose_vectors (const void      *x,
                       void            *y,
                       size_t           element_size,
                       const LfbMatrix *matrix)
{
  size_t n_rows = 16 / element_size, n_columns = LFB_BYTES / element_size;

  for (size_t j = 0; j < matrix->columns; j += n_columns)
    {
      size_t column = matrix->columns - j < n_columns ? matrix->columns - n_columns : j;

      for (size_t i = 0; i < matrix->rows; i += n_rows)
        {
          size_t row = matrix->rows - i < n_rows ? matrix->rows - n_rows : i;

          lfb_transpose_block ((const char *) x + (row * matrix->x_stride + column) * element_size,
                               matrix->x_stride * element_size,
                               (char *) y + (column * matrix->y_stride + row) * element_size,
                               matrix->y_stride * element_size, element_size);
        }
    }
}

/* Two to four rows of bytes whose columns become neighbours in memory, as planes that
 * become pixels. */
LFB_INLINE void
lfb_transpose_interleave (const LfbVb *rows,
                          size_t       n_rows,
                          uint8_t     *y)
{
  for (size_t half = 0; half < 2; half++)
    {
      LfbVb even = lfb_vb_interleave (rows[0], rows[n_rows == 2 ? 1 : 2], 1, half);
      LfbVb odd = n_rows == 2 ? even : lfb_vb_interleave (rows[1], rows[3], 1, half);

      for (size_t lane = 0; lane < LFB_BYTES / 16; lane++)
        {
          uint8_t *to = y + (lane * 2 + half) * 8 * (n_rows == 2 ? 2 : 4);

          lfb_vb_store_lane (to, n_rows == 2 ? even : lfb_vb_interleave (even, odd, 1, 0), lane);
          if (n_rows == 4)
            lfb_vb_store_lane (to + 16, lfb_vb_interleave (even, odd, 1, 1), lane);
        }
    }
}

/* Of four bytes of each pixel the first three; what is written too much is written
 * again, but after the last pixel. */
LFB_INLINE void
lfb_transpose_pack_pixels (const uint8_t *from,
                           uint8_t       *to)
{
  for (size_t i = 0; i + 1 < LFB_BYTES; i++)
    memcpy (to + 3 * i, from + 4 * i, 4);
  memcpy (to + 3 * (LFB_BYTES - 1), from + 4 * (LFB_BYTES - 1), 3);
}

LFB_INLINE void
lfb_transpose_few_rows (const uint8_t   *x,
                        uint8_t         *y,
                        const LfbMatrix *matrix,
                        size_t           n_rows)
{
  for (size_t j = 0; j < matrix->columns; j += LFB_BYTES)
    {
      size_t column = matrix->columns - j < LFB_BYTES ? matrix->columns - LFB_BYTES : j;
      uint8_t pixels[4 * LFB_BYTES];
      LfbVb rows[4];

      for (size_t i = 0; i < 4; i++)
        rows[i] = lfb_vb_load (x + (i < n_rows ? i : n_rows - 1) * matrix->x_stride + column);

      if (n_rows == 3)
        {
          lfb_transpose_interleave (rows, 4, pixels);
          lfb_transpose_pack_pixels (pixels, y + 3 * column);
        }
      else
        {
          lfb_transpose_interleave (rows, n_rows, y + n_rows * column);
        }
    }
}

/* Bytes of a matrix of few columns without gaps: rows are read together with the
 * beginning of those behind them, the last few, which have too little behind them,
 * one by one.
 */
LFB_INLINE void
lfb_transpose_narrow (const uint8_t   *x,
                      uint8_t         *y,
                      const LfbMatrix *matrix)
{
  size_t columns = matrix->columns, most = (LFB_BYTES + columns - 1) / columns;
  size_t n_rows = matrix->rows > most ? matrix->rows - most + 1 : 0;
  LfbVb rows[16], turned[16];

  for (size_t i = 0; n_rows >= 16 && i < n_rows; i += 16)
    {
      size_t row = n_rows - i < 16 ? n_rows - 16 : i;

      for (size_t j = 0; j < 16; j++)
        rows[j] = lfb_vb_load (x + (row + j) * columns);

      for (size_t step = 1; step < 16; step *= 2)
        {
          for (size_t j = 0; j < 8; j++)
            {
              turned[2 * j] = lfb_vb_interleave (rows[j], rows[j + 8], 1, 0);
              turned[2 * j + 1] = lfb_vb_interleave (rows[j], rows[j + 8], 1, 1);
            }

          for (size_t j = 0; j < 16; j++)
            rows[j] = turned[j];
        }

      for (size_t lane = 0; lane < LFB_BYTES / 16; lane++)
        for (size_t j = 0; j < 16 && lane * 16 + j < columns; j++)
          lfb_vb_store_lane (y + (lane * 16 + j) * matrix->y_stride + row, rows[j], lane);
    }

  lfb_transpose_part (x, y, 1, matrix, n_rows >= 16 ? n_rows : 0, matrix->rows, 0, columns);
}

/* The function of a variant, named after its instruction set. */
#define LFB_TRANSPOSE_VARIANT(isa) \
  void \
  lfb_transpose_##isa (const void      *x, \
                       void            *y, \
                       size_t           element_size, \
                       const LfbMatrix *matrix) \
  { \
    bool few = element_size == 1 && matrix->y_stride == matrix->rows && matrix->columns >= LFB_BYTES; \
    \
    if (few && matrix->rows == 2) \
      lfb_transpose_few_rows (x, y, matrix, 2); \
    else if (few && matrix->rows == 3) \
      lfb_transpose_few_rows (x, y, matrix, 3); \
    else if (few && matrix->rows == 4) \
      lfb_transpose_few_rows (x, y, matrix, 4); \
    else if (element_size == 1 && matrix->rows >= 16 && matrix->columns >= LFB_BYTES) \
      lfb_transpose_vectors (x, y, 1, matrix); \
    else if (element_size == 1 && matrix->rows >= 16 && matrix->columns > 1 && matrix->x_stride == matrix->columns) \
      lfb_transpose_narrow (x, y, matrix); \
    else if (element_size == 4 && matrix->rows >= 4 && matrix->columns >= LFB_BYTES / 4) \
      lfb_transpose_vectors (x, y, 4, matrix); \
    else \
      lfb_transpose_blocks (x, y, element_size, matrix); \
  }

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Products of float matrices in vectors: the loops of the contract matmul.h.
 *
 * A tile of LFB_TILE_ROWS rows and LFB_TILE_VECTORS vectors of columns stays in
 * registers while terms are added; columns of b that are not read as vectors are
 * copied into scratch first, followed by zeros where there are too few.
 */

#pragma once

#include <lowerfb/kernels/matmul.h>
#include <lowerfb/kernels/simd/vector.h>

/* What 16 registers hold, or 32. */
#if defined (__AVX2__) && !defined (__AVX512VNNI__)
#define LFB_TILE_VECTORS 2
#define LFB_TILE_ROWS 4
#else
#define LFB_TILE_VECTORS 4
#define LFB_TILE_ROWS 6
#endif

#define LFB_TILE_COLUMNS (LFB_TILE_VECTORS * LFB_LANES)

/* Rows of b from which on it is worth copying for. */
#define LFB_MANY_ROWS ((size_t) 8)

/* @k terms of @rows rows: b is read from @panel, whose rows lie @stride apart. */
LFB_INLINE void
lfb_matmul_tile (const LfbMatmul *args,
                 const float     *a,
                 const float     *panel,
                 ptrdiff_t        stride,
                 float           *c,
                 size_t           rows,
                 size_t           columns,
                 size_t           k,
                 bool             add)
{
  LfbVf sums[LFB_TILE_ROWS][LFB_TILE_VECTORS];

#pragma GCC unroll 8
  for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 8
    for (size_t v = 0; v < LFB_TILE_VECTORS; v++)
      {
        size_t begin = v * LFB_LANES;

        if (!add || begin >= columns)
          sums[r][v] = lfb_vf_fill (0.0f);
        else
          sums[r][v] = lfb_vf_load_some (c + r * args->c_stride + begin, columns - begin);
      }

  for (size_t l = 0; l < k; l++)
    {
      LfbVf b[LFB_TILE_VECTORS];

#pragma GCC unroll 8
      for (size_t v = 0; v < LFB_TILE_VECTORS; v++)
        b[v] = lfb_vf_load (panel + v * LFB_LANES);

#pragma GCC unroll 8
      for (size_t r = 0; r < rows; r++)
        {
          LfbVf x = lfb_vf_fill (a[(ptrdiff_t) r * args->a_row]);

#pragma GCC unroll 8
          for (size_t v = 0; v < LFB_TILE_VECTORS; v++)
            sums[r][v] = lfb_vf_add (sums[r][v], lfb_vf_mul (x, b[v]));
        }

      a += args->a_column;
      panel += stride;
    }

#pragma GCC unroll 8
  for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 8
    for (size_t v = 0; v < LFB_TILE_VECTORS; v++)
      if (v * LFB_LANES < columns)
        lfb_vf_store_some (c + r * args->c_stride + v * LFB_LANES, sums[r][v], columns - v * LFB_LANES);
}

/* Columns @column to @column + @columns - 1 of rows @row to @row + @k - 1 of b. */
LFB_INLINE void
lfb_matmul_copy (const LfbMatmul *args,
                 size_t           row,
                 size_t           column,
                 size_t           columns,
                 size_t           k,
                 float           *panel)
{
  const float *b = args->b + (ptrdiff_t) row * args->b_row + (ptrdiff_t) column * args->b_column;

  if (columns < LFB_TILE_COLUMNS)
    memset (panel, 0, k * LFB_TILE_COLUMNS * sizeof *panel);

  if (args->b_column == 1)
    {
      for (size_t l = 0; l < k; l++)
        memcpy (panel + l * LFB_TILE_COLUMNS, b + (ptrdiff_t) l * args->b_row, columns * sizeof *panel);
      return;
    }

  for (size_t j = 0; j < columns; j++)
    for (size_t l = 0; l < k; l++)
      panel[l * LFB_TILE_COLUMNS + j] = b[(ptrdiff_t) j * args->b_column + (ptrdiff_t) l * args->b_row];
}

LFB_INLINE void
lfb_matmul_rows (const LfbMatmul *args,
                 const float     *a,
                 const float     *panel,
                 ptrdiff_t        stride,
                 float           *c,
                 size_t           columns,
                 size_t           k,
                 bool             add)
{
  size_t i = 0;

  for (; i + LFB_TILE_ROWS <= args->m; i += LFB_TILE_ROWS)
    {
      const float *from = a + (ptrdiff_t) i * args->a_row;
      float *to = c + i * args->c_stride;

      if (columns == LFB_TILE_COLUMNS)
        lfb_matmul_tile (args, from, panel, stride, to, LFB_TILE_ROWS, LFB_TILE_COLUMNS, k, add);
      else
        lfb_matmul_tile (args, from, panel, stride, to, LFB_TILE_ROWS, columns, k, add);
    }

  for (; i + 2 <= args->m; i += 2)
    lfb_matmul_tile (args, a + (ptrdiff_t) i * args->a_row, panel, stride, c + i * args->c_stride, 2, columns, k, add);

  if (i < args->m)
    lfb_matmul_tile (args, a + (ptrdiff_t) i * args->a_row, panel, stride, c + i * args->c_stride, 1, columns, k, add);
}

LFB_INLINE void
lfb_matmul_vectors (const LfbMatmul *args)
{
  for (size_t j = 0; j < args->n; j += LFB_TILE_COLUMNS)
    {
      size_t columns = args->n - j < LFB_TILE_COLUMNS ? args->n - j : LFB_TILE_COLUMNS;
      bool direct = args->b_column == 1 && columns == LFB_TILE_COLUMNS && args->m <= LFB_MANY_ROWS;

      for (size_t l = 0; l < args->k || l == 0; l += LFB_MATMUL_TERMS)
        {
          size_t k = args->k - l < LFB_MATMUL_TERMS ? args->k - l : LFB_MATMUL_TERMS;
          const float *a = args->a + (ptrdiff_t) l * args->a_column;
          const float *panel = args->scratch;

          if (direct)
            panel = args->b + (ptrdiff_t) l * args->b_row + (ptrdiff_t) j;
          else
            lfb_matmul_copy (args, l, j, columns, k, args->scratch);

          lfb_matmul_rows (args, a, panel, direct ? args->b_row : (ptrdiff_t) LFB_TILE_COLUMNS, args->c + j, columns, k,
                           args->add || l > 0);
        }
    }
}

/* The function of a variant, named after its instruction set. */
#define LFB_MATMUL_VARIANT(isa) \
  void \
  lfb_matmul_f32_##isa (const LfbMatmul *args) \
  { \
    lfb_matmul_vectors (args); \
  }

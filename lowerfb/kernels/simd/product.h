/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What linear and convolution share around the tiles of product_tile.h: packed weights,
 * and a block of rows times all outputs.  The file that includes this says
 *
 *   LFB_GROUP         how many values of x a group has
 *   LFB_WIDE          1: x are words, from which the zero point has been subtracted; 0: bytes
 *   LFB_FLIP          what bytes are xored with: 0x80 makes them signed; 0
 *   LFB_PACKED_WIDE   1: weights are packed as words; 0: as bytes
 *   LFB_PRODUCT_ROWS  rows of a tile
 *   LFB_TILE_RUN      the function that computes one
 *
 * Zero points that have not been subtracted come in before and after:
 *
 *     sum (x - zx) (w - zw) = sum (x w) - zx * offset - zw * sum (x),  offset = sum (w) - K zw
 *
 * modulo 2^32, with the zx that x as the tile reads it has.  No sum of two products
 * leaves int32.
 */

#pragma once

#include <string.h>

#include <lowerfb/kernels/simd/product_tile.h>

/* Bytes of a value of x as a tile reads it, and of a weight. */
#define LFB_X_SIZE ((size_t) (LFB_WIDE ? 2 : 1))
#define LFB_W_SIZE ((size_t) (LFB_PACKED_WIDE ? 2 : 1))

/* Whether tiles of many rows get their weights widened. */
#define LFB_WIDENS (LFB_WIDE && !LFB_PACKED_WIDE)

/* Rows of a block as far as possible, and at most. */
#define LFB_BLOCK_ROWS ((size_t) 252)
#define LFB_MOST_ROWS (LFB_BLOCK_ROWS * 3 / 2)

/* From so many rows on, weights are widened once for all of them. */
#define LFB_WIDEN_ROWS ((size_t) 3 * LFB_PRODUCT_ROWS)

#if LFB_PACKED_WIDE
typedef int16_t LfbPackedWeight;
#else
typedef int8_t LfbPackedWeight;
#endif

/* Packed weights: this, then for each group of a convolution the tiles of its outputs;
 * each the offsets of 16 outputs, their zero points, and the weights,
 * [run][group][output][LFB_GROUP]. */
typedef struct
{
  _Alignas (64) size_t n_groups;
  size_t               n;           /* outputs of a group */
  size_t               n_runs;
  size_t               run_size;    /* values */
  bool                 overlapping; /* the last group of a run is its last values, of which the group
                                     * before has some too */
  bool                 zero_points;
} LfbProductPacked;

#define LFB_TILE_HEADER (2 * LFB_PRODUCT_OUTPUTS * sizeof (int32_t))
#define LFB_STEP_SIZE (LFB_PRODUCT_OUTPUTS * LFB_GROUP)  /* weights */

static inline size_t
lfb_product_run_steps (const LfbProductPacked *packed)
{
  return (packed->run_size + LFB_GROUP - 1) / LFB_GROUP;
}

static inline size_t
lfb_product_steps (const LfbProductPacked *packed)
{
  return packed->n_runs * lfb_product_run_steps (packed);
}

static inline size_t
lfb_product_tile_size (const LfbProductPacked *packed)
{
  return (LFB_TILE_HEADER + lfb_product_steps (packed) * LFB_STEP_SIZE * LFB_W_SIZE + 63) / 64 * 64;
}

static inline size_t
lfb_product_tiles (const LfbProductPacked *packed)
{
  return (packed->n + LFB_PRODUCT_OUTPUTS - 1) / LFB_PRODUCT_OUTPUTS;
}

static inline size_t
lfb_product_pack_size (const LfbProductPacked *packed)
{
  return sizeof *packed + packed->n_groups * lfb_product_tiles (packed) * lfb_product_tile_size (packed);
}

static inline uint8_t *
lfb_product_tile (const LfbProductPacked *packed,
                  size_t                  group,
                  size_t                  n)
{
  return (uint8_t *) (packed + 1) +
         (group * lfb_product_tiles (packed) + n / LFB_PRODUCT_OUTPUTS) * lfb_product_tile_size (packed);
}

/* Tiles begin as zeros. */
static inline void
lfb_product_begin_packing (LfbProductPacked *packed,
                           LfbProductPacked  header)
{
  *packed = header;
  memset (packed + 1, 0, lfb_product_pack_size (packed) - sizeof *packed);
}

/* Output @n of a group; @w: all of its weights. */
static inline void
lfb_product_pack (LfbProductPacked *packed,
                  size_t            group,
                  size_t            n,
                  const int8_t     *w,
                  int32_t           zero_point)
{
  uint8_t *tile = lfb_product_tile (packed, group, n);
  int32_t *offset = (int32_t *) tile + n % LFB_PRODUCT_OUTPUTS;
  LfbPackedWeight *lane = (LfbPackedWeight *) (tile + LFB_TILE_HEADER) + n % LFB_PRODUCT_OUTPUTS * LFB_GROUP;
  size_t k = packed->n_runs * packed->run_size;
  size_t whole = packed->run_size / LFB_GROUP, rest = packed->run_size % LFB_GROUP;
  int32_t sum = 0;

  for (size_t i = 0; i < k; i++)
    sum += w[i];
  offset[0] = sum - (int32_t) k * zero_point;
  offset[LFB_PRODUCT_OUTPUTS] = zero_point;

  for (size_t run = 0; run < packed->n_runs; run++)
    {
      for (size_t i = 0; i < whole; i++, lane += LFB_STEP_SIZE, w += LFB_GROUP)
        for (size_t j = 0; j < LFB_GROUP; j++)
          lane[j] = w[j];

      if (rest > 0)
        {
          for (size_t j = 0; j < rest; j++)
            lane[packed->overlapping ? LFB_GROUP - rest + j : j] = w[j];
          lane += LFB_STEP_SIZE;
          w += rest;
        }
    }
}

/* A block of rows, and what becomes of it. */
typedef struct
{
  const LfbProductPacked *packed;
  LfbProductTile          tile;
  int32_t                 x_zero_point;
  uint8_t                *wide;      /* scratch for the weights of a tile, if LFB_WIDENS */

  size_t                  row;       /* of y: the first of the block */
  size_t                  count;
  const uint8_t          *rows[LFB_MOST_ROWS];
  int32_t                 row_sums[LFB_MOST_ROWS];   /* if there are zero points */
} LfbProduct;

static inline void
lfb_product_set_u8 (LfbProduct          *product,
                    const LfbRequantize *requantize,
                    const LfbAddend     *addend,
                    uint8_t             *y,
                    size_t               y_stride)
{
  product->tile.requantize = requantize;
  product->tile.y_u8 = y;
  product->tile.addend = addend;
  product->tile.rescale = NULL;
  product->tile.y_stride = y_stride;
  product->x_zero_point = requantize->x_zero_point;
}

static inline void
lfb_product_set_f32 (LfbProduct       *product,
                     const LfbRescale *rescale,
                     float            *y,
                     size_t            y_stride)
{
  product->tile.requantize = NULL;
  product->tile.rescale = rescale;
  product->tile.y_f32 = y;
  product->tile.y_stride = y_stride;
  product->x_zero_point = rescale->x_zero_point;
}

/* @wide: scratch of lfb_product_wide_size() bytes, 64-byte aligned.  @runs: bytes from
 * a row to each run. */
static inline void
lfb_product_set_weights (LfbProduct             *product,
                         const LfbProductPacked *packed,
                         const ptrdiff_t        *runs,
                         void                   *wide)
{
  size_t rest = packed->run_size % LFB_GROUP;

  product->packed = packed;
  product->wide = wide;
  product->tile.runs = runs;
  product->tile.n_runs = packed->n_runs;
  product->tile.size = LFB_GROUP * LFB_X_SIZE * (lfb_product_run_steps (packed) - (packed->overlapping ? 1 : 0));
  product->tile.last = packed->overlapping ? (ptrdiff_t) rest - LFB_GROUP : 0;
}

static inline size_t
lfb_product_wide_size (const LfbProductPacked *packed)
{
  return LFB_WIDENS ? lfb_product_steps (packed) * LFB_STEP_SIZE * sizeof (int16_t) : 0;
}

static inline void
lfb_product_set_tile (LfbProduct    *product,
                      const uint8_t *header)
{
  const LfbProductPacked *packed = product->packed;
  const int32_t *offsets = (const int32_t *) header;
  const LfbPackedWeight *w = (const LfbPackedWeight *) (header + LFB_TILE_HEADER);
  LfbProductTile *tile = &product->tile;

  tile->w = (const uint8_t *) w;
  tile->zero_points = packed->zero_points ? offsets + LFB_PRODUCT_OUTPUTS : NULL;
  for (size_t i = 0; i < LFB_PRODUCT_OUTPUTS; i++)
    tile->start[i] = LFB_WIDE ? 0 : (LFB_FLIP - product->x_zero_point) * offsets[i];

  tile->wide = LFB_WIDENS && product->count >= LFB_WIDEN_ROWS;
  if (tile->wide)
    {
      int16_t *wide = (int16_t *) product->wide;
      size_t size = lfb_product_steps (packed) * LFB_STEP_SIZE;

      for (size_t i = 0; i < size; i++)
        wide[i] = w[i];
      tile->w = product->wide;
    }
}

/* The block times outputs @n_begin to @n_end - 1 of @group. */
static inline void
lfb_product_run (LfbProduct *product,
                 size_t      group,
                 size_t      n_begin,
                 size_t      n_end)
{
  const LfbProductPacked *packed = product->packed;
  size_t n_tiles = (product->count + LFB_PRODUCT_ROWS - 1) / LFB_PRODUCT_ROWS;

  for (size_t n = n_begin; n < n_end; n += LFB_PRODUCT_OUTPUTS)
    {
      product->tile.n = group * packed->n + n;
      product->tile.count = n_end - n < LFB_PRODUCT_OUTPUTS ? n_end - n : LFB_PRODUCT_OUTPUTS;
      lfb_product_set_tile (product, lfb_product_tile (packed, group, n));

      for (size_t i = 0; i < n_tiles; i++)
        {
          size_t first = product->count * i / n_tiles;
          size_t end = product->count * (i + 1) / n_tiles;

          LFB_TILE_RUN (&product->tile, end - first, product->rows + first, product->row_sums + first,
                        product->row + first);
        }
    }
}

/* --- rows that lie in one piece --- */

/* Whether all rows are copied. */
#define LFB_COPIES (LFB_WIDE || LFB_FLIP != 0)

/* About how many bytes of x, as a tile reads it, a block has. */
#define LFB_BLOCK_BYTES ((size_t) 256 * 1024)

static inline size_t
lfb_product_row_size (const LfbProductPacked *packed)
{
  return lfb_product_run_steps (packed) * LFB_GROUP * LFB_X_SIZE;
}

static inline size_t
lfb_product_block_rows (const LfbProductPacked *packed)
{
  size_t rows = LFB_BLOCK_BYTES / lfb_product_row_size (packed) / LFB_PRODUCT_ROWS * LFB_PRODUCT_ROWS;

  if (rows > LFB_BLOCK_ROWS)
    return LFB_BLOCK_ROWS;

  return rows > 8 * LFB_PRODUCT_ROWS ? rows : 8 * LFB_PRODUCT_ROWS;
}

/* Rows of the largest block, if blocks are of about equal size. */
static inline size_t
lfb_product_most_rows (const LfbProductPacked *packed)
{
  return lfb_product_block_rows (packed) * 3 / 2;
}

/* Into how many blocks so many rows go: for a few rows that are left all weights would
 * come from memory, and be widened, once more. */
static inline size_t
lfb_product_blocks (const LfbProductPacked *packed,
                    size_t                  n_rows)
{
  size_t rows = lfb_product_block_rows (packed);

  return n_rows < rows ? 1 : (n_rows + rows / 2) / rows;
}

/* Whether lfb_product_set_row() copies; rows of less than a group in any case. */
static inline bool
lfb_product_copies (const LfbProductPacked *packed)
{
  return LFB_COPIES || packed->run_size < LFB_GROUP;
}

static inline size_t
lfb_product_copies_size (const LfbProductPacked *packed)
{
  return lfb_product_copies (packed) ? (lfb_product_most_rows (packed) * lfb_product_row_size (packed) + 63) / 64 * 64
                                     : 0;
}

/* Row @i of the block is run_size bytes at @x; @copies: lfb_product_copies_size() bytes. */
static inline void
lfb_product_set_row (LfbProduct    *product,
                     size_t         i,
                     const uint8_t *x,
                     void          *copies)
{
  const LfbProductPacked *packed = product->packed;
  size_t size = packed->run_size, padded = lfb_product_run_steps (packed) * LFB_GROUP;
  uint8_t *own = (uint8_t *) copies + i * lfb_product_row_size (packed);
  int16_t zero_point = (int16_t) (LFB_WIDE ? product->x_zero_point : 0);

  product->rows[i] = lfb_product_copies (packed) ? own : x;

  if (packed->zero_points)
    {
      int32_t sum = 0;

      for (size_t j = 0; j < size; j++)
        sum += x[j] - zero_point - LFB_FLIP;
      product->row_sums[i] = sum;
    }

  if (LFB_WIDE)
    {
      int16_t *wide = (int16_t *) own;

      for (size_t j = 0; j < size; j++)
        wide[j] = (int16_t) (x[j] - zero_point);
      for (size_t j = size; j < padded; j++)
        wide[j] = 0;
    }
  else if (lfb_product_copies (packed))
    {
      for (size_t j = 0; j < size; j++)
        own[j] = x[j] ^ LFB_FLIP;
      for (size_t j = size; j < padded; j++)
        own[j] = 0;
    }
}

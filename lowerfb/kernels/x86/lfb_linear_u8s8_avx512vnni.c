/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Linear with AVX-512 VNNI; the contract is linear.h, the product
 * tile_avx512vnni.h.
 *
 * The weights of 32 outputs are one tile.  Blocks of rows that stay in the L2
 * cache are taken through all tiles one after the other, so that weights come
 * from memory once a block, and those of a tile from the L1 cache for all rows
 * of the block but the first.
 */

#include <lowerfb/kernels/linear.h>

#include <string.h>

#include <lowerfb/kernels/cpu.h>
#include <lowerfb/kernels/quantize.h>
#include <lowerfb/kernels/x86/pack_avx512.h>
#include <lowerfb/kernels/x86/tile_avx512vnni.h>

/* Rows of a block as far as possible, and about how many bytes of x. */
#define USUAL_ROWS ((size_t) 252)
#define BLOCK_BYTES ((size_t) 256 * 1024)

/* At most. */
#define BLOCK_ROWS (USUAL_ROWS * 3 / 2)

/* The packed buffer: this, then the tiles; each the offsets of 32 outputs,
 * their zero points if there are any, and the weights, [group][output][4]. */
typedef struct
{
  _Alignas (64) size_t n;
  size_t               k;
  size_t               groups;       /* of 4 bytes of k, the last one included */
  bool                 zero_points;
} Packed;

static size_t
header_size (bool zero_points)
{
  return (zero_points ? 2 : 1) * LFB_TILE_OUTPUTS * sizeof (int32_t);
}

/* A last tile of 16 outputs or less takes half the room. */
static size_t
tile_size (const Packed *packed,
           size_t        n_outputs)
{
  return header_size (packed->zero_points) + packed->groups * 64 * lfb_tile_vectors (n_outputs);
}

static int8_t *
find_tile (Packed *packed,
           size_t  n)
{
  return (int8_t *) (packed + 1) + n / LFB_TILE_OUTPUTS * tile_size (packed, LFB_TILE_OUTPUTS);
}

static Packed
describe (const LfbLinearWeights *weights)
{
  return (Packed) {
    .n = weights->n,
    .k = weights->k,
    .groups = (weights->k + 3) / 4,
    .zero_points = weights->zero_points != NULL,
  };
}

static size_t
pack_size (const LfbLinearWeights *weights)
{
  Packed packed = describe (weights);
  size_t whole = weights->n / LFB_TILE_OUTPUTS, rest = weights->n % LFB_TILE_OUTPUTS;

  return sizeof packed + whole * tile_size (&packed, LFB_TILE_OUTPUTS) + (rest > 0 ? tile_size (&packed, rest) : 0);
}

static void
pack (const LfbLinearWeights *weights,
      void                   *buffer)
{
  Packed *packed = buffer;

  *packed = describe (weights);
  for (size_t n = 0; n < weights->n; n += LFB_TILE_OUTPUTS)
    {
      size_t n_outputs = weights->n - n < LFB_TILE_OUTPUTS ? weights->n - n : LFB_TILE_OUTPUTS;
      size_t vectors = lfb_tile_vectors (n_outputs);
      int8_t *tile = find_tile (packed, n);
      int32_t *offsets = (int32_t *) tile;
      int32_t *zero_points = offsets + LFB_TILE_OUTPUTS;
      int8_t *to = tile + header_size (packed->zero_points);

      memset (tile, 0, header_size (packed->zero_points));
      for (size_t v = 0; v < vectors; v++)
        lfb_pack_outputs_avx512 (weights->w + (n + 16 * v) * weights->w_stride, weights->w_stride, weights->k,
                                 n_outputs - 16 * v < 16 ? n_outputs - 16 * v : 16, to + 64 * v, 64 * vectors,
                                 offsets + 16 * v);

      for (size_t i = 0; i < n_outputs && packed->zero_points; i++)
        {
          zero_points[i] = weights->zero_points[n + i];
          offsets[i] -= (int32_t) weights->k * zero_points[i];
        }
    }
}

/* Only for k below 4: rows of 4 bytes. */
static size_t
scratch_size (const void *buffer)
{
  const Packed *packed = buffer;

  return packed->k < 4 ? BLOCK_ROWS * 4 : 0;
}

static int32_t
sum_bytes (const uint8_t *x,
           size_t         n)
{
  __m512i sum = _mm512_setzero_si512 ();
  size_t i = 0;

  for (; i + 64 <= n; i += 64)
    sum = _mm512_add_epi64 (sum, _mm512_sad_epu8 (_mm512_loadu_si512 (x + i), _mm512_setzero_si512 ()));
  sum = _mm512_add_epi64 (sum, _mm512_sad_epu8 (_mm512_maskz_loadu_epi8 ((UINT64_C (1) << (n - i)) - 1, x + i),
                                                _mm512_setzero_si512 ()));

  return (int32_t) _mm512_reduce_add_epi64 (sum);
}

/* Floats that are to be x. */
typedef struct
{
  const float *x;
  float        scale;
  int32_t      zero_point;
} Floats;

/* From row to row of quantized floats.  Long rows do not lie multiples of a page apart,
 * where all rows of a tile would have the same places in the cache. */
static size_t
floats_pitch (size_t k)
{
  if (k < 4)
    return 4;

  return k < 1024 ? k : (k + 63) / 64 * 64 + 64;
}

/* Quantizes the rows of a block to the scratch memory. */
static void
quantize_rows (const Packed        *packed,
               const LfbLinearArgs *args,
               const Floats        *floats,
               size_t               row,
               size_t               n_rows)
{
  size_t pitch = floats_pitch (packed->k);
  const float *x = floats->x + row * args->x_stride;
  uint8_t *to = args->scratch;

  if (pitch == packed->k && (args->x_stride == packed->k || n_rows == 1))
    {
      lfb_quantize_f32u8_avx512vnni (x, to, n_rows * packed->k, floats->scale, floats->zero_point);
      return;
    }

  for (size_t i = 0; i < n_rows; i++)
    {
      if (packed->k < 4)
        memset (to + i * pitch, 0, 4);
      lfb_quantize_f32u8_avx512vnni (x + i * args->x_stride, to + i * pitch, packed->k, floats->scale,
                                     floats->zero_point);
    }
}

/* What a block of rows needs besides the rows. */
typedef struct
{
  const uint8_t *rows[BLOCK_ROWS];
  int32_t        sums[BLOCK_ROWS];
} Block;

static void
prepare_block (const Packed        *packed,
               const LfbLinearArgs *args,
               const Floats        *floats,
               size_t               row,
               size_t               n_rows,
               Block               *block)
{
  size_t pitch = floats_pitch (packed->k);

  if (floats != NULL)
    quantize_rows (packed, args, floats, row, n_rows);

  for (size_t i = 0; i < n_rows; i++)
    {
      block->rows[i] = floats != NULL ? (const uint8_t *) args->scratch + i * pitch
                                      : args->x + (row + i) * args->x_stride;

      if (packed->zero_points)
        block->sums[i] = sum_bytes (block->rows[i], packed->k);

      if (packed->k < 4 && floats == NULL)
        {
          uint8_t *wide = (uint8_t *) args->scratch + 4 * i;

          memset (wide, 0, 4);
          memcpy (wide, block->rows[i], packed->k);
          block->rows[i] = wide;
        }
    }
}

static size_t
usual_rows (size_t k)
{
  size_t rows = BLOCK_BYTES / k / LFB_TILE_ROWS * LFB_TILE_ROWS;

  if (rows > USUAL_ROWS)
    return USUAL_ROWS;

  return rows > 4 * LFB_TILE_ROWS ? rows : 4 * LFB_TILE_ROWS;
}

static size_t
dynamic_scratch_size (const void *buffer)
{
  const Packed *packed = buffer;

  return usual_rows (packed->k) * 3 / 2 * floats_pitch (packed->k);
}

/* All tiles of a block of rows.  @floats: NULL where x are bytes. */
static void
run_block (const Packed        *packed,
           const LfbLinearArgs *args,
           const Floats        *floats,
           size_t               row,
           size_t               n_rows,
           LfbTile             *tile,
           uint8_t             *y,
           size_t               element_size)
{
  size_t n_tiles = (n_rows + LFB_TILE_ROWS - 1) / LFB_TILE_ROWS;
  Block block;

  prepare_block (packed, args, floats, row, n_rows, &block);

  for (size_t n = args->n_begin; n < args->n_end; n += LFB_TILE_OUTPUTS)
    {
      const int8_t *weights = find_tile ((Packed *) packed, n);
      const int32_t *offsets = (const int32_t *) weights;

      lfb_tile_set_outputs (tile, n, args->n_end - n < LFB_TILE_OUTPUTS ? args->n_end - n : LFB_TILE_OUTPUTS,
                            weights + header_size (packed->zero_points), offsets,
                            packed->zero_points ? offsets + LFB_TILE_OUTPUTS : NULL);

      /* Tiles of about equal height. */
      for (size_t i = 0, first = 0; i < n_tiles; i++)
        {
          size_t end = n_rows * (i + 1) / n_tiles;

          lfb_tile_run (tile, end - first, block.rows + first, block.sums + first,
                        y + ((row + first) * args->y_stride + n) * element_size);
          first = end;
        }
    }
}

static void
run (const Packed        *packed,
     const LfbLinearArgs *args,
     const Floats        *floats,
     LfbTile             *tile,
     void                *y,
     size_t               element_size)
{
  size_t usual = usual_rows (packed->k);
  size_t n_blocks = args->m < usual ? 1 : (args->m + usual / 2) / usual;

  /* Of about equal size: for a few rows that are left all weights would come from
   * memory once more. */
  lfb_tile_set_runs (tile, 1, packed->k < 4 ? 4 : packed->k);
  for (size_t i = 0, first = 0; i < n_blocks; i++)
    {
      size_t end = args->m * (i + 1) / n_blocks;

      run_block (packed, args, floats, first, end - first, tile, y, element_size);
      first = end;
    }
}

static void
run_u8 (const void          *packed,
        const LfbLinearArgs *args,
        const LfbRequantize *requantize,
        uint8_t             *y)
{
  LfbTile tile = { 0 };

  lfb_tile_set_u8 (&tile, requantize, args->y_stride);
  run (packed, args, NULL, &tile, y, sizeof *y);
}

static void
run_f32 (const void          *packed,
         const LfbLinearArgs *args,
         const LfbRescale    *rescale,
         float               *y)
{
  LfbTile tile = { 0 };

  lfb_tile_set_f32 (&tile, rescale, args->y_stride);
  run (packed, args, NULL, &tile, y, sizeof *y);
}

static void
run_dynamic (const void          *packed,
             const LfbLinearArgs *args,
             const float         *x,
             float                x_scale,
             const LfbRescale    *rescale,
             float               *y)
{
  const Floats floats = { x, x_scale, rescale->x_zero_point };
  LfbTile tile = { 0 };

  lfb_tile_set_f32 (&tile, rescale, args->y_stride);
  run (packed, args, &floats, &tile, y, sizeof *y);
}

const LfbLinearKernel lfb_linear_u8s8_avx512vnni = {
  .isa = "avx512vnni",
  .needs = LFB_CPU_AVX512VNNI,
  .tile_m = LFB_TILE_ROWS,
  .tile_n = LFB_TILE_OUTPUTS,
  .pack_size = pack_size,
  .pack = pack,
  .scratch_size = scratch_size,
  .run_u8 = run_u8,
  .run_f32 = run_f32,
  .dynamic_scratch_size = dynamic_scratch_size,
  .run_dynamic = run_dynamic,
};

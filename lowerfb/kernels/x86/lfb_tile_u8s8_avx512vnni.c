/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See tile_avx512vnni.h.  Tall and full tiles are done in one piece by the loops of
 * lfb_tile_loop_avx512vnni.S; of the others those make the sums, and what follows
 * is here.
 */

#include <lowerfb/kernels/x86/tile_avx512vnni.h>

#include <immintrin.h>
#include <math.h>

#include <lowerfb/kernels/x86/output_avx512.h>

/* Groups that the functions from x to y add at the end of the last run, six rows at a
 * time; a run must have as many. */
#define LEFT ((size_t) 8)

/* Rows from which on there are such functions. */
#define TALL ((size_t) 7)

#define SUMS 24

enum
{
  KIND_SUMS_16,
  KIND_SUMS_32,
  KIND_U8,
  KIND_F32,
  KIND_ADD,          /* u8, with something added */
  KIND_ROUNDED_ADD
};

_Static_assert (offsetof (LfbTile, rows) == 0 && offsetof (LfbTile, n_runs) == 8 && offsetof (LfbTile, size) == 16 &&
                offsetof (LfbTile, last) == 24 && offsetof (LfbTile, final_size) == 32 &&
                offsetof (LfbTile, final_last) == 40 && offsetof (LfbTile, w) == 48 && offsetof (LfbTile, y) == 56 &&
                offsetof (LfbTile, y_stride) == 64 && offsetof (LfbTile, multiplier) == 72 &&
                offsetof (LfbTile, bias) == 80 && offsetof (LfbTile, limit) == 88 &&
                offsetof (LfbTile, zero_point) == 92 && offsetof (LfbTile, min) == 94 &&
                offsetof (LfbTile, minus_x_zero_point) == 96 && offsetof (LfbTile, offsets) == 104 &&
                offsetof (LfbTile, q) == 112 && offsetof (LfbTile, q_stride) == 120 &&
                offsetof (LfbTile, q_zero_point) == 128 && offsetof (LfbTile, q_scale) == 132 &&
                offsetof (LfbTile, product_low) == 136 && offsetof (LfbTile, product_high) == 140 &&
                offsetof (LfbTile, product_scale) == 144 && offsetof (LfbTile, reciprocal) == 148,
                "the assembly has these numbers");

#define EACH_TILE(DO) \
  DO (1) DO (2) DO (3) DO (4) DO (5) DO (6) DO (7) DO (8) DO (9) DO (10) DO (11) DO (12)
#define EACH_TALL_TILE(DO) DO (7) DO (8) DO (9) DO (10) DO (11) DO (12)

/* Row r has sum r, of the first 16 outputs, and sum 12 + r, of the others. */
#define DECLARE(rows) \
  void lfb_tile_sums_##rows##_1 (const LfbTile *tile, __m512i *sums); \
  void lfb_tile_sums_##rows##_2 (const LfbTile *tile, __m512i *sums);
EACH_TILE (DECLARE)
#undef DECLARE

/* From x to y: 32 outputs, no weight zero points, LEFT groups in the last run. */
#define DECLARE(rows) \
  void lfb_tile_u8_##rows (const LfbTile *tile), lfb_tile_f32_##rows (const LfbTile *tile); \
  void lfb_tile_add_##rows (const LfbTile *tile), lfb_tile_radd_##rows (const LfbTile *tile);
EACH_TALL_TILE (DECLARE)
#undef DECLARE

void
lfb_tile_set_u8 (LfbTile             *tile,
                 const LfbRequantize *output,
                 size_t               y_stride)
{
  tile->requantize = output;
  tile->y_stride = y_stride;
  tile->limit = (float) (output->y_max - output->y_zero_point);
  tile->zero_point = (int16_t) output->y_zero_point;
  tile->min = (uint8_t) output->y_min;
  tile->minus_x_zero_point = -output->x_zero_point;
}

void
lfb_tile_set_addend (LfbTile         *tile,
                     const LfbAddend *addend)
{
  const LfbRequantize *output = tile->requantize;

  tile->addend = addend;
  tile->q_stride = addend->stride;
  tile->q_zero_point = (float) addend->zero_point;
  tile->q_scale = addend->scale;
  if (!addend->rounded)
    return;

  tile->product_low = (float) (output->y_min - output->y_zero_point);
  tile->product_high = (float) (output->y_max - output->y_zero_point);
  tile->product_scale = addend->product_scale;
  tile->reciprocal = addend->reciprocal;
  tile->limit = (float) (addend->y_max - addend->y_zero_point);
  tile->zero_point = (int16_t) addend->y_zero_point;
  tile->min = (uint8_t) addend->y_min;
}

void
lfb_tile_set_f32 (LfbTile          *tile,
                  const LfbRescale *output,
                  size_t            y_stride)
{
  tile->rescale = output;
  tile->y_stride = y_stride * sizeof (float);
  tile->limit = output->relu ? 0.0f : -INFINITY;
  tile->minus_x_zero_point = -output->x_zero_point;
}

void
lfb_tile_set_runs (LfbTile *tile,
                   size_t   n_runs,
                   size_t   k)
{
  tile->n_runs = n_runs;
  tile->size = k / 4 * 4;
  tile->last = k % 4 != 0 ? (ptrdiff_t) (k % 4) - 4 : 1;
}

void
lfb_tile_set_outputs (LfbTile       *tile,
                      size_t         n,
                      size_t         n_outputs,
                      const int8_t  *w,
                      const int32_t *offsets,
                      const int32_t *w_zero_points)
{
  tile->w = w;
  tile->offsets = offsets;
  tile->w_zero_points = w_zero_points;
  tile->n_outputs = n_outputs;
  tile->multiplier = (tile->requantize != NULL ? tile->requantize->multiplier : tile->rescale->multiplier) + n;
  tile->bias = (tile->requantize != NULL ? tile->requantize->bias : tile->rescale->bias) + n;

  if (n_outputs == LFB_TILE_OUTPUTS && tile->size >= 4 * LEFT && w_zero_points == NULL)
    tile->kind = tile->requantize == NULL ? KIND_F32
                 : tile->addend == NULL   ? KIND_U8
                 : tile->addend->rounded  ? KIND_ROUNDED_ADD
                                          : KIND_ADD;
  else
    tile->kind = lfb_tile_vectors (n_outputs) == 1 ? KIND_SUMS_16 : KIND_SUMS_32;
}

/* @piece: which 16 of the outputs. */
static void
output (const LfbTile *tile,
        size_t         row,
        size_t         piece,
        __m512i        sum)
{
  size_t left = tile->n_outputs - 16 * piece;
  __mmask16 mask = (__mmask16) (left >= 16 ? 0xffff : (1u << left) - 1);
  __m512 bias = _mm512_loadu_ps (tile->bias + 16 * piece);
  __m512 multiplier = _mm512_loadu_ps (tile->multiplier + 16 * piece);
  uint8_t *y = (uint8_t *) tile->y + row * tile->y_stride;

  if (tile->addend != NULL)
    {
      const LfbAddendAvx512 addend = lfb_addend_avx512 (tile->requantize, tile->addend);
      __m128i q = _mm_maskz_loadu_epi8 (mask, tile->q + row * tile->q_stride + 16 * piece);

      _mm_mask_storeu_epi8 (y + 16 * piece, mask,
                            lfb_requantize_pack1_avx512 (&addend.stage,
                                                         lfb_add_round_avx512 (&addend, sum, bias, multiplier, q)));
    }
  else if (tile->requantize != NULL)
    {
      const LfbRequantizeAvx512 stage = lfb_requantize_avx512 (tile->requantize);
      __m512i rounded = lfb_requantize_round_avx512 (&stage, sum, bias, multiplier);

      _mm_mask_storeu_epi8 (y + 16 * piece, mask, lfb_requantize_pack1_avx512 (&stage, rounded));
    }
  else
    _mm512_mask_storeu_ps (y + 64 * piece, mask, lfb_rescale_avx512 (sum, bias, multiplier, tile->rescale->relu));
}

/* The bytes of 32 outputs, two rows at a time. */
static void
output_wide (const LfbTile *tile,
             const __m512i *sums,
             size_t         rows)
{
  const LfbRequantizeAvx512 stage = lfb_requantize_avx512 (tile->requantize);
  const __m512i in_order = _mm512_setr_epi32 (0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  __m512 low_bias = _mm512_loadu_ps (tile->bias), high_bias = _mm512_loadu_ps (tile->bias + 16);
  __m512 low = _mm512_loadu_ps (tile->multiplier), high = _mm512_loadu_ps (tile->multiplier + 16);
  uint8_t *y = tile->y;

  for (size_t row = 0; row < rows; row += 2, y += 2 * tile->y_stride)
    {
      size_t second = row + 1 < rows ? row + 1 : row;
      __m512i rounded[4] = {
        lfb_requantize_round_avx512 (&stage, sums[row], low_bias, low),
        lfb_requantize_round_avx512 (&stage, sums[12 + row], high_bias, high),
        lfb_requantize_round_avx512 (&stage, sums[second], low_bias, low),
        lfb_requantize_round_avx512 (&stage, sums[12 + second], high_bias, high),
      };
      __m512i bytes = _mm512_permutexvar_epi32 (in_order, lfb_requantize_pack4_avx512 (&stage, rounded));

      _mm256_storeu_si256 ((__m256i *) y, _mm512_castsi512_si256 (bytes));
      if (second > row)
        _mm256_storeu_si256 ((__m256i *) (y + tile->y_stride), _mm512_extracti64x4_epi64 (bytes, 1));
    }
}

/* From sums to y. */
static void
finish (const LfbTile *tile,
        const __m512i *sums,
        size_t         rows,
        size_t         vectors)
{
  if (tile->n_outputs == LFB_TILE_OUTPUTS && tile->requantize != NULL && tile->w_zero_points == NULL &&
      tile->addend == NULL)
    {
      output_wide (tile, sums, rows);
      return;
    }

  for (size_t piece = 0; piece < vectors; piece++)
    for (size_t row = 0; row < rows; row++)
      {
        __m512i sum = sums[12 * piece + row];

        if (tile->w_zero_points != NULL)
          sum = _mm512_sub_epi32 (sum, _mm512_mullo_epi32 (_mm512_load_si512 (tile->w_zero_points + 16 * piece),
                                                           _mm512_set1_epi32 (tile->row_sums[row])));

        output (tile, row, piece, sum);
      }
}

static void
run_sums (LfbTile *tile,
          size_t   n_rows,
          size_t   vectors)
{
#define ENTRY(rows) { lfb_tile_sums_##rows##_1, lfb_tile_sums_##rows##_2 },
  static void (* const loops[][2]) (const LfbTile *tile, __m512i *sums) = { EACH_TILE (ENTRY) };
#undef ENTRY
  __m512i sums[SUMS];

  tile->final_size = tile->size;
  tile->final_last = tile->last;
  loops[n_rows - 1][vectors - 1] (tile, sums);
  finish (tile, sums, n_rows, vectors);
}

void
lfb_tile_run (LfbTile               *tile,
              size_t                 n_rows,
              const uint8_t * const *rows,
              const int32_t         *row_sums,
              void                  *y)
{
#define ENTRY(rows) { lfb_tile_u8_##rows, lfb_tile_f32_##rows, lfb_tile_add_##rows, lfb_tile_radd_##rows },
  static void (* const loops[][4]) (const LfbTile *tile) = { EACH_TALL_TILE (ENTRY) };
#undef ENTRY

  tile->rows = rows;
  tile->row_sums = row_sums;
  tile->y = y;

  if (tile->kind < KIND_U8 || n_rows < TALL)
    {
      run_sums (tile, n_rows, tile->kind == KIND_SUMS_16 ? 1 : 2);
      return;
    }

  tile->final_size = tile->size - 4 * LEFT;
  tile->final_last = 1;
  loops[n_rows - TALL][tile->kind - KIND_U8] (tile);
}

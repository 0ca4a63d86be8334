/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See tile_avx512vnni.h.  Tall and full tiles are done in one piece by the loops of
 * lfb_tile_loop_avx512vnni.S; of the others those make the sums, and what follows
 * is here.
 */

#include <lowerfb/kernels/x86/tile_loop_avx512vnni.h>

#include <immintrin.h>
#include <math.h>

#include <lowerfb/kernels/x86/output_avx512.h>

#define UNROLLED _Pragma ("GCC unroll 32")
#define INLINE static inline __attribute__ ((always_inline))

#define SUMS 24
#define TALL ((size_t) 7)

_Static_assert (offsetof (LfbTileWork, rows) == 0 && offsetof (LfbTileWork, n_runs) == 8 &&
                offsetof (LfbTileWork, size) == 16 && offsetof (LfbTileWork, last) == 24 &&
                offsetof (LfbTileWork, final_size) == 32 && offsetof (LfbTileWork, final_last) == 40 &&
                offsetof (LfbTileWork, w) == 48 && offsetof (LfbTileWork, y) == 56 &&
                offsetof (LfbTileWork, y_stride) == 64 && offsetof (LfbTileWork, multiplier) == 72 &&
                offsetof (LfbTileWork, bias) == 80 && offsetof (LfbTileWork, limit) == 88 &&
                offsetof (LfbTileWork, zero_point) == 92 && offsetof (LfbTileWork, min) == 94 &&
                offsetof (LfbTileWork, minus_x_zero_point) == 96 && offsetof (LfbTileWork, offsets) == 104,
                "the assembly has these numbers");

/* @left groups and what follows them are left of the last run. */
static inline LfbTileWork
describe (const LfbTileAvx512 *tile,
          size_t               left)
{
  int32_t x_zero_point = tile->requantize != NULL ? tile->requantize->x_zero_point : tile->rescale->x_zero_point;
  size_t size = 4 * tile->n_groups;
  ptrdiff_t last = tile->last >= 0 ? tile->last - (ptrdiff_t) size : 1;

  return (LfbTileWork) {
    .rows = tile->rows,
    .n_runs = tile->n_runs,
    .size = size,
    .last = last,
    .final_size = size - 4 * left,
    .final_last = left > 0 ? 1 : last,
    .w = tile->w,
    .minus_x_zero_point = -x_zero_point,
    .offsets = tile->offsets,
  };
}

INLINE void
subtract_zero_points (const LfbTileAvx512 *tile,
                      __m512i             *sums,
                      size_t               rows,
                      size_t               vectors)
{
  UNROLLED
  for (size_t v = 0; v < vectors; v++)
    {
      __m512i zero_points = _mm512_load_si512 (tile->w_zero_points + 16 * v);

      UNROLLED
      for (size_t r = 0; r < rows; r++)
        {
          __m512i all = _mm512_mullo_epi32 (zero_points, _mm512_set1_epi32 (tile->row_sums[r]));

          sums[r * vectors + v] = _mm512_sub_epi32 (sums[r * vectors + v], all);
        }
    }
}

/* Piece @piece of 16 bytes of @bytes is vector @piece of the tile. */
INLINE void
store_bytes (const LfbTileAvx512 *tile,
             __m512i              bytes,
             size_t               row,
             size_t               rows,
             size_t               vectors)
{
  size_t size = tile->n_outputs;
  uint8_t *y = tile->y_u8 + row * tile->y_stride;

  if (vectors == 2)
    {
      __m256i low = _mm512_castsi512_si256 (bytes);
      __m256i high = _mm512_extracti64x4_epi64 (bytes, 1);

      if (size == 32)
        {
          _mm256_storeu_si256 ((__m256i *) y, low);
          if (row + 1 < rows)
            _mm256_storeu_si256 ((__m256i *) (y + tile->y_stride), high);
        }
      else
        {
          __mmask32 mask = (__mmask32) ((UINT64_C (1) << size) - 1);

          _mm256_mask_storeu_epi8 (y, mask, low);
          if (row + 1 < rows)
            _mm256_mask_storeu_epi8 (y + tile->y_stride, mask, high);
        }
    }
  else
    {
      __mmask16 mask = (__mmask16) ((1u << size) - 1);

      _mm_mask_storeu_epi8 (y, mask, _mm512_castsi512_si128 (bytes));
      if (row + 1 < rows)
        _mm_mask_storeu_epi8 (y + tile->y_stride, mask, _mm512_extracti32x4_epi32 (bytes, 1));
      if (row + 2 < rows)
        _mm_mask_storeu_epi8 (y + 2 * tile->y_stride, mask, _mm512_extracti32x4_epi32 (bytes, 2));
      if (row + 3 < rows)
        _mm_mask_storeu_epi8 (y + 3 * tile->y_stride, mask, _mm512_extracti32x4_epi32 (bytes, 3));
    }
}

/* Four vectors of sums at a time, which fill one of bytes. */
INLINE void
output_bytes (const LfbTileAvx512 *tile,
              const __m512i       *sums,
              size_t               rows,
              size_t               vectors)
{
  const LfbRequantizeAvx512 stage = lfb_requantize_avx512 (tile->requantize);
  const __m512i in_order = _mm512_setr_epi32 (0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  const float *multiplier = tile->requantize->multiplier + tile->n;
  const float *bias = tile->requantize->bias + tile->n;
  __m512 biases[2] = { _mm512_loadu_ps (bias), _mm512_loadu_ps (bias + 16 * (vectors - 1)) };
  __m512 multipliers[2] = { _mm512_loadu_ps (multiplier), _mm512_loadu_ps (multiplier + 16 * (vectors - 1)) };

  UNROLLED
  for (size_t i = 0; i < rows * vectors; i += 4)
    {
      __m512i rounded[4];
      __m512i bytes;

      UNROLLED
      for (size_t j = 0; j < 4; j++)
        rounded[j] = i + j < rows * vectors
                     ? lfb_requantize_round_avx512 (&stage, sums[i + j], biases[(i + j) % vectors],
                                                    multipliers[(i + j) % vectors])
                     : _mm512_setzero_si512 ();

      bytes = lfb_requantize_pack4_avx512 (&stage, rounded);
      store_bytes (tile, _mm512_permutexvar_epi32 (in_order, bytes), i / vectors, rows, vectors);
    }
}

INLINE void
output_floats (const LfbTileAvx512 *tile,
               const __m512i       *sums,
               size_t               rows,
               size_t               vectors)
{
  const float *multiplier = tile->rescale->multiplier + tile->n;
  const float *bias = tile->rescale->bias + tile->n;
  bool relu = tile->rescale->relu;

  UNROLLED
  for (size_t v = 0; v < vectors; v++)
    {
      size_t left = tile->n_outputs - 16 * v;
      __mmask16 mask = left >= 16 ? (__mmask16) 0xffff : (__mmask16) ((1u << left) - 1);
      __m512 biases = _mm512_loadu_ps (bias + 16 * v);
      __m512 multipliers = _mm512_loadu_ps (multiplier + 16 * v);

      UNROLLED
      for (size_t r = 0; r < rows; r++)
        _mm512_mask_storeu_ps (tile->y_f32 + r * tile->y_stride + 16 * v, mask,
                               lfb_rescale_avx512 (sums[r * vectors + v], biases, multipliers, relu));
    }
}

/* From the sums of the phases to y. */
INLINE void
finish (const LfbTileAvx512 *tile,
        __m512i             *all,
        size_t               rows,
        size_t               vectors,
        size_t               phases)
{
  __m512i sums[SUMS];

  UNROLLED
  for (size_t r = 0; r < rows; r++)
    for (size_t v = 0; v < vectors; v++)
      {
        __m512i sum = all[12 * v + r];

        for (size_t p = 1; p < phases; p++)
          sum = _mm512_add_epi32 (sum, all[12 * v + r + p * rows]);
        sums[r * vectors + v] = sum;
      }

  if (tile->w_zero_points != NULL)
    subtract_zero_points (tile, sums, rows, vectors);

  if (tile->requantize != NULL)
    output_bytes (tile, sums, rows, vectors);
  else
    output_floats (tile, sums, rows, vectors);
}

/* Rows of the tile and vectors of its outputs are part of the name. */
#define DEFINE_TILE(rows, vectors, phases) \
  static void \
  run_##rows##_##vectors (const LfbTileAvx512 *tile) \
  { \
    LfbTileWork work = describe (tile, 0); \
    __m512i all[SUMS]; \
    \
    work.y = all; \
    lfb_tile_sums_##rows##_##vectors (&work); \
    finish (tile, all, rows, vectors, phases); \
  }
#define DEFINE(rows, phases) DEFINE_TILE (rows, 1, phases) DEFINE_TILE (rows, 2, phases)
LFB_EACH_TILE (DEFINE)

static void
run_u8 (const LfbTileAvx512 *tile,
        size_t               n_rows)
{
#define ENTRY(rows) lfb_tile_u8_##rows,
  static LfbTileLoop * const loops[] = { LFB_EACH_TALL_TILE (ENTRY) };
#undef ENTRY
  const LfbRequantize *requantize = tile->requantize;
  LfbTileWork work = describe (tile, LFB_TILE_LEFT);

  work.y = tile->y_u8;
  work.y_stride = tile->y_stride;
  work.multiplier = requantize->multiplier + tile->n;
  work.bias = requantize->bias + tile->n;
  work.limit = (float) (requantize->y_max - requantize->y_zero_point);
  work.zero_point = (int16_t) requantize->y_zero_point;
  work.min = (uint8_t) requantize->y_min;
  loops[n_rows - TALL] (&work);
}

static void
run_f32 (const LfbTileAvx512 *tile,
         size_t               n_rows)
{
#define ENTRY(rows) lfb_tile_f32_##rows,
  static LfbTileLoop * const loops[] = { LFB_EACH_TALL_TILE (ENTRY) };
#undef ENTRY
  LfbTileWork work = describe (tile, LFB_TILE_LEFT);

  work.y = tile->y_f32;
  work.y_stride = tile->y_stride * sizeof (float);
  work.multiplier = tile->rescale->multiplier + tile->n;
  work.bias = tile->rescale->bias + tile->n;
  work.limit = tile->rescale->relu ? 0.0f : -INFINITY;
  loops[n_rows - TALL] (&work);
}

void
lfb_tile_u8s8_avx512vnni (const LfbTileAvx512 *tile,
                          size_t               n_rows)
{
#define ENTRY(rows, phases) { run_##rows##_1, run_##rows##_2 },
  static void (* const run[LFB_TILE_ROWS][2]) (const LfbTileAvx512 *tile) = { LFB_EACH_TILE (ENTRY) };
#undef ENTRY

  if (n_rows < TALL || tile->n_outputs < LFB_TILE_OUTPUTS || tile->n_groups < LFB_TILE_LEFT ||
      tile->w_zero_points != NULL)
    run[n_rows - 1][lfb_tile_vectors (tile->n_outputs) - 1] (tile);
  else if (tile->requantize != NULL)
    run_u8 (tile, n_rows);
  else
    run_f32 (tile, n_rows);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See tile_avx512vnni.h.
 *
 * A step of the inner loop takes one group of 4 bytes: it broadcasts those of
 * each row and multiplies them with one or two vectors of weights.  12 rows of 32
 * outputs are 24 sums; with 2 vectors of weights and the bytes of a row they
 * fill the registers, and need 14 loads for 24 multiply-adds.  Few rows take
 * several groups in a step, each with sums of its own, so that no multiply-add
 * waits for the one before.
 *
 * Each number of rows is a function of its own, made from the same lines: loops
 * over rows and vectors are unrolled, so that the sums can be registers.
 */

#include <lowerfb/kernels/x86/tile_avx512vnni.h>

#include <string.h>

#include <lowerfb/kernels/x86/dpbusd_avx512.h>
#include <lowerfb/kernels/x86/output_avx512.h>

#define UNROLLED _Pragma ("GCC unroll 32")
#define INLINE static inline __attribute__ ((always_inline))

#define MAX_SUMS 24


INLINE __m512i
broadcast (const uint8_t *x)
{
  int32_t bytes;

  memcpy (&bytes, x, sizeof bytes);

  return _mm512_set1_epi32 (bytes);
}

/* One group: bytes @at of each run, weights @w. */
INLINE void
add_group (__m512i                *sums,
           const uint8_t * const  *x,
           ptrdiff_t               at,
           const int8_t           *w,
           size_t                  rows,
           size_t                  vectors)
{
  __m512i w0 = _mm512_load_si512 (w);
  __m512i w1 = vectors > 1 ? _mm512_load_si512 (w + 64) : w0;

  UNROLLED
  for (size_t r = 0; r < rows; r++)
    {
      __m512i bytes = broadcast (x[r] + at);

      sums[r * vectors] = lfb_dpbusd (sums[r * vectors], bytes, w0);
      if (vectors > 1)
        sums[r * vectors + 1] = lfb_dpbusd (sums[r * vectors + 1], bytes, w1);
    }
}

/* All groups of all runs; @steps of them have sums of their own. */
INLINE void
add_runs (const LfbTileAvx512 *tile,
          __m512i             *sums,
          size_t               rows,
          size_t               vectors,
          size_t               steps)
{
  const uint8_t * const *pointers = tile->rows;
  const int8_t *w = tile->w;
  size_t n_sums = rows * vectors;
  size_t unroll = steps > 1 ? steps : 2;

  for (size_t run = 0; run < tile->n_runs; run++)
    {
      ptrdiff_t size = (ptrdiff_t) tile->n_groups * 4;
      const uint8_t *x[LFB_TILE_ROWS];
      ptrdiff_t at = -size;

      /* The position counts up to 0, and so needs no register for its end. */
      UNROLLED
      for (size_t r = 0; r < rows; r++)
        x[r] = pointers[r] + size;

      for (; at <= -(ptrdiff_t) (4 * unroll); at += (ptrdiff_t) (4 * unroll))
        {
          UNROLLED
          for (size_t step = 0; step < unroll; step++)
            add_group (sums + step % steps * n_sums, x, at + 4 * (ptrdiff_t) step, w + step * vectors * 64, rows,
                       vectors);
          w += unroll * vectors * 64;
        }

      for (; at < 0; at += 4)
        {
          add_group (sums, x, at, w, rows, vectors);
          w += vectors * 64;
        }

      if (tile->last >= 0)
        {
          add_group (sums, x, tile->last - size, w, rows, vectors);
          w += vectors * 64;
        }

      pointers += rows;
    }
}

INLINE void
start (const LfbTileAvx512 *tile,
       __m512i             *sums,
       size_t               rows,
       size_t               vectors,
       size_t               steps)
{
  int32_t x_zero_point = tile->requantize != NULL ? tile->requantize->x_zero_point : tile->rescale->x_zero_point;

  UNROLLED
  for (size_t v = 0; v < vectors; v++)
    {
      __m512i first = _mm512_mullo_epi32 (_mm512_load_si512 (tile->offsets + 16 * v),
                                          _mm512_set1_epi32 (-x_zero_point));

      UNROLLED
      for (size_t r = 0; r < rows; r++)
        sums[r * vectors + v] = first;
    }

  UNROLLED
  for (size_t i = rows * vectors; i < rows * vectors * steps; i++)
    sums[i] = _mm512_setzero_si512 ();
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

INLINE void
run_tile (const LfbTileAvx512 *tile,
          size_t               rows,
          size_t               vectors,
          size_t               steps)
{
  __m512i sums[MAX_SUMS];
  size_t n_sums = rows * vectors;

  start (tile, sums, rows, vectors, steps);
  add_runs (tile, sums, rows, vectors, steps);

  UNROLLED
  for (size_t i = n_sums; i < n_sums * steps; i++)
    sums[i % n_sums] = _mm512_add_epi32 (sums[i % n_sums], sums[i]);

  if (tile->w_zero_points != NULL)
    subtract_zero_points (tile, sums, rows, vectors);

  if (tile->requantize != NULL)
    output_bytes (tile, sums, rows, vectors);
  else
    output_floats (tile, sums, rows, vectors);
}

/* Rows, and groups that have their own sums: with 16 outputs, with 32. */
#define EACH_TILE(DO) \
  DO (1, 8, 8) DO (2, 8, 4) DO (3, 4, 4) DO (4, 4, 2) DO (5, 4, 2) DO (6, 4, 2) \
  DO (7, 2, 1) DO (8, 2, 1) DO (9, 2, 1) DO (10, 2, 1) DO (11, 2, 1) DO (12, 2, 1)

#define DEFINE(rows, narrow, wide) \
  static void run_##rows##_16 (const LfbTileAvx512 *tile) { run_tile (tile, rows, 1, narrow); } \
  static void run_##rows##_32 (const LfbTileAvx512 *tile) { run_tile (tile, rows, 2, wide); }
EACH_TILE (DEFINE)

#define CHECK(rows, narrow, wide) \
  _Static_assert (rows * narrow <= MAX_SUMS && 2 * rows * wide <= MAX_SUMS, "more sums than registers");
EACH_TILE (CHECK)

void
lfb_tile_u8s8_avx512vnni (const LfbTileAvx512 *tile,
                          size_t               n_rows)
{
#define ENTRY(rows, narrow, wide) { run_##rows##_16, run_##rows##_32 },
  static void (* const run[LFB_TILE_ROWS][2]) (const LfbTileAvx512 *tile) = { EACH_TILE (ENTRY) };

  run[n_rows - 1][lfb_tile_vectors (tile->n_outputs) - 1] (tile);
}

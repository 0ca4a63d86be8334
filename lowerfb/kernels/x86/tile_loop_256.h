/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The tiles of product_tile.h, for the multiply-add (LFB_GROUP, lfb_multiply_add) of the
 * file that includes this.
 *
 * 6 rows of 16 outputs have 12 sums; the other registers hold 2 vectors of weights, a
 * row's group and, where a multiply-add is two instructions, what lies between them.
 * Where there are few rows, several groups have sums of their own.
 */

#include <string.h>

#include <lowerfb/kernels/x86/output_avx2.h>
#include <lowerfb/kernels/x86/tile_256.h>

#define UNROLLED _Pragma ("GCC unroll 16")
#define INLINE static inline __attribute__ ((always_inline))

#define ROWS LFB_PRODUCT_ROWS

INLINE __m256i
load_weights (const uint8_t *w,
              size_t         vector,
              bool           bytes)
{
  if (bytes)
    return _mm256_cvtepi8_epi16 (_mm_loadu_si128 ((const __m128i *) w + vector));

  return _mm256_loadu_si256 ((const __m256i *) w + vector);
}

/* One group, @at bytes from the pointers of the rows. */
INLINE void
add_group (__m256i               *sums,
           const uint8_t * const *x,
           ptrdiff_t              at,
           const uint8_t         *w,
           size_t                 rows,
           bool                   bytes)
{
  __m256i w0 = load_weights (w, 0, bytes);
  __m256i w1 = load_weights (w, 1, bytes);

  UNROLLED
  for (size_t r = 0; r < rows; r++)
    {
      int32_t lane;
      __m256i group;

      memcpy (&lane, x[r] + at, sizeof lane);
      group = _mm256_set1_epi32 (lane);
      sums[2 * r] = lfb_multiply_add (sums[2 * r], group, w0);
      sums[2 * r + 1] = lfb_multiply_add (sums[2 * r + 1], group, w1);
    }
}

/* @steps groups at a time have sums of their own. */
INLINE void
add_runs (const LfbProductTile  *tile,
          const uint8_t * const *rows,
          __m256i               *sums,
          size_t                 n_rows,
          size_t                 steps,
          bool                   bytes)
{
  const ptrdiff_t step = 4 * (ptrdiff_t) steps;
  const size_t w_step = bytes ? 32 : 64;
  const uint8_t *w = tile->w;
  const uint8_t *x[ROWS];
  ptrdiff_t at = 0;

  UNROLLED
  for (size_t r = 0; r < n_rows; r++)
    x[r] = rows[r];

  for (size_t run = 0; run < tile->n_runs; run++)
    {
      ptrdiff_t end = tile->runs[run] + (ptrdiff_t) tile->size;

      at = tile->runs[run];

      if (steps > 1)
        for (; at <= end - step; at += step)
          {
            UNROLLED
            for (size_t i = 0; i < steps; i++)
              add_group (sums + i * 2 * n_rows, x, at + 4 * (ptrdiff_t) i, w + w_step * i, n_rows, bytes);
            w += w_step * steps;
          }

      for (; at < end; at += 4, w += w_step)
        add_group (sums, x, at, w, n_rows, bytes);
    }

  if (tile->last != 0)
    add_group (sums, x, at + tile->last, w, n_rows, bytes);
}

INLINE void
run_tile (const LfbProductTile  *tile,
          const uint8_t * const *rows,
          const int32_t         *row_sums,
          size_t                 row,
          size_t                 n_rows,
          size_t                 steps,
          bool                   bytes)
{
  size_t count = tile->count;
  __m256i sums[2 * ROWS];

  UNROLLED
  for (size_t i = 0; i < 2 * n_rows; i++)
    sums[i] = _mm256_load_si256 ((const __m256i *) tile->start + i % 2);
  UNROLLED
  for (size_t i = 2 * n_rows; i < 2 * n_rows * steps; i++)
    sums[i] = _mm256_setzero_si256 ();

  add_runs (tile, rows, sums, n_rows, steps, bytes);

  UNROLLED
  for (size_t i = 2 * n_rows; i < 2 * n_rows * steps; i++)
    sums[i % (2 * n_rows)] = _mm256_add_epi32 (sums[i % (2 * n_rows)], sums[i]);

  UNROLLED
  for (size_t r = 0; r < n_rows; r++)
    {
      __m256i *sum = sums + 2 * r;
      size_t at = (row + r) * tile->y_stride + tile->n;

      if (tile->zero_points != NULL)
        for (size_t v = 0; v < 2; v++)
          sum[v] = _mm256_sub_epi32 (sum[v],
                                     _mm256_mullo_epi32 (_mm256_loadu_si256 ((const __m256i *) tile->zero_points + v),
                                                         _mm256_set1_epi32 (row_sums[r])));

      if (tile->requantize != NULL && tile->addend != NULL)
        lfb_requantize_add_avx2 (tile->requantize, tile->addend, tile->n, count, sum[0], sum[1], row + r,
                                 tile->y_u8 + at);
      else if (tile->requantize != NULL)
        lfb_requantize_avx2 (tile->requantize, tile->n, count, sum[0], sum[1], tile->y_u8 + at);
      else
        {
          lfb_rescale_avx2 (tile->rescale, tile->n, count < 8 ? count : 8, sum[0], tile->y_f32 + at);
          if (count > 8)
            lfb_rescale_avx2 (tile->rescale, tile->n + 8, count - 8, sum[1], tile->y_f32 + at + 8);
        }
    }
}

/* Kind, rows, groups with sums of their own, whether weights are widened. */
#define EACH_ROWS(DO, kind, bytes) \
  DO (kind, 1, 4, bytes) DO (kind, 2, 2, bytes) DO (kind, 3, 2, bytes) \
  DO (kind, 4, 1, bytes) DO (kind, 5, 1, bytes) DO (kind, 6, 1, bytes)

#define DEFINE(kind, n_rows, steps, bytes) \
  static void \
  run_##kind##_##n_rows (const LfbProductTile  *tile, \
                         const uint8_t * const *rows, \
                         const int32_t         *row_sums, \
                         size_t                 row) \
  { \
    run_tile (tile, rows, row_sums, row, n_rows, steps, bytes); \
  }
#define ENTRY(kind, n_rows, steps, bytes) run_##kind##_##n_rows,

typedef void (*RunRows) (const LfbProductTile  *tile,
                         const uint8_t * const *rows,
                         const int32_t         *row_sums,
                         size_t                 row);

EACH_ROWS (DEFINE, as_they_are, false)
static const RunRows as_they_are[] = { EACH_ROWS (ENTRY, as_they_are, false) };

#if LFB_GROUP == 2
EACH_ROWS (DEFINE, widened, true)
static const RunRows widened[] = { EACH_ROWS (ENTRY, widened, true) };
#endif

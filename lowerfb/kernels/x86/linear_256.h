/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Linear on 256-bit registers, for the variants that differ in their multiply-add.
 * The file that includes this says
 *
 *   LFB_GROUP          how many k a lane of 32 bits holds: 4 (u8 times s8) or 2 (s16)
 *   lfb_multiply_add   (sum, x, w)
 *
 * With 4, x is read where it lies and zero points come in afterwards; the rules are
 * those of tile_avx512vnni.h.  With 2, x and w are widened to 16 bits with their
 * zero points subtracted (both differences fit), so that nothing is left to do
 * afterwards; no sum of two products leaves int32.
 *
 * A tile is 6 rows of 16 outputs: 12 sums, 2 vectors of weights, a row's group
 * and, where a multiply-add is two instructions, what lies between them.
 */

#include <lowerfb/kernels/linear.h>

#include <immintrin.h>
#include <string.h>

#include <lowerfb/kernels/x86/output_avx2.h>

#define UNROLLED _Pragma ("GCC unroll 16")
#define INLINE static inline __attribute__ ((always_inline))

#define WIDE (LFB_GROUP == 2)
#define TILE_ROWS ((size_t) 6)
#define TILE_OUTPUTS ((size_t) 16)

/* Rows of a block, and about how many bytes of x as the loop reads them. */
#define BLOCK_ROWS ((size_t) 252)
#define BLOCK_BYTES ((size_t) 256 * 1024)

/* The packed buffer: this, then the tiles; each the offsets of 16 outputs and their
 * zero points, unless the weights are wide, and the weights, [group][output]. */
typedef struct
{
  _Alignas (64) size_t n;
  size_t               k;
  size_t               groups;
  bool                 zero_points;
} Packed;

#define HEADER (WIDE ? 0 : 2 * TILE_OUTPUTS * sizeof (int32_t))

static size_t
tile_size (const Packed *packed)
{
  return HEADER + packed->groups * TILE_OUTPUTS * 4;
}

static uint8_t *
find_tile (const Packed *packed,
           size_t        n)
{
  return (uint8_t *) (packed + 1) + n / TILE_OUTPUTS * tile_size (packed);
}

static Packed
describe (const LfbLinearWeights *weights)
{
  return (Packed) {
    .n = weights->n,
    .k = weights->k,
    .groups = (weights->k + LFB_GROUP - 1) / LFB_GROUP,
    .zero_points = weights->zero_points != NULL,
  };
}

static size_t
pack_size (const LfbLinearWeights *weights)
{
  Packed packed = describe (weights);

  return sizeof packed + (weights->n + TILE_OUTPUTS - 1) / TILE_OUTPUTS * tile_size (&packed);
}

/* The lane of group @group.  The last group of bytes holds the last 4 bytes; those
 * that the group before has too are 0. */
static inline uint32_t
pack_lane (const int8_t *row,
           size_t        k,
           size_t        group,
           int32_t       zero_point)
{
  size_t at = group * LFB_GROUP;
  size_t n = k - at < LFB_GROUP ? k - at : LFB_GROUP;
  uint32_t lane;

  if (WIDE)
    {
      int16_t pair[2] = { (int16_t) (row[at] - zero_point), n > 1 ? (int16_t) (row[at + 1] - zero_point) : 0 };

      memcpy (&lane, pair, sizeof lane);
    }
  else
    {
      int8_t bytes[4] = { 0 };

      memcpy (k < 4 ? bytes : bytes + 4 - n, row + at, n);
      memcpy (&lane, bytes, sizeof lane);
    }

  return lane;
}

static int32_t
sum_weights (const int8_t *row,
             size_t        k)
{
  int32_t sum = 0;

  for (size_t i = 0; i < k; i++)
    sum += row[i];

  return sum;
}

static void
pack (const LfbLinearWeights *weights,
      void                   *buffer)
{
  Packed *packed = buffer;

  *packed = describe (weights);
  memset (packed + 1, 0, pack_size (weights) - sizeof *packed);

  for (size_t n = 0; n < weights->n; n++)
    {
      const int8_t *row = weights->w + n * weights->w_stride;
      int32_t zero_point = weights->zero_points != NULL ? weights->zero_points[n] : 0;
      uint8_t *tile = find_tile (packed, n);
      uint32_t *lanes = (uint32_t *) (tile + HEADER) + n % TILE_OUTPUTS;
      size_t whole = weights->k / LFB_GROUP;

      for (size_t group = 0; group < whole; group++)
        lanes[group * TILE_OUTPUTS] = pack_lane (row, group * LFB_GROUP + LFB_GROUP, group, zero_point);
      if (whole < packed->groups)
        lanes[whole * TILE_OUTPUTS] = pack_lane (row, weights->k, whole, zero_point);

      if (!WIDE)
        {
          int32_t *offsets = (int32_t *) tile + n % TILE_OUTPUTS;

          offsets[0] = sum_weights (row, weights->k) - (int32_t) weights->k * zero_point;
          offsets[TILE_OUTPUTS] = zero_point;
        }
    }
}

static size_t
rows_of_block (const Packed *packed)
{
  size_t rows = BLOCK_BYTES / (packed->groups * 4) / TILE_ROWS * TILE_ROWS;

  if (rows > BLOCK_ROWS)
    return BLOCK_ROWS;

  return rows > 8 * TILE_ROWS ? rows : 8 * TILE_ROWS;
}

/* Wide rows, or rows of less than 4 bytes. */
static size_t
scratch_size (const void *buffer)
{
  const Packed *packed = buffer;

  return WIDE || packed->k < 4 ? rows_of_block (packed) * packed->groups * 4 : 0;
}

typedef struct
{
  const Packed        *packed;
  const LfbLinearArgs *args;
  const LfbRequantize *requantize;   /* one of the two pairs */
  uint8_t             *y_u8;
  const LfbRescale    *rescale;
  float               *y_f32;
  int32_t              x_zero_point;

  /* Of the block. */
  const uint8_t       *rows[BLOCK_ROWS];
  int32_t              row_sums[BLOCK_ROWS];
} Run;

static void
prepare_row (Run           *run,
             size_t         i,
             const uint8_t *x)
{
  size_t k = run->packed->k;
  uint8_t *own = (uint8_t *) run->args->scratch + i * run->packed->groups * 4;

  run->rows[i] = x;

  if (WIDE)
    {
      int16_t *wide = (int16_t *) own;

      for (size_t j = 0; j < k; j++)
        wide[j] = (int16_t) (x[j] - run->x_zero_point);
      if (k % 2 != 0)
        wide[k] = 0;
      run->rows[i] = own;
      return;
    }

  if (run->packed->zero_points)
    {
      int32_t sum = 0;

      for (size_t j = 0; j < k; j++)
        sum += x[j];
      run->row_sums[i] = sum;
    }

  if (k < 4)
    {
      memset (own, 0, 4);
      memcpy (own, x, k);
      run->rows[i] = own;
    }
}

/* One group, @at bytes from the ends of the rows. */
INLINE void
add_group (__m256i               *sums,
           const uint8_t * const *x,
           ptrdiff_t              at,
           const uint8_t         *w,
           size_t                 rows)
{
  __m256i w0 = _mm256_loadu_si256 ((const __m256i *) w);
  __m256i w1 = _mm256_loadu_si256 ((const __m256i *) (w + 32));

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
add_groups (const Packed          *packed,
            const uint8_t * const *rows,
            const uint8_t         *w,
            __m256i               *sums,
            size_t                 n_rows,
            size_t                 steps)
{
  bool overlapping = !WIDE && packed->k % 4 != 0 && packed->k >= 4;
  ptrdiff_t size = 4 * (ptrdiff_t) (packed->groups - overlapping);
  ptrdiff_t at = -size;
  const uint8_t *x[TILE_ROWS];

  UNROLLED
  for (size_t r = 0; r < n_rows; r++)
    x[r] = rows[r] + size;

  if (steps > 1)
    for (; at <= -4 * (ptrdiff_t) steps; at += 4 * (ptrdiff_t) steps)
      {
        UNROLLED
        for (size_t step = 0; step < steps; step++)
          add_group (sums + step * 2 * n_rows, x, at + 4 * (ptrdiff_t) step, w + 64 * step, n_rows);
        w += 64 * steps;
      }

  for (; at < 0; at += 4, w += 64)
    add_group (sums, x, at, w, n_rows);

  if (overlapping)
    add_group (sums, x, (ptrdiff_t) (packed->k % 4) - 4, w, n_rows);
}

INLINE void
run_tile (const Run *run,
          size_t     row,
          size_t     first,
          size_t     n,
          size_t     rows,
          size_t     steps)
{
  const uint8_t *tile = find_tile (run->packed, n);
  const __m256i *offsets = (const __m256i *) tile;
  size_t count = run->args->n_end - n < TILE_OUTPUTS ? run->args->n_end - n : TILE_OUTPUTS;
  __m256i sums[2 * TILE_ROWS];

  UNROLLED
  for (size_t i = 0; i < 2 * rows * steps; i++)
    sums[i] = _mm256_setzero_si256 ();

  add_groups (run->packed, run->rows + first, tile + HEADER, sums, rows, steps);

  UNROLLED
  for (size_t i = 2 * rows; i < 2 * rows * steps; i++)
    sums[i % (2 * rows)] = _mm256_add_epi32 (sums[i % (2 * rows)], sums[i]);

  UNROLLED
  for (size_t r = 0; r < rows; r++)
    {
      __m256i *sum = sums + 2 * r;
      size_t at = (row + first + r) * run->args->y_stride + n;

      if (!WIDE)
        for (size_t v = 0; v < 2; v++)
          sum[v] = _mm256_sub_epi32 (sum[v], _mm256_mullo_epi32 (_mm256_load_si256 (offsets + v),
                                                                 _mm256_set1_epi32 (run->x_zero_point)));

      if (!WIDE && run->packed->zero_points)
        for (size_t v = 0; v < 2; v++)
          sum[v] = _mm256_sub_epi32 (sum[v], _mm256_mullo_epi32 (_mm256_load_si256 (offsets + 2 + v),
                                                                 _mm256_set1_epi32 (run->row_sums[first + r])));

      if (run->requantize != NULL)
        lfb_requantize_avx2 (run->requantize, n, count, sum[0], sum[1], run->y_u8 + at);
      else
        {
          lfb_rescale_avx2 (run->rescale, n, count < 8 ? count : 8, sum[0], run->y_f32 + at);
          if (count > 8)
            lfb_rescale_avx2 (run->rescale, n + 8, count - 8, sum[1], run->y_f32 + at + 8);
        }
    }
}

#define EACH_TILE(DO) DO (1, 4) DO (2, 2) DO (3, 2) DO (4, 1) DO (5, 1) DO (6, 1)

#define DEFINE(rows, steps) \
  static void \
  run_tile_##rows (const Run *run, size_t row, size_t first, size_t n) \
  { \
    run_tile (run, row, first, n, rows, steps); \
  }
EACH_TILE (DEFINE)
#undef DEFINE

static void
run_blocks (Run *run)
{
#define ENTRY(rows, steps) run_tile_##rows,
  static void (* const tiles[]) (const Run *run, size_t row, size_t first, size_t n) = { EACH_TILE (ENTRY) };
#undef ENTRY
  const LfbLinearArgs *args = run->args;
  size_t step = rows_of_block (run->packed);

  for (size_t row = 0; row < args->m; row += step)
    {
      size_t n_rows = args->m - row < step ? args->m - row : step;
      size_t n_tiles = (n_rows + TILE_ROWS - 1) / TILE_ROWS;

      for (size_t i = 0; i < n_rows; i++)
        prepare_row (run, i, args->x + (row + i) * args->x_stride);

      for (size_t n = args->n_begin; n < args->n_end; n += TILE_OUTPUTS)
        for (size_t i = 0; i < n_tiles; i++)
          {
            size_t first = n_rows * i / n_tiles;

            tiles[n_rows * (i + 1) / n_tiles - first - 1] (run, row, first, n);
          }
    }
}

static void
run_u8 (const void          *packed,
        const LfbLinearArgs *args,
        const LfbRequantize *requantize,
        uint8_t             *y)
{
  Run run;

  run.packed = packed;
  run.args = args;
  run.requantize = requantize;
  run.y_u8 = y;
  run.x_zero_point = requantize->x_zero_point;
  run_blocks (&run);
}

static void
run_f32 (const void          *packed,
         const LfbLinearArgs *args,
         const LfbRescale    *rescale,
         float               *y)
{
  Run run;

  run.packed = packed;
  run.args = args;
  run.requantize = NULL;
  run.rescale = rescale;
  run.y_f32 = y;
  run.x_zero_point = rescale->x_zero_point;
  run_blocks (&run);
}

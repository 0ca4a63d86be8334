/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See pixels_avx512vnni.h. */

#include <lowerfb/kernels/x86/pixels_avx512vnni.h>

#include <immintrin.h>
#include <string.h>

/* Pixels of a block at most, and about how many bytes of pointers or of gathered
 * windows it has. */
#define BLOCK_PIXELS (21 * LFB_TILE_ROWS)
#define BLOCK_BYTES ((size_t) 24 * 1024)

/* Vectors of 8 pointers; those of a tile are 2. */
#define LANES ((size_t) 8)

/* What is written beyond the end of a table or of gathered bytes at most. */
#define SLACK ((size_t) 128)

static size_t
smaller (size_t a,
         size_t b)
{
  return a < b ? a : b;
}

static size_t
round_up (size_t size)
{
  return (size + 63) / 64 * 64;
}

LfbRuns
lfb_runs_of (LfbRunKind   kind,
             size_t       channels,
             const size_t kernel[3])
{
  size_t volume = kernel[0] * kernel[1] * kernel[2];
  size_t taps = kind == LFB_RUN_TAP ? 1 : kind == LFB_RUN_ROW ? kernel[2] : volume;

  return (LfbRuns) { kind, channels, volume / taps, taps * channels };
}

/* What copies take for each pixel.  Windows are one line more than a multiple of
 * 128 bytes apart, so that they are not in the same places of the cache. */
static size_t
copies_size (const LfbRuns *runs)
{
  switch (runs->kind)
    {
    case LFB_RUN_TAP:
      return 0;
    case LFB_RUN_ROW:
      return runs->n_runs * round_up (runs->size);
    case LFB_RUN_WINDOW:
    default:
      return (runs->size + 127) / 128 * 128 + 64;
    }
}

static size_t
longest_block (const LfbRuns *runs)
{
  size_t size = runs->kind == LFB_RUN_WINDOW ? copies_size (runs) : runs->n_runs * sizeof (void *);
  size_t tiles = BLOCK_BYTES / size / LFB_TILE_ROWS;

  return tiles < 1 ? LFB_TILE_ROWS : smaller (tiles * LFB_TILE_ROWS, BLOCK_PIXELS);
}

/* The parts of scratch memory. */
static size_t
table_size (const LfbRuns *runs)
{
  return round_up (longest_block (runs) * runs->n_runs * sizeof (void *) + SLACK);
}

static size_t
sums_size (const LfbRuns *runs)
{
  return round_up (longest_block (runs) * sizeof (int32_t));
}

size_t
lfb_pixels_scratch_size (const LfbRuns *runs,
                         bool           sum)
{
  return table_size (runs) + (sum ? sums_size (runs) : 0) + round_up (runs->size) +
         longest_block (runs) * copies_size (runs) + SLACK;
}

void
lfb_pixels_init (LfbPixelsAvx512   *pixels,
                 const LfbConvArgs *args,
                 const LfbRuns     *runs,
                 bool               sum,
                 int32_t            x_zero_point)
{
  uint8_t *scratch = args->scratch;

  *pixels = (LfbPixelsAvx512) {
    .args = args,
    .runs = *runs,
    .longest = longest_block (runs),
    .sum = sum,
    .x_zero_point = x_zero_point,
    .copies_stride = copies_size (runs),
  };

  pixels->rows = (const uint8_t **) scratch;
  scratch += table_size (runs);
  pixels->sums = (int32_t *) scratch;
  scratch += sum ? sums_size (runs) : 0;
  pixels->padding = scratch;
  memset (pixels->padding, x_zero_point, round_up (runs->size));
  pixels->copies = scratch + round_up (runs->size);
}

/* --- tables --- */

/* The first taps of up to 16 pixels, in coordinates that may be outside. */
typedef struct
{
  _Alignas (64) int64_t at[3][2 * LANES];
  int64_t               address[2 * LANES];
} Corners;

static void
find_corners (const LfbPixelsAvx512 *pixels,
              LfbPosition           *position,
              size_t                 n,
              size_t                 group,
              Corners               *corners)
{
  const LfbWindow *w = pixels->args->window;

  /* Lanes without a pixel; a large memset() is slower than this. */
  for (int d = 0; d < 3; d++)
    _mm512_store_si512 (corners->at[d] + LANES, _mm512_setzero_si512 ());
  _mm512_store_si512 (corners->address + LANES, _mm512_setzero_si512 ());
  for (size_t i = n; i < LANES; i++)
    corners->at[0][i] = corners->at[1][i] = corners->at[2][i] = corners->address[i] = 0;

  for (size_t i = 0; i < n; i++)
    {
      int64_t pixel = (int64_t) position->image;

      for (int d = 0; d < 3; d++)
        {
          int64_t at = (int64_t) (position->index[d] * w->stride[d]) - (int64_t) w->padding[d];

          corners->at[d][i] = at;
          pixel = pixel * (int64_t) w->in_size[d] + at;
        }

      corners->address[i] = (int64_t) (uintptr_t) pixels->args->x + pixel * (int64_t) pixels->args->x_stride +
                            (int64_t) (group * pixels->runs.channels);
      lfb_position_next (w, position);
    }
}

/* Which of 16 coordinates are inside, @tap taps on. */
static inline __mmask16
inside (const LfbWindow *w,
        const Corners   *corners,
        int              d,
        size_t           tap)
{
  __m512i size = _mm512_set1_epi64 ((int64_t) w->in_size[d]);
  __m512i step = _mm512_set1_epi64 ((int64_t) (tap * w->dilation[d]));
  __m512i low = _mm512_add_epi64 (_mm512_load_si512 (corners->at[d]), step);
  __m512i high = _mm512_add_epi64 (_mm512_load_si512 (corners->at[d] + LANES), step);

  /* As unsigned numbers negative ones are large. */
  return (__mmask16) (_mm512_cmplt_epu64_mask (low, size) | (_mm512_cmplt_epu64_mask (high, size) << LANES));
}

/* The table of a tile of @n pixels; writes up to 16 pointers more. */
static void
fill_table (const LfbPixelsAvx512 *pixels,
            const Corners         *corners,
            size_t                 n,
            const uint8_t        **table)
{
  const LfbWindow *w = pixels->args->window;
  size_t width = pixels->runs.kind == LFB_RUN_ROW ? 1 : w->kernel[2];
  __m512i padding = _mm512_set1_epi64 ((int64_t) (uintptr_t) pixels->padding);
  __m512i low = _mm512_load_si512 (corners->address);
  __m512i high = _mm512_load_si512 (corners->address + LANES);

  for (size_t i = 0; i < w->kernel[0]; i++)
    for (size_t j = 0; j < w->kernel[1]; j++)
      {
        __mmask16 rows = inside (w, corners, 0, i) & inside (w, corners, 1, j);
        size_t line = i * w->dilation[0] * w->in_size[1] + j * w->dilation[1];

        for (size_t k = 0; k < width; k++, table += n)
          {
            __mmask16 mask = pixels->runs.kind == LFB_RUN_ROW ? rows : rows & inside (w, corners, 2, k);
            size_t step = (line * w->in_size[2] + k * w->dilation[2]) * pixels->args->x_stride;
            __m512i steps = _mm512_set1_epi64 ((int64_t) step);

            _mm512_storeu_si512 (table, _mm512_mask_add_epi64 (padding, (__mmask8) mask, low, steps));
            _mm512_storeu_si512 (table + LANES,
                                 _mm512_mask_add_epi64 (padding, (__mmask8) (mask >> LANES), high, steps));
          }
      }
}

void
lfb_pixels_copy (const uint8_t *x,
                 ptrdiff_t      begin,
                 ptrdiff_t      end,
                 size_t         size,
                 int32_t        zero_point,
                 uint8_t       *to)
{
  for (ptrdiff_t i = 0; i < (ptrdiff_t) size; i += 64)
    {
      ptrdiff_t low = begin > i ? begin - i : 0;
      ptrdiff_t high = end < i + 64 ? end - i : 64;
      __mmask64 mask = low < high ? ~UINT64_C (0) >> (64 - (high - low)) << low : 0;
      const void *from = (const void *) ((uintptr_t) x + (uintptr_t) i);

      _mm512_store_si512 (to + i, _mm512_mask_loadu_epi8 (_mm512_set1_epi8 ((char) zero_point), mask, from));
    }
}

/* Replaces rows of the table that reach over the left or right border by copies;
 * @first is the first pixel of the tile. */
static void
copy_borders (const LfbPixelsAvx512 *pixels,
              const Corners         *corners,
              size_t                 first,
              size_t                 n,
              const uint8_t        **table)
{
  const LfbWindow *w = pixels->args->window;
  int64_t width = (int64_t) w->in_size[2], taps = (int64_t) w->kernel[2];
  ptrdiff_t channels = (ptrdiff_t) pixels->runs.channels;

  for (size_t i = 0; i < n; i++)
    {
      int64_t at = corners->at[2][i];
      uint8_t *to = pixels->copies + (first + i) * pixels->copies_stride;
      ptrdiff_t begin = at < 0 ? (ptrdiff_t) -at * channels : 0;
      ptrdiff_t end = (ptrdiff_t) (width - at) * channels;

      if (at >= 0 && at + taps <= width)
        continue;

      for (size_t run = 0; run < pixels->runs.n_runs; run++)
        {
          const uint8_t **x = &table[run * n + i];

          if (*x != pixels->padding)
            {
              lfb_pixels_copy (*x, begin, end, pixels->runs.size, pixels->x_zero_point, to);
              *x = to;
            }
          to += round_up (pixels->runs.size);
        }
    }
}

/* --- gathering --- */

/* Writes up to 63 bytes more. */
static inline uint8_t *
copy (uint8_t       *to,
      const uint8_t *from,
      size_t         size)
{
  for (; size > 64; size -= 64, from += 64, to += 64)
    _mm512_storeu_si512 (to, _mm512_loadu_si512 (from));
  _mm512_storeu_si512 (to, _mm512_maskz_loadu_epi8 (~UINT64_C (0) >> (64 - size), from));

  return to + size;
}

static inline uint8_t *
fill (uint8_t *to,
      int32_t  value,
      size_t   size)
{
  for (size_t i = 0; i < size; i += 64)
    _mm512_storeu_si512 (to + i, _mm512_set1_epi8 ((char) value));

  return to + size;
}

/* One row of the window of a pixel, of which @taps are inside. */
static inline uint8_t *
gather_row (const LfbPixelsAvx512 *pixels,
            const uint8_t         *x,
            LfbTaps                taps,
            uint8_t               *to)
{
  size_t channels = pixels->runs.channels, x_stride = pixels->args->x_stride;
  size_t width = pixels->args->window->kernel[2];

  to = fill (to, pixels->x_zero_point, taps.first * channels);
  x += taps.begin * x_stride;

  if (taps.step == 1 && x_stride == channels)
    to = copy (to, x, taps.count * channels);
  else
    for (size_t i = 0; i < taps.count; i++)
      to = copy (to, x + i * taps.step * x_stride, channels);

  return fill (to, pixels->x_zero_point, (width - taps.first - taps.count) * channels);
}

static void
gather (const LfbPixelsAvx512 *pixels,
        const LfbPosition     *position,
        size_t                 group,
        uint8_t               *to)
{
  const LfbWindow *w = pixels->args->window;
  LfbTaps depth = lfb_window_taps (w, 0, position->index[0]);
  LfbTaps height = lfb_window_taps (w, 1, position->index[1]);
  LfbTaps width = lfb_window_taps (w, 2, position->index[2]);
  const uint8_t *x = pixels->args->x + group * pixels->runs.channels;

  for (size_t i = 0; i < w->kernel[0]; i++)
    for (size_t j = 0; j < w->kernel[1]; j++)
      {
        /* A tap before the first one wraps around to a large number. */
        bool in_image = i - depth.first < depth.count && j - height.first < height.count && width.count > 0;
        size_t z = depth.begin + (i - depth.first) * depth.step;
        size_t y = height.begin + (j - height.first) * height.step;
        size_t row = (position->image * w->in_size[0] + z) * w->in_size[1] + y;

        to = in_image ? gather_row (pixels, x + row * w->in_size[2] * pixels->args->x_stride, width, to)
                      : fill (to, pixels->x_zero_point, w->kernel[2] * pixels->runs.channels);
      }
}

static int32_t
sum_bytes (const uint8_t *x,
           size_t         n)
{
  int32_t sum = 0;

  for (size_t i = 0; i < n; i++)
    sum += x[i];

  return sum;
}

static void
find_copied (LfbPixelsAvx512 *pixels,
             LfbPosition     *position,
             size_t           group)
{
  for (size_t i = 0; i < pixels->count; i++)
    {
      uint8_t *to = pixels->copies + i * pixels->copies_stride;

      gather (pixels, position, group, to);
      pixels->rows[i] = to;
      lfb_position_next (pixels->args->window, position);
    }
}

static void
find_tables (LfbPixelsAvx512 *pixels,
             LfbPosition     *position,
             size_t           group)
{
  size_t first = 0;

  for (size_t tile = 0; tile < pixels->n_tiles; tile++)
    {
      size_t n = lfb_pixels_tile_end (pixels, tile) - first;
      const uint8_t **table = pixels->rows + first * pixels->runs.n_runs;
      Corners corners;

      find_corners (pixels, position, n, group, &corners);
      fill_table (pixels, &corners, n, table);
      if (pixels->runs.kind == LFB_RUN_ROW)
        copy_borders (pixels, &corners, first, n, table);
      first += n;
    }
}

static void
sum_windows (LfbPixelsAvx512 *pixels)
{
  size_t first = 0;

  for (size_t tile = 0; tile < pixels->n_tiles; tile++)
    {
      size_t end = lfb_pixels_tile_end (pixels, tile);
      const uint8_t **table = pixels->rows + first * pixels->runs.n_runs;

      for (size_t i = first; i < end; i++)
        {
          pixels->sums[i] = 0;
          for (size_t run = 0; run < pixels->runs.n_runs; run++)
            pixels->sums[i] += sum_bytes (table[run * (end - first) + i - first], pixels->runs.size);
        }

      first = end;
    }
}

void
lfb_pixels_find (LfbPixelsAvx512 *pixels,
                 size_t           pixel,
                 size_t           group)
{
  LfbPosition position = lfb_position_of (pixels->args->window, pixel);

  pixels->pixel = pixel;
  pixels->count = smaller (pixels->longest, pixels->args->pixel_end - pixel);
  pixels->n_tiles = (pixels->count + LFB_TILE_ROWS - 1) / LFB_TILE_ROWS;

  if (pixels->runs.kind == LFB_RUN_WINDOW)
    find_copied (pixels, &position, group);
  else
    find_tables (pixels, &position, group);

  if (pixels->sum)
    sum_windows (pixels);
}

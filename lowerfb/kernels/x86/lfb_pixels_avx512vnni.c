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

/* One line more than a multiple of 128 bytes, so that rows are not in the same
 * places of the cache. */
static size_t
stride_of_gathered (size_t size)
{
  return (size + 127) / 128 * 128 + 64;
}

static size_t
longest_block (size_t taps,
               size_t channels,
               bool   gather)
{
  size_t size = gather ? stride_of_gathered (taps * channels) : taps * sizeof (void *);
  size_t tiles = BLOCK_BYTES / size / LFB_TILE_ROWS;

  return tiles < 1 ? LFB_TILE_ROWS : smaller (tiles * LFB_TILE_ROWS, BLOCK_PIXELS);
}

/* The parts of scratch memory. */
static size_t
table_size (size_t taps,
            size_t longest,
            bool   gather)
{
  return round_up (longest * (gather ? 1 : taps) * sizeof (void *) + SLACK);
}

static size_t
sums_size (size_t longest)
{
  return round_up (longest * sizeof (int32_t));
}

size_t
lfb_pixels_scratch_size (const LfbWindow *window,
                         size_t           channels,
                         bool             gather,
                         bool             sum)
{
  size_t taps = lfb_volume (window->kernel);
  size_t longest = longest_block (taps, channels, gather);

  return table_size (taps, longest, gather) + (sum ? sums_size (longest) : 0) + round_up (channels) +
         (gather ? longest * stride_of_gathered (taps * channels) + SLACK : 0);
}

void
lfb_pixels_init (LfbPixelsAvx512   *pixels,
                 const LfbConvArgs *args,
                 size_t             channels,
                 bool               gather,
                 bool               sum,
                 int32_t            x_zero_point)
{
  uint8_t *scratch = args->scratch;

  *pixels = (LfbPixelsAvx512) {
    .args = args,
    .channels = channels,
    .taps = lfb_volume (args->window->kernel),
    .gather = gather,
    .sum = sum,
    .x_zero_point = x_zero_point,
  };

  pixels->longest = longest_block (pixels->taps, channels, gather);
  pixels->rows = (const uint8_t **) scratch;
  scratch += table_size (pixels->taps, pixels->longest, gather);
  pixels->sums = (int32_t *) scratch;
  scratch += sum ? sums_size (pixels->longest) : 0;
  pixels->padding = scratch;
  memset (pixels->padding, x_zero_point, round_up (channels));
  pixels->gathered = scratch + round_up (channels);
  pixels->gathered_stride = stride_of_gathered (pixels->taps * channels);
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
                            (int64_t) (group * pixels->channels);
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
  __m512i padding = _mm512_set1_epi64 ((int64_t) (uintptr_t) pixels->padding);
  __m512i low = _mm512_load_si512 (corners->address);
  __m512i high = _mm512_load_si512 (corners->address + LANES);

  for (size_t i = 0; i < w->kernel[0]; i++)
    for (size_t j = 0; j < w->kernel[1]; j++)
      {
        __mmask16 rows = inside (w, corners, 0, i) & inside (w, corners, 1, j);
        size_t line = i * w->dilation[0] * w->in_size[1] + j * w->dilation[1];

        for (size_t k = 0; k < w->kernel[2]; k++, table += n)
          {
            __mmask16 mask = rows & inside (w, corners, 2, k);
            size_t step = (line * w->in_size[2] + k * w->dilation[2]) * pixels->args->x_stride;
            __m512i steps = _mm512_set1_epi64 ((int64_t) step);

            _mm512_storeu_si512 (table, _mm512_mask_add_epi64 (padding, (__mmask8) mask, low, steps));
            _mm512_storeu_si512 (table + LANES,
                                 _mm512_mask_add_epi64 (padding, (__mmask8) (mask >> LANES), high, steps));
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
  size_t channels = pixels->channels, x_stride = pixels->args->x_stride;
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
  const uint8_t *x = pixels->args->x + group * pixels->channels;

  for (size_t i = 0; i < w->kernel[0]; i++)
    for (size_t j = 0; j < w->kernel[1]; j++)
      {
        /* A tap before the first one wraps around to a large number. */
        bool in_image = i - depth.first < depth.count && j - height.first < height.count && width.count > 0;
        size_t z = depth.begin + (i - depth.first) * depth.step;
        size_t y = height.begin + (j - height.first) * height.step;
        size_t row = (position->image * w->in_size[0] + z) * w->in_size[1] + y;

        to = in_image ? gather_row (pixels, x + row * w->in_size[2] * pixels->args->x_stride, width, to)
                      : fill (to, pixels->x_zero_point, w->kernel[2] * pixels->channels);
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

void
lfb_pixels_find (LfbPixelsAvx512 *pixels,
                 size_t           pixel,
                 size_t           group)
{
  LfbPosition position = lfb_position_of (pixels->args->window, pixel);
  size_t first = 0;

  pixels->pixel = pixel;
  pixels->count = smaller (pixels->longest, pixels->args->pixel_end - pixel);
  pixels->n_tiles = (pixels->count + LFB_TILE_ROWS - 1) / LFB_TILE_ROWS;

  for (size_t i = 0; pixels->gather && i < pixels->count; i++)
    {
      uint8_t *to = pixels->gathered + i * pixels->gathered_stride;

      gather (pixels, &position, group, to);
      pixels->rows[i] = to;
      if (pixels->sum)
        pixels->sums[i] = sum_bytes (to, pixels->taps * pixels->channels);
      lfb_position_next (pixels->args->window, &position);
    }

  for (size_t tile = 0; !pixels->gather && tile < pixels->n_tiles; tile++)
    {
      size_t n = lfb_pixels_tile_end (pixels, tile) - first;
      const uint8_t **table = pixels->rows + first * pixels->taps;
      Corners corners = { 0 };

      find_corners (pixels, &position, n, group, &corners);
      fill_table (pixels, &corners, n, table);

      for (size_t i = 0; pixels->sum && i < n; i++)
        {
          pixels->sums[first + i] = 0;
          for (size_t tap = 0; tap < pixels->taps; tap++)
            pixels->sums[first + i] += sum_bytes (table[tap * n + i], pixels->channels);
        }

      first += n;
    }
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Convolution with AVX-512 VNNI as a product of pixels and outputs, for any
 * weights; the product is that of tile_avx512vnni.h.
 *
 * Pixels are taken in blocks, whose windows are found once for all outputs
 * (pixels_avx512vnni.h), and the weights of 32 outputs of a group, a tile, are
 * taken through the whole block before those of the next.
 *
 * Where windows are short and lie in memory at equal distances, whole tiles of u8
 * outputs go along the lines of the image instead (lines_avx512vnni.h).
 */

#include <lowerfb/kernels/x86/conv_avx512vnni.h>

#include <string.h>

#include <lowerfb/kernels/cpu.h>
#include <lowerfb/kernels/x86/lines_avx512vnni.h>
#include <lowerfb/kernels/x86/pack_avx512.h>
#include <lowerfb/kernels/x86/pixels_avx512vnni.h>

/* Rows of x that may be no longer, for one of padding. */
#define LINE_ROW ((size_t) 64 * 1024)

/* Weights for one kind of runs: this, then the tiles; each the offsets of 32
 * outputs, their zero points if there are any, and the weights,
 * [run][group of 4][output][4]. */
typedef struct
{
  _Alignas (64) size_t in_channels;
  size_t               out_channels;
  size_t               groups;
  LfbRuns              runs;
  bool                 zero_points;
  size_t               next;  /* bytes to the weights for another kind; 0: there are none */
} Packed;

static bool
fits (const LfbConvWeights *weights)
{
  (void) weights;

  return true;
}

static Packed
describe (const LfbConvWeights *weights,
          LfbRunKind            kind)
{
  return (Packed) {
    .in_channels = weights->in_channels,
    .out_channels = weights->out_channels,
    .groups = weights->groups,
    .runs = lfb_runs_of (kind, weights->in_channels / weights->groups, weights->kernel),
    .zero_points = weights->zero_points != NULL,
  };
}

/* Steps of the product: four bytes of a run each. */
static size_t
n_steps (const Packed *packed)
{
  return packed->runs.n_runs * ((packed->runs.size + 3) / 4);
}

/* The first kind of runs is for windows whose taps have neighbours in memory, the
 * second for any.  Taps alone would do where their steps are full, or nearly. */
static size_t
choose_kinds (const LfbConvWeights *weights,
              LfbRunKind            kinds[2])
{
  Packed tap = describe (weights, LFB_RUN_TAP);
  Packed row = describe (weights, LFB_RUN_ROW);
  Packed window = describe (weights, LFB_RUN_WINDOW);

  if (tap.runs.size >= 4 && n_steps (&tap) * 7 <= n_steps (&window) * 8)
    {
      kinds[0] = LFB_RUN_TAP;
      return 1;
    }

  if (weights->groups == 1 && row.runs.size >= 4 && n_steps (&row) <= n_steps (&tap))
    {
      kinds[0] = LFB_RUN_ROW;
      kinds[1] = LFB_RUN_WINDOW;
      return 2;
    }

  kinds[0] = LFB_RUN_WINDOW;
  return 1;
}

/* What is packed for @window. */
static const Packed *
find_packed (const void      *buffer,
             const LfbWindow *window,
             size_t           x_stride)
{
  const Packed *packed = buffer;

  if (packed->next > 0 && (window->dilation[2] > 1 || x_stride != packed->in_channels))
    return (const Packed *) ((const char *) packed + packed->next);

  return packed;
}

static size_t
header_size (const Packed *packed)
{
  return (packed->zero_points ? 2 : 1) * LFB_TILE_OUTPUTS * sizeof (int32_t);
}

static size_t
tile_size (const Packed *packed,
           size_t        n_outputs)
{
  return header_size (packed) + n_steps (packed) * 64 * lfb_tile_vectors (n_outputs);
}

static size_t
group_size (const Packed *packed)
{
  return packed->out_channels / packed->groups;
}

/* Outputs of the tile that begins at output @n of a group. */
static size_t
tile_outputs (const Packed *packed,
              size_t        n)
{
  size_t left = group_size (packed) - n;

  return left < LFB_TILE_OUTPUTS ? left : LFB_TILE_OUTPUTS;
}

/* Bytes of the tiles of a group. */
static size_t
tiles_size (const Packed *packed)
{
  size_t last = (group_size (packed) - 1) / LFB_TILE_OUTPUTS * LFB_TILE_OUTPUTS;

  return last / LFB_TILE_OUTPUTS * tile_size (packed, LFB_TILE_OUTPUTS) +
         tile_size (packed, tile_outputs (packed, last));
}

static const int8_t *
find_tile (const Packed *packed,
           size_t        group,
           size_t        n)
{
  return (const int8_t *) (packed + 1) + group * tiles_size (packed) +
         n / LFB_TILE_OUTPUTS * tile_size (packed, LFB_TILE_OUTPUTS);
}

static size_t
packed_size (const Packed *packed)
{
  return sizeof *packed + packed->groups * tiles_size (packed);
}

static size_t
pack_size (const LfbConvWeights *weights)
{
  LfbRunKind kinds[2];
  size_t n = choose_kinds (weights, kinds), size = 0;

  for (size_t i = 0; i < n; i++)
    {
      Packed packed = describe (weights, kinds[i]);

      size += packed_size (&packed);
    }

  return size;
}

/* A tile, whose bytes are 0.  Runs that end with a whole group are one, since groups lie
 * one after the other. */
static void
pack_tile (const LfbConvWeights *weights,
           const Packed         *packed,
           size_t                group,
           size_t                n)
{
  int8_t *tile = (int8_t *) find_tile (packed, group, n);
  size_t n_outputs = tile_outputs (packed, n), vectors = lfb_tile_vectors (n_outputs), stride = 64 * vectors;
  size_t first = group * group_size (packed) + n, k = packed->runs.n_runs * packed->runs.size;
  size_t size = packed->runs.size % 4 == 0 ? k : packed->runs.size;
  int32_t *offsets = (int32_t *) tile;

  for (size_t v = 0; v < vectors; v++)
    {
      const int8_t *w = weights->w + (first + 16 * v) * k;
      int8_t *to = tile + header_size (packed) + 64 * v;

      for (size_t at = 0; at < k; at += size, to += (size + 3) / 4 * stride)
        lfb_pack_outputs_avx512 (w + at, k, size, n_outputs - 16 * v < 16 ? n_outputs - 16 * v : 16, to, stride,
                                 offsets + 16 * v);
    }

  for (size_t i = 0; i < n_outputs && packed->zero_points; i++)
    {
      offsets[LFB_TILE_OUTPUTS + i] = weights->zero_points[first + i];
      offsets[i] -= (int32_t) k * weights->zero_points[first + i];
    }
}

static void
pack (const LfbConvWeights *weights,
      void                 *buffer)
{
  LfbRunKind kinds[2];
  size_t n_kinds = choose_kinds (weights, kinds);
  Packed *packed = buffer;

  memset (buffer, 0, pack_size (weights));

  for (size_t i = 0; i < n_kinds; i++)
    {
      *packed = describe (weights, kinds[i]);
      packed->next = i + 1 < n_kinds ? packed_size (packed) : 0;

      for (size_t group = 0; group < packed->groups; group++)
        for (size_t n = 0; n < group_size (packed); n += LFB_TILE_OUTPUTS)
          pack_tile (weights, packed, group, n);

      packed = (Packed *) ((char *) packed + packed->next);
    }
}

static size_t
n_step (const void *buffer)
{
  const Packed *packed = buffer;

  return packed->groups == 1 ? LFB_TILE_OUTPUTS : group_size (packed);
}

/* A run in up to @parts parts, as equal as they can be. */
static void
add_line_runs (LfbLineWeights *lines,
               LfbLineRun      run,
               size_t          parts)
{
  size_t groups = run.groups, offset = run.offset;

  for (size_t i = 0; i < parts; i++)
    {
      run.groups = groups * (i + 1) / parts - groups * i / parts;
      run.offset = offset;
      offset += 4 * run.groups;
      if (run.groups > 0 && lines->n_runs++ < LFB_LINE_RUNS)
        lines->runs[lines->n_runs - 1] = run;
    }
}

/* The runs of lines: taps of a row that are neighbours in memory are one, but where a
 * group is not at a multiple of 4, every group is a run, so that all loops over groups
 * are of one length; and there are to be three at least.  False if lines cannot do it. */
static bool
find_lines (const Packed    *packed,
            const LfbWindow *window,
            LfbLineWeights  *lines)
{
  bool rows = packed->runs.kind == LFB_RUN_ROW || (packed->runs.size % 4 == 0 && window->dilation[2] == 1);
  size_t width = window->kernel[2], taps = rows ? width : 1, size = taps * packed->runs.channels;
  size_t n = window->kernel[0] * window->kernel[1] * (width / taps);
  size_t parts = size % 4 != 0 ? size / 4 : n < 3 ? 3 : 1;

  if (packed->groups > 1 || packed->zero_points || packed->runs.kind == LFB_RUN_WINDOW ||
      (packed->runs.kind == LFB_RUN_ROW && window->dilation[2] > 1) ||
      packed->out_channels < LFB_TILE_OUTPUTS || n_steps (packed) * 128 > LFB_LINE_BYTES || n > LFB_LINE_RUNS ||
      packed->in_channels > LINE_ROW / (window->in_size[2] + window->kernel[2] * window->dilation[2]) ||
      window->stride[2] > window->in_size[2])
    return false;

  lines->blocks = find_tile (packed, 0, 0);
  lines->block_size = tile_size (packed, LFB_TILE_OUTPUTS);
  lines->weights = header_size (packed);
  lines->channels = packed->in_channels;
  lines->n_runs = 0;
  for (size_t i = 0; i < n; i++)
    {
      LfbLineRun run = { .row = i / (width / taps), .groups = size / 4 };

      run.offset = i % (width / taps) * window->dilation[2] * packed->in_channels;
      add_line_runs (lines, run, parts);
      if (size % 4 != 0)
        add_line_runs (lines, (LfbLineRun) { run.row, run.offset + size - 4, 1 }, 1);
    }

  return lines->n_runs >= 3 && lines->n_runs <= LFB_LINE_RUNS;
}

static size_t
tiles_scratch_size (const Packed *packed)
{
  size_t size = lfb_pixels_scratch_size (&packed->runs, packed->zero_points);

  if (packed->next > 0)
    {
      const Packed *other = (const Packed *) ((const char *) packed + packed->next);
      size_t other_size = lfb_pixels_scratch_size (&other->runs, other->zero_points);

      size = size > other_size ? size : other_size;
    }

  return size;
}

/* What tiles need, then what lines need. */
static size_t
scratch_size (const void      *buffer,
              const LfbWindow *window)
{
  const Packed *packed = buffer;
  size_t size = tiles_scratch_size (packed);
  LfbLineWeights lines;

  if (find_lines (packed, window, &lines))
    size = (size + 63) / 64 * 64 + lfb_lines_scratch_size (&lines, window, packed->out_channels);

  return size;
}

/* Outputs @n_begin to @n_end - 1 of a group, for all pixels of the block; an element
 * of @y has @element_size bytes. */
static void
run_block (const Packed          *packed,
           const LfbConvArgs     *args,
           const LfbPixelsAvx512 *pixels,
           LfbTile               *tile,
           uint8_t               *y,
           size_t                 element_size,
           size_t                 group,
           size_t                 n_begin,
           size_t                 n_end)
{
  for (size_t n = n_begin; n < n_end; n += LFB_TILE_OUTPUTS)
    {
      const int8_t *weights = find_tile (packed, group, n);
      const int32_t *offsets = (const int32_t *) weights;
      size_t output = group * group_size (packed) + n;
      size_t first = 0;

      lfb_tile_set_outputs (tile, output, n_end - n < LFB_TILE_OUTPUTS ? n_end - n : LFB_TILE_OUTPUTS,
                            weights + header_size (packed), offsets,
                            packed->zero_points ? offsets + LFB_TILE_OUTPUTS : NULL);

      for (size_t i = 0; i < pixels->n_tiles; i++)
        {
          size_t end = lfb_pixels_tile_end (pixels, i);

          if (args->addend != NULL)
            tile->q = args->addend->q + (pixels->pixel + first) * args->addend->stride + output;
          lfb_tile_run (tile, end - first, pixels->rows + first * packed->runs.n_runs, pixels->sums + first,
                        y + ((pixels->pixel + first) * args->y_stride + output) * element_size);
          first = end;
        }
    }
}

static void
run (const Packed      *packed,
     const LfbConvArgs *args,
     LfbTile           *tile,
     void              *y,
     size_t             element_size,
     int32_t            x_zero_point)
{
  size_t size = group_size (packed);
  LfbPixelsAvx512 pixels;

  if (args->pixel_begin >= args->pixel_end || args->n_begin >= args->n_end)
    return;

  lfb_tile_set_runs (tile, packed->runs.n_runs, packed->runs.size < 4 ? 4 : packed->runs.size);
  lfb_pixels_init (&pixels, args, &packed->runs, packed->zero_points, x_zero_point);

  for (size_t pixel = args->pixel_begin; pixel < args->pixel_end; pixel += pixels.longest)
    for (size_t group = args->n_begin / size; group * size < args->n_end; group++)
      {
        size_t begin = packed->groups == 1 ? args->n_begin : 0;
        size_t end = packed->groups == 1 ? args->n_end : size;

        lfb_pixels_find (&pixels, pixel, group);
        run_block (packed, args, &pixels, tile, y, element_size, group, begin, end);
      }
}

/* Pixels and outputs that @args asks for, in tiles. */
static void
run_tiles (const Packed        *packed,
           const LfbConvArgs   *args,
           const LfbRequantize *requantize,
           uint8_t             *y)
{
  LfbTile tile = { 0 };

  lfb_tile_set_u8 (&tile, requantize, args->y_stride);
  if (args->addend != NULL)
    lfb_tile_set_addend (&tile, args->addend);
  run (find_packed (packed, args->window, args->x_stride), args, &tile, y, sizeof *y, requantize->x_zero_point);
}

/* Lines for all whole tiles of outputs; in tiles what is left of them, and of lines. */
static void
run_lines (const Packed         *packed,
           const LfbConvArgs    *args,
           const LfbLineWeights *weights,
           const LfbRequantize  *requantize,
           uint8_t              *y)
{
  LfbConvArgs whole = *args, rest = *args;
  LfbLines *lines;

  whole.n_end = args->n_end / LFB_TILE_OUTPUTS * LFB_TILE_OUTPUTS;
  rest.n_begin = whole.n_end;
  if (rest.n_begin < rest.n_end)
    run_tiles (packed, &rest, requantize, y);

  lines = lfb_lines_new ((uint8_t *) args->scratch + (tiles_scratch_size (packed) + 63) / 64 * 64, weights, &whole,
                         requantize, y);
  rest = whole;
  for (size_t pixel = args->pixel_begin; pixel < args->pixel_end; pixel = rest.pixel_end)
    {
      rest.pixel_begin = lfb_lines_run (lines, pixel);
      rest.pixel_end = rest.pixel_begin < args->pixel_end ? lfb_lines_end (lines, rest.pixel_begin) : args->pixel_end;
      run_tiles (packed, &rest, requantize, y);
    }
}

static void
run_u8 (const void          *packed,
        const LfbConvArgs   *args,
        const LfbRequantize *requantize,
        uint8_t             *y)
{
  LfbLineWeights lines;

  if (args->x_stride == ((const Packed *) packed)->in_channels && args->n_end - args->n_begin >= LFB_TILE_OUTPUTS &&
      args->pixel_begin < args->pixel_end && find_lines (packed, args->window, &lines))
    run_lines (packed, args, &lines, requantize, y);
  else
    run_tiles (packed, args, requantize, y);
}

static void
run_f32 (const void        *packed,
         const LfbConvArgs *args,
         const LfbRescale  *rescale,
         float             *y)
{
  LfbTile tile = { 0 };

  lfb_tile_set_f32 (&tile, rescale, args->y_stride);
  run (find_packed (packed, args->window, args->x_stride), args, &tile, y, sizeof *y, rescale->x_zero_point);
}

LFB_CONV_WAY (lfb_conv_dense_avx512vnni, LFB_CPU_AVX512VNNI)

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Convolution with AVX-512 VNNI as a product of pixels and outputs, for any
 * weights; the product is that of tile_avx512vnni.h.
 *
 * Pixels are taken in blocks, whose windows are found once for all outputs
 * (pixels_avx512vnni.h), and the weights of 32 outputs of a group, a tile, are
 * taken through the whole block before those of the next.
 */

#include <lowerfb/kernels/x86/conv_avx512vnni.h>

#include <string.h>

#include <lowerfb/kernels/cpu.h>
#include <lowerfb/kernels/x86/pixels_avx512vnni.h>

/* The packed buffer: this, then the tiles; each the offsets of 32 outputs,
 * their zero points if there are any, and the weights, [run][group of 4][output][4]. */
typedef struct
{
  _Alignas (64) size_t in_channels;
  size_t               out_channels;
  size_t               groups;
  size_t               taps;
  size_t               run;          /* bytes of x that lie together */
  size_t               n_runs;
  bool                 gather;
  bool                 zero_points;
} Packed;

static bool
fits (const LfbConvWeights *weights)
{
  (void) weights;

  return true;
}

/* Four bytes of a run are one step: windows are gathered where that saves more
 * steps than it costs, and where a tap has less than four. */
static bool
should_gather (size_t channels,
               size_t taps)
{
  size_t steps = taps * ((channels + 3) / 4);

  return channels < 4 || (taps * channels + 3) / 4 * 8 < steps * 7;
}

static Packed
describe (const LfbConvWeights *weights)
{
  size_t channels = weights->in_channels / weights->groups;
  Packed packed = { 0 };

  packed.in_channels = weights->in_channels;
  packed.out_channels = weights->out_channels;
  packed.groups = weights->groups;
  packed.taps = lfb_volume (weights->kernel);
  packed.gather = should_gather (channels, packed.taps);
  packed.run = packed.gather ? packed.taps * channels : channels;
  packed.n_runs = packed.gather ? 1 : packed.taps;
  packed.zero_points = weights->zero_points != NULL;

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
  return header_size (packed) + packed->n_runs * ((packed->run + 3) / 4) * 64 * lfb_tile_vectors (n_outputs);
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
pack_size (const LfbConvWeights *weights)
{
  Packed packed = describe (weights);

  return sizeof packed + packed.groups * tiles_size (&packed);
}

/* The groups of a run, @stride bytes apart. */
static void
pack_run (const int8_t *w,
          size_t        size,
          int8_t       *to,
          size_t        stride)
{
  size_t whole = size / 4;

  for (size_t i = 0; i < whole; i++)
    memcpy (to + i * stride, w + 4 * i, 4);

  /* The last four bytes of x, or, of a run that has no four, all. */
  if (size % 4 != 0 && whole > 0)
    memcpy (to + whole * stride + 4 - size % 4, w + 4 * whole, size % 4);
  else if (size % 4 != 0)
    memcpy (to, w, size);
}

static void
pack_output (const LfbConvWeights *weights,
             const Packed         *packed,
             size_t                group,
             size_t                n)
{
  int8_t *tile = (int8_t *) find_tile (packed, group, n);
  size_t in_tile = n % LFB_TILE_OUTPUTS;
  size_t stride = 64 * lfb_tile_vectors (tile_outputs (packed, n - in_tile));
  size_t output = group * group_size (packed) + n;
  size_t k = packed->n_runs * packed->run;
  const int8_t *w = weights->w + output * k;
  int8_t *to = tile + header_size (packed) + 4 * in_tile;
  int32_t *offset = (int32_t *) tile + in_tile;

  for (size_t i = 0; i < packed->n_runs; i++)
    pack_run (w + i * packed->run, packed->run, to + i * ((packed->run + 3) / 4) * stride, stride);

  for (size_t i = 0; i < k; i++)
    *offset += w[i];

  if (packed->zero_points)
    {
      offset[LFB_TILE_OUTPUTS] = weights->zero_points[output];
      *offset -= (int32_t) k * weights->zero_points[output];
    }
}

static void
pack (const LfbConvWeights *weights,
      void                 *buffer)
{
  Packed *packed = buffer;

  memset (buffer, 0, pack_size (weights));
  *packed = describe (weights);

  for (size_t group = 0; group < packed->groups; group++)
    for (size_t n = 0; n < group_size (packed); n++)
      pack_output (weights, packed, group, n);
}

static size_t
n_step (const void *buffer)
{
  const Packed *packed = buffer;

  return packed->groups == 1 ? LFB_TILE_OUTPUTS : group_size (packed);
}

static size_t
scratch_size (const void      *buffer,
              const LfbWindow *window)
{
  const Packed *packed = buffer;

  return lfb_pixels_scratch_size (window, packed->in_channels / packed->groups, packed->gather, packed->zero_points);
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

          lfb_tile_run (tile, end - first, pixels->rows + first * packed->n_runs, pixels->sums + first,
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

  lfb_tile_set_runs (tile, packed->n_runs, packed->run < 4 ? 4 : packed->run);
  lfb_pixels_init (&pixels, args, packed->in_channels / packed->groups, packed->gather, packed->zero_points,
                   x_zero_point);

  for (size_t pixel = args->pixel_begin; pixel < args->pixel_end; pixel += pixels.longest)
    for (size_t group = args->n_begin / size; group * size < args->n_end; group++)
      {
        size_t begin = packed->groups == 1 ? args->n_begin : 0;
        size_t end = packed->groups == 1 ? args->n_end : size;

        lfb_pixels_find (&pixels, pixel, group);
        run_block (packed, args, &pixels, tile, y, element_size, group, begin, end);
      }
}

static void
run_u8 (const void          *packed,
        const LfbConvArgs   *args,
        const LfbRequantize *requantize,
        uint8_t             *y)
{
  LfbTile tile = { 0 };

  lfb_tile_set_u8 (&tile, requantize, args->y_stride);
  run (packed, args, &tile, y, sizeof *y, requantize->x_zero_point);
}

static void
run_f32 (const void        *packed,
         const LfbConvArgs *args,
         const LfbRescale  *rescale,
         float             *y)
{
  LfbTile tile = { 0 };

  lfb_tile_set_f32 (&tile, rescale, args->y_stride);
  run (packed, args, &tile, y, sizeof *y, rescale->x_zero_point);
}

static const LfbConvKernel kernel = {
  .isa = "avx512vnni",
  .needs = LFB_CPU_AVX512VNNI,
  .pack_size = pack_size,
  .pack = pack,
  .n_step = n_step,
  .scratch_size = scratch_size,
  .run_u8 = run_u8,
  .run_f32 = run_f32,
};

const LfbConvWay lfb_conv_dense_avx512vnni = { fits, &kernel };

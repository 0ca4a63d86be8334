/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Convolution with AVX-512 VNNI in groups of 4, 8 or 16 channels that make as
 * many outputs: a vector of x holds several groups, and each lane, 4 channels of
 * one group, is multiplied with the weights of an output of that group.
 *
 * A group is @parts lanes.  Four vectors of sums are the outputs of 64 channels:
 * lane l of sum j is output j * parts + l % parts of group l / parts.  What a lane
 * needs of the other lanes of its group comes to it by rotating x within groups,
 * parts - 1 times.
 */

#include <lowerfb/kernels/x86/conv_avx512vnni.h>

#include <immintrin.h>
#include <string.h>

#include <lowerfb/kernels/cpu.h>
#include <lowerfb/kernels/x86/dpbusd_avx512.h>
#include <lowerfb/kernels/x86/output_avx512.h>
#include <lowerfb/kernels/x86/pixels_avx512vnni.h>

#define BLOCK ((size_t) 64)  /* channels */
#define SUMS ((size_t) 4)    /* vectors */

/* The packed buffer: this, then the blocks; in each the weights, [tap][rotation][sum],
 * and the sums of the weights of each output, in the order of lanes. */
typedef struct
{
  _Alignas (64) size_t channels;
  size_t               parts;  /* 1, 2 or 4 */
  size_t               taps;
  LfbRuns              runs;
} Packed;

static bool
fits (const LfbConvWeights *weights)
{
  size_t channels = weights->in_channels / weights->groups;

  return weights->groups > 1 && weights->out_channels == weights->in_channels && weights->zero_points == NULL &&
         (channels == 4 || channels == 8 || channels == 16);
}

static Packed
describe (const LfbConvWeights *weights)
{
  return (Packed) {
    .channels = weights->in_channels,
    .parts = weights->in_channels / weights->groups / 4,
    .taps = lfb_volume (weights->kernel),
    .runs = lfb_runs_of (LFB_RUN_TAP, weights->in_channels, weights->kernel),
  };
}

static size_t
block_size (const Packed *packed)
{
  return (packed->taps * packed->parts + 1) * SUMS * 64;
}

static const int8_t *
find_block (const Packed *packed,
            size_t        n)
{
  return (const int8_t *) (packed + 1) + n / BLOCK * block_size (packed);
}

static size_t
padded_channels (const Packed *packed)
{
  return (packed->channels + BLOCK - 1) / BLOCK * BLOCK;
}

static size_t
pack_size (const LfbConvWeights *weights)
{
  Packed packed = describe (weights);

  return sizeof packed + padded_channels (&packed) / BLOCK * block_size (&packed);
}

/* The channel of a block that lane @lane of sum @sum is. */
static size_t
channel_of (size_t parts,
            size_t sum,
            size_t lane)
{
  return lane / parts * 4 * parts + sum * parts + lane % parts;
}

static void
pack_lane (const LfbConvWeights *weights,
           const Packed         *packed,
           size_t                n,
           size_t                sum,
           size_t                lane)
{
  size_t parts = packed->parts, size = packed->taps * 4 * parts;
  size_t output = n + channel_of (parts, sum, lane);
  const int8_t *w = weights->w + output * size;
  int8_t *to = (int8_t *) find_block (packed, n) + sum * 64 + lane * 4;

  if (output >= packed->channels)
    return;

  for (size_t tap = 0; tap < packed->taps; tap++, w += 4 * parts)
    for (size_t r = 0; r < parts; r++, to += SUMS * 64)
      memcpy (to, w + ((lane + r) & (parts - 1)) * 4, 4);
}

/* The sums of the weights of each lane, behind them. */
static void
sum_lanes (const Packed *packed,
           size_t        n)
{
  const __m512i ones = _mm512_set1_epi8 (1);
  __m512i *w = (__m512i *) find_block (packed, n);
  size_t steps = packed->taps * packed->parts;

  for (size_t sum = 0; sum < SUMS; sum++)
    {
      __m512i total = _mm512_setzero_si512 ();

      for (size_t i = 0; i < steps; i++)
        total = lfb_dpbusd (total, ones, w[i * SUMS + sum]);
      w[steps * SUMS + sum] = total;
    }
}

static void
pack (const LfbConvWeights *weights,
      void                 *buffer)
{
  Packed *packed = buffer;

  memset (buffer, 0, pack_size (weights));
  *packed = describe (weights);

  for (size_t n = 0; n < packed->channels; n += BLOCK)
    {
      for (size_t sum = 0; sum < SUMS; sum++)
        for (size_t lane = 0; lane < 16; lane++)
          pack_lane (weights, packed, n, sum, lane);
      sum_lanes (packed, n);
    }
}

static size_t
n_step (const void *packed)
{
  (void) packed;

  return BLOCK;
}

static size_t
scratch_size (const void      *buffer,
              const LfbWindow *window)
{
  const Packed *packed = buffer;

  (void) window;

  return padded_channels (packed) * 12 + lfb_pixels_scratch_size (&packed->runs, false);
}

/* Where the sums go. */
typedef struct
{
  const LfbConvArgs   *args;
  const LfbRequantize *requantize;
  const LfbRescale    *rescale;
  uint8_t             *y_u8;
  float               *y_f32;
  /* From scratch, in the order of lanes: */
  float               *bias;
  float               *multiplier;
  int32_t             *start;
} Job;

/* One or a few pixels of a block. */
typedef struct
{
  LfbRequantizeAvx512   stage;
  __m512i               order;       /* of bytes */
  const __m512         *bias;
  const __m512         *multiplier;
  const __m512i        *start;
  const __m512i        *w;
  size_t                taps;
  size_t                n;
  __mmask64             mask;
  bool                  plain;       /* the output is u8, and nothing is added */
  const Job            *job;
} Block;

static void
order_parameters (const Job    *job,
                  const Packed *packed,
                  int32_t       x_zero_point)
{
  const float *bias = job->requantize != NULL ? job->requantize->bias : job->rescale->bias;
  const float *multiplier = job->requantize != NULL ? job->requantize->multiplier : job->rescale->multiplier;

  for (size_t n = job->args->n_begin; n < job->args->n_end; n += BLOCK)
    {
      const int32_t *totals = (const int32_t *) (find_block (packed, n) + packed->taps * packed->parts * SUMS * 64);

      for (size_t i = 0; i < BLOCK; i++)
        {
          size_t channel = n + channel_of (packed->parts, i / 16, i % 16);

          job->bias[n + i] = channel < packed->channels ? bias[channel] : 0.0f;
          job->multiplier[n + i] = channel < packed->channels ? multiplier[channel] : 0.0f;
          job->start[n + i] = -x_zero_point * totals[i];
        }
    }
}

/* What brings the bytes of four sums, 4 of each in every 16, into order. */
static __m512i
byte_order (size_t parts)
{
  _Alignas (16) uint8_t order[16];

  for (size_t i = 0; i < 16; i++)
    order[channel_of (parts, i / 4, i % 4)] = (uint8_t) i;

  return _mm512_broadcast_i32x4 (_mm_load_si128 ((const __m128i *) order));
}

static __attribute__ ((noinline)) void
store_floats (const Block   *block,
              const __m512i *sums,
              size_t         parts,
              float         *y)
{
  _Alignas (64) float values[16];

  for (size_t j = 0; j < SUMS; j++)
    {
      _mm512_store_ps (values, lfb_rescale_avx512 (sums[j], block->bias[j], block->multiplier[j],
                                                   block->job->rescale->relu));
      for (size_t lane = 0; lane < 16; lane++)
        {
          size_t channel = channel_of (parts, j, lane);

          if (block->mask >> channel & 1)
            y[channel] = values[lane];
        }
    }
}

/* The channels of a block that @mask has. */
static size_t
count_channels (__mmask64 mask)
{
  return (size_t) __builtin_popcountll (mask);
}

static __attribute__ ((noinline)) void
store_added (const Block   *block,
             const __m512i *sums,
             size_t         parts,
             size_t         pixel)
{
  const LfbConvArgs *args = block->job->args;
  const LfbAddend *addend = args->addend;
  int32_t in_order[BLOCK];

  for (size_t j = 0; j < SUMS; j++)
    {
      _Alignas (64) int32_t values[16];

      _mm512_store_si512 (values, sums[j]);
      for (size_t lane = 0; lane < 16; lane++)
        in_order[channel_of (parts, j, lane)] = values[lane];
    }

  lfb_requantize_add_avx512 (block->job->requantize, addend, in_order, addend->q + pixel * addend->stride + block->n,
                             block->n, count_channels (block->mask),
                             block->job->y_u8 + pixel * args->y_stride + block->n);
}

/* @pixels neighbours; their pointers are @next apart from tap to tap. */
static inline __attribute__ ((always_inline)) void
run_pixels (const Block          *block,
            const uint8_t *const *x,
            size_t                next,
            size_t                parts,
            size_t                pixels,
            size_t                pixel)
{
  const __m512i *w = block->w;
  size_t y_stride = block->job->args->y_stride;
  __m512i sums[4][4];

#pragma GCC unroll 4
  for (size_t p = 0; p < pixels; p++)
#pragma GCC unroll 4
    for (size_t j = 0; j < SUMS; j++)
      sums[p][j] = block->start[j];

  for (size_t tap = 0; tap < block->taps; tap++, x += next)
    {
      __m512i values[4];

#pragma GCC unroll 4
      for (size_t p = 0; p < pixels; p++)
        values[p] = _mm512_maskz_loadu_epi8 (block->mask, x[p] + block->n);

#pragma GCC unroll 4
      for (size_t r = 0; r < parts; r++, w += SUMS)
        {
#pragma GCC unroll 4
          for (size_t j = 0; j < SUMS; j++)
#pragma GCC unroll 4
            for (size_t p = 0; p < pixels; p++)
              sums[p][j] = lfb_dpbusd (sums[p][j], values[p], w[j]);

          if (r + 1 < parts)
#pragma GCC unroll 4
            for (size_t p = 0; p < pixels; p++)
              values[p] = parts == 2 ? _mm512_shuffle_epi32 (values[p], 0xb1) : _mm512_shuffle_epi32 (values[p], 0x39);
        }
    }

#pragma GCC unroll 4
  for (size_t p = 0; p < pixels; p++)
    if (block->plain)
      {
        __m512i rounded[4];

#pragma GCC unroll 4
        for (size_t j = 0; j < SUMS; j++)
          rounded[j] = lfb_requantize_round_avx512 (&block->stage, sums[p][j], block->bias[j], block->multiplier[j]);

        _mm512_mask_storeu_epi8 (block->job->y_u8 + (pixel + p) * y_stride + block->n, block->mask,
                                 _mm512_shuffle_epi8 (lfb_requantize_pack4_avx512 (&block->stage, rounded),
                                                      block->order));
      }
    else
      {
        __m512i copy[4];

#pragma GCC unroll 4
        for (size_t j = 0; j < SUMS; j++)
          copy[j] = sums[p][j];
        if (block->job->requantize != NULL)
          store_added (block, copy, parts, pixel + p);
        else
          store_floats (block, copy, parts, block->job->y_f32 + (pixel + p) * y_stride + block->n);
      }
}

/* The pixels of a tile. */
static inline __attribute__ ((always_inline)) void
run_tile (const Block          *block,
          const uint8_t *const *rows,
          size_t                count,
          size_t                pixel,
          size_t                parts)
{
  size_t i = 0;

  for (; i + 4 <= count; i += 4)
    run_pixels (block, rows + i, count, parts, 4, pixel + i);
  for (; i < count; i++)
    run_pixels (block, rows + i, count, parts, 1, pixel + i);
}

#define RUN_TILE(parts)                                                                     \
  static __attribute__ ((noinline)) void                                                    \
  run_tile_##parts (const Block *block, const uint8_t *const *rows, size_t count, size_t pixel) \
  {                                                                                         \
    Block own = *block;                                                                     \
                                                                                            \
    run_tile (&own, rows, count, pixel, parts);                                             \
  }

RUN_TILE (1)
RUN_TILE (2)
RUN_TILE (4)

static void
run_block (const Job             *job,
           const Packed          *packed,
           const LfbPixelsAvx512 *pixels,
           size_t                 n)
{
  size_t left = packed->channels - n, first = 0;
  Block block = {
    .order = byte_order (packed->parts),
    .bias = (const __m512 *) (job->bias + n),
    .multiplier = (const __m512 *) (job->multiplier + n),
    .start = (const __m512i *) (job->start + n),
    .w = (const __m512i *) find_block (packed, n),
    .taps = packed->taps,
    .n = n,
    .mask = left < BLOCK ? ~UINT64_C (0) >> (BLOCK - left) : ~UINT64_C (0),
    .plain = job->requantize != NULL && job->args->addend == NULL,
    .job = job,
  };

  if (job->requantize != NULL)
    block.stage = lfb_requantize_avx512 (job->requantize);

  for (size_t tile = 0; tile < pixels->n_tiles; tile++)
    {
      size_t end = lfb_pixels_tile_end (pixels, tile);
      const uint8_t *const *rows = pixels->rows + first * packed->taps;

      if (packed->parts == 1)
        run_tile_1 (&block, rows, end - first, pixels->pixel + first);
      else if (packed->parts == 2)
        run_tile_2 (&block, rows, end - first, pixels->pixel + first);
      else
        run_tile_4 (&block, rows, end - first, pixels->pixel + first);
      first = end;
    }
}

static void
run (Job          *job,
     const Packed *packed,
     int32_t       x_zero_point)
{
  size_t padded = padded_channels (packed);
  LfbConvArgs args = *job->args;
  LfbPixelsAvx512 pixels;

  if (args.pixel_begin >= args.pixel_end || args.n_begin >= args.n_end)
    return;

  job->bias = args.scratch;
  job->multiplier = job->bias + padded;
  job->start = (int32_t *) (job->multiplier + padded);
  order_parameters (job, packed, x_zero_point);

  args.scratch = job->start + padded;
  lfb_pixels_init (&pixels, &args, &packed->runs, false, x_zero_point);

  for (size_t pixel = args.pixel_begin; pixel < args.pixel_end; pixel += pixels.longest)
    {
      lfb_pixels_find (&pixels, pixel, 0);
      for (size_t n = args.n_begin; n < args.n_end; n += BLOCK)
        run_block (job, packed, &pixels, n);
    }
}

static void
run_u8 (const void          *packed,
        const LfbConvArgs   *args,
        const LfbRequantize *output,
        uint8_t             *y)
{
  run (&(Job) { .args = args, .requantize = output, .y_u8 = y }, packed, output->x_zero_point);
}

static void
run_f32 (const void        *packed,
         const LfbConvArgs *args,
         const LfbRescale  *output,
         float             *y)
{
  run (&(Job) { .args = args, .rescale = output, .y_f32 = y }, packed, output->x_zero_point);
}

LFB_CONV_WAY (lfb_conv_grouped_avx512vnni, LFB_CPU_AVX512VNNI)

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Convolution on 256-bit registers in groups of 4 or 8 channels that make as many
 * outputs: a vector of x holds several groups, and each lane, LFB_GROUP channels of
 * one group, is multiplied with the weights of an output of that group.  The file that
 * includes this says which multiply-add there is (LFB_GROUP, lfb_multiply_add).
 *
 * A group is @parts lanes.  The sums of a block of channels are LFB_GROUP vectors: lane
 * l of sum j is output j * parts + l % parts of group l / parts.  What a lane needs of
 * the other lanes of its group comes to it by rotating x within groups, parts - 1
 * times.  x is taken from a slab.
 */

#include <lowerfb/kernels/x86/conv_256.h>

#include <lowerfb/kernels/x86/block_256.h>

#define LFB_SLAB_WIDE (LFB_GROUP == 2)
#define LFB_SLAB_FLIP 0
#define LFB_SLAB_BLOCK LFB_BLOCK_CHANNELS
#include <lowerfb/kernels/simd/slab.h>

#define INLINE static inline __attribute__ ((always_inline))
#define UNROLLED _Pragma ("GCC unroll 16")

/* Pixels whose sums registers hold, beside x. */
#define PIXELS (8 / LFB_BLOCK_SUMS)

/* Elements of a slab, and of what a row of outputs needs of it. */
#define SLAB_SIZE ((size_t) 24 * 1024 / sizeof (LfbSlabElement))
#define SLAB_ROW_SIZE ((size_t) 16 * 1024 / sizeof (LfbSlabElement))

#if LFB_SLAB_WIDE
typedef int16_t Weight;
#else
typedef int8_t Weight;
#endif

/* The packed buffer: this, then the blocks; in each the weights,
 * [tap][rotation][lane of the sums][LFB_GROUP], and the sum of the weights of each lane. */
typedef struct
{
  _Alignas (64) size_t channels;
  size_t               parts;  /* 1, 2 or 4 */
  size_t               taps;
} Packed;

static bool
fits (const LfbConvWeights *weights)
{
  size_t channels = weights->in_channels / weights->groups;

  return weights->groups > 1 && weights->out_channels == weights->in_channels && weights->zero_points == NULL &&
         (channels == 4 || channels == 8);
}

static Packed
describe (const LfbConvWeights *weights)
{
  return (Packed) {
    .channels = weights->in_channels,
    .parts = weights->in_channels / weights->groups / LFB_GROUP,
    .taps = lfb_volume (weights->kernel),
  };
}

static size_t
n_weights (const Packed *packed)
{
  return packed->taps * packed->parts * LFB_BLOCK_CHANNELS * LFB_GROUP;
}

static size_t
block_size (const Packed *packed)
{
  return n_weights (packed) * sizeof (Weight) + LFB_BLOCK_CHANNELS * sizeof (int32_t);
}

static uint8_t *
find_block (const Packed *packed,
            size_t        n)
{
  return (uint8_t *) (packed + 1) + n / LFB_BLOCK_CHANNELS * block_size (packed);
}

static size_t
pack_size (const LfbConvWeights *weights)
{
  Packed packed = describe (weights);

  return sizeof packed + (packed.channels + LFB_BLOCK_CHANNELS - 1) / LFB_BLOCK_CHANNELS * block_size (&packed);
}

static size_t
channel_of (size_t parts,
            size_t lane)
{
  size_t sum = lane / 8;

  lane %= 8;

  return lane / parts * LFB_GROUP * parts + sum * parts + lane % parts;
}

static void
pack_lane (const LfbConvWeights *weights,
           const Packed         *packed,
           size_t                n,
           size_t                lane)
{
  size_t parts = packed->parts, size = packed->taps * LFB_GROUP * parts;
  size_t output = n + channel_of (parts, lane);
  Weight *to = (Weight *) find_block (packed, n) + lane * LFB_GROUP;
  const int8_t *w = weights->w + output * size;

  if (output >= packed->channels)
    return;

  for (size_t tap = 0; tap < packed->taps; tap++, w += parts * LFB_GROUP)
    for (size_t r = 0; r < parts; r++, to += LFB_BLOCK_CHANNELS * LFB_GROUP)
      UNROLLED
      for (size_t i = 0; i < LFB_GROUP; i++)
        to[i] = w[((lane + r) & (parts - 1)) * LFB_GROUP + i];
}

/* The sums of the weights of each lane, behind them. */
static void
sum_lanes (const Packed *packed,
           size_t        n)
{
  const __m256i ones = LFB_SLAB_WIDE ? _mm256_set1_epi16 (1) : _mm256_set1_epi8 (1);
  __m256i *w = (__m256i *) find_block (packed, n);
  size_t steps = packed->taps * packed->parts;

  for (size_t v = 0; v < LFB_BLOCK_SUMS; v++)
    {
      __m256i sum = _mm256_setzero_si256 ();

      for (size_t i = 0; i < steps; i++)
        sum = lfb_multiply_add (sum, ones, _mm256_loadu_si256 (w + i * LFB_BLOCK_SUMS + v));
      _mm256_storeu_si256 (w + steps * LFB_BLOCK_SUMS + v, sum);
    }
}

static void
pack (const LfbConvWeights *weights,
      void                 *buffer)
{
  Packed *packed = buffer;

  memset (buffer, 0, pack_size (weights));
  *packed = describe (weights);

  for (size_t n = 0; n < packed->channels; n += LFB_BLOCK_CHANNELS)
    {
      for (size_t lane = 0; lane < LFB_BLOCK_CHANNELS; lane++)
        pack_lane (weights, packed, n, lane);
      sum_lanes (packed, n);
    }
}

static size_t
n_step (const void *packed)
{
  (void) packed;

  return LFB_BLOCK_CHANNELS;
}

/* --- a run --- */

static LfbSlab
layout (const LfbWindow *window)
{
  return lfb_slab_layout (window, LFB_BLOCK_CHANNELS, LFB_BLOCK_CHANNELS, false, SLAB_ROW_SIZE);
}

static size_t
steps_size (const Packed *packed)
{
  return (packed->taps * sizeof (ptrdiff_t) + 63) / 64 * 64;
}

/* The distances of taps, then the slab. */
static size_t
scratch_size (const void      *buffer,
              const LfbWindow *window)
{
  LfbSlab slab;

  if (lfb_volume (window->out_size) == 0)
    return 0;

  slab = layout (window);

  return steps_size (buffer) + lfb_slab_elements (&slab, SLAB_SIZE, SLAB_SIZE) * sizeof (LfbSlabElement);
}

typedef struct
{
  const Packed      *packed;
  const LfbConvArgs *args;
  LfbSlab            slab;
  size_t            *steps;       /* elements from the first tap to each */
  LfbSlabElement    *elements;
  __m256i            start[LFB_BLOCK_SUMS];
  const __m256i     *weights;     /* of the block */
  LfbBlock        block;
} Run;

INLINE __m256i
rotate (__m256i x,
        size_t  parts)
{
  return parts == 2 ? _mm256_shuffle_epi32 (x, 0xb1) : _mm256_shuffle_epi32 (x, 0x39);
}

/* @pixels neighbours, @next elements apart. */
INLINE void
sum_pixels (const Run            *run,
            const LfbSlabElement *x,
            size_t                next,
            size_t                parts,
            size_t                pixels,
            __m256i               sums[PIXELS][LFB_BLOCK_SUMS])
{
  const __m256i *w = run->weights;
  const size_t *step = run->steps;

  UNROLLED
  for (size_t p = 0; p < pixels; p++)
    UNROLLED
    for (size_t j = 0; j < LFB_BLOCK_SUMS; j++)
      sums[p][j] = run->start[j];

  for (size_t left = run->packed->taps; left > 0; left--, step++)
    {
      __m256i values[PIXELS];

      UNROLLED
      for (size_t p = 0; p < pixels; p++)
        values[p] = _mm256_loadu_si256 ((const __m256i *) (x + p * next + *step));

      UNROLLED
      for (size_t r = 0; r < parts; r++, w += LFB_BLOCK_SUMS)
        {
          UNROLLED
          for (size_t j = 0; j < LFB_BLOCK_SUMS; j++)
            {
              __m256i weights = w[j];

              UNROLLED
              for (size_t p = 0; p < pixels; p++)
                sums[p][j] = lfb_multiply_add (sums[p][j], values[p], weights);
            }

          if (r + 1 < parts)
            UNROLLED
            for (size_t p = 0; p < pixels; p++)
              values[p] = rotate (values[p], parts);
        }
    }
}

/* From element @x on, to pixel @pixel of y and its neighbours. */
INLINE void
run_pixels (const Run            *run,
            const LfbSlabElement *x,
            size_t                pixel,
            size_t                parts,
            size_t                pixels)
{
  size_t next = run->args->window->stride[2] * LFB_BLOCK_CHANNELS;
  size_t at = pixel * run->args->y_stride + run->block.n;
  __m256i sums[PIXELS][LFB_BLOCK_SUMS];

  sum_pixels (run, x, next, parts, pixels, sums);

  if (run->block.requantize != NULL && run->block.addend != NULL)
    for (size_t p = 0; p < pixels; p++)
      lfb_block_store_added (&run->block, sums[p], pixel + p, run->block.y_u8 + at + p * run->args->y_stride);
  else if (run->block.requantize != NULL)
    UNROLLED
    for (size_t p = 0; p < pixels; p++)
      lfb_block_store_u8 (&run->block, sums[p], run->block.y_u8 + at + p * run->args->y_stride);
  else
    for (size_t p = 0; p < pixels; p++)
      lfb_block_store_f32 (&run->block, sums[p], run->block.y_f32 + at + p * run->args->y_stride);
}

#define EACH_PARTS(DO) DO (1) DO (2) DO (4)

#define DEFINE(parts) \
  static void \
  run_one_##parts (const Run *run, const LfbSlabElement *x, size_t pixel) \
  { \
    run_pixels (run, x, pixel, parts, 1); \
  } \
  \
  static void \
  run_several_##parts (const Run *run, const LfbSlabElement *x, size_t pixel) \
  { \
    run_pixels (run, x, pixel, parts, PIXELS); \
  }
EACH_PARTS (DEFINE)
#undef DEFINE

typedef void (*RunPixels) (const Run *run, const LfbSlabElement *x, size_t pixel);

static void
run_piece (const Run          *run,
           const LfbSlabPiece *piece,
           size_t              pixel)
{
#define ONE(parts) [parts] = run_one_##parts,
#define SEVERAL(parts) [parts] = run_several_##parts,
  static const RunPixels ones[] = { EACH_PARTS (ONE) }, severals[] = { EACH_PARTS (SEVERAL) };
#undef ONE
#undef SEVERAL
  RunPixels one = ones[run->packed->parts], several = severals[run->packed->parts];
  size_t next = run->args->window->stride[2] * LFB_BLOCK_CHANNELS;

  for (size_t row = 0; row < piece->rows; row++)
    {
      const LfbSlabElement *x = run->elements + lfb_slab_window (&run->slab, row, 0);
      size_t first = pixel + row * piece->columns, i = 0;

      for (; i + PIXELS <= piece->columns; i += PIXELS)
        several (run, x + i * next, first + i);
      for (; i < piece->columns; i++)
        one (run, x + i * next, first + i);
    }
}

static void
set_block (Run   *run,
           size_t n)
{
  const Weight *weights = (const Weight *) find_block (run->packed, n);
  const int32_t *sums = (const int32_t *) (weights + n_weights (run->packed));
  int32_t *start = (int32_t *) run->start;

  lfb_block_set_channels (&run->block, n, run->packed->channels);
  run->slab.channels = run->block.channels;
  run->weights = (const __m256i *) weights;
  for (size_t lane = 0; lane < LFB_BLOCK_CHANNELS; lane++)
    start[lane] = LFB_SLAB_WIDE ? 0 : -run->slab.zero_point * sums[lane];
}

static void
prepare (Run *run)
{
  const LfbConvArgs *args = run->args;
  const LfbWindow *w = args->window;
  size_t *step = args->scratch;

  run->slab = layout (w);
  run->slab.x = args->x;
  run->slab.x_stride = args->x_stride;
  run->slab.zero_point = lfb_block_x_zero_point (&run->block);
  run->steps = step;
  run->elements = (LfbSlabElement *) ((uint8_t *) args->scratch + steps_size (run->packed));

  for (size_t i = 0; i < w->kernel[0]; i++)
    for (size_t j = 0; j < w->kernel[1]; j++)
      for (size_t k = 0; k < w->kernel[2]; k++)
        *step++ = lfb_slab_tap (&run->slab, i, j, k);

  for (size_t lane = 0; lane < LFB_BLOCK_CHANNELS; lane++)
    run->block.order[lane] = (uint8_t) channel_of (run->packed->parts, lane);
  lfb_block_init (&run->block);
}

static void
run_all (Run *run)
{
  const LfbConvArgs *args = run->args;
  size_t elements;

  if (args->pixel_begin >= args->pixel_end)
    return;

  prepare (run);
  elements = lfb_slab_elements (&run->slab, SLAB_SIZE, SLAB_SIZE);

  for (size_t n = args->n_begin; n < args->n_end; n += LFB_BLOCK_CHANNELS)
    {
      set_block (run, n);

      for (size_t pixel = args->pixel_begin; pixel < args->pixel_end; )
        {
          LfbSlabPiece piece = lfb_slab_piece (&run->slab, pixel, args->pixel_end - pixel, elements);

          lfb_slab_fill (&run->slab, &piece, n, run->elements);
          run_piece (run, &piece, pixel);
          pixel += piece.rows * piece.columns;
        }
    }
}

static void
run_u8 (const void          *packed,
        const LfbConvArgs   *args,
        const LfbRequantize *requantize,
        uint8_t             *y)
{
  Run run = { .packed = packed, .args = args, .block = { .requantize = requantize, .y_u8 = y, .addend = args->addend } };

  run_all (&run);
}

static void
run_f32 (const void        *packed,
         const LfbConvArgs *args,
         const LfbRescale  *rescale,
         float             *y)
{
  Run run = { .packed = packed, .args = args, .block = { .rescale = rescale, .y_f32 = y } };

  run_all (&run);
}

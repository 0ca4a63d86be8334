/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Depthwise convolution: every channel is its own group.
 *
 * A multiply-add takes LFB_GROUP taps of a channel, those of as many rows: of the rows
 * that a window touches the elements of one column are interleaved, and what comes of
 * it serves every window that the column is part of.  The rows are those of a slab.
 * With a stride of 1 two output rows share them, the weights of the second moved by one.
 * A kernel of a single row takes neighbouring columns instead; then one tap of the
 * loops below is LFB_GROUP taps of the kernel.
 *
 * The file that includes this has included slab.h, for bytes or words, and a block of
 * channels with the loop over its taps:
 *
 *   LfbVector, LfbSum       vectors of interleaved elements, and of sums
 *   LFB_BLOCK_CHANNELS      of a block
 *   LFB_BLOCK_COLUMN        vectors of a column, interleaved
 *   LFB_BLOCK_SUMS          vectors of the sums of a pixel
 *   lfb_block_channel ()    the channel of a lane of either
 *   lfb_block_interleave () from a column of LFB_GROUP rows to its vectors
 *   LfbBlock                what becomes of sums; lfb_block_init (), _set_channels (), _store_u8 (), _store_added (), _store_f32 ()
 *   LfbTapLoop                 with lfb_taps_sum () for LFB_TAPS_PIXELS and lfb_taps_sum_one ()
 */

#include <lowerfb/kernels/conv_ways.h>

/* Elements of a slab, and of what a row of outputs needs of it. */
#define SLAB_SIZE ((size_t) 20 * 1024 / sizeof (LfbSlabElement))
#define SLAB_ROW_SIZE ((size_t) 16 * 1024 / sizeof (LfbSlabElement))

#if LFB_SLAB_WIDE
typedef int16_t Weight;
#else
typedef int8_t Weight;
#endif

/* The packed buffer: this, then the blocks; in each one or two sets of weights,
 * [group][tap][lane][LFB_GROUP], the sums of the weights of each lane, and their zero
 * points.  The second set is that of the second row of a pair, or, where bytes meet
 * weights with zero points, ones, which sum up x. */
typedef struct
{
  _Alignas (64) size_t channels;
  size_t               rows;         /* of the kernel */
  size_t               groups;       /* of up to LFB_GROUP of them */
  size_t               taps;         /* along the width */
  size_t               volume;
  size_t               sets;
  bool                 flat;         /* a group is neighbouring columns */
  bool                 pairs;
  bool                 zero_points;  /* that are not in the weights */
} Packed;

static bool
fits (const LfbConvWeights *weights)
{
  return weights->groups == weights->in_channels && weights->groups == weights->out_channels;
}

static Packed
describe (const LfbConvWeights *weights)
{
  size_t rows = weights->kernel[0] * weights->kernel[1];
  Packed packed = { .channels = weights->in_channels };

  packed.flat = rows == 1;
  packed.rows = packed.flat ? LFB_GROUP : rows;
  packed.groups = (packed.rows + LFB_GROUP - 1) / LFB_GROUP;
  packed.taps = packed.flat ? (weights->kernel[2] + LFB_GROUP - 1) / LFB_GROUP : weights->kernel[2];
  packed.volume = rows * weights->kernel[2];
  packed.zero_points = !LFB_SLAB_WIDE && weights->zero_points != NULL;
  packed.pairs = weights->kernel[0] == 1 && rows % LFB_GROUP != 0 && !packed.flat && !packed.zero_points;
  packed.sets = packed.pairs || packed.zero_points ? 2 : 1;

  return packed;
}

/* Bytes. */
static size_t
set_size (const Packed *packed)
{
  return packed->groups * packed->taps * sizeof (LfbVector) * LFB_BLOCK_COLUMN;
}

static size_t
block_size (const Packed *packed)
{
  return packed->sets * set_size (packed) + 2 * LFB_BLOCK_CHANNELS * sizeof (int32_t);
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

  return sizeof packed +
         (packed.channels + LFB_BLOCK_CHANNELS - 1) / LFB_BLOCK_CHANNELS * block_size (&packed);
}

/* The weights of a channel, less @less, or ones in their place, to the lane that begins at
 * @to, its rows moved down by @moved. */
static inline __attribute__ ((always_inline)) void
pack_set (const Packed *packed,
          const int8_t *w,
          size_t        taps,
          int32_t       less,
          bool          ones,
          size_t        moved,
          Weight       *to)
{
  const size_t tap_size = LFB_BLOCK_CHANNELS * LFB_GROUP;

  if (packed->flat)
    {
      for (size_t i = 0; i < packed->volume; i++)
        to[i / LFB_GROUP * tap_size + i % LFB_GROUP] = (Weight) (ones ? 1 : w[i] - less);
      return;
    }

  for (size_t row = 0; row < packed->rows; row++, w += taps)
    {
      size_t slot = row + moved;
      Weight *first = to + slot / LFB_GROUP * taps * tap_size + slot % LFB_GROUP;

#pragma GCC unroll 5
      for (size_t tap = 0; tap < taps; tap++)
        first[tap * tap_size] = (Weight) (ones ? 1 : w[tap] - less);
    }
}

/* @taps: those of a row; the compiler knows some. */
static inline __attribute__ ((always_inline)) void
pack_lane (const LfbConvWeights *weights,
           const Packed         *packed,
           size_t                taps,
           size_t                n,
           size_t                lane)
{
  uint8_t *block = find_block (packed, n);
  int32_t *sums = (int32_t *) (block + packed->sets * set_size (packed));
  size_t channel = n + lfb_block_channel (lane);
  const int8_t *w = weights->w + channel * packed->volume;
  Weight *first = (Weight *) block + lane * LFB_GROUP, *second = (Weight *) (block + set_size (packed)) + lane * LFB_GROUP;
  int32_t zero_point, less, sum = 0;

  if (channel >= packed->channels)
    return;

  zero_point = weights->zero_points != NULL ? weights->zero_points[channel] : 0;
  less = packed->zero_points ? 0 : zero_point;
  for (size_t i = 0; i < packed->volume; i++)
    sum += w[i];
  sums[lane] = sum - (int32_t) packed->volume * zero_point;
  sums[LFB_BLOCK_CHANNELS + lane] = zero_point;

  pack_set (packed, w, taps, less, false, 0, first);
  if (packed->pairs)
    pack_set (packed, w, taps, less, false, 1, second);
  else if (packed->zero_points)
    pack_set (packed, w, taps, less, true, 0, second);
}

static void
pack (const LfbConvWeights *weights,
      void                 *buffer)
{
  Packed *packed = buffer;

  memset (buffer, 0, pack_size (weights));
  *packed = describe (weights);

  for (size_t n = 0; n < packed->channels; n += LFB_BLOCK_CHANNELS)
    for (size_t lane = 0; lane < LFB_BLOCK_CHANNELS; lane++)
      if (packed->taps == 3)
        pack_lane (weights, packed, 3, n, lane);
      else if (packed->taps == 5)
        pack_lane (weights, packed, 5, n, lane);
      else
        pack_lane (weights, packed, packed->taps, n, lane);
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
tap_dilation (const Packed    *packed,
              const LfbWindow *window)
{
  return window->dilation[2] * (packed->flat ? LFB_GROUP : 1);
}

/* Columns that are interleaved for @outputs of a row. */
static size_t
n_columns (const Packed    *packed,
           const LfbWindow *window,
           size_t           outputs)
{
  return (outputs - 1) * window->stride[2] + (packed->taps - 1) * tap_dilation (packed, window) + 1;
}

/* With what flat kernels read beyond the last column, for weights that are 0. */
static size_t
slab_elements (const LfbSlab *slab)
{
  return lfb_slab_elements (slab, SLAB_SIZE, SLAB_SIZE) +
         LFB_GROUP * slab->window->dilation[2] * LFB_BLOCK_CHANNELS;
}

/* The slab, then what is interleaved. */
static size_t
scratch_size (const void      *buffer,
              const LfbWindow *window)
{
  const Packed *packed = buffer;
  LfbSlab slab;

  if (lfb_volume (window->out_size) == 0)
    return 0;

  slab = layout (window);

  return (slab_elements (&slab) * sizeof (LfbSlabElement) + 63) / 64 * 64 +
         packed->groups * n_columns (packed, window, slab.outputs) * sizeof (LfbVector) * LFB_BLOCK_COLUMN;
}

typedef struct
{
  const Packed      *packed;
  const LfbConvArgs *args;
  LfbSlab            slab;
  LfbSlabElement    *elements;
  LfbVector         *interleaved;  /* [group][column] */
  size_t             columns;      /* between groups */
  _Alignas (32) int32_t start[LFB_BLOCK_CHANNELS];
  const uint8_t     *weights;      /* of the block */
  LfbBlock        block;
} Run;

/* The columns of the windows of output row @row of the piece. */
static void
interleave_rows (const Run *run,
                 size_t     row,
                 size_t     columns)
{
  const Packed *packed = run->packed;
  const LfbWindow *w = run->args->window;

  for (size_t group = 0; group < packed->groups; group++)
    {
      LfbVector *to = run->interleaved + group * run->columns * LFB_BLOCK_COLUMN;
      const LfbSlabElement *rows[LFB_GROUP];

      for (size_t i = 0; i < LFB_GROUP; i++)
        {
          size_t slot = group * LFB_GROUP + i;
          const LfbSlabElement *first = run->elements + lfb_slab_window (&run->slab, row, 0);

          /* The row behind the last is for the second of a pair; weights of any more are 0. */
          if (packed->flat)
            rows[i] = first + i * w->dilation[2] * LFB_BLOCK_CHANNELS;
          else if (slot < packed->rows + (packed->pairs ? 1 : 0))
            rows[i] = first + lfb_slab_tap (&run->slab, packed->pairs ? 0 : slot / w->kernel[1],
                                            packed->pairs ? slot : slot % w->kernel[1], 0);
          else
            rows[i] = first;
        }

      for (size_t column = 0; column < columns; column++)
        lfb_block_interleave (rows, column * LFB_BLOCK_CHANNELS, to + column * LFB_BLOCK_COLUMN);
    }
}

/* @count neighbouring outputs. */
static void
run_bytes (const LfbBlock *block,
           const LfbTapLoop  *taps,
           const LfbVector     *interleaved,
           size_t             count,
           uint8_t           *y,
           size_t             y_stride)
{
  LfbSum sums[LFB_TAPS_PIXELS * LFB_BLOCK_SUMS];
  size_t first = 0;

  if (count < LFB_TAPS_PIXELS)
    {
      for (; first < count; first++)
        {
          lfb_taps_sum_one (taps, interleaved + first * taps->next_pixel, sums);
          lfb_block_store_u8 (block, sums, y + first * y_stride);
        }
      return;
    }

  /* The last step goes back to where it fits. */
  while (first < count)
    {
      lfb_taps_sum (taps, interleaved + first * taps->next_pixel, sums);
      for (size_t p = 0; p < LFB_TAPS_PIXELS; p++)
        lfb_block_store_u8 (block, sums + p * LFB_BLOCK_SUMS, y + (first + p) * y_stride);

      first += LFB_TAPS_PIXELS;
      if (first < count && first + LFB_TAPS_PIXELS > count)
        first = count - LFB_TAPS_PIXELS;
    }
}

/* One output in any case: with zero points of weights, with an addend, and as floats. */
static void
run_pixel (const LfbBlock *block,
           const LfbTapLoop  *taps,
           const LfbVector     *first,
           const int32_t     *zero_points,
           size_t             pixel,
           size_t             at)
{
  LfbSum sums[LFB_BLOCK_SUMS];

  lfb_taps_sum_one (taps, first, sums);

  if (zero_points != NULL)
    {
      _Alignas (32) const int32_t zeros[LFB_BLOCK_CHANNELS] = { 0 };
      LfbSum x_sums[LFB_BLOCK_SUMS];
      int32_t products[LFB_BLOCK_CHANNELS], x[LFB_BLOCK_CHANNELS];
      LfbTapLoop ones = *taps;

      ones.start = zeros;
      ones.w += taps->groups * taps->taps * LFB_BLOCK_COLUMN;
      lfb_taps_sum_one (&ones, first, x_sums);

      memcpy (products, sums, sizeof sums);
      memcpy (x, x_sums, sizeof x_sums);
      for (size_t lane = 0; lane < LFB_BLOCK_CHANNELS; lane++)
        products[lane] -= x[lane] * zero_points[lane];
      memcpy (sums, products, sizeof sums);
    }

  if (block->requantize != NULL && block->addend != NULL)
    lfb_block_store_added (block, sums, pixel, block->y_u8 + at);
  else if (block->requantize != NULL)
    lfb_block_store_u8 (block, sums, block->y_u8 + at);
  else
    lfb_block_store_f32 (block, sums, block->y_f32 + at);
}

/* @count neighbouring outputs, from what is interleaved, with the weights of @set. */
static void
run_row (const Run *run,
         size_t     set,
         size_t     count,
         size_t     pixel)
{
  const Packed *packed = run->packed;
  const LfbBlock *block = &run->block;
  size_t dilation = tap_dilation (packed, run->args->window);
  size_t y_stride = run->args->y_stride, at = pixel * y_stride + block->n;
  const int32_t *sums = (const int32_t *) (run->weights + packed->sets * set_size (packed));
  LfbTapLoop taps = {
    .start = run->start,
    .w = (const LfbVector *) (run->weights + set * set_size (packed)),
    .groups = packed->groups,
    .taps = packed->taps,
    .next_tap = dilation * LFB_BLOCK_COLUMN,
    .next_group = ((ptrdiff_t) run->columns - (ptrdiff_t) (packed->taps * dilation)) * (ptrdiff_t) LFB_BLOCK_COLUMN,
    .next_pixel = run->args->window->stride[2] * LFB_BLOCK_COLUMN,
  };

  if (block->requantize != NULL && block->addend == NULL && !packed->zero_points)
    run_bytes (block, &taps, run->interleaved, count, block->y_u8 + at, y_stride);
  else
    for (size_t i = 0; i < count; i++)
      run_pixel (block, &taps, run->interleaved + i * taps.next_pixel,
                 packed->zero_points ? sums + LFB_BLOCK_CHANNELS : NULL, pixel + i, at + i * y_stride);
}

static void
run_piece (const Run          *run,
           const LfbSlabPiece *piece,
           size_t              pixel)
{
  const LfbWindow *w = run->args->window;
  size_t columns = n_columns (run->packed, w, piece->columns);
  bool pairs = run->packed->pairs && run->slab.shared && w->stride[1] == 1;

  for (size_t row = 0; row < piece->rows; row++)
    {
      interleave_rows (run, row, columns);
      run_row (run, 0, piece->columns, pixel + row * piece->columns);

      if (pairs && row + 1 < piece->rows)
        {
          row++;
          run_row (run, 1, piece->columns, pixel + row * piece->columns);
        }
    }
}

static void
set_block (Run   *run,
           size_t n)
{
  const Packed *packed = run->packed;
  const int32_t *sums;

  lfb_block_set_channels (&run->block, n, packed->channels);
  run->slab.channels = run->block.channels;
  run->weights = find_block (packed, n);
  sums = (const int32_t *) (run->weights + packed->sets * set_size (packed));
  for (size_t lane = 0; lane < LFB_BLOCK_CHANNELS; lane++)
    run->start[lane] = LFB_SLAB_WIDE ? 0 : (LFB_SLAB_FLIP - run->slab.zero_point) * sums[lane];
}

static void
run_all (Run *run)
{
  const LfbConvArgs *args = run->args;
  LfbSlab *slab = &run->slab;
  size_t elements;

  if (args->pixel_begin >= args->pixel_end)
    return;

  *slab = layout (args->window);
  slab->x = args->x;
  slab->x_stride = args->x_stride;
  slab->zero_point = lfb_block_x_zero_point (&run->block);
  elements = lfb_slab_elements (slab, SLAB_SIZE, SLAB_SIZE);
  run->elements = args->scratch;
  run->interleaved = (LfbVector *) ((uint8_t *) args->scratch +
                                  (slab_elements (slab) * sizeof (LfbSlabElement) + 63) / 64 * 64);
  run->columns = n_columns (run->packed, args->window, slab->outputs);

  for (size_t lane = 0; lane < LFB_BLOCK_CHANNELS; lane++)
    run->block.order[lane] = (uint8_t) lfb_block_channel (lane);
  lfb_block_init (&run->block);

  for (size_t n = args->n_begin; n < args->n_end; n += LFB_BLOCK_CHANNELS)
    {
      set_block (run, n);

      for (size_t pixel = args->pixel_begin; pixel < args->pixel_end; )
        {
          LfbSlabPiece piece = lfb_slab_piece (slab, pixel, args->pixel_end - pixel, elements);

          lfb_slab_fill (slab, &piece, n, run->elements);
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

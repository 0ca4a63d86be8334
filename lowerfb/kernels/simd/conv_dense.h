/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Convolution as a product of pixels and outputs, for any weights; the product is that
 * of product.h, and what the file that includes this has to say is said there.
 *
 * A kernel of one tap takes its pixels as a linear takes its rows.  Any other copies
 * a part of the image into a slab, in which a row of the kernel is one run.
 */

#include <lowerfb/kernels/conv_ways.h>

#include <lowerfb/kernels/simd/product.h>

#define LFB_SLAB_WIDE LFB_WIDE
#define LFB_SLAB_FLIP LFB_FLIP
#define LFB_SLAB_BLOCK 64
#include <lowerfb/kernels/simd/slab.h>

/* Elements of a slab, and of what one row of outputs needs of it. */
#define SLAB_SIZE ((size_t) 256 * 1024 / LFB_X_SIZE)
#define SLAB_ROW_SIZE ((size_t) 128 * 1024 / LFB_X_SIZE)

/* The packed buffer: this, then the product. */
typedef struct
{
  _Alignas (64) size_t channels;  /* of a group */
  size_t               kernel[3];
  LfbProductPacked     product;
} Packed;

static bool
fits (const LfbConvWeights *weights)
{
  (void) weights;

  return true;
}

static bool
is_pointwise (const size_t kernel[3])
{
  return lfb_volume (kernel) == 1;
}

static LfbProductPacked
describe (const LfbConvWeights *weights)
{
  size_t channels = weights->in_channels / weights->groups;

  return (LfbProductPacked) {
    .n_groups = weights->groups,
    .n = weights->out_channels / weights->groups,
    .n_runs = weights->kernel[0] * weights->kernel[1],
    .run_size = weights->kernel[2] * channels,
    .overlapping = !LFB_COPIES && is_pointwise (weights->kernel) && channels % LFB_GROUP != 0 && channels > LFB_GROUP,
    .zero_points = weights->zero_points != NULL,
  };
}

static size_t
pack_size (const LfbConvWeights *weights)
{
  LfbProductPacked product = describe (weights);

  return offsetof (Packed, product) + lfb_product_pack_size (&product);
}

static void
pack (const LfbConvWeights *weights,
      void                 *buffer)
{
  Packed *packed = buffer;
  LfbProductPacked *product = &packed->product;

  packed->channels = weights->in_channels / weights->groups;
  memcpy (packed->kernel, weights->kernel, sizeof packed->kernel);
  lfb_product_begin_packing (product, describe (weights));

  for (size_t group = 0; group < product->n_groups; group++)
    for (size_t n = 0; n < product->n; n++)
      {
        size_t output = group * product->n + n;

        lfb_product_pack (product, group, n, weights->w + output * product->n_runs * product->run_size,
                          weights->zero_points != NULL ? weights->zero_points[output] : 0);
      }
}

static size_t
n_step (const void *buffer)
{
  const Packed *packed = buffer;

  return packed->product.n_groups == 1 ? LFB_PRODUCT_OUTPUTS : packed->product.n;
}

static LfbSlab
layout (const Packed    *packed,
        const LfbWindow *window)
{
  return lfb_slab_layout (window, packed->channels, packed->channels, true, SLAB_ROW_SIZE);
}

static size_t
round_up (size_t size)
{
  return (size + 63) / 64 * 64;
}

static size_t
runs_size (const LfbProductPacked *product)
{
  return round_up (product->n_runs * sizeof (ptrdiff_t));
}

/* The offsets of runs, wide weights, then rows and a pixel of padding, or the slab. */
static size_t
scratch_size (const void      *buffer,
              const LfbWindow *window)
{
  const Packed *packed = buffer;
  size_t size = runs_size (&packed->product) + round_up (lfb_product_wide_size (&packed->product));
  LfbSlab slab;

  if (is_pointwise (packed->kernel))
    return size + lfb_product_copies_size (&packed->product) + round_up (packed->channels);

  slab = layout (packed, window);

  return size + round_up (lfb_slab_elements (&slab, SLAB_SIZE, LFB_BLOCK_ROWS) * sizeof (LfbSlabElement));
}

typedef struct
{
  const Packed      *packed;
  const LfbConvArgs *args;
  LfbSlab            slab;
  ptrdiff_t         *runs;
  uint8_t           *rest;   /* scratch from the rows or the slab on */
  LfbProduct         product;
} Run;

/* --- pixels as they lie --- */

static void
set_pixels (Run   *run,
            size_t group)
{
  const LfbWindow *w = run->args->window;
  size_t first = group * run->packed->channels;
  uint8_t *padding = run->rest + lfb_product_copies_size (&run->packed->product);
  LfbPosition position = lfb_position_of (w, run->product.row);

  for (size_t i = 0; i < run->product.count; i++)
    {
      size_t pixel = position.image;
      bool inside = true;

      for (int d = 0; d < 3; d++)
        {
          /* What is before the image wraps around to a large number. */
          size_t at = position.index[d] * w->stride[d] - w->padding[d];

          inside = inside && at < w->in_size[d];
          pixel = pixel * w->in_size[d] + at;
        }

      lfb_product_set_row (&run->product, i,
                           inside ? run->args->x + pixel * run->args->x_stride + first : padding, run->rest);
      lfb_position_next (w, &position);
    }
}

static size_t
begin_pixels (Run   *run,
              size_t pixel)
{
  size_t left = run->args->pixel_end - pixel;

  return lfb_slab_smaller (left, lfb_product_block_rows (&run->packed->product));
}

/* --- a slab --- */

static int32_t
sum_window (const Run     *run,
            const uint8_t *row)
{
  int32_t sum = 0;

  for (size_t i = 0; i < run->packed->product.n_runs; i++)
    {
      const LfbSlabElement *elements = (const LfbSlabElement *) (row + run->runs[i]);

      for (size_t j = 0; j < run->packed->product.run_size; j++)
        sum += elements[j] - (LFB_FLIP != 0 && elements[j] >= 128 ? 256 : 0);
    }

  return sum;
}

/* Fills the slab with as many pieces as there is room for, for @group. */
static void
set_windows (Run   *run,
             size_t group)
{
  const LfbSlab *slab = &run->slab;
  LfbProduct *product = &run->product;
  LfbSlabElement *elements = (LfbSlabElement *) run->rest;
  size_t done = 0;

  while (done < product->count)
    {
      LfbSlabPiece piece = lfb_slab_piece (slab, product->row + done, product->count - done, SIZE_MAX);

      lfb_slab_fill (slab, &piece, group * run->packed->channels, elements);

      for (size_t row = 0; row < piece.rows; row++)
        for (size_t column = 0; column < piece.columns; column++, done++)
          {
            product->rows[done] = (const uint8_t *) (elements + lfb_slab_window (slab, row, column));
            if (run->packed->product.zero_points)
              product->row_sums[done] = sum_window (run, product->rows[done]);
          }

      elements += lfb_slab_piece_size (slab, &piece);
    }
}

/* How many pixels from @pixel on fit. */
static size_t
begin_windows (Run   *run,
               size_t pixel)
{
  const LfbSlab *slab = &run->slab;
  size_t room = lfb_slab_elements (slab, SLAB_SIZE, LFB_BLOCK_ROWS), count = 0;
  size_t most = lfb_slab_smaller (run->args->pixel_end - pixel, LFB_BLOCK_ROWS);

  while (count < most)
    {
      LfbSlabPiece piece = lfb_slab_piece (slab, pixel + count, most - count, room);

      /* A part of a row is better left to the next block, which has all of it. */
      if (piece.rows == 0 || (count > 0 && pixel + count + piece.columns < run->args->pixel_end &&
                              piece.position.index[2] == 0 && piece.columns < slab->outputs))
        break;

      count += piece.rows * piece.columns;
      room -= lfb_slab_piece_size (slab, &piece);
    }

  return count;
}

/* --- both --- */

static void
prepare (Run *run)
{
  const LfbProductPacked *product = &run->packed->product;
  const size_t *kernel = run->packed->kernel;
  uint8_t *scratch = run->args->scratch;

  run->runs = (ptrdiff_t *) scratch;
  scratch += runs_size (product);
  run->rest = scratch + round_up (lfb_product_wide_size (product));
  lfb_product_set_weights (&run->product, product, run->runs, scratch);

  if (is_pointwise (kernel))
    {
      run->runs[0] = 0;
      memset (run->rest + lfb_product_copies_size (product), run->product.x_zero_point, run->packed->channels);
      return;
    }

  run->slab = layout (run->packed, run->args->window);
  run->slab.x = run->args->x;
  run->slab.x_stride = run->args->x_stride;
  run->slab.zero_point = run->product.x_zero_point;
  for (size_t i = 0; i < kernel[0]; i++)
    for (size_t j = 0; j < kernel[1]; j++)
      run->runs[i * kernel[1] + j] = (ptrdiff_t) (lfb_slab_tap (&run->slab, i, j, 0) * sizeof (LfbSlabElement));
}

static void
run_blocks (Run *run)
{
  const LfbProductPacked *packed = &run->packed->product;
  const LfbConvArgs *args = run->args;
  bool pointwise = is_pointwise (run->packed->kernel);

  if (args->pixel_begin >= args->pixel_end || args->n_begin >= args->n_end)
    return;

  prepare (run);

  for (size_t pixel = args->pixel_begin; pixel < args->pixel_end; pixel += run->product.count)
    {
      run->product.row = pixel;
      run->product.count = pointwise ? begin_pixels (run, pixel) : begin_windows (run, pixel);

      for (size_t group = args->n_begin / packed->n; group * packed->n < args->n_end; group++)
        {
          if (pointwise)
            set_pixels (run, group);
          else
            set_windows (run, group);

          lfb_product_run (&run->product, group, packed->n_groups == 1 ? args->n_begin : 0,
                           packed->n_groups == 1 ? args->n_end : packed->n);
        }
    }
}

static void
run_u8 (const void          *packed,
        const LfbConvArgs   *args,
        const LfbRequantize *requantize,
        uint8_t             *y)
{
  Run run;

  run.packed = packed;
  run.args = args;
  lfb_product_set_u8 (&run.product, requantize, args->addend, y, args->y_stride);
  run_blocks (&run);
}

static void
run_f32 (const void        *packed,
         const LfbConvArgs *args,
         const LfbRescale  *rescale,
         float             *y)
{
  Run run;

  run.packed = packed;
  run.args = args;
  lfb_product_set_f32 (&run.product, rescale, y, args->y_stride);
  run_blocks (&run);
}

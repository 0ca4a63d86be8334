/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Linear by blocks of rows, as product.h takes them.  What the file that includes this
 * has to say is said there, and besides
 *
 *   LFB_QUANTIZE  the function that quantizes rows of floats
 */

#include <lowerfb/kernels/linear.h>
#include <lowerfb/kernels/quantize.h>

#include <lowerfb/kernels/simd/product.h>

static LfbProductPacked
describe (const LfbLinearWeights *weights)
{
  return (LfbProductPacked) {
    .n_groups = 1,
    .n = weights->n,
    .n_runs = 1,
    .run_size = weights->k,
    .overlapping = !LFB_COPIES && weights->k % LFB_GROUP != 0 && weights->k > LFB_GROUP,
    .zero_points = weights->zero_points != NULL,
  };
}

static size_t
pack_size (const LfbLinearWeights *weights)
{
  LfbProductPacked packed = describe (weights);

  return lfb_product_pack_size (&packed);
}

static void
pack (const LfbLinearWeights *weights,
      void                   *packed)
{
  lfb_product_begin_packing (packed, describe (weights));

  for (size_t n = 0; n < weights->n; n++)
    lfb_product_pack (packed, 0, n, weights->w + n * weights->w_stride,
                      weights->zero_points != NULL ? weights->zero_points[n] : 0);
}

static size_t
scratch_size (const void *packed)
{
  return lfb_product_wide_size (packed) + lfb_product_copies_size (packed);
}

/* And the bytes of a row, or of all rows of a block, if they are not copied once more. */
static size_t
dynamic_scratch_size (const void *buffer)
{
  const LfbProductPacked *packed = buffer;

  return scratch_size (packed) + packed->run_size * (lfb_product_copies (packed) ? 1 : lfb_product_most_rows (packed));
}

/* Floats that are to be x. */
typedef struct
{
  const float *x;
  float        scale;
} LfbLinearFloats;

/* The bytes of row @row, which is row @i of its block. */
static const uint8_t *
find_row (const LfbProduct      *product,
          const LfbLinearArgs   *args,
          const LfbLinearFloats *floats,
          size_t                 row,
          size_t                 i)
{
  const LfbProductPacked *packed = product->packed;
  uint8_t *bytes = (uint8_t *) args->scratch + scratch_size (packed);

  if (floats == NULL)
    return args->x + row * args->x_stride;

  if (!lfb_product_copies (packed))
    bytes += i * packed->run_size;
  LFB_QUANTIZE (floats->x + row * args->x_stride, bytes, packed->run_size, floats->scale, product->x_zero_point);

  return bytes;
}

/* @floats: NULL where x are bytes. */
static void
run (LfbProduct            *product,
     const void            *packed,
     const LfbLinearArgs   *args,
     const LfbLinearFloats *floats)
{
  static const ptrdiff_t runs[] = { 0 };
  size_t n_blocks = lfb_product_blocks (packed, args->m);
  uint8_t *copies = (uint8_t *) args->scratch + lfb_product_wide_size (packed);

  lfb_product_set_weights (product, packed, runs, args->scratch);

  for (size_t block = 0; block < n_blocks; block++)
    {
      size_t first = args->m * block / n_blocks;

      product->row = first;
      product->count = args->m * (block + 1) / n_blocks - first;

      for (size_t i = 0; i < product->count; i++)
        lfb_product_set_row (product, i, find_row (product, args, floats, first + i, i), copies);

      lfb_product_run (product, 0, args->n_begin, args->n_end);
    }
}

static void
run_u8 (const void          *packed,
        const LfbLinearArgs *args,
        const LfbRequantize *requantize,
        uint8_t             *y)
{
  LfbProduct product;

  lfb_product_set_u8 (&product, requantize, NULL, y, args->y_stride);
  run (&product, packed, args, NULL);
}

static void
run_f32 (const void          *packed,
         const LfbLinearArgs *args,
         const LfbRescale    *rescale,
         float               *y)
{
  LfbProduct product;

  lfb_product_set_f32 (&product, rescale, y, args->y_stride);
  run (&product, packed, args, NULL);
}

static void
run_dynamic (const void          *packed,
             const LfbLinearArgs *args,
             const float         *x,
             float                x_scale,
             const LfbRescale    *rescale,
             float               *y)
{
  const LfbLinearFloats floats = { x, x_scale };
  LfbProduct product;

  lfb_product_set_f32 (&product, rescale, y, args->y_stride);
  run (&product, packed, args, &floats);
}

#define LFB_LINEAR_VARIANT(name, flags) \
  const LfbLinearKernel lfb_linear_u8s8_##name = { \
    .isa = #name, \
    .needs = (flags), \
    .tile_m = LFB_PRODUCT_ROWS, \
    .tile_n = LFB_PRODUCT_OUTPUTS, \
    .pack_size = pack_size, \
    .pack = pack, \
    .scratch_size = scratch_size, \
    .run_u8 = run_u8, \
    .run_f32 = run_f32, \
    .dynamic_scratch_size = dynamic_scratch_size, \
    .run_dynamic = run_dynamic, \
  };

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Linear by blocks of rows, as product.h takes them.  What the file that includes this
 * has to say is said there.
 */

#include <lowerfb/kernels/linear.h>

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

static void
run (LfbProduct          *product,
     const void          *packed,
     const LfbLinearArgs *args)
{
  static const ptrdiff_t runs[] = { 0 };
  size_t step = lfb_product_block_rows (packed);
  uint8_t *copies = (uint8_t *) args->scratch + lfb_product_wide_size (packed);

  lfb_product_set_weights (product, packed, runs, args->scratch);

  for (size_t row = 0; row < args->m; row += step)
    {
      product->row = row;
      product->count = args->m - row < step ? args->m - row : step;

      for (size_t i = 0; i < product->count; i++)
        lfb_product_set_row (product, i, args->x + (row + i) * args->x_stride, copies);

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
  run (&product, packed, args);
}

static void
run_f32 (const void          *packed,
         const LfbLinearArgs *args,
         const LfbRescale    *rescale,
         float               *y)
{
  LfbProduct product;

  lfb_product_set_f32 (&product, rescale, y, args->y_stride);
  run (&product, packed, args);
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
  };

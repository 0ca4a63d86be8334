/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Linear in plain C, which defines its bits.  The contract is linear.h, the
 * inner product product.h.
 */

#include <lowerfb/kernels/linear.h>
#include <lowerfb/kernels/quantize.h>

#include <lowerfb/kernels/c/output.h>
#include <lowerfb/kernels/c/product.h>

/* Rows that are widened together: the weights of LFB_SUMS outputs stay in the
 * cache while all of them pass. */
#define BLOCK_ROWS (4 * LFB_ROWS)

/* The packed buffer: this, then n rows of padded_k int16. */
typedef struct
{
  _Alignas (64) size_t n;
  size_t               k;
  size_t               padded_k;
} Packed;

static const int16_t *
packed_weights (const Packed *packed)
{
  return (const int16_t *) (packed + 1);
}

static size_t
pack_size (const LfbLinearWeights *weights)
{
  return sizeof (Packed) + weights->n * lfb_padded_k (weights->k) * sizeof (int16_t);
}

static void
pack (const LfbLinearWeights *weights,
      void                   *buffer)
{
  Packed *packed = buffer;
  int16_t *row = (int16_t *) (packed + 1);

  packed->n = weights->n;
  packed->k = weights->k;
  packed->padded_k = lfb_padded_k (weights->k);

  for (size_t n = 0; n < weights->n; n++)
    {
      const int8_t *w = weights->w + n * weights->w_stride;
      int32_t zero_point = weights->zero_points != NULL ? weights->zero_points[n] : 0;

      for (size_t k = 0; k < weights->k; k++)
        row[k] = (int16_t) (w[k] - zero_point);

      for (size_t k = weights->k; k < packed->padded_k; k++)
        row[k] = 0;

      row += packed->padded_k;
    }
}

static size_t
scratch_size (const void *buffer)
{
  const Packed *packed = buffer;

  return BLOCK_ROWS * packed->padded_k * sizeof (int16_t);
}

/* And a row of bytes. */
static size_t
dynamic_scratch_size (const void *buffer)
{
  const Packed *packed = buffer;

  return scratch_size (buffer) + packed->k;
}

/* Floats that are to be x. */
typedef struct
{
  const float *x;
  float        scale;
} Floats;

/* @floats: NULL where x are bytes. */
static void
widen_rows (const Packed        *packed,
            const LfbLinearArgs *args,
            const Floats        *floats,
            size_t               row,
            size_t               n_rows,
            int32_t              zero_point)
{
  int16_t *wide = args->scratch;
  uint8_t *bytes = (uint8_t *) args->scratch + scratch_size (packed);

  for (size_t r = 0; r < n_rows; r++)
    {
      const uint8_t *x = bytes;

      if (floats != NULL)
        lfb_quantize_f32u8_c (floats->x + (row + r) * args->x_stride, bytes, packed->k, floats->scale, zero_point);
      else
        x = args->x + (row + r) * args->x_stride;
      lfb_widen (x, wide, packed->k, zero_point);

      for (size_t k = packed->k; k < packed->padded_k; k++)
        wide[k] = 0;

      wide += packed->padded_k;
    }
}

static size_t
smaller (size_t a,
         size_t b)
{
  return a < b ? a : b;
}

/* Outputs @n to @n + @count - 1 of rows @row to @row + @n_rows - 1, which are
 * in the scratch memory. */
static void
run_tile (const Packed        *packed,
          const LfbLinearArgs *args,
          const LfbOutput     *output,
          size_t               row,
          size_t               n_rows,
          size_t               n,
          size_t               count)
{
  const int16_t *weights = packed_weights (packed) + n * packed->padded_k;
  const int16_t *wide = args->scratch;
  int32_t acc[LFB_ROWS * LFB_SUMS];

  for (size_t first = 0; first < n_rows; first += LFB_ROWS)
    {
      size_t n_sums = smaller (n_rows - first, LFB_ROWS);

      lfb_product (wide + first * packed->padded_k, n_sums, weights, count, packed->padded_k, acc);

      for (size_t r = 0; r < n_sums; r++)
        lfb_output_row (output, acc + r * LFB_SUMS, row + first + r, n, count);
    }
}

static void
run (const Packed        *packed,
     const LfbLinearArgs *args,
     const Floats        *floats,
     const LfbOutput     *output)
{
  for (size_t row = 0; row < args->m; row += BLOCK_ROWS)
    {
      size_t n_rows = smaller (args->m - row, BLOCK_ROWS);

      widen_rows (packed, args, floats, row, n_rows, lfb_output_x_zero_point (output));

      for (size_t n = args->n_begin; n < args->n_end; n += LFB_SUMS)
        run_tile (packed, args, output, row, n_rows, n, smaller (args->n_end - n, LFB_SUMS));
    }
}

static void
run_u8 (const void          *packed,
        const LfbLinearArgs *args,
        const LfbRequantize *requantize,
        uint8_t             *y)
{
  run (packed, args, NULL, &(LfbOutput) { .requantize = requantize, .y_u8 = y, .y_stride = args->y_stride });
}

static void
run_f32 (const void          *packed,
         const LfbLinearArgs *args,
         const LfbRescale    *rescale,
         float               *y)
{
  run (packed, args, NULL, &(LfbOutput) { .rescale = rescale, .y_f32 = y, .y_stride = args->y_stride });
}

static void
run_dynamic (const void          *packed,
             const LfbLinearArgs *args,
             const float         *x,
             float                x_scale,
             const LfbRescale    *rescale,
             float               *y)
{
  run (packed, args, &(Floats) { x, x_scale },
       &(LfbOutput) { .rescale = rescale, .y_f32 = y, .y_stride = args->y_stride });
}

const LfbLinearKernel lfb_linear_u8s8_c = {
  .isa = "c",
  .needs = 0,
  .tile_m = BLOCK_ROWS,
  .tile_n = 1,
  .pack_size = pack_size,
  .pack = pack,
  .scratch_size = scratch_size,
  .run_u8 = run_u8,
  .run_f32 = run_f32,
  .dynamic_scratch_size = dynamic_scratch_size,
  .run_dynamic = run_dynamic,
};

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Convolution in plain C, which defines its bits.  The contract is conv.h.
 *
 * In general the window of a pixel is gathered into one row of int16, in the
 * order of the weights, padding as 0 because it adds nothing; then it is the
 * same product as a linear (product.h), a few pixels at a time.  Where every
 * channel is its own group (depthwise) there is one product a tap, and the
 * loops run over channels instead.
 */

#include <lowerfb/kernels/conv.h>

#include <lowerfb/kernels/c/output.h>
#include <lowerfb/kernels/c/product.h>
#include <lowerfb/kernels/c/walk.h>

/* The packed buffer: this, then int16 weights; out_channels rows of padded_k,
 * or, depthwise, one row of out_channels a tap. */
typedef struct
{
  _Alignas (64) size_t in_channels;
  size_t               out_channels;
  size_t               groups;
  size_t               taps;
  size_t               padded_k;
  bool                 depthwise;
} Packed;

static Packed
describe (const LfbConvWeights *weights)
{
  Packed packed = { 0 };

  packed.in_channels = weights->in_channels;
  packed.out_channels = weights->out_channels;
  packed.groups = weights->groups;
  packed.taps = lfb_volume (weights->kernel);
  packed.padded_k = lfb_padded_k (packed.taps * (weights->in_channels / weights->groups));
  packed.depthwise = weights->groups == weights->in_channels && weights->groups == weights->out_channels;

  return packed;
}

static size_t
pack_size (const LfbConvWeights *weights)
{
  Packed packed = describe (weights);

  return sizeof packed + packed.out_channels * (packed.depthwise ? packed.taps : packed.padded_k) * sizeof (int16_t);
}

static void
pack (const LfbConvWeights *weights,
      void                 *buffer)
{
  Packed *packed = buffer;
  int16_t *wide = (int16_t *) (packed + 1);
  size_t k;

  *packed = describe (weights);
  k = packed->taps * (packed->in_channels / packed->groups);

  for (size_t n = 0; n < packed->out_channels; n++)
    {
      const int8_t *w = weights->w + n * k;
      int32_t zero_point = weights->zero_points != NULL ? weights->zero_points[n] : 0;

      if (packed->depthwise)
        {
          for (size_t tap = 0; tap < packed->taps; tap++)
            wide[tap * packed->out_channels + n] = (int16_t) (w[tap] - zero_point);

          continue;
        }

      for (size_t i = 0; i < packed->padded_k; i++)
        wide[n * packed->padded_k + i] = (int16_t) (i < k ? w[i] - zero_point : 0);
    }
}

static size_t
n_step (const void *packed)
{
  (void) packed;

  return 1;
}

static size_t
scratch_size (const void      *buffer,
              const LfbWindow *window)
{
  const Packed *packed = buffer;

  (void) window;

  return packed->depthwise ? 0 : LFB_ROWS * packed->padded_k * sizeof (int16_t);
}

/* One depth and height of a window: kernel width * channels int16 to @wide. */
static void
gather_row (const LfbConvArgs *args,
            const uint8_t     *x,
            LfbTaps            taps,
            size_t             channels,
            int32_t            zero_point,
            int16_t           *wide)
{
  size_t width = args->window->kernel[2];

  for (size_t i = 0; i < taps.first * channels; i++)
    wide[i] = 0;

  wide += taps.first * channels;

  if (taps.step == 1 && args->x_stride == channels)
    {
      lfb_widen (x + taps.begin * channels, wide, taps.count * channels, zero_point);
      wide += taps.count * channels;
    }
  else
    for (size_t tap = 0; tap < taps.count; tap++)
      {
        lfb_widen (x + (taps.begin + tap * taps.step) * args->x_stride, wide, channels, zero_point);
        wide += channels;
      }

  for (size_t i = 0; i < (width - taps.first - taps.count) * channels; i++)
    wide[i] = 0;
}

/* The window of one pixel, channels @first to @first + @channels - 1. */
static void
gather (const Packed      *packed,
        const LfbConvArgs *args,
        const LfbPosition *position,
        size_t             first,
        size_t             channels,
        int32_t            zero_point,
        int16_t           *wide)
{
  const LfbWindow *window = args->window;
  LfbTaps depth = lfb_window_taps (window, 0, position->index[0]);
  LfbTaps height = lfb_window_taps (window, 1, position->index[1]);
  LfbTaps width = lfb_window_taps (window, 2, position->index[2]);
  size_t row_length = window->kernel[2] * channels;
  int16_t *end = wide + packed->padded_k;

  if (width.count == 0)
    width.first = 0;

  for (size_t i = 0; i < window->kernel[0]; i++)
    for (size_t j = 0; j < window->kernel[1]; j++)
      {
        /* A tap before the first one wraps around to a large number. */
        bool inside = i - depth.first < depth.count && j - height.first < height.count;
        size_t z = depth.begin + (i - depth.first) * depth.step;
        size_t y = height.begin + (j - height.first) * height.step;
        size_t row = (position->image * window->in_size[0] + z) * window->in_size[1] + y;

        if (inside)
          gather_row (args, args->x + row * window->in_size[2] * args->x_stride + first, width, channels, zero_point,
                      wide);
        else
          for (size_t c = 0; c < row_length; c++)
            wide[c] = 0;

        wide += row_length;
      }

  while (wide < end)
    *wide++ = 0;
}

static size_t
smaller (size_t a,
         size_t b)
{
  return a < b ? a : b;
}

/* Pixels @pixel to @pixel + @n_pixels - 1 of the group that output channel @n
 * belongs to, up to @n_end. */
static void
run_group (const Packed      *packed,
           const LfbConvArgs *args,
           const LfbOutput   *output,
           LfbPosition        position,
           size_t             pixel,
           size_t             n_pixels,
           size_t             n,
           size_t             n_end)
{
  size_t channels = packed->in_channels / packed->groups;
  size_t group = n / (packed->out_channels / packed->groups);
  const int16_t *weights = (const int16_t *) (packed + 1);
  int16_t *wide = args->scratch;
  int32_t acc[LFB_ROWS * LFB_SUMS];

  for (size_t p = 0; p < n_pixels; p++)
    {
      gather (packed, args, &position, group * channels, channels, lfb_output_x_zero_point (output),
              wide + p * packed->padded_k);
      lfb_position_next (args->window, &position);
    }

  for (; n < n_end; n += LFB_SUMS)
    {
      size_t count = smaller (n_end - n, LFB_SUMS);

      lfb_product (wide, n_pixels, weights + n * packed->padded_k, count, packed->padded_k, acc);

      for (size_t p = 0; p < n_pixels; p++)
        lfb_output_row (output, acc + p * LFB_SUMS, pixel + p, n, count);
    }
}

static void
run_general (const Packed      *packed,
             const LfbConvArgs *args,
             const LfbOutput   *output)
{
  size_t group_size = packed->out_channels / packed->groups;

  for (size_t pixel = args->pixel_begin; pixel < args->pixel_end; pixel += LFB_ROWS)
    {
      size_t n_pixels = smaller (args->pixel_end - pixel, LFB_ROWS);
      LfbPosition position = lfb_position_of (args->window, pixel);
      size_t n_next;

      for (size_t n = args->n_begin; n < args->n_end; n = n_next)
        {
          n_next = smaller ((n / group_size + 1) * group_size, args->n_end);
          run_group (packed, args, output, position, pixel, n_pixels, n, n_next);
        }
    }
}

/* Channels @n to @n + @count - 1 of one pixel, @count <= LFB_SUMS. */
static void
sum_depthwise (const Packed      *packed,
               const LfbConvArgs *args,
               const LfbPosition *position,
               size_t             n,
               size_t             count,
               int32_t            zero_point,
               int32_t           *restrict acc)
{
  const LfbWindow *window = args->window;
  LfbTaps depth = lfb_window_taps (window, 0, position->index[0]);
  LfbTaps height = lfb_window_taps (window, 1, position->index[1]);
  LfbTaps width = lfb_window_taps (window, 2, position->index[2]);

  for (size_t c = 0; c < count; c++)
    acc[c] = 0;

  for (size_t i = 0; i < depth.count; i++)
    for (size_t j = 0; j < height.count; j++)
      for (size_t k = 0; k < width.count; k++)
        {
          size_t tap = ((depth.first + i) * window->kernel[1] + height.first + j) * window->kernel[2] +
                       width.first + k;
          size_t row = (position->image * window->in_size[0] + depth.begin + i * depth.step) * window->in_size[1] +
                       height.begin + j * height.step;
          size_t pixel = row * window->in_size[2] + width.begin + k * width.step;
          const int16_t *w = (const int16_t *) (packed + 1) + tap * packed->out_channels + n;
          const uint8_t *x = args->x + pixel * args->x_stride + n;

          for (size_t c = 0; c < count; c++)
            acc[c] += (int16_t) (x[c] - zero_point) * w[c];
        }
}

static void
run_depthwise (const Packed      *packed,
               const LfbConvArgs *args,
               const LfbOutput   *output)
{
  LfbPosition position = lfb_position_of (args->window, args->pixel_begin);
  int32_t acc[LFB_SUMS];

  for (size_t pixel = args->pixel_begin; pixel < args->pixel_end; pixel++)
    {
      for (size_t n = args->n_begin; n < args->n_end; n += LFB_SUMS)
        {
          size_t count = smaller (args->n_end - n, LFB_SUMS);

          sum_depthwise (packed, args, &position, n, count, lfb_output_x_zero_point (output), acc);
          lfb_output_row (output, acc, pixel, n, count);
        }

      lfb_position_next (args->window, &position);
    }
}

static void
run (const Packed      *packed,
     const LfbConvArgs *args,
     const LfbOutput   *output)
{
  if (packed->depthwise)
    run_depthwise (packed, args, output);
  else
    run_general (packed, args, output);
}

static void
run_u8 (const void          *packed,
        const LfbConvArgs   *args,
        const LfbRequantize *requantize,
        uint8_t             *y)
{
  run (packed, args,
       &(LfbOutput) { .requantize = requantize, .y_u8 = y, .y_stride = args->y_stride, .addend = args->addend });
}

static void
run_f32 (const void        *packed,
         const LfbConvArgs *args,
         const LfbRescale  *rescale,
         float             *y)
{
  run (packed, args, &(LfbOutput) { .rescale = rescale, .y_f32 = y, .y_stride = args->y_stride });
}

const LfbConvKernel lfb_conv_u8s8_c = {
  .isa = "c",
  .needs = 0,
  .pack_size = pack_size,
  .pack = pack,
  .n_step = n_step,
  .scratch_size = scratch_size,
  .run_u8 = run_u8,
  .run_f32 = run_f32,
};

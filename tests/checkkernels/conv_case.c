/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One case of a convolution; see conv_case.h. */

#include "conv_case.h"
#include "reference.h"

#include <string.h>

size_t
conv_volume (const size_t size[3])
{
  return size[0] * size[1] * size[2];
}

static LfbAddend
addend_new (const ConvCase *c,
            size_t          n_pixels)
{
  size_t stride = c->out + c->q_gap, size = (n_pixels - 1) * stride + c->out;
  uint8_t *q = guard_new (CHECK_U8, size, c->place);
  LfbAddend addend = { .q = q, .stride = stride, .rounded = c->add == 2 };

  fill_bytes (CHECK_U8, q, size, c->x_fill);
  guard_freeze (q);
  addend.zero_point = (int32_t) rnd_between (0, 255);
  /* Powers of two make ties. */
  addend.scale = rnd_one_in (3) ? 0.5f : rnd_float (0.01f, 3.0f);
  addend.product_scale = rnd_one_in (3) ? 0.25f : rnd_float (0.01f, 3.0f);
  addend.reciprocal = rnd_one_in (3) ? 1.0f : rnd_float (0.1f, 2.0f);
  if (rnd_one_in (20))
    addend.scale = addend.product_scale = 0.99e35f;
  addend.y_zero_point = (int32_t) rnd_between (0, 255);
  addend.y_min = rnd_one_in (2) ? 0 : addend.y_zero_point;
  addend.y_max = rnd_one_in (4) ? (int32_t) rnd_between (addend.y_min, 255) : 255;

  return addend;
}

ConvData
conv_data_new (const ConvCase *c)
{
  size_t k = conv_volume (c->window.kernel) * (c->in / c->groups);
  size_t x_stride = c->in + c->x_gap;
  size_t x_size = (c->batch * conv_volume (c->window.in_size) - 1) * x_stride + c->in;
  uint8_t *x = guard_new (CHECK_U8, x_size, c->place);
  int8_t *w = guard_new (CHECK_S8, c->out * k, c->place);
  ConvData data = { 0 };

  fill_bytes (CHECK_U8, x, x_size, c->x_fill);
  fill_bytes (CHECK_S8, w, c->out * k, c->w_fill);
  if (c->x_is_zero_point)
    memset (x, c->x_zero_point, x_size);

  data.weights.in_channels = c->in;
  data.weights.out_channels = c->out;
  data.weights.groups = c->groups;
  memcpy (data.weights.kernel, c->window.kernel, sizeof data.weights.kernel);
  data.weights.w = w;

  if (c->zero_points)
    {
      int32_t *zero_points = guard_new (CHECK_S32, c->out, PLACE_END);

      for (size_t n = 0; n < c->out; n++)
        zero_points[n] = rnd_one_in (4) ? -128 : (int32_t) rnd_between (-128, 127);

      guard_freeze (zero_points);
      data.weights.zero_points = zero_points;
    }

  data.n_pixels = c->batch * conv_volume (c->window.out_size);
  data.args.window = &c->window;
  data.args.x = x;
  data.args.x_stride = x_stride;
  data.args.y_stride = c->out + c->y_gap;
  data.args.pixel_end = data.n_pixels;
  data.args.n_end = c->out;
  data.outputs = outputs_new (c->out, k, c->x_zero_point);
  if (c->extreme)
    outputs_extreme (&data.outputs, c->out);
  if (c->add != 0)
    data.addend = addend_new (c, data.n_pixels);

  guard_freeze (x);
  guard_freeze (w);
  outputs_freeze (&data.outputs);

  return data;
}

/* Part of the pixels, and of the channels in the steps that the variant wants. */
static void
split (const ConvCase *c,
       ConvData       *data,
       size_t          n_step)
{
  size_t steps = (c->out + n_step - 1) / n_step;
  size_t first = (size_t) rnd_between (0, (int64_t) steps - 1);
  size_t last = (size_t) rnd_between ((int64_t) first + 1, (int64_t) steps);

  if (c->split_pixels)
    {
      data->args.pixel_begin = (size_t) rnd_between (0, (int64_t) data->n_pixels - 1);
      data->args.pixel_end = (size_t) rnd_between ((int64_t) data->args.pixel_begin, (int64_t) data->n_pixels);
    }

  if (c->split_channels)
    {
      data->args.n_begin = first * n_step;
      data->args.n_end = last < steps ? last * n_step : c->out;
    }
}

/* The sum of output channel @n at output @index of image @image. */
static int64_t
sum_plainly (const ConvData *data,
             size_t          image,
             const size_t    index[3],
             size_t          n)
{
  const LfbConvWeights *w = &data->weights;
  const LfbWindow *window = data->args.window;
  size_t channels = w->in_channels / w->groups;
  size_t first = n / (w->out_channels / w->groups) * channels;
  int64_t zero_point = w->zero_points != NULL ? w->zero_points[n] : 0;
  const int8_t *weight = w->w + n * conv_volume (w->kernel) * channels;
  size_t tap[3];
  int64_t acc = 0;

  for (tap[0] = 0; tap[0] < w->kernel[0]; tap[0]++)
    for (tap[1] = 0; tap[1] < w->kernel[1]; tap[1]++)
      for (tap[2] = 0; tap[2] < w->kernel[2]; tap[2]++, weight += channels)
        {
          int64_t pixel = (int64_t) image;
          bool inside = true;

          for (int d = 0; d < 3; d++)
            {
              int64_t at = (int64_t) (index[d] * window->stride[d] + tap[d] * window->dilation[d]) -
                           (int64_t) window->padding[d];

              inside = inside && at >= 0 && at < (int64_t) window->in_size[d];
              pixel = pixel * (int64_t) window->in_size[d] + at;
            }

          for (size_t i = 0; inside && i < channels; i++)
            acc += ((int64_t) data->args.x[(size_t) pixel * data->args.x_stride + first + i] -
                    data->outputs.requantize.x_zero_point) *
                   ((int64_t) weight[i] - zero_point);
        }

  return acc;
}

static void
reference (const ConvData *data,
           uint8_t        *y_u8,
           float          *y_f32)
{
  const LfbRequantize *q = &data->outputs.requantize;
  const LfbRescale *r = &data->outputs.rescale;
  const size_t *out = data->args.window->out_size;

  for (size_t pixel = data->args.pixel_begin; pixel < data->args.pixel_end; pixel++)
    for (size_t n = data->args.n_begin; n < data->args.n_end; n++)
      {
        size_t index[3] = { pixel / (out[2] * out[1]) % out[0], pixel / out[2] % out[1], pixel % out[2] };
        int64_t acc = sum_plainly (data, pixel / conv_volume (out), index, n);
        size_t at = pixel * data->args.y_stride + n;

        y_u8[at] = data->addend.q == NULL
                     ? ref_requantize (acc, q->bias[n], q->multiplier[n], q->y_zero_point, q->y_min, q->y_max)
                     : ref_requantize_add (acc, q->bias[n], q->multiplier[n], q,
                                           data->addend.q[pixel * data->addend.stride + n], &data->addend);
        y_f32[at] = ref_rescale (acc, r->bias[n], r->multiplier[n], r->relu);
      }
}

void *
conv_data_pack (const LfbConvKernel *kernel,
                const ConvData      *data)
{
  void *packed = guard_aligned (kernel->pack_size (&data->weights));

  kernel->pack (&data->weights, packed);
  guard_verify (packed);
  guard_freeze (packed);

  return packed;
}

static void
run_kernel (const LfbConvKernel *kernel,
            const void          *packed,
            const ConvData      *data,
            uint8_t             *y_u8,
            float               *y_f32)
{
  LfbConvArgs args = data->args;
  size_t scratch_size = kernel->scratch_size (packed, args.window);

  if (data->addend.q != NULL)
    args.addend = &data->addend;
  args.scratch = scratch_size > 0 ? guard_aligned (scratch_size) : NULL;

  kernel->run_u8 (packed, &args, &data->outputs.requantize, y_u8);
  kernel->run_f32 (packed, &args, &data->outputs.rescale, y_f32);

  if (args.scratch != NULL)
    guard_verify (args.scratch);
}

static void
describe (const ConvCase *c,
          const ConvData *data)
{
  const LfbWindow *w = &c->window;

  check_case ("batch=%zu in=%zu out=%zu groups=%zu size=%zux%zux%zu->%zux%zux%zu kernel=%zux%zux%zu "
              "stride=%zu,%zu,%zu dilation=%zu,%zu,%zu padding=%zu,%zu,%zu gaps=%zu,%zu fills=%d,%d zero_points=%d "
              "zx=%d x_is_zero_point=%d add=%d pixels=%zu..%zu channels=%zu..%zu place=%d",
              c->batch, c->in, c->out, c->groups, w->in_size[0], w->in_size[1], w->in_size[2], w->out_size[0],
              w->out_size[1], w->out_size[2], w->kernel[0], w->kernel[1], w->kernel[2], w->stride[0], w->stride[1],
              w->stride[2], w->dilation[0], w->dilation[1], w->dilation[2], w->padding[0], w->padding[1],
              w->padding[2], c->x_gap, c->y_gap, c->x_fill, c->w_fill, c->zero_points, c->x_zero_point,
              c->x_is_zero_point, c->add, data->args.pixel_begin, data->args.pixel_end, data->args.n_begin,
              data->args.n_end, c->place);
}

void
conv_case_run (const LfbKernels *kernels,
               const ConvCase   *c)
{
  const LfbConvKernel *kernel = &kernels->conv;
  ConvData data = conv_data_new (c);
  void *packed = conv_data_pack (kernel, &data);
  size_t y_size = (data.n_pixels - 1) * data.args.y_stride + c->out;
  uint8_t *y_u8 = guard_new (CHECK_U8, y_size, c->place);
  float *y_f32 = guard_new (CHECK_F32, y_size, c->place);
  uint8_t *expected_u8 = guard_new (CHECK_U8, y_size, PLACE_END);
  float *expected_f32 = guard_new (CHECK_F32, y_size, PLACE_END);

  split (c, &data, kernel->n_step (packed));
  describe (c, &data);

  if (check_is_c ())
    reference (&data, expected_u8, expected_f32);
  else
    {
      const LfbConvKernel *c_kernel = &check_kernels_c ()->conv;

      run_kernel (c_kernel, conv_data_pack (c_kernel, &data), &data, expected_u8, expected_f32);
    }

  run_kernel (kernel, packed, &data, y_u8, y_f32);

  /* The pattern that fresh buffers hold is in the gaps of both. */
  check_same (CHECK_U8, y_u8, expected_u8, y_size);
  check_same (CHECK_F32, y_f32, expected_f32, y_size);
  guard_verify (y_u8);
  guard_verify (y_f32);
  guard_free_all ();
}

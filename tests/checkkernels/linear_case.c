/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One case of a linear; see linear_case.h. */

#include "linear_case.h"
#include "reference.h"

#include <string.h>

static int32_t *
make_zero_points (const LinearCase *c)
{
  int32_t *zero_points = guard_new (CHECK_S32, c->n, PLACE_END);

  for (size_t i = 0; i < c->n; i++)
    zero_points[i] = c->extreme_zero_points ? (rnd_one_in (2) ? -128 : 127) : (int32_t) rnd_between (-128, 127);

  guard_freeze (zero_points);

  return zero_points;
}

LinearData
linear_data_new (const LinearCase      *c,
                 const LfbLinearKernel *kernel)
{
  size_t x_stride = c->k + c->x_gap;
  size_t w_stride = c->k + c->w_gap;
  /* The last row ends at its last element, not at its stride. */
  size_t x_size = c->m == 0 ? 0 : (c->m - 1) * x_stride + c->k;
  size_t w_size = (c->n - 1) * w_stride + c->k;
  uint8_t *x = guard_new (CHECK_U8, x_size, c->place);
  int8_t *w = guard_new (CHECK_S8, w_size, c->place);
  LinearData data = { 0 };

  fill_bytes (CHECK_U8, x, x_size, c->x_fill);
  fill_bytes (CHECK_S8, w, w_size, c->w_fill);
  if (c->x_is_zero_point)
    memset (x, c->x_zero_point, x_size);

  if (c->dynamic)
    {
      data.floats = guard_new (CHECK_F32, x_size, c->place);
      data.scale = rnd_scale ();
      fill_floats (data.floats, x_size, data.scale, false);
      guard_freeze (data.floats);
    }

  data.weights.n = c->n;
  data.weights.k = c->k;
  data.weights.w = w;
  data.weights.w_stride = w_stride;
  data.weights.zero_points = c->zero_points ? make_zero_points (c) : NULL;

  data.args.x = x;
  data.args.x_stride = x_stride;
  data.args.y_stride = c->n + c->y_gap;
  data.args.m = c->m;
  data.args.n_end = c->n;

  if (c->split && c->n > kernel->tile_n)
    {
      size_t tiles = (c->n + kernel->tile_n - 1) / kernel->tile_n;
      size_t first = (size_t) rnd_between (0, (int64_t) tiles - 1);
      size_t last = (size_t) rnd_between ((int64_t) first + 1, (int64_t) tiles);

      data.args.n_begin = first * kernel->tile_n;
      if (last < tiles)
        data.args.n_end = last * kernel->tile_n;
    }

  data.outputs = outputs_new (c->n, c->k, c->x_zero_point);
  if (c->extreme_outputs)
    outputs_extreme (&data.outputs, c->n);

  guard_freeze (x);
  guard_freeze (w);
  outputs_freeze (&data.outputs);

  return data;
}

LinearOutputs
linear_outputs_new (const LinearData *data,
                    size_t            n,
                    int               place)
{
  return (LinearOutputs) {
    .u8 = guard_new (CHECK_U8, n, place),
    .f32 = guard_new (CHECK_F32, n, place),
    .dynamic = data->floats != NULL ? guard_new (CHECK_F32, n, place) : NULL,
  };
}

void
linear_outputs_same (const LinearOutputs *found,
                     const LinearOutputs *expected,
                     size_t               n)
{
  check_same (CHECK_U8, found->u8, expected->u8, n);
  check_same (CHECK_F32, found->f32, expected->f32, n);
  guard_verify (found->u8);
  guard_verify (found->f32);

  if (found->dynamic != NULL)
    {
      check_same (CHECK_F32, found->dynamic, expected->dynamic, n);
      guard_verify (found->dynamic);
    }
}

/* The product of row m with output n, of bytes or of floats. */
static int64_t
sum_up (const LinearData *data,
        size_t            m,
        size_t            n,
        bool              floats)
{
  const LfbLinearWeights *w = &data->weights;
  int64_t zero_point = w->zero_points != NULL ? w->zero_points[n] : 0;
  int32_t x_zero_point = data->outputs.requantize.x_zero_point;
  int64_t acc = 0;

  for (size_t k = 0; k < w->k; k++)
    {
      size_t at = m * data->args.x_stride + k;
      int64_t x = floats ? ref_quantize (data->floats[at], data->scale, x_zero_point, 0, 255) : data->args.x[at];

      acc += (x - x_zero_point) * ((int64_t) w->w[n * w->w_stride + k] - zero_point);
    }

  return acc;
}

void
linear_reference (const LinearData    *data,
                  const LinearOutputs *y)
{
  const LfbRequantize *q = &data->outputs.requantize;
  const LfbRescale *r = &data->outputs.rescale;

  for (size_t m = 0; m < data->args.m; m++)
    for (size_t n = data->args.n_begin; n < data->args.n_end; n++)
      {
        size_t at = m * data->args.y_stride + n;
        int64_t acc = sum_up (data, m, n, false);

        y->u8[at] = ref_requantize (acc, q->bias[n], q->multiplier[n], q->y_zero_point, q->y_min, q->y_max);
        y->f32[at] = ref_rescale (acc, r->bias[n], r->multiplier[n], r->relu);
        if (y->dynamic != NULL)
          y->dynamic[at] = ref_rescale (sum_up (data, m, n, true), r->bias[n], r->multiplier[n], r->relu);
      }
}

void
linear_data_run (const LfbLinearKernel *kernel,
                 const LinearData      *data,
                 const LinearOutputs   *y)
{
  LfbLinearArgs args = data->args;
  void *packed = guard_aligned (kernel->pack_size (&data->weights));
  size_t scratch_size;

  kernel->pack (&data->weights, packed);
  guard_verify (packed);
  guard_freeze (packed);

  scratch_size = kernel->scratch_size (packed);
  args.scratch = scratch_size > 0 ? guard_aligned (scratch_size) : NULL;

  kernel->run_u8 (packed, &args, &data->outputs.requantize, y->u8);
  kernel->run_f32 (packed, &args, &data->outputs.rescale, y->f32);

  if (args.scratch != NULL)
    guard_verify (args.scratch);

  if (y->dynamic != NULL)
    {
      args.x = NULL;
      scratch_size = kernel->dynamic_scratch_size (packed);
      args.scratch = scratch_size > 0 ? guard_aligned (scratch_size) : NULL;
      kernel->run_dynamic (packed, &args, data->floats, data->scale, &data->outputs.rescale, y->dynamic);
      if (args.scratch != NULL)
        guard_verify (args.scratch);
    }
}

void
linear_case_run (const LfbKernels *kernels,
                 const LinearCase *c)
{
  const LfbLinearKernel *kernel = &kernels->linear;
  LinearData data = linear_data_new (c, kernel);
  size_t y_size = c->m == 0 ? 0 : (c->m - 1) * data.args.y_stride + c->n;
  LinearOutputs y = linear_outputs_new (&data, y_size, c->place);
  LinearOutputs expected = linear_outputs_new (&data, y_size, PLACE_END);

  check_case ("m=%zu n=%zu k=%zu gaps=%zu,%zu,%zu fills=%d,%d zero_points=%d,%d zx=%d x_is_zero_point=%d dynamic=%d "
              "extreme=%d outputs=%zu..%zu zy=%d min=%d max=%d relu=%d place=%d",
              c->m, c->n, c->k, c->x_gap, c->w_gap, c->y_gap, c->x_fill, c->w_fill, c->zero_points,
              c->extreme_zero_points, c->x_zero_point, c->x_is_zero_point, c->dynamic, c->extreme_outputs,
              data.args.n_begin, data.args.n_end, data.outputs.requantize.y_zero_point, data.outputs.requantize.y_min,
              data.outputs.requantize.y_max, data.outputs.rescale.relu, c->place);

  if (check_is_c ())
    linear_reference (&data, &expected);
  else
    linear_data_run (&check_kernels_c ()->linear, &data, &expected);

  linear_data_run (kernel, &data, &y);

  /* The pattern that fresh buffers hold is in the gaps of both. */
  linear_outputs_same (&y, &expected, y_size);
  guard_free_all ();
}

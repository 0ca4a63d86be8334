/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Transposed convolution: every kind of window against the sum as conv_transposed.h
 * has it, for each variant of the convolution that it is made of. */

#include "check.h"
#include "outputs.h"
#include "reference.h"

#include <string.h>

typedef struct
{
  size_t    batch, in, out, groups;
  LfbWindow window;
  size_t    x_gap, y_gap;
  Fill      x_fill, w_fill;
  bool      zero_points;
  int       x_zero_point;
  bool      x_is_zero_point;
  bool      split;
  int       place;
} Case;

static size_t
volume (const size_t size[3])
{
  return size[0] * size[1] * size[2];
}

/* A dimension as a module has it, and now and then one that is cut off elsewhere. */
static void
random_dimension (LfbWindow *w,
                  int        d,
                  size_t     largest)
{
  int64_t reach, size;

  w->in_size[d] = (size_t) rnd_between (1, (int64_t) largest);
  w->kernel[d] = (size_t) rnd_between (1, rnd_one_in (4) ? 7 : 4);
  w->stride[d] = (size_t) rnd_between (1, rnd_one_in (4) ? 6 : 3);
  w->dilation[d] = rnd_one_in (3) ? (size_t) rnd_between (1, 4) : 1;
  reach = (int64_t) ((w->kernel[d] - 1) * w->dilation[d]);
  w->padding[d] = (size_t) (rnd_one_in (2) ? 0 : rnd_between (0, rnd_one_in (4) ? 9 : reach));
  size = (int64_t) ((w->in_size[d] - 1) * w->stride[d]) + reach + 1 - 2 * (int64_t) w->padding[d] +
         rnd_between (0, (int64_t) w->stride[d] - 1);
  w->out_size[d] = size < 1 ? 1 : (size_t) size;
  if (rnd_one_in (6))
    w->out_size[d] = (size_t) rnd_between (1, (int64_t) w->out_size[d] + 3);
}

static void
set_dimension (LfbWindow *w,
               int        d,
               size_t     size,
               size_t     kernel,
               size_t     stride,
               size_t     padding)
{
  w->in_size[d] = size;
  w->kernel[d] = kernel;
  w->stride[d] = stride;
  w->dilation[d] = 1;
  w->padding[d] = padding;
  w->out_size[d] = (size - 1) * stride + kernel - 2 * padding;
}

static Case
random_case (int n_dims)
{
  Case c = { .batch = (size_t) rnd_between (1, 3) };

  for (int d = 0; d < 3; d++)
    if (d < 3 - n_dims)
      set_dimension (&c.window, d, 1, 1, 1, 0);
    else
      random_dimension (&c.window, d, n_dims == 3 ? 4 : n_dims == 2 ? 8 : 40);

  switch (rnd_between (0, 3))
    {
    case 0:  /* depthwise */
      c.in = c.out = c.groups = (size_t) rnd_between (1, 70);
      break;
    case 1:
      c.groups = (size_t) rnd_between (1, 6);
      c.in = c.groups * (size_t) rnd_between (1, 8);
      c.out = c.groups * (size_t) rnd_between (1, 10);
      break;
    default:
      c.groups = 1;
      c.in = (size_t) rnd_between (1, 40);
      c.out = (size_t) rnd_between (1, 40);
      break;
    }

  c.x_fill = rnd_one_in (5) ? (Fill) rnd_between (0, N_FILLS - 1) : FILL_RANDOM;
  c.w_fill = rnd_one_in (5) ? (Fill) rnd_between (0, N_FILLS - 1) : FILL_RANDOM;
  c.x_gap = rnd_one_in (2) ? 0 : (size_t) rnd_between (1, 40);
  c.y_gap = rnd_one_in (2) ? 0 : (size_t) rnd_between (1, 40);
  c.zero_points = rnd_one_in (4);
  c.x_zero_point = rnd_one_in (5) ? 0 : rnd_one_in (5) ? 255 : (int) rnd_between (0, 255);
  c.x_is_zero_point = rnd_one_in (10);
  c.split = rnd_one_in (3);
  c.place = rnd_place ();

  return c;
}

typedef struct
{
  LfbTransposedWeights weights;
  LfbTransposedArgs    args;
  Outputs              outputs;
} Data;

static Data
data_new (const Case *c)
{
  size_t k = volume (c->window.kernel) * (c->in / c->groups), x_stride = c->in + c->x_gap, line;
  size_t x_size = (c->batch * volume (c->window.in_size) - 1) * x_stride + c->in;
  uint8_t *x = guard_new (CHECK_U8, x_size, c->place);
  int8_t *w = guard_new (CHECK_S8, c->out * k, c->place);
  Data data = { 0 };

  fill_bytes (CHECK_U8, x, x_size, c->x_fill);
  fill_bytes (CHECK_S8, w, c->out * k, c->w_fill);
  if (c->x_is_zero_point)
    memset (x, c->x_zero_point, x_size);

  data.weights.conv = (LfbConvWeights) { .in_channels = c->in, .out_channels = c->out, .groups = c->groups, .w = w };
  memcpy (data.weights.conv.kernel, c->window.kernel, sizeof c->window.kernel);
  memcpy (data.weights.stride, c->window.stride, sizeof c->window.stride);
  memcpy (data.weights.dilation, c->window.dilation, sizeof c->window.dilation);
  if (c->zero_points)
    {
      int32_t *zero_points = guard_new (CHECK_S32, c->out, PLACE_END);

      for (size_t n = 0; n < c->out; n++)
        zero_points[n] = rnd_one_in (4) ? -128 : (int32_t) rnd_between (-128, 127);
      guard_freeze (zero_points);
      data.weights.conv.zero_points = zero_points;
    }

  data.args = (LfbTransposedArgs) { .window = &c->window, .x = x, .x_stride = x_stride, .y_stride = c->out + c->y_gap };
  data.args.end = c->batch * lfb_transposed_places (&c->window, &line);
  data.outputs = outputs_new (c->out, k, c->x_zero_point);
  guard_freeze (x);
  guard_freeze (w);
  outputs_freeze (&data.outputs);

  return data;
}

/* The tap along a dimension at which input @in meets output @out; false if there is none. */
static bool
find_tap (const LfbWindow *w,
          int              d,
          size_t           in,
          size_t           out,
          size_t          *tap)
{
  int64_t distance = (int64_t) (out + w->padding[d]) - (int64_t) (in * w->stride[d]);

  if (distance < 0 || distance % (int64_t) w->dilation[d] != 0)
    return false;
  *tap = (size_t) distance / w->dilation[d];

  return *tap < w->kernel[d];
}

/* All inputs, whether or not they meet the output. */
static int64_t
sum_plainly (const Data  *data,
             size_t       image,
             const size_t out[3],
             size_t       n)
{
  const LfbConvWeights *conv = &data->weights.conv;
  const LfbWindow *w = data->args.window;
  size_t channels = conv->in_channels / conv->groups, first = n / (conv->out_channels / conv->groups) * channels;
  int64_t zero_point = conv->zero_points != NULL ? conv->zero_points[n] : 0, acc = 0;
  size_t in[3], tap[3];

  for (in[0] = 0; in[0] < w->in_size[0]; in[0]++)
    for (in[1] = 0; find_tap (w, 0, in[0], out[0], &tap[0]) && in[1] < w->in_size[1]; in[1]++)
      for (in[2] = 0; find_tap (w, 1, in[1], out[1], &tap[1]) && in[2] < w->in_size[2]; in[2]++)
        {
          size_t pixel = ((image * w->in_size[0] + in[0]) * w->in_size[1] + in[1]) * w->in_size[2] + in[2];
          const uint8_t *x = data->args.x + pixel * data->args.x_stride + first;
          const int8_t *weight;

          if (!find_tap (w, 2, in[2], out[2], &tap[2]))
            continue;

          weight = conv->w + (((n * w->kernel[0] + tap[0]) * w->kernel[1] + tap[1]) * w->kernel[2] + tap[2]) * channels;
          for (size_t i = 0; i < channels; i++)
            acc += ((int64_t) x[i] - data->outputs.requantize.x_zero_point) * ((int64_t) weight[i] - zero_point);
        }

  return acc;
}

static void
reference (const Data *data,
           size_t      batch,
           uint8_t    *y_u8,
           float      *y_f32)
{
  const LfbRequantize *q = &data->outputs.requantize;
  const LfbRescale *r = &data->outputs.rescale;
  const size_t *out = data->args.window->out_size;

  for (size_t pixel = 0; pixel < batch * volume (out); pixel++)
    for (size_t n = 0; n < data->weights.conv.out_channels; n++)
      {
        size_t index[3] = { pixel / (out[2] * out[1]) % out[0], pixel / out[2] % out[1], pixel % out[2] };
        int64_t acc = sum_plainly (data, pixel / volume (out), index, n);
        size_t at = pixel * data->args.y_stride + n;

        y_u8[at] = ref_requantize (acc, q->bias[n], q->multiplier[n], q->y_zero_point, q->y_min, q->y_max);
        y_f32[at] = ref_rescale (acc, r->bias[n], r->multiplier[n], r->relu);
      }
}

/* In two calls if @at is not 0: places before it, and from it on. */
static void
run (const LfbConvKernel *kernel,
     const Data          *data,
     size_t               at,
     uint8_t             *y_u8,
     float               *y_f32)
{
  void *packed = guard_aligned (lfb_transposed_pack_size (kernel, &data->weights));
  void *pack_scratch = guard_aligned (lfb_transposed_pack_scratch_size (&data->weights));
  size_t scratch_size, end = data->args.end;
  LfbTransposedArgs args = data->args;

  lfb_transposed_pack (kernel, &data->weights, packed, pack_scratch);
  guard_verify (packed);
  guard_verify (pack_scratch);
  guard_freeze (packed);

  scratch_size = lfb_transposed_scratch_size (kernel, packed, args.window);
  args.scratch = guard_aligned (scratch_size);
  for (args.begin = 0; args.begin < end; args.begin = args.end)
    {
      args.end = args.begin < at ? at : end;
      lfb_transposed_run_u8 (kernel, packed, &args, &data->outputs.requantize, y_u8);
      lfb_transposed_run_f32 (kernel, packed, &args, &data->outputs.rescale, y_f32);
    }
  guard_verify (args.scratch);
}

static void
run_case (const LfbKernels *kernels,
          const Case       *c)
{
  const LfbWindow *w = &c->window;
  Data data = data_new (c);
  size_t y_size = (c->batch * volume (w->out_size) - 1) * data.args.y_stride + c->out;
  uint8_t *y_u8 = guard_new (CHECK_U8, y_size, c->place);
  float *y_f32 = guard_new (CHECK_F32, y_size, c->place);
  uint8_t *expected_u8 = guard_new (CHECK_U8, y_size, PLACE_END);
  float *expected_f32 = guard_new (CHECK_F32, y_size, PLACE_END);
  size_t at = c->split ? (size_t) rnd_between (0, (int64_t) data.args.end) : 0;

  check_case ("transposed batch=%zu in=%zu out=%zu groups=%zu size=%zux%zux%zu->%zux%zux%zu kernel=%zux%zux%zu "
              "stride=%zu,%zu,%zu dilation=%zu,%zu,%zu padding=%zu,%zu,%zu gaps=%zu,%zu zero_points=%d zx=%d at=%zu "
              "place=%d",
              c->batch, c->in, c->out, c->groups, w->in_size[0], w->in_size[1], w->in_size[2], w->out_size[0],
              w->out_size[1], w->out_size[2], w->kernel[0], w->kernel[1], w->kernel[2], w->stride[0], w->stride[1],
              w->stride[2], w->dilation[0], w->dilation[1], w->dilation[2], w->padding[0], w->padding[1],
              w->padding[2], c->x_gap, c->y_gap, c->zero_points, c->x_zero_point, at, c->place);

  if (check_is_c ())
    reference (&data, c->batch, expected_u8, expected_f32);
  else
    run (&check_kernels_c ()->conv, &data, 0, expected_u8, expected_f32);
  run (&kernels->conv, &data, at, y_u8, y_f32);

  /* The pattern that fresh buffers hold is in the gaps of both. */
  check_same (CHECK_U8, y_u8, expected_u8, y_size);
  check_same (CHECK_F32, y_f32, expected_f32, y_size);
  guard_verify (y_u8);
  guard_verify (y_f32);
  guard_free_all ();
}

/* The shapes of networks that make images larger, of every number of channels. */
static void
check_channels (const LfbKernels *kernels)
{
  static const size_t windows[][3] = { { 2, 2, 0 }, { 3, 2, 1 }, { 4, 2, 1 }, { 3, 1, 1 }, { 1, 2, 0 }, { 5, 3, 2 } };

  for (size_t channels = 1; channels <= 67; channels++)
    for (size_t i = channels % 3; i < sizeof windows / sizeof windows[0]; i += 3)
      {
        bool depthwise = channels % 5 == 0;
        Case c = { .batch = 1, .in = channels, .out = depthwise ? channels : channels % 37 + 1,
                   .groups = depthwise ? channels : 1, .x_zero_point = 100, .place = PLACE_END };

        set_dimension (&c.window, 0, 1, 1, 1, 0);
        for (int d = 1; d < 3; d++)
          set_dimension (&c.window, d, 3 + channels % 3, windows[i][0], windows[i][1], windows[i][2]);
        run_case (kernels, &c);
      }
}

/* More outputs than a block has, and lines longer than one. */
static void
check_blocks (const LfbKernels *kernels)
{
  for (size_t form = 0; form < 6; form++)
    {
      Case c = { .batch = 2, .in = 4, .out = form < 3 ? 40 : 300, .groups = 1, .x_zero_point = 100,
                 .y_gap = form % 2 * 9, .place = PLACE_END };

      set_dimension (&c.window, 0, 1, 1, 1, 0);
      set_dimension (&c.window, 1, form % 3 == 0 ? 1 : 20, 2, 2, form % 3 == 2 ? 1 : 0);
      set_dimension (&c.window, 2, form % 3 == 0 ? 400 : 20, form % 3 == 1 ? 3 : 2, 2, form % 3 == 2 ? 1 : 0);
      run_case (kernels, &c);
    }
}

static void
check (const LfbKernels *kernels)
{
  check_channels (kernels);
  check_blocks (kernels);

  for (int n_dims = 1; n_dims <= 3; n_dims++)
    for (int i = 0; i < 200; i++)
      {
        Case c = random_case (n_dims);

        run_case (kernels, &c);
      }
}

typedef struct
{
  const LfbConvKernel *kernel;
  const void          *packed;
  Data                 data;
  uint8_t             *y;
} Bench;

static void
call (void *data)
{
  Bench *bench = data;

  lfb_transposed_run_u8 (bench->kernel, bench->packed, &bench->data.args, &bench->data.outputs.requantize, bench->y);
}

static void
bench (const LfbKernels *kernels)
{
  static const struct
  {
    const char *what;
    size_t      size, in, out, groups, kernel, padding;
  } rows[] = {
    { "2x2 /2 28x28x128->64", 28, 128, 64, 1, 2, 0 },    { "2x2 /2 56x56x64->32", 56, 64, 32, 1, 2, 0 },
    { "2x2 /2 112x112x32->16", 112, 32, 16, 1, 2, 0 },   { "3x3 /2 28x28x128->64", 28, 128, 64, 1, 3, 1 },
    { "4x4 /2 28x28x128->64", 28, 128, 64, 1, 4, 1 },    { "4x4 /2 64x64x64->3", 64, 64, 3, 1, 4, 1 },
    { "4x4 /2 depthwise 28x28x128", 28, 128, 128, 128, 4, 1 },
  };

  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    {
      Case c = { .batch = 1, .in = rows[i].in, .out = rows[i].out, .groups = rows[i].groups, .place = PLACE_END };
      Bench bench = { .kernel = &kernels->conv };
      void *packed;

      set_dimension (&c.window, 0, 1, 1, 1, 0);
      for (int d = 1; d < 3; d++)
        set_dimension (&c.window, d, rows[i].size, rows[i].kernel, 2, rows[i].padding);
      bench.data = data_new (&c);
      packed = guard_aligned (lfb_transposed_pack_size (&kernels->conv, &bench.data.weights));
      lfb_transposed_pack (&kernels->conv, &bench.data.weights, packed,
                           guard_aligned (lfb_transposed_pack_scratch_size (&bench.data.weights)));
      bench.packed = packed;
      bench.data.args.scratch = guard_aligned (lfb_transposed_scratch_size (&kernels->conv, packed, &c.window));
      bench.y = guard_aligned (volume (c.window.out_size) * c.out);

      bench_run (rows[i].what,
                 2.0 * (double) (volume (c.window.in_size) * c.out * volume (c.window.kernel)) *
                   (double) (c.in / c.groups),
                 "GOPS", call, &bench);
      guard_free_all ();
    }
}

const CheckEntry check_transposed_entries[] = {
  { "transposed_conv_u8s8", offsetof (LfbKernels, conv), check, bench },
  { NULL, 0, NULL, NULL },
};

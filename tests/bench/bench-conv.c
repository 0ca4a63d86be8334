/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Convolution of one image, channels last, with u8 output, scales by output and a
 * bias: the shapes of ResNets and MobileNets. */

#include "bench.h"
#include "onednn.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Square images and kernels, padded by half the kernel. */
static const struct
{
  const char *name;
  size_t      size, in, out, groups, kernel, stride;
  bool        add;  /* a second operand of the size of the output */
} shapes[] = {
  { "3x3 56x56x64", 56, 64, 64, 1, 3, 1 },
  { "3x3 28x28x128", 28, 128, 128, 1, 3, 1 },
  { "3x3 14x14x256", 14, 256, 256, 1, 3, 1 },
  { "3x3 7x7x512", 7, 512, 512, 1, 3, 1 },
  { "7x7 stride 2 224x224x3->64", 224, 3, 64, 1, 7, 2 },
  { "3x3 stride 2 224x224x3->32", 224, 3, 32, 1, 3, 2 },
  { "1x1 56x56x64->256", 56, 64, 256, 1, 1, 1 },
  { "1x1 14x14x1024->256", 14, 1024, 256, 1, 1, 1 },
  { "1x1 stride 2 56x56x256->128", 56, 256, 128, 1, 1, 2 },
  { "depthwise 3x3 112x112x32", 112, 32, 32, 32, 3, 1 },
  { "depthwise 3x3 stride 2 56x56x144", 56, 144, 144, 144, 3, 2 },
  { "depthwise 3x3 14x14x576", 14, 576, 576, 576, 3, 1 },
  { "depthwise 5x5 14x14x672", 14, 672, 672, 672, 5, 1 },
  { "depthwise 7x7 28x28x192", 28, 192, 192, 192, 7, 1 },
  { "32 groups 3x3 28x28x128", 28, 128, 128, 32, 3, 1 },
  { "32 groups 3x3 28x28x256", 28, 256, 256, 32, 3, 1 },
  { "3x3 56x56x64, and add", 56, 64, 64, 1, 3, 1, true },
  { "1x1 56x56x64->256, and add", 56, 64, 256, 1, 1, 1, true },
  { "1x1 14x14x256->1024, and add", 14, 256, 1024, 1, 1, 1, true },
};

/* Those before the ones that add, whose weights are the same. */
#define N_PACKED (sizeof shapes / sizeof shapes[0] - 3)

typedef struct
{
  LfbConvKernel  kernel;
  LfbWindow      window;
  LfbConvWeights weights;
  LfbConvArgs    args;
  LfbRequantize  requantize;
  LfbAddend      addend;
  uint8_t       *x;
  uint8_t       *q;
  int8_t        *w;
  float         *multiplier;
  float         *bias;
  void          *packed;
  uint8_t       *y;
} Conv;

static void
run (void *data)
{
  const Conv *c = data;

  c->kernel.run_u8 (c->packed, &c->args, &c->requantize, c->y);
}

static void
clear (void *data)
{
  Conv *c = data;

  free (c->args.scratch);
  free (c->x);
  free (c->q);
  free (c->w);
  free (c->multiplier);
  free (c->bias);
  free (c->packed);
  free (c->y);
  free (c);
}

static void
set_window (LfbWindow *window,
            size_t     row)
{
  for (size_t d = 0; d < 3; d++)
    {
      window->in_size[d] = d > 0 ? shapes[row].size : 1;
      window->kernel[d] = d > 0 ? shapes[row].kernel : 1;
      window->stride[d] = d > 0 ? shapes[row].stride : 1;
      window->dilation[d] = 1;
      window->padding[d] = window->kernel[d] / 2;
      window->out_size[d] = (window->in_size[d] + 2 * window->padding[d] - window->kernel[d]) / window->stride[d] + 1;
    }
}

static Conv *
conv_new (size_t   row,
          unsigned flags)
{
  size_t in = shapes[row].in, out = shapes[row].out, groups = shapes[row].groups;
  size_t k = shapes[row].kernel * shapes[row].kernel * (in / groups);
  size_t length = lfb_output_length (out) * sizeof (float);
  Conv *c = bench_alloc (sizeof *c);
  size_t in_pixels, out_pixels;

  set_window (&c->window, row);
  in_pixels = c->window.in_size[1] * c->window.in_size[2];
  out_pixels = c->window.out_size[1] * c->window.out_size[2];

  lfb_conv_init (&c->kernel, flags);
  c->x = bench_alloc (in_pixels * in);
  c->w = bench_alloc (out * k);
  c->y = bench_alloc (out_pixels * out);
  c->q = bench_alloc (out_pixels * out);
  c->multiplier = bench_alloc (length);
  c->bias = bench_alloc (length);

  /* Seven bits: peers saturate above that where they have no vpdpbusd. */
  bench_fill (c->x, in_pixels * in, 0, 127);
  bench_fill (c->w, out * k, -127, 127);
  bench_fill (c->q, out_pixels * out, 0, 100);
  for (size_t i = 0; i < out; i++)
    {
      c->multiplier[i] = (1.0f + 0.001f * (float) (i % 500)) / (54.0f * sqrtf ((float) k));
      c->bias[i] = (float) (i % 1001) - 500.0f;
    }

  c->weights = (LfbConvWeights) { .in_channels = in, .out_channels = out, .groups = groups, .w = c->w };
  for (size_t d = 0; d < 3; d++)
    c->weights.kernel[d] = c->window.kernel[d];
  c->packed = bench_alloc (c->kernel.pack_size (&c->weights));
  c->kernel.pack (&c->weights, c->packed);

  c->args = (LfbConvArgs) { .window = &c->window, .x = c->x, .x_stride = in, .y_stride = out,
                            .pixel_end = out_pixels, .n_end = out };
  if (c->kernel.scratch_size (c->packed, &c->window) > 0)
    c->args.scratch = bench_alloc (c->kernel.scratch_size (c->packed, &c->window));
  c->requantize = (LfbRequantize) { .multiplier = c->multiplier, .bias = c->bias, .x_zero_point = 57,
                                    .y_zero_point = 119, .y_max = 255 };

  /* Scale and zero point as oneDNN has them. */
  c->addend = (LfbAddend) { .q = c->q, .stride = out, .scale = 1.0f };
  if (shapes[row].add)
    c->args.addend = &c->addend;

  return c;
}

static void
make_row (size_t              row,
          const BenchOptions *options,
          char               *name,
          BenchSubject       *subjects)
{
  Conv *c = conv_new (row, options->flags);
  size_t products = shapes[row].kernel * shapes[row].kernel * (shapes[row].in / shapes[row].groups);
  BenchConv peer = { &c->window, &c->weights, c->x, c->requantize.x_zero_point, c->requantize.y_zero_point,
                     c->multiplier, c->bias, shapes[row].add ? c->q : NULL };
  BenchSubject *ours;

  snprintf (name, 64, "%s", shapes[row].name);
  bench_limit_products (subjects, c->kernel.isa);

  ours = bench_add (subjects, BENCH_OURS, "lowerfb %s", c->kernel.isa);
  ours->run = run;
  ours->clear = clear;
  ours->data = c;
  ours->work = 2.0 * (double) products * (double) (c->args.pixel_end * shapes[row].out);
  ours->output = c->y;
  ours->n_outputs = c->args.pixel_end * shapes[row].out;

  bench_onednn_conv (subjects, &peer);
}

const BenchTable bench_conv = {
  .name = "convolution",
  .unit = "GOPS",
  .n_rows = sizeof shapes / sizeof shapes[0],
  .make_row = make_row,
};

static void
pack (void *data)
{
  Conv *c = data;

  c->kernel.pack (&c->weights, c->packed);
}

static void
make_pack_row (size_t              row,
               const BenchOptions *options,
               char               *name,
               BenchSubject       *subjects)
{
  Conv *c = conv_new (row, options->flags);
  BenchSubject *ours = bench_add (subjects, BENCH_OURS, "lowerfb %s", c->kernel.isa);

  snprintf (name, 64, "%s", shapes[row].name);
  ours->run = pack;
  ours->clear = clear;
  ours->data = c;
  ours->work = (double) (shapes[row].kernel * shapes[row].kernel * (shapes[row].in / shapes[row].groups) *
                         shapes[row].out);
}

/* Bytes of weights as they come. */
const BenchTable bench_conv_pack = {
  .name = "packing of convolution weights",
  .unit = "GB/s",
  .n_rows = N_PACKED,
  .make_row = make_pack_row,
};

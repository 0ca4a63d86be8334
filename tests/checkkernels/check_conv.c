/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Convolution: every kind of window, groups, strides, splitting by pixels and
 * channels, and the classic faults. */

#include "check.h"
#include "conv_case.h"

#include <stdio.h>

/* One dimension of a window: the output is what the input gives, or, now and
 * then, more or less, as uneven padding makes it. */
static void
random_dimension (LfbWindow *w,
                  int        d,
                  size_t     largest)
{
  int64_t least, most, padding, free_space;

  w->in_size[d] = (size_t) rnd_between (1, (int64_t) largest);
  w->kernel[d] = (size_t) rnd_between (1, rnd_one_in (4) ? 7 : 3);
  w->stride[d] = (size_t) rnd_between (1, 3);
  w->dilation[d] = rnd_one_in (3) ? (size_t) rnd_between (1, 3) : 1;
  /* One draw after the other: arguments are evaluated in an order of the compiler's. */
  least = rnd_one_in (3) ? -4 : 0;
  most = rnd_one_in (4) ? 9 : 3;
  padding = rnd_one_in (2) ? rnd_between (least, most) : (int64_t) w->kernel[d] / 2;
  w->padding[d] = (size_t) padding;

  free_space = (int64_t) w->in_size[d] + 2 * padding - (int64_t) ((w->kernel[d] - 1) * w->dilation[d]) - 1;
  w->out_size[d] = free_space < 0 ? 1 : (size_t) free_space / w->stride[d] + 1;
  if (rnd_one_in (6))
    w->out_size[d] = (size_t) rnd_between (1, (int64_t) w->out_size[d] + 2);
}

static void
unused_dimension (LfbWindow *w,
                  int        d)
{
  w->in_size[d] = w->out_size[d] = w->kernel[d] = w->stride[d] = w->dilation[d] = 1;
  w->padding[d] = 0;
}

static ConvCase
random_case (int n_dims)
{
  ConvCase c = { .batch = (size_t) rnd_between (1, 3) };

  for (int d = 0; d < 3; d++)
    if (d < 3 - n_dims)
      unused_dimension (&c.window, d);
    else
      random_dimension (&c.window, d, n_dims == 3 ? 6 : n_dims == 2 ? 11 : 60);

  switch (rnd_between (0, 4))
    {
    case 0:  /* depthwise */
      c.in = c.out = c.groups = (size_t) rnd_between (1, 70);
      break;
    case 1:  /* small groups of as many outputs */
      c.groups = (size_t) rnd_between (2, 20);
      c.in = c.out = c.groups * ((size_t) 4 << rnd_between (0, 2));
      break;
    case 2:
      c.groups = (size_t) rnd_between (1, 6);
      c.in = c.groups * (size_t) rnd_between (1, 6);
      c.out = c.groups * (size_t) rnd_between (1, 20);
      break;
    default:
      c.groups = 1;
      c.in = (size_t) (rnd_one_in (2) ? rnd_between (1, 5) : rnd_between (1, 40));
      c.out = (size_t) rnd_between (1, 70);
      break;
    }

  c.x_fill = rnd_one_in (5) ? (Fill) rnd_between (0, N_FILLS - 1) : FILL_RANDOM;
  c.w_fill = rnd_one_in (5) ? (Fill) rnd_between (0, N_FILLS - 1) : FILL_RANDOM;
  c.x_gap = rnd_one_in (2) ? 0 : (size_t) rnd_between (1, 40);
  c.y_gap = rnd_one_in (2) ? 0 : (size_t) rnd_between (1, 40);
  c.zero_points = rnd_one_in (4);
  c.x_zero_point = rnd_one_in (5) ? 0 : rnd_one_in (5) ? 255 : (int) rnd_between (0, 255);
  c.x_is_zero_point = rnd_one_in (10);
  c.split_pixels = rnd_one_in (3);
  c.split_channels = rnd_one_in (3);
  c.place = rnd_place ();
  c.add = rnd_one_in (3) ? (int) rnd_between (1, 2) : 0;
  c.q_gap = rnd_one_in (2) ? 0 : (size_t) rnd_between (1, 40);

  return c;
}

static ConvCase
plain_case (size_t in,
            size_t out,
            size_t groups,
            size_t size,
            size_t kernel,
            size_t stride)
{
  ConvCase c = { .batch = 1, .in = in, .out = out, .groups = groups, .x_zero_point = 100, .place = PLACE_END };

  unused_dimension (&c.window, 0);
  for (int d = 1; d < 3; d++)
    {
      c.window.in_size[d] = size;
      c.window.kernel[d] = kernel;
      c.window.stride[d] = stride;
      c.window.dilation[d] = 1;
      c.window.padding[d] = kernel / 2;
      c.window.out_size[d] = (size + 2 * (kernel / 2) - kernel) / stride + 1;
    }

  return c;
}

/* Every count of channels, in each of the shapes that networks are made of. */
static void
check_channels (const LfbKernels *kernels)
{
  for (size_t channels = 1; channels <= 131; channels++)
    {
      ConvCase cases[] = {
        plain_case (channels, 9, 1, 4, 1, 1),               /* pointwise */
        plain_case (9, channels, 1, 4, 1, 2),
        plain_case (channels, channels, channels, 5, 3, 1), /* depthwise */
        plain_case (channels, channels, channels, 6, 5, 2),
        plain_case (3, channels, 1, 7, 7, 2),               /* stem */
        plain_case (channels, 5, 1, 4, 3, 1),
        plain_case (2 * channels, 4, 2, 3, 3, 1),           /* grouped */
        plain_case (4, 2 * channels, 2, 3, 3, 1),
        plain_case (4 * channels, 4 * channels, channels, 3, 3, 1),
      };

      for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        conv_case_run (kernels, &cases[i]);
    }
}

/* The largest products of one sign, with and without a zero point in x. */
static void
check_saturation (const LfbKernels *kernels)
{
  for (int form = 0; form < 16; form++)
    {
      ConvCase cases[] = {
        /* As many products as int32 holds. */
        plain_case (lfb_accumulation_limit (form & 8), 3, 1, 1, 1, 1),
        plain_case (300, 20, 1, 3, 1, 1),
        plain_case (24, 20, 1, 4, 3, 1),
        plain_case (40, 40, 40, 5, 5, 1),
        plain_case (3, 20, 1, 8, 7, 2),
        plain_case (24, 24, 6, 4, 3, 1),
        plain_case (80, 80, 10, 4, 3, 1),
        plain_case (80, 80, 5, 4, 3, 2),
      };

      for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        {
          cases[i].x_fill = form & 1 ? FILL_ZERO : FILL_HIGH;
          cases[i].w_fill = form & 2 ? FILL_LOW : FILL_HIGH;
          cases[i].x_zero_point = form & 4 ? 255 : 0;
          cases[i].zero_points = form & 8;
          conv_case_run (kernels, &cases[i]);
        }
    }
}

/* Where x is its zero point, padding included, the result is the bias. */
static void
check_zero_points (const LfbKernels *kernels)
{
  for (int i = 0; i < 128; i++)
    {
      ConvCase c = random_case (2);

      c.x_zero_point = 2 * i + 1;
      c.x_is_zero_point = true;
      conv_case_run (kernels, &c);
    }
}

static void
check_places (const LfbKernels *kernels)
{
  for (int place = 0; place < N_PLACES; place++)
    {
      ConvCase cases[] = {
        plain_case (35, 37, 1, 4, 3, 1), plain_case (67, 67, 67, 5, 3, 1), plain_case (3, 33, 1, 9, 7, 2),
        plain_case (33, 31, 1, 3, 1, 1), plain_case (20, 12, 4, 4, 3, 2),
      };

      for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        {
          cases[i].place = place;
          conv_case_run (kernels, &cases[i]);
        }
    }
}

/* Outputs 32 at a time along lines of every length, with each kind of border. */
static void
check_lines (const LfbKernels *kernels)
{
  for (size_t width = 1; width <= 40; width++)
    for (size_t form = 0; form < 12; form++)
      {
        static const size_t kernels_of[] = { 1, 3, 5, 7 };
        static const size_t channels[] = { 3, 4, 16, 13, 64, 6 };
        size_t kernel = kernels_of[(width + form) % 4], in = channels[form % 6];
        ConvCase c = plain_case (in, form < 6 ? 32 : 71, 1, 4, kernel, 1 + form % 3);
        LfbWindow *w = &c.window;

        w->padding[2] = (size_t) rnd_between (-3, (int64_t) kernel + 2);
        w->dilation[2] = rnd_one_in (4) ? 2 : 1;
        w->out_size[2] = width;
        w->in_size[2] = (size_t) rnd_between (1, (int64_t) (width * w->stride[2] + 3));
        c.batch = 1 + form % 2;
        c.split_pixels = rnd_one_in (3);
        c.split_channels = rnd_one_in (3);
        c.add = (int) rnd_between (0, 2);
        c.place = rnd_place ();
        conv_case_run (kernels, &c);
      }

  /* More weights than are taken through a table at once, more pixels than it has. */
  for (int add = 0; add <= 2; add++)
    {
      ConvCase cases[] = {
        plain_case (64, 100, 1, 16, 3, 1), plain_case (256, 128, 1, 12, 1, 1), plain_case (48, 64, 1, 27, 3, 2),
      };

      for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        {
          cases[i].batch = 2;
          cases[i].add = add;
          conv_case_run (kernels, &cases[i]);
        }
    }
}

/* Few outputs, of which neighbouring pixels may be computed together. */
static void
check_pairs (const LfbKernels *kernels)
{
  for (size_t width = 1; width <= 40; width++)
    for (size_t form = 0; form < 12; form++)
      {
        static const size_t channels[] = { 3, 16, 32, 5 };
        ConvCase c = plain_case (channels[form % 4], (size_t) 1 << (width + form) % 5, 1, 4, 2 * (form % 3) + 1, 1);
        LfbWindow *w = &c.window;

        w->padding[2] = (size_t) rnd_between (-2, 3);
        w->out_size[2] = width;
        w->in_size[2] = (size_t) rnd_between (1, (int64_t) width + 4);
        c.batch = 1 + form % 2;
        c.y_gap = rnd_one_in (6) ? 3 : 0;
        c.x_gap = rnd_one_in (6) ? 3 : 0;
        c.split_pixels = rnd_one_in (2);
        c.add = (int) rnd_between (0, 2);
        c.q_gap = rnd_one_in (6) ? 3 : 0;
        c.place = rnd_place ();
        conv_case_run (kernels, &c);
      }
}

/* What is added, in each way of computing a convolution. */
static void
check_addends (const LfbKernels *kernels)
{
  for (int form = 0; form < 160; form++)
    {
      ConvCase cases[] = {
        plain_case (64, 64, 1, 9, 1, 1), plain_case (35, 71, 1, 6, 1, 1), plain_case (9, 96, 1, 7, 3, 1),
        plain_case (3, 64, 1, 9, 7, 2),  plain_case (40, 40, 40, 8, 3, 1), plain_case (70, 70, 70, 7, 3, 2),
        plain_case (80, 80, 10, 4, 3, 1), plain_case (24, 24, 6, 5, 3, 1), plain_case (12, 21, 3, 4, 3, 1),
      };

      for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        {
          cases[i].add = 1 + form % 2;
          cases[i].q_gap = form & 2 ? 0 : 19;
          cases[i].x_is_zero_point = form & 4;
          cases[i].extreme = form & 8;
          cases[i].zero_points = form % 16 == 5;
          cases[i].place = form % N_PLACES;
          conv_case_run (kernels, &cases[i]);
        }
    }
}

static void
check (const LfbKernels *kernels)
{
  check_addends (kernels);
  check_lines (kernels);
  check_pairs (kernels);
  check_channels (kernels);
  check_saturation (kernels);
  check_zero_points (kernels);
  check_places (kernels);

  for (int n_dims = 1; n_dims <= 3; n_dims++)
    for (int i = 0; i < 500; i++)
      {
        ConvCase c = random_case (n_dims);

        conv_case_run (kernels, &c);
      }
}

typedef struct
{
  const LfbConvKernel *kernel;
  const void          *packed;
  ConvData             data;
  uint8_t             *y;
} Bench;

static void
call (void *data)
{
  Bench *bench = data;

  bench->kernel->run_u8 (bench->packed, &bench->data.args, &bench->data.outputs.requantize, bench->y);
}

static void
bench (const LfbKernels *kernels)
{
  const struct
  {
    const char *what;
    ConvCase        c;
  } cases[] = {
    { "3x3 64->64 56x56", plain_case (64, 64, 1, 56, 3, 1) },
    { "1x1 64->256 56x56", plain_case (64, 256, 1, 56, 1, 1) },
    { "1x1 512->512 14x14 /2", plain_case (512, 512, 1, 14, 1, 2) },
    { "7x7 3->64 224x224 /2", plain_case (3, 64, 1, 224, 7, 2) },
    { "3x3 depthwise 128 56x56", plain_case (128, 128, 128, 56, 3, 1) },
    { "3x3 128->128 32 groups 28x28", plain_case (128, 128, 32, 28, 3, 1) },
  };

  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    {
      const ConvCase *c = &cases[i].c;
      Bench bench = { .kernel = &kernels->conv, .data = conv_data_new (c) };

      bench.packed = conv_data_pack (&kernels->conv, &bench.data);
      bench.data.args.scratch = guard_aligned (kernels->conv.scratch_size (bench.packed, &c->window));
      bench.y = guard_aligned (bench.data.n_pixels * c->out);

      bench_run (cases[i].what,
                 2.0 * (double) (bench.data.n_pixels * c->out) *
                   (double) (conv_volume (c->window.kernel) * (c->in / c->groups)),
                 "GOPS", call, &bench);
      guard_free_all ();
    }
}

const CheckEntry check_conv_entries[] = {
  { "conv_u8s8", offsetof (LfbKernels, conv), check, bench },
  { NULL, 0, NULL, NULL },
};

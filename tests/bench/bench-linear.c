/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Linear with u8 output, scales by output and a bias, and packing its weights.
 * Up to three rows are measured against reading the weights, more of them against
 * the multiply-adds: the slower of the two.
 */

#include "bench.h"
#include "onednn.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const struct
{
  size_t m, n, k;
} shapes[] = {
  { 1, 1024, 1024 }, { 1, 4096, 1024 }, { 2, 1024, 1024 }, { 4, 1024, 1024 }, { 8, 1024, 1024 }, { 16, 512, 500 },
  { 64, 800, 320 }, { 64, 768, 512 }, { 128, 768, 768 }, { 128, 3072, 768 }, { 256, 512, 256 }, { 512, 512, 512 },
  { 1024, 1024, 1024 }, { 2048, 2048, 2048 }, { 3136, 64, 576 }, { 784, 128, 1152 }, { 196, 256, 2304 },
  { 49, 512, 4608 }, { 12544, 64, 147 },
};

#define N_SHAPES (sizeof shapes / sizeof shapes[0])

static const struct
{
  size_t m, n, k;
} dynamic_shapes[] = {
  { 1, 1024, 1024 }, { 8, 1024, 1024 }, { 128, 768, 768 }, { 128, 3072, 768 }, { 512, 512, 512 }, { 3136, 64, 576 },
};

typedef struct
{
  LfbLinearKernel  kernel;
  LfbLinearWeights weights;
  LfbLinearArgs    args;
  LfbRequantize    requantize;
  uint8_t         *x;
  int8_t          *w;
  float           *multiplier;
  float           *bias;
  void            *packed;
  uint8_t         *y;

  /* Dynamic: */
  LfbKernels       kernels;
  LfbRescale       rescale;
  float           *floats;
  float           *y_floats;
} Linear;

static void
run (void *data)
{
  const Linear *l = data;

  l->kernel.run_u8 (l->packed, &l->args, &l->requantize, l->y);
}

static void
pack (void *data)
{
  const Linear *l = data;

  l->kernel.pack (&l->weights, l->packed);
}

static void
clear (void *data)
{
  Linear *l = data;

  free (l->args.scratch);
  free (l->x);
  free (l->w);
  free (l->multiplier);
  free (l->bias);
  free (l->packed);
  free (l->y);
  free (l->floats);
  free (l->y_floats);
  free (l);
}

static Linear *
linear_new (size_t   m,
            size_t   n,
            size_t   k,
            unsigned flags)
{
  Linear *l = bench_alloc (sizeof *l);
  size_t length = lfb_output_length (n) * sizeof (float);

  lfb_linear_init (&l->kernel, flags);
  l->x = bench_alloc (m * k);
  l->w = bench_alloc (n * k);
  l->y = bench_alloc (m * n);
  l->multiplier = bench_alloc (length);
  l->bias = bench_alloc (length);

  /* Seven bits: peers saturate above that where they have no vpdpbusd. */
  bench_fill (l->x, m * k, 0, 127);
  bench_fill (l->w, n * k, -127, 127);
  for (size_t i = 0; i < n; i++)
    {
      l->multiplier[i] = (1.0f + 0.001f * (float) (i % 500)) / (54.0f * sqrtf ((float) k));
      l->bias[i] = (float) (i % 1001) - 500.0f;
    }

  l->weights = (LfbLinearWeights) { .n = n, .k = k, .w = l->w, .w_stride = k };
  l->packed = bench_alloc (l->kernel.pack_size (&l->weights));
  l->kernel.pack (&l->weights, l->packed);

  l->args = (LfbLinearArgs) { .x = l->x, .x_stride = k, .y_stride = n, .m = m, .n_end = n };
  if (l->kernel.scratch_size (l->packed) > 0)
    l->args.scratch = bench_alloc (l->kernel.scratch_size (l->packed));
  l->requantize = (LfbRequantize) { .multiplier = l->multiplier, .bias = l->bias, .x_zero_point = 57,
                                    .y_zero_point = 119, .y_max = 255 };

  return l;
}

static void
make_row (size_t              row,
          const BenchOptions *options,
          char               *name,
          BenchSubject       *subjects)
{
  size_t m = shapes[row].m, n = shapes[row].n, k = shapes[row].k;
  Linear *l = linear_new (m, n, k, options->flags);
  BenchLinear peer = { m, n, k, l->x, l->w, l->requantize.x_zero_point, l->requantize.y_zero_point, l->multiplier,
                       l->bias };
  BenchSubject *ours;

  snprintf (name, 64, "%zux%zux%zu", m, n, k);

  if (m <= 3)
    {
      BenchSubject *limit = subjects;

      /* For each row two operations a byte of weights. */
      bench_limit_read_bytes (subjects, options->flags, l->packed, l->kernel.pack_size (&l->weights));
      if (limit->role == BENCH_LIMIT)
        limit->work *= 2.0 * (double) m;
    }
  else
    bench_limit_products (subjects, l->kernel.isa);

  ours = bench_add (subjects, BENCH_OURS, "lowerfb %s", l->kernel.isa);
  ours->run = run;
  ours->clear = clear;
  ours->data = l;
  ours->work = 2.0 * (double) m * (double) n * (double) k;
  ours->output = l->y;
  ours->n_outputs = m * n;

  bench_onednn_linear (subjects, &peer);
}

const BenchTable bench_linear = {
  .name = "linear",
  .unit = "GOPS",
  .n_rows = N_SHAPES,
  .make_row = make_row,
};

static const size_t pack_shapes[][2] = { { 64, 147 }, { 512, 500 }, { 1024, 1024 }, { 3072, 768 }, { 512, 4608 } };

static void
make_pack_row (size_t              row,
               const BenchOptions *options,
               char               *name,
               BenchSubject       *subjects)
{
  size_t n = pack_shapes[row][0], k = pack_shapes[row][1];
  Linear *l = linear_new (1, n, k, options->flags);
  BenchSubject *ours;

  snprintf (name, 64, "%zux%zu", n, k);
  bench_limit_read_bytes (subjects, options->flags, l->w, n * k);

  ours = bench_add (subjects, BENCH_OURS, "lowerfb %s", l->kernel.isa);
  ours->run = pack;
  ours->clear = clear;
  ours->data = l;
  ours->work = (double) n * (double) k;
}

const BenchTable bench_linear_pack = {
  .name = "packing of linear weights",
  .unit = "GB/s",
  .n_rows = sizeof pack_shapes / sizeof pack_shapes[0],
  .make_row = make_pack_row,
};

/* From floats to floats: the smallest and largest, scale and zero point, the product.
 * Multipliers are as before; what they are does not matter here. */
static float
choose (Linear *l)
{
  float min, max;
  double scale;

  l->kernels.minmax.run (l->floats, l->args.m * l->weights.k, &min, &max);
  lfb_choose_qparams (min, max, 0, 255, true, &scale, &l->rescale.x_zero_point);

  return (float) scale;
}

static void
run_dynamic (void *data)
{
  Linear *l = data;
  float scale = choose (l);

  l->kernel.run_dynamic (l->packed, &l->args, l->floats, scale, &l->rescale, l->y_floats);
}

static void
run_quantized_first (void *data)
{
  Linear *l = data;
  float scale = choose (l);

  l->kernels.quantize_u8.run (l->floats, l->x, l->args.m * l->weights.k, scale, l->rescale.x_zero_point);
  l->kernel.run_f32 (l->packed, &l->args, &l->rescale, l->y_floats);
}

static Linear *
dynamic_new (size_t   row,
             unsigned flags)
{
  size_t m = dynamic_shapes[row].m, n = dynamic_shapes[row].n, k = dynamic_shapes[row].k;
  Linear *l = linear_new (m, n, k, flags);

  lfb_kernels_init (&l->kernels, flags);
  l->floats = bench_alloc (m * k * sizeof (float));
  l->y_floats = bench_alloc (m * n * sizeof (float));
  for (size_t i = 0; i < m * k; i++)
    l->floats[i] = (float) l->x[i] * 0.02f - 1.0f;
  l->rescale = (LfbRescale) { .multiplier = l->multiplier, .bias = l->bias };

  free (l->args.scratch);
  l->args.scratch = bench_alloc (l->kernel.dynamic_scratch_size (l->packed) + l->kernel.scratch_size (l->packed));

  return l;
}

static void
make_dynamic_row (size_t              row,
                  const BenchOptions *options,
                  char               *name,
                  BenchSubject       *subjects)
{
  size_t m = dynamic_shapes[row].m, n = dynamic_shapes[row].n, k = dynamic_shapes[row].k;
  LfbLinearKernel kernel;
  BenchSubject *subject;

  lfb_linear_init (&kernel, options->flags);
  snprintf (name, 64, "%zux%zux%zu", m, n, k);
  bench_limit_products (subjects, kernel.isa);

  for (int apart = 0; apart < 2; apart++)
    {
      Linear *l = dynamic_new (row, options->flags);

      subject = bench_add (subjects, apart ? BENCH_PEER : BENCH_OURS, "lowerfb %s%s", l->kernel.isa,
                           apart ? ", quantized first" : "");
      subject->run = apart ? run_quantized_first : run_dynamic;
      subject->clear = clear;
      subject->data = l;
      subject->work = 2.0 * (double) m * (double) n * (double) k;
    }
}

/* The peer is our own product of integers that were all quantized before. */
const BenchTable bench_linear_dynamic = {
  .name = "dynamic linear",
  .unit = "GOPS",
  .n_rows = sizeof dynamic_shapes / sizeof dynamic_shapes[0],
  .make_row = make_dynamic_row,
};

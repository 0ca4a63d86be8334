/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Kernels that do little with each byte beside the memory: the limit copies,
 * and reads or fills beyond that, as many bytes as the kernel reads and writes,
 * in the level 2 cache.
 */

#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of every row, so that all of its buffers lie in a cache of 1 MB. */
#define N_ELEMENTS ((size_t) 65536)
#define CHANNELS ((size_t) 64)

typedef struct
{
  LfbKernels    kernels;
  void        (*call) (const LfbKernels *kernels, const void *const *data);
  const void   *data[5];  /* x, another x, y, scales, zero points */
  BenchSubject  read[2];  /* what the limit reads beyond what it copies */
  size_t        copied;
  size_t        filled;   /* after that */
} Work;

static void
quantize_u8 (const LfbKernels   *kernels,
             const void *const  *data)
{
  kernels->quantize_u8.run (data[0], (uint8_t *) data[2], N_ELEMENTS, 0.05f, 120);
}

static void
quantize_s8_columns (const LfbKernels   *kernels,
                     const void *const  *data)
{
  kernels->quantize_channels_s8.run (data[0], (int8_t *) data[2], N_ELEMENTS / CHANNELS, CHANNELS, 1, data[3], data[4]);
}

static void
quantize_s32 (const LfbKernels   *kernels,
              const void *const  *data)
{
  kernels->quantize_s32.run (data[0], (int32_t *) data[2], N_ELEMENTS, 0.05f, 0);
}

static void
dequantize_u8 (const LfbKernels   *kernels,
               const void *const  *data)
{
  kernels->dequantize_u8.run (data[0], (float *) data[2], N_ELEMENTS, 0.05f, 120);
}

static void
minmax (const LfbKernels   *kernels,
        const void *const  *data)
{
  float *ends = (float *) data[2];

  kernels->minmax.run (data[0], N_ELEMENTS, &ends[0], &ends[1]);
}

static void
clamp_u8 (const LfbKernels   *kernels,
          const void *const  *data)
{
  kernels->clamp_u8.run (data[0], (uint8_t *) data[2], N_ELEMENTS, 10, 200);
}

static void
lookup (const LfbKernels   *kernels,
        const void *const  *data)
{
  kernels->lookup.run (data[0], (uint8_t *) data[2], N_ELEMENTS, data[1]);
}

static void
add_relu_u8 (const LfbKernels   *kernels,
             const void *const  *data)
{
  static const LfbBinaryRange range = { 0.03f, 0.02f, 0.04f, 100, 120, 110, true };

  kernels->add_u8.run (data[0], data[1], (uint8_t *) data[2], N_ELEMENTS, &range);
}

static void
mul_u8 (const LfbKernels   *kernels,
        const void *const  *data)
{
  static const LfbBinaryRange range = { 0.03f, 0.02f, 0.04f, 100, 120, 110, false };

  kernels->mul_u8.run (data[0], data[1], (uint8_t *) data[2], N_ELEMENTS, &range);
}

/* 32 x 32 pixels of 64 channels. */
static const LfbWindow halves = {
  { 1, 32, 32 }, { 1, 16, 16 }, { 1, 2, 2 }, { 1, 2, 2 }, { 1, 1, 1 }, { 0, 0, 0 },
};
static const LfbWindow overlapping = {
  { 1, 32, 32 }, { 1, 16, 16 }, { 1, 3, 3 }, { 1, 2, 2 }, { 1, 1, 1 }, { 0, 1, 1 },
};
static const LfbWindow whole = { { 1, 32, 32 }, { 1, 1, 1 }, { 1, 32, 32 }, { 1, 1, 1 }, { 1, 1, 1 }, { 0, 0, 0 } };
static const LfbPixels quarter = { CHANNELS, CHANNELS, CHANNELS, 0, 16 * 16 };
static const LfbPixels one = { CHANNELS, CHANNELS, CHANNELS, 0, 1 };
static const LfbAverage average = { false, 0, 120 };

static void
max_pool_u8 (const LfbKernels   *kernels,
             const void *const  *data)
{
  kernels->max_pool_u8.run (&overlapping, &quarter, data[0], (uint8_t *) data[2]);
}

static void
avg_pool_u8 (const LfbKernels   *kernels,
             const void *const  *data)
{
  kernels->avg_pool_u8.run (&halves, &quarter, &average, data[0], (uint8_t *) data[2]);
}

static void
global_avg_pool_u8 (const LfbKernels   *kernels,
                    const void *const  *data)
{
  kernels->adaptive_avg_pool_u8.run (&whole, &one, &average, data[0], (uint8_t *) data[2]);
}

#define FUNCTION(name) \
  static void \
  function_##name (const LfbKernels   *kernels, \
                   const void *const  *data) \
  { \
    kernels->functions.name (data[0], (float *) data[2], N_ELEMENTS); \
  }

FUNCTION (exp)
FUNCTION (sigmoid)
FUNCTION (tanh)
FUNCTION (silu)
FUNCTION (gelu)
FUNCTION (gelu_tanh)

#define LINE ((size_t) 1024)

static void
softmax (const LfbKernels   *kernels,
         const void *const  *data)
{
  for (size_t i = 0; i < N_ELEMENTS; i += LINE)
    kernels->softmax.run ((const float *) data[0] + i, (float *) data[2] + i, LINE, 1, LFB_SOFTMAX);
}

/* A step of so many cells: their gates are two arrays side by side, their states y. */
#define CELLS (N_ELEMENTS / 8)

static void
lstm (const LfbKernels   *kernels,
      const void *const  *data)
{
  const float *gates = data[0];
  float *y = (float *) data[2];

  kernels->cell.lstm (gates, gates + 4 * CELLS, y, y + CELLS, CELLS);
}

static void
gru (const LfbKernels   *kernels,
     const void *const  *data)
{
  const float *gates = data[0];

  kernels->cell.gru (gates, gates + 3 * CELLS, (float *) data[2], CELLS);
}

/* 64 channels of 28 x 28 or 32 x 32 pixels to channels last; the latter lie where all channels of
 * a pixel have the same few places in the cache. */
#define TRANSPOSE(name, pixels, element_size) \
  static void \
  name (const LfbKernels   *kernels, \
        const void *const  *data) \
  { \
    static const LfbMatrix matrix = { 64, pixels, pixels, 64 }; \
    \
    kernels->transpose.run (data[0], (void *) data[2], element_size, &matrix); \
  }

TRANSPOSE (transpose_784_u8, 784, 1)
TRANSPOSE (transpose_784_f32, 784, 4)
TRANSPOSE (transpose_1024_u8, 1024, 1)
TRANSPOSE (transpose_1024_f32, 1024, 4)

/* One row: what it reads and writes, in bytes. */
static const struct
{
  const char *name;
  size_t      read;
  size_t      written;
  size_t      isa;   /* where LfbKernels says which variant it is */
  void      (*call) (const LfbKernels *kernels, const void *const *data);
} rows[] = {
#define ROW(name, read, written, member, call) { name, read, written, offsetof (LfbKernels, member.isa), call }
  ROW ("quantize to u8", N_ELEMENTS * 4, N_ELEMENTS, quantize_u8, quantize_u8),
  ROW ("quantize to s8, 64 channels last", N_ELEMENTS * 4, N_ELEMENTS, quantize_channels_s8, quantize_s8_columns),
  ROW ("quantize to s32", N_ELEMENTS * 4, N_ELEMENTS * 4, quantize_s32, quantize_s32),
  ROW ("dequantize u8", N_ELEMENTS, N_ELEMENTS * 4, dequantize_u8, dequantize_u8),
  ROW ("smallest and largest float", N_ELEMENTS * 4, 0, minmax, minmax),
  ROW ("clamp u8", N_ELEMENTS, N_ELEMENTS, clamp_u8, clamp_u8),
  ROW ("table lookup", N_ELEMENTS, N_ELEMENTS, lookup, lookup),
  ROW ("add and relu u8", N_ELEMENTS * 2, N_ELEMENTS, add_u8, add_relu_u8),
  ROW ("mul u8", N_ELEMENTS * 2, N_ELEMENTS, mul_u8, mul_u8),
  ROW ("max pool 3x3 /2 u8, 32x32x64", N_ELEMENTS, N_ELEMENTS / 4, max_pool_u8, max_pool_u8),
  ROW ("avg pool 2x2 u8, 32x32x64", N_ELEMENTS, N_ELEMENTS / 4, avg_pool_u8, avg_pool_u8),
  ROW ("global avg pool u8, 32x32x64", N_ELEMENTS, CHANNELS, adaptive_avg_pool_u8, global_avg_pool_u8),
  ROW ("exp", N_ELEMENTS * 4, N_ELEMENTS * 4, functions, function_exp),
  ROW ("sigmoid", N_ELEMENTS * 4, N_ELEMENTS * 4, functions, function_sigmoid),
  ROW ("tanh", N_ELEMENTS * 4, N_ELEMENTS * 4, functions, function_tanh),
  ROW ("silu", N_ELEMENTS * 4, N_ELEMENTS * 4, functions, function_silu),
  ROW ("gelu", N_ELEMENTS * 4, N_ELEMENTS * 4, functions, function_gelu),
  ROW ("gelu, by tanh", N_ELEMENTS * 4, N_ELEMENTS * 4, functions, function_gelu_tanh),
  ROW ("softmax, lines of 1024", N_ELEMENTS * 4, N_ELEMENTS * 4, softmax, softmax),
  ROW ("step of 8192 LSTM cells", CELLS * 9 * 4, CELLS * 2 * 4, cell, lstm),
  ROW ("step of 8192 GRU cells", CELLS * 7 * 4, CELLS * 4, cell, gru),
  ROW ("transposing 64 x 784 bytes", 64 * 784, 64 * 784, transpose, transpose_784_u8),
  ROW ("transposing 64 x 784 floats", 64 * 784 * 4, 64 * 784 * 4, transpose, transpose_784_f32),
  ROW ("transposing 64 x 1024 bytes", N_ELEMENTS, N_ELEMENTS, transpose, transpose_1024_u8),
  ROW ("transposing 64 x 1024 floats", N_ELEMENTS * 4, N_ELEMENTS * 4, transpose, transpose_1024_f32),
};

static void
run (void *data)
{
  const Work *work = data;

  work->call (&work->kernels, work->data);
}

static void
run_limit (void *data)
{
  const Work *work = data;

  char *y = (char *) work->data[2];

  memcpy (y, work->data[0], work->copied);
  memset (y + work->copied, 0, work->filled);
  if (work->read[0].run != NULL)
    work->read[0].run (work->read[0].data);
}

static void
clear (void *data)
{
  Work *work = data;

  for (size_t i = 0; i < sizeof work->data / sizeof work->data[0]; i++)
    free ((void *) work->data[i]);
  if (work->read[0].clear != NULL)
    work->read[0].clear (work->read[0].data);
  free (work);
}

static Work *
work_new (size_t   row,
          unsigned flags)
{
  Work *work = bench_alloc (sizeof *work);
  float *x = bench_alloc (N_ELEMENTS * sizeof *x);
  uint8_t *other = bench_alloc (N_ELEMENTS);
  float *scales = bench_alloc (CHANNELS * sizeof *scales);

  lfb_kernels_init (&work->kernels, flags);
  work->call = rows[row].call;
  bench_fill (other, N_ELEMENTS, 0, 255);
  /* More than two bytes an element are floats. */
  if (rows[row].read > N_ELEMENTS * 2)
    for (size_t i = 0; i < N_ELEMENTS; i++)
      x[i] = (float) other[i] * 0.07f - 9.0f;
  else
    bench_fill (x, N_ELEMENTS, 0, 255);
  for (size_t i = 0; i < CHANNELS; i++)
    scales[i] = 0.02f + (float) i * 0.001f;
  work->data[0] = x;
  work->data[1] = other;
  work->data[2] = bench_alloc (N_ELEMENTS * sizeof (float));
  work->data[3] = scales;
  work->data[4] = bench_alloc (CHANNELS * sizeof (int32_t));

  return work;
}

static void
add_limit (BenchSubject *subjects,
           size_t        row,
           unsigned      flags)
{
  Work *work = work_new (row, flags);
  BenchSubject *limit = bench_add (subjects, BENCH_LIMIT, "limit: copying %zu kB, reading %zu kB",
                                   rows[row].written / 1000, rows[row].read / 1000);

  work->read[0].role = BENCH_DONE;
  work->copied = rows[row].written < rows[row].read ? rows[row].written : rows[row].read;
  work->filled = rows[row].written - work->copied;
  if (rows[row].read > work->copied)
    bench_limit_read (work->read, flags, rows[row].read - work->copied);

  limit->run = run_limit;
  limit->clear = clear;
  limit->data = work;
  limit->work = (double) (rows[row].read + rows[row].written);
}

static void
make_row (size_t              row,
          const BenchOptions *options,
          char               *name,
          BenchSubject       *subjects)
{
  Work *work = work_new (row, options->flags);
  BenchSubject *ours;

  snprintf (name, 64, "%s", rows[row].name);
  add_limit (subjects, row, options->flags);

  ours = bench_add (subjects, BENCH_OURS, "lowerfb %s",
                    *(const char *const *) ((const char *) &work->kernels + rows[row].isa));
  ours->run = run;
  ours->clear = clear;
  ours->data = work;
  ours->work = (double) (rows[row].read + rows[row].written);
}

const BenchTable bench_elementwise = {
  .name = "elementwise",
  .unit = "GB/s",
  .n_rows = sizeof rows / sizeof rows[0],
  .make_row = make_row,
};

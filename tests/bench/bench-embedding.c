/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Embedding bags from a table that no cache holds: each run adds other rows, at
 * random.  The limit fetches and reads the same bytes, rows alone, without their
 * scales and zero points, and does nothing with them.
 */

#include "bench.h"

#include <stdio.h>
#include <stdlib.h>

#define N_ROWS ((size_t) 1000000)
#define WIDTH ((size_t) 128)
#define N_BAGS ((size_t) 100)
#define N_LOOKUPS ((size_t) 50)

/* Indices of all runs, which follow each other. */
#define N_INDICES (N_BAGS * N_LOOKUPS * 256)

static const unsigned widths[] = { 8, 4, 2 };

typedef struct
{
  LfbEmbeddingKernel kernel;
  LfbEmbedding       embedding;
  size_t             row_bytes;
  size_t             at;
  int64_t           *indices;
  int64_t           *bags;
  float             *y;
  uint8_t           *rows;
  float             *scales;
  float             *zero_points;
} Work;

static const int64_t *
next_indices (Work *work)
{
  const int64_t *indices = work->indices + work->at;

  work->at = (work->at + N_BAGS * N_LOOKUPS) % N_INDICES;

  return indices;
}

static void
run (void *data)
{
  Work *work = data;

  work->embedding.indices = next_indices (work);
  work->kernel.run (&work->embedding, 0, N_BAGS, work->y);
}

#define AHEAD ((size_t) 24)

static void
run_limit (void *data)
{
  Work *work = data;
  const int64_t *indices = next_indices (work);
  uint64_t sum = 0;

  for (size_t i = 0; i < N_BAGS * N_LOOKUPS; i++)
    {
      const uint8_t *row = work->rows + (size_t) indices[i] * work->row_bytes;

      if (i + AHEAD < N_BAGS * N_LOOKUPS)
        for (size_t j = 0; j < work->row_bytes; j += 64)
          __builtin_prefetch (work->rows + (size_t) indices[i + AHEAD] * work->row_bytes + j);
      for (size_t j = 0; j < work->row_bytes; j += 64)
        sum += row[j];
    }

  work->y[0] = (float) sum;
}

static void
clear (void *data)
{
  Work *work = data;

  free (work->rows);
  free (work->scales);
  free (work->zero_points);
  free (work->indices);
  free (work->bags);
  free (work->y);
  free (work);
}

static Work *
work_new (unsigned bits,
          unsigned flags)
{
  Work *work = bench_alloc (sizeof *work);

  if (bits == 8)
    lfb_embedding_u8_init (&work->kernel, flags);
  else if (bits == 4)
    lfb_embedding_u4_init (&work->kernel, flags);
  else
    lfb_embedding_u2_init (&work->kernel, flags);

  work->row_bytes = WIDTH * bits / 8;
  work->rows = bench_alloc (N_ROWS * work->row_bytes);
  bench_fill (work->rows, N_ROWS * work->row_bytes, 0, 255);
  work->scales = bench_alloc (N_ROWS * sizeof *work->scales);
  work->zero_points = bench_alloc (N_ROWS * sizeof *work->zero_points);
  for (size_t i = 0; i < N_ROWS; i++)
    {
      work->scales[i] = 0.01f + (float) (i % 100) * 0.001f;
      work->zero_points[i] = (float) (i % 17);
    }

  work->indices = bench_alloc (N_INDICES * sizeof *work->indices);
  bench_fill (work->indices, N_INDICES * sizeof *work->indices, 0, 255);
  for (size_t i = 0; i < N_INDICES; i++)
    work->indices[i] = (int64_t) ((uint64_t) work->indices[i] % N_ROWS);
  work->bags = bench_alloc ((N_BAGS + 1) * sizeof *work->bags);
  for (size_t i = 0; i <= N_BAGS; i++)
    work->bags[i] = (int64_t) (i * N_LOOKUPS);
  work->y = bench_alloc (N_BAGS * WIDTH * sizeof *work->y);

  work->embedding = (LfbEmbedding) {
    .rows = work->rows,
    .width = WIDTH,
    .scales = work->scales,
    .zero_points = work->zero_points,
    .bags = work->bags,
    .skip = -1,
  };

  return work;
}

static void
make_row (size_t              row,
          const BenchOptions *options,
          char               *name,
          BenchSubject       *subjects)
{
  Work *work = work_new (widths[row], options->flags);
  BenchSubject *limit, *ours;

  snprintf (name, 64, "%u bit, bags of %zu rows of %zu", widths[row], N_LOOKUPS, WIDTH);

  limit = bench_add (subjects, BENCH_LIMIT, "limit: reading rows of %zu bytes", work->row_bytes);
  limit->run = run_limit;
  limit->data = work;
  limit->work = (double) (N_BAGS * N_LOOKUPS * work->row_bytes);

  ours = bench_add (subjects, BENCH_OURS, "lowerfb %s", work->kernel.isa);
  ours->run = run;
  ours->clear = clear;
  ours->data = work;
  ours->work = limit->work;
}

const BenchTable bench_embedding = {
  .name = "embedding",
  .unit = "GB/s",
  .n_rows = sizeof widths / sizeof widths[0],
  .make_row = make_row,
};

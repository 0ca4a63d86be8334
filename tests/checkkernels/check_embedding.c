/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bags of embedding rows in 8, 4 and 2 bits. */

#include "check.h"
#include "reference.h"

#include <math.h>

#include <lowerfb/kernels/half.h>

typedef struct
{
  unsigned bits;
  size_t   n_rows;
  size_t   width;
  size_t   n_bags;
  size_t   n_indices;
  bool     lone;      /* each index alone */
  bool     weighted;
  bool     skipping;
  bool     mean;
} Shape;

static void
run_kernel (unsigned            bits,
            const LfbKernels   *kernels,
            const LfbEmbedding *embedding,
            size_t              begin,
            size_t              end,
            float              *y)
{
  const LfbEmbeddingKernel *kernel = bits == 8   ? &kernels->embedding_u8
                                     : bits == 4 ? &kernels->embedding_u4
                                                 : &kernels->embedding_u2;

  kernel->run (embedding, begin, end, y);
}

static float
to_half (float value)
{
  return lfb_half_to_float (lfb_float_to_half (value));
}

/* One element, with its bits taken one by one. */
static float
element (unsigned            bits,
         const LfbEmbedding *e,
         size_t              bag,
         size_t              column)
{
  size_t begin = e->bags != NULL ? (size_t) e->bags[bag] : bag;
  size_t end = e->bags != NULL ? (size_t) e->bags[bag + 1] : bag + 1;
  float sum = 0.0f;
  float n = 0.0f;

  for (size_t i = begin; i < end; i++)
    {
      size_t row = (size_t) e->indices[i];
      size_t bit = (row * e->width + column) * bits;
      float weight = e->weights != NULL ? e->weights[i] : 1.0f;
      float scale = e->scales[row];
      float bias = -(e->zero_points[row] * scale);
      int q = 0;

      if (e->indices[i] == e->skip)
        continue;

      for (unsigned k = 0; k < bits; k++)
        q += (e->rows[(bit + k) / 8] >> (bit + k) % 8 & 1) << k;

      if (bits < 8)
        {
          scale = to_half (scale);
          bias = to_half (bias);
        }

      scale = weight * scale;
      bias = weight * bias;
      sum = sum + bias;
      sum = fmaf (scale, (float) q, sum);
      n += 1.0f;
    }

  return e->mean && n > 0.0f ? sum * (1.0f / n) : sum;
}

static float *
parameters (size_t n,
            float  low,
            float  high)
{
  float *values = guard_new (CHECK_F32, n, PLACE_END);

  for (size_t i = 0; i < n; i++)
    values[i] = rnd_one_in (16) ? 0.0f : rnd_float (low, high);

  return values;
}

/* int64 as pairs of what the guarded buffers know. */
static int64_t *
guard_new_int64 (size_t n)
{
  return guard_new (CHECK_S32, 2 * n, PLACE_END);
}

static LfbEmbedding
embedding_new (const Shape *s)
{
  size_t n_bytes = (s->n_rows * s->width * s->bits + 7) / 8;
  size_t n_indices = s->lone ? s->n_bags : s->n_indices;
  uint8_t *rows = guard_new (CHECK_U8, n_bytes, rnd_place ());
  int64_t *indices = guard_new_int64 (n_indices);
  int64_t *bags = guard_new_int64 (s->n_bags + 1);
  LfbEmbedding e = { .rows = rows, .width = s->width, .indices = indices, .skip = -1, .mean = s->mean };

  fill_bytes (CHECK_U8, rows, n_bytes, rnd_one_in (4) ? FILL_HIGH : FILL_RANDOM);
  e.scales = parameters (s->n_rows, 0.001f, 3.0f);
  e.zero_points = parameters (s->n_rows, -40.0f, 300.0f);
  e.weights = s->weighted ? parameters (n_indices, -2.0f, 2.0f) : NULL;

  for (size_t i = 0; i < n_indices; i++)
    indices[i] = rnd_between (0, (int64_t) s->n_rows - 1);

  /* Cut anywhere, so that bags are empty at times. */
  for (size_t i = 0; i <= s->n_bags; i++)
    bags[i] = i == 0 ? 0 : i == s->n_bags ? (int64_t) n_indices : rnd_between (bags[i - 1], (int64_t) n_indices);

  if (!s->lone)
    e.bags = bags;
  if (s->skipping && n_indices > 0)
    e.skip = indices[0];

  guard_freeze (rows);
  guard_freeze (indices);
  guard_freeze (bags);

  return e;
}

static void
embedding_case (const LfbKernels *kernels,
                const Shape      *s)
{
  size_t begin = rnd_one_in (2) ? 0 : (size_t) rnd_between (0, (int64_t) s->n_bags);
  size_t n = (s->n_bags - begin) * s->width;
  LfbEmbedding e = embedding_new (s);
  float *y = guard_new (CHECK_F32, n, PLACE_END);
  float *expected = guard_new (CHECK_F32, n, PLACE_END);

  check_case ("bits=%u rows=%zu width=%zu bags=%zu..%zu indices=%zu lone=%d weighted=%d skipping=%d mean=%d", s->bits,
              s->n_rows, s->width, begin, s->n_bags, s->n_indices, s->lone, s->weighted, s->skipping, s->mean);

  if (check_is_c ())
    for (size_t i = 0; i < n; i++)
      expected[i] = element (s->bits, &e, begin + i / s->width, i % s->width);
  else
    run_kernel (s->bits, check_kernels_c (), &e, begin, s->n_bags, expected);

  run_kernel (s->bits, kernels, &e, begin, s->n_bags, y);
  check_same (CHECK_F32, y, expected, n);
  guard_verify (y);
  guard_free_all ();
}

static Shape
random_shape (unsigned bits,
              size_t   width)
{
  Shape s = { .bits = bits, .width = width };

  s.n_rows = (size_t) rnd_between (1, 40);
  s.n_bags = (size_t) rnd_between (1, 6);
  s.n_indices = (size_t) rnd_between (0, rnd_one_in (6) ? 200 : 20);
  s.lone = rnd_one_in (4);
  s.weighted = rnd_one_in (2);
  s.skipping = rnd_one_in (3);
  s.mean = rnd_one_in (3);

  return s;
}

static void
check (unsigned          bits,
       const LfbKernels *kernels)
{
  for (size_t width = 0; width <= 140; width++)
    for (int i = 0; i < 3; i++)
      {
        Shape s = random_shape (bits, width);

        embedding_case (kernels, &s);
      }

  for (int i = 0; i < 60; i++)
    {
      Shape s = random_shape (bits, (size_t) rnd_between (1, 20) * 32);

      embedding_case (kernels, &s);
    }
}

#define N_ROWS   200000
#define N_BAGS   20
#define N_LOOKUP 50
#define WIDTH    128

typedef struct
{
  unsigned          bits;
  const LfbKernels *kernels;
  LfbEmbedding      embedding;
  float            *y;
} Bench;

static void
call (void *data)
{
  Bench *bench = data;

  run_kernel (bench->bits, bench->kernels, &bench->embedding, 0, N_BAGS, bench->y);
}

static void
bench (unsigned          bits,
       const LfbKernels *kernels)
{
  Shape shape = { .bits = bits, .n_rows = N_ROWS, .width = WIDTH, .n_bags = N_BAGS, .n_indices = N_BAGS * N_LOOKUP };
  Bench bench = { bits, kernels, embedding_new (&shape), guard_new (CHECK_F32, N_BAGS * WIDTH, 0) };

  bench_run ("20 bags of about 50 rows of 128", N_BAGS * N_LOOKUP * WIDTH * bits / 8.0, "GB/s", call, &bench);
}

static void check_u8 (const LfbKernels *k) { check (8, k); }
static void check_u4 (const LfbKernels *k) { check (4, k); }
static void check_u2 (const LfbKernels *k) { check (2, k); }
static void bench_u8 (const LfbKernels *k) { bench (8, k); }
static void bench_u4 (const LfbKernels *k) { bench (4, k); }
static void bench_u2 (const LfbKernels *k) { bench (2, k); }

const CheckEntry check_embedding_entries[] = {
  { "embedding_u8", offsetof (LfbKernels, embedding_u8), check_u8, bench_u8 },
  { "embedding_u4", offsetof (LfbKernels, embedding_u4), check_u4, bench_u4 },
  { "embedding_u2", offsetof (LfbKernels, embedding_u2), check_u2, bench_u2 },
  { NULL, 0, NULL, NULL },
};

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Arithmetic, layer normalization and matrix products of floats: the C variant beside
 * its rule, written another way; the others beside the C variant.
 */

#include "check.h"

#include <math.h>
#include <string.h>

static LfbArithmetic
operation (const LfbKernels *kernels,
           int               which)
{
  const LfbArithmetic all[] = { kernels->arithmetic.add, kernels->arithmetic.sub, kernels->arithmetic.mul, kernels->arithmetic.div };

  return all[which];
}

static void
arithmetic_case (const LfbKernels *kernels,
                 int               which,
                 size_t            n,
                 size_t            a_step,
                 size_t            b_step)
{
  int place = rnd_place (), in_place = a_step == 1 ? (int) rnd_between (0, 2) : 2;
  float *a = guard_new (CHECK_F32, a_step == 1 ? n : 1, place);
  float *b = guard_new (CHECK_F32, b_step == 1 ? n : 1, rnd_place ());
  float *y = in_place == 0 ? a : guard_new (CHECK_F32, n, rnd_place ());
  float *expected = guard_new (CHECK_F32, n, PLACE_END);

  check_case ("operation=%d n=%zu a_step=%zu b_step=%zu in_place=%d", which, n, a_step, b_step, in_place == 0);
  fill_floats (a, a_step == 1 ? n : 1, 1.0f, false);
  fill_floats (b, b_step == 1 ? n : 1, 1.0f, false);

  for (size_t i = 0; i < n; i++)
    {
      double left = a[i * a_step], right = b[i * b_step];

      /* Rounded twice, which for these four is as good as once. */
      expected[i] = (float) (which == 0 ? left + right : which == 1 ? left - right : which == 2 ? left * right : left / right);
    }

  if (!check_is_c ())
    operation (check_kernels_c (), which) (a, a_step, b, b_step, expected, n);

  guard_freeze (b);
  operation (kernels, which) (a, a_step, b, b_step, y, n);
  check_same (CHECK_F32, y, expected, n);
  guard_verify (y);
  guard_free_all ();
}

static void
check_arithmetic (const LfbKernels *kernels)
{
  for (size_t n = 0; n <= 70; n++)
    for (int which = 0; which < 4; which++)
      for (size_t steps = 0; steps < 4; steps++)
        arithmetic_case (kernels, which, rnd_one_in (8) ? (size_t) rnd_between (100, 500) : n, steps & 1, steps >> 1);
}

static void
layer_norm_case (const LfbKernels *kernels,
                 size_t            n,
                 bool              with_gamma,
                 bool              with_beta)
{
  bool in_place = rnd_one_in (4), odd = !check_is_c () && rnd_one_in (8);
  double eps = rnd_one_in (4) ? 0.5 : 1e-5;
  float center = rnd_float (-100.0f, 100.0f), width = rnd_float (0.01f, 10.0f);
  int place = rnd_place ();
  float *x = guard_new (CHECK_F32, n, place);
  float *y = in_place ? x : guard_new (CHECK_F32, n, rnd_place ());
  float *gamma = with_gamma ? guard_new (CHECK_F32, n, rnd_place ()) : NULL;
  float *beta = with_beta ? guard_new (CHECK_F32, n, rnd_place ()) : NULL;
  float *expected = guard_new (CHECK_F32, n, PLACE_END);
  long double sum = 0, squares = 0, mean;

  check_case ("n=%zu gamma=%d beta=%d in_place=%d odd=%d center=%a width=%a", n, with_gamma, with_beta, in_place, odd,
              (double) center, (double) width);

  for (size_t i = 0; i < n; i++)
    {
      x[i] = odd && rnd_one_in (10) ? INFINITY : center + rnd_float (-width, width);
      if (with_gamma)
        gamma[i] = rnd_float (-2.0f, 2.0f);
      if (with_beta)
        beta[i] = rnd_float (-2.0f, 2.0f);
      sum += x[i];
    }

  mean = sum / n;
  for (size_t i = 0; i < n; i++)
    squares += (x[i] - mean) * (x[i] - mean);

  for (size_t i = 0; i < n; i++)
    expected[i] = (float) ((x[i] - mean) / sqrtl (squares / n + eps) * (with_gamma ? gamma[i] : 1.0f) +
                           (with_beta ? beta[i] : 0.0f));

  if (!check_is_c ())
    check_kernels_c ()->layer_norm.run (x, expected, n, gamma, beta, eps);

  kernels->layer_norm.run (x, y, n, gamma, beta, eps);

  if (!check_is_c ())
    check_same (CHECK_F32, y, expected, n);
  else
    /* What the rounding of the mean to float32 leaves, and two steps. */
    for (size_t i = 0; i < n; i++)
      if (!(fabsf (y[i] - expected[i]) <= 2e-6f + fabsf (center) * 3e-7f / fmaxf (width * 0.1f, (float) sqrt (eps))))
        check_fail ("element %zu is %a, expected %a", i, (double) y[i], (double) expected[i]);

  guard_verify (y);
  guard_free_all ();
}

static void
check_layer_norm (const LfbKernels *kernels)
{
  for (size_t n = 1; n <= 100; n++)
    for (int given = 0; given < 4; given++)
      layer_norm_case (kernels, rnd_one_in (8) ? (size_t) rnd_between (100, 1500) : n, given & 1, given >> 1);
}

/* Places of a matrix: row-major, turned, or a part of a wider one. */
static float *
matrix_new (size_t     rows,
            size_t     columns,
            ptrdiff_t *row,
            ptrdiff_t *column)
{
  bool turned = rnd_one_in (2);
  size_t outer = turned ? columns : rows, inner = turned ? rows : columns;
  size_t stride = inner + (size_t) (rnd_one_in (2) ? rnd_between (1, 20) : 0);
  float *x = guard_new (CHECK_F32, outer > 0 ? (outer - 1) * stride + inner : 0, rnd_place ());

  *row = turned ? 1 : (ptrdiff_t) stride;
  *column = turned ? (ptrdiff_t) stride : 1;

  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < columns; j++)
      x[(ptrdiff_t) i * *row + (ptrdiff_t) j * *column] = rnd_float (-1.0f, 1.0f);
  guard_freeze (x);

  return x;
}

static void
matmul_case (const LfbKernels *kernels,
             size_t            m,
             size_t            n,
             size_t            k)
{
  LfbMatmul args = { m, n, k, NULL, 0, 0, NULL, 0, 0, NULL, 0, rnd_one_in (2), NULL };
  size_t size;
  float *c, *expected;

  args.a = matrix_new (m, k, &args.a_row, &args.a_column);
  args.b = matrix_new (k, n, &args.b_row, &args.b_column);
  args.c_stride = n + (size_t) (rnd_one_in (2) ? rnd_between (1, 9) : 0);
  args.scratch = guard_aligned (LFB_MATMUL_SCRATCH * sizeof (float));
  size = m > 0 ? (m - 1) * args.c_stride + n : 0;
  args.c = c = guard_new (CHECK_F32, size, rnd_place ());
  expected = guard_new (CHECK_F32, size, PLACE_END);
  check_case ("m=%zu n=%zu k=%zu a=%td,%td b=%td,%td c=%zu add=%d", m, n, k, args.a_row, args.a_column, args.b_row, args.b_column,
              args.c_stride, args.add);

  for (size_t i = 0; i < size; i++)
    c[i] = expected[i] = rnd_float (-1.0f, 1.0f);

  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < n; j++)
      {
        volatile float sum = args.add ? c[i * args.c_stride + j] : 0.0f;

        for (size_t l = 0; l < k; l++)
          {
            volatile float product = args.a[(ptrdiff_t) i * args.a_row + (ptrdiff_t) l * args.a_column] *
                                     args.b[(ptrdiff_t) l * args.b_row + (ptrdiff_t) j * args.b_column];

            sum = sum + product;
          }
        expected[i * args.c_stride + j] = sum;
      }

  kernels->matmul.run (&args);
  check_same (CHECK_F32, c, expected, size);
  guard_verify (c);
  guard_free_all ();
}

static void
check_matmul (const LfbKernels *kernels)
{
  for (size_t m = 0; m <= 20; m++)
    for (int i = 0; i < 8; i++)
      {
        /* One draw after the other: arguments are evaluated in an order of the compiler's. */
        size_t n = (size_t) rnd_between (0, 140), k = (size_t) rnd_between (0, 40);

        matmul_case (kernels, m, n, k);
      }

  for (int i = 0; i < 4; i++)
    {
      size_t m = (size_t) rnd_between (1, 20), n = (size_t) rnd_between (60, 70), k = (size_t) rnd_between (250, 600);

      matmul_case (kernels, m, n, k);
    }
}

typedef struct
{
  const LfbKernels *kernels;
  LfbMatmul         args;
  const float      *x;
  float            *y;
} Bench;

static void
call_add (void *data)
{
  const Bench *bench = data;

  bench->kernels->arithmetic.add (bench->x, 1, bench->x + 8192, 1, bench->y, 8192);
}

static void
call_layer_norm (void *data)
{
  const Bench *bench = data;

  for (size_t i = 0; i < 16; i++)
    bench->kernels->layer_norm.run (bench->x + i * 768, bench->y + i * 768, 768, bench->x, bench->x + 768, 1e-5);
}

static void
call_matmul (void *data)
{
  const Bench *bench = data;

  bench->kernels->matmul.run (&bench->args);
}

static Bench
bench_new (const LfbKernels *kernels)
{
  Bench bench = { .kernels = kernels };
  float *x = guard_new (CHECK_F32, 16384, 0);

  for (size_t i = 0; i < 16384; i++)
    x[i] = rnd_float (-1.0f, 1.0f);
  bench.x = x;
  bench.y = guard_new (CHECK_F32, 16384, 0);

  return bench;
}

static void
bench_arithmetic (const LfbKernels *kernels)
{
  Bench bench = bench_new (kernels);

  bench_run ("add, 8192", 8192 * 12.0, "GB/s", call_add, &bench);
}

static void
bench_layer_norm (const LfbKernels *kernels)
{
  Bench bench = bench_new (kernels);

  bench_run ("16 rows of 768", 16 * 768 * 8.0, "GB/s", call_layer_norm, &bench);
}

static void
bench_matmul (const LfbKernels *kernels)
{
  Bench bench = bench_new (kernels);

  bench.args = (LfbMatmul) { 128, 128, 64, bench.x, 64, 1, bench.x + 8192, 1, 64, bench.y, 128, false, NULL };
  bench.args.scratch = guard_aligned (LFB_MATMUL_SCRATCH * sizeof (float));
  bench_run ("128 x 128 x 64, b turned", 2.0 * 128 * 128 * 64, "GOPS", call_matmul, &bench);

  bench.args = (LfbMatmul) { 128, 64, 128, bench.x, 128, 1, bench.x, 64, 1, bench.y, 64, false, bench.args.scratch };
  bench_run ("128 x 64 x 128", 2.0 * 128 * 128 * 64, "GOPS", call_matmul, &bench);

  bench.args = (LfbMatmul) { 1, 64, 128, bench.x, 128, 1, bench.x, 1, 128, bench.y, 64, false, bench.args.scratch };
  bench_run ("1 x 64 x 128, b turned", 2.0 * 64 * 128, "GOPS", call_matmul, &bench);
}

const CheckEntry check_float_entries[] = {
  { "arithmetic", offsetof (LfbKernels, arithmetic), check_arithmetic, bench_arithmetic },
  { "layer_norm", offsetof (LfbKernels, layer_norm), check_layer_norm, bench_layer_norm },
  { "matmul", offsetof (LfbKernels, matmul), check_matmul, bench_matmul },
  { NULL, 0, NULL, NULL },
};

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Linear: sums, output stages, strides, splitting, and the faults that integer
 * kernels classically have. */

#include "check.h"
#include "linear_case.h"

#include <stdio.h>
#include <string.h>

static LinearCase
random_case (size_t m,
             size_t n,
             size_t k)
{
  LinearCase c = { .m = m, .n = n, .k = k, .place = rnd_place () };

  c.x_fill = rnd_one_in (4) ? (Fill) rnd_between (0, N_FILLS - 1) : FILL_RANDOM;
  c.w_fill = rnd_one_in (4) ? (Fill) rnd_between (0, N_FILLS - 1) : FILL_RANDOM;
  c.zero_points = rnd_one_in (3);
  c.extreme_zero_points = rnd_one_in (4);
  c.x_zero_point = rnd_one_in (5) ? 0 : rnd_one_in (5) ? 255 : (int) rnd_between (0, 255);
  c.x_gap = rnd_one_in (2) ? 0 : (size_t) rnd_between (1, 70);
  c.w_gap = rnd_one_in (2) ? 0 : (size_t) rnd_between (1, 70);
  c.y_gap = rnd_one_in (2) ? 0 : (size_t) rnd_between (1, 70);
  c.split = rnd_one_in (3);
  c.extreme_outputs = rnd_one_in (8);
  c.dynamic = rnd_one_in (2);

  return c;
}

/* All rows and outputs up to two tiles and one more: every tail. */
static void
check_tails (const LfbKernels *kernels)
{
  size_t m_end = 2 * kernels->linear.tile_m + 1;
  size_t n_end = 2 * kernels->linear.tile_n + 1;

  for (size_t m = 0; m <= (m_end > 9 ? m_end : 9); m++)
    for (size_t n = 1; n <= (n_end > 67 ? n_end : 67); n++)
      {
        LinearCase c = random_case (m, n, (size_t) rnd_between (1, 70));

        linear_case_run (kernels, &c);
      }
}

/* Neighbouring products of one sign at their largest: saturation and overflow
 * of whatever is narrower than the sum. */
static void
check_saturation (const LfbKernels *kernels)
{
  for (size_t k = 1; k <= 300; k++)
    for (int form = 0; form < 4; form++)
      {
        LinearCase c = random_case (5, 33, k);

        c.x_fill = form & 1 ? FILL_ENDS : FILL_HIGH;
        c.w_fill = form & 2 ? FILL_LOW : FILL_HIGH;
        c.x_zero_point = k % 3 == 0 ? 255 : 0;
        c.zero_points = k % 2 == 0;
        c.extreme_zero_points = true;
        c.extreme_outputs = false;
        linear_case_run (kernels, &c);
      }
}

/* Where x is its zero point the result is the bias, whatever the weights. */
static void
check_zero_points (const LfbKernels *kernels)
{
  for (int zero_point = 0; zero_point <= 255; zero_point++)
    {
      LinearCase c = random_case (3, 35, (size_t) rnd_between (1, 200));

      c.x_zero_point = zero_point;
      c.x_is_zero_point = true;
      linear_case_run (kernels, &c);
    }
}

/* The largest k, at the end of int32 in both directions. */
static void
check_largest_k (const LfbKernels *kernels)
{
  for (int form = 0; form < 8; form++)
    {
      LinearCase c = random_case (2, 3, lfb_accumulation_limit (form & 4));

      c.x_fill = form & 1 ? FILL_ZERO : FILL_HIGH;
      c.x_zero_point = form & 1 ? 255 : 0;
      c.w_fill = form & 2 ? FILL_HIGH : FILL_LOW;
      c.zero_points = form & 4;
      c.extreme_zero_points = true;
      linear_case_run (kernels, &c);
    }
}

/* The same data wherever it lies. */
static void
check_places (const LfbKernels *kernels)
{
  for (int place = 0; place < N_PLACES; place++)
    for (size_t k = 61; k <= 67; k++)
      {
        LinearCase c = random_case (6, 37, k);

        c.place = place;
        linear_case_run (kernels, &c);
      }
}

/* More rows than any variant quantizes at a time, short and long ones. */
static void
check_blocks (const LfbKernels *kernels)
{
  static const size_t sizes[][3] = {
    { 257, 5, 3 }, { 377, 33, 40 }, { 378, 9, 2 }, { 379, 18, 20 }, { 260, 32, 1030 }, { 71, 17, 6000 },
  };

  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
    {
      LinearCase c = random_case (sizes[i][0], sizes[i][1], sizes[i][2]);

      c.dynamic = true;
      linear_case_run (kernels, &c);
    }
}

static void
check_random (const LfbKernels *kernels)
{
  for (int i = 0; i < 300; i++)
    {
      size_t m = (size_t) rnd_between (1, 40);
      size_t n = (size_t) rnd_between (1, 200);
      LinearCase c = random_case (m, n, (size_t) rnd_between (1, 600));

      linear_case_run (kernels, &c);
    }
}

/* Row m of x, times a column of ones that ends the weights 127 (or -127 and -1),
 * sums to @sum: 255 times 127 as often as it goes, then what is left. */
static void
set_sum (uint8_t *x,
         size_t   k,
         int64_t  sum)
{
  for (size_t i = 0; i < k - 1; i++)
    {
      int64_t step = sum / 127 < 255 ? sum / 127 : 255;

      x[i] = (uint8_t) step;
      sum -= step * 127;
    }

  x[k - 1] = (uint8_t) sum;
}

/* Sums of every kind through every kind of output parameters: around 2^24,
 * where float (acc) begins to round, ties, denormals, infinities. */
static void
check_output_stage (const LfbKernels *kernels)
{
  enum { M = 64, N = 97, K = 1200 };
  static const int64_t bases[] = { 0, 1 << 23, 1 << 24, 3 << 23, 1 << 25 };

  for (int round = 0; round < 12; round++)
    {
      LinearCase c = { .m = M, .n = N, .k = K, .extreme_outputs = round % 3 != 2, .place = PLACE_END };
      LinearData data = linear_data_new (&c, &kernels->linear);
      uint8_t *x = guard_new (CHECK_U8, M * K, PLACE_END);
      int8_t *w = guard_new (CHECK_S8, N * K, PLACE_END);
      LinearOutputs y, expected;

      check_case ("output stage, round %d", round);

      for (size_t m = 0; m < M; m++)
        set_sum (x + m * K, K, bases[m % 5] + (m < 40 ? (int64_t) (m / 5) : rnd_between (0, 3000)));

      for (size_t n = 0; n < N; n++)
        {
          memset (w + n * K, n % 2 ? -127 : 127, K - 1);
          w[n * K + K - 1] = n % 2 ? -1 : 1;
        }

      data.weights.w = w;
      data.args.x = x;
      y = linear_outputs_new (&data, M * N, PLACE_END);
      expected = linear_outputs_new (&data, M * N, PLACE_END);

      if (check_is_c ())
        linear_reference (&data, &expected);
      else
        linear_data_run (&check_kernels_c ()->linear, &data, &expected);

      linear_data_run (&kernels->linear, &data, &y);
      linear_outputs_same (&y, &expected, M * N);
      guard_free_all ();
    }
}

/* Each instruction set that this CPU has brings its own variant: none is passed
 * over, or tested under the name of another. */
static void
check_variants (void)
{
  static const unsigned own[] = { LFB_CPU_AVX2, LFB_CPU_AVXVNNI, LFB_CPU_AVX512VNNI };
  unsigned all = lfb_cpu_detect ();
  LfbLinearKernel kernel;

  check_case ("no flags");
  lfb_linear_init (&kernel, 0);
  check_true (strcmp (kernel.isa, "c") == 0);

  for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
    {
      if ((all & own[i]) == 0)
        continue;

      check_case ("flags up to %s", lfb_cpu_flag_name (own[i]));
      lfb_linear_init (&kernel, all & (own[i] | (own[i] - 1)));
      check_true (strcmp (kernel.isa, lfb_cpu_flag_name (own[i])) == 0);
      check_true (kernel.needs == own[i]);
    }
}

static void
check (const LfbKernels *kernels)
{
  if (check_is_c ())
    check_variants ();
  check_tails (kernels);
  check_saturation (kernels);
  check_zero_points (kernels);
  check_largest_k (kernels);
  check_places (kernels);
  check_blocks (kernels);
  check_output_stage (kernels);
  check_random (kernels);
}

typedef struct
{
  const LfbLinearKernel *kernel;
  const void            *packed;
  LinearData                   data;
  uint8_t               *y;
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
  static const size_t sizes[][3] = {
    { 1, 768, 768 }, { 4, 768, 768 }, { 16, 768, 768 }, { 128, 768, 768 }, { 128, 768, 64 }, { 128, 3072, 768 },
  };

  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
    {
      LinearCase c = { .m = sizes[i][0], .n = sizes[i][1], .k = sizes[i][2], .x_zero_point = 128, .place = 0 };
      Bench bench = { .kernel = &kernels->linear, .data = linear_data_new (&c, &kernels->linear) };
      void *packed = guard_aligned (kernels->linear.pack_size (&bench.data.weights));
      char what[64];

      kernels->linear.pack (&bench.data.weights, packed);
      bench.packed = packed;
      bench.data.args.scratch = guard_aligned (kernels->linear.scratch_size (packed));
      bench.y = guard_aligned (c.m * c.n);

      snprintf (what, sizeof what, "m=%zu n=%zu k=%zu", c.m, c.n, c.k);
      bench_run (what, 2.0 * (double) c.m * (double) c.n * (double) c.k, "GOPS", call, &bench);
      guard_free_all ();
    }
}

const CheckEntry check_linear_entries[] = {
  { "linear_u8s8", offsetof (LfbKernels, linear), check, bench },
  { NULL, 0, NULL, NULL },
};

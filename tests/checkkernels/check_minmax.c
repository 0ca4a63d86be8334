/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The range of an array. */

#include "check.h"

#include <math.h>

static void
range_case (const LfbKernels *kernels,
            const float      *x,
            size_t            n)
{
  float expected[2] = { 0.0f, 0.0f };
  float found[2] = { 7.0f, 7.0f };
  bool finite = true;

  if (check_is_c ())
    {
      for (size_t i = 0; i < n; i++)
        {
          if (!isfinite (x[i]))
            finite = false;
          if (i == 0 || x[i] < expected[0])
            expected[0] = x[i];
          if (i == 0 || x[i] > expected[1])
            expected[1] = x[i];
        }

      for (int i = 0; i < 2; i++)
        if (!finite || expected[i] == 0.0f)
          expected[i] = 0.0f;
    }
  else
    finite = check_kernels_c ()->minmax.run (x, n, &expected[0], &expected[1]);

  if (kernels->minmax.run (x, n, &found[0], &found[1]) != finite)
    check_fail ("says %s", finite ? "not finite" : "finite");

  check_same (CHECK_F32, found, expected, 2);
}

/* Arrays of ordinary values in which one element is @odd, at each place. */
static void
odd_one (const LfbKernels *kernels,
         float             odd)
{
  for (size_t n = 1; n <= 70; n++)
    {
      float *x = guard_new (CHECK_F32, n, PLACE_END);
      size_t at = (size_t) rnd_between (0, (int64_t) n - 1);

      for (size_t i = 0; i < n; i++)
        x[i] = rnd_float (-10.0f, 10.0f);
      x[at] = odd;

      check_case ("n=%zu with %a at %zu", n, (double) odd, at);
      range_case (kernels, x, n);
      guard_free_all ();
    }
}

static void
check_range (const LfbKernels *kernels)
{
  static const float odd[] = {
    NAN, -NAN, INFINITY, -INFINITY, 3.4028234e38f, -3.4028234e38f, 1e-45f, -1e-45f, 0.0f, -0.0f, 100.0f, -100.0f,
  };

  for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
    odd_one (kernels, odd[i]);

  for (int i = 0; i < 400; i++)
    {
      size_t n = (size_t) rnd_between (1, i < 100 ? 100 : 5000);
      int place = rnd_place ();
      float *x = guard_new (CHECK_F32, n, place);
      /* Only one sign, or both: the 0 that quantization adds is not the kernel's. */
      float low = rnd_float (-5.0f, 5.0f);

      for (size_t j = 0; j < n; j++)
        x[j] = low + rnd_float (0.0f, 3.0f);

      guard_freeze (x);
      check_case ("n=%zu place=%d from %a", n, place, (double) low);
      range_case (kernels, x, n);
      guard_free_all ();
    }

  for (size_t n = 1; n <= 70; n++)
    {
      float *x = guard_new (CHECK_F32, n, PLACE_END);

      for (size_t i = 0; i < n; i++)
        x[i] = rnd_one_in (2) ? -0.0f : 0.0f;

      check_case ("n=%zu zeros of both signs", n);
      range_case (kernels, x, n);
      guard_free_all ();
    }
}

#define N_BENCH 65536

typedef struct
{
  const LfbKernels *kernels;
  float            *x;
} Bench;

static void
call (void *data)
{
  Bench *bench = data;
  float min, max;

  bench->kernels->minmax.run (bench->x, N_BENCH, &min, &max);
}

static void
bench_range (const LfbKernels *kernels)
{
  Bench bench = { kernels, guard_new (CHECK_F32, N_BENCH, 0) };

  for (size_t i = 0; i < N_BENCH; i++)
    bench.x[i] = rnd_float (-4.0f, 4.0f);

  bench_run ("65536 elements", N_BENCH * 4.0, "GB/s", call, &bench);
}

const CheckEntry check_minmax_entries[] = {
  { "minmax_f32", offsetof (LfbKernels, minmax), check_range, bench_range },
  { NULL, 0, NULL, NULL },
};

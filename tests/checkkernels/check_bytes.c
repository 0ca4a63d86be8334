/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Clamp and table lookup: exhaustive in the values, and every length, place
 * and use in place. */

#include "check.h"
#include "reference.h"

static void
run_clamp (CheckType         type,
           const LfbKernels *kernels,
           const void       *x,
           void             *y,
           size_t            n,
           int               low,
           int               high)
{
  if (type == CHECK_U8)
    kernels->clamp_u8.run (x, y, n, (uint8_t) low, (uint8_t) high);
  else
    kernels->clamp_s8.run (x, y, n, (int8_t) low, (int8_t) high);
}

static void
clamp_case (CheckType         type,
            const LfbKernels *kernels,
            size_t            n,
            int               place,
            bool              in_place,
            int               low,
            int               high)
{
  void *x = guard_new (type, n, place);
  void *y = in_place ? x : guard_new (type, n, place);
  void *expected = guard_new (type, n, PLACE_END);

  check_case ("n=%zu place=%d in_place=%d low=%d high=%d", n, place, in_place, low, high);

  /* Every byte value where there is room. */
  for (size_t i = 0; i < n; i++)
    ((uint8_t *) x)[i] = n >= 256 ? (uint8_t) i : (uint8_t) rnd ();
  if (!in_place)
    guard_freeze (x);

  if (check_is_c ())
    for (size_t i = 0; i < n; i++)
      {
        int64_t value = ref_get (type, x, i);

        ref_set (type, expected, i, value < low ? low : value > high ? high : value);
      }
  else
    run_clamp (type, check_kernels_c (), x, expected, n, low, high);

  run_clamp (type, kernels, x, y, n, low, high);
  check_same (type, y, expected, n);
  guard_verify (y);
  guard_free_all ();
}

static void
check_clamp (CheckType         type,
             const LfbKernels *kernels)
{
  int qmin = (int) ref_qmin (type);
  int qmax = (int) ref_qmax (type);

  for (size_t n = 0; n <= 200; n++)
    {
      int low = (int) rnd_between (qmin, qmax);

      clamp_case (type, kernels, n, PLACE_END, n % 2 != 0, low, (int) rnd_between (low, qmax));
    }

  for (int place = 0; place < N_PLACES; place++)
    {
      int low = (int) rnd_between (qmin, qmax);

      clamp_case (type, kernels, 300, place, false, low, (int) rnd_between (low, qmax));
    }

  for (int low = qmin; low <= qmax; low += 5)
    for (int high = low; high <= qmax; high += 17)
      clamp_case (type, kernels, 256, PLACE_END, false, low, high);

  clamp_case (type, kernels, 256, PLACE_END, false, qmin, qmax);
  clamp_case (type, kernels, 256, PLACE_END, false, qmin, qmin);
  clamp_case (type, kernels, 256, PLACE_END, false, qmax, qmax);
}

static void
lookup_case (const LfbKernels *kernels,
             size_t            n,
             int               place,
             bool              in_place)
{
  uint8_t *x = guard_new (CHECK_U8, n, place);
  uint8_t *y = in_place ? x : guard_new (CHECK_U8, n, place);
  uint8_t *expected = guard_new (CHECK_U8, n, PLACE_END);
  uint8_t *table = guard_new (CHECK_U8, 256, rnd_place ());

  check_case ("n=%zu place=%d in_place=%d", n, place, in_place);

  for (size_t i = 0; i < n; i++)
    x[i] = n >= 256 ? (uint8_t) i : (uint8_t) rnd ();
  fill_bytes (CHECK_U8, table, 256, FILL_RANDOM);
  guard_freeze (table);
  if (!in_place)
    guard_freeze (x);

  if (check_is_c ())
    for (size_t i = 0; i < n; i++)
      expected[i] = table[x[i]];
  else
    check_kernels_c ()->lookup.run (x, expected, n, table);

  kernels->lookup.run (x, y, n, table);
  check_same (CHECK_U8, y, expected, n);
  guard_verify (y);
  guard_free_all ();
}

static void
check_lookup (const LfbKernels *kernels)
{
  for (size_t n = 0; n <= 300; n++)
    lookup_case (kernels, n, PLACE_END, n % 2 != 0);

  for (int place = 0; place < N_PLACES; place++)
    lookup_case (kernels, 1000, place, false);
}

#define N_BENCH 65536

typedef struct
{
  CheckType         type;
  const LfbKernels *kernels;
  uint8_t          *x;
  uint8_t          *y;
  uint8_t           table[256];
} Bench;

static void
call_clamp (void *data)
{
  Bench *bench = data;

  run_clamp (bench->type, bench->kernels, bench->x, bench->y, N_BENCH, 10, 100);
}

static void
call_lookup (void *data)
{
  Bench *bench = data;

  bench->kernels->lookup.run (bench->x, bench->y, N_BENCH, bench->table);
}

static void
bench_call (CheckType         type,
            const LfbKernels *kernels,
            void            (*call) (void *data))
{
  Bench bench = { type, kernels, guard_new (CHECK_U8, N_BENCH, 0), guard_new (CHECK_U8, N_BENCH, 0), { 0 } };

  fill_bytes (CHECK_U8, bench.x, N_BENCH, FILL_RANDOM);
  fill_bytes (CHECK_U8, bench.table, 256, FILL_RANDOM);
  bench_run ("65536 elements", N_BENCH * 2.0, "GB/s", call, &bench);
}

static void check_clamp_u8 (const LfbKernels *k) { check_clamp (CHECK_U8, k); }
static void check_clamp_s8 (const LfbKernels *k) { check_clamp (CHECK_S8, k); }
static void bench_clamp_u8 (const LfbKernels *k) { bench_call (CHECK_U8, k, call_clamp); }
static void bench_clamp_s8 (const LfbKernels *k) { bench_call (CHECK_S8, k, call_clamp); }
static void bench_lookup (const LfbKernels *k) { bench_call (CHECK_U8, k, call_lookup); }

const CheckEntry check_bytes_entries[] = {
  { "clamp_u8", offsetof (LfbKernels, clamp_u8), check_clamp_u8, bench_clamp_u8 },
  { "clamp_s8", offsetof (LfbKernels, clamp_s8), check_clamp_s8, bench_clamp_s8 },
  { "lookup_u8", offsetof (LfbKernels, lookup), check_lookup, bench_lookup },
  { NULL, 0, NULL, NULL },
};

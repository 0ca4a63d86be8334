/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Normalization: moments, normalize, affine. */

#include "check.h"
#include "reference.h"

#include <math.h>

static void
run_moments (CheckType         type,
             const LfbKernels *k,
             const void       *x,
             size_t            n,
             int32_t           zero_point,
             int64_t           moments[2])
{
  if (type == CHECK_U8)
    k->moments_u8.run (x, n, zero_point, &moments[0], &moments[1]);
  else
    k->moments_s8.run (x, n, zero_point, &moments[0], &moments[1]);
}

static int32_t
some_zero_point (CheckType type)
{
  int32_t qmin = (int32_t) ref_qmin (type), qmax = (int32_t) ref_qmax (type);

  return rnd_one_in (4) ? qmin : rnd_one_in (4) ? qmax : (int32_t) rnd_between (qmin, qmax);
}

static void
moments_case (CheckType         type,
              const LfbKernels *kernels,
              size_t            n,
              Fill              fill)
{
  int place = rnd_place ();
  int32_t zero_point = some_zero_point (type);
  void *x = guard_new (type, n, place);
  int64_t found[2] = { -1, -1 };
  int64_t expected[2] = { 0, 0 };

  check_case ("n=%zu place=%d fill=%d zero_point=%d", n, place, fill, zero_point);
  fill_bytes (type, x, n, fill);
  guard_freeze (x);

  if (check_is_c ())
    for (size_t i = 0; i < n; i++)
      {
        int64_t difference = ref_get (type, x, i) - zero_point;

        expected[0] += difference;
        expected[1] += difference * difference;
      }
  else
    run_moments (type, check_kernels_c (), x, n, zero_point, expected);

  run_moments (type, kernels, x, n, zero_point, found);
  /* Two halves each. */
  check_same (CHECK_S32, found, expected, 4);
  guard_free_all ();
}

static void
check_moments (CheckType         type,
               const LfbKernels *kernels)
{
  for (size_t n = 0; n <= 200; n++)
    moments_case (type, kernels, n, (Fill) (n % N_FILLS));

  for (int i = 0; i < 30; i++)
    moments_case (type, kernels, (size_t) rnd_between (1, 20000), FILL_RANDOM);

  /* Beyond what 32 bits of each lane hold. */
  moments_case (type, kernels, 3000000, FILL_LOW);
  moments_case (type, kernels, 3000001, FILL_HIGH);
}

/* Everywhere below in statements: calls inside of one expression or initializer
 * have no fixed order. */
static float
some_factor (void)
{
  float sign = rnd_one_in (2) ? 1.0f : -1.0f;

  switch (rnd_between (0, 11))
    {
    case 0:
      return 0.0f;
    case 1:
      return sign > 0.0f ? INFINITY : NAN;
    case 2:
      return sign > 0.0f ? 3e38f : -1e-45f;
    case 3:
    case 4:
    case 5:
      return ldexpf (sign, (int) rnd_between (-3, 3));
    default:
      return rnd_float (-4.0f, 4.0f);
    }
}

static int64_t
normalize_plainly (CheckType           type,
                   int64_t             q,
                   size_t              i,
                   const LfbNormalize *norm)
{
  float value = (float) (q - norm->x_zero_point);

  value = value - norm->mean;
  value = value * norm->r;
  value = value * norm->gamma[norm->per_element ? i : 0];
  value = value + norm->beta[norm->per_element ? i : 0];

  return ref_quantize (value, norm->y_scale, norm->y_zero_point, ref_qmin (type), ref_qmax (type));
}

static void
run_normalize (CheckType           type,
               const LfbKernels   *k,
               const void         *x,
               void               *y,
               size_t              n,
               const LfbNormalize *norm)
{
  if (type == CHECK_U8)
    k->normalize_u8.run (x, y, n, norm);
  else
    k->normalize_s8.run (x, y, n, norm);
}

static void
normalize_case (CheckType         type,
                const LfbKernels *kernels,
                size_t            n,
                bool              in_place)
{
  int place = rnd_place ();
  bool per_element = rnd_one_in (2);
  size_t n_factors = per_element ? n : 1;
  float *gamma = guard_new (CHECK_F32, n_factors, PLACE_END);
  float *beta = guard_new (CHECK_F32, n_factors, PLACE_END);
  void *x = guard_new (type, n, place);
  void *y = in_place ? x : guard_new (type, n, place);
  void *expected = guard_new (type, n, PLACE_END);
  LfbNormalize norm = { .gamma = gamma, .beta = beta, .per_element = per_element };

  norm.x_zero_point = some_zero_point (type);
  norm.mean = rnd_float (-100.0f, 100.0f);
  norm.r = rnd_float (0.001f, 2.0f);
  norm.y_scale = rnd_one_in (8) ? 1e-44f : rnd_one_in (3) ? 0.25f : rnd_scale ();
  norm.y_zero_point = some_zero_point (type);

  check_case ("n=%zu place=%d in_place=%d per_element=%d", n, place, in_place, per_element);
  fill_bytes (type, x, n, FILL_RANDOM);
  for (size_t i = 0; i < n_factors; i++)
    {
      gamma[i] = some_factor ();
      beta[i] = some_factor ();
    }

  if (check_is_c ())
    for (size_t i = 0; i < n; i++)
      ref_set (type, expected, i, normalize_plainly (type, ref_get (type, x, i), i, &norm));
  else
    run_normalize (type, check_kernels_c (), x, expected, n, &norm);

  run_normalize (type, kernels, x, y, n, &norm);
  check_same (type, y, expected, n);
  guard_verify (y);
  guard_free_all ();
}

static void
check_normalize (CheckType         type,
                 const LfbKernels *kernels)
{
  for (size_t n = 0; n <= 200; n++)
    for (int i = 0; i < 2; i++)
      normalize_case (type, kernels, n, i == 1);

  for (int i = 0; i < 200; i++)
    normalize_case (type, kernels, (size_t) rnd_between (1, 1000), false);
}

static void
run_affine (CheckType         type,
            const LfbKernels *k,
            const void       *x,
            void             *y,
            size_t            n,
            const LfbAffine  *affine)
{
  if (type == CHECK_U8)
    k->affine_u8.run (x, y, n, affine);
  else
    k->affine_s8.run (x, y, n, affine);
}

static int64_t
affine_plainly (CheckType        type,
                int64_t          q,
                const LfbAffine *affine)
{
  float value = affine->a * (float) (q - affine->x_zero_point);

  value = value + affine->b;

  return isnan (value) ? affine->y_min
                       : ref_clamp (ref_round (value), affine->y_zero_point, affine->y_min, ref_qmax (type));
}

static void
affine_case (CheckType         type,
             const LfbKernels *kernels,
             size_t            n,
             bool              in_place)
{
  int place = rnd_place ();
  void *x = guard_new (type, n, place);
  void *y = in_place ? x : guard_new (type, n, place);
  void *expected = guard_new (type, n, PLACE_END);
  LfbAffine affine;

  affine.x_zero_point = some_zero_point (type);
  affine.a = some_factor ();
  affine.b = some_factor () * 50.0f;
  affine.y_zero_point = some_zero_point (type);
  affine.y_min = rnd_one_in (2) ? affine.y_zero_point : (int32_t) ref_qmin (type);

  check_case ("n=%zu place=%d in_place=%d a=%a b=%a zero_points=%d,%d y_min=%d", n, place, in_place, (double) affine.a,
              (double) affine.b, affine.x_zero_point, affine.y_zero_point, affine.y_min);
  fill_bytes (type, x, n, FILL_RANDOM);

  if (check_is_c ())
    for (size_t i = 0; i < n; i++)
      ref_set (type, expected, i, affine_plainly (type, ref_get (type, x, i), &affine));
  else
    run_affine (type, check_kernels_c (), x, expected, n, &affine);

  run_affine (type, kernels, x, y, n, &affine);
  check_same (type, y, expected, n);
  guard_verify (y);
  guard_free_all ();
}

static void
check_affine (CheckType         type,
              const LfbKernels *kernels)
{
  for (size_t n = 0; n <= 200; n++)
    for (int i = 0; i < 2; i++)
      affine_case (type, kernels, n, i == 1);

  for (int i = 0; i < 200; i++)
    affine_case (type, kernels, (size_t) rnd_between (1, 1000), false);
}

#define N_BENCH 65536

typedef struct
{
  CheckType         type;
  const LfbKernels *kernels;
  void             *x;
  void             *y;
  LfbNormalize      norm;
} Bench;

static void
call_moments (void *data)
{
  Bench *bench = data;
  int64_t moments[2];

  run_moments (bench->type, bench->kernels, bench->x, N_BENCH, 100, moments);
}

static void
call_normalize (void *data)
{
  Bench *bench = data;

  run_normalize (bench->type, bench->kernels, bench->x, bench->y, N_BENCH, &bench->norm);
}

static void
call_affine (void *data)
{
  static const LfbAffine affine = { 100, 0.7f, 3.0f, 90, 0 };
  Bench *bench = data;

  run_affine (bench->type, bench->kernels, bench->x, bench->y, N_BENCH, &affine);
}

static void
bench_call (CheckType         type,
            const LfbKernels *kernels,
            double            bytes,
            void            (*call) (void *data))
{
  float *factors = guard_new (CHECK_F32, N_BENCH, 0);
  Bench bench = { type, kernels, guard_new (type, N_BENCH, 0), guard_new (type, N_BENCH, 0),
                  { 100, 3.0f, 0.1f, factors, factors, true, 0.05f, 90 } };

  fill_bytes (type, bench.x, N_BENCH, FILL_RANDOM);
  for (size_t i = 0; i < N_BENCH; i++)
    factors[i] = rnd_float (-2.0f, 2.0f);
  bench_run ("65536 elements", N_BENCH * bytes, "GB/s", call, &bench);
}

#define FORMS(name, type) \
  static void check_moments_##name (const LfbKernels *k) { check_moments (type, k); } \
  static void check_normalize_##name (const LfbKernels *k) { check_normalize (type, k); } \
  static void check_affine_##name (const LfbKernels *k) { check_affine (type, k); } \
  static void bench_moments_##name (const LfbKernels *k) { bench_call (type, k, 1.0, call_moments); } \
  static void bench_normalize_##name (const LfbKernels *k) { bench_call (type, k, 6.0, call_normalize); } \
  static void bench_affine_##name (const LfbKernels *k) { bench_call (type, k, 2.0, call_affine); }

FORMS (u8, CHECK_U8)
FORMS (s8, CHECK_S8)

const CheckEntry check_norm_entries[] = {
  { "moments_u8", offsetof (LfbKernels, moments_u8), check_moments_u8, bench_moments_u8 },
  { "moments_s8", offsetof (LfbKernels, moments_s8), check_moments_s8, bench_moments_s8 },
  { "normalize_u8", offsetof (LfbKernels, normalize_u8), check_normalize_u8, bench_normalize_u8 },
  { "normalize_s8", offsetof (LfbKernels, normalize_s8), check_normalize_s8, bench_normalize_s8 },
  { "affine_u8", offsetof (LfbKernels, affine_u8), check_affine_u8, bench_affine_u8 },
  { "affine_s8", offsetof (LfbKernels, affine_s8), check_affine_s8, bench_affine_s8 },
  { NULL, 0, NULL, NULL },
};

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Two-input add and mul. */

#include "check.h"
#include "reference.h"

#include <math.h>

typedef enum
{
  ADD,
  MUL
} Operation;

static void
run_kernel (Operation             operation,
            CheckType             type,
            const LfbKernels     *k,
            const void           *a,
            const void           *b,
            void                 *y,
            size_t                n,
            const LfbBinaryRange *range)
{
  if (type == CHECK_U8)
    (operation == ADD ? k->add_u8 : k->mul_u8).run (a, b, y, n, range);
  else
    (operation == ADD ? k->add_s8 : k->mul_s8).run (a, b, y, n, range);
}

static int64_t
element (Operation             operation,
         CheckType             type,
         int64_t               a,
         int64_t               b,
         const LfbBinaryRange *r)
{
  int64_t qmin = ref_qmin (type), qmax = ref_qmax (type);

  if (operation == ADD)
    {
      float x = ref_dequantize (a, r->a_scale, r->a_zero_point);
      float sum = x + ref_dequantize (b, r->b_scale, r->b_zero_point);

      return ref_quantize (r->relu && sum < 0.0f ? 0.0f : sum, r->y_scale, r->y_zero_point, qmin, qmax);
    }
  else
    {
      float scales = r->a_scale * r->b_scale;
      float multiplier = scales * (1.0f / r->y_scale);
      float value = (float) ((a - r->a_zero_point) * (b - r->b_zero_point));
      int64_t low = r->relu ? r->y_zero_point : qmin;

      value = value * multiplier;

      return isnan (value) ? low : ref_clamp (ref_round (value), r->y_zero_point, low, qmax);
    }
}

static float
some_scale (void)
{
  switch (rnd_between (0, 9))
    {
    case 0:
      return 1e-44f;
    case 1:
      return 3e38f;
    case 2:
    case 3:
    case 4:
      return ldexpf (1.0f, (int) rnd_between (-4, 4));  /* ties */
    default:
      return rnd_scale ();
    }
}

static int32_t
some_zero_point (CheckType type)
{
  int32_t qmin = (int32_t) ref_qmin (type), qmax = (int32_t) ref_qmax (type);

  return rnd_one_in (5) ? qmin : rnd_one_in (5) ? qmax : (int32_t) rnd_between (qmin, qmax);
}

/* In statements: calls inside of one initializer have no fixed order. */
static LfbBinaryRange
some_range (CheckType type)
{
  LfbBinaryRange range;

  range.a_scale = some_scale ();
  range.b_scale = some_scale ();
  range.y_scale = some_scale ();
  range.a_zero_point = some_zero_point (type);
  range.b_zero_point = some_zero_point (type);
  range.y_zero_point = some_zero_point (type);
  range.relu = rnd_one_in (2);

  return range;
}

/* Where the output goes. */
typedef enum
{
  APART,
  OVER_A,
  OVER_B,
  N_TARGETS
} Target;

static void
binary_case (Operation         operation,
             CheckType         type,
             const LfbKernels *kernels,
             size_t            n,
             int               place,
             Target            target)
{
  LfbBinaryRange range = some_range (type);
  void *a = guard_new (type, n, place);
  void *b = guard_new (type, n, rnd_place ());
  void *y = target == OVER_A ? a : target == OVER_B ? b : guard_new (type, n, place);
  void *expected = guard_new (type, n, PLACE_END);

  check_case ("n=%zu place=%d target=%d scales=%a,%a,%a zero_points=%d,%d,%d relu=%d", n, place, target,
              (double) range.a_scale, (double) range.b_scale, (double) range.y_scale, range.a_zero_point,
              range.b_zero_point, range.y_zero_point, range.relu);
  fill_bytes (type, a, n, (Fill) rnd_between (0, N_FILLS - 1));
  fill_bytes (type, b, n, (Fill) rnd_between (0, N_FILLS - 1));

  if (check_is_c ())
    for (size_t i = 0; i < n; i++)
      ref_set (type, expected, i, element (operation, type, ref_get (type, a, i), ref_get (type, b, i), &range));
  else
    run_kernel (operation, type, check_kernels_c (), a, b, expected, n, &range);

  if (target != OVER_A)
    guard_freeze (a);
  if (target != OVER_B)
    guard_freeze (b);

  run_kernel (operation, type, kernels, a, b, y, n, &range);
  check_same (type, y, expected, n);
  guard_verify (y);
  guard_free_all ();
}

static void
check (Operation         operation,
       CheckType         type,
       const LfbKernels *kernels)
{
  for (size_t n = 0; n <= 200; n++)
    binary_case (operation, type, kernels, n, PLACE_END, (Target) (n % N_TARGETS));

  for (int place = 0; place < N_PLACES; place++)
    binary_case (operation, type, kernels, 300, place, APART);

  for (int i = 0; i < 400; i++)
    {
      size_t n = (size_t) rnd_between (1, 2000);

      binary_case (operation, type, kernels, n, rnd_place (), APART);
    }
}

#define N_BENCH 65536

typedef struct
{
  Operation         operation;
  CheckType         type;
  const LfbKernels *kernels;
  void             *a;
  void             *b;
  void             *y;
} Bench;

static void
call (void *data)
{
  static const LfbBinaryRange range = { 0.03f, 0.02f, 0.04f, 100, 120, 110, true };
  Bench *bench = data;

  run_kernel (bench->operation, bench->type, bench->kernels, bench->a, bench->b, bench->y, N_BENCH, &range);
}

static void
bench (Operation         operation,
       CheckType         type,
       const LfbKernels *kernels)
{
  Bench bench = { operation, type, kernels, guard_new (type, N_BENCH, 0), guard_new (type, N_BENCH, 0),
                  guard_new (type, N_BENCH, 0) };

  fill_bytes (type, bench.a, N_BENCH, FILL_RANDOM);
  fill_bytes (type, bench.b, N_BENCH, FILL_RANDOM);
  bench_run ("65536 elements", N_BENCH * 3.0, "GB/s", call, &bench);
}

#define FORMS(name, operation, type) \
  static void check_##name (const LfbKernels *k) { check (operation, type, k); } \
  static void bench_##name (const LfbKernels *k) { bench (operation, type, k); }

FORMS (add_u8, ADD, CHECK_U8)
FORMS (add_s8, ADD, CHECK_S8)
FORMS (mul_u8, MUL, CHECK_U8)
FORMS (mul_s8, MUL, CHECK_S8)

const CheckEntry check_binary_entries[] = {
  { "add_u8", offsetof (LfbKernels, add_u8), check_add_u8, bench_add_u8 },
  { "add_s8", offsetof (LfbKernels, add_s8), check_add_s8, bench_add_s8 },
  { "mul_u8", offsetof (LfbKernels, mul_u8), check_mul_u8, bench_mul_u8 },
  { "mul_s8", offsetof (LfbKernels, mul_s8), check_mul_s8, bench_mul_s8 },
  { NULL, 0, NULL, NULL },
};

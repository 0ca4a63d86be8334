/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Functions of floats, softmax and recurrent cells: the C variant beside the long
 * double functions of the C library, within a step of float32; the others beside
 * the C variant.
 */

#include "check.h"

#include <float.h>
#include <math.h>

typedef enum
{
  EXP,
  SIGMOID,
  TANH,
  SILU,
  GELU,
  GELU_TANH,
  N_FUNCTIONS
} Function;

static LfbFunction
find (const LfbKernels *k,
      Function          function)
{
  const LfbFunction all[] = {
    k->functions.exp, k->functions.sigmoid, k->functions.tanh, k->functions.silu, k->functions.gelu, k->functions.gelu_tanh,
  };

  return all[function];
}

static float
sigmoid (float x)
{
  return (float) (1 / (1 + expl (-(long double) x)));
}

static float
element (Function function,
         float    x)
{
  long double wide = x;

  switch (function)
    {
    case EXP:
      return (float) expl (wide);
    case SIGMOID:
      return sigmoid (x);
    case TANH:
      return (float) tanhl (wide);
    case SILU:
      return x * sigmoid (x);
    case GELU:
      return (float) (wide * (erfcl (-wide * 0.70710678118654752440084436210484904L) / 2));
    default:
      /* (1 + tanh (u)) / 2 without what cancels. */
      return x == -INFINITY ? NAN
                            : (float) (wide / (1 + expl (-1.5957691216057307117597842397375275L *
                                                         (wide + 0.044715L * wide * wide * wide))));
    }
}

/* So many steps apart at most, of denormals the smallest ones, or by what double
 * arithmetic loses where 1 is subtracted. */
static bool
near (float found,
      float expected,
      float ulps,
      float lost)
{
  if (isnan (expected) || isinf (expected) || isnan (found))
    return isnan (expected) ? isnan (found) : found == expected;

  return fabsf (found - expected) <= ulps * (fabsf (expected) * FLT_EPSILON + 1.5e-45f) || fabsf (found - expected) <= lost;
}

static void
compare (const float *found,
         const float *expected,
         size_t       n,
         float        ulps,
         float        lost)
{
  if (!check_is_c ())
    {
      check_same (CHECK_F32, found, expected, n);
      return;
    }

  for (size_t i = 0; i < n; i++)
    if (!near (found[i], expected[i], ulps, lost))
      {
        check_fail ("element %zu is %a, expected %a", i, (double) found[i], (double) expected[i]);
        return;
      }
}

/* Around 0, far away, at the ends of the range of each function, and what is no number. */
static float
some_float (void)
{
  static const float odd[] = {
    0.0f, -0.0f, 1e-45f, -1e-45f, 1e-30f, -1e-30f, 0.2f, -0.2f, 88.7f, 88.8f, -103.9f, -104.1f, 149.0f, -149.0f, 22.0f,
    -22.0f, 15.9f, 16.0f, 16.1f, -14.0f, -14.5f, -16.0f, 3e38f, -3e38f, INFINITY, -INFINITY, NAN,
  };

  switch (rnd_between (0, 5))
    {
    case 0:
      return odd[rnd_between (0, (int64_t) (sizeof odd / sizeof odd[0]) - 1)];
    case 1:
      return rnd_float (-0.5f, 0.5f);
    case 2:
      return rnd_float (-120.0f, 120.0f);
    case 3:
      return ldexpf (rnd_float (-1.0f, 1.0f), (int) rnd_between (-30, 10));
    default:
      return rnd_float (-12.0f, 12.0f);
    }
}

static void
function_case (const LfbKernels *kernels,
               Function          function,
               size_t            n,
               int               place,
               bool              in_place)
{
  float *x = guard_new (CHECK_F32, n, place);
  float *y = in_place ? x : guard_new (CHECK_F32, n, place);
  float *expected = guard_new (CHECK_F32, n, PLACE_END);

  check_case ("function=%d n=%zu place=%d in_place=%d", (int) function, n, place, in_place);
  for (size_t i = 0; i < n; i++)
    x[i] = some_float ();

  if (check_is_c ())
    for (size_t i = 0; i < n; i++)
      expected[i] = element (function, x[i]);
  else
    find (check_kernels_c (), function) (x, expected, n);

  if (!in_place)
    guard_freeze (x);
  find (kernels, function) (x, y, n);
  compare (y, expected, n, 1.0f, 0.0f);
  guard_verify (y);
  guard_free_all ();
}

static void
check_functions (const LfbKernels *kernels)
{
  for (int function = 0; function < N_FUNCTIONS; function++)
    {
      for (size_t n = 0; n <= 70; n++)
        function_case (kernels, (Function) function, n, PLACE_END, n % 3 == 0);

      for (int place = 0; place < N_PLACES; place++)
        function_case (kernels, (Function) function, 100, place, false);

      for (int i = 0; i < 30; i++)
        function_case (kernels, (Function) function, (size_t) rnd_between (1, 3000), rnd_place (), rnd_one_in (2));
    }
}

static void
softmax_reference (const float    *x,
                   float          *y,
                   size_t          n,
                   size_t          inner,
                   LfbSoftmaxKind  kind)
{
  for (size_t column = 0; column < inner; column++)
    {
      float sign = kind == LFB_SOFTMIN ? -1.0f : 1.0f, max = -INFINITY;
      bool odd = false;
      long double sum = 0;

      for (size_t i = 0; i < n; i++)
        {
          float value = sign * x[i * inner + column];

          odd |= isnan (value) || value == INFINITY;
          max = value > max ? value : max;
        }

      for (size_t i = 0; i < n; i++)
        sum += (float) expl ((long double) (sign * x[i * inner + column] - max));

      for (size_t i = 0; i < n; i++)
        {
          float difference = sign * x[i * inner + column] - max;

          if (odd || max == -INFINITY)
            y[i * inner + column] = NAN;
          else if (kind == LFB_LOG_SOFTMAX)
            y[i * inner + column] = (float) (difference - logl (sum));
          else
            y[i * inner + column] = (float) expl ((long double) difference) / (float) sum;
        }
    }
}

static void
softmax_case (const LfbKernels *kernels,
              size_t            n,
              size_t            inner,
              LfbSoftmaxKind    kind,
              bool              odd)
{
  bool in_place = rnd_one_in (4);
  float width = rnd_float (0.1f, 200.0f);
  int place = rnd_place ();
  float *x = guard_new (CHECK_F32, n * inner, place);
  float *y = in_place ? x : guard_new (CHECK_F32, n * inner, rnd_place ());
  float *expected = guard_new (CHECK_F32, n * inner, PLACE_END);

  check_case ("n=%zu inner=%zu kind=%d odd=%d width=%a in_place=%d", n, inner, (int) kind, odd, (double) width, in_place);
  for (size_t i = 0; i < n * inner; i++)
    x[i] = odd && rnd_one_in (20) ? some_float () : rnd_float (-width, width);

  if (check_is_c ())
    softmax_reference (x, expected, n, inner, kind);
  else
    check_kernels_c ()->softmax.run (x, expected, n, inner, kind);

  if (!in_place)
    guard_freeze (x);
  kernels->softmax.run (x, y, n, inner, kind);
  compare (y, expected, n * inner, 4.0f, 1e-13f);
  guard_verify (y);
  guard_free_all ();
}

static void
check_softmax (const LfbKernels *kernels)
{
  for (size_t n = 0; n <= 70; n++)
    for (int kind = LFB_SOFTMAX; kind <= LFB_SOFTMIN; kind++)
      {
        softmax_case (kernels, n, 1, (LfbSoftmaxKind) kind, rnd_one_in (4));
        softmax_case (kernels, n % 37, (size_t) rnd_between (2, 40), (LfbSoftmaxKind) kind, rnd_one_in (4));
      }

  for (int i = 0; i < 60; i++)
    softmax_case (kernels, (size_t) rnd_between (1, 1500), 1, (LfbSoftmaxKind) rnd_between (LFB_SOFTMAX, LFB_SOFTMIN), false);
}

/* One element of both cells, from the rules. */
static void
cell_reference (bool         lstm,
                const float *a,
                const float *b,
                float       *h,
                float       *c,
                size_t       n)
{
  for (size_t j = 0; j < n; j++)
    {
      float first = sigmoid (a[j] + b[j]), second = sigmoid (a[n + j] + b[n + j]);

      if (lstm)
        {
          float g = (float) tanhl ((long double) (a[2 * n + j] + b[2 * n + j]));
          float kept = second * c[j], added = first * g;

          c[j] = kept + added;
          h[j] = sigmoid (a[3 * n + j] + b[3 * n + j]) * (float) tanhl ((long double) c[j]);
        }
      else
        {
          float state = first * b[2 * n + j];
          float v = (float) tanhl ((long double) (a[2 * n + j] + state));
          float scaled = (h[j] - v) * second;

          h[j] = scaled + v;
        }
    }
}

/* Of sums that cancel, a step of an operand is many of the result. */
static void
compare_states (const float *found,
                const float *expected,
                size_t       n)
{
  if (!check_is_c ())
    {
      check_same (CHECK_F32, found, expected, n);
      return;
    }

  for (size_t i = 0; i < n; i++)
    if (!(fabsf (found[i] - expected[i]) <= 1e-6f))
      check_fail ("element %zu is %a, expected %a", i, (double) found[i], (double) expected[i]);
}

static void
cell_case (const LfbKernels *kernels,
           bool              lstm,
           size_t            n)
{
  size_t n_gates = lstm ? 4 : 3;
  float *a = guard_new (CHECK_F32, n_gates * n, rnd_place ());
  float *b = guard_new (CHECK_F32, n_gates * n, rnd_place ());
  float *state[2][2];

  check_case ("lstm=%d n=%zu", lstm, n);
  for (size_t i = 0; i < n_gates * n; i++)
    {
      a[i] = rnd_float (-6.0f, 6.0f);
      b[i] = rnd_float (-6.0f, 6.0f);
    }
  guard_freeze (a);
  guard_freeze (b);

  for (int s = 0; s < 2; s++)
    {
      int place = rnd_place ();

      for (int side = 0; side < 2; side++)
        state[side][s] = guard_new (CHECK_F32, n, place);
      for (size_t i = 0; i < n; i++)
        state[0][s][i] = state[1][s][i] = rnd_float (-2.0f, 2.0f);
    }

  if (check_is_c ())
    cell_reference (lstm, a, b, state[1][0], state[1][1], n);
  else if (lstm)
    check_kernels_c ()->cell.lstm (a, b, state[1][0], state[1][1], n);
  else
    check_kernels_c ()->cell.gru (a, b, state[1][0], n);

  if (lstm)
    kernels->cell.lstm (a, b, state[0][0], state[0][1], n);
  else
    kernels->cell.gru (a, b, state[0][0], n);

  for (int s = 0; s < 2; s++)
    {
      compare_states (state[0][s], state[1][s], n);
      guard_verify (state[0][s]);
    }
  guard_free_all ();
}

static void
check_cell (const LfbKernels *kernels)
{
  for (size_t n = 1; n <= 70; n++)
    for (int lstm = 0; lstm < 2; lstm++)
      cell_case (kernels, lstm, n);
}

#define N_BENCH 16384

typedef struct
{
  const LfbKernels *kernels;
  Function          function;
  float            *x;
  float            *y;
} Bench;

static void
call_function (void *data)
{
  Bench *bench = data;

  find (bench->kernels, bench->function) (bench->x, bench->y, N_BENCH);
}

static void
call_softmax (void *data)
{
  Bench *bench = data;

  for (size_t i = 0; i < N_BENCH; i += 1024)
    bench->kernels->softmax.run (bench->x + i, bench->y + i, 1024, 1, LFB_SOFTMAX);
}

static void
call_lstm (void *data)
{
  Bench *bench = data;

  bench->kernels->cell.lstm (bench->x, bench->x + 4096, bench->y, bench->y + 1024, 1024);
}

static Bench
bench_new (const LfbKernels *kernels)
{
  Bench bench = { kernels, EXP, guard_new (CHECK_F32, N_BENCH, 0), guard_new (CHECK_F32, N_BENCH, 0) };

  for (size_t i = 0; i < N_BENCH; i++)
    bench.x[i] = rnd_float (-4.0f, 4.0f);

  return bench;
}

static void
bench_functions (const LfbKernels *kernels)
{
  static const char * const names[] = { "exp", "sigmoid", "tanh", "silu", "gelu", "gelu_tanh" };
  Bench bench = bench_new (kernels);

  for (int function = 0; function < N_FUNCTIONS; function++)
    {
      bench.function = (Function) function;
      bench_run (names[function], N_BENCH * 8.0, "GB/s", call_function, &bench);
    }
}

static void
bench_softmax (const LfbKernels *kernels)
{
  Bench bench = bench_new (kernels);

  bench_run ("16 lines of 1024", N_BENCH * 8.0, "GB/s", call_softmax, &bench);
}

static void
bench_cell (const LfbKernels *kernels)
{
  Bench bench = bench_new (kernels);

  bench_run ("lstm of 1024", 1024 * 4 * 11.0, "GB/s", call_lstm, &bench);
}

const CheckEntry check_functions_entries[] = {
  { "functions", offsetof (LfbKernels, functions), check_functions, bench_functions },
  { "softmax", offsetof (LfbKernels, softmax), check_softmax, bench_softmax },
  { "cell", offsetof (LfbKernels, cell), check_cell, bench_cell },
  { NULL, 0, NULL, NULL },
};

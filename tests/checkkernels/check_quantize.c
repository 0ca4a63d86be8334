/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Quantization, per tensor, per channel, and with float zero points. */

#include "check.h"
#include "reference.h"

static void
run_tensor (CheckType         type,
            const LfbKernels *kernels,
            const float      *x,
            void             *q,
            size_t            n,
            float             scale,
            int32_t           zero_point)
{
  if (type == CHECK_U8)
    kernels->quantize_u8.run (x, q, n, scale, zero_point);
  else if (type == CHECK_S8)
    kernels->quantize_s8.run (x, q, n, scale, zero_point);
  else
    kernels->quantize_s32.run (x, q, n, scale, zero_point);
}

static void
run_channels (CheckType         type,
              const LfbKernels *kernels,
              const float      *x,
              void             *q,
              const size_t      sizes[3],
              const float      *scales,
              const int32_t    *zero_points)
{
  if (type == CHECK_U8)
    kernels->quantize_channels_u8.run (x, q, sizes[0], sizes[1], sizes[2], scales, zero_points);
  else if (type == CHECK_S8)
    kernels->quantize_channels_s8.run (x, q, sizes[0], sizes[1], sizes[2], scales, zero_points);
  else
    kernels->quantize_channels_s32.run (x, q, sizes[0], sizes[1], sizes[2], scales, zero_points);
}

static float
some_scale (void)
{
  switch (rnd_between (0, 7))
    {
    case 0:
      return 1e-44f;  /* its reciprocal overflows */
    case 1:
      return 3e38f;
    case 2:
    case 3:
      return 0.125f;  /* ties are exact */
    default:
      return rnd_scale ();
    }
}

static int32_t
some_zero_point (CheckType type)
{
  int64_t low = ref_qmin (type);
  int64_t high = ref_qmax (type);

  switch (rnd_between (0, 4))
    {
    case 0:
      return (int32_t) low;
    case 1:
      return (int32_t) high;
    case 2:
      return type == CHECK_S32 ? 0 : (int32_t) rnd_between (low, high);
    default:
      return (int32_t) rnd_between (low, high);
    }
}

static void
tensor_case (CheckType         type,
             const LfbKernels *kernels,
             size_t            n,
             int               place)
{
  float scale = some_scale ();
  int32_t zero_point = some_zero_point (type);
  float *x = guard_new (CHECK_F32, n, place);
  void *q = guard_new (type, n, place);
  void *expected = guard_new (type, n, PLACE_END);

  check_case ("n=%zu scale=%a zero_point=%d place=%d", n, (double) scale, zero_point, place);
  fill_floats (x, n, scale, false);
  guard_freeze (x);

  if (check_is_c ())
    for (size_t i = 0; i < n; i++)
      ref_set (type, expected, i, ref_quantize (x[i], scale, zero_point, ref_qmin (type), ref_qmax (type)));
  else
    run_tensor (type, check_kernels_c (), x, expected, n, scale, zero_point);

  run_tensor (type, kernels, x, q, n, scale, zero_point);
  check_same (type, q, expected, n);
  guard_verify (q);
  guard_free_all ();
}

/* s32 may overwrite its input. */
static void
in_place_case (const LfbKernels *kernels,
               size_t            n)
{
  float scale = some_scale ();
  int32_t zero_point = some_zero_point (CHECK_S32);
  float *x = guard_new (CHECK_F32, n, PLACE_END);
  int32_t *expected = guard_new (CHECK_S32, n, PLACE_END);

  check_case ("in place n=%zu scale=%a zero_point=%d", n, (double) scale, zero_point);
  fill_floats (x, n, scale, false);
  run_tensor (CHECK_S32, check_kernels_c (), x, expected, n, scale, zero_point);
  run_tensor (CHECK_S32, kernels, x, x, n, scale, zero_point);
  check_same (CHECK_S32, x, expected, n);
  guard_verify (x);
  guard_free_all ();
}

static void
check_tensor (CheckType         type,
              const LfbKernels *kernels)
{
  for (size_t n = 0; n <= 130; n++)
    tensor_case (type, kernels, n, PLACE_END);

  for (int place = 0; place < N_PLACES; place++)
    tensor_case (type, kernels, 200 + (size_t) rnd_between (0, 64), place);

  for (int i = 0; i < 100; i++)
    {
      size_t n = (size_t) rnd_between (1, 5000);

      tensor_case (type, kernels, n, rnd_place ());
    }

  if (type == CHECK_S32)
    for (size_t n = 0; n < 70; n++)
      in_place_case (kernels, n);
}

static void
channels_case (CheckType         type,
               const LfbKernels *kernels,
               const size_t      sizes[3])
{
  size_t n = sizes[0] * sizes[1] * sizes[2];
  int place = rnd_place ();
  float *x = guard_new (CHECK_F32, n, place);
  float *scales = guard_new (CHECK_F32, sizes[1], PLACE_END);
  int32_t *zero_points = guard_new (CHECK_S32, sizes[1], PLACE_END);
  void *q = guard_new (type, n, place);
  void *expected = guard_new (type, n, PLACE_END);

  check_case ("outer=%zu channels=%zu inner=%zu place=%d", sizes[0], sizes[1], sizes[2], place);

  for (size_t c = 0; c < sizes[1]; c++)
    {
      scales[c] = some_scale ();
      zero_points[c] = some_zero_point (type);
    }

  for (size_t row = 0; row < sizes[0] * sizes[1]; row++)
    fill_floats (x + row * sizes[2], sizes[2], scales[row % sizes[1]], false);

  guard_freeze (x);

  if (check_is_c ())
    for (size_t i = 0; i < n; i++)
      {
        size_t c = i / sizes[2] % sizes[1];

        ref_set (type, expected, i, ref_quantize (x[i], scales[c], zero_points[c], ref_qmin (type), ref_qmax (type)));
      }
  else
    run_channels (type, check_kernels_c (), x, expected, sizes, scales, zero_points);

  run_channels (type, kernels, x, q, sizes, scales, zero_points);
  check_same (type, q, expected, n);
  guard_verify (q);
  guard_free_all ();
}

static void
check_channels (CheckType         type,
                const LfbKernels *kernels)
{
  for (size_t inner = 0; inner < 70; inner++)
    channels_case (type, kernels, (size_t[]) { 2, 3, inner });

  for (size_t channels = 1; channels < 70; channels++)
    channels_case (type, kernels, (size_t[]) { 3, channels, 1 });

  for (int i = 0; i < 50; i++)
    {
      size_t sizes[3];

      sizes[0] = (size_t) rnd_between (0, 5);
      sizes[1] = (size_t) rnd_between (1, 40);
      sizes[2] = (size_t) rnd_between (1, 40);
      channels_case (type, kernels, sizes);
    }
}

static void
float_zero_case (const LfbKernels *kernels,
                 const size_t      sizes[3],
                 int32_t           qmax)
{
  size_t n = sizes[0] * sizes[1] * sizes[2];
  float *x = guard_new (CHECK_F32, n, PLACE_END);
  float *scales = guard_new (CHECK_F32, sizes[1], PLACE_END);
  float *zero_points = guard_new (CHECK_F32, sizes[1], PLACE_END);
  uint8_t *q = guard_new (CHECK_U8, n, rnd_place ());
  uint8_t *expected = guard_new (CHECK_U8, n, PLACE_END);

  check_case ("outer=%zu channels=%zu inner=%zu qmax=%d", sizes[0], sizes[1], sizes[2], qmax);

  for (size_t c = 0; c < sizes[1]; c++)
    {
      scales[c] = some_scale ();
      zero_points[c] = rnd_one_in (4) ? (float) rnd_between (0, 511) * 0.5f : rnd_float (-300.0f, 300.0f);
    }

  for (size_t row = 0; row < sizes[0] * sizes[1]; row++)
    fill_floats (x + row * sizes[2], sizes[2], scales[row % sizes[1]], false);

  guard_freeze (x);

  if (check_is_c ())
    for (size_t i = 0; i < n; i++)
      {
        size_t c = i / sizes[2] % sizes[1];

        expected[i] = (uint8_t) ref_quantize_float_zero (x[i], scales[c], zero_points[c], qmax);
      }
  else
    check_kernels_c ()->quantize_float_zero_u8.run (x, expected, sizes[0], sizes[1], sizes[2], scales, zero_points,
                                                    qmax);

  kernels->quantize_float_zero_u8.run (x, q, sizes[0], sizes[1], sizes[2], scales, zero_points, qmax);
  check_same (CHECK_U8, q, expected, n);
  guard_verify (q);
  guard_free_all ();
}

static void
check_float_zero (const LfbKernels *kernels)
{
  static const int32_t qmax[] = { 255, 15, 3 };

  for (size_t i = 0; i < 3; i++)
    {
      for (size_t inner = 0; inner < 70; inner++)
        float_zero_case (kernels, (size_t[]) { 1, 5, inner }, qmax[i]);

      float_zero_case (kernels, (size_t[]) { 3, 4, 5 }, qmax[i]);
      float_zero_case (kernels, (size_t[]) { 1, 50, 500 }, qmax[i]);
    }
}

#define N_CHANNELS 64
#define N_INNER    1024
#define N_BENCH    (N_CHANNELS * N_INNER)

typedef struct
{
  CheckType         type;
  const LfbKernels *kernels;
  float            *x;
  void             *q;
  float             scales[N_CHANNELS];
  int32_t           zero_points[N_CHANNELS];
  float             float_zero_points[N_CHANNELS];
} Bench;

static void
call_tensor (void *data)
{
  Bench *bench = data;

  run_tensor (bench->type, bench->kernels, bench->x, bench->q, N_BENCH, 0.03f, 100);
}

static void
call_channels (void *data)
{
  Bench *bench = data;

  run_channels (bench->type, bench->kernels, bench->x, bench->q, (size_t[]) { 1, N_CHANNELS, N_INNER }, bench->scales,
                bench->zero_points);
}

static void
call_float_zero (void *data)
{
  Bench *bench = data;

  bench->kernels->quantize_float_zero_u8.run (bench->x, bench->q, 1, N_CHANNELS, N_INNER, bench->scales,
                                              bench->float_zero_points, 255);
}

static void
bench_call (CheckType         type,
            const LfbKernels *kernels,
            void            (*call) (void *data))
{
  Bench bench = { type, kernels, guard_new (CHECK_F32, N_BENCH, 0), guard_new (type, N_BENCH, 0), { 0 }, { 0 }, { 0 } };

  for (size_t i = 0; i < N_BENCH; i++)
    bench.x[i] = rnd_float (-4.0f, 4.0f);

  for (size_t c = 0; c < N_CHANNELS; c++)
    {
      bench.scales[c] = 0.03f;
      bench.zero_points[c] = (int32_t) c;
      bench.float_zero_points[c] = (float) c;
    }

  bench_run ("65536 elements", N_BENCH * (4.0 + (double) check_type_size (type)), "GB/s", call, &bench);
}

#define FORMS(name, type) \
  static void check_##name (const LfbKernels *k) { check_tensor (type, k); } \
  static void bench_##name (const LfbKernels *k) { bench_call (type, k, call_tensor); } \
  static void check_channels_##name (const LfbKernels *k) { check_channels (type, k); } \
  static void bench_channels_##name (const LfbKernels *k) { bench_call (type, k, call_channels); }

FORMS (u8, CHECK_U8)
FORMS (s8, CHECK_S8)
FORMS (s32, CHECK_S32)

static void
bench_float_zero (const LfbKernels *kernels)
{
  bench_call (CHECK_U8, kernels, call_float_zero);
}

const CheckEntry check_quantize_entries[] = {
  { "quantize_u8", offsetof (LfbKernels, quantize_u8), check_u8, bench_u8 },
  { "quantize_s8", offsetof (LfbKernels, quantize_s8), check_s8, bench_s8 },
  { "quantize_s32", offsetof (LfbKernels, quantize_s32), check_s32, bench_s32 },
  { "quantize_channels_u8", offsetof (LfbKernels, quantize_channels_u8), check_channels_u8, bench_channels_u8 },
  { "quantize_channels_s8", offsetof (LfbKernels, quantize_channels_s8), check_channels_s8, bench_channels_s8 },
  { "quantize_channels_s32", offsetof (LfbKernels, quantize_channels_s32), check_channels_s32, bench_channels_s32 },
  { "quantize_float_zero_u8", offsetof (LfbKernels, quantize_float_zero_u8), check_float_zero, bench_float_zero },
  { NULL, 0, NULL, NULL },
};

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Dequantization, per tensor, per channel, and with float zero points. */

#include "check.h"
#include "reference.h"

static void
run_tensor (CheckType         type,
            const LfbKernels *kernels,
            const void       *q,
            float            *x,
            size_t            n,
            float             scale,
            int32_t           zero_point)
{
  if (type == CHECK_U8)
    kernels->dequantize_u8.run (q, x, n, scale, zero_point);
  else if (type == CHECK_S8)
    kernels->dequantize_s8.run (q, x, n, scale, zero_point);
  else
    kernels->dequantize_s32.run (q, x, n, scale, zero_point);
}

static void
run_channels (CheckType         type,
              const LfbKernels *kernels,
              const void       *q,
              float            *x,
              const size_t      sizes[3],
              const float      *scales,
              const int32_t    *zero_points)
{
  if (type == CHECK_U8)
    kernels->dequantize_channels_u8.run (q, x, sizes[0], sizes[1], sizes[2], scales, zero_points);
  else if (type == CHECK_S8)
    kernels->dequantize_channels_s8.run (q, x, sizes[0], sizes[1], sizes[2], scales, zero_points);
  else
    kernels->dequantize_channels_s32.run (q, x, sizes[0], sizes[1], sizes[2], scales, zero_points);
}

static void
fill (CheckType  type,
      void      *q,
      size_t     n)
{
  fill_bytes (type, q, n * check_type_size (type), rnd_one_in (6) ? FILL_ENDS : FILL_RANDOM);

  /* Beyond 24 bits, where the difference rounds, and the ends of the range. */
  if (type == CHECK_S32)
    for (size_t i = 0; i < n; i++)
      if (rnd_one_in (2))
        ref_set (type, q, i, rnd_one_in (4) ? INT32_MIN : rnd_one_in (3) ? INT32_MAX
                                                                         : rnd_between (-40000000, 40000000));
}

static int32_t
some_zero_point (CheckType type)
{
  int64_t low = ref_qmin (type);
  int64_t high = ref_qmax (type);

  return (int32_t) (rnd_one_in (4) ? low : rnd_one_in (4) ? high : rnd_one_in (3) ? 0 : rnd_between (low, high));
}

static float
some_scale (void)
{
  return rnd_one_in (6) ? 1e-44f : rnd_one_in (6) ? 3e38f : rnd_scale ();
}

static void
tensor_case (CheckType         type,
             const LfbKernels *kernels,
             size_t            n,
             int               place,
             bool              in_place)
{
  float scale = some_scale ();
  int32_t zero_point = some_zero_point (type);
  void *q = guard_new (type, n, place);
  float *x = in_place ? q : guard_new (CHECK_F32, n, place);
  float *expected = guard_new (CHECK_F32, n, PLACE_END);

  check_case ("n=%zu scale=%a zero_point=%d place=%d in_place=%d", n, (double) scale, zero_point, place, in_place);
  fill (type, q, n);
  if (!in_place)
    guard_freeze (q);

  if (check_is_c ())
    for (size_t i = 0; i < n; i++)
      expected[i] = ref_dequantize (ref_get (type, q, i), scale, zero_point);
  else
    run_tensor (type, check_kernels_c (), q, expected, n, scale, zero_point);

  run_tensor (type, kernels, q, x, n, scale, zero_point);
  check_same (CHECK_F32, x, expected, n);
  guard_verify (x);
  guard_free_all ();
}

static void
check_tensor (CheckType         type,
              const LfbKernels *kernels)
{
  for (size_t n = 0; n <= 130; n++)
    tensor_case (type, kernels, n, PLACE_END, false);

  for (int place = 0; place < N_PLACES; place++)
    tensor_case (type, kernels, 200 + (size_t) rnd_between (0, 64), place, false);

  for (int i = 0; i < 100; i++)
    {
      size_t n = (size_t) rnd_between (1, 5000);

      tensor_case (type, kernels, n, rnd_place (), false);
    }

  if (type == CHECK_S32)
    for (size_t n = 0; n < 70; n++)
      tensor_case (type, kernels, n, PLACE_END, true);
}

static void
channels_case (CheckType         type,
               const LfbKernels *kernels,
               const size_t      sizes[3])
{
  size_t n = sizes[0] * sizes[1] * sizes[2];
  int place = rnd_place ();
  void *q = guard_new (type, n, place);
  float *x = guard_new (CHECK_F32, n, place);
  float *expected = guard_new (CHECK_F32, n, PLACE_END);
  float *scales = guard_new (CHECK_F32, sizes[1], PLACE_END);
  int32_t *zero_points = guard_new (CHECK_S32, sizes[1], PLACE_END);

  check_case ("outer=%zu channels=%zu inner=%zu place=%d", sizes[0], sizes[1], sizes[2], place);
  fill (type, q, n);
  guard_freeze (q);

  for (size_t c = 0; c < sizes[1]; c++)
    {
      scales[c] = some_scale ();
      zero_points[c] = some_zero_point (type);
    }

  if (check_is_c ())
    for (size_t i = 0; i < n; i++)
      {
        size_t c = i / sizes[2] % sizes[1];

        expected[i] = ref_dequantize (ref_get (type, q, i), scales[c], zero_points[c]);
      }
  else
    run_channels (type, check_kernels_c (), q, expected, sizes, scales, zero_points);

  run_channels (type, kernels, q, x, sizes, scales, zero_points);
  check_same (CHECK_F32, x, expected, n);
  guard_verify (x);
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
                 const size_t      sizes[3])
{
  size_t n = sizes[0] * sizes[1] * sizes[2];
  uint8_t *q = guard_new (CHECK_U8, n, rnd_place ());
  float *x = guard_new (CHECK_F32, n, rnd_place ());
  float *expected = guard_new (CHECK_F32, n, PLACE_END);
  float *scales = guard_new (CHECK_F32, sizes[1], PLACE_END);
  float *zero_points = guard_new (CHECK_F32, sizes[1], PLACE_END);

  check_case ("outer=%zu channels=%zu inner=%zu", sizes[0], sizes[1], sizes[2]);
  fill (CHECK_U8, q, n);
  guard_freeze (q);

  for (size_t c = 0; c < sizes[1]; c++)
    {
      scales[c] = some_scale ();
      zero_points[c] = rnd_float (-300.0f, 300.0f);
    }

  if (check_is_c ())
    for (size_t i = 0; i < n; i++)
      {
        size_t c = i / sizes[2] % sizes[1];
        float difference = (float) q[i] - zero_points[c];

        expected[i] = difference * scales[c];
      }
  else
    check_kernels_c ()->dequantize_float_zero_u8.run (q, expected, sizes[0], sizes[1], sizes[2], scales, zero_points);

  kernels->dequantize_float_zero_u8.run (q, x, sizes[0], sizes[1], sizes[2], scales, zero_points);
  check_same (CHECK_F32, x, expected, n);
  guard_verify (x);
  guard_free_all ();
}

static void
check_float_zero (const LfbKernels *kernels)
{
  for (size_t inner = 0; inner < 70; inner++)
    float_zero_case (kernels, (size_t[]) { 1, 5, inner });

  float_zero_case (kernels, (size_t[]) { 3, 4, 5 });
  float_zero_case (kernels, (size_t[]) { 1, 50, 500 });
}

#define N_CHANNELS 64
#define N_INNER    1024
#define N_BENCH    (N_CHANNELS * N_INNER)

typedef struct
{
  CheckType         type;
  const LfbKernels *kernels;
  void             *q;
  float            *x;
  float             scales[N_CHANNELS];
  int32_t           zero_points[N_CHANNELS];
  float             float_zero_points[N_CHANNELS];
} Bench;

static void
call_tensor (void *data)
{
  Bench *bench = data;

  run_tensor (bench->type, bench->kernels, bench->q, bench->x, N_BENCH, 0.03f, 100);
}

static void
call_channels (void *data)
{
  Bench *bench = data;

  run_channels (bench->type, bench->kernels, bench->q, bench->x, (size_t[]) { 1, N_CHANNELS, N_INNER }, bench->scales,
                bench->zero_points);
}

static void
call_float_zero (void *data)
{
  Bench *bench = data;

  bench->kernels->dequantize_float_zero_u8.run (bench->q, bench->x, 1, N_CHANNELS, N_INNER, bench->scales,
                                                bench->float_zero_points);
}

static void
bench_call (CheckType         type,
            const LfbKernels *kernels,
            void            (*call) (void *data))
{
  Bench bench = { type, kernels, guard_new (type, N_BENCH, 0), guard_new (CHECK_F32, N_BENCH, 0), { 0 }, { 0 }, { 0 } };

  fill (type, bench.q, N_BENCH);

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

const CheckEntry check_dequantize_entries[] = {
  { "dequantize_u8", offsetof (LfbKernels, dequantize_u8), check_u8, bench_u8 },
  { "dequantize_s8", offsetof (LfbKernels, dequantize_s8), check_s8, bench_s8 },
  { "dequantize_s32", offsetof (LfbKernels, dequantize_s32), check_s32, bench_s32 },
  { "dequantize_channels_u8", offsetof (LfbKernels, dequantize_channels_u8), check_channels_u8, bench_channels_u8 },
  { "dequantize_channels_s8", offsetof (LfbKernels, dequantize_channels_s8), check_channels_s8, bench_channels_s8 },
  { "dequantize_channels_s32", offsetof (LfbKernels, dequantize_channels_s32), check_channels_s32,
    bench_channels_s32 },
  { "dequantize_float_zero_u8", offsetof (LfbKernels, dequantize_float_zero_u8), check_float_zero, bench_float_zero },
  { NULL, 0, NULL, NULL },
};

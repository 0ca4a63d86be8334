/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Average pools, plain and adaptive. */

#include "check.h"
#include "reference.h"
#include "windows.h"

#include <math.h>

static void
run_kernel (CheckType         type,
            bool              adaptive,
            const LfbKernels *k,
            const WindowCase *c,
            const LfbAverage *average,
            const void       *x,
            void             *y)
{
  if (type == CHECK_U8)
    (adaptive ? k->adaptive_avg_pool_u8 : k->avg_pool_u8).run (&c->window, &c->pixels, average, x, y);
  else if (type == CHECK_S8)
    (adaptive ? k->adaptive_avg_pool_s8 : k->avg_pool_s8).run (&c->window, &c->pixels, average, x, y);
  else
    (adaptive ? k->adaptive_avg_pool_f32 : k->avg_pool_f32).run (&c->window, &c->pixels, average, x, y);
}

/* From where to where a window goes inside the image, and what it divides by. */
typedef struct
{
  size_t  image;
  size_t  begin[3];
  size_t  end[3];
  int64_t n;
} Span;

static Span
span_plainly (const WindowCase *c,
              const LfbAverage *average,
              bool              adaptive,
              size_t            pixel)
{
  const LfbWindow *w = &c->window;
  size_t position[4];
  int64_t inside = 1;
  int64_t padded = 1;
  Span span;

  windows_position (c, pixel, position);
  span.image = position[0];

  for (int d = 0; d < 3; d++)
    {
      int64_t size = (int64_t) w->in_size[d];
      int64_t padding = adaptive ? 0 : (int64_t) w->padding[d];
      int64_t index = (int64_t) position[d + 1];
      int64_t begin, end;

      if (adaptive)
        {
          begin = (int64_t) floor ((double) (index * size) / (double) w->out_size[d]);
          end = (int64_t) ceil ((double) ((index + 1) * size) / (double) w->out_size[d]);
        }
      else
        {
          begin = index * (int64_t) w->stride[d] - padding;
          end = begin + (int64_t) w->kernel[d];
        }

      if (end > size + padding)
        end = size + padding;
      padded *= end - begin;

      span.begin[d] = (size_t) (begin < 0 ? 0 : begin);
      span.end[d] = (size_t) (end > size ? size : end);
      inside *= (int64_t) span.end[d] - (int64_t) span.begin[d];
    }

  span.n = adaptive ? inside : average->divisor != 0 ? average->divisor : average->count_include_pad ? padded : inside;

  return span;
}

static void
average_plainly (CheckType         type,
                 const WindowCase *c,
                 const LfbAverage *average,
                 const Span       *span,
                 const void       *x,
                 size_t            channel,
                 void             *y,
                 size_t            at)
{
  int64_t sum = 0;
  float float_sum = 0.0f;
  size_t i[3];

  for (i[0] = span->begin[0]; i[0] < span->end[0]; i[0]++)
    for (i[1] = span->begin[1]; i[1] < span->end[1]; i[1]++)
      for (i[2] = span->begin[2]; i[2] < span->end[2]; i[2]++)
        {
          size_t from = windows_x_at (c, span->image, i) + channel;

          if (type == CHECK_F32)
            float_sum = float_sum + ((const float *) x)[from];
          else
            sum += ref_get (type, x, from) - average->zero_point;
        }

  if (type == CHECK_F32)
    ((float *) y)[at] = float_sum / (float) span->n;
  else
    {
      float reciprocal = 1.0f / (float) span->n;
      float value = (float) sum * reciprocal;

      ref_set (type, y, at, ref_clamp (ref_round (value), average->zero_point, ref_qmin (type), ref_qmax (type)));
    }
}

static void
reference (CheckType         type,
           bool              adaptive,
           const WindowCase *c,
           const LfbAverage *average,
           const void       *x,
           void             *y)
{
  for (size_t pixel = c->pixels.begin; pixel < c->pixels.end; pixel++)
    {
      Span span = span_plainly (c, average, adaptive, pixel);

      for (size_t channel = 0; channel < c->pixels.channels; channel++)
        average_plainly (type, c, average, &span, x, channel, y, pixel * c->pixels.y_stride + channel);
    }
}

static LfbAverage
random_average (CheckType type)
{
  LfbAverage average = { .count_include_pad = rnd_one_in (2) };

  if (rnd_one_in (3))
    average.divisor = rnd_one_in (4) ? rnd_between (-20, -1) : rnd_between (1, 60);

  if (type != CHECK_F32)
    average.zero_point = (int32_t) (rnd_one_in (5) ? ref_qmin (type) : rnd_one_in (5) ? ref_qmax (type)
                                    : rnd_between (ref_qmin (type), ref_qmax (type)));

  return average;
}

static void
run_case (CheckType         type,
          bool              adaptive,
          const LfbKernels *kernels,
          const WindowCase *c,
          const LfbAverage *average,
          Fill              fill)
{
  int place = rnd_place ();
  size_t x_size = windows_x_size (c);
  size_t y_size = windows_y_size (c);
  void *x = guard_new (type, x_size, place);
  void *y = guard_new (type, y_size, place);
  void *expected = guard_new (type, y_size, PLACE_END);
  char text[400];

  windows_describe (c, text, sizeof text);
  check_case ("%s include_pad=%d divisor=%d zero_point=%d fill=%d place=%d", text, average->count_include_pad,
              (int) average->divisor, average->zero_point, fill, place);

  if (type == CHECK_F32)
    fill_floats (x, x_size, 1.0f, rnd_one_in (2));
  else
    fill_bytes (type, x, x_size, fill);
  guard_freeze (x);

  if (check_is_c ())
    reference (type, adaptive, c, average, x, expected);
  else
    run_kernel (type, adaptive, check_kernels_c (), c, average, x, expected);

  run_kernel (type, adaptive, kernels, c, average, x, y);
  check_same (type, y, expected, y_size);
  guard_verify (y);
  guard_free_all ();
}

/* Any two sizes; what an adaptive pool does not read is nonsense. */
static void
make_adaptive (WindowCase *c)
{
  for (int d = 0; d < 3; d++)
    {
      if (c->window.in_size[d] > 1)
        c->window.out_size[d] = (size_t) rnd_between (1, rnd_one_in (3) ? 2 : 9);
      c->window.kernel[d] = c->window.stride[d] = c->window.dilation[d] = c->window.padding[d] = 12345;
    }

  c->n_pixels = c->batch * c->window.out_size[0] * c->window.out_size[1] * c->window.out_size[2];
  c->pixels.begin = rnd_one_in (3) ? (size_t) rnd_between (0, (int64_t) c->n_pixels - 1) : 0;
  c->pixels.end = c->n_pixels;
}

/* One window over as many elements as the sums hold, of the largest values. */
static void
largest_window (CheckType         type,
                bool              adaptive,
                const LfbKernels *kernels)
{
  for (int form = 0; form < 4; form++)
    {
      size_t side = 2901;  /* 2901^2 = 8,415,801 */
      WindowCase c = { .batch = 1,
                       .window = { { 1, side, side }, { 1, 1, 1 }, { 1, side, side }, { 1, 1, 1 }, { 1, 1, 1 },
                                   { 0, 0, 0 } },
                       .pixels = { 1, 1, 1, 0, 1 },
                       .n_pixels = 1 };
      LfbAverage average = { .zero_point = (int32_t) (form & 1 ? ref_qmin (type) : ref_qmax (type)) };

      check_true (side * side <= lfb_avg_pool_limit ());
      run_case (type, adaptive, kernels, &c, &average, form & 2 ? FILL_HIGH : FILL_LOW);
    }
}

/* A window over nothing but padding, which uneven output sizes can make. */
static void
empty_window (CheckType         type,
              const LfbKernels *kernels)
{
  WindowCase c = { .batch = 1,
                   .window = { { 1, 1, 2 }, { 1, 1, 1 }, { 1, 1, 2 }, { 1, 1, 1 }, { 1, 1, 1 }, { 0, 0, 2 } },
                   .pixels = { 37, 37, 37, 0, 1 },
                   .n_pixels = 1 };
  LfbAverage average = { .zero_point = type == CHECK_F32 ? 0 : 100 };
  void *x = guard_new (type, windows_x_size (&c), PLACE_END);
  void *y = guard_new (type, windows_y_size (&c), PLACE_END);
  void *expected = guard_new (type, windows_y_size (&c), PLACE_END);

  check_case ("empty window");
  for (size_t i = 0; i < windows_y_size (&c); i++)
    if (type == CHECK_F32)
      ((float *) expected)[i] = 0.0f;
    else
      ref_set (type, expected, i, 100);

  run_kernel (type, false, kernels, &c, &average, x, y);
  check_same (type, y, expected, windows_y_size (&c));
  guard_verify (y);
  guard_free_all ();
}

/* No output: nothing is written. */
static void
check_empty (CheckType         type,
             bool              adaptive,
             const LfbKernels *kernels)
{
  WindowCase c = { .batch = 1,
                   .window = { { 1, 1, 1 }, { 1, 1, 0 }, { 1, 1, 2 }, { 1, 1, 1 }, { 1, 1, 1 }, { 0, 0, 0 } },
                   .pixels = { 20, 20, 20, 0, 0 } };
  LfbAverage average = { .divisor = 0 };
  void *x = guard_new (type, 20, PLACE_END);
  void *y = guard_new (type, 0, PLACE_END);

  check_case ("no output");
  run_kernel (type, adaptive, kernels, &c, &average, x, y);
  guard_verify (y);
  guard_free_all ();
}

static void
check (CheckType         type,
       bool              adaptive,
       const LfbKernels *kernels)
{
  for (int n_dims = 1; n_dims <= 3; n_dims++)
    for (int i = 0; i < 250; i++)
      {
        WindowCase c = windows_random (n_dims, false);
        LfbAverage average = random_average (type);

        if (adaptive)
          make_adaptive (&c);
        run_case (type, adaptive, kernels, &c, &average, i % 8 < N_FILLS ? (Fill) (i % 8) : FILL_RANDOM);
      }

  /* Every count of channels. */
  for (size_t channels = 1; channels <= 131; channels++)
    {
      WindowCase c = windows_random (2, false);
      LfbAverage average = random_average (type);

      if (adaptive)
        make_adaptive (&c);
      c.pixels.channels = c.pixels.x_stride = c.pixels.y_stride = channels;
      run_case (type, adaptive, kernels, &c, &average, FILL_RANDOM);
    }

  if (type != CHECK_F32)
    largest_window (type, adaptive, kernels);

  if (!adaptive)
    empty_window (type, kernels);

  check_empty (type, adaptive, kernels);
}

typedef struct
{
  CheckType         type;
  bool              adaptive;
  const LfbKernels *kernels;
  WindowCase        c;
  LfbAverage        average;
  void             *x;
  void             *y;
} Bench;

static void
call (void *data)
{
  Bench *bench = data;

  run_kernel (bench->type, bench->adaptive, bench->kernels, &bench->c, &bench->average, bench->x, bench->y);
}

static void
bench (CheckType         type,
       bool              adaptive,
       const LfbKernels *kernels)
{
  Bench bench = { type, adaptive, kernels, { 0 }, { .zero_point = 100 }, NULL, NULL };
  WindowCase plain = { .batch = 1,
                       .window = { { 1, 56, 56 }, { 1, 28, 28 }, { 1, 2, 2 }, { 1, 2, 2 }, { 1, 1, 1 }, { 0, 0, 0 } },
                       .pixels = { 256, 256, 256, 0, 28 * 28 },
                       .n_pixels = 28 * 28 };
  WindowCase global = { .batch = 16,
                        .window = { { 1, 7, 7 }, { 1, 1, 1 }, { 1, 7, 7 }, { 1, 1, 1 }, { 1, 1, 1 }, { 0, 0, 0 } },
                        .pixels = { 1024, 1024, 1024, 0, 16 },
                        .n_pixels = 16 };
  size_t x_size, y_size;

  bench.c = adaptive ? global : plain;
  x_size = windows_x_size (&bench.c);
  y_size = windows_y_size (&bench.c);
  bench.x = guard_new (type, x_size, 0);
  bench.y = guard_new (type, y_size, 0);
  if (type == CHECK_F32)
    fill_floats (bench.x, x_size, 1.0f, true);
  else
    fill_bytes (type, bench.x, x_size, FILL_RANDOM);

  bench_run (adaptive ? "16 images 7x7 1024 channels to 1x1" : "2x2 /2 256 channels 56x56",
             (double) ((x_size + y_size) * check_type_size (type)), "GB/s", call, &bench);
}

#define FORMS(name, type) \
  static void check_plain_##name (const LfbKernels *k) { check (type, false, k); } \
  static void check_adaptive_##name (const LfbKernels *k) { check (type, true, k); } \
  static void bench_plain_##name (const LfbKernels *k) { bench (type, false, k); } \
  static void bench_adaptive_##name (const LfbKernels *k) { bench (type, true, k); }

FORMS (u8, CHECK_U8)
FORMS (s8, CHECK_S8)
FORMS (f32, CHECK_F32)

const CheckEntry check_avg_pool_entries[] = {
  { "avg_pool_u8", offsetof (LfbKernels, avg_pool_u8), check_plain_u8, bench_plain_u8 },
  { "avg_pool_s8", offsetof (LfbKernels, avg_pool_s8), check_plain_s8, bench_plain_s8 },
  { "avg_pool_f32", offsetof (LfbKernels, avg_pool_f32), check_plain_f32, bench_plain_f32 },
  { "adaptive_avg_pool_u8", offsetof (LfbKernels, adaptive_avg_pool_u8), check_adaptive_u8, bench_adaptive_u8 },
  { "adaptive_avg_pool_s8", offsetof (LfbKernels, adaptive_avg_pool_s8), check_adaptive_s8, bench_adaptive_s8 },
  { "adaptive_avg_pool_f32", offsetof (LfbKernels, adaptive_avg_pool_f32), check_adaptive_f32, bench_adaptive_f32 },
  { NULL, 0, NULL, NULL },
};

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Max pool. */

#include "check.h"
#include "reference.h"
#include "windows.h"

#include <math.h>

static void
run_kernel (CheckType         type,
            const LfbKernels *kernels,
            const WindowCase *c,
            const void       *x,
            void             *y)
{
  if (type == CHECK_U8)
    kernels->max_pool_u8.run (&c->window, &c->pixels, x, y);
  else if (type == CHECK_S8)
    kernels->max_pool_s8.run (&c->window, &c->pixels, x, y);
  else
    kernels->max_pool_f32.run (&c->window, &c->pixels, x, y);
}

/* The taps of an output that are inside the image, in ascending order. */
static size_t
taps_inside (const WindowCase *c,
             size_t            pixel,
             size_t           *taps)
{
  const LfbWindow *w = &c->window;
  size_t position[4];
  size_t tap[3];
  size_t n = 0;

  windows_position (c, pixel, position);

  for (tap[0] = 0; tap[0] < w->kernel[0]; tap[0]++)
    for (tap[1] = 0; tap[1] < w->kernel[1]; tap[1]++)
      for (tap[2] = 0; tap[2] < w->kernel[2]; tap[2]++)
        {
          size_t at[3];
          bool inside = true;

          for (int d = 0; d < 3; d++)
            {
              int64_t place = (int64_t) (position[d + 1] * w->stride[d] + tap[d] * w->dilation[d]) -
                              (int64_t) w->padding[d];

              inside = inside && place >= 0 && place < (int64_t) w->in_size[d];
              at[d] = (size_t) place;
            }

          if (inside)
            taps[n++] = windows_x_at (c, position[0], at);
        }

  return n;
}

static void
reference (CheckType         type,
           const WindowCase *c,
           const void       *x,
           void             *y)
{
  size_t taps[7 * 7 * 7];

  for (size_t pixel = c->pixels.begin; pixel < c->pixels.end; pixel++)
    {
      size_t n_taps = taps_inside (c, pixel, taps);

      for (size_t channel = 0; channel < c->pixels.channels; channel++)
        {
          size_t at = pixel * c->pixels.y_stride + channel;

          if (type == CHECK_F32)
            {
              const float *values = x;
              float largest = -INFINITY;

              for (size_t i = 0; i < n_taps; i++)
                if (values[taps[i] + channel] > largest || isnan (values[taps[i] + channel]))
                  largest = values[taps[i] + channel];

              ((float *) y)[at] = largest;
            }
          else
            {
              int64_t largest = ref_qmin (type);

              for (size_t i = 0; i < n_taps; i++)
                if (ref_get (type, x, taps[i] + channel) > largest)
                  largest = ref_get (type, x, taps[i] + channel);

              ref_set (type, y, at, largest);
            }
        }
    }
}

static void
run_case (CheckType         type,
          const LfbKernels *kernels,
          const WindowCase *c,
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
  check_case ("%s fill=%d place=%d", text, fill, place);

  if (type == CHECK_F32)
    fill_floats (x, x_size, 1.0f, false);
  else
    fill_bytes (type, x, x_size, fill);
  guard_freeze (x);

  if (check_is_c ())
    reference (type, c, x, expected);
  else
    run_kernel (type, check_kernels_c (), c, x, expected);

  run_kernel (type, kernels, c, x, y);
  check_same (type, y, expected, y_size);
  guard_verify (y);
  guard_free_all ();
}

/* No output: nothing is written. */
static void
check_empty (CheckType         type,
             const LfbKernels *kernels)
{
  WindowCase c = { .batch = 1,
                   .window = { { 1, 1, 1 }, { 1, 1, 0 }, { 1, 1, 2 }, { 1, 1, 1 }, { 1, 1, 1 }, { 0, 0, 0 } },
                   .pixels = { 20, 20, 20, 0, 0 } };
  void *x = guard_new (type, 20, PLACE_END);
  void *y = guard_new (type, 0, PLACE_END);

  check_case ("no output");
  run_kernel (type, kernels, &c, x, y);
  guard_verify (y);
  guard_free_all ();
}

static void
check (CheckType         type,
       const LfbKernels *kernels)
{
  for (int n_dims = 1; n_dims <= 3; n_dims++)
    for (int i = 0; i < 250; i++)
      {
        WindowCase c = windows_random (n_dims, true);

        run_case (type, kernels, &c, i % 8 < N_FILLS ? (Fill) (i % 8) : FILL_RANDOM);
      }

  /* Every count of channels. */
  for (size_t channels = 1; channels <= 131; channels++)
    {
      WindowCase c = windows_random (2, false);

      c.pixels.channels = c.pixels.x_stride = c.pixels.y_stride = channels;
      run_case (type, kernels, &c, FILL_RANDOM);
    }

  check_empty (type, kernels);

  /* Dilation that steps over the whole image. */
  for (size_t channels = 1; channels <= 70; channels++)
    {
      WindowCase c = { .batch = 2,
                       .window = { { 1, 1, 2 }, { 1, 1, 1 }, { 1, 1, 2 }, { 1, 1, 1 }, { 1, 1, 3 }, { 0, 0, 1 } },
                       .pixels = { channels, channels, channels, 0, 2 },
                       .n_pixels = 2 };

      run_case (type, kernels, &c, FILL_RANDOM);
    }
}

typedef struct
{
  CheckType         type;
  const LfbKernels *kernels;
  WindowCase        c;
  void             *x;
  void             *y;
} Bench;

static void
call (void *data)
{
  Bench *bench = data;

  run_kernel (bench->type, bench->kernels, &bench->c, bench->x, bench->y);
}

static void
bench (CheckType         type,
       const LfbKernels *kernels)
{
  Bench bench = { type, kernels,
                  { .batch = 1,
                    .window = { { 1, 112, 112 }, { 1, 56, 56 }, { 1, 3, 3 }, { 1, 2, 2 }, { 1, 1, 1 }, { 0, 1, 1 } },
                    .pixels = { 64, 64, 64, 0, 56 * 56 },
                    .n_pixels = 56 * 56 },
                  NULL, NULL };
  size_t x_size = windows_x_size (&bench.c);
  size_t y_size = windows_y_size (&bench.c);

  bench.x = guard_new (type, x_size, 0);
  bench.y = guard_new (type, y_size, 0);
  if (type == CHECK_F32)
    fill_floats (bench.x, x_size, 1.0f, true);
  else
    fill_bytes (type, bench.x, x_size, FILL_RANDOM);

  bench_run ("3x3 /2 64 channels 112x112", (double) ((x_size + y_size) * check_type_size (type)), "GB/s", call, &bench);
}

static void check_u8 (const LfbKernels *k) { check (CHECK_U8, k); }
static void check_s8 (const LfbKernels *k) { check (CHECK_S8, k); }
static void check_f32 (const LfbKernels *k) { check (CHECK_F32, k); }
static void bench_u8 (const LfbKernels *k) { bench (CHECK_U8, k); }
static void bench_s8 (const LfbKernels *k) { bench (CHECK_S8, k); }
static void bench_f32 (const LfbKernels *k) { bench (CHECK_F32, k); }

const CheckEntry check_max_pool_entries[] = {
  { "max_pool_u8", offsetof (LfbKernels, max_pool_u8), check_u8, bench_u8 },
  { "max_pool_s8", offsetof (LfbKernels, max_pool_s8), check_s8, bench_s8 },
  { "max_pool_f32", offsetof (LfbKernels, max_pool_f32), check_f32, bench_f32 },
  { NULL, 0, NULL, NULL },
};

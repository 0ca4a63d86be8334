/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Contract: max pool, channels last (window.h).  numerics.md, "max pool":
 * bytes move, padding never wins.
 *
 *     y[pixel][c] = largest x[tap][c] of the taps inside the image
 *
 * Integers: a window with no tap inside (dilation can step over a small image)
 * gives the type's smallest value.  Floats: taps are taken in ascending depth,
 * height, width, starting from -inf; a tap replaces the maximum if it is
 * greater or NaN, so that NaN wins (which one is open) and of equal zeros the
 * first stays.
 *
 * x and y: any alignment of the type, do not overlap; nothing but the pixels'
 * channels is read at the end of the image, and nothing else is written.
 */

#pragma once

#include <stdint.h>

#include <lowerfb/kernels/window.h>

typedef struct
{
  const char *isa;
  unsigned    needs;
  void (*run) (const LfbWindow *window, const LfbPixels *pixels, const uint8_t *x, uint8_t *y);
} LfbMaxPoolU8Kernel;

typedef struct
{
  const char *isa;
  unsigned    needs;
  void (*run) (const LfbWindow *window, const LfbPixels *pixels, const int8_t *x, int8_t *y);
} LfbMaxPoolS8Kernel;

typedef struct
{
  const char *isa;
  unsigned    needs;
  void (*run) (const LfbWindow *window, const LfbPixels *pixels, const float *x, float *y);
} LfbMaxPoolF32Kernel;

void lfb_max_pool_u8_init  (LfbMaxPoolU8Kernel  *kernel, unsigned cpu_flags);
void lfb_max_pool_s8_init  (LfbMaxPoolS8Kernel  *kernel, unsigned cpu_flags);
void lfb_max_pool_f32_init (LfbMaxPoolF32Kernel *kernel, unsigned cpu_flags);

/* Of doubles there is no other variant: what stays float64 is rare. */
void lfb_max_pool_f64_c    (const LfbWindow *window, const LfbPixels *pixels, const double *x, double *y);

/* The functions of the variants. */
#define LFB_MAX_POOL_FUNCTIONS(isa) \
  void lfb_max_pool_u8_##isa  (const LfbWindow *window, const LfbPixels *pixels, const uint8_t *x, uint8_t *y); \
  void lfb_max_pool_s8_##isa  (const LfbWindow *window, const LfbPixels *pixels, const int8_t *x, int8_t *y); \
  void lfb_max_pool_f32_##isa (const LfbWindow *window, const LfbPixels *pixels, const float *x, float *y);

LFB_MAX_POOL_FUNCTIONS (c)
LFB_MAX_POOL_FUNCTIONS (avx2)
LFB_MAX_POOL_FUNCTIONS (avx512vnni)
LFB_MAX_POOL_FUNCTIONS (neon)

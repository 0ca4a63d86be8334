/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Contract: average pools, channels last (window.h).  numerics.md, "avg pool,
 * adaptive avg pool, mean":
 *
 *   integers  y = clamp (round (float (sum of x - zero_point) * (1.0f / n)) + zero_point, qmin, qmax)
 *   floats    y = sum of x / n, one sum in ascending depth, height, width, starting from +0
 *
 * The sum is over the taps inside the image, exact in int32 for integers: a
 * window has at most lfb_avg_pool_limit () elements.  n is
 *
 *   the divisor, if it is not 0;
 *   else with count_include_pad the volume of the window clipped to the image
 *   with `padding` on both sides of each dimension;
 *   else the number of taps inside.
 *
 * A window with no tap inside gives zero_point, or 0.  Windows are not dilated:
 * window.dilation is 1.
 *
 * Adaptive: output o of a dimension covers floor (o * in / out) to
 * ceil ((o + 1) * in / out), and n is what it covers; of LfbWindow only in_size
 * and out_size are read, of LfbAverage only zero_point.
 *
 * x and y: any alignment of the type, do not overlap; nothing but the pixels'
 * channels is read at the end of the image, and nothing else is written.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <lowerfb/kernels/window.h>

typedef struct
{
  bool    count_include_pad;
  int64_t divisor;     /* divisor_override; 0: none */
  int32_t zero_point;  /* inside the type's range; not read for floats */
} LfbAverage;

typedef void (*LfbAvgPoolU8Func)  (const LfbWindow  *window,
                                   const LfbPixels  *pixels,
                                   const LfbAverage *average,
                                   const uint8_t    *x,
                                   uint8_t          *y);
typedef void (*LfbAvgPoolS8Func)  (const LfbWindow  *window,
                                   const LfbPixels  *pixels,
                                   const LfbAverage *average,
                                   const int8_t     *x,
                                   int8_t           *y);
typedef void (*LfbAvgPoolF32Func) (const LfbWindow  *window,
                                   const LfbPixels  *pixels,
                                   const LfbAverage *average,
                                   const float      *x,
                                   float            *y);

/* Also the type of the adaptive kernels. */
typedef struct
{
  const char       *isa;
  unsigned          needs;
  LfbAvgPoolU8Func  run;
} LfbAvgPoolU8Kernel;

typedef struct
{
  const char       *isa;
  unsigned          needs;
  LfbAvgPoolS8Func  run;
} LfbAvgPoolS8Kernel;

typedef struct
{
  const char        *isa;
  unsigned           needs;
  LfbAvgPoolF32Func  run;
} LfbAvgPoolF32Kernel;

/* How many elements an integer window may have: 8,421,504. */
size_t lfb_avg_pool_limit (void);

void lfb_avg_pool_u8_init           (LfbAvgPoolU8Kernel  *kernel, unsigned cpu_flags);
void lfb_avg_pool_s8_init           (LfbAvgPoolS8Kernel  *kernel, unsigned cpu_flags);
void lfb_avg_pool_f32_init          (LfbAvgPoolF32Kernel *kernel, unsigned cpu_flags);
void lfb_adaptive_avg_pool_u8_init  (LfbAvgPoolU8Kernel  *kernel, unsigned cpu_flags);
void lfb_adaptive_avg_pool_s8_init  (LfbAvgPoolS8Kernel  *kernel, unsigned cpu_flags);
void lfb_adaptive_avg_pool_f32_init (LfbAvgPoolF32Kernel *kernel, unsigned cpu_flags);

/* Of doubles there is no other variant: what stays float64 is rare. */
void lfb_avg_pool_f64_c             (const LfbWindow *window, const LfbPixels *pixels, const LfbAverage *average,
                                     const double *x, double *y);
void lfb_adaptive_avg_pool_f64_c    (const LfbWindow *window, const LfbPixels *pixels, const LfbAverage *average,
                                     const double *x, double *y);

/* The functions of the variants. */
#define LFB_AVG_POOL_FUNCTIONS(isa) \
  void lfb_avg_pool_u8_##isa             (const LfbWindow *window, const LfbPixels *pixels, const LfbAverage *average, \
                                          const uint8_t *x, uint8_t *y); \
  void lfb_avg_pool_s8_##isa             (const LfbWindow *window, const LfbPixels *pixels, const LfbAverage *average, \
                                          const int8_t *x, int8_t *y); \
  void lfb_avg_pool_f32_##isa            (const LfbWindow *window, const LfbPixels *pixels, const LfbAverage *average, \
                                          const float *x, float *y); \
  void lfb_adaptive_avg_pool_u8_##isa    (const LfbWindow *window, const LfbPixels *pixels, const LfbAverage *average, \
                                          const uint8_t *x, uint8_t *y); \
  void lfb_adaptive_avg_pool_s8_##isa    (const LfbWindow *window, const LfbPixels *pixels, const LfbAverage *average, \
                                          const int8_t *x, int8_t *y); \
  void lfb_adaptive_avg_pool_f32_##isa   (const LfbWindow *window, const LfbPixels *pixels, const LfbAverage *average, \
                                          const float *x, float *y);

LFB_AVG_POOL_FUNCTIONS (c)
LFB_AVG_POOL_FUNCTIONS (avx2)
LFB_AVG_POOL_FUNCTIONS (avx512vnni)
LFB_AVG_POOL_FUNCTIONS (neon)

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Contract: normalization of 8-bit integers; numerics.md, "batch_norm" and
 * "layer, group, instance norm".
 *
 *   moments    sum and squares: of q - zero_point and of its square, exact in int64
 *   normalize  v = ((q - x_zero_point) - mean) * r, * gamma, + beta, each operation rounded to float32;
 *              y = quantize (v) as quantize.h has it
 *   affine     y = clamp (round (a * (q - x_zero_point) + b) + y_zero_point, y_min, qmax), rounded
 *              after each operation; a NaN gives y_min
 *
 * gamma and beta have one float an element, or one for all where @per_element is
 * false.  Scales are finite and > 0, zero points inside the type's range, y_min
 * inside it too.  x and y: any alignment, n >= 0 elements, equal or not
 * overlapping; the parameters do not overlap y.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct
{
  int32_t      x_zero_point;
  float        mean;
  float        r;
  const float *gamma;
  const float *beta;
  bool         per_element;
  float        y_scale;
  int32_t      y_zero_point;
} LfbNormalize;

typedef struct
{
  int32_t x_zero_point;
  float   a;
  float   b;
  int32_t y_zero_point;
  int32_t y_min;
} LfbAffine;

typedef struct
{
  const char *isa;
  unsigned    needs;
  void (*run) (const uint8_t *x, size_t n, int32_t zero_point, int64_t *sum, int64_t *squares);
} LfbMomentsU8Kernel;

typedef struct
{
  const char *isa;
  unsigned    needs;
  void (*run) (const int8_t *x, size_t n, int32_t zero_point, int64_t *sum, int64_t *squares);
} LfbMomentsS8Kernel;

typedef struct
{
  const char *isa;
  unsigned    needs;
  void (*run) (const uint8_t *x, uint8_t *y, size_t n, const LfbNormalize *norm);
} LfbNormalizeU8Kernel;

typedef struct
{
  const char *isa;
  unsigned    needs;
  void (*run) (const int8_t *x, int8_t *y, size_t n, const LfbNormalize *norm);
} LfbNormalizeS8Kernel;

typedef struct
{
  const char *isa;
  unsigned    needs;
  void (*run) (const uint8_t *x, uint8_t *y, size_t n, const LfbAffine *affine);
} LfbAffineU8Kernel;

typedef struct
{
  const char *isa;
  unsigned    needs;
  void (*run) (const int8_t *x, int8_t *y, size_t n, const LfbAffine *affine);
} LfbAffineS8Kernel;

void lfb_moments_u8_init   (LfbMomentsU8Kernel   *kernel, unsigned cpu_flags);
void lfb_moments_s8_init   (LfbMomentsS8Kernel   *kernel, unsigned cpu_flags);
void lfb_normalize_u8_init (LfbNormalizeU8Kernel *kernel, unsigned cpu_flags);
void lfb_normalize_s8_init (LfbNormalizeS8Kernel *kernel, unsigned cpu_flags);
void lfb_affine_u8_init    (LfbAffineU8Kernel    *kernel, unsigned cpu_flags);
void lfb_affine_s8_init    (LfbAffineS8Kernel    *kernel, unsigned cpu_flags);

/* The functions of the variants. */
#define LFB_NORM_FUNCTIONS(isa) \
  void lfb_moments_u8_##isa   (const uint8_t *x, size_t n, int32_t zero_point, int64_t *sum, int64_t *squares); \
  void lfb_moments_s8_##isa   (const int8_t *x, size_t n, int32_t zero_point, int64_t *sum, int64_t *squares); \
  void lfb_normalize_u8_##isa (const uint8_t *x, uint8_t *y, size_t n, const LfbNormalize *norm); \
  void lfb_normalize_s8_##isa (const int8_t *x, int8_t *y, size_t n, const LfbNormalize *norm); \
  void lfb_affine_u8_##isa    (const uint8_t *x, uint8_t *y, size_t n, const LfbAffine *affine); \
  void lfb_affine_s8_##isa    (const int8_t *x, int8_t *y, size_t n, const LfbAffine *affine);

LFB_NORM_FUNCTIONS (c)
LFB_NORM_FUNCTIONS (avx2)
LFB_NORM_FUNCTIONS (avx512vnni)
LFB_NORM_FUNCTIONS (neon)

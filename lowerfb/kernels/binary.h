/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Contract: two-input add and mul of 8-bit integers.  numerics.md, the rows on
 * add and mul, each operation rounded to float32:
 *
 *   add  v = (a - a_zero_point) * a_scale + (b - b_zero_point) * b_scale, then relu,
 *        y = quantize (v)  as quantize.h has it
 *   mul  y = clamp (round (float ((a - a_zero_point) * (b - b_zero_point)) * m) + y_zero_point, low, qmax)
 *        m = (a_scale * b_scale) * (1.0f / y_scale), low = y_zero_point with relu, else qmin
 *
 * Scales are finite and > 0, zero points inside the type's range.  Where m or a
 * sum is infinite or NaN: a NaN gives the zero point for add, low for mul.
 *
 * a, b and y: any alignment, n >= 0 elements; y is a, or b, or overlaps neither.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct
{
  float   a_scale;
  float   b_scale;
  float   y_scale;
  int32_t a_zero_point;
  int32_t b_zero_point;
  int32_t y_zero_point;
  bool    relu;
} LfbBinaryRange;

typedef struct
{
  const char *isa;
  unsigned    needs;
  void (*run) (const uint8_t *a, const uint8_t *b, uint8_t *y, size_t n, const LfbBinaryRange *range);
} LfbBinaryU8Kernel;

typedef struct
{
  const char *isa;
  unsigned    needs;
  void (*run) (const int8_t *a, const int8_t *b, int8_t *y, size_t n, const LfbBinaryRange *range);
} LfbBinaryS8Kernel;

void lfb_add_u8_init (LfbBinaryU8Kernel *kernel, unsigned cpu_flags);
void lfb_add_s8_init (LfbBinaryS8Kernel *kernel, unsigned cpu_flags);
void lfb_mul_u8_init (LfbBinaryU8Kernel *kernel, unsigned cpu_flags);
void lfb_mul_s8_init (LfbBinaryS8Kernel *kernel, unsigned cpu_flags);

/* The functions of the variants. */
#define LFB_ADD_MUL_FUNCTIONS(isa) \
  void lfb_add_u8_##isa (const uint8_t *a, const uint8_t *b, uint8_t *y, size_t n, const LfbBinaryRange *range); \
  void lfb_add_s8_##isa (const int8_t *a, const int8_t *b, int8_t *y, size_t n, const LfbBinaryRange *range); \
  void lfb_mul_u8_##isa (const uint8_t *a, const uint8_t *b, uint8_t *y, size_t n, const LfbBinaryRange *range); \
  void lfb_mul_s8_##isa (const int8_t *a, const int8_t *b, int8_t *y, size_t n, const LfbBinaryRange *range);

LFB_ADD_MUL_FUNCTIONS (c)
LFB_ADD_MUL_FUNCTIONS (avx2)
LFB_ADD_MUL_FUNCTIONS (avx512vnni)
LFB_ADD_MUL_FUNCTIONS (neon)

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Contract: integer clamp, for relu, relu6, hardtanh and clamp, whose bounds
 * the caller has quantized (numerics.md: same scale and zero point).
 *
 *     y = x < low ? low : x > high ? high : x,   low <= high
 *
 * x and y: any alignment, n >= 0 elements, equal or not overlapping.
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct
{
  const char *isa;
  unsigned    needs;
  void (*run) (const uint8_t *x, uint8_t *y, size_t n, uint8_t low, uint8_t high);
} LfbClampU8Kernel;

typedef struct
{
  const char *isa;
  unsigned    needs;
  void (*run) (const int8_t *x, int8_t *y, size_t n, int8_t low, int8_t high);
} LfbClampS8Kernel;

void lfb_clamp_u8_init (LfbClampU8Kernel *kernel, unsigned cpu_flags);
void lfb_clamp_s8_init (LfbClampS8Kernel *kernel, unsigned cpu_flags);

void lfb_clamp_u8_c          (const uint8_t *x, uint8_t *y, size_t n, uint8_t low, uint8_t high);
void lfb_clamp_u8_avx2       (const uint8_t *x, uint8_t *y, size_t n, uint8_t low, uint8_t high);
void lfb_clamp_u8_avx512vnni (const uint8_t *x, uint8_t *y, size_t n, uint8_t low, uint8_t high);
void lfb_clamp_u8_neon       (const uint8_t *x, uint8_t *y, size_t n, uint8_t low, uint8_t high);

void lfb_clamp_s8_c          (const int8_t *x, int8_t *y, size_t n, int8_t low, int8_t high);
void lfb_clamp_s8_avx2       (const int8_t *x, int8_t *y, size_t n, int8_t low, int8_t high);
void lfb_clamp_s8_avx512vnni (const int8_t *x, int8_t *y, size_t n, int8_t low, int8_t high);
void lfb_clamp_s8_neon       (const int8_t *x, int8_t *y, size_t n, int8_t low, int8_t high);

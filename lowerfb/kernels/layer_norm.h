/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Contract: layer normalization of float32, one group of n elements:
 *
 *   mean = (sum of x) / n, v = (sum of (x - mean)^2) / n            in double
 *   r = (float) (1 / sqrt (v + eps))
 *   y = ((x - (float) mean) * r) * gamma + beta                     in float32
 *
 * rounded after each operation.  A gamma or beta that is NULL is left out.  Sums are
 * those of 16 partial sums, element i in sum i % 16, added in halves: 0 to 7 and 8 to
 * 15, then 0 to 3 and 4 to 7, and so on.  A NaN is some NaN.
 *
 * Alignment of float; x and y equal or not overlapping; n >= 1.
 */

#pragma once

#include <stddef.h>

typedef struct
{
  const char *isa;
  unsigned    needs;
  void (*run) (const float *x, float *y, size_t n, const float *gamma, const float *beta, double eps);
} LfbLayerNormKernel;

void lfb_layer_norm_init (LfbLayerNormKernel *kernel, unsigned cpu_flags);

void lfb_layer_norm_f32_c          (const float *x, float *y, size_t n, const float *gamma, const float *beta, double eps);
void lfb_layer_norm_f32_avx2       (const float *x, float *y, size_t n, const float *gamma, const float *beta, double eps);
void lfb_layer_norm_f32_avx512vnni (const float *x, float *y, size_t n, const float *gamma, const float *beta, double eps);
void lfb_layer_norm_f32_neon       (const float *x, float *y, size_t n, const float *gamma, const float *beta, double eps);

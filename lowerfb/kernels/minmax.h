/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Contract: smallest and largest element of a float32 array, for the dynamic
 * quantization of a tensor (qparams.h) and for observers.
 *
 * Returns true and sets both if all n >= 1 elements are finite; a zero is
 * given as +0 whatever its sign.  Returns false, with both set to 0, if any
 * element is NaN or infinite: the caller makes that an error which names the
 * operator.  @x: alignment of float, never read past n elements.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef struct
{
  const char *isa;
  unsigned    needs;
  bool (*run) (const float *x, size_t n, float *min, float *max);
} LfbMinmaxKernel;

void lfb_minmax_init (LfbMinmaxKernel *kernel, unsigned cpu_flags);

bool lfb_minmax_f32_c          (const float *x, size_t n, float *min, float *max);
bool lfb_minmax_f32_avx2       (const float *x, size_t n, float *min, float *max);
bool lfb_minmax_f32_avx512vnni (const float *x, size_t n, float *min, float *max);
bool lfb_minmax_f32_neon       (const float *x, size_t n, float *min, float *max);

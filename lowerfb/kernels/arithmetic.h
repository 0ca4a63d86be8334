/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Contract: the four operations on float32 arrays, y[i] = a[i * a_step] op b[i * b_step],
 * each rounded once.  A step is 0, which takes one element for all, or 1.  A NaN is some
 * NaN.
 *
 * Alignment of float, n >= 0 elements; y equals an array of step 1 or overlaps none.
 */

#pragma once

#include <stddef.h>

typedef void (*LfbArithmetic) (const float *a, size_t a_step, const float *b, size_t b_step, float *y, size_t n);

typedef struct
{
  const char   *isa;
  unsigned      needs;
  LfbArithmetic add;
  LfbArithmetic sub;
  LfbArithmetic mul;
  LfbArithmetic div;
} LfbArithmeticKernel;

void lfb_arithmetic_init (LfbArithmeticKernel *kernel, unsigned cpu_flags);

extern const LfbArithmeticKernel lfb_arithmetic_f32_c;
#ifdef __x86_64__
extern const LfbArithmeticKernel lfb_arithmetic_f32_avx2;
extern const LfbArithmeticKernel lfb_arithmetic_f32_avx512vnni;
#endif
#ifdef __aarch64__
extern const LfbArithmeticKernel lfb_arithmetic_f32_neon;
#endif

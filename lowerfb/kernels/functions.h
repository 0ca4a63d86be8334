/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Contract: transcendental functions of float32 arrays, each the float32 nearest
 * to the true value but for a few arguments in a hundred million, for the rules of
 * the numerics guide that name them:
 *
 *   exp, sigmoid, tanh   rounded once, from double (exp.h)
 *   silu                 x * sigmoid (x), both rounded
 *   gelu                 x * P (x), P the normal distribution, rounded once
 *   gelu_tanh            x * (1 + tanh (sqrt (2 / pi) * (x + 0.044715 * x^3))) / 2, rounded once
 *
 * NaN gives NaN, and so do silu, gelu and gelu_tanh of -infinity: -infinity times 0.
 *
 * x and y: alignment of float, n >= 0 elements, equal or not overlapping.
 */

#pragma once

#include <stddef.h>

typedef void (*LfbFunction) (const float *x, float *y, size_t n);

typedef struct
{
  const char *isa;
  unsigned    needs;
  LfbFunction exp;
  LfbFunction sigmoid;
  LfbFunction tanh;
  LfbFunction silu;
  LfbFunction gelu;
  LfbFunction gelu_tanh;
} LfbFunctionsKernel;

void lfb_functions_init (LfbFunctionsKernel *kernel, unsigned cpu_flags);

extern const LfbFunctionsKernel lfb_functions_f32_c;
#ifdef __x86_64__
extern const LfbFunctionsKernel lfb_functions_f32_avx2;
extern const LfbFunctionsKernel lfb_functions_f32_avx512vnni;
#endif
#ifdef __aarch64__
extern const LfbFunctionsKernel lfb_functions_f32_neon;
#endif

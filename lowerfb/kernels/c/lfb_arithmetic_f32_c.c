/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The four operations on float arrays.  The contract is arithmetic.h. */

#include <lowerfb/kernels/arithmetic.h>

#define OPERATION(name, op) \
  static void \
  name (const float *a, \
        size_t       a_step, \
        const float *b, \
        size_t       b_step, \
        float       *y, \
        size_t       n) \
  { \
    for (size_t i = 0; i < n; i++) \
      y[i] = a[i * a_step] op b[i * b_step]; \
  }

OPERATION (add, +)
OPERATION (sub, -)
OPERATION (mul, *)
OPERATION (divide, /)

const LfbArithmeticKernel lfb_arithmetic_f32_c = { "c", 0, add, sub, mul, divide };

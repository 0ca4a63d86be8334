/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Functions of floats.  The contract is functions.h. */

#include <lowerfb/kernels/functions.h>

#include <lowerfb/kernels/c/functions.h>

#define ALL(name) \
  static void \
  name##_all (const float *x, \
              float       *y, \
              size_t       n) \
  { \
    for (size_t i = 0; i < n; i++) \
      y[i] = lfb_##name##_one (x[i]); \
  }

ALL (exp)
ALL (sigmoid)
ALL (tanh)
ALL (silu)
ALL (gelu)
ALL (gelu_tanh)

const LfbFunctionsKernel lfb_functions_f32_c = {
  .isa = "c",
  .needs = 0,
  .exp = exp_all,
  .sigmoid = sigmoid_all,
  .tanh = tanh_all,
  .silu = silu_all,
  .gelu = gelu_all,
  .gelu_tanh = gelu_tanh_all,
};

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The four operations in vectors: the loops of the contract arithmetic.h. */

#pragma once

#include <lowerfb/kernels/arithmetic.h>
#include <lowerfb/kernels/simd/vector.h>

/* Two vectors a round, then the rest. */
#define LFB_ARITHMETIC_LOOP(load_a, load_b, operation) \
  do \
    { \
      size_t i = 0; \
      \
      for (; i + 2 * LFB_LANES <= n; i += 2 * LFB_LANES) \
        { \
          LfbVf first = operation (load_a (i, LFB_LANES), load_b (i, LFB_LANES)); \
          LfbVf second = operation (load_a (i + LFB_LANES, LFB_LANES), load_b (i + LFB_LANES, LFB_LANES)); \
          \
          lfb_vf_store (y + i, first); \
          lfb_vf_store (y + i + LFB_LANES, second); \
        } \
      \
      for (; i < n; i += LFB_LANES) \
        lfb_vf_store_some (y + i, operation (load_a (i, n - i), load_b (i, n - i)), n - i); \
    } \
  while (0)

#define LFB_EACH_A(i, left) lfb_vf_load_some (a + (i), left)
#define LFB_EACH_B(i, left) lfb_vf_load_some (b + (i), left)
#define LFB_ONE_A(i, left) one_a
#define LFB_ONE_B(i, left) one_b

#define LFB_ARITHMETIC(name, operation) \
  static void \
  name (const float *a, \
        size_t       a_step, \
        const float *b, \
        size_t       b_step, \
        float       *y, \
        size_t       n) \
  { \
    LfbVf one_a, one_b; \
    \
    if (n == 0) \
      return; \
    \
    one_a = lfb_vf_fill (a[0]); \
    one_b = lfb_vf_fill (b[0]); \
    \
    if (a_step != 0 && b_step != 0) \
      LFB_ARITHMETIC_LOOP (LFB_EACH_A, LFB_EACH_B, operation); \
    else if (a_step != 0) \
      LFB_ARITHMETIC_LOOP (LFB_EACH_A, LFB_ONE_B, operation); \
    else if (b_step != 0) \
      LFB_ARITHMETIC_LOOP (LFB_ONE_A, LFB_EACH_B, operation); \
    else \
      LFB_ARITHMETIC_LOOP (LFB_ONE_A, LFB_ONE_B, operation); \
  }

/* The kernel of a variant, named after its instruction set. */
#define LFB_ARITHMETIC_VARIANT(set, flags) \
  LFB_ARITHMETIC (add, lfb_vf_add) \
  LFB_ARITHMETIC (sub, lfb_vf_sub) \
  LFB_ARITHMETIC (mul, lfb_vf_mul) \
  LFB_ARITHMETIC (divide, lfb_vf_div) \
  \
  const LfbArithmeticKernel lfb_arithmetic_f32_##set = { #set, flags, add, sub, mul, divide };

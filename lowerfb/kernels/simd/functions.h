/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Functions of floats in vectors: the loops of the contract functions.h. */

#pragma once

#include <lowerfb/kernels/functions.h>
#include <lowerfb/kernels/simd/exp.h>

LFB_INLINE LfbVf
lfb_vf_silu (LfbVf x)
{
  return lfb_vf_mul (x, lfb_vf_sigmoid (x));
}

LFB_INLINE LfbVd
lfb_vd_gelu (LfbVd x)
{
  LfbVd zero = lfb_vd_fill (0.0), one = lfb_vd_fill (1.0), end = lfb_vd_fill (LFB_TAIL_END), four = lfb_vd_fill (4.0);
  LfbVd whole = lfb_vd_abs (x);
  LfbVd a = lfb_vd_min (end, whole);
  LfbVd q = lfb_vd_div (lfb_vd_sub (a, four), lfb_vd_add (a, four));
  LfbVd q2 = lfb_vd_mul (q, q), q4 = lfb_vd_mul (q2, q2), q8 = lfb_vd_mul (q4, q4), q16 = lfb_vd_mul (q8, q8);
  LfbVd sum = LFB_TAIL_POLYNOMIAL (lfb_vd_pair, lfb_vd_fill, q, q2, q4, q8, q16);
  LfbVd tail;

  tail = lfb_vd_mul (lfb_vd_div (sum, lfb_vd_add (one, a)), lfb_vd_exp (lfb_vd_mul (lfb_vd_fill (-0.5), lfb_vd_mul (a, a))));
  tail = lfb_vd_if_less (end, whole, zero, tail);

  return lfb_vd_mul (x, lfb_vd_if_less (x, zero, tail, lfb_vd_sub (one, tail)));
}

LFB_INLINE LfbVf
lfb_vf_gelu (LfbVf x)
{
  LfbVd2 wide = lfb_vd2_of (x);

  return lfb_vf_of_vd (lfb_vd_gelu (wide.low), lfb_vd_gelu (wide.high));
}

LFB_INLINE LfbVd
lfb_vd_gelu_tanh (LfbVd x,
                  LfbVd cut)
{
  LfbVd one = lfb_vd_fill (1.0), cube = lfb_vd_mul (lfb_vd_mul (cut, cut), cut);
  LfbVd inner = lfb_vd_mul (lfb_vd_fill (-1.59576912160573071176), lfb_vd_add (cut, lfb_vd_mul (lfb_vd_fill (0.044715), cube)));
  LfbVd part = lfb_vd_div (one, lfb_vd_add (one, lfb_vd_exp (inner)));

  return lfb_vd_mul (x, lfb_vd_if_less (x, lfb_vd_fill (-LFB_TAIL_END), lfb_vd_fill (0.0), part));
}

LFB_INLINE LfbVf
lfb_vf_gelu_tanh (LfbVf x)
{
  LfbVd2 wide = lfb_vd2_of (x), cut = lfb_vd2_of (lfb_vf_cut (x, (float) -LFB_TAIL_END, (float) LFB_TAIL_END));

  return lfb_vf_of_vd (lfb_vd_gelu_tanh (wide.low, cut.low), lfb_vd_gelu_tanh (wide.high, cut.high));
}

#define LFB_FUNCTION_LOOP(name) \
  static void \
  name##_all (const float *x, \
              float       *y, \
              size_t       n) \
  { \
    size_t i; \
    \
    for (i = 0; i + LFB_LANES <= n; i += LFB_LANES) \
      lfb_vf_store (y + i, lfb_vf_##name (lfb_vf_load (x + i))); \
    \
    if (i < n) \
      lfb_vf_store_part (y + i, lfb_vf_##name (lfb_vf_load_part (x + i, n - i)), n - i); \
  }

/* The functions of a variant, named after its instruction set. */
#define LFB_FUNCTIONS_VARIANT(set, flags) \
  LFB_FUNCTION_LOOP (exp) \
  LFB_FUNCTION_LOOP (sigmoid) \
  LFB_FUNCTION_LOOP (tanh) \
  LFB_FUNCTION_LOOP (silu) \
  LFB_FUNCTION_LOOP (gelu) \
  LFB_FUNCTION_LOOP (gelu_tanh) \
  \
  const LfbFunctionsKernel lfb_functions_f32_##set = { \
    .isa = #set, \
    .needs = flags, \
    .exp = exp_all, \
    .sigmoid = sigmoid_all, \
    .tanh = tanh_all, \
    .silu = silu_all, \
    .gelu = gelu_all, \
    .gelu_tanh = gelu_tanh_all, \
  };

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Recurrent cells in vectors: the loops of the contract cell.h. */

#pragma once

#include <lowerfb/kernels/cell.h>
#include <lowerfb/kernels/simd/exp.h>

LFB_INLINE LfbVf
lfb_cell_sum (const float *a,
              const float *b,
              size_t       at,
              size_t       n)
{
  return lfb_vf_add (lfb_vf_load_some (a + at, n), lfb_vf_load_some (b + at, n));
}

LFB_INLINE void
lfb_lstm_block (const float *a,
                const float *b,
                float       *h,
                float       *c,
                size_t       n,
                size_t       j,
                size_t       width)
{
  LfbVf i = lfb_vf_sigmoid (lfb_cell_sum (a, b, j, width));
  LfbVf f = lfb_vf_sigmoid (lfb_cell_sum (a, b, n + j, width));
  LfbVf g = lfb_vf_tanh (lfb_cell_sum (a, b, 2 * n + j, width));
  LfbVf o = lfb_vf_sigmoid (lfb_cell_sum (a, b, 3 * n + j, width));
  LfbVf next = lfb_vf_add (lfb_vf_mul (f, lfb_vf_load_some (c + j, width)), lfb_vf_mul (i, g));

  lfb_vf_store_some (c + j, next, width);
  lfb_vf_store_some (h + j, lfb_vf_mul (o, lfb_vf_tanh (next)), width);
}

LFB_INLINE void
lfb_gru_block (const float *a,
               const float *b,
               float       *h,
               size_t       n,
               size_t       j,
               size_t       width)
{
  LfbVf r = lfb_vf_sigmoid (lfb_cell_sum (a, b, j, width));
  LfbVf z = lfb_vf_sigmoid (lfb_cell_sum (a, b, n + j, width));
  LfbVf state = lfb_vf_mul (r, lfb_vf_load_some (b + 2 * n + j, width));
  LfbVf v = lfb_vf_tanh (lfb_vf_add (lfb_vf_load_some (a + 2 * n + j, width), state));

  lfb_vf_store_some (h + j, lfb_vf_add (lfb_vf_mul (lfb_vf_sub (lfb_vf_load_some (h + j, width), v), z), v), width);
}

/* The functions of a variant, named after its instruction set. */
#define LFB_CELL_VARIANT(set, flags) \
  static void \
  lstm (const float *a, \
        const float *b, \
        float       *h, \
        float       *c, \
        size_t       n) \
  { \
    size_t j; \
    \
    for (j = 0; j + LFB_LANES <= n; j += LFB_LANES) \
      lfb_lstm_block (a, b, h, c, n, j, LFB_LANES); \
    \
    if (j < n) \
      lfb_lstm_block (a, b, h, c, n, j, n - j); \
  } \
  \
  static void \
  gru (const float *a, \
       const float *b, \
       float       *h, \
       size_t       n) \
  { \
    size_t j; \
    \
    for (j = 0; j + LFB_LANES <= n; j += LFB_LANES) \
      lfb_gru_block (a, b, h, n, j, LFB_LANES); \
    \
    if (j < n) \
      lfb_gru_block (a, b, h, n, j, n - j); \
  } \
  \
  const LfbCellKernel lfb_cell_f32_##set = { \
    .isa = #set, \
    .needs = flags, \
    .lstm = lstm, \
    .gru = gru, \
  };

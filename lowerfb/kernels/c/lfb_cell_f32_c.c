/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Recurrent cells.  The contract is cell.h. */

#include <lowerfb/kernels/cell.h>

#include <lowerfb/kernels/c/functions.h>

static void
lstm (const float *a,
      const float *b,
      float       *h,
      float       *c,
      size_t       n)
{
  for (size_t j = 0; j < n; j++)
    {
      float i = lfb_sigmoid_one (a[j] + b[j]);
      float f = lfb_sigmoid_one (a[n + j] + b[n + j]);
      float g = lfb_tanh_one (a[2 * n + j] + b[2 * n + j]);
      float o = lfb_sigmoid_one (a[3 * n + j] + b[3 * n + j]);

      c[j] = f * c[j] + i * g;
      h[j] = o * lfb_tanh_one (c[j]);
    }
}

static void
gru (const float *a,
     const float *b,
     float       *h,
     size_t       n)
{
  for (size_t j = 0; j < n; j++)
    {
      float r = lfb_sigmoid_one (a[j] + b[j]);
      float z = lfb_sigmoid_one (a[n + j] + b[n + j]);
      float v = lfb_tanh_one (a[2 * n + j] + r * b[2 * n + j]);

      h[j] = (h[j] - v) * z + v;
    }
}

const LfbCellKernel lfb_cell_f32_c = {
  .isa = "c",
  .needs = 0,
  .lstm = lstm,
  .gru = gru,
};

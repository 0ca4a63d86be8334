/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One case of a linear: its data, its reference, its run. */

#pragma once

#include "check.h"
#include "outputs.h"

typedef struct
{
  size_t m, n, k;
  size_t x_gap, w_gap, y_gap;  /* stride beyond the row */
  Fill   x_fill, w_fill;
  bool   zero_points;
  bool   extreme_zero_points;
  int    x_zero_point;
  bool   x_is_zero_point;      /* x = its zero point everywhere */
  bool   extreme_outputs;
  bool   split;                /* part of the outputs only */
  int    place;                /* of x, w and y */
} LinearCase;

typedef struct
{
  LfbLinearWeights weights;
  LfbLinearArgs    args;
  Outputs          outputs;
} LinearData;

/* x, weights and output parameters of a case, in guarded buffers. */
LinearData linear_data_new  (const LinearCase *c, const LfbLinearKernel *kernel);

/* What both outputs are to be, and what a kernel makes of them. */
void       linear_reference (const LinearData *data, uint8_t *y_u8, float *y_f32);
void       linear_data_run  (const LfbLinearKernel *kernel, const LinearData *data, uint8_t *y_u8, float *y_f32);

/* Checks one case. */
void       linear_case_run  (const LfbKernels *kernels, const LinearCase *c);

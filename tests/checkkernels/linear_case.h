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
  bool   dynamic;              /* there are floats too */
  bool   split;                /* part of the outputs only */
  int    place;                /* of x, w and y */
} LinearCase;

typedef struct
{
  LfbLinearWeights weights;
  LfbLinearArgs    args;
  Outputs          outputs;
  float           *floats;     /* as many as x has bytes, or NULL */
  float            scale;      /* of them */
} LinearData;

/* What a linear makes of the same data. */
typedef struct
{
  uint8_t *u8;
  float   *f32;
  float   *dynamic;
} LinearOutputs;

/* x, weights and output parameters of a case, in guarded buffers. */
LinearData    linear_data_new     (const LinearCase *c, const LfbLinearKernel *kernel);

/* Guarded buffers for @n elements of each; without floats there is no dynamic output. */
LinearOutputs linear_outputs_new  (const LinearData *data, size_t n, int place);
void          linear_outputs_same (const LinearOutputs *found, const LinearOutputs *expected, size_t n);

/* What the outputs are to be, and what a kernel makes of them. */
void          linear_reference    (const LinearData *data, const LinearOutputs *y);
void          linear_data_run     (const LfbLinearKernel *kernel, const LinearData *data, const LinearOutputs *y);

/* Checks one case. */
void          linear_case_run     (const LfbKernels *kernels, const LinearCase *c);

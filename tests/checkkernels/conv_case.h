/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One case of a convolution: its data, its reference, its run. */

#pragma once

#include "check.h"
#include "outputs.h"

typedef struct
{
  size_t    batch, in, out, groups;
  LfbWindow window;
  size_t    x_gap, y_gap;      /* pixel stride beyond the channels */
  Fill      x_fill, w_fill;
  bool      zero_points;
  int       x_zero_point;
  bool      x_is_zero_point;
  bool      split_pixels, split_channels;
  int       add;               /* 0: nothing; 1: to the product; 2: to the rounded product */
  size_t    q_gap;
  bool      extreme;           /* parameters of the output */
  int       place;
} ConvCase;

typedef struct
{
  LfbConvWeights weights;
  LfbConvArgs    args;
  Outputs        outputs;
  LfbAddend      addend;
  size_t         n_pixels;  /* of y */
} ConvData;

size_t   conv_volume    (const size_t size[3]);

/* x, weights and output parameters of a case, in guarded buffers. */
ConvData conv_data_new  (const ConvCase *c);
void    *conv_data_pack (const LfbConvKernel *kernel, const ConvData *data);

/* Checks one case. */
void     conv_case_run  (const LfbKernels *kernels, const ConvCase *c);

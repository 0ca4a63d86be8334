/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* oneDNN as a peer.  Built with -Dpeers=disabled, or without its library, the
 * functions add nothing (onednn-none.c).
 */

#pragma once

#include "bench.h"

/* @flags cap its instruction sets as they cap ours. */
void        bench_onednn_init     (unsigned flags);
const char *bench_onednn_describe (void);

/* A linear with u8 output: packed once, x (m, k), w (n, k). */
typedef struct
{
  size_t         m, n, k;
  const uint8_t *x;
  const int8_t  *w;
  int32_t        x_zero_point, y_zero_point;
  const float   *multiplier;  /* as of LfbRequantize */
  const float   *bias;
} BenchLinear;

/* Its matrix product, and its inner product with the zero points folded into
 * the bias. */
void        bench_onednn_linear   (BenchSubject *subjects, const BenchLinear *linear);

/* A two-dimensional convolution of one image with u8 output, x and y without
 * gaps, no dilation. */
typedef struct
{
  const LfbWindow      *window;
  const LfbConvWeights *weights;
  const uint8_t        *x;
  int32_t               x_zero_point, y_zero_point;
  const float          *multiplier;
  const float          *bias;
  const uint8_t        *addend;  /* NULL, or what is added to y */
} BenchConv;

void        bench_onednn_conv     (BenchSubject *subjects, const BenchConv *conv);

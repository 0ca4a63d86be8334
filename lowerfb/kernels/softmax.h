/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Contract: softmax and its kin, of float32.  numerics.md, the row on softmax:
 *
 *   d = x - the largest x             softmin: of -x
 *   s = sum of exp (d), in double     exp as functions.h has it
 *   y = exp (d) / (float) s           log_softmax: (float) (d - log (s))
 *
 * rounded to float32 after each operation.  The sum is that of 16 partial sums,
 * element i of a line in sum i % 16, and those are added in halves: 0 to 7 and 8
 * to 15, then 0 to 3 and 4 to 7, and so on.  A NaN or two infinities make NaNs of
 * the whole line.
 *
 * x and y hold n rows of `inner` floats, and each column is a line.  Alignment of
 * float, equal or not overlapping.
 */

#pragma once

#include <stddef.h>

typedef enum
{
  LFB_SOFTMAX,
  LFB_LOG_SOFTMAX,
  LFB_SOFTMIN
} LfbSoftmaxKind;

typedef struct
{
  const char *isa;
  unsigned    needs;
  void (*run) (const float *x, float *y, size_t n, size_t inner, LfbSoftmaxKind kind);
} LfbSoftmaxKernel;

void lfb_softmax_init (LfbSoftmaxKernel *kernel, unsigned cpu_flags);

void lfb_softmax_f32_c          (const float *x, float *y, size_t n, size_t inner, LfbSoftmaxKind kind);
void lfb_softmax_f32_avx2       (const float *x, float *y, size_t n, size_t inner, LfbSoftmaxKind kind);
void lfb_softmax_f32_avx512vnni (const float *x, float *y, size_t n, size_t inner, LfbSoftmaxKind kind);
void lfb_softmax_f32_neon       (const float *x, float *y, size_t n, size_t inner, LfbSoftmaxKind kind);

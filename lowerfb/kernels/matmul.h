/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Contract: products of float32 matrices.
 *
 *   c[i][j] = ((start + a[i][0] * b[0][j]) + a[i][1] * b[1][j]) + ...
 *
 * in ascending order, rounded to float32 after each operation, never fused: `start`
 * is c[i][j] as it was with `add`, else 0.  A NaN is some NaN.
 *
 * Elements of a and b lie row * row stride + column * column stride apart, so that
 * turned matrices and slices of wider ones are no copies; rows of c lie c_stride
 * apart.  m, n, k >= 0.  Callers split work by rows and by columns as they like:
 * that does not change bits.
 *
 *   scratch   LFB_MATMUL_SCRATCH floats, 64-byte aligned, of this call alone
 *
 * Alignment of float; c overlaps nothing.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Columns that one inner loop takes at most, and terms that it adds before the next. */
#define LFB_MATMUL_COLUMNS ((size_t) 64)
#define LFB_MATMUL_TERMS   ((size_t) 256)
#define LFB_MATMUL_SCRATCH (LFB_MATMUL_COLUMNS * LFB_MATMUL_TERMS)

typedef struct
{
  size_t       m;
  size_t       n;
  size_t       k;
  const float *a;          /* m x k */
  ptrdiff_t    a_row;
  ptrdiff_t    a_column;
  const float *b;          /* k x n */
  ptrdiff_t    b_row;
  ptrdiff_t    b_column;
  float       *c;          /* m x n */
  size_t       c_stride;
  bool         add;
  float       *scratch;
} LfbMatmul;

typedef struct
{
  const char *isa;
  unsigned    needs;
  void (*run) (const LfbMatmul *args);
} LfbMatmulKernel;

void lfb_matmul_init (LfbMatmulKernel *kernel, unsigned cpu_flags);

void lfb_matmul_f32_c          (const LfbMatmul *args);
void lfb_matmul_f32_avx2       (const LfbMatmul *args);
void lfb_matmul_f32_avx512vnni (const LfbMatmul *args);
void lfb_matmul_f32_neon       (const LfbMatmul *args);

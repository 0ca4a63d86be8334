/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Contract: what recurrent cells do with the products of their weights with the
 * input (a) and with the state (b), one row of n hidden elements; numerics.md,
 * "LSTM, GRU, cells".  Gates follow each other in a and b, n elements each:
 *
 *   lstm  i, f, g, o: sig (a_i + b_i) and so on, tanh for g; c = f c + i g, h = o tanh (c)
 *   gru   r, z, n: r = sig (a_r + b_r), z likewise, v = tanh (a_n + r b_n), h = (h - v) z + v
 *
 * with the functions of functions.h, rounded to float32 after each operation.
 * Alignment of float; nothing overlaps.
 */

#pragma once

#include <stddef.h>

typedef struct
{
  const char *isa;
  unsigned    needs;
  void (*lstm) (const float *a, const float *b, float *h, float *c, size_t n);
  void (*gru)  (const float *a, const float *b, float *h, size_t n);
} LfbCellKernel;

void lfb_cell_init (LfbCellKernel *kernel, unsigned cpu_flags);

extern const LfbCellKernel lfb_cell_f32_c;
#ifdef __x86_64__
extern const LfbCellKernel lfb_cell_f32_avx2;
extern const LfbCellKernel lfb_cell_f32_avx512vnni;
#endif
#ifdef __aarch64__
extern const LfbCellKernel lfb_cell_f32_neon;
#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Contract: a matrix of @rows times @columns elements of 1, 2, 4 or 8 bytes with
 * its dimensions exchanged:
 *
 *     y[column * y_stride + row] = x[row * x_stride + column]
 *
 * x_stride >= columns, y_stride >= rows, both in elements.  x and y: alignment of
 * the elements, not overlapping; nothing but the named elements is touched.
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct
{
  size_t rows;
  size_t columns;
  size_t x_stride;
  size_t y_stride;
} LfbMatrix;

typedef struct
{
  const char *isa;
  unsigned    needs;
  void (*run) (const void *x, void *y, size_t element_size, const LfbMatrix *matrix);
} LfbTransposeKernel;

void lfb_transpose_init (LfbTransposeKernel *kernel, unsigned cpu_flags);

void lfb_transpose_c    (const void *x, void *y, size_t element_size, const LfbMatrix *matrix);
void lfb_transpose_avx2 (const void *x, void *y, size_t element_size, const LfbMatrix *matrix);
void lfb_transpose_neon (const void *x, void *y, size_t element_size, const LfbMatrix *matrix);

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Transposing.  The contract is transpose.h. */

#include <lowerfb/kernels/c/transpose.h>

void
lfb_transpose_c (const void      *x,
                 void            *y,
                 size_t           element_size,
                 const LfbMatrix *matrix)
{
  lfb_transpose_blocks (x, y, element_size, matrix);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Products of float matrices.  The contract is matmul.h. */

#include <lowerfb/kernels/matmul.h>

void
lfb_matmul_f32_c (const LfbMatmul *args)
{
  for (size_t i = 0; i < args->m; i++)
    {
      float *c = args->c + i * args->c_stride;

      if (!args->add)
        for (size_t j = 0; j < args->n; j++)
          c[j] = 0.0f;

      for (size_t l = 0; l < args->k; l++)
        {
          float x = args->a[(ptrdiff_t) i * args->a_row + (ptrdiff_t) l * args->a_column];
          const float *b = args->b + (ptrdiff_t) l * args->b_row;

          if (args->b_column == 1)
            for (size_t j = 0; j < args->n; j++)
              c[j] = c[j] + x * b[j];
          else
            for (size_t j = 0; j < args->n; j++)
              c[j] = c[j] + x * b[(ptrdiff_t) j * args->b_column];
        }
    }
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The inner product that the C kernels of linear and convolution share.
 *
 * x - zx and w - zw both fit 16 bits (-255 to 255), so the sum of numerics.md is
 * taken literally, without the algebra of column and row sums: weights are
 * packed as int16 with their zero point subtracted, x is widened the same way
 * for LFB_ROWS rows at a time, and both are padded with zeros in k.  Products of
 * int16 summed in int32 are what compilers turn into pmaddwd or smlal.
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

/* Rows of x that share one pass over the weights. */
#define LFB_ROWS ((size_t) 4)

/* Sums that are taken before the output stage. */
#define LFB_SUMS ((size_t) 64)

/* k of packed weights and of widened rows. */
static inline size_t
lfb_padded_k (size_t k)
{
  return (k + 15) / 16 * 16;
}

static inline void
lfb_widen (const uint8_t *restrict x,
           int16_t       *restrict wide,
           size_t                  n,
           int32_t                 zero_point)
{
  for (size_t i = 0; i < n; i++)
    wide[i] = (int16_t) (x[i] - zero_point);
}

/* One weight row times @rows rows of x, all padded; the sum of row r goes to
 * acc[r * LFB_SUMS]. */
static inline void
lfb_dot_rows (const int16_t *restrict x,
              size_t                  rows,
              const int16_t *restrict w,
              size_t                  k,
              int32_t       *restrict acc)
{
  if (rows == LFB_ROWS)
    {
      const int16_t *x1 = x + k;
      const int16_t *x2 = x1 + k;
      const int16_t *x3 = x2 + k;
      int32_t sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;

      for (size_t i = 0; i < k; i++)
        {
          sum0 += x[i] * w[i];
          sum1 += x1[i] * w[i];
          sum2 += x2[i] * w[i];
          sum3 += x3[i] * w[i];
        }

      acc[0] = sum0;
      acc[LFB_SUMS] = sum1;
      acc[2 * LFB_SUMS] = sum2;
      acc[3 * LFB_SUMS] = sum3;

      return;
    }

  for (size_t r = 0; r < rows; r++)
    {
      int32_t sum = 0;

      for (size_t i = 0; i < k; i++)
        sum += x[r * k + i] * w[i];

      acc[r * LFB_SUMS] = sum;
    }
}

/* @n <= LFB_SUMS neighbouring weight rows times @rows <= LFB_ROWS rows of x. */
static inline void
lfb_product (const int16_t *x,
             size_t         rows,
             const int16_t *w,
             size_t         n,
             size_t         k,
             int32_t       *acc)
{
  for (size_t i = 0; i < n; i++)
    lfb_dot_rows (x, rows, w + i * k, k, acc + i);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Layer normalization in vectors: the loops of the contract layer_norm.h. A block of
 * 16 elements at a time, which are the 16 partial sums; what is left at the end is
 * added to the first of them.
 */

#pragma once

#include <lowerfb/kernels/c/sums.h>
#include <lowerfb/kernels/layer_norm.h>
#include <lowerfb/kernels/simd/doubles.h>

#include <math.h>

/* Vectors of a block. */
#define LFB_NORM_VECTORS (LFB_PARTIAL_SUMS / LFB_LANES)

/* The sum of x - center, or of its square. */
LFB_INLINE double
lfb_layer_norm_sum (const float *x,
                    size_t       n,
                    double       center,
                    bool         square)
{
  LfbVd centers = lfb_vd_fill (center);
  LfbVd sums[2 * LFB_NORM_VECTORS];
  double parts[LFB_PARTIAL_SUMS];
  size_t i;

#pragma GCC unroll 8
  for (size_t k = 0; k < 2 * LFB_NORM_VECTORS; k++)
    sums[k] = lfb_vd_fill (0.0);

  for (i = 0; i + LFB_PARTIAL_SUMS <= n; i += LFB_PARTIAL_SUMS)
#pragma GCC unroll 4
    for (size_t k = 0; k < LFB_NORM_VECTORS; k++)
      {
        LfbVd2 wide = lfb_vd2_of (lfb_vf_load (x + i + k * LFB_LANES));

        if (square)
          {
            wide.low = lfb_vd_sub (wide.low, centers);
            wide.high = lfb_vd_sub (wide.high, centers);
            wide.low = lfb_vd_mul (wide.low, wide.low);
            wide.high = lfb_vd_mul (wide.high, wide.high);
          }

        sums[2 * k] = lfb_vd_add (sums[2 * k], wide.low);
        sums[2 * k + 1] = lfb_vd_add (sums[2 * k + 1], wide.high);
      }

#pragma GCC unroll 8
  for (size_t k = 0; k < 2 * LFB_NORM_VECTORS; k++)
    lfb_vd_store (parts + k * (LFB_LANES / 2), sums[k]);

  for (; i < n; i++)
    {
      double value = (double) x[i];

      if (square)
        {
          value = value - center;
          value = value * value;
        }

      parts[i % LFB_PARTIAL_SUMS] += value;
    }

  return lfb_sum_of_parts (parts);
}

LFB_INLINE void
lfb_layer_norm_vectors (const float *x,
                        float       *y,
                        size_t       n,
                        const float *gamma,
                        const float *beta,
                        double       eps)
{
  double mean = lfb_layer_norm_sum (x, n, 0.0, false) / (double) n;
  double variance = lfb_layer_norm_sum (x, n, mean, true) / (double) n;
  LfbVf center = lfb_vf_fill ((float) mean), r = lfb_vf_fill ((float) (1.0 / sqrt (variance + eps)));

  for (size_t i = 0; i < n; i += LFB_LANES)
    {
      size_t left = n - i;
      LfbVf value = lfb_vf_mul (lfb_vf_sub (lfb_vf_load_some (x + i, left), center), r);

      if (gamma != NULL)
        value = lfb_vf_mul (value, lfb_vf_load_some (gamma + i, left));

      if (beta != NULL)
        value = lfb_vf_add (value, lfb_vf_load_some (beta + i, left));

      lfb_vf_store_some (y + i, value, left);
    }
}

/* The function of a variant, named after its instruction set. */
#define LFB_LAYER_NORM_VARIANT(isa) \
  void \
  lfb_layer_norm_f32_##isa (const float *x, \
                            float       *y, \
                            size_t       n, \
                            const float *gamma, \
                            const float *beta, \
                            double       eps) \
  { \
    lfb_layer_norm_vectors (x, y, n, gamma, beta, eps); \
  }

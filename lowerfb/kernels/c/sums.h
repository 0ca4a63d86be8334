/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sums of doubles in an order that vectors of every width can keep: 16 partial
 * sums, element i in sum i % 16, which are then added in halves.
 */

#pragma once

#include <stddef.h>

#define LFB_PARTIAL_SUMS ((size_t) 16)

static inline double
lfb_sum_of_parts (double *sums)
{
  for (size_t half = LFB_PARTIAL_SUMS / 2; half > 0; half /= 2)
    for (size_t i = 0; i < half; i++)
      sums[i] += sums[i + half];

  return sums[0];
}

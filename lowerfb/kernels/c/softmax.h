/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What softmax divides by, or what log_softmax subtracts, as all kernels share it. */

#pragma once

#include <lowerfb/kernels/softmax.h>

#include <lowerfb/kernels/c/functions.h>
#include <lowerfb/kernels/c/sums.h>

/* log (sum) of a sum that is 1 or more, or NaN. */
static inline double
lfb_softmax_log (double sum)
{
  return sum == sum ? lfb_log_finite (sum) : sum;
}

/* Of two elements, or the sign of one turned: a NaN is larger than all numbers. */
static inline float
lfb_softmax_larger (float value,
                    float max)
{
  return value > max || value != value ? value : max;
}

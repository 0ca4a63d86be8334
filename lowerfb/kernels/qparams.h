/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Scale and zero point from the range of the data: numerics.md, "Dynamic
 * quantization of a tensor".
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

/* @min and @max are finite with min <= max (see minmax.h); they need not
 * include 0.  @qmin and @qmax are the type's: 0 and 255, or -128 and 127;
 * @reduce_range halves both towards zero.  @scale stays double: convert it to
 * float where it is used. */
void lfb_choose_qparams (float    min,
                         float    max,
                         int32_t  qmin,
                         int32_t  qmax,
                         bool     reduce_range,
                         double  *scale,
                         int32_t *zero_point);

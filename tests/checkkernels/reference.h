/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The rules of the numerics guide, written down once more: plainly, element by
 * element, with 64-bit integers and without any code of the kernels.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "check.h"

/* The type's ends; for s32 too. */
int64_t ref_qmin                (CheckType type);
int64_t ref_qmax                (CheckType type);

/* To nearest, ties to even, at any magnitude; NaN stays. */
float   ref_round               (float x);

/* clamp (rounded + zero_point, low, high); NaN counts as 0. */
int64_t ref_clamp               (float   rounded,
                                 int64_t zero_point,
                                 int64_t low,
                                 int64_t high);
int64_t ref_quantize            (float   x,
                                 float   scale,
                                 int64_t zero_point,
                                 int64_t low,
                                 int64_t high);
int64_t ref_quantize_float_zero (float   x,
                                 float   scale,
                                 float   zero_point,
                                 int64_t high);
float   ref_dequantize          (int64_t q,
                                 float   scale,
                                 int64_t zero_point);

/* The output stages of a product. */
uint8_t ref_requantize          (int64_t acc,
                                 float   bias,
                                 float   multiplier,
                                 int64_t zero_point,
                                 int64_t low,
                                 int64_t high);
uint8_t ref_requantize_add      (int64_t              acc,
                                 float                bias,
                                 float                multiplier,
                                 const LfbRequantize *output,
                                 int64_t              q,
                                 const LfbAddend     *addend);
float   ref_rescale             (int64_t acc,
                                 float   bias,
                                 float   multiplier,
                                 bool    relu);

/* Element @i of integers of a type, and how it is set. */
int64_t ref_get                 (CheckType   type,
                                 const void *data,
                                 size_t      i);
void    ref_set                 (CheckType   type,
                                 void       *data,
                                 size_t      i,
                                 int64_t     value);

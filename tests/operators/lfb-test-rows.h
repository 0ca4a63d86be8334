/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Operators tested by rows of text: a call and what it gives.
 *
 *   { "torch.relu (f32[3]{-1 0 2})", "f32[3]{0 0 2}" }
 *
 * Values are None, True, False, 3, 2.5, inf, nan, 'text', ..., [lists], (tuples),
 * slice(1, None, 2), dict(name=value), dtypes (quint8), quantization schemes, calls
 * (of which the result is taken), and tensors: a type (f32 f64 f16 bf16 u8 i8 i16
 * i32 i64 bool), the shape and the elements; quantized ones
 * quint8[2]{0 255}*0.5@10 with scale and zero point, per channel
 * qint8[2,1]{1 2}*(0.5 0.25)@(0 0)/0 with the axis, and floats that are asked to
 * repeat: f32[2,3]{1 ...}.
 *
 * Arguments may be named. A result that begins with ! is an error: its code and
 * a part of its message, "!SHAPE argument `input`". Floats agree if they
 * differ by less than 1e-6 of the larger one, or 1e-7; everything else exactly.
 */

#pragma once

#include "../common/lfb-test.h"

typedef struct {
  const char *call;
  const char *result;
} LfbTestRow;

LfbValue *lfb_test_parse_value  (const char        *text);
/* %NULL with @error set if the call fails. */
LfbValue *lfb_test_call         (const char        *text,
                                 GError           **error);
void      lfb_test_assert_value (const char        *what,
                                 LfbValue          *found,
                                 LfbValue          *expected);
void      lfb_test_rows         (const LfbTestRow  *rows,
                                 gsize              n_rows);

#define LFB_TEST_ROWS(rows) lfb_test_rows ((rows), G_N_ELEMENTS (rows))

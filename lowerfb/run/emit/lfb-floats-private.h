/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Instructions on floats that may write where they read: each element of y depends
 * on that of x at the same place, or on its row.
 */

#pragma once

#include <lowerfb/run/program/lfb-program-private.h>

G_BEGIN_DECLS

extern const LfbInstrType lfb_function_instr;
extern const LfbInstrType lfb_arithmetic_instr;
extern const LfbInstrType lfb_softmax_instr;
extern const LfbInstrType lfb_layer_norm_instr;

G_END_DECLS

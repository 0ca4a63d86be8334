/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What an instruction of two 8-bit operands keeps. */

#pragma once

#include <lowerfb/run/program/lfb-program-private.h>

G_BEGIN_DECLS

typedef struct {
  gboolean multiply;
  LfbBinaryRange range;
} LfbQuantizedBinary;

extern const LfbInstrType lfb_binary_instr;

G_END_DECLS

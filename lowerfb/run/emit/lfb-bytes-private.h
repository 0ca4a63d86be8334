/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* y = table[x], a byte at a time: data is the table. x and y lie alike without
 * gaps, or both as pixels. */

#pragma once

#include <lowerfb/run/program/lfb-program-private.h>

G_BEGIN_DECLS

extern const LfbInstrType lfb_bytes_instr;

G_END_DECLS

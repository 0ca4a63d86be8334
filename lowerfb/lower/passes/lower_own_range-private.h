/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The part of pass 9 for operators with an output range of their own. */

#pragma once

#include <lowerfb/lower/lfb-lower-context-private.h>
#include <lowerfb/lower/lfb-lower-tables-private.h>

G_BEGIN_DECLS

gboolean _lfb_lower_own_range (LfbLowerContext      *context,
                               LfbNode              *quantize,
                               LfbNode              *ref,
                               const LfbOperatorRow *row,
                               LfbNode              *dequantize);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Operators that work in place: what they change, and who would see it. */

#pragma once

#include <lowerfb/lower/lfb-lower-context-private.h>

G_BEGIN_DECLS

LfbNode  *_lfb_changed_by      (LfbLowerContext *context,
                                LfbNode         *node);
LfbNode  *_lfb_changer_of      (LfbLowerContext *context,
                                LfbNode         *node,
                                LfbNode         *except);
void      _lfb_forget_changes  (LfbLowerContext *context,
                                LfbNode         *node);
gboolean  _lfb_match_unchanged (LfbLowerContext *context,
                                LfbNode         *quantize,
                                LfbNode         *ref,
                                LfbNode         *dequantize);
gboolean  _lfb_match_in_place  (LfbLowerContext *context,
                                LfbNode         *quantize,
                                LfbNode         *ref,
                                LfbNode         *dequantize);
/* Dead nodes go, but for those whose change others may read. */
gboolean  _lfb_lower_remove_dead_code (LfbLowerContext *context);

G_END_DECLS

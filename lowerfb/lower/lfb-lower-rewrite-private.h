/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The moves that rewritings are made of. None of them can fail on a graph that
 * has been checked: a failure is a fault of the pass.
 */

#pragma once

#include <lowerfb/lower/lfb-lower-pattern-private.h>

G_BEGIN_DECLS

void     _lfb_erase            (LfbLowerContext *context,
                                LfbNode         *node);
void     _lfb_erase_if_unread  (LfbLowerContext *context,
                                LfbNode         *node);
void     _lfb_read_before      (LfbNode         *node,
                                LfbNode         *dequantize);
void     _lfb_place_after      (LfbNode         *node,
                                LfbNode         *anchor);
void     _lfb_place_before     (LfbNode         *node,
                                LfbNode         *anchor);
void     _lfb_set_call         (LfbNode         *node,
                                const char      *target,
                                LfbValue       **args,
                                gsize            n_args,
                                LfbValue        *kwargs);
LfbNode *_lfb_insert_call      (LfbLowerContext *context,
                                const char      *function,
                                LfbValue       **args,
                                gsize            n_args,
                                LfbValue        *kwargs);
void     _lfb_swallow_relu     (LfbLowerContext *context,
                                LfbNode         *relu,
                                LfbNode         *ref);
void     _lfb_take_output      (LfbLowerContext *context,
                                LfbNode         *quantize,
                                LfbNode         *result);

G_END_DECLS

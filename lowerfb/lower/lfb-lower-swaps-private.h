/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Replacing the modules that nodes call, call by call.
 *
 * A module that several nodes call may need a different replacement for each:
 * another output range, another fused relu, or none. So a pass gathers the
 * replacements of calls while it walks the graph, and puts them into the model
 * at its end, when it is known which calls still need the old module.
 */

#pragma once

#include <lowerfb/lower/lfb-lower-context-private.h>

G_BEGIN_DECLS

LfbLowerSwaps *_lfb_lower_swaps_new   (LfbLowerContext *context);
void           _lfb_lower_swaps_free  (LfbLowerSwaps   *self);
LfbModule     *_lfb_lower_swaps_get   (LfbLowerSwaps   *self,
                                       LfbNode         *node);
void           _lfb_lower_swaps_add   (LfbLowerSwaps   *self,
                                       LfbNode         *node,
                                       LfbModule       *module);
gboolean       _lfb_lower_swaps_apply (LfbLowerSwaps   *self,
                                       GError         **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LfbLowerSwaps, _lfb_lower_swaps_free)

G_END_DECLS

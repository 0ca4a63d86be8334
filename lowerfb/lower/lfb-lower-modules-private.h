/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Making the lowered form of a module. */

#pragma once

#include <lowerfb/lower/lfb-lower-context-private.h>

G_BEGIN_DECLS

LfbModule *_lfb_lower_module        (LfbLowerContext  *context,
                                     LfbModule        *source,
                                     const char       *lowered_type,
                                     LfbWeights        weights,
                                     GError          **error);
LfbModule *_lfb_module_with_setting (LfbModule        *module,
                                     const char       *name,
                                     LfbValue         *value);
LfbModule *_lfb_module_with_range   (LfbModule        *module,
                                     double            scale,
                                     gint64            zero_point);

G_END_DECLS

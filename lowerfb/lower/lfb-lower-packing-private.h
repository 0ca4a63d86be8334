/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Making portable packed weights. */

#pragma once

#include <lowerfb/lower/lfb-lower-tables-private.h>

G_BEGIN_DECLS

LfbValue *_lfb_pack_weight (const LfbFunctionalRow  *row,
                            LfbValue                *args,
                            LfbValue                *kwargs,
                            GError                 **error);

G_END_DECLS

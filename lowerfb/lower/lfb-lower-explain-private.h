/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the report speaks of, and what it finally says. */

#pragma once

#include <lowerfb/lower/lfb-lower-context-private.h>

G_BEGIN_DECLS

void _lfb_lower_collect (LfbLowerContext *context);
void _lfb_lower_credit  (LfbLowerContext *context);
void _lfb_lower_settle  (LfbLowerContext *context);

G_END_DECLS

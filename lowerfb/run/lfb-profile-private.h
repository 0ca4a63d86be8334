/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How long the steps of a plan took, over all runs and from all threads. */

#pragma once

#include <lowerfb/run/lfb-plan-private.h>

G_BEGIN_DECLS

typedef struct _LfbProfile LfbProfile;

LfbProfile *lfb_profile_new     (const LfbPlan *plan);
void        lfb_profile_free    (LfbProfile    *self);
void        lfb_profile_add     (gsize          step,
                                 gint64         nanoseconds,
                                 gpointer       self);
char       *lfb_profile_to_text (LfbProfile    *self);

G_END_DECLS

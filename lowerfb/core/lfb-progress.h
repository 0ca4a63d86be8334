/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How far long work has come. */

#pragma once

#include <glib-object.h>

#include <lowerfb/core/lfb-version-macros.h>

G_BEGIN_DECLS

#define LFB_TYPE_PROGRESS (lfb_progress_get_type ())

LFB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (LfbProgress, lfb_progress, LFB, PROGRESS, GObject)

LFB_AVAILABLE_IN_1_0
LfbProgress *lfb_progress_new          (void);

LFB_AVAILABLE_IN_1_0
double       lfb_progress_get_fraction (LfbProgress *self);
LFB_AVAILABLE_IN_1_0
const char  *lfb_progress_get_message  (LfbProgress *self);
LFB_AVAILABLE_IN_1_0
void         lfb_progress_report       (LfbProgress *self,
                                        double       fraction,
                                        const char  *message);

G_END_DECLS

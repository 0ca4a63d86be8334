/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How a session is to run. */

#pragma once

#include <lowerfb/core/lfb-progress.h>
#include <lowerfb/core/lfb-types.h>

G_BEGIN_DECLS

#define LFB_TYPE_SESSION_OPTIONS (lfb_session_options_get_type ())

LFB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (LfbSessionOptions, lfb_session_options, LFB, SESSION_OPTIONS, GObject)

LFB_AVAILABLE_IN_1_0
LfbSessionOptions *lfb_session_options_new           (void);
LFB_AVAILABLE_IN_1_0
guint              lfb_session_options_get_n_threads (LfbSessionOptions *self);
LFB_AVAILABLE_IN_1_0
void               lfb_session_options_set_n_threads (LfbSessionOptions *self,
                                                      guint              n_threads);
LFB_AVAILABLE_IN_1_0
gboolean           lfb_session_options_get_profile   (LfbSessionOptions *self);
LFB_AVAILABLE_IN_1_0
void               lfb_session_options_set_profile   (LfbSessionOptions *self,
                                                      gboolean           profile);
LFB_AVAILABLE_IN_1_0
LfbProgress       *lfb_session_options_get_progress  (LfbSessionOptions *self);
LFB_AVAILABLE_IN_1_0
void               lfb_session_options_set_progress  (LfbSessionOptions *self,
                                                      LfbProgress       *progress);

G_END_DECLS

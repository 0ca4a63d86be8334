/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A model made ready to run, used again and again. */

#pragma once

#include <gio/gio.h>

#include <lowerfb/graph/lfb-graph-module.h>
#include <lowerfb/run/lfb-session-options.h>

G_BEGIN_DECLS

#define LFB_TYPE_SESSION (lfb_session_get_type ())

LFB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (LfbSession, lfb_session, LFB, SESSION, GObject)

LFB_AVAILABLE_IN_1_0
LfbSession     *lfb_session_new            (LfbGraphModule       *model,
                                            LfbSessionOptions    *options,
                                            GError              **error);
LFB_AVAILABLE_IN_1_0
LfbValue       *lfb_session_prepare        (LfbSession           *self,
                                            LfbTensor           **examples,
                                            gsize                 n_examples,
                                            GCancellable         *cancellable,
                                            GError              **error);
LFB_AVAILABLE_IN_1_0
LfbTensor     **lfb_session_run            (LfbSession           *self,
                                            LfbTensor           **inputs,
                                            gsize                 n_inputs,
                                            GCancellable         *cancellable,
                                            gsize                *n_outputs,
                                            GError              **error);
LFB_AVAILABLE_IN_1_0
void            lfb_session_run_async      (LfbSession           *self,
                                            LfbTensor           **inputs,
                                            gsize                 n_inputs,
                                            GCancellable         *cancellable,
                                            GAsyncReadyCallback   callback,
                                            gpointer              user_data);
LFB_AVAILABLE_IN_1_0
LfbTensor     **lfb_session_run_finish     (LfbSession           *self,
                                            GAsyncResult         *result,
                                            gsize                *n_outputs,
                                            GError              **error);
LFB_AVAILABLE_IN_1_0
LfbTensor     **lfb_session_run_values     (LfbSession           *self,
                                            LfbValue            **inputs,
                                            gsize                 n_inputs,
                                            GCancellable         *cancellable,
                                            gsize                *n_outputs,
                                            GError              **error);
LFB_AVAILABLE_IN_1_0
void            lfb_session_run_values_async (LfbSession         *self,
                                            LfbValue            **inputs,
                                            gsize                 n_inputs,
                                            GCancellable         *cancellable,
                                            GAsyncReadyCallback   callback,
                                            gpointer              user_data);
LFB_AVAILABLE_IN_1_0
LfbTensor     **lfb_session_run_values_finish (LfbSession        *self,
                                            GAsyncResult         *result,
                                            gsize                *n_outputs,
                                            GError              **error);
LFB_AVAILABLE_IN_1_0
LfbGraphModule *lfb_session_get_model      (LfbSession           *self);
LFB_AVAILABLE_IN_1_0
guint           lfb_session_get_n_threads  (LfbSession           *self);
LFB_AVAILABLE_IN_1_0
char          **lfb_session_list_inputs    (LfbSession           *self);
LFB_AVAILABLE_IN_1_0
char           *lfb_session_profile_to_text (LfbSession          *self);
LFB_AVAILABLE_IN_1_0
guint64         lfb_session_get_peak_memory (LfbSession          *self);
LFB_AVAILABLE_IN_1_0
guint64         lfb_session_get_arena_size  (LfbSession          *self);
LFB_AVAILABLE_IN_1_0
guint64         lfb_session_get_arena_bound (LfbSession          *self);
LFB_AVAILABLE_IN_1_0
char           *lfb_session_plan_to_text    (LfbSession          *self);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs the passes that turn a reference model into a lowered one. */

#pragma once

#include <lowerfb/core/lfb-progress.h>
#include <lowerfb/lower/lfb-lowering-report.h>
#include <lowerfb/lower/lfb-pass.h>

G_BEGIN_DECLS

#define LFB_TYPE_LOWERER (lfb_lowerer_get_type ())

LFB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (LfbLowerer, lfb_lowerer, LFB, LOWERER, GObject)

LFB_AVAILABLE_IN_1_0
LfbLowerer        *lfb_lowerer_new                       (void);
LFB_AVAILABLE_IN_1_0
gboolean           lfb_lowerer_get_keep_original_weights (LfbLowerer           *self);
LFB_AVAILABLE_IN_1_0
void               lfb_lowerer_set_keep_original_weights (LfbLowerer           *self,
                                                          gboolean              keep_original_weights);
LFB_AVAILABLE_IN_1_0
gboolean           lfb_lowerer_get_strict_upstream       (LfbLowerer           *self);
LFB_AVAILABLE_IN_1_0
void               lfb_lowerer_set_strict_upstream       (LfbLowerer           *self,
                                                          gboolean              strict_upstream);
LFB_AVAILABLE_IN_1_0
LfbProgress       *lfb_lowerer_get_progress              (LfbLowerer           *self);
LFB_AVAILABLE_IN_1_0
void               lfb_lowerer_set_progress              (LfbLowerer           *self,
                                                          LfbProgress          *progress);
LFB_AVAILABLE_IN_1_0
void               lfb_lowerer_add_pass                  (LfbLowerer           *self,
                                                          LfbPass              *pass);
LFB_AVAILABLE_IN_1_0
gboolean           lfb_lowerer_insert_pass               (LfbLowerer           *self,
                                                          LfbPass              *pass,
                                                          const char           *before,
                                                          GError              **error);
LFB_AVAILABLE_IN_1_0
gboolean           lfb_lowerer_remove_pass               (LfbLowerer           *self,
                                                          const char           *name,
                                                          GError              **error);
LFB_AVAILABLE_IN_1_0
LfbPass          **lfb_lowerer_get_passes                (LfbLowerer           *self,
                                                          gsize                *n_passes);
LFB_AVAILABLE_IN_1_0
LfbGraphModule    *lfb_lowerer_lower                     (LfbLowerer           *self,
                                                          LfbGraphModule       *model,
                                                          LfbQConfigMap        *qconfig_map,
                                                          LfbScopeMap          *node_name_to_scope,
                                                          GCancellable         *cancellable,
                                                          GError              **error);
LFB_AVAILABLE_IN_1_0
void               lfb_lowerer_lower_async               (LfbLowerer           *self,
                                                          LfbGraphModule       *model,
                                                          LfbQConfigMap        *qconfig_map,
                                                          LfbScopeMap          *node_name_to_scope,
                                                          GCancellable         *cancellable,
                                                          GAsyncReadyCallback   callback,
                                                          gpointer              user_data);
LFB_AVAILABLE_IN_1_0
LfbGraphModule    *lfb_lowerer_lower_finish              (LfbLowerer           *self,
                                                          GAsyncResult         *result,
                                                          GError              **error);
LFB_AVAILABLE_IN_1_0
LfbLoweringReport *lfb_lowerer_get_report                (LfbLowerer           *self);

LFB_AVAILABLE_IN_1_0
LfbGraphModule    *lfb_lower_to_fbgemm                   (LfbGraphModule       *model,
                                                          LfbQConfigMap        *qconfig_map,
                                                          LfbScopeMap          *node_name_to_scope,
                                                          gboolean              keep_original_weights,
                                                          GError              **error);

G_END_DECLS

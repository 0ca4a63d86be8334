/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a call_module node calls: a type, its settings and its tensors. */

#pragma once

#include <lowerfb/core/lfb-value.h>

G_BEGIN_DECLS

typedef struct _LfbGraphModule LfbGraphModule;

#define LFB_TYPE_MODULE (lfb_module_get_type ())

LFB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (LfbModule, lfb_module, LFB, MODULE, GObject)

LFB_AVAILABLE_IN_1_0
LfbModule      *lfb_module_new              (const char     *type_name,
                                             LfbValue       *config,
                                             LfbValue       *tensors,
                                             LfbGraphModule *graph_module);
LFB_AVAILABLE_IN_1_0
LfbModule      *lfb_module_new_with_extra   (const char     *type_name,
                                             LfbValue       *config,
                                             LfbValue       *tensors,
                                             LfbGraphModule *graph_module,
                                             LfbValue       *extra);
LFB_AVAILABLE_IN_1_0
const char     *lfb_module_get_type_name    (LfbModule      *self);
LFB_AVAILABLE_IN_1_0
LfbValue       *lfb_module_get_config       (LfbModule      *self);
LFB_AVAILABLE_IN_1_0
LfbValue       *lfb_module_get_tensors      (LfbModule      *self);
LFB_AVAILABLE_IN_1_0
LfbValue       *lfb_module_get_setting      (LfbModule      *self,
                                             const char     *name);
LFB_AVAILABLE_IN_1_0
LfbTensor      *lfb_module_get_tensor       (LfbModule      *self,
                                             const char     *name);
LFB_AVAILABLE_IN_1_0
LfbGraphModule *lfb_module_get_graph_module (LfbModule      *self);
LFB_AVAILABLE_IN_1_0
LfbValue       *lfb_module_get_extra        (LfbModule      *self);

G_END_DECLS

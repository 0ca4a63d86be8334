/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which node was quantized how: node name to QConfig or none. */

#pragma once

#include <lowerfb/graph/lfb-qconfig.h>

G_BEGIN_DECLS

#define LFB_TYPE_QCONFIG_MAP (lfb_qconfig_map_get_type ())

LFB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (LfbQConfigMap, lfb_qconfig_map, LFB, QCONFIG_MAP, GObject)

LFB_AVAILABLE_IN_1_0
LfbQConfigMap  *lfb_qconfig_map_new         (void);
LFB_AVAILABLE_IN_1_0
LfbQConfigMap  *lfb_qconfig_map_copy        (LfbQConfigMap *self);
LFB_AVAILABLE_IN_1_0
void            lfb_qconfig_map_set         (LfbQConfigMap *self,
                                             const char    *node_name,
                                             LfbQConfig    *qconfig);
LFB_AVAILABLE_IN_1_0
gboolean        lfb_qconfig_map_remove      (LfbQConfigMap *self,
                                             const char    *node_name);
LFB_AVAILABLE_IN_1_0
LfbQConfig     *lfb_qconfig_map_get         (LfbQConfigMap *self,
                                             const char    *node_name);
LFB_AVAILABLE_IN_1_0
gboolean        lfb_qconfig_map_contains    (LfbQConfigMap *self,
                                             const char    *node_name);
LFB_AVAILABLE_IN_1_0
gboolean        lfb_qconfig_map_skips       (LfbQConfigMap *self,
                                             const char    *node_name);
LFB_AVAILABLE_IN_1_0
char          **lfb_qconfig_map_list_names  (LfbQConfigMap *self);
LFB_AVAILABLE_IN_1_0
void            lfb_qconfig_map_add_qconfig (LfbQConfigMap *self,
                                             LfbQConfig    *qconfig);
LFB_AVAILABLE_IN_1_0
LfbQConfig    **lfb_qconfig_map_get_qconfigs (LfbQConfigMap *self,
                                              gsize         *n_qconfigs);

G_END_DECLS

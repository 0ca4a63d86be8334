/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A model: a graph with the modules it calls and the attributes it reads. */

#pragma once

#include <lowerfb/graph/lfb-graph.h>
#include <lowerfb/graph/lfb-module.h>
#include <lowerfb/graph/lfb-qconfig-map.h>
#include <lowerfb/graph/lfb-scope-map.h>

G_BEGIN_DECLS

/**
 * LFB_MODULE_MAX_PATH_PARTS:
 *
 * How many parts, with dots between them, the path of a module can have.
 */
#define LFB_MODULE_MAX_PATH_PARTS 128

#define LFB_TYPE_GRAPH_MODULE (lfb_graph_module_get_type ())

LFB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (LfbGraphModule, lfb_graph_module, LFB, GRAPH_MODULE, GObject)

LFB_AVAILABLE_IN_1_0
LfbGraphModule *lfb_graph_module_new                    (LfbGraph        *graph);
LFB_AVAILABLE_IN_1_0
LfbGraphModule *lfb_graph_module_copy                   (LfbGraphModule  *self);
LFB_AVAILABLE_IN_1_0
LfbGraph       *lfb_graph_module_get_graph              (LfbGraphModule  *self);

LFB_AVAILABLE_IN_1_0
LfbValue       *lfb_graph_module_get_attribute          (LfbGraphModule  *self,
                                                         const char      *target);
LFB_AVAILABLE_IN_1_0
void            lfb_graph_module_set_attribute          (LfbGraphModule  *self,
                                                         const char      *target,
                                                         LfbValue        *value);
LFB_AVAILABLE_IN_1_0
gboolean        lfb_graph_module_remove_attribute       (LfbGraphModule  *self,
                                                         const char      *target);
LFB_AVAILABLE_IN_1_0
char          **lfb_graph_module_list_attributes        (LfbGraphModule  *self);

LFB_AVAILABLE_IN_1_0
LfbModule      *lfb_graph_module_get_module             (LfbGraphModule  *self,
                                                         const char      *path);
LFB_AVAILABLE_IN_1_0
gboolean        lfb_graph_module_set_module             (LfbGraphModule  *self,
                                                         const char      *path,
                                                         LfbModule       *module,
                                                         GError         **error);
LFB_AVAILABLE_IN_1_0
gboolean        lfb_graph_module_replace_module         (LfbGraphModule  *self,
                                                         const char      *path,
                                                         LfbModule       *module,
                                                         GError         **error);
LFB_AVAILABLE_IN_1_0
gboolean        lfb_graph_module_remove_module          (LfbGraphModule  *self,
                                                         const char      *path);
LFB_AVAILABLE_IN_1_0
const char     *lfb_graph_module_get_alias              (LfbGraphModule  *self,
                                                         const char      *path);
LFB_AVAILABLE_IN_1_0
gboolean        lfb_graph_module_set_alias              (LfbGraphModule  *self,
                                                         const char      *path,
                                                         const char      *original,
                                                         GError         **error);
LFB_AVAILABLE_IN_1_0
char           *lfb_graph_module_resolve_path           (LfbGraphModule  *self,
                                                         const char      *path);
LFB_AVAILABLE_IN_1_0
char          **lfb_graph_module_list_modules           (LfbGraphModule  *self);

LFB_AVAILABLE_IN_1_0
LfbQConfigMap  *lfb_graph_module_get_qconfig_map        (LfbGraphModule  *self);
LFB_AVAILABLE_IN_1_0
void            lfb_graph_module_set_qconfig_map        (LfbGraphModule  *self,
                                                         LfbQConfigMap   *qconfig_map);
LFB_AVAILABLE_IN_1_0
LfbScopeMap    *lfb_graph_module_get_node_name_to_scope (LfbGraphModule  *self);
LFB_AVAILABLE_IN_1_0
void            lfb_graph_module_set_node_name_to_scope (LfbGraphModule  *self,
                                                         LfbScopeMap     *node_name_to_scope);
LFB_AVAILABLE_IN_1_0
LfbValue       *lfb_graph_module_get_original_weights   (LfbGraphModule  *self);
LFB_AVAILABLE_IN_1_0
void            lfb_graph_module_set_original_weights   (LfbGraphModule  *self,
                                                         LfbValue        *original_weights);
LFB_AVAILABLE_IN_1_0
const char     *lfb_graph_module_get_producer           (LfbGraphModule  *self);
LFB_AVAILABLE_IN_1_0
void            lfb_graph_module_set_producer           (LfbGraphModule  *self,
                                                         const char      *producer);
LFB_AVAILABLE_IN_1_0
LfbValue       *lfb_graph_module_get_extra              (LfbGraphModule  *self);
LFB_AVAILABLE_IN_1_0
void            lfb_graph_module_set_extra              (LfbGraphModule  *self,
                                                         LfbValue        *extra);

LFB_AVAILABLE_IN_1_0
char          **lfb_graph_module_lint                   (LfbGraphModule  *self);
LFB_AVAILABLE_IN_1_0
gboolean        lfb_graph_module_check                  (LfbGraphModule  *self,
                                                         GError         **error);
LFB_AVAILABLE_IN_1_0
gboolean        lfb_graph_module_delete_unused          (LfbGraphModule  *self);
LFB_AVAILABLE_IN_1_0
char           *lfb_graph_module_to_text                (LfbGraphModule  *self);
LFB_AVAILABLE_IN_1_0
char           *lfb_graph_module_to_dot                 (LfbGraphModule  *self);

G_END_DECLS

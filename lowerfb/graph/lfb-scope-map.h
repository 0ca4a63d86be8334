/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which module each node was traced in: node name to module path and type. */

#pragma once

#include <lowerfb/core/lfb-types.h>

G_BEGIN_DECLS

#define LFB_TYPE_SCOPE_MAP (lfb_scope_map_get_type ())

LFB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (LfbScopeMap, lfb_scope_map, LFB, SCOPE_MAP, GObject)

LFB_AVAILABLE_IN_1_0
LfbScopeMap  *lfb_scope_map_new           (void);
LFB_AVAILABLE_IN_1_0
LfbScopeMap  *lfb_scope_map_copy          (LfbScopeMap *self);
LFB_AVAILABLE_IN_1_0
void          lfb_scope_map_set           (LfbScopeMap *self,
                                           const char  *node_name,
                                           const char  *module_path,
                                           const char  *module_type);
LFB_AVAILABLE_IN_1_0
gboolean      lfb_scope_map_remove        (LfbScopeMap *self,
                                           const char  *node_name);
LFB_AVAILABLE_IN_1_0
const char   *lfb_scope_map_get_path      (LfbScopeMap *self,
                                           const char  *node_name);
LFB_AVAILABLE_IN_1_0
const char   *lfb_scope_map_get_type_name (LfbScopeMap *self,
                                           const char  *node_name);
LFB_AVAILABLE_IN_1_0
char        **lfb_scope_map_list_names    (LfbScopeMap *self);

G_END_DECLS

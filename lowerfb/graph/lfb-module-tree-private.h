/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The modules of a model by their dotted paths. Two paths may stand for one
 * module: one of them owns it, the others are aliases, and an alias covers the
 * parts below it. Whatever happens to the owner, the others keep what they had.
 */

#pragma once

#include <lowerfb/graph/lfb-module.h>

G_BEGIN_DECLS

typedef struct _LfbModuleTree LfbModuleTree;

LfbModuleTree *_lfb_module_tree_new       (void);
void           _lfb_module_tree_free      (LfbModuleTree  *self);
LfbModule     *_lfb_module_tree_get       (LfbModuleTree  *self,
                                           const char     *path);
const char    *_lfb_module_tree_get_alias (LfbModuleTree  *self,
                                           const char     *path);
char          *_lfb_module_tree_resolve   (LfbModuleTree  *self,
                                           const char     *path);
void           _lfb_module_tree_set       (LfbModuleTree  *self,
                                           const char     *path,
                                           LfbModule      *module);
gboolean       _lfb_module_tree_set_alias (LfbModuleTree  *self,
                                           const char     *path,
                                           const char     *original,
                                           GError        **error);
gboolean       _lfb_module_tree_contains  (LfbModuleTree  *self,
                                           const char     *path);
gboolean       _lfb_module_tree_remove    (LfbModuleTree  *self,
                                           const char     *path,
                                           gboolean        keep_root);
gboolean       _lfb_module_tree_forget    (LfbModuleTree  *self,
                                           const char     *path);
char         **_lfb_module_tree_list      (LfbModuleTree  *self);
void           _lfb_module_tree_mark      (LfbModuleTree  *self,
                                           const char     *path,
                                           GHashTable     *marked);

G_END_DECLS

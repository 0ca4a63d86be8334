/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Models in and out of files; see model-format in the documentation. */

#pragma once

#include <gio/gio.h>

#include <lowerfb/graph/lfb-graph-module.h>

G_BEGIN_DECLS

LFB_AVAILABLE_IN_1_0
LfbGraphModule *lfb_graph_module_load              (const char           *path,
                                                    GError              **error);
LFB_AVAILABLE_IN_1_0
void            lfb_graph_module_load_async        (const char           *path,
                                                    GCancellable         *cancellable,
                                                    GAsyncReadyCallback   callback,
                                                    gpointer              user_data);
LFB_AVAILABLE_IN_1_0
LfbGraphModule *lfb_graph_module_load_finish       (GAsyncResult         *result,
                                                    GError              **error);
LFB_AVAILABLE_IN_1_0
LfbGraphModule *lfb_graph_module_load_bytes        (GBytes               *bytes,
                                                    GError              **error);
LFB_AVAILABLE_IN_1_0
gboolean        lfb_graph_module_save              (LfbGraphModule       *self,
                                                    const char           *path,
                                                    GError              **error);
LFB_AVAILABLE_IN_1_0
void            lfb_graph_module_save_async        (LfbGraphModule       *self,
                                                    const char           *path,
                                                    GCancellable         *cancellable,
                                                    GAsyncReadyCallback   callback,
                                                    gpointer              user_data);
LFB_AVAILABLE_IN_1_0
gboolean        lfb_graph_module_save_finish       (LfbGraphModule       *self,
                                                    GAsyncResult         *result,
                                                    GError              **error);
LFB_AVAILABLE_IN_1_0
GBytes         *lfb_graph_module_to_bytes          (LfbGraphModule       *self,
                                                    GError              **error);
LFB_AVAILABLE_IN_1_0
char           *lfb_graph_module_to_json           (LfbGraphModule       *self,
                                                    GError              **error);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The steps of a model in the order in which they run. */

#pragma once

#include <gio/gio.h>

#include <lowerfb/graph/lfb-node.h>

G_BEGIN_DECLS

#define LFB_TYPE_GRAPH (lfb_graph_get_type ())

LFB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (LfbGraph, lfb_graph, LFB, GRAPH, GObject)

LFB_AVAILABLE_IN_1_0
LfbGraph *lfb_graph_new                 (void);
LFB_AVAILABLE_IN_1_0
LfbGraph *lfb_graph_copy                (LfbGraph    *self);

LFB_AVAILABLE_IN_1_0
LfbNode  *lfb_graph_create_node         (LfbGraph    *self,
                                         LfbOp        op,
                                         const char  *target,
                                         LfbValue   **args,
                                         gsize        n_args,
                                         LfbValue    *kwargs,
                                         const char  *name,
                                         GError     **error);
LFB_AVAILABLE_IN_1_0
gboolean  lfb_graph_erase_node          (LfbGraph    *self,
                                         LfbNode     *node,
                                         GError     **error);
LFB_AVAILABLE_IN_1_0
LfbNode  *lfb_graph_find                (LfbGraph    *self,
                                         const char  *name);
LFB_AVAILABLE_IN_1_0
gsize     lfb_graph_get_n_nodes         (LfbGraph    *self);
LFB_AVAILABLE_IN_1_0
LfbNode  *lfb_graph_get_first           (LfbGraph    *self);
LFB_AVAILABLE_IN_1_0
LfbNode  *lfb_graph_get_last            (LfbGraph    *self);
LFB_AVAILABLE_IN_1_0
char     *lfb_graph_make_name           (LfbGraph    *self,
                                         const char  *candidate);

LFB_AVAILABLE_IN_1_0
char    **lfb_graph_lint                (LfbGraph    *self);
LFB_AVAILABLE_IN_1_0
gboolean  lfb_graph_eliminate_dead_code (LfbGraph    *self);
LFB_AVAILABLE_IN_1_0
char     *lfb_graph_to_text             (LfbGraph    *self);
LFB_AVAILABLE_IN_1_0
char     *lfb_graph_to_dot              (LfbGraph    *self);

G_END_DECLS

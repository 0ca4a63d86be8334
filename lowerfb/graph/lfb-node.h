/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One step of a graph. */

#pragma once

#include <lowerfb/core/lfb-value.h>

G_BEGIN_DECLS

typedef struct _LfbGraph LfbGraph;

/**
 * LfbOp:
 * @LFB_OP_PLACEHOLDER: an input of the graph
 * @LFB_OP_GET_ATTR: reads an attribute of the model
 * @LFB_OP_CALL_FUNCTION: calls a function by its dotted name
 * @LFB_OP_CALL_METHOD: calls a method of its first argument
 * @LFB_OP_CALL_MODULE: calls a module by its path
 * @LFB_OP_OUTPUT: returns its argument
 *
 * What a node does, as in torch.fx.
 */
typedef enum {
  LFB_OP_PLACEHOLDER,
  LFB_OP_GET_ATTR,
  LFB_OP_CALL_FUNCTION,
  LFB_OP_CALL_METHOD,
  LFB_OP_CALL_MODULE,
  LFB_OP_OUTPUT,
} LfbOp;

#define LFB_TYPE_NODE (lfb_node_get_type ())

LFB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (LfbNode, lfb_node, LFB, NODE, GObject)

LFB_AVAILABLE_IN_1_0
const char *lfb_op_to_string                (LfbOp            op);
LFB_AVAILABLE_IN_1_0
gboolean    lfb_op_from_string              (const char      *name,
                                             LfbOp           *op);

LFB_AVAILABLE_IN_1_0
const char *lfb_node_get_name               (LfbNode         *self);
LFB_AVAILABLE_IN_1_0
gboolean    lfb_node_set_name               (LfbNode         *self,
                                             const char      *name,
                                             GError         **error);
LFB_AVAILABLE_IN_1_0
LfbOp       lfb_node_get_op                 (LfbNode         *self);
LFB_AVAILABLE_IN_1_0
const char *lfb_node_get_target             (LfbNode         *self);
LFB_AVAILABLE_IN_1_0
void        lfb_node_set_target             (LfbNode         *self,
                                             const char      *target);
LFB_AVAILABLE_IN_1_0
gboolean    lfb_node_is                     (LfbNode         *self,
                                             LfbOp            op,
                                             const char      *target);
LFB_AVAILABLE_IN_1_0
LfbGraph   *lfb_node_get_graph              (LfbNode         *self);

LFB_AVAILABLE_IN_1_0
LfbValue  **lfb_node_get_args               (LfbNode         *self,
                                             gsize           *n_args);
LFB_AVAILABLE_IN_1_0
LfbValue   *lfb_node_get_arg                (LfbNode         *self,
                                             gsize            position);
LFB_AVAILABLE_IN_1_0
LfbNode    *lfb_node_get_input              (LfbNode         *self,
                                             gsize            position);
LFB_AVAILABLE_IN_1_0
gboolean    lfb_node_set_args               (LfbNode         *self,
                                             LfbValue       **args,
                                             gsize            n_args,
                                             GError         **error);
LFB_AVAILABLE_IN_1_0
gboolean    lfb_node_set_arg                (LfbNode         *self,
                                             gsize            position,
                                             LfbValue        *value,
                                             GError         **error);
LFB_AVAILABLE_IN_1_0
LfbValue   *lfb_node_get_kwargs             (LfbNode         *self);
LFB_AVAILABLE_IN_1_0
LfbValue   *lfb_node_get_kwarg              (LfbNode         *self,
                                             const char      *name);
LFB_AVAILABLE_IN_1_0
gboolean    lfb_node_set_kwargs             (LfbNode         *self,
                                             LfbValue        *kwargs,
                                             GError         **error);

LFB_AVAILABLE_IN_1_0
LfbNode   **lfb_node_get_users              (LfbNode         *self,
                                             gsize           *n_users);
LFB_AVAILABLE_IN_1_0
gsize       lfb_node_get_n_users            (LfbNode         *self);
LFB_AVAILABLE_IN_1_0
LfbNode   **lfb_node_get_inputs             (LfbNode         *self,
                                             gsize           *n_inputs);
LFB_AVAILABLE_IN_1_0
gboolean    lfb_node_replace_input_with     (LfbNode         *self,
                                             LfbNode         *input,
                                             LfbNode         *replacement,
                                             GError         **error);
LFB_AVAILABLE_IN_1_0
gboolean    lfb_node_replace_all_uses_with  (LfbNode         *self,
                                             LfbNode         *replacement,
                                             GError         **error);

LFB_AVAILABLE_IN_1_0
gboolean    lfb_node_append                 (LfbNode         *self,
                                             LfbNode         *node,
                                             GError         **error);
LFB_AVAILABLE_IN_1_0
gboolean    lfb_node_prepend                (LfbNode         *self,
                                             LfbNode         *node,
                                             GError         **error);
LFB_AVAILABLE_IN_1_0
LfbNode    *lfb_node_get_next               (LfbNode         *self);
LFB_AVAILABLE_IN_1_0
LfbNode    *lfb_node_get_previous           (LfbNode         *self);
LFB_AVAILABLE_IN_1_0
gboolean    lfb_node_is_before              (LfbNode         *self,
                                             LfbNode         *other);

LFB_AVAILABLE_IN_1_0
LfbValue   *lfb_node_get_example            (LfbNode         *self);
LFB_AVAILABLE_IN_1_0
gboolean    lfb_node_set_example            (LfbNode         *self,
                                             LfbDType         dtype,
                                             const gint64    *shape,
                                             gsize            n_dims,
                                             GError         **error);
LFB_AVAILABLE_IN_1_0
LfbValue   *lfb_node_get_extra              (LfbNode         *self);
LFB_AVAILABLE_IN_1_0
void        lfb_node_set_extra              (LfbNode         *self,
                                             LfbValue        *extra);
LFB_AVAILABLE_IN_1_0
char       *lfb_node_to_text                (LfbNode         *self);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How nodes hang together: who reads whom, and who stands where. */

#include <lowerfb/core/lfb-error.h>
#include <lowerfb/graph/lfb-graph-private.h>

typedef struct
{
  guint count;  /* how often the user's values name the node */
  GList *place; /* in use_order */
} NodeUse;

static LfbValue *
add_use (LfbNode  *input,
         gpointer  user_data)
{
  LfbNode *user = user_data;
  NodeUse *use;

  if (input->users == NULL)
    input->users = g_hash_table_new_full (NULL, NULL, NULL, g_free);

  use = g_hash_table_lookup (input->users, user);
  if (use == NULL)
    {
      use = g_new0 (NodeUse, 1);
      g_queue_push_tail (&input->use_order, user);
      use->place = input->use_order.tail;
      g_hash_table_insert (input->users, user, use);
    }
  use->count++;

  return NULL;
}

static LfbValue *
remove_use (LfbNode  *input,
            gpointer  user_data)
{
  LfbNode *user = user_data;
  NodeUse *use = input->users != NULL ? g_hash_table_lookup (input->users, user) : NULL;

  g_return_val_if_fail (use != NULL, NULL);

  if (--use->count == 0)
    {
      g_queue_delete_link (&input->use_order, use->place);
      g_hash_table_remove (input->users, user);
    }

  return NULL;
}

static void
visit_nodes (LfbValue         *value,
             LfbValueNodeFunc  func,
             LfbNode          *user)
{
  lfb_value_unref (lfb_value_map_nodes (value, func, user));
}

/* Uses are added before they are removed, so that an input which stays one
 * keeps its place among the users.
 */
void
_lfb_node_take_values (LfbNode  *self,
                       LfbValue *args,
                       LfbValue *kwargs)
{
  g_autoptr (LfbValue) old_args = self->args;
  g_autoptr (LfbValue) old_kwargs = self->kwargs;

  self->args = args;
  self->kwargs = kwargs;
  visit_nodes (args, add_use, self);
  visit_nodes (kwargs, add_use, self);
  visit_nodes (old_args, remove_use, self);
  visit_nodes (old_kwargs, remove_use, self);
}

void
_lfb_node_drop_values (LfbNode *self)
{
  _lfb_node_take_values (self, lfb_value_for_tuple (NULL, 0), lfb_value_for_dict (NULL, NULL, 0));
}

/**
 * lfb_node_get_users:
 * @self: a node
 * @n_users: (out): how many users there are
 *
 * The nodes that read the result of this one, each once, in the order in which
 * they became users.
 *
 * Returns: (transfer container) (array length=n_users): the users
 *
 * Since: 1.0
 */
LfbNode **
lfb_node_get_users (LfbNode *self,
                    gsize   *n_users)
{
  LfbNode **users;
  gsize i = 0;

  g_return_val_if_fail (LFB_IS_NODE (self), NULL);
  g_return_val_if_fail (n_users != NULL, NULL);

  *n_users = self->use_order.length;
  users = g_new0 (LfbNode *, *n_users + 1);
  for (GList *link = self->use_order.head; link != NULL; link = link->next)
    users[i++] = link->data;

  return users;
}

/**
 * lfb_node_get_n_users:
 * @self: a node
 *
 * How many nodes read the result of this one.
 *
 * Returns: the number of users
 *
 * Since: 1.0
 */
gsize
lfb_node_get_n_users (LfbNode *self)
{
  g_return_val_if_fail (LFB_IS_NODE (self), 0);

  return self->use_order.length;
}

typedef struct
{
  GPtrArray *nodes;
  GHashTable *seen;
} Collect;

static LfbValue *
collect_node (LfbNode  *node,
              gpointer  user_data)
{
  Collect *collect = user_data;

  if (g_hash_table_add (collect->seen, node))
    g_ptr_array_add (collect->nodes, node);

  return NULL;
}

/**
 * lfb_node_get_inputs:
 * @self: a node
 * @n_inputs: (out): how many inputs there are
 *
 * The nodes whose results this one reads, each once, in the order of the
 * arguments, those by name last.
 *
 * Returns: (transfer container) (array length=n_inputs): the inputs
 *
 * Since: 1.0
 */
LfbNode **
lfb_node_get_inputs (LfbNode *self,
                     gsize   *n_inputs)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  Collect collect;

  g_return_val_if_fail (LFB_IS_NODE (self), NULL);
  g_return_val_if_fail (n_inputs != NULL, NULL);

  collect.nodes = g_ptr_array_new ();
  collect.seen = seen;
  lfb_value_unref (lfb_value_map_nodes (self->args, collect_node, &collect));
  lfb_value_unref (lfb_value_map_nodes (self->kwargs, collect_node, &collect));
  *n_inputs = collect.nodes->len;
  g_ptr_array_add (collect.nodes, NULL);

  return (LfbNode **) g_ptr_array_free (collect.nodes, FALSE);
}

static gboolean
check_same_graph (LfbNode  *self,
                  LfbNode  *other,
                  GError  **error)
{
  if (self->graph == NULL || other->graph == NULL)
    {
      _lfb_node_set_stray_error (self->graph == NULL ? self : other, error);
      return FALSE;
    }
  if (self->graph != other->graph)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_INVALID_GRAPH,
                   "Nodes `%s` and `%s` belong to different graphs", self->name, other->name);
      return FALSE;
    }

  return TRUE;
}

typedef struct
{
  LfbNode *input;
  LfbValue *replacement;
} Replace;

static LfbValue *
replace_node (LfbNode  *node,
              gpointer  user_data)
{
  const Replace *replace = user_data;

  return node == replace->input ? replace->replacement : NULL;
}

/**
 * lfb_node_replace_input_with:
 * @self: a node
 * @input: one of its inputs
 * @replacement: the node to read instead
 * @error: where to put an error
 *
 * Makes the node read @replacement wherever it reads @input. Fails with
 * %LFB_ERROR_INVALID_GRAPH if the nodes are not of one graph, or if
 * @replacement is the node itself.
 *
 * Returns: whether all went well, also if @input was not an input
 *
 * Since: 1.0
 */
gboolean
lfb_node_replace_input_with (LfbNode  *self,
                             LfbNode  *input,
                             LfbNode  *replacement,
                             GError  **error)
{
  g_autoptr (LfbValue) value = NULL;
  Replace replace;

  g_return_val_if_fail (LFB_IS_NODE (self), FALSE);
  g_return_val_if_fail (LFB_IS_NODE (input), FALSE);
  g_return_val_if_fail (LFB_IS_NODE (replacement), FALSE);

  if (!check_same_graph (self, input, error) || !check_same_graph (self, replacement, error))
    return FALSE;
  if (self == replacement)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_INVALID_GRAPH,
                   "Node `%s` cannot read its own result", self->name);
      return FALSE;
    }
  if (input->users == NULL || !g_hash_table_contains (input->users, self))
    return TRUE;

  value = lfb_value_for_node (replacement);
  replace.input = input;
  replace.replacement = value;
  _lfb_node_take_values (self,
                         lfb_value_map_nodes (self->args, replace_node, &replace),
                         lfb_value_map_nodes (self->kwargs, replace_node, &replace));

  return TRUE;
}

/**
 * lfb_node_replace_all_uses_with:
 * @self: a node
 * @replacement: the node to read instead
 * @error: where to put an error
 *
 * Makes every user of this node read @replacement. If @replacement is itself a
 * user, it goes on reading this node, so that a node can be put behind another.
 *
 * Returns: whether all went well
 *
 * Since: 1.0
 */
gboolean
lfb_node_replace_all_uses_with (LfbNode  *self,
                                LfbNode  *replacement,
                                GError  **error)
{
  g_autofree LfbNode **users = NULL;
  gsize n_users;

  g_return_val_if_fail (LFB_IS_NODE (self), FALSE);
  g_return_val_if_fail (LFB_IS_NODE (replacement), FALSE);

  if (!check_same_graph (self, replacement, error))
    return FALSE;
  if (self == replacement)
    return TRUE;

  users = lfb_node_get_users (self, &n_users);
  for (gsize i = 0; i < n_users; i++)
    {
      if (users[i] != replacement && !lfb_node_replace_input_with (users[i], self, replacement, error))
        return FALSE;
    }

  return TRUE;
}

/**
 * lfb_node_append:
 * @self: a node
 * @node: the node to move
 * @error: where to put an error
 *
 * Moves @node right behind this one.
 *
 * Returns: whether all went well
 *
 * Since: 1.0
 */
gboolean
lfb_node_append (LfbNode  *self,
                 LfbNode  *node,
                 GError  **error)
{
  g_return_val_if_fail (LFB_IS_NODE (self), FALSE);
  g_return_val_if_fail (LFB_IS_NODE (node), FALSE);

  if (!check_same_graph (self, node, error))
    return FALSE;
  if (self != node && self->next != node)
    _lfb_graph_move_after (self->graph, self, node);

  return TRUE;
}

/**
 * lfb_node_prepend:
 * @self: a node
 * @node: the node to move
 * @error: where to put an error
 *
 * Moves @node right before this one.
 *
 * Returns: whether all went well
 *
 * Since: 1.0
 */
gboolean
lfb_node_prepend (LfbNode  *self,
                  LfbNode  *node,
                  GError  **error)
{
  g_return_val_if_fail (LFB_IS_NODE (self), FALSE);
  g_return_val_if_fail (LFB_IS_NODE (node), FALSE);

  if (!check_same_graph (self, node, error))
    return FALSE;
  if (self != node && self->previous != node)
    _lfb_graph_move_after (self->graph, self->previous, node);

  return TRUE;
}

/**
 * lfb_node_get_next:
 * @self: a node
 *
 * The node that runs after this one.
 *
 * Returns: (transfer none) (nullable): the next node; %NULL behind the last
 *
 * Since: 1.0
 */
LfbNode *
lfb_node_get_next (LfbNode *self)
{
  g_return_val_if_fail (LFB_IS_NODE (self), NULL);

  return self->next;
}

/**
 * lfb_node_get_previous:
 * @self: a node
 *
 * The node that runs before this one.
 *
 * Returns: (transfer none) (nullable): the previous node; %NULL before the first
 *
 * Since: 1.0
 */
LfbNode *
lfb_node_get_previous (LfbNode *self)
{
  g_return_val_if_fail (LFB_IS_NODE (self), NULL);

  return self->previous;
}

/**
 * lfb_node_is_before:
 * @self: a node
 * @other: another node of the same graph
 *
 * Whether this node runs before @other. Takes the same time wherever they stand.
 *
 * Returns: whether the node stands before @other; false for one and the same,
 *   and for nodes of different graphs
 *
 * Since: 1.0
 */
gboolean
lfb_node_is_before (LfbNode *self,
                    LfbNode *other)
{
  g_return_val_if_fail (LFB_IS_NODE (self), FALSE);
  g_return_val_if_fail (LFB_IS_NODE (other), FALSE);

  return self->graph != NULL && self->graph == other->graph && self->order < other->order;
}

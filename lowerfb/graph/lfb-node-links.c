/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How nodes hang together: who reads whom, and who stands where. */

#include <lowerfb/core/lfb-error.h>
#include <lowerfb/graph/lfb-graph-private.h>

#include <string.h>

/* The distinct nodes that values name, in order. Most nodes have few. */
typedef struct
{
  LfbNode *few[8];
  LfbNode **nodes;
  guint n_nodes;
  guint size;
} Inputs;

/* Stands as the mark of a node that has no use yet. */
static LfbNodeUse new_input;

static void
inputs_add (LfbNode  *node,
            gpointer  user_data)
{
  Inputs *inputs = user_data;

  /* what the user read before is marked with its use: see update_inputs() */
  if (node->mark == &new_input || (node->mark != NULL && node->mark->user == NULL))
    return;

  if (node->mark == NULL)
    node->mark = &new_input;
  else
    node->mark->user = NULL;
  if (inputs->n_nodes == inputs->size)
    {
      LfbNode **larger = g_new (LfbNode *, (gsize) inputs->size * 2);

      memcpy (larger, inputs->nodes, inputs->size * sizeof *larger);
      if (inputs->nodes != inputs->few)
        g_free (inputs->nodes);
      inputs->nodes = larger;
      inputs->size *= 2;
    }
  inputs->nodes[inputs->n_nodes++] = node;
}

static void
unlink_use (LfbNodeUse *use)
{
  LfbNode *input = use->input;

  if (use->previous != NULL)
    use->previous->next = use->next;
  else
    input->first_use = use->next;
  if (use->next != NULL)
    use->next->previous = use->previous;
  else
    input->last_use = use->previous;
  input->n_users--;
}

static void
append_use (LfbNodeUse *use)
{
  LfbNode *input = use->input;

  use->previous = input->last_use;
  if (input->last_use != NULL)
    input->last_use->next = use;
  else
    input->first_use = use;
  input->last_use = use;
  input->n_users++;
}

/* Puts @use where @old stands. */
static void
replace_use (LfbNodeUse *old,
             LfbNodeUse *use)
{
  LfbNode *input = old->input;

  use->previous = old->previous;
  use->next = old->next;
  if (use->previous != NULL)
    use->previous->next = use;
  else
    input->first_use = use;
  if (use->next != NULL)
    use->next->previous = use;
  else
    input->last_use = use;
}

/* Makes the inputs of @self those that its values name. Old inputs are marked
 * with their uses, so that each node is looked at in no time, however many
 * inputs and users there are; an input that stays one keeps its place among the
 * users.
 */
static void
update_inputs (LfbNode *self)
{
  Inputs inputs = { .nodes = inputs.few, .size = G_N_ELEMENTS (inputs.few) };
  LfbNodeUse *old = self->inputs;
  guint n_old = self->n_inputs;

  for (guint i = 0; i < n_old; i++)
    old[i].input->mark = &old[i];
  lfb_value_visit_nodes (self->args, inputs_add, &inputs);
  lfb_value_visit_nodes (self->kwargs, inputs_add, &inputs);

  self->n_inputs = inputs.n_nodes;
  self->inputs = g_slice_alloc0 (inputs.n_nodes * sizeof *self->inputs);
  for (guint i = 0; i < inputs.n_nodes; i++)
    {
      LfbNode *input = inputs.nodes[i];
      LfbNodeUse *use = &self->inputs[i];

      use->input = input;
      use->user = self;
      if (input->mark == &new_input)
        append_use (use);
      else
        replace_use (input->mark, use);
      input->mark = NULL;
    }
  for (guint i = 0; i < n_old; i++)
    {
      if (old[i].user != NULL)
        {
          old[i].input->mark = NULL;
          unlink_use (&old[i]);
        }
    }

  g_slice_free1 (n_old * sizeof *old, old);
  if (inputs.nodes != inputs.few)
    g_free (inputs.nodes);
}

/* The old values are released last: they may hold the last reference of a node
 * that was an input.
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
  update_inputs (self);
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

  *n_users = self->n_users;
  users = g_new (LfbNode *, self->n_users + 1);
  for (LfbNodeUse *use = self->first_use; use != NULL; use = use->next)
    users[i++] = use->user;
  users[i] = NULL;

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

  return self->n_users;
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
  LfbNode **inputs;

  g_return_val_if_fail (LFB_IS_NODE (self), NULL);
  g_return_val_if_fail (n_inputs != NULL, NULL);

  *n_inputs = self->n_inputs;
  inputs = g_new (LfbNode *, (gsize) self->n_inputs + 1);
  for (guint i = 0; i < self->n_inputs; i++)
    inputs[i] = self->inputs[i].input;
  inputs[self->n_inputs] = NULL;

  return inputs;
}

/* Of the node's inputs, not of the other's users: those may be many. */
static gboolean
reads (LfbNode *self,
       LfbNode *input)
{
  for (guint i = 0; i < self->n_inputs; i++)
    {
      if (self->inputs[i].input == input)
        return TRUE;
    }

  return FALSE;
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
  if (!reads (self, input))
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

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The list of nodes, after torch.fx.Graph: making, naming, moving and erasing
 * them. Checking, cleaning and printing have files of their own.
 */

#include <lowerfb/core/lfb-error.h>
#include <lowerfb/core/lfb-hash-private.h>
#include <lowerfb/graph/lfb-graph-private.h>

#include <string.h>

/**
 * LfbGraph:
 *
 * The steps of a model in the order in which they run.
 *
 * A graph is a [iface@Gio.ListModel] of [class@Lfb.Node], so that it can be
 * iterated, shown in a list view and watched. Nodes are made with
 * [method@Lfb.Graph.create_node], which puts them at the end, and moved with
 * [method@Lfb.Node.append] and [method@Lfb.Node.prepend].
 *
 * A graph may be in disorder while it is being changed; [method@Lfb.Graph.lint]
 * lists all its faults.
 *
 * A graph must be used from one thread at a time.
 *
 * Since: 1.0
 */

/* Between the order keys of two nodes that are made one after the other. */
#define ORDER_GAP (G_GUINT64_CONSTANT (1) << 32)

static GType
lfb_graph_get_item_type (GListModel *model)
{
  return LFB_TYPE_NODE;
}

static guint
lfb_graph_get_n_items (GListModel *model)
{
  return LFB_GRAPH (model)->n_nodes;
}

static gpointer
lfb_graph_get_item (GListModel *model,
                    guint       position)
{
  LfbGraph *self = LFB_GRAPH (model);

  if (position >= self->n_nodes)
    return NULL;

  if (self->array == NULL)
    {
      self->array = g_ptr_array_sized_new (self->n_nodes);
      for (LfbNode *node = self->first; node != NULL; node = node->next)
        g_ptr_array_add (self->array, node);
    }

  return g_object_ref (g_ptr_array_index (self->array, position));
}

static void
lfb_graph_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = lfb_graph_get_item_type;
  iface->get_n_items = lfb_graph_get_n_items;
  iface->get_item = lfb_graph_get_item;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (LfbGraph, lfb_graph, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, lfb_graph_list_model_init))

/* From the last node to the first, so that no chain of references is ever
 * released by recursion: when a node is let go, nothing reads it any more.
 */
static void
lfb_graph_finalize (GObject *object)
{
  LfbGraph *self = LFB_GRAPH (object);
  LfbNode *previous;

  g_clear_pointer (&self->array, g_ptr_array_unref);
  for (LfbNode *node = self->last; node != NULL; node = previous)
    {
      previous = node->previous;
      _lfb_node_drop_values (node);
      node->graph = NULL;
      node->previous = NULL;
      node->next = NULL;
      g_object_unref (node);
    }
  g_clear_pointer (&self->names, g_hash_table_unref);
  g_clear_pointer (&self->name_hint, g_hash_table_unref);
  g_clear_pointer (&self->callees, g_hash_table_unref);

  G_OBJECT_CLASS (lfb_graph_parent_class)->finalize (object);
}

/* A graph that is not in topological order may hold a node which reads a later
 * one: all arguments go before any node does.
 */
static void
lfb_graph_dispose (GObject *object)
{
  LfbGraph *self = LFB_GRAPH (object);

  for (LfbNode *node = self->last; node != NULL; node = node->previous)
    _lfb_node_drop_values (node);

  G_OBJECT_CLASS (lfb_graph_parent_class)->dispose (object);
}

static void
lfb_graph_class_init (LfbGraphClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = lfb_graph_dispose;
  object_class->finalize = lfb_graph_finalize;
}

static void
lfb_graph_init (LfbGraph *self)
{
  self->names = g_hash_table_new (_lfb_str_hash, g_str_equal);
  self->name_hint = g_hash_table_new_full (_lfb_str_hash, g_str_equal, g_free, NULL);
  self->callees = g_hash_table_new_full (_lfb_str_hash, g_str_equal, (GDestroyNotify) g_ref_string_release, NULL);
}

/**
 * lfb_graph_new:
 *
 * Makes an empty graph.
 *
 * Returns: (transfer full): a new graph
 *
 * Since: 1.0
 */
LfbGraph *
lfb_graph_new (void)
{
  return g_object_new (LFB_TYPE_GRAPH, NULL);
}

/* Positions are counted only when somebody listens. */
static void
emit_change (LfbGraph *self,
             LfbNode  *node,
             guint     removed,
             guint     added)
{
  static guint signal_id;
  guint position = 0;

  g_clear_pointer (&self->array, g_ptr_array_unref);
  if (G_UNLIKELY (signal_id == 0))
    signal_id = g_signal_lookup ("items-changed", G_TYPE_LIST_MODEL);
  if (!g_signal_has_handler_pending (self, signal_id, 0, TRUE))
    return;

  for (LfbNode *n = node->previous; n != NULL; n = n->previous)
    position++;
  g_list_model_items_changed (G_LIST_MODEL (self), position, removed, added);
}

static void
deal_orders (LfbGraph *self)
{
  guint64 order = 0;

  for (LfbNode *node = self->first; node != NULL; node = node->next)
    node->order = order += ORDER_GAP;
}

static void
link_after (LfbGraph *self,
            LfbNode  *previous,
            LfbNode  *node)
{
  LfbNode *next = previous != NULL ? previous->next : self->first;
  guint64 low = previous != NULL ? previous->order : 0;

  node->previous = previous;
  node->next = next;
  if (previous != NULL)
    previous->next = node;
  else
    self->first = node;
  if (next != NULL)
    next->previous = node;
  else
    self->last = node;
  self->n_nodes++;

  if (next == NULL && low <= G_MAXUINT64 - ORDER_GAP)
    node->order = low + ORDER_GAP;
  else if (next != NULL && next->order - low > 1)
    node->order = low + (next->order - low) / 2;
  else
    deal_orders (self);
}

static void
unlink_node (LfbGraph *self,
             LfbNode  *node)
{
  if (node->previous != NULL)
    node->previous->next = node->next;
  else
    self->first = node->next;
  if (node->next != NULL)
    node->next->previous = node->previous;
  else
    self->last = node->previous;
  self->n_nodes--;
}

void
_lfb_graph_insert_after (LfbGraph *self,
                         LfbNode  *previous,
                         LfbNode  *node)
{
  g_hash_table_insert (self->names, node->name, node);
  link_after (self, previous, node);
  emit_change (self, node, 0, 1);
}

void
_lfb_graph_move_after (LfbGraph *self,
                       LfbNode  *previous,
                       LfbNode  *node)
{
  unlink_node (self, node);
  emit_change (self, node, 1, 0);
  link_after (self, previous, node);
  emit_change (self, node, 0, 1);
}

gboolean
_lfb_graph_rename (LfbGraph    *self,
                   LfbNode     *node,
                   const char  *name,
                   GError     **error)
{
  LfbNode *holder = g_hash_table_lookup (self->names, name);

  if (holder == node)
    return TRUE;
  if (holder != NULL || *name == '\0')
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_INVALID_GRAPH,
                   holder != NULL ? "Node name `%s` is taken" : "A node needs a name%s", name);
      return FALSE;
    }

  g_hash_table_remove (self->names, node->name);
  g_ref_string_release (node->name);
  node->name = g_ref_string_new (name);
  g_hash_table_insert (self->names, node->name, node);

  return TRUE;
}

/* The text of @target for a node: that of the others, if it is a function or
 * method; modules and attributes have a path each.
 */
char *
_lfb_graph_share_target (LfbGraph   *self,
                         LfbOp       op,
                         const char *target)
{
  char *shared;

  if (op != LFB_OP_CALL_FUNCTION && op != LFB_OP_CALL_METHOD)
    return g_ref_string_new (target);

  if (!g_hash_table_lookup_extended (self->callees, target, (gpointer *) &shared, NULL))
    {
      shared = g_ref_string_new (target);
      g_hash_table_add (self->callees, shared);
    }

  return g_ref_string_acquire (shared);
}

typedef struct
{
  LfbGraph *graph;
  LfbNode *user;
  LfbNode *stranger;
} CheckNodes;

static void
check_node (LfbNode  *node,
            gpointer  user_data)
{
  CheckNodes *check = user_data;

  if (!LFB_IS_NODE (node) || node->graph != check->graph || node == check->user)
    check->stranger = node;
}

/* Whether all nodes in @value are nodes of this graph other than @user. */
gboolean
_lfb_graph_check_value (LfbGraph  *self,
                        LfbNode   *user,
                        LfbValue  *value,
                        GError   **error)
{
  CheckNodes check = { self, user, NULL };

  lfb_value_visit_nodes (value, check_node, &check);
  if (check.stranger == NULL)
    return TRUE;

  if (!LFB_IS_NODE (check.stranger))
    g_set_error (error, LFB_ERROR, LFB_ERROR_INVALID_GRAPH,
                 "An argument is a %s, not a node", G_OBJECT_TYPE_NAME (check.stranger));
  else if (check.stranger == user)
    g_set_error (error, LFB_ERROR, LFB_ERROR_INVALID_GRAPH,
                 "Node `%s` cannot read its own result", user->name);
  else if (check.stranger->graph == NULL)
    _lfb_node_set_stray_error (check.stranger, error);
  else
    g_set_error (error, LFB_ERROR, LFB_ERROR_INVALID_GRAPH,
                 "Node `%s` belongs to another graph", check.stranger->name);
  return FALSE;
}

/**
 * lfb_graph_make_name:
 * @self: a graph
 * @candidate: a name or target, such as `torch.nn.functional.relu`
 *
 * Makes a node name that is free: the last part of @candidate, in lower case
 * and with _ for every character that Python would not take in a name, and if
 * that is taken, with _1, _2, ... behind it. As torch.fx does.
 *
 * Returns: (transfer full): a free name
 *
 * Since: 1.0
 */
char *
lfb_graph_make_name (LfbGraph   *self,
                     const char *candidate)
{
  g_autofree char *base = NULL;
  const char *dot;
  gsize digits;
  guint number = 0;

  g_return_val_if_fail (LFB_IS_GRAPH (self), NULL);
  g_return_val_if_fail (candidate != NULL, NULL);

  dot = strrchr (candidate, '.');
  base = g_ascii_strdown (dot != NULL && dot[1] != '\0' ? dot + 1 : candidate, -1);
  g_strcanon (base, "abcdefghijklmnopqrstuvwxyz0123456789_", '_');
  if (*base == '\0' || g_ascii_isdigit (*base))
    {
      char *prefixed = g_strconcat ("_", base, NULL);

      g_free (base);
      base = prefixed;
    }

  if (!g_hash_table_contains (self->names, base))
    return g_steal_pointer (&base);

  /* relu_2, taken, becomes relu_3 and not relu_2_1 */
  digits = strlen (base);
  while (digits > 0 && g_ascii_isdigit (base[digits - 1]))
    digits--;
  if (digits > 1 && base[digits - 1] == '_' && base[digits] != '\0')
    base[digits - 1] = '\0';

  number = GPOINTER_TO_UINT (g_hash_table_lookup (self->name_hint, base));
  for (;;)
    {
      g_autofree char *name = g_strdup_printf ("%s_%u", base, ++number);

      if (g_hash_table_contains (self->names, name))
        continue;
      g_hash_table_insert (self->name_hint, g_strdup (base), GUINT_TO_POINTER (number));
      return g_steal_pointer (&name);
    }
}

/* A function goes by its last part, a module or attribute by its whole path. */
static char *
name_for_target (LfbGraph   *self,
                 LfbOp       op,
                 const char *target)
{
  g_autofree char *path = NULL;

  if (op == LFB_OP_CALL_FUNCTION)
    return lfb_graph_make_name (self, target);

  path = g_strdelimit (g_strdup (target), ".", '_');

  return lfb_graph_make_name (self, path);
}

/**
 * lfb_graph_create_node:
 * @self: a graph
 * @op: what the node does
 * @target: what it calls or reads; see [property@Lfb.Node:target]
 * @args: (array length=n_args) (nullable): the arguments by position
 * @n_args: how many arguments by position
 * @kwargs: (nullable): a dictionary of the arguments by name
 * @name: (nullable): a name that is free; %NULL to make one of @target
 * @error: where to put an error
 *
 * Makes a node at the end of the graph.
 *
 * Fails with %LFB_ERROR_INVALID_GRAPH if @name is taken or an argument names a
 * node of another graph.
 *
 * Returns: (transfer none): the new node; the graph owns it
 *
 * Since: 1.0
 */
LfbNode *
lfb_graph_create_node (LfbGraph    *self,
                       LfbOp        op,
                       const char  *target,
                       LfbValue   **args,
                       gsize        n_args,
                       LfbValue    *kwargs,
                       const char  *name,
                       GError     **error)
{
  g_autoptr (LfbValue) tuple = NULL;
  g_autoptr (LfbValue) dict = NULL;
  g_autofree char *made_name = NULL;
  LfbNode *node;

  g_return_val_if_fail (LFB_IS_GRAPH (self), NULL);
  g_return_val_if_fail (lfb_op_to_string (op) != NULL, NULL);
  g_return_val_if_fail (target != NULL, NULL);
  g_return_val_if_fail (args != NULL || n_args == 0, NULL);
  g_return_val_if_fail (kwargs == NULL || lfb_value_get_kind (kwargs) == LFB_VALUE_KIND_DICT, NULL);

  tuple = lfb_value_for_tuple (args, n_args);
  g_return_val_if_fail (tuple != NULL, NULL);
  dict = kwargs != NULL ? lfb_value_ref (kwargs) : lfb_value_for_dict (NULL, NULL, 0);

  if (name == NULL)
    name = made_name = name_for_target (self, op, target);
  if (*name == '\0' || g_hash_table_contains (self->names, name))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_INVALID_GRAPH,
                   *name != '\0' ? "Node name `%s` is taken" : "A node needs a name%s", name);
      return NULL;
    }
  if (!_lfb_graph_check_value (self, NULL, tuple, error) ||
      !_lfb_graph_check_value (self, NULL, dict, error))
    {
      g_prefix_error (error, "Node `%s`: ", name);
      return NULL;
    }

  node = _lfb_node_new (self, op, target, name);
  _lfb_node_take_values (node, g_steal_pointer (&tuple), g_steal_pointer (&dict));
  _lfb_graph_insert_after (self, self->last, node);

  return node;
}

/**
 * lfb_graph_erase_node:
 * @self: a graph
 * @node: one of its nodes
 * @error: where to put an error
 *
 * Takes a node out of the graph. Fails with %LFB_ERROR_INVALID_GRAPH while it
 * has users, or if it is not a node of this graph.
 *
 * Returns: whether the node was erased
 *
 * Since: 1.0
 */
gboolean
lfb_graph_erase_node (LfbGraph  *self,
                      LfbNode   *node,
                      GError   **error)
{
  g_return_val_if_fail (LFB_IS_GRAPH (self), FALSE);
  g_return_val_if_fail (LFB_IS_NODE (node), FALSE);

  if (node->graph != self)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_INVALID_GRAPH,
                   "Node `%s` is not in this graph", node->name);
      return FALSE;
    }
  if (node->n_users > 0)
    {
      LfbNode *user = node->first_use->user;

      g_set_error (error, LFB_ERROR, LFB_ERROR_INVALID_GRAPH,
                   "Node `%s` cannot be erased: `%s` reads it", node->name, user->name);
      return FALSE;
    }

  _lfb_node_drop_values (node);
  g_hash_table_remove (self->names, node->name);
  unlink_node (self, node);
  emit_change (self, node, 1, 0);
  node->graph = NULL;
  node->previous = NULL;
  node->next = NULL;
  g_object_unref (node);

  return TRUE;
}

/**
 * lfb_graph_find:
 * @self: a graph
 * @name: the name of a node
 *
 * Finds a node by its name.
 *
 * Returns: (transfer none) (nullable): the node; %NULL if there is none
 *
 * Since: 1.0
 */
LfbNode *
lfb_graph_find (LfbGraph   *self,
                const char *name)
{
  g_return_val_if_fail (LFB_IS_GRAPH (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  return g_hash_table_lookup (self->names, name);
}

/**
 * lfb_graph_get_n_nodes:
 * @self: a graph
 *
 * How many nodes the graph has.
 *
 * Returns: the number of nodes
 *
 * Since: 1.0
 */
gsize
lfb_graph_get_n_nodes (LfbGraph *self)
{
  g_return_val_if_fail (LFB_IS_GRAPH (self), 0);

  return self->n_nodes;
}

/**
 * lfb_graph_get_first:
 * @self: a graph
 *
 * The node that runs first.
 *
 * Returns: (transfer none) (nullable): the node; %NULL if the graph is empty
 *
 * Since: 1.0
 */
LfbNode *
lfb_graph_get_first (LfbGraph *self)
{
  g_return_val_if_fail (LFB_IS_GRAPH (self), NULL);

  return self->first;
}

/**
 * lfb_graph_get_last:
 * @self: a graph
 *
 * The node that runs last: the output in a graph that is complete.
 *
 * Returns: (transfer none) (nullable): the node; %NULL if the graph is empty
 *
 * Since: 1.0
 */
LfbNode *
lfb_graph_get_last (LfbGraph *self)
{
  g_return_val_if_fail (LFB_IS_GRAPH (self), NULL);

  return self->last;
}

static LfbValue *
map_to_copy (LfbNode  *node,
             gpointer  user_data)
{
  return g_hash_table_lookup (user_data, node);
}

/**
 * lfb_graph_copy:
 * @self: a graph
 *
 * Copies the graph: the same nodes under the same names, with values that name
 * the copies.
 *
 * Returns: (transfer full): a new graph
 *
 * Since: 1.0
 */
LfbGraph *
lfb_graph_copy (LfbGraph *self)
{
  g_autoptr (GHashTable) copies = NULL;
  LfbGraph *graph;

  g_return_val_if_fail (LFB_IS_GRAPH (self), NULL);

  graph = lfb_graph_new ();
  copies = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) lfb_value_unref);
  for (LfbNode *node = self->first; node != NULL; node = node->next)
    {
      LfbNode *copy = _lfb_node_copy (node, graph);

      _lfb_graph_insert_after (graph, graph->last, copy);
      g_hash_table_insert (copies, node, lfb_value_for_node (copy));
    }

  /* Only now: in a graph that is in disorder, a node may read a later one. */
  for (LfbNode *node = self->first, *copy = graph->first; node != NULL; node = node->next, copy = copy->next)
    _lfb_node_take_values (copy,
                           lfb_value_map_nodes (node->args, map_to_copy, copies),
                           lfb_value_map_nodes (node->kwargs, map_to_copy, copies));

  return graph;
}

/* Gives each of two graphs the nodes of the other. */
void
_lfb_graph_exchange (LfbGraph *self,
                     LfbGraph *other)
{
  LfbGraph *graphs[] = { self, other };
  guint n_before = self->n_nodes, n_other_before = other->n_nodes;

#define EXCHANGE(type, field) \
  G_STMT_START { type kept = self->field; self->field = other->field; other->field = kept; } G_STMT_END

  EXCHANGE (LfbNode *, first);
  EXCHANGE (LfbNode *, last);
  EXCHANGE (gsize, n_nodes);
  EXCHANGE (GHashTable *, names);
  EXCHANGE (GHashTable *, name_hint);
#undef EXCHANGE

  for (guint i = 0; i < G_N_ELEMENTS (graphs); i++)
    {
      g_clear_pointer (&graphs[i]->array, g_ptr_array_unref);
      for (LfbNode *node = graphs[i]->first; node != NULL; node = node->next)
        node->graph = graphs[i];
    }

  g_list_model_items_changed (G_LIST_MODEL (self), 0, n_before, self->n_nodes);
  g_list_model_items_changed (G_LIST_MODEL (other), 0, n_other_before, other->n_nodes);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One step of a graph, after torch.fx.Node: what it is and what it reads. What
 * it is read by, and where it stands, is in lfb-node-links.c.
 */

#include <lowerfb/core/lfb-error.h>
#include <lowerfb/graph/lfb-graph-private.h>
#include <lowerfb/lfb-enum-types.h>

/**
 * LfbNode:
 *
 * One step of a graph: an input, a call, or the output.
 *
 * A node belongs to the graph that made it, see
 * [method@Lfb.Graph.create_node]. Its arguments name the nodes whose results it
 * reads; the nodes that read its own result are its users. Both sides are kept
 * in step by every call that changes either.
 *
 * A node does not keep its graph alive. One that has been erased, or whose graph
 * is gone, keeps its name, operation and target, but no arguments.
 *
 * Since: 1.0
 */

enum {
  PROP_0,
  PROP_NAME,
  PROP_OP,
  PROP_TARGET,
  PROP_GRAPH,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];
static char *no_text;

G_DEFINE_FINAL_TYPE (LfbNode, lfb_node, G_TYPE_OBJECT)

static const char *ops[] = {
  [LFB_OP_PLACEHOLDER] = "placeholder",
  [LFB_OP_GET_ATTR] = "get_attr",
  [LFB_OP_CALL_FUNCTION] = "call_function",
  [LFB_OP_CALL_METHOD] = "call_method",
  [LFB_OP_CALL_MODULE] = "call_module",
  [LFB_OP_OUTPUT] = "output",
};

/**
 * lfb_op_to_string:
 * @op: an operation
 *
 * The name torch.fx gives an operation.
 *
 * Returns: the name, such as `call_function`
 *
 * Since: 1.0
 */
const char *
lfb_op_to_string (LfbOp op)
{
  g_return_val_if_fail ((guint) op < G_N_ELEMENTS (ops), NULL);

  return ops[op];
}

/**
 * lfb_op_from_string:
 * @name: a name such as `call_function`
 * @op: (out): where to put the operation
 *
 * Finds an operation by the name torch.fx gives it.
 *
 * Returns: whether there is such an operation
 *
 * Since: 1.0
 */
gboolean
lfb_op_from_string (const char *name,
                    LfbOp      *op)
{
  g_return_val_if_fail (name != NULL, FALSE);
  g_return_val_if_fail (op != NULL, FALSE);

  for (guint i = 0; i < G_N_ELEMENTS (ops); i++)
    {
      if (g_str_equal (ops[i], name))
        {
          *op = i;
          return TRUE;
        }
    }

  return FALSE;
}

static void
lfb_node_finalize (GObject *object)
{
  LfbNode *self = LFB_NODE (object);

  g_clear_pointer (&self->name, g_ref_string_release);
  g_clear_pointer (&self->target, g_ref_string_release);
  g_clear_pointer (&self->args, lfb_value_unref);
  g_clear_pointer (&self->kwargs, lfb_value_unref);
  g_clear_pointer (&self->example, lfb_value_unref);
  g_clear_pointer (&self->extra, lfb_value_unref);

  G_OBJECT_CLASS (lfb_node_parent_class)->finalize (object);
}

static void
lfb_node_get_property (GObject    *object,
                       guint       prop_id,
                       GValue     *value,
                       GParamSpec *pspec)
{
  LfbNode *self = LFB_NODE (object);

  switch (prop_id)
    {
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_OP:
      g_value_set_enum (value, self->op);
      break;
    case PROP_TARGET:
      g_value_set_string (value, self->target);
      break;
    case PROP_GRAPH:
      g_value_set_object (value, self->graph);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
lfb_node_set_property (GObject      *object,
                       guint         prop_id,
                       const GValue *value,
                       GParamSpec   *pspec)
{
  LfbNode *self = LFB_NODE (object);

  switch (prop_id)
    {
    case PROP_TARGET:
      lfb_node_set_target (self, g_value_get_string (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
lfb_node_class_init (LfbNodeClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  no_text = g_ref_string_new ("");
  object_class->finalize = lfb_node_finalize;
  object_class->get_property = lfb_node_get_property;
  object_class->set_property = lfb_node_set_property;

  /**
   * LfbNode:name: (getter get_name)
   *
   * The name of the node, unique in its graph.
   *
   * Since: 1.0
   */
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, flags);

  /**
   * LfbNode:op: (getter get_op)
   *
   * What the node does.
   *
   * Since: 1.0
   */
  properties[PROP_OP] =
    g_param_spec_enum ("op", NULL, NULL, LFB_TYPE_OP, LFB_OP_PLACEHOLDER, flags);

  /**
   * LfbNode:target: (getter get_target) (setter set_target)
   *
   * What is called or read: a dotted function, a method, the path of a module,
   * or an attribute.
   *
   * Since: 1.0
   */
  properties[PROP_TARGET] =
    g_param_spec_string ("target", NULL, NULL, NULL, flags | G_PARAM_WRITABLE);

  /**
   * LfbNode:graph: (getter get_graph)
   *
   * The graph the node belongs to; none once it has been erased or the graph is gone.
   *
   * Since: 1.0
   */
  properties[PROP_GRAPH] = g_param_spec_object ("graph", NULL, NULL, LFB_TYPE_GRAPH, flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

/* Whoever makes a bare object gets a node without a graph. */
static void
lfb_node_init (LfbNode *self)
{
  self->name = g_ref_string_acquire (no_text);
  self->target = g_ref_string_acquire (no_text);
  self->args = lfb_value_for_tuple (NULL, 0);
  self->kwargs = lfb_value_for_dict (NULL, NULL, 0);
}

/* Takes both texts. */
static LfbNode *
new_node (LfbGraph *graph,
          LfbOp     op,
          char     *target,
          char     *name)
{
  LfbNode *self = g_object_new (LFB_TYPE_NODE, NULL);

  self->graph = graph;
  self->op = op;
  g_ref_string_release (self->target);
  self->target = target;
  g_ref_string_release (self->name);
  self->name = name;

  return self;
}

LfbNode *
_lfb_node_new (LfbGraph   *graph,
               LfbOp       op,
               const char *target,
               const char *name)
{
  return new_node (graph, op, _lfb_graph_share_target (graph, op, target), g_ref_string_new (name));
}

/* The same step for another graph, yet without arguments. */
LfbNode *
_lfb_node_copy (LfbNode  *self,
                LfbGraph *graph)
{
  LfbNode *copy = new_node (graph, self->op, g_ref_string_acquire (self->target), g_ref_string_acquire (self->name));

  if (self->example != NULL)
    copy->example = lfb_value_ref (self->example);
  if (self->extra != NULL)
    copy->extra = lfb_value_ref (self->extra);

  return copy;
}

/* A node does not keep its graph alive. */
void
_lfb_node_set_stray_error (LfbNode  *self,
                           GError  **error)
{
  g_set_error (error, LFB_ERROR, LFB_ERROR_INVALID_GRAPH,
               "Node `%s` has been erased, or its graph is gone", self->name);
}

/**
 * lfb_node_get_name: (get-property name)
 * @self: a node
 *
 * The name of the node, unique in its graph.
 *
 * Returns: (transfer none): the name
 *
 * Since: 1.0
 */
const char *
lfb_node_get_name (LfbNode *self)
{
  g_return_val_if_fail (LFB_IS_NODE (self), NULL);

  return self->name;
}

/**
 * lfb_node_set_name:
 * @self: a node of a graph
 * @name: a name that no other node of the graph has
 * @error: where to put an error
 *
 * Renames the node. Fails with %LFB_ERROR_INVALID_GRAPH if the name is taken.
 *
 * Returns: whether the node now has that name
 *
 * Since: 1.0
 */
gboolean
lfb_node_set_name (LfbNode     *self,
                   const char  *name,
                   GError     **error)
{
  g_return_val_if_fail (LFB_IS_NODE (self), FALSE);
  g_return_val_if_fail (name != NULL, FALSE);

  if (self->graph == NULL)
    {
      _lfb_node_set_stray_error (self, error);
      return FALSE;
    }
  if (!_lfb_graph_rename (self->graph, self, name, error))
    return FALSE;

  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_NAME]);
  return TRUE;
}

/**
 * lfb_node_get_op: (get-property op)
 * @self: a node
 *
 * What the node does.
 *
 * Returns: the operation
 *
 * Since: 1.0
 */
LfbOp
lfb_node_get_op (LfbNode *self)
{
  g_return_val_if_fail (LFB_IS_NODE (self), LFB_OP_PLACEHOLDER);

  return self->op;
}

/**
 * lfb_node_get_target: (get-property target)
 * @self: a node
 *
 * What is called or read: a dotted function such as `torch.add`, a method, the
 * path of a module, or an attribute.
 *
 * Returns: (transfer none): the target
 *
 * Since: 1.0
 */
const char *
lfb_node_get_target (LfbNode *self)
{
  g_return_val_if_fail (LFB_IS_NODE (self), NULL);

  return self->target;
}

/**
 * lfb_node_set_target: (set-property target)
 * @self: a node
 * @target: the new target
 *
 * Changes what is called or read.
 *
 * Since: 1.0
 */
void
lfb_node_set_target (LfbNode    *self,
                     const char *target)
{
  char *shared;

  g_return_if_fail (LFB_IS_NODE (self));
  g_return_if_fail (target != NULL);

  if (g_str_equal (self->target, target))
    return;

  shared = self->graph != NULL ? _lfb_graph_share_target (self->graph, self->op, target) : g_ref_string_new (target);
  g_ref_string_release (self->target);
  self->target = shared;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TARGET]);
}

/**
 * lfb_node_is:
 * @self: a node
 * @op: an operation
 * @target: a target
 *
 * Whether the node does just this.
 *
 * Returns: whether operation and target are these
 *
 * Since: 1.0
 */
gboolean
lfb_node_is (LfbNode    *self,
             LfbOp       op,
             const char *target)
{
  g_return_val_if_fail (LFB_IS_NODE (self), FALSE);
  g_return_val_if_fail (target != NULL, FALSE);

  return self->op == op && g_str_equal (self->target, target);
}

/**
 * lfb_node_get_graph: (get-property graph)
 * @self: a node
 *
 * The graph the node belongs to.
 *
 * Returns: (transfer none) (nullable): the graph; %NULL once the node is erased
 *
 * Since: 1.0
 */
LfbGraph *
lfb_node_get_graph (LfbNode *self)
{
  g_return_val_if_fail (LFB_IS_NODE (self), NULL);

  return self->graph;
}

/**
 * lfb_node_get_args:
 * @self: a node
 * @n_args: (out): how many arguments there are
 *
 * The arguments by position.
 *
 * Returns: (transfer none) (array length=n_args) (nullable): the arguments;
 *   valid until they change
 *
 * Since: 1.0
 */
LfbValue **
lfb_node_get_args (LfbNode *self,
                   gsize   *n_args)
{
  g_return_val_if_fail (LFB_IS_NODE (self), NULL);
  g_return_val_if_fail (n_args != NULL, NULL);

  return lfb_value_get_items (self->args, n_args);
}

/**
 * lfb_node_get_arg:
 * @self: a node
 * @position: which argument
 *
 * One argument by position.
 *
 * Returns: (transfer none) (nullable): the argument; %NULL if there is none
 *
 * Since: 1.0
 */
LfbValue *
lfb_node_get_arg (LfbNode *self,
                  gsize    position)
{
  g_return_val_if_fail (LFB_IS_NODE (self), NULL);

  if (position >= lfb_value_get_n_items (self->args))
    return NULL;
  return lfb_value_get_item (self->args, position);
}

/**
 * lfb_node_get_input:
 * @self: a node
 * @position: which argument
 *
 * The node that an argument stands for.
 *
 * Returns: (transfer none) (nullable): the node; %NULL if there is no such
 *   argument, or it is not just a node
 *
 * Since: 1.0
 */
LfbNode *
lfb_node_get_input (LfbNode *self,
                    gsize    position)
{
  LfbValue *arg = lfb_node_get_arg (self, position);

  return arg != NULL ? lfb_value_get_node (arg) : NULL;
}

/* Both new values are checked before anything changes. */
static gboolean
set_values (LfbNode   *self,
            LfbValue  *args,
            LfbValue  *kwargs,
            GError   **error)
{
  if (self->graph == NULL)
    {
      _lfb_node_set_stray_error (self, error);
      return FALSE;
    }
  if (!_lfb_graph_check_value (self->graph, self, args, error) ||
      !_lfb_graph_check_value (self->graph, self, kwargs, error))
    return FALSE;

  _lfb_node_take_values (self, lfb_value_ref (args), lfb_value_ref (kwargs));
  return TRUE;
}

/**
 * lfb_node_set_args:
 * @self: a node of a graph
 * @args: (array length=n_args) (nullable): the arguments by position
 * @n_args: how many arguments
 * @error: where to put an error
 *
 * Replaces the arguments by position. Fails with %LFB_ERROR_INVALID_GRAPH if
 * they name a node of another graph, or the node itself.
 *
 * Returns: whether the arguments were replaced
 *
 * Since: 1.0
 */
gboolean
lfb_node_set_args (LfbNode   *self,
                   LfbValue **args,
                   gsize      n_args,
                   GError   **error)
{
  g_autoptr (LfbValue) tuple = NULL;

  g_return_val_if_fail (LFB_IS_NODE (self), FALSE);
  g_return_val_if_fail (args != NULL || n_args == 0, FALSE);

  tuple = lfb_value_for_tuple (args, n_args);
  g_return_val_if_fail (tuple != NULL, FALSE);

  return set_values (self, tuple, self->kwargs, error);
}

/**
 * lfb_node_set_arg:
 * @self: a node of a graph
 * @position: which argument; at most one behind the last
 * @value: the argument
 * @error: where to put an error
 *
 * Replaces one argument by position, or adds one at the end.
 *
 * Returns: whether the argument was replaced
 *
 * Since: 1.0
 */
gboolean
lfb_node_set_arg (LfbNode   *self,
                  gsize      position,
                  LfbValue  *value,
                  GError   **error)
{
  g_autofree LfbValue **args = NULL;
  gsize n_args;

  g_return_val_if_fail (LFB_IS_NODE (self), FALSE);
  g_return_val_if_fail (value != NULL, FALSE);

  n_args = lfb_value_get_n_items (self->args);
  if (position > n_args)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                   "Node `%s` has %" G_GSIZE_FORMAT " arguments: there is no place %" G_GSIZE_FORMAT,
                   self->name, n_args, position);
      return FALSE;
    }

  args = g_new (LfbValue *, n_args + 1);
  for (gsize i = 0; i < n_args; i++)
    args[i] = lfb_value_get_item (self->args, i);
  args[position] = value;

  return lfb_node_set_args (self, args, MAX (n_args, position + 1), error);
}

/**
 * lfb_node_get_kwargs:
 * @self: a node
 *
 * The arguments by name.
 *
 * Returns: (transfer none): a dictionary; empty if there are none
 *
 * Since: 1.0
 */
LfbValue *
lfb_node_get_kwargs (LfbNode *self)
{
  g_return_val_if_fail (LFB_IS_NODE (self), NULL);

  return self->kwargs;
}

/**
 * lfb_node_get_kwarg:
 * @self: a node
 * @name: the name of an argument
 *
 * One argument by name.
 *
 * Returns: (transfer none) (nullable): the argument; %NULL if there is none
 *
 * Since: 1.0
 */
LfbValue *
lfb_node_get_kwarg (LfbNode    *self,
                    const char *name)
{
  g_return_val_if_fail (LFB_IS_NODE (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  return lfb_value_lookup (self->kwargs, name);
}

/**
 * lfb_node_set_kwargs:
 * @self: a node of a graph
 * @kwargs: (nullable): a dictionary of arguments by name; %NULL for none
 * @error: where to put an error
 *
 * Replaces the arguments by name. Fails as [method@Lfb.Node.set_args] does.
 *
 * Returns: whether the arguments were replaced
 *
 * Since: 1.0
 */
gboolean
lfb_node_set_kwargs (LfbNode   *self,
                     LfbValue  *kwargs,
                     GError   **error)
{
  g_autoptr (LfbValue) dict = NULL;

  g_return_val_if_fail (LFB_IS_NODE (self), FALSE);
  g_return_val_if_fail (kwargs == NULL || lfb_value_get_kind (kwargs) == LFB_VALUE_KIND_DICT, FALSE);

  dict = kwargs != NULL ? lfb_value_ref (kwargs) : lfb_value_for_dict (NULL, NULL, 0);

  return set_values (self, self->args, dict, error);
}

/**
 * lfb_node_get_example:
 * @self: a node
 *
 * What a placeholder was exported with: a dictionary of `dtype` and `shape`, an
 * example and not a limit.
 *
 * Returns: (transfer none) (nullable): the example; %NULL if none is known
 *
 * Since: 1.0
 */
LfbValue *
lfb_node_get_example (LfbNode *self)
{
  g_return_val_if_fail (LFB_IS_NODE (self), NULL);

  return self->example;
}

/**
 * lfb_node_set_example:
 * @self: a node
 * @dtype: the element type
 * @shape: (array length=n_dims) (nullable): the shape
 * @n_dims: how many dimensions
 * @error: where to put an error
 *
 * Says what a placeholder is usually given. Fails with %LFB_ERROR_SHAPE for a
 * shape that no tensor can have.
 *
 * Returns: whether the example was taken
 *
 * Since: 1.0
 */
gboolean
lfb_node_set_example (LfbNode       *self,
                      LfbDType       dtype,
                      const gint64  *shape,
                      gsize          n_dims,
                      GError       **error)
{
  const char *keys[] = { "shape", "dtype", NULL };
  g_autoptr (LfbValue) ints = NULL;
  g_autoptr (LfbValue) type = NULL;

  g_return_val_if_fail (LFB_IS_NODE (self), FALSE);
  g_return_val_if_fail (shape != NULL || n_dims == 0, FALSE);

  for (gsize i = 0; i < n_dims; i++)
    {
      if (n_dims <= LFB_TENSOR_MAX_DIMS && shape[i] >= 0)
        continue;
      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "Node `%s`: no tensor has %" G_GSIZE_FORMAT " dimensions, the first of %" G_GINT64_FORMAT,
                   self->name, n_dims, shape[i]);
      return FALSE;
    }

  ints = lfb_value_for_ints (shape, n_dims);
  type = lfb_value_for_dtype (dtype);
  g_clear_pointer (&self->example, lfb_value_unref);
  self->example = lfb_value_for_dict (keys, (LfbValue *[]) { ints, type }, 2);

  return TRUE;
}

/**
 * lfb_node_get_extra: (skip)
 * @self: a node
 *
 * What the file said about the node beyond what this library knows.
 *
 * Returns: (transfer none) (nullable): a value that only the reader and writer
 *   of files understand
 *
 * Since: 1.0
 */
LfbValue *
lfb_node_get_extra (LfbNode *self)
{
  g_return_val_if_fail (LFB_IS_NODE (self), NULL);

  return self->extra;
}

/**
 * lfb_node_set_extra: (skip)
 * @self: a node
 * @extra: (nullable): what to keep for the writer of files
 *
 * Keeps what a file said beyond what this library knows.
 *
 * Since: 1.0
 */
void
lfb_node_set_extra (LfbNode  *self,
                    LfbValue *extra)
{
  g_return_if_fail (LFB_IS_NODE (self));

  if (extra != NULL)
    lfb_value_ref (extra);
  g_clear_pointer (&self->extra, lfb_value_unref);
  self->extra = extra;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Computing constants; see lfb-lower-constants-private.h. Which nodes are
 * constant is found in one walk over the graph, and each of them is computed at
 * most once, however many weights lead back to it.
 */

#include <lowerfb/lower/lfb-lower-constants-private.h>

#include <lowerfb/core/lfb-error.h>
#include <lowerfb/lower/lfb-lower-changes-private.h>

struct _LfbConstants
{
  LfbLowerContext *context;
  GHashTable *constant; /* set of nodes */
  GHashTable *values;   /* node to LfbValue */
};

static gboolean
find_out (LfbConstants *self,
          LfbNode      *node)
{
  g_autofree LfbNode **inputs = NULL;
  gsize n_inputs;

  /* what changes while the model runs is no constant */
  if (_lfb_changer_of (self->context, node, NULL) != NULL)
    return FALSE;

  switch (lfb_node_get_op (node))
    {
    case LFB_OP_GET_ATTR:
      return lfb_graph_module_get_attribute (self->context->model, lfb_node_get_target (node)) != NULL;

    case LFB_OP_CALL_FUNCTION:
    case LFB_OP_CALL_METHOD:
      inputs = lfb_node_get_inputs (node, &n_inputs);
      for (gsize i = 0; i < n_inputs; i++)
        {
          if (!g_hash_table_contains (self->constant, inputs[i]))
            return FALSE;
        }
      return TRUE;

    default:
      return FALSE;
    }
}

LfbConstants *
_lfb_constants_new (LfbLowerContext *context)
{
  LfbConstants *self = g_new0 (LfbConstants, 1);

  self->context = context;
  self->constant = g_hash_table_new (NULL, NULL);
  self->values = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) lfb_value_unref);
  for (LfbNode *node = lfb_graph_get_first (context->graph); node != NULL; node = lfb_node_get_next (node))
    {
      if (find_out (self, node))
        g_hash_table_add (self->constant, node);
    }

  return self;
}

void
_lfb_constants_free (LfbConstants *self)
{
  g_hash_table_unref (self->constant);
  g_hash_table_unref (self->values);
  g_free (self);
}

gboolean
_lfb_constants_is_constant (LfbConstants *self,
                            LfbNode      *node)
{
  return g_hash_table_contains (self->constant, node);
}

static LfbValue *
look_up (LfbNode  *node,
         gpointer  user_data)
{
  return g_hash_table_lookup (user_data, node);
}

static LfbValue *
call (LfbConstants  *self,
      LfbNode       *node,
      GError       **error)
{
  LfbConstantFunc function = _lfb_constant_function (node);
  g_autofree LfbValue **args = NULL;
  g_autoptr (LfbValue) kwargs = NULL;
  LfbValue *result;
  gsize n_args;
  LfbValue **given;

  if (function == NULL)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED,
                   "`%s` (%s) is not computed before the model runs", lfb_node_get_name (node),
                   lfb_node_get_target (node));
      return NULL;
    }

  given = lfb_node_get_args (node, &n_args);
  args = g_new (LfbValue *, n_args + 1);
  for (gsize i = 0; i < n_args; i++)
    args[i] = lfb_value_map_nodes (given[i], look_up, self->values);
  kwargs = lfb_value_map_nodes (lfb_node_get_kwargs (node), look_up, self->values);

  result = function (args, n_args, kwargs, error);
  for (gsize i = 0; i < n_args; i++)
    lfb_value_unref (args[i]);
  if (result == NULL)
    g_prefix_error (error, "`%s`: ", lfb_node_get_name (node));

  return result;
}

/* Computes a node whose inputs have been computed, or puts those that have not
 * on the stack.
 */
static gboolean
compute (LfbConstants  *self,
         LfbNode       *node,
         GPtrArray     *stack,
         GError       **error)
{
  g_autofree LfbNode **inputs = NULL;
  gboolean ready = TRUE;
  LfbValue *value;
  gsize n_inputs;

  inputs = lfb_node_get_inputs (node, &n_inputs);
  for (gsize i = 0; i < n_inputs; i++)
    {
      if (g_hash_table_contains (self->values, inputs[i]))
        continue;
      g_ptr_array_add (stack, inputs[i]);
      ready = FALSE;
    }
  if (!ready)
    return TRUE;

  if (lfb_node_get_op (node) == LFB_OP_GET_ATTR)
    value = lfb_value_ref (lfb_graph_module_get_attribute (self->context->model, lfb_node_get_target (node)));
  else
    value = call (self, node, error);
  if (value == NULL)
    return FALSE;

  g_hash_table_insert (self->values, node, value);
  return TRUE;
}

static LfbValue *
push_node (LfbNode  *node,
           gpointer  user_data)
{
  g_ptr_array_add (user_data, node);

  return NULL;
}

/* @value with the results of the constant nodes that it names. Chains of nodes
 * are long in some models: a stack, no recursion.
 */
LfbValue *
_lfb_constants_resolve (LfbConstants  *self,
                        LfbValue      *value,
                        GError       **error)
{
  g_autoptr (GPtrArray) stack = g_ptr_array_new ();

  lfb_value_unref (lfb_value_map_nodes (value, push_node, stack));
  while (stack->len > 0)
    {
      LfbNode *node = g_ptr_array_index (stack, stack->len - 1);

      if (g_hash_table_contains (self->values, node))
        g_ptr_array_set_size (stack, stack->len - 1);
      else if (!compute (self, node, stack, error))
        return NULL;
    }

  return lfb_value_map_nodes (value, look_up, self->values);
}

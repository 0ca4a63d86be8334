/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Graphs for people: as text, a line a node. */

#include <lowerfb/graph/lfb-graph-private.h>

static void
append_call_arguments (GString *string,
                       LfbNode *node)
{
  LfbValue **args;
  gsize n_args;
  gboolean first = TRUE;

  g_string_append_c (string, '(');
  args = lfb_node_get_args (node, &n_args);
  for (gsize i = 0; i < n_args; i++)
    {
      g_autofree char *text = lfb_value_to_string (args[i]);

      g_string_append_printf (string, "%s%s", first ? "" : ", ", text);
      first = FALSE;
    }
  for (gsize i = 0; i < lfb_value_get_n_items (node->kwargs); i++)
    {
      g_autofree char *text = lfb_value_to_string (lfb_value_get_item (node->kwargs, i));

      g_string_append_printf (string, "%s%s=%s", first ? "" : ", ",
                              lfb_value_get_key (node->kwargs, i), text);
      first = FALSE;
    }
  g_string_append_c (string, ')');
}

static void
append_node (GString *string,
             LfbNode *node)
{
  switch (node->op)
    {
    case LFB_OP_OUTPUT:
      g_string_append (string, "return ");
      append_call_arguments (string, node);
      return;
    case LFB_OP_PLACEHOLDER:
      g_string_append_printf (string, "%%%s = placeholder", node->name);
      if (node->example != NULL)
        {
          g_autofree char *shape = lfb_value_to_string (lfb_value_lookup (node->example, "shape"));
          LfbDType dtype = lfb_value_get_dtype (lfb_value_lookup (node->example, "dtype"));

          g_string_append_printf (string, " # such as %s%s", lfb_dtype_to_string (dtype), shape);
        }
      return;
    case LFB_OP_GET_ATTR:
      g_string_append_printf (string, "%%%s = get_attr %s", node->name, node->target);
      return;
    case LFB_OP_CALL_METHOD:
      g_string_append_printf (string, "%%%s = method %s", node->name, node->target);
      break;
    case LFB_OP_CALL_MODULE:
      g_string_append_printf (string, "%%%s = module %s", node->name, node->target);
      break;
    case LFB_OP_CALL_FUNCTION:
    default:
      g_string_append_printf (string, "%%%s = %s", node->name, node->target);
      break;
    }
  append_call_arguments (string, node);
}

/**
 * lfb_node_to_text:
 * @self: a node
 *
 * The node as a line of text, as in `%y = torch.add(%x, 1)`.
 *
 * Returns: (transfer full): the text
 *
 * Since: 1.0
 */
char *
lfb_node_to_text (LfbNode *self)
{
  GString *string;

  g_return_val_if_fail (LFB_IS_NODE (self), NULL);

  string = g_string_new (NULL);
  append_node (string, self);

  return g_string_free (string, FALSE);
}

/**
 * lfb_graph_to_text:
 * @self: a graph
 *
 * The graph as text, a line a node.
 *
 * Returns: (transfer full): the text
 *
 * Since: 1.0
 */
char *
lfb_graph_to_text (LfbGraph *self)
{
  GString *string;

  g_return_val_if_fail (LFB_IS_GRAPH (self), NULL);

  string = g_string_new (NULL);
  for (LfbNode *node = self->first; node != NULL; node = node->next)
    {
      append_node (string, node);
      g_string_append_c (string, '\n');
    }

  return g_string_free (string, FALSE);
}

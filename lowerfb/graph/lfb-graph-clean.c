/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Dead code and faults. What counts as dead follows torch.fx, plus the
 * exceptions of lowering.md, step 10: inputs, the output, assertions and
 * operators that change their operand stay without users.
 */

#include <lowerfb/graph/lfb-graph-private.h>

#include <lowerfb/graph/lfb-effects-private.h>
#include <lowerfb/graph/lfb-graph-module.h>

static LfbModule *
find_module (LfbNode      *node,
             LfbGetModule  get_module,
             gpointer      user_data)
{
  return get_module != NULL ? get_module (node, user_data) : NULL;
}

/* Whether what @node changes in place may be read by others: directly, or as
 * what it is a view of. What changes nothing but a tensor of its own is dead.
 */
static gboolean
change_is_seen (LfbNode      *node,
                LfbGetModule  get_module,
                gpointer      user_data)
{
  LfbNode *changed, *next;

  if (_lfb_node_get_change (node, find_module (node, get_module, user_data), &changed) == LFB_CHANGE_NONE)
    return FALSE;

  for (; changed != NULL; changed = next)
    {
      LfbModule *module = find_module (changed, get_module, user_data);

      if (changed->op == LFB_OP_GET_ATTR || lfb_node_get_n_users (changed) > 1)
        return TRUE;
      if (_lfb_node_get_change (changed, module, &next) == LFB_CHANGE_NONE)
        _lfb_node_get_view (changed, module, &next);
    }

  return FALSE;
}

static gboolean
has_effect (LfbNode      *node,
            LfbGetModule  get_module,
            gpointer      user_data)
{
  static const char *functions[] = {
    "torch._assert",
    "torch._assert_async",
    "operator.setitem",
  };

  switch (node->op)
    {
    case LFB_OP_PLACEHOLDER:
    case LFB_OP_OUTPUT:
      return TRUE;

    case LFB_OP_CALL_FUNCTION:
      for (gsize i = 0; i < G_N_ELEMENTS (functions); i++)
        {
          if (g_str_equal (node->target, functions[i]))
            return TRUE;
        }
      return change_is_seen (node, get_module, user_data);

    case LFB_OP_CALL_METHOD:
      /* relu_ works in place; __getitem__ does not */
      return g_str_has_suffix (node->target, "_") && !g_str_has_suffix (node->target, "__");

    case LFB_OP_CALL_MODULE:
      return get_module == NULL || change_is_seen (node, get_module, user_data);

    case LFB_OP_GET_ATTR:
    default:
      return FALSE;
    }
}

gboolean
_lfb_graph_remove_dead_code (LfbGraph     *self,
                             LfbGetModule  get_module,
                             gpointer      user_data)
{
  gboolean changed = FALSE;
  LfbNode *previous;

  for (LfbNode *node = self->last; node != NULL; node = previous)
    {
      previous = node->previous;
      if (node->n_users > 0 || has_effect (node, get_module, user_data))
        continue;
      lfb_graph_erase_node (self, node, NULL);
      changed = TRUE;
    }

  return changed;
}

static LfbModule *
module_of_owner (LfbNode  *node,
                 gpointer  user_data)
{
  return node->op == LFB_OP_CALL_MODULE ? lfb_graph_module_get_module (user_data, node->target) : NULL;
}

/**
 * lfb_graph_eliminate_dead_code:
 * @self: a graph
 *
 * Erases every node without users, from the last to the first, so that what
 * only dead nodes read goes with them. Inputs, the output, assertions,
 * `operator.setitem` and methods that work in place (`name_`) stay, and so do
 * functions and modules that work in place on what others may read.
 *
 * As in torch.fx, it is the model that knows what a module does: the one whose
 * graph this is. Other modules go, those that are graphs of their own whatever
 * they do; without a model, or with several, all modules stay, where torch.fx
 * fails.
 *
 * Returns: whether anything was erased
 *
 * Since: 1.0
 */
gboolean
lfb_graph_eliminate_dead_code (LfbGraph *self)
{
  g_return_val_if_fail (LFB_IS_GRAPH (self), FALSE);

  if (self->owners == NULL || self->owners->next != NULL)
    return _lfb_graph_remove_dead_code (self, NULL, NULL);

  return _lfb_graph_remove_dead_code (self, module_of_owner, self->owners->data);
}

static void
add_fault (GPtrArray  *faults,
           const char *format,
           ...) G_GNUC_PRINTF (2, 3);

static void
add_fault (GPtrArray  *faults,
           const char *format,
           ...)
{
  va_list args;

  va_start (args, format);
  g_ptr_array_add (faults, g_strdup_vprintf (format, args));
  va_end (args);
}

static void
lint_inputs (LfbNode   *node,
             GPtrArray *faults)
{
  for (guint i = 0; i < node->n_inputs; i++)
    {
      LfbNode *input = node->inputs[i].input;

      if (input->op == LFB_OP_OUTPUT)
        add_fault (faults, "node `%s` reads the output `%s`", node->name, input->name);
      if (!lfb_node_is_before (input, node))
        add_fault (faults, "node `%s` reads `%s`, which stands behind it", node->name, input->name);
    }
}

static void
lint_node (LfbNode   *node,
           GPtrArray *faults)
{
  gsize n_args = lfb_value_get_n_items (node->args);
  gsize n_kwargs = lfb_value_get_n_items (node->kwargs);

  if (*node->target == '\0')
    add_fault (faults, "node `%s` (%s) has no target", node->name, lfb_op_to_string (node->op));

  switch (node->op)
    {
    case LFB_OP_PLACEHOLDER:
      /* one argument by position is a default */
      if (n_args > 1 || n_kwargs > 0)
        add_fault (faults, "placeholder `%s` has arguments", node->name);
      break;
    case LFB_OP_GET_ATTR:
      if (n_args > 0 || n_kwargs > 0)
        add_fault (faults, "get_attr `%s` has arguments", node->name);
      break;
    case LFB_OP_CALL_METHOD:
      if (n_args == 0)
        add_fault (faults, "method call `%s` has nothing to call `%s` on", node->name, node->target);
      break;
    case LFB_OP_OUTPUT:
      if (n_args != 1 || n_kwargs > 0)
        add_fault (faults, "output `%s` has %" G_GSIZE_FORMAT " arguments instead of one",
                   node->name, n_args + n_kwargs);
      if (node->n_users > 0)
        add_fault (faults, "output `%s` has users", node->name);
      if (node->next != NULL)
        add_fault (faults, "node `%s` stands behind the output `%s`", node->next->name, node->name);
      break;
    case LFB_OP_CALL_FUNCTION:
    case LFB_OP_CALL_MODULE:
    default:
      break;
    }

  lint_inputs (node, faults);
}

/**
 * lfb_graph_lint:
 * @self: a graph
 *
 * Looks for faults: nodes that read a later node or the output, arguments that
 * an operation cannot have, a missing or second output, nodes behind it.
 *
 * Returns: (transfer full) (array zero-terminated=1): all faults, each a
 *   sentence that names the node; empty if there are none
 *
 * Since: 1.0
 */
char **
lfb_graph_lint (LfbGraph *self)
{
  GPtrArray *faults;
  LfbNode *output = NULL;

  g_return_val_if_fail (LFB_IS_GRAPH (self), NULL);

  faults = g_ptr_array_new ();
  for (LfbNode *node = self->first; node != NULL; node = node->next)
    {
      lint_node (node, faults);
      if (node->op != LFB_OP_OUTPUT)
        continue;
      if (output != NULL)
        add_fault (faults, "there are two outputs, `%s` and `%s`", output->name, node->name);
      output = node;
    }
  if (output == NULL)
    add_fault (faults, "there is no output");
  g_ptr_array_add (faults, NULL);

  return (char **) g_ptr_array_free (faults, FALSE);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An operator that works in place changes what others read. In a reference model
 * it mostly changes the result of a dequantize, which nobody else has; on int8
 * it would change the quantized tensor itself. And an operator that reads before
 * a dequantize does not see what was done to its result.
 *
 * So a pattern is left where a dequantize, or the tensor in front of it, is
 * changed by somebody else; and an operator that works in place becomes int8
 * only if nothing else reads the tensor, nor any tensor that it is a view of.
 */

#include <lowerfb/lower/lfb-lower-changes-private.h>

#include <lowerfb/lower/lfb-lower-pattern-private.h>
#include <lowerfb/lower/lfb-lower-tables-private.h>

#include <string.h>

/* Functions that can be told by position to work in place. */
static const struct
{
  const char *function;
  gsize position;
} told_by_position[] = {
  { LFB_FUNCTIONAL ("relu"), 1 },
  { LFB_FUNCTIONAL ("relu6"), 1 },
  { LFB_FUNCTIONAL ("hardswish"), 1 },
  { LFB_FUNCTIONAL ("hardsigmoid"), 1 },
  { LFB_FUNCTIONAL ("silu"), 1 },
  { LFB_FUNCTIONAL ("mish"), 1 },
  { LFB_FUNCTIONAL ("selu"), 1 },
  { LFB_FUNCTIONAL ("elu"), 2 },
  { LFB_FUNCTIONAL ("celu"), 2 },
  { LFB_FUNCTIONAL ("leaky_relu"), 2 },
  { LFB_FUNCTIONAL ("hardtanh"), 3 },
  { LFB_FUNCTIONAL ("dropout"), 3 },
  { LFB_FUNCTIONAL ("threshold"), 3 },
};

static gboolean
is_true (LfbValue *value)
{
  return value != NULL && lfb_value_get_kind (value) == LFB_VALUE_KIND_BOOL && lfb_value_get_bool (value);
}

/* name_, but not __name__. */
static gboolean
ends_in_place (const char *name)
{
  gsize length = strlen (name);

  return length > 1 && name[length - 1] == '_' && name[length - 2] != '_';
}

static gboolean
is_assignment (const char *function)
{
  static const char *operators[] = {
    "operator.iadd", "operator.isub", "operator.imul", "operator.itruediv", "operator.ifloordiv", "operator.imod",
    "operator.ipow", "operator.imatmul", "operator.iand", "operator.ior", "operator.ixor", "operator.ilshift",
    "operator.irshift", "operator.setitem", NULL,
  };

  return g_strv_contains (operators, function);
}

static gboolean
function_works_in_place (LfbNode *node)
{
  const char *name = _lfb_canonical_function (lfb_node_get_target (node));

  /* the int8 operators make tensors of their own, whatever they are told */
  if (g_str_has_prefix (name, LFB_OPS ("")))
    return FALSE;
  if (ends_in_place (name) || is_assignment (name) || is_true (lfb_node_get_kwarg (node, "inplace")))
    return TRUE;

  for (guint i = 0; i < G_N_ELEMENTS (told_by_position); i++)
    {
      if (g_str_equal (told_by_position[i].function, name))
        return is_true (lfb_node_get_arg (node, told_by_position[i].position));
    }

  return FALSE;
}

static gboolean
module_works_in_place (LfbLowerContext *context,
                       LfbNode         *node)
{
  LfbModule *module = _lfb_lower_context_get_module (context, node);

  return module != NULL && !g_str_has_prefix (lfb_module_get_type_name (module), "torch.ao.nn.") &&
         is_true (lfb_module_get_setting (module, "inplace"));
}

/* The node whose result @node changes; %NULL if it changes nothing. */
LfbNode *
_lfb_changed_by (LfbLowerContext *context,
                 LfbNode         *node)
{
  LfbValue *value = NULL;
  gboolean works_in_place = FALSE;

  switch (lfb_node_get_op (node))
    {
    case LFB_OP_CALL_METHOD:
      works_in_place = ends_in_place (lfb_node_get_target (node));
      break;
    case LFB_OP_CALL_FUNCTION:
      works_in_place = function_works_in_place (node);
      value = lfb_node_get_kwarg (node, "out");
      break;
    case LFB_OP_CALL_MODULE:
      works_in_place = module_works_in_place (context, node);
      break;
    default:
      break;
    }

  if (works_in_place)
    value = _lfb_node_argument (node, 0, "input");

  return value != NULL ? lfb_value_get_node (value) : NULL;
}

/* The tensor that the result of @node shares its elements with: of what only
 * looks at it another way, and of what works in place. %NULL: it has its own.
 */
static LfbNode *
viewed_by (LfbLowerContext *context,
           LfbNode         *node)
{
  static const char *views[] = {
    "view", "reshape", "permute", "transpose", "squeeze", "unsqueeze", "contiguous", "detach", "flatten", "narrow",
    "select", "expand", "expand_as", "view_as", "t", "chunk", "split", "unbind", "unflatten", "movedim", "to",
    "float", "getitem", "dropout", "swapaxes", "diagonal", "unfold", NULL,
  };
  static const char *modules[] = {
    LFB_FLOAT ("Identity"), LFB_FLOAT ("Flatten"), LFB_FLOAT ("Unflatten"), LFB_FLOAT ("Dropout"), NULL,
  };
  const char *target = lfb_node_get_target (node);
  const char *type = _lfb_lower_context_get_type (context, node);
  const char *dot = strrchr (target, '.');
  LfbNode *changed = _lfb_changed_by (context, node);
  gboolean is_view = FALSE;
  LfbValue *value;

  if (changed != NULL)
    return changed;

  switch (lfb_node_get_op (node))
    {
    case LFB_OP_CALL_METHOD:
      is_view = g_strv_contains (views, target);
      break;
    case LFB_OP_CALL_FUNCTION:
      is_view = !g_str_has_prefix (target, LFB_OPS ("")) && dot != NULL && g_strv_contains (views, dot + 1);
      break;
    case LFB_OP_CALL_MODULE:
      is_view = type != NULL && g_strv_contains (modules, type);
      break;
    default:
      break;
    }
  value = is_view ? _lfb_node_argument (node, 0, "input") : NULL;

  return value != NULL ? lfb_value_get_node (value) : NULL;
}

/* Who changes a node's result: the first, and one more, which tells that there
 * are others than any given one.
 */
typedef struct
{
  LfbNode *first;
  LfbNode *other;
  gboolean more; /* than these two */
} Changers;

static gboolean
note_change (LfbLowerContext *context,
             LfbNode         *node,
             LfbNode         *changer)
{
  Changers *changers = g_hash_table_lookup (context->changes, node);

  if (changers == NULL)
    {
      changers = g_new0 (Changers, 1);
      changers->first = changer;
      g_hash_table_insert (context->changes, node, changers);
      return TRUE;
    }
  if (changers->first == changer || changers->other == changer)
    return FALSE;
  if (changers->other != NULL)
    {
      changers->more = TRUE;
      return FALSE;
    }

  changers->other = changer;
  return TRUE;
}

/* One walk over the graph for each pass that asks. A change of a view is one of
 * what it is a view of; two changes of a node are all that need be known.
 */
static void
find_changes (LfbLowerContext *context)
{
  context->changes = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  for (LfbNode *node = lfb_graph_get_first (context->graph); node != NULL; node = lfb_node_get_next (node))
    {
      LfbNode *changed = _lfb_changed_by (context, node);

      while (changed != NULL && note_change (context, changed, node))
        changed = viewed_by (context, changed);
    }
}

/* Before @node is erased: it will change nothing any more. */
void
_lfb_forget_changes (LfbLowerContext *context,
                     LfbNode         *node)
{
  LfbNode *changed;

  if (context->changes == NULL)
    return;

  g_hash_table_remove (context->changes, node);
  for (changed = _lfb_changed_by (context, node); changed != NULL; changed = viewed_by (context, changed))
    {
      Changers *changers = g_hash_table_lookup (context->changes, changed);

      if (changers == NULL || (changers->first != node && changers->other != node))
        return;
      if (changers->more)
        {
          /* the third is not known: look again when asked */
          g_clear_pointer (&context->changes, g_hash_table_unref);
          return;
        }

      if (changers->first == node)
        changers->first = changers->other;
      changers->other = NULL;
      if (changers->first == NULL)
        g_hash_table_remove (context->changes, changed);
    }
}

/* A node that changes the result of @node in place, other than @except. */
LfbNode *
_lfb_changer_of (LfbLowerContext *context,
                 LfbNode         *node,
                 LfbNode         *except)
{
  const Changers *changers;

  if (context->changes == NULL)
    find_changes (context);
  changers = g_hash_table_lookup (context->changes, node);
  if (changers == NULL)
    return NULL;

  return changers->first != except ? changers->first : changers->other;
}

/* Whether @ref sees the same if it reads before @dequantize. */
gboolean
_lfb_match_unchanged (LfbLowerContext *context,
                      LfbNode         *quantize,
                      LfbNode         *ref,
                      LfbNode         *dequantize)
{
  LfbNode *source = lfb_node_get_input (dequantize, 0);
  LfbNode *changer = _lfb_changer_of (context, dequantize, ref);
  LfbNode *changed = dequantize;
  LfbNode *other;

  if (changer == NULL)
    {
      changer = _lfb_changer_of (context, source, ref);
      changed = source;
    }
  if (changer != NULL)
    {
      _lfb_lower_context_left (context, quantize, ref, "`%s` changes `%s` in place, which it reads",
                               lfb_node_get_name (changer), lfb_node_get_name (changed));
      return FALSE;
    }

  if (_lfb_changed_by (context, ref) != dequantize)
    return TRUE;
  other = _lfb_other_user (dequantize, ref, FALSE);
  if (other == NULL)
    return TRUE;

  _lfb_lower_context_left (context, quantize, ref, "it changes `%s` in place, which `%s` reads as well",
                           lfb_node_get_name (dequantize), lfb_node_get_name (other));
  return FALSE;
}

/* A reader of @node besides @reader. A dequantize that nothing reads any more is
 * dead, and does not count.
 */
static LfbNode *
other_reader (LfbNode *node,
              LfbNode *reader)
{
  g_autofree LfbNode **users = NULL;
  gsize n_users;

  users = lfb_node_get_users (node, &n_users);
  for (gsize i = 0; i < n_users; i++)
    {
      if (users[i] != reader && !(_lfb_is_dequantize (users[i]) && lfb_node_get_n_users (users[i]) == 0))
        return users[i];
    }

  return NULL;
}

/* Whether @ref, if it works in place, can do so on the tensor in front of
 * @dequantize: nothing else may read that, nor what it is a view of.
 */
gboolean
_lfb_match_in_place (LfbLowerContext *context,
                     LfbNode         *quantize,
                     LfbNode         *ref,
                     LfbNode         *dequantize)
{
  LfbNode *reader = dequantize;

  if (_lfb_changed_by (context, ref) != dequantize)
    return TRUE;

  for (LfbNode *node = lfb_node_get_input (dequantize, 0); node != NULL; node = viewed_by (context, node))
    {
      LfbNode *other = other_reader (node, reader);

      if (other != NULL)
        {
          _lfb_lower_context_left (context, quantize, ref,
                                   "it works in place, and would change `%s`, which `%s` reads as well",
                                   lfb_node_get_name (node), lfb_node_get_name (other));
          return FALSE;
        }
      if (lfb_node_get_op (node) == LFB_OP_PLACEHOLDER || lfb_node_get_op (node) == LFB_OP_GET_ATTR)
        {
          _lfb_lower_context_left (context, quantize, ref, "it works in place, and would change `%s` of the model",
                                   lfb_node_get_name (node));
          return FALSE;
        }
      reader = node;
    }

  return TRUE;
}

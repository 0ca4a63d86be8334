/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Weight folding (doc/lowering-coverage.md, pass 10).
 *
 *   attribute -> quantize -> prepack call
 *
 * is run now: the packed weight becomes an attribute of the model, named after
 * the module in which its user was traced, and a get_attr takes the call's
 * place. Then dead code goes, and the attributes and modules that nothing needs
 * any more.
 *
 * Rule: fold_weight of newer PyTorch, which counts scales among the original
 * weights and lets their names collide, and fails where something else reads a
 * weight as well.
 */

#include <lowerfb/core/lfb-hash-private.h>
#include <lowerfb/lower/lfb-lower-changes-private.h>
#include <lowerfb/lower/lfb-lower-constants-private.h>
#include <lowerfb/lower/lfb-lower-packing-private.h>
#include <lowerfb/lower/lfb-lower-rewrite-private.h>
#include <lowerfb/lower/lfb-lower-tables-private.h>
#include <lowerfb/lower/lfb-pass-table-private.h>

/* Names that have been given, so that the next free one is found at once. */
typedef struct
{
  LfbLowerContext *context;
  LfbConstants *constants;
  GHashTable *numbers;     /* prefix of a name to the number after the last given */
  GPtrArray *weight_keys;  /* keep_original_weights: the dict to be */
  GPtrArray *weight_lists;
  GHashTable *taken_keys;
} Folding;

static gboolean
is_name_taken (LfbGraphModule *model,
               const char     *name)
{
  return lfb_graph_module_get_attribute (model, name) != NULL || lfb_graph_module_get_module (model, name) != NULL;
}

static char *
make_name (Folding *folding,
           LfbNode *call)
{
  LfbGraphModule *model = folding->context->model;
  g_autofree LfbNode **users = NULL;
  g_autofree char *prefix = NULL;
  g_autofree char *scope = NULL;
  const char *path = NULL;
  guint number;
  gsize n_users;

  users = lfb_node_get_users (call, &n_users);
  if (n_users > 0 && folding->context->scope_map != NULL)
    path = lfb_scope_map_get_path (folding->context->scope_map, lfb_node_get_name (users[0]));
  scope = g_strdelimit (g_strdup (path != NULL ? path : ""), ".", '_');
  prefix = g_strconcat (scope, "_packed_weight_", NULL);

  number = GPOINTER_TO_UINT (g_hash_table_lookup (folding->numbers, prefix));
  for (;;)
    {
      g_autofree char *name = g_strdup_printf ("%s%u", prefix, number++);

      if (is_name_taken (model, name))
        continue;
      g_hash_table_insert (folding->numbers, g_steal_pointer (&prefix), GUINT_TO_POINTER (number));
      return g_steal_pointer (&name);
    }
}

static LfbValue *
push_node (LfbNode  *node,
           gpointer  user_data)
{
  g_ptr_array_add (user_data, node);

  return NULL;
}

/* The tensors that weight and bias were made of. Scales and zero points are not
 * among them: of a quantize only the input is followed.
 */
static GPtrArray *
find_originals (Folding *folding,
                LfbNode *call)
{
  g_autoptr (GPtrArray) stack = g_ptr_array_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  GPtrArray *originals = g_ptr_array_new ();

  g_ptr_array_add (stack, call);
  while (stack->len > 0)
    {
      LfbNode *node = g_ptr_array_steal_index (stack, stack->len - 1);
      LfbValue *input = NULL, *attribute;
      g_autofree LfbNode **inputs = NULL;
      gsize n_inputs;

      if (!g_hash_table_add (seen, node))
        continue;
      if (lfb_node_get_op (node) == LFB_OP_GET_ATTR)
        {
          attribute = lfb_graph_module_get_attribute (folding->context->model, lfb_node_get_target (node));
          if (attribute != NULL && lfb_value_get_tensor (attribute) != NULL)
            g_ptr_array_add (originals, attribute);
          continue;
        }

      if (_lfb_is_quantize (node) || lfb_node_is (node, LFB_OP_CALL_FUNCTION, "torch.quantize_per_channel"))
        input = _lfb_node_argument (node, 0, "input");
      if (input != NULL)
        {
          lfb_value_unref (lfb_value_map_nodes (input, push_node, stack));
          continue;
        }
      inputs = lfb_node_get_inputs (node, &n_inputs);
      for (gsize i = n_inputs; i-- > 0;)
        g_ptr_array_add (stack, inputs[i]);
    }

  return originals;
}

static int
compare_sizes (gconstpointer a,
               gconstpointer b)
{
  gint64 size_a = lfb_tensor_get_n_elements (lfb_value_get_tensor (*(LfbValue * const *) a));
  gint64 size_b = lfb_tensor_get_n_elements (lfb_value_get_tensor (*(LfbValue * const *) b));

  return size_a < size_b ? 1 : size_a > size_b ? -1 : 0;
}

/* The key under which the originals of a packed weight are kept. */
static char *
make_key (Folding    *folding,
          const char *name)
{
  g_autoptr (GString) base = g_string_new (NULL);
  g_autofree char *key = NULL;

  for (const char *c = name; *c != '\0'; c++)
    {
      if (*c == ':' || *c == '/' || *c == '|')
        g_string_append_c (base, '_');
      else if (*c != ' ')
        g_string_append_c (base, g_ascii_tolower (*c));
    }

  key = g_strdup (base->str);
  for (guint number = 1; g_hash_table_contains (folding->taken_keys, key); number++)
    {
      g_free (key);
      key = g_strdup_printf ("%s_%u", base->str, number);
    }

  return g_steal_pointer (&key);
}

static void
keep_key (Folding    *folding,
          const char *key,
          LfbValue   *list)
{
  char *kept = g_strdup (key);

  g_ptr_array_add (folding->weight_keys, kept);
  g_ptr_array_add (folding->weight_lists, lfb_value_ref (list));
  g_hash_table_add (folding->taken_keys, kept);
}

static void
keep_originals (Folding    *folding,
                LfbNode    *call,
                const char *name)
{
  g_autoptr (GPtrArray) originals = find_originals (folding, call);
  g_autoptr (LfbValue) none = lfb_value_for_none ();
  g_autoptr (LfbValue) list = NULL;
  g_autofree char *key = make_key (folding, name);

  g_ptr_array_sort (originals, compare_sizes);
  if (originals->len == 1)
    g_ptr_array_add (originals, none);
  list = lfb_value_for_list ((LfbValue **) originals->pdata, originals->len);
  keep_key (folding, key, list);
}

static LfbValue *
run_call (Folding                *folding,
          LfbNode                *call,
          const LfbFunctionalRow *row,
          GError                **error)
{
  g_autoptr (LfbValue) tuple = NULL;
  g_autoptr (LfbValue) args = NULL;
  g_autoptr (LfbValue) kwargs = NULL;
  LfbValue **given;
  gsize n_args;

  given = lfb_node_get_args (call, &n_args);
  tuple = lfb_value_for_tuple (given, n_args);
  args = _lfb_constants_resolve (folding->constants, tuple, error);
  if (args == NULL)
    return NULL;
  kwargs = _lfb_constants_resolve (folding->constants, lfb_node_get_kwargs (call), error);
  if (kwargs == NULL)
    return NULL;

  return _lfb_pack_weight (row, args, kwargs, error);
}

/* The pass that made the call said that it took the weight's quantize; the
 * quantize stays, though.
 */
static void
left_for_later (LfbLowerContext *context,
                LfbNode         *weight,
                const char      *cause)
{
  LfbLowerEntry *entry;

  if (weight == NULL)
    return;
  entry = _lfb_lower_journal_find (context->journal, context->prefix, lfb_node_get_name (weight));
  if (entry == NULL || entry->reason != NULL)
    return;

  g_free (entry->pass_name);
  entry->lowered = FALSE;
  entry->pass_name = g_strdup (context->pass_name);
  entry->reason = g_strdup_printf ("%s stays: the weight is packed when the model runs: %s",
                                   lfb_node_get_name (weight), cause);
}

static gboolean
fold (Folding *folding,
      LfbNode *call)
{
  LfbLowerContext *context = folding->context;
  const LfbFunctionalRow *row = _lfb_functional_prepack_row (lfb_node_get_target (call));
  LfbNode *weight = lfb_node_get_input (call, 0);
  g_autoptr (LfbValue) packed = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;
  GError *fault = NULL;
  LfbNode *node;

  packed = run_call (folding, call, row, &error);
  if (packed == NULL)
    {
      left_for_later (context, weight, error->message);
      return FALSE;
    }

  name = make_name (folding, call);
  lfb_graph_module_set_attribute (context->model, name, packed);
  if (folding->weight_keys != NULL)
    keep_originals (folding, call, name);
  if (weight != NULL)
    _lfb_lower_context_took (context, weight, name);

  node = lfb_graph_create_node (context->graph, LFB_OP_GET_ATTR, name, NULL, 0, NULL, NULL, &fault);
  if (node == NULL ||
      !lfb_node_append (call, node, &fault) ||
      !lfb_node_replace_all_uses_with (call, node, &fault))
    g_error ("Lowering broke a graph: %s", fault->message);
  _lfb_erase (context, call);
  _lfb_lower_context_rewritten (context, node, "packed the weight as %s", name);

  return TRUE;
}

static gboolean
is_prepack (LfbNode *node)
{
  return lfb_node_get_op (node) == LFB_OP_CALL_FUNCTION &&
         _lfb_functional_prepack_row (lfb_node_get_target (node)) != NULL;
}

/* Which nodes are constant is asked only if there is something to fold: most
 * models have their weights in modules.
 */
static gboolean
fold_all (Folding *folding)
{
  gboolean changed = FALSE;
  LfbNode *next;

  for (LfbNode *node = lfb_graph_get_first (folding->context->graph); node != NULL; node = next)
    {
      next = lfb_node_get_next (node);
      if (!is_prepack (node))
        continue;
      if (folding->constants == NULL)
        folding->constants = _lfb_constants_new (folding->context);
      if (_lfb_constants_is_constant (folding->constants, node))
        changed |= fold (folding, node);
    }
  g_clear_pointer (&folding->constants, _lfb_constants_free);

  return changed;
}

/* What an earlier lowering kept stays. */
static void
begin_originals (Folding *folding)
{
  LfbValue *kept = lfb_graph_module_get_original_weights (folding->context->model);

  folding->weight_keys = g_ptr_array_new_with_free_func (g_free);
  folding->weight_lists = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);
  folding->taken_keys = g_hash_table_new (_lfb_str_hash, g_str_equal);
  for (gsize i = 0; kept != NULL && i < lfb_value_get_n_items (kept); i++)
    keep_key (folding, lfb_value_get_key (kept, i), lfb_value_get_item (kept, i));
}

static void
end_originals (Folding *folding)
{
  g_autoptr (LfbValue) dict = NULL;

  g_ptr_array_add (folding->weight_keys, NULL);
  dict = lfb_value_for_dict ((const char * const *) folding->weight_keys->pdata,
                             (LfbValue **) folding->weight_lists->pdata, folding->weight_lists->len);
  lfb_graph_module_set_original_weights (folding->context->model, dict);
  g_hash_table_unref (folding->taken_keys);
  g_ptr_array_unref (folding->weight_lists);
  g_ptr_array_unref (folding->weight_keys);
}

gboolean
_lfb_fold_weights (LfbLowerContext  *context,
                   GError          **error)
{
  g_autoptr (GHashTable) numbers = g_hash_table_new_full (_lfb_str_hash, g_str_equal, g_free, NULL);
  Folding folding = { .context = context, .numbers = numbers };
  gboolean changed;

  if (context->keep_original_weights)
    begin_originals (&folding);
  changed = fold_all (&folding);
  if (context->keep_original_weights)
    end_originals (&folding);

  changed |= _lfb_lower_remove_dead_code (context);
  changed |= lfb_graph_module_delete_unused (context->model);

  return changed;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The beginning and the end of a report: which nodes of a reference model it
 * must speak of, and what is true of them in the finished model. Where no pass
 * has found a pattern, the reason is looked for here.
 */

#include <lowerfb/lower/lfb-lower-explain-private.h>

#include <lowerfb/lower/lfb-lower-pattern-private.h>
#include <lowerfb/lower/lfb-lower-tables-private.h>

#include <string.h>

static gboolean
is_channel_quantize (LfbNode *node)
{
  return lfb_node_is (node, LFB_OP_CALL_FUNCTION, "torch.quantize_per_channel");
}

/* A reference module, or a fused one that holds one. */
static gboolean
is_reference_module (LfbLowerContext *context,
                     LfbNode         *node)
{
  const char *type = _lfb_lower_context_get_type (context, node);
  LfbModule *part;

  if (type == NULL)
    return FALSE;
  if (g_str_has_prefix (type, LFB_REFERENCE ("")))
    return TRUE;
  if (!g_str_has_prefix (type, LFB_FUSED ("")))
    return FALSE;

  part = _lfb_lower_context_get_part (context, node, 0);
  return part != NULL && g_str_has_prefix (lfb_module_get_type_name (part), LFB_REFERENCE (""));
}

static gboolean
is_weighted_functional (LfbNode *node)
{
  LfbNode *weight;

  if (_lfb_functional_row (node) == NULL)
    return FALSE;

  weight = _lfb_dequantized (lfb_node_get_arg (node, 1));
  return weight != NULL && (_lfb_is_quantize (weight) || is_channel_quantize (weight) || _lfb_is_to_half (weight));
}

static LfbSubject
get_subject (LfbLowerContext *context,
             LfbNode         *node)
{
  if (_lfb_is_quantize (node) || is_channel_quantize (node))
    return LFB_SUBJECT_QUANTIZE;
  if (_lfb_is_dynamic_quantize (node))
    return LFB_SUBJECT_DYNAMIC_QUANTIZE;
  if (is_reference_module (context, node))
    return LFB_SUBJECT_MODULE;
  if (is_weighted_functional (node))
    return LFB_SUBJECT_FUNCTIONAL;

  return LFB_SUBJECT_NONE;
}

/* Opens the entries of all nodes of this graph that the report must speak of. */
void
_lfb_lower_collect (LfbLowerContext *context)
{
  context->first_entry = _lfb_lower_journal_get (context->journal)->len;

  for (LfbNode *node = lfb_graph_get_first (context->graph); node != NULL; node = lfb_node_get_next (node))
    {
      LfbSubject subject = get_subject (context, node);

      if (subject != LFB_SUBJECT_NONE)
        _lfb_lower_journal_add (context->journal, context->prefix, lfb_node_get_name (node), subject,
                                subject == LFB_SUBJECT_MODULE ? _lfb_lower_context_get_type (context, node)
                                                              : lfb_node_get_target (node));
    }

  context->end_entry = _lfb_lower_journal_get (context->journal)->len;
}

static LfbNode *
find_node (LfbLowerContext     *context,
           const LfbLowerEntry *entry)
{
  return lfb_graph_find (context->graph, entry->node_name + strlen (context->prefix));
}

/* Whether a node is still what it was in the reference model. */
static gboolean
is_still_there (LfbLowerContext     *context,
                const LfbLowerEntry *entry,
                LfbNode             *node)
{
  if (node == NULL)
    return FALSE;
  if (entry->subject == LFB_SUBJECT_MODULE)
    return g_strcmp0 (_lfb_lower_context_get_type (context, node), entry->was) == 0;

  return lfb_node_is (node, LFB_OP_CALL_FUNCTION, entry->was);
}

/* After a pass of an application: what has gone without a word is its doing. */
void
_lfb_lower_credit (LfbLowerContext *context)
{
  GPtrArray *entries = _lfb_lower_journal_get (context->journal);

  for (guint i = context->first_entry; i < context->end_entry; i++)
    {
      LfbLowerEntry *entry = g_ptr_array_index (entries, i);
      LfbNode *node = find_node (context, entry);

      if (entry->lowered || entry->subject == LFB_SUBJECT_OTHER || is_still_there (context, entry, node))
        continue;
      _lfb_lower_journal_took (context->journal, context->prefix, entry->node_name + strlen (context->prefix),
                               context->pass_name,
                               node != NULL ? _lfb_lower_context_get_callee (context, node) : "removed");
    }
}

/* The first node that reads @node through a dequantize. */
static LfbNode *
first_reader (LfbNode *node)
{
  g_autofree LfbNode **users = NULL;
  gsize n_users;

  users = lfb_node_get_users (node, &n_users);
  for (gsize i = 0; i < n_users; i++)
    {
      g_autofree LfbNode **readers = NULL;
      gsize n_readers;

      if (!_lfb_is_dequantize (users[i]))
        return users[i];
      readers = lfb_node_get_users (users[i], &n_readers);
      if (n_readers > 0)
        return readers[0];
    }

  return NULL;
}

static char *
explain_quantize (LfbLowerContext *context,
                  LfbNode         *node)
{
  const char *name = lfb_node_get_name (node);
  LfbValue *value = _lfb_node_argument (node, 0, "input");
  LfbNode *input = value != NULL ? lfb_value_get_node (value) : NULL;
  LfbNode *reader = first_reader (node);
  g_autofree char *description = NULL;

  if (input == NULL)
    return g_strdup_printf ("%s stays: it quantizes a constant", name);

  description = _lfb_describe (context, input);
  if (lfb_node_get_op (input) == LFB_OP_PLACEHOLDER)
    return g_strdup_printf ("%s stays: it quantizes %s, which is given as float", name, description);
  if (reader != NULL && _lfb_functional_prepack_row (lfb_node_get_target (reader)) != NULL)
    return g_strdup_printf ("%s stays: it quantizes a weight that is computed when the model runs, from %s",
                            name, description);
  if (reader != NULL && is_weighted_functional (reader) && _lfb_dequantized (lfb_node_get_arg (reader, 1)) == node)
    return g_strdup_printf ("%s stays: it quantizes the weight of `%s`, which stays float", name,
                            lfb_node_get_name (reader));
  if (lfb_node_get_op (input) == LFB_OP_GET_ATTR)
    return g_strdup_printf ("%s stays: it quantizes %s", name, description);

  if (_lfb_lower_context_skips (context, input))
    return g_strdup_printf ("%s stays: it quantizes the result of %s, whose entry in the qconfig map is none",
                            name, description);

  return g_strdup_printf ("%s stays: it quantizes the result of %s, which no pass makes an int8 kernel of", name,
                          description);
}

static char *
explain_dynamic_quantize (LfbLowerContext *context,
                          LfbNode         *node)
{
  const char *name = lfb_node_get_name (node);
  LfbNode *reader = first_reader (node);
  g_autofree char *description = NULL;

  if (reader == NULL)
    return g_strdup_printf ("%s stays: nothing reads it through a dequantize", name);

  description = _lfb_describe (context, reader);
  /* a static module, which reads integers whichever quantize made them */
  if (lfb_node_get_input (reader, 0) == node)
    return g_strdup_printf ("%s stays: %s reads its integers", name, description);

  return g_strdup_printf ("%s stays: it is read by %s, which stays float", name, description);
}

/* Why no pass looked at a module or function with a quantized weight: its input
 * or its output is not quantized.
 */
static char *
explain_weighted (LfbLowerContext *context,
                  LfbNode         *node,
                  gboolean         has_static_form,
                  gboolean         has_dynamic_form)
{
  const char *name = lfb_node_get_name (node);
  LfbValue *value = lfb_node_get_arg (node, 0);
  LfbNode *source = _lfb_dequantized (value);
  g_autofree LfbNode **users = NULL;
  g_autofree char *description = NULL;
  gsize n_users;

  if (!has_static_form && !has_dynamic_form)
    {
      description = _lfb_describe (context, node);
      return g_strdup_printf ("%s stays float: there is no int8 form of %s", name, description);
    }
  if (value == NULL || lfb_value_get_node (value) == NULL)
    return g_strdup_printf ("%s stays float: its first input is not given by position", name);
  if (source == NULL)
    return g_strdup_printf ("%s stays float: its first input `%s` is not dequantized", name,
                            lfb_node_get_name (lfb_value_get_node (value)));
  if (_lfb_is_dynamic_quantize (source) && !has_dynamic_form)
    return g_strdup_printf ("%s stays float: `%s` quantizes its input when the model runs, and there is no dynamic form",
                            name, lfb_node_get_name (source));
  if (!has_static_form)
    return g_strdup_printf ("%s stays float: its input `%s` is not quantized when the model runs, and there is no static form",
                            name, lfb_node_get_name (source));

  users = lfb_node_get_users (node, &n_users);
  if (n_users == 0)
    return g_strdup_printf ("%s stays float: nothing reads it", name);

  description = _lfb_describe (context, users[0]);
  return g_strdup_printf ("%s stays float: nothing quantizes its output, it is read by %s", name, description);
}

static char *
explain (LfbLowerContext     *context,
         const LfbLowerEntry *entry,
         LfbNode             *node)
{
  const LfbFunctionalRow *row;
  const char *type;

  switch (entry->subject)
    {
    case LFB_SUBJECT_QUANTIZE:
      return explain_quantize (context, node);

    case LFB_SUBJECT_DYNAMIC_QUANTIZE:
      return explain_dynamic_quantize (context, node);

    case LFB_SUBJECT_FUNCTIONAL:
      row = _lfb_functional_row (node);
      return explain_weighted (context, node, TRUE, row != NULL && row->dynamic != NULL);

    default:
      type = _lfb_lower_context_get_type (context, node);
      return explain_weighted (context, node,
                               _lfb_static_module_row (type) != NULL || _lfb_two_input_module_row (type) != NULL ||
                               _lfb_operator_row (node, type) != NULL,
                               _lfb_dynamic_module_row (type) != NULL);
    }
}

static void
settle_entry (LfbLowerContext *context,
              LfbLowerEntry   *entry)
{
  LfbNode *node = find_node (context, entry);

  if (is_still_there (context, entry, node))
    {
      entry->lowered = FALSE;
      g_clear_pointer (&entry->result, g_free);
      if (entry->reason != NULL)
        return;
      g_clear_pointer (&entry->pass_name, g_free);
      entry->reason = explain (context, entry, node);
      return;
    }

  g_clear_pointer (&entry->reason, g_free);
  if (entry->lowered)
    return;

  entry->lowered = TRUE;
  g_free (entry->pass_name);
  entry->pass_name = g_strdup ("dead-code");
  g_free (entry->result);
  entry->result = g_strdup (node != NULL ? _lfb_lower_context_get_callee (context, node)
                                         : "removed, as nothing reads it");
}

/* Settles the entries of this graph, now that it is finished. */
void
_lfb_lower_settle (LfbLowerContext *context)
{
  GPtrArray *entries = _lfb_lower_journal_get (context->journal);

  for (guint i = context->first_entry; i < context->end_entry; i++)
    settle_entry (context, g_ptr_array_index (entries, i));
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The state of one lowering of one graph; see lfb-lower-context-private.h. */

#include <lowerfb/lower/lfb-lower-context-private.h>

#include <lowerfb/core/lfb-hash-private.h>
#include <lowerfb/lower/lfb-lower-swaps-private.h>

/* Maps that are not given are those of the model; a model without maps skips
 * nothing and knows no scopes.
 */
LfbLowerContext *
_lfb_lower_context_new (LfbGraphModule  *model,
                        LfbQConfigMap   *qconfig_map,
                        LfbScopeMap     *scope_map,
                        LfbLowerJournal *journal,
                        const char      *prefix)
{
  LfbLowerContext *self = g_new0 (LfbLowerContext, 1);

  if (qconfig_map == NULL)
    qconfig_map = lfb_graph_module_get_qconfig_map (model);
  if (scope_map == NULL)
    scope_map = lfb_graph_module_get_node_name_to_scope (model);

  self->model = g_object_ref (model);
  self->graph = lfb_graph_module_get_graph (model);
  g_set_object (&self->qconfig_map, qconfig_map);
  g_set_object (&self->scope_map, scope_map);
  self->journal = _lfb_lower_journal_ref (journal);
  self->prefix = g_strdup (prefix);
  self->ranges = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self->scalar_ranges = g_hash_table_new_full (_lfb_str_hash, g_str_equal, g_free, g_free);
  for (guint i = 0; i < LFB_N_WEIGHTS; i++)
    self->lowered_tensors[i] = g_hash_table_new_full (NULL, NULL, g_object_unref, (GDestroyNotify) lfb_value_unref);

  return self;
}

void
_lfb_lower_context_free (LfbLowerContext *self)
{
  g_clear_object (&self->model);
  g_clear_object (&self->qconfig_map);
  g_clear_object (&self->scope_map);
  g_clear_pointer (&self->journal, _lfb_lower_journal_unref);
  g_clear_pointer (&self->prefix, g_free);
  g_clear_pointer (&self->ranges, g_hash_table_unref);
  g_clear_pointer (&self->changes, g_hash_table_unref);
  g_clear_pointer (&self->scalar_ranges, g_hash_table_unref);
  for (guint i = 0; i < LFB_N_WEIGHTS; i++)
    g_clear_pointer (&self->lowered_tensors[i], g_hash_table_unref);
  g_free (self);
}

/* What one pass found out about nodes is of no use to the next: the nodes have
 * changed since.
 */
void
_lfb_lower_context_begin (LfbLowerContext *self,
                          const char      *pass_name)
{
  self->pass_name = pass_name;
  self->swaps = NULL;
  g_hash_table_remove_all (self->ranges);
  g_clear_pointer (&self->changes, g_hash_table_unref);
}

gboolean
_lfb_lower_context_skips (LfbLowerContext *self,
                          LfbNode         *node)
{
  return self->qconfig_map != NULL && lfb_qconfig_map_skips (self->qconfig_map, lfb_node_get_name (node));
}

/* The module that a node calls, as the running pass has left it: its own
 * replacements are seen before they are put into the model.
 */
LfbModule *
_lfb_lower_context_get_module (LfbLowerContext *self,
                               LfbNode         *node)
{
  LfbModule *module;

  if (lfb_node_get_op (node) != LFB_OP_CALL_MODULE)
    return NULL;

  module = self->swaps != NULL ? _lfb_lower_swaps_get (self->swaps, node) : NULL;
  if (module == NULL)
    module = lfb_graph_module_get_module (self->model, lfb_node_get_target (node));

  return module;
}

/* The type of the module that a node calls; %NULL if it calls none. */
const char *
_lfb_lower_context_get_type (LfbLowerContext *self,
                             LfbNode         *node)
{
  LfbModule *module = _lfb_lower_context_get_module (self, node);

  return module != NULL ? lfb_module_get_type_name (module) : NULL;
}

/* What a node calls: the type of its module, or else its target. */
const char *
_lfb_lower_context_get_callee (LfbLowerContext *self,
                               LfbNode         *node)
{
  const char *type = _lfb_lower_context_get_type (self, node);

  return type != NULL ? type : lfb_node_get_target (node);
}

/* A part of the fused module that a node calls. */
LfbModule *
_lfb_lower_context_get_part (LfbLowerContext *self,
                             LfbNode         *node,
                             guint            index)
{
  g_autofree char *path = g_strdup_printf ("%s.%u", lfb_node_get_target (node), index);

  return lfb_graph_module_get_module (self->model, path);
}

/* The running pass made @result of what @node stood for. */
void
_lfb_lower_context_took (LfbLowerContext *self,
                         LfbNode         *node,
                         const char      *result)
{
  _lfb_lower_journal_took (self->journal, self->prefix, lfb_node_get_name (node), self->pass_name, result);
}

/* The running pass looked at a pattern around @node, whose output @quantize
 * quantizes, and left it for the reason given.
 */
void
_lfb_lower_context_left (LfbLowerContext *self,
                         LfbNode         *quantize,
                         LfbNode         *node,
                         const char      *format,
                         ...)
{
  const char *name = lfb_node_get_name (node);
  const char *quantize_name = quantize != NULL ? lfb_node_get_name (quantize) : NULL;
  g_autofree char *cause = NULL;
  g_autofree char *reason = NULL;
  va_list args;

  if (!_lfb_lower_journal_wants (self->journal, self->prefix, name) &&
      (quantize == NULL || !_lfb_lower_journal_wants (self->journal, self->prefix, quantize_name)))
    return;

  va_start (args, format);
  cause = g_strdup_vprintf (format, args);
  va_end (args);

  reason = g_strdup_printf ("%s stays float: %s", name, cause);
  _lfb_lower_journal_left (self->journal, self->prefix, name, self->pass_name, reason);
  if (quantize != NULL)
    _lfb_lower_journal_left (self->journal, self->prefix, quantize_name, self->pass_name, reason);
}

void
_lfb_lower_context_rewritten (LfbLowerContext *self,
                              LfbNode         *node,
                              const char      *format,
                              ...)
{
  g_autofree char *text = NULL;
  va_list args;

  if (self->rewritten == NULL)
    return;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);

  self->rewritten (self->pass_name, node, text, self->user_data);
}

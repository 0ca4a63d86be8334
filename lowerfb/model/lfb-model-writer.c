/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Writes the document of a model (model-format), such that reading it gives the
 * same model, and writing that the same document: order, numbers, unknown names
 * and the names of tensors included.
 */

#include <lowerfb/model/lfb-model-writer-private.h>

#include <lowerfb/core/lfb-error.h>

#include <string.h>

/* To be called behind every named thing: if something in it cannot be written,
 * that becomes an error which names it. The first one is kept.
 */
void
_lfb_write_check (LfbModelWriter *self,
                  const char     *what,
                  const char     *name)
{
  LfbJsonWriter *json = &self->values->json;

  if (json->fault == NULL)
    return;

  if (*self->error == NULL)
    {
      g_set_error (self->error, LFB_ERROR, LFB_ERROR_FORMAT, "%s `%s%s` cannot be written: %s",
                   what, self->prefix, name, json->fault);
      _lfb_error_repair (self->error);
    }
  json->fault = NULL;
}

static void
write_attributes (LfbModelWriter *self,
                  LfbGraphModule *model,
                  gboolean        omit_empty)
{
  LfbJsonWriter *json = &self->values->json;
  g_auto (GStrv) names = lfb_graph_module_list_attributes (model);

  if (omit_empty && names[0] == NULL)
    return;

  _lfb_json_writer_name (json, "attributes");
  _lfb_json_writer_begin (json, '{');
  for (gsize i = 0; names[i] != NULL; i++)
    {
      g_autofree char *hint = g_strconcat (self->prefix, names[i], NULL);

      _lfb_json_writer_name (json, names[i]);
      _lfb_value_writer_write (self->values, lfb_graph_module_get_attribute (model, names[i]), hint);
      _lfb_write_check (self, "attribute", names[i]);
    }
  _lfb_json_writer_end (json, '}');
}

static void
write_original_weights (LfbModelWriter *self,
                        LfbGraphModule *model)
{
  LfbValue *weights = lfb_graph_module_get_original_weights (model);
  g_autofree char *hint = NULL;

  if (weights == NULL)
    return;

  hint = g_strconcat (self->prefix, "original_weights", NULL);
  _lfb_json_writer_name (&self->values->json, "original_weights");
  _lfb_value_writer_write (self->values, weights, hint);
  _lfb_write_check (self, "member", "original_weights");
}

static void
write_producer (LfbModelWriter *self,
                LfbGraphModule *model)
{
  const char *producer = lfb_graph_module_get_producer (model);

  if (producer == NULL)
    return;

  _lfb_json_writer_name (&self->values->json, "producer");
  _lfb_json_writer_string (&self->values->json, producer);
  _lfb_write_check (self, "member", "producer");
}

static void
write_maps (LfbModelWriter *self,
            LfbGraphModule *model,
            const char     *key,
            gboolean        omit_empty)
{
  LfbQConfigMap *map = lfb_graph_module_get_qconfig_map (model);
  LfbScopeMap *scopes = lfb_graph_module_get_node_name_to_scope (model);
  g_auto (GStrv) names = NULL;
  gsize n_qconfigs;

  if (g_str_equal (key, "node_name_to_scope"))
    {
      names = scopes != NULL ? lfb_scope_map_list_names (scopes) : NULL;
      if (names != NULL && (!omit_empty || names[0] != NULL))
        _lfb_write_scope_map (self, scopes);
      return;
    }

  if (map == NULL)
    return;
  names = lfb_qconfig_map_list_names (map);
  lfb_qconfig_map_get_qconfigs (map, &n_qconfigs);
  if (g_str_equal (key, "qconfigs") && (!omit_empty || n_qconfigs > 0))
    _lfb_write_qconfigs (self, map);
  else if (g_str_equal (key, "qconfig_map") && (!omit_empty || names[0] != NULL))
    _lfb_write_qconfig_map (self, map);
}

static void
write_modules (LfbModelWriter *self,
               LfbGraphModule *model,
               gboolean        omit_empty)
{
  g_auto (GStrv) paths = lfb_graph_module_list_modules (model);

  if (!omit_empty || paths[0] != NULL)
    _lfb_write_modules (self, model);
}

static void
write_key (gpointer    data,
           gpointer    object,
           const char *key,
           gboolean    omit_empty)
{
  LfbModelWriter *self = data;
  LfbGraphModule *model = object;

  if (g_str_equal (key, "lowerfb"))
    {
      _lfb_json_writer_name (&self->values->json, key);
      _lfb_json_writer_integer (&self->values->json, LFB_DOCUMENT_VERSION);
    }
  else if (g_str_equal (key, "producer"))
    write_producer (self, model);
  else if (g_str_equal (key, "nodes"))
    _lfb_write_nodes (self, lfb_graph_module_get_graph (model));
  else if (g_str_equal (key, "attributes"))
    write_attributes (self, model, omit_empty);
  else if (g_str_equal (key, "modules"))
    write_modules (self, model, omit_empty);
  else if (g_str_equal (key, "original_weights"))
    write_original_weights (self, model);
  else
    write_maps (self, model, key, omit_empty);
}

void
_lfb_write_document (LfbModelWriter *self,
                     LfbGraphModule *model)
{
  _lfb_json_writer_begin (&self->values->json, '{');
  _lfb_extra_write (self->values, lfb_graph_module_get_extra (model), _lfb_document_keys,
                    write_key, self, model);
  _lfb_json_writer_end (&self->values->json, '}');
}

/* Writes the document of a whole model. */
gboolean
_lfb_model_write_document (LfbValueWriter  *values,
                           LfbGraphModule  *model,
                           GError         **error)
{
  g_autoptr (GError) local_error = NULL;
  LfbModelWriter self = { .values = values, .prefix = "", .error = &local_error };

  _lfb_write_document (&self, model);
  _lfb_write_check (&self, "member", "document");
  if (local_error == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/* What the file has beside the document: its metadata, @document among them, and
 * tensors that nothing refers to.
 */
void
_lfb_model_write_rest (LfbValueWriter *values,
                       LfbGraphModule *model,
                       const char     *document)
{
  LfbValue *extra = lfb_graph_module_get_extra (model);
  LfbValue *metadata = _lfb_extra_get (extra, "metadata");
  LfbValue *unused = _lfb_extra_get (extra, "unused");
  gsize n_items = metadata != NULL ? lfb_value_get_n_items (metadata) : 0;

  for (gsize i = 0; i < n_items; i++)
    {
      LfbValue *text = lfb_value_get_item (metadata, i);

      lfb_tensor_file_set_metadata (values->file, lfb_value_get_key (metadata, i),
                                    lfb_value_is_none (text) ? document : lfb_value_get_string (text));
    }
  lfb_tensor_file_set_metadata (values->file, "lowerfb", document);

  n_items = unused != NULL ? lfb_value_get_n_items (unused) : 0;
  for (gsize i = 0; i < n_items; i++)
    _lfb_value_writer_store (values, lfb_value_get_tensor (lfb_value_get_item (unused, i)),
                             lfb_value_get_key (unused, i));
}

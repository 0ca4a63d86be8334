/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Writes the modules of a document. */

#include <lowerfb/model/lfb-model-writer-private.h>

typedef struct
{
  LfbModelWriter *writer;
  const char *path;
  const char *original; /* of an alias */
} Entry;

static void
write_graph (LfbModelWriter *self,
             LfbGraphModule *model,
             const char     *path)
{
  g_autofree char *prefix = g_strconcat (self->prefix, path, ".", NULL);
  LfbModelWriter inner = { .values = self->values, .prefix = prefix, .error = self->error };

  _lfb_json_writer_name (&self->values->json, "graph");
  _lfb_write_document (&inner, model);
}

static void
write_dict (Entry      *entry,
            const char *key,
            LfbValue   *dict,
            gboolean    omit_empty)
{
  LfbModelWriter *self = entry->writer;
  g_autofree char *hint = NULL;

  if (omit_empty && lfb_value_get_n_items (dict) == 0)
    return;

  hint = g_strconcat (self->prefix, entry->path, NULL);
  _lfb_json_writer_name (&self->values->json, key);
  _lfb_value_writer_write_dict (self->values, dict, hint);
}

static void
write_key (gpointer    data,
           gpointer    object,
           const char *key,
           gboolean    omit_empty)
{
  Entry *entry = data;
  LfbModelWriter *self = entry->writer;
  LfbModule *module = object;

  if (g_str_equal (key, "type"))
    {
      _lfb_json_writer_name (&self->values->json, key);
      _lfb_json_writer_string (&self->values->json, lfb_module_get_type_name (module));
    }
  else if (g_str_equal (key, "config"))
    write_dict (entry, key, lfb_module_get_config (module), omit_empty);
  else if (g_str_equal (key, "tensors"))
    write_dict (entry, key, lfb_module_get_tensors (module), omit_empty);
  else if (lfb_module_get_graph_module (module) != NULL)
    write_graph (self, lfb_module_get_graph_module (module), entry->path);
}

static void
write_alias_key (gpointer    data,
                 gpointer    object,
                 const char *key,
                 gboolean    omit_empty)
{
  Entry *entry = data;
  LfbJsonWriter *json = &entry->writer->values->json;

  _lfb_json_writer_name (json, key);
  _lfb_json_writer_string (json, entry->original);
}

void
_lfb_write_modules (LfbModelWriter *self,
                    LfbGraphModule *model)
{
  LfbJsonWriter *json = &self->values->json;
  g_autoptr (GHashTable) aliases = _lfb_extra_index (lfb_graph_module_get_extra (model), "aliases");
  g_auto (GStrv) paths = lfb_graph_module_list_modules (model);

  _lfb_json_writer_name (json, "modules");
  _lfb_json_writer_begin (json, '{');
  for (gsize i = 0; paths[i] != NULL; i++)
    {
      Entry entry = { self, paths[i], lfb_graph_module_get_alias (model, paths[i]) };
      LfbModule *module = lfb_graph_module_get_module (model, paths[i]);

      _lfb_json_writer_name (json, paths[i]);
      _lfb_json_writer_begin (json, '{');
      if (entry.original != NULL)
        _lfb_extra_write (self->values, g_hash_table_lookup (aliases, paths[i]), _lfb_alias_keys,
                          write_alias_key, &entry, NULL);
      else
        _lfb_extra_write (self->values, lfb_module_get_extra (module), _lfb_module_keys,
                          write_key, &entry, module);
      _lfb_json_writer_end (json, '}');
      _lfb_write_check (self, "module", paths[i]);
    }
  _lfb_json_writer_end (json, '}');
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Writes what a document says about how its nodes came to be: qconfigs, and the
 * modules that nodes were traced in.
 */

#include <lowerfb/model/lfb-model-writer-private.h>

static void
write_setting (gpointer    data,
               gpointer    object,
               const char *key,
               gboolean    omit_empty)
{
  LfbModelWriter *self = data;
  LfbValue *setting = lfb_value_lookup (object, key);

  if (setting == NULL)
    return;

  _lfb_json_writer_name (&self->values->json, key);
  _lfb_value_writer_write (self->values, setting, key);
}

static void
write_observer (LfbModelWriter *self,
                LfbValue       *observer,
                LfbValue       *extra)
{
  gsize n_settings = lfb_value_get_n_items (observer);
  g_autofree LfbKey *keys = g_new0 (LfbKey, n_settings + 1);

  for (gsize i = 0; i < n_settings; i++)
    keys[i].name = lfb_value_get_key (observer, i);

  _lfb_json_writer_begin (&self->values->json, '{');
  _lfb_extra_write (self->values, extra, keys, write_setting, self, observer);
  _lfb_json_writer_end (&self->values->json, '}');
}

static void
write_key (gpointer    data,
           gpointer    object,
           const char *key,
           gboolean    omit_empty)
{
  LfbModelWriter *self = data;
  LfbQConfig *qconfig = object;
  LfbValue *observer = g_str_equal (key, "weight") ? lfb_qconfig_get_weight (qconfig)
                                                   : lfb_qconfig_get_activation (qconfig);

  if (omit_empty && observer == NULL)
    return;

  _lfb_json_writer_name (&self->values->json, key);
  if (observer != NULL)
    write_observer (self, observer, _lfb_extra_get (lfb_qconfig_get_extra (qconfig), key));
  else
    _lfb_json_writer_null (&self->values->json);
}

void
_lfb_write_qconfigs (LfbModelWriter *self,
                     LfbQConfigMap  *map)
{
  LfbJsonWriter *json = &self->values->json;
  gsize n_qconfigs;
  LfbQConfig **qconfigs = lfb_qconfig_map_get_qconfigs (map, &n_qconfigs);

  _lfb_json_writer_name (json, "qconfigs");
  _lfb_json_writer_begin (json, '[');
  for (gsize i = 0; i < n_qconfigs; i++)
    {
      _lfb_json_writer_begin (json, '{');
      _lfb_extra_write (self->values, lfb_qconfig_get_extra (qconfigs[i]), _lfb_qconfig_keys,
                        write_key, self, qconfigs[i]);
      _lfb_json_writer_end (json, '}');
    }
  _lfb_json_writer_end (json, ']');
  _lfb_write_check (self, "member", "qconfigs");
}

void
_lfb_write_qconfig_map (LfbModelWriter *self,
                        LfbQConfigMap  *map)
{
  LfbJsonWriter *json = &self->values->json;
  g_autoptr (GHashTable) indices = g_hash_table_new (NULL, NULL);
  g_auto (GStrv) names = lfb_qconfig_map_list_names (map);
  gsize n_qconfigs;
  LfbQConfig **qconfigs = lfb_qconfig_map_get_qconfigs (map, &n_qconfigs);

  for (gsize i = 0; i < n_qconfigs; i++)
    g_hash_table_insert (indices, qconfigs[i], GSIZE_TO_POINTER (i));

  _lfb_json_writer_name (json, "qconfig_map");
  _lfb_json_writer_begin (json, '{');
  for (gsize i = 0; names[i] != NULL; i++)
    {
      LfbQConfig *qconfig = lfb_qconfig_map_get (map, names[i]);

      _lfb_json_writer_name (json, names[i]);
      if (qconfig != NULL)
        _lfb_json_writer_integer (json, GPOINTER_TO_SIZE (g_hash_table_lookup (indices, qconfig)));
      else
        _lfb_json_writer_null (json);
      _lfb_write_check (self, "qconfig of node", names[i]);
    }
  _lfb_json_writer_end (json, '}');
}

void
_lfb_write_scope_map (LfbModelWriter *self,
                      LfbScopeMap    *map)
{
  LfbJsonWriter *json = &self->values->json;
  g_auto (GStrv) names = lfb_scope_map_list_names (map);

  _lfb_json_writer_name (json, "node_name_to_scope");
  _lfb_json_writer_begin (json, '{');
  for (gsize i = 0; names[i] != NULL; i++)
    {
      _lfb_json_writer_name (json, names[i]);
      _lfb_json_writer_begin (json, '[');
      _lfb_json_writer_string (json, lfb_scope_map_get_path (map, names[i]));
      _lfb_json_writer_string (json, lfb_scope_map_get_type_name (map, names[i]));
      _lfb_json_writer_end (json, ']');
      _lfb_write_check (self, "scope of node", names[i]);
    }
  _lfb_json_writer_end (json, '}');
}

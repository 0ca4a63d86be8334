/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads what a document says about how its nodes came to be: qconfigs, and the
 * modules that nodes were traced in.
 */

#include <lowerfb/model/lfb-model-reader-private.h>

#include <lowerfb/core/lfb-error.h>

/* Settings are looked up one by one; no observer has a tenth as many. */
#define MAX_SETTINGS 128

/* What a setting of an observer must be, if it is there. */
static const struct
{
  const char *name;
  LfbJsonType type;
  gboolean is_optional; /* or null */
} settings[] = {
  { "observer", LFB_JSON_STRING, FALSE },
  { "dtype", LFB_JSON_STRING, FALSE },
  { "qscheme", LFB_JSON_STRING, TRUE },
  { "reduce_range", LFB_JSON_BOOL, TRUE },
  { "quant_min", LFB_JSON_INT, TRUE },
  { "quant_max", LFB_JSON_INT, TRUE },
};

static gboolean
check_settings (const LfbJson  *observer,
                GError        **error)
{
  if (observer->n_items > MAX_SETTINGS)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT, "an observer of %u settings, where the most are %d",
                   observer->n_items, MAX_SETTINGS);
      return FALSE;
    }

  for (gsize i = 0; i < G_N_ELEMENTS (settings); i++)
    {
      const LfbJson *setting = _lfb_json_lookup (observer, settings[i].name);

      if (setting == NULL || (settings[i].is_optional && setting->type == LFB_JSON_NULL))
        continue;
      if (!_lfb_read_type (setting, settings[i].type, error))
        {
          g_prefix_error (error, "`%s`: ", settings[i].name);
          return FALSE;
        }
    }

  return TRUE;
}

/* The settings that are values become a dictionary; others, which only later
 * versions can know, are kept as they are.
 */
static LfbValue *
read_observer (LfbValueReader   *reader,
               const LfbJson    *json,
               const char       *name,
               LfbExtraBuilder  *extra,
               GError          **error)
{
  g_auto (LfbExtraBuilder) values = { 0 };
  g_autofree LfbKey *known = NULL;
  guint n_known = 0;

  if (!_lfb_read_type (json, LFB_JSON_OBJECT, error) || !check_settings (json, error))
    return NULL;

  _lfb_extra_builder_init (&values);
  known = g_new0 (LfbKey, json->n_items + 1);
  for (guint i = 0; i < json->n_items; i++)
    {
      LfbValue *value;

      if (json->members[i].value.type == LFB_JSON_OBJECT &&
          _lfb_json_lookup (&json->members[i].value, "tensor") != NULL)
        continue;
      value = _lfb_value_reader_read (reader, &json->members[i].value, NULL);
      if (value == NULL)
        continue;
      _lfb_extra_builder_add (&values, json->members[i].name, value);
      known[n_known++].name = json->members[i].name;
    }

  _lfb_extra_builder_add (extra, name, _lfb_extra_read (reader, json, known));
  if (n_known == 0)
    return lfb_value_for_dict (NULL, NULL, 0);
  return _lfb_extra_builder_end (&values);
}

static LfbQConfig *
read_qconfig (LfbValueReader  *reader,
              const LfbJson   *json,
              GError         **error)
{
  static const char * const names[] = { "activation", "weight" };
  g_autoptr (LfbValue) activation = NULL;
  g_autoptr (LfbValue) weight = NULL;
  g_autoptr (LfbValue) kept = NULL;
  LfbValue **observers[] = { &activation, &weight };
  g_auto (LfbExtraBuilder) extra = { 0 };

  if (!_lfb_read_type (json, LFB_JSON_OBJECT, error))
    return NULL;

  _lfb_extra_builder_init (&extra);
  _lfb_extra_builder_add_keys (&extra, reader, json, _lfb_qconfig_keys, FALSE);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const LfbJson *observer = _lfb_json_lookup (json, names[i]);

      if (observer == NULL || observer->type == LFB_JSON_NULL)
        continue;
      *observers[i] = read_observer (reader, observer, names[i], &extra, error);
      if (*observers[i] == NULL)
        {
          g_prefix_error (error, "`%s`: ", names[i]);
          return NULL;
        }
    }

  kept = _lfb_extra_builder_end (&extra);
  return lfb_qconfig_new_with_extra (activation, weight, kept);
}

static GPtrArray *
read_qconfigs (LfbValueReader  *reader,
               const LfbJson   *qconfigs,
               LfbQConfigMap   *map,
               GError         **error)
{
  g_autoptr (GPtrArray) table = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; qconfigs != NULL && i < qconfigs->n_items; i++)
    {
      LfbQConfig *qconfig = read_qconfig (reader, &qconfigs->items[i], error);

      if (qconfig == NULL)
        {
          g_prefix_error (error, "`qconfigs`: item %u: ", i);
          return NULL;
        }
      g_ptr_array_add (table, qconfig);
      lfb_qconfig_map_add_qconfig (map, qconfig);
    }

  return g_steal_pointer (&table);
}

static gboolean
check_index (const LfbJson  *index,
             guint           n_qconfigs,
             GError        **error)
{
  if (index->type == LFB_JSON_NULL)
    return TRUE;
  if (!_lfb_read_type (index, LFB_JSON_INT, error))
    return FALSE;
  if (index->integer >= 0 && index->integer < n_qconfigs)
    return TRUE;

  g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
               "there is no qconfig %" G_GINT64_FORMAT ": there are %u", index->integer, n_qconfigs);
  return FALSE;
}

/* Both parts may be NULL; without any of them the model gets no map. */
gboolean
_lfb_read_qconfig_map (LfbValueReader  *reader,
                       const LfbJson   *qconfigs,
                       const LfbJson   *qconfig_map,
                       LfbGraphModule  *model,
                       GError         **error)
{
  g_autoptr (LfbQConfigMap) map = NULL;
  g_autoptr (GPtrArray) table = NULL;

  if (qconfigs == NULL && qconfig_map == NULL)
    return TRUE;

  map = lfb_qconfig_map_new ();
  table = read_qconfigs (reader, qconfigs, map, error);
  if (table == NULL)
    return FALSE;

  for (guint i = 0; qconfig_map != NULL && i < qconfig_map->n_items; i++)
    {
      const LfbJsonMember *member = &qconfig_map->members[i];

      if (!check_index (&member->value, table->len, error))
        {
          g_prefix_error (error, "`qconfig_map`: node `%.200s`: ", member->name);
          return FALSE;
        }
      lfb_qconfig_map_set (map, member->name,
                           member->value.type == LFB_JSON_NULL
                             ? NULL : g_ptr_array_index (table, member->value.integer));
    }

  lfb_graph_module_set_qconfig_map (model, map);
  return TRUE;
}

/* From node names to [module path, module type]. */
gboolean
_lfb_read_scope_map (const LfbJson   *scopes,
                     LfbGraphModule  *model,
                     GError         **error)
{
  g_autoptr (LfbScopeMap) map = NULL;

  if (scopes == NULL)
    return TRUE;

  map = lfb_scope_map_new ();
  for (guint i = 0; i < scopes->n_items; i++)
    {
      const LfbJson *scope = &scopes->members[i].value;

      if (scope->type != LFB_JSON_ARRAY || scope->n_items != 2 ||
          scope->items[0].type != LFB_JSON_STRING || scope->items[1].type != LFB_JSON_STRING)
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT,
                       "`node_name_to_scope`: node `%.200s`: expected an array of two texts, the path "
                       "of a module and its type", scopes->members[i].name);
          return FALSE;
        }
      lfb_scope_map_set (map, scopes->members[i].name, scope->items[0].text, scope->items[1].text);
    }

  lfb_graph_module_set_node_name_to_scope (model, map);
  return TRUE;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads the document of a model (model-format): the whole of it here, its nodes,
 * modules and maps in the files of those names.
 */

#include <lowerfb/model/lfb-model-reader-private.h>

#include <lowerfb/core/lfb-error.h>

#include <string.h>

/* What is wanted of a value, for messages. */
static const char *
name_type (LfbJsonType type)
{
  return _lfb_json_describe (&(LfbJson) { .type = type });
}

gboolean
_lfb_read_type (const LfbJson  *json,
                LfbJsonType     type,
                GError        **error)
{
  if (json->type == type)
    return TRUE;

  g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT, "expected %s, not %s", name_type (type),
               _lfb_json_describe (json));
  return FALSE;
}

/* Finds a member that may be missing: then @member is NULL. */
gboolean
_lfb_read_optional (const LfbJson  *object,
                    const char     *name,
                    LfbJsonType     type,
                    const LfbJson **member,
                    GError        **error)
{
  *member = _lfb_json_lookup (object, name);
  if (*member == NULL || _lfb_read_type (*member, type, error))
    return TRUE;

  g_prefix_error (error, "`%s`: ", name);
  return FALSE;
}

/* Finds a member that has to be there. */
const LfbJson *
_lfb_read_member (const LfbJson  *object,
                  const char     *name,
                  LfbJsonType     type,
                  GError        **error)
{
  const LfbJson *member;

  if (!_lfb_read_optional (object, name, type, &member, error))
    return NULL;
  if (member == NULL)
    g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT, "`%s` is missing", name);

  return member;
}

static gboolean
check_version (const LfbJson  *document,
               GError        **error)
{
  const LfbJson *version = _lfb_read_member (document, "lowerfb", LFB_JSON_INT, error);

  if (version == NULL)
    return FALSE;
  if (version->integer > LFB_DOCUMENT_VERSION)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED,
                   "format version %" G_GINT64_FORMAT " is higher than %d, the highest that this "
                   "library knows", version->integer, LFB_DOCUMENT_VERSION);
      return FALSE;
    }
  if (version->integer < 1)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT,
                   "`lowerfb`: there is no format version %" G_GINT64_FORMAT, version->integer);
      return FALSE;
    }

  return TRUE;
}

static gboolean
read_attributes (LfbValueReader  *reader,
                 const LfbJson   *document,
                 LfbGraphModule  *model,
                 GError         **error)
{
  const LfbJson *attributes;

  if (!_lfb_read_optional (document, "attributes", LFB_JSON_OBJECT, &attributes, error))
    return FALSE;

  for (guint i = 0; attributes != NULL && i < attributes->n_items; i++)
    {
      const LfbJsonMember *member = &attributes->members[i];
      g_autoptr (LfbValue) value = _lfb_value_reader_read (reader, &member->value, error);

      if (value == NULL)
        {
          g_prefix_error (error, "attribute `%.200s`: ", member->name);
          return FALSE;
        }
      lfb_graph_module_set_attribute (model, member->name, value);
    }

  return TRUE;
}

static gboolean
read_original_weights (LfbValueReader  *reader,
                       const LfbJson   *document,
                       LfbGraphModule  *model,
                       GError         **error)
{
  const LfbJson *json = _lfb_json_lookup (document, "original_weights");
  g_autoptr (LfbValue) value = NULL;

  if (json == NULL)
    return TRUE;

  value = _lfb_value_reader_read (reader, json, error);
  if (value != NULL && lfb_value_get_kind (value) != LFB_VALUE_KIND_DICT)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_FORMAT, "expected a {\"dict\": ...}");
      g_clear_pointer (&value, lfb_value_unref);
    }
  if (value == NULL)
    {
      g_prefix_error (error, "`original_weights`: ");
      return FALSE;
    }

  lfb_graph_module_set_original_weights (model, value);
  return TRUE;
}

static gboolean
read_maps (LfbValueReader  *reader,
           const LfbJson   *document,
           LfbGraphModule  *model,
           GError         **error)
{
  const LfbJson *qconfigs, *qconfig_map, *scopes;

  if (!_lfb_read_optional (document, "qconfigs", LFB_JSON_ARRAY, &qconfigs, error) ||
      !_lfb_read_optional (document, "qconfig_map", LFB_JSON_OBJECT, &qconfig_map, error) ||
      !_lfb_read_optional (document, "node_name_to_scope", LFB_JSON_OBJECT, &scopes, error))
    return FALSE;

  return _lfb_read_qconfig_map (reader, qconfigs, qconfig_map, model, error) &&
         _lfb_read_scope_map (scopes, model, error);
}

static gboolean
fill_model (LfbValueReader  *reader,
            const LfbJson   *document,
            LfbGraphModule  *model,
            GError         **error)
{
  g_auto (LfbExtraBuilder) extra = { 0 };
  g_autoptr (LfbValue) value = NULL;
  const LfbJson *producer, *modules;
  gboolean half_map;

  if (!_lfb_read_optional (document, "producer", LFB_JSON_STRING, &producer, error) ||
      !_lfb_read_optional (document, "modules", LFB_JSON_OBJECT, &modules, error))
    return FALSE;

  /* One of these without the other: a writer would make both. */
  half_map = (_lfb_json_lookup (document, "qconfigs") == NULL) !=
             (_lfb_json_lookup (document, "qconfig_map") == NULL);

  _lfb_extra_builder_init (&extra);
  _lfb_extra_builder_add_keys (&extra, reader, document, _lfb_document_keys, half_map);
  if (!read_attributes (reader, document, model, error) ||
      (modules != NULL && !_lfb_read_modules (reader, modules, model, &extra, error)) ||
      !read_maps (reader, document, model, error) ||
      !read_original_weights (reader, document, model, error))
    return FALSE;

  if (producer != NULL)
    lfb_graph_module_set_producer (model, producer->text);
  value = _lfb_extra_builder_end (&extra);
  lfb_graph_module_set_extra (model, value);
  return TRUE;
}

/* Reads a document, that of a whole file or that of a module.
 *
 * Returns: (transfer full): a model, not checked
 */
LfbGraphModule *
_lfb_read_document (LfbValueReader  *reader,
                    const LfbJson   *json,
                    GError         **error)
{
  g_autoptr (LfbGraph) graph = NULL;
  g_autoptr (LfbGraphModule) model = NULL;
  const LfbJson *nodes;

  if (!_lfb_read_type (json, LFB_JSON_OBJECT, error) || !check_version (json, error))
    return NULL;
  nodes = _lfb_read_member (json, "nodes", LFB_JSON_ARRAY, error);
  if (nodes == NULL)
    return NULL;
  graph = _lfb_read_nodes (reader, nodes, error);
  if (graph == NULL)
    return NULL;

  model = lfb_graph_module_new (graph);
  if (!fill_model (reader, json, model, error))
    return NULL;

  return g_steal_pointer (&model);
}

/* The other texts of the file, and the tensors that nothing refers to, go with
 * the model as a whole.
 */
static void
keep_rest (LfbValueReader *reader,
           LfbGraphModule *model)
{
  LfbValue *known = lfb_graph_module_get_extra (model);
  GPtrArray *keys = reader->file->keys;
  g_auto (LfbExtraBuilder) extra = { 0 };
  g_auto (LfbExtraBuilder) metadata = { 0 };
  g_auto (LfbExtraBuilder) unused = { 0 };
  g_autoptr (LfbValue) value = NULL;

  _lfb_extra_builder_init (&extra);
  for (gsize i = 0; known != NULL && i < lfb_value_get_n_items (known); i++)
    _lfb_extra_builder_add (&extra, lfb_value_get_key (known, i),
                            lfb_value_ref (lfb_value_get_item (known, i)));

  _lfb_extra_builder_init (&metadata);
  for (guint i = 0; keys->len > 1 && i < keys->len; i++)
    {
      const char *key = g_ptr_array_index (keys, i);
      gboolean is_document = g_str_equal (key, "lowerfb");

      _lfb_extra_builder_add (&metadata, key,
                              is_document ? lfb_value_for_none ()
                                          : lfb_value_for_string (lfb_tensor_file_get_metadata (reader->file, key)));
    }
  _lfb_extra_builder_add (&extra, "metadata", _lfb_extra_builder_end (&metadata));

  _lfb_extra_builder_init (&unused);
  for (guint i = 0; i < reader->file->tensors->len; i++)
    {
      LfbTensor *tensor = g_ptr_array_index (reader->file->tensors, i);
      const char *name = lfb_tensor_get_name (tensor);

      if (!g_hash_table_contains (reader->mentions, name))
        _lfb_extra_builder_add (&unused, name, lfb_value_for_tensor (tensor));
    }
  _lfb_extra_builder_add (&extra, "unused", _lfb_extra_builder_end (&unused));

  value = _lfb_extra_builder_end (&extra);
  lfb_graph_module_set_extra (model, value);
}

static LfbGraphModule *
read_model (LfbTensorFile  *file,
            GError        **error)
{
  const char *text = lfb_tensor_file_get_metadata (file, "lowerfb");
  g_autoptr (GHashTable) mentions = g_hash_table_new (NULL, NULL);
  g_autoptr (LfbJsonTree) tree = NULL;
  g_autoptr (LfbGraphModule) model = NULL;
  LfbValueReader reader = { .file = file, .mentions = mentions };

  if (text == NULL)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_FORMAT,
                           "the metadata has no `lowerfb`: this is a file of tensors, not a model");
      return NULL;
    }

  tree = _lfb_json_tree_new (text, strlen (text), error);
  if (tree != NULL)
    model = _lfb_read_document (&reader, _lfb_json_tree_get_root (tree), error);
  if (model == NULL)
    {
      g_prefix_error (error, "document: ");
      return NULL;
    }

  keep_rest (&reader, model);
  if (!lfb_graph_module_check (model, error))
    return NULL;
  return g_steal_pointer (&model);
}

/* Reads the model that a tensor file carries, and checks it.
 *
 * Returns: (transfer full): the model
 */
LfbGraphModule *
_lfb_model_read (LfbTensorFile  *file,
                 GError        **error)
{
  LfbGraphModule *model = read_model (file, error);

  if (model == NULL)
    _lfb_error_repair (error);
  return model;
}

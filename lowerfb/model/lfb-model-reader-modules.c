/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads the modules of a document. What stands below a module that is itself a
 * graph repeats what is in there, and is ignored (model-format).
 */

#include <lowerfb/model/lfb-model-reader-private.h>

#include <lowerfb/core/lfb-error.h>
#include <lowerfb/core/lfb-hash-private.h>

#include <string.h>

/* What all paths of a file may come to: a module is known to every path above it,
 * so that a few bytes of dots cost a lot.
 */
#define MAX_ALL_PARTS (1024 * 1024)

/* Whether @path can be the path of a module; counts its parts. */
gboolean
_lfb_read_check_path (const char  *path,
                      gsize       *n_parts,
                      GError     **error)
{
  *n_parts = 1;
  for (const char *c = path; *c != '\0'; c++)
    *n_parts += *c == '.';
  if (*path != '\0' && *n_parts <= LFB_MODULE_MAX_PATH_PARTS)
    return TRUE;

  if (*path == '\0')
    g_set_error_literal (error, LFB_ERROR, LFB_ERROR_FORMAT, "a module path cannot be empty");
  else
    g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT,
                 "a path of %" G_GSIZE_FORMAT " parts, where the most are %d", *n_parts, LFB_MODULE_MAX_PATH_PARTS);
  return FALSE;
}

/* Before anything is made of them. */
static gboolean
check_paths (LfbValueReader  *reader,
             const LfbJson   *modules,
             GError         **error)
{
  for (guint i = 0; i < modules->n_items; i++)
    {
      const char *path = modules->members[i].name;
      gsize n_parts;

      if (!_lfb_read_check_path (path, &n_parts, error))
        {
          g_prefix_error (error, "module `%.200s`: ", path);
          return FALSE;
        }
      reader->n_path_parts += n_parts;
      if (reader->n_path_parts > MAX_ALL_PARTS)
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT,
                       "module `%.200s`: the paths up to here have more than %d parts in all", path,
                       MAX_ALL_PARTS);
          return FALSE;
        }
    }

  return TRUE;
}

static gboolean
has_graph (const LfbJson *module)
{
  return module->type == LFB_JSON_OBJECT && _lfb_json_lookup (module, "graph") != NULL;
}

/* The paths of modules that are graphs. */
static GHashTable *
find_graphs (const LfbJson *modules)
{
  GHashTable *graphs = g_hash_table_new (_lfb_str_hash, g_str_equal);

  for (guint i = 0; i < modules->n_items; i++)
    if (has_graph (&modules->members[i].value))
      g_hash_table_add (graphs, (gpointer) modules->members[i].name);

  return graphs;
}

/* Whether @path, of a bounded number of parts, is inside of one of @graphs. */
static gboolean
is_inside (GHashTable *graphs,
           const char *path)
{
  g_autofree char *above = NULL;
  char *dot;

  if (g_hash_table_size (graphs) == 0)
    return FALSE;

  above = g_strdup (path);
  while ((dot = strrchr (above, '.')) != NULL)
    {
      *dot = '\0';
      if (g_hash_table_contains (graphs, above))
        return TRUE;
    }

  return FALSE;
}

/* Tensors of ignored entries are not kept for their own sake. */
static void
mention_tensors (LfbValueReader *reader,
                 const LfbJson  *json)
{
  for (guint i = 0; json->type == LFB_JSON_ARRAY && i < json->n_items; i++)
    mention_tensors (reader, &json->items[i]);
  for (guint i = 0; json->type == LFB_JSON_OBJECT && i < json->n_items; i++)
    {
      const LfbJsonMember *member = &json->members[i];

      if (member->value.type == LFB_JSON_STRING && g_str_equal (member->name, "tensor"))
        _lfb_value_reader_find_tensor (reader, member->value.text);
      mention_tensors (reader, &member->value);
    }
}

static gboolean
read_config (LfbValueReader  *reader,
             const LfbJson   *json,
             LfbValue       **config,
             GError         **error)
{
  const LfbJson *object;

  if (!_lfb_read_optional (json, "config", LFB_JSON_OBJECT, &object, error))
    return FALSE;
  if (object == NULL)
    return TRUE;

  *config = _lfb_value_reader_read_dict (reader, object, error);
  if (*config != NULL)
    return TRUE;

  g_prefix_error (error, "`config`: ");
  return FALSE;
}

/* Parameters and buffers are tensors, none where absent, or prepacked. */
static gboolean
check_tensors (LfbValue  *tensors,
               GError   **error)
{
  gsize n_items = lfb_value_get_n_items (tensors);

  for (gsize i = 0; i < n_items; i++)
    {
      LfbValueKind kind = lfb_value_get_kind (lfb_value_get_item (tensors, i));

      if (kind != LFB_VALUE_KIND_NONE && kind != LFB_VALUE_KIND_TENSOR && kind != LFB_VALUE_KIND_PACKED)
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT, "`%.200s`: expected a tensor or null",
                       lfb_value_get_key (tensors, i));
          return FALSE;
        }
    }

  return TRUE;
}

static gboolean
read_tensors (LfbValueReader  *reader,
              const LfbJson   *json,
              LfbValue       **tensors,
              GError         **error)
{
  const LfbJson *object;

  if (!_lfb_read_optional (json, "tensors", LFB_JSON_OBJECT, &object, error))
    return FALSE;
  if (object == NULL)
    return TRUE;

  *tensors = _lfb_value_reader_read_dict (reader, object, error);
  if (*tensors != NULL && check_tensors (*tensors, error))
    return TRUE;

  g_prefix_error (error, "`tensors`: ");
  return FALSE;
}

static LfbModule *
read_module (LfbValueReader  *reader,
             const LfbJson   *json,
             GError         **error)
{
  const LfbJson *type = _lfb_read_member (json, "type", LFB_JSON_STRING, error);
  const LfbJson *graph = _lfb_json_lookup (json, "graph");
  g_autoptr (LfbValue) config = NULL;
  g_autoptr (LfbValue) tensors = NULL;
  g_autoptr (LfbValue) extra = NULL;
  g_autoptr (LfbGraphModule) inner = NULL;

  if (type == NULL || !read_config (reader, json, &config, error) ||
      !read_tensors (reader, json, &tensors, error))
    return NULL;
  if (graph != NULL)
    {
      inner = _lfb_read_document (reader, graph, error);
      if (inner == NULL)
        {
          g_prefix_error (error, "`graph`: ");
          return NULL;
        }
    }

  extra = _lfb_extra_read (reader, json, _lfb_module_keys);
  return lfb_module_new_with_extra (type->text, config, tensors, inner, extra);
}

static gboolean
read_alias (LfbValueReader   *reader,
            const LfbJson    *json,
            const char       *path,
            LfbGraphModule   *model,
            LfbExtraBuilder  *extras,
            GError          **error)
{
  const LfbJson *alias = _lfb_read_member (json, "alias", LFB_JSON_STRING, error);
  gsize n_parts;

  if (alias == NULL)
    return FALSE;
  if (_lfb_json_lookup (json, "type") != NULL)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_FORMAT,
                           "a module has either a `type` or is an `alias`, not both");
      return FALSE;
    }
  if (!_lfb_read_check_path (alias->text, &n_parts, error))
    {
      g_prefix_error (error, "`alias`: ");
      return FALSE;
    }

  _lfb_extra_builder_add (extras, path, _lfb_extra_read (reader, json, _lfb_alias_keys));
  return lfb_graph_module_set_alias (model, path, alias->text, error);
}

static gboolean
read_entry (LfbValueReader   *reader,
            const LfbJson    *json,
            const char       *path,
            LfbGraphModule   *model,
            LfbExtraBuilder  *extras,
            GError          **error)
{
  g_autoptr (LfbModule) module = NULL;

  if (!_lfb_read_type (json, LFB_JSON_OBJECT, error))
    return FALSE;
  if (_lfb_json_lookup (json, "alias") != NULL)
    return read_alias (reader, json, path, model, extras, error);

  module = read_module (reader, json, error);
  return module != NULL && lfb_graph_module_set_module (model, path, module, error);
}

/* Reads all modules into @model. What aliases say beyond that goes to @extra. */
gboolean
_lfb_read_modules (LfbValueReader   *reader,
                   const LfbJson    *modules,
                   LfbGraphModule   *model,
                   LfbExtraBuilder  *extra,
                   GError          **error)
{
  g_autoptr (GHashTable) graphs = NULL;
  g_auto (LfbExtraBuilder) aliases = { 0 };

  if (!check_paths (reader, modules, error))
    return FALSE;

  graphs = find_graphs (modules);
  _lfb_extra_builder_init (&aliases);
  for (guint i = 0; i < modules->n_items; i++)
    {
      const LfbJsonMember *member = &modules->members[i];

      if (is_inside (graphs, member->name))
        {
          mention_tensors (reader, &member->value);
          continue;
        }
      if (!read_entry (reader, &member->value, member->name, model, &aliases, error))
        {
          g_prefix_error (error, "module `%.200s`: ", member->name);
          return FALSE;
        }
    }

  _lfb_extra_builder_add (extra, "aliases", _lfb_extra_builder_end (&aliases));
  return TRUE;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads the nodes of a document. A node can only name nodes before it, so that a
 * graph that has been read has no cycles.
 */

#include <lowerfb/model/lfb-model-reader-private.h>

#include <lowerfb/core/lfb-error.h>
#include <lowerfb/core/lfb-hash-private.h>

/* The name of a node, for messages; NULL if it has none. */
static const char *
get_name (const LfbJson *json)
{
  const LfbJson *name = json->type == LFB_JSON_OBJECT ? _lfb_json_lookup (json, "name") : NULL;

  return name != NULL && name->type == LFB_JSON_STRING ? name->text : NULL;
}

static GHashTable *
collect_names (const LfbJson  *nodes,
               GError        **error)
{
  g_autoptr (GHashTable) names = g_hash_table_new (_lfb_str_hash, g_str_equal);

  for (guint i = 0; i < nodes->n_items; i++)
    {
      const char *name = get_name (&nodes->items[i]);

      if (name != NULL && !g_hash_table_add (names, (gpointer) name))
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_INVALID_GRAPH, "two nodes have the name `%.200s`", name);
          return NULL;
        }
    }

  return g_steal_pointer (&names);
}

static LfbValue *
read_args (LfbValueReader  *reader,
           const LfbJson   *json,
           GError         **error)
{
  const LfbJson *args = _lfb_read_member (json, "args", LFB_JSON_ARRAY, error);
  LfbValue *value;

  if (args == NULL)
    return NULL;

  value = _lfb_value_reader_read (reader, args, error);
  if (value == NULL)
    g_prefix_error (error, "`args`: ");
  return value;
}

static gboolean
read_kwargs (LfbValueReader  *reader,
             const LfbJson   *json,
             LfbValue       **value,
             GError         **error)
{
  const LfbJson *kwargs;

  if (!_lfb_read_optional (json, "kwargs", LFB_JSON_OBJECT, &kwargs, error))
    return FALSE;
  if (kwargs == NULL)
    return TRUE;

  *value = _lfb_value_reader_read_dict (reader, kwargs, error);
  if (*value != NULL)
    return TRUE;

  g_prefix_error (error, "`kwargs`: ");
  return FALSE;
}

/* The example of a placeholder: shape and dtype that it was exported with. */
static gboolean
read_meta (LfbValueReader   *reader,
           const LfbJson    *meta,
           LfbNode          *node,
           LfbExtraBuilder  *extra,
           GError          **error)
{
  gint64 shape[LFB_TENSOR_MAX_DIMS];
  gsize n_dims;
  const LfbJson *json_shape, *json_dtype;
  LfbDType dtype;

  _lfb_extra_builder_add (extra, "meta", _lfb_extra_read (reader, meta, _lfb_meta_keys));
  if (_lfb_json_lookup (meta, "shape") == NULL && _lfb_json_lookup (meta, "dtype") == NULL)
    return TRUE;

  json_shape = _lfb_read_member (meta, "shape", LFB_JSON_ARRAY, error);
  if (json_shape == NULL || !_lfb_shape_read (json_shape, shape, &n_dims, error))
    return FALSE;
  json_dtype = _lfb_read_member (meta, "dtype", LFB_JSON_STRING, error);
  if (json_dtype == NULL)
    return FALSE;
  if (!lfb_dtype_from_string (json_dtype->text, &dtype))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE, "the element type `%.100s` is unknown",
                   json_dtype->text);
      return FALSE;
    }

  return lfb_node_set_example (node, dtype, shape, n_dims, error);
}

/* Names of other nodes' members may be anything, `meta` included. */
static gboolean
finish_node (LfbValueReader  *reader,
             const LfbJson   *json,
             LfbNode         *node,
             GError         **error)
{
  static const LfbKey keys_without_meta[] = {
    { "name", LFB_KEY_ALWAYS },
    { "op", LFB_KEY_ALWAYS },
    { "target", LFB_KEY_ALWAYS },
    { "args", LFB_KEY_ALWAYS },
    { "kwargs", LFB_KEY_UNLESS_EMPTY },
    { NULL }
  };
  gboolean is_placeholder = lfb_node_get_op (node) == LFB_OP_PLACEHOLDER;
  g_auto (LfbExtraBuilder) extra = { 0 };
  g_autoptr (LfbValue) value = NULL;
  const LfbJson *meta = NULL;

  if (is_placeholder && !_lfb_read_optional (json, "meta", LFB_JSON_OBJECT, &meta, error))
    return FALSE;

  _lfb_extra_builder_init (&extra);
  _lfb_extra_builder_add_keys (&extra, reader, json, is_placeholder ? _lfb_node_keys : keys_without_meta, FALSE);
  if (meta != NULL && !read_meta (reader, meta, node, &extra, error))
    {
      g_prefix_error (error, "`meta`: ");
      return FALSE;
    }

  value = _lfb_extra_builder_end (&extra);
  lfb_node_set_extra (node, value);
  return TRUE;
}

static gboolean
read_node (LfbValueReader  *reader,
           const LfbJson   *json,
           GError         **error)
{
  g_autoptr (LfbValue) args = NULL;
  g_autoptr (LfbValue) kwargs = NULL;
  const LfbJson *name, *op_name, *target;
  LfbNode *node;
  LfbValue **items;
  gsize n_items;
  LfbOp op;

  if (!_lfb_read_type (json, LFB_JSON_OBJECT, error))
    return FALSE;
  name = _lfb_read_member (json, "name", LFB_JSON_STRING, error);
  op_name = name != NULL ? _lfb_read_member (json, "op", LFB_JSON_STRING, error) : NULL;
  target = op_name != NULL ? _lfb_read_member (json, "target", LFB_JSON_STRING, error) : NULL;
  if (target == NULL)
    return FALSE;
  if (!lfb_op_from_string (op_name->text, &op))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT,
                   "the op `%.100s` is unknown: there are placeholder, get_attr, call_function, "
                   "call_method, call_module and output", op_name->text);
      return FALSE;
    }

  if (op == LFB_OP_CALL_MODULE && !_lfb_read_check_path (target->text, &n_items, error))
    {
      g_prefix_error (error, "`target`: ");
      return FALSE;
    }

  args = read_args (reader, json, error);
  if (args == NULL || !read_kwargs (reader, json, &kwargs, error))
    return FALSE;
  items = lfb_value_get_items (args, &n_items);
  node = lfb_graph_create_node (reader->graph, op, target->text, items, n_items, kwargs, name->text, error);

  return node != NULL && finish_node (reader, json, node, error);
}

/* Returns: (transfer full): the graph */
LfbGraph *
_lfb_read_nodes (LfbValueReader  *reader,
                 const LfbJson   *nodes,
                 GError         **error)
{
  g_autoptr (GHashTable) names = collect_names (nodes, error);
  g_autoptr (LfbGraph) graph = lfb_graph_new ();
  LfbValueReader inner = *reader;

  if (names == NULL)
    return NULL;

  inner.graph = graph;
  inner.names = names;
  for (guint i = 0; i < nodes->n_items; i++)
    {
      const char *name = get_name (&nodes->items[i]);

      if (read_node (&inner, &nodes->items[i], error))
        continue;
      if (name != NULL)
        g_prefix_error (error, "node `%.200s`: ", name);
      else
        g_prefix_error (error, "node %u: ", i);
      return NULL;
    }

  return g_steal_pointer (&graph);
}

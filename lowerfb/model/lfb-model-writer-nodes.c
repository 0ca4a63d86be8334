/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Writes the nodes of a document. */

#include <lowerfb/model/lfb-model-writer-private.h>

static void
write_args (LfbModelWriter *self,
            LfbNode        *node,
            const char     *hint)
{
  LfbJsonWriter *json = &self->values->json;
  gsize n_args;
  LfbValue **args = lfb_node_get_args (node, &n_args);

  _lfb_json_writer_name (json, "args");
  _lfb_json_writer_begin (json, '[');
  for (gsize i = 0; i < n_args; i++)
    _lfb_value_writer_write (self->values, args[i], hint);
  _lfb_json_writer_end (json, ']');
}

static void
write_meta_key (gpointer    data,
                gpointer    object,
                const char *key,
                gboolean    omit_empty)
{
  LfbModelWriter *self = data;
  LfbJsonWriter *json = &self->values->json;
  LfbValue *example = lfb_node_get_example (object), *value;

  if (example == NULL)
    return;

  value = lfb_value_lookup (example, key);
  _lfb_json_writer_name (json, key);
  if (g_str_equal (key, "dtype"))
    {
      _lfb_json_writer_string (json, lfb_dtype_to_string (lfb_value_get_dtype (value)));
      return;
    }
  _lfb_json_writer_begin (json, '[');
  for (gsize i = 0; i < lfb_value_get_n_items (value); i++)
    _lfb_json_writer_integer (json, lfb_value_get_int (lfb_value_get_item (value, i)));
  _lfb_json_writer_end (json, ']');
}

static void
write_meta (LfbModelWriter *self,
            LfbNode        *node)
{
  LfbJsonWriter *json = &self->values->json;
  LfbValue *extra = _lfb_extra_get (lfb_node_get_extra (node), "meta");

  if (lfb_node_get_example (node) == NULL && extra == NULL)
    return;

  _lfb_json_writer_name (json, "meta");
  _lfb_json_writer_begin (json, '{');
  _lfb_extra_write (self->values, extra, _lfb_meta_keys, write_meta_key, self, node);
  _lfb_json_writer_end (json, '}');
}

static void
write_key (gpointer    data,
           gpointer    object,
           const char *key,
           gboolean    omit_empty)
{
  LfbModelWriter *self = data;
  LfbJsonWriter *json = &self->values->json;
  LfbNode *node = object;
  LfbValue *kwargs = lfb_node_get_kwargs (node);
  g_autofree char *hint = g_strconcat (self->prefix, lfb_node_get_name (node), NULL);

  if (g_str_equal (key, "args"))
    {
      write_args (self, node, hint);
      return;
    }
  if (g_str_equal (key, "meta"))
    {
      write_meta (self, node);
      return;
    }
  if (g_str_equal (key, "kwargs"))
    {
      if (omit_empty && lfb_value_get_n_items (kwargs) == 0)
        return;
      _lfb_json_writer_name (json, key);
      _lfb_value_writer_write_dict (self->values, kwargs, hint);
      return;
    }

  _lfb_json_writer_name (json, key);
  if (g_str_equal (key, "name"))
    _lfb_json_writer_string (json, lfb_node_get_name (node));
  else if (g_str_equal (key, "op"))
    _lfb_json_writer_string (json, lfb_op_to_string (lfb_node_get_op (node)));
  else
    _lfb_json_writer_string (json, lfb_node_get_target (node));
}

void
_lfb_write_nodes (LfbModelWriter *self,
                  LfbGraph       *graph)
{
  LfbJsonWriter *json = &self->values->json;

  _lfb_json_writer_name (json, "nodes");
  _lfb_json_writer_begin (json, '[');
  for (LfbNode *node = lfb_graph_get_first (graph); node != NULL; node = lfb_node_get_next (node))
    {
      _lfb_json_writer_begin (json, '{');
      _lfb_extra_write (self->values, lfb_node_get_extra (node), _lfb_node_keys, write_key, self, node);
      _lfb_json_writer_end (json, '}');
      _lfb_write_check (self, "node", lfb_node_get_name (node));
    }
  _lfb_json_writer_end (json, ']');
}

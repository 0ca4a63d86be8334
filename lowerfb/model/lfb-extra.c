/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-extra-private.h. That unknown names are kept on a round trip is a rule
 * of model-format.
 */

#include <lowerfb/model/lfb-extra-private.h>

#include <lowerfb/core/lfb-hash-private.h>

#include <string.h>

const LfbKey _lfb_document_keys[] = {
  { "lowerfb", LFB_KEY_ALWAYS },
  { "producer", LFB_KEY_OPTIONAL },
  { "nodes", LFB_KEY_ALWAYS },
  { "attributes", LFB_KEY_ALWAYS },
  { "modules", LFB_KEY_ALWAYS },
  { "qconfigs", LFB_KEY_OPTIONAL },
  { "qconfig_map", LFB_KEY_OPTIONAL },
  { "node_name_to_scope", LFB_KEY_OPTIONAL },
  { "original_weights", LFB_KEY_OPTIONAL },
  { NULL }
};

const LfbKey _lfb_node_keys[] = {
  { "name", LFB_KEY_ALWAYS },
  { "op", LFB_KEY_ALWAYS },
  { "target", LFB_KEY_ALWAYS },
  { "args", LFB_KEY_ALWAYS },
  { "kwargs", LFB_KEY_UNLESS_EMPTY },
  { "meta", LFB_KEY_OPTIONAL },
  { NULL }
};

const LfbKey _lfb_meta_keys[] = {
  { "shape", LFB_KEY_ALWAYS },
  { "dtype", LFB_KEY_ALWAYS },
  { NULL }
};

const LfbKey _lfb_module_keys[] = {
  { "type", LFB_KEY_ALWAYS },
  { "config", LFB_KEY_UNLESS_EMPTY },
  { "tensors", LFB_KEY_UNLESS_EMPTY },
  { "graph", LFB_KEY_OPTIONAL },
  { NULL }
};

const LfbKey _lfb_alias_keys[] = {
  { "alias", LFB_KEY_ALWAYS },
  { NULL }
};

const LfbKey _lfb_qconfig_keys[] = {
  { "activation", LFB_KEY_ALWAYS },
  { "weight", LFB_KEY_ALWAYS },
  { NULL }
};

/* The row of a name, or NULL. */
static const LfbKey *
find_key (const LfbKey *keys,
          const char   *name)
{
  for (; keys->name != NULL; keys++)
    if (g_str_equal (keys->name, name))
      return keys;

  return NULL;
}

void
_lfb_extra_builder_init (LfbExtraBuilder *self)
{
  self->names = g_ptr_array_new_with_free_func (g_free);
  self->values = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);
}

void
_lfb_extra_builder_clear (LfbExtraBuilder *self)
{
  g_clear_pointer (&self->names, g_ptr_array_unref);
  g_clear_pointer (&self->values, g_ptr_array_unref);
}

/* Takes @value, which may be NULL: then nothing is added. */
void
_lfb_extra_builder_add (LfbExtraBuilder *self,
                        const char      *name,
                        LfbValue        *value)
{
  if (value == NULL)
    return;

  g_ptr_array_add (self->names, g_strdup (name));
  g_ptr_array_add (self->values, value);
}

/* The dictionary of all that was added, or NULL if nothing was. Can be called once. */
LfbValue *
_lfb_extra_builder_end (LfbExtraBuilder *self)
{
  gsize n_values = self->values->len;

  if (n_values == 0)
    return NULL;

  g_ptr_array_add (self->names, NULL);
  return lfb_value_for_dict ((const char * const *) self->names->pdata,
                             (LfbValue **) self->values->pdata, n_values);
}

/* Whether a writer would write these very names in this order by itself. */
static gboolean
is_usual (const LfbJson *object,
          const LfbKey  *known)
{
  guint i = 0;

  for (; known->name != NULL; known++)
    {
      const LfbJsonMember *member = i < object->n_items ? &object->members[i] : NULL;

      if (member == NULL || !g_str_equal (member->name, known->name))
        {
          if (known->rule == LFB_KEY_ALWAYS)
            return FALSE;
          continue;
        }
      if (known->rule == LFB_KEY_UNLESS_EMPTY && member->value.n_items == 0)
        return FALSE;
      i++;
    }

  return i == object->n_items;
}

static void
copy_json (LfbJsonWriter *writer,
           const LfbJson *json)
{
  switch (json->type)
    {
    case LFB_JSON_BOOL:
      _lfb_json_writer_boolean (writer, json->boolean);
      break;
    case LFB_JSON_INT:
      _lfb_json_writer_integer (writer, json->integer);
      break;
    case LFB_JSON_DOUBLE:
      _lfb_json_writer_number (writer, json->number);
      break;
    case LFB_JSON_STRING:
      _lfb_json_writer_string (writer, json->text);
      break;
    case LFB_JSON_ARRAY:
      _lfb_json_writer_begin (writer, '[');
      for (guint i = 0; i < json->n_items; i++)
        copy_json (writer, &json->items[i]);
      _lfb_json_writer_end (writer, ']');
      break;
    case LFB_JSON_OBJECT:
      _lfb_json_writer_begin (writer, '{');
      for (guint i = 0; i < json->n_items; i++)
        {
          _lfb_json_writer_name (writer, json->members[i].name);
          copy_json (writer, &json->members[i].value);
        }
      _lfb_json_writer_end (writer, '}');
      break;
    case LFB_JSON_NULL:
    default:
      _lfb_json_writer_null (writer);
      break;
    }
}

/* Adds the tensors that some JSON mentions, each once. */
static void
collect_tensors (LfbValueReader  *reader,
                 const LfbJson   *json,
                 GHashTable      *seen,
                 LfbExtraBuilder *tensors)
{
  if (json->type == LFB_JSON_ARRAY)
    {
      for (guint i = 0; i < json->n_items; i++)
        collect_tensors (reader, &json->items[i], seen, tensors);
      return;
    }
  if (json->type != LFB_JSON_OBJECT)
    return;

  for (guint i = 0; i < json->n_items; i++)
    {
      const LfbJson *value = &json->members[i].value;
      LfbTensor *tensor = NULL;

      if (value->type == LFB_JSON_STRING && g_str_equal (json->members[i].name, "tensor"))
        tensor = _lfb_value_reader_find_tensor (reader, value->text);
      if (tensor != NULL && g_hash_table_add (seen, tensor))
        _lfb_extra_builder_add (tensors, value->text, lfb_value_for_tensor (tensor));
      collect_tensors (reader, value, seen, tensors);
    }
}

/* Adds what is unknown in @object, and the order of its names. Nothing is added
 * if that is as usual, unless the caller knows better.
 */
void
_lfb_extra_builder_add_keys (LfbExtraBuilder *self,
                             LfbValueReader  *reader,
                             const LfbJson   *object,
                             const LfbKey    *known,
                             gboolean         unusual)
{
  g_auto (LfbExtraBuilder) keys = { 0 };
  g_auto (LfbExtraBuilder) tensors = { 0 };
  g_autoptr (GHashTable) seen = NULL;

  if (!unusual && is_usual (object, known))
    return;

  _lfb_extra_builder_init (&keys);
  _lfb_extra_builder_init (&tensors);
  seen = g_hash_table_new (NULL, NULL);
  for (guint i = 0; i < object->n_items; i++)
    {
      const LfbJsonMember *member = &object->members[i];
      g_autofree char *text = NULL;
      LfbJsonWriter writer;

      if (find_key (known, member->name) != NULL)
        {
          _lfb_extra_builder_add (&keys, member->name, lfb_value_for_none ());
          continue;
        }
      _lfb_json_writer_init (&writer, FALSE);
      copy_json (&writer, &member->value);
      text = _lfb_json_writer_finish (&writer, NULL);
      _lfb_extra_builder_add (&keys, member->name, lfb_value_for_string (text));
      collect_tensors (reader, &member->value, seen, &tensors);
    }

  _lfb_extra_builder_add (self, "keys", _lfb_extra_builder_end (&keys));
  _lfb_extra_builder_add (self, "tensors", _lfb_extra_builder_end (&tensors));
}

/* The extra of an object that has nothing else to keep; NULL if it is as usual. */
LfbValue *
_lfb_extra_read (LfbValueReader *reader,
                 const LfbJson  *object,
                 const LfbKey   *known)
{
  g_auto (LfbExtraBuilder) builder = { 0 };

  _lfb_extra_builder_init (&builder);
  _lfb_extra_builder_add_keys (&builder, reader, object, known, FALSE);

  return _lfb_extra_builder_end (&builder);
}

/* An entry of an extra, which may be NULL, as its entries may. */
LfbValue *
_lfb_extra_get (LfbValue   *extra,
                const char *name)
{
  return extra != NULL ? lfb_value_lookup (extra, name) : NULL;
}

/* Copies JSON whose tensors may have other names in the new file. */
static void
write_unknown (LfbValueWriter *writer,
               const LfbJson  *json,
               GHashTable     *tensors)
{
  if (json->type == LFB_JSON_ARRAY)
    {
      _lfb_json_writer_begin (&writer->json, '[');
      for (guint i = 0; i < json->n_items; i++)
        write_unknown (writer, &json->items[i], tensors);
      _lfb_json_writer_end (&writer->json, ']');
      return;
    }
  if (json->type != LFB_JSON_OBJECT)
    {
      copy_json (&writer->json, json);
      return;
    }

  _lfb_json_writer_begin (&writer->json, '{');
  for (guint i = 0; i < json->n_items; i++)
    {
      const LfbJsonMember *member = &json->members[i];
      LfbValue *tensor = NULL;

      if (member->value.type == LFB_JSON_STRING && g_str_equal (member->name, "tensor"))
        tensor = g_hash_table_lookup (tensors, member->value.text);
      _lfb_json_writer_name (&writer->json, member->name);
      if (tensor != NULL)
        _lfb_json_writer_string (&writer->json,
                                 _lfb_value_writer_store (writer, lfb_value_get_tensor (tensor),
                                                          member->value.text));
      else
        write_unknown (writer, &member->value, tensors);
    }
  _lfb_json_writer_end (&writer->json, '}');
}

/* The entries of the dictionary @name in an extra by their names, for where there
 * may be many.
 *
 * Returns: (transfer full): name -> LfbValue, owned by @extra
 */
GHashTable *
_lfb_extra_index (LfbValue   *extra,
                  const char *name)
{
  GHashTable *index = g_hash_table_new (_lfb_str_hash, g_str_equal);
  LfbValue *dict = _lfb_extra_get (extra, name);
  gsize n_items = dict != NULL ? lfb_value_get_n_items (dict) : 0;

  for (gsize i = 0; i < n_items; i++)
    g_hash_table_insert (index, (gpointer) lfb_value_get_key (dict, i), lfb_value_get_item (dict, i));

  return index;
}

static void
write_listed (LfbValueWriter    *writer,
              LfbValue          *extra,
              LfbValue          *keys,
              LfbExtraWriteFunc  func,
              gpointer           self,
              gpointer           object)
{
  g_autoptr (GHashTable) tensors = _lfb_extra_index (extra, "tensors");

  for (gsize i = 0; i < lfb_value_get_n_items (keys); i++)
    {
      const char *key = lfb_value_get_key (keys, i);
      LfbValue *json = lfb_value_get_item (keys, i);
      g_autoptr (LfbJsonTree) tree = NULL;
      const char *text;

      if (lfb_value_is_none (json))
        {
          func (self, object, key, FALSE);
          continue;
        }
      text = lfb_value_get_string (json);
      tree = _lfb_json_tree_new (text, strlen (text), NULL);
      g_assert (tree != NULL); /* it was made by copy_json() */
      _lfb_json_writer_name (&writer->json, key);
      write_unknown (writer, _lfb_json_tree_get_root (tree), tensors);
    }
}

/* Writes the members of an object, whose braces are the caller's: in the order
 * of the file that it came from, if that was unusual, those that it did not have
 * last and only if there is something in them.
 */
void
_lfb_extra_write (LfbValueWriter    *writer,
                  LfbValue          *extra,
                  const LfbKey      *known,
                  LfbExtraWriteFunc  func,
                  gpointer           self,
                  gpointer           object)
{
  LfbValue *keys = _lfb_extra_get (extra, "keys");

  if (keys != NULL)
    write_listed (writer, extra, keys, func, self, object);

  for (; known->name != NULL; known++)
    {
      if (keys == NULL)
        func (self, object, known->name, known->rule == LFB_KEY_UNLESS_EMPTY);
      else if (lfb_value_lookup (keys, known->name) == NULL)
        func (self, object, known->name, TRUE);
    }
}

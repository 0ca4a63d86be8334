/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads VALUEs (model-format). JSON's own kinds stand for themselves; all else
 * is an object with a name that tells what it is. An object that says more than
 * its form knows is refused: nothing could keep it.
 *
 * Errors name the way to the place from outside to inside: "item 1: `tuple`:
 * item 0: ...".
 */

#include <lowerfb/model/lfb-value-json-private.h>

#include <lowerfb/core/lfb-error.h>

#include <math.h>
#include <string.h>

typedef LfbValue *(*ReadFunc) (LfbValueReader  *self,
                               const LfbJson   *content,
                               GError         **error);

static LfbValue *
fail_content (const LfbJson  *content,
              const char     *expected,
              GError        **error)
{
  g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT, "expected %s, not %s", expected,
               _lfb_json_describe (content));
  return NULL;
}

static LfbValue *
fail_unknown (const char  *what,
              const char  *name,
              GError     **error)
{
  g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT, "the %s `%.100s` is unknown", what, name);
  return NULL;
}

/* A tensor of the file, which then counts as mentioned; NULL if there is none. */
LfbTensor *
_lfb_value_reader_find_tensor (LfbValueReader *self,
                               const char     *name)
{
  LfbTensor *tensor = lfb_tensor_file_get (self->file, name);

  if (tensor != NULL)
    g_hash_table_add (self->mentions, (gpointer) lfb_tensor_get_name (tensor));

  return tensor;
}

static LfbTensor *
lookup_tensor (const char *name,
               gpointer    user_data)
{
  return _lfb_value_reader_find_tensor (user_data, name);
}

static GPtrArray *
read_items (LfbValueReader  *self,
            const LfbJson   *content,
            GError         **error)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);

  if (content->type != LFB_JSON_ARRAY)
    {
      fail_content (content, "an array", error);
      return NULL;
    }

  for (guint i = 0; i < content->n_items; i++)
    {
      LfbValue *item = _lfb_value_reader_read (self, &content->items[i], error);

      if (item == NULL)
        {
          g_prefix_error (error, "item %u: ", i);
          return NULL;
        }
      g_ptr_array_add (items, item);
    }

  return g_steal_pointer (&items);
}

static LfbValue *
read_list (LfbValueReader  *self,
           const LfbJson   *content,
           GError         **error)
{
  g_autoptr (GPtrArray) items = read_items (self, content, error);

  return items != NULL ? lfb_value_for_list ((LfbValue **) items->pdata, items->len) : NULL;
}

static LfbValue *
read_tuple (LfbValueReader  *self,
            const LfbJson   *content,
            GError         **error)
{
  g_autoptr (GPtrArray) items = read_items (self, content, error);

  return items != NULL ? lfb_value_for_tuple ((LfbValue **) items->pdata, items->len) : NULL;
}

static LfbValue *
read_slice (LfbValueReader  *self,
            const LfbJson   *content,
            GError         **error)
{
  g_autoptr (GPtrArray) items = read_items (self, content, error);

  if (items == NULL)
    return NULL;
  if (items->len != 3)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT,
                   "a slice has start, stop and step, not %u items", items->len);
      return NULL;
    }

  return lfb_value_for_slice (items->pdata[0], items->pdata[1], items->pdata[2]);
}

/* The members of @object but for the one that is called @but as a dictionary. */
static LfbValue *
read_members (LfbValueReader  *self,
              const LfbJson   *object,
              const char      *but,
              GError         **error)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  for (guint i = 0; i < object->n_items; i++)
    {
      LfbValue *item;

      if (but != NULL && g_str_equal (object->members[i].name, but))
        continue;
      item = _lfb_value_reader_read (self, &object->members[i].value, error);
      if (item == NULL)
        {
          g_prefix_error (error, "`%.200s`: ", object->members[i].name);
          return NULL;
        }
      g_ptr_array_add (items, item);
      g_ptr_array_add (names, (gpointer) object->members[i].name);
    }
  g_ptr_array_add (names, NULL);

  return lfb_value_for_dict ((const char * const *) names->pdata, (LfbValue **) items->pdata, items->len);
}

/* Reads an object from names to VALUEs. */
LfbValue *
_lfb_value_reader_read_dict (LfbValueReader  *self,
                             const LfbJson   *object,
                             GError         **error)
{
  if (object->type != LFB_JSON_OBJECT)
    return fail_content (object, "an object", error);

  return read_members (self, object, NULL, error);
}

static LfbValue *
read_node (LfbValueReader  *self,
           const LfbJson   *content,
           GError         **error)
{
  LfbNode *node;

  if (content->type != LFB_JSON_STRING)
    return fail_content (content, "the name of a node", error);
  if (self->graph == NULL)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_INVALID_GRAPH,
                   "node `%.200s` is named where there can be no node", content->text);
      return NULL;
    }

  node = lfb_graph_find (self->graph, content->text);
  if (node != NULL)
    return lfb_value_for_node (node);

  if (g_hash_table_contains (self->names, content->text))
    g_set_error (error, LFB_ERROR, LFB_ERROR_INVALID_GRAPH,
                 "node `%.200s` is read here, but does not stand before this one", content->text);
  else
    g_set_error (error, LFB_ERROR, LFB_ERROR_INVALID_GRAPH, "there is no node `%.200s`", content->text);
  return NULL;
}

static LfbValue *
read_float (LfbValueReader  *self,
            const LfbJson   *content,
            GError         **error)
{
  if (content->type == LFB_JSON_STRING)
    {
      if (g_str_equal (content->text, "inf"))
        return lfb_value_for_double (INFINITY);
      if (g_str_equal (content->text, "-inf"))
        return lfb_value_for_double (-INFINITY);
      if (g_str_equal (content->text, "nan"))
        return lfb_value_for_double (NAN);
    }

  return fail_content (content, "\"inf\", \"-inf\" or \"nan\"", error);
}

static LfbValue *
read_dtype (LfbValueReader  *self,
            const LfbJson   *content,
            GError         **error)
{
  LfbDType dtype;

  if (content->type != LFB_JSON_STRING)
    return fail_content (content, "the name of an element type", error);
  if (!lfb_dtype_from_string (content->text, &dtype))
    return fail_unknown ("element type", content->text, error);

  return lfb_value_for_dtype (dtype);
}

static LfbValue *
read_qscheme (LfbValueReader  *self,
              const LfbJson   *content,
              GError         **error)
{
  LfbQScheme qscheme;

  if (content->type != LFB_JSON_STRING)
    return fail_content (content, "the name of a quantization scheme", error);
  if (!lfb_qscheme_from_string (content->text, &qscheme))
    return fail_unknown ("quantization scheme", content->text, error);

  return lfb_value_for_qscheme (qscheme);
}

static LfbValue *
read_memory_format (LfbValueReader  *self,
                    const LfbJson   *content,
                    GError         **error)
{
  LfbMemoryFormat format;

  if (content->type != LFB_JSON_STRING)
    return fail_content (content, "the name of a memory format", error);
  if (!lfb_memory_format_from_string (content->text, &format))
    return fail_unknown ("memory format", content->text, error);

  return lfb_value_for_memory_format (format);
}

static LfbValue *
read_device (LfbValueReader  *self,
             const LfbJson   *content,
             GError         **error)
{
  if (content->type != LFB_JSON_STRING)
    return fail_content (content, "the name of a device", error);

  return lfb_value_for_device (content->text);
}

static LfbValue *
read_type (LfbValueReader  *self,
           const LfbJson   *content,
           GError         **error)
{
  if (content->type != LFB_JSON_STRING)
    return fail_content (content, "the name of a class", error);

  return lfb_value_for_type (content->text);
}

static LfbValue *
read_ellipsis (LfbValueReader  *self,
               const LfbJson   *content,
               GError         **error)
{
  if (content->type != LFB_JSON_BOOL || !content->boolean)
    return fail_content (content, "true", error);

  return lfb_value_for_ellipsis ();
}

/* {"tensor": name}, with "qparams" and "shape" where it is quantized. */
static LfbValue *
read_tensor (LfbValueReader  *self,
             const LfbJson   *object,
             GError         **error)
{
  static const char * const known[] = { "tensor", "qparams", "shape", NULL };
  const LfbJson *name = _lfb_json_lookup (object, "tensor");
  const LfbJson *qparams = _lfb_json_lookup (object, "qparams");
  const LfbJson *shape = _lfb_json_lookup (object, "shape");
  g_autoptr (LfbTensor) quantized = NULL;
  LfbTensor *tensor;

  for (guint i = 0; i < object->n_items; i++)
    if (!g_strv_contains (known, object->members[i].name))
      return fail_unknown ("part of a tensor", object->members[i].name, error);

  if (name->type != LFB_JSON_STRING)
    return fail_content (name, "the name of a tensor", error);
  tensor = _lfb_value_reader_find_tensor (self, name->text);
  if (tensor == NULL)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_NOT_FOUND, "the file has no tensor `%.200s`", name->text);
      return NULL;
    }
  if (qparams == NULL)
    {
      if (shape != NULL)
        return fail_unknown ("part of a tensor that is not quantized", "shape", error);
      return lfb_value_for_tensor (tensor);
    }

  quantized = _lfb_qparams_read (qparams, shape, tensor, lookup_tensor, self, error);
  if (quantized == NULL)
    {
      g_prefix_error (error, "tensor `%.200s`: ", name->text);
      return NULL;
    }

  return lfb_value_for_tensor (quantized);
}

/* {"packed": class, part: VALUE, ...} */
static LfbValue *
read_packed (LfbValueReader  *self,
             const LfbJson   *object,
             GError         **error)
{
  const LfbJson *name = _lfb_json_lookup (object, "packed");
  g_autoptr (LfbValue) parts = NULL;

  if (name->type != LFB_JSON_STRING)
    return fail_content (name, "the name of a packed class", error);
  parts = read_members (self, object, "packed", error);
  if (parts == NULL)
    return NULL;

  return lfb_value_for_packed (name->text, parts);
}

static const struct
{
  const char *name;
  ReadFunc read;
} forms[] = {
  { "tuple", read_tuple },
  { "dict", _lfb_value_reader_read_dict },
  { "node", read_node },
  { "slice", read_slice },
  { "float", read_float },
  { "dtype", read_dtype },
  { "qscheme", read_qscheme },
  { "memory_format", read_memory_format },
  { "device", read_device },
  { "type", read_type },
  { "ellipsis", read_ellipsis },
};

static LfbValue *
read_object (LfbValueReader  *self,
             const LfbJson   *object,
             GError         **error)
{
  const char *name = object->n_items > 0 ? object->members[0].name : NULL;

  if (name == NULL)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_FORMAT, "an empty object is no value");
      return NULL;
    }

  if (_lfb_json_lookup (object, "packed") != NULL)
    return read_packed (self, object, error);
  if (_lfb_json_lookup (object, "tensor") != NULL)
    return read_tensor (self, object, error);

  for (gsize i = 0; i < G_N_ELEMENTS (forms); i++)
    {
      LfbValue *value;

      if (!g_str_equal (forms[i].name, name))
        continue;
      if (object->n_items > 1)
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT, "a value is either `%s` or `%.100s`, not both",
                       name, object->members[1].name);
          return NULL;
        }
      value = forms[i].read (self, &object->members[0].value, error);
      if (value == NULL)
        g_prefix_error (error, "`%s`: ", name);
      return value;
    }

  return fail_unknown ("kind of value", name, error);
}

/* Reads any value. Returns: (transfer full) */
LfbValue *
_lfb_value_reader_read (LfbValueReader  *self,
                        const LfbJson   *json,
                        GError         **error)
{
  switch (json->type)
    {
    case LFB_JSON_NULL:
      return lfb_value_for_none ();
    case LFB_JSON_BOOL:
      return lfb_value_for_bool (json->boolean);
    case LFB_JSON_INT:
      return lfb_value_for_int (json->integer);
    case LFB_JSON_DOUBLE:
      return lfb_value_for_double (json->number);
    case LFB_JSON_STRING:
      return lfb_value_for_string (json->text);
    case LFB_JSON_ARRAY:
      return read_list (self, json, error);
    case LFB_JSON_OBJECT:
    default:
      return read_object (self, json, error);
    }
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Writes VALUEs (model-format), and gathers the tensors in them under names that
 * are unique in the file: its own name where that is free, else one that tells
 * where it stands. Tensors of the same bytes and shape are stored once.
 */

#include <lowerfb/model/lfb-value-json-private.h>

#include <lowerfb/core/lfb-hash-private.h>
#include <lowerfb/graph/lfb-node.h>

#include <math.h>
#include <string.h>

static guint
tensor_hash (gconstpointer key)
{
  LfbTensor *tensor = (gpointer) key;

  if (lfb_tensor_get_n_elements (tensor) == 0)
    return GPOINTER_TO_SIZE (tensor) >> 4;

  return lfb_tensor_get_address (tensor) >> 3;
}

static gboolean
tensor_is_same (gconstpointer a,
                gconstpointer b)
{
  LfbTensor *left = (gpointer) a, *right = (gpointer) b;
  gsize left_dims, right_dims;
  const gint64 *left_shape = lfb_tensor_get_shape (left, &left_dims);
  const gint64 *right_shape = lfb_tensor_get_shape (right, &right_dims);

  if (left == right)
    return TRUE;

  /* Empty ones have no address by which to know them. */
  return lfb_tensor_get_n_elements (left) > 0 &&
         lfb_tensor_get_address (left) == lfb_tensor_get_address (right) &&
         lfb_tensor_get_dtype (left) == lfb_tensor_get_dtype (right) &&
         left_dims == right_dims &&
         (left_dims == 0 || memcmp (left_shape, right_shape, left_dims * sizeof *left_shape) == 0);
}

void
_lfb_value_writer_init (LfbValueWriter *self,
                        gboolean        pretty)
{
  _lfb_json_writer_init (&self->json, pretty);
  self->file = lfb_tensor_file_new ();
  self->stored = g_hash_table_new_full (tensor_hash, tensor_is_same, g_object_unref, g_free);
  self->counters = g_hash_table_new_full (_lfb_str_hash, g_str_equal, g_free, NULL);
}

void
_lfb_value_writer_clear (LfbValueWriter *self)
{
  if (self->json.text != NULL)
    g_free (_lfb_json_writer_finish (&self->json, NULL));
  g_clear_object (&self->file);
  g_clear_pointer (&self->stored, g_hash_table_unref);
  g_clear_pointer (&self->counters, g_hash_table_unref);
}

static gboolean
is_free (LfbValueWriter *self,
         const char     *name)
{
  return !g_str_equal (name, LFB_TENSOR_FILE_METADATA) && g_utf8_validate (name, -1, NULL) &&
         lfb_tensor_file_get (self->file, name) == NULL;
}

/* @name, or with a number behind it. */
static char *
make_unique (LfbValueWriter *self,
             const char     *name)
{
  g_autofree char *base = g_utf8_make_valid (name, -1);
  guint number = GPOINTER_TO_UINT (g_hash_table_lookup (self->counters, base));

  if (is_free (self, base))
    return g_steal_pointer (&base);

  for (;;)
    {
      g_autofree char *numbered = g_strdup_printf ("%s.%u", base, ++number);

      if (!is_free (self, numbered))
        continue;
      g_hash_table_insert (self->counters, g_steal_pointer (&base), GUINT_TO_POINTER (number));
      return g_steal_pointer (&numbered);
    }
}

/* Names for tensors that have none, no longer than people like to read. They are
 * made for every value, so that they may not grow with what a file says.
 */
static char *
extend_hint (const char *hint,
             const char *part)
{
  return g_strdup_printf ("%.200s.%.100s", hint, part);
}

/* Makes a tensor that is not quantized part of the file; @hint names its place.
 *
 * Returns: (transfer none): its name there
 */
const char *
_lfb_value_writer_store (LfbValueWriter *self,
                         LfbTensor      *tensor,
                         const char     *hint)
{
  char *name = g_hash_table_lookup (self->stored, tensor);
  const char *own = lfb_tensor_get_name (tensor);
  g_autoptr (LfbTensor) named = NULL;

  if (name != NULL)
    return name;

  name = own != NULL && is_free (self, own) ? g_strdup (own) : make_unique (self, hint);
  named = lfb_tensor_new_named (tensor, name);
  _lfb_tensor_file_put (self->file, named);
  g_hash_table_insert (self->stored, g_object_ref (tensor), name);

  return name;
}

static const char *
store_with_suffix (LfbValueWriter *self,
                   LfbTensor      *tensor,
                   const char     *hint,
                   const char     *suffix)
{
  g_autofree char *place = extend_hint (hint, suffix);

  return _lfb_value_writer_store (self, tensor, place);
}

/* The integers of a quantized tensor go by the name of the tensor. */
static const char *
store_integers (LfbValueWriter *self,
                LfbTensor      *tensor,
                const char     *hint)
{
  const char *own = lfb_tensor_get_name (tensor);

  return _lfb_value_writer_store (self, lfb_tensor_get_integers (tensor), own != NULL ? own : hint);
}

static void
write_tensor (LfbValueWriter *self,
              LfbTensor      *tensor,
              const char     *hint)
{
  const char *name, *scales = NULL, *zero_points = NULL;

  if (!lfb_tensor_is_quantized (tensor))
    {
      name = _lfb_value_writer_store (self, tensor, hint);
      _lfb_json_writer_begin (&self->json, '{');
      _lfb_json_writer_name (&self->json, "tensor");
      _lfb_json_writer_string (&self->json, name);
      _lfb_json_writer_end (&self->json, '}');
      return;
    }

  if (lfb_tensor_is_per_channel (tensor))
    {
      scales = store_with_suffix (self, lfb_tensor_get_scales (tensor), hint, "scale");
      zero_points = store_with_suffix (self, lfb_tensor_get_zero_points (tensor), hint, "zero_point");
    }
  name = store_integers (self, tensor, hint);

  _lfb_json_writer_begin (&self->json, '{');
  _lfb_json_writer_name (&self->json, "tensor");
  _lfb_json_writer_string (&self->json, name);
  _lfb_json_writer_name (&self->json, "qparams");
  _lfb_json_writer_begin (&self->json, '{');
  _lfb_qparams_write (&self->json, tensor, scales, zero_points);
  _lfb_json_writer_end (&self->json, '}');
  if (_lfb_qparams_need_shape (tensor))
    {
      _lfb_json_writer_name (&self->json, "shape");
      _lfb_shape_write (&self->json, tensor);
    }
  _lfb_json_writer_end (&self->json, '}');
}

static void
write_items (LfbValueWriter *self,
             LfbValue       *value,
             const char     *hint)
{
  gsize n_items = lfb_value_get_n_items (value);

  _lfb_json_writer_begin (&self->json, '[');
  for (gsize i = 0; i < n_items; i++)
    {
      g_autofree char *place = g_strdup_printf ("%.200s.%" G_GSIZE_FORMAT, hint, i);

      _lfb_value_writer_write (self, lfb_value_get_item (value, i), place);
    }
  _lfb_json_writer_end (&self->json, ']');
}

static void
write_members (LfbValueWriter *self,
               LfbValue       *dict,
               const char     *hint)
{
  gsize n_items = lfb_value_get_n_items (dict);

  for (gsize i = 0; i < n_items; i++)
    {
      const char *key = lfb_value_get_key (dict, i);
      g_autofree char *place = extend_hint (hint, key);

      _lfb_json_writer_name (&self->json, key);
      _lfb_value_writer_write (self, lfb_value_get_item (dict, i), place);
    }
}

/* Writes a dictionary as an object from names to VALUEs. */
void
_lfb_value_writer_write_dict (LfbValueWriter *self,
                              LfbValue       *dict,
                              const char     *hint)
{
  _lfb_json_writer_begin (&self->json, '{');
  write_members (self, dict, hint);
  _lfb_json_writer_end (&self->json, '}');
}

static void
write_double (LfbValueWriter *self,
              double          number)
{
  if (isfinite (number))
    {
      _lfb_json_writer_number (&self->json, number);
      return;
    }

  _lfb_json_writer_begin (&self->json, '{');
  _lfb_json_writer_name (&self->json, "float");
  _lfb_json_writer_string (&self->json, isnan (number) ? "nan" : number > 0 ? "inf" : "-inf");
  _lfb_json_writer_end (&self->json, '}');
}

static void
write_packed (LfbValueWriter *self,
              LfbValue       *value,
              const char     *hint)
{
  _lfb_json_writer_begin (&self->json, '{');
  _lfb_json_writer_name (&self->json, "packed");
  _lfb_json_writer_string (&self->json, lfb_value_get_string (value));
  write_members (self, value, hint);
  _lfb_json_writer_end (&self->json, '}');
}

/* The kinds that are an object of one member, which is a text. */
static void
write_named (LfbValueWriter *self,
             const char     *kind,
             const char     *text)
{
  _lfb_json_writer_begin (&self->json, '{');
  _lfb_json_writer_name (&self->json, kind);
  _lfb_json_writer_string (&self->json, text);
  _lfb_json_writer_end (&self->json, '}');
}

static void
write_constant (LfbValueWriter *self,
                LfbValue       *value)
{
  switch ((int) lfb_value_get_kind (value))
    {
    case LFB_VALUE_KIND_NODE:
      write_named (self, "node", lfb_node_get_name (lfb_value_get_node (value)));
      break;
    case LFB_VALUE_KIND_DTYPE:
      write_named (self, "dtype", lfb_dtype_to_string (lfb_value_get_dtype (value)));
      break;
    case LFB_VALUE_KIND_QSCHEME:
      write_named (self, "qscheme", lfb_qscheme_to_string (lfb_value_get_qscheme (value)));
      break;
    case LFB_VALUE_KIND_MEMORY_FORMAT:
      write_named (self, "memory_format", lfb_memory_format_to_string (lfb_value_get_memory_format (value)));
      break;
    case LFB_VALUE_KIND_DEVICE:
      write_named (self, "device", lfb_value_get_string (value));
      break;
    case LFB_VALUE_KIND_TYPE:
      write_named (self, "type", lfb_value_get_string (value));
      break;
    case LFB_VALUE_KIND_ELLIPSIS:
    default:
      _lfb_json_writer_begin (&self->json, '{');
      _lfb_json_writer_name (&self->json, "ellipsis");
      _lfb_json_writer_boolean (&self->json, TRUE);
      _lfb_json_writer_end (&self->json, '}');
    }
}

/* Tuples and slices: an object of one member, which is an array. */
static void
write_sequence (LfbValueWriter *self,
                const char     *kind,
                LfbValue       *value,
                const char     *hint)
{
  _lfb_json_writer_begin (&self->json, '{');
  _lfb_json_writer_name (&self->json, kind);
  write_items (self, value, hint);
  _lfb_json_writer_end (&self->json, '}');
}

/* Writes any value; @hint names its place for the tensors in it. */
void
_lfb_value_writer_write (LfbValueWriter *self,
                         LfbValue       *value,
                         const char     *hint)
{
  switch (lfb_value_get_kind (value))
    {
    case LFB_VALUE_KIND_NONE:
      _lfb_json_writer_null (&self->json);
      break;
    case LFB_VALUE_KIND_BOOL:
      _lfb_json_writer_boolean (&self->json, lfb_value_get_bool (value));
      break;
    case LFB_VALUE_KIND_INT:
      _lfb_json_writer_integer (&self->json, lfb_value_get_int (value));
      break;
    case LFB_VALUE_KIND_DOUBLE:
      write_double (self, lfb_value_get_double (value));
      break;
    case LFB_VALUE_KIND_STRING:
      _lfb_json_writer_string (&self->json, lfb_value_get_string (value));
      break;
    case LFB_VALUE_KIND_TENSOR:
      write_tensor (self, lfb_value_get_tensor (value), hint);
      break;
    case LFB_VALUE_KIND_LIST:
      write_items (self, value, hint);
      break;
    case LFB_VALUE_KIND_TUPLE:
      write_sequence (self, "tuple", value, hint);
      break;
    case LFB_VALUE_KIND_SLICE:
      write_sequence (self, "slice", value, hint);
      break;
    case LFB_VALUE_KIND_DICT:
      _lfb_json_writer_begin (&self->json, '{');
      _lfb_json_writer_name (&self->json, "dict");
      _lfb_value_writer_write_dict (self, value, hint);
      _lfb_json_writer_end (&self->json, '}');
      break;
    case LFB_VALUE_KIND_PACKED:
      write_packed (self, value, hint);
      break;
    case LFB_VALUE_KIND_DTYPE:
    case LFB_VALUE_KIND_QSCHEME:
    case LFB_VALUE_KIND_MEMORY_FORMAT:
    case LFB_VALUE_KIND_DEVICE:
    case LFB_VALUE_KIND_TYPE:
    case LFB_VALUE_KIND_ELLIPSIS:
    case LFB_VALUE_KIND_NODE:
    default:
      write_constant (self, value);
    }
}

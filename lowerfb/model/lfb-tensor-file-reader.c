/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads tensor files (model-format): eight bytes of length, a header of JSON,
 * the data. Only the header is looked at; the tensors are slices of the bytes.
 *
 * Gaps between tensors and bytes behind the last one are let pass, since some
 * writers align what they write; nothing else is. Errors name the tensor.
 */

#include <lowerfb/model/lfb-tensor-file-private.h>

#include <lowerfb/core/lfb-error.h>
#include <lowerfb/core/lfb-tensor-reading-private.h>

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

G_STATIC_ASSERT (G_BYTE_ORDER == G_LITTLE_ENDIAN); /* the bytes of a file are used in place */

typedef struct
{
  const char *name;
  LfbDType dtype;
  gsize begin, end;
} Range;

static const struct
{
  const char *code;
  LfbDType dtype;
} codes[] = {
  { "F64", LFB_DTYPE_FLOAT64 },
  { "F32", LFB_DTYPE_FLOAT32 },
  { "F16", LFB_DTYPE_FLOAT16 },
  { "BF16", LFB_DTYPE_BFLOAT16 },
  { "I64", LFB_DTYPE_INT64 },
  { "I32", LFB_DTYPE_INT32 },
  { "I16", LFB_DTYPE_INT16 },
  { "I8", LFB_DTYPE_INT8 },
  { "U8", LFB_DTYPE_UINT8 },
  { "BOOL", LFB_DTYPE_BOOL },
};

static gboolean
read_dtype (const LfbJson  *json,
            LfbDType       *dtype,
            GError        **error)
{
  if (json == NULL || json->type != LFB_JSON_STRING)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT, "expected a text as dtype, not %s",
                   json == NULL ? "nothing" : _lfb_json_describe (json));
      return FALSE;
    }

  for (gsize i = 0; i < G_N_ELEMENTS (codes); i++)
    {
      if (g_str_equal (codes[i].code, json->text))
        {
          *dtype = codes[i].dtype;
          return TRUE;
        }
    }

  g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE,
               "the dtype `%.100s` is unknown: there are F64 F32 F16 BF16 I64 I32 I16 I8 U8 BOOL",
               json->text);
  return FALSE;
}

static gboolean
read_offsets (const LfbJson  *json,
              gsize           data_size,
              Range          *range,
              GError        **error)
{
  gint64 begin, end;

  if (json == NULL || json->type != LFB_JSON_ARRAY || json->n_items != 2 ||
      json->items[0].type != LFB_JSON_INT || json->items[1].type != LFB_JSON_INT)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_FORMAT,
                           "expected an array of two integers as data_offsets");
      return FALSE;
    }

  begin = json->items[0].integer;
  end = json->items[1].integer;
  if (begin < 0 || end < begin)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT,
                   "the data_offsets %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT " are reversed or negative",
                   begin, end);
      return FALSE;
    }
  if ((guint64) end > data_size)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                   "the data_offsets %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT
                   " lie outside of the file, which has %" G_GSIZE_FORMAT " bytes of data",
                   begin, end, data_size);
      return FALSE;
    }

  range->begin = begin;
  range->end = end;
  return TRUE;
}

static gboolean
check_entry (const LfbJson  *json,
             GError        **error)
{
  static const char * const known[] = { "dtype", "shape", "data_offsets", NULL };

  if (json->type != LFB_JSON_OBJECT)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT, "expected an object, not %s",
                   _lfb_json_describe (json));
      return FALSE;
    }

  /* It could say that the elements lie otherwise than we read them. */
  for (guint i = 0; i < json->n_items; i++)
    {
      if (!g_strv_contains (known, json->members[i].name))
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT, "the name `%.100s` is unknown here",
                       json->members[i].name);
          return FALSE;
        }
    }

  return TRUE;
}

static LfbTensor *
read_tensor (const LfbJson  *json,
             GBytes         *data,
             gboolean        is_map,
             Range          *range,
             GError        **error)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (LfbTensor) tensor = NULL;
  gint64 shape[LFB_TENSOR_MAX_DIMS];
  gsize n_dims;

  if (!check_entry (json, error) ||
      !read_dtype (_lfb_json_lookup (json, "dtype"), &range->dtype, error) ||
      !_lfb_shape_read (_lfb_json_lookup (json, "shape"), shape, &n_dims, error) ||
      !read_offsets (_lfb_json_lookup (json, "data_offsets"), g_bytes_get_size (data), range, error))
    return NULL;

  bytes = g_bytes_new_from_bytes (data, range->begin, range->end - range->begin);
  tensor = lfb_tensor_new_for_bytes (range->dtype, shape, n_dims, bytes, error);
  if (tensor == NULL)
    return NULL;
  if (is_map)
    _lfb_tensor_set_mapped (tensor, data);

  return lfb_tensor_new_named (tensor, range->name);
}

static int
compare_ranges (gconstpointer a,
                gconstpointer b)
{
  const Range *left = a, *right = b;

  if (left->begin != right->begin)
    return left->begin < right->begin ? -1 : 1;
  if (left->end != right->end)
    return left->end < right->end ? -1 : 1;
  return 0;
}

static gboolean
check_overlap (GArray  *ranges,
               GError **error)
{
  g_array_sort (ranges, compare_ranges);

  for (guint i = 1; i < ranges->len; i++)
    {
      const Range *left = &g_array_index (ranges, Range, i - 1);
      const Range *right = &g_array_index (ranges, Range, i);

      if (right->begin < left->end)
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT,
                       "the tensors `%.200s` (bytes %" G_GSIZE_FORMAT " to %" G_GSIZE_FORMAT
                       ") and `%.200s` (%" G_GSIZE_FORMAT " to %" G_GSIZE_FORMAT ") overlap",
                       left->name, left->begin, left->end, right->name, right->begin, right->end);
          return FALSE;
        }
    }

  return TRUE;
}

static gboolean
read_tensors (LfbTensorFile  *self,
              const LfbJson  *header,
              GBytes         *data,
              gboolean        is_map,
              GError        **error)
{
  g_autoptr (GArray) ranges = g_array_new (FALSE, FALSE, sizeof (Range));

  for (guint i = 0; i < header->n_items; i++)
    {
      const LfbJsonMember *member = &header->members[i];
      g_autoptr (LfbTensor) tensor = NULL;
      Range range = { .name = member->name };

      if (g_str_equal (member->name, LFB_TENSOR_FILE_METADATA))
        continue;
      tensor = read_tensor (&member->value, data, is_map, &range, error);
      if (tensor == NULL)
        {
          g_prefix_error (error, "tensor `%.200s`: ", member->name);
          return FALSE;
        }
      _lfb_tensor_file_put (self, tensor);
      if (range.begin < range.end)
        g_array_append_val (ranges, range);
    }

  return check_overlap (ranges, error);
}

static gboolean
read_metadata (LfbTensorFile  *self,
               const LfbJson  *header,
               GError        **error)
{
  const LfbJson *metadata = _lfb_json_lookup (header, LFB_TENSOR_FILE_METADATA);

  if (metadata == NULL)
    return TRUE;
  if (metadata->type != LFB_JSON_OBJECT)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT, "__metadata__ is %s, not an object",
                   _lfb_json_describe (metadata));
      return FALSE;
    }

  for (guint i = 0; i < metadata->n_items; i++)
    {
      const LfbJsonMember *member = &metadata->members[i];

      if (member->value.type != LFB_JSON_STRING)
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT, "`%.200s` in __metadata__ is %s, not a text",
                       member->name, _lfb_json_describe (&member->value));
          return FALSE;
        }
      lfb_tensor_file_set_metadata (self, member->name, member->value.text);
    }

  return TRUE;
}

static LfbTensor *
lookup_tensor (const char *name,
               gpointer    user_data)
{
  return lfb_tensor_file_get (user_data, name);
}

/* Turns the integers that the metadata describes into quantized tensors. */
static gboolean
read_quantized (LfbTensorFile  *self,
                const char     *text,
                GError        **error)
{
  g_autoptr (LfbJsonTree) tree = _lfb_json_tree_new (text, strlen (text), error);
  g_autoptr (GPtrArray) quantized = g_ptr_array_new_with_free_func (g_object_unref);
  const LfbJson *root;

  if (tree == NULL)
    return FALSE;
  root = _lfb_json_tree_get_root (tree);
  if (root->type != LFB_JSON_OBJECT)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT, "expected an object, not %s",
                   _lfb_json_describe (root));
      return FALSE;
    }

  for (guint i = 0; i < root->n_items; i++)
    {
      const LfbJsonMember *member = &root->members[i];
      LfbTensor *integers = lfb_tensor_file_get (self, member->name);
      LfbTensor *tensor = NULL;

      if (integers == NULL)
        g_set_error_literal (error, LFB_ERROR, LFB_ERROR_NOT_FOUND, "the file has no such tensor");
      else
        tensor = _lfb_qparams_read (&member->value, NULL, integers, lookup_tensor, self, error);
      if (tensor == NULL)
        {
          g_prefix_error (error, "tensor `%.200s`: ", member->name);
          return FALSE;
        }
      g_ptr_array_add (quantized, tensor);
    }

  /* Only now: scales and zero points must be found as they are stored. */
  for (guint i = 0; i < quantized->len; i++)
    _lfb_tensor_file_replace (self, g_ptr_array_index (quantized, i));
  return TRUE;
}

/* Splits the file into header and data. */
static LfbJsonTree *
read_header (GBytes   *bytes,
             gsize    *data_begin,
             GError  **error)
{
  gsize size;
  const char *text = g_bytes_get_data (bytes, &size);
  g_autoptr (LfbJsonTree) tree = NULL;
  guint64 length;

  if (size < sizeof length)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT,
                   "%" G_GSIZE_FORMAT " bytes are too few: a safetensors file begins with 8 bytes "
                   "that say how long its header is", size);
      return NULL;
    }
  memcpy (&length, text, sizeof length);
  if (length > size - sizeof length)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT,
                   "the header should have %" G_GUINT64_FORMAT " bytes, but the file ends after %"
                   G_GSIZE_FORMAT " of them", length, size - sizeof length);
      return NULL;
    }
  if (length > LFB_TENSOR_FILE_MAX_HEADER)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT,
                   "a header of %" G_GUINT64_FORMAT " bytes is longer than the %d that are allowed",
                   length, LFB_TENSOR_FILE_MAX_HEADER);
      return NULL;
    }

  text += sizeof length;
  if (length == 0 || *text != '{')
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_FORMAT,
                           "the header does not begin with `{`, as that of a safetensors file does");
      return NULL;
    }
  tree = _lfb_json_tree_new (text, length, error);
  if (tree == NULL)
    {
      g_prefix_error (error, "header: ");
      return NULL;
    }

  *data_begin = sizeof length + length;
  return g_steal_pointer (&tree);
}

/* Names from files are cut short in messages, and not always between characters. */
void
_lfb_error_repair (GError **error)
{
  char *message;

  if (error == NULL || *error == NULL || g_utf8_validate ((*error)->message, -1, NULL))
    return;

  message = g_utf8_make_valid ((*error)->message, -1);
  g_free ((*error)->message);
  (*error)->message = message;
}

static LfbTensorFile *
parse (GBytes             *bytes,
       gboolean            is_map,
       LfbTensorFileMode   mode,
       GError            **error)
{
  g_autoptr (LfbTensorFile) self = lfb_tensor_file_new ();
  g_autoptr (LfbJsonTree) tree = NULL;
  g_autoptr (GBytes) data = NULL;
  g_autofree char *qparams = NULL;
  gsize begin;

  tree = read_header (bytes, &begin, error);
  if (tree == NULL)
    return NULL;

  data = g_bytes_new_from_bytes (bytes, begin, g_bytes_get_size (bytes) - begin);
  if (!read_tensors (self, _lfb_json_tree_get_root (tree), data, is_map, error) ||
      !read_metadata (self, _lfb_json_tree_get_root (tree), error))
    return NULL;

  if (mode == LFB_TENSOR_FILE_PLAIN)
    return g_steal_pointer (&self);

  qparams = g_strdup (lfb_tensor_file_get_metadata (self, LFB_TENSOR_FILE_QPARAMS));
  if (qparams != NULL && !read_quantized (self, qparams, error))
    {
      g_prefix_error (error, "metadata `qparams`: ");
      return NULL;
    }
  lfb_tensor_file_set_metadata (self, LFB_TENSOR_FILE_QPARAMS, NULL);
  return g_steal_pointer (&self);
}

LfbTensorFile *
_lfb_tensor_file_parse (GBytes             *bytes,
                        LfbTensorFileMode   mode,
                        GError            **error)
{
  LfbTensorFile *self = parse (bytes, FALSE, mode, error);

  if (self == NULL)
    _lfb_error_repair (error);
  return self;
}

/* Maps a file. Only regular ones: opening a pipe could wait forever. */
static GBytes *
map_file (const char  *path,
          GError     **error)
{
  g_autoptr (GMappedFile) map = NULL;
  g_autoptr (GError) local_error = NULL;
  GStatBuf info;

  if (g_stat (path, &info) != 0)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_IO, "cannot be opened: %s", g_strerror (errno));
      return NULL;
    }
  if (!S_ISREG (info.st_mode))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_IO, "is %s, not a regular file",
                   S_ISDIR (info.st_mode) ? "a directory" : "a device, pipe or socket");
      return NULL;
    }

  map = g_mapped_file_new (path, FALSE, &local_error);
  if (map == NULL)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_IO, local_error->message);
      return NULL;
    }

  return g_mapped_file_get_bytes (map);
}

LfbTensorFile *
_lfb_tensor_file_read (const char         *path,
                       LfbTensorFileMode   mode,
                       GError            **error)
{
  g_autoptr (LfbTensorFile) self = NULL;
  g_autoptr (GBytes) bytes = map_file (path, error);

  if (bytes != NULL)
    self = parse (bytes, TRUE, mode, error);
  if (self == NULL)
    {
      g_autofree char *name = g_filename_display_name (path);

      _lfb_error_repair (error);
      g_prefix_error (error, "%s: ", name);
      return NULL;
    }

  return g_steal_pointer (&self);
}

/**
 * lfb_tensor_file_load:
 * @path: (type filename): the path of a file
 * @error: where to put an error
 *
 * Opens a tensor file. The file is mapped, not read.
 *
 * Fails with %LFB_ERROR_IO if it cannot be opened, and with another code if it
 * is not a well-formed safetensors file: %LFB_ERROR_FORMAT, %LFB_ERROR_RANGE
 * for offsets outside of it, %LFB_ERROR_SHAPE for a length that does not fit
 * the shape, %LFB_ERROR_DTYPE for unknown element types. The message names the
 * file and the tensor.
 *
 * Returns: (transfer full): the tensor file
 *
 * Since: 1.0
 */
LfbTensorFile *
lfb_tensor_file_load (const char  *path,
                      GError     **error)
{
  g_return_val_if_fail (path != NULL, NULL);

  return _lfb_tensor_file_read (path, LFB_TENSOR_FILE_QUANTIZED, error);
}

/**
 * lfb_tensor_file_load_bytes:
 * @bytes: the contents of a tensor file
 * @error: where to put an error
 *
 * As [func@Lfb.TensorFile.load], from memory. The tensors share @bytes.
 *
 * Returns: (transfer full): the tensor file
 *
 * Since: 1.0
 */
LfbTensorFile *
lfb_tensor_file_load_bytes (GBytes  *bytes,
                            GError **error)
{
  g_return_val_if_fail (bytes != NULL, NULL);

  return _lfb_tensor_file_parse (bytes, LFB_TENSOR_FILE_QUANTIZED, error);
}

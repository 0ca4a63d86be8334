/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Lays out a tensor file (model-format): which tensors are stored under which
 * names, where their bytes go, and the header that says so.
 *
 * The header lists the tensors in their order; the data lies by size of the
 * elements, largest first, so that tensors back to back are all aligned and a
 * reader can use them in place.
 */

#include <lowerfb/model/lfb-tensor-layout-private.h>

#include <lowerfb/core/lfb-error.h>
#include <lowerfb/core/lfb-hash-private.h>

#include <string.h>

static void
piece_clear (gpointer data)
{
  LfbTensorPiece *piece = data;

  g_free (piece->name);
  g_object_unref (piece->tensor);
}

static const char *
get_code (LfbDType dtype)
{
  switch ((int) dtype)
    {
    case LFB_DTYPE_FLOAT64:
      return "F64";
    case LFB_DTYPE_FLOAT32:
      return "F32";
    case LFB_DTYPE_FLOAT16:
      return "F16";
    case LFB_DTYPE_BFLOAT16:
      return "BF16";
    case LFB_DTYPE_INT64:
      return "I64";
    case LFB_DTYPE_INT32:
      return "I32";
    case LFB_DTYPE_INT16:
      return "I16";
    case LFB_DTYPE_INT8:
      return "I8";
    case LFB_DTYPE_UINT8:
      return "U8";
    case LFB_DTYPE_BOOL:
      return "BOOL";
    default:
      g_assert_not_reached (); /* quantized tensors are stored as their integers */
    }
}

static void
add_piece (LfbTensorLayout *self,
           const char      *name,
           LfbTensor       *tensor)
{
  LfbTensorPiece piece = {
    .name = g_strdup (name),
    .tensor = g_object_ref (tensor),
    .element_size = lfb_dtype_get_bits (lfb_tensor_get_dtype (tensor)) / 8,
  };

  g_array_append_val (self->pieces, piece);
  g_hash_table_insert (self->names, piece.name, tensor);
}

static gboolean
has_piece (LfbTensorLayout *self,
           const char      *name,
           LfbTensor       *tensor)
{
  LfbTensor *known = g_hash_table_lookup (self->names, name);

  return known != NULL && lfb_tensor_equal (known, tensor);
}

/* The name under which the scales or zero points of the tensor @owner are
 * stored. They are not added twice, whether two tensors share them or the
 * application has added them itself.
 *
 * Returns: (transfer full): the name
 */
static char *
place_vector (LfbTensorLayout *self,
              LfbTensor       *vector,
              const char      *owner,
              const char      *suffix)
{
  const char *own = lfb_tensor_get_name (vector);
  g_autofree char *base = NULL, *name = NULL;

  if (own != NULL && has_piece (self, own, vector))
    return g_strdup (own);

  base = g_strconcat (owner, suffix, NULL);
  name = g_strdup (base);
  for (guint i = 1; g_hash_table_contains (self->names, name) && !has_piece (self, name, vector); i++)
    {
      g_free (name);
      name = g_strdup_printf ("%s.%u", base, i);
    }
  if (!g_hash_table_contains (self->names, name))
    add_piece (self, name, vector);

  return g_steal_pointer (&name);
}

static void
write_quantized (LfbTensorLayout *self,
                 LfbJsonWriter   *writer,
                 LfbTensor       *tensor)
{
  const char *name = lfb_tensor_get_name (tensor);
  g_autofree char *scales = NULL, *zero_points = NULL;

  if (lfb_tensor_is_per_channel (tensor))
    {
      scales = place_vector (self, lfb_tensor_get_scales (tensor), name, ".scale");
      zero_points = place_vector (self, lfb_tensor_get_zero_points (tensor), name, ".zero_point");
    }

  _lfb_json_writer_name (writer, name);
  _lfb_json_writer_begin (writer, '{');
  _lfb_qparams_write (writer, tensor, scales, zero_points);
  if (_lfb_qparams_need_shape (tensor))
    {
      _lfb_json_writer_name (writer, "shape");
      _lfb_shape_write (writer, tensor);
    }
  _lfb_json_writer_end (writer, '}');
}

/* The entry of the metadata that tells the quantized tensors, or NULL if there
 * are none; adds the tensors that it refers to.
 */
static char *
make_qparams (LfbTensorLayout *self,
              LfbTensorFile   *file)
{
  LfbJsonWriter writer;
  gboolean any = FALSE;
  g_autofree char *text = NULL;

  _lfb_json_writer_init (&writer, FALSE);
  _lfb_json_writer_begin (&writer, '{');
  for (guint i = 0; i < file->tensors->len; i++)
    {
      LfbTensor *tensor = g_ptr_array_index (file->tensors, i);

      if (!lfb_tensor_is_quantized (tensor))
        continue;
      write_quantized (self, &writer, tensor);
      any = TRUE;
    }
  _lfb_json_writer_end (&writer, '}');
  text = _lfb_json_writer_finish (&writer, NULL);

  return any ? g_steal_pointer (&text) : NULL;
}

/* Gives every tensor its place in the data. */
static gboolean
place_data (LfbTensorLayout  *self,
            GError          **error)
{
  for (gsize size = 8; size > 0; size /= 2)
    {
      for (guint i = 0; i < self->pieces->len; i++)
        {
          LfbTensorPiece *piece = &g_array_index (self->pieces, LfbTensorPiece, i);
          gsize n_bytes;

          if (piece->element_size != size)
            continue;
          lfb_tensor_get_data (piece->tensor, &n_bytes);
          piece->begin = self->data_size;
          if (!g_size_checked_add (&self->data_size, self->data_size, n_bytes) ||
              self->data_size > G_MAXINT64)
            {
              g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                           "tensor `%s`: the data of the file gets larger than 2⁶³ bytes", piece->name);
              return FALSE;
            }
          piece->end = self->data_size;
          g_ptr_array_add (self->order, piece);
        }
    }

  return TRUE;
}

static void
write_metadata (LfbJsonWriter *writer,
                LfbTensorFile *file,
                const char    *qparams)
{
  if (file->keys->len == 0 && qparams == NULL)
    return;

  _lfb_json_writer_name (writer, LFB_TENSOR_FILE_METADATA);
  _lfb_json_writer_begin (writer, '{');
  for (guint i = 0; i < file->keys->len; i++)
    {
      const char *key = g_ptr_array_index (file->keys, i);

      if (qparams != NULL && g_str_equal (key, LFB_TENSOR_FILE_QPARAMS))
        continue;
      _lfb_json_writer_name (writer, key);
      _lfb_json_writer_string (writer, g_hash_table_lookup (file->metadata, key));
    }
  if (qparams != NULL)
    {
      _lfb_json_writer_name (writer, LFB_TENSOR_FILE_QPARAMS);
      _lfb_json_writer_string (writer, qparams);
    }
  _lfb_json_writer_end (writer, '}');
}

static void
write_piece (LfbJsonWriter        *writer,
             const LfbTensorPiece *piece)
{
  _lfb_json_writer_name (writer, piece->name);
  _lfb_json_writer_begin (writer, '{');
  _lfb_json_writer_name (writer, "dtype");
  _lfb_json_writer_string (writer, get_code (lfb_tensor_get_dtype (piece->tensor)));
  _lfb_json_writer_name (writer, "shape");
  _lfb_shape_write (writer, piece->tensor);
  _lfb_json_writer_name (writer, "data_offsets");
  _lfb_json_writer_begin (writer, '[');
  _lfb_json_writer_integer (writer, piece->begin);
  _lfb_json_writer_integer (writer, piece->end);
  _lfb_json_writer_end (writer, ']');
  _lfb_json_writer_end (writer, '}');
}

static gboolean
make_header (LfbTensorLayout  *self,
             LfbTensorFile    *file,
             const char       *qparams,
             GError          **error)
{
  LfbJsonWriter writer;

  _lfb_json_writer_init (&writer, FALSE);
  _lfb_json_writer_begin (&writer, '{');
  write_metadata (&writer, file, qparams);
  for (guint i = 0; i < self->pieces->len; i++)
    write_piece (&writer, &g_array_index (self->pieces, LfbTensorPiece, i));
  _lfb_json_writer_end (&writer, '}');

  /* It stands behind the eight bytes of its length. */
  while ((writer.text->len + sizeof (guint64)) % LFB_TENSOR_FILE_ALIGNMENT != 0)
    g_string_append_c (writer.text, ' ');
  self->header = _lfb_json_writer_finish (&writer, &self->header_size);

  if (self->header_size > LFB_TENSOR_FILE_MAX_HEADER)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                   "the header gets %" G_GSIZE_FORMAT " bytes long, where %d are allowed",
                   self->header_size, LFB_TENSOR_FILE_MAX_HEADER);
      return FALSE;
    }

  return TRUE;
}

/* Lays out @file. The layout is to be cleared also when this fails. */
gboolean
_lfb_tensor_layout_init (LfbTensorLayout  *self,
                         LfbTensorFile    *file,
                         GError          **error)
{
  g_autofree char *qparams = NULL;

  *self = (LfbTensorLayout) {
    .pieces = g_array_new (FALSE, FALSE, sizeof (LfbTensorPiece)),
    .order = g_ptr_array_new (),
    .names = g_hash_table_new (_lfb_str_hash, g_str_equal),
  };
  g_array_set_clear_func (self->pieces, piece_clear);

  for (guint i = 0; i < file->tensors->len; i++)
    {
      LfbTensor *tensor = g_ptr_array_index (file->tensors, i);
      LfbTensor *integers = lfb_tensor_get_integers (tensor);

      add_piece (self, lfb_tensor_get_name (tensor), integers != NULL ? integers : tensor);
    }

  qparams = make_qparams (self, file);
  return place_data (self, error) && make_header (self, file, qparams, error);
}

void
_lfb_tensor_layout_clear (LfbTensorLayout *self)
{
  g_clear_pointer (&self->names, g_hash_table_unref);
  g_clear_pointer (&self->order, g_ptr_array_unref);
  g_clear_pointer (&self->pieces, g_array_unref);
  g_clear_pointer (&self->header, g_free);
}

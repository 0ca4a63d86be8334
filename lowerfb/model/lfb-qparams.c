/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How a quantized tensor is written in JSON (model-format, VALUE; api,
 * "Command"): {"dtype", "qscheme", "scale", "zero_point", "axis"}, where scale
 * and zero point are numbers, or {"tensor": name} per channel. Types of less
 * than a byte need a shape beside it, since the integers are packed bytes.
 */

#include <lowerfb/model/lfb-tensor-file-private.h>

#include <lowerfb/core/lfb-error.h>

#include <string.h>

gboolean
_lfb_shape_read (const LfbJson  *json,
                 gint64         *shape,
                 gsize          *n_dims,
                 GError        **error)
{
  if (json == NULL || json->type != LFB_JSON_ARRAY)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT, "expected an array as shape, not %s",
                   json == NULL ? "nothing" : _lfb_json_describe (json));
      return FALSE;
    }
  if (json->n_items > LFB_TENSOR_MAX_DIMS)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "a shape of %u dimensions, where the most is %d", json->n_items, LFB_TENSOR_MAX_DIMS);
      return FALSE;
    }

  for (guint i = 0; i < json->n_items; i++)
    {
      if (json->items[i].type != LFB_JSON_INT)
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT,
                       "dimension %u of the shape is %s, not an integer", i,
                       _lfb_json_describe (&json->items[i]));
          return FALSE;
        }
      if (json->items[i].integer < 0)
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                       "dimension %u of the shape is negative: %" G_GINT64_FORMAT, i,
                       json->items[i].integer);
          return FALSE;
        }
      shape[i] = json->items[i].integer;
    }

  *n_dims = json->n_items;
  return TRUE;
}

void
_lfb_shape_write (LfbJsonWriter *writer,
                  LfbTensor     *tensor)
{
  gsize n_dims;
  const gint64 *shape = lfb_tensor_get_shape (tensor, &n_dims);

  _lfb_json_writer_begin (writer, '[');
  for (gsize i = 0; i < n_dims; i++)
    _lfb_json_writer_integer (writer, shape[i]);
  _lfb_json_writer_end (writer, ']');
}

static gboolean
fail_member (const LfbJson  *json,
             const char     *name,
             const char     *expected,
             GError        **error)
{
  g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT, "qparams: `%s` is %s, not %s", name,
               json == NULL ? "missing" : _lfb_json_describe (json), expected);
  return FALSE;
}

static gboolean
check_members (const LfbJson  *json,
               GError        **error)
{
  static const char * const known[] = { "dtype", "qscheme", "scale", "zero_point", "axis", "shape", NULL };

  if (json->type != LFB_JSON_OBJECT)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT, "qparams are %s, not an object",
                   _lfb_json_describe (json));
      return FALSE;
    }

  for (guint i = 0; i < json->n_items; i++)
    {
      if (!g_strv_contains (known, json->members[i].name))
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT, "qparams: the name `%s` is unknown",
                       json->members[i].name);
          return FALSE;
        }
    }

  return TRUE;
}

static gboolean
read_types (const LfbJson  *json,
            LfbQParams     *qparams,
            GError        **error)
{
  const LfbJson *dtype = _lfb_json_lookup (json, "dtype");
  const LfbJson *qscheme = _lfb_json_lookup (json, "qscheme");

  if (dtype == NULL || dtype->type != LFB_JSON_STRING)
    return fail_member (dtype, "dtype", "the name of a type", error);
  if (qscheme == NULL || qscheme->type != LFB_JSON_STRING)
    return fail_member (qscheme, "qscheme", "the name of a scheme", error);

  if (!lfb_dtype_from_string (dtype->text, &qparams->dtype) || !lfb_dtype_is_quantized (qparams->dtype))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE,
                   "qparams: `%.100s` is not a quantized type: quint8, qint8, qint32, quint4x2 or quint2x4",
                   dtype->text);
      return FALSE;
    }
  if (!lfb_qscheme_from_string (qscheme->text, &qparams->qscheme))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT, "qparams: the scheme `%.100s` is unknown",
                   qscheme->text);
      return FALSE;
    }

  return TRUE;
}

static gboolean
read_per_tensor (const LfbJson  *json,
                 LfbQParams     *qparams,
                 GError        **error)
{
  const LfbJson *scale = _lfb_json_lookup (json, "scale");
  const LfbJson *zero_point = _lfb_json_lookup (json, "zero_point");
  const LfbJson *axis = _lfb_json_lookup (json, "axis");

  if (scale != NULL && scale->type == LFB_JSON_DOUBLE)
    qparams->scale = scale->number;
  else if (scale != NULL && scale->type == LFB_JSON_INT)
    qparams->scale = (double) scale->integer;
  else
    return fail_member (scale, "scale", "a number", error);

  if (zero_point == NULL || zero_point->type != LFB_JSON_INT)
    return fail_member (zero_point, "zero_point", "an integer", error);
  qparams->zero_point = zero_point->integer;

  if (axis != NULL && axis->type != LFB_JSON_NULL)
    return fail_member (axis, "axis", "absent, as one scale for all asks for", error);
  return TRUE;
}

/* A {"tensor": name} of a tensor that the file has. */
static gboolean
read_vector (const LfbJson        *json,
             const char           *name,
             LfbTensorLookupFunc   lookup,
             gpointer              user_data,
             LfbTensor           **tensor,
             GError              **error)
{
  const LfbJson *member = _lfb_json_lookup (json, name);

  if (member == NULL || member->type != LFB_JSON_OBJECT || member->n_items != 1 ||
      strcmp (member->members[0].name, "tensor") != 0 ||
      member->members[0].value.type != LFB_JSON_STRING)
    return fail_member (member, name, "{\"tensor\": name}, as a scheme per channel asks for", error);

  *tensor = lookup (member->members[0].value.text, user_data);
  if (*tensor == NULL)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_NOT_FOUND, "qparams: `%s` is the tensor `%.200s`, "
                   "which the file does not have", name, member->members[0].value.text);
      return FALSE;
    }

  return TRUE;
}

static gboolean
read_per_channel (const LfbJson        *json,
                  LfbTensorLookupFunc   lookup,
                  gpointer              user_data,
                  LfbQParams           *qparams,
                  GError              **error)
{
  const LfbJson *axis = _lfb_json_lookup (json, "axis");

  if (axis == NULL || axis->type != LFB_JSON_INT)
    return fail_member (axis, "axis", "an integer", error);
  qparams->axis = axis->integer;

  return read_vector (json, "scale", lookup, user_data, &qparams->scales, error) &&
         read_vector (json, "zero_point", lookup, user_data, &qparams->zero_points, error);
}

/* Makes the quantized tensor that @json describes of @integers. @shape stands
 * beside the parameters in a value, and may stand among them otherwise.
 *
 * Returns: (transfer full): a tensor that goes by the name of @integers
 */
LfbTensor *
_lfb_qparams_read (const LfbJson        *json,
                   const LfbJson        *shape,
                   LfbTensor            *integers,
                   LfbTensorLookupFunc   lookup,
                   gpointer              user_data,
                   GError              **error)
{
  g_autoptr (LfbTensor) tensor = NULL;
  LfbQParams qparams = { 0 };
  gint64 dims[LFB_TENSOR_MAX_DIMS];
  gsize n_dims = 0;

  if (!check_members (json, error) || !read_types (json, &qparams, error))
    return NULL;
  if (shape == NULL)
    shape = _lfb_json_lookup (json, "shape");
  if (shape != NULL && !_lfb_shape_read (shape, dims, &n_dims, error))
    return NULL;

  if (qparams.qscheme >= LFB_QSCHEME_PER_CHANNEL_AFFINE
        ? !read_per_channel (json, lookup, user_data, &qparams, error)
        : !read_per_tensor (json, &qparams, error))
    return NULL;

  tensor = lfb_tensor_new_with_qparams (integers, shape != NULL ? dims : NULL, n_dims, &qparams, error);
  if (tensor == NULL)
    return NULL;

  return lfb_tensor_new_named (tensor, lfb_tensor_get_name (integers));
}

/* Whether the integers do not tell the shape: several share a byte, or they
 * were given another shape.
 */
gboolean
_lfb_qparams_need_shape (LfbTensor *tensor)
{
  gsize n_dims, n_stored;
  const gint64 *shape = lfb_tensor_get_shape (tensor, &n_dims);
  const gint64 *stored = lfb_tensor_get_shape (lfb_tensor_get_integers (tensor), &n_stored);

  return lfb_dtype_get_bits (lfb_tensor_get_dtype (tensor)) < 8 || n_dims != n_stored ||
         (n_dims > 0 && memcmp (shape, stored, n_dims * sizeof *shape) != 0);
}

/* The other way round; @scales and @zero_points name the tensors of one that is
 * quantized per channel.
 */
void
_lfb_qparams_write (LfbJsonWriter *writer,
                    LfbTensor     *tensor,
                    const char    *scales,
                    const char    *zero_points)
{
  const char *names[] = { "scale", "zero_point" };
  const char *vectors[] = { scales, zero_points };

  _lfb_json_writer_name (writer, "dtype");
  _lfb_json_writer_string (writer, lfb_dtype_to_string (lfb_tensor_get_dtype (tensor)));
  _lfb_json_writer_name (writer, "qscheme");
  _lfb_json_writer_string (writer, lfb_qscheme_to_string (lfb_tensor_get_qscheme (tensor)));

  if (!lfb_tensor_is_per_channel (tensor))
    {
      _lfb_json_writer_name (writer, "scale");
      _lfb_json_writer_number (writer, lfb_tensor_get_scale (tensor));
      _lfb_json_writer_name (writer, "zero_point");
      _lfb_json_writer_integer (writer, lfb_tensor_get_zero_point (tensor));
      return;
    }

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      _lfb_json_writer_name (writer, names[i]);
      _lfb_json_writer_begin (writer, '{');
      _lfb_json_writer_name (writer, "tensor");
      _lfb_json_writer_string (writer, vectors[i]);
      _lfb_json_writer_end (writer, '}');
    }
  _lfb_json_writer_name (writer, "axis");
  _lfb_json_writer_integer (writer, lfb_tensor_get_axis (tensor));
}

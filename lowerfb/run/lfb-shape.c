/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Shapes, strides, broadcasting, and the checks that operators share. */

#include <lowerfb/run/lfb-array-private.h>

#include <math.h>
#include <string.h>

void
lfb_sizes_copy (gint64       *to,
                const gint64 *from,
                gsize         n_dims)
{
  if (n_dims > 0)
    memcpy (to, from, n_dims * sizeof *to);
}

gboolean
lfb_sizes_equal (const gint64 *a,
                 const gint64 *b,
                 gsize         n_dims)
{
  return n_dims == 0 || memcmp (a, b, n_dims * sizeof *a) == 0;
}

char *
lfb_shape_to_string (const gint64 *shape,
                     gsize         n_dims)
{
  GString *text = g_string_new ("[");

  for (gsize i = 0; i < n_dims; i++)
    g_string_append_printf (text, "%s%" G_GINT64_FORMAT, i > 0 ? ", " : "", shape[i]);
  g_string_append_c (text, ']');

  return g_string_free (text, FALSE);
}

char *
lfb_tensor_describe_shape (LfbTensor *tensor)
{
  gsize n_dims;
  const gint64 *shape = lfb_tensor_get_shape (tensor, &n_dims);

  return lfb_shape_to_string (shape, n_dims);
}

gboolean
lfb_shape_equal (LfbTensor *a,
                 LfbTensor *b)
{
  gsize n_a, n_b;
  const gint64 *shape_a = lfb_tensor_get_shape (a, &n_a);
  const gint64 *shape_b = lfb_tensor_get_shape (b, &n_b);

  return n_a == n_b && lfb_sizes_equal (shape_a, shape_b, n_a);
}

/* As Python counts: -1 is the last. A tensor without dimensions takes 0 and -1. */
gboolean
lfb_check_dim (const char  *name,
               gint64       dim,
               gsize        n_dims,
               gsize       *result,
               GError     **error)
{
  gint64 n = MAX (n_dims, 1);

  if (dim < -n || dim >= n)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                   "argument `%s` is %" G_GINT64_FORMAT ", expected %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
                   name, dim, -n, n - 1);
      return FALSE;
    }
  *result = dim < 0 ? dim + n : dim;

  return TRUE;
}

gboolean
lfb_check_rank (const char  *name,
                LfbTensor   *tensor,
                gsize        min,
                gsize        max,
                GError     **error)
{
  gsize n_dims = lfb_tensor_get_n_dims (tensor);
  g_autofree char *shape = NULL;

  if (n_dims >= min && n_dims <= max)
    return TRUE;

  shape = lfb_tensor_describe_shape (tensor);
  if (min == max)
    g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                 "argument `%s` has the shape %s, expected %" G_GSIZE_FORMAT " dimensions", name, shape, min);
  else
    g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                 "argument `%s` has the shape %s, expected %" G_GSIZE_FORMAT " to %" G_GSIZE_FORMAT " dimensions",
                 name, shape, min, max);

  return FALSE;
}

gboolean
lfb_check_dtype (const char  *name,
                 LfbTensor   *tensor,
                 LfbDType     dtype,
                 GError     **error)
{
  if (lfb_tensor_get_dtype (tensor) == dtype)
    return TRUE;

  g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE, "argument `%s` has the dtype %s, expected %s", name,
               lfb_dtype_to_string (lfb_tensor_get_dtype (tensor)), lfb_dtype_to_string (dtype));

  return FALSE;
}

/* numerics.md: scales finite and positive (also as float32, in which they are
 * used), zero points inside the range of the type.
 */
gboolean
lfb_check_qparams (const char  *scale_name,
                   const char  *zero_point_name,
                   LfbDType     dtype,
                   double       scale,
                   gint64       zero_point,
                   GError     **error)
{
  float used = scale;

  if (!lfb_dtype_is_quantized (dtype))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE, "argument `dtype` is %s, expected a quantized type",
                   lfb_dtype_to_string (dtype));
      return FALSE;
    }
  if (!isfinite (used) || !(used > 0))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                   "argument `%s` is %g, expected a finite positive number", scale_name, scale);
      return FALSE;
    }
  if (zero_point < lfb_dtype_get_min (dtype) || zero_point > lfb_dtype_get_max (dtype))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                   "argument `%s` is %" G_GINT64_FORMAT ", expected %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT " for %s",
                   zero_point_name, zero_point, lfb_dtype_get_min (dtype), lfb_dtype_get_max (dtype),
                   lfb_dtype_to_string (dtype));
      return FALSE;
    }

  return TRUE;
}

gboolean
lfb_check_quantized (const char  *name,
                     LfbTensor   *tensor,
                     GError     **error)
{
  LfbDType dtype = lfb_tensor_get_dtype (tensor);

  if ((dtype == LFB_DTYPE_QUINT8 || dtype == LFB_DTYPE_QINT8) && !lfb_tensor_is_per_channel (tensor))
    return TRUE;

  if (lfb_tensor_is_per_channel (tensor))
    g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE,
                 "argument `%s` is quantized per channel, expected per tensor", name);
  else
    g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE,
                 "argument `%s` has the dtype %s, expected quint8 or qint8", name, lfb_dtype_to_string (dtype));

  return FALSE;
}

gboolean
lfb_check_movable (const char  *name,
                   LfbTensor   *tensor,
                   GError     **error)
{
  if (lfb_tensor_is_per_channel (tensor))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE,
                   "argument `%s` is quantized per channel: its elements cannot move to other places", name);
      return FALSE;
    }
  if (lfb_dtype_size (lfb_tensor_get_dtype (tensor)) == 0)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE,
                   "argument `%s` has the dtype %s, expected one of whole bytes", name,
                   lfb_dtype_to_string (lfb_tensor_get_dtype (tensor)));
      return FALSE;
    }

  return TRUE;
}

/* Row-major strides in elements. */
void
lfb_shape_strides (const gint64 *shape,
                   gsize         n_dims,
                   gint64       *strides)
{
  gint64 stride = 1;

  for (gsize i = n_dims; i-- > 0;)
    {
      strides[i] = stride;
      stride *= MAX (shape[i], 1);
    }
}

/* The shape that two shapes broadcast to, as in PyTorch and numpy. @shape may be
 * one of them.
 */
gboolean
lfb_broadcast_shape (const gint64  *a,
                     gsize          n_a,
                     const gint64  *b,
                     gsize          n_b,
                     gint64        *shape,
                     gsize         *n_dims,
                     GError       **error)
{
  gint64 result[LFB_TENSOR_MAX_DIMS];
  gsize n = MAX (n_a, n_b);

  for (gsize i = 0; i < n; i++)
    {
      gint64 da = i < n - n_a ? 1 : a[i - (n - n_a)];
      gint64 db = i < n - n_b ? 1 : b[i - (n - n_b)];

      if (da != db && da != 1 && db != 1)
        {
          g_autofree char *text_a = lfb_shape_to_string (a, n_a);
          g_autofree char *text_b = lfb_shape_to_string (b, n_b);

          g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                       "the shapes %s and %s do not broadcast: dimensions must be equal or 1", text_a, text_b);
          return FALSE;
        }
      result[i] = da == 1 ? db : da;
    }
  lfb_sizes_copy (shape, result, n);
  *n_dims = n;

  return TRUE;
}

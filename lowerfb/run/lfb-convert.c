/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Elements as numbers of another type. Floats become integers as torch's C
 * does on values that fit: truncated; what does not fit, or is NaN, is defined
 * here (wrapped from 64 bits, which x86 does, and 0) rather than undefined.
 */

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-half-private.h>

#include <math.h>

static gint64
truncate_double (double value)
{
  if (isnan (value))
    return 0;
  if (value >= 9223372036854775808.0)
    return G_MAXINT64;
  if (value < -9223372036854775808.0)
    return G_MININT64;

  return value;
}

double
lfb_tensor_read_double (LfbTensor *tensor,
                        gsize      index)
{
  gconstpointer data = lfb_tensor_get_data (tensor, NULL);

  switch (lfb_tensor_get_dtype (tensor))
    {
    case LFB_DTYPE_FLOAT32:
      return ((const float *) data)[index];
    case LFB_DTYPE_FLOAT64:
      return ((const double *) data)[index];
    case LFB_DTYPE_FLOAT16:
      return lfb_half_to_float (((const guint16 *) data)[index]);
    case LFB_DTYPE_BFLOAT16:
      return lfb_bfloat_to_float (((const guint16 *) data)[index]);
    default:
      return lfb_tensor_read_int (tensor, index);
    }
}

/* Of a quantized tensor, the integer that is stored. */
gint64
lfb_tensor_read_int (LfbTensor *tensor,
                     gsize      index)
{
  gconstpointer data = lfb_tensor_get_data (tensor, NULL);

  switch (lfb_tensor_get_dtype (tensor))
    {
    case LFB_DTYPE_QUINT8:
    case LFB_DTYPE_UINT8:
    case LFB_DTYPE_BOOL:
      return ((const guint8 *) data)[index];
    case LFB_DTYPE_QINT8:
    case LFB_DTYPE_INT8:
      return ((const gint8 *) data)[index];
    case LFB_DTYPE_INT16:
      return ((const gint16 *) data)[index];
    case LFB_DTYPE_QINT32:
    case LFB_DTYPE_INT32:
      return ((const gint32 *) data)[index];
    case LFB_DTYPE_INT64:
      return ((const gint64 *) data)[index];
    case LFB_DTYPE_QUINT4X2:
      return ((const guint8 *) data)[index / 2] >> index % 2 * 4 & 15;
    case LFB_DTYPE_QUINT2X4:
      return ((const guint8 *) data)[index / 4] >> index % 4 * 2 & 3;
    default:
      return truncate_double (lfb_tensor_read_double (tensor, index));
    }
}

#define STORE_ALL(type, expression) \
  do \
    { \
      type *to = array.data; \
      for (gsize i = 0; i < array.n_elements; i++) \
        to[i] = (expression); \
    } \
  while (0)

#define AS_DOUBLE lfb_tensor_read_double (source, i)
#define AS_INT    lfb_tensor_read_int (source, i)

LfbTensor *
lfb_tensor_convert (LfbTensor  *tensor,
                    LfbDType    dtype,
                    GError    **error)
{
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  g_autoptr (LfbTensor) source = NULL;

  if (lfb_tensor_get_dtype (tensor) == dtype)
    return g_object_ref (tensor);
  if (lfb_dtype_is_quantized (dtype))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE,
                   "a conversion to %s needs a scale and a zero point", lfb_dtype_to_string (dtype));
      return NULL;
    }

  source = lfb_tensor_is_quantized (tensor) ? lfb_tensor_dequantize (tensor, error) : g_object_ref (tensor);
  if (source == NULL || !lfb_array_init_like (&array, dtype, source, error))
    return NULL;

  switch (dtype)
    {
    case LFB_DTYPE_FLOAT32:
      STORE_ALL (float, AS_DOUBLE);
      break;
    case LFB_DTYPE_FLOAT64:
      STORE_ALL (double, AS_DOUBLE);
      break;
    case LFB_DTYPE_FLOAT16:
      STORE_ALL (guint16, lfb_float_to_half (AS_DOUBLE));
      break;
    case LFB_DTYPE_BFLOAT16:
      STORE_ALL (guint16, lfb_float_to_bfloat (AS_DOUBLE));
      break;
    case LFB_DTYPE_BOOL:
      STORE_ALL (guint8, AS_DOUBLE != 0);
      break;
    case LFB_DTYPE_UINT8:
      STORE_ALL (guint8, AS_INT);
      break;
    case LFB_DTYPE_INT8:
      STORE_ALL (gint8, AS_INT);
      break;
    case LFB_DTYPE_INT16:
      STORE_ALL (gint16, AS_INT);
      break;
    case LFB_DTYPE_INT32:
      STORE_ALL (gint32, AS_INT);
      break;
    case LFB_DTYPE_INT64:
      STORE_ALL (gint64, AS_INT);
      break;
    default:
      g_assert_not_reached ();
    }

  return lfb_array_seal (&array, error);
}

LfbTensor *
lfb_tensor_as_float (const char  *name,
                     LfbTensor   *tensor,
                     GError     **error)
{
  LfbTensor *converted;

  if (lfb_tensor_is_quantized (tensor))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE,
                   "argument `%s` is quantized (%s), expected floats", name,
                   lfb_dtype_to_string (lfb_tensor_get_dtype (tensor)));
      return NULL;
    }
  converted = lfb_tensor_convert (tensor, LFB_DTYPE_FLOAT32, error);
  if (converted == NULL)
    g_prefix_error (error, "argument `%s`: ", name);

  return converted;
}

/* The elements of a float32 tensor. */
const float *
lfb_tensor_floats (LfbTensor *tensor)
{
  g_assert (lfb_tensor_get_dtype (tensor) == LFB_DTYPE_FLOAT32);

  return lfb_tensor_get_data (tensor, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Single numbers out of tensors; see lfb-tensor-numbers-private.h. */

#include <lowerfb/core/lfb-tensor-numbers-private.h>

static gboolean
is_integer_type (LfbDType dtype)
{
  return dtype >= LFB_DTYPE_UINT8 && dtype <= LFB_DTYPE_INT64;
}

/* One element of a tensor of integers. */
gint64
_lfb_tensor_integer_at (LfbTensor *self,
                        gint64     index)
{
  gconstpointer data = lfb_tensor_get_data (self, NULL);

  switch ((int) lfb_tensor_get_dtype (self))
    {
    case LFB_DTYPE_INT64:
      return ((const gint64 *) data)[index];
    case LFB_DTYPE_INT32:
      return ((const gint32 *) data)[index];
    case LFB_DTYPE_INT16:
      return ((const gint16 *) data)[index];
    case LFB_DTYPE_INT8:
      return ((const gint8 *) data)[index];
    case LFB_DTYPE_UINT8:
      return ((const guint8 *) data)[index];
    default:
      g_return_val_if_reached (0);
    }
}

/* One element of a tensor of integers, or of 32- or 64-bit floats. */
double
_lfb_tensor_number_at (LfbTensor *self,
                       gint64     index)
{
  switch ((int) lfb_tensor_get_dtype (self))
    {
    case LFB_DTYPE_FLOAT32:
      return ((const float *) lfb_tensor_get_data (self, NULL))[index];
    case LFB_DTYPE_FLOAT64:
      return ((const double *) lfb_tensor_get_data (self, NULL))[index];
    default:
      return _lfb_tensor_integer_at (self, index);
    }
}

#define COPY(type) \
  G_STMT_START { \
    const type *elements = data; \
    for (gint64 i = 0; i < n; i++) \
      numbers[i] = elements[i]; \
  } G_STMT_END

/* All elements of a tensor of integers, or of 32- or 64-bit floats; the caller
 * frees them.
 */
double *
_lfb_tensor_dup_numbers (LfbTensor *self)
{
  gint64 n = lfb_tensor_get_n_elements (self);
  gconstpointer data = lfb_tensor_get_data (self, NULL);
  double *numbers = g_new (double, n);

  switch ((int) lfb_tensor_get_dtype (self))
    {
    case LFB_DTYPE_FLOAT32:
      COPY (float);
      break;
    case LFB_DTYPE_INT64:
      COPY (gint64);
      break;
    default:
      for (gint64 i = 0; i < n; i++)
        numbers[i] = _lfb_tensor_number_at (self, i);
      break;
    }

  return numbers;
}

/* The one integer that a tensor holds, whatever its shape. */
gboolean
_lfb_tensor_read_integer (LfbTensor *self,
                          gint64    *integer)
{
  if (lfb_tensor_get_n_elements (self) != 1 || !is_integer_type (lfb_tensor_get_dtype (self)))
    return FALSE;

  *integer = _lfb_tensor_integer_at (self, 0);
  return TRUE;
}

/* The one number that a tensor holds, whatever its shape. */
gboolean
_lfb_tensor_read_number (LfbTensor *self,
                         double    *number)
{
  LfbDType dtype = lfb_tensor_get_dtype (self);

  if (lfb_tensor_get_n_elements (self) != 1 ||
      (!is_integer_type (dtype) && dtype != LFB_DTYPE_FLOAT32 && dtype != LFB_DTYPE_FLOAT64))
    return FALSE;

  *number = _lfb_tensor_number_at (self, 0);
  return TRUE;
}

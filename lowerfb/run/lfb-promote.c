/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Types of mixed operands, by torch's rule: a tensor with dimensions decides,
 * then one without, then a number, unless the weaker one is of a higher kind
 * (bool, integer, float).
 */

#include <lowerfb/run/lfb-elementwise-private.h>

#include <string.h>

static int
kind_of (LfbDType dtype)
{
  if (dtype == LFB_DTYPE_BOOL)
    return 0;

  return lfb_dtype_is_floating_point (dtype) ? 2 : 1;
}

/* Of two types of equal standing. */
static LfbDType
join (LfbDType a,
      LfbDType b)
{
  if (a == b)
    return a;
  if (kind_of (a) != kind_of (b))
    return kind_of (a) > kind_of (b) ? a : b;
  if (kind_of (a) == 2)
    {
      if (a == LFB_DTYPE_FLOAT64 || b == LFB_DTYPE_FLOAT64)
        return LFB_DTYPE_FLOAT64;
      return LFB_DTYPE_FLOAT32;
    }
  if (MAX (a, b) == LFB_DTYPE_INT8)   /* with uint8, the only one before it */
    return LFB_DTYPE_INT16;

  return MAX (a, b);
}

/* @priority: 0 for a tensor with dimensions, 1 without, 2 for a number. */
gboolean
lfb_promote (const char  *name,
             LfbValue    *value,
             LfbDType    *dtype,
             int         *priority,
             GError     **error)
{
  g_autofree char *found = NULL;

  switch (lfb_value_get_kind (value))
    {
    case LFB_VALUE_KIND_TENSOR:
      *dtype = lfb_tensor_get_dtype (lfb_value_get_tensor (value));
      *priority = lfb_tensor_get_n_dims (lfb_value_get_tensor (value)) > 0 ? 0 : 1;
      if (!lfb_dtype_is_quantized (*dtype))
        return TRUE;
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE,
                   "argument `%s` is quantized (%s), expected floats or plain integers", name,
                   lfb_dtype_to_string (*dtype));
      return FALSE;

    case LFB_VALUE_KIND_BOOL:
      *dtype = LFB_DTYPE_BOOL;
      *priority = 2;
      return TRUE;

    case LFB_VALUE_KIND_INT:
      *dtype = LFB_DTYPE_INT64;
      *priority = 2;
      return TRUE;

    case LFB_VALUE_KIND_DOUBLE:
      *dtype = LFB_DTYPE_FLOAT32;
      *priority = 2;
      return TRUE;

    default:
      found = lfb_value_describe (value);
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                   "argument `%s` is %s, expected a tensor or a number", name, found);
      return FALSE;
    }
}

LfbDType
lfb_promote_types (LfbDType a,
                   int      a_priority,
                   LfbDType b,
                   int      b_priority)
{
  if (a_priority == b_priority)
    return join (a, b);
  if (a_priority > b_priority)
    return lfb_promote_types (b, b_priority, a, a_priority);

  return kind_of (b) > kind_of (a) ? b : a;
}

LfbTensor *
lfb_value_as_tensor (const char  *name,
                     LfbValue    *value,
                     GError     **error)
{
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  LfbDType dtype;
  int priority;
  gint64 integer;
  double number;

  if (lfb_value_get_kind (value) == LFB_VALUE_KIND_TENSOR)
    return g_object_ref (lfb_value_get_tensor (value));
  if (!lfb_promote (name, value, &dtype, &priority, error))
    return NULL;

  /* Floats keep the precision that Python gives them until they are used. */
  if (lfb_value_read_int (value, &integer))
    {
      if (!lfb_array_init (&array, dtype, NULL, 0, error))
        return NULL;
      if (dtype == LFB_DTYPE_BOOL)
        *(guint8 *) array.data = integer != 0;
      else
        *(gint64 *) array.data = integer;
    }
  else
    {
      lfb_value_read_double (value, &number);
      if (!lfb_array_init (&array, LFB_DTYPE_FLOAT64, NULL, 0, error))
        return NULL;
      *(double *) array.data = number;
    }

  return lfb_array_seal (&array, error);
}

static gboolean
refuse_number (const char  *name,
               double       number,
               LfbDType     type,
               GError     **error)
{
  g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "argument `%s` is %g, which %s cannot hold", name, number,
               lfb_dtype_to_string (type));

  return FALSE;
}

gboolean
lfb_check_fits (const char  *name,
                LfbValue    *value,
                LfbDType     type,
                GError     **error)
{
  gint64 number, least = lfb_dtype_get_min (type);
  double real;

  if (type == LFB_DTYPE_BOOL || lfb_value_get_kind (value) == LFB_VALUE_KIND_TENSOR)
    return TRUE;
  if (lfb_dtype_is_floating_point (type))
    {
      double most = type == LFB_DTYPE_FLOAT16 ? 65504 : type == LFB_DTYPE_BFLOAT16 ? 0x1.fep127 : INFINITY;

      return !lfb_value_read_double (value, &real) || !isfinite (real) || fabs (real) <= most ||
             refuse_number (name, real, type, error);
    }
  if (lfb_value_get_kind (value) == LFB_VALUE_KIND_DOUBLE)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument `%s` is a float beside %s, expected an int", name,
                   lfb_dtype_to_string (type));
      return FALSE;
    }
  if (type == LFB_DTYPE_UINT8)
    least = -lfb_dtype_get_max (type);

  return !lfb_value_read_int (value, &number) || (number >= least && number <= lfb_dtype_get_max (type)) ||
         refuse_number (name, number, type, error);
}

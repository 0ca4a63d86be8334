/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Types of mixed operands, by torch's rule: a tensor with dimensions decides,
 * then one without, then a number, unless the weaker one is of a higher kind
 * (bool, integer, float).
 */

#include <lowerfb/run/lfb-elementwise-private.h>
#include <lowerfb/run/lfb-half-private.h>

#include <float.h>
#include <math.h>
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

/* Where torch converts a number to @type with a check. */
gboolean
lfb_check_converts (const char  *name,
                    LfbValue    *value,
                    LfbDType     type,
                    GError     **error)
{
  gint64 number, least = lfb_dtype_get_min (type);
  double real;

  if (type == LFB_DTYPE_BOOL)
    return TRUE;
  if (lfb_dtype_is_floating_point (type))
    {
      double most = type == LFB_DTYPE_FLOAT16 ? 65504 : type == LFB_DTYPE_BFLOAT16 ? 0x1.fep127 :
                    type == LFB_DTYPE_FLOAT32 ? FLT_MAX : INFINITY;

      return !lfb_value_read_double (value, &real) || !isfinite (real) || fabs (real) <= most ||
             refuse_number (name, real, type, error);
    }
  if (lfb_value_read_int (value, &number))
    {
      if (type == LFB_DTYPE_UINT8)
        least = -lfb_dtype_get_max (type);
      return (number >= least && number <= lfb_dtype_get_max (type)) || refuse_number (name, number, type, error);
    }

  /* 2^63 is the double next to the largest int64. */
  return !lfb_value_read_double (value, &real) ||
         (real >= least && real <= (double) lfb_dtype_get_max (type) && real < 0x1p63) ||
         refuse_number (name, real, type, error);
}

void
lfb_store_double (double    number,
                  LfbDType  type,
                  gpointer  element)
{
  switch (type)
    {
    case LFB_DTYPE_FLOAT64:
      *(double *) element = number;
      break;
    case LFB_DTYPE_FLOAT32:
      *(float *) element = number;
      break;
    case LFB_DTYPE_FLOAT16:
      *(guint16 *) element = lfb_float_to_half (number);
      break;
    default:
      *(guint16 *) element = lfb_float_to_bfloat (number);
      break;
    }
}

static void
store_int (gint64    number,
           LfbDType  type,
           gpointer  element)
{
  switch (lfb_dtype_size (type))
    {
    case 8:
      *(gint64 *) element = number;
      break;
    case 4:
      *(gint32 *) element = number;
      break;
    case 2:
      *(gint16 *) element = number;
      break;
    default:
      *(guint8 *) element = number;
      break;
    }
}

gboolean
lfb_make_element (const char  *name,
                  LfbValue    *value,
                  LfbDType     type,
                  gpointer     element,
                  GError     **error)
{
  gint64 integer = 0;
  double number = 0;

  if (!lfb_value_read_double (value, &number))
    {
      g_autofree char *found = lfb_value_describe (value);

      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument `%s` is %s, expected a number", name, found);
      return FALSE;
    }
  if (!lfb_check_converts (name, value, type, error))
    return FALSE;

  if (type == LFB_DTYPE_BOOL)
    *(guint8 *) element = number != 0;
  else if (lfb_dtype_is_floating_point (type))
    lfb_store_double (number, type, element);
  else
    store_int (lfb_value_read_int (value, &integer) ? integer : (gint64) number, type, element);

  return TRUE;
}

gboolean
lfb_read_number_as (const char  *name,
                    LfbValue    *value,
                    LfbDType     type,
                    double      *number,
                    GError     **error)
{
  guint64 element;

  if (!lfb_make_element (name, value, type, &element, error))
    return FALSE;
  lfb_value_read_double (value, number);
  if (type == LFB_DTYPE_UINT8)
    *number = *(guint8 *) &element;
  else if (!lfb_dtype_is_floating_point (type))
    *number = trunc (*number);

  return TRUE;
}

gboolean
lfb_check_fits (const char  *name,
                LfbValue    *value,
                LfbDType     type,
                GError     **error)
{
  if (lfb_value_get_kind (value) == LFB_VALUE_KIND_TENSOR)
    return TRUE;
  if (lfb_value_get_kind (value) == LFB_VALUE_KIND_DOUBLE && !lfb_dtype_is_floating_point (type))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument `%s` is a float beside %s, expected an int", name,
                   lfb_dtype_to_string (type));
      return FALSE;
    }

  return lfb_check_converts (name, value, type, error);
}

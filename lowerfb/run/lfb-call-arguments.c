/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Readers of a call's arguments; see lfb-call-private.h. Python's own freedoms
 * are kept: True is an int, an int is a float, a tensor of one element is a
 * number, one int stands for a sequence of equal ones.
 */

#include <lowerfb/run/lfb-call-private.h>
#include <lowerfb/run/lfb-array-private.h>

#include <math.h>

gboolean
lfb_call_has (LfbCall    *call,
              const char *name)
{
  return lfb_operator_parameter (call->info, name) >= 0;
}

/* The argument for a parameter; %NULL if the operator has no such parameter. */
LfbValue *
lfb_call_get (LfbCall    *call,
              const char *name)
{
  gssize index = lfb_operator_parameter (call->info, name);

  return index < 0 ? NULL : call->values[index];
}

/* What the operator's prepare function makes of the constant arguments: made
 * ahead by the session, or now, and then kept until the call is over.
 */
gpointer
lfb_call_state (LfbCall  *call,
                GError  **error)
{
  if (call->state == NULL && call->own_state == NULL)
    call->own_state = call->info->row->prepare (call, error);

  return call->state != NULL ? call->state : call->own_state;
}

/* A few words on a value, for messages. */
char *
lfb_value_describe (LfbValue *value)
{
  static const char * const kinds[] = {
    "None", "a bool", "an int", "a float", "text", "a dtype", "a qscheme", "a memory format", "a device",
    "a type", "an ellipsis", "a node", "a tensor", "a list", "a tuple", "a dict", "a slice", "a packed weight",
  };
  LfbValueKind kind = lfb_value_get_kind (value);

  switch (kind)
    {
    case LFB_VALUE_KIND_BOOL:
    case LFB_VALUE_KIND_INT:
    case LFB_VALUE_KIND_DOUBLE:
    case LFB_VALUE_KIND_STRING:
    case LFB_VALUE_KIND_DTYPE:
      {
        g_autofree char *text = lfb_value_to_string (value);

        return g_strdup_printf ("%s (%.60s)", kinds[kind], text);
      }
    case LFB_VALUE_KIND_TENSOR:
      {
        g_autofree char *shape = lfb_tensor_describe_shape (lfb_value_get_tensor (value));

        return g_strdup_printf ("a %s tensor of shape %s",
                                lfb_dtype_to_string (lfb_tensor_get_dtype (lfb_value_get_tensor (value))), shape);
      }
    default:
      return g_strdup (kinds[kind]);
    }
}

static gboolean
wrong_kind (const char  *name,
            LfbValue    *value,
            const char  *expected,
            GError     **error)
{
  g_autofree char *found = lfb_value_describe (value);

  g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
               "argument `%s` is %s, expected %s", name, found, expected);

  return FALSE;
}

/* Whether the reader is done: nothing to read, or a None that is allowed. */
static gboolean
is_absent (LfbCall    *call,
           const char *name,
           LfbValue  **value)
{
  gssize index = lfb_operator_parameter (call->info, name);
  LfbValue *fallback;

  if (index < 0 || call->values[index] == NULL)
    return TRUE;
  *value = call->values[index];
  fallback = call->info->parameters[index].fallback;

  return lfb_value_is_none (*value) && fallback != NULL && lfb_value_is_none (fallback);
}

LfbTensor *
lfb_call_tensor (LfbCall     *call,
                 const char  *name,
                 GError     **error)
{
  LfbValue *value = lfb_call_get (call, name);

  g_assert (value != NULL);
  if (lfb_value_get_kind (value) != LFB_VALUE_KIND_TENSOR)
    {
      wrong_kind (name, value, "a tensor", error);
      return NULL;
    }

  return lfb_value_get_tensor (value);
}

gboolean
lfb_call_optional_tensor (LfbCall     *call,
                          const char  *name,
                          LfbTensor  **tensor,
                          GError     **error)
{
  LfbValue *value;

  *tensor = NULL;
  if (is_absent (call, name, &value) || lfb_value_is_none (value))
    return TRUE;
  if (lfb_value_get_kind (value) != LFB_VALUE_KIND_TENSOR)
    return wrong_kind (name, value, "a tensor or None", error);
  *tensor = lfb_value_get_tensor (value);

  return TRUE;
}

/* A sequence of tensors. Returns: (transfer container) */
LfbTensor **
lfb_call_tensors (LfbCall     *call,
                  const char  *name,
                  gsize       *n_tensors,
                  GError     **error)
{
  LfbValue *value = lfb_call_get (call, name);
  g_autofree LfbTensor **tensors = NULL;

  if (!lfb_value_is_sequence (value))
    {
      wrong_kind (name, value, "a sequence of tensors", error);
      return NULL;
    }
  *n_tensors = lfb_value_get_n_items (value);
  if (*n_tensors == 0)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                   "argument `%s` is empty, expected at least one tensor", name);
      return NULL;
    }
  tensors = g_new (LfbTensor *, *n_tensors);
  for (gsize i = 0; i < *n_tensors; i++)
    {
      LfbValue *item = lfb_value_get_item (value, i);

      if (lfb_value_get_kind (item) != LFB_VALUE_KIND_TENSOR)
        {
          g_autofree char *where = g_strdup_printf ("%s[%" G_GSIZE_FORMAT "]", name, i);

          wrong_kind (where, item, "a tensor", error);
          return NULL;
        }
      tensors[i] = lfb_value_get_tensor (item);
    }

  return g_steal_pointer (&tensors);
}

static gboolean
is_number_tensor (LfbValue *value)
{
  return lfb_value_get_kind (value) == LFB_VALUE_KIND_TENSOR &&
         lfb_tensor_get_n_elements (lfb_value_get_tensor (value)) == 1 &&
         !lfb_tensor_is_quantized (lfb_value_get_tensor (value));
}

gboolean
lfb_value_read_int (LfbValue *value,
                    gint64   *number)
{
  switch (lfb_value_get_kind (value))
    {
    case LFB_VALUE_KIND_BOOL:
      *number = lfb_value_get_bool (value);
      return TRUE;
    case LFB_VALUE_KIND_INT:
      *number = lfb_value_get_int (value);
      return TRUE;
    case LFB_VALUE_KIND_TENSOR:
      if (!is_number_tensor (value) || lfb_dtype_is_floating_point (lfb_tensor_get_dtype (lfb_value_get_tensor (value))))
        return FALSE;
      *number = lfb_tensor_read_int (lfb_value_get_tensor (value), 0);
      return TRUE;
    default:
      return FALSE;
    }
}

gboolean
lfb_value_read_double (LfbValue *value,
                       double   *number)
{
  gint64 integer;

  if (lfb_value_get_kind (value) == LFB_VALUE_KIND_DOUBLE)
    *number = lfb_value_get_double (value);
  else if (lfb_value_read_int (value, &integer))
    *number = integer;
  else if (is_number_tensor (value))
    *number = lfb_tensor_read_double (lfb_value_get_tensor (value), 0);
  else
    return FALSE;

  return TRUE;
}

gboolean
lfb_call_int (LfbCall     *call,
              const char  *name,
              gint64      *number,
              GError     **error)
{
  LfbValue *value;

  return is_absent (call, name, &value) ||
         lfb_value_read_int (value, number) ||
         wrong_kind (name, value, "an int", error);
}

gboolean
lfb_call_double (LfbCall     *call,
                 const char  *name,
                 double      *number,
                 GError     **error)
{
  LfbValue *value;

  return is_absent (call, name, &value) ||
         lfb_value_read_double (value, number) ||
         wrong_kind (name, value, "a number", error);
}

gboolean
lfb_call_bool (LfbCall     *call,
               const char  *name,
               gboolean    *truth,
               GError     **error)
{
  LfbValue *value;
  gint64 number;

  if (is_absent (call, name, &value))
    return TRUE;
  if (!lfb_value_read_int (value, &number))
    return wrong_kind (name, value, "a bool", error);
  *truth = number != 0;

  return TRUE;
}

gboolean
lfb_call_string (LfbCall     *call,
                 const char  *name,
                 const char **text,
                 GError     **error)
{
  LfbValue *value;

  if (is_absent (call, name, &value))
    return TRUE;
  if (lfb_value_get_kind (value) != LFB_VALUE_KIND_STRING)
    return wrong_kind (name, value, "text", error);
  *text = lfb_value_get_string (value);

  return TRUE;
}

gboolean
lfb_call_dtype (LfbCall     *call,
                const char  *name,
                LfbDType    *dtype,
                GError     **error)
{
  LfbValue *value;

  if (is_absent (call, name, &value))
    return TRUE;
  if (lfb_value_get_kind (value) != LFB_VALUE_KIND_DTYPE)
    return wrong_kind (name, value, "a dtype", error);
  *dtype = lfb_value_get_dtype (value);

  return TRUE;
}

gboolean
lfb_call_ints (LfbCall     *call,
               const char  *name,
               gint64      *numbers,
               gsize        max,
               gsize       *n_numbers,
               GError     **error)
{
  LfbValue *value;

  if (is_absent (call, name, &value))
    return TRUE;
  if (max > 0 && lfb_value_read_int (value, numbers))
    {
      *n_numbers = 1;
      return TRUE;
    }
  if (!lfb_value_is_sequence (value))
    return wrong_kind (name, value, "an int or a sequence of ints", error);
  *n_numbers = lfb_value_get_n_items (value);
  if (*n_numbers > max)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                   "argument `%s` has %" G_GSIZE_FORMAT " ints, expected at most %" G_GSIZE_FORMAT,
                   name, *n_numbers, max);
      return FALSE;
    }
  for (gsize i = 0; i < *n_numbers; i++)
    if (!lfb_value_read_int (lfb_value_get_item (value, i), &numbers[i]))
      {
        g_autofree char *where = g_strdup_printf ("%s[%" G_GSIZE_FORMAT "]", name, i);

        return wrong_kind (where, lfb_value_get_item (value, i), "an int", error);
      }

  return TRUE;
}

gboolean
lfb_call_ints_n (LfbCall     *call,
                 const char  *name,
                 gint64      *numbers,
                 gsize        n,
                 GError     **error)
{
  gint64 read[LFB_TENSOR_MAX_DIMS];
  gsize n_read = 0;

  if (!lfb_call_ints (call, name, read, LFB_TENSOR_MAX_DIMS, &n_read, error))
    return FALSE;
  if (n_read == 0 && (lfb_call_get (call, name) == NULL || lfb_value_is_none (lfb_call_get (call, name))))
    return TRUE;
  if (n_read != n && n_read != 1)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                   "argument `%s` has %" G_GSIZE_FORMAT " ints, expected 1 or %" G_GSIZE_FORMAT,
                   name, n_read, n);
      return FALSE;
    }
  for (gsize i = 0; i < n; i++)
    numbers[i] = read[n_read == 1 ? 0 : i];

  return TRUE;
}

gboolean
lfb_call_dim (LfbCall     *call,
              const char  *name,
              gsize        n_dims,
              gsize       *dim,
              GError     **error)
{
  gint64 number = 0;

  if (!lfb_call_int (call, name, &number, error))
    return FALSE;

  return lfb_check_dim (name, number, n_dims, dim, error);
}

gboolean
lfb_call_qparams (LfbCall     *call,
                  const char  *scale_name,
                  const char  *zero_point_name,
                  LfbDType     dtype,
                  double      *scale,
                  gint64      *zero_point,
                  GError     **error)
{
  if (!lfb_call_double (call, scale_name, scale, error) ||
      !lfb_call_int (call, zero_point_name, zero_point, error))
    return FALSE;

  return lfb_check_qparams (scale_name, zero_point_name, dtype, *scale, *zero_point, error);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The functions and methods that stand between an attribute and the packing of a
 * weight or bias: quantizing it, and what a model does to its shape and values
 * before that. Each family has its file and its table; what is in none of them
 * keeps the weight from being folded, and is run with the model.
 */

#include <lowerfb/lower/lfb-lower-constant-arguments-private.h>

#include <lowerfb/core/lfb-error.h>
#include <lowerfb/core/lfb-tensor-numbers-private.h>

LfbValue *
_lfb_constant_argument (LfbValue  **args,
                        gsize       n_args,
                        LfbValue   *kwargs,
                        gsize       position,
                        const char *name)
{
  return position < n_args ? args[position] : lfb_value_lookup (kwargs, name);
}

LfbTensor *
_lfb_constant_tensor_argument (LfbValue  **args,
                               gsize       n_args,
                               LfbValue   *kwargs,
                               gsize       position,
                               const char *name,
                               GError    **error)
{
  LfbValue *value = _lfb_constant_argument (args, n_args, kwargs, position, name);
  LfbTensor *tensor = value != NULL ? lfb_value_get_tensor (value) : NULL;

  if (tensor == NULL)
    g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument %s is not a tensor", name);
  return tensor;
}

gboolean
_lfb_constant_dtype_argument (LfbValue  **args,
                              gsize       n_args,
                              LfbValue   *kwargs,
                              gsize       position,
                              LfbDType   *dtype,
                              GError    **error)
{
  LfbValue *value = _lfb_constant_argument (args, n_args, kwargs, position, "dtype");

  if (value == NULL || lfb_value_get_kind (value) != LFB_VALUE_KIND_DTYPE)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument dtype is not an element type");
      return FALSE;
    }

  *dtype = lfb_value_get_dtype (value);
  return TRUE;
}

gboolean
_lfb_constant_int_argument (LfbValue   *value,
                            const char *name,
                            gint64     *number,
                            GError    **error)
{
  if (value != NULL && lfb_value_get_kind (value) == LFB_VALUE_KIND_INT)
    {
      *number = lfb_value_get_int (value);
      return TRUE;
    }
  if (value != NULL && lfb_value_get_tensor (value) != NULL &&
      _lfb_tensor_read_integer (lfb_value_get_tensor (value), number))
    return TRUE;

  g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument %s is not an integer", name);
  return FALSE;
}

gboolean
_lfb_constant_scale_argument (LfbValue *value,
                              double   *scale,
                              GError  **error)
{
  LfbTensor *tensor = value != NULL ? lfb_value_get_tensor (value) : NULL;

  if (value != NULL && lfb_value_get_kind (value) == LFB_VALUE_KIND_DOUBLE)
    {
      *scale = lfb_value_get_double (value);
      return TRUE;
    }
  if (tensor != NULL && lfb_tensor_get_n_elements (tensor) == 1 &&
      lfb_tensor_get_dtype (tensor) == LFB_DTYPE_FLOAT32)
    {
      *scale = *(const float *) lfb_tensor_get_data (tensor, NULL);
      return TRUE;
    }
  if (tensor != NULL && lfb_tensor_get_n_elements (tensor) == 1 &&
      lfb_tensor_get_dtype (tensor) == LFB_DTYPE_FLOAT64)
    {
      *scale = *(const double *) lfb_tensor_get_data (tensor, NULL);
      return TRUE;
    }

  g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument scale is not a number");
  return FALSE;
}

LfbValue *
_lfb_constant_take_tensor (LfbTensor *tensor)
{
  LfbValue *value;

  if (tensor == NULL)
    return NULL;

  value = lfb_value_for_tensor (tensor);
  g_object_unref (tensor);
  return value;
}

gboolean
_lfb_constant_axis_argument (LfbValue   *value,
                             const char *name,
                             gsize       n_dims,
                             gint64     *axis,
                             GError    **error)
{
  if (!_lfb_constant_int_argument (value, name, axis, error))
    return FALSE;
  if (*axis < 0)
    *axis += n_dims;
  if (*axis >= 0 && (gsize) *axis < n_dims)
    return TRUE;

  g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "argument %s is no dimension of a tensor of %" G_GSIZE_FORMAT,
               name, n_dims);
  return FALSE;
}

LfbConstantFunc
_lfb_constant_find (LfbNode              *node,
                    const LfbConstantRow *rows,
                    gsize                 n_rows)
{
  for (gsize i = 0; i < n_rows; i++)
    {
      if (lfb_node_is (node, rows[i].op, rows[i].target))
        return rows[i].function;
    }

  return NULL;
}

/* How to compute what a node calls; %NULL if that is not done here. */
LfbConstantFunc
_lfb_constant_function (LfbNode *node)
{
  LfbConstantFunc function = _lfb_constant_quantizing (node);

  if (function == NULL)
    function = _lfb_constant_shaping (node);
  if (function == NULL)
    function = _lfb_constant_indexing (node);
  if (function == NULL)
    function = _lfb_constant_arithmetic (node);

  return function;
}

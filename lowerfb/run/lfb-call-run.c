/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Running an operator on bound arguments. Tensors are immutable: what PyTorch
 * writes in place is a new tensor here. It has to fit where it would have been
 * written, as PyTorch asks: the same shape, and a type of the same or a higher
 * kind, to which it is converted.
 */

#include <lowerfb/graph/lfb-effects-private.h>
#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-call-private.h>

static int
kind_of (LfbDType dtype)
{
  if (dtype == LFB_DTYPE_BOOL)
    return 0;

  return lfb_dtype_is_floating_point (dtype) ? 2 : 1;
}

static LfbValue *
fit (LfbTensor  *target,
     LfbValue   *value,
     GError    **error)
{
  LfbTensor *result = lfb_value_get_tensor (value);
  LfbDType wanted = lfb_tensor_get_dtype (target), found = lfb_tensor_get_dtype (result);

  if (!lfb_shape_equal (target, result))
    {
      g_autofree char *own = lfb_tensor_describe_shape (target);
      g_autofree char *other = lfb_tensor_describe_shape (result);

      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "the result has the shape %s and cannot be written in place of %s", other, own);
      return NULL;
    }
  if (found == wanted)
    return lfb_value_ref (value);
  if (lfb_dtype_is_quantized (found) || lfb_dtype_is_quantized (wanted) || kind_of (found) > kind_of (wanted))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE,
                   "the result is %s and cannot be written in place of %s",
                   lfb_dtype_to_string (found), lfb_dtype_to_string (wanted));
      return NULL;
    }

  return lfb_value_take_tensor (lfb_tensor_convert (result, wanted, error));
}

LfbValue *
lfb_call_run (LfbCall  *call,
              GError  **error)
{
  const LfbOperator *row = call->info->row;
  g_autoptr (LfbValue) result = row->run (call, error);
  LfbValue *target = call->info->n_parameters > 0 ? call->values[0] : NULL;

  if (call->own_state != NULL)
    row->free_state (g_steal_pointer (&call->own_state));
  if (result == NULL || _lfb_name_get_change (call->name) != LFB_CHANGE_ELEMENTS || target == NULL ||
      lfb_value_get_kind (result) != LFB_VALUE_KIND_TENSOR || lfb_value_get_kind (target) != LFB_VALUE_KIND_TENSOR)
    return g_steal_pointer (&result);

  return fit (lfb_value_get_tensor (target), result, error);
}

LfbValue *
lfb_call_other (LfbCall     *call,
                const char  *name,
                LfbValue   **args,
                gsize        n_args,
                GError     **error)
{
  const LfbOperatorInfo *info = lfb_operator_lookup (LFB_OPERATOR_FUNCTION, name);
  g_autofree LfbValue **bound = g_new0 (LfbValue *, info->n_parameters);
  g_autoptr (LfbValue) variadic = NULL;
  LfbCall inner = { .info = info, .runtime = call->runtime, .name = name, .values = bound };

  if (!lfb_bind_arguments (info, FALSE, args, n_args, NULL, NULL, 0, bound, &variadic, error))
    return NULL;

  return lfb_call_run (&inner, error);
}

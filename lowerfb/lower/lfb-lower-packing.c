/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a prepack call makes: a packed weight as model-format.md describes it,
 * stored unpacked, so that it can be packed for any CPU. A conv1d is packed as
 * a conv2d of height 1.
 */

#include <lowerfb/lower/lfb-lower-packing-private.h>

#include <lowerfb/core/lfb-error.h>

#define MAX_WINDOW 3

static LfbValue *
argument (LfbValue   *args,
          LfbValue   *kwargs,
          gsize       position,
          const char *name)
{
  return position < lfb_value_get_n_items (args) ? lfb_value_get_item (args, position)
                                                 : lfb_value_lookup (kwargs, name);
}

/* A weight with a dimension of 1 put before the last. */
static LfbTensor *
add_height (LfbTensor *weight,
            GError   **error)
{
  gint64 shape[4] = { lfb_tensor_get_dim (weight, 0), lfb_tensor_get_dim (weight, 1), 1, lfb_tensor_get_dim (weight, 2) };
  g_autoptr (LfbTensor) integers = lfb_tensor_reshape (lfb_tensor_get_integers (weight), shape, 4, error);
  LfbQParams qparams = {
    .dtype = lfb_tensor_get_dtype (weight),
    .qscheme = lfb_tensor_get_qscheme (weight),
    .scale = lfb_tensor_get_scale (weight),
    .zero_point = lfb_tensor_get_zero_point (weight),
    .scales = lfb_tensor_get_scales (weight),
    .zero_points = lfb_tensor_get_zero_points (weight),
    .axis = lfb_tensor_get_axis (weight),
  };

  if (integers == NULL)
    return NULL;

  return lfb_tensor_new_with_qparams (integers, NULL, 0, &qparams, error);
}

static LfbTensor *
get_weight (const LfbFunctionalRow *row,
            LfbValue               *value,
            GError                **error)
{
  LfbTensor *weight = value != NULL ? lfb_value_get_tensor (value) : NULL;
  guint n_dims = row->n_dims + 2;

  if (weight == NULL)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "the weight is not a tensor");
      return NULL;
    }
  if (lfb_tensor_get_dtype (weight) != LFB_DTYPE_QINT8 &&
      !(row->n_dims == 0 && lfb_tensor_get_dtype (weight) == LFB_DTYPE_FLOAT16))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE, "the weight is %s, not qint8",
                   lfb_dtype_to_string (lfb_tensor_get_dtype (weight)));
      return NULL;
    }
  if (lfb_tensor_get_n_dims (weight) != n_dims)
    {
      g_autofree char *text = lfb_tensor_to_string (weight);

      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE, "the weight has %" G_GSIZE_FORMAT " dimensions, not %u: %s",
                   lfb_tensor_get_n_dims (weight), n_dims, text);
      return NULL;
    }

  return row->n_dims == 1 ? add_height (weight, error) : g_object_ref (weight);
}

static gboolean
check_bias (LfbValue *bias,
            gint64    n_outputs,
            GError  **error)
{
  LfbTensor *tensor;

  if (bias == NULL || lfb_value_is_none (bias))
    return TRUE;

  tensor = lfb_value_get_tensor (bias);
  if (tensor == NULL || lfb_tensor_is_quantized (tensor) ||
      !lfb_dtype_is_floating_point (lfb_tensor_get_dtype (tensor)))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE, "the bias is not a float tensor");
      return FALSE;
    }
  if (lfb_tensor_get_n_dims (tensor) != 1 || lfb_tensor_get_n_elements (tensor) != n_outputs)
    {
      g_autofree char *text = lfb_tensor_to_string (tensor);

      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE, "the bias is not a vector of %" G_GINT64_FORMAT " numbers: %s",
                   n_outputs, text);
      return FALSE;
    }

  return TRUE;
}

/* A setting for each dimension of the window, given as one number or as many. */
static LfbValue *
get_setting (const LfbFunctionalRow *row,
             LfbValue               *value,
             const char             *name,
             gint64                  fallback,
             GError                **error)
{
  guint height = row->n_dims == 1 ? 1 : 0;
  gint64 ints[MAX_WINDOW] = { fallback, fallback, fallback };
  gsize n_items = 0;
  LfbValue **items = NULL;

  if (value != NULL && lfb_value_is_sequence (value))
    items = lfb_value_get_items (value, &n_items);
  else if (value != NULL)
    {
      items = &value;
      n_items = 1;
    }

  if (value != NULL && n_items != row->n_dims && n_items != 1)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE, "argument %s has %" G_GSIZE_FORMAT " numbers, not %u",
                   name, n_items, row->n_dims);
      return NULL;
    }
  for (guint i = 0; value != NULL && i < row->n_dims; i++)
    {
      LfbValue *item = items[n_items == 1 ? 0 : i];

      if (lfb_value_get_kind (item) != LFB_VALUE_KIND_INT || lfb_value_get_int (item) < 0)
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument %s is not made of natural numbers", name);
          return NULL;
        }
      ints[height + i] = lfb_value_get_int (item);
    }

  return lfb_value_for_ints (ints, row->n_dims + height);
}

static gboolean
get_groups (LfbValue *value,
            gint64   *groups,
            GError  **error)
{
  *groups = 1;
  if (value == NULL)
    return TRUE;
  if (lfb_value_get_kind (value) == LFB_VALUE_KIND_INT && lfb_value_get_int (value) > 0)
    {
      *groups = lfb_value_get_int (value);
      return TRUE;
    }

  g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument groups is not a positive number");
  return FALSE;
}

static LfbValue *
pack_convolution (const LfbFunctionalRow *row,
                  LfbValue               *args,
                  LfbValue               *kwargs,
                  LfbTensor              *weight,
                  GError                **error)
{
  static const char *keys[] = { "weight", "bias", "stride", "padding", "output_padding",
                                "dilation", "groups", "transpose", NULL };
  guint after = row->transposed ? 5 : 4; /* where the dilation stands */
  LfbValue *bias = argument (args, kwargs, 1, "bias");
  g_autoptr (LfbValue) weight_value = lfb_value_for_tensor (weight);
  g_autoptr (LfbValue) none = lfb_value_for_none ();
  g_autoptr (LfbValue) stride = NULL;
  g_autoptr (LfbValue) padding = NULL;
  g_autoptr (LfbValue) output_padding = NULL;
  g_autoptr (LfbValue) dilation = NULL;
  g_autoptr (LfbValue) groups_value = NULL;
  g_autoptr (LfbValue) transposed = lfb_value_for_bool (row->transposed);
  g_autoptr (LfbValue) parts = NULL;
  gint64 groups, n_outputs;

  if (!get_groups (argument (args, kwargs, after + 1, "groups"), &groups, error))
    return NULL;
  if (__builtin_mul_overflow (lfb_tensor_get_dim (weight, row->transposed ? 1 : 0),
                              row->transposed ? groups : 1, &n_outputs) ||
      !check_bias (bias, n_outputs, error))
    {
      if (error != NULL && *error == NULL)
        g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "argument groups is too large");
      return NULL;
    }

  stride = get_setting (row, argument (args, kwargs, 2, "stride"), "stride", 1, error);
  if (stride == NULL)
    return NULL;
  padding = get_setting (row, argument (args, kwargs, 3, "padding"), "padding", 0, error);
  if (padding == NULL)
    return NULL;
  output_padding = get_setting (row, row->transposed ? argument (args, kwargs, 4, "output_padding") : NULL,
                                "output_padding", 0, error);
  if (output_padding == NULL)
    return NULL;
  dilation = get_setting (row, argument (args, kwargs, after, "dilation"), "dilation", 1, error);
  if (dilation == NULL)
    return NULL;
  groups_value = lfb_value_for_int (groups);

  parts = lfb_value_for_dict (keys, (LfbValue *[]) { weight_value, bias != NULL ? bias : none, stride, padding,
                                                     output_padding, dilation, groups_value, transposed }, 8);
  return lfb_value_for_packed (row->n_dims == 3 ? "Conv3dPackedParamsBase" : "Conv2dPackedParamsBase", parts);
}

/* Runs the prepack call of @row on arguments that have been computed. */
LfbValue *
_lfb_pack_weight (const LfbFunctionalRow  *row,
                  LfbValue                *args,
                  LfbValue                *kwargs,
                  GError                 **error)
{
  static const char *keys[] = { "weight", "bias", NULL };
  g_autoptr (LfbTensor) weight = get_weight (row, argument (args, kwargs, 0, row->n_dims == 0 ? "W" : "weight"), error);
  g_autoptr (LfbValue) weight_value = NULL;
  g_autoptr (LfbValue) none = NULL;
  g_autoptr (LfbValue) parts = NULL;
  LfbValue *bias;

  if (weight == NULL)
    return NULL;
  if (row->n_dims > 0)
    return pack_convolution (row, args, kwargs, weight, error);

  bias = argument (args, kwargs, 1, "B");
  if (!check_bias (bias, lfb_tensor_get_dim (weight, 0), error))
    return NULL;
  weight_value = lfb_value_for_tensor (weight);
  none = lfb_value_for_none ();
  parts = lfb_value_for_dict (keys, (LfbValue *[]) { weight_value, bias != NULL ? bias : none }, 2);

  return lfb_value_for_packed ("LinearPackedParamsBase", parts);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-packed-values-private.h. */

#include <lowerfb/run/lfb-packed-values-private.h>

#include <string.h>

#define LINEAR_CLASS "LinearPackedParamsBase"
#define CONV2D_CLASS "Conv2dPackedParamsBase"
#define CONV3D_CLASS "Conv3dPackedParamsBase"

static LfbValue *
optional_tensor (LfbTensor *tensor)
{
  return tensor != NULL ? lfb_value_for_tensor (tensor) : lfb_value_for_none ();
}

static gboolean
is_packed (LfbValue   *value,
           const char *class_name)
{
  return lfb_value_get_kind (value) == LFB_VALUE_KIND_PACKED && strcmp (lfb_value_get_string (value), class_name) == 0;
}

static gboolean
wrong_value (const char  *name,
             LfbValue    *value,
             const char  *classes,
             GError     **error)
{
  g_autofree char *found = lfb_value_describe (value);

  g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
               "argument `%s` is %s, expected a packed weight of class %s", name, found, classes);

  return FALSE;
}

LfbValue *
lfb_packed_linear_value (LfbTensor *weight,
                         LfbTensor *bias)
{
  static const char * const names[] = { "weight", "bias", NULL };
  g_autoptr (LfbValue) w = lfb_value_for_tensor (weight);
  g_autoptr (LfbValue) b = optional_tensor (bias);
  LfbValue *items[] = { w, b };
  g_autoptr (LfbValue) parts = lfb_value_for_dict (names, items, G_N_ELEMENTS (items));

  return lfb_value_for_packed (LINEAR_CLASS, parts);
}

gboolean
lfb_packed_linear_parts (const char  *name,
                         LfbValue    *packed,
                         LfbTensor  **weight,
                         LfbTensor  **bias,
                         GError     **error)
{
  LfbValue *part;

  if (!is_packed (packed, LINEAR_CLASS))
    return wrong_value (name, packed, LINEAR_CLASS, error);

  part = lfb_value_lookup (packed, "weight");
  if (part == NULL || lfb_value_get_kind (part) != LFB_VALUE_KIND_TENSOR)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument `%s` has no weight", name);
      return FALSE;
    }
  *weight = lfb_value_get_tensor (part);
  part = lfb_value_lookup (packed, "bias");
  *bias = part != NULL && lfb_value_get_kind (part) == LFB_VALUE_KIND_TENSOR ? lfb_value_get_tensor (part) : NULL;

  return TRUE;
}

/* Quantized per channel or not: the channels are one of the first two dimensions,
 * which stay.
 */
LfbTensor *
lfb_conv_weight_reshape (LfbTensor     *weight,
                         const gint64  *shape,
                         gsize          n_dims,
                         GError       **error)
{
  g_autoptr (LfbTensor) integers = NULL;
  LfbQParams qparams = { 0 };

  if (!lfb_check_dtype ("weight", weight, LFB_DTYPE_QINT8, error))
    return NULL;
  integers = lfb_tensor_reshape (lfb_tensor_get_integers (weight), shape, n_dims, error);
  if (integers == NULL)
    return NULL;

  qparams.dtype = lfb_tensor_get_dtype (weight);
  qparams.qscheme = lfb_tensor_get_qscheme (weight);
  if (lfb_tensor_is_per_channel (weight))
    {
      qparams.scales = lfb_tensor_get_scales (weight);
      qparams.zero_points = lfb_tensor_get_zero_points (weight);
      qparams.axis = lfb_tensor_get_axis (weight);
    }
  else
    {
      qparams.scale = lfb_tensor_get_scale (weight);
      qparams.zero_point = lfb_tensor_get_zero_point (weight);
    }

  return lfb_tensor_new_with_qparams (integers, shape, n_dims, &qparams, error);
}

/* The last @n of three right-aligned sizes, behind @height if that is not
 * negative.
 */
static LfbValue *
size_list (const gsize *sizes,
           gsize        n,
           gint64       height)
{
  gint64 numbers[4];
  gsize n_numbers = 0;

  if (height >= 0)
    numbers[n_numbers++] = height;
  for (gsize i = 3 - n; i < 3; i++)
    numbers[n_numbers++] = sizes[i];

  return lfb_value_for_ints (numbers, n_numbers);
}

static void
padding_sizes (const LfbConvSettings *settings,
               gsize                 *padding)
{
  for (gsize i = 0; i < 3; i++)
    padding[i] = settings->before[i];
}

LfbValue *
lfb_packed_conv_value (const LfbConvSettings  *settings,
                       LfbTensor              *weight,
                       LfbTensor              *bias,
                       GError                **error)
{
  static const char * const names[] = {
    "weight", "bias", "stride", "padding", "output_padding", "dilation", "groups", "transpose", NULL,
  };
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);
  g_autoptr (LfbValue) parts = NULL;
  g_autoptr (LfbTensor) kept = NULL;
  gboolean flat = settings->n_spatial == 1;
  gsize n = settings->n_spatial, padding[3];

  if (memcmp (settings->before, settings->after, sizeof settings->before) != 0)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                           "argument `padding` is 'same' with an even kernel: a packed weight keeps one padding for both sides");
      return NULL;
    }
  if (settings->pad_mode != LFB_PAD_CONSTANT)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                           "argument `padding_mode` is not 'zeros': a packed weight has no other");
      return NULL;
    }
  if (flat)
    {
      gint64 shape[4] = { lfb_tensor_get_dim (weight, 0), lfb_tensor_get_dim (weight, 1), 1, lfb_tensor_get_dim (weight, 2) };

      kept = lfb_conv_weight_reshape (weight, shape, 4, error);
      if (kept == NULL)
        return NULL;
      weight = kept;
    }

  padding_sizes (settings, padding);
  g_ptr_array_add (items, lfb_value_for_tensor (weight));
  g_ptr_array_add (items, optional_tensor (bias));
  g_ptr_array_add (items, size_list (settings->stride, n, flat ? 1 : -1));
  g_ptr_array_add (items, size_list (padding, n, flat ? 0 : -1));
  g_ptr_array_add (items, size_list (settings->output_padding, n, flat ? 0 : -1));
  g_ptr_array_add (items, size_list (settings->dilation, n, flat ? 1 : -1));
  g_ptr_array_add (items, lfb_value_for_int (settings->groups));
  g_ptr_array_add (items, lfb_value_for_bool (settings->transposed));
  parts = lfb_value_for_dict (names, (LfbValue **) items->pdata, items->len);

  return lfb_value_for_packed (n == 3 ? CONV3D_CLASS : CONV2D_CLASS, parts);
}

static const char * const setting_names[] = {
  "stride", "padding", "output_padding", "dilation", "groups", "padding_mode", "transpose", NULL,
};

gboolean
lfb_conv_settings_check (LfbValue  *settings,
                         gboolean  *transposed,
                         GError   **error)
{
  LfbValue *transpose;

  if (lfb_value_get_kind (settings) != LFB_VALUE_KIND_DICT)
    {
      g_autofree char *found = lfb_value_describe (settings);

      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument `settings` is %s, expected a dict", found);
      return FALSE;
    }
  for (gsize i = 0; i < lfb_value_get_n_items (settings); i++)
    if (!g_strv_contains (setting_names, lfb_value_get_key (settings, i)))
      {
        g_autofree char *known = g_strjoinv (", ", (char **) setting_names);

        g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                     "unknown setting `%s`, expected some of %s", lfb_value_get_key (settings, i), known);
        return FALSE;
      }

  transpose = lfb_value_lookup (settings, "transpose");
  if (transpose != NULL && lfb_value_get_kind (transpose) != LFB_VALUE_KIND_BOOL)
    {
      g_autofree char *found = lfb_value_describe (transpose);

      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "setting `transpose` is %s, expected a bool", found);
      return FALSE;
    }
  *transposed = transpose != NULL && lfb_value_get_bool (transpose);

  return TRUE;
}

LfbValue *
lfb_conv_settings_to_value (const LfbConvSettings *settings)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);
  gsize n = settings->n_spatial, padding[3];

  padding_sizes (settings, padding);
  g_ptr_array_add (items, size_list (settings->stride, n, -1));
  if (memcmp (settings->before, settings->after, sizeof settings->before) != 0)
    g_ptr_array_add (items, lfb_value_for_string ("same"));
  else
    g_ptr_array_add (items, size_list (padding, n, -1));
  g_ptr_array_add (items, size_list (settings->output_padding, n, -1));
  g_ptr_array_add (items, size_list (settings->dilation, n, -1));
  g_ptr_array_add (items, lfb_value_for_int (settings->groups));
  g_ptr_array_add (items, lfb_value_for_string (lfb_pad_mode_to_string (settings->pad_mode)));
  g_ptr_array_add (items, lfb_value_for_bool (settings->transposed));

  return lfb_value_for_dict (setting_names, (LfbValue **) items->pdata, items->len);
}

LfbPackedTaps *
lfb_packed_taps_for_call (LfbCall   *call,
                          gsize      n_spatial,
                          gboolean   transposed,
                          GError   **error)
{
  LfbTensor *weight = lfb_call_tensor (call, "weight", error);
  LfbConvSettings settings;
  LfbTensor *bias;

  if (weight == NULL ||
      !lfb_check_dtype ("weight", weight, LFB_DTYPE_QINT8, error) ||
      !lfb_call_optional_tensor (call, "bias", &bias, error) ||
      !lfb_conv_settings_read (&settings, call, weight, n_spatial, transposed, error))
    return NULL;
  if (transposed && settings.pad_mode != LFB_PAD_CONSTANT)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                           "argument `padding_mode` of a transposed convolution must be 'zeros'");
      return NULL;
    }

  return lfb_packed_taps_new (call->runtime, &settings, weight, bias, error);
}

/* They have the names of a module's parameters, of which this module has all. */
LfbPackedTaps *
lfb_packed_taps_for_parts (const LfbRuntime  *runtime,
                           LfbValue          *parts,
                           gsize              n_spatial,
                           gboolean           transposed,
                           GError           **error)
{
  const LfbOperatorInfo *info = lfb_operator_lookup (LFB_OPERATOR_MODULE, "torch.ao.nn.quantized.ConvTranspose2d");
  g_autofree LfbValue **values = g_new0 (LfbValue *, info->n_parameters);
  LfbCall call = { .info = info, .runtime = runtime, .name = info->row->modules, .values = values };

  for (gsize i = 0; i < info->n_parameters; i++)
    {
      values[i] = lfb_value_lookup (parts, info->parameters[i].name);
      if (values[i] == NULL)
        values[i] = info->parameters[i].fallback;
    }
  if (lfb_call_get (&call, "weight") == NULL)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "the packed weight holds no weight");
      return NULL;
    }

  return lfb_packed_taps_for_call (&call, n_spatial, transposed, error);
}

gboolean
lfb_packed_conv_kind (const char  *name,
                      LfbValue    *packed,
                      gsize       *n_spatial,
                      gboolean    *transposed,
                      GError     **error)
{
  LfbValue *transpose;

  if (!is_packed (packed, CONV2D_CLASS) && !is_packed (packed, CONV3D_CLASS))
    return wrong_value (name, packed, CONV2D_CLASS " or " CONV3D_CLASS, error);

  *n_spatial = is_packed (packed, CONV3D_CLASS) ? 3 : 2;
  transpose = lfb_value_lookup (packed, "transpose");
  if (transpose != NULL && lfb_value_get_kind (transpose) == LFB_VALUE_KIND_BOOL)
    *transposed = lfb_value_get_bool (transpose);

  return TRUE;
}

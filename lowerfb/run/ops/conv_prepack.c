/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Packing of convolution weights. A packed weight is a value that holds the
 * weight and the settings as they are: portable, and laid out for this CPU by
 * whoever runs it. What is packed here is checked by laying it out once.
 */

#include <lowerfb/run/lfb-call-private.h>
#include <lowerfb/run/lfb-packed-taps-private.h>

#include <string.h>

typedef struct {
  gsize n_spatial;
  gboolean transposed;
} PrepackKind;

static const PrepackKind conv1d = { 1, FALSE }, conv2d = { 2, FALSE }, conv3d = { 3, FALSE };
static const PrepackKind conv_transpose1d = { 1, TRUE }, conv_transpose2d = { 2, TRUE }, conv_transpose3d = { 3, TRUE };

/* Quantized per channel or not: the channels are one of the first two dimensions,
 * which stay.
 */
static LfbTensor *
reshape_weight (LfbTensor     *weight,
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

/* A weight (out, in, width) as (out, in, 1, width). */
static LfbTensor *
with_height (LfbTensor  *weight,
             GError    **error)
{
  gint64 shape[4] = { lfb_tensor_get_dim (weight, 0), lfb_tensor_get_dim (weight, 1), 1, lfb_tensor_get_dim (weight, 2) };

  return reshape_weight (weight, shape, 4, error);
}

/* Three sizes, right-aligned, as the list that the packed value holds. */
static LfbValue *
size_list (const LfbConvSettings *settings,
           const gsize           *sizes,
           gint64                 height)
{
  gint64 numbers[3] = { height, 0, 0 };
  gsize n = 0;

  if (settings->n_spatial == 1)
    n = 1;
  for (gsize i = 3 - settings->n_spatial; i < 3; i++)
    numbers[n++] = sizes[i];

  return lfb_value_for_ints (numbers, n);
}

static LfbValue *
make_packed (const LfbConvSettings *settings,
             LfbTensor             *weight,
             LfbTensor             *bias)
{
  static const char * const names[] = {
    "weight", "bias", "stride", "padding", "output_padding", "dilation", "groups", "transpose", NULL,
  };
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);
  g_autoptr (LfbValue) parts = NULL;
  gsize padding[3];

  for (gsize i = 0; i < 3; i++)
    padding[i] = settings->before[i];
  g_ptr_array_add (items, lfb_value_for_tensor (weight));
  g_ptr_array_add (items, bias != NULL ? lfb_value_for_tensor (bias) : lfb_value_for_none ());
  g_ptr_array_add (items, size_list (settings, settings->stride, 1));
  g_ptr_array_add (items, size_list (settings, padding, 0));
  g_ptr_array_add (items, size_list (settings, settings->output_padding, 0));
  g_ptr_array_add (items, size_list (settings, settings->dilation, 1));
  g_ptr_array_add (items, lfb_value_for_int (settings->groups));
  g_ptr_array_add (items, lfb_value_for_bool (settings->transposed));
  parts = lfb_value_for_dict (names, (LfbValue **) items->pdata, items->len);

  return lfb_value_for_packed (settings->n_spatial == 3 ? "Conv3dPackedParamsBase" : "Conv2dPackedParamsBase", parts);
}

static LfbValue *
prepack (LfbCall  *call,
         GError  **error)
{
  const PrepackKind *kind = LFB_CALL_DATA (call, PrepackKind);
  LfbTensor *weight = lfb_call_tensor (call, "weight", error);
  g_autoptr (LfbTensor) kept = NULL;
  LfbConvSettings settings;
  LfbPackedTaps *conv;
  LfbTensor *bias;

  if (weight == NULL ||
      !lfb_check_dtype ("weight", weight, LFB_DTYPE_QINT8, error) ||
      !lfb_call_optional_tensor (call, "bias", &bias, error) ||
      !lfb_conv_settings_read (&settings, call, weight, kind->n_spatial, kind->transposed, error))
    return NULL;
  if (memcmp (settings.before, settings.after, sizeof settings.before) != 0)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                           "argument `padding` is 'same' with an even kernel: a packed weight keeps one padding for both sides");
      return NULL;
    }
  conv = lfb_packed_taps_new (call->runtime, &settings, weight, bias, error);
  if (conv == NULL)
    return NULL;
  lfb_packed_taps_free (conv);

  kept = kind->n_spatial == 1 ? with_height (weight, error) : g_object_ref (weight);

  return kept != NULL ? make_packed (&settings, kept, bias) : NULL;
}

static LfbValue *
unpack (LfbCall  *call,
        GError  **error)
{
  LfbValue *packed = lfb_call_get (call, "packed_weights");
  LfbValue *weight = NULL, *bias = NULL;
  gboolean one = strstr (call->name, "1d_") != NULL;
  g_autoptr (LfbValue) none = lfb_value_for_none ();
  g_autoptr (LfbValue) flat = NULL;

  if (lfb_value_get_kind (packed) == LFB_VALUE_KIND_PACKED)
    {
      weight = lfb_value_lookup (packed, "weight");
      bias = lfb_value_lookup (packed, "bias");
    }
  if (weight == NULL)
    {
      g_autofree char *found = lfb_value_describe (packed);

      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                   "argument `packed_weights` is %s, expected a packed weight of a convolution", found);
      return NULL;
    }

  if (one && lfb_value_get_kind (weight) == LFB_VALUE_KIND_TENSOR &&
      lfb_tensor_get_n_dims (lfb_value_get_tensor (weight)) == 4)
    {
      LfbTensor *tensor = lfb_value_get_tensor (weight);
      gint64 shape[3] = { lfb_tensor_get_dim (tensor, 0), lfb_tensor_get_dim (tensor, 1), lfb_tensor_get_dim (tensor, 3) };

      flat = lfb_value_take_tensor (reshape_weight (tensor, shape, 3, error));
      if (flat == NULL)
        return NULL;
      weight = flat;
    }

  return lfb_value_for_tuple ((LfbValue *[]) { weight, bias != NULL ? bias : none }, 2);
}

#define RULE "a packed weight of a qint8 weight, a float bias and the settings"

#define PREPACK(function, kind_, settings) \
  { .functions = (function), .signature = "weight, bias=None, " settings, .rule = RULE, .run = prepack, .data = &(kind_) }

#define SETTINGS "stride=1, padding=0, dilation=1, groups=1"
#define TRANSPOSED_SETTINGS "stride=1, padding=0, output_padding=0, dilation=1, groups=1"

static const LfbOperator operators[] = {
  PREPACK ("torch.ops.quantized.conv1d_prepack", conv1d, SETTINGS),
  PREPACK ("torch.ops.quantized.conv2d_prepack torch.ops.quantized.conv_prepack", conv2d, SETTINGS),
  PREPACK ("torch.ops.quantized.conv3d_prepack", conv3d, SETTINGS),
  PREPACK ("torch.ops.quantized.conv_transpose1d_prepack", conv_transpose1d, TRANSPOSED_SETTINGS),
  PREPACK ("torch.ops.quantized.conv_transpose2d_prepack", conv_transpose2d, TRANSPOSED_SETTINGS),
  PREPACK ("torch.ops.quantized.conv_transpose3d_prepack", conv_transpose3d, TRANSPOSED_SETTINGS),
  {
    .functions = "torch.ops.quantized.conv1d_unpack torch.ops.quantized.conv2d_unpack "
                 "torch.ops.quantized.conv3d_unpack torch.ops.quantized.conv_transpose1d_unpack "
                 "torch.ops.quantized.conv_transpose2d_unpack torch.ops.quantized.conv_transpose3d_unpack",
    .signature = "packed_weights",
    .rule = "the weight and bias of a packed weight",
    .run = unpack,
  },
};

const LfbOperatorFamily lfb_conv_prepack_operators = LFB_OPERATOR_FAMILY (operators);

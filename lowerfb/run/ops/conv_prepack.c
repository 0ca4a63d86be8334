/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Packing of convolution weights into values. What is packed here is checked by
 * laying it out once.
 */

#include <lowerfb/run/lfb-packed-values-private.h>

#include <string.h>

typedef struct {
  gsize n_spatial;
  gboolean transposed;
} PrepackKind;

static const PrepackKind conv1d = { 1, FALSE }, conv2d = { 2, FALSE }, conv3d = { 3, FALSE };
static const PrepackKind conv_transpose1d = { 1, TRUE }, conv_transpose2d = { 2, TRUE }, conv_transpose3d = { 3, TRUE };

static LfbValue *
prepack (LfbCall  *call,
         GError  **error)
{
  const PrepackKind *kind = LFB_CALL_DATA (call, PrepackKind);
  LfbPackedTaps *taps = lfb_packed_taps_for_call (call, kind->n_spatial, kind->transposed, error);
  LfbTensor *bias = NULL;
  LfbValue *value;

  if (taps == NULL)
    return NULL;

  lfb_call_optional_tensor (call, "bias", &bias, NULL);
  value = lfb_packed_conv_value (&taps->settings, lfb_call_tensor (call, "weight", NULL), bias, error);
  lfb_packed_taps_free (taps);

  return value;
}

static LfbValue *
unpack (LfbCall  *call,
        GError  **error)
{
  LfbValue *packed = lfb_call_get (call, "packed_weights");
  LfbValue *weight = NULL, *bias = NULL;
  gboolean one = strstr (call->name, "1d_") != NULL, three = strstr (call->name, "3d_") != NULL;
  gboolean transposed = FALSE;
  gsize n_spatial;
  g_autoptr (LfbValue) none = lfb_value_for_none ();
  g_autoptr (LfbValue) flat = NULL;

  if (!lfb_packed_conv_kind ("packed_weights", packed, &n_spatial, &transposed, error))
    return NULL;
  if (n_spatial != (three ? 3 : 2))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                   "argument `packed_weights` is of class %s, expected a packed weight of class Conv%dd"
                   "PackedParamsBase", lfb_value_get_string (packed), three ? 3 : 2);
      return NULL;
    }
  weight = lfb_value_lookup (packed, "weight");
  bias = lfb_value_lookup (packed, "bias");
  if (weight == NULL)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument `packed_weights` has no weight");
      return NULL;
    }

  if (one && lfb_value_get_kind (weight) == LFB_VALUE_KIND_TENSOR &&
      lfb_tensor_get_n_dims (lfb_value_get_tensor (weight)) == 4)
    {
      LfbTensor *tensor = lfb_value_get_tensor (weight);
      gint64 shape[3] = { lfb_tensor_get_dim (tensor, 0), lfb_tensor_get_dim (tensor, 1), lfb_tensor_get_dim (tensor, 3) };

      flat = lfb_value_take_tensor (lfb_conv_weight_reshape (tensor, shape, 3, error));
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
    .functions = "torch.ops.quantized.conv1d_unpack torch.ops.quantized.conv2d_unpack torch.ops.quantized.conv_unpack "
                 "torch.ops.quantized.conv3d_unpack torch.ops.quantized.conv_transpose1d_unpack "
                 "torch.ops.quantized.conv_transpose2d_unpack torch.ops.quantized.conv_transpose3d_unpack",
    .signature = "packed_weights",
    .rule = "the weight and bias of a packed weight",
    .run = unpack,
  },
};

const LfbOperatorFamily lfb_conv_prepack_operators = LFB_OPERATOR_FAMILY (operators);

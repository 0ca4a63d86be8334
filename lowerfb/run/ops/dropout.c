/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Dropout: the identity in inference; integers are requantized where the
 * output's scale or zero point differs (numerics.md).
 */

#include <lowerfb/run/lfb-elementwise-private.h>
#include <lowerfb/run/lfb-emit-private.h>
#include <lowerfb/run/lfb-quantized-private.h>

LFB_UNARY_FUNCTIONS (same, x)

static LfbValue *
dropout (LfbCall  *call,
         GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);

  return input != NULL ? lfb_value_for_tensor (input) : NULL;
}

static LfbValue *
quantized_dropout (LfbCall  *call,
                   GError  **error)
{
  static const LfbUnary requantize = { .f32 = same_f32, .f64 = same_f64 };
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  gboolean function = lfb_call_has (call, "output_scale");
  double scale = 1;
  gint64 zero_point = 0;

  if (input == NULL || !lfb_check_quantized ("input", input, error) ||
      !lfb_call_qparams (call, function ? "output_scale" : "scale", function ? "output_zero_point" : "zero_point",
                         lfb_tensor_get_dtype (input), &scale, &zero_point, error))
    return NULL;
  if (scale == lfb_tensor_get_scale (input) && zero_point == lfb_tensor_get_zero_point (input))
    return lfb_value_for_tensor (input);

  return lfb_value_take_tensor (lfb_unary_table (call->runtime, &requantize, NULL, input, scale, zero_point, error));
}

#define RULE "the input itself"

static const LfbOperator operators[] = {
  {
    .functions = "torch.nn.functional.dropout torch.nn.functional.dropout1d torch.nn.functional.dropout2d "
                 "torch.nn.functional.dropout3d torch.nn.functional.alpha_dropout torch.nn.functional.feature_alpha_dropout",
    .signature = "input, p=0.5, training=True, inplace=False", .rule = RULE, .run = dropout,
  },
  { .functions = "torch.dropout", .signature = "input, p, train", .rule = RULE, .run = dropout },
  {
    .modules = "torch.nn.Dropout torch.nn.Dropout1d torch.nn.Dropout2d torch.nn.Dropout3d torch.nn.AlphaDropout "
               "torch.nn.FeatureAlphaDropout",
    .signature = "input, p=0.5, inplace=False", .rule = RULE, .run = dropout,
  },
  {
    .functions = "torch.ops.quantized.dropout",
    .signature = "input, output_scale, output_zero_point, p=0.5, training=False, inplace=False",
    .rule = RULE ", requantized where scale or zero point differ", .run = quantized_dropout, .emit = lfb_emit_bytes,
  },
  {
    .modules = "torch.ao.nn.quantized.Dropout", .signature = "input, scale, zero_point, p=0.5, inplace=False",
    .rule = RULE ", requantized where scale or zero point differ", .run = quantized_dropout, .emit = lfb_emit_bytes,
  },
};

const LfbOperatorFamily lfb_dropout_operators = LFB_OPERATOR_FAMILY (operators);

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Into integers and back, and the parameters of quantized tensors; numerics.md,
 * "Quantize and dequantize" and "Dynamic quantization of a tensor".
 */

#include <lowerfb/run/lfb-emit-private.h>
#include <lowerfb/run/lfb-quantized-private.h>

static LfbValue *
quantize_per_tensor (LfbCall  *call,
                     GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  LfbDType dtype = LFB_DTYPE_QUINT8;
  double scale = 1;
  gint64 zero_point = 0;

  if (input == NULL ||
      !lfb_call_dtype (call, "dtype", &dtype, error) ||
      !lfb_call_qparams (call, "scale", "zero_point", dtype, &scale, &zero_point, error))
    return NULL;

  return lfb_value_take_tensor (lfb_quantize (call->runtime, input, scale, zero_point, dtype, error));
}

static LfbEmitted
emit_quantize_per_tensor (LfbEmit  *emit,
                          GError  **error)
{
  LfbDType dtype = LFB_DTYPE_QUINT8;
  double scale = 1;
  gint64 zero_point = 0;
  LfbOperand x;

  if (lfb_emit_stand_in (emit, "input", &x) == NULL || x.dtype != LFB_DTYPE_FLOAT32)
    return LFB_EMITTED_NOTHING;
  if (!lfb_call_dtype (&emit->call, "dtype", &dtype, error) ||
      !lfb_call_qparams (&emit->call, "scale", "zero_point", dtype, &scale, &zero_point, error))
    return LFB_EMITTED_ERROR;
  if (dtype != LFB_DTYPE_QUINT8 && dtype != LFB_DTYPE_QINT8)
    return LFB_EMITTED_NOTHING;

  return lfb_emit_quantize (emit, &x, dtype, scale, zero_point);
}

static LfbEmitted
emit_dequantize (LfbEmit  *emit,
                 GError  **error)
{
  LfbOperand x;

  if (!lfb_emit_operand (emit, "input", &x) || (x.dtype != LFB_DTYPE_QUINT8 && x.dtype != LFB_DTYPE_QINT8))
    return LFB_EMITTED_NOTHING;

  return lfb_emit_dequantize (emit, &x);
}

static LfbValue *
quantize_per_channel (LfbCall  *call,
                      GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  LfbTensor *scales = input != NULL ? lfb_call_tensor (call, "scales", error) : NULL;
  LfbTensor *zero_points = scales != NULL ? lfb_call_tensor (call, "zero_points", error) : NULL;
  LfbDType dtype = LFB_DTYPE_QINT8;
  gsize axis;

  if (zero_points == NULL ||
      !lfb_call_dtype (call, "dtype", &dtype, error) ||
      !lfb_call_dim (call, "axis", lfb_tensor_get_n_dims (input), &axis, error))
    return NULL;

  return lfb_value_take_tensor (lfb_quantize_channels (call->runtime, input, scales, zero_points, axis, dtype, error));
}

static LfbValue *
quantize_per_tensor_dynamic (LfbCall  *call,
                             GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  LfbDType dtype = LFB_DTYPE_QUINT8;
  gboolean reduce_range = FALSE;

  if (input == NULL ||
      !lfb_call_dtype (call, "dtype", &dtype, error) ||
      !lfb_call_bool (call, "reduce_range", &reduce_range, error))
    return NULL;
  if (dtype == LFB_DTYPE_FLOAT16)
    return lfb_value_take_tensor (lfb_tensor_convert (input, dtype, error));

  return lfb_value_take_tensor (lfb_quantize_dynamic (call->runtime, input, dtype, reduce_range, error));
}

static LfbValue *
dequantize (LfbCall  *call,
            GError  **error)
{
  LfbValue *input = lfb_call_get (call, "input");
  g_autofree LfbTensor **tensors = NULL;
  g_autoptr (GPtrArray) results = NULL;
  LfbTensor *tensor;
  gsize n = 0;

  if (!lfb_value_is_sequence (input))
    {
      tensor = lfb_call_tensor (call, "input", error);

      return tensor != NULL ? lfb_value_take_tensor (lfb_dequantize (call->runtime, tensor, error)) : NULL;
    }

  tensors = lfb_call_tensors (call, "input", &n, error);
  if (tensors == NULL)
    return NULL;
  results = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);
  for (gsize i = 0; i < n; i++)
    {
      LfbValue *result = lfb_value_take_tensor (lfb_dequantize (call->runtime, tensors[i], error));

      if (result == NULL)
        return NULL;
      g_ptr_array_add (results, result);
    }

  return lfb_value_for_list ((LfbValue **) results->pdata, results->len);
}

static LfbTensor *
quantized_input (LfbCall   *call,
                 gboolean   per_channel,
                 GError   **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);

  if (input == NULL)
    return NULL;
  if (!lfb_tensor_is_quantized (input) || lfb_tensor_is_per_channel (input) != per_channel)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE,
                   "argument `input` is not quantized %s", per_channel ? "per channel" : "per tensor");
      return NULL;
    }

  return input;
}

static LfbValue *
int_repr (LfbCall  *call,
          GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);

  if (input == NULL)
    return NULL;
  if (!lfb_tensor_is_quantized (input))
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_DTYPE, "argument `input` is not quantized");
      return NULL;
    }

  return lfb_value_for_tensor (lfb_tensor_get_integers (input));
}

static LfbValue *
q_scale (LfbCall  *call,
         GError  **error)
{
  LfbTensor *input = quantized_input (call, FALSE, error);

  return input != NULL ? lfb_value_for_double (lfb_tensor_get_scale (input)) : NULL;
}

static LfbValue *
q_zero_point (LfbCall  *call,
              GError  **error)
{
  LfbTensor *input = quantized_input (call, FALSE, error);

  return input != NULL ? lfb_value_for_int (lfb_tensor_get_zero_point (input)) : NULL;
}

static LfbValue *
q_per_channel_scales (LfbCall  *call,
                      GError  **error)
{
  LfbTensor *input = quantized_input (call, TRUE, error);

  return input != NULL ? lfb_value_for_tensor (lfb_tensor_get_scales (input)) : NULL;
}

static LfbValue *
q_per_channel_zero_points (LfbCall  *call,
                           GError  **error)
{
  LfbTensor *input = quantized_input (call, TRUE, error);

  return input != NULL ? lfb_value_for_tensor (lfb_tensor_get_zero_points (input)) : NULL;
}

static LfbValue *
q_per_channel_axis (LfbCall  *call,
                    GError  **error)
{
  LfbTensor *input = quantized_input (call, TRUE, error);

  return input != NULL ? lfb_value_for_int (lfb_tensor_get_axis (input)) : NULL;
}

static LfbValue *
is_quantized (LfbCall  *call,
              GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);

  return input != NULL ? lfb_value_for_bool (lfb_tensor_is_quantized (input)) : NULL;
}

static const LfbOperator operators[] = {
  {
    .functions = "torch.quantize_per_tensor",
    .modules = "torch.ao.nn.quantized.Quantize",
    .signature = "input, scale, zero_point, dtype",
    .rule = "clamp(round(x * (1 / scale)) + zero_point), ties to even",
    .run = quantize_per_tensor,
    .emit = emit_quantize_per_tensor,
  },
  {
    .functions = "torch.quantize_per_channel",
    .signature = "input, scales, zero_points, axis, dtype",
    .rule = "as quantize_per_tensor, with the scale and zero point of the index along axis",
    .run = quantize_per_channel,
  },
  {
    .functions = "torch.quantize_per_tensor_dynamic",
    .signature = "input, dtype, reduce_range",
    .rule = "quantized with the scale and zero point that the data's own range gives",
    .run = quantize_per_tensor_dynamic,
  },
  {
    .functions = "torch.dequantize",
    .methods = "dequantize",
    .modules = "torch.ao.nn.quantized.DeQuantize",
    .signature = "input",
    .rule = "(q - zero_point) * scale",
    .run = dequantize, .emit = emit_dequantize,
  },
  {
    .functions = "torch.int_repr",
    .methods = "int_repr",
    .signature = "input",
    .rule = "the integers of a quantized tensor",
    .run = int_repr,
  },
  {
    .functions = "torch.q_scale",
    .methods = "q_scale",
    .signature = "input",
    .rule = "the scale of a tensor quantized per tensor",
    .run = q_scale,
  },
  {
    .functions = "torch.q_zero_point",
    .methods = "q_zero_point",
    .signature = "input",
    .rule = "the zero point of a tensor quantized per tensor",
    .run = q_zero_point,
  },
  {
    .functions = "torch.q_per_channel_scales",
    .methods = "q_per_channel_scales",
    .signature = "input",
    .rule = "the scales of a tensor quantized per channel",
    .run = q_per_channel_scales,
  },
  {
    .functions = "torch.q_per_channel_zero_points",
    .methods = "q_per_channel_zero_points",
    .signature = "input",
    .rule = "the zero points of a tensor quantized per channel",
    .run = q_per_channel_zero_points,
  },
  {
    .functions = "torch.q_per_channel_axis",
    .methods = "q_per_channel_axis",
    .signature = "input",
    .rule = "the dimension along which a tensor is quantized per channel",
    .run = q_per_channel_axis,
  },
  {
    .methods = "is_quantized",
    .signature = "input",
    .rule = "whether a tensor is quantized",
    .run = is_quantized,
  },
};

const LfbOperatorFamily lfb_quantize_operators = LFB_OPERATOR_FAMILY (operators);

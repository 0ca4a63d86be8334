/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Linear: float, reference, static and dynamic int8, float16 weights, and
 * packing; numerics.md, "Linear and convolution".
 */

#include <lowerfb/run/lfb-emit-private.h>
#include <lowerfb/run/lfb-gemm-private.h>
#include <lowerfb/run/lfb-math-private.h>
#include <lowerfb/run/lfb-packed-values-private.h>
#include <lowerfb/run/lfb-reference-private.h>

#include <string.h>

typedef enum {
  AFTER_NOTHING,
  AFTER_RELU,
  AFTER_LEAKY_RELU,
  AFTER_TANH,
} After;

typedef struct {
  After after;
  const char *input;
  const char *scale;
  const char *zero_point;
} LinearKind;

static const LinearKind plain = { AFTER_NOTHING, "input", "scale", "zero_point" };
static const LinearKind relu = { AFTER_RELU, "input", "scale", "zero_point" };
static const LinearKind leaky_relu = { AFTER_LEAKY_RELU, "input", "scale", "zero_point" };
static const LinearKind tanh_after = { AFTER_TANH, "input", "scale", "zero_point" };
static const LinearKind packed_plain = { AFTER_NOTHING, "X", "Y_scale_i", "Y_zero_point_i" };
static const LinearKind packed_relu = { AFTER_RELU, "X", "Y_scale_i", "Y_zero_point_i" };

/* The weight and bias of a packed value or of the module's own tensors. */
static gboolean
find_weight (LfbCall     *call,
             LfbTensor  **weight,
             LfbTensor  **bias,
             GError     **error)
{
  LfbValue *packed = lfb_call_get (call, "W_prepack");

  if (packed != NULL)
    return lfb_packed_linear_parts ("W_prepack", packed, weight, bias, error);

  *weight = lfb_call_tensor (call, "weight", error);

  return *weight != NULL && lfb_call_optional_tensor (call, "bias", bias, error);
}

static gpointer
prepare_packed (LfbCall  *call,
                GError  **error)
{
  LfbTensor *weight, *bias;

  if (!find_weight (call, &weight, &bias, error))
    return NULL;

  return lfb_packed_rows_new (call->runtime, weight, bias, error);
}

/* y = quantize (function ((float (acc) + b / (sx sw)) * (sx sw))) */
static gboolean
run_with_function (LfbCall              *call,
                   const LfbPackedRows  *rows,
                   LfbTensor            *input,
                   double                scale,
                   gint64                zero_point,
                   LfbArray             *array,
                   GError              **error)
{
  const LinearKind *kind = LFB_CALL_DATA (call, LinearKind);
  g_auto (LfbOutputStage) sum = { NULL, NULL };
  g_auto (LfbOutputStage) stage = { NULL, NULL };
  g_autofree float *values = NULL;
  double slope = 0.01;
  LfbRescale output = { 0 };
  gsize m;

  /* With an output scale of 1 the multiplier is sx * sw. */
  if (!lfb_packed_rows_check_static (rows, kind->input, input, error) ||
      !lfb_packed_rows_init_output (rows, kind->input, input, LFB_DTYPE_QUINT8, array, &m, error) ||
      !lfb_call_double (call, "negative_slope", &slope, error) ||
      !lfb_output_stage_init_sum (&sum, rows->n, error) ||
      !lfb_output_stage_init (&stage, &rows->params, lfb_tensor_get_scale (input), 1, error))
    return FALSE;
  values = lfb_try_alloc (array->n_elements, sizeof (float), error);
  if (values == NULL)
    return FALSE;

  output.multiplier = sum.multiplier;
  output.bias = sum.bias;
  output.x_zero_point = lfb_tensor_get_zero_point (input);
  if (!lfb_packed_rows_run_f32 (rows, call->runtime, lfb_tensor_get_data (input, NULL), m, &output, values, error))
    return FALSE;

  for (gsize i = 0; i < m; i++)
    for (gsize j = 0; j < rows->n; j++)
      {
        float *value = &values[i * rows->n + j];
        float x = (*value + stage.bias[j]) * stage.multiplier[j];

        *value = kind->after == AFTER_TANH ? lfb_tanh_one (x) : x > 0 ? x : x * (float) slope;
      }
  lfb_quantize_floats (call->runtime, values, array->data, array->n_elements, scale, zero_point, LFB_DTYPE_QUINT8);

  return TRUE;
}

static LfbValue *
quantized_linear (LfbCall  *call,
                  GError  **error)
{
  const LinearKind *kind = LFB_CALL_DATA (call, LinearKind);
  LfbTensor *input = lfb_call_tensor (call, kind->input, error);
  const LfbPackedRows *rows = input != NULL ? lfb_call_state (call, error) : NULL;
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  double scale = 1;
  gint64 zero_point = 0;
  gboolean ok;

  if (rows == NULL ||
      !lfb_call_qparams (call, kind->scale, kind->zero_point, LFB_DTYPE_QUINT8, &scale, &zero_point, error))
    return NULL;

  if (kind->after == AFTER_LEAKY_RELU || kind->after == AFTER_TANH)
    ok = run_with_function (call, rows, input, scale, zero_point, &array, error);
  else
    ok = lfb_packed_rows_apply (rows, call->runtime, kind->input, input, scale, zero_point,
                                kind->after == AFTER_RELU, &array, error);
  if (!ok)
    return NULL;

  return lfb_value_take_tensor (lfb_array_seal_quantized (&array, LFB_DTYPE_QUINT8, scale, zero_point, error));
}

static LfbEmitted
emit_linear (LfbEmit  *emit,
             GError  **error)
{
  const LinearKind *kind = LFB_CALL_DATA (&emit->call, LinearKind);
  double scale = 1;
  gint64 zero_point = 0;
  LfbOperand input;

  if (emit->call.state == NULL || (kind->after != AFTER_NOTHING && kind->after != AFTER_RELU) ||
      lfb_emit_stand_in (emit, kind->input, &input) == NULL)
    return LFB_EMITTED_NOTHING;
  if (!lfb_call_qparams (&emit->call, kind->scale, kind->zero_point, LFB_DTYPE_QUINT8, &scale, &zero_point, error))
    return LFB_EMITTED_ERROR;

  return lfb_emit_rows (emit, emit->call.state, &input, scale, zero_point, kind->after == AFTER_RELU, error);
}

static LfbValue *
dynamic_linear (LfbCall  *call,
                GError  **error)
{
  const LinearKind *kind = LFB_CALL_DATA (call, LinearKind);
  LfbTensor *input = lfb_call_tensor (call, kind->input, error);
  const LfbPackedRows *rows = input != NULL ? lfb_call_state (call, error) : NULL;
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  gboolean reduce_range = FALSE;

  if (rows == NULL ||
      !lfb_call_bool (call, "reduce_range", &reduce_range, error) ||
      !lfb_packed_rows_apply_dynamic (rows, call->runtime, kind->input, input, reduce_range,
                                      kind->after == AFTER_RELU, &array, error))
    return NULL;

  return lfb_value_take_tensor (lfb_array_seal (&array, error));
}

static LfbEmitted
emit_dynamic (LfbEmit  *emit,
              GError  **error)
{
  const LinearKind *kind = LFB_CALL_DATA (&emit->call, LinearKind);
  gboolean reduce_range = FALSE;
  LfbOperand input;

  if (emit->call.state == NULL || !lfb_emit_operand (emit, kind->input, &input) || !lfb_emit_is_constant (emit, kind->input))
    return LFB_EMITTED_NOTHING;
  if (!lfb_call_bool (&emit->call, "reduce_range", &reduce_range, error))
    return LFB_EMITTED_ERROR;

  return lfb_emit_dynamic (emit, emit->call.state, &input, reduce_range, kind->after == AFTER_RELU, error);
}

/* Checked by packing it once; a session packs it again for its CPU. */
static LfbValue *
linear_prepack (LfbCall  *call,
                GError  **error)
{
  LfbTensor *weight = lfb_call_tensor (call, "W", error);
  LfbPackedRows *rows;
  LfbTensor *bias;

  if (weight == NULL || !lfb_call_optional_tensor (call, "B", &bias, error) ||
      !lfb_check_dtype ("W", weight, LFB_DTYPE_QINT8, error))
    return NULL;
  rows = lfb_packed_rows_new (call->runtime, weight, bias, error);
  if (rows == NULL)
    return NULL;
  lfb_packed_rows_free (rows);

  return lfb_packed_linear_value (weight, bias);
}

static LfbValue *
linear_prepack_fp16 (LfbCall  *call,
                     GError  **error)
{
  LfbTensor *weight = lfb_call_tensor (call, "W", error);
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  g_autoptr (LfbTensor) half = NULL;
  g_autoptr (LfbTensor) clamped = NULL;
  LfbPackedRows *rows;
  LfbTensor *bias;

  if (weight == NULL || !lfb_call_optional_tensor (call, "B", &bias, error))
    return NULL;
  if (lfb_tensor_is_quantized (weight))
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_DTYPE, "argument `W` is quantized, expected floats");
      return NULL;
    }
  rows = lfb_packed_rows_new (call->runtime, weight, bias, error);
  if (rows == NULL)
    return NULL;

  if (lfb_array_init_like (&array, LFB_DTYPE_FLOAT32, weight, error))
    {
      memcpy (array.data, rows->half, array.size);
      clamped = lfb_array_seal (&array, error);
    }
  lfb_packed_rows_free (rows);
  half = clamped != NULL ? lfb_tensor_convert (clamped, LFB_DTYPE_FLOAT16, error) : NULL;

  return half != NULL ? lfb_packed_linear_value (half, bias) : NULL;
}

static LfbValue *
linear_unpack (LfbCall  *call,
               GError  **error)
{
  LfbTensor *weight, *bias;
  g_autoptr (LfbValue) w = NULL;
  g_autoptr (LfbValue) b = NULL;
  LfbValue *items[2];

  if (!find_weight (call, &weight, &bias, error))
    return NULL;
  /* Halves come back as float32. */
  w = lfb_value_take_tensor (lfb_tensor_is_quantized (weight) ? g_object_ref (weight)
                                                              : lfb_tensor_convert (weight, LFB_DTYPE_FLOAT32, error));
  if (w == NULL)
    return NULL;
  items[0] = w;
  items[1] = b = bias != NULL ? lfb_value_for_tensor (bias) : lfb_value_for_none ();

  return lfb_value_for_tuple (items, G_N_ELEMENTS (items));
}

/* The float weight of a reference module: quantized and dequantized first. */
static gpointer
prepare_reference (LfbCall  *call,
                   GError  **error)
{
  return lfb_reference_weight (call, "weight", error);
}

static LfbValue *
float_linear (LfbCall  *call,
              GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  g_autoptr (LfbTensor) x = NULL;
  g_autoptr (LfbTensor) w = NULL;
  g_autoptr (LfbTensor) result = NULL;
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  gint64 shape[LFB_TENSOR_MAX_DIMS];
  LfbTensor *weight, *bias;
  const gint64 *own;
  gsize n_dims, m, n, k;
  LfbDType real;

  if (input == NULL)
    return NULL;
  weight = call->info->row->prepare != NULL ? lfb_call_state (call, error) : lfb_call_tensor (call, "weight", error);
  if (weight == NULL || !lfb_call_optional_tensor (call, "bias", &bias, error) ||
      !lfb_read_real_type ("input", input, &real, error) ||
      !lfb_check_rank ("weight", weight, 1, 2, error))
    return NULL;

  x = lfb_tensor_as_real ("input", input, real, error);
  w = x != NULL ? lfb_tensor_as_real ("weight", weight, real, error) : NULL;
  if (w == NULL)
    return NULL;
  n = lfb_tensor_get_n_dims (w) == 2 ? lfb_tensor_get_dim (w, 0) : 1;
  k = lfb_tensor_get_dim (w, lfb_tensor_get_n_dims (w) - 1);
  own = lfb_tensor_get_shape (x, &n_dims);
  if (!lfb_linear_shape ("input", own, n_dims, n, k, shape, &m, error) ||
      !lfb_array_init (&array, real, shape, lfb_tensor_get_n_dims (w) == 2 ? n_dims : n_dims - 1, error) ||
      !lfb_fill_bias (bias, real, m, n, array.data, error) ||
      !lfb_gemm (call->runtime, real, TRUE, m, n, k, lfb_tensor_get_data (x, NULL), k, lfb_tensor_get_data (w, NULL), k,
                 TRUE, array.data, n, error))
    return NULL;
  result = lfb_array_seal (&array, error);

  return result != NULL ? lfb_value_take_tensor (lfb_tensor_convert (result, lfb_tensor_get_dtype (input), error)) : NULL;
}

static void
free_tensor (gpointer tensor)
{
  g_object_unref (tensor);
}

static void
free_rows (gpointer rows)
{
  lfb_packed_rows_free (rows);
}

#define STATIC_RULE "clamp(round((float(acc) + b / (sx * sw)) * (sx * sw / sy)) + zy), acc exact"
#define DYNAMIC_RULE "float(acc) * (sx * sw) + b, the input quantized with its own range"
#define MODULE_SIGNATURE "input, weight, bias=None, scale=1.0, zero_point=0"

#define PACKED .prepare = prepare_packed, .free_state = free_rows, .prepared = "W_prepack"
#define PACKED_MODULE .prepare = prepare_packed, .free_state = free_rows, .prepared = "weight bias"

static const LfbOperator operators[] = {
  {
    .functions = "torch.nn.functional.linear torch._C._nn.linear",
    .modules = "torch.nn.Linear torch.nn.modules.linear.NonDynamicallyQuantizableLinear",
    .signature = "input, weight, bias=None",
    .rule = "input @ weight^T + bias in float32, or float64 if the input has it",
    .run = float_linear,
  },
  {
    .modules = "torch.ao.nn.quantized.reference.Linear",
    .signature = "input, weight, bias=None, " LFB_REFERENCE_SIGNATURE,
    .rule = "as linear, the weight quantized and dequantized first",
    .run = float_linear,
    .prepare = prepare_reference,
    .free_state = free_tensor,
    .prepared = "weight " LFB_REFERENCE_PREPARED,
  },
  {
    .functions = "torch.ops.quantized.linear",
    .signature = "X, W_prepack, Y_scale_i, Y_zero_point_i",
    .rule = STATIC_RULE,
    .run = quantized_linear,
    .emit = emit_linear,
    .data = &packed_plain,
    PACKED,
  },
  {
    .functions = "torch.ops.quantized.linear_relu",
    .signature = "X, W_prepack, Y_scale_i, Y_zero_point_i",
    .rule = STATIC_RULE ", not below zy",
    .run = quantized_linear,
    .emit = emit_linear,
    .data = &packed_relu,
    PACKED,
  },
  {
    .functions = "torch.ops.quantized.linear_dynamic",
    .signature = "X, W_prepack, reduce_range=False",
    .rule = DYNAMIC_RULE,
    .run = dynamic_linear,
    .emit = emit_dynamic,
    .data = &packed_plain,
    PACKED,
  },
  {
    .functions = "torch.ops.quantized.linear_relu_dynamic",
    .signature = "X, W_prepack, reduce_range=False",
    .rule = DYNAMIC_RULE ", then relu",
    .run = dynamic_linear,
    .emit = emit_dynamic,
    .data = &packed_relu,
    PACKED,
  },
  {
    .functions = "torch.ops.quantized.linear_dynamic_fp16",
    .signature = "X, W_prepack",
    .rule = "weights rounded to half, sums in float32",
    .run = dynamic_linear,
    .emit = emit_dynamic,
    .data = &packed_plain,
    PACKED,
  },
  {
    .functions = "torch.ops.quantized.linear_relu_dynamic_fp16",
    .signature = "X, W_prepack",
    .rule = "weights rounded to half, sums in float32, then relu",
    .run = dynamic_linear,
    .emit = emit_dynamic,
    .data = &packed_relu,
    PACKED,
  },
  {
    .modules = "torch.ao.nn.quantized.Linear",
    .signature = MODULE_SIGNATURE,
    .rule = STATIC_RULE,
    .run = quantized_linear,
    .emit = emit_linear,
    .data = &plain,
    PACKED_MODULE,
  },
  {
    .modules = "torch.ao.nn.intrinsic.quantized.LinearReLU",
    .signature = MODULE_SIGNATURE,
    .rule = STATIC_RULE ", not below zy",
    .run = quantized_linear,
    .emit = emit_linear,
    .data = &relu,
    PACKED_MODULE,
  },
  {
    .modules = "torch.ao.nn.intrinsic.quantized.LinearLeakyReLU",
    .signature = MODULE_SIGNATURE ", negative_slope=0.01",
    .rule = "quantize(leaky_relu((float(acc) + b / (sx * sw)) * (sx * sw)))",
    .run = quantized_linear,
    .emit = emit_linear,
    .data = &leaky_relu,
    PACKED_MODULE,
  },
  {
    .modules = "torch.ao.nn.intrinsic.quantized.LinearTanh",
    .signature = MODULE_SIGNATURE,
    .rule = "quantize(tanh((float(acc) + b / (sx * sw)) * (sx * sw)))",
    .run = quantized_linear,
    .emit = emit_linear,
    .data = &tanh_after,
    PACKED_MODULE,
  },
  {
    .modules = "torch.ao.nn.quantized.dynamic.Linear",
    .signature = "input, weight, bias=None, reduce_range=True",
    .rule = DYNAMIC_RULE,
    .run = dynamic_linear,
    .emit = emit_dynamic,
    .data = &plain,
    PACKED_MODULE,
  },
  {
    .modules = "torch.ao.nn.intrinsic.quantized.dynamic.LinearReLU",
    .signature = "input, weight, bias=None, reduce_range=True",
    .rule = DYNAMIC_RULE ", then relu",
    .run = dynamic_linear,
    .emit = emit_dynamic,
    .data = &relu,
    PACKED_MODULE,
  },
  {
    .functions = "torch.ops.quantized.linear_prepack",
    .signature = "W, B=None",
    .rule = "a packed weight of a qint8 matrix (outputs, inputs) and a float bias",
    .run = linear_prepack,
  },
  {
    .functions = "torch.ops.quantized.linear_prepack_fp16",
    .signature = "W, B=None",
    .rule = "a packed weight of a float matrix, rounded to half and saturated",
    .run = linear_prepack_fp16,
  },
  {
    .functions = "torch.ops.quantized.linear_unpack torch.ops.quantized.linear_unpack_fp16",
    .signature = "W_prepack",
    .rule = "the weight and bias of a packed weight",
    .run = linear_unpack,
  },
};

const LfbOperatorFamily lfb_linear_operators = LFB_OPERATOR_FAMILY (operators);

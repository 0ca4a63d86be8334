/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Linear: float, reference, static and dynamic int8, float16 weights, and
 * packing; numerics.md, "Linear and convolution".
 */

#include <lowerfb/run/lfb-call-private.h>
#include <lowerfb/run/lfb-gemm-private.h>
#include <lowerfb/run/lfb-linear-private.h>
#include <lowerfb/run/lfb-math-private.h>
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
  LfbValue *part;

  if (packed == NULL)
    {
      *weight = lfb_call_tensor (call, "weight", error);
      return *weight != NULL && lfb_call_optional_tensor (call, "bias", bias, error);
    }

  if (lfb_value_get_kind (packed) != LFB_VALUE_KIND_PACKED ||
      strcmp (lfb_value_get_string (packed), "LinearPackedParamsBase") != 0)
    {
      g_autofree char *found = lfb_value_describe (packed);

      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                   "argument `W_prepack` is %s, expected a packed weight of class LinearPackedParamsBase", found);
      return FALSE;
    }
  part = lfb_value_lookup (packed, "weight");
  if (part == NULL || lfb_value_get_kind (part) != LFB_VALUE_KIND_TENSOR)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument `W_prepack` has no weight");
      return FALSE;
    }
  *weight = lfb_value_get_tensor (part);
  part = lfb_value_lookup (packed, "bias");
  *bias = part != NULL && lfb_value_get_kind (part) == LFB_VALUE_KIND_TENSOR ? lfb_value_get_tensor (part) : NULL;

  return TRUE;
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

/* The shape of the output, (..., n) for (..., k), and the number of rows. */
static gboolean
output_shape (const char  *name,
              LfbTensor   *input,
              gsize        n,
              gsize        k,
              gint64      *shape,
              gsize       *n_dims,
              gsize       *m,
              GError     **error)
{
  const gint64 *own = lfb_tensor_get_shape (input, n_dims);

  if (*n_dims == 0 || (gsize) own[*n_dims - 1] != k)
    {
      g_autofree char *text = lfb_tensor_describe_shape (input);

      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "argument `%s` has the shape %s, expected a last dimension of %" G_GSIZE_FORMAT, name, text, k);
      return FALSE;
    }
  lfb_sizes_copy (shape, own, *n_dims);
  shape[*n_dims - 1] = n;

  return lfb_shape_count (shape, *n_dims - 1, m, error);
}

static gboolean
quint8_input (const char  *name,
              LfbTensor   *input,
              GError     **error)
{
  return lfb_check_quantized (name, input, error) && lfb_check_dtype (name, input, LFB_DTYPE_QUINT8, error);
}

/* y = quantize (function ((float (acc) + b / (sx sw)) * (sx sw))) */
static gboolean
run_with_function (LfbCall              *call,
                   const LfbPackedRows  *rows,
                   LfbTensor            *input,
                   gsize                 m,
                   double                scale,
                   gint64                zero_point,
                   guint8               *y,
                   GError              **error)
{
  const LinearKind *kind = LFB_CALL_DATA (call, LinearKind);
  g_auto (LfbOutputStage) sum = { NULL, NULL };
  g_auto (LfbOutputStage) stage = { NULL, NULL };
  g_autofree float *values = lfb_try_alloc (m * rows->n, sizeof (float), error);
  double slope = 0.01;
  LfbRescale output = { 0 };

  /* With an output scale of 1 the multiplier is sx * sw. */
  if (values == NULL ||
      !lfb_call_double (call, "negative_slope", &slope, error) ||
      !lfb_output_stage_init_sum (&sum, rows->n, error) ||
      !lfb_output_stage_init (&stage, &rows->params, lfb_tensor_get_scale (input), 1, error))
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

        *value = kind->after == AFTER_TANH ? lfb_tanhf (x) : x > 0 ? x : x * (float) slope;
      }
  lfb_quantize_floats (call->runtime, values, y, m * rows->n, scale, zero_point, LFB_DTYPE_QUINT8);

  return TRUE;
}

static LfbValue *
quantized_linear (LfbCall  *call,
                  GError  **error)
{
  const LinearKind *kind = LFB_CALL_DATA (call, LinearKind);
  LfbTensor *input = lfb_call_tensor (call, kind->input, error);
  const LfbPackedRows *rows = input != NULL ? lfb_call_state (call, error) : NULL;
  g_auto (LfbOutputStage) stage = { NULL, NULL };
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  gint64 shape[LFB_TENSOR_MAX_DIMS];
  double scale = 1;
  gint64 zero_point = 0;
  LfbRequantize output = { 0 };
  gsize n_dims, m;

  if (rows == NULL ||
      !quint8_input (kind->input, input, error) ||
      !lfb_call_qparams (call, kind->scale, kind->zero_point, LFB_DTYPE_QUINT8, &scale, &zero_point, error) ||
      !output_shape (kind->input, input, rows->n, rows->k, shape, &n_dims, &m, error) ||
      !lfb_array_init (&array, LFB_DTYPE_QUINT8, shape, n_dims, error))
    return NULL;
  if (rows->packed == NULL)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_DTYPE, "the weight is not quantized, expected qint8");
      return NULL;
    }

  if (kind->after == AFTER_LEAKY_RELU || kind->after == AFTER_TANH)
    {
      if (!run_with_function (call, rows, input, m, scale, zero_point, array.data, error))
        return NULL;
      return lfb_value_take_tensor (lfb_array_seal_quantized (&array, LFB_DTYPE_QUINT8, scale, zero_point, error));
    }

  if (!lfb_output_stage_init (&stage, &rows->params, lfb_tensor_get_scale (input), scale, error))
    return NULL;
  output.multiplier = stage.multiplier;
  output.bias = stage.bias;
  output.x_zero_point = lfb_tensor_get_zero_point (input);
  output.y_zero_point = zero_point;
  output.y_min = kind->after == AFTER_RELU ? zero_point : 0;
  output.y_max = 255;
  if (!lfb_packed_rows_run_u8 (rows, call->runtime, lfb_tensor_get_data (input, NULL), m, &output, array.data, error))
    return NULL;

  return lfb_value_take_tensor (lfb_array_seal_quantized (&array, LFB_DTYPE_QUINT8, scale, zero_point, error));
}

static LfbValue *
dynamic_linear (LfbCall  *call,
                GError  **error)
{
  const LinearKind *kind = LFB_CALL_DATA (call, LinearKind);
  LfbTensor *input = lfb_call_tensor (call, kind->input, error);
  const LfbPackedRows *rows = input != NULL ? lfb_call_state (call, error) : NULL;
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  gint64 shape[LFB_TENSOR_MAX_DIMS];
  gboolean reduce_range = FALSE;
  gsize n_dims, m;

  if (rows == NULL ||
      !lfb_check_dtype (kind->input, input, LFB_DTYPE_FLOAT32, error) ||
      !lfb_call_bool (call, "reduce_range", &reduce_range, error) ||
      !output_shape (kind->input, input, rows->n, rows->k, shape, &n_dims, &m, error) ||
      !lfb_array_init (&array, LFB_DTYPE_FLOAT32, shape, n_dims, error) ||
      !lfb_packed_rows_run_dynamic (rows, call->runtime, lfb_tensor_floats (input), m, reduce_range,
                                    kind->after == AFTER_RELU, array.data, error))
    return NULL;

  return lfb_value_take_tensor (lfb_array_seal (&array, error));
}

static LfbValue *
make_packed (LfbTensor *weight,
             LfbTensor *bias)
{
  static const char * const names[] = { "weight", "bias", NULL };
  g_autoptr (LfbValue) w = lfb_value_for_tensor (weight);
  g_autoptr (LfbValue) b = bias != NULL ? lfb_value_for_tensor (bias) : lfb_value_for_none ();
  LfbValue *items[] = { w, b };
  g_autoptr (LfbValue) parts = lfb_value_for_dict (names, items, G_N_ELEMENTS (items));

  return lfb_value_for_packed ("LinearPackedParamsBase", parts);
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

  return make_packed (weight, bias);
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

  return half != NULL ? make_packed (half, bias) : NULL;
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
  gsize n_dims, m, n, k;
  float *y;

  if (input == NULL)
    return NULL;
  weight = call->info->row->prepare != NULL ? lfb_call_state (call, error) : lfb_call_tensor (call, "weight", error);
  if (weight == NULL || !lfb_call_optional_tensor (call, "bias", &bias, error) ||
      !lfb_check_float_operand ("input", input, error) ||
      !lfb_check_rank ("weight", weight, 1, 2, error))
    return NULL;

  x = lfb_tensor_as_float ("input", input, error);
  w = x != NULL ? lfb_tensor_as_float ("weight", weight, error) : NULL;
  if (w == NULL)
    return NULL;
  n = lfb_tensor_get_n_dims (w) == 2 ? lfb_tensor_get_dim (w, 0) : 1;
  k = lfb_tensor_get_dim (w, lfb_tensor_get_n_dims (w) - 1);
  if (!output_shape ("input", x, n, k, shape, &n_dims, &m, error) ||
      !lfb_array_init (&array, LFB_DTYPE_FLOAT32, shape, lfb_tensor_get_n_dims (w) == 2 ? n_dims : n_dims - 1, error) ||
      !lfb_fill_bias (bias, m, n, array.data, error))
    return NULL;

  y = array.data;
  if (!lfb_gemm (FALSE, TRUE, m, n, k, lfb_tensor_floats (x), k, lfb_tensor_floats (w), k, TRUE, y, n, error))
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
    .rule = "input @ weight^T + bias in float32",
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
    .data = &packed_plain,
    PACKED,
  },
  {
    .functions = "torch.ops.quantized.linear_relu",
    .signature = "X, W_prepack, Y_scale_i, Y_zero_point_i",
    .rule = STATIC_RULE ", not below zy",
    .run = quantized_linear,
    .data = &packed_relu,
    PACKED,
  },
  {
    .functions = "torch.ops.quantized.linear_dynamic",
    .signature = "X, W_prepack, reduce_range=False",
    .rule = DYNAMIC_RULE,
    .run = dynamic_linear,
    .data = &packed_plain,
    PACKED,
  },
  {
    .functions = "torch.ops.quantized.linear_relu_dynamic",
    .signature = "X, W_prepack, reduce_range=False",
    .rule = DYNAMIC_RULE ", then relu",
    .run = dynamic_linear,
    .data = &packed_relu,
    PACKED,
  },
  {
    .functions = "torch.ops.quantized.linear_dynamic_fp16",
    .signature = "X, W_prepack",
    .rule = "weights rounded to half, sums in float32",
    .run = dynamic_linear,
    .data = &packed_plain,
    PACKED,
  },
  {
    .functions = "torch.ops.quantized.linear_relu_dynamic_fp16",
    .signature = "X, W_prepack",
    .rule = "weights rounded to half, sums in float32, then relu",
    .run = dynamic_linear,
    .data = &packed_relu,
    PACKED,
  },
  {
    .modules = "torch.ao.nn.quantized.Linear",
    .signature = MODULE_SIGNATURE,
    .rule = STATIC_RULE,
    .run = quantized_linear,
    .data = &plain,
    PACKED_MODULE,
  },
  {
    .modules = "torch.ao.nn.intrinsic.quantized.LinearReLU",
    .signature = MODULE_SIGNATURE,
    .rule = STATIC_RULE ", not below zy",
    .run = quantized_linear,
    .data = &relu,
    PACKED_MODULE,
  },
  {
    .modules = "torch.ao.nn.intrinsic.quantized.LinearLeakyReLU",
    .signature = MODULE_SIGNATURE ", negative_slope=0.01",
    .rule = "quantize(leaky_relu((float(acc) + b / (sx * sw)) * (sx * sw)))",
    .run = quantized_linear,
    .data = &leaky_relu,
    PACKED_MODULE,
  },
  {
    .modules = "torch.ao.nn.intrinsic.quantized.LinearTanh",
    .signature = MODULE_SIGNATURE,
    .rule = "quantize(tanh((float(acc) + b / (sx * sw)) * (sx * sw)))",
    .run = quantized_linear,
    .data = &tanh_after,
    PACKED_MODULE,
  },
  {
    .modules = "torch.ao.nn.quantized.dynamic.Linear",
    .signature = "input, weight, bias=None, reduce_range=True",
    .rule = DYNAMIC_RULE,
    .run = dynamic_linear,
    .data = &plain,
    PACKED_MODULE,
  },
  {
    .modules = "torch.ao.nn.intrinsic.quantized.dynamic.LinearReLU",
    .signature = "input, weight, bias=None, reduce_range=True",
    .rule = DYNAMIC_RULE ", then relu",
    .run = dynamic_linear,
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

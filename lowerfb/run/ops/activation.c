/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Activation functions, on floats and on 8-bit integers; numerics.md, the rows
 * on sigmoid, hardsigmoid, tanh, softmax, hardswish, elu, celu, leaky_relu and
 * prelu. Formulas are evaluated in the type of the tensor, operation by
 * operation, with the transcendental functions of lfb-math.
 */

#include <lowerfb/run/lfb-elementwise-private.h>
#include <lowerfb/run/lfb-emit-private.h>
#include <lowerfb/run/lfb-quantized-private.h>
#include <lowerfb/run/lfb-reference-private.h>

#define CLAMP_6(x) ((x) < 0 ? 0 : (x) > 6 ? 6 : (x))

static double
gelu_double (double x)
{
  return x * (0.5 * lfb_erfc (-x * 0.70710678118654752440));
}

static double
gelu_tanh_double (double x)
{
  return 0.5 * x * (1 + lfb_tanh (0.79788456080286535588 * (x + 0.044715 * (x * x * x))));
}

#define GELU(x) _Generic ((x), float: lfb_gelu_one, double: gelu_double) (x)
#define GELU_TANH(x) _Generic ((x), float: lfb_gelu_tanh_one, double: gelu_tanh_double) (x)

LFB_UNARY_FUNCTIONS (sigmoid, SIGMOID (x))
LFB_UNARY_FUNCTIONS (tanh, TANH (x))
LFB_UNARY_FUNCTIONS (hardsigmoid, CLAMP_6 (x + 3) / 6)
LFB_UNARY_FUNCTIONS (hardswish, x * CLAMP_6 (x + 3) / 6)
LFB_UNARY_FUNCTIONS (elu, x <= 0 ? (EXP (x * (real) p[2]) - 1) * ((real) p[0] * (real) p[1]) : x * (real) p[1])
LFB_UNARY_FUNCTIONS (celu, x <= 0 ? (EXP (x * (1 / (real) p[0])) - 1) * (real) p[0] : x)
LFB_UNARY_FUNCTIONS (leaky_relu, x > 0 ? x : x * (real) p[0])
LFB_UNARY_FUNCTIONS (selu, (real) 1.0507009873554804934193349852946 *
                           (x <= 0 ? (real) 1.6732632423543772848170429916717 * (EXP (x) - 1) : x))
LFB_UNARY_FUNCTIONS (silu, x * SIGMOID (x))
LFB_UNARY_FUNCTIONS (mish, x * lfb_tanh (lfb_log1p (lfb_exp (x))))
LFB_UNARY_FUNCTIONS (gelu, GELU (x))
LFB_UNARY_FUNCTIONS (gelu_tanh, GELU_TANH (x))
LFB_UNARY_FUNCTIONS (softplus, x * (real) p[0] > (real) p[1] ? x : lfb_log1p (lfb_exp (x * p[0])) / p[0])
LFB_UNARY_FUNCTIONS (logsigmoid, (x < 0 ? x : 0) - lfb_log1p (lfb_exp (-fabs (x))))
LFB_UNARY_FUNCTIONS (softsign, x / (1 + (real) fabs (x)))
LFB_UNARY_FUNCTIONS (tanhshrink, x - TANH (x))
LFB_UNARY_FUNCTIONS (hardshrink, x >= -(real) p[0] && x <= (real) p[0] ? 0 : x)
LFB_UNARY_FUNCTIONS (softshrink, x > (real) p[0] ? x - (real) p[0] : x < -(real) p[0] ? x + (real) p[0] : x * 0)
LFB_UNARY_FUNCTIONS (threshold, x <= (real) p[0] ? (real) p[1] : x)

static gint64
threshold_i64 (gint64        x,
               const double *p)
{
  return x <= p[0] ? (gint64) p[1] : x;
}

static LfbValue *
quantized_threshold (LfbCall  *call,
                     GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);

  return input != NULL && lfb_check_quantized ("input", input, error) ? lfb_unary_run (call, error) : NULL;
}

/* Among integers both numbers become such, if they can. */
static LfbValue *
run_threshold (LfbCall  *call,
               GError  **error)
{
  const LfbUnary *unary = LFB_CALL_DATA (call, LfbUnary);
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  LfbDType dtype;
  double p[LFB_UNARY_MAX_PARAMS];

  if (input == NULL)
    return NULL;
  dtype = lfb_tensor_get_dtype (input);
  if (lfb_dtype_is_quantized (dtype) || lfb_dtype_is_floating_point (dtype))
    return lfb_unary_run (call, error);
  for (gsize i = 0; i < 2; i++)
    if (!lfb_read_number_as (unary->params[i], lfb_call_get (call, unary->params[i]), dtype, &p[i], error))
      return NULL;

  return lfb_value_take_tensor (lfb_unary_apply (call->runtime, unary, p, input, error));
}

#define FUNCTIONS(name) .f32 = name##_f32, .f64 = name##_f64, .result = LFB_RESULT_FLOAT

static const LfbUnary sigmoid_op = {
  FUNCTIONS (sigmoid), LFB_VECTOR (sigmoid), .quantized = LFB_QUANTIZED_FIXED,
  .u8_scale = 1.0 / 256, .u8_zero_point = 0, .s8_scale = 1.0 / 256, .s8_zero_point = -128,
};
static const LfbUnary hardsigmoid_op = {
  FUNCTIONS (hardsigmoid), .quantized = LFB_QUANTIZED_FIXED,
  .u8_scale = 1.0 / 256, .u8_zero_point = 0, .s8_scale = 1.0 / 256, .s8_zero_point = -128,
};
static const LfbUnary tanh_op = {
  FUNCTIONS (tanh), LFB_VECTOR (tanh), .quantized = LFB_QUANTIZED_FIXED,
  .u8_scale = 1.0 / 128, .u8_zero_point = 128, .s8_scale = 1.0 / 128, .s8_zero_point = 0,
};

#define ELU .params = { "alpha", "scale", "input_scale" }, .defaults = { 1, 1, 1 }
#define ELU_MODULE .params = { "alpha" }, .defaults = { 1, 1, 1 }
#define CELU .params = { "alpha" }, .defaults = { 1 }
#define LEAKY .params = { "negative_slope" }, .defaults = { 0.01 }

static const LfbUnary elu_op = { FUNCTIONS (elu), ELU };
static const LfbUnary quantized_elu_op = { FUNCTIONS (elu), ELU, .quantized = LFB_QUANTIZED_GIVEN };
static const LfbUnary quantized_elu_module_op = { FUNCTIONS (elu), ELU_MODULE, .quantized = LFB_QUANTIZED_GIVEN };
static const LfbUnary celu_op = { FUNCTIONS (celu), CELU };
static const LfbUnary quantized_celu_op = { FUNCTIONS (celu), CELU, .quantized = LFB_QUANTIZED_GIVEN };
static const LfbUnary leaky_relu_op = { FUNCTIONS (leaky_relu), LEAKY };
static const LfbUnary quantized_leaky_relu_op = { FUNCTIONS (leaky_relu), LEAKY, .quantized = LFB_QUANTIZED_GIVEN };
static const LfbUnary hardswish_op = { FUNCTIONS (hardswish) };
static const LfbUnary quantized_hardswish_op = { FUNCTIONS (hardswish), .quantized = LFB_QUANTIZED_GIVEN };
static const LfbUnary quantized_sigmoid_op = { FUNCTIONS (sigmoid), LFB_VECTOR (sigmoid), .quantized = LFB_QUANTIZED_GIVEN };
static const LfbUnary gelu_op = { FUNCTIONS (gelu), LFB_VECTOR (gelu) };
static const LfbUnary gelu_tanh_op = { FUNCTIONS (gelu_tanh), LFB_VECTOR (gelu_tanh) };

#define PLAIN(name) &(const LfbUnary) { FUNCTIONS (name) }

/* Parameters that torch refuses. */
static LfbValue *
celu (LfbCall  *call,
      GError  **error)
{
  double alpha = 1;

  if (!lfb_call_double (call, "alpha", &alpha, error))
    return NULL;
  if (alpha == 0)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_RANGE, "argument `alpha` is 0: a division by zero");
      return NULL;
    }

  return lfb_unary_run (call, error);
}

static LfbValue *
softshrink (LfbCall  *call,
            GError  **error)
{
  double lambda = 0.5;

  if (!lfb_call_double (call, "lambd", &lambda, error))
    return NULL;
  if (!(lambda >= 0))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "argument `lambd` is %g, expected 0 or more", lambda);
      return NULL;
    }

  return lfb_unary_run (call, error);
}

static const LfbUnary *
gelu_kind (LfbCall  *call,
           GError  **error)
{
  const char *approximate = "none";

  if (!lfb_call_string (call, "approximate", &approximate, error))
    return NULL;
  if (g_strcmp0 (approximate, "tanh") == 0)
    return &gelu_tanh_op;
  if (g_strcmp0 (approximate, "none") == 0)
    return &gelu_op;

  g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
               "argument `approximate` is '%.40s', expected 'none' or 'tanh'", approximate);

  return NULL;
}

static LfbValue *
gelu (LfbCall  *call,
      GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  const LfbUnary *kind = input != NULL ? gelu_kind (call, error) : NULL;

  return kind != NULL ? lfb_value_take_tensor (lfb_unary_apply (call->runtime, kind, NULL, input, error)) : NULL;
}

static LfbEmitted
emit_gelu (LfbEmit  *emit,
           GError  **error)
{
  const LfbUnary *kind;
  LfbOperand x;

  if (!lfb_emit_operand (emit, "input", &x) || !lfb_emit_is_constant (emit, "input"))
    return LFB_EMITTED_NOTHING;
  kind = gelu_kind (&emit->call, error);

  return kind != NULL ? lfb_emit_function (emit, kind, NULL, &x) : LFB_EMITTED_ERROR;
}

LFB_BINARY_FUNCTIONS (times, a * b)

/* glu: the first half of a dimension times the sigmoid of the second. */
static LfbValue *
glu (LfbCall  *call,
     GError  **error)
{
  static const LfbUnary sigmoid_only = { FUNCTIONS (sigmoid), LFB_VECTOR (sigmoid) };
  static const LfbBinary product = { times_f32, times_f64, NULL, LFB_RESULT_SAME };
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  gint64 shape[LFB_TENSOR_MAX_DIMS], strides[LFB_TENSOR_MAX_DIMS];
  g_autoptr (LfbValue) left = NULL;
  g_autoptr (LfbValue) gate = NULL;
  g_autoptr (LfbTensor) right = NULL;
  gsize n_dims, dim;
  LfbDType real;

  if (input == NULL || !lfb_read_real_type ("input", input, &real, error) ||
      !lfb_call_dim (call, "dim", lfb_tensor_get_n_dims (input), &dim, error))
    return NULL;
  n_dims = lfb_tensor_get_n_dims (input);
  if (n_dims == 0 || lfb_tensor_get_dim (input, dim) % 2 != 0)
    {
      g_autofree char *text = lfb_tensor_describe_shape (input);

      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "argument `input` has the shape %s, expected an even size of dimension %" G_GSIZE_FORMAT, text, dim);
      return NULL;
    }
  for (gsize i = 0; i < n_dims; i++)
    shape[i] = lfb_tensor_get_dim (input, i);
  lfb_shape_strides (shape, n_dims, strides);
  shape[dim] /= 2;
  left = lfb_value_take_tensor (lfb_tensor_restride (input, 0, shape, strides, n_dims, error));
  right = left != NULL ? lfb_tensor_restride (input, shape[dim] * strides[dim], shape, strides, n_dims, error) : NULL;
  gate = right != NULL ? lfb_value_take_tensor (lfb_unary_apply (call->runtime, &sigmoid_only, NULL, right, error)) : NULL;

  return gate != NULL ? lfb_binary_apply (call->runtime, &product, "input", left, "input", gate, error) : NULL;
}

/* prelu: the weight stays float, one for all or one for each index of
 * dimension 1.
 */
#define PRELU(name, real) \
  static void \
  name (const real *x, \
        const real *weights, \
        gsize       n, \
        gsize       n_weights, \
        gsize       inner, \
        real       *y) \
  { \
    for (gsize i = 0; i < n; i++) \
      y[i] = x[i] > 0 ? x[i] : x[i] * weights[i / inner % n_weights]; \
  }

PRELU (prelu_f32, float)
PRELU (prelu_f64, double)

static LfbTensor *
prelu_floats (LfbTensor  *input,
              LfbTensor  *weight,
              GError    **error)
{
  g_autoptr (LfbTensor) x = NULL;
  g_autoptr (LfbTensor) w = NULL;
  g_autoptr (LfbTensor) y = NULL;
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  gsize n_dims, n_weights, channels, inner = 1;
  const gint64 *shape;
  LfbDType real;

  if (!lfb_read_real_type ("input", input, &real, error))
    return NULL;
  x = lfb_tensor_as_real ("input", input, real, error);
  w = x != NULL ? lfb_tensor_as_real ("weight", weight, real, error) : NULL;
  if (w == NULL || !lfb_array_init_like (&array, real, x, error))
    return NULL;
  shape = lfb_tensor_get_shape (x, &n_dims);
  n_weights = lfb_tensor_get_n_elements (w);
  channels = n_dims >= 2 ? shape[1] : 1;
  if (n_weights != 1 && n_weights != channels)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "argument `weight` has %" G_GSIZE_FORMAT " elements, expected 1 or %" G_GSIZE_FORMAT, n_weights, channels);
      return NULL;
    }
  for (gsize i = 2; i < n_dims; i++)
    inner *= shape[i];
  if (array.n_elements > 0 && real == LFB_DTYPE_FLOAT64)
    prelu_f64 (lfb_tensor_get_data (x, NULL), lfb_tensor_get_data (w, NULL), array.n_elements, n_weights, inner,
               array.data);
  else if (array.n_elements > 0)
    prelu_f32 (lfb_tensor_get_data (x, NULL), lfb_tensor_get_data (w, NULL), array.n_elements, n_weights, inner,
               array.data);
  y = lfb_array_seal (&array, error);

  return y != NULL ? lfb_tensor_convert (y, lfb_tensor_get_dtype (input), error) : NULL;
}

static LfbValue *
prelu (LfbCall  *call,
       GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  LfbTensor *weight = input != NULL ? lfb_call_tensor (call, "weight", error) : NULL;

  return weight != NULL ? lfb_value_take_tensor (prelu_floats (input, weight, error)) : NULL;
}

static LfbValue *
quantized_prelu (LfbCall  *call,
                 GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  LfbTensor *weight = input != NULL ? lfb_call_tensor (call, "weight", error) : NULL;
  gboolean function = lfb_call_has (call, "output_scale");
  g_autoptr (LfbTensor) x = NULL;
  g_autoptr (LfbTensor) w = NULL;
  g_autoptr (LfbTensor) y = NULL;
  double scale = 1;
  gint64 zero_point = 0;

  if (weight == NULL || !lfb_check_quantized ("input", input, error) ||
      !lfb_call_qparams (call, function ? "output_scale" : "scale", function ? "output_zero_point" : "zero_point",
                         lfb_tensor_get_dtype (input), &scale, &zero_point, error))
    return NULL;
  x = lfb_dequantize (call->runtime, input, error);
  w = x != NULL ? lfb_dequantize (call->runtime, weight, error) : NULL;
  y = w != NULL ? prelu_floats (x, w, error) : NULL;

  return y != NULL ? lfb_value_take_tensor (lfb_quantize (call->runtime, y, scale, zero_point,
                                                          lfb_tensor_get_dtype (input), error)) : NULL;
}

#define TABLE ", dequantized, then quantized with the given output range"
#define QUANTIZED "torch.ao.nn.quantized."

static const LfbOperator operators[] = {
  {
    .functions = "torch.sigmoid torch.nn.functional.sigmoid torch.special.expit", .methods = "sigmoid sigmoid_",
    .modules = "torch.nn.Sigmoid", .signature = "input", .run = lfb_unary_run, .emit = lfb_emit_unary, .data = &sigmoid_op,
    .rule = "1 / (1 + exp(-x)); integers: output scale 1/256, zero point 0 (qint8: -128)",
  },
  {
    .functions = "torch.nn.functional.hardsigmoid", .methods = "hardsigmoid hardsigmoid_", .modules = "torch.nn.Hardsigmoid",
    .signature = "input, inplace=False", .run = lfb_unary_run, .emit = lfb_emit_unary, .data = &hardsigmoid_op,
    .rule = "clamp(x + 3, 0, 6) / 6; integers: output scale 1/256, zero point 0 (qint8: -128)",
  },
  {
    .functions = "torch.tanh torch.nn.functional.tanh", .methods = "tanh tanh_", .modules = "torch.nn.Tanh",
    .signature = "input", .run = lfb_unary_run, .emit = lfb_emit_unary, .data = &tanh_op,
    .rule = "hyperbolic tangent; integers: output scale 1/128, zero point 128 (qint8: 0)",
  },
  {
    .functions = "torch.ops.quantized.sigmoid", .modules = QUANTIZED "Sigmoid",
    .signature = "input, output_scale, output_zero_point", .run = lfb_unary_run, .emit = lfb_emit_unary, .data = &quantized_sigmoid_op,
    .rule = "1 / (1 + exp(-x))" TABLE,
  },
  {
    .functions = "torch.nn.functional.hardswish", .methods = "hardswish", .modules = "torch.nn.Hardswish",
    .signature = "input, inplace=False", .run = lfb_unary_run, .emit = lfb_emit_unary, .data = &hardswish_op, .rule = "x * clamp(x + 3, 0, 6) / 6",
  },
  {
    .functions = "torch.ops.quantized.hardswish", .signature = "input, output_scale, output_zero_point",
    .run = lfb_unary_run, .emit = lfb_emit_unary, .data = &quantized_hardswish_op, .rule = "x * clamp(x + 3, 0, 6) / 6" TABLE,
  },
  {
    .modules = QUANTIZED "Hardswish", .signature = "input, scale, zero_point",
    .run = lfb_unary_run, .emit = lfb_emit_unary, .data = &quantized_hardswish_op, .rule = "x * clamp(x + 3, 0, 6) / 6" TABLE,
  },
  {
    .functions = "torch.nn.functional.elu torch._C._nn.elu", .modules = "torch.nn.ELU",
    .signature = "input, alpha=1.0, inplace=False", .run = lfb_unary_run, .emit = lfb_emit_unary, .data = &elu_op,
    .rule = "x where x > 0, else (exp(x) - 1) * alpha",
  },
  {
    .functions = "torch.nn.functional.elu_",
    .signature = "input, alpha=1.0", .run = lfb_unary_run, .emit = lfb_emit_unary, .data = &elu_op,
    .rule = "x where x > 0, else (exp(x) - 1) * alpha",
  },
  {
    .functions = "torch.ops.quantized.elu",
    .signature = "input, output_scale, output_zero_point, alpha=1.0, scale=1.0, input_scale=1.0",
    .run = lfb_unary_run, .emit = lfb_emit_unary, .data = &quantized_elu_op, .rule = "x where x > 0, else (exp(x) - 1) * alpha" TABLE,
  },
  {
    .modules = QUANTIZED "ELU", .signature = "input, scale, zero_point, alpha=1.0",
    .run = lfb_unary_run, .emit = lfb_emit_unary, .data = &quantized_elu_module_op, .rule = "x where x > 0, else (exp(x) - 1) * alpha" TABLE,
  },
  {
    .functions = "torch.nn.functional.celu torch.celu", .modules = "torch.nn.CELU",
    .signature = "input, alpha=1.0, inplace=False", .run = celu, .emit = lfb_emit_bytes, .data = &celu_op,
    .rule = "x where x > 0, else (exp(x * (1 / alpha)) - 1) * alpha",
  },
  {
    .functions = "torch.ops.quantized.celu", .signature = "input, output_scale, output_zero_point, alpha=1.0",
    .run = celu, .emit = lfb_emit_bytes, .data = &quantized_celu_op,
    .rule = "x where x > 0, else (exp(x * (1 / alpha)) - 1) * alpha" TABLE,
  },
  {
    .functions = "torch.nn.functional.leaky_relu torch._C._nn.leaky_relu", .modules = "torch.nn.LeakyReLU",
    .signature = "input, negative_slope=0.01, inplace=False", .run = lfb_unary_run, .emit = lfb_emit_unary, .data = &leaky_relu_op,
    .rule = "x where x > 0, else x * negative_slope",
  },
  {
    .functions = "torch.ops.quantized.leaky_relu",
    .signature = "input, negative_slope=0.01, inplace=False, output_scale=None, output_zero_point=None",
    .run = lfb_unary_run, .emit = lfb_emit_unary, .data = &quantized_leaky_relu_op, .rule = "x where x > 0, else x * negative_slope" TABLE,
  },
  {
    .modules = QUANTIZED "LeakyReLU", .signature = "input, scale, zero_point, negative_slope=0.01, inplace=False",
    .run = lfb_unary_run, .emit = lfb_emit_unary, .data = &quantized_leaky_relu_op, .rule = "x where x > 0, else x * negative_slope" TABLE,
  },
  {
    .functions = "torch.prelu torch.nn.functional.prelu", .methods = "prelu",
    .modules = "torch.nn.PReLU", .signature = "input, weight", .run = prelu,
    .rule = "x where x > 0, else x * weight, one weight or one for each index of dimension 1",
  },
  {
    .functions = "torch.ops.quantized.prelu", .signature = "input, weight, output_scale, output_zero_point",
    .run = quantized_prelu, .rule = "x where x > 0, else x * weight" TABLE,
  },
  {
    .modules = QUANTIZED "PReLU", .signature = "input, weight, scale, zero_point",
    .run = quantized_prelu, .rule = "x where x > 0, else x * weight" TABLE,
  },
  {
    .functions = "torch.nn.functional.selu torch.selu", .modules = "torch.nn.SELU", .signature = "input, inplace=False",
    .run = lfb_unary_run, .emit = lfb_emit_unary, .data = PLAIN (selu), .rule = "scaled elu",
  },
  {
    .functions = "torch.nn.functional.silu torch._C._nn.silu", .modules = "torch.nn.SiLU",
    .signature = "input, inplace=False", .run = lfb_unary_run, .emit = lfb_emit_unary,
    .data = &(const LfbUnary) { FUNCTIONS (silu), LFB_VECTOR (silu) }, .rule = "x * sigmoid(x)",
  },
  {
    .functions = "torch.nn.functional.mish", .modules = "torch.nn.Mish", .signature = "input, inplace=False",
    .run = lfb_unary_run, .emit = lfb_emit_unary, .data = PLAIN (mish), .rule = "x * tanh(log(1 + exp(x)))",
  },
  {
    .functions = "torch.nn.functional.gelu torch._C._nn.gelu", .modules = "torch.nn.GELU",
    .signature = "input, approximate='none'", .run = gelu, .emit = emit_gelu, .rule = "x * (1 + erf(x / sqrt(2))) / 2, or its form with tanh",
  },
  {
    .functions = "torch.nn.functional.glu", .modules = "torch.nn.GLU", .signature = "input, dim=-1", .run = glu,
    .rule = "the first half times the sigmoid of the second",
  },
  {
    .functions = "torch.nn.functional.softplus torch._C._nn.softplus", .modules = "torch.nn.Softplus",
    .signature = "input, beta=1, threshold=20", .run = lfb_unary_run, .emit = lfb_emit_unary,
    .data = &(const LfbUnary) { FUNCTIONS (softplus), .params = { "beta", "threshold" }, .defaults = { 1, 20 } },
    .rule = "log(1 + exp(beta * x)) / beta, x above the threshold",
  },
  {
    .functions = "torch.nn.functional.logsigmoid torch._C._nn.log_sigmoid", .modules = "torch.nn.LogSigmoid",
    .signature = "input", .run = lfb_unary_run, .emit = lfb_emit_unary, .data = PLAIN (logsigmoid), .rule = "log(sigmoid(x))",
  },
  {
    .functions = "torch.nn.functional.softsign", .modules = "torch.nn.Softsign", .signature = "input",
    .run = lfb_unary_run, .emit = lfb_emit_unary, .data = PLAIN (softsign), .rule = "x / (1 + |x|)",
  },
  {
    .functions = "torch.nn.functional.tanhshrink", .modules = "torch.nn.Tanhshrink", .signature = "input",
    .run = lfb_unary_run, .emit = lfb_emit_unary, .data = PLAIN (tanhshrink), .rule = "x - tanh(x)",
  },
  {
    .functions = "torch.nn.functional.hardshrink torch.hardshrink", .modules = "torch.nn.Hardshrink",
    .signature = "input, lambd=0.5", .run = lfb_unary_run, .emit = lfb_emit_unary,
    .data = &(const LfbUnary) { FUNCTIONS (hardshrink), .params = { "lambd" }, .defaults = { 0.5 } },
    .rule = "x, 0 from -lambd to lambd",
  },
  {
    .functions = "torch.nn.functional.softshrink torch._C._nn.softshrink", .modules = "torch.nn.Softshrink",
    .signature = "input, lambd=0.5", .run = softshrink,
    .data = &(const LfbUnary) { FUNCTIONS (softshrink), .params = { "lambd" }, .defaults = { 0.5 } },
    .rule = "x moved towards 0 by lambd",
  },
  {
    .functions = "torch.ops.quantized.threshold", .signature = "input, threshold, value", .run = quantized_threshold,
    .data = &(const LfbUnary) { .f32 = threshold_f32, .f64 = threshold_f64, .params = { "threshold", "value" },
                                .quantized = LFB_QUANTIZED_SAME },
    .rule = "x above the threshold, else the value; same scale and zero point",
  },
  {
    .functions = "torch.nn.functional.threshold torch.nn.functional._threshold torch.threshold", .modules = "torch.nn.Threshold",
    .signature = "input, threshold, value, inplace=False", .run = run_threshold,
    .data = &(const LfbUnary) { .f32 = threshold_f32, .f64 = threshold_f64, .i64 = threshold_i64, .params = { "threshold", "value" } },
    .rule = "x above the threshold, else the value",
  },
};

const LfbOperatorFamily lfb_activation_operators = LFB_OPERATOR_FAMILY (operators);

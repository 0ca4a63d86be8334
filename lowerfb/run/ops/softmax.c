/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* softmax and its kin. The maximum is subtracted and the exponential taken in the
 * tensor's type, their sum in double in ascending order and rounded once; integers are dequantized and quantized with the given range
 * (numerics.md).
 */

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-call-private.h>
#include <lowerfb/run/lfb-math-private.h>
#include <lowerfb/run/lfb-quantized-private.h>
#include <lowerfb/run/lfb-reduction-private.h>
#include <lowerfb/run/lfb-reference-private.h>

#include <string.h>

typedef struct {
  gboolean log;
  gboolean negate;    /* softmin */
} SoftmaxKind;

static const SoftmaxKind softmax_kind = { FALSE, FALSE }, log_softmax_kind = { TRUE, FALSE }, softmin_kind = { FALSE, TRUE };

/* One line of elements, @stride apart. */
#define SOFTMAX_LINE(name, type, exponential) \
  static void \
  name (const SoftmaxKind *kind, \
        const type        *x, \
        type              *y, \
        gsize              n, \
        gsize              stride) \
  { \
    type sign = kind->negate ? -1 : 1, max = -INFINITY; \
    double sum = 0; \
    for (gsize i = 0; i < n; i++) \
      max = sign * x[i * stride] > max || x[i * stride] != x[i * stride] ? sign * x[i * stride] : max; \
    for (gsize i = 0; i < n; i++) \
      { \
        type difference = sign * x[i * stride] - max; \
        type e = exponential (difference); \
        sum += e; \
        y[i * stride] = kind->log ? difference : e; \
      } \
    for (gsize i = 0; i < n; i++) \
      y[i * stride] = kind->log ? (type) (y[i * stride] - lfb_log (sum)) : y[i * stride] / (type) sum; \
  }

SOFTMAX_LINE (softmax_line_f32, float, lfb_expf)
SOFTMAX_LINE (softmax_line_f64, double, lfb_exp)

/* @input is float32 or float64. */
static LfbTensor *
softmax_floats (const SoftmaxKind  *kind,
                LfbTensor          *input,
                gsize               dim,
                GError            **error)
{
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  gsize n_dims, n = 1, outer = 1, inner = 1;
  const gint64 *shape = lfb_tensor_get_shape (input, &n_dims);
  gconstpointer x = lfb_tensor_get_data (input, NULL);
  gboolean single = lfb_tensor_get_dtype (input) == LFB_DTYPE_FLOAT32;

  if (!lfb_array_init_like (&array, lfb_tensor_get_dtype (input), input, error))
    return NULL;
  if (n_dims > 0)
    n = shape[dim];
  for (gsize i = 0; i < dim; i++)
    outer *= shape[i];
  for (gsize i = dim + 1; i < n_dims; i++)
    inner *= shape[i];
  for (gsize o = 0; o < outer && array.n_elements > 0; o++)
    for (gsize i = 0; i < inner; i++)
      {
        gsize at = o * n * inner + i;

        if (single)
          softmax_line_f32 (kind, (const float *) x + at, (float *) array.data + at, n, inner);
        else
          softmax_line_f64 (kind, (const double *) x + at, (double *) array.data + at, n, inner);
      }

  return lfb_array_seal (&array, error);
}

/* Without a dimension: 0 for 0, 1 and 3 dimensions, else 1. */
static gboolean
read_dim (LfbCall    *call,
          LfbTensor  *input,
          gsize      *dim,
          GError    **error)
{
  gsize n_dims = lfb_tensor_get_n_dims (input);

  if (!lfb_value_is_none (lfb_call_get (call, "dim")))
    return lfb_call_dim (call, "dim", n_dims, dim, error);
  *dim = n_dims <= 1 || n_dims == 3 ? 0 : 1;

  return TRUE;
}

static LfbValue *
softmax (LfbCall  *call,
         GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  g_autoptr (LfbTensor) x = NULL;
  g_autoptr (LfbTensor) y = NULL;
  LfbDType dtype;
  gsize dim;

  if (input == NULL || !read_dim (call, input, &dim, error))
    return NULL;
  dtype = lfb_tensor_get_dtype (input);
  if (!lfb_call_dtype (call, "dtype", &dtype, error))
    return NULL;
  if (!lfb_dtype_is_floating_point (dtype))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE, "argument `input` has the dtype %s, expected floats", lfb_dtype_to_string (dtype));
      return NULL;
    }
  if (!lfb_check_plain ("input", input, error))
    return NULL;
  x = lfb_tensor_convert (input, dtype == LFB_DTYPE_FLOAT64 ? dtype : LFB_DTYPE_FLOAT32, error);
  y = x != NULL ? softmax_floats (LFB_CALL_DATA (call, SoftmaxKind), x, dim, error) : NULL;

  return y != NULL ? lfb_value_take_tensor (lfb_tensor_convert (y, dtype, error)) : NULL;
}

static LfbValue *
quantized_softmax (LfbCall  *call,
                   GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  gboolean function = lfb_call_has (call, "output_scale");
  g_autoptr (LfbTensor) x = NULL;
  g_autoptr (LfbTensor) y = NULL;
  double scale = 1;
  gint64 zero_point = 0;
  gsize dim;

  if (input == NULL || !lfb_check_quantized ("input", input, error) || !read_dim (call, input, &dim, error) ||
      !lfb_call_qparams (call, function ? "output_scale" : "scale", function ? "output_zero_point" : "zero_point",
                         lfb_tensor_get_dtype (input), &scale, &zero_point, error))
    return NULL;
  x = lfb_dequantize (call->runtime, input, error);
  y = x != NULL ? softmax_floats (&softmax_kind, x, dim, error) : NULL;

  return y != NULL ? lfb_value_take_tensor (lfb_quantize (call->runtime, y, scale, zero_point,
                                                          lfb_tensor_get_dtype (input), error)) : NULL;
}

#define RULE "exp(x - max) / sum of exp(x - max)"

static const LfbOperator operators[] = {
  {
    .functions = "torch.softmax", .methods = "softmax",
    .signature = "input, dim, dtype=None", .rule = RULE, .run = softmax, .data = &softmax_kind,
  },
  {
    .functions = "torch.nn.functional.softmax",
    .signature = "input, dim=None, _stacklevel=3, dtype=None", .rule = RULE, .run = softmax, .data = &softmax_kind,
  },
  { .modules = "torch.nn.Softmax", .signature = "input, dim=None", .rule = RULE, .run = softmax, .data = &softmax_kind },
  {
    .functions = "torch.log_softmax", .methods = "log_softmax",
    .signature = "input, dim, dtype=None", .rule = "the logarithm of softmax", .run = softmax, .data = &log_softmax_kind,
  },
  {
    .functions = "torch.nn.functional.log_softmax",
    .signature = "input, dim=None, _stacklevel=3, dtype=None", .rule = "the logarithm of softmax",
    .run = softmax, .data = &log_softmax_kind,
  },
  { .modules = "torch.nn.LogSoftmax", .signature = "input, dim=None", .rule = "the logarithm of softmax", .run = softmax, .data = &log_softmax_kind },
  {
    .functions = "torch.nn.functional.softmin",
    .signature = "input, dim=None, _stacklevel=3, dtype=None", .rule = "softmax of -x", .run = softmax, .data = &softmin_kind,
  },
  { .modules = "torch.nn.Softmin", .signature = "input, dim=None", .rule = "softmax of -x", .run = softmax, .data = &softmin_kind },
  {
    .functions = "torch.ops.quantized.softmax", .signature = "input, dim, output_scale, output_zero_point",
    .rule = RULE ", dequantized, then quantized with the given range", .run = quantized_softmax,
  },
  {
    .modules = "torch.ao.nn.quantized.Softmax", .signature = "input, scale, zero_point, dim=None",
    .rule = RULE ", dequantized, then quantized with the given range", .run = quantized_softmax,
  },
};

const LfbOperatorFamily lfb_softmax_operators = LFB_OPERATOR_FAMILY (operators);

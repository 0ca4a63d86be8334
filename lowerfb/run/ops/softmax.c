/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* softmax and its kin, one line of a dimension after the other: float32 by the
 * kernel, which says in which order it adds; integers are dequantized and quantized
 * with the given range (numerics.md).
 */

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-call-private.h>
#include <lowerfb/run/lfb-emit-private.h>
#include <lowerfb/run/lfb-math-private.h>
#include <lowerfb/run/lfb-quantized-private.h>
#include <lowerfb/run/lfb-reduction-private.h>
#include <lowerfb/run/lfb-reference-private.h>

#include <string.h>

static const LfbSoftmaxKind softmax_kind = LFB_SOFTMAX, log_softmax_kind = LFB_LOG_SOFTMAX, softmin_kind = LFB_SOFTMIN;

/* Elements that one thread takes at least. */
#define GRAIN 8192

/* One line of elements, @stride apart: the rule of the kernel in double. */
static void
softmax_line_f64 (LfbSoftmaxKind  kind,
                  const double   *x,
                  double         *y,
                  gsize           n,
                  gsize           stride)
{
  double sign = kind == LFB_SOFTMIN ? -1 : 1, max = -INFINITY, sum = 0;

  for (gsize i = 0; i < n; i++)
    max = sign * x[i * stride] > max || x[i * stride] != x[i * stride] ? sign * x[i * stride] : max;
  for (gsize i = 0; i < n; i++)
    {
      double difference = sign * x[i * stride] - max, e = lfb_exp (difference);

      sum += e;
      y[i * stride] = kind == LFB_LOG_SOFTMAX ? difference : e;
    }
  for (gsize i = 0; i < n; i++)
    y[i * stride] = kind == LFB_LOG_SOFTMAX ? y[i * stride] - lfb_log (sum) : y[i * stride] / sum;
}

/* Blocks of @n rows of @inner elements; each column is a line. */
typedef struct {
  const LfbSoftmaxKernel *kernel;
  LfbSoftmaxKind kind;
  gboolean single;
  gconstpointer x;
  gpointer y;
  gsize n;
  gsize inner;
} SoftmaxJob;

static void
softmax_lines (gsize    begin,
               gsize    end,
               gpointer user_data)
{
  const SoftmaxJob *job = user_data;

  for (gsize o = begin; o < end; o++)
    {
      gsize at = o * job->n * job->inner;

      if (job->single)
        job->kernel->run ((const float *) job->x + at, (float *) job->y + at, job->n, job->inner, job->kind);
      else
        for (gsize i = 0; i < job->inner; i++)
          softmax_line_f64 (job->kind, (const double *) job->x + at + i, (double *) job->y + at + i, job->n, job->inner);
    }
}

/* @input is float32 or float64. */
static LfbTensor *
softmax_floats (const LfbRuntime  *runtime,
                LfbSoftmaxKind     kind,
                LfbTensor         *input,
                gsize              dim,
                GError           **error)
{
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  gsize n_dims, outer = 1;
  const gint64 *shape = lfb_tensor_get_shape (input, &n_dims);
  SoftmaxJob job = { .kernel = &runtime->kernels.softmax, .kind = kind, .n = 1, .inner = 1 };

  if (!lfb_array_init_like (&array, lfb_tensor_get_dtype (input), input, error))
    return NULL;
  if (n_dims > 0)
    job.n = shape[dim];
  for (gsize i = 0; i < dim; i++)
    outer *= shape[i];
  for (gsize i = dim + 1; i < n_dims; i++)
    job.inner *= shape[i];
  job.single = lfb_tensor_get_dtype (input) == LFB_DTYPE_FLOAT32;
  job.x = lfb_tensor_get_data (input, NULL);
  job.y = array.data;
  if (array.n_elements > 0)
    lfb_runtime_parallel (runtime, outer, MAX (GRAIN / (job.n * job.inner), 1), softmax_lines, &job);

  return lfb_array_seal (&array, error);
}

/* Without a dimension: 0 for 0, 1 and 3 dimensions, else 1. */
static gboolean
read_dim (LfbCall  *call,
          gsize     n_dims,
          gsize    *dim,
          GError  **error)
{
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

  if (input == NULL || !read_dim (call, lfb_tensor_get_n_dims (input), &dim, error))
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
  y = x != NULL ? softmax_floats (call->runtime, *LFB_CALL_DATA (call, LfbSoftmaxKind), x, dim, error) : NULL;

  return y != NULL ? lfb_value_take_tensor (lfb_tensor_convert (y, dtype, error)) : NULL;
}

static LfbEmitted
emit_softmax (LfbEmit  *emit,
              GError  **error)
{
  LfbDType dtype = LFB_DTYPE_FLOAT32;
  LfbOperand x;
  gsize dim;

  if (!lfb_emit_operand (emit, "input", &x) || !lfb_emit_is_constant (emit, "input"))
    return LFB_EMITTED_NOTHING;
  if (!read_dim (&emit->call, x.n_dims, &dim, error) || !lfb_call_dtype (&emit->call, "dtype", &dtype, error))
    return LFB_EMITTED_ERROR;
  if (dtype != LFB_DTYPE_FLOAT32)
    return LFB_EMITTED_NOTHING;

  return lfb_emit_softmax (emit, *LFB_CALL_DATA (&emit->call, LfbSoftmaxKind), &x, dim);
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

  if (input == NULL || !lfb_check_quantized ("input", input, error) || !read_dim (call, lfb_tensor_get_n_dims (input), &dim, error) ||
      !lfb_call_qparams (call, function ? "output_scale" : "scale", function ? "output_zero_point" : "zero_point",
                         lfb_tensor_get_dtype (input), &scale, &zero_point, error))
    return NULL;
  x = lfb_dequantize (call->runtime, input, error);
  y = x != NULL ? softmax_floats (call->runtime, LFB_SOFTMAX, x, dim, error) : NULL;

  return y != NULL ? lfb_value_take_tensor (lfb_quantize (call->runtime, y, scale, zero_point,
                                                          lfb_tensor_get_dtype (input), error)) : NULL;
}

#define RULE "exp(x - max) / sum of exp(x - max)"

static const LfbOperator operators[] = {
  {
    .functions = "torch.softmax", .methods = "softmax",
    .signature = "input, dim, dtype=None", .rule = RULE, .run = softmax, .emit = emit_softmax, .data = &softmax_kind,
  },
  {
    .functions = "torch.nn.functional.softmax",
    .signature = "input, dim=None, _stacklevel=3, dtype=None", .rule = RULE, .run = softmax, .emit = emit_softmax, .data = &softmax_kind,
  },
  { .modules = "torch.nn.Softmax", .signature = "input, dim=None", .rule = RULE, .run = softmax, .emit = emit_softmax, .data = &softmax_kind },
  {
    .functions = "torch.log_softmax", .methods = "log_softmax",
    .signature = "input, dim, dtype=None", .rule = "the logarithm of softmax", .run = softmax, .emit = emit_softmax, .data = &log_softmax_kind,
  },
  {
    .functions = "torch.nn.functional.log_softmax",
    .signature = "input, dim=None, _stacklevel=3, dtype=None", .rule = "the logarithm of softmax",
    .run = softmax, .emit = emit_softmax, .data = &log_softmax_kind,
  },
  { .modules = "torch.nn.LogSoftmax", .signature = "input, dim=None", .rule = "the logarithm of softmax", .run = softmax, .emit = emit_softmax, .data = &log_softmax_kind },
  {
    .functions = "torch.nn.functional.softmin",
    .signature = "input, dim=None, _stacklevel=3, dtype=None", .rule = "softmax of -x", .run = softmax, .emit = emit_softmax, .data = &softmin_kind,
  },
  { .modules = "torch.nn.Softmin", .signature = "input, dim=None", .rule = "softmax of -x", .run = softmax, .emit = emit_softmax, .data = &softmin_kind },
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

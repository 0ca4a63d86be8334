/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* add and mul of 8-bit integers with integers and with numbers; numerics.md, the
 * rows on add and mul.
 */

#include <lowerfb/run/lfb-elementwise-private.h>
#include <lowerfb/run/lfb-emit-private.h>
#include <lowerfb/run/lfb-quantized-private.h>
#include <lowerfb/kernels/round.h>

#include <string.h>

#define GRAIN 8192

typedef struct {
  gboolean multiply;
  gboolean relu;
} ArithmeticKind;

static const ArithmeticKind add = { FALSE, FALSE }, add_relu = { FALSE, TRUE };
static const ArithmeticKind mul = { TRUE, FALSE }, mul_relu = { TRUE, TRUE };

typedef struct {
  const LfbRuntime *runtime;
  LfbDType dtype;
  gboolean multiply;
  const guint8 *a, *b;
  guint8 *y;
  LfbBinaryRange range;
} TwoJob;

static void
two_range (gsize    begin,
           gsize    end,
           gpointer user_data)
{
  const TwoJob *job = user_data;
  const LfbKernels *kernels = &job->runtime->kernels;
  const guint8 *a = job->a + begin, *b = job->b + begin;
  guint8 *y = job->y + begin;

  if (job->dtype == LFB_DTYPE_QUINT8)
    (job->multiply ? kernels->mul_u8 : kernels->add_u8).run (a, b, y, end - begin, &job->range);
  else
    (job->multiply ? kernels->mul_s8 : kernels->add_s8).run ((const int8_t *) a, (const int8_t *) b, (int8_t *) y,
                                                             end - begin, &job->range);
}

static LfbTensor *
two_tensors (LfbCall               *call,
             const ArithmeticKind  *kind,
             LfbTensor             *a,
             LfbTensor             *b,
             GError               **error)
{
  LfbDType dtype = lfb_tensor_get_dtype (a);
  gint64 shape[LFB_TENSOR_MAX_DIMS], zero_point = 0;
  const gint64 *a_shape, *b_shape;
  gsize n_a, n_b, n_dims;
  g_autoptr (LfbTensor) x = NULL;
  g_autoptr (LfbTensor) y = NULL;
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  TwoJob job = { call->runtime };
  double scale = 1;

  if (!lfb_check_quantized ("qa", a, error) || !lfb_check_quantized ("qb", b, error) ||
      !lfb_check_dtype ("qb", b, dtype, error))
    return NULL;
  if (lfb_value_is_none (lfb_call_get (call, "scale")) || lfb_value_is_none (lfb_call_get (call, "zero_point")))
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                           "arguments `scale` and `zero_point` are missing: two tensors need an output range");
      return NULL;
    }
  a_shape = lfb_tensor_get_shape (a, &n_a);
  b_shape = lfb_tensor_get_shape (b, &n_b);
  if (!lfb_call_qparams (call, "scale", "zero_point", dtype, &scale, &zero_point, error) ||
      !lfb_broadcast_shape (a_shape, n_a, b_shape, n_b, shape, &n_dims, error))
    return NULL;
  x = lfb_tensor_broadcast (a, shape, n_dims, error);
  y = x != NULL ? lfb_tensor_broadcast (b, shape, n_dims, error) : NULL;
  if (y == NULL || !lfb_array_init (&array, dtype, shape, n_dims, error))
    return NULL;

  job.dtype = dtype;
  job.multiply = kind->multiply;
  job.a = lfb_tensor_get_data (x, NULL);
  job.b = lfb_tensor_get_data (y, NULL);
  job.y = array.data;
  job.range = (LfbBinaryRange) {
    .a_scale = lfb_tensor_get_scale (a), .b_scale = lfb_tensor_get_scale (b), .y_scale = scale,
    .a_zero_point = lfb_tensor_get_zero_point (a), .b_zero_point = lfb_tensor_get_zero_point (b),
    .y_zero_point = zero_point, .relu = kind->relu,
  };
  lfb_runtime_parallel (call->runtime, array.n_elements, GRAIN, two_range, &job);

  return lfb_array_seal_quantized (&array, dtype, scale, zero_point, error);
}

typedef struct {
  double scale;
  gint64 zero_point;
  gint32 map[256];    /* of the byte: the integer before relu */
} ScalarResult;

/* Only scale and zero point change, unless the zero point would leave the
 * range: then the range is stretched to hold it.
 */
static void
add_number (LfbTensor    *input,
            double        c,
            ScalarResult *result)
{
  LfbDType dtype = lfb_tensor_get_dtype (input);
  gint64 qmin = lfb_dtype_get_min (dtype), qmax = lfb_dtype_get_max (dtype);
  double s = lfb_tensor_get_scale (input);
  gint64 z = lfb_tensor_get_zero_point (input);
  /* Where c / s is beyond 2^51 the differences below are as exact in double. */
  double cq = fabs (c / s) < 2251799813685248.0 ? (double) lfb_round_even_double (c / s) : c / s;
  double shifted = (double) z - cq;
  float multiplier;

  if (shifted >= (double) qmin && shifted <= (double) qmax)
    {
      result->scale = s;
      result->zero_point = z - (gint64) cq;
      for (gint32 b = 0; b < 256; b++)
        result->map[b] = dtype == LFB_DTYPE_QUINT8 ? b : (gint8) b;
      return;
    }
  if (shifted < (double) qmin)
    {
      result->scale = ((double) qmax - shifted) / (double) (qmax - qmin) * s;
      result->zero_point = qmin;
    }
  else
    {
      result->scale = (shifted - (double) qmin) / (double) (qmax - qmin) * s;
      result->zero_point = qmax;
    }
  multiplier = (float) s * (1.0f / (float) result->scale);
  for (gint32 b = 0; b < 256; b++)
    {
      gint32 q = dtype == LFB_DTYPE_QUINT8 ? b : (gint8) b;
      float value = (float) ((double) (q - z) + cq) * multiplier;

      value = lfb_clamp_float (value, qmin - result->zero_point, qmax - result->zero_point);
      result->map[b] = lfb_round_even (value) + result->zero_point;
    }
}

static void
mul_number (LfbTensor    *input,
            double        c,
            ScalarResult *result)
{
  LfbDType dtype = lfb_tensor_get_dtype (input);
  gint64 qmin = lfb_dtype_get_min (dtype), qmax = lfb_dtype_get_max (dtype);
  gint64 z = lfb_tensor_get_zero_point (input);
  double s = lfb_tensor_get_scale (input);

  for (gint32 b = 0; b < 256; b++)
    {
      gint32 q = dtype == LFB_DTYPE_QUINT8 ? b : (gint8) b;

      result->map[b] = c > 0 ? q : c == 0 ? 0 : qmax + qmin - q;
    }
  result->scale = c == 0 ? 1 : fabs (c) * s;
  result->zero_point = c > 0 ? z : c == 0 ? 0 : qmax - (z - qmin);
}

static LfbTensor *
with_number (LfbCall               *call,
             const ArithmeticKind  *kind,
             LfbTensor             *input,
             double                 c,
             GError               **error)
{
  ScalarResult result;
  guint8 table[256];

  if (!lfb_check_quantized ("qa", input, error))
    return NULL;
  if (!isfinite (c))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "the number is %g, expected a finite one", c);
      return NULL;
    }
  if (kind->multiply)
    mul_number (input, c, &result);
  else
    add_number (input, c, &result);
  if (!lfb_check_qparams ("the output scale", "the output zero point", lfb_tensor_get_dtype (input),
                          result.scale, result.zero_point, error))
    return NULL;
  for (guint b = 0; b < 256; b++)
    table[b] = kind->relu ? MAX (result.map[b], (gint32) result.zero_point) : result.map[b];

  return lfb_lookup_tensor (call->runtime, input, table, result.scale, result.zero_point, error);
}

/* A number, or a plain tensor of one element. */
static gboolean
is_number (LfbValue *value,
           double   *number)
{
  return lfb_value_read_double (value, number);
}

static LfbValue *
quantized_arithmetic (LfbCall  *call,
                      GError  **error)
{
  const ArithmeticKind *kind = LFB_CALL_DATA (call, ArithmeticKind);
  LfbValue *a = lfb_call_get (call, "qa"), *b = lfb_call_get (call, "qb");
  LfbTensor *x, *y;
  double number;

  if (is_number (b, &number))
    {
      x = lfb_call_tensor (call, "qa", error);
      return x != NULL ? lfb_value_take_tensor (with_number (call, kind, x, number, error)) : NULL;
    }
  if (is_number (a, &number))
    {
      y = lfb_call_tensor (call, "qb", error);
      return y != NULL ? lfb_value_take_tensor (with_number (call, kind, y, number, error)) : NULL;
    }
  x = lfb_call_tensor (call, "qa", error);
  y = x != NULL ? lfb_call_tensor (call, "qb", error) : NULL;

  return y != NULL ? lfb_value_take_tensor (two_tensors (call, kind, x, y, error)) : NULL;
}

static LfbEmitted
emit_arithmetic (LfbEmit  *emit,
                 GError  **error)
{
  LfbCall *call = &emit->call;
  const ArithmeticKind *kind = LFB_CALL_DATA (call, ArithmeticKind);
  LfbValue *scale = lfb_call_get (call, "scale"), *point = lfb_call_get (call, "zero_point");
  LfbOperand a, b, y = { 0 };
  double number;

  if (lfb_value_get_kind (call->values[1]) != LFB_VALUE_KIND_NODE && is_number (call->values[1], &number))
    return lfb_emit_bytes (emit, error);
  if (!lfb_emit_operand (emit, "qa", &a) || !lfb_emit_operand (emit, "qb", &b) || a.dtype != b.dtype ||
      (a.dtype != LFB_DTYPE_QUINT8 && a.dtype != LFB_DTYPE_QINT8) ||
      lfb_value_get_kind (scale) == LFB_VALUE_KIND_NODE || lfb_value_get_kind (point) == LFB_VALUE_KIND_NODE ||
      lfb_value_is_none (scale) || lfb_value_is_none (point))
    return LFB_EMITTED_NOTHING;

  y.dtype = a.dtype;
  if (!lfb_call_qparams (call, "scale", "zero_point", y.dtype, &y.scale, &y.zero_point, error))
    return LFB_EMITTED_ERROR;

  return lfb_emit_binary (emit, kind->multiply, kind->relu, &a, &b, &y, error);
}

#define ADD_RULE "dequantize both, add, quantize; with a number only scale and zero point change"
#define MUL_RULE "clamp(round(float((qa - za) * (qb - zb)) * (sa * sb) * (1 / sy)) + zy); with a number only scale and zero point change"
#define SIGNATURE "qa, qb, scale=None, zero_point=None"
#define OPS "torch.ops.quantized."

static const LfbOperator operators[] = {
  {
    .functions = OPS "add " OPS "add_scalar", .signature = SIGNATURE, .rule = ADD_RULE,
    .run = quantized_arithmetic, .emit = emit_arithmetic, .data = &add,
  },
  {
    .functions = OPS "add_relu " OPS "add_scalar_relu", .signature = SIGNATURE, .rule = ADD_RULE ", then relu",
    .run = quantized_arithmetic, .emit = emit_arithmetic, .data = &add_relu,
  },
  {
    .functions = OPS "mul " OPS "mul_scalar", .signature = SIGNATURE, .rule = MUL_RULE,
    .run = quantized_arithmetic, .emit = emit_arithmetic, .data = &mul,
  },
  {
    .functions = OPS "mul_relu " OPS "mul_scalar_relu", .signature = SIGNATURE, .rule = MUL_RULE ", then relu",
    .run = quantized_arithmetic, .emit = emit_arithmetic, .data = &mul_relu,
  },
};

const LfbOperatorFamily lfb_quantized_arithmetic_operators = LFB_OPERATOR_FAMILY (operators);

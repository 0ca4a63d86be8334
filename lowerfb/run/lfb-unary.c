/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Unary elementwise operators; see lfb-elementwise-private.h. On 8-bit
 * integers: dequantize each of the 256 values, apply the float function,
 * quantize, and look the elements up (numerics.md).
 */

#include <lowerfb/run/lfb-elementwise-private.h>
#include <lowerfb/run/lfb-quantized-private.h>

#include <math.h>

#define GRAIN 8192

typedef struct {
  const LfbRuntime *runtime;
  const LfbUnary *unary;
  const double *p;
  LfbDType dtype;
  gconstpointer x;
  gpointer y;
} UnaryJob;

void
lfb_unary_floats (const LfbRuntime *runtime,
                  const LfbUnary   *unary,
                  const double     *p,
                  const float      *x,
                  float            *y,
                  gsize             n)
{
  if (unary->vector != 0)
    G_STRUCT_MEMBER (LfbFunction, &runtime->kernels.functions, unary->vector) (x, y, n);
  else
    for (gsize i = 0; i < n; i++)
      y[i] = unary->f32 (x[i], p);
}

static void
unary_range (gsize    begin,
             gsize    end,
             gpointer user_data)
{
  const UnaryJob *job = user_data;

  switch (job->dtype)
    {
    case LFB_DTYPE_FLOAT32:
      lfb_unary_floats (job->runtime, job->unary, job->p, (const float *) job->x + begin, (float *) job->y + begin, end - begin);
      break;
    case LFB_DTYPE_FLOAT64:
      for (gsize i = begin; i < end; i++)
        ((double *) job->y)[i] = job->unary->f64 (((const double *) job->x)[i], job->p);
      break;
    default:
      for (gsize i = begin; i < end; i++)
        ((gint64 *) job->y)[i] = job->unary->i64 (((const gint64 *) job->x)[i], job->p);
      break;
    }
}

LfbTensor *
lfb_unary_apply (const LfbRuntime  *runtime,
                 const LfbUnary    *unary,
                 const double      *p,
                 LfbTensor         *input,
                 GError           **error)
{
  LfbDType own = lfb_tensor_get_dtype (input), compute, result_type = own;
  gboolean is_float = lfb_dtype_is_floating_point (own);
  g_autoptr (LfbTensor) x = NULL;
  g_autoptr (LfbTensor) y = NULL;
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  UnaryJob job;

  if (lfb_tensor_is_quantized (input))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE,
                   "argument `input` is quantized (%s), expected floats", lfb_dtype_to_string (own));
      return NULL;
    }
  if (!is_float && (unary->i64 == NULL || unary->result == LFB_RESULT_FLOAT))
    compute = result_type = LFB_DTYPE_FLOAT32;
  else if (!is_float)
    compute = LFB_DTYPE_INT64;
  else
    compute = own == LFB_DTYPE_FLOAT64 ? LFB_DTYPE_FLOAT64 : LFB_DTYPE_FLOAT32;
  if (unary->result == LFB_RESULT_BOOL)
    result_type = LFB_DTYPE_BOOL;

  x = lfb_tensor_convert (input, compute, error);
  if (x == NULL || !lfb_array_init_like (&array, compute, x, error))
    return NULL;
  job = (UnaryJob) { runtime, unary, p, compute, lfb_tensor_get_data (x, NULL), array.data };
  lfb_runtime_parallel (runtime, array.n_elements, GRAIN, unary_range, &job);
  y = lfb_array_seal (&array, error);

  return y != NULL ? lfb_tensor_convert (y, result_type, error) : NULL;
}

LfbTensor *
lfb_unary_table (const LfbRuntime  *runtime,
                 const LfbUnary    *unary,
                 const double      *p,
                 LfbTensor         *input,
                 double             scale,
                 gint64             zero_point,
                 GError           **error)
{
  LfbDType dtype = lfb_tensor_get_dtype (input);
  guint8 bytes[256], table[256];
  float values[256];

  if (!lfb_check_quantized ("input", input, error) ||
      !lfb_check_qparams ("output_scale", "output_zero_point", dtype, scale, zero_point, error))
    return NULL;

  for (guint i = 0; i < 256; i++)
    bytes[i] = i;
  if (dtype == LFB_DTYPE_QUINT8)
    runtime->kernels.dequantize_u8.run (bytes, values, 256, lfb_tensor_get_scale (input),
                                        lfb_tensor_get_zero_point (input));
  else
    runtime->kernels.dequantize_s8.run ((const int8_t *) bytes, values, 256, lfb_tensor_get_scale (input),
                                        lfb_tensor_get_zero_point (input));
  lfb_unary_floats (runtime, unary, p, values, values, 256);
  lfb_quantize_floats (runtime, values, table, 256, scale, zero_point, dtype);

  return lfb_lookup_tensor (runtime, input, table, scale, zero_point, error);
}

/* The names under which rows take the output's scale and zero point. */
static gboolean
read_output_range (LfbCall    *call,
                   LfbTensor  *input,
                   double     *scale,
                   gint64     *zero_point,
                   GError    **error)
{
  gboolean function = lfb_call_has (call, "output_scale");

  if (function && (lfb_value_is_none (lfb_call_get (call, "output_scale")) ||
                   lfb_value_is_none (lfb_call_get (call, "output_zero_point"))))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument `%s` is missing",
                   lfb_value_is_none (lfb_call_get (call, "output_scale")) ? "output_scale" : "output_zero_point");
      return FALSE;
    }

  return lfb_call_qparams (call, function ? "output_scale" : "scale",
                           function ? "output_zero_point" : "zero_point",
                           lfb_tensor_get_dtype (input), scale, zero_point, error);
}

static LfbValue *
run_quantized (LfbCall         *call,
               const LfbUnary  *unary,
               const double    *p,
               LfbTensor       *input,
               GError         **error)
{
  gboolean is_signed = lfb_tensor_get_dtype (input) == LFB_DTYPE_QINT8;
  gint64 zero_point = 0;
  double scale = 1;

  if (!lfb_check_quantized ("input", input, error))
    return NULL;
  switch (unary->quantized)
    {
    case LFB_QUANTIZED_FIXED:
      scale = is_signed ? unary->s8_scale : unary->u8_scale;
      zero_point = is_signed ? unary->s8_zero_point : unary->u8_zero_point;
      break;
    case LFB_QUANTIZED_GIVEN:
      if (!read_output_range (call, input, &scale, &zero_point, error))
        return NULL;
      break;
    default:
      scale = lfb_tensor_get_scale (input);
      zero_point = lfb_tensor_get_zero_point (input);
      break;
    }

  return lfb_value_take_tensor (lfb_unary_table (call->runtime, unary, p, input, scale, zero_point, error));
}

/* Python's own functions raise where a number has no result. */
static LfbValue *
run_on_number (LfbCall         *call,
               const LfbUnary  *unary,
               const double    *p,
               double           number,
               GError         **error)
{
  double result = unary->f64 (number, p);

  if (g_str_has_prefix (call->name, "math.") &&
      ((isnan (result) && !isnan (number)) || (isinf (result) && isfinite (number))))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "argument `input` is %g, of which there is no %s", number, call->name);
      return NULL;
    }

  return unary->result == LFB_RESULT_BOOL ? lfb_value_for_bool (result != 0) : lfb_value_for_double (result);
}

LfbValue *
lfb_unary_run (LfbCall  *call,
               GError  **error)
{
  const LfbUnary *unary = LFB_CALL_DATA (call, LfbUnary);
  LfbValue *value = lfb_call_get (call, "input");
  double p[LFB_UNARY_MAX_PARAMS], number = 0;
  LfbTensor *input;
  gint64 integer;

  for (gsize i = 0; i < LFB_UNARY_MAX_PARAMS; i++)
    {
      p[i] = unary->defaults[i];
      if (unary->params[i] != NULL && !lfb_call_double (call, unary->params[i], &p[i], error))
        return NULL;
    }

  /* Python's own numbers, as sizes are; its own functions make one of a tensor too. */
  if (g_str_has_prefix (call->name, "math.") ||
      lfb_value_get_kind (value) == LFB_VALUE_KIND_DOUBLE ||
      lfb_value_get_kind (value) == LFB_VALUE_KIND_INT || lfb_value_get_kind (value) == LFB_VALUE_KIND_BOOL)
    {
      if (unary->i64 != NULL && unary->result == LFB_RESULT_SAME && lfb_value_read_int (value, &integer))
        return lfb_value_for_int (unary->i64 (integer, p));

      return lfb_call_double (call, "input", &number, error) ? run_on_number (call, unary, p, number, error) : NULL;
    }

  input = lfb_call_tensor (call, "input", error);
  if (input == NULL)
    return NULL;
  if (unary->quantized == LFB_QUANTIZED_GIVEN ||
      (lfb_tensor_is_quantized (input) && unary->quantized != LFB_QUANTIZED_REFUSED))
    return run_quantized (call, unary, p, input, error);

  return lfb_value_take_tensor (lfb_unary_apply (call->runtime, unary, p, input, error));
}

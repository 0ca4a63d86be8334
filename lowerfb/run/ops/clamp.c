/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* relu, relu6, hardtanh and clamp. On integers the bounds are quantized and the
 * integers clamped: same scale and zero point (numerics.md). NaN stays NaN in
 * floats.
 */

#include <lowerfb/run/lfb-elementwise-private.h>
#include <lowerfb/run/lfb-quantized-private.h>

typedef struct {
  const char *min;     /* parameter; %NULL: @low */
  const char *max;
  double low;
  double high;
} ClampKind;

static const ClampKind relu = { NULL, NULL, 0, INFINITY };
static const ClampKind relu6 = { NULL, NULL, 0, 6 };
static const ClampKind hardtanh = { "min_val", "max_val", -1, 1 };
static const ClampKind clamp = { "min", "max", -INFINITY, INFINITY };

#define AT_LEAST(x, low) ((x) < (low) ? (low) : (x))
#define AT_MOST(x, high) ((x) > (high) ? (high) : (x))

/* The upper bound wins where the bounds cross. */
LFB_UNARY_FUNCTIONS (clamp, AT_MOST (AT_LEAST (x, (real) p[0]), (real) p[1]))

static gint64
clamp_i64 (gint64        x,
           const double *p)
{
  gint64 raised = x < p[0] ? (gint64) p[0] : x;

  return raised > p[1] ? (gint64) p[1] : raised;
}

static const LfbUnary clamp_floats = { .f32 = clamp_f32, .f64 = clamp_f64, .i64 = clamp_i64 };
/* A float bound makes integers floats. */
static const LfbUnary clamp_to_floats = { .f32 = clamp_f32, .f64 = clamp_f64, .result = LFB_RESULT_FLOAT };

typedef struct {
  const LfbRuntime *runtime;
  LfbDType dtype;
  const guint8 *x;
  guint8 *y;
  gint32 low;
  gint32 high;
} ClampJob;

static void
clamp_range (gsize    begin,
             gsize    end,
             gpointer user_data)
{
  const ClampJob *job = user_data;
  const LfbKernels *kernels = &job->runtime->kernels;

  if (job->dtype == LFB_DTYPE_QUINT8)
    kernels->clamp_u8.run (job->x + begin, job->y + begin, end - begin, job->low, job->high);
  else
    kernels->clamp_s8.run ((const int8_t *) job->x + begin, (int8_t *) job->y + begin, end - begin, job->low, job->high);
}

static gint32
quantize_bound (const LfbRuntime *runtime,
                LfbTensor        *input,
                double            bound)
{
  float value = bound;
  gint32 result = 0;
  LfbDType dtype = lfb_tensor_get_dtype (input);

  lfb_quantize_floats (runtime, &value, &result, 1, lfb_tensor_get_scale (input), lfb_tensor_get_zero_point (input), dtype);

  return dtype == LFB_DTYPE_QUINT8 ? *(guint8 *) &result : *(gint8 *) &result;
}

static LfbTensor *
clamp_integers (const LfbRuntime  *runtime,
                LfbTensor         *input,
                const double      *p,
                GError           **error)
{
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  ClampJob job = { runtime };

  if (!lfb_check_quantized ("input", input, error) ||
      !lfb_array_init_like (&array, lfb_tensor_get_dtype (input), input, error))
    return NULL;

  job.dtype = lfb_tensor_get_dtype (input);
  job.x = lfb_tensor_get_data (input, NULL);
  job.y = array.data;
  job.high = quantize_bound (runtime, input, p[1]);
  job.low = MIN (quantize_bound (runtime, input, p[0]), job.high);
  lfb_runtime_parallel (runtime, array.n_elements, 65536, clamp_range, &job);

  return lfb_array_seal_like (&array, input, error);
}

static gboolean
is_float_bound (LfbValue *value)
{
  return value != NULL && lfb_value_get_kind (value) == LFB_VALUE_KIND_DOUBLE;
}

/* Bounds that are tensors are applied one after the other. */
static gboolean
has_tensor_bound (LfbCall         *call,
                  const ClampKind *kind)
{
  const char *names[2] = { kind->min, kind->max };

  for (gsize i = 0; i < 2; i++)
    {
      LfbValue *value = names[i] != NULL ? lfb_call_get (call, names[i]) : NULL;

      if (value != NULL && lfb_value_get_kind (value) == LFB_VALUE_KIND_TENSOR)
        return TRUE;
    }

  return FALSE;
}

LFB_BINARY_FUNCTIONS (at_least, a != a ? a : a < b ? b : a)
LFB_BINARY_FUNCTIONS (at_most, a != a ? a : a > b ? b : a)

static gint64
at_least_i64 (gint64 a,
              gint64 b)
{
  return MAX (a, b);
}

static gint64
at_most_i64 (gint64 a,
             gint64 b)
{
  return MIN (a, b);
}

static LfbValue *
clamp_by_tensors (LfbCall          *call,
                  const ClampKind  *kind,
                  GError          **error)
{
  static const LfbBinary binaries[2] = {
    { at_least_f32, at_least_f64, at_least_i64, LFB_RESULT_SAME },
    { at_most_f32, at_most_f64, at_most_i64, LFB_RESULT_SAME },
  };
  const char *names[2] = { kind->min, kind->max };
  g_autoptr (LfbValue) value = lfb_value_ref (lfb_call_get (call, "input"));

  for (gsize i = 0; i < 2; i++)
    {
      LfbValue *bound = names[i] != NULL ? lfb_call_get (call, names[i]) : NULL, *next;

      if (bound == NULL || lfb_value_is_none (bound))
        continue;
      next = lfb_binary_apply (call->runtime, &binaries[i], "input", value, names[i], bound, error);
      if (next == NULL)
        return NULL;
      lfb_value_unref (value);
      value = next;
    }

  return g_steal_pointer (&value);
}

static LfbValue *
run_clamp (LfbCall  *call,
           GError  **error)
{
  const ClampKind *kind = LFB_CALL_DATA (call, ClampKind);
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  double p[LFB_UNARY_MAX_PARAMS] = { kind->low, kind->high };
  gboolean by_floats;

  if (input == NULL)
    return NULL;
  if (kind == &clamp && lfb_value_is_none (lfb_call_get (call, "min")) && lfb_value_is_none (lfb_call_get (call, "max")))
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "one of the arguments `min` and `max` must not be None");
      return NULL;
    }
  if (!lfb_tensor_is_quantized (input) && has_tensor_bound (call, kind))
    return clamp_by_tensors (call, kind, error);
  if ((kind->min != NULL && !lfb_call_double (call, kind->min, &p[0], error)) ||
      (kind->max != NULL && !lfb_call_double (call, kind->max, &p[1], error)))
    return NULL;
  if (isnan (p[0]) || isnan (p[1]))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "argument `%s` is NaN, expected a number",
                   isnan (p[0]) ? kind->min : kind->max);
      return NULL;
    }
  if (lfb_tensor_is_quantized (input))
    return lfb_value_take_tensor (clamp_integers (call->runtime, input, p, error));

  by_floats = (kind->min != NULL && is_float_bound (lfb_call_get (call, kind->min))) ||
              (kind->max != NULL && is_float_bound (lfb_call_get (call, kind->max)));

  /* Between ints a bool is an int. */
  if (lfb_tensor_get_dtype (input) == LFB_DTYPE_BOOL && kind == &clamp)
    {
      g_autoptr (LfbTensor) integers = lfb_tensor_convert (input, LFB_DTYPE_INT64, error);

      return integers != NULL ? lfb_value_take_tensor (lfb_unary_apply (call->runtime, by_floats ? &clamp_to_floats : &clamp_floats,
                                                                        p, integers, error)) : NULL;
    }

  return lfb_value_take_tensor (lfb_unary_apply (call->runtime, by_floats ? &clamp_to_floats : &clamp_floats, p, input, error));
}

#define RULE(bounds) "x between " bounds "; integers: the bounds quantized, same scale and zero point"

static const LfbOperator operators[] = {
  {
    .functions = "torch.relu torch.relu_ torch.nn.functional.relu_",
    .methods = "relu relu_", .signature = "input", .rule = RULE ("0 and infinity"), .run = run_clamp, .data = &relu,
  },
  {
    .functions = "torch.nn.functional.relu",
    .modules = "torch.nn.ReLU torch.ao.nn.quantized.ReLU", .signature = "input, inplace=False",
    .rule = RULE ("0 and infinity"), .run = run_clamp, .data = &relu,
  },
  {
    .functions = "torch.nn.functional.relu6 torch.ops.quantized.relu6",
    .modules = "torch.nn.ReLU6 torch.ao.nn.quantized.ReLU6",
    .signature = "input, inplace=False", .rule = RULE ("0 and 6"), .run = run_clamp, .data = &relu6,
  },
  {
    .functions = "torch.nn.functional.hardtanh torch._C._nn.hardtanh", .modules = "torch.nn.Hardtanh",
    .signature = "input, min_val=-1.0, max_val=1.0, inplace=False", .rule = RULE ("min_val and max_val"),
    .run = run_clamp, .data = &hardtanh,
  },
  {
    .functions = "torch.nn.functional.hardtanh_ torch._C._nn.hardtanh_",
    .signature = "input, min_val=-1.0, max_val=1.0", .rule = RULE ("min_val and max_val"),
    .run = run_clamp, .data = &hardtanh,
  },
  {
    .functions = "torch.clamp torch.clip torch.ops.quantized.clamp", .methods = "clamp clamp_ clip",
    .signature = "input, min=None, max=None", .rule = RULE ("min and max"), .run = run_clamp, .data = &clamp,
  },
  {
    .functions = "torch.clamp_min", .methods = "clamp_min clamp_min_", .signature = "input, min",
    .rule = RULE ("min and infinity"), .run = run_clamp,
    .data = &(const ClampKind) { "min", NULL, -INFINITY, INFINITY },
  },
  {
    .functions = "torch.clamp_max", .methods = "clamp_max clamp_max_", .signature = "input, max",
    .rule = RULE ("-infinity and max"), .run = run_clamp,
    .data = &(const ClampKind) { NULL, "max", -INFINITY, INFINITY },
  },
};

const LfbOperatorFamily lfb_clamp_operators = LFB_OPERATOR_FAMILY (operators);

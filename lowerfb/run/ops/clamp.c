/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* relu, relu6, hardtanh and clamp. On integers the bounds are quantized and the
 * integers clamped: same scale and zero point (numerics.md). NaN stays NaN in
 * floats, and a bound that is NaN makes all of them NaN.
 */

#include <lowerfb/run/lfb-elementwise-private.h>
#include <lowerfb/run/lfb-emit-private.h>
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

static const LfbUnary clamp_op = { .f32 = clamp_f32, .f64 = clamp_f64, .i64 = clamp_i64 };

LFB_UNARY_FUNCTIONS (nan, (real) NAN)

static const LfbUnary nan_op = { .f32 = nan_f32, .f64 = nan_f64 };

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

static LfbValue *
get_bound (LfbCall         *call,
           const ClampKind *kind,
           gsize            i)
{
  const char *name = i == 0 ? kind->min : kind->max;
  LfbValue *value = name != NULL ? lfb_call_get (call, name) : NULL;

  return value != NULL && !lfb_value_is_none (value) ? value : NULL;
}

/* Whether a double holds it to the last digit. */
static gboolean
is_small_number (LfbValue *value)
{
  gint64 number;

  return lfb_value_get_kind (value) != LFB_VALUE_KIND_TENSOR &&
         (!lfb_value_read_int (value, &number) || (number >= -(G_GINT64_CONSTANT (1) << 53) && number <= G_GINT64_CONSTANT (1) << 53));
}

LFB_BINARY_FUNCTIONS (at_least, a != a || a >= b ? a : b)
LFB_BINARY_FUNCTIONS (at_most, a != a || a <= b ? a : b)

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

/* The type of the result: that of the input and both bounds. */
static gboolean
clamped_type (LfbCall          *call,
              const ClampKind  *kind,
              LfbDType         *type,
              GError          **error)
{
  int priority, own_priority;
  LfbDType own;

  if (!lfb_promote ("input", lfb_call_get (call, "input"), type, &priority, error))
    return FALSE;
  for (gsize i = 0; i < 2; i++)
    {
      LfbValue *bound = get_bound (call, kind, i);

      if (bound == NULL)
        continue;
      if (!lfb_promote (i == 0 ? kind->min : kind->max, bound, &own, &own_priority, error))
        return FALSE;
      *type = lfb_promote_types (*type, priority, own, own_priority);
      priority = MIN (priority, own_priority);
    }

  return TRUE;
}

/* Bounds that are tensors, or that a double does not hold, one after the other. */
static LfbValue *
clamp_by_tensors (LfbCall          *call,
                  const ClampKind  *kind,
                  LfbDType          type,
                  GError          **error)
{
  static const LfbBinary binaries[2] = {
    { at_least_f32, at_least_f64, at_least_i64, LFB_RESULT_SAME },
    { at_most_f32, at_most_f64, at_most_i64, LFB_RESULT_SAME },
  };
  const char *names[2] = { kind->min, kind->max };
  g_autoptr (LfbTensor) input = lfb_tensor_convert (lfb_value_get_tensor (lfb_call_get (call, "input")), type, error);
  g_autoptr (LfbValue) value = input != NULL ? lfb_value_for_tensor (input) : NULL;

  for (gsize i = 0; i < 2 && value != NULL; i++)
    {
      LfbValue *bound = get_bound (call, kind, i), *next;

      if (bound == NULL)
        continue;
      next = lfb_binary_apply (call->runtime, &binaries[i], "input", value, names[i], bound, error);
      lfb_value_unref (value);
      value = next;
    }

  return g_steal_pointer (&value);
}

/* Whether a number that is NaN bounds @type. As in torch, all elements are NaN
 * then, except that a lone bound of clamp does nothing.
 */
static gboolean
bounds_are_nan (LfbCall         *call,
                const ClampKind *kind,
                const double    *p)
{
  if (!isnan (p[0]) && !isnan (p[1]))
    return FALSE;

  return kind != &clamp || (get_bound (call, kind, 0) != NULL && get_bound (call, kind, 1) != NULL);
}

static LfbValue *
clamp_plain (LfbCall          *call,
             const ClampKind  *kind,
             LfbTensor        *input,
             double           *p,
             GError          **error)
{
  g_autoptr (LfbTensor) typed = NULL;
  gboolean one_by_one = FALSE, nan = bounds_are_nan (call, kind, p);
  LfbDType type;

  if (!clamped_type (call, kind, &type, error))
    return NULL;
  for (gsize i = 0; i < 2; i++)
    {
      LfbValue *bound = get_bound (call, kind, i);

      /* Beside NaN the other bound does not count. */
      if (bound != NULL && !nan && lfb_value_get_kind (bound) != LFB_VALUE_KIND_TENSOR &&
          !lfb_read_number_as (i == 0 ? kind->min : kind->max, bound, type, &p[i], error))
        return NULL;
      one_by_one |= bound != NULL && !nan && !is_small_number (bound);
    }
  if (one_by_one)
    return clamp_by_tensors (call, kind, type, error);
  typed = lfb_tensor_convert (input, type, error);
  if (typed == NULL)
    return NULL;

  return lfb_value_take_tensor (lfb_unary_apply (call->runtime, nan ? &nan_op : &clamp_op, p, typed, error));
}

static LfbValue *
run_clamp (LfbCall  *call,
           GError  **error)
{
  const ClampKind *kind = LFB_CALL_DATA (call, ClampKind);
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  double p[LFB_UNARY_MAX_PARAMS] = { kind->low, kind->high };

  if (input == NULL)
    return NULL;
  if (kind == &clamp && get_bound (call, kind, 0) == NULL && get_bound (call, kind, 1) == NULL)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "one of the arguments `min` and `max` must not be None");
      return NULL;
    }
  for (gsize i = 0; i < 2; i++)
    {
      LfbValue *bound = get_bound (call, kind, i);
      const char *name = i == 0 ? kind->min : kind->max;

      if (bound == NULL || (lfb_value_get_kind (bound) == LFB_VALUE_KIND_TENSOR && !lfb_tensor_is_quantized (input)))
        continue;
      if (!lfb_call_double (call, name, &p[i], error))
        return NULL;
      if (isnan (p[i]) && (kind == &hardtanh ? !lfb_dtype_is_floating_point (lfb_tensor_get_dtype (input))
                                             : lfb_tensor_is_quantized (input)))
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "argument `%s` is NaN, expected a number for %s", name,
                       lfb_dtype_to_string (lfb_tensor_get_dtype (input)));
          return NULL;
        }
    }

  if (kind == &hardtanh && call->kind == LFB_OPERATOR_MODULE && !(p[0] < p[1]))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "`min_val` is %g and `max_val` %g, expected one above it", p[0], p[1]);
      return NULL;
    }

  return lfb_tensor_is_quantized (input) ? lfb_value_take_tensor (clamp_integers (call->runtime, input, p, error))
                                         : clamp_plain (call, kind, input, p, error);
}

LfbEmitted
lfb_emit_clamp (LfbEmit  *emit,
                GError  **error)
{
  const ClampKind *kind = LFB_CALL_DATA (&emit->call, ClampKind);
  const double p[LFB_UNARY_MAX_PARAMS] = { kind->low, kind->high };
  LfbOperand x;

  if (kind->min == NULL && lfb_emit_operand (emit, "input", &x) && x.dtype == LFB_DTYPE_FLOAT32)
    return lfb_emit_function (emit, &clamp_op, p, &x);

  return lfb_emit_bytes (emit, error);
}

#define RULE(bounds) "x between " bounds "; integers: the bounds quantized, same scale and zero point"

static const LfbOperator operators[] = {
  {
    .functions = "torch.relu torch.relu_ torch.nn.functional.relu_",
    .methods = "relu relu_", .signature = "input", .rule = RULE ("0 and infinity"), .run = run_clamp, .emit = lfb_emit_clamp, .data = &relu,
  },
  {
    .functions = "torch.nn.functional.relu",
    .modules = "torch.nn.ReLU torch.ao.nn.quantized.ReLU", .signature = "input, inplace=False",
    .rule = RULE ("0 and infinity"), .run = run_clamp, .emit = lfb_emit_clamp, .data = &relu,
  },
  {
    .functions = "torch.nn.functional.relu6 torch.ops.quantized.relu6",
    .modules = "torch.nn.ReLU6 torch.ao.nn.quantized.ReLU6",
    .signature = "input, inplace=False", .rule = RULE ("0 and 6"), .run = run_clamp, .emit = lfb_emit_clamp, .data = &relu6,
  },
  {
    .functions = "torch.nn.functional.hardtanh torch._C._nn.hardtanh", .modules = "torch.nn.Hardtanh",
    .signature = "input, min_val=-1.0, max_val=1.0, inplace=False", .rule = RULE ("min_val and max_val"),
    .run = run_clamp, .emit = lfb_emit_clamp, .data = &hardtanh,
  },
  {
    .functions = "torch.nn.functional.hardtanh_ torch._C._nn.hardtanh_",
    .signature = "input, min_val=-1.0, max_val=1.0", .rule = RULE ("min_val and max_val"),
    .run = run_clamp, .emit = lfb_emit_clamp, .data = &hardtanh,
  },
  {
    .functions = "torch.clamp torch.clip torch.ops.quantized.clamp", .methods = "clamp clamp_ clip",
    .signature = "input, min=None, max=None", .rule = RULE ("min and max"), .run = run_clamp, .emit = lfb_emit_clamp, .data = &clamp,
  },
  {
    .functions = "torch.clamp_min", .methods = "clamp_min clamp_min_", .signature = "input, min",
    .rule = RULE ("min and infinity"), .run = run_clamp, .emit = lfb_emit_clamp,
    .data = &(const ClampKind) { "min", NULL, -INFINITY, INFINITY },
  },
  {
    .functions = "torch.clamp_max", .methods = "clamp_max clamp_max_", .signature = "input, max",
    .rule = RULE ("-infinity and max"), .run = run_clamp, .emit = lfb_emit_clamp,
    .data = &(const ClampKind) { NULL, "max", -INFINITY, INFINITY },
  },
};

const LfbOperatorFamily lfb_clamp_operators = LFB_OPERATOR_FAMILY (operators);

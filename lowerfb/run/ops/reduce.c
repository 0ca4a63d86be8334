/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reductions over dimensions. Float sums run in double in ascending order and
 * are rounded once. The mean of integers: clamp (round (float (sum of q - z) *
 * (1.0f / n)) + z), same scale and zero point (numerics.md).
 */

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-call-private.h>
#include <lowerfb/run/lfb-elementwise-private.h>
#include <lowerfb/run/lfb-emit-private.h>
#include <lowerfb/run/lfb-math-private.h>
#include <lowerfb/run/lfb-reduction-private.h>
#include <lowerfb/kernels/round.h>

#include <string.h>

/* The type that sums have: of integers int64, unless a dtype is asked for; the
 * elements are converted to it first.
 */
static gboolean
sum_type (LfbCall    *call,
          LfbTensor  *input,
          LfbDType   *dtype,
          GError    **error)
{
  *dtype = lfb_dtype_is_floating_point (lfb_tensor_get_dtype (input)) ? lfb_tensor_get_dtype (input) : LFB_DTYPE_INT64;

  return lfb_call_dtype (call, "dtype", dtype, error);
}

static double
sum_doubles (const double *x,
             gsize         n)
{
  double sum = 0;

  for (gsize i = 0; i < n; i++)
    sum += x[i];

  return sum;
}

static double
mean_doubles (const double *x,
              gsize         n)
{
  return sum_doubles (x, n) / n;
}

static double
product_doubles (const double *x,
                 gsize         n)
{
  double product = 1;

  for (gsize i = 0; i < n; i++)
    product *= x[i];

  return product;
}

static double
max_doubles (const double *x,
             gsize         n)
{
  double max = x[0];

  for (gsize i = 1; i < n; i++)
    if (x[i] > max || x[i] != x[i])
      max = max != max ? max : x[i];

  return max;
}

static double
min_doubles (const double *x,
             gsize         n)
{
  double min = x[0];

  for (gsize i = 1; i < n; i++)
    if (x[i] < min || x[i] != x[i])
      min = min != min ? min : x[i];

  return min;
}

static double
all_doubles (const double *x,
             gsize         n)
{
  for (gsize i = 0; i < n; i++)
    if (x[i] == 0)
      return 0;

  return 1;
}

static double
any_doubles (const double *x,
             gsize         n)
{
  for (gsize i = 0; i < n; i++)
    if (x[i] != 0)
      return 1;

  return 0;
}

static double
logsumexp_doubles (const double *x,
                   gsize         n)
{
  double max = n > 0 ? max_doubles (x, n) : -INFINITY, sum = 0;

  if (isinf (max))
    return max;
  for (gsize i = 0; i < n; i++)
    sum += lfb_exp (x[i] - max);

  return lfb_log (sum) + max;
}

/* Two passes: the mean, then the squares of the differences. */
static double
variance_doubles (const double *x,
                  gsize         n,
                  double        correction)
{
  double mean = mean_doubles (x, n), sum = 0;

  for (gsize i = 0; i < n; i++)
    sum += (x[i] - mean) * (x[i] - mean);

  return sum / MAX (n - correction, 0.0);
}

typedef enum {
  TYPE_SUM,       /* sum_type() */
  TYPE_FLOAT,     /* floats only */
  TYPE_SAME,
  TYPE_BOOL,
} ReduceType;

typedef struct {
  double (*reduce) (const double *x,
                    gsize         n);
  ReduceType type;
  gboolean needs_elements;   /* nothing has no maximum */
  gint64 (*integers) (const gint64 *x,
                      gsize         n);
} ReduceKind;

/* Integers are reduced as such: exact where they fit, wrapped where they do not. */
static gint64
sum_integers (const gint64 *x,
              gsize         n)
{
  guint64 sum = 0;

  for (gsize i = 0; i < n; i++)
    sum += (guint64) x[i];

  return sum;
}

static gint64
product_integers (const gint64 *x,
                  gsize         n)
{
  guint64 product = 1;

  for (gsize i = 0; i < n; i++)
    product *= (guint64) x[i];

  return product;
}

static gint64
max_integers (const gint64 *x,
              gsize         n)
{
  gint64 max = x[0];

  for (gsize i = 1; i < n; i++)
    max = MAX (max, x[i]);

  return max;
}

static gint64
min_integers (const gint64 *x,
              gsize         n)
{
  gint64 min = x[0];

  for (gsize i = 1; i < n; i++)
    min = MIN (min, x[i]);

  return min;
}

static const ReduceKind sum_kind = { sum_doubles, TYPE_SUM, FALSE, sum_integers };
static const ReduceKind product_kind = { product_doubles, TYPE_SUM, FALSE, product_integers };
static const ReduceKind max_kind = { max_doubles, TYPE_SAME, TRUE, max_integers };
static const ReduceKind min_kind = { min_doubles, TYPE_SAME, TRUE, min_integers };
static const ReduceKind all_kind = { all_doubles, TYPE_BOOL, FALSE, NULL };
static const ReduceKind any_kind = { any_doubles, TYPE_BOOL, FALSE, NULL };
static const ReduceKind logsumexp_kind = { logsumexp_doubles, TYPE_FLOAT, FALSE, NULL };
static const ReduceKind mean_kind = { mean_doubles, TYPE_FLOAT, FALSE, NULL };

/* @input in @dtype, reduced in 64 bits: as integers if that is what they are and
 * the kind can, else as doubles.
 */
static LfbTensor *
reduce_tensor (const LfbReduction  *reduction,
               const ReduceKind    *kind,
               LfbTensor           *input,
               LfbDType             dtype,
               LfbDType             result_type,
               GError             **error)
{
  gboolean integers = kind->integers != NULL && !lfb_dtype_is_floating_point (dtype);
  LfbDType compute = integers ? LFB_DTYPE_INT64 : LFB_DTYPE_FLOAT64;
  g_autoptr (LfbTensor) typed = lfb_tensor_convert (input, dtype, error);
  g_autoptr (LfbTensor) rows = typed != NULL ? lfb_reduction_rows (reduction, typed, error) : NULL;
  g_autoptr (LfbTensor) wide = rows != NULL ? lfb_tensor_convert (rows, compute, error) : NULL;
  g_autoptr (LfbTensor) result = NULL;
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  gsize n = reduction->n_reduced;

  if (wide == NULL || !lfb_array_init (&array, compute, reduction->shape, reduction->n_dims, error))
    return NULL;
  if (kind->needs_elements && n == 0 && array.n_elements > 0)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_SHAPE, "a dimension to reduce is empty");
      return NULL;
    }
  for (gsize i = 0; i < array.n_elements; i++)
    if (integers)
      ((gint64 *) array.data)[i] = kind->integers ((const gint64 *) lfb_tensor_get_data (wide, NULL) + i * n, n);
    else
      ((double *) array.data)[i] = kind->reduce ((const double *) lfb_tensor_get_data (wide, NULL) + i * n, n);
  result = lfb_array_seal (&array, error);

  return result != NULL ? lfb_tensor_convert (result, result_type, error) : NULL;
}

static gboolean
refuse_integers (LfbTensor  *input,
                 GError    **error)
{
  if (lfb_dtype_is_floating_point (lfb_tensor_get_dtype (input)))
    return TRUE;

  g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE, "argument `input` has the dtype %s, expected floats",
               lfb_dtype_to_string (lfb_tensor_get_dtype (input)));

  return FALSE;
}

static LfbValue *
reduce (LfbCall  *call,
        GError  **error)
{
  const ReduceKind *kind = LFB_CALL_DATA (call, ReduceKind);
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  LfbReduction reduction;
  LfbDType dtype;

  if (input == NULL || !lfb_check_plain ("input", input, error) ||
      !lfb_reduction_read (&reduction, call, input, error))
    return NULL;
  dtype = lfb_tensor_get_dtype (input);
  if (kind->type == TYPE_SUM && !sum_type (call, input, &dtype, error))
    return NULL;
  if (kind->type == TYPE_FLOAT && !refuse_integers (input, error))
    return NULL;
  /* Whether all or any are not 0 is a bool, but uint8 of uint8. */
  if (kind->type == TYPE_BOOL)
    return lfb_value_take_tensor (reduce_tensor (&reduction, kind, input, dtype,
                                                 dtype == LFB_DTYPE_UINT8 ? dtype : LFB_DTYPE_BOOL, error));

  return lfb_value_take_tensor (reduce_tensor (&reduction, kind, input, dtype, dtype, error));
}

/* Integers: the exact sum of q - z, in one float product. */
static LfbTensor *
integer_mean (const LfbRuntime    *runtime,
              const LfbReduction  *reduction,
              LfbTensor           *input,
              GError             **error)
{
  g_autoptr (LfbTensor) rows = lfb_reduction_rows (reduction, input, error);
  gboolean is_signed = lfb_tensor_get_dtype (input) == LFB_DTYPE_QINT8;
  gint32 zero_point = lfb_tensor_get_zero_point (input);
  gint32 qmin = lfb_dtype_get_min (lfb_tensor_get_dtype (input)), qmax = lfb_dtype_get_max (lfb_tensor_get_dtype (input));
  float factor = 1.0f / (float) reduction->n_reduced;
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  const guint8 *q;

  if (rows == NULL ||
      !lfb_array_init (&array, lfb_tensor_get_dtype (input), reduction->shape, reduction->n_dims, error))
    return NULL;
  if (reduction->n_reduced == 0 && array.n_elements > 0)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_SHAPE, "a dimension to reduce is empty");
      return NULL;
    }
  q = lfb_tensor_get_data (rows, NULL);
  for (gsize i = 0; i < array.n_elements; i++, q += reduction->n_reduced)
    {
      int64_t sum, squares;

      if (is_signed)
        runtime->kernels.moments_s8.run ((const int8_t *) q, reduction->n_reduced, zero_point, &sum, &squares);
      else
        runtime->kernels.moments_u8.run (q, reduction->n_reduced, zero_point, &sum, &squares);
      ((guint8 *) array.data)[i] = lfb_round_even (lfb_clamp_float ((float) sum * factor, qmin - zero_point, qmax - zero_point)) + zero_point;
    }

  return lfb_array_seal_like (&array, input, error);
}

/* The mean of the pixels of images is a pool to one pixel, which has the same
 * rule.
 */
static LfbEmitted
emit_mean (LfbEmit  *emit,
           GError  **error)
{
  LfbReduction reduction;
  LfbOperand x, y;
  LfbPool pool = { .type = LFB_POOL_ADAPTIVE_AVG };
  LfbTensor *input = lfb_emit_stand_in (emit, "input", &x);

  if (input == NULL || (x.dtype != LFB_DTYPE_QUINT8 && x.dtype != LFB_DTYPE_QINT8) || x.n_dims < 3 || x.n_dims > 5)
    return LFB_EMITTED_NOTHING;
  if (!lfb_reduction_read (&reduction, &emit->call, input, error))
    return LFB_EMITTED_ERROR;
  for (gsize i = 0; i < x.n_dims; i++)
    if (reduction.reduced[i] != (i >= 2))
      return LFB_EMITTED_NOTHING;
  if (reduction.n_reduced == 0 || reduction.n_reduced > lfb_avg_pool_limit () || x.shape[0] * x.shape[1] == 0)
    return LFB_EMITTED_NOTHING;

  pool.dtype = x.dtype;
  pool.batch = x.shape[0];
  pool.channels = x.shape[1];
  pool.average.zero_point = x.zero_point;
  for (gsize i = 0; i < 3; i++)
    {
      gsize dim = x.n_dims - 3 + i;

      pool.window.in_size[i] = dim >= 2 ? x.shape[dim] : 1;
      pool.window.out_size[i] = pool.window.kernel[i] = pool.window.stride[i] = pool.window.dilation[i] = 1;
    }
  y = x;
  for (gsize i = 2; i < x.n_dims; i++)
    y.shape[i] = 1;
  if (lfb_emit_pool (emit, &pool, &x, &y) == LFB_EMITTED && reduction.n_dims == 2)
    if (!lfb_operand_reshape (&emit->result->operand, reduction.shape, 2))
      g_assert_not_reached ();

  return LFB_EMITTED;
}

static LfbValue *
mean (LfbCall  *call,
      GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  LfbReduction reduction;
  LfbDType dtype;

  if (input == NULL || !lfb_reduction_read (&reduction, call, input, error))
    return NULL;
  if (lfb_tensor_is_quantized (input))
    return lfb_check_quantized ("input", input, error) ? lfb_value_take_tensor (integer_mean (call->runtime, &reduction, input, error)) : NULL;

  dtype = lfb_tensor_get_dtype (input);
  if (!lfb_call_dtype (call, "dtype", &dtype, error))
    return NULL;
  if (!lfb_dtype_is_floating_point (dtype))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE, "the mean of %s would be no %s, expected floats or a float `dtype`",
                   lfb_dtype_to_string (dtype), lfb_dtype_to_string (dtype));
      return NULL;
    }

  return lfb_value_take_tensor (reduce_tensor (&reduction, &mean_kind, input, dtype, dtype, error));
}

/* var and std, with the mean if asked. */
static LfbValue *
spread (LfbCall  *call,
        GError  **error)
{
  gboolean root = strstr (call->name, "std") != NULL, with_mean = g_str_has_suffix (call->name, "_mean");
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  g_autoptr (LfbTensor) rows = NULL;
  g_autoptr (LfbTensor) doubles = NULL;
  g_autoptr (LfbTensor) wide = NULL;
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  LfbTensor *results[2] = { NULL, NULL };
  gboolean unbiased = TRUE;
  double correction = 1;
  LfbReduction reduction;

  if (input == NULL || !lfb_check_plain ("input", input, error) || !refuse_integers (input, error) ||
      !lfb_reduction_read (&reduction, call, input, error) ||
      !lfb_call_bool (call, "unbiased", &unbiased, error))
    return NULL;
  correction = unbiased ? 1 : 0;
  if (!lfb_call_double (call, "correction", &correction, error))
    return NULL;

  rows = lfb_reduction_rows (&reduction, input, error);
  doubles = rows != NULL ? lfb_tensor_convert (rows, LFB_DTYPE_FLOAT64, error) : NULL;
  if (doubles == NULL || !lfb_array_init (&array, LFB_DTYPE_FLOAT64, reduction.shape, reduction.n_dims, error))
    return NULL;
  for (gsize i = 0; i < array.n_elements; i++)
    {
      double variance = variance_doubles ((const double *) lfb_tensor_get_data (doubles, NULL) + i * reduction.n_reduced,
                                          reduction.n_reduced, correction);

      ((double *) array.data)[i] = root ? sqrt (variance) : variance;
    }
  wide = lfb_array_seal (&array, error);
  results[0] = wide != NULL ? lfb_tensor_convert (wide, lfb_tensor_get_dtype (input), error) : NULL;
  if (!with_mean || results[0] == NULL)
    return lfb_value_take_tensor (results[0]);

  results[1] = reduce_tensor (&reduction, &mean_kind, input, lfb_tensor_get_dtype (input), lfb_tensor_get_dtype (input), error);
  if (results[1] == NULL)
    {
      g_object_unref (results[0]);
      return NULL;
    }

  return lfb_value_take_tensors (results, 2, TRUE);
}

/* Sums along one dimension up to each index: in double, or of integers wrapped. */
static void
accumulate (LfbTensor *input,
            LfbArray  *array,
            gsize      dim)
{
  gboolean integers = lfb_tensor_get_dtype (input) == LFB_DTYPE_INT64;
  gconstpointer x = lfb_tensor_get_data (input, NULL);
  gsize n_dims, outer = 1, inner = 1;
  const gint64 *shape = lfb_tensor_get_shape (input, &n_dims);

  for (gsize i = 0; i < dim; i++)
    outer *= shape[i];
  for (gsize i = dim + 1; i < n_dims; i++)
    inner *= shape[i];
  for (gsize o = 0; o < outer && array->n_elements > 0; o++)
    for (gsize j = 0; j < inner; j++)
      {
        gsize at = o * shape[dim] * inner + j;
        double sum = 0;
        guint64 whole = 0;

        for (gint64 i = 0; i < shape[dim]; i++, at += inner)
          if (integers)
            ((gint64 *) array->data)[at] = whole += ((const guint64 *) x)[at];
          else
            ((double *) array->data)[at] = sum += ((const double *) x)[at];
      }
}

static LfbValue *
cumulative_sum (LfbCall  *call,
                GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  g_autoptr (LfbTensor) typed = NULL;
  g_autoptr (LfbTensor) wide = NULL;
  g_autoptr (LfbTensor) result = NULL;
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  LfbDType dtype, compute;
  gsize dim;

  if (input == NULL || !lfb_check_plain ("input", input, error) || !sum_type (call, input, &dtype, error) ||
      !lfb_call_dim (call, "dim", lfb_tensor_get_n_dims (input), &dim, error))
    return NULL;
  /* Without dimensions it is a number, and torch has those fit. */
  if (lfb_tensor_get_n_dims (input) == 0 && !lfb_check_converts ("input", lfb_call_get (call, "input"), dtype, error))
    return NULL;
  typed = lfb_tensor_convert (input, dtype, error);
  if (typed == NULL || lfb_tensor_get_n_dims (input) == 0)
    return lfb_value_take_tensor (g_steal_pointer (&typed));

  compute = lfb_dtype_is_floating_point (dtype) ? LFB_DTYPE_FLOAT64 : LFB_DTYPE_INT64;
  wide = lfb_tensor_convert (typed, compute, error);
  if (wide == NULL || !lfb_array_init_like (&array, compute, wide, error))
    return NULL;
  accumulate (wide, &array, dim);
  result = lfb_array_seal (&array, error);

  return result != NULL ? lfb_value_take_tensor (lfb_tensor_convert (result, dtype, error)) : NULL;
}

#define DIMS "input, dim=None, keepdim=False"

static const LfbOperator operators[] = {
  {
    .functions = "torch.mean", .methods = "mean", .signature = DIMS ", dtype=None", .run = mean, .emit = emit_mean,
    .rule = "the mean; integers: clamp(round(float(sum of q - z) * (1 / n)) + z), same scale and zero point",
  },
  { .functions = "torch.sum", .methods = "sum", .signature = DIMS ", dtype=None", .rule = "the sum", .run = reduce, .data = &sum_kind },
  { .functions = "torch.prod", .methods = "prod", .signature = DIMS ", dtype=None", .rule = "the product", .run = reduce, .data = &product_kind },
  { .functions = "torch.amax", .methods = "amax", .signature = DIMS, .rule = "the largest; NaN wins", .run = reduce, .data = &max_kind },
  { .functions = "torch.amin", .methods = "amin", .signature = DIMS, .rule = "the smallest; NaN wins", .run = reduce, .data = &min_kind },
  { .functions = "torch.all", .methods = "all", .signature = DIMS, .rule = "whether none is 0", .run = reduce, .data = &all_kind },
  { .functions = "torch.any", .methods = "any", .signature = DIMS, .rule = "whether one is not 0", .run = reduce, .data = &any_kind },
  {
    .functions = "torch.logsumexp", .methods = "logsumexp", .signature = "input, dim, keepdim=False",
    .rule = "log(sum of exp(x))", .run = reduce, .data = &logsumexp_kind,
  },
  {
    .functions = "torch.var torch.std torch.var_mean torch.std_mean", .methods = "var std",
    .signature = "input, dim=None, unbiased=True, keepdim=False, correction=None",
    .rule = "variance or its square root, by default with n - 1", .run = spread,
  },
  {
    .functions = "torch.cumsum", .methods = "cumsum", .signature = "input, dim, dtype=None",
    .rule = "sums up to each index", .run = cumulative_sum,
  },
};

const LfbOperatorFamily lfb_reduce_operators = LFB_OPERATOR_FAMILY (operators);

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Norms of vectors and matrices. Powers of magnitudes are summed in double in
 * ascending order, and the root of the sum is rounded once.
 *
 * torch has three functions. norm takes elements as those of a vector, whatever
 * the dimensions; linalg.vector_norm as well; linalg.norm takes two dimensions
 * for a matrix if it is told an order. What of matrices needs singular values is
 * refused.
 */

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-call-private.h>
#include <lowerfb/run/lfb-elementwise-private.h>
#include <lowerfb/run/lfb-math-private.h>
#include <lowerfb/run/lfb-reduction-private.h>

/* The largest or the smallest magnitude; NaN wins. */
static double
extreme_magnitude (const double *x,
                   gsize         n,
                   gboolean      largest)
{
  double best = largest ? 0 : INFINITY;

  for (gsize i = 0; i < n; i++)
    {
      double size = fabs (x[i]);

      if (size != size)
        return size;
      if (largest ? size > best : size < best)
        best = size;
    }

  return best;
}

static double
vector_norm (const double *x,
             gsize         n,
             double        order)
{
  double sum = 0;

  if (isinf (order))
    return extreme_magnitude (x, n, order > 0);
  for (gsize i = 0; i < n; i++)
    {
      if (order == 2)
        sum += x[i] * x[i];
      else if (order == 1)
        sum += fabs (x[i]);
      else if (order == 0)
        sum += x[i] != 0;
      else
        sum += lfb_pow (fabs (x[i]), order);
    }
  if (order == 0 || order == 1)
    return sum;

  return order == 2 ? sqrt (sum) : lfb_pow (sum, 1 / order);
}

/* Elements in the type that is asked for, which has to be one that holds them,
 * as double.
 */
static LfbTensor *
norm_input (LfbCall    *call,
            LfbTensor  *input,
            LfbDType   *dtype,
            GError    **error)
{
  g_autoptr (LfbTensor) typed = NULL;
  LfbDType own = lfb_tensor_get_dtype (input);
  LfbValue *given = lfb_call_get (call, "dtype");
  gboolean converts = lfb_call_has (call, "p") && given != NULL && !lfb_value_is_none (given);

  *dtype = own;
  if (!lfb_check_plain ("input", input, error) || !lfb_call_dtype (call, "dtype", dtype, error))
    return NULL;
  /* torch.norm converts integers where it is told a type, linalg does not. */
  if (!lfb_dtype_is_floating_point (own) && !converts)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE, "argument `input` has the dtype %s, expected floats",
                   lfb_dtype_to_string (own));
      return NULL;
    }
  if (!lfb_dtype_is_floating_point (*dtype) || lfb_promote_types (own, 0, *dtype, 0) != *dtype)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE, "argument `dtype` is %s, expected floats that hold those of %s",
                   lfb_dtype_to_string (*dtype), lfb_dtype_to_string (own));
      return NULL;
    }
  typed = lfb_tensor_convert (input, *dtype, error);

  return typed != NULL ? lfb_tensor_convert (typed, LFB_DTYPE_FLOAT64, error) : NULL;
}

/* Of float64; the result is too. */
static LfbTensor *
reduce_norm (const LfbReduction  *reduction,
             LfbTensor           *input,
             double               order,
             GError             **error)
{
  g_autoptr (LfbTensor) rows = lfb_reduction_rows (reduction, input, error);
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  gsize n = reduction->n_reduced;
  const double *x;

  if (rows == NULL || !lfb_array_init (&array, LFB_DTYPE_FLOAT64, reduction->shape, reduction->n_dims, error))
    return NULL;
  if (n == 0 && (order < 0 || order == INFINITY))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE, "nothing has no norm of order %g", order);
      return NULL;
    }
  x = lfb_tensor_get_data (rows, NULL);
  for (gsize i = 0; i < array.n_elements; i++)
    ((double *) array.data)[i] = vector_norm (x + i * n, n, order);

  return lfb_array_seal (&array, error);
}

/* The order under @name: a number, or 'fro'. None leaves it as it is. */
static gboolean
read_order (LfbCall     *call,
            const char  *name,
            double      *order,
            gboolean    *frobenius,
            GError     **error)
{
  LfbValue *value = lfb_call_get (call, name);

  *frobenius = FALSE;
  if (value == NULL || lfb_value_is_none (value))
    return TRUE;
  if (lfb_value_get_kind (value) != LFB_VALUE_KIND_STRING)
    return lfb_call_double (call, name, order, error);
  if (g_str_equal (lfb_value_get_string (value), "nuc"))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED,
                   "argument `%s` is 'nuc', the sum of singular values, which are not computed", name);
      return FALSE;
    }
  if (!g_str_equal (lfb_value_get_string (value), "fro"))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument `%s` is '%.40s', expected a number or 'fro'", name,
                   lfb_value_get_string (value));
      return FALSE;
    }
  *frobenius = TRUE;

  return TRUE;
}

static LfbValue *
norm (LfbCall  *call,
      GError  **error)
{
  const char *name = lfb_call_has (call, "p") ? "p" : "ord";
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  LfbValue *dim = lfb_call_get (call, "dim"), *dtype_value = lfb_call_get (call, "dtype");
  g_autoptr (LfbTensor) wide = NULL;
  g_autoptr (LfbTensor) result = NULL;
  LfbReduction reduction;
  gboolean frobenius;
  double order = 2;
  LfbDType dtype;

  if (input == NULL || !read_order (call, name, &order, &frobenius, error) ||
      !lfb_reduction_read (&reduction, call, input, error))
    return NULL;
  /* What torch refuses, for there it is the norm of a matrix. */
  if (frobenius && (g_str_equal (name, "ord") || (dtype_value != NULL && !lfb_value_is_none (dtype_value))))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument `%s` is 'fro', expected a number%s", name,
                   g_str_equal (name, "ord") ? "" : " where there is a `dtype`");
      return NULL;
    }
  if (frobenius && dim != NULL && lfb_value_is_sequence (dim) && lfb_value_get_n_items (dim) > 2)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument `dim` names %" G_GSIZE_FORMAT
                   " dimensions, expected at most 2 for 'fro'", lfb_value_get_n_items (dim));
      return NULL;
    }
  /* Of nothing it is 0 for torch.norm, whatever the order is. */
  if (reduction.n_reduced == 0 && g_str_equal (name, "p"))
    order = 1;
  wide = norm_input (call, input, &dtype, error);
  result = wide != NULL ? reduce_norm (&reduction, wide, order, error) : NULL;

  return result != NULL ? lfb_value_take_tensor (lfb_tensor_convert (result, dtype, error)) : NULL;
}

/* Which dimensions are those of the matrix: rows, columns. */
static gboolean
read_matrix_dims (LfbCall    *call,
                  LfbTensor  *input,
                  gsize      *dims,
                  GError    **error)
{
  gint64 numbers[2] = { 0, 1 };
  gsize n = 2, n_dims = lfb_tensor_get_n_dims (input);

  return lfb_call_ints (call, "dim", numbers, G_N_ELEMENTS (numbers), &n, error) &&
         lfb_check_dim ("dim", numbers[0], n_dims, &dims[0], error) &&
         lfb_check_dim ("dim", numbers[1], n_dims, &dims[1], error);
}

/* The largest, or smallest, sum of magnitudes of a column (order 1 and -1) or
 * of a row (infinity and -infinity); @reduction takes both dimensions.
 */
static LfbTensor *
matrix_norm (LfbCall             *call,
             const LfbReduction  *reduction,
             LfbTensor           *input,
             LfbDType             dtype,
             double               order,
             GError             **error)
{
  LfbReduction inner = { .n_reduced = 1 }, outer = { .n_reduced = 1 };
  g_autoptr (LfbTensor) wide = NULL;
  g_autoptr (LfbTensor) sums = NULL;
  g_autoptr (LfbTensor) rounded = NULL;
  gsize dims[2], summed, other;

  if (!read_matrix_dims (call, input, dims, error))
    return NULL;
  summed = isinf (order) ? dims[1] : dims[0];
  other = isinf (order) ? dims[0] : dims[1];
  inner.n_dims = lfb_tensor_get_n_dims (input);
  lfb_sizes_copy (inner.shape, lfb_tensor_get_shape (input, NULL), inner.n_dims);
  inner.reduced[summed] = TRUE;
  inner.n_reduced = inner.shape[summed];
  inner.shape[summed] = 1;

  outer = *reduction;
  outer.n_reduced = inner.shape[other];
  wide = reduce_norm (&inner, input, 1, error);
  /* The sums are of the type of the result, the largest of them is one of them. */
  rounded = wide != NULL ? lfb_tensor_convert (wide, dtype, error) : NULL;
  sums = rounded != NULL ? lfb_tensor_convert (rounded, LFB_DTYPE_FLOAT64, error) : NULL;

  return sums != NULL ? reduce_norm (&outer, sums, order < 0 ? -INFINITY : INFINITY, error) : NULL;
}

static LfbValue *
linalg_norm (LfbCall  *call,
             GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  LfbValue *ord = lfb_call_get (call, "ord"), *dim = lfb_call_get (call, "dim");
  g_autoptr (LfbTensor) wide = NULL;
  g_autoptr (LfbTensor) result = NULL;
  LfbReduction reduction;
  gboolean frobenius;
  double order = 2;
  gsize n_taken;
  LfbDType dtype;

  if (input == NULL || !read_order (call, "ord", &order, &frobenius, error) ||
      !lfb_reduction_read (&reduction, call, input, error))
    return NULL;
  wide = norm_input (call, input, &dtype, error);
  if (wide == NULL)
    return NULL;

  if (lfb_value_is_none (dim))
    n_taken = lfb_tensor_get_n_dims (input);
  else
    n_taken = lfb_value_is_sequence (dim) ? lfb_value_get_n_items (dim) : 1;
  if ((!lfb_value_is_none (ord) || !lfb_value_is_none (dim)) && n_taken != 2 && (n_taken != 1 || frobenius))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "the norm is asked for over %" G_GSIZE_FORMAT " dimensions, expected %s", n_taken,
                   frobenius ? "2" : "1 or 2");
      return NULL;
    }
  if (lfb_value_is_none (ord) || frobenius || n_taken == 1)
    result = reduce_norm (&reduction, wide, order, error);
  else if (fabs (order) == 1 || isinf (order))
    result = matrix_norm (call, &reduction, wide, dtype, order, error);
  else if (fabs (order) == 2)
    g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED,
                 "argument `ord` is %g for a matrix, a singular value, which are not computed", order);
  else
    g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                 "argument `ord` is %g for a matrix, expected 1, -1, infinity, -infinity or 'fro'", order);

  return result != NULL ? lfb_value_take_tensor (lfb_tensor_convert (result, dtype, error)) : NULL;
}

#define VECTOR_RULE "(sum of |x|^p)^(1 / p); p of infinity, -infinity and 0: the largest, the smallest, how many are not 0"

static const LfbOperator operators[] = {
  {
    .functions = "torch.norm torch.functional.norm", .methods = "norm",
    .signature = "input, p='fro', dim=None, keepdim=False, dtype=None", .rule = VECTOR_RULE "; 'fro': 2", .run = norm,
  },
  {
    .functions = "torch.linalg.vector_norm", .signature = "input, ord=2, dim=None, keepdim=False, dtype=None",
    .rule = VECTOR_RULE, .run = norm,
  },
  {
    .functions = "torch.linalg.norm", .signature = "input, ord=None, dim=None, keepdim=False, dtype=None",
    .rule = "as linalg.vector_norm; of matrices with 1 and -1 the largest and the smallest sum of magnitudes of a column, "
            "with infinity and -infinity of a row",
    .run = linalg_norm,
  },
};

const LfbOperatorFamily lfb_norm_operators = LFB_OPERATOR_FAMILY (operators);

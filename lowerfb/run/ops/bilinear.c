/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* torch.bilinear: y[a] = sum over m of (sum over n of x1[n] w[a, n, m]) * x2[m],
 * and a bias, for each row of two inputs. Sums are float64 in this order, which
 * is torch's.
 */

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-call-private.h>

typedef struct {
  LfbTensor *left;      /* owned, float64, as the others */
  LfbTensor *right;
  LfbTensor *weight;    /* (out, n, m) */
  LfbTensor *bias;      /* %NULL: none */
} Operands;

static void
operands_clear (Operands *self)
{
  g_clear_object (&self->left);
  g_clear_object (&self->right);
  g_clear_object (&self->weight);
  g_clear_object (&self->bias);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Operands, operands_clear)

static LfbTensor *
widen (const char  *name,
       LfbTensor   *tensor,
       LfbDType     dtype,
       GError     **error)
{
  return lfb_check_dtype (name, tensor, dtype, error) ? lfb_tensor_convert (tensor, LFB_DTYPE_FLOAT64, error) : NULL;
}

static gboolean
check_last (const char  *name,
            LfbTensor   *tensor,
            gint64       wanted,
            GError     **error)
{
  gsize n_dims = lfb_tensor_get_n_dims (tensor);
  g_autofree char *shape = NULL;

  if (lfb_tensor_get_dim (tensor, n_dims - 1) == wanted)
    return TRUE;

  shape = lfb_tensor_describe_shape (tensor);
  g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
               "argument `%s` has the shape %s, expected a last dimension of %" G_GINT64_FORMAT, name, shape, wanted);

  return FALSE;
}

static gboolean
check_shapes (LfbTensor  *left,
              LfbTensor  *right,
              LfbTensor  *weight,
              LfbTensor  *bias,
              GError    **error)
{
  gsize n_dims = lfb_tensor_get_n_dims (left);

  if (!lfb_check_rank ("weight", weight, 3, 3, error) ||
      !lfb_check_rank ("input1", left, 1, LFB_TENSOR_MAX_DIMS, error) ||
      !lfb_check_rank ("input2", right, n_dims, n_dims, error) ||
      !check_last ("input1", left, lfb_tensor_get_dim (weight, 1), error) ||
      !check_last ("input2", right, lfb_tensor_get_dim (weight, 2), error))
    return FALSE;
  if (!lfb_sizes_equal (lfb_tensor_get_shape (left, NULL), lfb_tensor_get_shape (right, NULL), n_dims - 1))
    {
      g_autofree char *first = lfb_tensor_describe_shape (left);
      g_autofree char *second = lfb_tensor_describe_shape (right);

      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "arguments `input1` and `input2` have the shapes %s and %s, expected the same but for the last dimension",
                   first, second);
      return FALSE;
    }
  if (lfb_tensor_get_dim (weight, 1) == 0 || lfb_tensor_get_dim (weight, 2) == 0)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_SHAPE, "argument `weight` has no features, expected 1 or more of both inputs");
      return FALSE;
    }

  return bias == NULL ||
         (lfb_check_rank ("bias", bias, 1, 1, error) && check_last ("bias", bias, lfb_tensor_get_dim (weight, 0), error));
}

static double
one_output (const double *left,
            const double *right,
            const double *weight,
            gsize         n,
            gsize         m)
{
  double sum = 0;

  for (gsize j = 0; j < m; j++)
    {
      double inner = 0;

      for (gsize i = 0; i < n; i++)
        inner += left[i] * weight[i * m + j];
      sum += inner * right[j];
    }

  return sum;
}

static void
fill (const Operands *operands,
      gsize           n_rows,
      double         *y)
{
  gsize n_out = lfb_tensor_get_dim (operands->weight, 0);
  gsize n = lfb_tensor_get_dim (operands->weight, 1), m = lfb_tensor_get_dim (operands->weight, 2);
  const double *left = lfb_tensor_get_data (operands->left, NULL), *right = lfb_tensor_get_data (operands->right, NULL);
  const double *weight = lfb_tensor_get_data (operands->weight, NULL);
  const double *bias = operands->bias != NULL ? lfb_tensor_get_data (operands->bias, NULL) : NULL;

  for (gsize row = 0; row < n_rows; row++)
    for (gsize a = 0; a < n_out; a++)
      y[row * n_out + a] = one_output (left + row * n, right + row * m, weight + a * n * m, n, m) + (bias != NULL ? bias[a] : 0);
}

static LfbValue *
bilinear (LfbCall  *call,
          GError  **error)
{
  LfbTensor *left = lfb_call_tensor (call, "input1", error);
  LfbTensor *right = left != NULL ? lfb_call_tensor (call, "input2", error) : NULL;
  LfbTensor *weight = right != NULL ? lfb_call_tensor (call, "weight", error) : NULL;
  LfbTensor *bias = NULL;
  g_auto (Operands) operands = { NULL };
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  g_autoptr (LfbTensor) wide = NULL;
  gint64 shape[LFB_TENSOR_MAX_DIMS];
  LfbDType dtype;
  gsize n_dims, n_out;

  if (weight == NULL || !lfb_call_optional_tensor (call, "bias", &bias, error) ||
      !check_shapes (left, right, weight, bias, error))
    return NULL;
  dtype = lfb_tensor_get_dtype (left);
  if (!lfb_dtype_is_floating_point (dtype))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE, "argument `input1` has the dtype %s, expected floats",
                   lfb_dtype_to_string (dtype));
      return NULL;
    }
  operands.left = widen ("input1", left, dtype, error);
  operands.right = operands.left != NULL ? widen ("input2", right, dtype, error) : NULL;
  operands.weight = operands.right != NULL ? widen ("weight", weight, dtype, error) : NULL;
  if (operands.weight == NULL)
    return NULL;
  if (bias != NULL)
    {
      operands.bias = widen ("bias", bias, dtype, error);
      if (operands.bias == NULL)
        return NULL;
    }

  lfb_sizes_copy (shape, lfb_tensor_get_shape (left, &n_dims), lfb_tensor_get_n_dims (left));
  n_out = shape[n_dims - 1] = lfb_tensor_get_dim (weight, 0);
  if (!lfb_array_init (&array, LFB_DTYPE_FLOAT64, shape, n_dims, error))
    return NULL;
  if (array.n_elements > 0)
    fill (&operands, array.n_elements / n_out, array.data);
  wide = lfb_array_seal (&array, error);

  return wide != NULL ? lfb_value_take_tensor (lfb_tensor_convert (wide, dtype, error)) : NULL;
}

static const LfbOperator operators[] = {
  {
    .functions = "torch.bilinear torch.nn.functional.bilinear", .modules = "torch.nn.Bilinear",
    .signature = "input1, input2, weight, bias=None", .forward = "input1 input2",
    .rule = "y[a] = sum over m of (sum over n of x1[n] w[a, n, m]) x2[m], + bias", .run = bilinear,
  },
};

const LfbOperatorFamily lfb_bilinear_operators = LFB_OPERATOR_FAMILY (operators);

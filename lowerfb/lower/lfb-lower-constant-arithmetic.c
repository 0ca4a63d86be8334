/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Computing constants: sums, differences, products and quotients of float
 * tensors and numbers, with broadcasting, in float32.
 */

#include <lowerfb/lower/lfb-lower-constant-arguments-private.h>

#include <lowerfb/core/lfb-error.h>

typedef float (*Operation) (float a,
                            float b);

/* A tensor, or a number as a tensor without dimensions. */
typedef struct
{
  const float *data;
  float number;
  const gint64 *shape;
  gsize n_dims;
} Operand;

static gboolean
take_operand (LfbValue    *value,
              const char  *name,
              Operand     *operand,
              GError     **error)
{
  LfbTensor *tensor = value != NULL ? lfb_value_get_tensor (value) : NULL;

  if (tensor != NULL && lfb_tensor_get_dtype (tensor) == LFB_DTYPE_FLOAT32)
    {
      operand->data = lfb_tensor_get_data (tensor, NULL);
      operand->shape = lfb_tensor_get_shape (tensor, &operand->n_dims);
      return TRUE;
    }
  if (value != NULL && (lfb_value_get_kind (value) == LFB_VALUE_KIND_INT ||
                        lfb_value_get_kind (value) == LFB_VALUE_KIND_DOUBLE))
    {
      operand->number = lfb_value_get_double (value);
      operand->data = &operand->number;
      operand->n_dims = 0;
      return TRUE;
    }

  g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED, "%s is neither a float32 tensor nor a number", name);
  return FALSE;
}

/* The size of dimension @dim of @n_dims, counted after broadcasting. */
static gint64
size_of (const Operand *operand,
         gsize          n_dims,
         gsize          dim)
{
  return dim + operand->n_dims < n_dims ? 1 : operand->shape[dim + operand->n_dims - n_dims];
}

static gboolean
broadcast (const Operand *a,
           const Operand *b,
           gint64        *shape,
           gsize         *n_dims,
           gint64        *n_elements,
           GError       **error)
{
  *n_dims = MAX (a->n_dims, b->n_dims);
  *n_elements = 1;
  for (gsize i = 0; i < *n_dims; i++)
    {
      gint64 size = size_of (a, *n_dims, i), other = size_of (b, *n_dims, i);

      shape[i] = size == 1 ? other : size;
      if ((size != other && size != 1 && other != 1) ||
          __builtin_mul_overflow (*n_elements, shape[i], n_elements) || *n_elements > G_MAXINT32)
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                       "%" G_GINT64_FORMAT " and %" G_GINT64_FORMAT " elements along dimension %" G_GSIZE_FORMAT
                       " do not go together", size, other, i);
          return FALSE;
        }
    }

  return TRUE;
}

static gsize
offset_of (const Operand *operand,
           const gint64  *index,
           gsize          n_dims)
{
  gsize offset = 0;

  for (gsize i = n_dims - operand->n_dims; i < n_dims; i++)
    {
      gint64 size = size_of (operand, n_dims, i);

      offset = offset * size + (size == 1 ? 0 : index[i]);
    }

  return offset;
}

/* One element after the other: weights are scaled once, if at all. */
static LfbValue *
combine (LfbValue  **args,
         gsize       n_args,
         LfbValue   *kwargs,
         Operation   operation,
         GError    **error)
{
  LfbValue *alpha = lfb_value_lookup (kwargs, "alpha");
  Operand a, b;
  gint64 shape[LFB_TENSOR_MAX_DIMS], index[LFB_TENSOR_MAX_DIMS] = { 0, }, n_elements;
  g_autoptr (GBytes) bytes = NULL;
  float *result;
  gsize n_dims;

  if (alpha != NULL || lfb_value_lookup (kwargs, "rounding_mode") != NULL || n_args > 2)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED, "no more than two operands are taken before the model runs");
      return NULL;
    }
  if (!take_operand (_lfb_constant_argument (args, n_args, kwargs, 0, "input"), "the first operand", &a, error) ||
      !take_operand (_lfb_constant_argument (args, n_args, kwargs, 1, "other"), "the second operand", &b, error) ||
      !broadcast (&a, &b, shape, &n_dims, &n_elements, error))
    return NULL;

  result = g_new (float, MAX (n_elements, 1));
  for (gint64 i = 0; i < n_elements; i++)
    {
      result[i] = operation (a.data[offset_of (&a, index, n_dims)], b.data[offset_of (&b, index, n_dims)]);
      for (gsize j = n_dims; j-- > 0;)
        {
          if (++index[j] < shape[j])
            break;
          index[j] = 0;
        }
    }

  bytes = g_bytes_new_take (result, n_elements * sizeof *result);
  return _lfb_constant_take_tensor (lfb_tensor_new_for_bytes (LFB_DTYPE_FLOAT32, shape, n_dims, bytes, error));
}

static float
sum (float a,
     float b)
{
  return a + b;
}

static float
difference (float a,
            float b)
{
  return a - b;
}

static float
product (float a,
         float b)
{
  return a * b;
}

static float
quotient (float a,
          float b)
{
  return a / b;
}

static LfbValue *
add (LfbValue **args,
     gsize      n_args,
     LfbValue  *kwargs,
     GError   **error)
{
  return combine (args, n_args, kwargs, sum, error);
}

static LfbValue *
subtract (LfbValue **args,
          gsize      n_args,
          LfbValue  *kwargs,
          GError   **error)
{
  return combine (args, n_args, kwargs, difference, error);
}

static LfbValue *
multiply (LfbValue **args,
          gsize      n_args,
          LfbValue  *kwargs,
          GError   **error)
{
  return combine (args, n_args, kwargs, product, error);
}

static LfbValue *
divide (LfbValue **args,
        gsize      n_args,
        LfbValue  *kwargs,
        GError   **error)
{
  return combine (args, n_args, kwargs, quotient, error);
}

static LfbValue *
negate (LfbValue **args,
        gsize      n_args,
        LfbValue  *kwargs,
        GError   **error)
{
  g_autoptr (LfbValue) minus_one = lfb_value_for_int (-1);
  LfbTensor *input = _lfb_constant_tensor_argument (args, n_args, kwargs, 0, "input", error);
  g_autoptr (LfbValue) value = NULL;
  g_autoptr (LfbValue) nothing = NULL;

  if (input == NULL)
    return NULL;

  value = lfb_value_for_tensor (input);
  nothing = lfb_value_for_dict (NULL, NULL, 0);
  return combine ((LfbValue *[]) { value, minus_one }, 2, nothing, product, error);
}

static const LfbConstantRow rows[] = {
  { LFB_OP_CALL_FUNCTION, "operator.add", add },
  { LFB_OP_CALL_FUNCTION, "torch.add", add },
  { LFB_OP_CALL_METHOD, "add", add },
  { LFB_OP_CALL_FUNCTION, "operator.sub", subtract },
  { LFB_OP_CALL_FUNCTION, "torch.sub", subtract },
  { LFB_OP_CALL_METHOD, "sub", subtract },
  { LFB_OP_CALL_FUNCTION, "operator.mul", multiply },
  { LFB_OP_CALL_FUNCTION, "torch.mul", multiply },
  { LFB_OP_CALL_METHOD, "mul", multiply },
  { LFB_OP_CALL_FUNCTION, "operator.truediv", divide },
  { LFB_OP_CALL_FUNCTION, "torch.div", divide },
  { LFB_OP_CALL_METHOD, "div", divide },
  { LFB_OP_CALL_FUNCTION, "operator.neg", negate },
  { LFB_OP_CALL_FUNCTION, "torch.neg", negate },
  { LFB_OP_CALL_METHOD, "neg", negate },
};

LfbConstantFunc
_lfb_constant_arithmetic (LfbNode *node)
{
  return _lfb_constant_find (node, rows, G_N_ELEMENTS (rows));
}

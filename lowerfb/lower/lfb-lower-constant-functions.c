/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The functions and methods that stand between an attribute and the packing of a
 * weight: quantizing it, and what a model does to a weight's shape and type
 * before that. Anything else keeps the weight from being folded, and is run
 * with the model.
 */

#include <lowerfb/lower/lfb-lower-constants-private.h>

#include <lowerfb/core/lfb-error.h>
#include <lowerfb/lower/lfb-lower-weights-private.h>

#include <string.h>

static LfbValue *
argument (LfbValue  **args,
          gsize       n_args,
          LfbValue   *kwargs,
          gsize       position,
          const char *name)
{
  return position < n_args ? args[position] : lfb_value_lookup (kwargs, name);
}

static LfbTensor *
tensor_argument (LfbValue  **args,
                 gsize       n_args,
                 LfbValue   *kwargs,
                 gsize       position,
                 const char *name,
                 GError    **error)
{
  LfbValue *value = argument (args, n_args, kwargs, position, name);
  LfbTensor *tensor = value != NULL ? lfb_value_get_tensor (value) : NULL;

  if (tensor == NULL)
    g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument %s is not a tensor", name);
  return tensor;
}

static gboolean
dtype_argument (LfbValue  **args,
                gsize       n_args,
                LfbValue   *kwargs,
                gsize       position,
                LfbDType   *dtype,
                GError    **error)
{
  LfbValue *value = argument (args, n_args, kwargs, position, "dtype");

  if (value == NULL || lfb_value_get_kind (value) != LFB_VALUE_KIND_DTYPE)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument dtype is not an element type");
      return FALSE;
    }

  *dtype = lfb_value_get_dtype (value);
  return TRUE;
}

static gboolean
int_argument (LfbValue   *value,
              const char *name,
              gint64     *number,
              GError    **error)
{
  if (value != NULL && lfb_value_get_kind (value) == LFB_VALUE_KIND_INT)
    {
      *number = lfb_value_get_int (value);
      return TRUE;
    }
  if (value != NULL && lfb_value_get_tensor (value) != NULL &&
      _lfb_read_integer (lfb_value_get_tensor (value), number))
    return TRUE;

  g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument %s is not an integer", name);
  return FALSE;
}

static gboolean
scale_argument (LfbValue *value,
                double   *scale,
                GError  **error)
{
  LfbTensor *tensor = value != NULL ? lfb_value_get_tensor (value) : NULL;

  if (value != NULL && lfb_value_get_kind (value) == LFB_VALUE_KIND_DOUBLE)
    {
      *scale = lfb_value_get_double (value);
      return TRUE;
    }
  if (tensor != NULL && lfb_tensor_get_n_elements (tensor) == 1 &&
      lfb_tensor_get_dtype (tensor) == LFB_DTYPE_FLOAT32)
    {
      *scale = *(const float *) lfb_tensor_get_data (tensor, NULL);
      return TRUE;
    }
  if (tensor != NULL && lfb_tensor_get_n_elements (tensor) == 1 &&
      lfb_tensor_get_dtype (tensor) == LFB_DTYPE_FLOAT64)
    {
      *scale = *(const double *) lfb_tensor_get_data (tensor, NULL);
      return TRUE;
    }

  g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument scale is not a number");
  return FALSE;
}

static LfbValue *
take_tensor (LfbTensor *tensor)
{
  LfbValue *value;

  if (tensor == NULL)
    return NULL;

  value = lfb_value_for_tensor (tensor);
  g_object_unref (tensor);
  return value;
}

static LfbValue *
quantize_per_tensor (LfbValue **args,
                     gsize      n_args,
                     LfbValue  *kwargs,
                     GError   **error)
{
  LfbTensor *input = tensor_argument (args, n_args, kwargs, 0, "input", error);
  LfbQParams qparams = { .qscheme = LFB_QSCHEME_PER_TENSOR_AFFINE };

  if (input == NULL ||
      !scale_argument (argument (args, n_args, kwargs, 1, "scale"), &qparams.scale, error) ||
      !int_argument (argument (args, n_args, kwargs, 2, "zero_point"), "zero_point", &qparams.zero_point, error) ||
      !dtype_argument (args, n_args, kwargs, 3, &qparams.dtype, error))
    return NULL;

  return take_tensor (_lfb_quantize_weight (input, &qparams, error));
}

static LfbValue *
quantize_per_channel (LfbValue **args,
                      gsize      n_args,
                      LfbValue  *kwargs,
                      GError   **error)
{
  LfbTensor *input = tensor_argument (args, n_args, kwargs, 0, "input", error);
  LfbQParams qparams = { .qscheme = LFB_QSCHEME_PER_CHANNEL_AFFINE };

  if (input == NULL)
    return NULL;
  qparams.scales = tensor_argument (args, n_args, kwargs, 1, "scales", error);
  if (qparams.scales == NULL)
    return NULL;
  qparams.zero_points = tensor_argument (args, n_args, kwargs, 2, "zero_points", error);
  if (qparams.zero_points == NULL ||
      !int_argument (argument (args, n_args, kwargs, 3, "axis"), "axis", &qparams.axis, error) ||
      !dtype_argument (args, n_args, kwargs, 4, &qparams.dtype, error))
    return NULL;
  if (lfb_dtype_is_floating_point (lfb_tensor_get_dtype (qparams.zero_points)))
    qparams.qscheme = LFB_QSCHEME_PER_CHANNEL_AFFINE_FLOAT_QPARAMS;

  return take_tensor (_lfb_quantize_weight (input, &qparams, error));
}

static LfbValue *
as_float (LfbTensor *tensor,
          GError   **error)
{
  gint64 n_elements = lfb_tensor_get_n_elements (tensor);
  g_autoptr (GBytes) bytes = NULL;
  float *values;
  const gint64 *shape;
  gsize n_dims;

  if (lfb_tensor_get_dtype (tensor) == LFB_DTYPE_FLOAT32)
    return lfb_value_for_tensor (tensor);
  if (!_lfb_weight_to_float (tensor, &values, error))
    return NULL;

  bytes = g_bytes_new_take (values, n_elements * sizeof *values);
  shape = lfb_tensor_get_shape (tensor, &n_dims);
  return take_tensor (lfb_tensor_new_for_bytes (LFB_DTYPE_FLOAT32, shape, n_dims, bytes, error));
}

static LfbValue *
dequantize (LfbValue **args,
            gsize      n_args,
            LfbValue  *kwargs,
            GError   **error)
{
  LfbTensor *input = tensor_argument (args, n_args, kwargs, 0, "input", error);

  if (input == NULL)
    return NULL;

  return lfb_tensor_is_quantized (input) ? take_tensor (lfb_tensor_dequantize (input, error))
                                         : as_float (input, error);
}

static LfbValue *
convert (LfbTensor *input,
         LfbDType   dtype,
         GError   **error)
{
  if (lfb_tensor_get_dtype (input) == dtype)
    return lfb_value_for_tensor (input);
  if (dtype == LFB_DTYPE_FLOAT16 && lfb_dtype_is_floating_point (lfb_tensor_get_dtype (input)))
    return take_tensor (_lfb_halve_weight (input, error));
  if (dtype == LFB_DTYPE_FLOAT32 && lfb_dtype_is_floating_point (lfb_tensor_get_dtype (input)))
    return as_float (input, error);

  g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED, "no weight is converted from %s to %s",
               lfb_dtype_to_string (lfb_tensor_get_dtype (input)), lfb_dtype_to_string (dtype));
  return NULL;
}

static LfbValue *
to (LfbValue **args,
    gsize      n_args,
    LfbValue  *kwargs,
    GError   **error)
{
  LfbTensor *input = tensor_argument (args, n_args, kwargs, 0, "input", error);
  LfbDType dtype;

  if (input == NULL || !dtype_argument (args, n_args, kwargs, 1, &dtype, error))
    return NULL;

  return convert (input, dtype, error);
}

static LfbValue *
to_float (LfbValue **args,
          gsize      n_args,
          LfbValue  *kwargs,
          GError   **error)
{
  LfbTensor *input = tensor_argument (args, n_args, kwargs, 0, "input", error);

  return input != NULL ? convert (input, LFB_DTYPE_FLOAT32, error) : NULL;
}

static LfbValue *
to_half (LfbValue **args,
         gsize      n_args,
         LfbValue  *kwargs,
         GError   **error)
{
  LfbTensor *input = tensor_argument (args, n_args, kwargs, 0, "input", error);

  return input != NULL ? convert (input, LFB_DTYPE_FLOAT16, error) : NULL;
}

/* detach, contiguous, clone: tensors are immutable and row-major. */
static LfbValue *
identity (LfbValue **args,
          gsize      n_args,
          LfbValue  *kwargs,
          GError   **error)
{
  LfbTensor *input = tensor_argument (args, n_args, kwargs, 0, "input", error);

  return input != NULL ? lfb_value_for_tensor (input) : NULL;
}

/* The elements of a plain tensor with its dimensions in another order. */
static LfbValue *
permuted (LfbTensor    *input,
          const gint64 *order,
          GError      **error)
{
  gsize n_dims, size, width;
  const gint64 *shape = lfb_tensor_get_shape (input, &n_dims);
  const guint8 *data = lfb_tensor_get_data (input, &size);
  gint64 new_shape[LFB_TENSOR_MAX_DIMS], strides[LFB_TENSOR_MAX_DIMS], index[LFB_TENSOR_MAX_DIMS] = { 0, };
  gint64 n_elements = lfb_tensor_get_n_elements (input);
  g_autoptr (GBytes) bytes = NULL;
  guint8 *result;

  if (lfb_tensor_is_quantized (input))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED, "a weight is not permuted once it is quantized");
      return NULL;
    }

  width = lfb_dtype_get_bits (lfb_tensor_get_dtype (input)) / 8;
  for (gsize i = 0; i < n_dims; i++)
    {
      new_shape[i] = shape[order[i]];
      strides[i] = 1;
      for (gsize j = order[i] + 1; j < n_dims; j++)
        strides[i] *= shape[j];
    }

  result = g_malloc (MAX (size, 1));
  for (gint64 i = 0; i < n_elements; i++)
    {
      gint64 from = 0;

      for (gsize j = 0; j < n_dims; j++)
        from += index[j] * strides[j];
      memcpy (result + i * width, data + from * width, width);
      for (gsize j = n_dims; j-- > 0;)
        {
          if (++index[j] < new_shape[j])
            break;
          index[j] = 0;
        }
    }

  bytes = g_bytes_new_take (result, size);
  return take_tensor (lfb_tensor_new_for_bytes (lfb_tensor_get_dtype (input), new_shape, n_dims, bytes, error));
}

static gboolean
axis_argument (LfbValue   *value,
               const char *name,
               gsize       n_dims,
               gint64     *axis,
               GError    **error)
{
  if (!int_argument (value, name, axis, error))
    return FALSE;
  if (*axis < 0)
    *axis += n_dims;
  if (*axis >= 0 && (gsize) *axis < n_dims)
    return TRUE;

  g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "argument %s is no dimension of a tensor of %" G_GSIZE_FORMAT,
               name, n_dims);
  return FALSE;
}

static LfbValue *
transpose (LfbValue **args,
           gsize      n_args,
           LfbValue  *kwargs,
           GError   **error)
{
  LfbTensor *input = tensor_argument (args, n_args, kwargs, 0, "input", error);
  gint64 order[LFB_TENSOR_MAX_DIMS], first, second;
  gsize n_dims;

  if (input == NULL)
    return NULL;
  n_dims = lfb_tensor_get_n_dims (input);
  if (!axis_argument (argument (args, n_args, kwargs, 1, "dim0"), "dim0", n_dims, &first, error) ||
      !axis_argument (argument (args, n_args, kwargs, 2, "dim1"), "dim1", n_dims, &second, error))
    return NULL;

  for (gsize i = 0; i < n_dims; i++)
    order[i] = i;
  order[first] = second;
  order[second] = first;
  return permuted (input, order, error);
}

static LfbValue *
transpose_matrix (LfbValue **args,
                  gsize      n_args,
                  LfbValue  *kwargs,
                  GError   **error)
{
  LfbTensor *input = tensor_argument (args, n_args, kwargs, 0, "input", error);
  const gint64 swapped[2] = { 1, 0 };

  if (input == NULL)
    return NULL;
  if (lfb_tensor_get_n_dims (input) > 2)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE, "t() takes a matrix, not %" G_GSIZE_FORMAT " dimensions",
                   lfb_tensor_get_n_dims (input));
      return NULL;
    }
  if (lfb_tensor_get_n_dims (input) < 2)
    return lfb_value_for_tensor (input);

  return permuted (input, swapped, error);
}

/* Integers given one by one, or as one sequence. */
static gboolean
ints_argument (LfbValue **args,
               gsize      n_args,
               gint64    *ints,
               gsize     *n_ints,
               GError   **error)
{
  gsize n_items;

  if (n_args == 2 && lfb_value_is_sequence (args[1]))
    args = lfb_value_get_items (args[1], &n_items);
  else
    {
      args++;
      n_items = n_args - 1;
    }

  if (n_items > LFB_TENSOR_MAX_DIMS)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE, "%" G_GSIZE_FORMAT " dimensions are too many", n_items);
      return FALSE;
    }
  *n_ints = n_items;
  for (gsize i = 0; i < n_items; i++)
    {
      if (!int_argument (args[i], "dims", &ints[i], error))
        return FALSE;
    }

  return TRUE;
}

static LfbValue *
permute (LfbValue **args,
         gsize      n_args,
         LfbValue  *kwargs,
         GError   **error)
{
  LfbTensor *input = tensor_argument (args, n_args, kwargs, 0, "input", error);
  gint64 order[LFB_TENSOR_MAX_DIMS];
  gboolean used[LFB_TENSOR_MAX_DIMS] = { FALSE, };
  gsize n_dims, n_order;

  if (input == NULL || !ints_argument (args, n_args, order, &n_order, error))
    return NULL;

  n_dims = lfb_tensor_get_n_dims (input);
  for (gsize i = 0; i < n_order && n_order == n_dims; i++)
    {
      if (order[i] < 0)
        order[i] += n_dims;
      if (order[i] < 0 || (gsize) order[i] >= n_dims || used[order[i]])
        break;
      used[order[i]] = TRUE;
      if (i + 1 == n_dims)
        return permuted (input, order, error);
    }

  g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE, "the dimensions are no order of those of the tensor");
  return NULL;
}

static LfbValue *
reshape (LfbValue **args,
         gsize      n_args,
         LfbValue  *kwargs,
         GError   **error)
{
  LfbTensor *input = tensor_argument (args, n_args, kwargs, 0, "input", error);
  gint64 shape[LFB_TENSOR_MAX_DIMS], known = 1;
  gsize n_dims, open = G_MAXSIZE;

  if (input == NULL || !ints_argument (args, n_args, shape, &n_dims, error))
    return NULL;

  for (gsize i = 0; i < n_dims; i++)
    {
      if (shape[i] == -1 && open == G_MAXSIZE)
        open = i;
      else if (shape[i] < 0 || __builtin_mul_overflow (known, shape[i], &known))
        known = 0;
    }
  if (open != G_MAXSIZE)
    shape[open] = known > 0 ? lfb_tensor_get_n_elements (input) / known : 0;

  return take_tensor (lfb_tensor_reshape (input, shape, n_dims, error));
}

static const struct
{
  LfbOp op;
  const char *target;
  LfbConstantFunc function;
} functions[] = {
  { LFB_OP_CALL_FUNCTION, "torch.quantize_per_tensor", quantize_per_tensor },
  { LFB_OP_CALL_FUNCTION, "torch.quantize_per_channel", quantize_per_channel },
  { LFB_OP_CALL_METHOD, "dequantize", dequantize },
  { LFB_OP_CALL_METHOD, "to", to },
  { LFB_OP_CALL_METHOD, "half", to_half },
  { LFB_OP_CALL_METHOD, "float", to_float },
  { LFB_OP_CALL_METHOD, "detach", identity },
  { LFB_OP_CALL_METHOD, "contiguous", identity },
  { LFB_OP_CALL_METHOD, "clone", identity },
  { LFB_OP_CALL_METHOD, "t", transpose_matrix },
  { LFB_OP_CALL_FUNCTION, "torch.t", transpose_matrix },
  { LFB_OP_CALL_METHOD, "transpose", transpose },
  { LFB_OP_CALL_FUNCTION, "torch.transpose", transpose },
  { LFB_OP_CALL_METHOD, "permute", permute },
  { LFB_OP_CALL_FUNCTION, "torch.permute", permute },
  { LFB_OP_CALL_METHOD, "reshape", reshape },
  { LFB_OP_CALL_FUNCTION, "torch.reshape", reshape },
  { LFB_OP_CALL_METHOD, "view", reshape },
};

/* How to compute what a node calls; %NULL if that is not done here. */
LfbConstantFunc
_lfb_constant_function (LfbNode *node)
{
  for (guint i = 0; i < G_N_ELEMENTS (functions); i++)
    {
      if (lfb_node_is (node, functions[i].op, functions[i].target))
        return functions[i].function;
    }

  return NULL;
}

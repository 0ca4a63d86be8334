/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Computing constants: the shape of a float tensor, and parts of it. */

#include <lowerfb/lower/lfb-lower-constant-arguments-private.h>

#include <lowerfb/core/lfb-error.h>

#include <string.h>

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
  return _lfb_constant_take_tensor (lfb_tensor_new_for_bytes (lfb_tensor_get_dtype (input),
                                                              new_shape, n_dims, bytes, error));
}

static LfbValue *
transpose (LfbValue **args,
           gsize      n_args,
           LfbValue  *kwargs,
           GError   **error)
{
  LfbTensor *input = _lfb_constant_tensor_argument (args, n_args, kwargs, 0, "input", error);
  gint64 order[LFB_TENSOR_MAX_DIMS], first, second;
  gsize n_dims;

  if (input == NULL)
    return NULL;
  n_dims = lfb_tensor_get_n_dims (input);
  if (!_lfb_constant_axis_argument (_lfb_constant_argument (args, n_args, kwargs, 1, "dim0"), "dim0",
                                    n_dims, &first, error) ||
      !_lfb_constant_axis_argument (_lfb_constant_argument (args, n_args, kwargs, 2, "dim1"), "dim1",
                                    n_dims, &second, error))
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
  LfbTensor *input = _lfb_constant_tensor_argument (args, n_args, kwargs, 0, "input", error);
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
      if (!_lfb_constant_int_argument (args[i], "dims", &ints[i], error))
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
  LfbTensor *input = _lfb_constant_tensor_argument (args, n_args, kwargs, 0, "input", error);
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
  LfbTensor *input = _lfb_constant_tensor_argument (args, n_args, kwargs, 0, "input", error);
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

  return _lfb_constant_take_tensor (lfb_tensor_reshape (input, shape, n_dims, error));
}

/* The new dimension may stand behind the last. */
static LfbValue *
unsqueeze (LfbValue **args,
           gsize      n_args,
           LfbValue  *kwargs,
           GError   **error)
{
  LfbTensor *input = _lfb_constant_tensor_argument (args, n_args, kwargs, 0, "input", error);
  gint64 shape[LFB_TENSOR_MAX_DIMS + 1], axis;
  gsize n_dims;

  if (input == NULL)
    return NULL;
  n_dims = lfb_tensor_get_n_dims (input);
  if (!_lfb_constant_axis_argument (_lfb_constant_argument (args, n_args, kwargs, 1, "dim"), "dim", n_dims + 1,
                                    &axis, error))
    return NULL;

  for (gsize i = 0, j = 0; i < n_dims + 1; i++)
    shape[i] = (gint64) i == axis ? 1 : lfb_tensor_get_dim (input, j++);

  return _lfb_constant_take_tensor (lfb_tensor_reshape (input, shape, n_dims + 1, error));
}

/* Without a dimension, all that are 1 go. */
static LfbValue *
squeeze (LfbValue **args,
         gsize      n_args,
         LfbValue  *kwargs,
         GError   **error)
{
  LfbTensor *input = _lfb_constant_tensor_argument (args, n_args, kwargs, 0, "input", error);
  LfbValue *dim = _lfb_constant_argument (args, n_args, kwargs, 1, "dim");
  gint64 shape[LFB_TENSOR_MAX_DIMS], axis = -1;
  gsize n_dims, n_kept = 0;

  if (input == NULL)
    return NULL;
  n_dims = lfb_tensor_get_n_dims (input);
  if (dim != NULL && !_lfb_constant_axis_argument (dim, "dim", n_dims, &axis, error))
    return NULL;

  for (gsize i = 0; i < n_dims; i++)
    {
      if (lfb_tensor_get_dim (input, i) != 1 || (dim != NULL && (gint64) i != axis))
        shape[n_kept++] = lfb_tensor_get_dim (input, i);
    }

  return _lfb_constant_take_tensor (lfb_tensor_reshape (input, shape, n_kept, error));
}

/* A run of indices of one dimension. */
static LfbTensor *
narrowed (LfbTensor  *input,
          gint64      axis,
          gint64      begin,
          gint64      length,
          GError    **error)
{
  gsize n_dims, size;
  const gint64 *shape = lfb_tensor_get_shape (input, &n_dims);
  const guint8 *data = lfb_tensor_get_data (input, &size);
  gint64 new_shape[LFB_TENSOR_MAX_DIMS], outer = 1;
  gsize width = lfb_dtype_get_bits (lfb_tensor_get_dtype (input)) / 8, row;
  g_autoptr (GBytes) bytes = NULL;
  guint8 *result;

  if (lfb_tensor_is_quantized (input))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED, "a weight is not cut once it is quantized");
      return NULL;
    }
  if (begin < 0 || length < 0 || begin > shape[axis] - length)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                   "%" G_GINT64_FORMAT " indices from %" G_GINT64_FORMAT " on are too many for %" G_GINT64_FORMAT,
                   length, begin, shape[axis]);
      return NULL;
    }

  for (gsize i = 0; i < n_dims; i++)
    new_shape[i] = shape[i];
  new_shape[axis] = length;
  for (gint64 i = 0; i < axis; i++)
    outer *= shape[i];
  for (gsize i = axis + 1; i < n_dims; i++)
    width *= shape[i];
  row = width * length;

  result = g_malloc (MAX ((gsize) outer * row, 1));
  for (gint64 i = 0; i < outer; i++)
    memcpy (result + i * row, data + (i * shape[axis] + begin) * width, row);

  bytes = g_bytes_new_take (result, (gsize) outer * row);
  return lfb_tensor_new_for_bytes (lfb_tensor_get_dtype (input), new_shape, n_dims, bytes, error);
}

static LfbValue *
narrow (LfbValue **args,
        gsize      n_args,
        LfbValue  *kwargs,
        GError   **error)
{
  LfbTensor *input = _lfb_constant_tensor_argument (args, n_args, kwargs, 0, "input", error);
  gint64 axis, begin, length;

  if (input == NULL ||
      !_lfb_constant_axis_argument (_lfb_constant_argument (args, n_args, kwargs, 1, "dim"), "dim",
                                    lfb_tensor_get_n_dims (input), &axis, error) ||
      !_lfb_constant_int_argument (_lfb_constant_argument (args, n_args, kwargs, 2, "start"), "start", &begin, error) ||
      !_lfb_constant_int_argument (_lfb_constant_argument (args, n_args, kwargs, 3, "length"), "length", &length, error))
    return NULL;
  if (begin < 0)
    begin += lfb_tensor_get_dim (input, axis);

  return _lfb_constant_take_tensor (narrowed (input, axis, begin, length, error));
}

/* Pieces of @size indices, the last one of what is left. */
static LfbValue *
cut (LfbTensor  *input,
     gint64      axis,
     gint64      size,
     GError    **error)
{
  g_autoptr (GPtrArray) pieces = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);
  gint64 length = lfb_tensor_get_dim (input, axis);

  for (gint64 begin = 0; begin < length; begin += size)
    {
      LfbValue *piece = _lfb_constant_take_tensor (narrowed (input, axis, begin, MIN (size, length - begin), error));

      if (piece == NULL)
        return NULL;
      g_ptr_array_add (pieces, piece);
    }

  return lfb_value_for_tuple ((LfbValue **) pieces->pdata, pieces->len);
}

static gboolean
cut_arguments (LfbValue   **args,
               gsize        n_args,
               LfbValue    *kwargs,
               const char  *name,
               LfbTensor  **input,
               gint64      *number,
               gint64      *axis,
               GError     **error)
{
  LfbValue *dim = _lfb_constant_argument (args, n_args, kwargs, 2, "dim");

  *input = _lfb_constant_tensor_argument (args, n_args, kwargs, 0, "input", error);
  *axis = 0;
  if (*input == NULL ||
      !_lfb_constant_int_argument (_lfb_constant_argument (args, n_args, kwargs, 1, name), name, number, error) ||
      (dim != NULL && !_lfb_constant_axis_argument (dim, "dim", lfb_tensor_get_n_dims (*input), axis, error)))
    return FALSE;
  if (*number > 0 && lfb_tensor_get_n_dims (*input) > 0)
    return TRUE;

  g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "argument %s is not positive, or the tensor has no dimension", name);
  return FALSE;
}

static LfbValue *
chunk (LfbValue **args,
       gsize      n_args,
       LfbValue  *kwargs,
       GError   **error)
{
  LfbTensor *input;
  gint64 number, axis, length;

  if (!cut_arguments (args, n_args, kwargs, "chunks", &input, &number, &axis, error))
    return NULL;

  length = lfb_tensor_get_dim (input, axis);
  return cut (input, axis, MAX (length / number + (length % number != 0), 1), error);
}

static LfbValue *
split (LfbValue **args,
       gsize      n_args,
       LfbValue  *kwargs,
       GError   **error)
{
  LfbTensor *input;
  gint64 size, axis;

  if (!cut_arguments (args, n_args, kwargs, "split_size_or_sections", &input, &size, &axis, error))
    return NULL;

  return cut (input, axis, size, error);
}

static const LfbConstantRow rows[] = {
  { LFB_OP_CALL_METHOD, "t", transpose_matrix },
  { LFB_OP_CALL_FUNCTION, "torch.t", transpose_matrix },
  { LFB_OP_CALL_METHOD, "transpose", transpose },
  { LFB_OP_CALL_FUNCTION, "torch.transpose", transpose },
  { LFB_OP_CALL_METHOD, "permute", permute },
  { LFB_OP_CALL_FUNCTION, "torch.permute", permute },
  { LFB_OP_CALL_METHOD, "reshape", reshape },
  { LFB_OP_CALL_FUNCTION, "torch.reshape", reshape },
  { LFB_OP_CALL_METHOD, "view", reshape },
  { LFB_OP_CALL_METHOD, "unsqueeze", unsqueeze },
  { LFB_OP_CALL_FUNCTION, "torch.unsqueeze", unsqueeze },
  { LFB_OP_CALL_METHOD, "squeeze", squeeze },
  { LFB_OP_CALL_FUNCTION, "torch.squeeze", squeeze },
  { LFB_OP_CALL_METHOD, "narrow", narrow },
  { LFB_OP_CALL_FUNCTION, "torch.narrow", narrow },
  { LFB_OP_CALL_METHOD, "chunk", chunk },
  { LFB_OP_CALL_FUNCTION, "torch.chunk", chunk },
  { LFB_OP_CALL_METHOD, "split", split },
  { LFB_OP_CALL_FUNCTION, "torch.split", split },
};

LfbConstantFunc
_lfb_constant_shaping (LfbNode *node)
{
  return _lfb_constant_find (node, rows, G_N_ELEMENTS (rows));
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Operators that move or rename elements without changing them; on integers
 * the bytes move, with the same scale and zero point (numerics.md, "shape
 * operators"). What only renames dimensions shares its bytes.
 */

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-call-private.h>

#include <string.h>

static LfbValue *
identity (LfbCall  *call,
          GError  **error)
{
  return lfb_value_ref (lfb_call_get (call, "input"));
}

/* Fills in the one size that may be -1. */
static gboolean
infer_size (LfbTensor  *input,
            gint64     *shape,
            gsize       n_dims,
            GError    **error)
{
  gsize n = lfb_tensor_get_n_elements (input), rest = 1;
  gssize unknown = -1;

  for (gsize i = 0; i < n_dims; i++)
    {
      if (shape[i] == -1 && unknown < 0)
        unknown = i;
      else if (shape[i] < 0)
        {
          g_autofree char *text = lfb_shape_to_string (shape, n_dims);

          g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                       "the shape %s has negative sizes, expected at most one -1", text);
          return FALSE;
        }
      else if (!g_size_checked_mul (&rest, rest, shape[i]))
        {
          g_set_error_literal (error, LFB_ERROR, LFB_ERROR_RANGE, "the shape has too many elements");
          return FALSE;
        }
    }
  if (unknown < 0)
    return TRUE;
  if (rest == 0 || n % rest != 0)
    {
      g_autofree char *text = lfb_shape_to_string (shape, n_dims);
      g_autofree char *own = lfb_tensor_describe_shape (input);

      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "the shape %s does not divide the %" G_GSIZE_FORMAT " elements of %s", text, n, own);
      return FALSE;
    }
  shape[unknown] = n / rest;

  return TRUE;
}

static LfbValue *
reshape (LfbCall  *call,
         GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  gint64 shape[LFB_TENSOR_MAX_DIMS];
  gsize n_dims = 0;

  if (input == NULL ||
      !lfb_call_ints (call, "shape", shape, LFB_TENSOR_MAX_DIMS, &n_dims, error) ||
      !infer_size (input, shape, n_dims, error))
    return NULL;

  return lfb_value_take_tensor (lfb_tensor_reshape (input, shape, n_dims, error));
}

/* resize_: the first elements in another shape. More than there are would be
 * whatever lies in memory.
 */
static LfbValue *
resize (LfbCall  *call,
        GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  gint64 shape[LFB_TENSOR_MAX_DIMS], strides[LFB_TENSOR_MAX_DIMS];
  gsize n_dims = 0, n;

  if (input == NULL ||
      !lfb_call_ints (call, "shape", shape, LFB_TENSOR_MAX_DIMS, &n_dims, error) ||
      !lfb_shape_count (shape, n_dims, &n, error))
    return NULL;
  if (n == (gsize) lfb_tensor_get_n_elements (input))
    return lfb_value_take_tensor (lfb_tensor_reshape (input, shape, n_dims, error));
  if (n > (gsize) lfb_tensor_get_n_elements (input))
    {
      g_autofree char *text = lfb_shape_to_string (shape, n_dims);
      g_autofree char *own = lfb_tensor_describe_shape (input);

      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "the shape %s has more elements than %s, and what they would be is not known", text, own);
      return NULL;
    }
  lfb_shape_strides (shape, n_dims, strides);

  return lfb_value_take_tensor (lfb_tensor_restride (input, 0, shape, strides, n_dims, error));
}

static LfbValue *
reshape_as (LfbCall  *call,
            GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  LfbTensor *other = input != NULL ? lfb_call_tensor (call, "other", error) : NULL;
  const gint64 *shape;
  gsize n_dims;

  if (other == NULL)
    return NULL;
  shape = lfb_tensor_get_shape (other, &n_dims);

  return lfb_value_take_tensor (lfb_tensor_reshape (input, shape, n_dims, error));
}

static LfbValue *
flatten (LfbCall  *call,
         GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  gint64 shape[LFB_TENSOR_MAX_DIMS];
  gsize n_dims, n = 0, start, end;
  const gint64 *own;

  if (input == NULL)
    return NULL;
  own = lfb_tensor_get_shape (input, &n_dims);
  if (!lfb_call_dim (call, "start_dim", n_dims, &start, error) ||
      !lfb_call_dim (call, "end_dim", n_dims, &end, error))
    return NULL;
  if (start > end)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                   "argument `start_dim` is %" G_GSIZE_FORMAT ", expected at most `end_dim`, %" G_GSIZE_FORMAT, start, end);
      return NULL;
    }

  for (gsize i = 0; i < start; i++)
    shape[n++] = own[i];
  shape[n] = 1;
  for (gsize i = start; i <= end && i < n_dims; i++)
    shape[n] *= own[i];
  n++;
  for (gsize i = end + 1; i < n_dims; i++)
    shape[n++] = own[i];

  return lfb_value_take_tensor (lfb_tensor_reshape (input, shape, n, error));
}

static LfbValue *
unflatten (LfbCall  *call,
           GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  gint64 sizes[LFB_TENSOR_MAX_DIMS], shape[LFB_TENSOR_MAX_DIMS * 2];
  gsize n_dims, n_sizes = 0, n = 0, dim;
  const gint64 *own;

  if (input == NULL ||
      !lfb_check_rank ("input", input, 1, LFB_TENSOR_MAX_DIMS, error) ||
      !lfb_call_dim (call, "dim", lfb_tensor_get_n_dims (input), &dim, error) ||
      !lfb_call_ints (call, lfb_call_has (call, "sizes") ? "sizes" : "unflattened_size", sizes,
                      LFB_TENSOR_MAX_DIMS, &n_sizes, error))
    return NULL;

  own = lfb_tensor_get_shape (input, &n_dims);
  for (gsize i = 0; i < n_dims; i++)
    if (i == dim)
      for (gsize j = 0; j < n_sizes; j++)
        shape[n++] = sizes[j];
    else
      shape[n++] = own[i];
  if (n > LFB_TENSOR_MAX_DIMS)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE, "the result would have %" G_GSIZE_FORMAT " dimensions, expected at most %d",
                   n, LFB_TENSOR_MAX_DIMS);
      return NULL;
    }
  if (!infer_size (input, shape, n, error))
    return NULL;

  return lfb_value_take_tensor (lfb_tensor_reshape (input, shape, n, error));
}

static LfbValue *
permute (LfbCall  *call,
         GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  gint64 dims[LFB_TENSOR_MAX_DIMS];
  gsize order[LFB_TENSOR_MAX_DIMS], n_dims, n = 0;
  gboolean used[LFB_TENSOR_MAX_DIMS] = { FALSE };

  if (input == NULL || !lfb_call_ints (call, "dims", dims, LFB_TENSOR_MAX_DIMS, &n, error))
    return NULL;
  n_dims = lfb_tensor_get_n_dims (input);
  if (n != n_dims)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                   "argument `dims` has %" G_GSIZE_FORMAT " dimensions, expected all %" G_GSIZE_FORMAT, n, n_dims);
      return NULL;
    }
  for (gsize i = 0; i < n; i++)
    {
      if (!lfb_check_dim ("dims", dims[i], n_dims, &order[i], error))
        return NULL;
      if (used[order[i]])
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                       "argument `dims` names dimension %" G_GSIZE_FORMAT " twice", order[i]);
          return NULL;
        }
      used[order[i]] = TRUE;
    }

  return lfb_value_take_tensor (lfb_tensor_permute (input, order, error));
}

static LfbValue *
transpose (LfbCall  *call,
           GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  gsize order[LFB_TENSOR_MAX_DIMS], n_dims, a, b;

  if (input == NULL)
    return NULL;
  n_dims = lfb_tensor_get_n_dims (input);
  if (!lfb_call_dim (call, "dim0", n_dims, &a, error) || !lfb_call_dim (call, "dim1", n_dims, &b, error))
    return NULL;
  if (n_dims == 0)
    return lfb_value_for_tensor (input);
  for (gsize i = 0; i < n_dims; i++)
    order[i] = i == a ? b : i == b ? a : i;

  return lfb_value_take_tensor (lfb_tensor_permute (input, order, error));
}

/* t: the two dimensions of a matrix change places. */
static LfbValue *
matrix_transpose (LfbCall  *call,
                  GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  static const gsize order[2] = { 1, 0 };

  if (input == NULL || !lfb_check_rank ("input", input, 0, 2, error))
    return NULL;
  if (lfb_tensor_get_n_dims (input) < 2)
    return lfb_value_for_tensor (input);

  return lfb_value_take_tensor (lfb_tensor_permute (input, order, error));
}

static LfbValue *
movedim (LfbCall  *call,
         GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  gint64 from[LFB_TENSOR_MAX_DIMS], to[LFB_TENSOR_MAX_DIMS];
  gsize order[LFB_TENSOR_MAX_DIMS], n_from = 0, n_to = 0, n_dims, next = 0;
  gboolean taken[LFB_TENSOR_MAX_DIMS] = { FALSE }, placed[LFB_TENSOR_MAX_DIMS] = { FALSE };

  if (input == NULL ||
      !lfb_call_ints (call, "source", from, LFB_TENSOR_MAX_DIMS, &n_from, error) ||
      !lfb_call_ints (call, "destination", to, LFB_TENSOR_MAX_DIMS, &n_to, error))
    return NULL;
  n_dims = lfb_tensor_get_n_dims (input);
  for (gsize i = 0; i < n_from && n_from == n_to; i++)
    {
      gsize a, b;

      if (!lfb_check_dim ("source", from[i], n_dims, &a, error) || !lfb_check_dim ("destination", to[i], n_dims, &b, error))
        return NULL;
      if (taken[a] || placed[b])
        {
          g_set_error_literal (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "a dimension is named twice");
          return NULL;
        }
      taken[a] = placed[b] = TRUE;
      order[b] = a;
    }
  if (n_from != n_to)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                   "argument `source` has %" G_GSIZE_FORMAT " dimensions and `destination` %" G_GSIZE_FORMAT
                   ", expected as many", n_from, n_to);
      return NULL;
    }
  for (gsize i = 0; i < n_dims; i++)
    if (!placed[i])
      {
        while (taken[next])
          next++;
        order[i] = next++;
      }

  return lfb_value_take_tensor (lfb_tensor_permute (input, order, error));
}

static LfbValue *
squeeze (LfbCall  *call,
         GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  LfbValue *dim = lfb_call_get (call, "dim");
  gint64 dims[LFB_TENSOR_MAX_DIMS], shape[LFB_TENSOR_MAX_DIMS];
  gboolean drop[LFB_TENSOR_MAX_DIMS + 1] = { FALSE };
  gsize n_dims, n = 0, n_drop = 0;
  const gint64 *own;

  if (input == NULL || !lfb_call_ints (call, "dim", dims, LFB_TENSOR_MAX_DIMS, &n_drop, error))
    return NULL;
  own = lfb_tensor_get_shape (input, &n_dims);
  for (gsize i = 0; i < n_drop; i++)
    {
      gsize at;

      if (!lfb_check_dim ("dim", dims[i], n_dims, &at, error))
        return NULL;
      drop[at] = TRUE;
    }
  for (gsize i = 0; i < n_dims; i++)
    if (own[i] != 1 || !(lfb_value_is_none (dim) || drop[i]))
      shape[n++] = own[i];

  return lfb_value_take_tensor (lfb_tensor_reshape (input, shape, n, error));
}

static LfbValue *
unsqueeze (LfbCall  *call,
           GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  gint64 shape[LFB_TENSOR_MAX_DIMS + 1];
  gsize n_dims, dim;
  const gint64 *own;

  if (input == NULL ||
      !lfb_check_rank ("input", input, 0, LFB_TENSOR_MAX_DIMS - 1, error) ||
      !lfb_call_dim (call, "dim", lfb_tensor_get_n_dims (input) + 1, &dim, error))
    return NULL;
  own = lfb_tensor_get_shape (input, &n_dims);
  for (gsize i = 0; i <= n_dims; i++)
    shape[i] = i < dim ? own[i] : i == dim ? 1 : own[i - 1];

  return lfb_value_take_tensor (lfb_tensor_reshape (input, shape, n_dims + 1, error));
}

#define RENAMES "the same elements in another shape"
#define MOVES "elements moved, not changed"

static const LfbOperator operators[] = {
  {
    .methods = "contiguous detach detach_ cpu clone resolve_conj resolve_neg",
    .functions = "torch.clone torch.detach torch.ops.aten.contiguous",
    .signature = "input, memory_format=None", .rule = "the input itself", .run = identity,
  },
  {
    .methods = "requires_grad_", .signature = "input, requires_grad=True", .rule = "the input itself", .run = identity,
  },
  {
    .modules = "torch.nn.Identity torch.ao.quantization.QuantStub torch.ao.quantization.DeQuantStub "
               "torch.ao.quantization.stubs.QuantStub torch.ao.quantization.stubs.DeQuantStub",
    .signature = "input", .rule = "the input itself", .run = identity,
  },
  {
    .functions = "torch.reshape", .methods = "reshape view",
    .signature = "input, *shape", .rule = RENAMES, .run = reshape,
  },
  { .methods = "reshape_as view_as", .signature = "input, other", .rule = RENAMES, .run = reshape_as },
  { .methods = "resize_", .signature = "input, *shape", .rule = "the first elements in another shape", .run = resize },
  {
    .functions = "torch.flatten", .methods = "flatten",
    .signature = "input, start_dim=0, end_dim=-1", .rule = RENAMES, .run = flatten,
  },
  { .modules = "torch.nn.Flatten", .signature = "input, start_dim=1, end_dim=-1", .rule = RENAMES, .run = flatten },
  { .functions = "torch.ravel", .methods = "ravel", .signature = "input, start_dim=0, end_dim=-1", .rule = RENAMES, .run = flatten },
  {
    .functions = "torch.unflatten", .methods = "unflatten",
    .signature = "input, dim, sizes", .rule = RENAMES, .run = unflatten,
  },
  { .modules = "torch.nn.Unflatten", .signature = "input, dim, unflattened_size", .rule = RENAMES, .run = unflatten },
  { .functions = "torch.permute", .methods = "permute", .signature = "input, *dims", .rule = MOVES, .run = permute },
  {
    .functions = "torch.transpose torch.swapaxes torch.swapdims", .methods = "transpose transpose_ swapaxes swapdims",
    .signature = "input, dim0, dim1", .rule = MOVES, .run = transpose,
  },
  { .functions = "torch.t", .methods = "t", .signature = "input", .rule = MOVES, .run = matrix_transpose },
  {
    .functions = "torch.movedim torch.moveaxis", .methods = "movedim moveaxis",
    .signature = "input, source, destination", .rule = MOVES, .run = movedim,
  },
  {
    .functions = "torch.squeeze", .methods = "squeeze squeeze_", .signature = "input, dim=None", .rule = RENAMES, .run = squeeze,
  },
  {
    .functions = "torch.unsqueeze", .methods = "unsqueeze unsqueeze_", .signature = "input, dim", .rule = RENAMES, .run = unsqueeze,
  },
};

const LfbOperatorFamily lfb_shape_operators = LFB_OPERATOR_FAMILY (operators);

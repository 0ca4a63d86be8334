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

/* -1 keeps a size; new dimensions come in front. */
static LfbValue *
expand (LfbCall  *call,
        GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  gint64 shape[LFB_TENSOR_MAX_DIMS];
  gsize n_dims, n = 0;
  const gint64 *own;

  if (input == NULL || !lfb_call_ints (call, "sizes", shape, LFB_TENSOR_MAX_DIMS, &n, error))
    return NULL;
  own = lfb_tensor_get_shape (input, &n_dims);
  for (gsize i = 0; i < n; i++)
    {
      gint64 size = i + n_dims >= n ? own[i + n_dims - n] : -1;

      if (shape[i] == -1 && size >= 0)
        shape[i] = size;
      if (n < n_dims || shape[i] < 0 || (size >= 0 && size != 1 && size != shape[i]))
        {
          g_autofree char *from = lfb_tensor_describe_shape (input);
          g_autofree char *to = lfb_shape_to_string (shape, n);

          g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                       "the shape %s does not expand to %s: only sizes of 1 can grow", from, to);
          return NULL;
        }
    }
  if (n < n_dims)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "argument `sizes` has %" G_GSIZE_FORMAT " sizes, expected at least %" G_GSIZE_FORMAT, n, n_dims);
      return NULL;
    }
  if (!lfb_check_movable ("input", input, error))
    return NULL;

  return lfb_value_take_tensor (lfb_tensor_broadcast (input, shape, n, error));
}

static LfbValue *
expand_as (LfbCall  *call,
           GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  LfbTensor *other = input != NULL ? lfb_call_tensor (call, "other", error) : NULL;
  gint64 shape[LFB_TENSOR_MAX_DIMS];
  const gint64 *own, *wanted;
  gsize n_own, n_wanted, n;

  if (other == NULL || !lfb_check_movable ("input", input, error))
    return NULL;
  own = lfb_tensor_get_shape (input, &n_own);
  wanted = lfb_tensor_get_shape (other, &n_wanted);
  if (!lfb_broadcast_shape (own, n_own, wanted, n_wanted, shape, &n, error))
    return NULL;
  if (n != n_wanted || !lfb_sizes_equal (shape, wanted, n))
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_SHAPE, "argument `input` is larger than `other`");
      return NULL;
    }

  return lfb_value_take_tensor (lfb_tensor_broadcast (input, shape, n, error));
}

/* Whole copies side by side: each dimension becomes two, copies and own, of
 * which the first has stride 0, and the pairs are joined.
 */
static LfbTensor *
repeat_tensor (LfbTensor     *input,
               const gint64  *repeats,
               gsize          n,
               GError       **error)
{
  gint64 shape[LFB_TENSOR_MAX_DIMS], strides[LFB_TENSOR_MAX_DIMS], joined[LFB_TENSOR_MAX_DIMS], own_strides[LFB_TENSOR_MAX_DIMS];
  g_autoptr (LfbTensor) spread = NULL;
  gsize n_dims;
  const gint64 *own = lfb_tensor_get_shape (input, &n_dims);

  if (n < n_dims || n > LFB_TENSOR_MAX_DIMS / 2)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "%" G_GSIZE_FORMAT " repeats are given, expected %" G_GSIZE_FORMAT " to %d", n, n_dims,
                   LFB_TENSOR_MAX_DIMS / 2);
      return NULL;
    }
  lfb_shape_strides (own, n_dims, own_strides);
  for (gsize i = 0; i < n; i++)
    {
      gint64 size = i < n - n_dims ? 1 : own[i - (n - n_dims)];

      shape[2 * i] = repeats[i];
      strides[2 * i] = 0;
      shape[2 * i + 1] = size;
      strides[2 * i + 1] = i < n - n_dims ? 0 : own_strides[i - (n - n_dims)];
      if (repeats[i] < 0 || __builtin_mul_overflow (repeats[i], size, &joined[i]))
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "a repeat is %" G_GINT64_FORMAT ", expected 0 or more, and not too many",
                       repeats[i]);
          return NULL;
        }
    }
  spread = lfb_tensor_restride (input, 0, shape, strides, 2 * n, error);

  return spread != NULL ? lfb_tensor_reshape (spread, joined, n, error) : NULL;
}

static LfbValue *
repeat (LfbCall  *call,
        GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  gint64 repeats[LFB_TENSOR_MAX_DIMS];
  gsize n = 0;

  if (input == NULL || !lfb_call_ints (call, "sizes", repeats, LFB_TENSOR_MAX_DIMS, &n, error))
    return NULL;

  return lfb_value_take_tensor (repeat_tensor (input, repeats, n, error));
}

/* As repeat, but missing repeats are 1. */
static LfbValue *
tile (LfbCall  *call,
      GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  gint64 given[LFB_TENSOR_MAX_DIMS], repeats[LFB_TENSOR_MAX_DIMS];
  gsize n = 0, n_all;

  if (input == NULL || !lfb_call_ints (call, "dims", given, LFB_TENSOR_MAX_DIMS, &n, error))
    return NULL;
  n_all = MAX (n, lfb_tensor_get_n_dims (input));
  for (gsize i = 0; i < n_all; i++)
    repeats[i] = i < n_all - n ? 1 : given[i - (n_all - n)];

  return lfb_value_take_tensor (repeat_tensor (input, repeats, n_all, error));
}

/* Each index of a dimension as often as @repeats says. */
static LfbValue *
repeat_interleave (LfbCall  *call,
                   GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  LfbValue *repeats = lfb_call_get (call, "repeats");
  g_autoptr (LfbTensor) flat = NULL;
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  gint64 shape[LFB_TENSOR_MAX_DIMS], total = 0, count = 0;
  gsize n_dims, dim = 0, outer = 1, inner = 1, item_size, n_counts = 1;
  LfbTensor *counts = NULL;
  const char *from;
  char *to;

  if (input == NULL || !lfb_check_movable ("input", input, error))
    return NULL;
  if (lfb_value_is_none (lfb_call_get (call, "dim")))
    {
      gint64 n = lfb_tensor_get_n_elements (input);

      flat = lfb_tensor_reshape (input, &n, 1, error);
    }
  else
    {
      if (!lfb_call_dim (call, "dim", lfb_tensor_get_n_dims (input), &dim, error))
        return NULL;
      flat = g_object_ref (input);
    }
  if (flat == NULL || !lfb_check_rank ("input", flat, 1, LFB_TENSOR_MAX_DIMS, error))
    return NULL;

  lfb_sizes_copy (shape, lfb_tensor_get_shape (flat, &n_dims), lfb_tensor_get_n_dims (flat));
  if (lfb_value_get_kind (repeats) == LFB_VALUE_KIND_TENSOR &&
      lfb_tensor_get_n_elements (lfb_value_get_tensor (repeats)) != 1)
    {
      counts = lfb_value_get_tensor (repeats);
      n_counts = lfb_tensor_get_n_elements (counts);
      if (n_counts != (gsize) shape[dim] || lfb_dtype_is_floating_point (lfb_tensor_get_dtype (counts)))
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                       "argument `repeats` must be an int or %" G_GINT64_FORMAT " ints", shape[dim]);
          return NULL;
        }
    }
  else if (!lfb_call_int (call, "repeats", &count, error))
    return NULL;

  for (gint64 i = 0; i < shape[dim]; i++)
    {
      gint64 n = counts != NULL ? lfb_tensor_read_int (counts, i) : count;

      if (n < 0 || __builtin_add_overflow (total, n, &total))
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                       "argument `repeats` has %" G_GINT64_FORMAT ", expected 0 or more, and not too many", n);
          return NULL;
        }
    }
  for (gsize i = 0; i < dim; i++)
    outer *= shape[i];
  for (gsize i = dim + 1; i < n_dims; i++)
    inner *= shape[i];
  {
    gint64 own = shape[dim];

    shape[dim] = total;
    if (!lfb_array_init (&array, lfb_tensor_get_dtype (flat), shape, n_dims, error))
      return NULL;

    item_size = lfb_dtype_size (lfb_tensor_get_dtype (flat));
    from = lfb_tensor_get_data (flat, NULL);
    to = array.data;
    for (gsize o = 0; o < outer && array.n_elements > 0; o++)
      for (gint64 i = 0; i < own; i++, from += inner * item_size)
        for (gint64 n = counts != NULL ? lfb_tensor_read_int (counts, i) : count; n > 0; n--)
          {
            memcpy (to, from, inner * item_size);
            to += inner * item_size;
          }
  }

  return lfb_value_take_tensor (lfb_array_seal_like (&array, flat, error));
}

/* Indices of the listed dimensions in reverse. */
static LfbValue *
flip (LfbCall  *call,
      GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  gint64 dims[LFB_TENSOR_MAX_DIMS], strides[LFB_TENSOR_MAX_DIMS], offset = 0;
  gsize n_dims, n = 0, dim;
  const gint64 *shape;

  if (input == NULL || !lfb_call_ints (call, "dims", dims, LFB_TENSOR_MAX_DIMS, &n, error))
    return NULL;
  shape = lfb_tensor_get_shape (input, &n_dims);
  lfb_shape_strides (shape, n_dims, strides);
  for (gsize i = 0; i < n; i++)
    {
      if (!lfb_check_dim ("dims", dims[i], n_dims, &dim, error))
        return NULL;
      if (n_dims > 0 && strides[dim] > 0 && shape[dim] > 0)
        {
          offset += (shape[dim] - 1) * strides[dim];
          strides[dim] = -strides[dim];
        }
    }

  return lfb_value_take_tensor (lfb_tensor_restride (input, offset, shape, strides, n_dims, error));
}

/* Elements move round by @shifts along each of @dims. */
static LfbValue *
roll (LfbCall  *call,
      GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  gint64 shifts[LFB_TENSOR_MAX_DIMS], dims[LFB_TENSOR_MAX_DIMS];
  gsize n_shifts = 0, n_listed = 0, n_dims;
  g_autoptr (LfbTensor) result = NULL;
  const gint64 *own;

  if (input == NULL || !lfb_check_movable ("input", input, error) ||
      !lfb_call_ints (call, "shifts", shifts, LFB_TENSOR_MAX_DIMS, &n_shifts, error) ||
      !lfb_call_ints (call, "dims", dims, LFB_TENSOR_MAX_DIMS, &n_listed, error))
    return NULL;
  own = lfb_tensor_get_shape (input, &n_dims);
  if (n_listed == 0 && n_shifts == 1)
    {
      gint64 n = lfb_tensor_get_n_elements (input);

      result = lfb_tensor_reshape (input, &n, 1, error);
      dims[0] = 0;
    }
  else if (n_listed == n_shifts)
    {
      result = g_object_ref (input);
    }
  else
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                   "%" G_GSIZE_FORMAT " shifts are given for %" G_GSIZE_FORMAT " dimensions", n_shifts, n_listed);
    }

  for (gsize s = 0; s < n_shifts && result != NULL; s++)
    {
      g_auto (LfbArray) array = LFB_ARRAY_INIT;
      gsize item_size = lfb_dtype_size (lfb_tensor_get_dtype (result)), dim, n, outer = 1, inner = 1;
      const gint64 *shape = lfb_tensor_get_shape (result, &n);
      LfbTensor *next;

      if (!lfb_check_rank ("input", result, 1, LFB_TENSOR_MAX_DIMS, error) ||
          !lfb_check_dim ("dims", dims[s], n, &dim, error) ||
          !lfb_array_init_like (&array, lfb_tensor_get_dtype (result), result, error))
        return NULL;
      for (gsize i = 0; i < dim; i++)
        outer *= shape[i];
      for (gsize i = dim + 1; i < n; i++)
        inner *= shape[i];
      for (gsize o = 0; o < outer && array.n_elements > 0; o++)
        for (gint64 i = 0; i < shape[dim]; i++)
          {
            gint64 to = (i + shifts[s] % shape[dim] + shape[dim]) % shape[dim];

            memcpy ((char *) array.data + (o * shape[dim] + to) * inner * item_size,
                    (const char *) lfb_tensor_get_data (result, NULL) + (o * shape[dim] + i) * inner * item_size,
                    inner * item_size);
          }
      next = lfb_array_seal_like (&array, result, error);
      g_object_unref (result);
      result = next;
    }

  return result != NULL ? lfb_value_take_tensor (lfb_tensor_reshape (result, own, n_dims, error)) : NULL;
}

#define RENAMES "the same elements in another shape"
#define MOVES "elements moved, not changed"

static const LfbOperator operators[] = {
  {
    .methods = "contiguous detach detach_ cpu clone requires_grad_ resolve_conj resolve_neg",
    .functions = "torch.clone torch.detach torch.ops.aten.contiguous",
    .signature = "input, memory_format=None", .rule = "the input itself", .run = identity,
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
  { .methods = "resize_", .signature = "input, *shape", .rule = RENAMES, .run = reshape },
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
  {
    .functions = "torch.broadcast_to", .methods = "expand broadcast_to",
    .signature = "input, *sizes", .rule = "elements repeated along dimensions of 1", .run = expand,
  },
  { .methods = "expand_as", .signature = "input, other", .rule = "elements repeated along dimensions of 1", .run = expand_as },
  { .methods = "repeat", .signature = "input, *sizes", .rule = "copies side by side", .run = repeat },
  { .functions = "torch.tile", .methods = "tile", .signature = "input, *dims", .rule = "copies side by side", .run = tile },
  {
    .functions = "torch.repeat_interleave", .methods = "repeat_interleave",
    .signature = "input, repeats, dim=None, output_size=None", .rule = "each index several times", .run = repeat_interleave,
  },
  { .functions = "torch.flip", .methods = "flip", .signature = "input, *dims", .rule = MOVES, .run = flip },
  { .functions = "torch.roll", .methods = "roll", .signature = "input, shifts, dims=()", .rule = MOVES, .run = roll },
};

const LfbOperatorFamily lfb_shape_operators = LFB_OPERATOR_FAMILY (operators);

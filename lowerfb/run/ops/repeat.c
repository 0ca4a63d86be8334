/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Operators that repeat elements, or put them in another order along their own
 * dimensions; on integers the bytes move, with the same scale and zero point.
 */

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-call-private.h>

#include <string.h>

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
  gboolean flipped[LFB_TENSOR_MAX_DIMS] = { FALSE };
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
      if (flipped[dim])
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument `dims` names dimension %" G_GSIZE_FORMAT " twice", dim);
          return NULL;
        }
      flipped[dim] = TRUE;
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

#define MOVES "elements moved, not changed"

static const LfbOperator operators[] = {
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

const LfbOperatorFamily lfb_repeat_operators = LFB_OPERATOR_FAMILY (operators);

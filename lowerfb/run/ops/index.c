/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Indexing as Python writes it: numbers, slices, None, ..., tensors of indices
 * and masks; reading and writing. Also what is a special case of it: select,
 * narrow, and items of lists.
 */

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-call-private.h>
#include <lowerfb/run/lfb-elementwise-private.h>
#include <lowerfb/run/lfb-index-private.h>

#include <string.h>

static LfbValue *
index_sequence (LfbValue  *sequence,
                LfbValue  *index,
                GError   **error)
{
  gint64 n = lfb_value_get_n_items (sequence), number, start, stop, step = 1;
  g_autofree char *found = NULL;

  if (lfb_value_get_kind (index) == LFB_VALUE_KIND_SLICE)
    {
      g_autoptr (GPtrArray) items = g_ptr_array_new ();

      if (!lfb_slice_end (lfb_value_get_item (index, 0), n, 0, &start, error) ||
          !lfb_slice_end (lfb_value_get_item (index, 1), n, n, &stop, error))
        return NULL;
      if (!lfb_value_is_none (lfb_value_get_item (index, 2)) &&
          (!lfb_value_read_int (lfb_value_get_item (index, 2), &step) || step < 1))
        {
          g_set_error_literal (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "the step of a slice must be an int of 1 or more");
          return NULL;
        }
      for (gint64 i = start; i < stop; i += MIN (step, n))
        g_ptr_array_add (items, lfb_value_get_item (sequence, i));

      return lfb_value_get_kind (sequence) == LFB_VALUE_KIND_TUPLE
               ? lfb_value_for_tuple ((LfbValue **) items->pdata, items->len)
               : lfb_value_for_list ((LfbValue **) items->pdata, items->len);
    }
  if (!lfb_value_read_int (index, &number))
    {
      found = lfb_value_describe (index);
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "the index of a list is %s, expected an int or a slice", found);
      return NULL;
    }
  if (number < -n || number >= n)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                   "index %" G_GINT64_FORMAT " is out of range for %" G_GINT64_FORMAT " items", number, n);
      return NULL;
    }

  return lfb_value_ref (lfb_value_get_item (sequence, number < 0 ? number + n : number));
}

static LfbValue *
getitem (LfbCall  *call,
         GError  **error)
{
  LfbValue *input = lfb_call_get (call, "input"), *index = lfb_call_get (call, "index");
  LfbTensor *tensor;

  if (lfb_value_is_sequence (input))
    return index_sequence (input, index, error);
  if (lfb_value_get_kind (input) == LFB_VALUE_KIND_DICT && lfb_value_get_kind (index) == LFB_VALUE_KIND_STRING)
    {
      LfbValue *item = lfb_value_lookup (input, lfb_value_get_string (index));

      if (item == NULL)
        g_set_error (error, LFB_ERROR, LFB_ERROR_NOT_FOUND, "the dict has no item '%.60s'", lfb_value_get_string (index));
      return item != NULL ? lfb_value_ref (item) : NULL;
    }
  tensor = lfb_call_tensor (call, "input", error);

  return tensor != NULL ? lfb_value_take_tensor (lfb_index_tensor (tensor, index, error)) : NULL;
}

/* Where each element that an index names lies: the index of an array that
 * counts.
 */
static LfbTensor *
element_places (LfbTensor  *input,
                LfbValue   *index,
                GError    **error)
{
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  g_autoptr (LfbTensor) numbers = NULL;

  if (!lfb_array_init_like (&array, LFB_DTYPE_INT64, input, error))
    return NULL;
  for (gsize i = 0; i < array.n_elements; i++)
    ((gint64 *) array.data)[i] = i;
  numbers = lfb_array_seal (&array, error);

  return numbers != NULL ? lfb_index_tensor (numbers, index, error) : NULL;
}

static LfbTensor *
value_as (LfbTensor  *input,
          LfbValue   *value,
          GError    **error)
{
  g_auto (LfbArray) array = LFB_ARRAY_INIT;

  if (lfb_value_get_kind (value) == LFB_VALUE_KIND_TENSOR)
    {
      LfbTensor *tensor = lfb_value_get_tensor (value);

      if (lfb_tensor_is_quantized (input) != lfb_tensor_is_quantized (tensor) ||
          (lfb_tensor_is_quantized (input) &&
           (lfb_tensor_get_scale (input) != lfb_tensor_get_scale (tensor) ||
            lfb_tensor_get_zero_point (input) != lfb_tensor_get_zero_point (tensor))))
        {
          g_set_error_literal (error, LFB_ERROR, LFB_ERROR_DTYPE,
                               "argument `value` and the tensor that it is written into are not quantized alike");
          return NULL;
        }
      return lfb_tensor_convert (tensor, lfb_tensor_get_dtype (input), error);
    }
  if (lfb_tensor_is_quantized (input))
    {
      g_autofree char *found = lfb_value_describe (value);

      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument `value` is %s, expected a quantized tensor", found);
      return NULL;
    }
  if (!lfb_array_init (&array, lfb_tensor_get_dtype (input), NULL, 0, error) ||
      !lfb_make_element ("value", value, lfb_tensor_get_dtype (input), array.data, error))
    return NULL;

  return lfb_array_seal (&array, error);
}

static gboolean
is_mask (LfbValue *part)
{
  return lfb_value_get_kind (part) == LFB_VALUE_KIND_TENSOR &&
         lfb_tensor_get_dtype (lfb_value_get_tensor (part)) == LFB_DTYPE_BOOL;
}

/* Whether torch takes a tensor for the number in it, which has to fit the type:
 * one without dimensions that is written to more than one element, and one of
 * one element where masks say where.
 */
static gboolean
is_number (LfbTensor *value,
           LfbTensor *places,
           LfbValue  *index)
{
  gsize n = lfb_value_get_kind (index) == LFB_VALUE_KIND_TUPLE ? lfb_value_get_n_items (index) : 0;
  gboolean masks = is_mask (index);

  if (lfb_tensor_get_n_elements (value) != 1 || lfb_tensor_is_quantized (value))
    return FALSE;
  for (gsize i = 0; i < n; i++)
    masks |= is_mask (lfb_value_get_item (index, i));

  return masks || (lfb_tensor_get_n_dims (value) == 0 && lfb_tensor_get_n_dims (places) > 0);
}

/* Dimensions of 1 in front of the value do not count. */
static LfbTensor *
drop_leading_ones (LfbTensor  *value,
                   gsize       n_wanted,
                   GError    **error)
{
  gsize n_dims, n_dropped = 0;
  const gint64 *shape = lfb_tensor_get_shape (value, &n_dims);

  while (n_dims - n_dropped > n_wanted && shape[n_dropped] == 1)
    n_dropped++;

  return n_dropped == 0 ? g_object_ref (value)
                        : lfb_tensor_reshape (value, shape + n_dropped, n_dims - n_dropped, error);
}

/* The tensor with the named elements replaced. */
static LfbValue *
setitem (LfbCall  *call,
         GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  LfbValue *index = lfb_call_get (call, "index"), *content = lfb_call_get (call, "value");
  g_autoptr (LfbTensor) places = NULL;
  g_autoptr (LfbTensor) given = NULL;
  g_autoptr (LfbTensor) value = NULL;
  g_autoptr (LfbTensor) full = NULL;
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  gint64 shape[LFB_TENSOR_MAX_DIMS];
  const gint64 *place_shape, *value_shape;
  gsize n_places, n_value, n_dims, item_size;

  if (input == NULL || !lfb_check_movable ("input", input, error))
    return NULL;
  places = element_places (input, index, error);
  if (places == NULL)
    return NULL;
  if (lfb_value_get_kind (content) == LFB_VALUE_KIND_TENSOR && is_number (lfb_value_get_tensor (content), places, index) &&
      !lfb_check_converts ("value", content, lfb_tensor_get_dtype (input), error))
    return NULL;
  given = value_as (input, content, error);
  value = given != NULL ? drop_leading_ones (given, lfb_tensor_get_n_dims (places), error) : NULL;
  if (value == NULL || !lfb_array_init_like (&array, lfb_tensor_get_dtype (input), input, error))
    return NULL;

  place_shape = lfb_tensor_get_shape (places, &n_places);
  value_shape = lfb_tensor_get_shape (value, &n_value);
  if (!lfb_broadcast_shape (place_shape, n_places, value_shape, n_value, shape, &n_dims, error))
    return NULL;
  if (n_dims != n_places || !lfb_sizes_equal (shape, place_shape, n_dims))
    {
      g_autofree char *wanted = lfb_tensor_describe_shape (places);
      g_autofree char *found = lfb_tensor_describe_shape (value);

      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE, "argument `value` has the shape %s, expected one that fits %s", found, wanted);
      return NULL;
    }
  full = lfb_tensor_broadcast (value, place_shape, n_places, error);
  if (full == NULL)
    return NULL;

  item_size = lfb_dtype_size (lfb_tensor_get_dtype (input));
  lfb_array_copy (&array, input);
  for (gsize i = 0; i < (gsize) lfb_tensor_get_n_elements (places); i++)
    memcpy ((char *) array.data + lfb_tensor_read_int (places, i) * item_size,
            (const char *) lfb_tensor_get_data (full, NULL) + i * item_size, item_size);

  return lfb_value_take_tensor (lfb_array_seal_like (&array, input, error));
}

/* One index of one dimension. */
static LfbValue *
select_index (LfbCall  *call,
              GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  gint64 shape[LFB_TENSOR_MAX_DIMS], strides[LFB_TENSOR_MAX_DIMS], index = 0, offset;
  gsize n_dims, dim;

  if (input == NULL ||
      !lfb_check_rank ("input", input, 1, LFB_TENSOR_MAX_DIMS, error) ||
      !lfb_call_dim (call, "dim", lfb_tensor_get_n_dims (input), &dim, error) ||
      !lfb_call_int (call, "index", &index, error))
    return NULL;
  lfb_sizes_copy (shape, lfb_tensor_get_shape (input, &n_dims), lfb_tensor_get_n_dims (input));
  lfb_shape_strides (shape, n_dims, strides);
  if (index < -shape[dim] || index >= shape[dim])
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                   "argument `index` is %" G_GINT64_FORMAT ", out of range for a dimension of %" G_GINT64_FORMAT, index, shape[dim]);
      return NULL;
    }
  offset = (index < 0 ? index + shape[dim] : index) * strides[dim];
  memmove (shape + dim, shape + dim + 1, (n_dims - dim - 1) * sizeof *shape);
  memmove (strides + dim, strides + dim + 1, (n_dims - dim - 1) * sizeof *strides);

  return lfb_value_take_tensor (lfb_tensor_restride (input, offset, shape, strides, n_dims - 1, error));
}

static LfbValue *
narrow (LfbCall  *call,
        GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  gint64 shape[LFB_TENSOR_MAX_DIMS], strides[LFB_TENSOR_MAX_DIMS], start = 0, length = 0;
  gsize n_dims, dim;

  if (input == NULL ||
      !lfb_check_rank ("input", input, 1, LFB_TENSOR_MAX_DIMS, error) ||
      !lfb_call_dim (call, "dim", lfb_tensor_get_n_dims (input), &dim, error) ||
      !lfb_call_int (call, "start", &start, error) || !lfb_call_int (call, "length", &length, error))
    return NULL;
  lfb_sizes_copy (shape, lfb_tensor_get_shape (input, &n_dims), lfb_tensor_get_n_dims (input));
  lfb_shape_strides (shape, n_dims, strides);
  if (start < 0 && start >= -shape[dim])
    start += shape[dim];
  if (start < 0 || length < 0 || start > shape[dim] || length > shape[dim] - start)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                   "arguments `start` and `length` are %" G_GINT64_FORMAT " and %" G_GINT64_FORMAT
                   ", outside of a dimension of %" G_GINT64_FORMAT, start, length, shape[dim]);
      return NULL;
    }
  shape[dim] = length;

  return lfb_value_take_tensor (lfb_tensor_restride (input, start * strides[dim], shape, strides, n_dims, error));
}

static const LfbOperator operators[] = {
  {
    .functions = "operator.getitem", .methods = "__getitem__", .signature = "input, index",
    .rule = "elements by index: ints, slices, None, ..., masks and tensors; items of lists", .run = getitem,
  },
  {
    .functions = "operator.setitem", .methods = "__setitem__", .signature = "input, index, value",
    .rule = "the input with the named elements replaced", .run = setitem,
  },
  { .functions = "torch.select", .methods = "select", .signature = "input, dim, index", .rule = "one index of a dimension", .run = select_index },
  { .functions = "torch.narrow", .methods = "narrow", .signature = "input, dim, start, length", .rule = "a range of a dimension", .run = narrow },
};

const LfbOperatorFamily lfb_index_operators = LFB_OPERATOR_FAMILY (operators);

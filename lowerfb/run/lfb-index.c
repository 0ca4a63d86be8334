/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-index-private.h. Numbers, slices, None and ... leave a view of other
 * strides; dimensions that tensors and masks index are gathered from it.
 */

#include <lowerfb/run/lfb-index-private.h>

#include <string.h>

/* A basic index leaves a view; dimensions that tensors index are noted. */
typedef struct {
  gint64 offset;
  gint64 shape[LFB_TENSOR_MAX_DIMS];
  gint64 strides[LFB_TENSOR_MAX_DIMS];
  gsize n_dims;
  LfbTensor *indices[LFB_TENSOR_MAX_DIMS];   /* of each of these dimensions; owned */
} View;

static void
view_clear (View *view)
{
  for (gsize i = 0; i < LFB_TENSOR_MAX_DIMS; i++)
    g_clear_object (&view->indices[i]);
}

static gboolean
add_dimension (View       *view,
               gint64      size,
               gint64      stride,
               LfbTensor  *indices,
               GError    **error)
{
  if (view->n_dims == LFB_TENSOR_MAX_DIMS)
    {
      g_clear_object (&indices);
      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE, "the result would have more than %d dimensions", LFB_TENSOR_MAX_DIMS);
      return FALSE;
    }
  view->shape[view->n_dims] = size;
  view->strides[view->n_dims] = stride;
  view->indices[view->n_dims++] = indices;

  return TRUE;
}

/* An end of a slice, as Python takes it: counted from the end if negative,
 * moved inside.
 */
gboolean
lfb_slice_end (LfbValue  *value,
               gint64     size,
               gint64     fallback,
               gint64    *end,
               GError   **error)
{
  gint64 number;

  if (value == NULL || lfb_value_is_none (value))
    {
      *end = fallback;
      return TRUE;
    }
  if (!lfb_value_read_int (value, &number))
    {
      g_autofree char *found = lfb_value_describe (value);

      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "a slice has %s, expected ints or None", found);
      return FALSE;
    }
  if (number < 0)
    number = number < -size ? 0 : number + size;
  *end = MIN (number, size);

  return TRUE;
}

static gboolean
apply_slice (View      *view,
             LfbValue  *slice,
             gint64     size,
             gint64     stride,
             GError   **error)
{
  LfbValue *step_value = lfb_value_get_item (slice, 2);
  gint64 start, stop, step = 1;

  if (!lfb_slice_end (lfb_value_get_item (slice, 0), size, 0, &start, error) ||
      !lfb_slice_end (lfb_value_get_item (slice, 1), size, size, &stop, error))
    return FALSE;
  if (!lfb_value_is_none (step_value) && (!lfb_value_read_int (step_value, &step) || step < 1))
    {
      g_autofree char *found = lfb_value_describe (step_value);

      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "the step of a slice is %s, expected an int of 1 or more", found);
      return FALSE;
    }
  step = MIN (step, MAX (size, 1));
  if (stop > start)
    view->offset += start * stride;

  return add_dimension (view, stop > start ? (stop - start - 1) / step + 1 : 0, stride * step, NULL, error);
}

/* A list of ints, or nested lists, as an index tensor. */
static LfbTensor *
list_to_tensor (LfbValue  *list,
                GError   **error)
{
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  gint64 n = lfb_value_get_n_items (list);
  gboolean bools = n > 0;

  if (!lfb_array_init (&array, LFB_DTYPE_INT64, &n, 1, error))
    return NULL;
  for (gint64 i = 0; i < n; i++)
    {
      bools &= lfb_value_get_kind (lfb_value_get_item (list, i)) == LFB_VALUE_KIND_BOOL;
      if (!lfb_value_read_int (lfb_value_get_item (list, i), (gint64 *) array.data + i))
        {
          g_autofree char *found = lfb_value_describe (lfb_value_get_item (list, i));

          g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "a list in an index holds %s, expected ints", found);
          return NULL;
        }
    }
  if (bools)
    {
      g_autoptr (LfbTensor) integers = lfb_array_seal (&array, error);

      return integers != NULL ? lfb_tensor_convert (integers, LFB_DTYPE_BOOL, error) : NULL;
    }

  return lfb_array_seal (&array, error);
}

/* A mask over dimensions @dim and following: their joined dimension, indexed
 * by where the mask is true. One without dimensions makes a new one, which is
 * there once or not at all.
 */
static gboolean
apply_mask (View          *view,
            LfbTensor     *mask,
            const gint64  *shape,
            const gint64  *strides,
            gsize          n_left,
            GError       **error)
{
  gsize n_mask, n = lfb_tensor_get_n_elements (mask);
  const gint64 *mask_shape = lfb_tensor_get_shape (mask, &n_mask);
  const guint8 *truth = lfb_tensor_get_data (mask, NULL);
  gint64 count = 0;

  if (n_mask > n_left || !lfb_sizes_equal (mask_shape, shape, n_mask))
    {
      g_autofree char *text = lfb_tensor_describe_shape (mask);

      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE, "a mask in an index has the shape %s, which is not that of the dimensions", text);
      return FALSE;
    }
  for (gsize i = 0; i < n; i++)
    count += truth[i] != 0;

  if (n_mask == 0)
    {
      g_auto (LfbArray) array = LFB_ARRAY_INIT;
      LfbTensor *indices;

      if (!lfb_array_init (&array, LFB_DTYPE_INT64, &count, 1, error))
        return FALSE;
      memset (array.data, 0, array.size);
      indices = lfb_array_seal (&array, error);

      return indices != NULL && add_dimension (view, 1, 0, indices, error);
    }
  for (gsize d = 0; d < n_mask; d++)
    {
      g_auto (LfbArray) array = LFB_ARRAY_INIT;
      gsize inner = 1, k = 0;
      LfbTensor *indices;

      if (!lfb_array_init (&array, LFB_DTYPE_INT64, &count, 1, error))
        return FALSE;
      for (gsize j = d + 1; j < n_mask; j++)
        inner *= mask_shape[j];
      for (gsize i = 0; i < n; i++)
        if (truth[i] != 0)
          ((gint64 *) array.data)[k++] = i / inner % mask_shape[d];
      indices = lfb_array_seal (&array, error);
      if (indices == NULL || !add_dimension (view, shape[d], strides[d], indices, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
apply_number (View      *view,
              gint64     number,
              gint64     size,
              gint64     stride,
              gsize      dim,
              GError   **error)
{
  if (number < -size || number >= size)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                   "index %" G_GINT64_FORMAT " is out of range for dimension %" G_GSIZE_FORMAT " of size %" G_GINT64_FORMAT,
                   number, dim, size);
      return FALSE;
    }
  view->offset += (number < 0 ? number + size : number) * stride;

  return TRUE;
}

/* How many dimensions of the tensor one part of an index takes. */
static gsize
count_taken (LfbValue *part)
{
  switch (lfb_value_get_kind (part))
    {
    case LFB_VALUE_KIND_NONE:
    case LFB_VALUE_KIND_ELLIPSIS:
      return 0;
    case LFB_VALUE_KIND_TENSOR:
      if (lfb_tensor_get_dtype (lfb_value_get_tensor (part)) == LFB_DTYPE_BOOL)
        return lfb_tensor_get_n_dims (lfb_value_get_tensor (part));
      return 1;
    default:
      return 1;
    }
}

static gboolean
apply_tensor (View          *view,
              LfbTensor     *indices,
              const gint64  *shape,
              const gint64  *strides,
              gsize          n_left,
              GError       **error)
{
  LfbTensor *integers;

  if (lfb_tensor_get_dtype (indices) == LFB_DTYPE_BOOL)
    return apply_mask (view, indices, shape, strides, n_left, error);
  if (lfb_dtype_is_floating_point (lfb_tensor_get_dtype (indices)) || lfb_tensor_is_quantized (indices))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE, "a tensor in an index has the dtype %s, expected integers or bools",
                   lfb_dtype_to_string (lfb_tensor_get_dtype (indices)));
      return FALSE;
    }
  integers = lfb_tensor_convert (indices, LFB_DTYPE_INT64, error);

  return integers != NULL && add_dimension (view, shape[0], strides[0], integers, error);
}

static gboolean
apply_part (View          *view,
            LfbValue      *part,
            const gint64  *shape,
            const gint64  *strides,
            gsize          dim,
            gsize          n_left,
            GError       **error)
{
  g_autoptr (LfbTensor) list = NULL;
  g_autofree char *found = NULL;
  gint64 number;

  switch (lfb_value_get_kind (part))
    {
    case LFB_VALUE_KIND_NONE:
      return add_dimension (view, 1, 0, NULL, error);

    case LFB_VALUE_KIND_SLICE:
      return apply_slice (view, part, shape[0], strides[0], error);

    case LFB_VALUE_KIND_INT:
      lfb_value_read_int (part, &number);
      return apply_number (view, number, shape[0], strides[0], dim, error);

    case LFB_VALUE_KIND_TENSOR:
      /* As in torch, an integer without dimensions is a number; but uint8 is not. */
      if (lfb_tensor_get_n_dims (lfb_value_get_tensor (part)) == 0 &&
          lfb_tensor_get_dtype (lfb_value_get_tensor (part)) != LFB_DTYPE_BOOL &&
          lfb_tensor_get_dtype (lfb_value_get_tensor (part)) != LFB_DTYPE_UINT8 && lfb_value_read_int (part, &number))
        return apply_number (view, number, shape[0], strides[0], dim, error);
      return apply_tensor (view, lfb_value_get_tensor (part), shape, strides, n_left, error);

    case LFB_VALUE_KIND_LIST:
    case LFB_VALUE_KIND_TUPLE:
      list = list_to_tensor (part, error);
      return list != NULL && apply_tensor (view, list, shape, strides, n_left, error);

    default:
      found = lfb_value_describe (part);
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                   "an index holds %s, expected ints, slices, None, ..., lists of ints and tensors", found);
      return FALSE;
    }
}

static gboolean
view_init (View       *view,
           LfbTensor  *input,
           LfbValue   *index,
           GError    **error)
{
  gboolean many = lfb_value_get_kind (index) == LFB_VALUE_KIND_TUPLE;
  gsize n_parts = many ? lfb_value_get_n_items (index) : 1;
  gint64 strides[LFB_TENSOR_MAX_DIMS + 1] = { 0 };
  gsize n_dims, dim = 0, taken = 0;
  const gint64 *shape = lfb_tensor_get_shape (input, &n_dims);
  gboolean ellipsis = FALSE;

  memset (view, 0, sizeof *view);
  lfb_shape_strides (shape, n_dims, strides);
  for (gsize i = 0; i < n_parts; i++)
    taken += count_taken (many ? lfb_value_get_item (index, i) : index);
  if (taken > n_dims)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "the index takes %" G_GSIZE_FORMAT " dimensions, but the tensor has %" G_GSIZE_FORMAT, taken, n_dims);
      return FALSE;
    }

  for (gsize i = 0; i < n_parts; i++)
    {
      LfbValue *part = many ? lfb_value_get_item (index, i) : index;

      if (lfb_value_get_kind (part) == LFB_VALUE_KIND_ELLIPSIS)
        {
          if (ellipsis)
            {
              g_set_error_literal (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "an index has more than one ...");
              return FALSE;
            }
          ellipsis = TRUE;
          for (gsize j = taken; j < n_dims; j++, dim++)
            if (!add_dimension (view, shape[dim], strides[dim], NULL, error))
              return FALSE;
          continue;
        }
      if (!apply_part (view, part, shape + dim, strides + dim, dim, n_dims - dim, error))
        return FALSE;
      dim += count_taken (part);
    }
  for (; dim < n_dims; dim++)
    if (!add_dimension (view, shape[dim], strides[dim], NULL, error))
      return FALSE;

  return TRUE;
}

/* The shape that the index tensors broadcast to, how many they are, and where
 * their dimensions go: in their place if they stand together, else in front.
 */
static gboolean
plan_indices (const View  *view,
              gint64      *shape,
              gsize       *n_dims,
              gsize       *n_indices,
              gsize       *place,
              GError     **error)
{
  gsize last = 0, n, kept = 0;
  gboolean together = TRUE;

  *n_dims = *n_indices = *place = 0;
  for (gsize i = 0; i < view->n_dims; i++)
    {
      const gint64 *own;

      if (view->indices[i] == NULL)
        {
          kept++;
          continue;
        }
      own = lfb_tensor_get_shape (view->indices[i], &n);
      if (!lfb_broadcast_shape (shape, *n_dims, own, n, shape, n_dims, error))
        return FALSE;
      if (*n_indices == 0)
        *place = kept;
      else
        together &= last + 1 == i;
      last = i;
      (*n_indices)++;
    }
  if (!together)
    *place = 0;

  return TRUE;
}

static gboolean
check_indices (const View  *view,
               GError     **error)
{
  for (gsize i = 0; i < view->n_dims; i++)
    {
      gsize n = view->indices[i] != NULL ? lfb_tensor_get_n_elements (view->indices[i]) : 0;

      for (gsize k = 0; k < n; k++)
        {
          gint64 at = lfb_tensor_read_int (view->indices[i], k), size = view->shape[i];

          if (at < -size || at >= size)
            {
              g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                           "index %" G_GINT64_FORMAT " in a tensor is out of range for a dimension of size %" G_GINT64_FORMAT, at, size);
              return FALSE;
            }
        }
    }

  return TRUE;
}

/* Gathers what index tensors name: for each of their elements the view of the
 * other dimensions, put where the plan says.
 */
static LfbTensor *
gather (LfbTensor    *input,
        const View   *view,
        GError      **error)
{
  gint64 index_shape[LFB_TENSOR_MAX_DIMS], rest[LFB_TENSOR_MAX_DIMS], rest_strides[LFB_TENSOR_MAX_DIMS];
  gint64 shape[2 * LFB_TENSOR_MAX_DIMS];
  gsize n_index = 0, n_indices, place, n_rest = 0, n_dims = 0, count, outer = 1, inner = 1, n_inner = 0;
  gsize item_size = lfb_dtype_size (lfb_tensor_get_dtype (input));
  g_autoptr (GPtrArray) full = g_ptr_array_new_with_free_func (g_object_unref);
  g_autofree char *block = NULL;
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  const char *from = lfb_tensor_get_data (input, NULL);
  gsize block_size = 1;
  gboolean nowhere = FALSE;

  if (!plan_indices (view, index_shape, &n_index, &n_indices, &place, error))
    return NULL;
  for (gsize i = 0; i < view->n_dims; i++)
    if (view->indices[i] == NULL)
      {
        rest[n_rest] = view->shape[i];
        rest_strides[n_rest++] = view->strides[i];
      }
  if (n_rest + n_index > LFB_TENSOR_MAX_DIMS)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE, "the result would have more than %d dimensions", LFB_TENSOR_MAX_DIMS);
      return NULL;
    }
  for (gsize i = 0; i < place; i++)
    shape[n_dims++] = rest[i];
  for (gsize i = 0; i < n_index; i++)
    shape[n_dims++] = index_shape[i];
  for (gsize i = place; i < n_rest; i++)
    shape[n_dims++] = rest[i];
  if (!lfb_array_init (&array, lfb_tensor_get_dtype (input), shape, n_dims, error) ||
      !lfb_shape_count (index_shape, n_index, &count, error))
    return NULL;
  for (gsize i = 0; i < view->n_dims; i++)
    nowhere |= view->indices[i] != NULL && view->shape[i] == 0 && count > 0;
  /* As torch does, indices into dimensions that have any are not looked at where they name nothing. */
  if ((array.n_elements > 0 || nowhere) && !check_indices (view, error))
    return NULL;
  if (array.n_elements == 0)
    return lfb_array_seal_like (&array, input, error);

  for (gsize i = 0; i < view->n_dims; i++)
    if (view->indices[i] != NULL)
      {
        LfbTensor *indices = lfb_tensor_broadcast (view->indices[i], index_shape, n_index, error);

        if (indices == NULL)
          return NULL;
        g_ptr_array_add (full, indices);
      }
  for (gsize i = 0; i < n_rest; i++)
    {
      block_size *= rest[i];
      if (i < place)
        outer *= rest[i];
      else
        inner *= rest[i];
    }
  n_inner = inner * item_size;
  block = lfb_try_alloc (block_size, item_size, error);
  if (block == NULL)
    return NULL;

  for (gsize k = 0; k < count; k++)
    {
      gint64 offset = view->offset;
      guint t = 0;

      for (gsize i = 0; i < view->n_dims; i++)
        if (view->indices[i] != NULL)
          {
            gint64 at = lfb_tensor_read_int (g_ptr_array_index (full, t++), k);

            offset += (at < 0 ? at + view->shape[i] : at) * view->strides[i];
          }
      lfb_strided_copy (block, from + offset * (gint64) item_size, item_size, rest, rest_strides, n_rest);
      for (gsize o = 0; o < outer; o++)
        memcpy ((char *) array.data + (o * count + k) * n_inner, block + o * n_inner, n_inner);
    }

  return lfb_array_seal_like (&array, input, error);
}

LfbTensor *
lfb_index_tensor (LfbTensor  *input,
                  LfbValue   *index,
                  GError    **error)
{
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  LfbTensor *result = NULL;
  gboolean advanced = FALSE;
  View view;

  if (!lfb_check_movable ("input", input, error))
    return NULL;
  if (view_init (&view, input, index, error))
    {
      for (gsize i = 0; i < view.n_dims; i++)
        advanced |= view.indices[i] != NULL;
      result = advanced ? gather (input, &view, error)
                        : lfb_tensor_restride (input, view.offset, view.shape, view.strides, view.n_dims, error);
    }
  view_clear (&view);

  return result;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Computing constants: an item of a list, or a part of a plain tensor that is cut
 * out with whole numbers, slices, `None` and `...`, as Python's brackets do.
 */

#include <lowerfb/lower/lfb-lower-constant-arguments-private.h>

#include <lowerfb/core/lfb-error.h>

#include <string.h>

/* Where the elements of a part are in the tensor, counted in elements. */
typedef struct
{
  gint64 shape[LFB_TENSOR_MAX_DIMS];
  gint64 strides[LFB_TENSOR_MAX_DIMS];
  gsize n_dims;
  gint64 offset;
} Part;

static gboolean
add_dim (Part    *part,
         gint64   size,
         gint64   stride,
         GError **error)
{
  if (part->n_dims == LFB_TENSOR_MAX_DIMS)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE, "more than %d dimensions are too many", LFB_TENSOR_MAX_DIMS);
      return FALSE;
    }

  part->shape[part->n_dims] = size;
  part->strides[part->n_dims++] = stride;
  return TRUE;
}

/* An end of a slice: counted from behind where negative, and held inside. */
static gboolean
take_bound (LfbValue *value,
            gint64    size,
            gint64   *bound,
            GError  **error)
{
  if (lfb_value_is_none (value))
    return TRUE;
  if (!_lfb_constant_int_argument (value, "index", bound, error))
    return FALSE;

  if (*bound < 0)
    *bound = *bound < -size ? 0 : *bound + size;
  *bound = MIN (*bound, size);
  return TRUE;
}

static gboolean
take_slice (Part      *part,
            LfbValue  *slice,
            gint64     size,
            gint64     stride,
            GError   **error)
{
  gint64 start = 0, stop = size, step = 1, length;

  if (!take_bound (lfb_value_get_item (slice, 0), size, &start, error) ||
      !take_bound (lfb_value_get_item (slice, 1), size, &stop, error) ||
      (!lfb_value_is_none (lfb_value_get_item (slice, 2)) &&
       !_lfb_constant_int_argument (lfb_value_get_item (slice, 2), "step", &step, error)))
    return FALSE;
  if (step <= 0)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "the step of a slice is %" G_GINT64_FORMAT ", not positive", step);
      return FALSE;
    }

  /* a step beyond the size takes one element, as the size does */
  step = MIN (step, MAX (size, 1));
  length = stop > start ? (stop - start + step - 1) / step : 0;
  part->offset += length > 0 ? start * stride : 0;
  return add_dim (part, length, step * stride, error);
}

static gboolean
take_number (Part      *part,
             LfbValue  *value,
             gint64     size,
             gint64     stride,
             GError   **error)
{
  gint64 index;

  if (!_lfb_constant_int_argument (value, "index", &index, error))
    return FALSE;
  if (index < -size || index >= size)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                   "index %" G_GINT64_FORMAT " is not among the %" G_GINT64_FORMAT " of its dimension", index, size);
      return FALSE;
    }

  part->offset += (index < 0 ? index + size : index) * stride;
  return TRUE;
}

/* How many dimensions of the tensor the items take away or cut. */
static gboolean
count_dims (LfbValue **items,
            gsize      n_items,
            gsize     *n_dims,
            GError   **error)
{
  gsize n_ellipses = 0;

  *n_dims = 0;
  for (gsize i = 0; i < n_items; i++)
    {
      switch (lfb_value_get_kind (items[i]))
        {
        case LFB_VALUE_KIND_INT:
        case LFB_VALUE_KIND_SLICE:
          (*n_dims)++;
          break;
        case LFB_VALUE_KIND_NONE:
          break;
        case LFB_VALUE_KIND_ELLIPSIS:
          n_ellipses++;
          break;
        default:
          g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED,
                       "before the model runs, parts are taken with numbers, slices, None and ... only");
          return FALSE;
        }
    }
  if (n_ellipses <= 1)
    return TRUE;

  g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "an index holds ... more than once");
  return FALSE;
}

static gboolean
find_part (LfbTensor  *tensor,
           LfbValue  **items,
           gsize       n_items,
           Part       *part,
           GError    **error)
{
  gint64 strides[LFB_TENSOR_MAX_DIMS];
  gsize n_dims, n_named, dim = 0;
  const gint64 *shape = lfb_tensor_get_shape (tensor, &n_dims);

  if (!count_dims (items, n_items, &n_named, error))
    return FALSE;
  if (n_named > n_dims)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                   "the index is for %" G_GSIZE_FORMAT " dimensions, the tensor has %" G_GSIZE_FORMAT, n_named, n_dims);
      return FALSE;
    }
  for (gsize i = n_dims; i-- > 0;)
    strides[i] = i + 1 < n_dims ? strides[i + 1] * shape[i + 1] : 1;

  *part = (Part) { .n_dims = 0 };
  for (gsize i = 0; i < n_items; i++)
    {
      gboolean taken = TRUE;

      switch (lfb_value_get_kind (items[i]))
        {
        case LFB_VALUE_KIND_INT:
          taken = take_number (part, items[i], shape[dim], strides[dim], error);
          dim++;
          break;
        case LFB_VALUE_KIND_SLICE:
          taken = take_slice (part, items[i], shape[dim], strides[dim], error);
          dim++;
          break;
        case LFB_VALUE_KIND_NONE:
          taken = add_dim (part, 1, 0, error);
          break;
        default: /* ... is for all dimensions that no other item is for */
          for (gsize j = n_dims - n_named; j > 0 && taken; j--, dim++)
            taken = add_dim (part, shape[dim], strides[dim], error);
        }
      if (!taken)
        return FALSE;
    }
  for (; dim < n_dims; dim++)
    {
      if (!add_dim (part, shape[dim], strides[dim], error))
        return FALSE;
    }

  return TRUE;
}

static LfbValue *
part_of_tensor (LfbTensor *tensor,
                LfbValue  *index,
                GError   **error)
{
  gsize width = lfb_dtype_get_bits (lfb_tensor_get_dtype (tensor)) / 8, n_items = 1;
  const guint8 *data = lfb_tensor_get_data (tensor, NULL);
  gboolean several = lfb_value_get_kind (index) == LFB_VALUE_KIND_TUPLE;
  LfbValue **items = several ? lfb_value_get_items (index, &n_items) : &index;
  gint64 at[LFB_TENSOR_MAX_DIMS] = { 0, }, n_elements = 1;
  g_autoptr (GBytes) bytes = NULL;
  guint8 *result;
  Part part;

  if (lfb_tensor_is_quantized (tensor))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED, "a weight is not cut once it is quantized");
      return NULL;
    }
  if (!find_part (tensor, items, n_items, &part, error))
    return NULL;

  /* no part has more elements than the tensor, whose size is known to fit */
  for (gsize i = 0; i < part.n_dims; i++)
    n_elements *= part.shape[i];
  result = g_malloc (MAX ((gsize) n_elements * width, 1));
  for (gint64 i = 0; i < n_elements; i++)
    {
      gint64 from = part.offset;

      for (gsize j = 0; j < part.n_dims; j++)
        from += at[j] * part.strides[j];
      memcpy (result + i * width, data + from * width, width);
      for (gsize j = part.n_dims; j-- > 0;)
        {
          if (++at[j] < part.shape[j])
            break;
          at[j] = 0;
        }
    }

  bytes = g_bytes_new_take (result, (gsize) n_elements * width);
  return _lfb_constant_take_tensor (lfb_tensor_new_for_bytes (lfb_tensor_get_dtype (tensor), part.shape, part.n_dims,
                                                              bytes, error));
}

static LfbValue *
item_of_sequence (LfbValue *sequence,
                  LfbValue *value,
                  GError  **error)
{
  gint64 index, n_items = lfb_value_get_n_items (sequence);

  if (!_lfb_constant_int_argument (value, "index", &index, error))
    return NULL;
  if (index < 0)
    index += n_items;
  if (index < 0 || index >= n_items)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "there are only %" G_GINT64_FORMAT " items", n_items);
      return NULL;
    }

  return lfb_value_ref (lfb_value_get_item (sequence, index));
}

static LfbValue *
getitem (LfbValue **args,
         gsize      n_args,
         LfbValue  *kwargs,
         GError   **error)
{
  if (n_args == 2 && lfb_value_is_sequence (args[0]))
    return item_of_sequence (args[0], args[1], error);
  if (n_args == 2 && lfb_value_get_tensor (args[0]) != NULL)
    return part_of_tensor (lfb_value_get_tensor (args[0]), args[1], error);

  g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED,
               "only items of lists and parts of tensors are taken before the model runs");
  return NULL;
}

static const LfbConstantRow rows[] = {
  { LFB_OP_CALL_FUNCTION, "operator.getitem", getitem },
};

LfbConstantFunc
_lfb_constant_indexing (LfbNode *node)
{
  return _lfb_constant_find (node, rows, G_N_ELEMENTS (rows));
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Outputs that are allocated, filled and sealed. Sizes come from shapes that
 * a model or a caller chose: every product is checked, and memory that the
 * system refuses is an error, not the end of the program.
 */

#include <lowerfb/run/lfb-array-private.h>

#include <stdlib.h>
#include <string.h>

gsize
lfb_dtype_size (LfbDType dtype)
{
  return lfb_dtype_get_bits (dtype) / 8;
}

static gboolean
refuse (GError **error)
{
  g_set_error_literal (error, LFB_ERROR, LFB_ERROR_RANGE, "there is not enough memory for an array of this size");

  return FALSE;
}

gpointer
lfb_try_alloc (gsize    n_items,
               gsize    item_size,
               GError **error)
{
  gpointer memory = NULL;
  gsize size;

  if (g_size_checked_mul (&size, n_items, item_size) && size < G_MAXSSIZE)
    memory = g_try_malloc (MAX (size, 1));
  if (memory == NULL)
    refuse (error);

  return memory;
}

gpointer
lfb_try_alloc_aligned (gsize    n_items,
                       gsize    item_size,
                       GError **error)
{
  gpointer memory = NULL;
  gsize size;

  if (g_size_checked_mul (&size, n_items, item_size) && size < G_MAXSSIZE - 64)
    memory = aligned_alloc (64, MAX ((size + 63) / 64 * 64, 64));
  if (memory == NULL)
    refuse (error);

  return memory;
}

void
lfb_aligned_free (LfbAligned *memory)
{
  free (memory);
}

/* How many elements @shape has; its dimensions must not be negative. */
gboolean
lfb_shape_count (const gint64  *shape,
                 gsize          n_dims,
                 gsize         *n_elements,
                 GError       **error)
{
  gsize n = 1;
  gboolean empty = FALSE;

  for (gsize i = 0; i < n_dims; i++)
    {
      if (shape[i] < 0)
        {
          g_autofree char *text = lfb_shape_to_string (shape, n_dims);

          g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE, "the shape %s has a negative dimension", text);
          return FALSE;
        }
      empty |= shape[i] == 0;
    }
  for (gsize i = 0; i < n_dims && !empty; i++)
    if (!g_size_checked_mul (&n, n, shape[i]) || n > G_MAXSSIZE)
      {
        g_autofree char *text = lfb_shape_to_string (shape, n_dims);

        g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "the shape %s has too many elements", text);
        return FALSE;
      }
  *n_elements = empty ? 0 : n;

  return TRUE;
}

gboolean
lfb_array_place (LfbArray   *self,
                 LfbBuffer  *buffer,
                 LfbTensor  *input,
                 GError    **error)
{
  gsize input_size;
  guintptr to = lfb_buffer_get_address (buffer);
  guintptr from = (guintptr) lfb_tensor_get_data (input, &input_size);

  self->placed = TRUE;
  self->place = lfb_buffer_get_data (buffer, &self->place_size);
  if (input_size > 0 && self->place_size > 0 && to < from + input_size && from < to + self->place_size)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                           "argument `buffer` overlaps the memory of the input, expected other memory");
      return FALSE;
    }

  return TRUE;
}

/* Kernels write elements of @item_size bytes where such elements may be. */
static gboolean
check_place (const LfbArray  *self,
             gsize            item_size,
             GError         **error)
{
  if (self->place_size / item_size < self->n_elements)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                   "argument `buffer` has %" G_GSIZE_FORMAT " bytes, expected at least %" G_GSIZE_FORMAT
                   " elements of %" G_GSIZE_FORMAT, self->place_size, self->n_elements, item_size);
      return FALSE;
    }
  if (GPOINTER_TO_SIZE (self->place) % item_size != 0)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                   "argument `buffer` is not aligned for elements of %" G_GSIZE_FORMAT " bytes", item_size);
      return FALSE;
    }

  return TRUE;
}

static gboolean
allocate (LfbArray      *self,
          gsize          item_size,
          const gint64  *shape,
          gsize          n_dims,
          GError       **error)
{
  self->data = lfb_try_alloc (self->n_elements, item_size, error);
  if (self->data == NULL)
    {
      g_autofree char *text = lfb_shape_to_string (shape, n_dims);

      g_prefix_error (error, "a result of shape %s: ", text);
    }

  return self->data != NULL;
}

gboolean
lfb_array_init (LfbArray      *self,
                LfbDType       dtype,
                const gint64  *shape,
                gsize          n_dims,
                GError       **error)
{
  gsize item_size = lfb_dtype_size (dtype);

  g_assert (self->data == NULL);
  g_assert (item_size > 0);
  if (n_dims > LFB_TENSOR_MAX_DIMS)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "the result would have %" G_GSIZE_FORMAT " dimensions, expected at most %d",
                   n_dims, LFB_TENSOR_MAX_DIMS);
      return FALSE;
    }
  if (!lfb_shape_count (shape, n_dims, &self->n_elements, error))
    return FALSE;

  if (self->placed)
    {
      if (!check_place (self, item_size, error))
        return FALSE;
      self->data = self->place;
    }
  else if (!allocate (self, item_size, shape, n_dims, error))
    {
      return FALSE;
    }
  self->dtype = lfb_dtype_get_storage (dtype);
  self->n_dims = n_dims;
  if (n_dims > 0)
    lfb_sizes_copy (self->shape, shape, n_dims);
  self->size = self->n_elements * item_size;

  return TRUE;
}

gboolean
lfb_array_init_like (LfbArray   *self,
                     LfbDType    dtype,
                     LfbTensor  *like,
                     GError    **error)
{
  gsize n_dims;
  const gint64 *shape = lfb_tensor_get_shape (like, &n_dims);

  return lfb_array_init (self, dtype, shape, n_dims, error);
}

void
lfb_array_copy (LfbArray  *self,
                LfbTensor *from)
{
  gsize size;
  gconstpointer data = lfb_tensor_get_data (from, &size);

  g_assert (size == self->size);
  if (size > 0)
    memcpy (self->data, data, size);
}

void
lfb_array_clear (LfbArray *self)
{
  if (!self->placed)
    g_free (self->data);
  self->data = NULL;
}

LfbTensor *
lfb_array_seal (LfbArray  *self,
                GError   **error)
{
  g_autoptr (GBytes) bytes = NULL;

  g_assert (!self->placed);
  bytes = g_bytes_new_take (g_steal_pointer (&self->data), self->size);

  return lfb_tensor_new_for_bytes (self->dtype, self->shape, self->n_dims, bytes, error);
}

LfbTensor *
lfb_array_seal_quantized (LfbArray  *self,
                          LfbDType   dtype,
                          double     scale,
                          gint64     zero_point,
                          GError   **error)
{
  g_autoptr (LfbTensor) integers = lfb_array_seal (self, error);

  if (integers == NULL)
    return NULL;

  return lfb_tensor_new_quantized (integers, scale, zero_point, dtype, error);
}

/* With the dtype of @like, and its scale and zero point if it is quantized. */
LfbTensor *
lfb_array_seal_like (LfbArray   *self,
                     LfbTensor  *like,
                     GError    **error)
{
  if (!lfb_tensor_is_quantized (like))
    return lfb_array_seal (self, error);

  return lfb_array_seal_quantized (self, lfb_tensor_get_dtype (like), lfb_tensor_get_scale (like),
                                   lfb_tensor_get_zero_point (like), error);
}

LfbTensor *
lfb_tensor_copy_memory (LfbTensor  *tensor,
                        GError    **error)
{
  g_autoptr (LfbTensor) integers = NULL;
  g_autoptr (GBytes) bytes = NULL;
  gsize n_dims, size;
  const gint64 *shape = lfb_tensor_get_shape (tensor, &n_dims);
  gconstpointer data = lfb_tensor_get_data (tensor, &size);

  bytes = g_bytes_new (data, size);
  integers = lfb_tensor_new_for_bytes (lfb_dtype_get_storage (lfb_tensor_get_dtype (tensor)), shape, n_dims, bytes, error);
  if (integers == NULL || !lfb_tensor_is_quantized (tensor))
    return g_steal_pointer (&integers);

  return lfb_tensor_new_quantized (integers, lfb_tensor_get_scale (tensor), lfb_tensor_get_zero_point (tensor),
                                   lfb_tensor_get_dtype (tensor), error);
}

/* A value that holds @tensor, which may be %NULL: then %NULL. Takes it. */
LfbValue *
lfb_value_take_tensor (LfbTensor *tensor)
{
  LfbValue *value;

  if (tensor == NULL)
    return NULL;
  value = lfb_value_for_tensor (tensor);
  g_object_unref (tensor);

  return value;
}

/* A list or tuple of tensors. Takes them, not the array. */
LfbValue *
lfb_value_take_tensors (LfbTensor **tensors,
                        gsize       n_tensors,
                        gboolean    tuple)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);

  for (gsize i = 0; i < n_tensors; i++)
    g_ptr_array_add (items, lfb_value_take_tensor (tensors[i]));

  return tuple ? lfb_value_for_tuple ((LfbValue **) items->pdata, items->len)
               : lfb_value_for_list ((LfbValue **) items->pdata, items->len);
}

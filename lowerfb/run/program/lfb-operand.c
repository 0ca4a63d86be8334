/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-operand-private.h. Dimensions of one element have no place: their
 * strides are never looked at.
 */

#include <lowerfb/run/program/lfb-operand-private.h>

#include <string.h>

gboolean
lfb_operand_init_tensor (LfbOperand *self,
                         LfbTensor  *tensor)
{
  LfbDType dtype = lfb_tensor_get_dtype (tensor);
  const gint64 *shape;
  gsize n_dims;

  shape = lfb_tensor_get_shape (tensor, &n_dims);
  if (n_dims > LFB_OPERAND_MAX_DIMS || lfb_dtype_get_bits (dtype) % 8 != 0 || lfb_tensor_is_per_channel (tensor))
    return FALSE;

  memset (self, 0, sizeof *self);
  self->dtype = dtype;
  if (lfb_tensor_is_quantized (tensor))
    {
      self->scale = lfb_tensor_get_scale (tensor);
      self->zero_point = lfb_tensor_get_zero_point (tensor);
    }
  self->n_dims = n_dims;
  for (gsize i = 0; i < n_dims; i++)
    self->shape[i] = shape[i];
  lfb_operand_set_row_major (self);

  return TRUE;
}

gsize
lfb_operand_item_size (const LfbOperand *self)
{
  return lfb_dtype_get_bits (self->dtype) / 8;
}

gsize
lfb_operand_n_elements (const LfbOperand *self)
{
  gsize n = 1;

  for (gsize i = 0; i < self->n_dims; i++)
    n *= self->shape[i];

  return n;
}

void
lfb_operand_set_row_major (LfbOperand *self)
{
  guint64 stride = 1;   /* what overflows is refused later */

  self->offset = 0;
  for (gsize i = self->n_dims; i-- > 0;)
    {
      self->strides[i] = stride;
      stride *= MAX (self->shape[i], 1);
    }
}

void
lfb_operand_set_channels_last (LfbOperand *self)
{
  guint64 stride;

  lfb_operand_set_row_major (self);
  if (self->n_dims < 3 || self->n_dims > 5)
    return;

  stride = MAX (self->shape[1], 1);
  self->strides[1] = 1;
  for (gsize i = self->n_dims; i-- > 2;)
    {
      self->strides[i] = stride;
      stride *= MAX (self->shape[i], 1);
    }
  self->strides[0] = stride;
}

/* Dimensions by falling stride; of equal ones the earlier comes first. */
static gsize
sort_dims (const LfbOperand *self,
           gsize            *order)
{
  gsize n = 0;

  for (gsize i = 0; i < self->n_dims; i++)
    {
      gsize at = n++;

      while (at > 0 && self->strides[order[at - 1]] < self->strides[i])
        {
          order[at] = order[at - 1];
          at--;
        }
      order[at] = i;
    }

  return n;
}

void
lfb_operand_set_order (LfbOperand       *self,
                       const LfbOperand *like)
{
  gsize order[LFB_OPERAND_MAX_DIMS], n = sort_dims (like, order);
  gint64 stride = 1;

  lfb_operand_set_row_major (self);
  for (gsize i = 0; i < n; i++)
    if (like->shape[i] > 1 && like->strides[i] == 0)
      return;
  for (gsize i = n; i-- > 0;)
    {
      self->strides[order[i]] = stride;
      stride *= MAX (self->shape[order[i]], 1);
    }
}

gboolean
lfb_operand_same_layout (const LfbOperand *a,
                         const LfbOperand *b)
{
  if (a->n_dims != b->n_dims)
    return FALSE;
  for (gsize i = 0; i < a->n_dims; i++)
    if (a->shape[i] != b->shape[i] || (a->shape[i] > 1 && a->strides[i] != b->strides[i]))
      return FALSE;

  return TRUE;
}

gboolean
lfb_operand_is_row_major (const LfbOperand *self)
{
  LfbOperand plain = *self;

  lfb_operand_set_row_major (&plain);

  return lfb_operand_same_layout (self, &plain);
}

gboolean
lfb_operand_is_dense (const LfbOperand *self)
{
  LfbOperand dense = *self;

  lfb_operand_set_order (&dense, self);

  return lfb_operand_same_layout (self, &dense);
}

/* Whether dimensions @first to the last follow each other without a gap, the
 * innermost with @stride; advances @stride past them.
 */
static gboolean
follow (const LfbOperand *self,
        gsize             first,
        gint64           *stride)
{
  for (gsize i = self->n_dims; i-- > first;)
    {
      if (self->shape[i] > 1 && self->strides[i] != *stride)
        return FALSE;
      *stride *= self->shape[i];
    }

  return TRUE;
}

/* The stride of the innermost of the dimensions from @first on that has more
 * than one element; 0 if none has.
 */
static gint64
inner_stride (const LfbOperand *self,
              gsize             first)
{
  for (gsize i = self->n_dims; i-- > first;)
    if (self->shape[i] > 1)
      return self->strides[i];

  return 0;
}

gboolean
lfb_operand_is_pixels (const LfbOperand *self,
                       gsize            *pixel_stride)
{
  gint64 stride, channels;

  if (self->n_dims < 3)
    return FALSE;
  channels = self->shape[1];
  if (channels > 1 && self->strides[1] != 1)
    return FALSE;

  stride = inner_stride (self, 2);
  if (stride == 0)
    stride = self->shape[0] > 1 ? self->strides[0] : channels;
  *pixel_stride = stride;
  if (stride < channels)
    return FALSE;

  return follow (self, 2, &stride) && (self->shape[0] <= 1 || self->strides[0] == stride);
}

gboolean
lfb_operand_is_rows (const LfbOperand *self,
                     gsize            *row_stride)
{
  gint64 stride = 0, columns;

  if (self->n_dims == 0)
    return FALSE;
  columns = self->shape[self->n_dims - 1];
  if (columns > 1 && self->strides[self->n_dims - 1] != 1)
    return FALSE;
  for (gsize i = self->n_dims - 1; i-- > 0 && stride == 0;)
    if (self->shape[i] > 1)
      stride = self->strides[i];
  if (stride == 0)
    stride = columns;
  *row_stride = stride;
  if (stride < columns)
    return FALSE;
  for (gsize i = self->n_dims - 1; i-- > 0;)
    {
      if (self->shape[i] > 1 && self->strides[i] != stride)
        return FALSE;
      stride *= self->shape[i];
    }

  return TRUE;
}

/* Neighbouring dimensions that one stride can walk are one; the new shape has to
 * split these.
 */
gboolean
lfb_operand_reshape (LfbOperand   *self,
                     const gint64 *shape,
                     gsize         n_dims)
{
  gint64 strides[LFB_OPERAND_MAX_DIMS];
  gssize to = (gssize) n_dims - 1;

  if (n_dims > LFB_OPERAND_MAX_DIMS)
    return FALSE;
  if (lfb_operand_n_elements (self) == 0)
    {
      gint64 offset = self->offset;

      self->n_dims = n_dims;
      memcpy (self->shape, shape, n_dims * sizeof *shape);
      lfb_operand_set_row_major (self);
      self->offset = offset;
      return TRUE;
    }

  for (gssize from = (gssize) self->n_dims - 1; from >= 0;)
    {
      gint64 size = self->shape[from], stride = self->strides[from], taken = 1;

      if (size == 1)
        {
          from--;
          continue;
        }
      while (--from >= 0 && (self->shape[from] == 1 || self->strides[from] == stride * size))
        size *= self->shape[from];
      while (to >= 0 && (taken < size || shape[to] == 1))
        {
          strides[to] = stride * taken;
          taken *= shape[to--];
        }
      if (taken != size)
        return FALSE;
    }
  while (to >= 0)
    strides[to--] = 1;

  self->n_dims = n_dims;
  memcpy (self->shape, shape, n_dims * sizeof *shape);
  memcpy (self->strides, strides, n_dims * sizeof *strides);

  return TRUE;
}

void
lfb_operand_insert_dim (LfbOperand *self,
                        gsize       at)
{
  memmove (self->shape + at + 1, self->shape + at, (self->n_dims - at) * sizeof *self->shape);
  memmove (self->strides + at + 1, self->strides + at, (self->n_dims - at) * sizeof *self->strides);
  self->shape[at] = 1;
  self->strides[at] = 0;
  self->n_dims++;
}

void
lfb_operand_remove_dim (LfbOperand *self,
                        gsize       at)
{
  self->n_dims--;
  memmove (self->shape + at, self->shape + at + 1, (self->n_dims - at) * sizeof *self->shape);
  memmove (self->strides + at, self->strides + at + 1, (self->n_dims - at) * sizeof *self->strides);
}

gboolean
lfb_operand_equal_meta (const LfbOperand *a,
                        const LfbOperand *b)
{
  return a->dtype == b->dtype && a->scale == b->scale && a->zero_point == b->zero_point && a->n_dims == b->n_dims &&
         (a->n_dims == 0 || memcmp (a->shape, b->shape, a->n_dims * sizeof *a->shape) == 0);
}

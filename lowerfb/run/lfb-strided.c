/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Moving elements: one strided copy from which permute, slices, expand and
 * broadcasting come. Tensors are row-major and immutable, so that a view of
 * other strides is a copy.
 */

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-runtime-private.h>

#include <string.h>

#define COPY_ROW(type) \
  do \
    { \
      type *to = (type *) dst; \
      const type *from = (const type *) src; \
      for (gint64 i_ = 0; i_ < n; i_++) \
        to[i_] = from[i_ * stride]; \
    } \
  while (0)

static void
copy_row (char       *dst,
          const char *src,
          gsize       item_size,
          gint64      n,
          gint64      stride)
{
  if (stride == 1)
    {
      memcpy (dst, src, n * item_size);
      return;
    }
  switch (item_size)
    {
    case 1:
      COPY_ROW (guint8);
      break;
    case 2:
      COPY_ROW (guint16);
      break;
    case 4:
      COPY_ROW (guint32);
      break;
    case 8:
      COPY_ROW (guint64);
      break;
    default:
      g_assert_not_reached ();
    }
}

/* Drops dimensions of 1 and joins those that follow each other without a gap. */
static gsize
simplify (const gint64 *shape,
          const gint64 *strides,
          gsize         n_dims,
          gint64       *new_shape,
          gint64       *new_strides)
{
  gsize n = 0;

  for (gsize i = 0; i < n_dims; i++)
    {
      if (shape[i] == 1)
        continue;
      if (n > 0 && new_strides[n - 1] == strides[i] * shape[i])
        {
          new_shape[n - 1] *= shape[i];
          new_strides[n - 1] = strides[i];
          continue;
        }
      new_shape[n] = shape[i];
      new_strides[n] = strides[i];
      n++;
    }
  if (n == 0)
    {
      new_shape[0] = 1;
      new_strides[0] = 1;
      n = 1;
    }

  return n;
}

/* Elements from which on the kernel is worth its call. */
#define MATRIX 64

/* Whether the last two dimensions of what is copied are a matrix whose rows lie
 * without gaps, but that is read by columns. */
static gboolean
is_turned_matrix (const gint64 *sizes,
                  const gint64 *steps,
                  gsize         n)
{
  return n >= 2 && steps[n - 2] == 1 && steps[n - 1] >= sizes[n - 2] && sizes[n - 2] * sizes[n - 1] >= MATRIX;
}

void
lfb_strided_copy (gpointer       dst,
                  gconstpointer  src,
                  gsize          item_size,
                  const gint64  *shape,
                  const gint64  *strides,
                  gsize          n_dims)
{
  gint64 sizes[LFB_TENSOR_MAX_DIMS + 1], steps[LFB_TENSOR_MAX_DIMS + 1], index[LFB_TENSOR_MAX_DIMS + 1] = { 0 };
  const char *from = src;
  char *to = dst;
  gsize n, inner, n_part;
  LfbTransposeKernel transpose;
  LfbMatrix matrix;

  for (gsize i = 0; i < n_dims; i++)
    if (shape[i] == 0)
      return;
  n = simplify (shape, strides, n_dims, sizes, steps);
  inner = n - 1;
  n_part = sizes[inner];
  if (is_turned_matrix (sizes, steps, n))
    {
      matrix = (LfbMatrix) { sizes[inner], sizes[inner - 1], steps[inner], sizes[inner] };
      n_part *= sizes[--inner];
      lfb_transpose_init (&transpose, lfb_runtime_cpu_flags ());
    }

  for (;;)
    {
      gsize d = inner;

      if (inner < n - 1)
        transpose.run (from, to, item_size, &matrix);
      else
        copy_row (to, from, item_size, sizes[inner], steps[inner]);
      to += n_part * item_size;
      while (d > 0)
        {
          d--;
          from += steps[d] * (gint64) item_size;
          if (++index[d] < sizes[d])
            break;
          from -= steps[d] * sizes[d] * (gint64) item_size;
          index[d] = 0;
          if (d == 0)
            return;
        }
      if (inner == 0)
        return;
    }
}

LfbTensor *
lfb_tensor_restride (LfbTensor     *tensor,
                     gint64         offset,
                     const gint64  *shape,
                     const gint64  *strides,
                     gsize          n_dims,
                     GError       **error)
{
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  gsize item_size = lfb_dtype_size (lfb_tensor_get_dtype (tensor));

  if (!lfb_check_movable ("input", tensor, error) ||
      !lfb_array_init (&array, lfb_tensor_get_dtype (tensor), shape, n_dims, error))
    return NULL;
  if (array.n_elements > 0)
    lfb_strided_copy (array.data, (const char *) lfb_tensor_get_data (tensor, NULL) + offset * (gint64) item_size,
                      item_size, shape, strides, n_dims);

  return lfb_array_seal_like (&array, tensor, error);
}

/* Dimension i of the result is dimension @order[i] of @tensor. */
LfbTensor *
lfb_tensor_permute (LfbTensor    *tensor,
                    const gsize  *order,
                    GError      **error)
{
  gint64 own[LFB_TENSOR_MAX_DIMS], shape[LFB_TENSOR_MAX_DIMS], strides[LFB_TENSOR_MAX_DIMS];
  gsize n_dims;
  const gint64 *sizes = lfb_tensor_get_shape (tensor, &n_dims);
  gsize last = 0;
  gboolean moves = FALSE;

  lfb_shape_strides (sizes, n_dims, own);
  for (gsize i = 0; i < n_dims; i++)
    {
      shape[i] = sizes[order[i]];
      strides[i] = own[order[i]];
      /* Dimensions of 1 may stand anywhere. */
      if (shape[i] == 1)
        continue;
      moves |= order[i] < last;
      last = order[i];
    }
  if (!moves && !lfb_tensor_is_per_channel (tensor))
    return lfb_tensor_reshape (tensor, shape, n_dims, error);

  return lfb_tensor_restride (tensor, 0, shape, strides, n_dims, error);
}

LfbTensor *
lfb_tensor_broadcast (LfbTensor     *tensor,
                      const gint64  *shape,
                      gsize          n_dims,
                      GError       **error)
{
  gint64 own[LFB_TENSOR_MAX_DIMS], strides[LFB_TENSOR_MAX_DIMS];
  gsize n_own;
  const gint64 *sizes = lfb_tensor_get_shape (tensor, &n_own);

  g_assert (n_own <= n_dims);
  if (n_own == n_dims && lfb_sizes_equal (sizes, shape, n_dims))
    return g_object_ref (tensor);

  lfb_shape_strides (sizes, n_own, own);
  for (gsize i = 0; i < n_dims; i++)
    {
      gsize skipped = n_dims - n_own;

      strides[i] = i < skipped || sizes[i - skipped] == 1 ? 0 : own[i - skipped];
    }

  return lfb_tensor_restride (tensor, 0, shape, strides, n_dims, error);
}

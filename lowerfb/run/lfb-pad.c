/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-pad-private.h. One dimension after the other: where an index of the
 * result comes from is a small table, and what is inside one index is copied
 * whole.
 */

#include <lowerfb/run/lfb-pad-private.h>

#include <string.h>

/* As convolutions call them; pad says constant for zeros. */
static const char * const mode_names[] = {
  [LFB_PAD_CONSTANT] = "zeros",
  [LFB_PAD_REFLECT] = "reflect",
  [LFB_PAD_REPLICATE] = "replicate",
  [LFB_PAD_CIRCULAR] = "circular",
};

gboolean
lfb_pad_mode_parse (const char  *name,
                    const char  *text,
                    LfbPadMode  *mode,
                    GError     **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (mode_names); i++)
    if (strcmp (text, mode_names[i]) == 0)
      {
        *mode = i;
        return TRUE;
      }
  if (strcmp (text, "constant") == 0)
    {
      *mode = LFB_PAD_CONSTANT;
      return TRUE;
    }

  g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
               "argument `%s` is '%.40s', expected 'constant' ('zeros'), 'reflect', 'replicate' or 'circular'",
               name, text);
  return FALSE;
}

const char *
lfb_pad_mode_to_string (LfbPadMode mode)
{
  return mode_names[mode];
}

/* Where index @i of the padded dimension comes from; -1: the fill. */
static gint64
source_index (gint64     i,
              gint64     before,
              gint64     size,
              LfbPadMode mode)
{
  gint64 at = i - before;

  if (at >= 0 && at < size)
    return at;

  switch (mode)
    {
    case LFB_PAD_REFLECT:
      return at < 0 ? -at : 2 * (size - 1) - at;
    case LFB_PAD_REPLICATE:
      return at < 0 ? 0 : size - 1;
    case LFB_PAD_CIRCULAR:
      return at < 0 ? at + size : at - size;
    default:
      return -1;
    }
}

static gboolean
check_amount (gint64       amount,
              gint64       size,
              LfbPadMode   mode,
              GError     **error)
{
  static const char * const names[] = { "constant", "reflect", "replicate", "circular" };
  gint64 most = mode == LFB_PAD_REFLECT ? size - 1 : mode == LFB_PAD_CIRCULAR ? size : G_MAXINT32;

  /* An empty dimension has nothing to repeat. */
  if (size == 0 && mode != LFB_PAD_CONSTANT)
    most = 0;
  if (amount <= most)
    return TRUE;

  g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
               "a padding of %" G_GINT64_FORMAT " in a dimension of %" G_GINT64_FORMAT
               " is too much for the mode '%s', expected at most %" G_GINT64_FORMAT,
               amount, size, names[mode], MAX (most, 0));

  return FALSE;
}

static LfbTensor *
pad_dimension (LfbTensor      *tensor,
               gsize           dim,
               gint64          before,
               gint64          after,
               LfbPadMode      mode,
               gconstpointer   fill,
               GError        **error)
{
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  gint64 shape[LFB_TENSOR_MAX_DIMS];
  gsize n_dims, outer = 1, inner = 1;
  const gint64 *own = lfb_tensor_get_shape (tensor, &n_dims);
  gsize item_size = lfb_dtype_size (lfb_tensor_get_dtype (tensor));
  const char *from = lfb_tensor_get_data (tensor, NULL);
  char *to;

  lfb_sizes_copy (shape, own, n_dims);
  if (!check_amount (before, own[dim], mode, error) || !check_amount (after, own[dim], mode, error))
    return NULL;
  shape[dim] += before + after;
  if (!lfb_array_init (&array, lfb_tensor_get_dtype (tensor), shape, n_dims, error))
    return NULL;

  for (gsize i = 0; i < dim; i++)
    outer *= own[i];
  for (gsize i = dim + 1; i < n_dims; i++)
    inner *= own[i];
  to = array.data;
  for (gsize o = 0; o < outer && array.n_elements > 0; o++)
    for (gint64 i = 0; i < shape[dim]; i++)
      {
        gint64 at = source_index (i, before, own[dim], mode);

        if (at >= 0)
          memcpy (to, from + (o * own[dim] + at) * inner * item_size, inner * item_size);
        else if (item_size == 1)
          memset (to, *(const guint8 *) fill, inner);
        else
          for (gsize j = 0; j < inner; j++)
            memcpy (to + j * item_size, fill, item_size);
        to += inner * item_size;
      }

  return lfb_array_seal_like (&array, tensor, error);
}

/* Of an image one dimension may be cut to nothing, as in torch, but not all. */
static gboolean
check_remains (LfbTensor     *tensor,
               gsize          n,
               const gint64  *before,
               const gint64  *after,
               GError       **error)
{
  gsize first = lfb_tensor_get_n_dims (tensor) - n;
  g_autofree char *shape = NULL;

  for (gsize i = 0; i < n; i++)
    if (lfb_tensor_get_dim (tensor, first + i) + before[i] + after[i] > 0)
      return TRUE;
  if (n == 0)
    return TRUE;

  shape = lfb_tensor_describe_shape (tensor);
  g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE, "the padding leaves nothing of the shape %s", shape);

  return FALSE;
}

/* What a constant goes around is cut first, as in torch. */
static gboolean
check_cut (gint64   size,
           gint64   before,
           gint64   after,
           GError **error)
{
  gint64 left;

  if (!__builtin_add_overflow (size, MIN (before, 0), &left) && !__builtin_add_overflow (left, MIN (after, 0), &left) && left >= 0)
    return TRUE;

  g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
               "the padding of %" G_GINT64_FORMAT " and %" G_GINT64_FORMAT " cuts more than a size of %" G_GINT64_FORMAT, before,
               after, size);

  return FALSE;
}

LfbTensor *
lfb_tensor_pad (LfbTensor      *tensor,
                gsize           n,
                const gint64   *before,
                const gint64   *after,
                LfbPadMode      mode,
                gconstpointer   fill,
                GError        **error)
{
  g_autoptr (LfbTensor) result = g_object_ref (tensor);
  gsize n_dims = lfb_tensor_get_n_dims (tensor);

  if (!lfb_check_movable ("input", tensor, error))
    return NULL;

  g_assert (n <= n_dims);
  if (mode != LFB_PAD_CONSTANT && !check_remains (tensor, n, before, after, error))
    return NULL;
  for (gsize i = 0; i < n; i++)
    {
      LfbTensor *next;

      if (before[i] == 0 && after[i] == 0)
        continue;
      if (mode == LFB_PAD_CONSTANT &&
          !check_cut (lfb_tensor_get_dim (tensor, n_dims - n + i), before[i], after[i], error))
        return NULL;
      next = pad_dimension (result, n_dims - n + i, before[i], after[i], mode, fill, error);
      if (next == NULL)
        return NULL;
      g_object_unref (result);
      result = next;
    }

  return g_steal_pointer (&result);
}

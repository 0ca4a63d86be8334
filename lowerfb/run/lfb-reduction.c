/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-reduction-private.h. */

#include <lowerfb/run/lfb-reduction-private.h>

#include <string.h>

gboolean
lfb_check_plain (const char  *name,
                 LfbTensor   *tensor,
                 GError     **error)
{
  if (!lfb_tensor_is_quantized (tensor))
    return TRUE;

  g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE,
               "argument `%s` is quantized (%s), expected floats or plain integers", name,
               lfb_dtype_to_string (lfb_tensor_get_dtype (tensor)));

  return FALSE;
}

gboolean
lfb_reduction_read (LfbReduction  *self,
                    LfbCall       *call,
                    LfbTensor     *input,
                    GError       **error)
{
  gint64 dims[LFB_TENSOR_MAX_DIMS];
  gsize n_listed = 0, n_dims;
  const gint64 *shape = lfb_tensor_get_shape (input, &n_dims);
  gboolean keepdim = FALSE;

  memset (self, 0, sizeof *self);
  if (!lfb_call_ints (call, "dim", dims, LFB_TENSOR_MAX_DIMS, &n_listed, error) ||
      !lfb_call_bool (call, "keepdim", &keepdim, error))
    return FALSE;
  for (gsize i = 0; i < n_listed; i++)
    {
      gsize dim;

      if (!lfb_check_dim ("dim", dims[i], n_dims, &dim, error))
        return FALSE;
      if (self->reduced[dim])
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument `dim` names dimension %" G_GSIZE_FORMAT " twice", dim);
          return FALSE;
        }
      self->reduced[dim] = TRUE;
    }

  self->n_reduced = 1;
  for (gsize i = 0; i < n_dims; i++)
    {
      self->reduced[i] |= n_listed == 0;
      if (self->reduced[i])
        self->n_reduced *= shape[i];
      if (!self->reduced[i] || keepdim)
        self->shape[self->n_dims++] = self->reduced[i] ? 1 : shape[i];
    }

  return TRUE;
}

LfbTensor *
lfb_reduction_rows (const LfbReduction  *self,
                    LfbTensor           *input,
                    GError             **error)
{
  gsize order[LFB_TENSOR_MAX_DIMS], n = 0, n_dims = lfb_tensor_get_n_dims (input);

  for (gsize i = 0; i < n_dims; i++)
    if (!self->reduced[i])
      order[n++] = i;
  for (gsize i = 0; i < n_dims; i++)
    if (self->reduced[i])
      order[n++] = i;

  return lfb_tensor_permute (input, order, error);
}

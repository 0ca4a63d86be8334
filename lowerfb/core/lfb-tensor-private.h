/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The body of a tensor, for the files that make plain and quantized ones. */

#pragma once

#include <lowerfb/core/lfb-tensor.h>

G_BEGIN_DECLS

typedef struct _LfbQuantizing LfbQuantizing;

struct _LfbTensor
{
  GObject parent_instance;

  LfbDType dtype;
  LfbQScheme qscheme;
  gsize n_dims;
  gint64 *shape;
  gint64 n_elements;
  char *name;

  /* one of these; _lfb_tensor_get_bytes() knows which */
  GBytes *bytes;
  LfbQuantizing *quantizing;
  gboolean is_lent; /* of memory whose owner may change it once this is gone */
  gboolean is_mapped; /* pages of a file, never written to */

  /* quantized tensors only */
  LfbTensor *integers;
  double scale;
  gint64 zero_point;
  LfbTensor *scales;
  LfbTensor *zero_points;
  gint64 axis;
};

LfbQuantizing *_lfb_quantizing_ref       (LfbQuantizing *self);
void           _lfb_quantizing_unref     (LfbQuantizing *self);
gsize          _lfb_quantizing_get_size  (LfbQuantizing *self);
GBytes        *_lfb_quantizing_get_bytes (LfbQuantizing *self);
/* The integers where they are, or computed into memory for the caller alone: then
 * @own is that memory and @source what they were computed from. */
gboolean       _lfb_quantizing_read      (LfbQuantizing *self,
                                          gconstpointer *data,
                                          gpointer      *own,
                                          LfbTensor    **source,
                                          GError       **error);

/* Borrowed. Integers that wait to be computed are computed now. */
static inline GBytes *
_lfb_tensor_get_bytes (LfbTensor *self)
{
  return self->quantizing != NULL ? _lfb_quantizing_get_bytes (self->quantizing) : self->bytes;
}

static inline gsize
_lfb_tensor_get_size (LfbTensor *self)
{
  return self->quantizing != NULL ? _lfb_quantizing_get_size (self->quantizing) : g_bytes_get_size (self->bytes);
}

void       _lfb_tensor_share_bytes     (LfbTensor     *self,
                                        LfbTensor     *source);
char      *_lfb_tensor_shape_to_string (const gint64  *shape,
                                        gsize          n_dims);
gboolean   _lfb_tensor_measure         (LfbDType       dtype,
                                        const gint64  *shape,
                                        gsize          n_dims,
                                        gint64        *n_elements,
                                        gsize         *n_bytes,
                                        GError       **error);
LfbTensor *_lfb_tensor_alloc           (LfbDType       dtype,
                                        const gint64  *shape,
                                        gsize          n_dims,
                                        gint64         n_elements);

G_END_DECLS

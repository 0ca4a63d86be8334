/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The body of a tensor, for the files that make plain and quantized ones. */

#pragma once

#include <lowerfb/core/lfb-tensor.h>

G_BEGIN_DECLS

struct _LfbTensor
{
  GObject parent_instance;

  LfbDType dtype;
  LfbQScheme qscheme;
  gsize n_dims;
  gint64 *shape;
  gint64 n_elements;
  char *name;

  GBytes *bytes;

  /* quantized tensors only */
  LfbTensor *integers;
  double scale;
  gint64 zero_point;
  LfbTensor *scales;
  LfbTensor *zero_points;
  gint64 axis;
};

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

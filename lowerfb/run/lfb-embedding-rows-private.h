/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The rows of an embedding, float or in 8, 4 and 2 bits. */

#pragma once

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-call-private.h>

G_BEGIN_DECLS

/* A matrix of rows, float or quantized. */
typedef struct {
  gsize n_rows;
  gsize width;
  LfbTensor *floats;    /* owned; %NULL: quantized */
  const guint8 *bytes;
  guint bits;
  float *scales;
  float *biases;

  gboolean has_max_norm;
  double max_norm;
  double norm_type;
} LfbRows;

/* Of @weight, with the call's max_norm and norm_type. */
gboolean lfb_rows_init           (LfbRows        *self,
                                  LfbCall        *call,
                                  LfbTensor      *weight,
                                  GError        **error);
/* Scales and biases of a quantized weight; n_rows is set. */
gboolean lfb_rows_read_quantized (LfbRows        *self,
                                  LfbTensor      *weight,
                                  GError        **error);
void     lfb_rows_clear          (LfbRows        *self);

/* One row into @y, multiplied and added to it, or where it is larger. */
void     lfb_rows_copy           (const LfbRows  *self,
                                  gsize           row,
                                  float          *y);
void     lfb_rows_add            (const LfbRows  *self,
                                  gsize           row,
                                  float           weight,
                                  float          *y);
void     lfb_rows_max            (const LfbRows  *self,
                                  gsize           row,
                                  gboolean        first,
                                  float          *y);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LfbRows, lfb_rows_clear)

G_END_DECLS

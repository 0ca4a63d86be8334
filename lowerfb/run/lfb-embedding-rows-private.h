/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The rows of an embedding, float or in 8, 4 and 2 bits. */

#pragma once

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-call-private.h>
#include <lowerfb/run/lfb-runtime-private.h>

G_BEGIN_DECLS

/* A matrix of rows, float or quantized. The weight outlives it. */
typedef struct {
  gsize n_rows;
  gsize width;
  LfbTensor *floats;    /* owned; %NULL: quantized */
  const guint8 *bytes;
  guint bits;
  const float *scales;  /* of each row */
  const float *zero_points;
  float *made_scales;   /* owned, where the weight's are of another type */
  float *made_zero_points;

  gboolean has_max_norm;
  double max_norm;
  double norm_type;
} LfbRows;

/* Of @weight, with the call's max_norm and norm_type. */
gboolean lfb_rows_init           (LfbRows        *self,
                                  LfbCall        *call,
                                  LfbTensor      *weight,
                                  GError        **error);
/* Scales and zero points of a quantized weight. */
gboolean lfb_rows_read_quantized (LfbRows        *self,
                                  LfbTensor      *weight,
                                  GError        **error);
void     lfb_rows_clear          (LfbRows        *self);

/* Whether each index is a row; @name is that of the argument. */
gboolean lfb_rows_check_indices  (const char     *name,
                                  const gint64   *indices,
                                  gsize           n,
                                  gsize           n_rows,
                                  GError        **error);
/* Where bags of @n indices begin, and where the last one ends: from @starts, the
 * last of which may be that end. @bags has @n_starts + 1 numbers. */
gboolean lfb_rows_fill_bags      (const gint64   *starts,
                                  gsize           n_starts,
                                  gsize           n,
                                  gboolean        last_offset,
                                  gint64         *bags,
                                  GError        **error);

/* Bags @begin to @end - 1 by the kernels: of quantized rows without max_norm. */
gboolean lfb_rows_have_kernel    (const LfbRows      *self);
void     lfb_rows_run_kernel     (const LfbRows      *self,
                                  const LfbRuntime   *runtime,
                                  const LfbEmbedding *bags,
                                  gsize               n_bags,
                                  float              *y);

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

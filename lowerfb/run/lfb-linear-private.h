/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The int8 linear product on rows, packed once and used by the linear
 * operators and the recurrent ones.
 */

#pragma once

#include <lowerfb/run/lfb-packing-private.h>
#include <lowerfb/run/lfb-quantized-private.h>

G_BEGIN_DECLS

typedef struct {
  gsize n;               /* outputs */
  gsize k;               /* inputs */
  LfbWeightParams params;
  void *packed;          /* %NULL: a float16 weight */
  float *half;           /* its values, n rows of k, rounded to half */

  /* What it was made from and with, for others who want the same. */
  LfbTensor *weight;
  LfbTensor *bias;
  LfbLinearKernel kernel;
  LfbPackingChunk *chunk;
} LfbPackedRows;

/* Of a qint8 matrix (n, k), or of a float matrix that is to be rounded to half
 * and saturated. Shared with others who packed the same. */
LfbPackedRows *lfb_packed_rows_new        (const LfbRuntime     *runtime,
                                           LfbTensor            *weight,
                                           LfbTensor            *bias,
                                           GError              **error);
void           lfb_packed_rows_free       (LfbPackedRows        *self);

/* y[m][n], static: quantized output. */
gboolean       lfb_packed_rows_run_u8     (const LfbPackedRows  *self,
                                           const LfbRuntime     *runtime,
                                           const guint8         *x,
                                           gsize                 m,
                                           const LfbRequantize  *output,
                                           guint8               *y,
                                           GError              **error);
gboolean       lfb_packed_rows_run_f32    (const LfbPackedRows  *self,
                                           const LfbRuntime     *runtime,
                                           const guint8         *x,
                                           gsize                 m,
                                           const LfbRescale     *output,
                                           float                *y,
                                           GError              **error);
/* Scale and zero point for the range of @n floats; it is an error if there are none, or
 * some are not finite. */
gboolean       lfb_packed_rows_choose_dynamic (const LfbRuntime *runtime,
                                               const float      *x,
                                               gsize             n,
                                               gboolean          reduce_range,
                                               double           *scale,
                                               gint32           *zero_point,
                                               GError          **error);
/* @x is quantized on its way into the product, with @x_scale and the zero point of the
 * output; where several threads need all of it, in @q, which has place for it. */
gboolean       lfb_packed_rows_run_floats  (const LfbPackedRows *self,
                                            const LfbRuntime    *runtime,
                                            const float         *x,
                                            gsize                m,
                                            float                x_scale,
                                            const LfbRescale    *output,
                                            guint8              *q,
                                            float               *y,
                                            GError             **error);
/* What a dynamic product works on besides input and output, 64-byte aligned. */
typedef struct {
  float *multiplier;     /* lfb_output_length (n) */
  float *bias;           /* as many */
  guint8 *q;             /* of the input, m x k */
} LfbDynamicWork;

/* Bytes for products of @m rows, and where all is in them. */
gsize          lfb_dynamic_work_size  (const LfbPackedRows *rows,
                                       gsize                m);
LfbDynamicWork lfb_dynamic_work_place (const LfbPackedRows *rows,
                                       gpointer             memory);
/* Dynamic: @x is quantized with its own range (reduced if asked), or a half
 * weight is multiplied in float32. */
gboolean       lfb_packed_rows_run_dynamic (const LfbPackedRows *self,
                                            const LfbRuntime    *runtime,
                                            const float         *x,
                                            gsize                m,
                                            gboolean             reduce_range,
                                            gboolean             relu,
                                            float               *y,
                                            GError             **error);
/* The same, without memory of its own. */
gboolean       lfb_packed_rows_work_dynamic (const LfbPackedRows  *self,
                                             const LfbRuntime     *runtime,
                                             const float          *x,
                                             gsize                 m,
                                             gboolean              reduce_range,
                                             gboolean              relu,
                                             const LfbDynamicWork *work,
                                             float                *y,
                                             GError              **error);

G_END_DECLS

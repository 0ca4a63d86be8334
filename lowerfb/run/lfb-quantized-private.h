/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Between floats and integers: the rules of numerics.md on whole tensors, by
 * the kernels, and what products need to know about a quantized weight.
 */

#pragma once

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-runtime-private.h>

G_BEGIN_DECLS

/* @q holds one integer of @dtype for each float. */
void       lfb_quantize_floats   (const LfbRuntime *runtime,
                                  const float      *x,
                                  gpointer          q,
                                  gsize             n,
                                  double            scale,
                                  gint64            zero_point,
                                  LfbDType          dtype);
LfbTensor *lfb_quantize          (const LfbRuntime *runtime,
                                  LfbTensor        *tensor,
                                  double            scale,
                                  gint64            zero_point,
                                  LfbDType          dtype,
                                  GError          **error);
LfbTensor *lfb_quantize_channels (const LfbRuntime *runtime,
                                  LfbTensor        *tensor,
                                  LfbTensor        *scales,
                                  LfbTensor        *zero_points,
                                  gint64            axis,
                                  LfbDType          dtype,
                                  GError          **error);
/* Scale and zero point from the data; LFB_ERROR_RANGE if it is empty or not
 * finite. */
gboolean   lfb_choose_dynamic    (const LfbRuntime *runtime,
                                  LfbTensor        *tensor,
                                  LfbDType          dtype,
                                  gboolean          reduce_range,
                                  double           *scale,
                                  gint64           *zero_point,
                                  GError          **error);
LfbTensor *lfb_quantize_dynamic  (const LfbRuntime *runtime,
                                  LfbTensor        *tensor,
                                  LfbDType          dtype,
                                  gboolean          reduce_range,
                                  GError          **error);
/* Float32 of a quantized tensor; other tensors are converted to float32. */
LfbTensor *lfb_dequantize        (const LfbRuntime *runtime,
                                  LfbTensor        *tensor,
                                  GError          **error);

/* A 256-entry table applied to the bytes of a tensor. */
LfbTensor *lfb_lookup_tensor     (const LfbRuntime *runtime,
                                  LfbTensor        *tensor,
                                  const guint8     *table,
                                  double            scale,
                                  gint64            zero_point,
                                  GError          **error);

/* Elements of a vector as float or int32; freed with g_free(). */
float     *lfb_vector_floats     (LfbTensor        *vector);
gint32    *lfb_vector_ints       (LfbTensor        *vector);

/* The bias of a packed weight with @n outputs. */
gboolean   lfb_check_bias           (LfbTensor             *bias,
                                     gsize                  n,
                                     GError               **error);

/* What the output stage of a product needs of a weight of @n outputs. */
typedef struct {
  gsize n;
  float *scales;
  gsize n_scales;        /* 1 or n */
  gint32 *zero_points;   /* n; NULL: all 0 */
  float *bias;           /* NULL: none */
} LfbWeightParams;

/* @axis: which dimension of the weight the outputs are; scales that are fewer
 * repeat (groups of a transposed convolution). */
gboolean   lfb_weight_params_init   (LfbWeightParams       *self,
                                     LfbTensor             *weight,
                                     gint64                 axis,
                                     LfbTensor             *bias,
                                     gsize                  n,
                                     GError               **error);
void       lfb_weight_params_clear  (LfbWeightParams       *self);

/* The parameter arrays of LfbRequantize or LfbRescale, aligned. */
typedef struct {
  float *multiplier;
  float *bias;
} LfbOutputStage;

/* @y_scale 0: for a float output (LfbRescale). */
gboolean   lfb_output_stage_alloc   (LfbOutputStage        *self,
                                     gsize                  n,
                                     GError               **error);
gboolean   lfb_output_stage_init    (LfbOutputStage        *self,
                                     const LfbWeightParams *weight,
                                     double                 x_scale,
                                     double                 y_scale,
                                     GError               **error);
/* float (acc) itself: multiplier 1, bias 0. */
gboolean   lfb_output_stage_init_sum (LfbOutputStage       *self,
                                      gsize                 n,
                                      GError              **error);
void       lfb_output_stage_clear   (LfbOutputStage        *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LfbOutputStage, lfb_output_stage_clear)

G_END_DECLS

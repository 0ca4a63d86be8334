/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An immutable, row-major array of numbers with its quantization parameters. */

#pragma once

#include <lowerfb/core/lfb-types.h>

G_BEGIN_DECLS

/**
 * LFB_TENSOR_MAX_DIMS:
 *
 * The most dimensions that a tensor can have, as in PyTorch.
 */
#define LFB_TENSOR_MAX_DIMS 64

#define LFB_TYPE_TENSOR (lfb_tensor_get_type ())

LFB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (LfbTensor, lfb_tensor, LFB, TENSOR, GObject)

/**
 * LfbQParams: (skip)
 * @dtype: the quantized type
 * @qscheme: the scheme, which says what of the rest counts
 * @scale: per tensor, the real number one step stands for
 * @zero_point: per tensor, the integer that stands for 0
 * @scales: per channel, a vector of scales
 * @zero_points: per channel, a vector of zero points
 * @axis: per channel, the dimension along which they differ
 *
 * How to read the integers of a quantized tensor, gathered for the constructor
 * that takes every scheme. Tensors are borrowed, not owned.
 */
typedef struct {
  LfbDType dtype;
  LfbQScheme qscheme;
  double scale;
  gint64 zero_point;
  LfbTensor *scales;
  LfbTensor *zero_points;
  gint64 axis;
} LfbQParams;

LFB_AVAILABLE_IN_1_0
LfbTensor    *lfb_tensor_new_for_bytes             (LfbDType          dtype,
                                                    const gint64     *shape,
                                                    gsize             n_dims,
                                                    GBytes           *bytes,
                                                    GError          **error);
LFB_AVAILABLE_IN_1_0
LfbTensor    *lfb_tensor_new_for_pointer           (LfbDType          dtype,
                                                    const gint64     *shape,
                                                    gsize             n_dims,
                                                    guint64           address,
                                                    gsize             size,
                                                    GObject          *owner,
                                                    GError          **error);
LFB_AVAILABLE_IN_1_0
LfbTensor    *lfb_tensor_new_quantized             (LfbTensor        *integers,
                                                    double            scale,
                                                    gint64            zero_point,
                                                    LfbDType          dtype,
                                                    GError          **error);
LFB_AVAILABLE_IN_1_0
LfbTensor    *lfb_tensor_new_quantized_per_channel (LfbTensor        *integers,
                                                    LfbTensor        *scales,
                                                    LfbTensor        *zero_points,
                                                    gint64            axis,
                                                    LfbDType          dtype,
                                                    GError          **error);
LFB_AVAILABLE_IN_1_0
LfbTensor    *lfb_tensor_new_with_qparams          (LfbTensor        *integers,
                                                    const gint64     *shape,
                                                    gsize             n_dims,
                                                    const LfbQParams *qparams,
                                                    GError          **error);
LFB_AVAILABLE_IN_1_0
LfbTensor    *lfb_tensor_new_named                 (LfbTensor        *self,
                                                    const char       *name);
LFB_AVAILABLE_IN_1_0
LfbTensor    *lfb_tensor_reshape                   (LfbTensor        *self,
                                                    const gint64     *shape,
                                                    gsize             n_dims,
                                                    GError          **error);

LFB_AVAILABLE_IN_1_0
LfbDType      lfb_tensor_get_dtype                 (LfbTensor        *self);
LFB_AVAILABLE_IN_1_0
const gint64 *lfb_tensor_get_shape                 (LfbTensor        *self,
                                                    gsize            *n_dims);
LFB_AVAILABLE_IN_1_0
gsize         lfb_tensor_get_n_dims                (LfbTensor        *self);
LFB_AVAILABLE_IN_1_0
gint64        lfb_tensor_get_dim                   (LfbTensor        *self,
                                                    gsize             dim);
LFB_AVAILABLE_IN_1_0
gint64        lfb_tensor_get_n_elements            (LfbTensor        *self);
LFB_AVAILABLE_IN_1_0
const char   *lfb_tensor_get_name                  (LfbTensor        *self);
LFB_AVAILABLE_IN_1_0
GBytes       *lfb_tensor_get_bytes                 (LfbTensor        *self);
LFB_AVAILABLE_IN_1_0
guint64       lfb_tensor_get_address               (LfbTensor        *self);
LFB_AVAILABLE_IN_1_0
gconstpointer lfb_tensor_get_data                  (LfbTensor        *self,
                                                    gsize            *size);

LFB_AVAILABLE_IN_1_0
gboolean      lfb_tensor_is_quantized              (LfbTensor        *self);
LFB_AVAILABLE_IN_1_0
gboolean      lfb_tensor_is_per_channel            (LfbTensor        *self);
LFB_AVAILABLE_IN_1_0
LfbQScheme    lfb_tensor_get_qscheme               (LfbTensor        *self);
LFB_AVAILABLE_IN_1_0
double        lfb_tensor_get_scale                 (LfbTensor        *self);
LFB_AVAILABLE_IN_1_0
gint64        lfb_tensor_get_zero_point            (LfbTensor        *self);
LFB_AVAILABLE_IN_1_0
gint64        lfb_tensor_get_axis                  (LfbTensor        *self);
LFB_AVAILABLE_IN_1_0
LfbTensor    *lfb_tensor_get_scales                (LfbTensor        *self);
LFB_AVAILABLE_IN_1_0
LfbTensor    *lfb_tensor_get_zero_points           (LfbTensor        *self);
LFB_AVAILABLE_IN_1_0
LfbTensor    *lfb_tensor_get_integers              (LfbTensor        *self);
LFB_AVAILABLE_IN_1_0
LfbTensor    *lfb_tensor_dequantize                (LfbTensor        *self,
                                                    GError          **error);
LFB_AVAILABLE_IN_1_0
LfbTensor    *lfb_tensor_quantize                  (LfbTensor        *self,
                                                    const LfbQParams *qparams,
                                                    GError          **error);

LFB_AVAILABLE_IN_1_0
gboolean      lfb_tensor_equal                     (LfbTensor        *self,
                                                    LfbTensor        *other);
LFB_AVAILABLE_IN_1_0
char         *lfb_tensor_to_string                 (LfbTensor        *self);

G_END_DECLS

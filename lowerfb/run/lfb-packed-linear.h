/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A linear layer's weight packed for this CPU, and the int8 kernels that use it. */

#pragma once

#include <lowerfb/core/lfb-buffer.h>
#include <lowerfb/core/lfb-tensor.h>
#include <lowerfb/core/lfb-value.h>

G_BEGIN_DECLS

#define LFB_TYPE_PACKED_LINEAR (lfb_packed_linear_get_type ())

LFB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (LfbPackedLinear, lfb_packed_linear, LFB, PACKED_LINEAR, GObject)

LFB_AVAILABLE_IN_1_0
LfbPackedLinear *lfb_packed_linear_new                (LfbTensor        *weight,
                                                       LfbTensor        *bias,
                                                       GError          **error);
LFB_AVAILABLE_IN_1_0
LfbPackedLinear *lfb_packed_linear_new_for_value      (LfbValue         *packed,
                                                       GError          **error);

LFB_AVAILABLE_IN_1_0
LfbTensor       *lfb_packed_linear_get_weight         (LfbPackedLinear  *self);
LFB_AVAILABLE_IN_1_0
LfbTensor       *lfb_packed_linear_get_bias           (LfbPackedLinear  *self);
LFB_AVAILABLE_IN_1_0
gint64           lfb_packed_linear_get_in_features    (LfbPackedLinear  *self);
LFB_AVAILABLE_IN_1_0
gint64           lfb_packed_linear_get_out_features   (LfbPackedLinear  *self);
LFB_AVAILABLE_IN_1_0
LfbValue        *lfb_packed_linear_to_value           (LfbPackedLinear  *self,
                                                       GError          **error);
LFB_AVAILABLE_IN_1_0
gint64          *lfb_packed_linear_get_output_shape   (LfbPackedLinear  *self,
                                                       const gint64     *shape,
                                                       gsize             n_dims,
                                                       gsize            *n_output_dims,
                                                       GError          **error);

LFB_AVAILABLE_IN_1_0
LfbTensor       *lfb_packed_linear_apply              (LfbPackedLinear  *self,
                                                       LfbTensor        *input,
                                                       double            scale,
                                                       gint64            zero_point,
                                                       GError          **error);
LFB_AVAILABLE_IN_1_0
LfbTensor       *lfb_packed_linear_apply_relu         (LfbPackedLinear  *self,
                                                       LfbTensor        *input,
                                                       double            scale,
                                                       gint64            zero_point,
                                                       GError          **error);
LFB_AVAILABLE_IN_1_0
LfbTensor       *lfb_packed_linear_apply_dynamic      (LfbPackedLinear  *self,
                                                       LfbTensor        *input,
                                                       gboolean          reduce_range,
                                                       GError          **error);

LFB_AVAILABLE_IN_1_0
gboolean         lfb_packed_linear_apply_into         (LfbPackedLinear  *self,
                                                       LfbTensor        *input,
                                                       double            scale,
                                                       gint64            zero_point,
                                                       LfbBuffer        *buffer,
                                                       GError          **error);
LFB_AVAILABLE_IN_1_0
gboolean         lfb_packed_linear_apply_relu_into    (LfbPackedLinear  *self,
                                                       LfbTensor        *input,
                                                       double            scale,
                                                       gint64            zero_point,
                                                       LfbBuffer        *buffer,
                                                       GError          **error);
LFB_AVAILABLE_IN_1_0
gboolean         lfb_packed_linear_apply_dynamic_into (LfbPackedLinear  *self,
                                                       LfbTensor        *input,
                                                       gboolean          reduce_range,
                                                       LfbBuffer        *buffer,
                                                       GError          **error);

G_END_DECLS

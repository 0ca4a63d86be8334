/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A convolution's weight packed for this CPU, and the int8 kernels that use it. */

#pragma once

#include <lowerfb/core/lfb-buffer.h>
#include <lowerfb/core/lfb-tensor.h>
#include <lowerfb/core/lfb-value.h>

G_BEGIN_DECLS

#define LFB_TYPE_PACKED_CONV (lfb_packed_conv_get_type ())

LFB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (LfbPackedConv, lfb_packed_conv, LFB, PACKED_CONV, GObject)

LFB_AVAILABLE_IN_1_0
LfbPackedConv *lfb_packed_conv_new                (LfbTensor      *weight,
                                                   LfbTensor      *bias,
                                                   LfbValue       *settings,
                                                   GError        **error);
LFB_AVAILABLE_IN_1_0
LfbPackedConv *lfb_packed_conv_new_for_value      (LfbValue       *packed,
                                                   GError        **error);

LFB_AVAILABLE_IN_1_0
LfbTensor     *lfb_packed_conv_get_weight         (LfbPackedConv  *self);
LFB_AVAILABLE_IN_1_0
LfbTensor     *lfb_packed_conv_get_bias           (LfbPackedConv  *self);
LFB_AVAILABLE_IN_1_0
LfbValue      *lfb_packed_conv_get_settings       (LfbPackedConv  *self);
LFB_AVAILABLE_IN_1_0
gint64         lfb_packed_conv_get_in_channels    (LfbPackedConv  *self);
LFB_AVAILABLE_IN_1_0
gint64         lfb_packed_conv_get_out_channels   (LfbPackedConv  *self);
LFB_AVAILABLE_IN_1_0
gint64         lfb_packed_conv_get_groups         (LfbPackedConv  *self);
LFB_AVAILABLE_IN_1_0
guint          lfb_packed_conv_get_n_spatial      (LfbPackedConv  *self);
LFB_AVAILABLE_IN_1_0
gboolean       lfb_packed_conv_get_transposed     (LfbPackedConv  *self);
LFB_AVAILABLE_IN_1_0
LfbValue      *lfb_packed_conv_to_value           (LfbPackedConv  *self,
                                                   GError        **error);
LFB_AVAILABLE_IN_1_0
gint64        *lfb_packed_conv_get_output_shape   (LfbPackedConv  *self,
                                                   const gint64   *shape,
                                                   gsize           n_dims,
                                                   gsize          *n_output_dims,
                                                   GError        **error);

LFB_AVAILABLE_IN_1_0
LfbTensor     *lfb_packed_conv_apply              (LfbPackedConv  *self,
                                                   LfbTensor      *input,
                                                   double          scale,
                                                   gint64          zero_point,
                                                   GError        **error);
LFB_AVAILABLE_IN_1_0
LfbTensor     *lfb_packed_conv_apply_relu         (LfbPackedConv  *self,
                                                   LfbTensor      *input,
                                                   double          scale,
                                                   gint64          zero_point,
                                                   GError        **error);
LFB_AVAILABLE_IN_1_0
LfbTensor     *lfb_packed_conv_apply_dynamic      (LfbPackedConv  *self,
                                                   LfbTensor      *input,
                                                   gboolean        reduce_range,
                                                   GError        **error);

LFB_AVAILABLE_IN_1_0
gboolean       lfb_packed_conv_apply_into         (LfbPackedConv  *self,
                                                   LfbTensor      *input,
                                                   double          scale,
                                                   gint64          zero_point,
                                                   LfbBuffer      *buffer,
                                                   GError        **error);
LFB_AVAILABLE_IN_1_0
gboolean       lfb_packed_conv_apply_relu_into    (LfbPackedConv  *self,
                                                   LfbTensor      *input,
                                                   double          scale,
                                                   gint64          zero_point,
                                                   LfbBuffer      *buffer,
                                                   GError        **error);
LFB_AVAILABLE_IN_1_0
gboolean       lfb_packed_conv_apply_dynamic_into (LfbPackedConv  *self,
                                                   LfbTensor      *input,
                                                   gboolean        reduce_range,
                                                   LfbBuffer      *buffer,
                                                   GError        **error);

G_END_DECLS

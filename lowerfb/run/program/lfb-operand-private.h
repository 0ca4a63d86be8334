/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A tensor of a program: what it is, and where its elements lie. Unlike
 * tensors, operands have strides, so that views cost nothing and images lie
 * channels last.
 */

#pragma once

#include <lowerfb/core/lfb-tensor.h>

G_BEGIN_DECLS

/* Tensors with more dimensions are left to the operators. */
#define LFB_OPERAND_MAX_DIMS 8

typedef struct {
  LfbDType dtype;
  double scale;          /* if it is quantized */
  gint64 zero_point;
  gsize n_dims;
  gint64 shape[LFB_OPERAND_MAX_DIMS];

  guint region;          /* of the program */
  gint64 offset;         /* of the first element, in elements from the region's beginning */
  gint64 strides[LFB_OPERAND_MAX_DIMS]; /* in elements; 0 where elements repeat */
} LfbOperand;

/* Whether an operand can describe @tensor: whole bytes an element, parameters
 * for the whole tensor, few dimensions. Sets all but the region; elements lie
 * row-major.
 */
gboolean lfb_operand_init_tensor        (LfbOperand       *self,
                                         LfbTensor        *tensor);
gsize    lfb_operand_item_size          (const LfbOperand *self);
gsize    lfb_operand_n_elements         (const LfbOperand *self);

void     lfb_operand_set_row_major      (LfbOperand       *self);
/* (batch, channels, spatial...) with channels innermost; other ranks lie
 * row-major. */
void     lfb_operand_set_channels_last  (LfbOperand       *self);
/* The same order of elements as @like, which has the same shape, without gaps;
 * row-major if elements of @like repeat.
 */
void     lfb_operand_set_order          (LfbOperand       *self,
                                         const LfbOperand *like);

gboolean lfb_operand_is_row_major       (const LfbOperand *self);
/* Whether all elements lie without gaps, in any order. */
gboolean lfb_operand_is_dense           (const LfbOperand *self);
gboolean lfb_operand_same_layout        (const LfbOperand *a,
                                         const LfbOperand *b);
/* Whether it lies as kernels take images: channels (dimension 1) side by side,
 * pixels @pixel_stride elements apart. */
gboolean lfb_operand_is_pixels          (const LfbOperand *self,
                                         gsize            *pixel_stride);
/* Whether it lies in rows of its last dimension, @row_stride elements apart. */
gboolean lfb_operand_is_rows            (const LfbOperand *self,
                                         gsize            *row_stride);
/* Looks at @shape, which has as many elements, without moving any; %FALSE if
 * strides cannot describe it. */
gboolean lfb_operand_reshape            (LfbOperand       *self,
                                         const gint64     *shape,
                                         gsize             n_dims);
/* A dimension of one element before dimension @at, and a dimension of one element
 * taken away. */
void     lfb_operand_insert_dim         (LfbOperand       *self,
                                         gsize             at);
void     lfb_operand_remove_dim         (LfbOperand       *self,
                                         gsize             at);
gboolean lfb_operand_equal_meta         (const LfbOperand *a,
                                         const LfbOperand *b);

G_END_DECLS

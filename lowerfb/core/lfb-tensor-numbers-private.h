/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Single numbers out of tensors: scales, zero points, axes and the like. Not
 * for quantized tensors, half floats and bools, which hold no such thing.
 */

#pragma once

#include <lowerfb/core/lfb-tensor.h>

G_BEGIN_DECLS

gint64   _lfb_tensor_integer_at   (LfbTensor *self,
                                   gint64     index);
double   _lfb_tensor_number_at    (LfbTensor *self,
                                   gint64     index);
double  *_lfb_tensor_dup_numbers  (LfbTensor *self);
gboolean _lfb_tensor_read_integer (LfbTensor *self,
                                   gint64    *integer);
gboolean _lfb_tensor_read_number  (LfbTensor *self,
                                   double    *number);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reference modules: float modules whose weight is quantized and dequantized
 * before it is used, so that they compute with the values that an int8 module
 * will have.
 */

#pragma once

#include <lowerfb/run/lfb-call-private.h>

G_BEGIN_DECLS

/* The settings of a reference module, as parameters of its row. */
#define LFB_REFERENCE_SIGNATURE \
  "weight_scale=None, weight_zero_point=None, weight_axis=0, weight_qscheme=None, weight_dtype=None"
#define LFB_REFERENCE_PREPARED "weight_scale weight_zero_point weight_axis weight_qscheme weight_dtype"

/* @weight as floats that its integers (or halves) stand for. */
LfbTensor *lfb_reference_round         (const LfbRuntime  *runtime,
                                        LfbTensor         *weight,
                                        LfbTensor         *scale,
                                        LfbTensor         *zero_point,
                                        gint64             axis,
                                        LfbQScheme         qscheme,
                                        LfbDType           dtype,
                                        GError           **error);
/* From a call with the parameters above; @name is the weight's. */
LfbTensor *lfb_reference_weight        (LfbCall           *call,
                                        const char        *name,
                                        GError           **error);
/* The weight in integers, for operators that compute with those. */
LfbTensor *lfb_reference_quantize      (const LfbRuntime  *runtime,
                                        LfbTensor         *weight,
                                        LfbTensor         *scale,
                                        LfbTensor         *zero_point,
                                        gint64             axis,
                                        LfbQScheme         qscheme,
                                        LfbDType           dtype,
                                        GError           **error);

/* What operators compute in that take floats of any width: float64 if that is
 * their input's type, else float32, for 16 bits too. */
gboolean   lfb_read_real_type          (const char        *name,
                                        LfbTensor         *tensor,
                                        LfbDType          *real,
                                        GError           **error);
/* @tensor in that type. As in PyTorch, float64 does not go with others. */
LfbTensor *lfb_tensor_as_real          (const char        *name,
                                        LfbTensor         *tensor,
                                        LfbDType           real,
                                        GError           **error);
/* @m rows of the @n elements of @bias, or of zeros if it is %NULL. */
gboolean   lfb_fill_bias               (LfbTensor         *bias,
                                        LfbDType           real,
                                        gsize              m,
                                        gsize              n,
                                        gpointer           y,
                                        GError           **error);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whole tensors through packed weights: what the linear and convolution
 * operators and the classes LfbPackedLinear and LfbPackedConv share. Inputs are
 * checked, @name names them in messages; @array is allocated, or already stands
 * on memory of the caller's (lfb_array_place).
 */

#pragma once

#include <lowerfb/run/lfb-linear-private.h>
#include <lowerfb/run/lfb-packed-taps-private.h>

G_BEGIN_DECLS

/* Per tensor, quint8. */
gboolean lfb_check_activation          (const char           *name,
                                        LfbTensor            *input,
                                        GError              **error);

/* The shape of the output for an input of @shape (..., k): (..., n). @m is the
 * number of rows. */
gboolean lfb_linear_shape              (const char           *name,
                                        const gint64         *shape,
                                        gsize                 n_dims,
                                        gsize                 n,
                                        gsize                 k,
                                        gint64               *result,
                                        gsize                *m,
                                        GError              **error);

/* A quantized weight, and an activation for it. */
gboolean lfb_packed_rows_check_static  (const LfbPackedRows  *self,
                                        const char           *name,
                                        LfbTensor            *input,
                                        GError              **error);
/* The array for the output of @input. */
gboolean lfb_packed_rows_init_output   (const LfbPackedRows  *self,
                                        const char           *name,
                                        LfbTensor            *input,
                                        LfbDType              dtype,
                                        LfbArray             *array,
                                        gsize                *m,
                                        GError              **error);
/* Static: quint8 integers of @scale and @zero_point. */
gboolean lfb_packed_rows_apply         (const LfbPackedRows  *self,
                                        const LfbRuntime     *runtime,
                                        const char           *name,
                                        LfbTensor            *input,
                                        double                scale,
                                        gint64                zero_point,
                                        gboolean              relu,
                                        LfbArray             *array,
                                        GError              **error);
/* Dynamic: float32 from float32. */
gboolean lfb_packed_rows_apply_dynamic (const LfbPackedRows  *self,
                                        const LfbRuntime     *runtime,
                                        const char           *name,
                                        LfbTensor            *input,
                                        gboolean              reduce_range,
                                        gboolean              relu,
                                        LfbArray             *array,
                                        GError              **error);

gboolean lfb_packed_taps_apply         (const LfbPackedTaps  *self,
                                        const LfbRuntime     *runtime,
                                        const char           *name,
                                        LfbTensor            *input,
                                        double                scale,
                                        gint64                zero_point,
                                        gboolean              relu,
                                        LfbArray             *array,
                                        GError              **error);
/* With @extra, quint8 of the shape of the output, added before rounding. */
gboolean lfb_packed_taps_apply_add     (const LfbPackedTaps  *self,
                                        const LfbRuntime     *runtime,
                                        const char           *name,
                                        LfbTensor            *input,
                                        const char           *extra_name,
                                        LfbTensor            *extra,
                                        double                scale,
                                        gint64                zero_point,
                                        gboolean              relu,
                                        LfbArray             *array,
                                        GError              **error);
gboolean lfb_packed_taps_apply_dynamic (const LfbPackedTaps  *self,
                                        const LfbRuntime     *runtime,
                                        const char           *name,
                                        LfbTensor            *input,
                                        gboolean              reduce_range,
                                        gboolean              relu,
                                        LfbArray             *array,
                                        GError              **error);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Packed weights as values, which graphs hold and operators take: portable, with
 * the weight and the settings as they are. Whoever runs one lays it out for this
 * CPU: packed rows for linear, packed taps for convolutions.
 */

#pragma once

#include <lowerfb/run/lfb-call-private.h>
#include <lowerfb/run/lfb-packed-taps-private.h>

G_BEGIN_DECLS

LfbValue      *lfb_packed_linear_value     (LfbTensor              *weight,
                                            LfbTensor              *bias);
/* What it holds; @name is for the message. */
gboolean       lfb_packed_linear_parts     (const char             *name,
                                            LfbValue               *packed,
                                            LfbTensor             **weight,
                                            LfbTensor             **bias,
                                            GError                **error);

/* A weight of one spatial dimension gets a height of 1, as in PyTorch. Fails for
 * settings that such values have no place for. */
LfbValue      *lfb_packed_conv_value       (const LfbConvSettings  *settings,
                                            LfbTensor              *weight,
                                            LfbTensor              *bias,
                                            GError                **error);
/* The settings under their names. */
LfbValue      *lfb_conv_settings_to_value  (const LfbConvSettings  *settings);
/* Whether @settings is such a dictionary, or one with fewer items; reads
 * `transpose`. */
gboolean       lfb_conv_settings_check     (LfbValue               *settings,
                                            gboolean               *transposed,
                                            GError                **error);
/* A weight of another shape, with its channels where they were. */
LfbTensor     *lfb_conv_weight_reshape     (LfbTensor              *weight,
                                            const gint64           *shape,
                                            gsize                   n_dims,
                                            GError                **error);
/* Lays out weight, bias and settings of a call. */
LfbPackedTaps *lfb_packed_taps_for_call    (LfbCall                *call,
                                            gsize                   n_spatial,
                                            gboolean                transposed,
                                            GError                **error);
/* The same of a packed value or a dictionary with such names. */
LfbPackedTaps *lfb_packed_taps_for_parts   (const LfbRuntime       *runtime,
                                            LfbValue               *parts,
                                            gsize                   n_spatial,
                                            gboolean                transposed,
                                            GError                **error);
/* Which convolution a packed value is of; @transposed stays as it was if the
 * value does not say. */
gboolean       lfb_packed_conv_kind        (const char             *name,
                                            LfbValue               *packed,
                                            gsize                  *n_spatial,
                                            gboolean               *transposed,
                                            GError                **error);

G_END_DECLS

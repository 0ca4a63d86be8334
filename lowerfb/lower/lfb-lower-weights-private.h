/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Quantizing weights when a model is lowered. */

#pragma once

#include <lowerfb/core/lfb-tensor.h>

G_BEGIN_DECLS

LfbTensor *_lfb_quantize_weight (LfbTensor         *weight,
                                 const LfbQParams  *qparams,
                                 GError           **error);
LfbTensor *_lfb_halve_weight    (LfbTensor         *weight,
                                 GError           **error);
gboolean   _lfb_weight_to_float (LfbTensor         *weight,
                                 float            **values,
                                 GError           **error);
LfbTensor *_lfb_weight_as_float (LfbTensor         *weight,
                                 GError           **error);

G_END_DECLS

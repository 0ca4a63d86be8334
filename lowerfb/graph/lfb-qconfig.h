/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How one node was quantized: the observers of its activation and its weight. */

#pragma once

#include <lowerfb/core/lfb-value.h>

G_BEGIN_DECLS

#define LFB_TYPE_QCONFIG (lfb_qconfig_get_type ())

LFB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (LfbQConfig, lfb_qconfig, LFB, QCONFIG, GObject)

LFB_AVAILABLE_IN_1_0
LfbQConfig *lfb_qconfig_new            (LfbValue   *activation,
                                        LfbValue   *weight);
LFB_AVAILABLE_IN_1_0
LfbQConfig *lfb_qconfig_new_with_extra (LfbValue   *activation,
                                        LfbValue   *weight,
                                        LfbValue   *extra);
LFB_AVAILABLE_IN_1_0
LfbValue   *lfb_qconfig_get_activation (LfbQConfig *self);
LFB_AVAILABLE_IN_1_0
LfbValue   *lfb_qconfig_get_weight     (LfbQConfig *self);
LFB_AVAILABLE_IN_1_0
LfbValue   *lfb_qconfig_get_extra      (LfbQConfig *self);
LFB_AVAILABLE_IN_1_0
gboolean    lfb_qconfig_equal          (LfbQConfig *self,
                                        LfbQConfig *other);

G_END_DECLS

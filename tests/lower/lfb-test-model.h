/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Models written down as text, the way graphs are printed, with two short forms:
 *
 *   %q = quantize(%x, 0.5, 10)           reads attributes q_scale and q_zero_point,
 *   %q = quantize(%x, 0.5, 10, qint8)    which it makes
 *   %d = dequantize(%q)                  method dequantize
 */

#pragma once

#include <lowerfb/lowerfb.h>

LfbGraphModule *lfb_test_parse          (const char     *text);

LfbTensor      *lfb_test_ramp           (gsize           n_dims,
                                         ...);
void            lfb_test_set_float      (LfbGraphModule *model,
                                         const char     *name,
                                         double          number);
void            lfb_test_set_tensor     (LfbGraphModule *model,
                                         const char     *name,
                                         LfbTensor      *tensor);
void            lfb_test_add_module     (LfbGraphModule *model,
                                         const char     *path,
                                         const char     *type);
void            lfb_test_add_setting    (LfbGraphModule *model,
                                         const char     *path,
                                         const char     *name,
                                         LfbValue       *value);
void            lfb_test_add_tensor     (LfbGraphModule *model,
                                         const char     *path,
                                         const char     *name,
                                         LfbTensor      *tensor);
void            lfb_test_add_reference  (LfbGraphModule *model,
                                         const char     *path,
                                         const char     *type,
                                         gboolean        per_channel);
void            lfb_test_skip           (LfbGraphModule *model,
                                         const char     *name);
void            lfb_test_set_scope      (LfbGraphModule *model,
                                         const char     *name,
                                         const char     *path);

const char     *lfb_test_type           (LfbGraphModule *model,
                                         const char     *path);
void            lfb_test_assert_graph   (LfbGraphModule *model,
                                         const char     *expected);
LfbGraphModule *lfb_test_lower          (LfbGraphModule *model,
                                         gboolean        strict,
                                         LfbLoweringReport **report);
LfbGraphModule *lfb_test_lowers_to      (LfbGraphModule *model,
                                         const char     *expected);
void            lfb_test_stays          (LfbGraphModule *model,
                                         const char     *node_name,
                                         const char     *reason);
void            lfb_test_assert_lowered (LfbLoweringReport *report,
                                         const char     *node_name,
                                         const char     *pass_name,
                                         const char     *result);

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Padding the last dimensions of a tensor, as torch.nn.functional.pad does. */

#pragma once

#include <lowerfb/run/lfb-array-private.h>

G_BEGIN_DECLS

typedef enum {
  LFB_PAD_CONSTANT,
  LFB_PAD_REFLECT,
  LFB_PAD_REPLICATE,
  LFB_PAD_CIRCULAR,
} LfbPadMode;

gboolean   lfb_pad_mode_parse  (const char     *name,
                                const char     *text,
                                LfbPadMode     *mode,
                                GError        **error);
const char *lfb_pad_mode_to_string (LfbPadMode  mode);
/* @before and @after are those of the last @n dimensions, outermost first;
 * negative ones crop. @fill is one element, for LFB_PAD_CONSTANT.
 */
LfbTensor *lfb_tensor_pad      (LfbTensor      *tensor,
                                gsize           n,
                                const gint64   *before,
                                const gint64   *after,
                                LfbPadMode      mode,
                                gconstpointer   fill,
                                GError        **error);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which dimensions a reduction takes, and its input arranged so that what
 * belongs together lies together.
 */

#pragma once

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-call-private.h>

G_BEGIN_DECLS

typedef struct {
  gboolean reduced[LFB_TENSOR_MAX_DIMS];
  gsize n_reduced;                       /* elements that become one */
  gint64 shape[LFB_TENSOR_MAX_DIMS];     /* of the result */
  gsize n_dims;
} LfbReduction;

/* From the parameters dim (None: all) and keepdim. */
gboolean   lfb_reduction_read  (LfbReduction        *self,
                                LfbCall             *call,
                                LfbTensor           *input,
                                GError             **error);
/* The input with the reduced dimensions innermost, in their order. */
LfbTensor *lfb_reduction_rows  (const LfbReduction  *self,
                                LfbTensor           *input,
                                GError             **error);
/* Not quantized. */
gboolean   lfb_check_plain     (const char          *name,
                                LfbTensor           *tensor,
                                GError             **error);

G_END_DECLS

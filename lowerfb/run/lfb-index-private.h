/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What an index as Python writes it names in a tensor. */

#pragma once

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-call-private.h>

G_BEGIN_DECLS

/* @index: an int, a slice, None, ..., a list of ints, a tensor of indices or a
 * mask, or a tuple of these. */
LfbTensor *lfb_index_tensor (LfbTensor  *input,
                             LfbValue   *index,
                             GError    **error);
/* An end of a slice, counted from the end if negative, moved inside; @fallback
 * if it is None. */
gboolean   lfb_slice_end    (LfbValue   *value,
                             gint64      size,
                             gint64      fallback,
                             gint64     *end,
                             GError    **error);

G_END_DECLS

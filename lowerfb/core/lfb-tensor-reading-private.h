/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reading the elements of a tensor once, from the first to the last, as packing
 * a weight does: what the reading needed in memory goes when it ends. Integers
 * that wait to be computed (lfb-tensor-quantize.c) are computed for the reader
 * alone, and the pages of mapped files are given back. They come again, from the
 * file, if someone reads once more.
 */

#pragma once

#include <lowerfb/core/lfb-tensor.h>

G_BEGIN_DECLS

typedef struct {
  gconstpointer data;
  LfbTensor *tensor;
  LfbTensor *source;     /* what the integers were computed from; %NULL if they were there */
  gpointer own;
} LfbReading;

#define LFB_READING_INIT { NULL, NULL, NULL, NULL }

/* Fails with %LFB_ERROR_RANGE if there is no memory. */
gboolean _lfb_reading_begin     (LfbReading  *self,
                                 LfbTensor   *tensor,
                                 GError     **error);
void     _lfb_reading_end       (LfbReading  *self);

/* Says that the tensor stands on pages of a file that is mapped to be read only,
 * if it shares @map and is no copy. */
void     _lfb_tensor_set_mapped (LfbTensor   *self,
                                 GBytes      *map);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LfbReading, _lfb_reading_end)

G_END_DECLS

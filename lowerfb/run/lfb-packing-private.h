/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Packed weights belong to the tensor that they were packed from: whoever needs
 * the same packing of it while another still uses it gets that one. So all
 * sessions of a model, and of copies of it, share what they pack, and the last
 * one that goes takes it along.
 */

#pragma once

#include <lowerfb/core/lfb-tensor.h>

G_BEGIN_DECLS

/* @wanted is what the caller of lfb_packing_get () says. */
typedef struct {
  gboolean (*fits) (gconstpointer   packed,
                    gconstpointer   wanted);
  gpointer (*make) (gconstpointer   wanted,
                    GError        **error);
  void     (*free) (gpointer        packed);
} LfbPackingType;

/* A packing of @weight that fits, made if there is none. Others who want one of the
 * same weight wait meanwhile. */
gpointer lfb_packing_get    (LfbTensor             *weight,
                             const LfbPackingType  *type,
                             gconstpointer          wanted,
                             GError               **error);
/* One user less; the caller still holds @weight. */
void     lfb_packing_drop   (LfbTensor             *weight,
                             gpointer               packed);

/* Memory for what sessions pack. Pages that are large where the system has such
 * take one fault instead of hundreds. */
typedef struct _LfbPackingPool LfbPackingPool;
typedef struct _LfbPackingChunk LfbPackingChunk;

LfbPackingPool *lfb_packing_pool_new  (void);
/* Blocks live on. */
void            lfb_packing_pool_free (LfbPackingPool   *self);
/* For lfb_packing_release (); @pool may be %NULL. Not cleared. */
gpointer        lfb_packing_alloc     (LfbPackingPool   *pool,
                                       gsize             size,
                                       LfbPackingChunk **chunk,
                                       GError          **error);
void            lfb_packing_release   (gpointer          memory,
                                       LfbPackingChunk  *chunk);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What an instruction of an embedding keeps. */

#pragma once

#include <lowerfb/run/lfb-embedding-rows-private.h>
#include <lowerfb/run/lfb-emit-private.h>

G_BEGIN_DECLS

typedef struct {
  LfbTensor *weight;     /* owned: the rows stand on it */
  LfbRows rows;
  const char *index_name;

  /* Of bags, which are summed. */
  gboolean last_offset;
  gint64 padding;
  gboolean mean;
} LfbEmbeddingCall;

void       lfb_embedding_free (LfbEmbeddingCall *self);

/* Both take @call. Indices, and where bags begin, are int64. */
LfbEmitted lfb_emit_embedding (LfbEmit          *self,
                               LfbEmbeddingCall *call,
                               const LfbOperand *indices);
LfbEmitted lfb_emit_bags      (LfbEmit          *self,
                               LfbEmbeddingCall *call,
                               const LfbOperand *indices,
                               const LfbOperand *starts);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bags of embedding rows in 4 bits.  The contract is embedding.h. */

#include <lowerfb/kernels/c/embedding.h>

void
lfb_embedding_u4_c (const LfbEmbedding *embedding,
                    size_t              begin,
                    size_t              end,
                    float              *y)
{
  lfb_embedding_bags (embedding, 4, begin, end, y);
}

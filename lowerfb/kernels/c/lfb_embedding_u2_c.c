/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bags of embedding rows in 2 bits.  The contract is embedding.h. */

#include <lowerfb/kernels/c/embedding.h>

void
lfb_embedding_u2_c (const LfbEmbedding *embedding,
                    size_t              begin,
                    size_t              end,
                    float              *y)
{
  lfb_embedding_bags (embedding, 2, begin, end, y);
}

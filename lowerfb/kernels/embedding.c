/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The variants of the embedding kernels, weakest instruction set first. */

#include <lowerfb/kernels/embedding.h>

#include <lowerfb/kernels/select.h>

static const LfbEmbeddingKernel embedding_u8_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_embedding_u8),
};

static const LfbEmbeddingKernel embedding_u4_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_embedding_u4),
};

static const LfbEmbeddingKernel embedding_u2_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_embedding_u2),
};

void
lfb_embedding_u8_init (LfbEmbeddingKernel *kernel,
                       unsigned            cpu_flags)
{
  LFB_SELECT (kernel, embedding_u8_variants, cpu_flags);
}

void
lfb_embedding_u4_init (LfbEmbeddingKernel *kernel,
                       unsigned            cpu_flags)
{
  LFB_SELECT (kernel, embedding_u4_variants, cpu_flags);
}

void
lfb_embedding_u2_init (LfbEmbeddingKernel *kernel,
                       unsigned            cpu_flags)
{
  LFB_SELECT (kernel, embedding_u2_variants, cpu_flags);
}

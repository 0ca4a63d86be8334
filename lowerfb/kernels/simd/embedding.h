/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Embedding bags in vectors: the loops of the contract embedding.h.
 *
 * A part of the columns, as wide as there are registers for it, is summed over
 * the whole bag before it is stored.  Rows are far apart and their order is
 * random, so that the memory has to be asked early: the rows, scales and zero
 * points some indices ahead are prefetched, past the end of the bag too.
 */

#pragma once

#include <lowerfb/kernels/c/embedding.h>
#include <lowerfb/kernels/simd/vector.h>

/* Sums in registers, and indices ahead of which the memory is asked. */
#define LFB_EMBEDDING_SUMS ((size_t) 8)
#define LFB_EMBEDDING_AHEAD 12

/* The parameters of a part of a bag, so that they are made once for all columns. */
#define LFB_EMBEDDING_ROWS ((size_t) 64)

typedef struct
{
  const uint8_t   *data[LFB_EMBEDDING_ROWS];
  LfbEmbeddingRow  parameters[LFB_EMBEDDING_ROWS];
} LfbEmbeddingPart;

LFB_INLINE void
lfb_embedding_prefetch (const LfbEmbedding *embedding,
                        unsigned            bits,
                        int64_t             row)
{
  size_t bytes = embedding->width * bits / 8;
  const char *data = (const char *) embedding->rows + (size_t) row * bytes;

  for (size_t i = 0; i < bytes; i += 64)
    __builtin_prefetch (data + i);

  __builtin_prefetch (embedding->scales + row);
  __builtin_prefetch (embedding->zero_points + row);
}

/* lfb_embedding_row() by the CPU's own conversion to half. */
LFB_INLINE LfbEmbeddingRow
lfb_embedding_fast_row (const LfbEmbedding *embedding,
                        unsigned            bits,
                        int64_t             at)
{
  LfbEmbeddingRow result = lfb_embedding_exact_row (embedding, embedding->indices[at]);

  if (bits < 8)
    lfb_round_two_to_half (&result.scale, &result.bias);

  return lfb_embedding_weighted (embedding, at, result);
}

/* The next rows of a bag, from index *at to @end - 1; how many. */
LFB_INLINE size_t
lfb_embedding_gather (const LfbEmbedding *embedding,
                      unsigned            bits,
                      int64_t            *at,
                      int64_t             end,
                      int64_t             last,
                      LfbEmbeddingPart   *part)
{
  size_t n = 0;

  for (; *at < end && n < LFB_EMBEDDING_ROWS; (*at)++)
    {
      int64_t row = embedding->indices[*at];

      if (*at + LFB_EMBEDDING_AHEAD < last)
        lfb_embedding_prefetch (embedding, bits, embedding->indices[*at + LFB_EMBEDDING_AHEAD]);

      if (row == embedding->skip)
        continue;

      part->data[n] = embedding->rows + (size_t) row * (embedding->width * bits / 8);
      part->parameters[n++] = lfb_embedding_fast_row (embedding, bits, *at);
    }

  return n;
}

/* @n_sums vectors of columns from @column on, over @n rows. */
LFB_INLINE void
lfb_embedding_columns (const LfbEmbeddingPart *part,
                       unsigned                bits,
                       size_t                  n,
                       size_t                  column,
                       size_t                  n_sums,
                       float                  *y)
{
  LfbVf sums[LFB_EMBEDDING_SUMS];

  for (size_t k = 0; k < n_sums; k++)
    sums[k] = lfb_vf_load (y + column + k * LFB_LANES);

  for (size_t i = 0; i < n; i++)
    {
      LfbVf scale = lfb_vf_fill (part->parameters[i].scale);
      LfbVf bias = lfb_vf_fill (part->parameters[i].bias);
      const uint8_t *data = part->data[i] + column * bits / 8;

      for (size_t k = 0; k < n_sums; k++)
        {
          LfbVf q = lfb_vf_of (lfb_vi_load_bits (data + k * LFB_LANES * bits / 8, bits));

          sums[k] = lfb_vf_fma (scale, q, lfb_vf_add (sums[k], bias));
        }
    }

  for (size_t k = 0; k < n_sums; k++)
    lfb_vf_store (y + column + k * LFB_LANES, sums[k]);
}

/* What is left of the columns, fewer than a vector has. */
LFB_INLINE void
lfb_embedding_rest (const LfbEmbeddingPart *part,
                    unsigned                bits,
                    size_t                  n,
                    size_t                  column,
                    size_t                  width,
                    float                  *y)
{
  size_t per_byte = 8 / bits;

  for (size_t i = 0; i < n; i++)
    for (size_t j = column; j < width; j++)
      {
        int q = part->data[i][j / per_byte] >> (j % per_byte * bits) & ((1 << bits) - 1);

        y[j] = fmaf (part->parameters[i].scale, (float) q, y[j] + part->parameters[i].bias);
      }
}

LFB_INLINE void
lfb_embedding_bag (const LfbEmbedding *embedding,
                   unsigned            bits,
                   int64_t             begin,
                   int64_t             end,
                   int64_t             last,
                   float              *y)
{
  size_t total = 0;
  size_t width = embedding->width;

  memset (y, 0, width * sizeof *y);

  while (begin < end)
    {
      LfbEmbeddingPart part;
      size_t n = lfb_embedding_gather (embedding, bits, &begin, end, last, &part);
      size_t column = 0;

      for (; column + LFB_EMBEDDING_SUMS * LFB_LANES <= width; column += LFB_EMBEDDING_SUMS * LFB_LANES)
        lfb_embedding_columns (&part, bits, n, column, LFB_EMBEDDING_SUMS, y);

      for (; column + 2 * LFB_LANES <= width; column += 2 * LFB_LANES)
        lfb_embedding_columns (&part, bits, n, column, 2, y);

      for (; column + LFB_LANES <= width; column += LFB_LANES)
        lfb_embedding_columns (&part, bits, n, column, 1, y);

      lfb_embedding_rest (&part, bits, n, column, width, y);
      total += n;
    }

  if (embedding->mean && total > 0)
    for (size_t j = 0; j < width; j++)
      y[j] *= 1.0f / (float) total;
}

LFB_INLINE void
lfb_embedding_vectors (const LfbEmbedding *embedding,
                       unsigned            bits,
                       size_t              begin,
                       size_t              end,
                       float              *y)
{
  int64_t last = lfb_embedding_begin (embedding, end);

  /* Rows that begin inside of a byte. */
  if (embedding->width * bits % 8 != 0)
    {
      lfb_embedding_bags (embedding, bits, begin, end, y);
      return;
    }

  for (size_t bag = begin; bag < end; bag++, y += embedding->width)
    lfb_embedding_bag (embedding, bits, lfb_embedding_begin (embedding, bag), lfb_embedding_begin (embedding, bag + 1),
                       last, y);
}

/* The function of a variant, named after its instruction set. */
#define LFB_EMBEDDING_VARIANT(type, bits, isa) \
  void \
  lfb_embedding_##type##_##isa (const LfbEmbedding *embedding, \
                                size_t              begin, \
                                size_t              end, \
                                float              *y) \
  { \
    lfb_embedding_vectors (embedding, bits, begin, end, y); \
  }

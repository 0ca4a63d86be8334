/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Embedding bags, as the kernels of all widths of integers share them. */

#pragma once

#include <math.h>
#include <string.h>

#include <lowerfb/kernels/embedding.h>
#include <lowerfb/kernels/half.h>

/* What a row is multiplied by and what is added to it. */
typedef struct
{
  float scale;
  float bias;
} LfbEmbeddingRow;

static inline LfbEmbeddingRow
lfb_embedding_exact_row (const LfbEmbedding *embedding,
                         int64_t             row)
{
  float scale = embedding->scales[row];

  return (LfbEmbeddingRow) { scale, -(embedding->zero_points[row] * scale) };
}

static inline LfbEmbeddingRow
lfb_embedding_weighted (const LfbEmbedding *embedding,
                        int64_t             at,
                        LfbEmbeddingRow     row)
{
  float weight = embedding->weights != NULL ? embedding->weights[at] : 1.0f;

  return (LfbEmbeddingRow) { weight * row.scale, weight * row.bias };
}

static inline LfbEmbeddingRow
lfb_embedding_row (const LfbEmbedding *embedding,
                   unsigned            bits,
                   int64_t             at)
{
  LfbEmbeddingRow row = lfb_embedding_exact_row (embedding, embedding->indices[at]);

  if (bits < 8)
    {
      row.scale = lfb_half_to_float (lfb_float_to_half (row.scale));
      row.bias = lfb_half_to_float (lfb_float_to_half (row.bias));
    }

  return lfb_embedding_weighted (embedding, at, row);
}

static inline int64_t
lfb_embedding_begin (const LfbEmbedding *embedding,
                     size_t              bag)
{
  return embedding->bags != NULL ? embedding->bags[bag] : (int64_t) bag;
}

/* Columns @first to @width - 1 of one row. */
static inline void
lfb_embedding_add (const LfbEmbedding    *embedding,
                   unsigned               bits,
                   int64_t                row,
                   const LfbEmbeddingRow *parameters,
                   size_t                 first,
                   float                 *y)
{
  size_t per_byte = 8 / bits;

  for (size_t j = first; j < embedding->width; j++)
    {
      size_t i = (size_t) row * embedding->width + j;
      int q = embedding->rows[i / per_byte] >> (i % per_byte * bits) & ((1 << bits) - 1);

      y[j] = fmaf (parameters->scale, (float) q, y[j] + parameters->bias);
    }
}

static inline void
lfb_embedding_bags (const LfbEmbedding *embedding,
                    unsigned            bits,
                    size_t              begin,
                    size_t              end,
                    float              *y)
{
  for (size_t bag = begin; bag < end; bag++, y += embedding->width)
    {
      size_t n = 0;

      memset (y, 0, embedding->width * sizeof *y);

      for (int64_t i = lfb_embedding_begin (embedding, bag); i < lfb_embedding_begin (embedding, bag + 1); i++)
        if (embedding->indices[i] != embedding->skip)
          {
            LfbEmbeddingRow parameters = lfb_embedding_row (embedding, bits, i);

            lfb_embedding_add (embedding, bits, embedding->indices[i], &parameters, 0, y);
            n++;
          }

      if (embedding->mean && n > 0)
        for (size_t j = 0; j < embedding->width; j++)
          y[j] *= 1.0f / (float) n;
    }
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Contract: bags of embedding rows in 8, 4 or 2 bits, with a float scale and
 * zero point for each row.  numerics.md, "embedding, embedding_bag": with s the
 * scale and b = -(zero point * s), both rounded to half for 4 and 2 bits,
 *
 *     y = 0;  for each index of the bag, in order:  y = fma (w * s, q, y + w * b)
 *
 * w * s and w * b rounded to float32 first, w = 1 without weights; with `mean`
 * then y = y * (1.0f / n).  n is the number of rows that were added.  A bag of
 * one row with w = 1 is that row, fma (s, q, b).  This is the one kernel with a
 * fused multiply-add: FBGEMM's rows are made so.
 *
 * Rows lie without gaps: element i of row r are the bits from (r * width + i) *
 * bits on, lowest first, so that a row can begin inside of a byte.
 *
 * Nothing overlaps; @indices are rows of the table; @y holds (end - begin) *
 * width floats.  Nothing is read past the last byte of the last row, and
 * nothing but @y is written.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct
{
  const uint8_t *rows;
  size_t         width;
  const float   *scales;       /* of each row */
  const float   *zero_points;
  const int64_t *indices;
  const float   *weights;      /* of each index; NULL: 1 */
  const int64_t *bags;         /* bag i has the indices bags[i] to bags[i + 1] - 1; NULL: index i alone */
  int64_t        skip;         /* a row that is left out; -1: none */
  bool           mean;
} LfbEmbedding;

/* Bags begin to end - 1. */
typedef struct
{
  const char *isa;
  unsigned    needs;
  void (*run) (const LfbEmbedding *embedding, size_t begin, size_t end, float *y);
} LfbEmbeddingKernel;

void lfb_embedding_u8_init (LfbEmbeddingKernel *kernel, unsigned cpu_flags);
void lfb_embedding_u4_init (LfbEmbeddingKernel *kernel, unsigned cpu_flags);
void lfb_embedding_u2_init (LfbEmbeddingKernel *kernel, unsigned cpu_flags);

/* The functions of the variants. */
#define LFB_EMBEDDING_FUNCTIONS(isa) \
  void lfb_embedding_u8_##isa (const LfbEmbedding *embedding, size_t begin, size_t end, float *y); \
  void lfb_embedding_u4_##isa (const LfbEmbedding *embedding, size_t begin, size_t end, float *y); \
  void lfb_embedding_u2_##isa (const LfbEmbedding *embedding, size_t begin, size_t end, float *y);

LFB_EMBEDDING_FUNCTIONS (c)
LFB_EMBEDDING_FUNCTIONS (avx2)
LFB_EMBEDDING_FUNCTIONS (avx512vnni)
LFB_EMBEDDING_FUNCTIONS (neon)

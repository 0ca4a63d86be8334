/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The plain convolutions that a transposed one is packed as; see conv_transposed.h.
 *
 * In one dimension, with q and r the quotient and the rest of o + padding by the stride, tap k
 * meets input q - (k * dilation - r) / stride if k * dilation leaves the rest r too.  Residue
 * i is the rest of tap i: its taps are i, i + period, i + 2 * period and so on, and each of
 * them lies `step` inputs before the one before it.  Rests that no tap leaves have no residue.
 */

#pragma once

#include <stdbool.h>

#include <lowerfb/kernels/conv_transposed.h>

typedef struct
{
  size_t stride;
  size_t dilation;
  size_t kernel;
  size_t period;
  size_t step;
  size_t n_residues;
} LfbTransposedDim;

/* Along a dimension: residues first to first + n - 1, with the window of all of their taps. */
typedef struct
{
  size_t    first;
  size_t    n;
  size_t    kernel;
  ptrdiff_t at;       /* the first tap, from q */
} LfbTransposedSpan;

typedef struct
{
  LfbTransposedSpan span[3];
  size_t            packed;  /* bytes from the packed buffer to the part's own */
} LfbTransposedPart;

/* The packed buffer: this, then the parts, then what the variant has packed for each. */
typedef struct
{
  _Alignas (64) LfbTransposedDim dim[3];
  size_t                         out_channels;
  size_t                         n_parts;
} LfbTransposedPacked;

static inline size_t
lfb_transposed_round_up (size_t size)
{
  return (size + 63) / 64 * 64;
}

static inline const LfbTransposedPart *
lfb_transposed_parts (const LfbTransposedPacked *packed)
{
  return (const LfbTransposedPart *) (packed + 1);
}

/* Residues of a part in all dimensions. */
static inline size_t
lfb_transposed_residues (const LfbTransposedPart *part)
{
  return part->span[0].n * part->span[1].n * part->span[2].n;
}

/* What tap @tap leaves, and how many steps it goes back. */
static inline size_t
lfb_transposed_rest (const LfbTransposedDim *dim,
                     size_t                  tap)
{
  return tap * dim->dilation % dim->stride;
}

static inline size_t
lfb_transposed_back (const LfbTransposedDim *dim,
                     size_t                  tap)
{
  return tap * dim->dilation / dim->stride;
}

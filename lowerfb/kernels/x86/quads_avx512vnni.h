/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the parts of the depthwise convolution with AVX-512 VNNI share; see
 * lfb_conv_depthwise_avx512vnni.c.
 */

#pragma once

#include <immintrin.h>

#include <lowerfb/kernels/c/walk.h>
#include <lowerfb/kernels/conv.h>
#include <lowerfb/kernels/x86/output_avx512.h>

#define LFB_QUAD_BLOCK ((size_t) 64)  /* channels */

/* The packed buffer: this, then the blocks; in each, weights for the first and
 * for the second row of a pair, [group][tap][channel] quads, then the sums of
 * the weights of each channel, then their zero points, both int32. */
typedef struct
{
  _Alignas (64) size_t channels;
  size_t               rows;         /* of the kernel */
  size_t               groups;       /* of up to four of them */
  size_t               taps;         /* along the width */
  size_t               volume;       /* of the kernel */
  bool                 flat;         /* quads are four columns */
  bool                 pairs;        /* a second row needs no more groups */
  bool                 zero_points;
} LfbQuadPacked;

/* Vectors of 16 channels in the block that begins at channel @n. */
static inline size_t
lfb_quad_vectors (const LfbQuadPacked *packed,
                  size_t               n)
{
  size_t left = packed->channels - n;

  return left > 32 ? 4 : left > 16 ? 2 : 1;
}

static inline size_t
lfb_quad_block_size (const LfbQuadPacked *packed,
                     size_t               vectors)
{
  return (2 * packed->groups * packed->taps + 2) * vectors * 64;
}

static inline const int8_t *
lfb_quad_weights (const LfbQuadPacked *packed,
                  size_t               n)
{
  return (const int8_t *) (packed + 1) + n / LFB_QUAD_BLOCK * lfb_quad_block_size (packed, 4);
}

static inline const int32_t *
lfb_quad_sums (const LfbQuadPacked *packed,
               size_t               n)
{
  return (const int32_t *) (lfb_quad_weights (packed, n) +
                            2 * packed->groups * packed->taps * lfb_quad_vectors (packed, n) * 64);
}

/* Where channel @c of a block stands among its lanes. */
static inline size_t
lfb_quad_lane (size_t vectors,
               size_t c)
{
  /* Vectors are 1, 2 or 4: no division by a variable. */
  return (c / 4 & (vectors - 1)) * 16 + (c / 4 >> vectors / 2) * 4 + c % 4;
}

/* Where the sums go; y is y_u8 or y_f32. */
typedef struct
{
  const LfbConvArgs   *args;
  const LfbRequantize *requantize;
  const LfbRescale    *rescale;
  LfbRequantizeAvx512  stage;
  uint8_t             *y_u8;
  float               *y_f32;

  /* From scratch: for each block, in the order of its lanes. */
  float               *bias;
  float               *multiplier;
  int32_t             *start;       /* what sums begin with */
  uint8_t             *padding;     /* LFB_QUAD_BLOCK bytes of the zero point of x */
  uint8_t             *quads;       /* [group][column][vector] */

  int32_t              x_zero_point;
  size_t               columns;     /* between groups of quads */
  size_t               longest;     /* segment, in outputs */
  size_t               dilation;    /* columns between taps */
} LfbQuadJob;

/* The outputs of a segment, or of two below each other. */
typedef struct
{
  size_t pixel;
  size_t count;
  size_t rows;      /* 1 or 2 */
  size_t n;         /* first channel of the block */
  size_t channels;
} LfbQuadSegment;

/* @channels of a block: 1 to LFB_QUAD_BLOCK. */
static inline __mmask64
lfb_quad_mask (size_t channels)
{
  return ~UINT64_C (0) >> (LFB_QUAD_BLOCK - channels);
}

/* Interleaves what the segment at @position needs. */
void lfb_quads_interleave_avx512 (const LfbQuadJob     *job,
                                  const LfbQuadPacked  *packed,
                                  const LfbPosition    *position,
                                  const LfbQuadSegment *segment,
                                  size_t                vectors);

/* From the quads of a segment to its outputs. */
void lfb_quads_run_avx512vnni    (const LfbQuadJob     *job,
                                  const LfbQuadPacked  *packed,
                                  const LfbQuadSegment *segment,
                                  size_t                vectors);

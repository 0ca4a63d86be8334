/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the depthwise convolution (simd/conv_depthwise.h) needs in NEON.  A block is 16
 * channels in order.  With dot products (LFB_GROUP 4) four rows of signed bytes are
 * interleaved; without (1) words are taken as they are.  Sums take the output stage of
 * plain C.
 */

#pragma once

#include <arm_neon.h>
#include <stdbool.h>

#include <lowerfb/kernels/c/output.h>

#define LFB_BLOCK_CHANNELS ((size_t) 16)
#define LFB_BLOCK_SUMS ((size_t) 4)

#define LFB_SLAB_WIDE (LFB_GROUP == 1)
#define LFB_SLAB_FLIP (LFB_GROUP == 1 ? 0 : 0x80)
#define LFB_SLAB_BLOCK LFB_BLOCK_CHANNELS
#include <lowerfb/kernels/simd/slab.h>

#define LFB_BLOCK_COLUMN (LFB_GROUP == 1 ? (size_t) 2 : (size_t) 4)

typedef uint8x16_t LfbVector;
typedef int32x4_t LfbSum;

static inline size_t
lfb_block_channel (size_t lane)
{
  return lane;
}

static inline void
lfb_block_interleave (const LfbSlabElement *const *rows,
                      size_t                       at,
                      LfbVector                   *to)
{
#if LFB_GROUP == 1
  to[0] = vreinterpretq_u8_s16 (vld1q_s16 (rows[0] + at));
  to[1] = vreinterpretq_u8_s16 (vld1q_s16 (rows[0] + at + 8));
#else
  uint8x16_t a = vld1q_u8 (rows[0] + at), b = vld1q_u8 (rows[1] + at);
  uint8x16_t c = vld1q_u8 (rows[2] + at), d = vld1q_u8 (rows[3] + at);
  uint16x8_t ab = vreinterpretq_u16_u8 (vzip1q_u8 (a, b)), cd = vreinterpretq_u16_u8 (vzip1q_u8 (c, d));

  to[0] = vreinterpretq_u8_u16 (vzip1q_u16 (ab, cd));
  to[1] = vreinterpretq_u8_u16 (vzip2q_u16 (ab, cd));
  ab = vreinterpretq_u16_u8 (vzip2q_u8 (a, b));
  cd = vreinterpretq_u16_u8 (vzip2q_u8 (c, d));
  to[2] = vreinterpretq_u8_u16 (vzip1q_u16 (ab, cd));
  to[3] = vreinterpretq_u8_u16 (vzip2q_u16 (ab, cd));
#endif
}

typedef struct
{
  const LfbRequantize *requantize;  /* one of the two pairs */
  uint8_t             *y_u8;
  const LfbAddend     *addend;      /* to y_u8; or NULL */
  const LfbRescale    *rescale;
  float               *y_f32;

  size_t               n;           /* the channels are n to n + channels - 1 */
  size_t               channels;
  uint8_t              order[LFB_BLOCK_CHANNELS];
} LfbBlock;

static inline int32_t
lfb_block_x_zero_point (const LfbBlock *block)
{
  return block->requantize != NULL ? block->requantize->x_zero_point : block->rescale->x_zero_point;
}

static inline void
lfb_block_init (LfbBlock *block)
{
  (void) block;
}

static inline void
lfb_block_set_channels (LfbBlock *block,
                        size_t    n,
                        size_t    all)
{
  block->n = n;
  block->channels = all - n < LFB_BLOCK_CHANNELS ? all - n : LFB_BLOCK_CHANNELS;
}

static inline void
lfb_block_store_u8 (const LfbBlock *block,
                    const LfbSum   *sums,
                    uint8_t        *y)
{
  int32_t acc[LFB_BLOCK_CHANNELS];

  for (size_t v = 0; v < LFB_BLOCK_SUMS; v++)
    vst1q_s32 (acc + 4 * v, sums[v]);
  if (block->channels == LFB_BLOCK_CHANNELS)
    lfb_requantize_row (block->requantize, acc, block->n, LFB_BLOCK_CHANNELS, y);
  else
    lfb_requantize_row (block->requantize, acc, block->n, block->channels, y);
}

/* With the addend of @pixel. */
static inline void
lfb_block_store_added (const LfbBlock *block,
                       const LfbSum   *sums,
                       size_t          pixel,
                       uint8_t        *y)
{
  const LfbAddend *addend = block->addend;
  int32_t acc[LFB_BLOCK_CHANNELS];

  for (size_t v = 0; v < LFB_BLOCK_SUMS; v++)
    vst1q_s32 (acc + 4 * v, sums[v]);
  lfb_requantize_add_row (block->requantize, addend, acc, addend->q + pixel * addend->stride + block->n, block->n,
                          block->channels, y);
}

static inline void
lfb_block_store_f32 (const LfbBlock *block,
                     const LfbSum   *sums,
                     float          *y)
{
  int32_t acc[LFB_BLOCK_CHANNELS];

  for (size_t v = 0; v < LFB_BLOCK_SUMS; v++)
    vst1q_s32 (acc + 4 * v, sums[v]);
  lfb_rescale_row (block->rescale, acc, block->n, block->channels, y);
}

/* All distances in vectors; groups and taps are >= 1. */
typedef struct
{
  const int32_t   *start;        /* what sums begin with */
  const LfbVector *w;            /* [group][tap][LFB_BLOCK_COLUMN] */
  size_t           groups;
  size_t           taps;
  size_t           next_tap;
  ptrdiff_t        next_group;   /* from behind the last tap */
  size_t           next_pixel;
} LfbTapLoop;

#define LFB_TAPS_PIXELS ((size_t) 4)

static inline __attribute__ ((always_inline)) void
lfb_taps_add (LfbSum          *sums,
              const LfbVector *x,
              const LfbVector *w)
{
#if LFB_GROUP == 1
  for (size_t i = 0; i < 2; i++)
    {
      int16x8_t values = vreinterpretq_s16_u8 (x[i]), weights = vreinterpretq_s16_u8 (w[i]);

      sums[2 * i] = vmlal_s16 (sums[2 * i], vget_low_s16 (values), vget_low_s16 (weights));
      sums[2 * i + 1] = vmlal_high_s16 (sums[2 * i + 1], values, weights);
    }
#else
  for (size_t i = 0; i < 4; i++)
    sums[i] = vdotq_s32 (sums[i], vreinterpretq_s8_u8 (x[i]), vreinterpretq_s8_u8 (w[i]));
#endif
}

static inline __attribute__ ((always_inline)) void
lfb_taps_sum_pixels (const LfbTapLoop *taps,
                     const LfbVector  *first,
                     size_t            pixels,
                     LfbSum           *sums)
{
  const LfbVector *w = taps->w;
  LfbSum own[LFB_TAPS_PIXELS * LFB_BLOCK_SUMS];

  for (size_t i = 0; i < pixels * LFB_BLOCK_SUMS; i++)
    own[i] = vld1q_s32 (taps->start + 4 * (i % LFB_BLOCK_SUMS));

  for (size_t group = taps->groups; group > 0; group--, first += taps->next_group)
    for (size_t tap = taps->taps; tap > 0; tap--, first += taps->next_tap, w += LFB_BLOCK_COLUMN)
      for (size_t p = 0; p < pixels; p++)
        lfb_taps_add (own + p * LFB_BLOCK_SUMS, first + p * taps->next_pixel, w);

  for (size_t i = 0; i < pixels * LFB_BLOCK_SUMS; i++)
    sums[i] = own[i];
}

static inline void
lfb_taps_sum (const LfbTapLoop *taps,
              const LfbVector  *first,
              LfbSum           *sums)
{
  lfb_taps_sum_pixels (taps, first, LFB_TAPS_PIXELS, sums);
}

static inline void
lfb_taps_sum_one (const LfbTapLoop *taps,
                  const LfbVector  *first,
                  LfbSum           *sums)
{
  lfb_taps_sum_pixels (taps, first, 1, sums);
}

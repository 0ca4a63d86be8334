/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A block of channels, as the depthwise and the grouped convolution on 256-bit
 * registers take them: as many as a vector of x holds, 8 * LFB_GROUP, whose sums are
 * LFB_GROUP vectors.  In which order these hold the channels is said by a list; the
 * parameters of the outputs are brought into that order, and bytes out of it.
 *
 * The file that includes this has said what LFB_GROUP is.
 */

#pragma once

#include <immintrin.h>
#include <string.h>

#include <lowerfb/kernels/x86/output_avx2.h>

#define LFB_BLOCK_SUMS ((size_t) LFB_GROUP)  /* vectors */
#define LFB_BLOCK_CHANNELS (8 * LFB_BLOCK_SUMS)

typedef struct
{
  const LfbRequantize *requantize;  /* one of the two pairs */
  uint8_t             *y_u8;
  const LfbAddend     *addend;      /* to y_u8; or NULL */
  const LfbRescale    *rescale;
  float               *y_f32;

  size_t               n;           /* the channels are n to n + channels - 1 */
  size_t               channels;
  uint8_t              order[LFB_BLOCK_CHANNELS];  /* the channel of each lane of the sums */
  bool                 ordered;     /* bytes need no shuffle */
  __m256i              shuffle;     /* of bytes in each half */
  __m256               high;        /* of the output, as in output_avx2.h */
  __m256i              zero_point;
  __m256i              min;
  __m256               bias[LFB_BLOCK_SUMS];
  __m256               multiplier[LFB_BLOCK_SUMS];
} LfbBlock;

static inline int32_t
lfb_block_x_zero_point (const LfbBlock *block)
{
  return block->requantize != NULL ? block->requantize->x_zero_point : block->rescale->x_zero_point;
}

/* Where packing to bytes puts lane @lane of the sums. */
static inline size_t
lfb_block_byte (size_t lane)
{
  return lane / 4 % 2 * 4 * LFB_BLOCK_SUMS + lane / 8 * 4 + lane % 4;
}

/* After the output and the order of the channels. */
static inline void
lfb_block_init (LfbBlock *block)
{
  const LfbRequantize *output = block->requantize;
  _Alignas (32) uint8_t shuffle[32];

  block->ordered = true;
  for (size_t lane = 0; lane < LFB_BLOCK_CHANNELS; lane++)
    {
      /* Bytes leave their half of the vector with neither order. */
      shuffle[block->order[lane]] = (uint8_t) (lfb_block_byte (lane) % 16);
      block->ordered = block->ordered && block->order[lane] == lfb_block_byte (lane);
    }
  for (size_t i = LFB_BLOCK_CHANNELS; i < 32; i++)
    shuffle[i] = 0;

  block->shuffle = _mm256_load_si256 ((const __m256i *) shuffle);

  if (output != NULL)
    {
      block->high = _mm256_set1_ps ((float) (output->y_max - output->y_zero_point));
      block->zero_point = _mm256_set1_epi16 ((short) output->y_zero_point);
      block->min = _mm256_set1_epi8 ((char) output->y_min);
    }
}

/* The parameters of the channels from @n on, of @all. */
static inline void
lfb_block_set_channels (LfbBlock *block,
                        size_t       n,
                        size_t       all)
{
  const float *bias = block->requantize != NULL ? block->requantize->bias : block->rescale->bias;
  const float *multiplier = block->requantize != NULL ? block->requantize->multiplier : block->rescale->multiplier;
  float *own_bias = (float *) block->bias, *own_multiplier = (float *) block->multiplier;

  block->n = n;
  block->channels = all - n < LFB_BLOCK_CHANNELS ? all - n : LFB_BLOCK_CHANNELS;

  for (size_t lane = 0; lane < LFB_BLOCK_CHANNELS; lane++)
    {
      bool there = block->order[lane] < block->channels;

      own_bias[lane] = there ? bias[n + block->order[lane]] : 0.0f;
      own_multiplier[lane] = there ? multiplier[n + block->order[lane]] : 0.0f;
    }
}

/* @y: the first channel of the block. */
static inline __attribute__ ((always_inline)) void
lfb_block_store_u8 (const LfbBlock *block,
                    const __m256i     *sums,
                    uint8_t           *y)
{
  __m256i words[2], bytes;

#pragma GCC unroll 4
  for (size_t i = 0; i < LFB_BLOCK_SUMS; i += 2)
    {
      const float *bias = (const float *) (block->bias + i), *multiplier = (const float *) (block->multiplier + i);

      words[i / 2] = _mm256_packs_epi32 (lfb_requantize_round_avx2 (block->high, sums[i], bias, multiplier),
                                         lfb_requantize_round_avx2 (block->high, sums[i + 1], bias + 8,
                                                                    multiplier + 8));
      words[i / 2] = _mm256_adds_epi16 (words[i / 2], block->zero_point);
    }

  bytes = _mm256_packus_epi16 (words[0], words[LFB_BLOCK_SUMS / 2 - 1]);
  if (LFB_BLOCK_SUMS == 2)
    bytes = _mm256_permute4x64_epi64 (bytes, 0xd8);
  bytes = _mm256_max_epu8 (bytes, block->min);
  if (!block->ordered)
    bytes = _mm256_shuffle_epi8 (bytes, block->shuffle);

  if (block->channels < LFB_BLOCK_CHANNELS)
    {
      uint8_t all[32];

      _mm256_storeu_si256 ((__m256i *) all, bytes);
      memcpy (y, all, block->channels);
    }
  else if (LFB_BLOCK_SUMS == 2)
    _mm_storeu_si128 ((__m128i *) y, _mm256_castsi256_si128 (bytes));
  else
    _mm256_storeu_si256 ((__m256i *) y, bytes);
}

/* With the addend of @pixel. */
static inline void
lfb_block_store_added (const LfbBlock *block,
                       const __m256i  *sums,
                       size_t          pixel,
                       uint8_t        *y)
{
  _Alignas (32) int32_t lanes[LFB_BLOCK_CHANNELS], in_order[LFB_BLOCK_CHANNELS];

  for (size_t i = 0; i < LFB_BLOCK_SUMS; i++)
    _mm256_store_si256 ((__m256i *) lanes + i, sums[i]);
  for (size_t lane = 0; lane < LFB_BLOCK_CHANNELS; lane++)
    in_order[block->order[lane]] = lanes[lane];

  for (size_t i = 0; i < block->channels; i += 16)
    lfb_requantize_add_avx2 (block->requantize, block->addend, block->n + i,
                             block->channels - i < 16 ? block->channels - i : 16,
                             _mm256_load_si256 ((const __m256i *) (in_order + i)),
                             _mm256_load_si256 ((const __m256i *) (in_order + i + 8)), pixel, y + i);
}

static inline void
lfb_block_store_f32 (const LfbBlock *block,
                     const __m256i     *sums,
                     float             *y)
{
  float values[8];

  for (size_t i = 0; i < LFB_BLOCK_SUMS; i++)
    {
      __m256 value = _mm256_add_ps (_mm256_mul_ps (_mm256_cvtepi32_ps (sums[i]), block->multiplier[i]),
                                    block->bias[i]);

      /* As in lfb_rescale_avx2(). */
      if (block->rescale->relu)
        value = _mm256_max_ps (_mm256_setzero_ps (), value);

      _mm256_storeu_ps (values, value);
      for (size_t lane = 0; lane < 8; lane++)
        if (block->order[8 * i + lane] < block->channels)
          y[block->order[8 * i + lane]] = values[lane];
    }
}

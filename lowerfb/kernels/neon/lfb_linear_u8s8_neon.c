/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Linear in NEON without dot products.  The contract is linear.h.
 *
 * As in plain C the zero points are subtracted first, in 16 bits, and the
 * products of 16 bits are summed in 32: nothing saturates.  A tile is [k][16
 * outputs] of int16, so that a weight vector meets one k of a row, a lane.
 */

#include <lowerfb/kernels/neon/linear.h>

#include <lowerfb/kernels/cpu.h>

/* k in one step: what a vector of 16 bits has of a row. */
#define STEP ((size_t) 8)

static size_t
padded_k (size_t k)
{
  return (k + STEP - 1) / STEP * STEP;
}

static size_t
tile_size (const LfbLinearWeights *weights)
{
  return padded_k (weights->k) * LFB_NEON_OUTPUTS * sizeof (int16_t);
}

static size_t
pack_size (const LfbLinearWeights *weights)
{
  return lfb_neon_size (weights, tile_size (weights));
}

static void
pack (const LfbLinearWeights *weights,
      void                   *buffer)
{
  char *tiles = lfb_neon_begin_packing (weights, padded_k (weights->k), tile_size (weights), buffer);

  for (size_t n = 0; n < weights->n; n++)
    {
      int16_t *tile = (int16_t *) (void *) (tiles + n / LFB_NEON_OUTPUTS * tile_size (weights));
      const int8_t *w = weights->w + n * weights->w_stride;
      int32_t zero_point = weights->zero_points != NULL ? weights->zero_points[n] : 0;

      for (size_t k = 0; k < weights->k; k++)
        tile[k * LFB_NEON_OUTPUTS + n % LFB_NEON_OUTPUTS] = (int16_t) (w[k] - zero_point);
    }
}

/* @count <= STEP bytes; those that are missing meet weights of 0. */
LFB_NEON_INLINE int16x8_t
load_row (const uint8_t *x,
          size_t         count,
          int16x8_t      zero_point)
{
  uint8_t bytes[STEP] = { 0 };

  if (count < STEP)
    x = memcpy (bytes, x, count);

  return vsubq_s16 (vreinterpretq_s16_u16 (vmovl_u8 (vld1_u8 (x))), zero_point);
}

/* One k, which is lane @lane of the rows. */
#define ADD_LANE(lane) \
  do \
    { \
      int16x8_t low = vld1q_s16 (w + (lane) * LFB_NEON_OUTPUTS); \
      int16x8_t high = vld1q_s16 (w + (lane) * LFB_NEON_OUTPUTS + 8); \
      \
      for (size_t r = 0; r < rows; r++) \
        { \
          sums[r][0] = vmlal_laneq_s16 (sums[r][0], vget_low_s16 (low), x[r], lane); \
          sums[r][1] = vmlal_high_laneq_s16 (sums[r][1], low, x[r], lane); \
          sums[r][2] = vmlal_laneq_s16 (sums[r][2], vget_low_s16 (high), x[r], lane); \
          sums[r][3] = vmlal_high_laneq_s16 (sums[r][3], high, x[r], lane); \
        } \
    } \
  while (0)

LFB_NEON_INLINE void
run_tile (const LfbNeonPacked *packed,
          const char          *tile,
          const LfbLinearArgs *args,
          size_t               row,
          size_t               rows,
          int32_t              x_zero_point,
          int32_t              acc[LFB_NEON_ROWS][LFB_NEON_OUTPUTS])
{
  const int16_t *w = (const int16_t *) (const void *) tile;
  int16x8_t zero_point = vdupq_n_s16 ((int16_t) x_zero_point);
  int32x4_t sums[LFB_NEON_ROWS][4];

  for (size_t r = 0; r < rows; r++)
    for (int i = 0; i < 4; i++)
      sums[r][i] = vdupq_n_s32 (0);

  for (size_t k = 0; k < packed->padded_k; k += STEP, w += STEP * LFB_NEON_OUTPUTS)
    {
      size_t count = packed->k - k < STEP ? packed->k - k : STEP;
      int16x8_t x[LFB_NEON_ROWS];

      for (size_t r = 0; r < rows; r++)
        x[r] = load_row (args->x + (row + r) * args->x_stride + k, count, zero_point);

      ADD_LANE (0);
      ADD_LANE (1);
      ADD_LANE (2);
      ADD_LANE (3);
      ADD_LANE (4);
      ADD_LANE (5);
      ADD_LANE (6);
      ADD_LANE (7);
    }

  for (size_t r = 0; r < rows; r++)
    for (int i = 0; i < 4; i++)
      vst1q_s32 (&acc[r][4 * i], sums[r][i]);
}

LFB_NEON_LINEAR_VARIANT (neon, LFB_CPU_NEON)

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Linear in NEON with dot products.  The contract is linear.h.
 *
 * The instruction multiplies signed bytes: x is taken as x - 128, and the zero
 * points stay outside of the loop.  With S the sum of (x - 128) w, C the sum of a
 * weight row, R that of a row of x - 128, and d = 128 - x_zero_point,
 *
 *     acc = S + d C - w_zero_point (R + K d)
 *
 * modulo 2^32, which is exact because acc is inside int32.  A tile is [k / 4][16
 * outputs][4] bytes, then C and the zero point of each output.
 */

#include <lowerfb/kernels/neon/linear.h>

#include <lowerfb/kernels/cpu.h>

/* k in one step: what a vector has of a row. */
#define STEP ((size_t) 16)

typedef struct
{
  int32_t sums[LFB_NEON_OUTPUTS];
  int32_t zero_points[LFB_NEON_OUTPUTS];
} TileEnd;

static size_t
padded_k (size_t k)
{
  return (k + STEP - 1) / STEP * STEP;
}

static size_t
tile_size (const LfbLinearWeights *weights)
{
  return padded_k (weights->k) * LFB_NEON_OUTPUTS + sizeof (TileEnd);
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
  size_t k_size = padded_k (weights->k);
  char *tiles = lfb_neon_begin_packing (weights, k_size, tile_size (weights), buffer);

  for (size_t n = 0; n < weights->n; n++)
    {
      char *tile = tiles + n / LFB_NEON_OUTPUTS * tile_size (weights);
      TileEnd *end = (TileEnd *) (void *) (tile + k_size * LFB_NEON_OUTPUTS);
      const int8_t *w = weights->w + n * weights->w_stride;
      size_t lane = n % LFB_NEON_OUTPUTS;

      for (size_t k = 0; k < weights->k; k++)
        {
          tile[(k / 4 * LFB_NEON_OUTPUTS + lane) * 4 + k % 4] = (char) w[k];
          end->sums[lane] += w[k];
        }

      if (weights->zero_points != NULL)
        end->zero_points[lane] = weights->zero_points[n];
    }
}

/* x - 128 of @count <= STEP bytes, then zeros. */
LFB_NEON_INLINE int8x16_t
load_row (const uint8_t *x,
          size_t         count)
{
  uint8_t bytes[STEP];

  if (count < STEP)
    {
      memset (bytes, 0x80, STEP);
      x = memcpy (bytes, x, count);
    }

  return vreinterpretq_s8_u8 (veorq_u8 (vld1q_u8 (x), vdupq_n_u8 (0x80)));
}

/* Four k, which are lane @lane of the rows. */
#define ADD_LANE(lane) \
  do \
    { \
      for (int i = 0; i < 4; i++) \
        { \
          int8x16_t four = vld1q_s8 (w + ((lane) * LFB_NEON_OUTPUTS + 4 * i) * 4); \
          \
          for (size_t r = 0; r < rows; r++) \
            sums[r][i] = vdotq_laneq_s32 (sums[r][i], four, x[r], lane); \
        } \
    } \
  while (0)

/* d C - w_zero_point (R + K d), for four outputs. */
LFB_NEON_INLINE int32x4_t
correction (const TileEnd *end,
            int            i,
            int32_t        d,
            int32_t        row_sum)
{
  int32x4_t result = vmulq_n_s32 (vld1q_s32 (end->sums + 4 * i), d);

  return vmlsq_s32 (result, vld1q_s32 (end->zero_points + 4 * i), vdupq_n_s32 (row_sum));
}

LFB_NEON_INLINE void
run_tile (const LfbNeonPacked *packed,
          const char          *tile,
          const LfbLinearArgs *args,
          size_t               row,
          size_t               rows,
          int32_t              x_zero_point,
          int32_t              acc[LFB_NEON_ROWS][LFB_NEON_OUTPUTS])
{
  const TileEnd *end = (const TileEnd *) (const void *) (tile + packed->padded_k * LFB_NEON_OUTPUTS);
  const int8_t *w = (const int8_t *) tile;
  int32_t d = 128 - x_zero_point;
  int32x4_t sums[LFB_NEON_ROWS][4];
  int32x4_t row_sums[LFB_NEON_ROWS];

  for (size_t r = 0; r < rows; r++)
    {
      row_sums[r] = vdupq_n_s32 (0);
      for (int i = 0; i < 4; i++)
        sums[r][i] = vdupq_n_s32 (0);
    }

  for (size_t k = 0; k < packed->padded_k; k += STEP, w += STEP * LFB_NEON_OUTPUTS)
    {
      size_t count = packed->k - k < STEP ? packed->k - k : STEP;
      int8x16_t x[LFB_NEON_ROWS];

      for (size_t r = 0; r < rows; r++)
        x[r] = load_row (args->x + (row + r) * args->x_stride + k, count);

      if (packed->zero_points)
        for (size_t r = 0; r < rows; r++)
          row_sums[r] = vdotq_s32 (row_sums[r], x[r], vdupq_n_s8 (1));

      ADD_LANE (0);
      ADD_LANE (1);
      ADD_LANE (2);
      ADD_LANE (3);
    }

  for (size_t r = 0; r < rows; r++)
    {
      int32_t row_sum = vaddvq_s32 (row_sums[r]) + (int32_t) packed->k * d;

      for (int i = 0; i < 4; i++)
        vst1q_s32 (&acc[r][4 * i], vaddq_s32 (sums[r][i], correction (end, i, d, row_sum)));
    }
}

LFB_NEON_LINEAR_VARIANT (neondot, LFB_CPU_NEON | LFB_CPU_NEONDOT)

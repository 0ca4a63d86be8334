/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The product of linear and convolution in NEON without dot products: as in plain C the
 * zero point of x is subtracted first, in 16 bits, and the products of 16 bits are
 * summed in 32: nothing saturates.  A weight vector meets one k of a row, a lane.
 */

#include <arm_neon.h>

#include <lowerfb/kernels/neon/tile.h>

#define LFB_STEP_SIZE ((size_t) 16)
#define LFB_GROUP_SIZE ((size_t) 2)
#define LFB_GROUP_WEIGHTS ((size_t) 32)
#define LFB_NEON_INLINE static inline __attribute__ ((always_inline))

/* One k, which is lane @lane of the rows. */
#define ADD_LANE(lane) \
  do \
    { \
      int16x8_t low = vld1q_s16 (weights + (lane) * 16); \
      int16x8_t high = vld1q_s16 (weights + (lane) * 16 + 8); \
      \
      for (size_t r = 0; r < rows; r++) \
        { \
          sums[r][0] = vmlal_laneq_s16 (sums[r][0], vget_low_s16 (low), values[r], lane); \
          sums[r][1] = vmlal_high_laneq_s16 (sums[r][1], low, values[r], lane); \
          sums[r][2] = vmlal_laneq_s16 (sums[r][2], vget_low_s16 (high), values[r], lane); \
          sums[r][3] = vmlal_high_laneq_s16 (sums[r][3], high, values[r], lane); \
        } \
    } \
  while (0)

LFB_NEON_INLINE void
lfb_add_step (int32x4_t      sums[LFB_PRODUCT_ROWS][4],
              const uint8_t *x[LFB_PRODUCT_ROWS],
              ptrdiff_t      at,
              const uint8_t *w,
              size_t         rows)
{
  const int16_t *weights = (const int16_t *) (const void *) w;
  int16x8_t values[LFB_PRODUCT_ROWS];

  for (size_t r = 0; r < rows; r++)
    values[r] = vreinterpretq_s16_u8 (vld1q_u8 (x[r] + at));

  ADD_LANE (0);
  ADD_LANE (1);
  ADD_LANE (2);
  ADD_LANE (3);
  ADD_LANE (4);
  ADD_LANE (5);
  ADD_LANE (6);
  ADD_LANE (7);
}

LFB_NEON_INLINE void
lfb_add_group (int32x4_t      sums[LFB_PRODUCT_ROWS][4],
               const uint8_t *x[LFB_PRODUCT_ROWS],
               ptrdiff_t      at,
               const uint8_t *w,
               size_t         rows)
{
  const int16_t *weights = (const int16_t *) (const void *) w;
  int16x8_t values[LFB_PRODUCT_ROWS];

  for (size_t r = 0; r < rows; r++)
    values[r] = vld1q_dup_s16 ((const int16_t *) (const void *) (x[r] + at));

  ADD_LANE (0);
}

#include <lowerfb/kernels/neon/tile_loop.h>

LFB_NEON_TILE (lfb_tile_run_neon)

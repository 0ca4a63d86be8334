/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The product of linear and convolution in NEON with dot products, which multiply signed
 * bytes: x is taken as x - 128.
 */

#include <arm_neon.h>

#include <lowerfb/kernels/neon/tile.h>

#define LFB_STEP_SIZE ((size_t) 16)
#define LFB_GROUP_SIZE ((size_t) 4)
#define LFB_GROUP_WEIGHTS ((size_t) 64)
#define LFB_NEON_INLINE static inline __attribute__ ((always_inline))

/* Four k, which are lane @lane of the rows. */
#define ADD_LANE(lane) \
  do \
    { \
      for (int i = 0; i < 4; i++) \
        { \
          int8x16_t weights = vreinterpretq_s8_u8 (vld1q_u8 (w + ((lane) * 16 + 4 * i) * 4)); \
          \
          for (size_t r = 0; r < rows; r++) \
            sums[r][i] = vdotq_laneq_s32 (sums[r][i], weights, values[r], lane); \
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
  int8x16_t values[LFB_PRODUCT_ROWS];

  for (size_t r = 0; r < rows; r++)
    values[r] = vreinterpretq_s8_u8 (vld1q_u8 (x[r] + at));

  ADD_LANE (0);
  ADD_LANE (1);
  ADD_LANE (2);
  ADD_LANE (3);
}

LFB_NEON_INLINE void
lfb_add_group (int32x4_t      sums[LFB_PRODUCT_ROWS][4],
               const uint8_t *x[LFB_PRODUCT_ROWS],
               ptrdiff_t      at,
               const uint8_t *w,
               size_t         rows)
{
  int8x16_t values[LFB_PRODUCT_ROWS];

  for (size_t r = 0; r < rows; r++)
    {
      /* Any alignment. */
      values[r] = vreinterpretq_s8_u32 (vdupq_n_u32 (0));
      values[r] = vreinterpretq_s8_u32 (vld1q_lane_u32 ((const void *) (x[r] + at), vreinterpretq_u32_s8 (values[r]), 0));
    }

  ADD_LANE (0);
}

#include <lowerfb/kernels/neon/tile_loop.h>

LFB_NEON_TILE (lfb_tile_run_neondot)

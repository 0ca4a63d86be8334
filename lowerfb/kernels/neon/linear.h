/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Linear on AArch64: what the variants with and without dot products share.
 *
 * Weights are packed in tiles of 16 outputs with all of k; a tile of 4 rows by 16
 * outputs, the shape of XNNPACK's kernels too, keeps its sums in 16 registers.
 * Sums then take the output stage of plain C, which the compiler vectorises.
 */

#pragma once

#include <arm_neon.h>
#include <stdbool.h>
#include <string.h>

#include <lowerfb/kernels/c/output.h>
#include <lowerfb/kernels/linear.h>

#define LFB_NEON_INLINE static inline __attribute__ ((always_inline))

#define LFB_NEON_ROWS ((size_t) 4)
#define LFB_NEON_OUTPUTS ((size_t) 16)

/* The packed buffer: this, then the tiles. */
typedef struct
{
  _Alignas (64) size_t n;
  size_t               k;
  size_t               padded_k;
  size_t               tile_size;  /* bytes */
  bool                 zero_points;
} LfbNeonPacked;

/* The sums of @rows <= LFB_NEON_ROWS rows with all outputs of @tile. */
typedef void (*LfbNeonTile) (const LfbNeonPacked *packed,
                             const char          *tile,
                             const LfbLinearArgs *args,
                             size_t               row,
                             size_t               rows,
                             int32_t              x_zero_point,
                             int32_t              acc[LFB_NEON_ROWS][LFB_NEON_OUTPUTS]);

LFB_NEON_INLINE size_t
lfb_neon_size (const LfbLinearWeights *weights,
               size_t                  tile_size)
{
  return sizeof (LfbNeonPacked) + (weights->n + LFB_NEON_OUTPUTS - 1) / LFB_NEON_OUTPUTS * tile_size;
}

/* Writes the header; returns where the tiles begin, which are all zeros. */
LFB_NEON_INLINE char *
lfb_neon_begin_packing (const LfbLinearWeights *weights,
                        size_t                  padded_k,
                        size_t                  tile_size,
                        void                   *buffer)
{
  LfbNeonPacked *packed = buffer;

  memset (buffer, 0, lfb_neon_size (weights, tile_size));
  packed->n = weights->n;
  packed->k = weights->k;
  packed->padded_k = padded_k;
  packed->tile_size = tile_size;
  packed->zero_points = weights->zero_points != NULL;

  return (char *) (packed + 1);
}

LFB_NEON_INLINE void
lfb_neon_run (const LfbNeonPacked *packed,
              const LfbLinearArgs *args,
              const LfbOutput     *output,
              LfbNeonTile          run_tile)
{
  int32_t x_zero_point = lfb_output_x_zero_point (output);

  for (size_t n = args->n_begin; n < args->n_end; n += LFB_NEON_OUTPUTS)
    {
      const char *tile = (const char *) (packed + 1) + n / LFB_NEON_OUTPUTS * packed->tile_size;
      size_t count = args->n_end - n < LFB_NEON_OUTPUTS ? args->n_end - n : LFB_NEON_OUTPUTS;

      for (size_t row = 0; row < args->m; row += LFB_NEON_ROWS)
        {
          size_t rows = args->m - row < LFB_NEON_ROWS ? args->m - row : LFB_NEON_ROWS;
          int32_t acc[LFB_NEON_ROWS][LFB_NEON_OUTPUTS];

          /* A constant count of rows keeps the sums in registers. */
          if (rows == 4)
            run_tile (packed, tile, args, row, 4, x_zero_point, acc);
          else if (rows == 3)
            run_tile (packed, tile, args, row, 3, x_zero_point, acc);
          else if (rows == 2)
            run_tile (packed, tile, args, row, 2, x_zero_point, acc);
          else
            run_tile (packed, tile, args, row, 1, x_zero_point, acc);

          for (size_t r = 0; r < rows; r++)
            lfb_output_row (output, acc[r], row + r, n, count);
        }
    }
}

/* The functions and the table row of a variant. */
#define LFB_NEON_LINEAR_VARIANT(name, flags) \
  static size_t \
  scratch_size (const void *packed) \
  { \
    (void) packed; \
    \
    return 0; \
  } \
  \
  static void \
  run_u8 (const void          *packed, \
          const LfbLinearArgs *args, \
          const LfbRequantize *requantize, \
          uint8_t             *y) \
  { \
    lfb_neon_run (packed, args, &(LfbOutput) { .requantize = requantize, .y_u8 = y, .y_stride = args->y_stride }, \
                  run_tile); \
  } \
  \
  static void \
  run_f32 (const void          *packed, \
           const LfbLinearArgs *args, \
           const LfbRescale    *rescale, \
           float               *y) \
  { \
    lfb_neon_run (packed, args, &(LfbOutput) { .rescale = rescale, .y_f32 = y, .y_stride = args->y_stride }, run_tile); \
  } \
  \
  const LfbLinearKernel lfb_linear_u8s8_##name = { \
    .isa = #name, \
    .needs = (flags), \
    .tile_m = LFB_NEON_ROWS, \
    .tile_n = LFB_NEON_OUTPUTS, \
    .pack_size = pack_size, \
    .pack = pack, \
    .scratch_size = scratch_size, \
    .run_u8 = run_u8, \
    .run_f32 = run_f32, \
  };

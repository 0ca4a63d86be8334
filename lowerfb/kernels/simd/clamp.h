/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Integer clamp in vectors: the loop of the contract clamp.h. */

#pragma once

#include <lowerfb/kernels/clamp.h>

#include <lowerfb/kernels/simd/vector.h>

LFB_INLINE LfbVb
lfb_clamp_block (LfbVb x,
                 LfbVb low,
                 LfbVb high,
                 bool  is_signed)
{
  return is_signed ? lfb_vb_min_s8 (lfb_vb_max_s8 (x, low), high) : lfb_vb_min_u8 (lfb_vb_max_u8 (x, low), high);
}

/* y may be x: where the last block overlaps the one before it, clamping twice
 * changes nothing. */
LFB_INLINE void
lfb_clamp_bytes (const uint8_t *x,
                 uint8_t       *y,
                 size_t         n,
                 uint8_t        low,
                 uint8_t        high,
                 bool           is_signed)
{
  LfbVb lows = lfb_vb_fill (low);
  LfbVb highs = lfb_vb_fill (high);
  size_t i;

  if (n < LFB_BYTES)
    {
      lfb_vb_store_part (y, lfb_clamp_block (lfb_vb_load_part (x, n), lows, highs, is_signed), n);
      return;
    }

  for (i = 0; i + 4 * LFB_BYTES <= n; i += 4 * LFB_BYTES)
    for (size_t k = 0; k < 4 * LFB_BYTES; k += LFB_BYTES)
      lfb_vb_store (y + i + k, lfb_clamp_block (lfb_vb_load (x + i + k), lows, highs, is_signed));

  for (; i + LFB_BYTES <= n; i += LFB_BYTES)
    lfb_vb_store (y + i, lfb_clamp_block (lfb_vb_load (x + i), lows, highs, is_signed));

  lfb_vb_store (y + n - LFB_BYTES, lfb_clamp_block (lfb_vb_load (x + n - LFB_BYTES), lows, highs, is_signed));
}

/* The function of a variant, named after its instruction set. */
#define LFB_CLAMP_VARIANT(type, ctype, isa, is_signed) \
  void \
  lfb_clamp_##type##_##isa (const ctype *x, \
                            ctype       *y, \
                            size_t       n, \
                            ctype        low, \
                            ctype        high) \
  { \
    lfb_clamp_bytes ((const uint8_t *) x, (uint8_t *) y, n, (uint8_t) low, (uint8_t) high, is_signed); \
  }

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Table lookup of bytes, in AVX-512 without VBMI.  The contract is lookup.h; how
 * it goes is said in the AVX2 variant, whose blends of two shuffles are one
 * masked shuffle here.
 */

#include <lowerfb/kernels/lookup.h>

#include <lowerfb/kernels/simd/vector.h>

typedef struct
{
  LfbVb row[16];
} Table;

LFB_INLINE LfbVb
lookup_block (const Table *table,
              LfbVb        x)
{
  LfbVb low = _mm512_and_si512 (x, lfb_vb_fill (0x0f));
  __mmask64 choice = _mm512_movepi8_mask (_mm512_slli_epi16 (x, 3));
  LfbVb y[8];

  for (int i = 0; i < 8; i++)
    y[i] = _mm512_mask_shuffle_epi8 (_mm512_shuffle_epi8 (table->row[2 * i], low), choice, table->row[2 * i + 1], low);

  choice = _mm512_movepi8_mask (_mm512_slli_epi16 (x, 2));
  for (int i = 0; i < 4; i++)
    y[i] = _mm512_mask_blend_epi8 (choice, y[2 * i], y[2 * i + 1]);

  choice = _mm512_movepi8_mask (_mm512_slli_epi16 (x, 1));
  for (int i = 0; i < 2; i++)
    y[i] = _mm512_mask_blend_epi8 (choice, y[2 * i], y[2 * i + 1]);

  return _mm512_mask_blend_epi8 (_mm512_movepi8_mask (x), y[0], y[1]);
}

void
lfb_lookup_u8_avx512vnni (const uint8_t *x,
                          uint8_t       *y,
                          size_t         n,
                          const uint8_t *table)
{
  Table rows;
  size_t i;

  for (int k = 0; k < 16; k++)
    rows.row[k] = _mm512_broadcast_i32x4 (_mm_loadu_si128 ((const __m128i *) (const void *) (table + 16 * k)));

  for (i = 0; i + LFB_BYTES <= n; i += LFB_BYTES)
    lfb_vb_store (y + i, lookup_block (&rows, lfb_vb_load (x + i)));

  if (i < n)
    lfb_vb_store_part (y + i, lookup_block (&rows, lfb_vb_load_part (x + i, n - i)), n - i);
}

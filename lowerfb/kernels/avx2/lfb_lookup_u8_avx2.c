/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Table lookup of bytes, in AVX2.  The contract is lookup.h.
 *
 * A shuffle looks the low four bits up in 16 entries: sixteen of them give what
 * each row of the table has there, and the high four bits choose among the rows,
 * one bit at a time.
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
  LfbVb low = _mm256_and_si256 (x, lfb_vb_fill (0x0f));
  LfbVb choice = _mm256_slli_epi16 (x, 3);
  LfbVb y[8];

  for (int i = 0; i < 8; i++)
    y[i] = _mm256_blendv_epi8 (_mm256_shuffle_epi8 (table->row[2 * i], low),
                               _mm256_shuffle_epi8 (table->row[2 * i + 1], low), choice);

  choice = _mm256_slli_epi16 (x, 2);
  for (int i = 0; i < 4; i++)
    y[i] = _mm256_blendv_epi8 (y[2 * i], y[2 * i + 1], choice);

  choice = _mm256_slli_epi16 (x, 1);
  for (int i = 0; i < 2; i++)
    y[i] = _mm256_blendv_epi8 (y[2 * i], y[2 * i + 1], choice);

  return _mm256_blendv_epi8 (y[0], y[1], x);
}

void
lfb_lookup_u8_avx2 (const uint8_t *x,
                    uint8_t       *y,
                    size_t         n,
                    const uint8_t *table)
{
  Table rows;
  size_t i;

  for (int k = 0; k < 16; k++)
    rows.row[k] = _mm256_broadcastsi128_si256 (_mm_loadu_si128 ((const __m128i *) (const void *) (table + 16 * k)));

  for (i = 0; i + LFB_BYTES <= n; i += LFB_BYTES)
    lfb_vb_store (y + i, lookup_block (&rows, lfb_vb_load (x + i)));

  for (; i < n; i++)
    y[i] = table[x[i]];
}

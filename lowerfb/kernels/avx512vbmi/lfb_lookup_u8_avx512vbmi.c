/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Table lookup of bytes, in AVX-512 with VBMI: a permutation looks seven bits up
 * in two registers, the eighth bit chooses.  The contract is lookup.h.
 */

#include <lowerfb/kernels/lookup.h>

#include <lowerfb/kernels/simd/vector.h>

typedef struct
{
  LfbVb part[4];
} Table;

LFB_INLINE LfbVb
lookup_block (const Table *table,
              LfbVb        x)
{
  LfbVb low = _mm512_permutex2var_epi8 (table->part[0], x, table->part[1]);
  LfbVb high = _mm512_permutex2var_epi8 (table->part[2], x, table->part[3]);

  return _mm512_mask_blend_epi8 (_mm512_movepi8_mask (x), low, high);
}

void
lfb_lookup_u8_avx512vbmi (const uint8_t *x,
                          uint8_t       *y,
                          size_t         n,
                          const uint8_t *table)
{
  Table parts;
  size_t i;

  for (int k = 0; k < 4; k++)
    parts.part[k] = lfb_vb_load (table + 64 * k);

  for (i = 0; i + LFB_BYTES <= n; i += LFB_BYTES)
    lfb_vb_store (y + i, lookup_block (&parts, lfb_vb_load (x + i)));

  if (i < n)
    lfb_vb_store_part (y + i, lookup_block (&parts, lfb_vb_load_part (x + i, n - i)), n - i);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Table lookup of bytes, in NEON: 64 entries an instruction, which leaves what is
 * outside of them as it was.  The contract is lookup.h.
 */

#include <lowerfb/kernels/lookup.h>

#include <lowerfb/kernels/simd/vector.h>

void
lfb_lookup_u8_neon (const uint8_t *x,
                    uint8_t       *y,
                    size_t         n,
                    const uint8_t *table)
{
  uint8x16x4_t parts[4];
  size_t i;

  for (int k = 0; k < 4; k++)
    parts[k] = vld1q_u8_x4 (table + 64 * k);

  for (i = 0; i + LFB_BYTES <= n; i += LFB_BYTES)
    {
      LfbVb index = lfb_vb_load (x + i);
      LfbVb value = vqtbl4q_u8 (parts[0], index);

      value = vqtbx4q_u8 (value, parts[1], vsubq_u8 (index, lfb_vb_fill (64)));
      value = vqtbx4q_u8 (value, parts[2], vsubq_u8 (index, lfb_vb_fill (128)));
      value = vqtbx4q_u8 (value, parts[3], vsubq_u8 (index, lfb_vb_fill (192)));
      lfb_vb_store (y + i, value);
    }

  for (; i < n; i++)
    y[i] = table[x[i]];
}

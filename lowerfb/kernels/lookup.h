/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Contract: y = table[x], any function of one byte.  For s8 the bytes are taken
 * as they lie: entry (uint8_t) q is the result for q.
 *
 * x and y: any alignment, n >= 0 bytes, equal or not overlapping; table: 256
 * bytes, any alignment, does not overlap y.
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct
{
  const char *isa;
  unsigned    needs;
  void (*run) (const uint8_t *x, uint8_t *y, size_t n, const uint8_t *table);
} LfbLookupKernel;

void lfb_lookup_init (LfbLookupKernel *kernel, unsigned cpu_flags);

void lfb_lookup_u8_c          (const uint8_t *x, uint8_t *y, size_t n, const uint8_t *table);
void lfb_lookup_u8_avx2       (const uint8_t *x, uint8_t *y, size_t n, const uint8_t *table);
void lfb_lookup_u8_avx512vnni (const uint8_t *x, uint8_t *y, size_t n, const uint8_t *table);
void lfb_lookup_u8_avx512vbmi (const uint8_t *x, uint8_t *y, size_t n, const uint8_t *table);
void lfb_lookup_u8_neon       (const uint8_t *x, uint8_t *y, size_t n, const uint8_t *table);

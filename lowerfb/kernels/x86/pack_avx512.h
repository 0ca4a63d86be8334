/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Weights of outputs side by side, in groups of 4 bytes, as tile_avx512vnni.h takes
 * them: linear and convolution pack them alike.
 */

#pragma once

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <lowerfb/kernels/x86/dpbusd_avx512.h>

/* 16 rows of 16 groups become 16 groups of 16 rows. */
static inline void
lfb_transpose_groups_avx512 (__m512i rows[16])
{
  __m512i pairs[16], quads[16], halves[16];

  for (size_t i = 0; i < 16; i += 2)
    {
      pairs[i] = _mm512_unpacklo_epi32 (rows[i], rows[i + 1]);
      pairs[i + 1] = _mm512_unpackhi_epi32 (rows[i], rows[i + 1]);
    }
  for (size_t i = 0; i < 16; i += 4)
    for (size_t j = 0; j < 2; j++)
      {
        quads[i + 2 * j] = _mm512_unpacklo_epi64 (pairs[i + j], pairs[i + j + 2]);
        quads[i + 2 * j + 1] = _mm512_unpackhi_epi64 (pairs[i + j], pairs[i + j + 2]);
      }
  /* quads[i + j]: in lane l, group 4 l + j of rows i to i + 3. */
  for (size_t j = 0; j < 4; j++)
    for (size_t i = 0; i < 2; i++)
      {
        halves[4 * i + j] = _mm512_shuffle_i32x4 (quads[8 * i + j], quads[8 * i + j + 4], 0x44);
        halves[8 + 4 * i + j] = _mm512_shuffle_i32x4 (quads[8 * i + j], quads[8 * i + j + 4], 0xee);
      }
  for (size_t h = 0; h < 2; h++)
    for (size_t j = 0; j < 4; j++)
      {
        rows[8 * h + j] = _mm512_shuffle_i32x4 (halves[8 * h + j], halves[8 * h + 4 + j], 0x88);
        rows[8 * h + 4 + j] = _mm512_shuffle_i32x4 (halves[8 * h + j], halves[8 * h + 4 + j], 0xdd);
      }
}

/* The bytes of the last group, those that the one before has, 0. */
static inline uint32_t
lfb_last_group (const int8_t *row,
                size_t        k)
{
  uint32_t group = 0;

  if (k >= 4)
    {
      memcpy (&group, row + k - 4, sizeof group);
      return group & UINT32_MAX << 8 * (4 - k % 4);
    }

  for (size_t i = 0; i < k; i++)
    group |= (uint32_t) (uint8_t) row[i] << 8 * i;

  return group;
}

/* The first @k weights of up to 16 outputs, which lie @w_stride bytes apart; groups go
 * to @to, @stride bytes apart, and the sums of the weights are added to @sums. */
static inline void
lfb_pack_outputs_avx512 (const int8_t *w,
                         size_t        w_stride,
                         size_t        k,
                         size_t        n_outputs,
                         int8_t       *to,
                         size_t        stride,
                         int32_t      *sums)
{
  const __m512i ones = _mm512_set1_epi8 (1);
  __m512i sum = _mm512_load_si512 (sums);
  size_t whole = k / 4;

  for (size_t group = 0; group < whole; group += 16)
    {
      size_t n_groups = whole - group < 16 ? whole - group : 16;
      __mmask16 mask = (__mmask16) ((1u << n_groups) - 1);
      __m512i rows[16];

      for (size_t i = 0; i < 16; i++)
        rows[i] = i < n_outputs ? _mm512_maskz_loadu_epi32 (mask, w + i * w_stride + 4 * group)
                                : _mm512_setzero_si512 ();
      lfb_transpose_groups_avx512 (rows);
      for (size_t i = 0; i < 16; i++)
        {
          sum = lfb_dpbusd (sum, ones, rows[i]);
          if (i < n_groups)
            _mm512_store_si512 (to + (group + i) * stride, rows[i]);
        }
    }

  if (k % 4 != 0)
    {
      _Alignas (64) uint32_t last[16] = { 0 };

      for (size_t i = 0; i < n_outputs; i++)
        last[i] = lfb_last_group (w + i * w_stride, k);
      _mm512_store_si512 (to + whole * stride, _mm512_load_si512 (last));
      sum = lfb_dpbusd (sum, ones, _mm512_load_si512 (last));
    }

  _mm512_store_si512 (sums, sum);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One set of names for the vectors of each instruction set, so that a loop over
 * elements is written once (the other headers of this folder) and compiled once
 * for each set, in the files of the folders avx2, avx512vnni and neon.
 *
 *   LfbVb   LFB_BYTES bytes
 *   LfbVf   LFB_LANES floats
 *   LfbVi   LFB_LANES int32
 *   LfbVf4, LfbVi4   four of them: as many elements as a LfbVb has, in order
 *
 * Everything is exact IEEE arithmetic in the order that the source says, never
 * fused and never approximate, so that every set gives the bits of plain C.
 *
 * A _part function takes the first @n elements, fewer than the vector has, and
 * touches no memory beyond; what it loads is followed by zeros.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LFB_INLINE static inline __attribute__ ((always_inline))

#if defined (__AVX512VNNI__)
#include <lowerfb/kernels/simd/avx512.h>
#elif defined (__AVX2__)
#include <lowerfb/kernels/simd/avx2.h>
#elif defined (__aarch64__)
#include <lowerfb/kernels/simd/neon.h>
#else
#error "no vectors for this instruction set"
#endif

typedef struct
{
  LfbVf v[4];
} LfbVf4;

typedef struct
{
  LfbVi v[4];
} LfbVi4;

/* How many of the first @n elements fall into vector @k of four. */
LFB_INLINE size_t
lfb_part_of (size_t n,
             size_t k)
{
  size_t begin = k * LFB_LANES;

  return n <= begin ? 0 : n - begin < LFB_LANES ? n - begin : LFB_LANES;
}

LFB_INLINE LfbVf4
lfb_vf4_load (const float *p)
{
  LfbVf4 x;

  for (int k = 0; k < 4; k++)
    x.v[k] = lfb_vf_load (p + k * LFB_LANES);

  return x;
}

LFB_INLINE LfbVf4
lfb_vf4_load_part (const float *p,
                   size_t       n)
{
  LfbVf4 x;

  for (int k = 0; k < 4; k++)
    x.v[k] = lfb_vf_load_part (p + k * LFB_LANES, lfb_part_of (n, k));

  return x;
}

LFB_INLINE void
lfb_vf4_store (float  *p,
               LfbVf4  x)
{
  for (int k = 0; k < 4; k++)
    lfb_vf_store (p + k * LFB_LANES, x.v[k]);
}

LFB_INLINE void
lfb_vf4_store_part (float  *p,
                    LfbVf4  x,
                    size_t  n)
{
  for (int k = 0; k < 4; k++)
    lfb_vf_store_part (p + k * LFB_LANES, x.v[k], lfb_part_of (n, k));
}

/* LFB_LANES elements, or the first @n where that is less. */
LFB_INLINE LfbVf
lfb_vf_load_some (const float *p,
                  size_t       n)
{
  return n >= LFB_LANES ? lfb_vf_load (p) : lfb_vf_load_part (p, n);
}

LFB_INLINE void
lfb_vf_store_some (float  *p,
                   LfbVf   x,
                   size_t  n)
{
  if (n >= LFB_LANES)
    lfb_vf_store (p, x);
  else
    lfb_vf_store_part (p, x, n);
}

/* The bytes of a quantized type as integers. */
LFB_INLINE LfbVi4
lfb_vi4_load (const void *p,
              bool        is_signed)
{
  LfbVi4 q;

  for (int k = 0; k < 4; k++)
    q.v[k] = is_signed ? lfb_vi_load_s8 ((const int8_t *) p + k * LFB_LANES)
                       : lfb_vi_load_u8 ((const uint8_t *) p + k * LFB_LANES);

  return q;
}

LFB_INLINE LfbVi4
lfb_vi4_load_part (const void *p,
                   size_t      n,
                   bool        is_signed)
{
  uint8_t bytes[LFB_BYTES];

  lfb_vb_store (bytes, lfb_vb_load_part (p, n));

  return lfb_vi4_load (bytes, is_signed);
}

/* Integers inside the type's range as its bytes. */
LFB_INLINE LfbVb
lfb_vi4_pack (LfbVi4 q,
              bool   is_signed)
{
  return is_signed ? lfb_vb_pack_s8 (q.v[0], q.v[1], q.v[2], q.v[3]) : lfb_vb_pack_u8 (q.v[0], q.v[1], q.v[2], q.v[3]);
}

/* clamp (x, low, high) rounded to nearest, ties to even, with @zero_point added:
 * @low and @high are the ends of the type minus the zero point.  NaN gives low. */
LFB_INLINE LfbVi
lfb_vi_quantize (LfbVf x,
                 LfbVf low,
                 LfbVf high,
                 LfbVi zero_point)
{
  return lfb_vi_add (lfb_vi_round (lfb_vf_min (lfb_vf_max (x, low), high)), zero_point);
}

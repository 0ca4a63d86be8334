/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A variant of the convolution kernel that has several ways of computing one: each
 * is a kernel of the contract in conv.h, for the weights that its fits() accepts, and
 * the first that accepts them packs them.
 */

#pragma once

#include <lowerfb/kernels/conv.h>

typedef struct
{
  bool                (*fits) (const LfbConvWeights *weights);
  const LfbConvKernel  *kernel;
} LfbConvWay;

/* The packed buffer: this, then what the way packs. */
typedef struct
{
  _Alignas (64) size_t way;
} LfbConvWayPacked;

/* The functions of the variant, and itself, from an array `ways` of pointers, of
 * which the last fits all weights. */
#define LFB_CONV_WAYS_VARIANT(name, flags) \
  static size_t \
  choose (const LfbConvWeights *weights) \
  { \
    size_t way = 0; \
    \
    while (!ways[way]->fits (weights)) \
      way++; \
    \
    return way; \
  } \
  \
  static const LfbConvKernel * \
  kernel_of (const void *packed) \
  { \
    return ways[((const LfbConvWayPacked *) packed)->way]->kernel; \
  } \
  \
  static const void * \
  packed_of (const void *packed) \
  { \
    return (const LfbConvWayPacked *) packed + 1; \
  } \
  \
  static size_t \
  pack_size (const LfbConvWeights *weights) \
  { \
    return sizeof (LfbConvWayPacked) + ways[choose (weights)]->kernel->pack_size (weights); \
  } \
  \
  static void \
  pack (const LfbConvWeights *weights, \
        void                 *buffer) \
  { \
    LfbConvWayPacked *packed = buffer; \
    \
    packed->way = choose (weights); \
    kernel_of (packed)->pack (weights, packed + 1); \
  } \
  \
  static size_t \
  n_step (const void *packed) \
  { \
    return kernel_of (packed)->n_step (packed_of (packed)); \
  } \
  \
  static size_t \
  scratch_size (const void      *packed, \
                const LfbWindow *window) \
  { \
    return kernel_of (packed)->scratch_size (packed_of (packed), window); \
  } \
  \
  static void \
  run_u8 (const void          *packed, \
          const LfbConvArgs   *args, \
          const LfbRequantize *output, \
          uint8_t             *y) \
  { \
    kernel_of (packed)->run_u8 (packed_of (packed), args, output, y); \
  } \
  \
  static void \
  run_f32 (const void        *packed, \
           const LfbConvArgs *args, \
           const LfbRescale  *output, \
           float             *y) \
  { \
    kernel_of (packed)->run_f32 (packed_of (packed), args, output, y); \
  } \
  \
  const LfbConvKernel lfb_conv_u8s8_##name = { \
    .isa = #name, \
    .needs = (flags), \
    .pack_size = pack_size, \
    .pack = pack, \
    .n_step = n_step, \
    .scratch_size = scratch_size, \
    .run_u8 = run_u8, \
    .run_f32 = run_f32, \
  };

/* A way, from the functions of the file and its fits(). */
#define LFB_CONV_WAY(name, flags) \
  static const LfbConvKernel kernel = { \
    .isa = "", \
    .needs = (flags), \
    .pack_size = pack_size, \
    .pack = pack, \
    .n_step = n_step, \
    .scratch_size = scratch_size, \
    .run_u8 = run_u8, \
    .run_f32 = run_f32, \
  }; \
  \
  const LfbConvWay name = { fits, &kernel };

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Contract: integers to float32.  numerics.md, "Quantize and dequantize":
 *
 *     x = (q - zero_point) * scale
 *
 * The difference is exact and rounds to float32 once (it only does so for
 * s32, above 2^24); then one float32 product.  Float zero points: the
 * difference is a float32 subtraction.
 *
 * Scales are finite and > 0, zero points inside the type's range (float ones
 * finite).  @q and @x: any alignment of their own type, n >= 0 elements, never
 * read or written past them; they do not overlap, except that s32 may be
 * written in place ((int32_t *) x == q).
 *
 * Per channel: elements lie (outer, channels, inner), innermost last, without
 * gaps; scale and zero point c of channel c.
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct
{
  const char *isa;
  unsigned    needs;
  void (*run) (const uint8_t *q, float *x, size_t n, float scale, int32_t zero_point);
} LfbDequantizeU8Kernel;

typedef struct
{
  const char *isa;
  unsigned    needs;
  void (*run) (const int8_t *q, float *x, size_t n, float scale, int32_t zero_point);
} LfbDequantizeS8Kernel;

typedef struct
{
  const char *isa;
  unsigned    needs;
  void (*run) (const int32_t *q, float *x, size_t n, float scale, int32_t zero_point);
} LfbDequantizeS32Kernel;

typedef struct
{
  const char *isa;
  unsigned    needs;
  void (*run) (const uint8_t *q,
               float         *x,
               size_t         outer,
               size_t         channels,
               size_t         inner,
               const float   *scales,
               const int32_t *zero_points);
} LfbDequantizeChannelsU8Kernel;

typedef struct
{
  const char *isa;
  unsigned    needs;
  void (*run) (const int8_t  *q,
               float         *x,
               size_t         outer,
               size_t         channels,
               size_t         inner,
               const float   *scales,
               const int32_t *zero_points);
} LfbDequantizeChannelsS8Kernel;

typedef struct
{
  const char *isa;
  unsigned    needs;
  void (*run) (const int32_t *q,
               float         *x,
               size_t         outer,
               size_t         channels,
               size_t         inner,
               const float   *scales,
               const int32_t *zero_points);
} LfbDequantizeChannelsS32Kernel;

typedef struct
{
  const char *isa;
  unsigned    needs;
  void (*run) (const uint8_t *q,
               float         *x,
               size_t         outer,
               size_t         channels,
               size_t         inner,
               const float   *scales,
               const float   *zero_points);
} LfbDequantizeFloatZeroU8Kernel;

void lfb_dequantize_u8_init            (LfbDequantizeU8Kernel          *kernel, unsigned cpu_flags);
void lfb_dequantize_s8_init            (LfbDequantizeS8Kernel          *kernel, unsigned cpu_flags);
void lfb_dequantize_s32_init           (LfbDequantizeS32Kernel         *kernel, unsigned cpu_flags);
void lfb_dequantize_channels_u8_init   (LfbDequantizeChannelsU8Kernel  *kernel, unsigned cpu_flags);
void lfb_dequantize_channels_s8_init   (LfbDequantizeChannelsS8Kernel  *kernel, unsigned cpu_flags);
void lfb_dequantize_channels_s32_init  (LfbDequantizeChannelsS32Kernel *kernel, unsigned cpu_flags);
void lfb_dequantize_float_zero_u8_init (LfbDequantizeFloatZeroU8Kernel *kernel, unsigned cpu_flags);

/* The functions of the variants. */
#define LFB_DEQUANTIZE_FUNCTIONS(isa) \
  void lfb_dequantize_u8f32_##isa            (const uint8_t *q, float *x, size_t n, float scale, int32_t zero_point); \
  void lfb_dequantize_s8f32_##isa            (const int8_t *q, float *x, size_t n, float scale, int32_t zero_point); \
  void lfb_dequantize_s32f32_##isa           (const int32_t *q, float *x, size_t n, float scale, int32_t zero_point); \
  void lfb_dequantize_channels_u8f32_##isa   (const uint8_t *q, float *x, size_t outer, size_t channels, size_t inner, \
                                              const float *scales, const int32_t *zero_points); \
  void lfb_dequantize_channels_s8f32_##isa   (const int8_t *q, float *x, size_t outer, size_t channels, size_t inner, \
                                              const float *scales, const int32_t *zero_points); \
  void lfb_dequantize_channels_s32f32_##isa  (const int32_t *q, float *x, size_t outer, size_t channels, size_t inner, \
                                              const float *scales, const int32_t *zero_points); \
  void lfb_dequantize_float_zero_u8f32_##isa (const uint8_t *q, float *x, size_t outer, size_t channels, size_t inner, \
                                              const float *scales, const float *zero_points);

LFB_DEQUANTIZE_FUNCTIONS (c)
LFB_DEQUANTIZE_FUNCTIONS (avx2)
LFB_DEQUANTIZE_FUNCTIONS (avx512vnni)
LFB_DEQUANTIZE_FUNCTIONS (neon)

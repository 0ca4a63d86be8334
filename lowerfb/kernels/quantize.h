/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Contract: float32 to integers.  numerics.md, "Quantize and dequantize":
 *
 *     q = clamp (round (x * (1.0f / scale)) + zero_point, qmin, qmax)
 *
 * with the type's own qmin and qmax, the product in float32, round to nearest
 * and ties to even before the zero point is added; NaN (of x, or 0 * inf where
 * the scale is so small that its reciprocal overflows) gives the zero point,
 * +inf qmax, -inf qmin.  round (..) + zero_point is exact, also for s32.
 *
 * Scales are finite and > 0, zero points inside the type's range.
 * @x and @q: any alignment of their own type, n >= 0 elements, never read or
 * written past them; they do not overlap, except that s32 may be written in
 * place (q == (int32_t *) x).
 *
 * Per channel: elements lie (outer, channels, inner), innermost last, without
 * gaps; scale and zero point c of channel c.
 *
 * Float zero points (embedding rows, 8, 4 and 2 bit): the zero point is added
 * before rounding, each operation rounded to float32 (no fused multiply-add),
 *
 *     q = clamp (round (x * (1.0f / scale) + zero_point), 0, qmax)
 *
 * one value a byte, qmax 255, 15 or 3; zero points are finite; a NaN product
 * gives round (zero_point) clamped.
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct
{
  const char *isa;
  unsigned    needs;
  void (*run) (const float *x, uint8_t *q, size_t n, float scale, int32_t zero_point);
} LfbQuantizeU8Kernel;

typedef struct
{
  const char *isa;
  unsigned    needs;
  void (*run) (const float *x, int8_t *q, size_t n, float scale, int32_t zero_point);
} LfbQuantizeS8Kernel;

typedef struct
{
  const char *isa;
  unsigned    needs;
  void (*run) (const float *x, int32_t *q, size_t n, float scale, int32_t zero_point);
} LfbQuantizeS32Kernel;

typedef struct
{
  const char *isa;
  unsigned    needs;
  void (*run) (const float   *x,
               uint8_t       *q,
               size_t         outer,
               size_t         channels,
               size_t         inner,
               const float   *scales,
               const int32_t *zero_points);
} LfbQuantizeChannelsU8Kernel;

typedef struct
{
  const char *isa;
  unsigned    needs;
  void (*run) (const float   *x,
               int8_t        *q,
               size_t         outer,
               size_t         channels,
               size_t         inner,
               const float   *scales,
               const int32_t *zero_points);
} LfbQuantizeChannelsS8Kernel;

typedef struct
{
  const char *isa;
  unsigned    needs;
  void (*run) (const float   *x,
               int32_t       *q,
               size_t         outer,
               size_t         channels,
               size_t         inner,
               const float   *scales,
               const int32_t *zero_points);
} LfbQuantizeChannelsS32Kernel;

typedef struct
{
  const char *isa;
  unsigned    needs;
  void (*run) (const float *x,
               uint8_t     *q,
               size_t       outer,
               size_t       channels,
               size_t       inner,
               const float *scales,
               const float *zero_points,
               int32_t      qmax);
} LfbQuantizeFloatZeroU8Kernel;

void lfb_quantize_u8_init            (LfbQuantizeU8Kernel          *kernel, unsigned cpu_flags);
void lfb_quantize_s8_init            (LfbQuantizeS8Kernel          *kernel, unsigned cpu_flags);
void lfb_quantize_s32_init           (LfbQuantizeS32Kernel         *kernel, unsigned cpu_flags);
void lfb_quantize_channels_u8_init   (LfbQuantizeChannelsU8Kernel  *kernel, unsigned cpu_flags);
void lfb_quantize_channels_s8_init   (LfbQuantizeChannelsS8Kernel  *kernel, unsigned cpu_flags);
void lfb_quantize_channels_s32_init  (LfbQuantizeChannelsS32Kernel *kernel, unsigned cpu_flags);
void lfb_quantize_float_zero_u8_init (LfbQuantizeFloatZeroU8Kernel *kernel, unsigned cpu_flags);

/* The functions of the variants. */
#define LFB_QUANTIZE_FUNCTIONS(isa) \
  void lfb_quantize_f32u8_##isa            (const float *x, uint8_t *q, size_t n, float scale, int32_t zero_point); \
  void lfb_quantize_f32s8_##isa            (const float *x, int8_t *q, size_t n, float scale, int32_t zero_point); \
  void lfb_quantize_f32s32_##isa           (const float *x, int32_t *q, size_t n, float scale, int32_t zero_point); \
  void lfb_quantize_channels_f32u8_##isa   (const float *x, uint8_t *q, size_t outer, size_t channels, size_t inner, \
                                            const float *scales, const int32_t *zero_points); \
  void lfb_quantize_channels_f32s8_##isa   (const float *x, int8_t *q, size_t outer, size_t channels, size_t inner, \
                                            const float *scales, const int32_t *zero_points); \
  void lfb_quantize_channels_f32s32_##isa  (const float *x, int32_t *q, size_t outer, size_t channels, size_t inner, \
                                            const float *scales, const int32_t *zero_points); \
  void lfb_quantize_float_zero_f32u8_##isa (const float *x, uint8_t *q, size_t outer, size_t channels, size_t inner, \
                                            const float *scales, const float *zero_points, int32_t qmax);

LFB_QUANTIZE_FUNCTIONS (c)
LFB_QUANTIZE_FUNCTIONS (avx2)
LFB_QUANTIZE_FUNCTIONS (avx512vnni)
LFB_QUANTIZE_FUNCTIONS (neon)

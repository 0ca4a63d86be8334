/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Contract: convolution, u8 activations with s8 weights, channels last; one,
 * two and three dimensions (window.h says how), groups, strides, dilation.
 *
 *     acc[pixel][n] = sum over taps and c of (x[tap][c] - x_zero_point) * (w[n][tap][c] - w_zero_point[n])
 *
 * over the input channels c of the group of n; padding taps add x =
 * x_zero_point, that is nothing.  Exact in int32, then the output stage of
 * requantize.h.  No variant may saturate or wrap on the way: kernel volume *
 * in_channels / groups <= lfb_accumulation_limit ().
 *
 * Weights are packed once, by the variant that runs them: a packed buffer is
 * private to the variant, pack_size() bytes, 64-byte aligned, holds no
 * pointers, carries channels, groups and kernel, and serves every window of
 * that kernel.  It is only read afterwards, by any number of calls at a time.
 *
 * A call computes pixels pixel_begin to pixel_end - 1 (of batch * out_size,
 * any range) of output channels n_begin to n_end - 1, where n_begin is a
 * multiple of n_step (packed) and n_end one too or out_channels itself.
 *
 *   x   batch * in_size pixels of in_channels bytes, x_stride >= in_channels bytes apart; any
 *       alignment; never read past a pixel's bytes at the end of the image
 *   y   batch * out_size pixels, y_stride >= out_channels elements apart; any alignment of the type;
 *       y[pixel * y_stride + n] is written for the computed pixels and channels and nothing else
 *   scratch  scratch_size() bytes, 64-byte aligned, of this call alone; NULL if the size is 0
 *
 *   addend  what is added to the elements of y, for run_u8; NULL: nothing
 *
 * x, y, scratch, packed, the addend and the parameter arrays do not overlap.
 */

#pragma once

#include <lowerfb/kernels/requantize.h>
#include <lowerfb/kernels/window.h>

typedef struct
{
  size_t         in_channels;   /* a multiple of groups */
  size_t         out_channels;  /* a multiple of groups */
  size_t         groups;        /* >= 1 */
  size_t         kernel[3];     /* depth, height, width */
  const int8_t  *w;             /* (out_channels, depth, height, width, in_channels / groups), no gaps */
  const int32_t *zero_points;   /* out_channels, each -128 to 127; NULL: all 0 */
} LfbConvWeights;

typedef struct
{
  const LfbWindow *window;      /* kernel as packed */
  const uint8_t   *x;
  size_t           x_stride;
  size_t           y_stride;
  size_t           pixel_begin;
  size_t           pixel_end;
  size_t           n_begin;
  size_t           n_end;
  void            *scratch;
  const LfbAddend *addend;      /* requantize.h */
} LfbConvArgs;

typedef struct
{
  const char *isa;
  unsigned    needs;

  size_t    (*pack_size)    (const LfbConvWeights *weights);
  void      (*pack)         (const LfbConvWeights *weights,
                             void                 *packed);
  size_t    (*n_step)       (const void           *packed);
  size_t    (*scratch_size) (const void           *packed,
                             const LfbWindow      *window);
  void      (*run_u8)       (const void           *packed,
                             const LfbConvArgs    *args,
                             const LfbRequantize  *output,
                             uint8_t              *y);
  void      (*run_f32)      (const void           *packed,
                             const LfbConvArgs    *args,
                             const LfbRescale     *output,
                             float                *y);
} LfbConvKernel;

void lfb_conv_init (LfbConvKernel *kernel, unsigned cpu_flags);

extern const LfbConvKernel lfb_conv_u8s8_c;
#ifdef __x86_64__
extern const LfbConvKernel lfb_conv_u8s8_avx2;
extern const LfbConvKernel lfb_conv_u8s8_avxvnni;
extern const LfbConvKernel lfb_conv_u8s8_avx512vnni;
#endif
#ifdef __aarch64__
extern const LfbConvKernel lfb_conv_u8s8_neon;
extern const LfbConvKernel lfb_conv_u8s8_neondot;
#endif

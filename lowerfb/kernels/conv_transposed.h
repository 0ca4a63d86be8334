/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Contract: transposed convolution, u8 activations with s8 weights, channels last.
 *
 *     acc[o][n] = sum over taps k, inputs i and c of (x[i][c] - x_zero_point) * (w[n][k][c] - w_zero_point[n])
 *                 where o + padding = i * stride + k * dilation in each dimension
 *
 * then the output stage of requantize.h.  The window (window.h) says so with its sizes,
 * kernel, stride, dilation and padding, which here takes away from the output.
 *
 * It is made of plain convolutions (conv.h) of any variant, which are what defines the
 * bits.  Outputs for which o + padding leaves the same rest by the stride, a residue, meet
 * the same taps, every (stride / gcd (stride, dilation))th one, at neighbouring
 * pixels: that is a convolution of stride 1 with those taps.  Nothing is
 * multiplied by a zero that a gap stands for.  Residues with the same taps, or nearly, are
 * computed as further output channels of one convolution where that is less work.
 *
 * Packed buffers, x, y and scratch are as conv.h has them.  A call computes places
 * begin to end - 1 of lfb_transposed_places(): a place is the outputs between one step of the
 * stride and the next, stride[0] * stride[1] * stride[2] of them but for borders.
 */

#pragma once

#include <lowerfb/kernels/conv.h>

typedef struct
{
  LfbConvWeights conv;        /* taps in the order of the kernel: w[n][k][c] */
  size_t         stride[3];
  size_t         dilation[3];
} LfbTransposedWeights;

typedef struct
{
  const LfbWindow *window;    /* kernel, stride and dilation as packed; padding >= 0 */
  const uint8_t   *x;
  size_t           x_stride;
  size_t           y_stride;
  size_t           begin;
  size_t           end;
  void            *scratch;
} LfbTransposedArgs;

size_t lfb_transposed_pack_size         (const LfbConvKernel        *kernel,
                                         const LfbTransposedWeights *weights);

/* @scratch: lfb_transposed_pack_scratch_size() bytes, 64-byte aligned. */
size_t lfb_transposed_pack_scratch_size (const LfbTransposedWeights *weights);
void   lfb_transposed_pack              (const LfbConvKernel        *kernel,
                                         const LfbTransposedWeights *weights,
                                         void                       *packed,
                                         void                       *scratch);

/* Of one image; those of a batch follow each other.  Neighbours in a line are
 * @line_length of them. */
size_t lfb_transposed_places            (const LfbWindow            *window,
                                         size_t                     *line_length);

size_t lfb_transposed_scratch_size      (const LfbConvKernel        *kernel,
                                         const void                 *packed,
                                         const LfbWindow            *window);
void   lfb_transposed_run_u8            (const LfbConvKernel        *kernel,
                                         const void                 *packed,
                                         const LfbTransposedArgs    *args,
                                         const LfbRequantize        *output,
                                         uint8_t                    *y);
void   lfb_transposed_run_f32           (const LfbConvKernel        *kernel,
                                         const void                 *packed,
                                         const LfbTransposedArgs    *args,
                                         const LfbRescale           *output,
                                         float                      *y);

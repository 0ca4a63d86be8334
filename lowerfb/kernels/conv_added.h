/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The addend of conv.h for ways of computing a convolution that do not add it in their own
 * output stage: sums come as floats, a few pixels at a time, and are finished by the
 * plain C of c/output.h.  float (acc) * 1 + 0 is float (acc), so the bits are the same.
 */

#pragma once

#include <stdint.h>

#include <lowerfb/kernels/c/output.h>
#include <lowerfb/kernels/conv.h>

#define LFB_ADDED_PIXELS ((size_t) 16)

/* Scratch memory that is needed after the way's own, which is @size. */
static inline size_t
lfb_conv_added_offset (size_t size)
{
  return (size + 63) / 64 * 64;
}

static inline size_t
lfb_conv_added_size (size_t size,
                     size_t out_channels)
{
  return lfb_conv_added_offset (size) +
         (2 * lfb_output_length (out_channels) + LFB_ADDED_PIXELS * out_channels) * sizeof (float);
}

static inline void
lfb_conv_added_run (const LfbConvKernel *kernel,
                    const void          *packed,
                    size_t               out_channels,
                    const LfbConvArgs   *args,
                    const LfbRequantize *output,
                    uint8_t             *y)
{
  const LfbAddend *addend = args->addend;
  size_t length = lfb_output_length (out_channels), n = args->n_end - args->n_begin;
  size_t used = lfb_conv_added_offset (kernel->scratch_size (packed, args->window));
  float *multiplier = (float *) ((uint8_t *) args->scratch + used);
  float *bias = multiplier + length, *sums = bias + length;
  LfbRescale plain = { .multiplier = multiplier, .bias = bias, .x_zero_point = output->x_zero_point };
  LfbConvArgs part = *args;

  for (size_t i = 0; i < length; i++)
    {
      multiplier[i] = i < out_channels ? 1.0f : 0.0f;
      bias[i] = 0.0f;
    }

  part.y_stride = out_channels;
  part.addend = NULL;
  for (size_t pixel = args->pixel_begin; pixel < args->pixel_end; pixel = part.pixel_end)
    {
      part.pixel_begin = pixel;
      part.pixel_end = args->pixel_end - pixel < LFB_ADDED_PIXELS ? args->pixel_end : pixel + LFB_ADDED_PIXELS;
      /* Where pixel 0 would be; only what lies in @sums is written. */
      kernel->run_f32 (packed, &part, &plain, (float *) ((uintptr_t) sums - pixel * out_channels * sizeof (float)));

      for (size_t p = pixel; p < part.pixel_end; p++)
        lfb_requantize_add_floats (output, addend, sums + (p - pixel) * out_channels + args->n_begin,
                                   addend->q + p * addend->stride + args->n_begin, args->n_begin, n,
                                   y + p * args->y_stride + args->n_begin);
    }
}

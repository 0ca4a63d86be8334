/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The output stages of requantize.h, as the C kernels of linear and convolution
 * share them.
 */

#pragma once

#include <lowerfb/kernels/c/quantize_row.h>
#include <lowerfb/kernels/requantize.h>
#include <lowerfb/kernels/round.h>

/* Where a product goes: exactly one pair is set. */
typedef struct
{
  const LfbRequantize *requantize;
  uint8_t             *y_u8;
  const LfbRescale    *rescale;
  float               *y_f32;
  size_t               y_stride;
  const LfbAddend     *addend;      /* for y_u8; NULL: nothing is added */
} LfbOutput;

static inline int32_t
lfb_output_x_zero_point (const LfbOutput *output)
{
  return output->requantize != NULL ? output->requantize->x_zero_point : output->rescale->x_zero_point;
}

static inline void
lfb_requantize_row (const LfbRequantize    *requantize,
                    const int32_t *restrict acc,
                    size_t                  first,
                    size_t                  n,
                    uint8_t       *restrict y)
{
  const float *multiplier = requantize->multiplier + first;
  const float *bias = requantize->bias + first;
  int32_t zero_point = requantize->y_zero_point;
  float low = (float) (requantize->y_min - zero_point);
  float high = (float) (requantize->y_max - zero_point);

  for (size_t i = 0; i < n; i++)
    {
      float value = ((float) acc[i] + bias[i]) * multiplier[i];

      y[i] = (uint8_t) (lfb_round_even (lfb_clamp_float (value, low, high)) + zero_point);
    }
}

/* @sum: float (acc). */
static inline uint8_t
lfb_requantize_add_one (const LfbRequantize *requantize,
                        const LfbAddend     *addend,
                        float                sum,
                        uint8_t              q,
                        size_t               n)
{
  int32_t zero_point = requantize->y_zero_point;
  float low = (float) (requantize->y_min - zero_point), high = (float) (requantize->y_max - zero_point);
  float value = (sum + requantize->bias[n]) * requantize->multiplier[n];
  float added = (float) (q - addend->zero_point) * addend->scale;

  if (addend->rounded)
    {
      float product = (float) lfb_round_even (lfb_clamp_float (value, low, high)) * addend->product_scale;

      return (uint8_t) lfb_quantize_one (product + added, addend->reciprocal,
                                         (float) (addend->y_min - addend->y_zero_point),
                                         (float) (addend->y_max - addend->y_zero_point), addend->y_zero_point);
    }

  return (uint8_t) (lfb_round_even (lfb_clamp_float (value + added, low, high)) + zero_point);
}

static inline void
lfb_requantize_add_row (const LfbRequantize    *requantize,
                        const LfbAddend        *addend,
                        const int32_t *restrict acc,
                        const uint8_t          *q,
                        size_t                  first,
                        size_t                  n,
                        uint8_t       *restrict y)
{
  for (size_t i = 0; i < n; i++)
    y[i] = lfb_requantize_add_one (requantize, addend, (float) acc[i], q[i], first + i);
}

static inline void
lfb_rescale_row (const LfbRescale       *rescale,
                 const int32_t *restrict acc,
                 size_t                  first,
                 size_t                  n,
                 float         *restrict y)
{
  const float *multiplier = rescale->multiplier + first;
  const float *bias = rescale->bias + first;

  if (rescale->relu)
    for (size_t i = 0; i < n; i++)
      {
        float value = (float) acc[i] * multiplier[i] + bias[i];

        y[i] = value < 0.0f ? 0.0f : value;
      }
  else
    for (size_t i = 0; i < n; i++)
      y[i] = (float) acc[i] * multiplier[i] + bias[i];
}

/* The sums of outputs @first to @first + @n - 1 of row @row of y. */
static inline void
lfb_output_row (const LfbOutput *output,
                const int32_t   *acc,
                size_t           row,
                size_t           first,
                size_t           n)
{
  size_t at = row * output->y_stride + first;

  if (output->rescale != NULL)
    lfb_rescale_row (output->rescale, acc, first, n, output->y_f32 + at);
  else if (output->addend != NULL)
    lfb_requantize_add_row (output->requantize, output->addend, acc,
                            output->addend->q + row * output->addend->stride + first, first, n, output->y_u8 + at);
  else
    lfb_requantize_row (output->requantize, acc, first, n, output->y_u8 + at);
}

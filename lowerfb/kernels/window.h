/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sliding windows over channels-last images, as convolutions and pools share
 * them.  Always three spatial dimensions, depth, height, width: one- and
 * two-dimensional operators set the leading ones to size, kernel, stride and
 * dilation 1, padding 0.
 *
 * Images lie (batch, depth, height, width, channels): a pixel is `channels`
 * neighbouring elements, and pixels of the whole batch are numbered in that
 * order, x_stride (input) or y_stride (output) elements apart.  A stride above
 * the channel count lets an operator read or write a slice of the channels of
 * a wider image.
 *
 * Tap k of output o in a dimension is at o * stride + k * dilation - padding;
 * taps outside 0 to in_size - 1 are padding.  Only the padding before is given:
 * out_size says how far the windows go, so that what ceil_mode or uneven
 * padding decides is the caller's business.  For convolutions it may be less than 0,
 * modulo the range of its type: then the first windows begin inside of the image.
 *
 * All sizes, kernels, strides and dilations are >= 1, but for out_size where the
 * range of pixels is empty; every index and byte offset that follows from them
 * fits ptrdiff_t.
 */

#pragma once

#include <stddef.h>

typedef struct
{
  size_t in_size[3];
  size_t out_size[3];
  size_t kernel[3];
  size_t stride[3];
  size_t dilation[3];
  size_t padding[3];
} LfbWindow;

/* The part of the output that one call computes: pixels begin to end - 1 of
 * the batch * out_size pixels.  Any range is allowed; whole rows are fastest. */
typedef struct
{
  size_t channels;  /* >= 1 */
  size_t x_stride;  /* >= channels */
  size_t y_stride;  /* >= channels */
  size_t begin;
  size_t end;
} LfbPixels;

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Convolutions and pools: their settings, the windows of window.h that follow
 * from them, and the way between row-major tensors and channels last.
 */

#pragma once

#include <lowerfb/run/lfb-call-private.h>
#include <lowerfb/run/lfb-pad-private.h>

G_BEGIN_DECLS

/* An input (batch, channels, spatial...), or without the batch. Spatial sizes
 * stand right-aligned in three dimensions, as in LfbWindow.
 */
typedef struct {
  gsize n_spatial;
  gboolean batched;
  gsize batch;
  gsize channels;
  gsize size[3];
} LfbImage;

/* Settings of a convolution, right-aligned as well; leading dimensions are
 * kernel 1, stride 1, dilation 1, no padding.
 */
typedef struct {
  gsize n_spatial;
  gsize groups;
  gsize kernel[3];
  gsize stride[3];
  gsize dilation[3];
  gint64 before[3];
  gint64 after[3];
  LfbPadMode pad_mode;
  gboolean transposed;
  gsize output_padding[3];
} LfbConvSettings;

gboolean   lfb_image_init_shape     (LfbImage               *self,
                                     const char             *name,
                                     const gint64           *shape,
                                     gsize                   n_dims,
                                     gsize                   n_spatial,
                                     GError                **error);
gboolean   lfb_image_init           (LfbImage               *self,
                                     const char             *name,
                                     LfbTensor              *tensor,
                                     gsize                   n_spatial,
                                     GError                **error);
/* The shape of an output with these channels and sizes. */
gsize      lfb_image_shape          (const LfbImage         *self,
                                     gsize                   channels,
                                     const gsize            *size,
                                     gint64                 *shape);

/* @n ints as sizes in the last @n of three places; each at least @min. */
gboolean   lfb_read_sizes           (LfbCall                *call,
                                     const char             *name,
                                     gsize                   n,
                                     gint64                  min,
                                     gsize                  *sizes,
                                     GError                **error);
/* The parameter output_size as sizes in three places. None, or None in the place
 * of one dimension, is the size that @image has. */
gboolean   lfb_read_output_size     (LfbCall                *call,
                                     const LfbImage         *image,
                                     gsize                  *sizes,
                                     GError                **error);
/* Fails for the parameter return_indices if it is set. */
gboolean   lfb_refuse_indices       (LfbCall                *call,
                                     GError                **error);
/* Reads stride, padding, dilation, groups, padding_mode and, for a transposed
 * one, output_padding; the kernel is that of @weight. */
gboolean   lfb_conv_settings_read   (LfbConvSettings        *self,
                                     LfbCall                *call,
                                     LfbTensor              *weight,
                                     gsize                   n_spatial,
                                     gboolean                transposed,
                                     GError                **error);
/* Channels of input and output from the weight's shape, checked. */
gboolean   lfb_conv_settings_channels (const LfbConvSettings *self,
                                       LfbTensor             *weight,
                                       gsize                 *in_channels,
                                       gsize                 *out_channels,
                                       GError               **error);
/* The windows over @image. */
gboolean   lfb_conv_settings_window (const LfbConvSettings  *self,
                                     const LfbImage         *image,
                                     LfbWindow              *window,
                                     GError                **error);
/* (out, kernel..., in / groups) of an 8-bit weight as torch keeps it, with the elements
 * @from: those themselves, or @own, which the caller frees. */
const gint8 *lfb_conv_weight_last   (const LfbConvSettings     *self,
                                     const LfbTransposeKernel  *transpose,
                                     LfbTensor                 *weight,
                                     const gint8               *from,
                                     gint8                    **own,
                                     GError                   **error);

/* Of floats a transposed convolution is a plain one with stride 1 over the input with gaps
 * of @fill between its pixels: sets @window to that one's, and returns the
 * image (channels last, elements of @item_size bytes). */
gpointer   lfb_conv_spread          (const LfbConvSettings  *settings,
                                     const LfbImage         *image,
                                     gconstpointer           from,
                                     gsize                   item_size,
                                     gconstpointer           fill,
                                     LfbWindow              *window,
                                     GError                **error);
/* The weight for that, (out, in / groups, kernel...) with the taps turned round. */
gpointer   lfb_conv_spread_weight   (const LfbConvSettings  *self,
                                     LfbTensor              *weight,
                                     GError                **error);

/* (batch, pixels, channels) from (batch, channels, pixels), and back. */
void       lfb_to_channels_last     (gconstpointer           from,
                                     gpointer                to,
                                     gsize                   item_size,
                                     gsize                   batch,
                                     gsize                   channels,
                                     gsize                   pixels);
void       lfb_to_channels_first    (gconstpointer           from,
                                     gpointer                to,
                                     gsize                   item_size,
                                     gsize                   batch,
                                     gsize                   channels,
                                     gsize                   pixels);

static inline gsize
lfb_volume (const gsize *size)
{
  return size[0] * size[1] * size[2];
}

G_END_DECLS

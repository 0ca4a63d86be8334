/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The int8 convolution, packed once: plain and transposed, of one to three
 * dimensions, with any padding.
 */

#pragma once

#include <lowerfb/run/lfb-quantized-private.h>
#include <lowerfb/run/lfb-spatial-private.h>

G_BEGIN_DECLS

typedef struct {
  LfbConvSettings settings;
  gsize in_channels;
  gsize out_channels;
  LfbWeightParams params;
  void *packed;

  /* What it was made from and with, for others who want the same. */
  LfbTensor *weight;
  LfbTensor *bias;
  LfbConvKernel kernel;
  LfbPackingChunk *chunk;
} LfbPackedTaps;

/* @settings has the groups, kernel and so on of @weight. Shared with others who packed
 * the same. */
LfbPackedTaps *lfb_packed_taps_new      (const LfbRuntime       *runtime,
                                         const LfbConvSettings  *settings,
                                         LfbTensor              *weight,
                                         LfbTensor              *bias,
                                         GError                **error);
void           lfb_packed_taps_free     (LfbPackedTaps          *self);

/* Five dimensions at most. */
gboolean       lfb_packed_taps_shape    (const LfbPackedTaps    *self,
                                         const char             *name,
                                         const gint64           *shape,
                                         gsize                   n_dims,
                                         gint64                 *result,
                                         GError                **error);

/* The image that an input of @shape is; its channels have to be the weight's. */
gboolean       lfb_packed_taps_init_image (const LfbPackedTaps  *self,
                                           const char           *name,
                                           const gint64         *shape,
                                           gsize                 n_dims,
                                           LfbImage             *image,
                                           GError              **error);
/* The kernel itself, on pixels that lie channels last. */
gboolean       lfb_packed_taps_run_pixels (const LfbPackedTaps  *self,
                                           const LfbRuntime     *runtime,
                                           const LfbWindow      *window,
                                           gsize                 batch,
                                           const guint8         *x,
                                           gsize                 x_stride,
                                           const LfbRequantize  *requantize,
                                           const LfbRescale     *rescale,
                                           const LfbAddend      *addend,
                                           gpointer              y,
                                           gsize                 y_stride,
                                           GError              **error);
/* One output stage is given: with @requantize the array is filled with quint8
 * integers, to which @addend (channels last, of the shape of the output) may be
 * added, with @rescale with float32; the array is channels first. */
gboolean       lfb_packed_taps_run      (const LfbPackedTaps    *self,
                                         const LfbRuntime       *runtime,
                                         const char             *name,
                                         LfbTensor              *input,
                                         const LfbRequantize    *requantize,
                                         const LfbRescale       *rescale,
                                         const LfbAddend        *addend,
                                         LfbArray               *array,
                                         GError                **error);

G_END_DECLS

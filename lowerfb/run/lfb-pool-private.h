/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A pool as the kernels take it, on pixels that lie channels last. */

#pragma once

#include <lowerfb/run/lfb-runtime-private.h>
#include <lowerfb/core/lfb-types.h>

G_BEGIN_DECLS

typedef enum {
  LFB_POOL_MAX,
  LFB_POOL_AVG,
  LFB_POOL_ADAPTIVE_AVG,
} LfbPoolType;

typedef struct {
  LfbPoolType type;
  LfbDType dtype;        /* quint8, qint8, float32 or float64 */
  LfbWindow window;
  LfbAverage average;    /* of average pools */
  gsize batch;
  gsize channels;
} LfbPool;

/* Strides are from pixel to pixel, in elements. */
void lfb_pool_run (const LfbPool    *self,
                   const LfbRuntime *runtime,
                   gconstpointer     x,
                   gsize             x_stride,
                   gpointer          y,
                   gsize             y_stride);

G_END_DECLS

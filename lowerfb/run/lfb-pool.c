/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-pool-private.h. */

#include <lowerfb/run/lfb-pool-private.h>

#include <lowerfb/run/lfb-spatial-private.h>

typedef struct {
  const LfbPool *pool;
  const LfbKernels *kernels;
  gconstpointer x;
  gsize x_stride;
  gpointer y;
  gsize y_stride;
} PoolJob;

static void
run_pixels (gsize    begin,
            gsize    end,
            gpointer user_data)
{
  const PoolJob *job = user_data;
  const LfbPool *pool = job->pool;
  const LfbKernels *k = job->kernels;
  const LfbWindow *window = &pool->window;
  const LfbAverage *average = &pool->average;
  gboolean adaptive = pool->type == LFB_POOL_ADAPTIVE_AVG;
  LfbPixels pixels = { pool->channels, job->x_stride, job->y_stride, begin, end };

  if (pool->type == LFB_POOL_MAX && pool->dtype == LFB_DTYPE_FLOAT64)
    lfb_max_pool_f64_c (window, &pixels, job->x, job->y);
  else if (pool->dtype == LFB_DTYPE_FLOAT64)
    (adaptive ? lfb_adaptive_avg_pool_f64_c : lfb_avg_pool_f64_c) (window, &pixels, average, job->x, job->y);
  else if (pool->type == LFB_POOL_MAX && pool->dtype == LFB_DTYPE_QUINT8)
    k->max_pool_u8.run (window, &pixels, job->x, job->y);
  else if (pool->type == LFB_POOL_MAX && pool->dtype == LFB_DTYPE_QINT8)
    k->max_pool_s8.run (window, &pixels, job->x, job->y);
  else if (pool->type == LFB_POOL_MAX)
    k->max_pool_f32.run (window, &pixels, job->x, job->y);
  else if (pool->dtype == LFB_DTYPE_QUINT8)
    (adaptive ? k->adaptive_avg_pool_u8.run : k->avg_pool_u8.run) (window, &pixels, average, job->x, job->y);
  else if (pool->dtype == LFB_DTYPE_QINT8)
    (adaptive ? k->adaptive_avg_pool_s8.run : k->avg_pool_s8.run) (window, &pixels, average, job->x, job->y);
  else
    (adaptive ? k->adaptive_avg_pool_f32.run : k->avg_pool_f32.run) (window, &pixels, average, job->x, job->y);
}

void
lfb_pool_run (const LfbPool    *self,
              const LfbRuntime *runtime,
              gconstpointer     x,
              gsize             x_stride,
              gpointer          y,
              gsize             y_stride)
{
  PoolJob job = { self, &runtime->kernels, x, x_stride, y, y_stride };
  const LfbWindow *window = &self->window;
  gsize n = self->batch * lfb_volume (window->out_size);
  gsize taps = self->type == LFB_POOL_ADAPTIVE_AVG ? self->batch * lfb_volume (window->in_size)
                                                   : n * lfb_volume (window->kernel);
  gsize size = lfb_dtype_get_bits (self->dtype) / 8;

  lfb_runtime_split (runtime, n, window->out_size[2], 2, (double) taps * self->channels * size / 50, run_pixels, &job);
}

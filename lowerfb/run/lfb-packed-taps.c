/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-packed-taps-private.h; numerics.md, "Linear and convolution". Sums
 * are exact integers, so that a transposed convolution may be computed as the
 * plain one that has the same products.
 */

#include <lowerfb/run/lfb-packed-taps-private.h>
#include <lowerfb/run/lfb-scratch-private.h>

#include <stdlib.h>
#include <string.h>

void
lfb_packed_taps_free (LfbPackedTaps *self)
{
  if (self == NULL)
    return;

  lfb_weight_params_clear (&self->params);
  free (self->packed);
  g_free (self);
}

static gboolean
pack (LfbPackedTaps     *self,
      const LfbRuntime  *runtime,
      LfbTensor         *weight,
      GError           **error)
{
  const LfbConvKernel *kernel = &runtime->kernels.conv;
  LfbConvWeights weights = { 0 };
  g_autofree gint8 *rows = NULL;
  gsize products = lfb_volume (self->settings.kernel) * (self->in_channels / self->settings.groups);
  gsize limit = lfb_accumulation_limit (self->params.zero_points != NULL);

  if (products > limit)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                   "argument `weight` has %" G_GSIZE_FORMAT " products for each output, expected at most %"
                   G_GSIZE_FORMAT ": more could leave the 32 bits of the sum", products, limit);
      return FALSE;
    }
  rows = lfb_conv_weight_rows (&self->settings, weight, TRUE, error);
  if (rows == NULL)
    return FALSE;

  weights.in_channels = self->in_channels;
  weights.out_channels = self->out_channels;
  weights.groups = self->settings.groups;
  memcpy (weights.kernel, self->settings.kernel, sizeof weights.kernel);
  weights.w = rows;
  weights.zero_points = self->params.zero_points;
  self->packed = lfb_try_alloc_aligned (kernel->pack_size (&weights), 1, error);
  if (self->packed == NULL)
    return FALSE;
  kernel->pack (&weights, self->packed);

  return TRUE;
}

LfbPackedTaps *
lfb_packed_taps_new (const LfbRuntime       *runtime,
                     const LfbConvSettings  *settings,
                     LfbTensor              *weight,
                     LfbTensor              *bias,
                     GError                **error)
{
  LfbPackedTaps *self = g_new0 (LfbPackedTaps, 1);

  self->settings = *settings;
  if (!lfb_conv_settings_channels (settings, weight, &self->in_channels, &self->out_channels, error) ||
      !lfb_weight_params_init (&self->params, weight, settings->transposed, bias, self->out_channels, error) ||
      !pack (self, runtime, weight, error))
    g_clear_pointer (&self, lfb_packed_taps_free);

  return self;
}

static void
fill_elements (char          *to,
               gsize          n,
               gsize          item_size,
               gconstpointer  fill)
{
  if (item_size == 1)
    memset (to, *(const guint8 *) fill, n);
  else
    for (gsize i = 0; i < n; i++)
      memcpy (to + i * item_size, fill, item_size);
}

gpointer
lfb_conv_spread (const LfbConvSettings  *settings,
                 const LfbImage         *image,
                 gconstpointer           from,
                 gsize                   item_size,
                 gconstpointer           fill,
                 LfbWindow              *window,
                 GError                **error)
{
  gsize cut[3], n, pixels = lfb_volume (image->size), pixel_size = image->channels * item_size;
  g_autofree char *last = NULL;
  char *spread;

  /* Padding of a transposed convolution takes away: what is left of the reach
   * of the kernel is padding of the plain one, and if nothing is left, pixels
   * go.
   */
  for (gsize i = 0; i < 3; i++)
    {
      gint64 reach = (gint64) settings->dilation[i] * ((gint64) settings->kernel[i] - 1);
      gint64 padding = reach - settings->before[i];
      gint64 size = ((gint64) image->size[i] - 1) * (gint64) settings->stride[i] + 1;

      cut[i] = MAX (-padding, 0);
      window->in_size[i] = MAX (size - (gint64) cut[i], 1);
      window->padding[i] = MAX (padding, 0);
      window->stride[i] = 1;
    }

  if (!g_size_checked_mul (&n, window->in_size[0], window->in_size[1]) ||
      !g_size_checked_mul (&n, n, window->in_size[2]) ||
      !g_size_checked_mul (&n, n, image->channels) ||
      !g_size_checked_mul (&n, n, image->batch))
    n = G_MAXSIZE;
  spread = lfb_try_alloc (n, item_size, error);
  last = spread != NULL ? lfb_try_alloc (image->batch * pixels, pixel_size, error) : NULL;
  if (last == NULL)
    {
      g_free (spread);
      return NULL;
    }
  fill_elements (spread, n, item_size, fill);
  lfb_to_channels_last (from, last, item_size, image->batch, image->channels, pixels);

  for (gsize b = 0; b < image->batch; b++)
    for (gsize p = 0; p < pixels; p++)
      {
        gsize at[3] = { p / (image->size[1] * image->size[2]), p / image->size[2] % image->size[1], p % image->size[2] };
        gboolean inside = TRUE;
        gsize to = b;

        for (gsize i = 0; i < 3; i++)
          {
            gsize place = at[i] * settings->stride[i];

            inside &= place >= cut[i];
            to = to * window->in_size[i] + (place - cut[i]);
          }
        if (inside)
          memcpy (spread + to * pixel_size, last + (b * pixels + p) * pixel_size, pixel_size);
      }

  return spread;
}

typedef struct {
  const LfbPackedTaps *conv;
  const LfbConvKernel *kernel;
  const LfbWindow *window;
  const guint8 *x;
  gsize x_stride, y_stride;
  const LfbRequantize *requantize;
  const LfbRescale *rescale;
  const LfbAddend *addend;
  gpointer y;
  gsize n_pixels;
  gboolean by_outputs;
  gint failed;
} ConvJob;

/* Pixels, or outputs, @begin to @end - 1. */
static void
run_part (gsize    begin,
          gsize    end,
          gpointer user_data)
{
  ConvJob *job = user_data;
  gsize size = job->kernel->scratch_size (job->conv->packed, job->window);
  gpointer scratch = size > 0 ? lfb_thread_scratch (size) : NULL;
  LfbConvArgs args = { 0 };

  if (size > 0 && scratch == NULL)
    {
      g_atomic_int_set (&job->failed, TRUE);
      return;
    }

  args.window = job->window;
  args.x = job->x;
  args.x_stride = job->x_stride;
  args.y_stride = job->y_stride;
  args.pixel_begin = job->by_outputs ? 0 : begin;
  args.pixel_end = job->by_outputs ? job->n_pixels : end;
  args.n_begin = job->by_outputs ? begin : 0;
  args.n_end = job->by_outputs ? end : job->conv->out_channels;
  args.scratch = scratch;
  args.addend = job->addend;
  if (job->requantize != NULL)
    job->kernel->run_u8 (job->conv->packed, &args, job->requantize, job->y);
  else
    job->kernel->run_f32 (job->conv->packed, &args, job->rescale, job->y);
}

/* The input channels last, with gaps if transposed. */
static gpointer
arrange_input (const LfbPackedTaps  *self,
               const LfbImage       *image,
               LfbTensor            *input,
               gint32                x_zero_point,
               LfbWindow            *window,
               GError              **error)
{
  guint8 fill = x_zero_point;
  guint8 *last;

  if (self->settings.transposed)
    return lfb_conv_spread (&self->settings, image, lfb_tensor_get_data (input, NULL), 1, &fill, window, error);

  last = lfb_try_alloc (lfb_tensor_get_n_elements (input), 1, error);
  if (last != NULL)
    lfb_to_channels_last (lfb_tensor_get_data (input, NULL), last, 1, image->batch, image->channels,
                          lfb_volume (image->size));

  return last;
}

/* Every thread reads what it is not split by: parts are outputs where the weights are
 * more than the image.
 */
static gboolean
split_by_outputs (const LfbPackedTaps *self,
                  const LfbWindow     *window,
                  gsize                batch,
                  gsize                step,
                  gsize                n_threads)
{
  gsize channels = self->in_channels / self->settings.groups;
  gsize image = lfb_volume (window->in_size) * batch * self->in_channels;

  return self->out_channels / step >= 2 * n_threads &&
         self->out_channels * lfb_volume (window->kernel) * channels >= image;
}

/* Nanoseconds that it takes one thread, about. */
static double
estimate (const LfbPackedTaps *self,
          gsize                n_pixels)
{
  double outputs = (double) n_pixels * self->out_channels;
  double products = outputs * lfb_volume (self->settings.kernel) * (self->in_channels / self->settings.groups);

  return products / (self->settings.groups == 1 ? 300 : 50) + outputs / 50;
}

gboolean
lfb_packed_taps_run_pixels (const LfbPackedTaps  *self,
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
                            GError              **error)
{
  ConvJob job = { self, &runtime->kernels.conv, window, x, x_stride, y_stride, requantize, rescale, addend, y };
  gsize step = job.kernel->n_step (self->packed);
  double cost;

  job.n_pixels = batch * lfb_volume (window->out_size);
  job.by_outputs = split_by_outputs (self, window, batch, step, lfb_threads_get_n (runtime->threads));
  cost = estimate (self, job.n_pixels);
  /* Of an image whole rows, which kernels take at once. */
  if (job.by_outputs)
    lfb_runtime_split (runtime, self->out_channels, step, cost, run_part, &job);
  else
    lfb_runtime_split (runtime, job.n_pixels, window->out_size[2], cost, run_part, &job);
  if (job.failed)
    g_set_error_literal (error, LFB_ERROR, LFB_ERROR_RANGE, "there is not enough memory for the convolution");

  return !job.failed;
}

static gboolean
run_window (const LfbPackedTaps  *self,
            const LfbRuntime     *runtime,
            const LfbImage       *image,
            const LfbWindow      *window,
            const guint8         *x,
            const LfbRequantize  *requantize,
            const LfbRescale     *rescale,
            const LfbAddend      *addend,
            LfbArray             *array,
            GError              **error)
{
  gsize item_size = requantize != NULL ? 1 : sizeof (float);
  g_autofree char *y = lfb_try_alloc (array->n_elements, item_size, error);

  if (y == NULL ||
      !lfb_packed_taps_run_pixels (self, runtime, window, image->batch, x, self->in_channels, requantize, rescale,
                                   addend, y, self->out_channels, error))
    return FALSE;
  lfb_to_channels_first (y, array->data, item_size, image->batch, self->out_channels, lfb_volume (window->out_size));

  return TRUE;
}

gboolean
lfb_packed_taps_init_image (const LfbPackedTaps  *self,
                            const char           *name,
                            const gint64         *shape,
                            gsize                 n_dims,
                            LfbImage             *image,
                            GError              **error)
{
  if (!lfb_image_init_shape (image, name, shape, n_dims, self->settings.n_spatial, error))
    return FALSE;
  if (image->channels != self->in_channels)
    {
      g_autofree char *text = lfb_shape_to_string (shape, n_dims);

      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "argument `%s` has the shape %s with %" G_GSIZE_FORMAT " channels, expected %" G_GSIZE_FORMAT,
                   name, text, image->channels, self->in_channels);
      return FALSE;
    }

  return TRUE;
}

/* The shape of the output, of as many dimensions. */
gboolean
lfb_packed_taps_shape (const LfbPackedTaps  *self,
                       const char           *name,
                       const gint64         *shape,
                       gsize                 n_dims,
                       gint64               *result,
                       GError              **error)
{
  LfbImage image;
  LfbWindow window;
  gsize n;

  if (!lfb_shape_count (shape, n_dims, &n, error) ||
      !lfb_packed_taps_init_image (self, name, shape, n_dims, &image, error) ||
      !lfb_conv_settings_window (&self->settings, &image, &window, error))
    return FALSE;
  lfb_image_shape (&image, self->out_channels, window.out_size, result);

  return TRUE;
}

gboolean
lfb_packed_taps_run (const LfbPackedTaps  *self,
                     const LfbRuntime     *runtime,
                     const char           *name,
                     LfbTensor            *input,
                     gint32                x_zero_point,
                     const LfbRequantize  *requantize,
                     const LfbRescale     *rescale,
                     const LfbAddend      *addend,
                     LfbArray             *array,
                     GError              **error)
{
  g_autoptr (LfbTensor) padded = NULL;
  g_autofree guint8 *x = NULL;
  LfbConvSettings settings = self->settings;
  const gint64 *own;
  gint64 shape[5];
  LfbImage image;
  LfbWindow window;
  gsize n_dims;

  own = lfb_tensor_get_shape (input, &n_dims);
  if (!lfb_packed_taps_init_image (self, name, own, n_dims, &image, error))
    return FALSE;
  if (settings.pad_mode != LFB_PAD_CONSTANT)
    {
      guint8 fill = 0;

      padded = lfb_tensor_pad (input, settings.n_spatial, settings.before + 3 - settings.n_spatial,
                               settings.after + 3 - settings.n_spatial, settings.pad_mode, &fill, error);
      if (padded == NULL || !lfb_image_init (&image, name, padded, settings.n_spatial, error))
        return FALSE;
      input = padded;
      memset (settings.before, 0, sizeof settings.before);
      memset (settings.after, 0, sizeof settings.after);
    }

  if (!lfb_conv_settings_window (&settings, &image, &window, error))
    return FALSE;
  n_dims = lfb_image_shape (&image, self->out_channels, window.out_size, shape);
  if (!lfb_array_init (array, requantize != NULL ? LFB_DTYPE_UINT8 : LFB_DTYPE_FLOAT32, shape, n_dims, error))
    return FALSE;
  if (array->n_elements == 0)
    return TRUE;

  x = arrange_input (self, &image, input, x_zero_point, &window, error);

  return x != NULL && run_window (self, runtime, &image, &window, x, requantize, rescale, addend, array,
                                  error);
}

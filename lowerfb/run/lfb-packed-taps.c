/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-packed-taps-private.h; numerics.md, "Linear and convolution". */

#include <lowerfb/run/lfb-packed-taps-private.h>
#include <lowerfb/run/lfb-scratch-private.h>
#include <lowerfb/core/lfb-tensor-reading-private.h>

#include <stdlib.h>
#include <string.h>

static void
taps_free (gpointer data)
{
  LfbPackedTaps *self = data;

  lfb_weight_params_clear (&self->params);
  lfb_packing_release (self->packed, self->chunk);
  g_clear_object (&self->bias);
  g_clear_object (&self->weight);
  g_free (self);
}

static gboolean
pack (LfbPackedTaps     *self,
      const LfbRuntime  *runtime,
      LfbTensor         *weight,
      GError           **error)
{
  const LfbConvKernel *kernel = &runtime->kernels.conv;
  LfbTransposedWeights weights = { 0 };
  LfbConvWeights *conv = &weights.conv;
  g_auto (LfbReading) reading = LFB_READING_INIT;
  g_autofree gint8 *own = NULL;
  const gint8 *rows;
  gsize products = lfb_volume (self->settings.kernel) * (self->in_channels / self->settings.groups);
  gsize limit = lfb_accumulation_limit (self->params.zero_points != NULL);
  void *scratch;

  if (products > limit)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                   "argument `weight` has %" G_GSIZE_FORMAT " products for each output, expected at most %"
                   G_GSIZE_FORMAT ": more could leave the 32 bits of the sum", products, limit);
      return FALSE;
    }
  if (!_lfb_reading_begin (&reading, weight, error))
    return FALSE;
  rows = lfb_conv_weight_last (&self->settings, &runtime->kernels.transpose, weight, reading.data, &own, error);
  if (rows == NULL)
    return FALSE;

  conv->in_channels = self->in_channels;
  conv->out_channels = self->out_channels;
  conv->groups = self->settings.groups;
  memcpy (conv->kernel, self->settings.kernel, sizeof conv->kernel);
  conv->w = rows;
  conv->zero_points = self->params.zero_points;
  memcpy (weights.stride, self->settings.stride, sizeof weights.stride);
  memcpy (weights.dilation, self->settings.dilation, sizeof weights.dilation);

  self->packed = lfb_packing_alloc (runtime->pool, self->settings.transposed ? lfb_transposed_pack_size (kernel, &weights)
                                                                             : kernel->pack_size (conv),
                                    &self->chunk, error);
  if (self->packed == NULL)
    return FALSE;
  if (!self->settings.transposed)
    {
      kernel->pack (conv, self->packed);
      return TRUE;
    }

  scratch = lfb_try_alloc_aligned (lfb_transposed_pack_scratch_size (&weights), 1, error);
  if (scratch == NULL)
    return FALSE;
  lfb_transposed_pack (kernel, &weights, self->packed, scratch);
  free (scratch);

  return TRUE;
}

typedef struct {
  const LfbRuntime *runtime;
  const LfbConvSettings *settings;
  LfbTensor *weight;
  LfbTensor *bias;
} Wanted;

static gboolean
same_settings (const LfbConvSettings *a,
               const LfbConvSettings *b)
{
  return a->n_spatial == b->n_spatial && a->groups == b->groups && a->transposed == b->transposed &&
         a->pad_mode == b->pad_mode &&
         memcmp (a->kernel, b->kernel, sizeof a->kernel) == 0 &&
         memcmp (a->stride, b->stride, sizeof a->stride) == 0 &&
         memcmp (a->dilation, b->dilation, sizeof a->dilation) == 0 &&
         memcmp (a->before, b->before, sizeof a->before) == 0 &&
         memcmp (a->after, b->after, sizeof a->after) == 0 &&
         memcmp (a->output_padding, b->output_padding, sizeof a->output_padding) == 0;
}

static gboolean
taps_fit (gconstpointer packed,
          gconstpointer wanted)
{
  const LfbPackedTaps *self = packed;
  const Wanted *other = wanted;

  return self->bias == other->bias && same_settings (&self->settings, other->settings) &&
         memcmp (&self->kernel, &other->runtime->kernels.conv, sizeof self->kernel) == 0;
}

static gpointer
taps_make (gconstpointer   data,
           GError        **error)
{
  const Wanted *wanted = data;
  LfbPackedTaps *self = g_new0 (LfbPackedTaps, 1);

  self->settings = *wanted->settings;
  self->kernel = wanted->runtime->kernels.conv;
  self->weight = g_object_ref (wanted->weight);
  g_set_object (&self->bias, wanted->bias);
  if (!lfb_conv_settings_channels (&self->settings, wanted->weight, &self->in_channels, &self->out_channels, error) ||
      !lfb_weight_params_init (&self->params, wanted->weight, self->settings.transposed, wanted->bias,
                               self->out_channels, error) ||
      !pack (self, wanted->runtime, wanted->weight, error))
    g_clear_pointer (&self, taps_free);

  return self;
}

static const LfbPackingType taps_type = { taps_fit, taps_make, taps_free };

LfbPackedTaps *
lfb_packed_taps_new (const LfbRuntime       *runtime,
                     const LfbConvSettings  *settings,
                     LfbTensor              *weight,
                     LfbTensor              *bias,
                     GError                **error)
{
  Wanted wanted = { runtime, settings, weight, bias };

  return lfb_packing_get (weight, &taps_type, &wanted, error);
}

void
lfb_packed_taps_free (LfbPackedTaps *self)
{
  g_autoptr (LfbTensor) weight = NULL;

  if (self == NULL)
    return;
  weight = g_object_ref (self->weight);
  lfb_packing_drop (weight, self);
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

/* Places of a transposed convolution, @begin to @end - 1. */
static void
run_places (gsize    begin,
            gsize    end,
            gpointer user_data)
{
  ConvJob *job = user_data;
  LfbTransposedArgs args = { 0 };

  args.scratch = lfb_thread_scratch (lfb_transposed_scratch_size (job->kernel, job->conv->packed, job->window));
  if (args.scratch == NULL)
    {
      g_atomic_int_set (&job->failed, TRUE);
      return;
    }

  args.window = job->window;
  args.x = job->x;
  args.x_stride = job->x_stride;
  args.y_stride = job->y_stride;
  args.begin = begin;
  args.end = end;
  if (job->requantize != NULL)
    lfb_transposed_run_u8 (job->kernel, job->conv->packed, &args, job->requantize, job->y);
  else
    lfb_transposed_run_f32 (job->kernel, job->conv->packed, &args, job->rescale, job->y);
}

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

/* How a convolution is split. Rows of pixels stay where they are: what a thread wrote in
 * the convolution before is in its cache. Where that would leave few rows a thread,
 * parts are outputs, of which each reads the whole image, but only its own weights; they
 * are the larger part then. Where outputs do not split evenly either, pixels do.
 */
static void
split (const LfbPackedTaps *self,
       const LfbWindow     *window,
       gsize                n_rows,
       gsize                n_threads,
       gsize                step,
       gboolean            *by_outputs,
       gsize               *unit,
       guint               *share)
{
  gsize steps = (self->out_channels + step - 1) / step;
  gsize most = (steps + n_threads - 1) / n_threads;

  *by_outputs = FALSE;
  *unit = window->out_size[2];
  *share = 2;

  /* Of windows that share rows of the image, each part prepares all of its own. */
  if (self->settings.groups > 1)
    *share = n_rows / n_threads >= 16 * (window->kernel[1] - 1) ? 2 : 1;
  else if (n_rows < 4 * n_threads && most * n_threads * 7 <= steps * 8)
    {
      *by_outputs = TRUE;
      *unit = step;
    }
  else if (n_rows < 4 * n_threads)
    {
      *unit = 1;
      *share = 1;
    }
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
  gsize unit = window->out_size[2];
  guint share;

  /* All taps meet one of the outputs of a place. */
  if (self->settings.transposed)
    {
      job.n_pixels = batch * lfb_transposed_places (window, &unit);
      lfb_runtime_split (runtime, job.n_pixels, unit, 2, estimate (self, job.n_pixels), run_places, &job);
    }
  else
    {
      job.n_pixels = batch * lfb_volume (window->out_size);
      split (self, window, job.n_pixels / MAX (window->out_size[2], 1), lfb_threads_get_n (runtime->threads),
             job.kernel->n_step (self->packed), &job.by_outputs, &unit, &share);
      lfb_runtime_split (runtime, job.by_outputs ? self->out_channels : job.n_pixels, unit, share,
                         estimate (self, job.n_pixels), run_part, &job);
    }
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

  x = lfb_try_alloc (lfb_tensor_get_n_elements (input), 1, error);
  if (x == NULL)
    return FALSE;
  lfb_to_channels_last (lfb_tensor_get_data (input, NULL), x, 1, image.batch, image.channels, lfb_volume (image.size));

  return run_window (self, runtime, &image, &window, x, requantize, rescale, addend, array, error);
}

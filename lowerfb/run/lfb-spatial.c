/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-spatial-private.h. Numbers come from models: sizes, strides and
 * paddings are held below 2^31, so that what is computed from two of them
 * stays inside 64 bits, and everything that becomes memory is checked again.
 */

#include <lowerfb/run/lfb-spatial-private.h>

#include <string.h>

gboolean
lfb_image_init_shape (LfbImage      *self,
                      const char    *name,
                      const gint64  *shape,
                      gsize          n_dims,
                      gsize          n_spatial,
                      GError       **error)
{
  if (n_dims != n_spatial + 1 && n_dims != n_spatial + 2)
    {
      g_autofree char *text = lfb_shape_to_string (shape, n_dims);

      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "argument `%s` has the shape %s, expected %" G_GSIZE_FORMAT " to %" G_GSIZE_FORMAT " dimensions",
                   name, text, n_spatial + 1, n_spatial + 2);
      return FALSE;
    }

  self->n_spatial = n_spatial;
  self->batched = n_dims == n_spatial + 2;
  self->batch = self->batched ? shape[0] : 1;
  self->channels = shape[n_dims - n_spatial - 1];
  for (gsize i = 0; i < 3; i++)
    self->size[i] = i < 3 - n_spatial ? 1 : shape[n_dims - 3 + i];
  for (gsize i = 0; i < 3; i++)
    if (self->size[i] == 0 || self->size[i] > G_MAXINT32 || self->channels > G_MAXINT32 || self->channels == 0)
      {
        g_autofree char *text = lfb_shape_to_string (shape, n_dims);

        g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                     "argument `%s` has the shape %s, expected channels and sizes of 1 to 2147483647", name, text);
        return FALSE;
      }

  return TRUE;
}

gboolean
lfb_image_init (LfbImage    *self,
                const char  *name,
                LfbTensor   *tensor,
                gsize        n_spatial,
                GError     **error)
{
  gsize n_dims;
  const gint64 *shape = lfb_tensor_get_shape (tensor, &n_dims);

  return lfb_image_init_shape (self, name, shape, n_dims, n_spatial, error);
}

gsize
lfb_image_shape (const LfbImage *self,
                 gsize           channels,
                 const gsize    *size,
                 gint64         *shape)
{
  gsize n_dims = 0;

  if (self->batched)
    shape[n_dims++] = self->batch;
  shape[n_dims++] = channels;
  for (gsize i = 3 - self->n_spatial; i < 3; i++)
    shape[n_dims++] = size[i];

  return n_dims;
}

gboolean
lfb_read_sizes (LfbCall     *call,
                const char  *name,
                gsize        n,
                gint64       min,
                gsize       *sizes,
                GError     **error)
{
  gint64 numbers[3];

  for (gsize i = 0; i < n; i++)
    numbers[i] = sizes[3 - n + i];
  if (!lfb_call_ints_n (call, name, numbers, n, error))
    return FALSE;
  for (gsize i = 0; i < n; i++)
    {
      if (numbers[i] < min || numbers[i] > G_MAXINT32)
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                       "argument `%s` is %" G_GINT64_FORMAT ", expected %" G_GINT64_FORMAT " to 2147483647",
                       name, numbers[i], min);
          return FALSE;
        }
      sizes[3 - n + i] = numbers[i];
    }

  return TRUE;
}

gboolean
lfb_read_output_size (LfbCall         *call,
                      const LfbImage  *image,
                      gsize           *sizes,
                      GError         **error)
{
  LfbValue *value = lfb_call_get (call, "output_size");
  gsize n = image->n_spatial;
  gboolean sequence = lfb_value_is_sequence (value);

  if (sequence && lfb_value_get_n_items (value) != n && lfb_value_get_n_items (value) != 1)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                   "argument `output_size` has %" G_GSIZE_FORMAT " ints, expected 1 or %" G_GSIZE_FORMAT,
                   lfb_value_get_n_items (value), n);
      return FALSE;
    }
  for (gsize i = 0; i < 3; i++)
    {
      gint64 size = image->size[i];
      LfbValue *item = value;

      sizes[i] = 1;
      if (i < 3 - n)
        continue;
      if (sequence)
        item = lfb_value_get_item (value, lfb_value_get_n_items (value) == 1 ? 0 : i - (3 - n));
      if (!lfb_value_is_none (item) && !lfb_value_read_int (item, &size))
        {
          g_autofree char *found = lfb_value_describe (item);

          g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                       "argument `output_size` has %s, expected ints or None", found);
          return FALSE;
        }
      if (size < 0 || size > G_MAXINT32)
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                       "argument `output_size` is %" G_GINT64_FORMAT ", expected 0 to 2147483647", size);
          return FALSE;
        }
      sizes[i] = size;
    }

  return TRUE;
}

gboolean
lfb_refuse_indices (LfbCall  *call,
                    GError  **error)
{
  gboolean return_indices = FALSE;

  if (!lfb_call_bool (call, "return_indices", &return_indices, error))
    return FALSE;
  if (return_indices)
    g_set_error_literal (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED,
                         "argument `return_indices` is True; only the maxima themselves are returned");

  return !return_indices;
}

/* 'same', 'valid', or numbers. */
static gboolean
read_padding (LfbConvSettings  *self,
              LfbCall          *call,
              GError          **error)
{
  LfbValue *value = lfb_call_get (call, "padding");
  gsize sizes[3] = { 0, 0, 0 };
  const char *text;

  if (value == NULL || lfb_value_get_kind (value) != LFB_VALUE_KIND_STRING)
    {
      if (!lfb_read_sizes (call, "padding", self->n_spatial, 0, sizes, error))
        return FALSE;
      for (gsize i = 0; i < 3; i++)
        self->before[i] = self->after[i] = sizes[i];
      return TRUE;
    }

  text = lfb_value_get_string (value);
  if (strcmp (text, "valid") == 0)
    return TRUE;
  if (strcmp (text, "same") != 0)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                   "argument `padding` is '%.40s', expected 'same', 'valid' or ints", text);
      return FALSE;
    }
  for (gsize i = 0; i < 3; i++)
    {
      gint64 total = self->dilation[i] * (self->kernel[i] - 1);

      if (self->stride[i] != 1)
        {
          g_set_error_literal (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                               "argument `padding` is 'same', which needs a stride of 1");
          return FALSE;
        }
      self->before[i] = total / 2;
      self->after[i] = total - total / 2;
    }

  return TRUE;
}

gboolean
lfb_conv_settings_read (LfbConvSettings  *self,
                        LfbCall          *call,
                        LfbTensor        *weight,
                        gsize             n_spatial,
                        gboolean          transposed,
                        GError          **error)
{
  const char *mode = "zeros";
  gint64 groups = 1;
  gsize n_dims;
  const gint64 *shape;

  memset (self, 0, sizeof *self);
  self->n_spatial = n_spatial;
  self->transposed = transposed;
  for (gsize i = 0; i < 3; i++)
    self->kernel[i] = self->stride[i] = self->dilation[i] = 1;
  if (!lfb_check_rank ("weight", weight, n_spatial + 2, n_spatial + 2, error) ||
      !lfb_call_int (call, "groups", &groups, error) ||
      !lfb_call_string (call, "padding_mode", &mode, error) ||
      !lfb_pad_mode_parse ("padding_mode", mode, &self->pad_mode, error) ||
      !lfb_read_sizes (call, "stride", n_spatial, 1, self->stride, error) ||
      !lfb_read_sizes (call, "dilation", n_spatial, 1, self->dilation, error) ||
      !lfb_read_sizes (call, "output_padding", n_spatial, 0, self->output_padding, error))
    return FALSE;
  if (groups < 1 || groups > G_MAXINT32)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                   "argument `groups` is %" G_GINT64_FORMAT ", expected 1 or more", groups);
      return FALSE;
    }
  self->groups = groups;

  shape = lfb_tensor_get_shape (weight, &n_dims);
  for (gsize i = 0; i < n_dims; i++)
    if (shape[i] < 1 || shape[i] > G_MAXINT32)
      {
        g_autofree char *text = lfb_tensor_describe_shape (weight);

        g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                     "argument `weight` has the shape %s, expected sizes of 1 to 2147483647", text);
        return FALSE;
      }
  for (gsize i = 0; i < n_spatial; i++)
    self->kernel[3 - n_spatial + i] = shape[2 + i];

  return read_padding (self, call, error);
}

gboolean
lfb_conv_settings_channels (const LfbConvSettings  *self,
                            LfbTensor              *weight,
                            gsize                  *in_channels,
                            gsize                  *out_channels,
                            GError                **error)
{
  gsize first = lfb_tensor_get_dim (weight, 0);
  gsize second = lfb_tensor_get_dim (weight, 1) * self->groups;

  if (first % self->groups != 0)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "argument `weight` has %" G_GSIZE_FORMAT " %s channels, expected a multiple of the %"
                   G_GSIZE_FORMAT " groups", first, self->transposed ? "input" : "output", self->groups);
      return FALSE;
    }
  *in_channels = self->transposed ? first : second;
  *out_channels = self->transposed ? second : first;

  return TRUE;
}

gboolean
lfb_conv_settings_window (const LfbConvSettings  *self,
                          const LfbImage         *image,
                          LfbWindow              *window,
                          GError                **error)
{
  for (gsize i = 0; i < 3; i++)
    {
      gint64 reach = (gint64) self->dilation[i] * ((gint64) self->kernel[i] - 1);
      gint64 padded = (gint64) image->size[i] + self->before[i] + self->after[i];
      gint64 far = G_GINT64_CONSTANT (1) << 40;
      gint64 out;

      if (reach > far || (gint64) image->size[i] * (gint64) self->stride[i] > far)
        out = padded < reach + 1 ? 0 : far;
      else if (self->transposed)
        out = ((gint64) image->size[i] - 1) * (gint64) self->stride[i] - self->before[i] - self->after[i] +
              reach + (gint64) self->output_padding[i] + 1;
      else
        out = padded < reach + 1 ? 0 : (padded - reach - 1) / (gint64) self->stride[i] + 1;
      if (out < 1 || out > G_MAXINT32)
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                       "an input of %" G_GSIZE_FORMAT " with padding %" G_GINT64_FORMAT " + %" G_GINT64_FORMAT
                       " and a kernel that reaches over %" G_GINT64_FORMAT " gives an output of %" G_GINT64_FORMAT
                       ", expected 1 to 2147483647",
                       image->size[i], self->before[i], self->after[i], reach + 1, out);
          return FALSE;
        }
      window->in_size[i] = image->size[i];
      window->out_size[i] = out;
      window->kernel[i] = self->kernel[i];
      window->stride[i] = self->stride[i];
      window->dilation[i] = self->dilation[i];
      window->padding[i] = self->before[i];
    }

  return TRUE;
}

/* The weight's dimensions are (out, in / groups, taps), or for a transposed
 * convolution (in, out / groups, taps) with groups outermost.
 */
const gint8 *
lfb_conv_weight_last (const LfbConvSettings     *self,
                      const LfbTransposeKernel  *transpose,
                      LfbTensor                 *weight,
                      const gint8               *from,
                      gint8                    **own,
                      GError                   **error)
{
  gsize taps = lfb_volume (self->kernel);
  gsize first = lfb_tensor_get_dim (weight, 0), second = lfb_tensor_get_dim (weight, 1);
  /* Matrices of the channels that end up last by the rest. */
  gsize n = self->transposed ? self->groups : first;
  gsize channels = self->transposed ? first / self->groups : second;
  gsize rest = self->transposed ? second * taps : taps;
  LfbMatrix matrix = { channels, rest, rest, channels };

  if (channels == 1 || rest == 1)
    return from;

  *own = lfb_try_alloc (lfb_tensor_get_n_elements (weight), 1, error);
  for (gsize i = 0; *own != NULL && i < n; i++)
    transpose->run (from + i * channels * rest, *own + i * channels * rest, 1, &matrix);

  return *own;
}

/* Both directions are one transposition of a matrix of @rows by @columns, in
 * blocks that stay in the cache.
 */
#define TRANSPOSE(type) \
  do \
    { \
      for (gsize r0 = 0; r0 < rows; r0 += 32) \
        for (gsize c0 = 0; c0 < columns; c0 += 32) \
          for (gsize r = r0; r < MIN (r0 + 32, rows); r++) \
            for (gsize c = c0; c < MIN (c0 + 32, columns); c++) \
              ((type *) to)[c * rows + r] = ((const type *) from)[r * columns + c]; \
    } \
  while (0)

static void
transpose (const char *from,
           char       *to,
           gsize       item_size,
           gsize       batch,
           gsize       rows,
           gsize       columns)
{
  for (gsize b = 0; b < batch; b++)
    {
      if (rows == 1 || columns == 1)
        memcpy (to, from, rows * columns * item_size);
      else if (item_size == 1)
        TRANSPOSE (guint8);
      else if (item_size == 4)
        TRANSPOSE (guint32);
      else
        TRANSPOSE (guint64);
      from += rows * columns * item_size;
      to += rows * columns * item_size;
    }
}

void
lfb_to_channels_last (gconstpointer from,
                      gpointer      to,
                      gsize         item_size,
                      gsize         batch,
                      gsize         channels,
                      gsize         pixels)
{
  g_assert (item_size == 1 || item_size == 4 || item_size == 8);
  transpose (from, to, item_size, batch, channels, pixels);
}

void
lfb_to_channels_first (gconstpointer from,
                       gpointer      to,
                       gsize         item_size,
                       gsize         batch,
                       gsize         channels,
                       gsize         pixels)
{
  g_assert (item_size == 1 || item_size == 4 || item_size == 8);
  transpose (from, to, item_size, batch, pixels, channels);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Transposed convolution of floats as a plain one over an image with gaps; that of
 * integers has a kernel (lowerfb/kernels/conv_transposed.h).
 */

#include <lowerfb/run/lfb-spatial-private.h>

#include <string.h>

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

/* The weight's dimensions are (in, out / groups, taps) with groups outermost. */
gpointer
lfb_conv_spread_weight (const LfbConvSettings  *self,
                        LfbTensor              *weight,
                        GError                **error)
{
  gsize item_size = lfb_dtype_size (lfb_tensor_get_dtype (weight));
  gsize taps = lfb_volume (self->kernel);
  gsize first = lfb_tensor_get_dim (weight, 0), second = lfb_tensor_get_dim (weight, 1);
  gsize in = first / self->groups, out = second;
  const char *from = lfb_tensor_get_data (weight, NULL);
  char *rows = lfb_try_alloc (lfb_tensor_get_n_elements (weight), item_size, error);

  if (rows == NULL)
    return NULL;
  for (gsize g = 0; g < self->groups; g++)
    for (gsize o = 0; o < out; o++)
      for (gsize i = 0; i < in; i++)
        for (gsize t = 0; t < taps; t++)
          {
            gsize to = ((g * out + o) * in + i) * taps + t;
            gsize at = ((g * in + i) * out + o) * taps + (taps - 1 - t);

            memcpy (rows + to * item_size, from + at * item_size, item_size);
          }

  return rows;
}

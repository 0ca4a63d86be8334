/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Random windows; see windows.h. */

#include "windows.h"

#include <stdio.h>

static void
random_dimension (LfbWindow *w,
                  int        d,
                  size_t     largest,
                  bool       dilated)
{
  size_t reach, padded;

  w->kernel[d] = (size_t) rnd_between (1, rnd_one_in (4) ? 7 : 3);
  w->stride[d] = (size_t) rnd_between (1, 3);
  w->dilation[d] = dilated && rnd_one_in (2) ? (size_t) rnd_between (1, 4) : 1;
  w->padding[d] = (size_t) rnd_between (0, (int64_t) w->kernel[d] / 2);
  w->in_size[d] = (size_t) rnd_between (1, (int64_t) largest);

  /* The image holds one window at least. */
  reach = (w->kernel[d] - 1) * w->dilation[d] + 1;
  while (w->in_size[d] + 2 * w->padding[d] < reach)
    w->in_size[d]++;

  padded = w->in_size[d] + 2 * w->padding[d];
  w->out_size[d] = (padded - reach) / w->stride[d] + 1;

  /* ceil_mode: one window more, if it begins before the padding at the end. */
  if (rnd_one_in (2) && (padded - reach) % w->stride[d] != 0 &&
      w->out_size[d] * w->stride[d] < w->in_size[d] + w->padding[d])
    w->out_size[d]++;
}

WindowCase
windows_random (int  n_dims,
                bool dilated)
{
  WindowCase c = { .batch = (size_t) rnd_between (1, 3) };

  for (int d = 0; d < 3; d++)
    if (d < 3 - n_dims)
      {
        c.window.in_size[d] = c.window.out_size[d] = c.window.kernel[d] = 1;
        c.window.stride[d] = c.window.dilation[d] = 1;
      }
    else
      random_dimension (&c.window, d, n_dims == 3 ? 6 : n_dims == 2 ? 11 : 50, dilated);

  c.pixels.channels = (size_t) rnd_between (1, rnd_one_in (8) ? 600 : 70);
  c.pixels.x_stride = c.pixels.channels + (rnd_one_in (2) ? 0 : (size_t) rnd_between (1, 40));
  c.pixels.y_stride = c.pixels.channels + (rnd_one_in (2) ? 0 : (size_t) rnd_between (1, 40));
  c.n_pixels = c.batch * c.window.out_size[0] * c.window.out_size[1] * c.window.out_size[2];
  c.pixels.end = c.n_pixels;

  if (rnd_one_in (3))
    {
      c.pixels.begin = (size_t) rnd_between (0, (int64_t) c.n_pixels - 1);
      c.pixels.end = (size_t) rnd_between ((int64_t) c.pixels.begin, (int64_t) c.n_pixels);
    }

  return c;
}

size_t
windows_x_size (const WindowCase *c)
{
  size_t n = c->batch * c->window.in_size[0] * c->window.in_size[1] * c->window.in_size[2];

  return (n - 1) * c->pixels.x_stride + c->pixels.channels;
}

size_t
windows_y_size (const WindowCase *c)
{
  return (c->n_pixels - 1) * c->pixels.y_stride + c->pixels.channels;
}

void
windows_position (const WindowCase *c,
                  size_t            pixel,
                  size_t            position[4])
{
  const size_t *out = c->window.out_size;

  position[0] = pixel / (out[0] * out[1] * out[2]);
  position[1] = pixel / (out[1] * out[2]) % out[0];
  position[2] = pixel / out[2] % out[1];
  position[3] = pixel % out[2];
}

size_t
windows_x_at (const WindowCase *c,
              size_t            image,
              const size_t      at[3])
{
  const size_t *in = c->window.in_size;

  return (((image * in[0] + at[0]) * in[1] + at[1]) * in[2] + at[2]) * c->pixels.x_stride;
}

void
windows_describe (const WindowCase *c,
                  char             *text,
                  size_t            size)
{
  const LfbWindow *w = &c->window;

  snprintf (text, size,
            "batch=%zu channels=%zu size=%zux%zux%zu->%zux%zux%zu kernel=%zux%zux%zu stride=%zu,%zu,%zu "
            "dilation=%zu,%zu,%zu padding=%zu,%zu,%zu strides=%zu,%zu pixels=%zu..%zu",
            c->batch, c->pixels.channels, w->in_size[0], w->in_size[1], w->in_size[2], w->out_size[0],
            w->out_size[1], w->out_size[2], w->kernel[0], w->kernel[1], w->kernel[2], w->stride[0], w->stride[1],
            w->stride[2], w->dilation[0], w->dilation[1], w->dilation[2], w->padding[0], w->padding[1],
            w->padding[2], c->pixels.x_stride, c->pixels.y_stride, c->pixels.begin, c->pixels.end);
}

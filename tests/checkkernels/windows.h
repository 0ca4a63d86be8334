/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Random windows for the checks of the pools. */

#pragma once

#include "check.h"

typedef struct
{
  size_t    batch;
  LfbWindow window;
  LfbPixels pixels;    /* channels and strides; a part of the pixels or all */
  size_t    n_pixels;  /* of the whole output */
} WindowCase;

/* @n_dims of the three dimensions used, @dilated or not; as torch allows: padding
 * at most half of the kernel, every window beginning inside the padded image. */
WindowCase windows_random   (int n_dims, bool dilated);

size_t     windows_x_size   (const WindowCase *c);  /* elements */
size_t     windows_y_size   (const WindowCase *c);

/* Where output @pixel lies: image, depth, height, width. */
void       windows_position (const WindowCase *c, size_t pixel, size_t position[4]);

/* The element of channel 0 at a position of the input. */
size_t     windows_x_at     (const WindowCase *c, size_t image, const size_t at[3]);

/* For check_case(). */
void       windows_describe (const WindowCase *c, char *text, size_t size);

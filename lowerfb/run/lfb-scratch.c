/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-scratch-private.h. */

#include <lowerfb/run/lfb-scratch-private.h>
#include <lowerfb/run/lfb-array-private.h>

#include <stdlib.h>
#include <string.h>

typedef struct {
  gpointer memory;
  gsize size;
} Scratch;

static void
scratch_free (gpointer data)
{
  Scratch *self = data;

  free (self->memory);
  g_free (self);
}

static GPrivate own = G_PRIVATE_INIT (scratch_free);

gpointer
lfb_thread_scratch (gsize size)
{
  Scratch *self = g_private_get (&own);

  if (self == NULL)
    {
      self = g_new0 (Scratch, 1);
      g_private_set (&own, self);
    }
  if (self->memory == NULL || self->size < size)
    {
      free (self->memory);
      self->memory = lfb_try_alloc_aligned (size, 1, NULL);
      self->size = self->memory != NULL ? size : 0;
      /* Kernels may read what they did not write, to multiply it by weights of 0. */
      if (self->memory != NULL)
        memset (self->memory, 0, size);
    }

  return self->memory;
}

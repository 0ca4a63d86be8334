/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-tensor-reading-private.h. */

#include <lowerfb/core/lfb-tensor-private.h>
#include <lowerfb/core/lfb-tensor-reading-private.h>

#include <sys/mman.h>
#include <unistd.h>

void
_lfb_tensor_set_mapped (LfbTensor *self,
                        GBytes    *map)
{
  gsize size;
  gconstpointer begin = g_bytes_get_data (map, &size);
  gsize place;

  if (self->quantizing != NULL)
    return;
  place = GPOINTER_TO_SIZE (g_bytes_get_data (self->bytes, NULL)) - GPOINTER_TO_SIZE (begin);
  self->is_mapped = place < size;
}

/* Pages that another tensor shares go too: reading them brings them back. */
static void
give_pages_back (LfbTensor *tensor)
{
  gsize page = sysconf (_SC_PAGESIZE);
  gsize size, begin;

  if (!tensor->is_mapped)
    return;

  begin = GPOINTER_TO_SIZE (g_bytes_get_data (tensor->bytes, &size));
  if (size > 0)
    madvise (GSIZE_TO_POINTER (begin / page * page), begin % page + size, MADV_DONTNEED);
}

gboolean
_lfb_reading_begin (LfbReading  *self,
                    LfbTensor   *tensor,
                    GError     **error)
{
  *self = (LfbReading) LFB_READING_INIT;
  self->tensor = g_object_ref (tensor);
  if (tensor->quantizing == NULL)
    {
      self->data = g_bytes_get_data (tensor->bytes, NULL);
      return TRUE;
    }

  return _lfb_quantizing_read (tensor->quantizing, &self->data, &self->own, &self->source, error);
}

void
_lfb_reading_end (LfbReading *self)
{
  if (self->source != NULL)
    give_pages_back (self->source);
  else if (self->tensor != NULL && self->tensor->quantizing == NULL)
    give_pages_back (self->tensor);

  g_clear_object (&self->source);
  g_clear_object (&self->tensor);
  g_clear_pointer (&self->own, g_free);
  self->data = NULL;
}

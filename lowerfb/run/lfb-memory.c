/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-memory-private.h. Used by one thread at a time: the one that runs. */

#include <lowerfb/run/lfb-memory-private.h>

struct _LfbMemory {
  GHashTable *buffers;   /* address of the first byte: how many values hold it; %NULL: none yet */
  guint64 live;
  guint64 peak;
};

LfbMemory *
lfb_memory_new (void)
{
  return g_new0 (LfbMemory, 1);
}

void
lfb_memory_free (LfbMemory *self)
{
  g_clear_pointer (&self->buffers, g_hash_table_unref);
  g_free (self);
}

static void
count_tensor (LfbMemory *self,
              LfbTensor *tensor,
              gint       change)
{
  gsize size;
  gconstpointer data = lfb_tensor_get_data (tensor, &size);
  gsize holders;

  if (size == 0)
    return;
  if (self->buffers == NULL)
    self->buffers = g_hash_table_new (NULL, NULL);
  holders = GPOINTER_TO_SIZE (g_hash_table_lookup (self->buffers, data));
  if (holders == 0 && change > 0)
    self->live += size;
  holders += change;
  if (holders > 0)
    {
      g_hash_table_insert (self->buffers, (gpointer) data, GSIZE_TO_POINTER (holders));
    }
  else
    {
      g_hash_table_remove (self->buffers, data);
      self->live -= size;
    }
  self->peak = MAX (self->peak, self->live);
}

static void
count_value (LfbMemory *self,
             LfbValue  *value,
             gint       change)
{
  LfbValueKind kind = lfb_value_get_kind (value);

  if (kind == LFB_VALUE_KIND_TENSOR)
    count_tensor (self, lfb_value_get_tensor (value), change);
  else if (lfb_value_is_sequence (value) || kind == LFB_VALUE_KIND_DICT || kind == LFB_VALUE_KIND_PACKED)
    for (gsize i = 0; i < lfb_value_get_n_items (value); i++)
      count_value (self, lfb_value_get_item (value, i), change);
}

void
lfb_memory_add (LfbMemory *self,
                LfbValue  *value)
{
  count_value (self, value, 1);
}

void
lfb_memory_remove (LfbMemory *self,
                   LfbValue  *value)
{
  count_value (self, value, -1);
}

/* Memory that is no value's, for the whole run. */
void
lfb_memory_reserve (LfbMemory *self,
                    guint64    size)
{
  self->live += size;
  self->peak = MAX (self->peak, self->live);
}

void
lfb_memory_release (LfbMemory *self,
                    guint64    size)
{
  self->live -= size;
}

guint64
lfb_memory_get_peak (LfbMemory *self)
{
  return self->peak;
}

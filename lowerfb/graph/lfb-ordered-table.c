/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-ordered-table-private.h. */

#include <lowerfb/core/lfb-hash-private.h>
#include <lowerfb/graph/lfb-ordered-table-private.h>

typedef struct
{
  char *name;
  gpointer value;
  GList link; /* in order; its data is the entry */
} OrderedEntry;

LfbOrderedTable *
_lfb_ordered_table_new (GDestroyNotify free_value)
{
  LfbOrderedTable *self = g_new0 (LfbOrderedTable, 1);

  self->entries = g_hash_table_new (_lfb_str_hash, g_str_equal);
  self->free_value = free_value;
  g_queue_init (&self->order);

  return self;
}

static void
drop_value (LfbOrderedTable *self,
            gpointer         value)
{
  if (value != NULL)
    self->free_value (value);
}

static void
free_entry (LfbOrderedTable *self,
            OrderedEntry    *entry)
{
  g_queue_unlink (&self->order, &entry->link);
  drop_value (self, entry->value);
  g_free (entry->name);
  g_free (entry);
}

void
_lfb_ordered_table_free (LfbOrderedTable *self)
{
  g_hash_table_unref (self->entries);
  while (self->order.head != NULL)
    free_entry (self, self->order.head->data);
  g_free (self);
}

/* Takes @value, which may be %NULL. A name that is there keeps its place. */
void
_lfb_ordered_table_set (LfbOrderedTable *self,
                        const char      *name,
                        gpointer         value)
{
  OrderedEntry *entry = g_hash_table_lookup (self->entries, name);

  if (entry != NULL)
    {
      gpointer old = entry->value;

      entry->value = value;
      drop_value (self, old);
      return;
    }

  entry = g_new0 (OrderedEntry, 1);
  entry->name = g_strdup (name);
  entry->value = value;
  entry->link.data = entry;
  g_queue_push_tail_link (&self->order, &entry->link);
  g_hash_table_insert (self->entries, entry->name, entry);
}

gboolean
_lfb_ordered_table_remove (LfbOrderedTable *self,
                           const char      *name)
{
  OrderedEntry *entry = g_hash_table_lookup (self->entries, name);

  if (entry == NULL)
    return FALSE;

  g_hash_table_remove (self->entries, name);
  free_entry (self, entry);

  return TRUE;
}

gboolean
_lfb_ordered_table_lookup (const LfbOrderedTable *self,
                           const char            *name,
                           gpointer              *value)
{
  OrderedEntry *entry = g_hash_table_lookup (self->entries, name);

  if (entry == NULL)
    return FALSE;

  if (value != NULL)
    *value = entry->value;
  return TRUE;
}

char **
_lfb_ordered_table_list_names (const LfbOrderedTable *self)
{
  char **names = g_new (char *, self->order.length + 1);
  gsize i = 0;

  for (GList *link = self->order.head; link != NULL; link = link->next)
    names[i++] = g_strdup (((OrderedEntry *) link->data)->name);
  names[i] = NULL;

  return names;
}

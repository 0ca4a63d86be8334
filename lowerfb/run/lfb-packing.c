/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-packing-private.h. */

#include <lowerfb/run/lfb-packing-private.h>

typedef struct {
  const LfbPackingType *type;
  gpointer packed;
  guint n_users;
} Entry;

/* Of a weight. It lies with the tensor, and each entry's packing holds that. */
typedef struct {
  GMutex lock;           /* held while a packing is made */
  GArray *entries;       /* Entry */
} Packings;

G_DEFINE_QUARK (lfb-packings, packings)

static G_LOCK_DEFINE (begin);

static void
packings_free (gpointer data)
{
  Packings *self = data;

  g_assert (self->entries->len == 0);
  g_array_unref (self->entries);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static Packings *
packings_of (LfbTensor *weight)
{
  Packings *self;

  G_LOCK (begin);
  self = g_object_get_qdata (G_OBJECT (weight), packings_quark ());
  if (self == NULL)
    {
      self = g_new0 (Packings, 1);
      g_mutex_init (&self->lock);
      self->entries = g_array_new (FALSE, FALSE, sizeof (Entry));
      g_object_set_qdata_full (G_OBJECT (weight), packings_quark (), self, packings_free);
    }
  G_UNLOCK (begin);

  return self;
}

gpointer
lfb_packing_get (LfbTensor             *weight,
                 const LfbPackingType  *type,
                 gconstpointer          wanted,
                 GError               **error)
{
  Packings *self = packings_of (weight);
  Entry made = { type, NULL, 1 };

  g_mutex_lock (&self->lock);
  for (guint i = 0; made.packed == NULL && i < self->entries->len; i++)
    {
      Entry *entry = &g_array_index (self->entries, Entry, i);

      if (entry->type == type && type->fits (entry->packed, wanted))
        {
          entry->n_users++;
          made.packed = entry->packed;
        }
    }
  if (made.packed == NULL)
    {
      made.packed = type->make (wanted, error);
      if (made.packed != NULL)
        g_array_append_val (self->entries, made);
    }
  g_mutex_unlock (&self->lock);

  return made.packed;
}

void
lfb_packing_drop (LfbTensor *weight,
                  gpointer   packed)
{
  Packings *self = packings_of (weight);
  const LfbPackingType *last = NULL;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->entries->len; i++)
    {
      Entry *entry = &g_array_index (self->entries, Entry, i);

      if (entry->packed != packed)
        continue;
      if (--entry->n_users == 0)
        {
          last = entry->type;
          g_array_remove_index_fast (self->entries, i);
        }
      break;
    }
  g_mutex_unlock (&self->lock);

  if (last != NULL)
    last->free (packed);
}

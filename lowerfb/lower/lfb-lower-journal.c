/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The journal of a lowering; see lfb-lower-journal-private.h. */

#include <lowerfb/lower/lfb-lower-journal-private.h>

#include <lowerfb/core/lfb-hash-private.h>

struct _LfbLowerJournal
{
  grefcount ref_count;
  GPtrArray *entries; /* in the order of the nodes */
  GHashTable *index;  /* prefixed name to entry */
};

static void
entry_free (LfbLowerEntry *entry)
{
  g_free (entry->node_name);
  g_free (entry->was);
  g_free (entry->pass_name);
  g_free (entry->result);
  g_free (entry->reason);
  g_free (entry);
}

LfbLowerJournal *
_lfb_lower_journal_new (void)
{
  LfbLowerJournal *self = g_new0 (LfbLowerJournal, 1);

  g_ref_count_init (&self->ref_count);
  self->entries = g_ptr_array_new_with_free_func ((GDestroyNotify) entry_free);
  self->index = g_hash_table_new (_lfb_str_hash, g_str_equal);

  return self;
}

LfbLowerJournal *
_lfb_lower_journal_ref (LfbLowerJournal *self)
{
  g_ref_count_inc (&self->ref_count);

  return self;
}

void
_lfb_lower_journal_unref (LfbLowerJournal *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;

  g_hash_table_unref (self->index);
  g_ptr_array_unref (self->entries);
  g_free (self);
}

void
_lfb_lower_journal_add (LfbLowerJournal *self,
                        const char      *prefix,
                        const char      *name,
                        LfbSubject       subject,
                        const char      *was)
{
  LfbLowerEntry *entry = g_new0 (LfbLowerEntry, 1);

  entry->node_name = g_strconcat (prefix, name, NULL);
  entry->subject = subject;
  entry->was = g_strdup (was);
  g_ptr_array_add (self->entries, entry);
  g_hash_table_insert (self->index, entry->node_name, entry);
}

LfbLowerEntry *
_lfb_lower_journal_find (LfbLowerJournal *self,
                         const char      *prefix,
                         const char      *name)
{
  g_autofree char *key = NULL;

  if (*prefix == '\0')
    return g_hash_table_lookup (self->index, name);

  key = g_strconcat (prefix, name, NULL);
  return g_hash_table_lookup (self->index, key);
}

/* Whether a reason for leaving this node would be news: the first one counts. */
gboolean
_lfb_lower_journal_wants (LfbLowerJournal *self,
                          const char      *prefix,
                          const char      *name)
{
  LfbLowerEntry *entry = _lfb_lower_journal_find (self, prefix, name);

  return entry != NULL && !entry->lowered && entry->reason == NULL;
}

void
_lfb_lower_journal_took (LfbLowerJournal *self,
                         const char      *prefix,
                         const char      *name,
                         const char      *pass_name,
                         const char      *result)
{
  LfbLowerEntry *entry = _lfb_lower_journal_find (self, prefix, name);

  if (entry == NULL)
    return;

  entry->lowered = TRUE;
  g_free (entry->pass_name);
  g_free (entry->result);
  entry->pass_name = g_strdup (pass_name);
  entry->result = g_strdup (result);
  g_clear_pointer (&entry->reason, g_free);
}

void
_lfb_lower_journal_left (LfbLowerJournal *self,
                         const char      *prefix,
                         const char      *name,
                         const char      *pass_name,
                         const char      *reason)
{
  LfbLowerEntry *entry = _lfb_lower_journal_find (self, prefix, name);

  if (entry == NULL || entry->lowered || entry->reason != NULL)
    return;

  g_free (entry->pass_name);
  entry->pass_name = g_strdup (pass_name);
  entry->reason = g_strdup (reason);
}

/* All entries, in the order of the nodes. */
GPtrArray *
_lfb_lower_journal_get (LfbLowerJournal *self)
{
  return self->entries;
}

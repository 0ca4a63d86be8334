/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A hash table from names to objects or boxed values that keeps the order in
 * which the names came: what files are written from.
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  GHashTable *entries; /* name to OrderedEntry */
  GQueue order;
  GDestroyNotify free_value;
} LfbOrderedTable;

LfbOrderedTable *_lfb_ordered_table_new        (GDestroyNotify         free_value);
void             _lfb_ordered_table_free       (LfbOrderedTable       *self);
void             _lfb_ordered_table_set        (LfbOrderedTable       *self,
                                                const char            *name,
                                                gpointer               value);
gboolean         _lfb_ordered_table_remove     (LfbOrderedTable       *self,
                                                const char            *name);
gboolean         _lfb_ordered_table_lookup     (const LfbOrderedTable *self,
                                                const char            *name,
                                                gpointer              *value);
char           **_lfb_ordered_table_list_names (const LfbOrderedTable *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LfbOrderedTable, _lfb_ordered_table_free)

G_END_DECLS

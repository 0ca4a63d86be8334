/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-module-tree-private.h. That aliases are separate is a rule of
 * lowering.md ("Rewriting").
 */

#include <lowerfb/core/lfb-error.h>
#include <lowerfb/core/lfb-hash-private.h>
#include <lowerfb/graph/lfb-module-tree-private.h>
#include <lowerfb/graph/lfb-ordered-table-private.h>

#include <string.h>

/* How many aliases a path may lead through. Longer chains, and circles, stand
 * for nothing.
 */
#define MAX_HOPS 64

typedef struct
{
  LfbModule *module; /* or */
  char *alias;       /* the path it stands for */
} Entry;

struct _LfbModuleTree
{
  LfbOrderedTable *entries; /* path to Entry */
  GHashTable *children;     /* path to LfbOrderedTable of the paths right below, entries or not */
  GHashTable *aliases;      /* path to LfbOrderedTable of the paths that are its aliases */
};

static void
entry_free (Entry *entry)
{
  g_clear_object (&entry->module);
  g_free (entry->alias);
  g_free (entry);
}

LfbModuleTree *
_lfb_module_tree_new (void)
{
  LfbModuleTree *self = g_new0 (LfbModuleTree, 1);

  self->entries = _lfb_ordered_table_new ((GDestroyNotify) entry_free);
  self->children = g_hash_table_new_full (_lfb_str_hash, g_str_equal, g_free,
                                          (GDestroyNotify) _lfb_ordered_table_free);
  self->aliases = g_hash_table_new_full (_lfb_str_hash, g_str_equal, g_free,
                                         (GDestroyNotify) _lfb_ordered_table_free);

  return self;
}

void
_lfb_module_tree_free (LfbModuleTree *self)
{
  _lfb_ordered_table_free (self->entries);
  g_hash_table_unref (self->children);
  g_hash_table_unref (self->aliases);
  g_free (self);
}

static Entry *
lookup (LfbModuleTree *self,
        const char    *path)
{
  gpointer entry = NULL;

  _lfb_ordered_table_lookup (self->entries, path, &entry);

  return entry;
}

static void
index_add (GHashTable *index,
           const char *key,
           const char *member)
{
  LfbOrderedTable *set = g_hash_table_lookup (index, key);

  if (set == NULL)
    {
      set = _lfb_ordered_table_new (g_free);
      g_hash_table_insert (index, g_strdup (key), set);
    }
  _lfb_ordered_table_set (set, member, NULL);
}

/* Whether the set is gone with its last member. */
static gboolean
index_remove (GHashTable *index,
              const char *key,
              const char *member)
{
  LfbOrderedTable *set = g_hash_table_lookup (index, key);

  if (set == NULL || !_lfb_ordered_table_remove (set, member))
    return FALSE;
  if (set->order.length > 0)
    return FALSE;

  g_hash_table_remove (index, key);
  return TRUE;
}

static char **
index_list (GHashTable *index,
            const char *key)
{
  LfbOrderedTable *set = g_hash_table_lookup (index, key);

  return set != NULL ? _lfb_ordered_table_list_names (set) : g_new0 (char *, 1);
}

static char *
parent_path (const char *path)
{
  const char *dot = strrchr (path, '.');

  return dot != NULL ? g_strndup (path, dot - path) : NULL;
}

/* Takes @entry. Every path is known to the one above it, up to the top. */
static void
put_entry (LfbModuleTree *self,
           const char    *path,
           Entry         *entry)
{
  Entry *old = lookup (self, path);
  g_autofree char *child = g_strdup (path);

  if (old != NULL && old->alias != NULL)
    index_remove (self->aliases, old->alias, path);
  if (entry->alias != NULL)
    index_add (self->aliases, entry->alias, path);
  _lfb_ordered_table_set (self->entries, path, entry);

  for (char *parent = parent_path (child); parent != NULL; parent = parent_path (child))
    {
      gboolean known = g_hash_table_contains (self->children, parent);

      index_add (self->children, parent, child);
      g_free (child);
      child = parent;
      if (known)
        break;
    }
}

gboolean
_lfb_module_tree_forget (LfbModuleTree *self,
                         const char    *path)
{
  Entry *entry = lookup (self, path);
  g_autofree char *child = g_strdup (path);

  if (entry == NULL)
    return FALSE;

  if (entry->alias != NULL)
    index_remove (self->aliases, entry->alias, path);
  _lfb_ordered_table_remove (self->entries, path);

  while (lookup (self, child) == NULL && !g_hash_table_contains (self->children, child))
    {
      char *parent = parent_path (child);
      gboolean empty;

      if (parent == NULL)
        break;
      empty = index_remove (self->children, parent, child);
      g_free (child);
      child = parent;
      if (!empty)
        break;
    }

  return TRUE;
}

/* The path with its longest prefix that is an alias replaced. */
static char *
follow_prefix (LfbModuleTree *self,
               const char    *path)
{
  g_autofree char *prefix = g_strdup (path);
  char *dot;

  while ((dot = strrchr (prefix, '.')) != NULL)
    {
      Entry *entry;

      *dot = '\0';
      entry = lookup (self, prefix);
      if (entry != NULL && entry->alias != NULL)
        return g_strconcat (entry->alias, path + strlen (prefix), NULL);
    }

  return NULL;
}

char *
_lfb_module_tree_resolve (LfbModuleTree *self,
                          const char    *path)
{
  g_autofree char *current = g_strdup (path);

  for (guint hops = 0; hops < MAX_HOPS; hops++)
    {
      Entry *entry = lookup (self, current);
      char *next;

      if (entry != NULL && entry->module != NULL)
        return g_steal_pointer (&current);

      next = entry != NULL ? g_strdup (entry->alias) : follow_prefix (self, current);
      if (next == NULL)
        return NULL;
      g_free (current);
      current = next;
    }

  return NULL;
}

LfbModule *
_lfb_module_tree_get (LfbModuleTree *self,
                      const char    *path)
{
  Entry *entry = lookup (self, path);
  g_autofree char *owner = NULL;

  if (entry != NULL && entry->module != NULL)
    return entry->module;

  owner = _lfb_module_tree_resolve (self, path);

  return owner != NULL ? lookup (self, owner)->module : NULL;
}

const char *
_lfb_module_tree_get_alias (LfbModuleTree *self,
                            const char    *path)
{
  Entry *entry = lookup (self, path);

  return entry != NULL ? entry->alias : NULL;
}

gboolean
_lfb_module_tree_contains (LfbModuleTree *self,
                           const char    *path)
{
  return lookup (self, path) != NULL;
}

static void
put_module (LfbModuleTree *self,
            const char    *path,
            LfbModule     *module)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->module = g_object_ref (module);
  put_entry (self, path, entry);
}

static void
put_alias (LfbModuleTree *self,
           const char    *path,
           const char    *original)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->alias = g_strdup (original);
  put_entry (self, path, entry);
}

gboolean
_lfb_module_tree_set_alias (LfbModuleTree  *self,
                            const char     *path,
                            const char     *original,
                            GError        **error)
{
  g_autofree char *below = g_strconcat (path, ".", NULL);
  g_autofree char *current = g_strdup (original);

  for (guint hops = 0; hops < MAX_HOPS && current != NULL; hops++)
    {
      Entry *entry = lookup (self, current);
      char *next;

      if (g_str_equal (current, path) || g_str_has_prefix (current, below))
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_INVALID_GRAPH,
                       "Module path `%s` cannot be an alias of `%s`: that leads back to it", path, original);
          return FALSE;
        }
      if (entry != NULL && entry->module != NULL)
        break;
      next = entry != NULL ? g_strdup (entry->alias) : follow_prefix (self, current);
      g_free (current);
      current = next;
    }

  put_alias (self, path, original);
  return TRUE;
}

static gboolean
is_at_or_below (const char *path,
                const char *root)
{
  gsize length = strlen (root);

  return strncmp (path, root, length) == 0 && (path[length] == '\0' || path[length] == '.');
}

/* Gives @heir all that is at @path and below. What an earlier heir owns of it
 * becomes an alias of that.
 */
static void
inherit (LfbModuleTree *self,
         const char    *path,
         const char    *heir,
         GHashTable    *heirs)
{
  Entry *entry = lookup (self, path);
  const char *owner = g_hash_table_lookup (heirs, path);
  g_auto (GStrv) children = NULL;

  if (owner != NULL)
    {
      if (lookup (self, heir) == NULL || !g_str_equal (owner, heir))
        put_alias (self, heir, owner);
      return;
    }

  if (entry != NULL && entry->module != NULL)
    {
      put_module (self, heir, entry->module);
      g_hash_table_insert (heirs, g_strdup (path), g_strdup (heir));
    }
  else if (entry != NULL)
    {
      put_alias (self, heir, entry->alias);
      return;
    }

  children = index_list (self->children, path);
  for (gsize i = 0; children[i] != NULL; i++)
    {
      g_autofree char *part = g_strconcat (heir, children[i] + strlen (path), NULL);

      if (lookup (self, part) == NULL)
        inherit (self, children[i], part, heirs);
    }
}

/* Before @path or what is below it changes: its aliases become owners. */
static void
release_aliases (LfbModuleTree *self,
                 const char    *path,
                 const char    *root,
                 gboolean       with_parts,
                 GHashTable    *heirs)
{
  g_auto (GStrv) aliases = index_list (self->aliases, path);
  g_auto (GStrv) children = NULL;

  for (gsize i = 0; aliases[i] != NULL; i++)
    {
      if (!with_parts || !is_at_or_below (aliases[i], root))
        inherit (self, path, aliases[i], heirs);
    }

  if (!with_parts)
    return;
  children = index_list (self->children, path);
  for (gsize i = 0; children[i] != NULL; i++)
    release_aliases (self, children[i], root, TRUE, heirs);
}

static void
release (LfbModuleTree *self,
         const char    *path,
         gboolean       with_parts)
{
  g_autoptr (GHashTable) heirs = NULL;

  if (g_hash_table_size (self->aliases) == 0)
    return;

  heirs = g_hash_table_new_full (_lfb_str_hash, g_str_equal, g_free, g_free);
  release_aliases (self, path, path, with_parts, heirs);
}

void
_lfb_module_tree_set (LfbModuleTree *self,
                      const char    *path,
                      LfbModule     *module)
{
  Entry *entry = lookup (self, path);

  if (entry != NULL && entry->module == module)
    return;
  if (entry != NULL)
    release (self, path, FALSE);
  put_module (self, path, module);
}

static gboolean
forget_all (LfbModuleTree *self,
            const char    *path,
            gboolean       keep_root)
{
  g_auto (GStrv) children = index_list (self->children, path);
  gboolean any = FALSE;

  for (gsize i = 0; children[i] != NULL; i++)
    any |= forget_all (self, children[i], FALSE);
  if (!keep_root)
    any |= _lfb_module_tree_forget (self, path);

  return any;
}

/* Removes @path, unless @keep_root, and all below it. */
gboolean
_lfb_module_tree_remove (LfbModuleTree *self,
                         const char    *path,
                         gboolean       keep_root)
{
  release (self, path, TRUE);

  return forget_all (self, path, keep_root);
}

char **
_lfb_module_tree_list (LfbModuleTree *self)
{
  return _lfb_ordered_table_list_names (self->entries);
}

static void
mark_below (LfbModuleTree *self,
            const char    *path,
            GHashTable    *marked)
{
  g_auto (GStrv) children = NULL;
  Entry *entry = lookup (self, path);

  if (!g_hash_table_add (marked, g_strdup (path)))
    return;
  if (entry != NULL && entry->alias != NULL)
    _lfb_module_tree_mark (self, entry->alias, marked);

  children = index_list (self->children, path);
  for (gsize i = 0; children[i] != NULL; i++)
    mark_below (self, children[i], marked);
}

/* Adds to @marked what has to stay so that @path can be called: the path, its
 * parts, the paths above, and the same for what any of them is an alias of.
 */
void
_lfb_module_tree_mark (LfbModuleTree *self,
                       const char    *path,
                       GHashTable    *marked)
{
  g_autofree char *child = g_strdup (path);
  g_autofree char *original = NULL;

  mark_below (self, path, marked);
  if (lookup (self, path) == NULL)
    {
      original = follow_prefix (self, path);
      if (original != NULL && !g_hash_table_contains (marked, original))
        _lfb_module_tree_mark (self, original, marked);
    }

  for (char *parent = parent_path (child); parent != NULL; parent = parent_path (child))
    {
      g_free (child);
      child = parent;
      g_hash_table_add (marked, g_strdup (parent));
    }
}

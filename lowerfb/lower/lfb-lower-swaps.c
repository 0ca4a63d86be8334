/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Replacing modules call by call; see lfb-lower-swaps-private.h. The rule is
 * that of doc/lowering-coverage.md, "Rewriting": calls that need equal modules share one;
 * the first takes over the path, unless a call remains that needs the old one;
 * the others stand beside it as path_1, path_2, ...
 */

#include <lowerfb/lower/lfb-lower-swaps-private.h>

#include <lowerfb/core/lfb-hash-private.h>

#include <string.h>

/* One new module and the calls that need it. */
typedef struct
{
  LfbModule *module;
  GPtrArray *nodes;
} Group;

/* All calls of one path. */
typedef struct
{
  char *path;
  guint n_calls;
  guint n_swapped;
  gboolean parts_called; /* a node calls something below the path */
  GPtrArray *groups;
  GHashTable *index; /* what tells replacements apart, to Group */
} Calls;

struct _LfbLowerSwaps
{
  LfbLowerContext *context;
  GHashTable *calls;   /* path to Calls */
  GPtrArray *order;    /* Calls with something to swap, as they were met */
  GHashTable *modules; /* node to its new module */
};

static void
group_free (Group *group)
{
  g_object_unref (group->module);
  g_ptr_array_unref (group->nodes);
  g_free (group);
}

static void
calls_free (Calls *calls)
{
  g_free (calls->path);
  g_ptr_array_unref (calls->groups);
  g_hash_table_unref (calls->index);
  g_free (calls);
}

static Calls *
calls_at (LfbLowerSwaps *self,
          const char    *path)
{
  Calls *calls = g_hash_table_lookup (self->calls, path);

  if (calls == NULL)
    {
      calls = g_new0 (Calls, 1);
      calls->path = g_strdup (path);
      calls->groups = g_ptr_array_new_with_free_func ((GDestroyNotify) group_free);
      calls->index = g_hash_table_new_full (_lfb_str_hash, g_str_equal, g_free, NULL);
      g_hash_table_insert (self->calls, calls->path, calls);
    }

  return calls;
}

/* A module whose part is called by itself has to stay: its parts would go. */
static void
mark_parents (LfbLowerSwaps *self,
              const char    *path)
{
  g_autofree char *parent = g_strdup (path);
  char *dot;

  while ((dot = strrchr (parent, '.')) != NULL)
    {
      Calls *calls;

      *dot = '\0';
      calls = calls_at (self, parent);
      if (calls->parts_called)
        break;
      calls->parts_called = TRUE;
    }
}

LfbLowerSwaps *
_lfb_lower_swaps_new (LfbLowerContext *context)
{
  LfbLowerSwaps *self = g_new0 (LfbLowerSwaps, 1);

  self->context = context;
  self->calls = g_hash_table_new_full (_lfb_str_hash, g_str_equal, NULL, (GDestroyNotify) calls_free);
  self->order = g_ptr_array_new ();
  self->modules = g_hash_table_new (NULL, NULL);

  for (LfbNode *node = lfb_graph_get_first (context->graph); node != NULL; node = lfb_node_get_next (node))
    {
      Calls *calls;

      if (lfb_node_get_op (node) != LFB_OP_CALL_MODULE)
        continue;

      calls = calls_at (self, lfb_node_get_target (node));
      if (calls->n_calls++ == 0)
        mark_parents (self, calls->path);
    }

  context->swaps = self;
  return self;
}

void
_lfb_lower_swaps_free (LfbLowerSwaps *self)
{
  self->context->swaps = NULL;
  g_hash_table_unref (self->modules);
  g_ptr_array_unref (self->order);
  g_hash_table_unref (self->calls);
  g_free (self);
}

/* The new module that a node is going to call; %NULL: the old one. */
LfbModule *
_lfb_lower_swaps_get (LfbLowerSwaps *self,
                      LfbNode       *node)
{
  return g_hash_table_lookup (self->modules, node);
}

/* The calls of one path all had the same module, so that type and settings
 * tell whether what they become is the same. Where there is one call there is
 * nothing to tell apart, and numbers take long to write.
 */
static char *
make_key (const Calls *calls,
          LfbModule   *module)
{
  g_autofree char *config = NULL;

  if (calls->n_calls == 1)
    return g_strdup ("");

  config = lfb_value_to_string (lfb_module_get_config (module));
  return g_strconcat (lfb_module_get_type_name (module), " ", config, NULL);
}

void
_lfb_lower_swaps_add (LfbLowerSwaps *self,
                      LfbNode       *node,
                      LfbModule     *module)
{
  Calls *calls = g_hash_table_lookup (self->calls, lfb_node_get_target (node));
  g_autofree char *key = NULL;
  Group *group;

  g_assert (calls != NULL);
  key = make_key (calls, module);

  if (calls->n_swapped++ == 0)
    g_ptr_array_add (self->order, calls);

  group = g_hash_table_lookup (calls->index, key);
  if (group == NULL)
    {
      group = g_new0 (Group, 1);
      group->module = g_object_ref (module);
      group->nodes = g_ptr_array_new ();
      g_ptr_array_add (calls->groups, group);
      g_hash_table_insert (calls->index, g_steal_pointer (&key), group);
    }

  g_ptr_array_add (group->nodes, node);
  g_hash_table_insert (self->modules, node, group->module);
}

/* The first path_1, path_2, ... that nothing has, from *number on. */
static char *
free_path (LfbGraphModule *model,
           const char     *path,
           guint          *number)
{
  for (;;)
    {
      g_autofree char *candidate = g_strdup_printf ("%s_%u", path, ++*number);

      if (lfb_graph_module_get_module (model, candidate) == NULL &&
          lfb_graph_module_get_attribute (model, candidate) == NULL)
        return g_steal_pointer (&candidate);
    }
}

static gboolean
apply_calls (LfbGraphModule  *model,
             Calls           *calls,
             GError         **error)
{
  gboolean path_taken = calls->n_swapped < calls->n_calls || calls->parts_called;
  guint number = 0;

  for (guint i = 0; i < calls->groups->len; i++)
    {
      Group *group = g_ptr_array_index (calls->groups, i);
      g_autofree char *path = NULL;

      if (!path_taken)
        {
          if (!lfb_graph_module_replace_module (model, calls->path, group->module, error))
            return FALSE;
          path_taken = TRUE;
          continue;
        }

      path = free_path (model, calls->path, &number);
      if (!lfb_graph_module_set_module (model, path, group->module, error))
        return FALSE;
      for (guint j = 0; j < group->nodes->len; j++)
        lfb_node_set_target (g_ptr_array_index (group->nodes, j), path);
    }

  return TRUE;
}

/* Puts all new modules into the model. */
gboolean
_lfb_lower_swaps_apply (LfbLowerSwaps  *self,
                        GError        **error)
{
  for (guint i = 0; i < self->order->len; i++)
    {
      if (!apply_calls (self->context->model, g_ptr_array_index (self->order, i), error))
        return FALSE;
    }

  return TRUE;
}

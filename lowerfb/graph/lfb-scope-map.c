/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which module each node was traced in. */

#include <lowerfb/graph/lfb-ordered-table-private.h>
#include <lowerfb/graph/lfb-scope-map.h>

/**
 * LfbScopeMap:
 *
 * Which module each node was traced in: a map from node names to the path and
 * type of a module, the `node_name_to_scope` of PyTorch's lowering.
 *
 * Lowering names packed weights after these paths.
 *
 * Since: 1.0
 */
struct _LfbScopeMap
{
  GObject parent_instance;

  LfbOrderedTable *map; /* to a vector of path and type */
};

G_DEFINE_FINAL_TYPE (LfbScopeMap, lfb_scope_map, G_TYPE_OBJECT)

static void
lfb_scope_map_finalize (GObject *object)
{
  LfbScopeMap *self = LFB_SCOPE_MAP (object);

  g_clear_pointer (&self->map, _lfb_ordered_table_free);

  G_OBJECT_CLASS (lfb_scope_map_parent_class)->finalize (object);
}

static void
lfb_scope_map_class_init (LfbScopeMapClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = lfb_scope_map_finalize;
}

static void
lfb_scope_map_init (LfbScopeMap *self)
{
  self->map = _lfb_ordered_table_new ((GDestroyNotify) g_strfreev);
}

/**
 * lfb_scope_map_new:
 *
 * Makes an empty map.
 *
 * Returns: (transfer full): a new map
 *
 * Since: 1.0
 */
LfbScopeMap *
lfb_scope_map_new (void)
{
  return g_object_new (LFB_TYPE_SCOPE_MAP, NULL);
}

/**
 * lfb_scope_map_copy:
 * @self: a map
 *
 * Copies the map.
 *
 * Returns: (transfer full): a new map
 *
 * Since: 1.0
 */
LfbScopeMap *
lfb_scope_map_copy (LfbScopeMap *self)
{
  g_auto (GStrv) names = NULL;
  LfbScopeMap *copy;

  g_return_val_if_fail (LFB_IS_SCOPE_MAP (self), NULL);

  copy = lfb_scope_map_new ();
  names = lfb_scope_map_list_names (self);
  for (gsize i = 0; names[i] != NULL; i++)
    lfb_scope_map_set (copy, names[i],
                       lfb_scope_map_get_path (self, names[i]),
                       lfb_scope_map_get_type_name (self, names[i]));

  return copy;
}

/**
 * lfb_scope_map_set:
 * @self: a map
 * @node_name: the name of a node
 * @module_path: the path of the module it was traced in; empty for the model
 * @module_type: the name of the module's class
 *
 * Says which module a node was traced in.
 *
 * Since: 1.0
 */
void
lfb_scope_map_set (LfbScopeMap *self,
                   const char  *node_name,
                   const char  *module_path,
                   const char  *module_type)
{
  const char *scope[] = { module_path, module_type, NULL };

  g_return_if_fail (LFB_IS_SCOPE_MAP (self));
  g_return_if_fail (node_name != NULL);
  g_return_if_fail (module_path != NULL);
  g_return_if_fail (module_type != NULL);

  _lfb_ordered_table_set (self->map, node_name, g_strdupv ((char **) scope));
}

/**
 * lfb_scope_map_remove:
 * @self: a map
 * @node_name: the name of a node
 *
 * Forgets a node.
 *
 * Returns: whether it was in the map
 *
 * Since: 1.0
 */
gboolean
lfb_scope_map_remove (LfbScopeMap *self,
                      const char  *node_name)
{
  g_return_val_if_fail (LFB_IS_SCOPE_MAP (self), FALSE);
  g_return_val_if_fail (node_name != NULL, FALSE);

  return _lfb_ordered_table_remove (self->map, node_name);
}

static const char *
get_part (LfbScopeMap *self,
          const char  *node_name,
          guint        part)
{
  gpointer scope = NULL;

  if (!_lfb_ordered_table_lookup (self->map, node_name, &scope))
    return NULL;

  return ((char **) scope)[part];
}

/**
 * lfb_scope_map_get_path:
 * @self: a map
 * @node_name: the name of a node
 *
 * The path of the module that a node was traced in.
 *
 * Returns: (transfer none) (nullable): the path, empty for the model itself;
 *   %NULL if the node is not in the map
 *
 * Since: 1.0
 */
const char *
lfb_scope_map_get_path (LfbScopeMap *self,
                        const char  *node_name)
{
  g_return_val_if_fail (LFB_IS_SCOPE_MAP (self), NULL);
  g_return_val_if_fail (node_name != NULL, NULL);

  return get_part (self, node_name, 0);
}

/**
 * lfb_scope_map_get_type_name:
 * @self: a map
 * @node_name: the name of a node
 *
 * The class of the module that a node was traced in.
 *
 * Returns: (transfer none) (nullable): the name of the class; %NULL if the node
 *   is not in the map
 *
 * Since: 1.0
 */
const char *
lfb_scope_map_get_type_name (LfbScopeMap *self,
                             const char  *node_name)
{
  g_return_val_if_fail (LFB_IS_SCOPE_MAP (self), NULL);
  g_return_val_if_fail (node_name != NULL, NULL);

  return get_part (self, node_name, 1);
}

/**
 * lfb_scope_map_list_names:
 * @self: a map
 *
 * The nodes in the map, in the order in which they were set.
 *
 * Returns: (transfer full) (array zero-terminated=1): the names
 *
 * Since: 1.0
 */
char **
lfb_scope_map_list_names (LfbScopeMap *self)
{
  g_return_val_if_fail (LFB_IS_SCOPE_MAP (self), NULL);

  return _lfb_ordered_table_list_names (self->map);
}

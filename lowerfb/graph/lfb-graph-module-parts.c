/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The attributes that a model's graph reads and the modules that it calls. */

#include <lowerfb/core/lfb-error.h>
#include <lowerfb/core/lfb-hash-private.h>
#include <lowerfb/graph/lfb-graph-module-private.h>

/**
 * lfb_graph_module_get_attribute:
 * @self: a model
 * @target: the name of an attribute
 *
 * What `get_attr` nodes with that target read.
 *
 * Returns: (transfer none) (nullable): the attribute; %NULL if there is none
 *
 * Since: 1.0
 */
LfbValue *
lfb_graph_module_get_attribute (LfbGraphModule *self,
                                const char     *target)
{
  gpointer value = NULL;

  g_return_val_if_fail (LFB_IS_GRAPH_MODULE (self), NULL);
  g_return_val_if_fail (target != NULL, NULL);

  _lfb_ordered_table_lookup (self->attributes, target, &value);

  return value;
}

/**
 * lfb_graph_module_set_attribute:
 * @self: a model
 * @target: the name of an attribute
 * @value: what it is
 *
 * Adds or replaces an attribute.
 *
 * Since: 1.0
 */
void
lfb_graph_module_set_attribute (LfbGraphModule *self,
                                const char     *target,
                                LfbValue       *value)
{
  g_return_if_fail (LFB_IS_GRAPH_MODULE (self));
  g_return_if_fail (target != NULL);
  g_return_if_fail (value != NULL);

  _lfb_ordered_table_set (self->attributes, target, lfb_value_ref (value));
}

/**
 * lfb_graph_module_remove_attribute:
 * @self: a model
 * @target: the name of an attribute
 *
 * Removes an attribute.
 *
 * Returns: whether there was one
 *
 * Since: 1.0
 */
gboolean
lfb_graph_module_remove_attribute (LfbGraphModule *self,
                                   const char     *target)
{
  g_return_val_if_fail (LFB_IS_GRAPH_MODULE (self), FALSE);
  g_return_val_if_fail (target != NULL, FALSE);

  return _lfb_ordered_table_remove (self->attributes, target);
}

/**
 * lfb_graph_module_list_attributes:
 * @self: a model
 *
 * The names of all attributes, in the order in which they came.
 *
 * Returns: (transfer full) (array zero-terminated=1): the names
 *
 * Since: 1.0
 */
char **
lfb_graph_module_list_attributes (LfbGraphModule *self)
{
  g_return_val_if_fail (LFB_IS_GRAPH_MODULE (self), NULL);

  return _lfb_ordered_table_list_names (self->attributes);
}

/**
 * lfb_graph_module_get_module:
 * @self: a model
 * @path: the dotted path of a module
 *
 * The module that `call_module` nodes with that target call. Aliases are
 * followed.
 *
 * Returns: (transfer none) (nullable): the module; %NULL if there is none
 *
 * Since: 1.0
 */
LfbModule *
lfb_graph_module_get_module (LfbGraphModule *self,
                             const char     *path)
{
  g_return_val_if_fail (LFB_IS_GRAPH_MODULE (self), NULL);
  g_return_val_if_fail (path != NULL, NULL);

  return _lfb_module_tree_get (self->modules, path);
}

static gboolean
check_path (const char  *path,
            GError     **error)
{
  gsize n_parts = 1;

  for (const char *c = path; *c != '\0'; c++)
    n_parts += *c == '.';
  if (*path != '\0' && n_parts <= LFB_MODULE_MAX_PATH_PARTS)
    return TRUE;

  if (*path == '\0')
    g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "A module needs a path");
  else
    g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                 "The module path `%.40s`... has %" G_GSIZE_FORMAT " parts, expected at most %d",
                 path, n_parts, LFB_MODULE_MAX_PATH_PARTS);
  return FALSE;
}

/**
 * lfb_graph_module_set_module:
 * @self: a model
 * @path: the dotted path of the module; not empty, of at most
 *   %LFB_MODULE_MAX_PATH_PARTS parts
 * @module: the module
 * @error: where to put an error
 *
 * Adds a module, or replaces the one at @path alone: its parts stay, and so do
 * those paths that were aliases of it, which keep the old module.
 *
 * Returns: whether the module was set; %LFB_ERROR_ARGUMENT if @path is no path
 *
 * Since: 1.0
 */
gboolean
lfb_graph_module_set_module (LfbGraphModule  *self,
                             const char      *path,
                             LfbModule       *module,
                             GError         **error)
{
  g_return_val_if_fail (LFB_IS_GRAPH_MODULE (self), FALSE);
  g_return_val_if_fail (path != NULL, FALSE);
  g_return_val_if_fail (LFB_IS_MODULE (module), FALSE);

  if (!check_path (path, error))
    return FALSE;
  _lfb_module_tree_set (self->modules, path, module);

  return TRUE;
}

/**
 * lfb_graph_module_replace_module:
 * @self: a model
 * @path: the dotted path of a module; not empty
 * @module: the module to put there
 * @error: where to put an error
 *
 * Replaces a module together with its parts. Paths that were aliases of the old
 * module or of a part keep what they stood for.
 *
 * Returns: whether the module was replaced
 *
 * Since: 1.0
 */
gboolean
lfb_graph_module_replace_module (LfbGraphModule  *self,
                                 const char      *path,
                                 LfbModule       *module,
                                 GError         **error)
{
  g_return_val_if_fail (LFB_IS_GRAPH_MODULE (self), FALSE);
  g_return_val_if_fail (path != NULL, FALSE);
  g_return_val_if_fail (LFB_IS_MODULE (module), FALSE);

  if (!check_path (path, error))
    return FALSE;
  _lfb_module_tree_remove (self->modules, path, TRUE);
  _lfb_module_tree_set (self->modules, path, module);

  return TRUE;
}

/**
 * lfb_graph_module_remove_module:
 * @self: a model
 * @path: the dotted path of a module
 *
 * Removes a module and its parts. Paths that were aliases keep what they stood
 * for.
 *
 * Returns: whether anything was there
 *
 * Since: 1.0
 */
gboolean
lfb_graph_module_remove_module (LfbGraphModule *self,
                                const char     *path)
{
  g_return_val_if_fail (LFB_IS_GRAPH_MODULE (self), FALSE);
  g_return_val_if_fail (path != NULL, FALSE);

  return _lfb_module_tree_remove (self->modules, path, FALSE);
}

/**
 * lfb_graph_module_get_alias:
 * @self: a model
 * @path: the dotted path of a module
 *
 * The path that another is an alias of.
 *
 * Returns: (transfer none) (nullable): the path; %NULL if @path is no alias
 *
 * Since: 1.0
 */
const char *
lfb_graph_module_get_alias (LfbGraphModule *self,
                            const char     *path)
{
  g_return_val_if_fail (LFB_IS_GRAPH_MODULE (self), NULL);
  g_return_val_if_fail (path != NULL, NULL);

  return _lfb_module_tree_get_alias (self->modules, path);
}

/**
 * lfb_graph_module_set_alias:
 * @self: a model
 * @path: a dotted path; not empty
 * @original: the path of the module that it is to stand for, which need not be
 *   there yet
 * @error: where to put an error
 *
 * Makes a path stand for the very same module as another, parts included. Fails
 * with %LFB_ERROR_INVALID_GRAPH if that would lead back to @path.
 *
 * Returns: whether the alias was made
 *
 * Since: 1.0
 */
gboolean
lfb_graph_module_set_alias (LfbGraphModule  *self,
                            const char      *path,
                            const char      *original,
                            GError         **error)
{
  g_return_val_if_fail (LFB_IS_GRAPH_MODULE (self), FALSE);
  g_return_val_if_fail (path != NULL, FALSE);
  g_return_val_if_fail (original != NULL, FALSE);

  return check_path (path, error) && check_path (original, error) &&
         _lfb_module_tree_set_alias (self->modules, path, original, error);
}

/**
 * lfb_graph_module_resolve_path:
 * @self: a model
 * @path: the dotted path of a module
 *
 * Follows aliases to the path that owns the module.
 *
 * Returns: (transfer full) (nullable): the path, @path itself if it is no alias;
 *   %NULL if there is no such module
 *
 * Since: 1.0
 */
char *
lfb_graph_module_resolve_path (LfbGraphModule *self,
                               const char     *path)
{
  g_return_val_if_fail (LFB_IS_GRAPH_MODULE (self), NULL);
  g_return_val_if_fail (path != NULL, NULL);

  return _lfb_module_tree_resolve (self->modules, path);
}

/**
 * lfb_graph_module_list_modules:
 * @self: a model
 *
 * The paths of all modules, aliases included, in the order in which they came.
 *
 * Returns: (transfer full) (array zero-terminated=1): the paths
 *
 * Since: 1.0
 */
char **
lfb_graph_module_list_modules (LfbGraphModule *self)
{
  g_return_val_if_fail (LFB_IS_GRAPH_MODULE (self), NULL);

  return _lfb_module_tree_list (self->modules);
}

/**
 * lfb_graph_module_delete_unused:
 * @self: a model
 *
 * Removes the attributes that no node reads and the modules that no node calls.
 * The parts of called modules stay, and the modules above them.
 *
 * Returns: whether anything was removed
 *
 * Since: 1.0
 */
gboolean
lfb_graph_module_delete_unused (LfbGraphModule *self)
{
  g_autoptr (GHashTable) attributes = NULL;
  g_autoptr (GHashTable) modules = NULL;
  g_auto (GStrv) names = NULL;
  g_auto (GStrv) paths = NULL;
  gboolean changed = FALSE;

  g_return_val_if_fail (LFB_IS_GRAPH_MODULE (self), FALSE);

  attributes = g_hash_table_new (_lfb_str_hash, g_str_equal);
  modules = g_hash_table_new_full (_lfb_str_hash, g_str_equal, g_free, NULL);
  for (LfbNode *node = lfb_graph_get_first (self->graph); node != NULL; node = lfb_node_get_next (node))
    {
      const char *target = lfb_node_get_target (node);

      if (lfb_node_get_op (node) == LFB_OP_GET_ATTR)
        g_hash_table_add (attributes, (gpointer) target);
      else if (lfb_node_get_op (node) == LFB_OP_CALL_MODULE && !g_hash_table_contains (modules, target))
        _lfb_module_tree_mark (self->modules, target, modules);
    }

  names = lfb_graph_module_list_attributes (self);
  for (gsize i = 0; names[i] != NULL; i++)
    if (!g_hash_table_contains (attributes, names[i]))
      changed |= _lfb_ordered_table_remove (self->attributes, names[i]);

  paths = lfb_graph_module_list_modules (self);
  for (gsize i = 0; paths[i] != NULL; i++)
    if (!g_hash_table_contains (modules, paths[i]))
      changed |= _lfb_module_tree_forget (self->modules, paths[i]);

  return changed;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which node was quantized how. */

#include <lowerfb/graph/lfb-ordered-table-private.h>
#include <lowerfb/graph/lfb-qconfig-map.h>

/**
 * LfbQConfigMap:
 *
 * Which node was quantized how: a map from node names to [class@Lfb.QConfig] or
 * none, the `qconfig_map` of PyTorch's lowering.
 *
 * A name that stands for none says that the node was meant to stay float;
 * lowering leaves it alone. That is not the same as a name that is missing.
 *
 * Since: 1.0
 */
struct _LfbQConfigMap
{
  GObject parent_instance;

  LfbOrderedTable *map;
  GPtrArray *qconfigs; /* all that were ever set or added, each once */
  GHashTable *known;   /* the same as a set */
};

G_DEFINE_FINAL_TYPE (LfbQConfigMap, lfb_qconfig_map, G_TYPE_OBJECT)

static void
lfb_qconfig_map_finalize (GObject *object)
{
  LfbQConfigMap *self = LFB_QCONFIG_MAP (object);

  g_clear_pointer (&self->map, _lfb_ordered_table_free);
  g_clear_pointer (&self->known, g_hash_table_unref);
  g_clear_pointer (&self->qconfigs, g_ptr_array_unref);

  G_OBJECT_CLASS (lfb_qconfig_map_parent_class)->finalize (object);
}

static void
lfb_qconfig_map_class_init (LfbQConfigMapClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = lfb_qconfig_map_finalize;
}

static void
lfb_qconfig_map_init (LfbQConfigMap *self)
{
  self->map = _lfb_ordered_table_new (g_object_unref);
  self->qconfigs = g_ptr_array_new_with_free_func (g_object_unref);
  self->known = g_hash_table_new (NULL, NULL);
}

/**
 * lfb_qconfig_map_new:
 *
 * Makes an empty map.
 *
 * Returns: (transfer full): a new map
 *
 * Since: 1.0
 */
LfbQConfigMap *
lfb_qconfig_map_new (void)
{
  return g_object_new (LFB_TYPE_QCONFIG_MAP, NULL);
}

/**
 * lfb_qconfig_map_copy:
 * @self: a map
 *
 * Copies the map; the QConfigs are shared.
 *
 * Returns: (transfer full): a new map
 *
 * Since: 1.0
 */
LfbQConfigMap *
lfb_qconfig_map_copy (LfbQConfigMap *self)
{
  g_auto (GStrv) names = NULL;
  LfbQConfigMap *copy;

  g_return_val_if_fail (LFB_IS_QCONFIG_MAP (self), NULL);

  copy = lfb_qconfig_map_new ();
  for (guint i = 0; i < self->qconfigs->len; i++)
    lfb_qconfig_map_add_qconfig (copy, g_ptr_array_index (self->qconfigs, i));
  names = lfb_qconfig_map_list_names (self);
  for (gsize i = 0; names[i] != NULL; i++)
    lfb_qconfig_map_set (copy, names[i], lfb_qconfig_map_get (self, names[i]));

  return copy;
}

/**
 * lfb_qconfig_map_set:
 * @self: a map
 * @node_name: the name of a node
 * @qconfig: (nullable): how it was quantized; %NULL for not at all
 *
 * Says how a node was quantized.
 *
 * Since: 1.0
 */
void
lfb_qconfig_map_set (LfbQConfigMap *self,
                     const char    *node_name,
                     LfbQConfig    *qconfig)
{
  g_return_if_fail (LFB_IS_QCONFIG_MAP (self));
  g_return_if_fail (node_name != NULL);
  g_return_if_fail (qconfig == NULL || LFB_IS_QCONFIG (qconfig));

  if (qconfig != NULL)
    lfb_qconfig_map_add_qconfig (self, qconfig);
  _lfb_ordered_table_set (self->map, node_name, qconfig != NULL ? g_object_ref (qconfig) : NULL);
}

/**
 * lfb_qconfig_map_remove:
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
lfb_qconfig_map_remove (LfbQConfigMap *self,
                        const char    *node_name)
{
  g_return_val_if_fail (LFB_IS_QCONFIG_MAP (self), FALSE);
  g_return_val_if_fail (node_name != NULL, FALSE);

  return _lfb_ordered_table_remove (self->map, node_name);
}

/**
 * lfb_qconfig_map_get:
 * @self: a map
 * @node_name: the name of a node
 *
 * How a node was quantized. Use [method@Lfb.QConfigMap.skips] to tell a node
 * that is to stay float from one that is not in the map.
 *
 * Returns: (transfer none) (nullable): the QConfig, or %NULL
 *
 * Since: 1.0
 */
LfbQConfig *
lfb_qconfig_map_get (LfbQConfigMap *self,
                     const char    *node_name)
{
  gpointer qconfig = NULL;

  g_return_val_if_fail (LFB_IS_QCONFIG_MAP (self), NULL);
  g_return_val_if_fail (node_name != NULL, NULL);

  _lfb_ordered_table_lookup (self->map, node_name, &qconfig);

  return qconfig;
}

/**
 * lfb_qconfig_map_contains:
 * @self: a map
 * @node_name: the name of a node
 *
 * Whether the map says anything about a node.
 *
 * Returns: whether the name is in the map, be it with none
 *
 * Since: 1.0
 */
gboolean
lfb_qconfig_map_contains (LfbQConfigMap *self,
                          const char    *node_name)
{
  g_return_val_if_fail (LFB_IS_QCONFIG_MAP (self), FALSE);
  g_return_val_if_fail (node_name != NULL, FALSE);

  return _lfb_ordered_table_lookup (self->map, node_name, NULL);
}

/**
 * lfb_qconfig_map_skips:
 * @self: a map
 * @node_name: the name of a node
 *
 * Whether the map says that a node is to stay float.
 *
 * Returns: whether the name is in the map with none
 *
 * Since: 1.0
 */
gboolean
lfb_qconfig_map_skips (LfbQConfigMap *self,
                       const char    *node_name)
{
  gpointer qconfig = NULL;

  g_return_val_if_fail (LFB_IS_QCONFIG_MAP (self), FALSE);
  g_return_val_if_fail (node_name != NULL, FALSE);

  return _lfb_ordered_table_lookup (self->map, node_name, &qconfig) && qconfig == NULL;
}

/**
 * lfb_qconfig_map_list_names:
 * @self: a map
 *
 * The nodes the map says something about, in the order in which they were set.
 *
 * Returns: (transfer full) (array zero-terminated=1): the names
 *
 * Since: 1.0
 */
char **
lfb_qconfig_map_list_names (LfbQConfigMap *self)
{
  g_return_val_if_fail (LFB_IS_QCONFIG_MAP (self), NULL);

  return _lfb_ordered_table_list_names (self->map);
}

/**
 * lfb_qconfig_map_add_qconfig:
 * @self: a map
 * @qconfig: a QConfig
 *
 * Puts a QConfig into the table that files number, whether a node uses it or
 * not. [method@Lfb.QConfigMap.set] does so by itself.
 *
 * Since: 1.0
 */
void
lfb_qconfig_map_add_qconfig (LfbQConfigMap *self,
                             LfbQConfig    *qconfig)
{
  g_return_if_fail (LFB_IS_QCONFIG_MAP (self));
  g_return_if_fail (LFB_IS_QCONFIG (qconfig));

  if (g_hash_table_add (self->known, qconfig))
    g_ptr_array_add (self->qconfigs, g_object_ref (qconfig));
}

/**
 * lfb_qconfig_map_get_qconfigs:
 * @self: a map
 * @n_qconfigs: (out): how many there are
 *
 * All QConfigs of the map, each once, in the order in which they came.
 *
 * Returns: (transfer none) (array length=n_qconfigs): the QConfigs
 *
 * Since: 1.0
 */
LfbQConfig **
lfb_qconfig_map_get_qconfigs (LfbQConfigMap *self,
                              gsize         *n_qconfigs)
{
  g_return_val_if_fail (LFB_IS_QCONFIG_MAP (self), NULL);
  g_return_val_if_fail (n_qconfigs != NULL, NULL);

  *n_qconfigs = self->qconfigs->len;
  return (LfbQConfig **) self->qconfigs->pdata;
}

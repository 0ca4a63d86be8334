/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A model: a graph, the attributes its get_attr nodes read, the modules its
 * call_module nodes call, and what lowering needs to know about both. The access
 * to attributes and modules is in lfb-graph-module-parts.c.
 */

#include <lowerfb/graph/lfb-graph-module-private.h>

#include <lowerfb/graph/lfb-graph-private.h>

/**
 * LfbGraphModule:
 *
 * A model: a [class@Lfb.Graph] with the attributes that it reads and the modules
 * that it calls, after torch.fx.GraphModule.
 *
 * A model is read from a file with [func@Lfb.GraphModule.load], lowered with
 * [class@Lfb.Lowerer] and run with [class@Lfb.Session]. It also carries how each
 * node was quantized and which module it was traced in.
 *
 * A model must be changed from one thread at a time.
 *
 * Since: 1.0
 */
enum {
  PROP_0,
  PROP_GRAPH,
  PROP_PRODUCER,
  PROP_QCONFIG_MAP,
  PROP_NODE_NAME_TO_SCOPE,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LfbGraphModule, lfb_graph_module, G_TYPE_OBJECT)

static void
lfb_graph_module_finalize (GObject *object)
{
  LfbGraphModule *self = LFB_GRAPH_MODULE (object);

  self->graph->owners = g_slist_remove (self->graph->owners, self);
  g_clear_object (&self->graph);
  g_clear_pointer (&self->attributes, _lfb_ordered_table_free);
  g_clear_pointer (&self->modules, _lfb_module_tree_free);
  g_clear_object (&self->qconfig_map);
  g_clear_object (&self->node_name_to_scope);
  g_clear_pointer (&self->original_weights, lfb_value_unref);
  g_clear_pointer (&self->producer, g_free);
  g_clear_pointer (&self->extra, lfb_value_unref);

  G_OBJECT_CLASS (lfb_graph_module_parent_class)->finalize (object);
}

static void
lfb_graph_module_get_property (GObject    *object,
                               guint       prop_id,
                               GValue     *value,
                               GParamSpec *pspec)
{
  LfbGraphModule *self = LFB_GRAPH_MODULE (object);

  switch (prop_id)
    {
    case PROP_GRAPH:
      g_value_set_object (value, self->graph);
      break;
    case PROP_PRODUCER:
      g_value_set_string (value, self->producer);
      break;
    case PROP_QCONFIG_MAP:
      g_value_set_object (value, self->qconfig_map);
      break;
    case PROP_NODE_NAME_TO_SCOPE:
      g_value_set_object (value, self->node_name_to_scope);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
lfb_graph_module_set_property (GObject      *object,
                               guint         prop_id,
                               const GValue *value,
                               GParamSpec   *pspec)
{
  LfbGraphModule *self = LFB_GRAPH_MODULE (object);

  switch (prop_id)
    {
    case PROP_GRAPH:
      self->graph = g_value_dup_object (value);
      if (self->graph == NULL)
        self->graph = lfb_graph_new ();
      self->graph->owners = g_slist_prepend (self->graph->owners, self);
      break;
    case PROP_PRODUCER:
      lfb_graph_module_set_producer (self, g_value_get_string (value));
      break;
    case PROP_QCONFIG_MAP:
      lfb_graph_module_set_qconfig_map (self, g_value_get_object (value));
      break;
    case PROP_NODE_NAME_TO_SCOPE:
      lfb_graph_module_set_node_name_to_scope (self, g_value_get_object (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
lfb_graph_module_class_init (LfbGraphModuleClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->finalize = lfb_graph_module_finalize;
  object_class->get_property = lfb_graph_module_get_property;
  object_class->set_property = lfb_graph_module_set_property;

  /**
   * LfbGraphModule:graph: (getter get_graph)
   *
   * The steps of the model.
   *
   * Since: 1.0
   */
  properties[PROP_GRAPH] =
    g_param_spec_object ("graph", NULL, NULL, LFB_TYPE_GRAPH,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * LfbGraphModule:producer: (getter get_producer) (setter set_producer)
   *
   * What made the model, in free text.
   *
   * Since: 1.0
   */
  properties[PROP_PRODUCER] = g_param_spec_string ("producer", NULL, NULL, NULL, flags);

  /**
   * LfbGraphModule:qconfig-map: (getter get_qconfig_map) (setter set_qconfig_map)
   *
   * How each node was quantized.
   *
   * Since: 1.0
   */
  properties[PROP_QCONFIG_MAP] =
    g_param_spec_object ("qconfig-map", NULL, NULL, LFB_TYPE_QCONFIG_MAP, flags);

  /**
   * LfbGraphModule:node-name-to-scope: (getter get_node_name_to_scope) (setter set_node_name_to_scope)
   *
   * Which module each node was traced in.
   *
   * Since: 1.0
   */
  properties[PROP_NODE_NAME_TO_SCOPE] =
    g_param_spec_object ("node-name-to-scope", NULL, NULL, LFB_TYPE_SCOPE_MAP, flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
lfb_graph_module_init (LfbGraphModule *self)
{
  self->attributes = _lfb_ordered_table_new ((GDestroyNotify) lfb_value_unref);
  self->modules = _lfb_module_tree_new ();
}

/**
 * lfb_graph_module_new:
 * @graph: (nullable): the steps; %NULL for an empty graph
 *
 * Makes a model without attributes and modules.
 *
 * Returns: (transfer full): a new model
 *
 * Since: 1.0
 */
LfbGraphModule *
lfb_graph_module_new (LfbGraph *graph)
{
  g_return_val_if_fail (graph == NULL || LFB_IS_GRAPH (graph), NULL);

  return g_object_new (LFB_TYPE_GRAPH_MODULE, "graph", graph, NULL);
}

/* Modules are immutable and shared, but for a model inside of one. */
static LfbModule *
copy_module (LfbModule *module)
{
  LfbGraphModule *inner = lfb_module_get_graph_module (module);
  g_autoptr (LfbGraphModule) copy = NULL;

  if (inner == NULL)
    return g_object_ref (module);

  copy = lfb_graph_module_copy (inner);

  return lfb_module_new_with_extra (lfb_module_get_type_name (module),
                                    lfb_module_get_config (module),
                                    lfb_module_get_tensors (module),
                                    copy,
                                    lfb_module_get_extra (module));
}

/**
 * lfb_graph_module_copy:
 * @self: a model
 *
 * Copies the model: changing one leaves the other alone. Tensors are shared.
 *
 * Returns: (transfer full): a new model
 *
 * Since: 1.0
 */
LfbGraphModule *
lfb_graph_module_copy (LfbGraphModule *self)
{
  g_autoptr (LfbGraph) graph = NULL;
  g_auto (GStrv) attributes = NULL;
  g_auto (GStrv) paths = NULL;
  LfbGraphModule *copy;

  g_return_val_if_fail (LFB_IS_GRAPH_MODULE (self), NULL);

  graph = lfb_graph_copy (self->graph);
  copy = lfb_graph_module_new (graph);

  attributes = lfb_graph_module_list_attributes (self);
  for (gsize i = 0; attributes[i] != NULL; i++)
    lfb_graph_module_set_attribute (copy, attributes[i], lfb_graph_module_get_attribute (self, attributes[i]));

  paths = lfb_graph_module_list_modules (self);
  for (gsize i = 0; paths[i] != NULL; i++)
    {
      const char *original = _lfb_module_tree_get_alias (self->modules, paths[i]);

      if (original != NULL)
        {
          _lfb_module_tree_set_alias (copy->modules, paths[i], original, NULL);
        }
      else
        {
          g_autoptr (LfbModule) module = copy_module (_lfb_module_tree_get (self->modules, paths[i]));

          _lfb_module_tree_set (copy->modules, paths[i], module);
        }
    }

  if (self->qconfig_map != NULL)
    copy->qconfig_map = lfb_qconfig_map_copy (self->qconfig_map);
  if (self->node_name_to_scope != NULL)
    copy->node_name_to_scope = lfb_scope_map_copy (self->node_name_to_scope);
  lfb_graph_module_set_original_weights (copy, self->original_weights);
  lfb_graph_module_set_extra (copy, self->extra);
  copy->producer = g_strdup (self->producer);

  return copy;
}

/* Gives each of two models the content of the other; each keeps its graph object. */
void
_lfb_graph_module_exchange (LfbGraphModule *self,
                            LfbGraphModule *other)
{
#define EXCHANGE(type, field) \
  G_STMT_START { type kept = self->field; self->field = other->field; other->field = kept; } G_STMT_END

  EXCHANGE (LfbOrderedTable *, attributes);
  EXCHANGE (LfbModuleTree *, modules);
  EXCHANGE (LfbQConfigMap *, qconfig_map);
  EXCHANGE (LfbScopeMap *, node_name_to_scope);
  EXCHANGE (LfbValue *, original_weights);
  EXCHANGE (char *, producer);
  EXCHANGE (LfbValue *, extra);
#undef EXCHANGE

  _lfb_graph_exchange (self->graph, other->graph);
}

/**
 * lfb_graph_module_get_graph: (get-property graph)
 * @self: a model
 *
 * The steps of the model.
 *
 * Returns: (transfer none): the graph
 *
 * Since: 1.0
 */
LfbGraph *
lfb_graph_module_get_graph (LfbGraphModule *self)
{
  g_return_val_if_fail (LFB_IS_GRAPH_MODULE (self), NULL);

  return self->graph;
}

/**
 * lfb_graph_module_get_qconfig_map: (get-property qconfig-map)
 * @self: a model
 *
 * How each node was quantized.
 *
 * Returns: (transfer none) (nullable): the map; %NULL if nothing is known
 *
 * Since: 1.0
 */
LfbQConfigMap *
lfb_graph_module_get_qconfig_map (LfbGraphModule *self)
{
  g_return_val_if_fail (LFB_IS_GRAPH_MODULE (self), NULL);

  return self->qconfig_map;
}

/**
 * lfb_graph_module_set_qconfig_map: (set-property qconfig-map)
 * @self: a model
 * @qconfig_map: (nullable): the map
 *
 * Says how each node was quantized.
 *
 * Since: 1.0
 */
void
lfb_graph_module_set_qconfig_map (LfbGraphModule *self,
                                  LfbQConfigMap  *qconfig_map)
{
  g_return_if_fail (LFB_IS_GRAPH_MODULE (self));
  g_return_if_fail (qconfig_map == NULL || LFB_IS_QCONFIG_MAP (qconfig_map));

  if (g_set_object (&self->qconfig_map, qconfig_map))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_QCONFIG_MAP]);
}

/**
 * lfb_graph_module_get_node_name_to_scope: (get-property node-name-to-scope)
 * @self: a model
 *
 * Which module each node was traced in.
 *
 * Returns: (transfer none) (nullable): the map; %NULL if nothing is known
 *
 * Since: 1.0
 */
LfbScopeMap *
lfb_graph_module_get_node_name_to_scope (LfbGraphModule *self)
{
  g_return_val_if_fail (LFB_IS_GRAPH_MODULE (self), NULL);

  return self->node_name_to_scope;
}

/**
 * lfb_graph_module_set_node_name_to_scope: (set-property node-name-to-scope)
 * @self: a model
 * @node_name_to_scope: (nullable): the map
 *
 * Says which module each node was traced in.
 *
 * Since: 1.0
 */
void
lfb_graph_module_set_node_name_to_scope (LfbGraphModule *self,
                                         LfbScopeMap    *node_name_to_scope)
{
  g_return_if_fail (LFB_IS_GRAPH_MODULE (self));
  g_return_if_fail (node_name_to_scope == NULL || LFB_IS_SCOPE_MAP (node_name_to_scope));

  if (g_set_object (&self->node_name_to_scope, node_name_to_scope))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_NODE_NAME_TO_SCOPE]);
}

static void
set_value (LfbValue **place,
           LfbValue  *value)
{
  if (value != NULL)
    lfb_value_ref (value);
  g_clear_pointer (place, lfb_value_unref);
  *place = value;
}

/**
 * lfb_graph_module_get_original_weights:
 * @self: a model
 *
 * The weights that were packed when the model was lowered with
 * [property@Lfb.Lowerer:keep-original-weights].
 *
 * Returns: (transfer none) (nullable): a dictionary from the names of packed
 *   weights to lists of tensors, largest first, none for a missing bias; %NULL
 *   if they were not kept
 *
 * Since: 1.0
 */
LfbValue *
lfb_graph_module_get_original_weights (LfbGraphModule *self)
{
  g_return_val_if_fail (LFB_IS_GRAPH_MODULE (self), NULL);

  return self->original_weights;
}

/**
 * lfb_graph_module_set_original_weights:
 * @self: a model
 * @original_weights: (nullable): a dictionary of lists of tensors
 *
 * Keeps weights that were packed.
 *
 * Since: 1.0
 */
void
lfb_graph_module_set_original_weights (LfbGraphModule *self,
                                       LfbValue       *original_weights)
{
  g_return_if_fail (LFB_IS_GRAPH_MODULE (self));
  g_return_if_fail (original_weights == NULL ||
                    lfb_value_get_kind (original_weights) == LFB_VALUE_KIND_DICT);

  set_value (&self->original_weights, original_weights);
}

/**
 * lfb_graph_module_get_producer: (get-property producer)
 * @self: a model
 *
 * What made the model.
 *
 * Returns: (transfer none) (nullable): free text
 *
 * Since: 1.0
 */
const char *
lfb_graph_module_get_producer (LfbGraphModule *self)
{
  g_return_val_if_fail (LFB_IS_GRAPH_MODULE (self), NULL);

  return self->producer;
}

/**
 * lfb_graph_module_set_producer: (set-property producer)
 * @self: a model
 * @producer: (nullable): free text
 *
 * Says what made the model.
 *
 * Since: 1.0
 */
void
lfb_graph_module_set_producer (LfbGraphModule *self,
                               const char     *producer)
{
  g_return_if_fail (LFB_IS_GRAPH_MODULE (self));

  if (g_strcmp0 (self->producer, producer) == 0)
    return;
  g_free (self->producer);
  self->producer = g_strdup (producer);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PRODUCER]);
}

/**
 * lfb_graph_module_get_extra: (skip)
 * @self: a model
 *
 * What the file said about the model beyond what this library knows.
 *
 * Returns: (transfer none) (nullable): a value that only the reader and writer
 *   of files understand
 *
 * Since: 1.0
 */
LfbValue *
lfb_graph_module_get_extra (LfbGraphModule *self)
{
  g_return_val_if_fail (LFB_IS_GRAPH_MODULE (self), NULL);

  return self->extra;
}

/**
 * lfb_graph_module_set_extra: (skip)
 * @self: a model
 * @extra: (nullable): what to keep for the writer of files
 *
 * Keeps what a file said beyond what this library knows.
 *
 * Since: 1.0
 */
void
lfb_graph_module_set_extra (LfbGraphModule *self,
                            LfbValue       *extra)
{
  g_return_if_fail (LFB_IS_GRAPH_MODULE (self));

  set_value (&self->extra, extra);
}

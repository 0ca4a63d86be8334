/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a call_module node calls. */

#include <lowerfb/graph/lfb-graph-module.h>
#include <lowerfb/graph/lfb-module.h>

/**
 * LfbModule:
 *
 * What a `call_module` node calls: the name of a PyTorch class, the settings it
 * was made with, and its parameters and buffers.
 *
 * Modules are immutable, so that copies of a model share them; to change one,
 * put another in its place with [method@Lfb.GraphModule.set_module]. Type names
 * are those of `torch.ao.nn` whatever PyTorch's version calls them.
 *
 * A module that is itself a graph, as standalone modules are, has a model of its
 * own.
 *
 * Since: 1.0
 */
struct _LfbModule
{
  GObject parent_instance;

  char *type_name;
  LfbValue *config;
  LfbValue *tensors;
  LfbGraphModule *graph_module;
  LfbValue *extra;
};

enum {
  PROP_0,
  PROP_TYPE_NAME,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LfbModule, lfb_module, G_TYPE_OBJECT)

static void
lfb_module_finalize (GObject *object)
{
  LfbModule *self = LFB_MODULE (object);

  g_clear_pointer (&self->type_name, g_free);
  g_clear_pointer (&self->config, lfb_value_unref);
  g_clear_pointer (&self->tensors, lfb_value_unref);
  g_clear_pointer (&self->extra, lfb_value_unref);
  g_clear_object (&self->graph_module);

  G_OBJECT_CLASS (lfb_module_parent_class)->finalize (object);
}

static void
lfb_module_get_property (GObject    *object,
                         guint       prop_id,
                         GValue     *value,
                         GParamSpec *pspec)
{
  LfbModule *self = LFB_MODULE (object);

  switch (prop_id)
    {
    case PROP_TYPE_NAME:
      g_value_set_string (value, self->type_name);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
lfb_module_class_init (LfbModuleClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = lfb_module_finalize;
  object_class->get_property = lfb_module_get_property;

  /**
   * LfbModule:type-name: (getter get_type_name)
   *
   * The name of the PyTorch class.
   *
   * Since: 1.0
   */
  properties[PROP_TYPE_NAME] =
    g_param_spec_string ("type-name", NULL, NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
lfb_module_init (LfbModule *self)
{
}

static LfbValue *
ref_dict (LfbValue *dict)
{
  return dict != NULL ? lfb_value_ref (dict) : lfb_value_for_dict (NULL, NULL, 0);
}

/**
 * lfb_module_new:
 * @type_name: the name of the PyTorch class, such as `torch.nn.ReLU`
 * @config: (nullable): a dictionary of the settings; %NULL for none
 * @tensors: (nullable): a dictionary of parameters and buffers, none where one
 *   is absent, such as a bias; %NULL if there are none
 * @graph_module: (nullable): the model that the module is itself
 *
 * Makes a module.
 *
 * Returns: (transfer full): a new module
 *
 * Since: 1.0
 */
LfbModule *
lfb_module_new (const char     *type_name,
                LfbValue       *config,
                LfbValue       *tensors,
                LfbGraphModule *graph_module)
{
  return lfb_module_new_with_extra (type_name, config, tensors, graph_module, NULL);
}

/**
 * lfb_module_new_with_extra: (skip)
 * @type_name: the name of the PyTorch class
 * @config: (nullable): a dictionary of the settings
 * @tensors: (nullable): a dictionary of parameters and buffers
 * @graph_module: (nullable): the model that the module is itself
 * @extra: (nullable): what a file said beyond what this library knows
 *
 * Makes a module that keeps something for the writer of files.
 *
 * Returns: (transfer full): a new module
 *
 * Since: 1.0
 */
LfbModule *
lfb_module_new_with_extra (const char     *type_name,
                           LfbValue       *config,
                           LfbValue       *tensors,
                           LfbGraphModule *graph_module,
                           LfbValue       *extra)
{
  LfbModule *self;

  g_return_val_if_fail (type_name != NULL, NULL);
  g_return_val_if_fail (config == NULL || lfb_value_get_kind (config) == LFB_VALUE_KIND_DICT, NULL);
  g_return_val_if_fail (tensors == NULL || lfb_value_get_kind (tensors) == LFB_VALUE_KIND_DICT, NULL);
  g_return_val_if_fail (graph_module == NULL || LFB_IS_GRAPH_MODULE (graph_module), NULL);

  self = g_object_new (LFB_TYPE_MODULE, NULL);
  self->type_name = g_strdup (type_name);
  self->config = ref_dict (config);
  self->tensors = ref_dict (tensors);
  g_set_object (&self->graph_module, graph_module);
  if (extra != NULL)
    self->extra = lfb_value_ref (extra);

  return self;
}

/**
 * lfb_module_get_type_name: (get-property type-name)
 * @self: a module
 *
 * The name of the PyTorch class.
 *
 * Returns: (transfer none): the name, such as `torch.nn.ReLU`
 *
 * Since: 1.0
 */
const char *
lfb_module_get_type_name (LfbModule *self)
{
  g_return_val_if_fail (LFB_IS_MODULE (self), NULL);

  return self->type_name;
}

/**
 * lfb_module_get_config:
 * @self: a module
 *
 * The settings the module was made with: strides, paddings, eps, and for
 * lowered modules the output scale and zero point.
 *
 * Returns: (transfer none): a dictionary
 *
 * Since: 1.0
 */
LfbValue *
lfb_module_get_config (LfbModule *self)
{
  g_return_val_if_fail (LFB_IS_MODULE (self), NULL);

  return self->config;
}

/**
 * lfb_module_get_tensors:
 * @self: a module
 *
 * The parameters and buffers.
 *
 * Returns: (transfer none): a dictionary of tensors, and of none where one is
 *   absent
 *
 * Since: 1.0
 */
LfbValue *
lfb_module_get_tensors (LfbModule *self)
{
  g_return_val_if_fail (LFB_IS_MODULE (self), NULL);

  return self->tensors;
}

/**
 * lfb_module_get_setting:
 * @self: a module
 * @name: the name of a setting
 *
 * One of the settings.
 *
 * Returns: (transfer none) (nullable): the setting; %NULL if there is none
 *
 * Since: 1.0
 */
LfbValue *
lfb_module_get_setting (LfbModule  *self,
                        const char *name)
{
  g_return_val_if_fail (LFB_IS_MODULE (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  return lfb_value_lookup (self->config, name);
}

/**
 * lfb_module_get_tensor:
 * @self: a module
 * @name: the name of a parameter or buffer
 *
 * One of the parameters and buffers.
 *
 * Returns: (transfer none) (nullable): the tensor; %NULL if it is absent
 *
 * Since: 1.0
 */
LfbTensor *
lfb_module_get_tensor (LfbModule  *self,
                       const char *name)
{
  LfbValue *value;

  g_return_val_if_fail (LFB_IS_MODULE (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  value = lfb_value_lookup (self->tensors, name);

  return value != NULL ? lfb_value_get_tensor (value) : NULL;
}

/**
 * lfb_module_get_graph_module:
 * @self: a module
 *
 * The model that the module is itself.
 *
 * Returns: (transfer none) (nullable): the model; %NULL for ordinary modules
 *
 * Since: 1.0
 */
LfbGraphModule *
lfb_module_get_graph_module (LfbModule *self)
{
  g_return_val_if_fail (LFB_IS_MODULE (self), NULL);

  return self->graph_module;
}

/**
 * lfb_module_get_extra: (skip)
 * @self: a module
 *
 * What the file said about the module beyond what this library knows.
 *
 * Returns: (transfer none) (nullable): a value that only the reader and writer
 *   of files understand
 *
 * Since: 1.0
 */
LfbValue *
lfb_module_get_extra (LfbModule *self)
{
  g_return_val_if_fail (LFB_IS_MODULE (self), NULL);

  return self->extra;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How one node was quantized. */

#include <lowerfb/graph/lfb-qconfig.h>

/**
 * LfbQConfig:
 *
 * How a node was quantized, after torch.ao.quantization.QConfig: what observed
 * its output, and what its weight.
 *
 * Both are dictionaries such as `{"observer": "HistogramObserver", "dtype":
 * "quint8", "qscheme": "per_tensor_affine", "reduce_range": true}`. QConfigs are
 * immutable.
 *
 * Since: 1.0
 */
struct _LfbQConfig
{
  GObject parent_instance;

  LfbValue *activation;
  LfbValue *weight;
  LfbValue *extra;
};

G_DEFINE_FINAL_TYPE (LfbQConfig, lfb_qconfig, G_TYPE_OBJECT)

static void
lfb_qconfig_finalize (GObject *object)
{
  LfbQConfig *self = LFB_QCONFIG (object);

  g_clear_pointer (&self->activation, lfb_value_unref);
  g_clear_pointer (&self->weight, lfb_value_unref);
  g_clear_pointer (&self->extra, lfb_value_unref);

  G_OBJECT_CLASS (lfb_qconfig_parent_class)->finalize (object);
}

static void
lfb_qconfig_class_init (LfbQConfigClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = lfb_qconfig_finalize;
}

static void
lfb_qconfig_init (LfbQConfig *self)
{
}

/**
 * lfb_qconfig_new:
 * @activation: (nullable): a dictionary that describes the observer of the
 *   output; %NULL for none
 * @weight: (nullable): a dictionary that describes the observer of the weight;
 *   %NULL for none
 *
 * Makes a QConfig.
 *
 * Returns: (transfer full): a new QConfig
 *
 * Since: 1.0
 */
LfbQConfig *
lfb_qconfig_new (LfbValue *activation,
                 LfbValue *weight)
{
  return lfb_qconfig_new_with_extra (activation, weight, NULL);
}

/**
 * lfb_qconfig_new_with_extra: (skip)
 * @activation: (nullable): a dictionary that describes the observer of the output
 * @weight: (nullable): a dictionary that describes the observer of the weight
 * @extra: (nullable): what a file said beyond what this library knows
 *
 * Makes a QConfig that keeps something for the writer of files.
 *
 * Returns: (transfer full): a new QConfig
 *
 * Since: 1.0
 */
LfbQConfig *
lfb_qconfig_new_with_extra (LfbValue *activation,
                            LfbValue *weight,
                            LfbValue *extra)
{
  LfbQConfig *self;

  g_return_val_if_fail (activation == NULL || lfb_value_get_kind (activation) == LFB_VALUE_KIND_DICT, NULL);
  g_return_val_if_fail (weight == NULL || lfb_value_get_kind (weight) == LFB_VALUE_KIND_DICT, NULL);

  self = g_object_new (LFB_TYPE_QCONFIG, NULL);
  self->activation = activation != NULL ? lfb_value_ref (activation) : NULL;
  self->weight = weight != NULL ? lfb_value_ref (weight) : NULL;
  self->extra = extra != NULL ? lfb_value_ref (extra) : NULL;

  return self;
}

/**
 * lfb_qconfig_get_activation:
 * @self: a QConfig
 *
 * What observed the output.
 *
 * Returns: (transfer none) (nullable): a dictionary; %NULL for none
 *
 * Since: 1.0
 */
LfbValue *
lfb_qconfig_get_activation (LfbQConfig *self)
{
  g_return_val_if_fail (LFB_IS_QCONFIG (self), NULL);

  return self->activation;
}

/**
 * lfb_qconfig_get_weight:
 * @self: a QConfig
 *
 * What observed the weight.
 *
 * Returns: (transfer none) (nullable): a dictionary; %NULL for none
 *
 * Since: 1.0
 */
LfbValue *
lfb_qconfig_get_weight (LfbQConfig *self)
{
  g_return_val_if_fail (LFB_IS_QCONFIG (self), NULL);

  return self->weight;
}

/**
 * lfb_qconfig_get_extra: (skip)
 * @self: a QConfig
 *
 * What the file said beyond what this library knows.
 *
 * Returns: (transfer none) (nullable): a value that only the reader and writer
 *   of files understand
 *
 * Since: 1.0
 */
LfbValue *
lfb_qconfig_get_extra (LfbQConfig *self)
{
  g_return_val_if_fail (LFB_IS_QCONFIG (self), NULL);

  return self->extra;
}

static gboolean
equal_or_both_none (LfbValue *a,
                    LfbValue *b)
{
  if (a == NULL || b == NULL)
    return a == b;
  return lfb_value_equal (a, b);
}

/**
 * lfb_qconfig_equal:
 * @self: a QConfig
 * @other: another QConfig
 *
 * Whether both observers are the same.
 *
 * Returns: whether the QConfigs are equal
 *
 * Since: 1.0
 */
gboolean
lfb_qconfig_equal (LfbQConfig *self,
                   LfbQConfig *other)
{
  g_return_val_if_fail (LFB_IS_QCONFIG (self), FALSE);
  g_return_val_if_fail (LFB_IS_QCONFIG (other), FALSE);

  return equal_or_both_none (self->activation, other->activation) &&
         equal_or_both_none (self->weight, other->weight);
}

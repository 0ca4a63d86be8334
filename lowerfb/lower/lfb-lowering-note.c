/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What lowering did with one node. */

#include <lowerfb/lower/lfb-lowering-report-private.h>

/**
 * LfbLoweringNote:
 *
 * What lowering did with one node of the reference model: a quantize, a dynamic
 * quantize, a reference module, or a function with a quantized weight.
 *
 * Notes are immutable.
 *
 * Since: 1.0
 */
struct _LfbLoweringNote
{
  GObject parent_instance;

  char *node_name;
  char *original;
  gboolean lowered;
  char *pass_name;
  char *result;
  char *reason;
};

enum {
  PROP_0,
  PROP_NODE_NAME,
  PROP_ORIGINAL,
  PROP_LOWERED,
  PROP_PASS_NAME,
  PROP_RESULT,
  PROP_REASON,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LfbLoweringNote, lfb_lowering_note, G_TYPE_OBJECT)

static void
lfb_lowering_note_finalize (GObject *object)
{
  LfbLoweringNote *self = LFB_LOWERING_NOTE (object);

  g_clear_pointer (&self->node_name, g_free);
  g_clear_pointer (&self->original, g_free);
  g_clear_pointer (&self->pass_name, g_free);
  g_clear_pointer (&self->result, g_free);
  g_clear_pointer (&self->reason, g_free);

  G_OBJECT_CLASS (lfb_lowering_note_parent_class)->finalize (object);
}

static void
lfb_lowering_note_get_property (GObject    *object,
                                guint       prop_id,
                                GValue     *value,
                                GParamSpec *pspec)
{
  LfbLoweringNote *self = LFB_LOWERING_NOTE (object);

  switch (prop_id)
    {
    case PROP_NODE_NAME:
      g_value_set_string (value, self->node_name);
      break;
    case PROP_ORIGINAL:
      g_value_set_string (value, self->original);
      break;
    case PROP_LOWERED:
      g_value_set_boolean (value, self->lowered);
      break;
    case PROP_PASS_NAME:
      g_value_set_string (value, self->pass_name);
      break;
    case PROP_RESULT:
      g_value_set_string (value, self->result);
      break;
    case PROP_REASON:
      g_value_set_string (value, self->reason);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
lfb_lowering_note_class_init (LfbLoweringNoteClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->finalize = lfb_lowering_note_finalize;
  object_class->get_property = lfb_lowering_note_get_property;

  /**
   * LfbLoweringNote:node-name: (getter get_node_name)
   *
   * The node, by the name it had in the reference model.
   *
   * Since: 1.0
   */
  properties[PROP_NODE_NAME] = g_param_spec_string ("node-name", NULL, NULL, NULL, flags);

  /**
   * LfbLoweringNote:original: (getter get_original)
   *
   * What the node called in the reference model: a function, or the type of a
   * module.
   *
   * Since: 1.0
   */
  properties[PROP_ORIGINAL] = g_param_spec_string ("original", NULL, NULL, NULL, flags);

  /**
   * LfbLoweringNote:lowered: (getter get_lowered)
   *
   * Whether the node was lowered.
   *
   * Since: 1.0
   */
  properties[PROP_LOWERED] = g_param_spec_boolean ("lowered", NULL, NULL, FALSE, flags);

  /**
   * LfbLoweringNote:pass-name: (getter get_pass_name)
   *
   * The pass that lowered the node, or was the first to leave it.
   *
   * Since: 1.0
   */
  properties[PROP_PASS_NAME] = g_param_spec_string ("pass-name", NULL, NULL, NULL, flags);

  /**
   * LfbLoweringNote:result: (getter get_result)
   *
   * What the node became or became part of.
   *
   * Since: 1.0
   */
  properties[PROP_RESULT] = g_param_spec_string ("result", NULL, NULL, NULL, flags);

  /**
   * LfbLoweringNote:reason: (getter get_reason)
   *
   * Why the node was left.
   *
   * Since: 1.0
   */
  properties[PROP_REASON] = g_param_spec_string ("reason", NULL, NULL, NULL, flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
lfb_lowering_note_init (LfbLoweringNote *self)
{
}

LfbLoweringNote *
_lfb_lowering_note_new (const LfbLowerEntry *entry)
{
  LfbLoweringNote *self = g_object_new (LFB_TYPE_LOWERING_NOTE, NULL);

  self->node_name = g_strdup (entry->node_name);
  self->original = g_strdup (entry->was);
  self->lowered = entry->lowered;
  self->pass_name = g_strdup (entry->pass_name);
  self->result = entry->lowered ? g_strdup (entry->result) : NULL;
  self->reason = entry->lowered ? NULL : g_strdup (entry->reason);

  return self;
}

/**
 * lfb_lowering_note_get_node_name: (get-property node-name)
 * @self: a note
 *
 * The node, by the name it had in the reference model. A node of a graph inside
 * of a module goes by `module:node`.
 *
 * Returns: (transfer none): the name
 *
 * Since: 1.0
 */
const char *
lfb_lowering_note_get_node_name (LfbLoweringNote *self)
{
  g_return_val_if_fail (LFB_IS_LOWERING_NOTE (self), NULL);

  return self->node_name;
}

/**
 * lfb_lowering_note_get_original: (get-property original)
 * @self: a note
 *
 * What the node called in the reference model.
 *
 * Returns: (transfer none): a function, or the type of a module
 *
 * Since: 1.0
 */
const char *
lfb_lowering_note_get_original (LfbLoweringNote *self)
{
  g_return_val_if_fail (LFB_IS_LOWERING_NOTE (self), NULL);

  return self->original;
}

/**
 * lfb_lowering_note_get_pass_name: (get-property pass-name)
 * @self: a note
 *
 * The pass that lowered the node, or was the first to leave it.
 *
 * Returns: (transfer none) (nullable): the name of a pass; %NULL if no pass
 *   found a pattern around the node
 *
 * Since: 1.0
 */
const char *
lfb_lowering_note_get_pass_name (LfbLoweringNote *self)
{
  g_return_val_if_fail (LFB_IS_LOWERING_NOTE (self), NULL);

  return self->pass_name;
}

/**
 * lfb_lowering_note_get_lowered: (get-property lowered)
 * @self: a note
 *
 * Whether the node was lowered.
 *
 * Returns: whether the node was lowered
 *
 * Since: 1.0
 */
gboolean
lfb_lowering_note_get_lowered (LfbLoweringNote *self)
{
  g_return_val_if_fail (LFB_IS_LOWERING_NOTE (self), FALSE);

  return self->lowered;
}

/**
 * lfb_lowering_note_get_result: (get-property result)
 * @self: a note
 *
 * What the node became, or became part of.
 *
 * Returns: (transfer none) (nullable): a type of module, a function or an
 *   attribute; %NULL if the node was left
 *
 * Since: 1.0
 */
const char *
lfb_lowering_note_get_result (LfbLoweringNote *self)
{
  g_return_val_if_fail (LFB_IS_LOWERING_NOTE (self), NULL);

  return self->result;
}

/**
 * lfb_lowering_note_get_reason: (get-property reason)
 * @self: a note
 *
 * Why the node was left: the first condition that failed, in a sentence.
 *
 * Returns: (transfer none) (nullable): the reason; %NULL if the node was lowered
 *
 * Since: 1.0
 */
const char *
lfb_lowering_note_get_reason (LfbLoweringNote *self)
{
  g_return_val_if_fail (LFB_IS_LOWERING_NOTE (self), NULL);

  return self->reason;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The notes of one lowering, to be listed, printed, or written as JSON. */

#include <lowerfb/lower/lfb-lowering-report-private.h>

#include <lowerfb/core/lfb-hash-private.h>

#include <json-glib/json-glib.h>

#include <string.h>

/**
 * LfbLoweringReport:
 *
 * What lowering did with every quantize, every reference module and every
 * function with a quantized weight, and why.
 *
 * A report is a [iface@Gio.ListModel] of [class@Lfb.LoweringNote], in the order
 * of the nodes. It is complete: a node without a note did not need one.
 *
 * Since: 1.0
 */
struct _LfbLoweringReport
{
  GObject parent_instance;

  GPtrArray *notes;
  GHashTable *index; /* node name to note */
  guint n_lowered;
};

static GType
lfb_lowering_report_get_item_type (GListModel *model)
{
  return LFB_TYPE_LOWERING_NOTE;
}

static guint
lfb_lowering_report_get_n_items (GListModel *model)
{
  return LFB_LOWERING_REPORT (model)->notes->len;
}

static gpointer
lfb_lowering_report_get_item (GListModel *model,
                              guint       position)
{
  LfbLoweringReport *self = LFB_LOWERING_REPORT (model);

  return position < self->notes->len ? g_object_ref (g_ptr_array_index (self->notes, position)) : NULL;
}

static void
list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = lfb_lowering_report_get_item_type;
  iface->get_n_items = lfb_lowering_report_get_n_items;
  iface->get_item = lfb_lowering_report_get_item;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (LfbLoweringReport, lfb_lowering_report, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

static void
lfb_lowering_report_finalize (GObject *object)
{
  LfbLoweringReport *self = LFB_LOWERING_REPORT (object);

  g_clear_pointer (&self->index, g_hash_table_unref);
  g_clear_pointer (&self->notes, g_ptr_array_unref);

  G_OBJECT_CLASS (lfb_lowering_report_parent_class)->finalize (object);
}

static void
lfb_lowering_report_class_init (LfbLoweringReportClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = lfb_lowering_report_finalize;
}

static void
lfb_lowering_report_init (LfbLoweringReport *self)
{
  self->notes = g_ptr_array_new_with_free_func (g_object_unref);
  self->index = g_hash_table_new (_lfb_str_hash, g_str_equal);
}

LfbLoweringReport *
_lfb_lowering_report_new (LfbLowerJournal *journal)
{
  LfbLoweringReport *self = g_object_new (LFB_TYPE_LOWERING_REPORT, NULL);
  GPtrArray *entries = _lfb_lower_journal_get (journal);

  for (guint i = 0; i < entries->len; i++)
    {
      LfbLoweringNote *note = _lfb_lowering_note_new (g_ptr_array_index (entries, i));

      g_ptr_array_add (self->notes, note);
      g_hash_table_insert (self->index, (gpointer) lfb_lowering_note_get_node_name (note), note);
      self->n_lowered += lfb_lowering_note_get_lowered (note);
    }

  return self;
}

/**
 * lfb_lowering_report_find:
 * @self: a report
 * @node_name: the name a node had in the reference model
 *
 * Finds what was noted of a node.
 *
 * Returns: (transfer none) (nullable): the note; %NULL if there is none
 *
 * Since: 1.0
 */
LfbLoweringNote *
lfb_lowering_report_find (LfbLoweringReport *self,
                          const char        *node_name)
{
  g_return_val_if_fail (LFB_IS_LOWERING_REPORT (self), NULL);
  g_return_val_if_fail (node_name != NULL, NULL);

  return g_hash_table_lookup (self->index, node_name);
}

/**
 * lfb_lowering_report_get_n_notes:
 * @self: a report
 *
 * Says how many notes there are.
 *
 * Returns: the number of notes
 *
 * Since: 1.0
 */
guint
lfb_lowering_report_get_n_notes (LfbLoweringReport *self)
{
  g_return_val_if_fail (LFB_IS_LOWERING_REPORT (self), 0);

  return self->notes->len;
}

/**
 * lfb_lowering_report_get_n_lowered:
 * @self: a report
 *
 * How many of the noted nodes were lowered.
 *
 * Returns: the number of lowered nodes
 *
 * Since: 1.0
 */
guint
lfb_lowering_report_get_n_lowered (LfbLoweringReport *self)
{
  g_return_val_if_fail (LFB_IS_LOWERING_REPORT (self), 0);

  return self->n_lowered;
}

/* The last part of a dotted name says enough in a table. */
static const char *
short_name (const char *name)
{
  const char *dot = name != NULL ? strrchr (name, '.') : NULL;

  return dot != NULL ? dot + 1 : name != NULL ? name : "";
}

static gsize
column_width (LfbLoweringReport *self,
              const char        *heading,
              gboolean           lowered,
              const char      *(*get) (LfbLoweringNote *note))
{
  gsize width = g_utf8_strlen (heading, -1);

  for (guint i = 0; i < self->notes->len; i++)
    {
      LfbLoweringNote *note = g_ptr_array_index (self->notes, i);

      if (lfb_lowering_note_get_lowered (note) == lowered)
        width = MAX (width, (gsize) g_utf8_strlen (get (note), -1));
    }

  return width;
}

static const char *
get_short_original (LfbLoweringNote *note)
{
  return short_name (lfb_lowering_note_get_original (note));
}

static const char *
get_shown_result (LfbLoweringNote *note)
{
  const char *result = lfb_lowering_note_get_result (note);

  return result != NULL ? result : "";
}

static void
append_cell (GString    *text,
             const char *cell,
             gsize       width)
{
  gsize length = g_utf8_strlen (cell, -1);

  g_string_append (text, cell);
  for (gsize i = length; i < width + 2; i++)
    g_string_append_c (text, ' ');
}

static void
append_lowered (LfbLoweringReport *self,
                GString           *text)
{
  gsize name_width = column_width (self, "node", TRUE, lfb_lowering_note_get_node_name);
  gsize was_width = column_width (self, "was", TRUE, get_short_original);
  gsize result_width = column_width (self, "became", TRUE, get_shown_result);

  g_string_append (text, "\nLowered\n  ");
  append_cell (text, "node", name_width);
  append_cell (text, "was", was_width);
  append_cell (text, "became", result_width);
  g_string_append (text, "by\n");

  for (guint i = 0; i < self->notes->len; i++)
    {
      LfbLoweringNote *note = g_ptr_array_index (self->notes, i);
      const char *pass_name = lfb_lowering_note_get_pass_name (note);

      if (!lfb_lowering_note_get_lowered (note))
        continue;
      g_string_append (text, "  ");
      append_cell (text, lfb_lowering_note_get_node_name (note), name_width);
      append_cell (text, get_short_original (note), was_width);
      append_cell (text, get_shown_result (note), result_width);
      g_string_append_printf (text, "%s\n", pass_name != NULL ? pass_name : "-");
    }
}

/* A reason begins with the node it speaks of; that need not be said twice. */
static const char *
get_shown_reason (LfbLoweringNote *note)
{
  const char *name = lfb_lowering_note_get_node_name (note);
  const char *local = strrchr (name, ':');
  const char *reason = lfb_lowering_note_get_reason (note);
  gsize length;

  if (reason == NULL)
    return "";

  local = local != NULL ? local + 1 : name;
  length = strlen (local);
  return strncmp (reason, local, length) == 0 && reason[length] == ' ' ? reason + length + 1 : reason;
}

static void
append_left (LfbLoweringReport *self,
             GString           *text)
{
  gsize name_width = column_width (self, "node", FALSE, lfb_lowering_note_get_node_name);

  g_string_append (text, "\nLeft as they are\n  ");
  append_cell (text, "node", name_width);
  g_string_append (text, "because\n");

  for (guint i = 0; i < self->notes->len; i++)
    {
      LfbLoweringNote *note = g_ptr_array_index (self->notes, i);

      if (lfb_lowering_note_get_lowered (note))
        continue;
      g_string_append (text, "  ");
      append_cell (text, lfb_lowering_note_get_node_name (note), name_width);
      g_string_append_printf (text, "%s\n", get_shown_reason (note));
    }
}

/**
 * lfb_lowering_report_to_text:
 * @self: a report
 *
 * The report for people to read: a summary, then what was lowered, then what
 * was left and why.
 *
 * Returns: (transfer full): several lines of text
 *
 * Since: 1.0
 */
char *
lfb_lowering_report_to_text (LfbLoweringReport *self)
{
  g_autoptr (GString) text = NULL;
  guint n_left;

  g_return_val_if_fail (LFB_IS_LOWERING_REPORT (self), NULL);

  text = g_string_new (NULL);
  n_left = self->notes->len - self->n_lowered;
  if (self->notes->len == 0)
    g_string_append (text, "There was nothing to lower.\n");
  else
    g_string_append_printf (text, "%u of %u quantization steps, modules and functions were lowered, %u left.\n",
                            self->n_lowered, self->notes->len, n_left);
  if (self->n_lowered > 0)
    append_lowered (self, text);
  if (n_left > 0)
    append_left (self, text);

  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
add_member (JsonBuilder *builder,
            const char  *name,
            const char  *text)
{
  json_builder_set_member_name (builder, name);
  if (text != NULL)
    json_builder_add_string_value (builder, text);
  else
    json_builder_add_null_value (builder);
}

/**
 * lfb_lowering_report_to_json:
 * @self: a report
 *
 * The report for programs to read:
 *
 *     {"lowered": 2, "left": 1,
 *      "notes": [{"node", "original", "lowered", "pass", "result", "reason"}, ...]}
 *
 * Returns: (transfer full): a JSON document
 *
 * Since: 1.0
 */
char *
lfb_lowering_report_to_json (LfbLoweringReport *self)
{
  g_autoptr (JsonBuilder) builder = NULL;
  g_autoptr (JsonNode) root = NULL;

  g_return_val_if_fail (LFB_IS_LOWERING_REPORT (self), NULL);

  builder = json_builder_new_immutable ();
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "lowered");
  json_builder_add_int_value (builder, self->n_lowered);
  json_builder_set_member_name (builder, "left");
  json_builder_add_int_value (builder, self->notes->len - self->n_lowered);
  json_builder_set_member_name (builder, "notes");
  json_builder_begin_array (builder);
  for (guint i = 0; i < self->notes->len; i++)
    {
      LfbLoweringNote *note = g_ptr_array_index (self->notes, i);

      json_builder_begin_object (builder);
      add_member (builder, "node", lfb_lowering_note_get_node_name (note));
      add_member (builder, "original", lfb_lowering_note_get_original (note));
      json_builder_set_member_name (builder, "lowered");
      json_builder_add_boolean_value (builder, lfb_lowering_note_get_lowered (note));
      add_member (builder, "pass", lfb_lowering_note_get_pass_name (note));
      add_member (builder, "result", lfb_lowering_note_get_result (note));
      add_member (builder, "reason", lfb_lowering_note_get_reason (note));
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);

  return json_to_string (root, TRUE);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* lowerfb lower: a reference model in, a model of int8 operators out. */

#include "command-private.h"

typedef struct
{
  char *model;
  char *out;
  gboolean keep_original_weights;
  gboolean strict_upstream;

  LfbLoweringReport *report;
} Lower;

static gboolean
lower_work (CommandWork  *work,
            gpointer      data,
            GError      **error)
{
  Lower *self = data;
  g_autoptr (LfbLowerer) lowerer = lfb_lowerer_new ();
  g_autoptr (LfbGraphModule) model = NULL;
  g_autoptr (LfbGraphModule) lowered = NULL;
  GCancellable *cancellable;

  model = command_load_model (work, self->model, error);
  if (model == NULL)
    return FALSE;

  cancellable = command_work_stage (work, "lowering", self->model);
  lfb_lowerer_set_keep_original_weights (lowerer, self->keep_original_weights);
  lfb_lowerer_set_strict_upstream (lowerer, self->strict_upstream);
  lfb_lowerer_set_progress (lowerer, command_work_progress (work));
  lowered = lfb_lowerer_lower (lowerer, model, NULL, NULL, cancellable, error);
  if (lowered == NULL)
    {
      g_autofree char *name = g_filename_display_name (self->model);

      g_prefix_error (error, "%s: ", name);
      return FALSE;
    }
  self->report = g_object_ref (lfb_lowerer_get_report (lowerer));

  command_work_stage (work, "writing", self->out);
  return lfb_graph_module_save (lowered, self->out, error);
}

/* What was left is what to look at. */
static void
paint (GString    *string,
       const char *line,
       const char *heading)
{
  if (g_str_equal (line, heading))
    command_paint (string, COMMAND_BOLD, line, -1);
  else if (g_str_has_prefix (heading, "Left"))
    command_paint (string, COMMAND_YELLOW, line, -1);
  else
    g_string_append (string, line);
}

static int
print_report (LfbLoweringReport *report,
              gboolean           json)
{
  g_autofree char *text = json ? lfb_lowering_report_to_json (report) : lfb_lowering_report_to_text (report);

  return json ? command_print (text) : command_print_painted (text, paint);
}

static int
lower_main (const Command  *command,
            int             argc,
            char          **argv)
{
  Lower self = { NULL };
  g_auto (GStrv) files = NULL;
  g_autofree char *out = NULL, *format = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (LfbLoweringReport) report = NULL;
  int status = COMMAND_DONE;
  gboolean json = FALSE;
  const GOptionEntry entries[] = {
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &out, "Where the lowered model goes", "OUT" },
    { "keep-original-weights", 0, 0, G_OPTION_ARG_NONE, &self.keep_original_weights,
      "Keep the float weights beside the packed ones", NULL },
    { "strict-upstream", 0, 0, G_OPTION_ARG_NONE, &self.strict_upstream,
      "Lower only what PyTorch itself lowers, node for node", NULL },
    { "report", 0, 0, G_OPTION_ARG_STRING, &format,
      "Print what became of every quantized step, and why", "text|json" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, "The same as --report json", NULL },
    { NULL },
  };

  if (!command_parse (command, argc, argv, entries, 1, &files, &status))
    return status;
  if (out == NULL)
    return command_wrong_usage (command, "-o OUT is missing");
  if (format != NULL && !g_str_equal (format, "text") && !g_str_equal (format, "json"))
    return command_wrong_usage (command, "--report is text or json, not `%s`", format);
  if (json && g_strcmp0 (format, "text") == 0)
    return command_wrong_usage (command, "--json does not go with --report text");

  json = json || g_strcmp0 (format, "json") == 0;
  self.model = files[0];
  self.out = out;
  if (!command_work (lower_work, &self, &error))
    status = command_fail (error);
  report = g_steal_pointer (&self.report);

  return status == COMMAND_DONE && (json || format != NULL) ? print_report (report, json) : status;
}

const Command command_lower = {
  .name = "lower",
  .arguments = "MODEL -o OUT",
  .summary = "Turn a reference model into one that computes in int8",
  .help =
    "A reference model computes in float and rounds to int8 in between: dequantize, conv2d,\n"
    "quantize. Lowering replaces such patterns by operators that compute in int8 themselves, with\n"
    "weights packed once, as PyTorch's lower_to_fbgemm does. What cannot be lowered stays as it is\n"
    "and keeps working; --report names each such step with the reason.\n"
    "\n"
    "OUT is written only when everything went well, and replaces a file of that name.\n",
  .examples =
    "  # Lower a model and read what became of it\n"
    "  lowerfb lower digits.reference.safetensors -o digits.safetensors --report text\n"
    "  # Ask what was left, and why\n"
    "  lowerfb lower digits.reference.safetensors -o digits.safetensors --json |\n"
    "    jq '.notes[] | select(.lowered | not) | {node, reason}'\n",
  .main = lower_main,
};

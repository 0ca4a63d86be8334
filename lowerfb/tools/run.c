/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* lowerfb run: tensors through a model, from file to file. */

#include "command-private.h"

typedef struct
{
  const char *model;
  const char *inputs;
  const char *outputs;
  gboolean lower;
} Run;

static gboolean
save_outputs (GPtrArray   *outputs,
              const char  *path,
              GError     **error)
{
  g_autoptr (LfbTensorFile) file = lfb_tensor_file_new ();

  for (guint i = 0; i < outputs->len; i++)
    {
      g_autofree char *name = g_strdup_printf ("output.%u", i);

      if (!lfb_tensor_file_add (file, name, g_ptr_array_index (outputs, i), error))
        return FALSE;
    }

  return lfb_tensor_file_save (file, path, error);
}

static gboolean
run_work (CommandWork  *work,
          gpointer      data,
          GError      **error)
{
  Run *self = data;
  g_autoptr (GPtrArray) outputs = command_run_model (work, self->model, self->lower, self->inputs, error);

  if (outputs == NULL)
    return FALSE;

  command_work_stage (work, "writing", self->outputs);
  return save_outputs (outputs, self->outputs, error);
}

static int
run_main (const Command  *command,
          int             argc,
          char          **argv)
{
  Run self = { NULL };
  g_auto (GStrv) files = NULL;
  g_autofree char *outputs = NULL;
  g_autoptr (GError) error = NULL;
  int status = COMMAND_DONE;
  const GOptionEntry entries[] = {
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &outputs, "Where the outputs go", "OUTPUTS" },
    { "lower", 0, 0, G_OPTION_ARG_NONE, &self.lower, "Lower the model first, as `lowerfb lower` does", NULL },
    { NULL },
  };

  if (!command_parse (command, argc, argv, entries, 2, &files, &status))
    return status;
  if (outputs == NULL)
    return command_wrong_usage (command, "-o OUTPUTS is missing");

  self.model = files[0];
  self.inputs = files[1];
  self.outputs = outputs;
  if (!command_work (run_work, &self, &error))
    return command_fail (error);

  return COMMAND_DONE;
}

const Command command_run = {
  .name = "run",
  .arguments = "MODEL INPUTS -o OUTPUTS",
  .summary = "Run a model on tensors in a file",
  .help =
    "INPUTS and OUTPUTS are safetensors files. An input is looked for under the name that it has\n"
    "in the model, then under input.0, input.1 and so on, by its place; other tensors of the file\n"
    "do not matter. The outputs are output.0, output.1 and so on, in the order of the model's\n"
    "output when nested lists and dictionaries are taken apart.\n"
    "\n"
    "Quantized tensors are stored as their integers. Their scales and zero points stand in the\n"
    "file's metadata under `qparams`, as JSON. From Python, lowerfb_torch.save_tensors writes such\n"
    "files, and Lfb.TensorFile reads and writes them.\n"
    "\n"
    "A reference model runs as it is, in float; with --lower, in int8.\n",
  .examples =
    "  # What the model makes of some images\n"
    "  lowerfb run digits.safetensors images.safetensors -o scores.safetensors\n"
    "  # The same with plain C kernels: the same bits\n"
    "  LOWERFB_CPU=c lowerfb run digits.safetensors images.safetensors -o scores-c.safetensors\n",
  .main = run_main,
};

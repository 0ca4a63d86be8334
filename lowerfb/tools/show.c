/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* lowerfb show: what is in a model, to read, to process or to draw. */

#include "command-private.h"

#include <string.h>

typedef struct
{
  const char *name;
  char     *(*make) (LfbGraphModule  *model,
                     GError         **error);
} Format;

static char *
make_text (LfbGraphModule  *model,
           GError         **error)
{
  return lfb_graph_module_to_text (model);
}

static char *
make_dot (LfbGraphModule  *model,
          GError         **error)
{
  return lfb_graph_module_to_dot (model);
}

/* Names of nodes, and what they call. */
static void
paint (GString    *string,
       const char *line,
       const char *heading)
{
  const char *indented = line + strspn (line, " ");
  const char *equals = strstr (indented, " = ");
  const char *word = equals != NULL && *indented == '%' ? equals + strlen (" = ") : NULL;
  gsize length;

  g_string_append_len (string, line, indented - line);
  if (word == NULL)
    {
      length = strcspn (indented, " ");
      command_paint (string, COMMAND_BLUE, indented, length);
      g_string_append (string, indented + length);
      return;
    }

  length = strcspn (word, "(#");
  command_paint (string, COMMAND_BOLD, indented, equals - indented);
  g_string_append (string, " = ");
  command_paint (string, COMMAND_GREEN, word, length);
  g_string_append (string, word + length);
}

static const Format formats[] = {
  { "text", make_text },
  { "json", lfb_graph_module_to_json },
  { "dot", make_dot },
};

typedef struct
{
  const char *model;
  const Format *format;

  char *text;
} Show;

static gboolean
show_work (CommandWork  *work,
           gpointer      data,
           GError      **error)
{
  Show *self = data;
  g_autoptr (LfbGraphModule) model = NULL;

  model = command_load_model (work, self->model, error);
  if (model == NULL)
    return FALSE;

  command_work_stage (work, "describing", self->model);
  self->text = self->format->make (model, error);
  return self->text != NULL;
}

static const Format *
find_format (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    if (g_str_equal (formats[i].name, name))
      return &formats[i];

  return NULL;
}

static int
show_main (const Command  *command,
           int             argc,
           char          **argv)
{
  Show self = { NULL };
  g_auto (GStrv) files = NULL;
  g_autofree char *format = NULL, *text = NULL;
  gboolean json = FALSE;
  g_autoptr (GError) error = NULL;
  int status = COMMAND_DONE;
  const GOptionEntry entries[] = {
    { "format", 0, 0, G_OPTION_ARG_STRING, &format,
      "How to show it; text unless told otherwise", "text|json|dot" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, "The same as --format json", NULL },
    { NULL },
  };

  if (!command_parse (command, argc, argv, entries, 1, &files, &status))
    return status;
  if (json && format != NULL && !g_str_equal (format, "json"))
    return command_wrong_usage (command, "--json does not go with --format %s", format);
  self.model = files[0];
  self.format = find_format (json ? "json" : format != NULL ? format : "text");
  if (self.format == NULL)
    return command_wrong_usage (command, "--format is text, json or dot, not `%s`", format);

  if (!command_work (show_work, &self, &error))
    return command_fail (error);

  text = self.text;
  return self.format->make == make_text ? command_print_painted (text, paint) : command_print (text);
}

const Command command_show = {
  .name = "show",
  .arguments = "MODEL",
  .summary = "Print the graph of a model",
  .help =
    "text lists the steps in the order in which they run, and the modules and attributes that\n"
    "they use. json is the document that the file holds, for other programs. dot draws the graph\n"
    "with Graphviz: what makes floats is orange, what makes integers of 8 bits is blue.\n",
  .examples =
    "  # Read it\n"
    "  lowerfb show digits.safetensors\n"
    "  # Draw it\n"
    "  lowerfb show digits.safetensors --format dot | dot -Tsvg > digits.svg\n"
    "  # Count what it calls\n"
    "  lowerfb show digits.safetensors --json | jq -r '.nodes[].op' | sort | uniq -c\n",
  .main = show_main,
};

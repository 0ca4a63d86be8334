/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* lowerfb cpu: what this machine offers, and what becomes of it. */

#include "command-private.h"

#include <string.h>

static char *
describe_cpu (void)
{
  g_auto (GStrv) features = lfb_get_cpu_features ();
  g_auto (GStrv) kernels = lfb_list_kernels ();
  g_autofree char *detected = g_strjoinv (", ", features);
  const char *limit = lfb_get_cpu_limit ();
  g_autoptr (GString) text = g_string_new (NULL);

  g_string_append_printf (text, "%-26s %s\n", "detected", features[0] != NULL ? detected : "none");
  g_string_append_printf (text, "%-26s %s\n\n", "limit", limit != NULL ? limit : "none");
  for (guint i = 0; kernels[i] != NULL; i++)
    {
      g_autofree char *variant = lfb_get_kernel_variant (kernels[i], NULL);

      g_string_append_printf (text, "%-26s %s\n", kernels[i], variant);
    }

  return g_string_free (g_steal_pointer (&text), FALSE);
}

static int
print_json (void)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_auto (GStrv) features = lfb_get_cpu_features ();
  g_auto (GStrv) kernels = lfb_list_kernels ();
  const char *limit = lfb_get_cpu_limit ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "detected");
  json_builder_begin_array (builder);
  for (guint i = 0; features[i] != NULL; i++)
    json_builder_add_string_value (builder, features[i]);
  json_builder_end_array (builder);
  json_builder_set_member_name (builder, "limit");
  if (limit != NULL)
    json_builder_add_string_value (builder, limit);
  else
    json_builder_add_null_value (builder);
  json_builder_set_member_name (builder, "kernels");
  json_builder_begin_object (builder);
  for (guint i = 0; kernels[i] != NULL; i++)
    {
      g_autofree char *variant = lfb_get_kernel_variant (kernels[i], NULL);

      json_builder_set_member_name (builder, kernels[i]);
      json_builder_add_string_value (builder, variant);
    }
  json_builder_end_object (builder);
  json_builder_end_object (builder);

  return command_print_json (builder);
}

/* Kernels that are left to plain C stand out. */
static void
paint (GString    *string,
       const char *line,
       const char *heading)
{
  const char *variant = strrchr (line, ' ');

  if (variant == NULL)
    {
      g_string_append (string, line);
      return;
    }
  variant++;
  g_string_append_len (string, line, variant - line);
  command_paint (string, g_str_equal (variant, "c") ? COMMAND_YELLOW : COMMAND_GREEN, variant, -1);
}

static int
cpu_main (const Command  *command,
          int             argc,
          char          **argv)
{
  gboolean json = FALSE;
  g_autofree char *text = NULL;
  int status = COMMAND_DONE;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, "Print one JSON object", NULL },
    { NULL },
  };

  if (!command_parse (command, argc, argv, entries, 0, NULL, &status))
    return status;
  if (json)
    return print_json ();

  text = describe_cpu ();
  return command_print_painted (text, paint);
}

const Command command_cpu = {
  .name = "cpu",
  .arguments = NULL,
  .summary = "Print what the CPU offers and what is used of it",
  .help =
    "The instruction sets that were detected, the limit on them, and below for each kernel which of\n"
    "its variants is used: the fastest that this CPU can run and the limit allows, where c is plain\n"
    "C. All variants compute the same bits. The environment variable LOWERFB_CPU sets the limit: c,\n"
    "avx2, avxvnni, avx512vnni, neon or neondot.\n",
  .examples =
    "  # What this machine runs\n"
    "  lowerfb cpu\n"
    "  # What a machine without AVX-512 would run\n"
    "  LOWERFB_CPU=avx2 lowerfb cpu --json\n",
  .main = cpu_main,
};

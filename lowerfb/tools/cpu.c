/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* lowerfb cpu: what this machine offers, and what becomes of it. */

#include "command-private.h"

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
cpu_main (const Command  *command,
          int             argc,
          char          **argv)
{
  g_autofree char *text = NULL;
  int status = COMMAND_DONE;

  if (!command_parse (command, argc, argv, NULL, 0, NULL, &status))
    return status;

  text = describe_cpu ();
  return command_print (text);
}

const Command command_cpu = {
  .name = "cpu",
  .arguments = NULL,
  .summary = "Print what the CPU offers and what is used of it",
  .help =
    "The instruction sets that were detected, the limit on them, and below for each kernel which of\n"
    "its variants is used: the fastest that this CPU can run and the limit allows, where c is plain\n"
    "C. All variants compute the same bits. The environment variable LOWERFB_CPU sets the limit: c,\n"
    "avx2, avxvnni, avx512vnni, neon or neondot.\n"
    "\n"
    "  LOWERFB_CPU=c lowerfb cpu\n",
  .main = cpu_main,
};

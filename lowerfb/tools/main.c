/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The lowerfb command: finds the subcommand and leaves the rest to it. */

#include "command-private.h"

#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const Command * const commands[] = {
  &command_lower,
  &command_show,
  &command_run,
  &command_compare,
  &command_bench,
  &command_cpu,
};

/* With one of the first three descriptors closed, the next file to be opened
 * would get its number, and messages would end up in a model. What takes the
 * place refuses what the descriptor is for.
 */
static void
occupy_standard_files (void)
{
  static const int modes[] = { O_WRONLY, O_RDONLY, O_RDONLY };

  for (int fd = 0; fd < 3; fd++)
    if (fcntl (fd, F_GETFD) < 0 && open ("/dev/null", modes[fd]) != fd)
      abort ();
}

static char *
describe_commands (void)
{
  g_autoptr (GString) text = g_string_new (
    "Usage:\n"
    "  lowerfb SUBCOMMAND [OPTION…] [FILE…]\n"
    "\n"
    "Lowers quantized PyTorch models to int8 kernels and runs them.\n"
    "\n"
    "Subcommands:\n");

  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    g_string_append_printf (text, "  %-10s%s\n", commands[i]->name, commands[i]->summary);

  g_string_append (text,
    "\n"
    "Options:\n"
    "  -h, --help      Show this help\n"
    "  --version       Show the version\n"
    "\n"
    "`lowerfb SUBCOMMAND --help` explains one of them, with examples. A model is a safetensors file\n"
    "that holds the graph and its tensors, as the Python module lowerfb_torch exports it from\n"
    "PyTorch.\n"
    "\n"
    "Examples:\n"
    "  # From a model that PyTorch quantized to one that computes in int8\n"
    "  lowerfb lower digits.reference.safetensors -o digits.safetensors --report text\n"
    "  # Run it on the tensors of a file\n"
    "  lowerfb run digits.safetensors images.safetensors -o scores.safetensors\n"
    "\n"
    "Exit status:\n"
    "  0 done, 1 failed (a line on stderr says what), 2 wrong usage\n"
    "\n"
    "Environment:\n"
    "  LOWERFB_CPU=c|avx2|avxvnni|avx512vnni|neon|neondot caps the instruction set.\n"
    "  LOWERFB_DEBUG=print,validate,dot,time shows, checks, draws and times each lowering pass;\n"
    "  with nodes in it, models run node by node, without programs.\n"
    "  NO_COLOR turns colours off; there are none but on terminals.\n");

  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* How many letters have to be added, taken away or exchanged to get from one short
 * word to another.
 */
static guint
count_changes (const char *a,
               const char *b)
{
  guint row[16] = { 0 };
  gsize n = strlen (b);

  g_return_val_if_fail (n < G_N_ELEMENTS (row), G_MAXUINT);

  for (guint j = 0; j <= n; j++)
    row[j] = j;
  for (gsize i = 0; a[i] != '\0'; i++)
    {
      guint diagonal = row[0];

      row[0] = i + 1;
      for (gsize j = 0; j < n; j++)
        {
          guint exchanged = diagonal + (a[i] != b[j]);

          diagonal = row[j + 1];
          row[j + 1] = MIN (MIN (row[j], row[j + 1]) + 1, exchanged);
        }
    }

  return row[n];
}

/* The subcommand that was meant; NULL: none is near. First letters are rarely wrong. */
static const char *
suggest_command (const char *word)
{
  const char *best = NULL;
  guint fewest = 3;

  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      guint n = *word == *commands[i]->name ? count_changes (word, commands[i]->name) : G_MAXUINT;

      if (n < fewest && n < strlen (commands[i]->name))
        {
          fewest = n;
          best = commands[i]->name;
        }
    }

  return best;
}

int
main (int    argc,
      char **argv)
{
  const char *first, *suggestion;

  occupy_standard_files ();
  /* Characters only: numbers are written and read alike everywhere. */
  setlocale (LC_CTYPE, "");
  g_set_prgname ("lowerfb");

  if (argc < 2)
    return command_wrong_usage (NULL, "a subcommand is missing");

  first = argv[1];
  if (g_str_equal (first, "--version"))
    return command_print ("lowerfb " LFB_VERSION "\n");
  if (g_str_equal (first, "--help") || g_str_equal (first, "-h"))
    {
      g_autofree char *text = describe_commands ();

      return command_print_painted (text, command_paint_help);
    }

  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (first, commands[i]->name))
      return commands[i]->main (commands[i], argc - 1, argv + 1);

  suggestion = suggest_command (first);
  if (suggestion != NULL)
    return command_wrong_usage (NULL, "there is no subcommand `%s`; did you mean `lowerfb %s`?", first, suggestion);

  return command_wrong_usage (NULL, "there is no %s `%s`", *first == '-' ? "option" : "subcommand", first);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How the subcommands read their arguments and speak to the user. */

#include "command-private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* One line on stderr, whatever names in @message hold: a file or node that was
 * named by someone else neither adds a line nor steers the terminal.
 */
static void
complain (const char *who,
          const char *message)
{
  g_autofree char *printable = command_make_printable (message);
  g_autoptr (GString) line = g_string_new (NULL);
  g_autofree char *start = g_strconcat (who, ":", NULL);

  if (command_has_colour (STDERR_FILENO))
    command_paint (line, COMMAND_RED, start, -1);
  else
    g_string_append (line, start);
  g_string_append_printf (line, " %s\n", printable);

  fputs (line->str, stderr);
}

int
command_fail (const GError *error)
{
  complain ("lowerfb", error->message);

  return COMMAND_FAILED;
}

int
command_wrong_usage (const Command *self,
                     const char    *format,
                     ...)
{
  g_autofree char *who = self != NULL ? g_strconcat ("lowerfb ", self->name, NULL) : g_strdup ("lowerfb");
  g_autofree char *problem = NULL, *message = NULL;
  va_list args;

  va_start (args, format);
  problem = g_strdup_vprintf (format, args);
  va_end (args);

  message = g_strdup_printf ("%s; see `%s --help`", problem, who);
  complain (who, message);

  return COMMAND_WRONG_USAGE;
}

int
command_print (const char *text)
{
  const char *end = g_str_has_suffix (text, "\n") ? "" : "\n";

  /* A full disk may show up at the flush only. */
  if (fputs (text, stdout) == EOF || fputs (end, stdout) == EOF || fflush (stdout) == EOF)
    {
      g_autofree char *message = g_strdup_printf ("standard output cannot be written: %s",
                                                  g_strerror (errno));

      complain ("lowerfb", message);
      return COMMAND_FAILED;
    }

  return COMMAND_DONE;
}

int
command_print_json (JsonBuilder *builder)
{
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  g_autofree char *text = json_to_string (root, TRUE);

  return command_print (text);
}

/* The file names among the arguments. */
static gboolean
check_files (const Command  *self,
             char          **files,
             guint           min_files,
             guint           max_files,
             int            *status)
{
  guint n_found = files != NULL ? g_strv_length (files) : 0;
  g_autofree char *expected = NULL;

  if (n_found >= min_files && n_found <= max_files)
    return TRUE;

  expected = min_files == max_files ? g_strdup_printf ("%u", min_files)
                                    : g_strdup_printf ("%u to %u", min_files, max_files);
  *status = command_wrong_usage (self, "%u argument%s given, %s expected: %s", n_found,
                                 n_found == 1 ? "" : "s", expected,
                                 max_files > 0 ? self->arguments : "there are only options");
  return FALSE;
}

gboolean
command_parse (const Command       *self,
               int                  argc,
               char               **argv,
               const GOptionEntry  *entries,
               guint                n_files,
               char              ***files,
               int                 *status)
{
  return command_parse_range (self, argc, argv, entries, n_files, n_files, files, status);
}

gboolean
command_parse_range (const Command       *self,
                     int                  argc,
                     char               **argv,
                     const GOptionEntry  *entries,
                     guint                min_files,
                     guint                max_files,
                     char              ***files,
                     int                 *status)
{
  g_autofree char *program = g_strconcat ("lowerfb ", self->name, NULL);
  g_autofree char *summary = g_strdup_printf ("%s.", self->summary);
  g_autofree char *description = g_strdup_printf ("%s\nExamples:\n%s", self->help, self->examples);
  g_autoptr (GOptionContext) context = g_option_context_new (self->arguments);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) found = NULL;
  gboolean help = FALSE;
  /* GLib's own --help exits with 0 even where nothing could be printed. */
  GOptionEntry common[] = {
    { "help", 'h', 0, G_OPTION_ARG_NONE, &help, "Show this help", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &found, NULL, NULL },
    { NULL },
  };

  g_set_prgname (program);
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_summary (context, summary);
  g_option_context_set_description (context, description);
  if (entries != NULL)
    g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_main_entries (context, common, NULL);

  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      *status = command_wrong_usage (self, "%s", error->message);
      return FALSE;
    }
  if (help)
    {
      g_autofree char *text = g_option_context_get_help (context, TRUE, NULL);

      *status = command_print_painted (text, command_paint_help);
      return FALSE;
    }
  if (!check_files (self, found, min_files, max_files, status))
    return FALSE;

  if (files != NULL)
    *files = g_steal_pointer (&found);
  return TRUE;
}

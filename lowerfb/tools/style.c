/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is printed looks better on a terminal, and is the plain text anywhere
 * else: colours, and names that cannot steer the terminal. See no-color.org for
 * NO_COLOR.
 */

#include "command-private.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

gboolean
command_has_colour (int fd)
{
  const char *no_colour = g_getenv ("NO_COLOR");

  return isatty (fd) && (no_colour == NULL || *no_colour == '\0') && g_strcmp0 (g_getenv ("TERM"), "dumb") != 0;
}

void
command_paint (GString       *string,
               CommandColour  colour,
               const char    *text,
               gssize         length)
{
  static const char *codes[] = {
    [COMMAND_BOLD] = "1",
    [COMMAND_RED] = "1;31",
    [COMMAND_GREEN] = "32",
    [COMMAND_YELLOW] = "33",
    [COMMAND_BLUE] = "34",
    [COMMAND_CYAN] = "36",
  };

  g_string_append_printf (string, "\033[%sm", codes[colour]);
  g_string_append_len (string, text, length >= 0 ? length : (gssize) strlen (text));
  g_string_append (string, "\033[0m");
}

/* Letters that a terminal would obey are written as numbers. */
char *
command_make_printable (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *string = g_string_new (NULL);

  for (const char *at = valid; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar letter = g_utf8_get_char (at);

      if (g_unichar_iscntrl (letter))
        g_string_append_printf (string, "\\x%02x", letter);
      else
        g_string_append_unichar (string, letter);
    }

  return g_string_free (string, FALSE);
}

/* Calls @paint for each line, with the last line above that is not indented. */
static char *
paint_lines (const char   *text,
             CommandPaint  paint)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  GString *string = g_string_new (NULL);
  g_autofree char *heading = g_strdup ("");

  for (gsize i = 0; lines[i] != NULL; i++)
    {
      g_autofree char *line = command_make_printable (lines[i]);

      if (*line != '\0' && *line != ' ')
        {
          g_free (heading);
          heading = g_strdup (line);
        }
      if (paint != NULL && *line != '\0')
        paint (string, line, heading);
      else
        g_string_append (string, line);
      if (lines[i + 1] != NULL)
        g_string_append_c (string, '\n');
    }

  return g_string_free (string, FALSE);
}

int
command_print_painted (const char   *text,
                       CommandPaint  paint)
{
  g_autofree char *painted = NULL;

  if (!isatty (STDOUT_FILENO))
    return command_print (text);

  painted = paint_lines (text, command_has_colour (STDOUT_FILENO) ? paint : NULL);
  return command_print (painted);
}

/* Headings, and commands to type. */
void
command_paint_help (GString    *string,
                    const char *line,
                    const char *heading)
{
  if (*line != ' ' && g_str_has_suffix (line, ":"))
    command_paint (string, COMMAND_BOLD, line, -1);
  else if (g_str_equal (heading, "Examples:") && !g_str_has_prefix (line, "  #"))
    command_paint (string, COMMAND_CYAN, line, -1);
  else
    g_string_append (string, line);
}

/* A table without lines: its head, or one line that sums up. */
void
command_paint_table (GString    *string,
                     const char *line,
                     const char *heading)
{
  if (g_str_equal (line, heading))
    command_paint (string, COMMAND_BOLD, line, -1);
  else
    g_string_append (string, line);
}

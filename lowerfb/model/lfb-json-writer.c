/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Writes JSON so that reading it gives back the very same: a double is the
 * shortest decimal that reads back bit for bit, and always has a point or an
 * exponent, by which it is told from an integer (model-format: "3 is an int
 * and 3.0 a float").
 *
 * What a strict reader would refuse (nesting that is too deep, text that is not
 * UTF-8, numbers that JSON lacks) is remembered as a fault, for the caller to
 * report with the place that only the caller knows.
 */

#include <lowerfb/model/lfb-json-writer-private.h>

#include <math.h>
#include <string.h>

void
_lfb_json_writer_init (LfbJsonWriter *self,
                       gboolean       pretty)
{
  *self = (LfbJsonWriter) { .text = g_string_new (NULL), .pretty = pretty, .is_first = TRUE };
}

/* Returns: (transfer full): the text */
char *
_lfb_json_writer_finish (LfbJsonWriter *self,
                         gsize         *length)
{
  if (length != NULL)
    *length = self->text->len;
  return g_string_free (g_steal_pointer (&self->text), FALSE);
}

static void
new_line (LfbJsonWriter *self)
{
  if (!self->pretty)
    return;

  g_string_append_c (self->text, '\n');
  for (guint i = 0; i < self->depth; i++)
    g_string_append (self->text, "  ");
}

/* The comma and the line break in front of a value or a name. */
static void
separate (LfbJsonWriter *self)
{
  if (self->after_name)
    {
      self->after_name = FALSE;
      return;
    }

  if (!self->is_first)
    g_string_append_c (self->text, ',');
  if (self->depth > 0)
    new_line (self);
  self->is_first = FALSE;
}

/* Opens an array ('[') or an object ('{'). */
void
_lfb_json_writer_begin (LfbJsonWriter *self,
                        char           bracket)
{
  separate (self);
  g_string_append_c (self->text, bracket);
  self->is_first = TRUE;
  if (++self->depth > LFB_JSON_MAX_DEPTH)
    self->fault = "it nests deeper than the 128 levels of JSON that a file can have";
}

/* Closes what was opened last, with ']' or '}'. */
void
_lfb_json_writer_end (LfbJsonWriter *self,
                      char           bracket)
{
  self->depth--;
  if (!self->is_first)
    new_line (self);
  g_string_append_c (self->text, bracket);
  self->is_first = FALSE;
}

static void
append_string (LfbJsonWriter *self,
               const char    *string)
{
  if (!g_utf8_validate (string, -1, NULL))
    {
      self->fault = "it has a text that is not UTF-8";
      string = "";
    }

  g_string_append_c (self->text, '"');
  while (*string != '\0')
    {
      gsize plain = 0;

      while ((guchar) string[plain] >= 0x20 && string[plain] != '"' && string[plain] != '\\')
        plain++;
      g_string_append_len (self->text, string, plain);
      string += plain;
      if (*string == '\0')
        break;

      if (*string == '"' || *string == '\\')
        g_string_append_printf (self->text, "\\%c", *string);
      else if (*string == '\n')
        g_string_append (self->text, "\\n");
      else
        g_string_append_printf (self->text, "\\u%04x", (guint) (guchar) *string);
      string++;
    }
  g_string_append_c (self->text, '"');
}

/* Starts a member of an object; its value follows. */
void
_lfb_json_writer_name (LfbJsonWriter *self,
                       const char    *name)
{
  separate (self);
  append_string (self, name);
  g_string_append (self->text, self->pretty ? ": " : ":");
  self->after_name = TRUE;
}

void
_lfb_json_writer_null (LfbJsonWriter *self)
{
  separate (self);
  g_string_append (self->text, "null");
}

void
_lfb_json_writer_boolean (LfbJsonWriter *self,
                          gboolean       value)
{
  separate (self);
  g_string_append (self->text, value ? "true" : "false");
}

void
_lfb_json_writer_integer (LfbJsonWriter *self,
                          gint64         value)
{
  separate (self);
  g_string_append_printf (self->text, "%" G_GINT64_FORMAT, value);
}

void
_lfb_json_writer_number (LfbJsonWriter *self,
                         double         value)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE], format[8];

  separate (self);
  if (!isfinite (value))
    {
      self->fault = "it has a number that is not finite";
      value = 0;
    }

  for (int precision = 1; precision <= 17; precision++)
    {
      g_snprintf (format, sizeof format, "%%.%dg", precision);
      g_ascii_formatd (buffer, sizeof buffer, format, value);
      if (g_ascii_strtod (buffer, NULL) == value)
        break;
    }
  g_string_append (self->text, buffer);
  if (strpbrk (buffer, ".e") == NULL)
    g_string_append (self->text, ".0");
}

void
_lfb_json_writer_string (LfbJsonWriter *self,
                         const char    *value)
{
  separate (self);
  append_string (self, value);
}

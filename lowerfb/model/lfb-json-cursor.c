/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The parts of JSON that have no parts: texts, numbers, and the three words. See
 * lfb-json.c for what is let pass.
 */

#include <lowerfb/model/lfb-json-cursor-private.h>

#include <lowerfb/core/lfb-error.h>

#include <math.h>
#include <string.h>

/* An error at @at, whose place it names. Returns: FALSE */
gboolean
_lfb_json_fail (LfbJsonCursor  *self,
                const char     *at,
                GError        **error,
                const char     *format,
                ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);

  g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT, "byte %" G_GSIZE_FORMAT ": %s",
               (gsize) (at - self->text), message);
  return FALSE;
}

/* For syntax errors: what stands at the current place instead of @expected. */
gboolean
_lfb_json_fail_expecting (LfbJsonCursor  *self,
                          const char     *expected,
                          GError        **error)
{
  if (self->at >= self->end)
    return _lfb_json_fail (self, self->at, error, "expected %s, not the end of the text", expected);
  if (g_ascii_isgraph (*self->at))
    return _lfb_json_fail (self, self->at, error, "expected %s, not `%c`", expected, *self->at);
  return _lfb_json_fail (self, self->at, error, "expected %s, not the byte 0x%02x", expected,
                         (guint) (guchar) *self->at);
}

void
_lfb_json_skip_space (LfbJsonCursor *self)
{
  while (self->at < self->end &&
         (*self->at == ' ' || *self->at == '\n' || *self->at == '\r' || *self->at == '\t'))
    self->at++;
}

/* Skips white space, then takes @character if it comes next. */
gboolean
_lfb_json_take (LfbJsonCursor *self,
                char           character)
{
  _lfb_json_skip_space (self);
  if (self->at >= self->end || *self->at != character)
    return FALSE;

  self->at++;
  return TRUE;
}

static gboolean
parse_hex4 (LfbJsonCursor  *self,
            gunichar       *unit,
            GError        **error)
{
  *unit = 0;
  for (guint i = 0; i < 4; i++, self->at++)
    {
      if (self->at >= self->end || !g_ascii_isxdigit (*self->at))
        return _lfb_json_fail_expecting (self, "four hexadecimal digits after \\u", error);
      *unit = *unit << 4 | g_ascii_xdigit_value (*self->at);
    }

  return TRUE;
}

/* What stands behind \u: one code point, which takes two escapes beyond the
 * basic plane. The texts of GLib hold neither half of a pair alone nor NUL.
 */
static gboolean
parse_unicode_escape (LfbJsonCursor  *self,
                      gunichar       *code,
                      GError        **error)
{
  const char *start = self->at - 2;
  gunichar low;

  if (!parse_hex4 (self, code, error))
    return FALSE;
  if (*code == 0)
    return _lfb_json_fail (self, start, error, "a text cannot hold NUL (\\u0000)");
  if (*code < 0xd800 || *code > 0xdfff)
    return TRUE;

  if (*code > 0xdbff || self->end - self->at < 2 || self->at[0] != '\\' || self->at[1] != 'u')
    return _lfb_json_fail (self, start, error, "half of a surrogate pair (\\u%04x)", (guint) *code);
  self->at += 2;
  if (!parse_hex4 (self, &low, error))
    return FALSE;
  if (low < 0xdc00 || low > 0xdfff)
    return _lfb_json_fail (self, start, error, "half of a surrogate pair (\\u%04x)", (guint) *code);

  *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
  return TRUE;
}

/* Decodes an escape, whose backslash has been read, to @to. The result is never
 * longer than the escape.
 */
static gboolean
parse_escape (LfbJsonCursor  *self,
              char          **to,
              GError        **error)
{
  static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
  const char *letter;
  gunichar code;

  if (self->at < self->end && *self->at == 'u')
    {
      self->at++;
      if (!parse_unicode_escape (self, &code, error))
        return FALSE;
      *to += g_unichar_to_utf8 (code, *to);
      return TRUE;
    }

  letter = self->at < self->end && *self->at != '\0' ? strchr (letters, *self->at) : NULL;
  if (letter == NULL)
    return _lfb_json_fail_expecting (self, "one of \" \\ / b f n r t u after a backslash", error);

  *(*to)++ = meanings[letter - letters];
  self->at++;
  return TRUE;
}

/* The opening quote has been read. */
gboolean
_lfb_json_parse_string (LfbJsonCursor  *self,
                        const char    **text,
                        GError        **error)
{
  char *start = self->at, *to = self->at;

  while (self->at < self->end)
    {
      guchar character = *self->at;

      if (character == '"')
        {
          self->at++;
          *to = '\0';
          *text = start;
          return TRUE;
        }
      if (character < 0x20)
        return _lfb_json_fail (self, self->at, error, "the control character 0x%02x in a text", character);
      self->at++;
      if (character != '\\')
        *to++ = character;
      else if (!parse_escape (self, &to, error))
        return FALSE;
    }

  return _lfb_json_fail (self, start - 1, error, "a text without an end");
}

static gsize
take_digits (LfbJsonCursor *self)
{
  const char *start = self->at;

  while (self->at < self->end && g_ascii_isdigit (*self->at))
    self->at++;

  return self->at - start;
}

static gboolean
parse_integer (LfbJsonCursor  *self,
               const char     *start,
               LfbJson        *value,
               GError        **error)
{
  gboolean negative = *start == '-';
  gint64 integer = 0;

  for (const char *digit = start + negative; digit < self->at; digit++)
    {
      gint64 step = *digit - '0';

      /* Downwards for negative numbers: the least has no positive counterpart. */
      if (__builtin_mul_overflow (integer, 10, &integer) ||
          __builtin_add_overflow (integer, negative ? -step : step, &integer))
        return _lfb_json_fail (self, start, error, "the integer %.*s%s does not fit into 64 bits",
                     (int) MIN (self->at - start, 40), start, self->at - start > 40 ? "…" : "");
    }

  value->type = LFB_JSON_INT;
  value->integer = integer;
  return TRUE;
}

gboolean
_lfb_json_parse_number (LfbJsonCursor  *self,
                        LfbJson        *value,
                        GError        **error)
{
  const char *start = self->at;
  gboolean is_double = FALSE;

  if (*self->at == '-')
    self->at++;
  if (self->at < self->end && *self->at == '0')
    self->at++;
  else if (take_digits (self) == 0)
    return _lfb_json_fail_expecting (self, "a digit", error);
  if (self->at < self->end && g_ascii_isdigit (*self->at))
    return _lfb_json_fail (self, start, error, "a number may not begin with 0 and another digit");

  if (self->at < self->end && *self->at == '.')
    {
      is_double = TRUE;
      self->at++;
      if (take_digits (self) == 0)
        return _lfb_json_fail_expecting (self, "a digit after the decimal point", error);
    }
  if (self->at < self->end && (*self->at == 'e' || *self->at == 'E'))
    {
      is_double = TRUE;
      self->at++;
      if (self->at < self->end && (*self->at == '+' || *self->at == '-'))
        self->at++;
      if (take_digits (self) == 0)
        return _lfb_json_fail_expecting (self, "a digit in the exponent", error);
    }

  if (!is_double)
    return parse_integer (self, start, value, error);

  /* It stops where the grammar above did, at the latest at the NUL behind the text. */
  value->type = LFB_JSON_DOUBLE;
  value->number = g_ascii_strtod (start, NULL);
  if (!isfinite (value->number))
    return _lfb_json_fail (self, start, error, "the number %.*s%s does not fit into a double",
                 (int) MIN (self->at - start, 40), start, self->at - start > 40 ? "…" : "");
  return TRUE;
}

/* One of true, false and null. */
gboolean
_lfb_json_parse_literal (LfbJsonCursor  *self,
                         const char     *literal,
                         GError        **error)
{
  gsize length = strlen (literal);

  if ((gsize) (self->end - self->at) < length || strncmp (self->at, literal, length) != 0)
    return _lfb_json_fail_expecting (self, "a value", error);

  self->at += length;
  return TRUE;
}

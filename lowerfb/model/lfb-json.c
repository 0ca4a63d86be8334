/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A strict reader of JSON for files that nobody vouches for.
 *
 * It takes what RFC 8259 allows and nothing else, and of that only what the
 * library can hold: nesting up to 128, integers of 64 bits, finite doubles,
 * texts of valid UTF-8 without NUL, each name once in an object. 3 is an
 * integer and 3.0 or 3e0 a double.
 *
 * json-glib is not used for this: it overflows the stack on deep nesting, wraps
 * integers, takes 1e400 for infinity, cuts texts at \u0000, keeps the last of
 * equal names, and its objects are hashed so that chosen names take quadratic
 * time. Here time and memory are linear in the length of the text, whatever it
 * says: strings are decoded in place in the tree's own copy of it, and a node
 * takes 16 bytes.
 */

#include <lowerfb/model/lfb-json-private.h>

#include <lowerfb/core/lfb-error.h>
#include <lowerfb/core/lfb-hash-private.h>

#include <math.h>
#include <string.h>

#define BLOCK_SIZE (64 * 1024)

struct _LfbJsonTree
{
  char *text;
  LfbJson root;

  GPtrArray *blocks;
  char *free;
  gsize n_free;
};

typedef struct
{
  LfbJsonTree *tree;
  char *at;
  char *end;
  guint depth;

  /* items and members of the containers that are still open */
  GArray *items;
  GArray *members;
} Parser;

static gboolean parse_value (Parser   *self,
                             LfbJson  *value,
                             GError  **error);

static gboolean
fail (Parser      *self,
      const char  *at,
      GError     **error,
      const char  *format,
      ...) G_GNUC_PRINTF (4, 5);

static gboolean
fail (Parser      *self,
      const char  *at,
      GError     **error,
      const char  *format,
      ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);

  g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT, "byte %" G_GSIZE_FORMAT ": %s",
               (gsize) (at - self->tree->text), message);
  return FALSE;
}

/* For syntax errors: what stands at the current place instead of @expected. */
static gboolean
fail_expecting (Parser      *self,
                const char  *expected,
                GError     **error)
{
  if (self->at >= self->end)
    return fail (self, self->at, error, "expected %s, not the end of the text", expected);
  if (g_ascii_isgraph (*self->at))
    return fail (self, self->at, error, "expected %s, not `%c`", expected, *self->at);
  return fail (self, self->at, error, "expected %s, not the byte 0x%02x", expected,
               (guint) (guchar) *self->at);
}

/* Small pieces share blocks; what is large gets one of its own. */
static gpointer
allocate (LfbJsonTree *tree,
          gsize        size)
{
  gpointer piece;

  if (size > tree->n_free)
    {
      gsize block_size = MAX (size, BLOCK_SIZE);
      char *block = g_malloc (block_size);

      g_ptr_array_add (tree->blocks, block);
      if (block_size > BLOCK_SIZE)
        return block;
      tree->free = block;
      tree->n_free = block_size;
    }

  piece = tree->free;
  tree->free += size;
  tree->n_free -= size;
  return piece;
}

/* Moves what was collected on @stack from @start on into the tree. */
static gconstpointer
take_from_stack (LfbJsonTree *tree,
                 GArray      *stack,
                 guint        start)
{
  gsize element = g_array_get_element_size (stack);
  gsize size = (stack->len - start) * element;
  gpointer copy;

  if (size == 0)
    return NULL;

  copy = allocate (tree, size);
  memcpy (copy, stack->data + start * element, size);
  g_array_set_size (stack, start);
  return copy;
}

static void
skip_space (Parser *self)
{
  while (self->at < self->end &&
         (*self->at == ' ' || *self->at == '\n' || *self->at == '\r' || *self->at == '\t'))
    self->at++;
}

/* Skips white space, then takes @character if it comes next. */
static gboolean
take (Parser *self,
      char    character)
{
  skip_space (self);
  if (self->at >= self->end || *self->at != character)
    return FALSE;

  self->at++;
  return TRUE;
}

static gboolean
parse_hex4 (Parser    *self,
            gunichar  *unit,
            GError   **error)
{
  *unit = 0;
  for (guint i = 0; i < 4; i++, self->at++)
    {
      if (self->at >= self->end || !g_ascii_isxdigit (*self->at))
        return fail_expecting (self, "four hexadecimal digits after \\u", error);
      *unit = *unit << 4 | g_ascii_xdigit_value (*self->at);
    }

  return TRUE;
}

/* What stands behind \u: one code point, which takes two escapes beyond the
 * basic plane. The texts of GLib hold neither half of a pair alone nor NUL.
 */
static gboolean
parse_unicode_escape (Parser    *self,
                      gunichar  *code,
                      GError   **error)
{
  const char *start = self->at - 2;
  gunichar low;

  if (!parse_hex4 (self, code, error))
    return FALSE;
  if (*code == 0)
    return fail (self, start, error, "a text cannot hold NUL (\\u0000)");
  if (*code < 0xd800 || *code > 0xdfff)
    return TRUE;

  if (*code > 0xdbff || self->end - self->at < 2 || self->at[0] != '\\' || self->at[1] != 'u')
    return fail (self, start, error, "half of a surrogate pair (\\u%04x)", (guint) *code);
  self->at += 2;
  if (!parse_hex4 (self, &low, error))
    return FALSE;
  if (low < 0xdc00 || low > 0xdfff)
    return fail (self, start, error, "half of a surrogate pair (\\u%04x)", (guint) *code);

  *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
  return TRUE;
}

/* Decodes an escape, whose backslash has been read, to @to. The result is never
 * longer than the escape.
 */
static gboolean
parse_escape (Parser  *self,
              char   **to,
              GError **error)
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
    return fail_expecting (self, "one of \" \\ / b f n r t u after a backslash", error);

  *(*to)++ = meanings[letter - letters];
  self->at++;
  return TRUE;
}

/* The opening quote has been read. */
static gboolean
parse_string (Parser      *self,
              const char **text,
              GError     **error)
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
        return fail (self, self->at, error, "the control character 0x%02x in a text", character);
      self->at++;
      if (character != '\\')
        *to++ = character;
      else if (!parse_escape (self, &to, error))
        return FALSE;
    }

  return fail (self, start - 1, error, "a text without an end");
}

static gsize
take_digits (Parser *self)
{
  const char *start = self->at;

  while (self->at < self->end && g_ascii_isdigit (*self->at))
    self->at++;

  return self->at - start;
}

static gboolean
parse_integer (Parser      *self,
               const char  *start,
               LfbJson     *value,
               GError     **error)
{
  gboolean negative = *start == '-';
  gint64 integer = 0;

  for (const char *digit = start + negative; digit < self->at; digit++)
    {
      gint64 step = *digit - '0';

      /* Downwards for negative numbers: the least has no positive counterpart. */
      if (__builtin_mul_overflow (integer, 10, &integer) ||
          __builtin_add_overflow (integer, negative ? -step : step, &integer))
        return fail (self, start, error, "the integer %.*s%s does not fit into 64 bits",
                     (int) MIN (self->at - start, 40), start, self->at - start > 40 ? "…" : "");
    }

  value->type = LFB_JSON_INT;
  value->integer = integer;
  return TRUE;
}

static gboolean
parse_number (Parser   *self,
              LfbJson  *value,
              GError  **error)
{
  const char *start = self->at;
  gboolean is_double = FALSE;

  if (*self->at == '-')
    self->at++;
  if (self->at < self->end && *self->at == '0')
    self->at++;
  else if (take_digits (self) == 0)
    return fail_expecting (self, "a digit", error);
  if (self->at < self->end && g_ascii_isdigit (*self->at))
    return fail (self, start, error, "a number may not begin with 0 and another digit");

  if (self->at < self->end && *self->at == '.')
    {
      is_double = TRUE;
      self->at++;
      if (take_digits (self) == 0)
        return fail_expecting (self, "a digit after the decimal point", error);
    }
  if (self->at < self->end && (*self->at == 'e' || *self->at == 'E'))
    {
      is_double = TRUE;
      self->at++;
      if (self->at < self->end && (*self->at == '+' || *self->at == '-'))
        self->at++;
      if (take_digits (self) == 0)
        return fail_expecting (self, "a digit in the exponent", error);
    }

  if (!is_double)
    return parse_integer (self, start, value, error);

  /* It stops where the grammar above did, at the latest at the NUL behind the text. */
  value->type = LFB_JSON_DOUBLE;
  value->number = g_ascii_strtod (start, NULL);
  if (!isfinite (value->number))
    return fail (self, start, error, "the number %.*s%s does not fit into a double",
                 (int) MIN (self->at - start, 40), start, self->at - start > 40 ? "…" : "");
  return TRUE;
}

static gboolean
parse_literal (Parser      *self,
               const char  *literal,
               GError     **error)
{
  gsize length = strlen (literal);

  if ((gsize) (self->end - self->at) < length || strncmp (self->at, literal, length) != 0)
    return fail_expecting (self, "a value", error);

  self->at += length;
  return TRUE;
}

static gboolean
parse_array (Parser   *self,
             LfbJson  *value,
             GError  **error)
{
  guint start = self->items->len;

  if (!take (self, ']'))
    {
      do
        {
          LfbJson item = { 0 };

          if (!parse_value (self, &item, error))
            return FALSE;
          g_array_append_val (self->items, item);
        }
      while (take (self, ','));
      if (!take (self, ']'))
        return fail_expecting (self, "`,` or `]` in an array", error);
    }

  value->type = LFB_JSON_ARRAY;
  value->n_items = self->items->len - start;
  value->items = take_from_stack (self->tree, self->items, start);
  return TRUE;
}

/* Finds a name that occurs twice, in linear time. */
static const char *
find_duplicate (const LfbJsonMember *members,
                guint                n_members)
{
  g_autofree guint *slots = NULL;
  gsize n_slots = 16;

  if (n_members <= 8)
    {
      for (guint i = 1; i < n_members; i++)
        for (guint j = 0; j < i; j++)
          if (strcmp (members[i].name, members[j].name) == 0)
            return members[i].name;
      return NULL;
    }

  while (n_slots < (gsize) n_members * 2)
    n_slots *= 2;
  slots = g_new0 (guint, n_slots);
  for (guint i = 0; i < n_members; i++)
    {
      gsize slot = _lfb_str_hash (members[i].name) & (n_slots - 1);

      for (; slots[slot] != 0; slot = (slot + 1) & (n_slots - 1))
        if (strcmp (members[slots[slot] - 1].name, members[i].name) == 0)
          return members[i].name;
      slots[slot] = i + 1;
    }

  return NULL;
}

static gboolean
parse_member (Parser   *self,
              GError  **error)
{
  LfbJsonMember member = { 0 };

  if (!take (self, '"'))
    return fail_expecting (self, "a name in quotes", error);
  if (!parse_string (self, &member.name, error))
    return FALSE;
  if (!take (self, ':'))
    return fail_expecting (self, "`:` after a name", error);
  if (!parse_value (self, &member.value, error))
    return FALSE;

  g_array_append_val (self->members, member);
  return TRUE;
}

static gboolean
parse_object (Parser   *self,
              LfbJson  *value,
              GError  **error)
{
  const char *opening = self->at - 1;
  guint start = self->members->len;
  const char *duplicate;

  if (!take (self, '}'))
    {
      do
        {
          if (!parse_member (self, error))
            return FALSE;
        }
      while (take (self, ','));
      if (!take (self, '}'))
        return fail_expecting (self, "`,` or `}` in an object", error);
    }

  value->type = LFB_JSON_OBJECT;
  value->n_items = self->members->len - start;
  value->members = take_from_stack (self->tree, self->members, start);
  duplicate = find_duplicate (value->members, value->n_items);
  if (duplicate != NULL)
    return fail (self, opening, error, "the object that begins here has the name `%.100s` twice",
                 duplicate);
  return TRUE;
}

static gboolean
parse_container (Parser   *self,
                 LfbJson  *value,
                 GError  **error)
{
  gboolean is_array = *self->at == '[';
  gboolean done;

  if (self->depth == LFB_JSON_MAX_DEPTH)
    return fail (self, self->at, error, "nested deeper than %d", LFB_JSON_MAX_DEPTH);

  self->at++;
  self->depth++;
  done = is_array ? parse_array (self, value, error) : parse_object (self, value, error);
  self->depth--;
  return done;
}

static gboolean
parse_value (Parser   *self,
             LfbJson  *value,
             GError  **error)
{
  skip_space (self);
  if (self->at >= self->end)
    return fail_expecting (self, "a value", error);

  switch (*self->at)
    {
    case '[':
    case '{':
      return parse_container (self, value, error);
    case '"':
      self->at++;
      value->type = LFB_JSON_STRING;
      return parse_string (self, &value->text, error);
    case 't':
    case 'f':
      value->type = LFB_JSON_BOOL;
      value->boolean = *self->at == 't';
      return parse_literal (self, value->boolean ? "true" : "false", error);
    case 'n':
      value->type = LFB_JSON_NULL;
      return parse_literal (self, "null", error);
    case '-':
    case '0' ... '9':
      return parse_number (self, value, error);
    default:
      return fail_expecting (self, "a value", error);
    }
}

/* Reads a whole text of JSON. Errors have the code FORMAT and name the byte. */
LfbJsonTree *
_lfb_json_tree_new (const char  *text,
                    gsize        length,
                    GError     **error)
{
  g_autoptr (LfbJsonTree) tree = g_new0 (LfbJsonTree, 1);
  g_autoptr (GArray) items = g_array_new (FALSE, FALSE, sizeof (LfbJson));
  g_autoptr (GArray) members = g_array_new (FALSE, FALSE, sizeof (LfbJsonMember));
  Parser parser = { .tree = tree, .items = items, .members = members };
  const char *valid_end;

  tree->blocks = g_ptr_array_new_with_free_func (g_free);
  tree->text = g_malloc (length + 1);
  if (length > 0)
    memcpy (tree->text, text, length);
  tree->text[length] = '\0';

  parser.at = tree->text;
  parser.end = tree->text + length;
  if (!g_utf8_validate_len (tree->text, length, &valid_end))
    {
      fail (&parser, valid_end, error, "NUL, or not UTF-8");
      return NULL;
    }
  if (!parse_value (&parser, &tree->root, error))
    return NULL;
  skip_space (&parser);
  if (parser.at < parser.end)
    {
      fail_expecting (&parser, "the end of the text", error);
      return NULL;
    }

  return g_steal_pointer (&tree);
}

void
_lfb_json_tree_free (LfbJsonTree *self)
{
  g_ptr_array_unref (self->blocks);
  g_free (self->text);
  g_free (self);
}

const LfbJson *
_lfb_json_tree_get_root (LfbJsonTree *self)
{
  return &self->root;
}

/* The member @name of an object, or NULL. */
const LfbJson *
_lfb_json_lookup (const LfbJson *object,
                  const char    *name)
{
  for (guint i = 0; i < object->n_items; i++)
    if (strcmp (object->members[i].name, name) == 0)
      return &object->members[i].value;

  return NULL;
}

/* What a node is, for messages that expected something else. */
const char *
_lfb_json_describe (const LfbJson *json)
{
  switch (json->type)
    {
    case LFB_JSON_NULL:
      return "null";
    case LFB_JSON_BOOL:
      return json->boolean ? "true" : "false";
    case LFB_JSON_INT:
      return "an integer";
    case LFB_JSON_DOUBLE:
      return "a float";
    case LFB_JSON_STRING:
      return "a text";
    case LFB_JSON_ARRAY:
      return "an array";
    case LFB_JSON_OBJECT:
    default:
      return "an object";
    }
}

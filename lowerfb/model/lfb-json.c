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

#include <lowerfb/model/lfb-json-cursor-private.h>

#include <lowerfb/core/lfb-hash-private.h>

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
  LfbJsonCursor cursor;
  guint depth;

  /* items and members of the containers that are still open */
  GArray *items;
  GArray *members;
} Parser;

static gboolean parse_value (Parser   *self,
                             LfbJson  *value,
                             GError  **error);

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

static gboolean
parse_array (Parser   *self,
             LfbJson  *value,
             GError  **error)
{
  guint start = self->items->len;

  if (!_lfb_json_take (&self->cursor, ']'))
    {
      do
        {
          LfbJson item = { 0 };

          if (!parse_value (self, &item, error))
            return FALSE;
          g_array_append_val (self->items, item);
        }
      while (_lfb_json_take (&self->cursor, ','));
      if (!_lfb_json_take (&self->cursor, ']'))
        return _lfb_json_fail_expecting (&self->cursor, "`,` or `]` in an array", error);
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

  if (!_lfb_json_take (&self->cursor, '"'))
    return _lfb_json_fail_expecting (&self->cursor, "a name in quotes", error);
  if (!_lfb_json_parse_string (&self->cursor, &member.name, error))
    return FALSE;
  if (!_lfb_json_take (&self->cursor, ':'))
    return _lfb_json_fail_expecting (&self->cursor, "`:` after a name", error);
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
  const char *opening = self->cursor.at - 1;
  guint start = self->members->len;
  const char *duplicate;

  if (!_lfb_json_take (&self->cursor, '}'))
    {
      do
        {
          if (!parse_member (self, error))
            return FALSE;
        }
      while (_lfb_json_take (&self->cursor, ','));
      if (!_lfb_json_take (&self->cursor, '}'))
        return _lfb_json_fail_expecting (&self->cursor, "`,` or `}` in an object", error);
    }

  value->type = LFB_JSON_OBJECT;
  value->n_items = self->members->len - start;
  value->members = take_from_stack (self->tree, self->members, start);
  duplicate = find_duplicate (value->members, value->n_items);
  if (duplicate != NULL)
    return _lfb_json_fail (&self->cursor, opening, error,
                           "the object that begins here has the name `%.100s` twice", duplicate);
  return TRUE;
}

static gboolean
parse_container (Parser   *self,
                 LfbJson  *value,
                 GError  **error)
{
  gboolean is_array = *self->cursor.at == '[';
  gboolean done;

  if (self->depth == LFB_JSON_MAX_DEPTH)
    return _lfb_json_fail (&self->cursor, self->cursor.at, error, "nested deeper than %d", LFB_JSON_MAX_DEPTH);

  self->cursor.at++;
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
  _lfb_json_skip_space (&self->cursor);
  if (self->cursor.at >= self->cursor.end)
    return _lfb_json_fail_expecting (&self->cursor, "a value", error);

  switch (*self->cursor.at)
    {
    case '[':
    case '{':
      return parse_container (self, value, error);
    case '"':
      self->cursor.at++;
      value->type = LFB_JSON_STRING;
      return _lfb_json_parse_string (&self->cursor, &value->text, error);
    case 't':
    case 'f':
      value->type = LFB_JSON_BOOL;
      value->boolean = *self->cursor.at == 't';
      return _lfb_json_parse_literal (&self->cursor, value->boolean ? "true" : "false", error);
    case 'n':
      value->type = LFB_JSON_NULL;
      return _lfb_json_parse_literal (&self->cursor, "null", error);
    case '-':
    case '0' ... '9':
      return _lfb_json_parse_number (&self->cursor, value, error);
    default:
      return _lfb_json_fail_expecting (&self->cursor, "a value", error);
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

  parser.cursor.text = tree->text;
  parser.cursor.at = tree->text;
  parser.cursor.end = tree->text + length;
  if (!g_utf8_validate_len (tree->text, length, &valid_end))
    {
      _lfb_json_fail (&parser.cursor, valid_end, error, "NUL, or not UTF-8");
      return NULL;
    }
  if (!parse_value (&parser, &tree->root, error))
    return NULL;
  _lfb_json_skip_space (&parser.cursor);
  if (parser.cursor.at < parser.cursor.end)
    {
      _lfb_json_fail_expecting (&parser.cursor, "the end of the text", error);
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

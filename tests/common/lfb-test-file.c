/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-test-file.h. */

#include "lfb-test-file.h"

#include <string.h>

/* A tensor file of this header and data, without padding. */
GBytes *
lfb_test_make_file (const char *header,
                    const void *data,
                    gsize       size)
{
  GByteArray *file = g_byte_array_new ();
  guint64 length = GUINT64_TO_LE (strlen (header));

  g_byte_array_append (file, (const guint8 *) &length, sizeof length);
  g_byte_array_append (file, (const guint8 *) header, strlen (header));
  if (size > 0)
    g_byte_array_append (file, data, size);

  return g_byte_array_free_to_bytes (file);
}

/* A model file of this document; @tensors are the entries of the header, with a
 * comma in front, or empty.
 */
GBytes *
lfb_test_make_model (const char *document,
                     const char *tensors,
                     const void *data,
                     gsize       size)
{
  g_autoptr (JsonNode) text = json_node_new (JSON_NODE_VALUE);
  g_autofree char *quoted = NULL, *header = NULL;

  json_node_set_string (text, document);
  quoted = json_to_string (text, FALSE);
  header = g_strdup_printf ("{\"__metadata__\":{\"lowerfb\":%s}%s}", quoted, tensors);

  return lfb_test_make_file (header, data, size);
}

GBytes *
lfb_test_read_bytes (const char *path)
{
  g_autoptr (GError) error = NULL;
  char *contents;
  gsize length;

  g_file_get_contents (path, &contents, &length, &error);
  g_assert_no_error (error);

  return g_bytes_new_take (contents, length);
}

void
lfb_test_write_bytes (const char *path,
                      GBytes     *bytes)
{
  g_autoptr (GError) error = NULL;
  gsize length;
  const char *contents = g_bytes_get_data (bytes, &length);

  g_file_set_contents (path, contents, length, &error);
  g_assert_no_error (error);
}

JsonNode *
lfb_test_parse_json (const char *text)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autoptr (GError) error = NULL;

  json_parser_load_from_data (parser, text, -1, &error);
  g_assert_no_error (error);

  return json_node_ref (json_parser_get_root (parser));
}

/* Returns: (transfer full): the header */
JsonObject *
lfb_test_get_header (GBytes *bytes)
{
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);
  g_autoptr (JsonNode) node = NULL;
  g_autofree char *text = NULL;
  guint64 length;

  g_assert_cmpuint (size, >=, sizeof length);
  memcpy (&length, data, sizeof length);
  length = GUINT64_FROM_LE (length);
  g_assert_cmpuint (length, <=, size - sizeof length);
  text = g_strndup (data + sizeof length, length);
  node = lfb_test_parse_json (text);

  return json_object_ref (json_node_get_object (node));
}

/* Returns: (transfer full): the document of a model */
JsonNode *
lfb_test_get_document (GBytes *bytes)
{
  g_autoptr (JsonObject) header = lfb_test_get_header (bytes);
  JsonObject *metadata = json_object_get_object_member (header, "__metadata__");

  return lfb_test_parse_json (json_object_get_string_member (metadata, "lowerfb"));
}

static void
assert_at (gboolean    same,
           const char *path,
           const char *what)
{
  if (!same)
    g_error ("%s: %s differs", path, what);
}

static void
compare_values (const char *path,
                JsonNode   *found,
                JsonNode   *expected)
{
  GType type = json_node_get_value_type (found);
  double a, b;

  /* 3 is not 3.0 */
  assert_at (type == json_node_get_value_type (expected), path, "the type");
  switch (type)
    {
    case G_TYPE_DOUBLE:
      a = json_node_get_double (found);
      b = json_node_get_double (expected);
      assert_at (memcmp (&a, &b, sizeof a) == 0, path, "the number");
      break;
    case G_TYPE_INT64:
      assert_at (json_node_get_int (found) == json_node_get_int (expected), path, "the integer");
      break;
    case G_TYPE_BOOLEAN:
      assert_at (json_node_get_boolean (found) == json_node_get_boolean (expected), path, "the truth value");
      break;
    default:
      assert_at (g_str_equal (json_node_get_string (found), json_node_get_string (expected)), path, "the text");
    }
}

static void compare_nodes (const char *path,
                           JsonNode   *found,
                           JsonNode   *expected);

static void
compare_objects (const char *path,
                 JsonObject *found,
                 JsonObject *expected)
{
  g_autoptr (GList) names = json_object_get_members (found);
  g_autoptr (GList) expected_names = json_object_get_members (expected);
  GList *other = expected_names;

  for (GList *name = names; name != NULL; name = name->next, other = other->next)
    {
      g_autofree char *inner = g_strdup_printf ("%s.%s", path, (const char *) name->data);

      assert_at (other != NULL && g_str_equal (name->data, other->data), inner, "the name");
      compare_nodes (inner, json_object_get_member (found, name->data),
                     json_object_get_member (expected, name->data));
    }
  assert_at (other == NULL, path, "the number of members");
}

static void
compare_nodes (const char *path,
               JsonNode   *found,
               JsonNode   *expected)
{
  JsonNodeType type = json_node_get_node_type (found);

  assert_at (type == json_node_get_node_type (expected), path, "the kind");
  if (type == JSON_NODE_VALUE)
    {
      compare_values (path, found, expected);
    }
  else if (type == JSON_NODE_OBJECT)
    {
      compare_objects (path, json_node_get_object (found), json_node_get_object (expected));
    }
  else if (type == JSON_NODE_ARRAY)
    {
      JsonArray *items = json_node_get_array (found), *others = json_node_get_array (expected);

      assert_at (json_array_get_length (items) == json_array_get_length (others), path, "the length");
      for (guint i = 0; i < json_array_get_length (items); i++)
        {
          g_autofree char *inner = g_strdup_printf ("%s[%u]", path, i);

          compare_nodes (inner, json_array_get_element (items, i), json_array_get_element (others, i));
        }
    }
}

/* The same values of the same types, the same names in the same order. */
void
lfb_test_assert_json (JsonNode *found,
                      JsonNode *expected)
{
  compare_nodes ("document", found, expected);
}

static const guint8 *
get_range (GBytes     *bytes,
           JsonObject *entry,
           gsize      *size)
{
  JsonArray *offsets = json_object_get_array_member (entry, "data_offsets");
  const guint8 *data = g_bytes_get_data (bytes, NULL);
  guint64 length;

  memcpy (&length, data, sizeof length);
  *size = json_array_get_int_element (offsets, 1) - json_array_get_int_element (offsets, 0);

  return data + sizeof length + GUINT64_FROM_LE (length) + json_array_get_int_element (offsets, 0);
}

/* The same tensors by name, element type, shape and bytes, in any order. */
void
lfb_test_assert_tensors (GBytes *found,
                         GBytes *expected)
{
  g_autoptr (JsonObject) header = lfb_test_get_header (found);
  g_autoptr (JsonObject) expected_header = lfb_test_get_header (expected);
  g_autoptr (GList) names = NULL;

  json_object_remove_member (header, "__metadata__");
  json_object_remove_member (expected_header, "__metadata__");
  g_assert_cmpuint (json_object_get_size (header), ==, json_object_get_size (expected_header));

  names = json_object_get_members (expected_header);
  for (GList *name = names; name != NULL; name = name->next)
    {
      JsonObject *entry, *other = json_object_get_object_member (expected_header, name->data);
      const guint8 *data, *other_data;
      gsize size, other_size;

      if (!json_object_has_member (header, name->data))
        g_error ("tensor %s is missing", (const char *) name->data);
      entry = json_object_get_object_member (header, name->data);
      g_assert_cmpstr (json_object_get_string_member (entry, "dtype"), ==,
                       json_object_get_string_member (other, "dtype"));
      compare_nodes (name->data, json_object_get_member (entry, "shape"),
                     json_object_get_member (other, "shape"));
      data = get_range (found, entry, &size);
      other_data = get_range (expected, other, &other_size);
      g_assert_cmpmem (data, size, other_data, other_size);
    }
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-test-lower.h. Two lowered models are equal if they have the same nodes
 * in the same order with the same operation, target and arguments, up to the
 * names of nodes, the same attributes, and the same module types.
 */

#include "lfb-test-lower.h"

#include "../common/lfb-test.h"

#include <string.h>

LfbGraphModule *
lfb_test_load_case (const char *name)
{
  g_autofree char *file = g_strconcat (name, ".reference.safetensors", NULL);
  g_autofree char *path = lfb_test_data_path ("cases", file, NULL);
  g_autoptr (GError) error = NULL;
  LfbGraphModule *model = lfb_graph_module_load (path, &error);

  g_assert_no_error (error);
  return model;
}

JsonNode *
lfb_test_load_lowered (const char *name)
{
  g_autofree char *file = g_strconcat (name, ".lowered.json", NULL);
  g_autofree char *path = lfb_test_data_path ("cases", file, NULL);
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;

  json_parser_load_from_file (parser, path, &error);
  g_assert_no_error (error);
  return json_parser_steal_root (parser);
}

JsonNode *
lfb_test_to_json (LfbGraphModule *model)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = lfb_graph_module_to_json (model, &error);
  JsonNode *node;

  g_assert_no_error (error);
  node = json_from_string (text, &error);
  g_assert_no_error (error);
  return node;
}

LfbGraphModule *
lfb_test_lower_strict (LfbGraphModule *model)
{
  g_autoptr (LfbLowerer) lowerer = lfb_lowerer_new ();
  g_autoptr (GError) error = NULL;
  LfbGraphModule *lowered;

  lfb_lowerer_set_strict_upstream (lowerer, TRUE);
  lowered = lfb_lowerer_lower (lowerer, model, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  return lowered;
}

static gboolean
is_empty (JsonNode *node)
{
  return node == NULL || JSON_NODE_HOLDS_NULL (node) ||
         (JSON_NODE_HOLDS_OBJECT (node) && json_object_get_size (json_node_get_object (node)) == 0);
}

static gboolean
equal_values (JsonNode   *found,
              JsonNode   *expected,
              GHashTable *names);

static gboolean
equal_objects (JsonObject *found,
               JsonObject *expected,
               GHashTable *names)
{
  g_autoptr (GList) members = json_object_get_members (expected);

  if (json_object_get_size (found) != json_object_get_size (expected))
    return FALSE;
  if (json_object_get_size (expected) == 1 && json_object_has_member (expected, "node"))
    return json_object_has_member (found, "node") &&
           g_strcmp0 (g_hash_table_lookup (names, json_object_get_string_member (expected, "node")),
                      json_object_get_string_member (found, "node")) == 0;

  for (GList *member = members; member != NULL; member = member->next)
    {
      if (!json_object_has_member (found, member->data) ||
          !equal_values (json_object_get_member (found, member->data),
                         json_object_get_member (expected, member->data), names))
        return FALSE;
    }

  return TRUE;
}

static gboolean
equal_arrays (JsonArray  *found,
              JsonArray  *expected,
              GHashTable *names)
{
  if (json_array_get_length (found) != json_array_get_length (expected))
    return FALSE;

  for (guint i = 0; i < json_array_get_length (expected); i++)
    {
      if (!equal_values (json_array_get_element (found, i), json_array_get_element (expected, i), names))
        return FALSE;
    }

  return TRUE;
}

/* @names: name of a node in @expected to its name in @found. */
static gboolean
equal_values (JsonNode   *found,
              JsonNode   *expected,
              GHashTable *names)
{
  if (json_node_get_node_type (found) != json_node_get_node_type (expected))
    return FALSE;

  switch (json_node_get_node_type (expected))
    {
    case JSON_NODE_OBJECT:
      return equal_objects (json_node_get_object (found), json_node_get_object (expected), names);
    case JSON_NODE_ARRAY:
      return equal_arrays (json_node_get_array (found), json_node_get_array (expected), names);
    default:
      return json_node_equal (found, expected);
    }
}

static char *
compare_nodes (JsonArray *found,
               JsonArray *expected)
{
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < json_array_get_length (expected) && i < json_array_get_length (found); i++)
    {
      JsonObject *node = json_array_get_object_element (found, i);
      JsonObject *other = json_array_get_object_element (expected, i);
      const char *name = json_object_get_string_member (node, "name");
      const char *parts[] = { "op", "target" };

      for (guint j = 0; j < G_N_ELEMENTS (parts); j++)
        {
          if (!g_str_equal (json_object_get_string_member (node, parts[j]),
                            json_object_get_string_member (other, parts[j])))
            return g_strdup_printf ("node %u `%s`: %s is %s, not %s", i, name, parts[j],
                                    json_object_get_string_member (node, parts[j]),
                                    json_object_get_string_member (other, parts[j]));
        }
      if (!equal_values (json_object_get_member (node, "args"), json_object_get_member (other, "args"), names))
        return g_strdup_printf ("node %u `%s` has other arguments", i, name);
      if (!(is_empty (json_object_get_member (node, "kwargs")) && is_empty (json_object_get_member (other, "kwargs"))) &&
          (is_empty (json_object_get_member (node, "kwargs")) || is_empty (json_object_get_member (other, "kwargs")) ||
           !equal_values (json_object_get_member (node, "kwargs"), json_object_get_member (other, "kwargs"), names)))
        return g_strdup_printf ("node %u `%s` has other keyword arguments", i, name);

      g_hash_table_insert (names, (gpointer) json_object_get_string_member (other, "name"), (gpointer) name);
    }

  if (json_array_get_length (found) != json_array_get_length (expected))
    return g_strdup_printf ("%u nodes, not %u", json_array_get_length (found), json_array_get_length (expected));

  return NULL;
}

/* The parts in which PyTorch's quantized modules keep their packed weights. */
static gboolean
is_internal (const char *path)
{
  const char *dot = strrchr (path, '.');

  return strstr (path, "._packed_params") != NULL || strstr (path, "._all_weight_values") != NULL ||
         (dot != NULL && strstr (dot, "_packed_params") != NULL);
}

static const char *
module_type (JsonNode *node)
{
  JsonObject *object;

  if (JSON_NODE_HOLDS_VALUE (node))
    return json_node_get_string (node);

  object = json_node_get_object (node);
  return json_object_has_member (object, "alias") ? "alias" : json_object_get_string_member (object, "type");
}

static const char *
attribute_kind (JsonNode *node)
{
  JsonObject *object;

  if (JSON_NODE_HOLDS_VALUE (node))
    return json_node_get_value_type (node) == G_TYPE_STRING ? json_node_get_string (node) : "value";
  if (!JSON_NODE_HOLDS_OBJECT (node))
    return "value";

  object = json_node_get_object (node);
  return json_object_has_member (object, "packed") ? json_object_get_string_member (object, "packed") : "value";
}

static char *
compare_members (JsonObject   *found,
                 JsonObject   *expected,
                 const char   *what,
                 const char *(*get) (JsonNode *node))
{
  g_autoptr (GList) found_names = json_object_get_members (found);
  g_autoptr (GList) expected_names = json_object_get_members (expected);

  for (GList *name = expected_names; name != NULL; name = name->next)
    {
      const char *wanted = get (json_object_get_member (expected, name->data));

      if (is_internal (name->data))
        continue;
      if (!json_object_has_member (found, name->data))
        return g_strdup_printf ("%s `%s` (%s) is missing", what, (char *) name->data, wanted);
      if (!g_str_equal (get (json_object_get_member (found, name->data)), wanted))
        return g_strdup_printf ("%s `%s` is %s, not %s", what, (char *) name->data,
                                get (json_object_get_member (found, name->data)), wanted);
    }
  for (GList *name = found_names; name != NULL; name = name->next)
    {
      if (!json_object_has_member (expected, name->data))
        return g_strdup_printf ("%s `%s` (%s) is too much", what, (char *) name->data,
                                get (json_object_get_member (found, name->data)));
    }

  return NULL;
}

/* What differs first; %NULL if nothing does. */
char *
lfb_test_compare_lowered (JsonNode *found,
                          JsonNode *expected)
{
  JsonObject *a = json_node_get_object (found);
  JsonObject *b = json_node_get_object (expected);
  char *difference = compare_nodes (json_object_get_array_member (a, "nodes"),
                                    json_object_get_array_member (b, "nodes"));

  if (difference == NULL)
    difference = compare_members (json_object_get_object_member (a, "attributes"),
                                  json_object_get_object_member (b, "attributes"), "attribute", attribute_kind);
  if (difference == NULL)
    difference = compare_members (json_object_get_object_member (a, "modules"),
                                  json_object_get_object_member (b, "modules"), "module", module_type);

  return difference;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every reference model that PyTorch made for us loads, prints, passes the
 * check, and comes out of saving and loading as it went in.
 */

#include "common/lfb-test-file.h"

#include <string.h>

#define N_CASES 147

static void
assert_same_file (GBytes *found,
                  GBytes *expected)
{
  g_autoptr (JsonNode) document = lfb_test_get_document (found);
  g_autoptr (JsonNode) expected_document = lfb_test_get_document (expected);

  lfb_test_assert_json (document, expected_document);
  lfb_test_assert_tensors (found, expected);
}

/* Where tensors lie in a file that we wrote: aligned, and without gaps. */
static void
assert_layout (GBytes *bytes)
{
  g_autoptr (JsonObject) header = lfb_test_get_header (bytes);
  g_autoptr (GList) names = NULL;
  gsize total = 0;
  guint64 length;

  memcpy (&length, g_bytes_get_data (bytes, NULL), sizeof length);
  g_assert_cmpuint ((sizeof length + GUINT64_FROM_LE (length)) % 64, ==, 0);

  json_object_remove_member (header, "__metadata__");
  names = json_object_get_members (header);
  for (GList *name = names; name != NULL; name = name->next)
    {
      JsonObject *entry = json_object_get_object_member (header, name->data);
      JsonArray *offsets = json_object_get_array_member (entry, "data_offsets");
      const char *dtype = json_object_get_string_member (entry, "dtype");
      gint64 begin = json_array_get_int_element (offsets, 0);
      gint64 size = g_str_has_suffix (dtype, "64") ? 8 : g_str_has_suffix (dtype, "32") ? 4
                    : g_str_has_suffix (dtype, "16") ? 2 : 1;

      g_assert_cmpint (begin % size, ==, 0);
      total += json_array_get_int_element (offsets, 1) - begin;
    }
  g_assert_cmpuint (sizeof length + GUINT64_FROM_LE (length) + total, ==, g_bytes_get_size (bytes));
}

static void
assert_mapped (LfbGraphModule *model)
{
  g_auto (GStrv) names = lfb_graph_module_list_attributes (model);

  for (gsize i = 0; names[i] != NULL; i++)
    {
      LfbTensor *tensor = lfb_value_get_tensor (lfb_graph_module_get_attribute (model, names[i]));

      if (tensor != NULL)
        g_assert_nonnull (lfb_tensor_get_name (tensor));
    }
}

static void
test_case (gconstpointer data)
{
  g_autofree char *name = g_strconcat (data, ".reference.safetensors", NULL);
  g_autofree char *path = lfb_test_data_path ("cases", name, NULL);
  g_autofree char *copy_path = lfb_test_scratch ("case.safetensors");
  g_autofree char *text = NULL, *copy_text = NULL, *json = NULL;
  g_autoptr (GBytes) original = lfb_test_read_bytes (path);
  g_autoptr (GBytes) saved = NULL;
  g_autoptr (GBytes) in_memory = NULL;
  g_autoptr (GBytes) again = NULL;
  g_autoptr (LfbGraphModule) model = NULL;
  g_autoptr (LfbGraphModule) copy = NULL;
  g_autoptr (JsonNode) shown = NULL;
  g_autoptr (JsonNode) document = NULL;
  g_autoptr (GError) error = NULL;
  LfbNode *output;

  model = lfb_graph_module_load (path, &error);
  g_assert_no_error (error);
  g_assert_true (lfb_graph_module_check (model, &error));
  output = lfb_graph_get_last (lfb_graph_module_get_graph (model));
  g_assert_cmpint (lfb_node_get_op (output), ==, LFB_OP_OUTPUT);
  text = lfb_graph_module_to_text (model);
  g_assert_nonnull (strstr (text, "return"));
  assert_mapped (model);

  g_assert_true (lfb_graph_module_save (model, copy_path, &error));
  g_assert_no_error (error);
  saved = lfb_test_read_bytes (copy_path);
  assert_same_file (saved, original);
  assert_layout (saved);

  copy = lfb_graph_module_load (copy_path, &error);
  g_assert_no_error (error);
  copy_text = lfb_graph_module_to_text (copy);
  g_assert_cmpstr (copy_text, ==, text);

  /* A file that we wrote comes out byte for byte. */
  in_memory = lfb_graph_module_to_bytes (model, &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (in_memory, saved));
  again = lfb_graph_module_to_bytes (copy, &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (again, saved));

  json = lfb_graph_module_to_json (model, &error);
  g_assert_no_error (error);
  shown = lfb_test_parse_json (json);
  document = lfb_test_get_document (original);
  lfb_test_assert_json (shown, document);
}

/* A copy of a model saves as the model does. */
static void
test_copy (gconstpointer data)
{
  g_autofree char *name = g_strconcat (data, ".reference.safetensors", NULL);
  g_autofree char *path = lfb_test_data_path ("cases", name, NULL);
  g_autoptr (GBytes) original = lfb_test_read_bytes (path);
  g_autoptr (LfbGraphModule) model = NULL;
  g_autoptr (LfbGraphModule) copy = NULL;
  g_autoptr (GBytes) saved = NULL;
  g_autoptr (GError) error = NULL;

  model = lfb_graph_module_load_bytes (original, &error);
  g_assert_no_error (error);
  copy = lfb_graph_module_copy (model);
  g_clear_object (&model);
  saved = lfb_graph_module_to_bytes (copy, &error);
  g_assert_no_error (error);
  assert_same_file (saved, original);
}

int
main (int   argc,
      char *argv[])
{
  g_auto (GStrv) names = NULL;

  g_test_init (&argc, &argv, NULL);

  names = lfb_test_list ("cases", ".reference.safetensors");
  g_assert_cmpuint (g_strv_length (names), ==, N_CASES);
  for (gsize i = 0; names[i] != NULL; i++)
    {
      g_autofree char *round_trip = g_strconcat ("/model/cases/round-trip/", names[i], NULL);
      g_autofree char *copy = g_strconcat ("/model/cases/copy/", names[i], NULL);

      g_test_add_data_func (round_trip, names[i], test_case);
      g_test_add_data_func (copy, names[i], test_copy);
    }

  return g_test_run ();
}

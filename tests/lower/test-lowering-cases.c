/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Models that PyTorch lowered for us lower to the graphs it made, node for node;
 * and whatever is lowered, the input stays as it was, every pass leaves a valid
 * graph, and lowering once more changes nothing.
 */

#include "lfb-test-lower.h"

#include "../common/lfb-test.h"

#define N_CASES 147

/* Both calls of PyTorch's one module take the scale of the last: that is wrong
 * (doc/lowering-coverage.md, “Rewriting”). Here the second call has a module of its own.
 */
static void
undo_second_module (JsonNode *document)
{
  JsonArray *nodes = json_object_get_array_member (json_node_get_object (document), "nodes");
  JsonObject *modules = json_object_get_object_member (json_node_get_object (document), "modules");
  guint n_calls = 0;

  g_assert_true (json_object_has_member (modules, "l_1"));
  for (guint i = 0; i < json_array_get_length (nodes); i++)
    {
      JsonObject *node = json_array_get_object_element (nodes, i);

      if (!g_str_equal (json_object_get_string_member (node, "target"), "l_1"))
        continue;
      json_object_set_string_member (node, "target", "l");
      n_calls++;
    }
  g_assert_cmpuint (n_calls, ==, 1);
  json_object_remove_member (modules, "l_1");
}

static void
assert_same_document (LfbGraphModule *a,
                      LfbGraphModule *b)
{
  g_autofree char *json = lfb_graph_module_to_json (a, NULL);
  g_autofree char *other = lfb_graph_module_to_json (b, NULL);

  g_assert_cmpstr (json, ==, other);
}

static void
test_structure (gconstpointer data)
{
  g_autoptr (LfbGraphModule) model = lfb_test_load_case (data);
  g_autoptr (LfbGraphModule) lowered = lfb_test_lower_strict (model);
  g_autoptr (JsonNode) found = lfb_test_to_json (lowered);
  g_autoptr (JsonNode) expected = lfb_test_load_lowered (data);
  g_autofree char *difference = NULL;

  if (g_str_equal (data, "linear_called_twice"))
    undo_second_module (found);
  difference = lfb_test_compare_lowered (found, expected);
  if (difference != NULL)
    g_test_fail_printf ("%s: %s", (const char *) data, difference);
}

static void
test_input_unchanged (gconstpointer data)
{
  g_autoptr (LfbGraphModule) model = lfb_test_load_case (data);
  g_autofree char *before = lfb_graph_module_to_json (model, NULL);
  g_autoptr (LfbGraphModule) lowered = lfb_test_lower_strict (model);
  g_autofree char *after = lfb_graph_module_to_json (model, NULL);

  g_assert_true (lowered != model);
  g_assert_cmpstr (before, ==, after);
}

static void
test_idempotent (gconstpointer data)
{
  for (guint strict = 0; strict < 2; strict++)
    {
      g_autoptr (LfbGraphModule) model = lfb_test_load_case (data);
      g_autoptr (LfbLowerer) lowerer = lfb_lowerer_new ();
      g_autoptr (LfbGraphModule) lowered = NULL;
      g_autoptr (LfbGraphModule) again = NULL;
      g_autoptr (GError) error = NULL;

      lfb_lowerer_set_strict_upstream (lowerer, strict);
      lowered = lfb_lowerer_lower (lowerer, model, NULL, NULL, NULL, &error);
      g_assert_no_error (error);
      again = lfb_lowerer_lower (lowerer, lowered, NULL, NULL, NULL, &error);
      g_assert_no_error (error);
      assert_same_document (lowered, again);
    }
}

/* One pass after the other, each alone, gives what the lowerer gives. */
static void
test_pass_by_pass (gconstpointer data)
{
  g_autoptr (LfbGraphModule) model = lfb_test_load_case (data);
  g_autoptr (LfbGraphModule) step = lfb_graph_module_copy (model);
  g_autoptr (LfbGraphModule) lowered = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) names = lfb_pass_list_builtin ();

  for (gsize i = 0; names[i] != NULL; i++)
    {
      g_autoptr (LfbPass) pass = lfb_pass_new_builtin (names[i], NULL);
      g_autofree char *before = lfb_graph_module_to_text (step);
      g_autofree char *after = NULL;
      gboolean changed = lfb_pass_run (pass, step, &error);

      g_assert_no_error (error);
      lfb_graph_module_check (step, &error);
      g_assert_no_error (error);
      after = lfb_graph_module_to_text (step);
      if (!changed)
        g_assert_cmpstr (before, ==, after);
    }

  lowered = lfb_lower_to_fbgemm (model, NULL, NULL, FALSE, &error);
  g_assert_no_error (error);
  assert_same_document (lowered, step);
}

/* Every quantize and reference module has a note that says something. */
static void
test_report (gconstpointer data)
{
  g_autoptr (LfbGraphModule) model = lfb_test_load_case (data);
  g_autoptr (LfbLowerer) lowerer = lfb_lowerer_new ();
  g_autoptr (LfbGraphModule) lowered = NULL;
  g_autoptr (GError) error = NULL;
  LfbLoweringReport *report;

  lowered = lfb_lowerer_lower (lowerer, model, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  report = lfb_lowerer_get_report (lowerer);
  g_assert_nonnull (report);

  for (LfbNode *node = lfb_graph_get_first (lfb_graph_module_get_graph (model)); node != NULL;
       node = lfb_node_get_next (node))
    {
      const char *target = lfb_node_get_target (node);
      LfbModule *module = lfb_node_get_op (node) == LFB_OP_CALL_MODULE ? lfb_graph_module_get_module (model, target) : NULL;
      LfbLoweringNote *note = lfb_lowering_report_find (report, lfb_node_get_name (node));

      if (!(lfb_node_get_op (node) == LFB_OP_CALL_FUNCTION && g_str_has_prefix (target, "torch.quantize_per_")) &&
          !(module != NULL && g_str_has_prefix (lfb_module_get_type_name (module), "torch.ao.nn.quantized.reference.")))
        continue;

      g_assert_nonnull (note);
      if (lfb_lowering_note_get_lowered (note))
        {
          g_assert_nonnull (lfb_lowering_note_get_result (note));
          g_assert_nonnull (lfb_lowering_note_get_pass_name (note));
          g_assert_null (lfb_lowering_note_get_reason (note));
        }
      else
        {
          g_assert_nonnull (lfb_lowering_note_get_reason (note));
          g_assert_null (lfb_lowering_note_get_result (note));
        }
    }
}

static void
add_test (const char    *kind,
          const char    *name,
          GTestDataFunc  func)
{
  g_autofree char *path = g_strdup_printf ("/lowering-cases/%s/%s", kind, name);

  g_test_add_data_func_full (path, g_strdup (name), func, g_free);
}

int
main (int   argc,
      char *argv[])
{
  g_auto (GStrv) names = NULL;

  g_test_init (&argc, &argv, NULL);
  names = lfb_test_list ("cases", ".lowered.json");
  g_assert_cmpuint (g_strv_length (names), >=, N_CASES);

  for (gsize i = 0; names[i] != NULL; i++)
    {
      add_test ("structure", names[i], test_structure);
      add_test ("input-unchanged", names[i], test_input_unchanged);
      add_test ("idempotent", names[i], test_idempotent);
      add_test ("pass-by-pass", names[i], test_pass_by_pass);
      add_test ("report", names[i], test_report);
    }

  return g_test_run ();
}

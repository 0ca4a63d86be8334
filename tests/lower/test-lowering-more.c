/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The models of tests/cases-more: rows of the lowering and awkward graphs beyond
 * those of tests/cases. Each lowers to the graph that PyTorch made, or to the one
 * that was written by hand; what has to stay is reported with the nodes that are
 * the reason; and the lowered model computes what the reference model computes,
 * also after it was saved and loaded.
 */

#include "lfb-test-lower.h"

#include "../common/lfb-test-agreement.h"

#include <glib/gstdio.h>
#include <math.h>

#define FOLDER "cases-more"
#define N_CASES 171

typedef struct {
  char *name;
  gboolean strict;
} Run;

static gsize n_stepped, n_stepped_differing;

static Run *
run_new (const char *name,
         gboolean    strict)
{
  Run *run = g_new0 (Run, 1);

  run->name = g_strdup (name);
  run->strict = strict;

  return run;
}

static void
run_free (gpointer data)
{
  Run *run = data;

  g_free (run->name);
  g_free (run);
}

/* Whether @text names @name, quoted or not, and not as part of another word. */
static gboolean
names_node (const char *text,
            const char *name)
{
  g_autofree char *escaped = g_regex_escape_string (name, -1);
  g_autofree char *pattern = g_strdup_printf ("\\b%s\\b", escaped);

  return g_regex_match_simple (pattern, text, 0, 0);
}

static char *
case_path (const char *name,
           const char *suffix)
{
  g_autofree char *file = g_strconcat (name, suffix, NULL);

  return lfb_test_data_path (FOLDER, file, NULL);
}

static LfbGraphModule *
load_reference (const char *name)
{
  g_autofree char *path = case_path (name, ".reference.safetensors");
  g_autoptr (GError) error = NULL;
  LfbGraphModule *model = lfb_graph_module_load (path, &error);

  g_assert_no_error (error);
  return model;
}

static JsonNode *
load_expected (const char *name)
{
  g_autofree char *path = case_path (name, ".lowered.json");
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;

  json_parser_load_from_file (parser, path, &error);
  g_assert_no_error (error);
  return json_parser_steal_root (parser);
}

static JsonObject *
get_member (JsonObject *object,
            const char *name)
{
  return json_object_has_member (object, name) ? json_object_get_object_member (object, name) : NULL;
}

static LfbGraphModule *
lower (const Run      *run,
       LfbGraphModule *model,
       LfbLowerer     *lowerer)
{
  g_autoptr (GError) error = NULL;
  LfbGraphModule *lowered;

  lfb_lowerer_set_strict_upstream (lowerer, run->strict);
  lowered = lfb_lowerer_lower (lowerer, model, NULL, NULL, NULL, &error);
  g_assert_no_error (error);

  return lowered;
}

/* Also inside the modules that are graphs. */
static char *
compare_documents (JsonNode *found,
                   JsonNode *expected)
{
  JsonObject *graphs = get_member (json_node_get_object (expected), "graphs");
  JsonObject *modules = json_object_get_object_member (json_node_get_object (found), "modules");
  char *difference = lfb_test_compare_lowered (found, expected);
  JsonObjectIter iter;
  JsonNode *graph;
  const char *path;

  if (difference != NULL || graphs == NULL)
    return difference;

  json_object_iter_init (&iter, graphs);
  while (json_object_iter_next (&iter, &path, &graph))
    {
      JsonObject *module = json_object_get_object_member (modules, path);
      g_autofree char *inner = NULL;

      g_assert_true (json_object_has_member (module, "graph"));
      inner = compare_documents (json_object_get_member (module, "graph"), graph);
      if (inner != NULL)
        return g_strdup_printf ("in module %s: %s", path, inner);
    }

  return NULL;
}

static void
test_structure (gconstpointer data)
{
  const Run *run = data;
  g_autoptr (LfbGraphModule) model = load_reference (run->name);
  g_autoptr (LfbLowerer) lowerer = lfb_lowerer_new ();
  g_autoptr (LfbGraphModule) lowered = lower (run, model, lowerer);
  g_autoptr (LfbGraphModule) again = NULL;
  g_autoptr (JsonNode) found = lfb_test_to_json (lowered);
  g_autoptr (JsonNode) expected = load_expected (run->name);
  g_autoptr (JsonNode) found_again = NULL;
  g_autofree char *difference = compare_documents (found, expected);

  if (difference != NULL)
    {
      g_autofree char *text = lfb_graph_module_to_text (lowered);

      g_test_message ("%s", text);
      g_test_fail_printf ("%s: %s", run->name, difference);
      return;
    }

  again = lower (run, lowered, lowerer);
  found_again = lfb_test_to_json (again);
  difference = compare_documents (found_again, expected);
  if (difference != NULL)
    g_test_fail_printf ("%s, lowered once more: %s", run->name, difference);
}

/* What stays is reported, and the reason names the nodes that are to blame. */
static void
test_left (gconstpointer data)
{
  const Run *run = data;
  g_autoptr (LfbGraphModule) model = load_reference (run->name);
  g_autoptr (LfbLowerer) lowerer = lfb_lowerer_new ();
  g_autoptr (LfbGraphModule) lowered = lower (run, model, lowerer);
  g_autoptr (JsonNode) expected = load_expected (run->name);
  LfbLoweringReport *report = lfb_lowerer_get_report (lowerer);
  JsonObjectIter iter;
  JsonNode *names;
  const char *node;

  json_object_iter_init (&iter, json_object_get_object_member (json_node_get_object (expected), "left"));
  while (json_object_iter_next (&iter, &node, &names))
    {
      JsonArray *array = json_node_get_array (names);
      LfbLoweringNote *note = lfb_lowering_report_find (report, node);
      const char *reason = note != NULL ? lfb_lowering_note_get_reason (note) : NULL;

      if (note == NULL || lfb_lowering_note_get_lowered (note) || reason == NULL)
        {
          g_test_fail_printf ("%s: `%s` is not reported as left", run->name, node);
          continue;
        }
      g_test_message ("`%s`: %s", node, reason);
      for (guint i = 0; i < json_array_get_length (array); i++)
        {
          const char *name = json_array_get_string_element (array, i);

          if (!names_node (reason, name) && !g_str_equal (node, name))
            g_test_fail_printf ("%s: the reason for `%s` does not name `%s`: %s", run->name, node, name, reason);
        }
    }
}

static void
test_original_weights (gconstpointer data)
{
  const Run *run = data;
  g_autoptr (LfbGraphModule) model = load_reference (run->name);
  g_autoptr (LfbLowerer) lowerer = lfb_lowerer_new ();
  g_autoptr (LfbGraphModule) lowered = NULL;
  g_autoptr (JsonNode) expected = load_expected (run->name);
  JsonObject *lists = json_object_get_object_member (json_node_get_object (expected), "original_weights");
  LfbValue *kept;
  JsonObjectIter iter;
  JsonNode *shapes;
  const char *key;

  lfb_lowerer_set_keep_original_weights (lowerer, TRUE);
  lowered = lower (run, model, lowerer);
  kept = lfb_graph_module_get_original_weights (lowered);
  g_assert_nonnull (kept);
  g_assert_cmpint (lfb_value_get_kind (kept), ==, LFB_VALUE_KIND_DICT);
  g_assert_cmpuint (lfb_value_get_n_items (kept), ==, json_object_get_size (lists));

  json_object_iter_init (&iter, lists);
  while (json_object_iter_next (&iter, &key, &shapes))
    {
      LfbValue *list = lfb_value_lookup (kept, key);

      g_test_message ("%s", key);
      g_assert_nonnull (list);
      g_assert_cmpuint (lfb_value_get_n_items (list), ==, json_array_get_length (json_node_get_array (shapes)));
      for (guint i = 0; i < lfb_value_get_n_items (list); i++)
        {
          LfbTensor *tensor = lfb_value_get_tensor (lfb_value_get_item (list, i));
          JsonNode *wanted = json_array_get_element (json_node_get_array (shapes), i);
          const gint64 *shape;
          gsize n_dims;

          if (JSON_NODE_HOLDS_NULL (wanted))
            {
              g_assert_null (tensor);
              continue;
            }
          g_assert_nonnull (tensor);
          shape = lfb_tensor_get_shape (tensor, &n_dims);
          g_assert_cmpuint (n_dims, ==, json_array_get_length (json_node_get_array (wanted)));
          for (guint j = 0; j < n_dims; j++)
            g_assert_cmpint (shape[j], ==, json_array_get_int_element (json_node_get_array (wanted), j));
        }
    }
}

/* Outputs of our own against what PyTorch recorded. */
static void
check_recorded (const char *name,
                const char *what,
                GPtrArray  *found,
                GPtrArray  *recorded,
                double     *steps)
{
  g_assert_cmpuint (found->len, ==, recorded->len);
  for (guint i = 0; i < found->len; i++)
    {
      LfbTestAgreement agreement =
        lfb_test_compare_tensors (g_ptr_array_index (found, i), g_ptr_array_index (recorded, i), steps[i]);

      g_test_message ("%s output %u against the recorded one: %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT
                      " differ, at most %.3g %s",
                      what, i, agreement.n_differing, agreement.n_elements, agreement.largest,
                      agreement.stepped ? "steps" : "of the range");
      if (agreement.stepped)
        {
          n_stepped += agreement.n_elements;
          n_stepped_differing += agreement.n_differing;
        }
      if (!lfb_test_agrees (&agreement))
        g_test_fail_printf ("%s: output %u of the %s model is not the recorded one", name, i, what);
    }
}

static double
get_double (JsonObject *object,
            const char *name,
            double      otherwise)
{
  return json_object_has_member (object, name) ? json_object_get_double_member (object, name) : otherwise;
}

/* Lowered against reference, both run here: at most one step apart, of the larger
 * scale, or 0.1 % of the range where there are no steps, unless the case has
 * other limits.
 */
static void
check_lowered (const char *name,
               JsonObject *expected,
               GPtrArray  *lowered,
               double     *lowered_steps,
               GPtrArray  *reference,
               double     *steps)
{
  double n_steps = get_double (expected, "steps", 1);
  double tolerance = get_double (expected, "tolerance", 1e-3);

  g_assert_cmpuint (lowered->len, ==, reference->len);
  for (guint i = 0; i < lowered->len; i++)
    {
      LfbTestAgreement agreement =
        lfb_test_compare_tensors (g_ptr_array_index (lowered, i), g_ptr_array_index (reference, i),
                                  MAX (steps[i], lowered_steps[i]));

      g_test_message ("lowered output %u against the reference one: %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT
                      " differ, at most %.3g %s",
                      i, agreement.n_differing, agreement.n_elements, agreement.largest,
                      agreement.stepped ? "steps" : "of the range");
      if (agreement.largest > (agreement.stepped ? n_steps + 0.01 : tolerance))
        g_test_fail_printf ("%s: output %u of the lowered model is %g %s off", name, i, agreement.largest,
                            agreement.stepped ? "steps" : "of the range");
    }
}

static void
test_run (gconstpointer data)
{
  const Run *run = data;
  g_autofree char *path = case_path (run->name, ".io.safetensors");
  g_autoptr (GError) error = NULL;
  g_autoptr (LfbGraphModule) model = load_reference (run->name);
  g_autoptr (LfbLowerer) lowerer = lfb_lowerer_new ();
  g_autoptr (LfbGraphModule) lowered = lower (run, model, lowerer);
  g_autoptr (LfbTensorFile) file = lfb_tensor_file_load (path, &error);
  g_autoptr (JsonNode) expected = load_expected (run->name);
  g_autoptr (GPtrArray) inputs = NULL;
  g_autoptr (GPtrArray) recorded = NULL;
  g_autoptr (GPtrArray) recorded_lowered = NULL;
  g_autoptr (GPtrArray) reference = NULL;
  g_autoptr (GPtrArray) outputs = NULL;
  g_autofree double *steps = NULL;
  g_autofree double *lowered_steps = NULL;

  g_assert_no_error (error);
  inputs = lfb_test_read_tensors (file, "input");
  recorded = lfb_test_read_tensors (file, "reference");
  recorded_lowered = lfb_test_read_tensors (file, "lowered");

  reference = lfb_test_run (model, inputs, &error);
  g_assert_no_error (error);
  outputs = lfb_test_run (lowered, inputs, &error);
  g_assert_no_error (error);
  steps = lfb_test_find_steps (model, inputs, reference->len);
  lowered_steps = lfb_test_find_steps (lowered, inputs, outputs->len);

  check_recorded (run->name, "reference", reference, recorded, steps);
  if (recorded_lowered->len > 0)
    check_recorded (run->name, "lowered", outputs, recorded_lowered, lowered_steps);
  check_lowered (run->name, json_node_get_object (expected), outputs, lowered_steps, reference, steps);
}

/* A lowered model that was saved and loaded gives the same bits. */
static void
test_saved (gconstpointer data)
{
  const Run *run = data;
  g_autofree char *path = case_path (run->name, ".io.safetensors");
  g_autofree char *saved = lfb_test_scratch ("lowered.safetensors");
  g_autoptr (GError) error = NULL;
  g_autoptr (LfbGraphModule) model = load_reference (run->name);
  g_autoptr (LfbLowerer) lowerer = lfb_lowerer_new ();
  g_autoptr (LfbGraphModule) lowered = lower (run, model, lowerer);
  g_autoptr (LfbGraphModule) loaded = NULL;
  g_autoptr (LfbTensorFile) file = lfb_tensor_file_load (path, &error);
  g_autoptr (GPtrArray) inputs = NULL;
  g_autoptr (GPtrArray) outputs = NULL;
  g_autoptr (GPtrArray) again = NULL;

  g_assert_no_error (error);
  lfb_graph_module_save (lowered, saved, &error);
  g_assert_no_error (error);
  loaded = lfb_graph_module_load (saved, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_remove (saved), ==, 0);

  inputs = lfb_test_read_tensors (file, "input");
  outputs = lfb_test_run (lowered, inputs, &error);
  g_assert_no_error (error);
  again = lfb_test_run (loaded, inputs, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (again->len, ==, outputs->len);
  for (guint i = 0; i < outputs->len; i++)
    g_assert_true (lfb_tensor_equal (g_ptr_array_index (again, i), g_ptr_array_index (outputs, i)));
}

/* Runs last: one in ten thousand over the whole set. */
static void
test_totals (void)
{
  g_test_message ("%" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " elements with steps differ from the recorded ones",
                  n_stepped_differing, n_stepped);
  g_assert_cmpuint (n_stepped, >, 0);
  g_assert_cmpuint (n_stepped_differing * 10000, <=, n_stepped);
}

static void
add_test (const char    *kind,
          const char    *name,
          gboolean       strict,
          GTestDataFunc  func)
{
  g_autofree char *path = g_strdup_printf ("/lowering-more/%s/%s/%s", kind, name, strict ? "strict" : "default");

  g_test_add_data_func_full (path, run_new (name, strict), func, run_free);
}

static void
add_case (const char *name)
{
  g_autoptr (JsonNode) expected = load_expected (name);
  JsonObject *object = json_node_get_object (expected);
  JsonArray *modes = json_object_get_array_member (object, "modes");

  g_assert_cmpuint (json_array_get_length (modes), >, 0);
  for (guint i = 0; i < json_array_get_length (modes); i++)
    {
      gboolean strict = g_str_equal (json_array_get_string_element (modes, i), "strict");

      add_test ("structure", name, strict, test_structure);
      if (!json_object_has_member (object, "runs"))
        {
          add_test ("run", name, strict, test_run);
          add_test ("saved", name, strict, test_saved);
        }
      if (json_object_has_member (object, "left"))
        add_test ("left", name, strict, test_left);
      if (json_object_has_member (object, "original_weights"))
        add_test ("original-weights", name, strict, test_original_weights);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_auto (GStrv) names = NULL;

  g_test_init (&argc, &argv, NULL);
  names = lfb_test_list (FOLDER, ".lowered.json");
  g_assert_cmpuint (g_strv_length (names), ==, N_CASES);

  for (gsize i = 0; names[i] != NULL; i++)
    add_case (names[i]);
  g_test_add_func ("/lowering-more/totals/all", test_totals);

  return g_test_run ();
}

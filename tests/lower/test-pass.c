/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Passes of the library run alone, and passes that an application writes. */

#include "lfb-test-model.h"

#include "../common/lfb-test.h"

#include <string.h>

/* Replaces torch.sin by torch.cos; can be told to misbehave. */
#define TEST_TYPE_PASS (test_pass_get_type ())
G_DECLARE_FINAL_TYPE (TestPass, test_pass, TEST, PASS, LfbPass)

typedef enum {
  TEST_PASS_HONEST,
  TEST_PASS_LIES,
  TEST_PASS_FAILS,
  TEST_PASS_BREAKS_GRAPH,
  TEST_PASS_REMOVES,
} TestPassManner;

struct _TestPass
{
  LfbPass parent_instance;

  TestPassManner manner;
  GThread *thread;
  guint n_runs;
};

G_DEFINE_FINAL_TYPE (TestPass, test_pass, LFB_TYPE_PASS)

/* What comes before a quantize takes its place. */
static void
remove_quantizes (LfbGraphModule *model)
{
  LfbGraph *graph = lfb_graph_module_get_graph (model);
  LfbNode *next;

  for (LfbNode *node = lfb_graph_get_first (graph); node != NULL; node = next)
    {
      next = lfb_node_get_next (node);
      if (!lfb_node_is (node, LFB_OP_CALL_FUNCTION, "torch.quantize_per_tensor"))
        continue;
      lfb_node_replace_all_uses_with (node, lfb_node_get_input (node, 0), NULL);
      lfb_graph_erase_node (graph, node, NULL);
    }
}

static gboolean
test_pass_run (LfbPass         *pass,
               LfbGraphModule  *model,
               GError         **error)
{
  TestPass *self = TEST_PASS (pass);
  LfbGraph *graph = lfb_graph_module_get_graph (model);
  gboolean changed = FALSE;

  self->thread = g_thread_self ();
  self->n_runs++;
  for (LfbNode *node = lfb_graph_get_first (graph); node != NULL; node = lfb_node_get_next (node))
    {
      if (!lfb_node_is (node, LFB_OP_CALL_FUNCTION, "torch.sin"))
        continue;
      lfb_node_set_target (node, "torch.cos");
      lfb_pass_report (pass, node, TRUE, "torch.cos");
      changed = TRUE;
    }

  switch (self->manner)
    {
    case TEST_PASS_LIES:
      return FALSE;
    case TEST_PASS_FAILS:
      g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED, "it did not work");
      return FALSE;
    case TEST_PASS_BREAKS_GRAPH:
      lfb_node_append (lfb_graph_get_last (graph), lfb_graph_get_first (graph), NULL);
      return TRUE;
    case TEST_PASS_REMOVES:
      remove_quantizes (model);
      return TRUE;
    default:
      return changed;
    }
}

static void
test_pass_class_init (TestPassClass *klass)
{
  LFB_PASS_CLASS (klass)->run = test_pass_run;
}

static void
test_pass_init (TestPass *self)
{
}

static TestPass *
make_pass (TestPassManner manner)
{
  TestPass *pass = g_object_new (TEST_TYPE_PASS, NULL);

  pass->manner = manner;
  return pass;
}

#define GRAPH \
  "%x = placeholder\n" \
  "%q = quantize(%x, 0.5, 10)\n" \
  "%d = dequantize(%q)\n" \
  "%s = torch.sin(%d)\n" \
  "return (%s)\n"

static void
test_builtin (void)
{
  g_auto (GStrv) names = lfb_pass_list_builtin ();
  static const char *expected[] = {
    "static-modules", "two-input-modules", "dynamic-modules", "weight-only-modules", "static-functionals",
    "dynamic-functionals", "binary-operators", "shape-reads", "int8-operators", "dead-code", "fold-weights", NULL,
  };
  g_autoptr (GError) missing = NULL;

  g_assert_true (g_strv_equal ((const char * const *) names, expected));
  for (gsize i = 0; names[i] != NULL; i++)
    {
      g_autoptr (LfbPass) pass = lfb_pass_new_builtin (names[i], NULL);
      g_autoptr (LfbGraphModule) model = lfb_test_parse ("%x = placeholder\nreturn (%x)\n");
      g_autoptr (GError) error = NULL;

      g_assert_cmpstr (lfb_pass_get_name (pass), ==, names[i]);
      g_assert_false (lfb_pass_run (pass, model, &error));
      g_assert_no_error (error);
    }
  g_assert_null (lfb_pass_new_builtin ("no-such-pass", &missing));
  lfb_assert_error (missing, LFB_ERROR_NOT_FOUND, "There is no pass `no-such-pass`, expected one of static-modules, two-input-modules");
}

/* Alone, a pass works on the model itself, and says whether it changed it. */
static void
test_alone (void)
{
  g_autoptr (LfbPass) pass = lfb_pass_new_builtin ("binary-operators", NULL);
  g_autoptr (LfbGraphModule) model = lfb_test_parse ("%x = placeholder\n"
                                                     "%q = quantize(%x, 0.5, 10)\n"
                                                     "%d = dequantize(%q)\n"
                                                     "%f = operator.add(%d, 2)\n"
                                                     "%p = quantize(%f, 0.5, 10)\n"
                                                     "return (%p)\n");
  g_autoptr (GError) error = NULL;

  g_assert_true (lfb_pass_run (pass, model, &error));
  g_assert_no_error (error);
  g_assert_false (lfb_pass_run (pass, model, &error));
  g_assert_no_error (error);
  lfb_test_assert_graph (model,
                         "%x = placeholder\n"
                         "%q = quantize(%x, 0.5, 10)\n"
                         "%d = dequantize(%q)\n"
                         "%f = torch.ops.quantized.add(%q, 2)\n"
                         "return (%f)\n");
}

/* A model that breaks the rules is refused before anything changes. */
static void
test_invalid_model (void)
{
  g_auto (GStrv) names = lfb_pass_list_builtin ();

  for (gsize i = 0; names[i] != NULL; i++)
    {
      g_autoptr (LfbPass) pass = lfb_pass_new_builtin (names[i], NULL);
      g_autoptr (LfbGraphModule) model = lfb_test_parse ("%x = placeholder\n%m = module m(%x)\nreturn (%m)\n");
      g_autoptr (GError) error = NULL;

      g_assert_false (lfb_pass_run (pass, model, &error));
      lfb_assert_error (error, LFB_ERROR_INVALID_GRAPH, "`m`");
    }
}

static void
test_own_pass (void)
{
  g_autoptr (TestPass) pass = make_pass (TEST_PASS_HONEST);
  g_autoptr (LfbPass) named = g_object_new (TEST_TYPE_PASS, "name", "my-pass", NULL);
  g_autoptr (LfbGraphModule) model = lfb_test_parse (GRAPH);
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (lfb_pass_get_name (LFB_PASS (pass)), ==, "TestPass");
  g_assert_cmpstr (lfb_pass_get_name (named), ==, "my-pass");
  g_assert_true (lfb_pass_run (LFB_PASS (pass), model, &error));
  g_assert_no_error (error);
  g_assert_false (lfb_pass_run (LFB_PASS (pass), model, &error));
  g_assert_no_error (error);
}

static void
test_in_lowerer (void)
{
  g_autoptr (TestPass) pass = make_pass (TEST_PASS_HONEST);
  g_autoptr (LfbLowerer) lowerer = lfb_lowerer_new ();
  g_autoptr (LfbGraphModule) model = lfb_test_parse (GRAPH);
  g_autoptr (LfbGraphModule) lowered = NULL;
  g_autoptr (GError) error = NULL;
  LfbLoweringNote *note;

  lfb_lowerer_insert_pass (lowerer, LFB_PASS (pass), "dead-code", &error);
  g_assert_no_error (error);
  lowered = lfb_lowerer_lower (lowerer, model, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (pass->n_runs, ==, 1);
  g_assert_true (pass->thread == g_thread_self ());
  g_assert_nonnull (strstr (lfb_node_get_target (lfb_graph_find (lfb_graph_module_get_graph (lowered), "s")), "cos"));

  /* the node had no entry of its own: the pass made one */
  note = lfb_lowering_report_find (lfb_lowerer_get_report (lowerer), "s");
  g_assert_nonnull (note);
  g_assert_true (lfb_lowering_note_get_lowered (note));
  g_assert_cmpstr (lfb_lowering_note_get_pass_name (note), ==, "TestPass");
  g_assert_cmpstr (lfb_lowering_note_get_result (note), ==, "torch.cos");
}

/* What a pass took away without a word is put down to it. */
static void
test_credit (void)
{
  g_autoptr (TestPass) pass = make_pass (TEST_PASS_REMOVES);
  g_autoptr (LfbLowerer) lowerer = lfb_lowerer_new ();
  g_autoptr (LfbGraphModule) model = lfb_test_parse (GRAPH);
  g_autoptr (LfbGraphModule) lowered = NULL;
  g_autoptr (GError) error = NULL;

  lfb_lowerer_add_pass (lowerer, LFB_PASS (pass));
  lowered = lfb_lowerer_lower (lowerer, model, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  lfb_test_assert_lowered (lfb_lowerer_get_report (lowerer), "q", "TestPass", "removed");
}

/* A failure loses nothing, and names the pass. */
static void
test_failure (void)
{
  static const struct
  {
    TestPassManner manner;
    int code;
    const char *message;
  } rows[] = {
    { TEST_PASS_FAILS, LFB_ERROR_UNSUPPORTED, "Pass TestPass: it did not work" },
    { TEST_PASS_BREAKS_GRAPH, LFB_ERROR_INVALID_GRAPH, "x" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (TestPass) pass = make_pass (rows[i].manner);
      g_autoptr (LfbLowerer) lowerer = lfb_lowerer_new ();
      g_autoptr (LfbGraphModule) model = lfb_test_parse (GRAPH);
      g_autofree char *before = lfb_graph_module_to_text (model);
      g_autofree char *after = NULL;
      g_autoptr (GError) error = NULL;

      lfb_lowerer_add_pass (lowerer, LFB_PASS (pass));
      g_assert_null (lfb_lowerer_lower (lowerer, model, NULL, NULL, NULL, &error));
      lfb_assert_error (error, rows[i].code, rows[i].message);
      g_assert_null (lfb_lowerer_get_report (lowerer));
      after = lfb_graph_module_to_text (model);
      g_assert_cmpstr (before, ==, after);
    }
}

/* Alone as well: the model is what it was, in the graph that it had. */
static void
test_failure_alone (void)
{
  g_autoptr (TestPass) pass = make_pass (TEST_PASS_FAILS);
  g_autoptr (LfbGraphModule) model = lfb_test_parse (GRAPH);
  LfbGraph *graph = lfb_graph_module_get_graph (model);
  g_autoptr (LfbNode) changed = g_object_ref (lfb_graph_find (graph, "s"));
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  g_autoptr (GError) error = NULL;

  lfb_test_skip (model, "s");
  before = lfb_graph_module_to_json (model, NULL);
  g_assert_false (lfb_pass_run (LFB_PASS (pass), model, &error));
  lfb_assert_error (error, LFB_ERROR_UNSUPPORTED, "it did not work");
  g_assert_cmpstr (lfb_node_get_target (changed), ==, "torch.cos");
  g_assert_null (lfb_node_get_graph (changed));

  after = lfb_graph_module_to_json (model, NULL);
  g_assert_cmpstr (before, ==, after);
  g_assert_true (lfb_graph_module_get_graph (model) == graph);
  g_assert_true (lfb_node_get_graph (lfb_graph_find (graph, "s")) == graph);
  g_clear_error (&error);
  lfb_graph_module_check (model, &error);
  g_assert_no_error (error);

  pass->manner = TEST_PASS_REMOVES;
  g_assert_true (lfb_pass_run (LFB_PASS (pass), model, &error));
  g_assert_no_error (error);
  g_assert_null (lfb_graph_find (graph, "q"));
}

/* LOWERFB_DEBUG=validate finds out who does not tell the truth. */
static void
test_validate (void)
{
  g_autoptr (TestPass) pass = make_pass (TEST_PASS_LIES);
  g_autoptr (LfbLowerer) lowerer = lfb_lowerer_new ();
  g_autoptr (LfbGraphModule) model = lfb_test_parse (GRAPH);
  g_autoptr (LfbGraphModule) lowered = NULL;
  g_autoptr (GError) error = NULL;

  lfb_lowerer_add_pass (lowerer, LFB_PASS (pass));
  lowered = lfb_lowerer_lower (lowerer, model, NULL, NULL, NULL, &error);
  g_assert_no_error (error);

  g_setenv ("LOWERFB_DEBUG", "validate", TRUE);
  g_assert_null (lfb_lowerer_lower (lowerer, model, NULL, NULL, NULL, &error));
  g_unsetenv ("LOWERFB_DEBUG");
  lfb_assert_error (error, LFB_ERROR_FAILED, "Pass TestPass: it says that it changed nothing, but the model is another");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/pass/builtin", test_builtin);
  g_test_add_func ("/pass/alone", test_alone);
  g_test_add_func ("/pass/invalid-model", test_invalid_model);
  g_test_add_func ("/pass/own-pass", test_own_pass);
  g_test_add_func ("/pass/in-lowerer", test_in_lowerer);
  g_test_add_func ("/pass/credit", test_credit);
  g_test_add_func ("/pass/failure", test_failure);
  g_test_add_func ("/pass/failure-alone", test_failure_alone);
  g_test_add_func ("/pass/validate", test_validate);

  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Models put together at random are lowered: the graph is valid, nothing is lost,
 * the report is complete and true, lowering once more changes nothing, and the
 * lowered model computes what the reference model does.
 *
 * LFB_TEST_SEED and LFB_TEST_GRAPHS say where to begin and how many to make.
 */

#include "lfb-test-random.h"

#include "../common/lfb-test.h"
#include "../common/lfb-test-agreement.h"

#include <math.h>
#include <stdlib.h>

#define N_GRAPHS 1000
#define FIRST_SEED 1

static guint n_lowered, n_left, n_outputs, n_exact;

static guint
get_number (const char *variable,
            guint       fallback)
{
  const char *text = g_getenv (variable);

  return text != NULL ? (guint) strtoul (text, NULL, 10) : fallback;
}

static gboolean
is_subject (LfbGraphModule *model,
            LfbNode        *node)
{
  const char *target = lfb_node_get_target (node);
  LfbModule *module;
  g_autofree char *part = NULL;

  if (lfb_node_get_op (node) == LFB_OP_CALL_FUNCTION)
    return g_str_has_prefix (target, "torch.quantize_per_tensor");
  if (lfb_node_get_op (node) != LFB_OP_CALL_MODULE)
    return FALSE;

  part = g_strconcat (target, ".0", NULL);
  module = lfb_graph_module_get_module (model, part);
  if (module == NULL)
    module = lfb_graph_module_get_module (model, target);
  return g_str_has_prefix (lfb_module_get_type_name (module), "torch.ao.nn.quantized.reference.");
}

/* Every step of quantization has a note, and the note is true. */
static void
check_report (LfbGraphModule    *model,
              LfbGraphModule    *lowered,
              LfbLoweringReport *report)
{
  for (LfbNode *node = lfb_graph_get_first (lfb_graph_module_get_graph (model)); node != NULL;
       node = lfb_node_get_next (node))
    {
      LfbLoweringNote *note;
      LfbNode *after;
      gboolean same;

      if (!is_subject (model, node))
        continue;

      note = lfb_lowering_report_find (report, lfb_node_get_name (node));
      g_assert_nonnull (note);
      after = lfb_graph_find (lfb_graph_module_get_graph (lowered), lfb_node_get_name (node));
      same = after != NULL && is_subject (lowered, after);
      g_assert_cmpint (lfb_lowering_note_get_lowered (note), ==, !same);
      g_assert_nonnull (same ? lfb_lowering_note_get_reason (note) : lfb_lowering_note_get_result (note));
      if (same)
        n_left++;
      else
        n_lowered++;
    }
}

/* Inputs, outputs and what is float stay. */
static void
check_nothing_lost (LfbGraphModule *model,
                    LfbGraphModule *lowered)
{
  LfbGraph *graph = lfb_graph_module_get_graph (lowered);

  for (LfbNode *node = lfb_graph_get_first (lfb_graph_module_get_graph (model)); node != NULL;
       node = lfb_node_get_next (node))
    {
      LfbNode *after = lfb_graph_find (graph, lfb_node_get_name (node));

      if (lfb_node_get_n_users (node) > 0 && lfb_node_is (node, LFB_OP_CALL_FUNCTION, "torch.sin") &&
          lfb_node_get_n_users (node) > 0 && after != NULL)
        g_assert_true (lfb_node_is (after, LFB_OP_CALL_FUNCTION, "torch.sin"));
      if (lfb_node_get_op (node) == LFB_OP_PLACEHOLDER || lfb_node_get_op (node) == LFB_OP_OUTPUT)
        g_assert_nonnull (after);
    }
  g_assert_cmpuint (lfb_value_get_n_items (lfb_node_get_arg (lfb_graph_get_last (graph), 0)), ==,
                    lfb_value_get_n_items (lfb_node_get_arg (lfb_graph_get_last (lfb_graph_module_get_graph (model)), 0)));
}

static double
largest_difference (LfbTensor *a,
                    LfbTensor *b)
{
  const float *x = lfb_tensor_get_data (a, NULL), *y = lfb_tensor_get_data (b, NULL);
  double difference = 0;

  g_assert_cmpint (lfb_tensor_get_dtype (a), ==, LFB_DTYPE_FLOAT32);
  g_assert_cmpint (lfb_tensor_get_dtype (b), ==, LFB_DTYPE_FLOAT32);
  g_assert_cmpint (lfb_tensor_get_n_elements (a), ==, lfb_tensor_get_n_elements (b));
  for (gint64 i = 0; i < lfb_tensor_get_n_elements (a); i++)
    difference = MAX (difference, fabs ((double) x[i] - y[i]) / MAX (fabs ((double) x[i]), 1));

  return difference;
}

static void
check_results (LfbTestRandom  *random,
               LfbGraphModule *lowered)
{
  g_autoptr (GPtrArray) inputs = g_ptr_array_new ();
  g_autoptr (GPtrArray) expected = NULL;
  g_autoptr (GPtrArray) found = NULL;
  g_autoptr (GError) error = NULL;

  g_ptr_array_add (inputs, random->input);
  expected = lfb_test_run (random->model, inputs, &error);
  g_assert_no_error (error);
  found = lfb_test_run (lowered, inputs, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (expected->len, ==, random->bounds->len);
  g_assert_cmpuint (found->len, ==, expected->len);

  for (guint i = 0; i < found->len; i++)
    {
      double bound = g_array_index (random->bounds, double, i);
      double difference = largest_difference (g_ptr_array_index (expected, i), g_ptr_array_index (found, i));

      if (difference > bound + 1e-5)
        g_error ("seed %u: output %u differs by %g, and may by %g", random->seed, i, difference, bound);
      n_outputs++;
      n_exact += bound == 0;
    }
}

static void
test_seed (guint32  seed,
           gboolean strict)
{
  g_autoptr (LfbTestRandom) random = lfb_test_random_new (seed);
  g_autoptr (LfbLowerer) lowerer = lfb_lowerer_new ();
  g_autoptr (LfbGraphModule) lowered = NULL;
  g_autoptr (LfbGraphModule) again = NULL;
  g_autofree char *before = NULL, *after = NULL, *text = NULL, *again_text = NULL;
  g_autoptr (GError) error = NULL;

  lfb_graph_module_check (random->model, &error);
  g_assert_no_error (error);
  before = lfb_graph_module_to_text (random->model);
  lfb_lowerer_set_strict_upstream (lowerer, strict);
  lowered = lfb_lowerer_lower (lowerer, random->model, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  after = lfb_graph_module_to_text (random->model);
  g_assert_cmpstr (before, ==, after);

  lfb_graph_module_check (lowered, &error);
  g_assert_no_error (error);
  check_nothing_lost (random->model, lowered);
  check_report (random->model, lowered, lfb_lowerer_get_report (lowerer));

  again = lfb_lowerer_lower (lowerer, lowered, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  text = lfb_graph_module_to_text (lowered);
  again_text = lfb_graph_module_to_text (again);
  g_assert_cmpstr (text, ==, again_text);

  check_results (random, lowered);
}

static void
test_random_graphs (void)
{
  guint32 seed = get_number ("LFB_TEST_SEED", FIRST_SEED);
  guint n_graphs = get_number ("LFB_TEST_GRAPHS", N_GRAPHS);

  /* every pass leaves a valid graph, and says truly whether it changed it */
  g_setenv ("LOWERFB_DEBUG", "validate", TRUE);
  g_test_message ("seeds %u to %u", seed, seed + n_graphs - 1);
  for (guint i = 0; i < n_graphs; i++)
    {
      /* said before it is tried, so that a crash tells which one it was */
      if (i % 100 == 0)
        g_test_message ("seed %u", seed + i);
      test_seed (seed + i, i % 4 == 3);
    }

  g_test_message ("%u graphs: %u quantization steps lowered, %u left; %u outputs compared, %u of them for equality",
                  n_graphs, n_lowered, n_left, n_outputs, n_exact);
  if (n_graphs >= 100)
    {
      g_assert_cmpuint (n_lowered, >, n_left);
      g_assert_cmpuint (n_exact, >, n_outputs / 10);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/random-graphs", test_random_graphs);

  return g_test_run ();
}

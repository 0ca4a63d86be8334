/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is written in place reaches other names of the same elements, or the
 * session is refused; and arguments by name of modules of parts and graphs.
 */

#include "common/lfb-test.h"

#include <string.h>

static LfbTensor *
floats (const float *data,
        gint64       n)
{
  return lfb_test_tensor (LFB_DTYPE_FLOAT32, data, n * sizeof *data, 1, n);
}

/* @second is taken. */
static LfbNode *
node_with (LfbGraph    *graph,
           LfbOp        op,
           const char  *target,
           LfbNode     *first,
           LfbValue    *second)
{
  g_autoptr (LfbValue) a = lfb_value_for_node (first);
  g_autoptr (LfbValue) b = second;
  LfbValue *args[] = { a, b };
  g_autoptr (GError) error = NULL;
  LfbNode *node = lfb_graph_create_node (graph, op, target, args, 2, NULL, NULL, &error);

  g_assert_no_error (error);

  return node;
}

static void
assert_run (LfbGraphModule *model,
            const float    *data,
            gsize           n_data,
            const float    *expected,
            gsize           n_expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LfbTensor) input = floats (data, n_data);
  g_autoptr (LfbSession) session = lfb_session_new (model, NULL, &error);

  g_assert_no_error (error);
  /* The second run finds inputs and attributes as the first one did. */
  for (guint run = 0; run < 2; run++)
    {
      g_autofree LfbTensor **outputs = NULL;
      gsize n;

      outputs = lfb_session_run (session, &input, 1, NULL, &n, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (n, ==, 1);
      g_assert_cmpint (lfb_tensor_get_n_elements (outputs[0]), ==, n_expected);
      for (gsize i = 0; i < n_expected; i++)
        g_assert_cmpfloat (((const float *) lfb_tensor_get_data (outputs[0], NULL))[i], ==, expected[i]);
      g_object_unref (outputs[0]);
    }
  for (gsize i = 0; i < n_data; i++)
    g_assert_cmpfloat (((const float *) lfb_tensor_get_data (input, NULL))[i], ==, data[i]);
}

static void
assert_refused (LfbGraphModule *model,
                const char     *message)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LfbSession) session = lfb_session_new (model, NULL, &error);

  g_assert_null (session);
  g_assert_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED);
  if (strstr (error->message, message) == NULL)
    g_error ("%s: %s", error->message, message);
}

static LfbValue *
slice_from (gint64 start)
{
  g_autoptr (LfbValue) from = lfb_value_for_int (start);

  return lfb_value_for_slice (from, NULL, NULL);
}

static void
test_views (void)
{
  g_autoptr (LfbGraph) graph = lfb_graph_new ();
  g_autoptr (LfbGraphModule) model = lfb_graph_module_new (graph);
  LfbNode *x = lfb_test_node (graph, LFB_OP_PLACEHOLDER, "x", NULL);
  LfbNode *part = node_with (graph, LFB_OP_CALL_FUNCTION, "operator.getitem", x, slice_from (2));
  LfbNode *last = node_with (graph, LFB_OP_CALL_FUNCTION, "operator.getitem", part, slice_from (1));

  lfb_test_node (graph, LFB_OP_CALL_METHOD, "relu_", part, NULL);
  node_with (graph, LFB_OP_CALL_METHOD, "add_", x, lfb_value_for_double (1));
  lfb_test_node (graph, LFB_OP_OUTPUT, "output",
                 lfb_test_node (graph, LFB_OP_CALL_FUNCTION, "torch.add", x, last, NULL), NULL);
  /* x is -1 -1 1 5, of which the last is added to all */
  assert_run (model, (const float[]) { -2, -2, -3, 4 }, 4, (const float[]) { 4, 4, 6, 10 }, 4);
}

static void
test_attribute (void)
{
  g_autoptr (LfbGraph) graph = lfb_graph_new ();
  g_autoptr (LfbGraphModule) model = lfb_graph_module_new (graph);
  g_autoptr (LfbTensor) tensor = floats ((const float[]) { 1, -1 }, 2);
  g_autoptr (LfbValue) value = lfb_value_for_tensor (tensor);
  LfbNode *x = lfb_test_node (graph, LFB_OP_PLACEHOLDER, "x", NULL);
  LfbNode *w = lfb_test_node (graph, LFB_OP_GET_ATTR, "w", NULL);
  LfbNode *view = node_with (graph, LFB_OP_CALL_METHOD, "view", w, lfb_value_for_int (-1));

  lfb_graph_module_set_attribute (model, "w", value);
  lfb_test_node (graph, LFB_OP_CALL_METHOD, "add_", view, x, NULL);
  lfb_test_node (graph, LFB_OP_OUTPUT, "output",
                 lfb_test_node (graph, LFB_OP_CALL_FUNCTION, "torch.mul", w, view, NULL), NULL);
  assert_run (model, (const float[]) { 1, 4 }, 2, (const float[]) { 4, 9 }, 2);
}

static void
test_resize (void)
{
  g_autoptr (LfbGraph) graph = lfb_graph_new ();
  g_autoptr (LfbGraphModule) model = lfb_graph_module_new (graph);
  LfbNode *x = lfb_test_node (graph, LFB_OP_PLACEHOLDER, "x", NULL);
  LfbNode *twice = lfb_test_node (graph, LFB_OP_CALL_FUNCTION, "operator.add", x, x, NULL);

  node_with (graph, LFB_OP_CALL_METHOD, "resize_", twice, lfb_value_for_int (2));
  lfb_test_node (graph, LFB_OP_OUTPUT, "output", twice, NULL);
  assert_run (model, (const float[]) { 1, 2, 3 }, 3, (const float[]) { 2, 4 }, 2);
}

static void
test_untold (void)
{
  g_autoptr (LfbGraph) graph = lfb_graph_new ();
  g_autoptr (LfbGraphModule) model = lfb_graph_module_new (graph);
  LfbNode *x = lfb_test_node (graph, LFB_OP_PLACEHOLDER, "x", NULL);
  LfbNode *sum = lfb_test_node (graph, LFB_OP_CALL_FUNCTION, "operator.add",
                                lfb_test_node (graph, LFB_OP_CALL_METHOD, "t", x, NULL), x, NULL);
  LfbNode *flat = node_with (graph, LFB_OP_CALL_METHOD, "reshape", sum, lfb_value_for_int (-1));

  lfb_test_node (graph, LFB_OP_CALL_METHOD, "relu_", flat, NULL);
  lfb_test_node (graph, LFB_OP_OUTPUT, "output", sum, NULL);
  assert_refused (model, "node `relu_` (relu_): it writes to `reshape` in place, and it cannot be told whether that "
                         "reaches `add`, which is read later");
}

static void
test_computed_flag (void)
{
  g_autoptr (LfbGraph) graph = lfb_graph_new ();
  g_autoptr (LfbGraphModule) model = lfb_graph_module_new (graph);
  LfbNode *x = lfb_test_node (graph, LFB_OP_PLACEHOLDER, "x", NULL);
  g_autoptr (LfbValue) arg = lfb_value_for_node (x);
  g_autoptr (LfbValue) flag = lfb_value_for_node (lfb_test_node (graph, LFB_OP_CALL_METHOD, "dim", x, NULL));
  const char *names[] = { "inplace", NULL };
  g_autoptr (LfbValue) kwargs = lfb_value_for_dict (names, &flag, 1);
  LfbNode *relu = lfb_graph_create_node (graph, LFB_OP_CALL_FUNCTION, "torch.nn.functional.relu", &arg, 1, kwargs,
                                         NULL, NULL);

  lfb_test_node (graph, LFB_OP_OUTPUT, "output", relu, NULL);
  assert_refused (model, "node `relu` (torch.nn.functional.relu): argument `inplace` is computed by `dim`");
}

/* y = x + 1, in a graph of its own, or in place. */
static LfbModule *
inner (gboolean in_place)
{
  g_autoptr (LfbGraph) graph = lfb_graph_new ();
  g_autoptr (LfbGraphModule) model = lfb_graph_module_new (graph);
  LfbNode *value = lfb_test_node (graph, LFB_OP_PLACEHOLDER, "value", NULL);

  lfb_test_node (graph, LFB_OP_OUTPUT, "output",
                 node_with (graph, LFB_OP_CALL_METHOD, in_place ? "add_" : "add", value, lfb_value_for_int (1)), NULL);

  return lfb_module_new ("torch.fx.GraphModule", NULL, NULL, model);
}

static LfbNode *
call_by_name (LfbGraph    *graph,
              const char  *path,
              const char  *name,
              LfbNode     *argument)
{
  g_autoptr (LfbValue) value = lfb_value_for_node (argument);
  const char *names[] = { name, NULL };
  g_autoptr (LfbValue) kwargs = lfb_value_for_dict (names, &value, 1);
  g_autoptr (GError) error = NULL;
  LfbNode *node = lfb_graph_create_node (graph, LFB_OP_CALL_MODULE, path, NULL, 0, kwargs, NULL, &error);

  g_assert_no_error (error);

  return node;
}

static void
test_graph_in_graph (void)
{
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (LfbGraph) graph = lfb_graph_new ();
      g_autoptr (LfbGraphModule) model = lfb_graph_module_new (graph);
      g_autoptr (LfbModule) module = inner (i == 1);
      LfbNode *x = lfb_test_node (graph, LFB_OP_PLACEHOLDER, "x", NULL);
      LfbNode *sub = call_by_name (graph, "sub", "value", x);

      g_assert_true (lfb_graph_module_set_module (model, "sub", module, NULL));
      lfb_test_node (graph, LFB_OP_OUTPUT, "output",
                     lfb_test_node (graph, LFB_OP_CALL_FUNCTION, "torch.add", x, sub, NULL), NULL);
      if (i == 0)
        assert_run (model, (const float[]) { 1, 2 }, 2, (const float[]) { 3, 5 }, 2);
      else
        assert_refused (model, "node `sub` (sub): parts of it write to `x` in place, which may reach `x`");
    }
}

static void
test_names_of_arguments (void)
{
  static const struct {
    const char *name;
    const char *message;
  } cases[] = {
    { "input", NULL },
    { "value", "unknown argument `value`" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (LfbGraph) graph = lfb_graph_new ();
      g_autoptr (LfbGraphModule) model = lfb_graph_module_new (graph);
      g_autoptr (LfbModule) sequence = lfb_module_new ("torch.nn.Sequential", NULL, NULL, NULL);
      g_autoptr (LfbModule) relu = lfb_module_new ("torch.nn.ReLU", NULL, NULL, NULL);
      g_autoptr (LfbSession) session = NULL;
      g_autoptr (LfbTensor) input = floats ((const float[]) { -1, 2 }, 2);
      g_autofree LfbTensor **outputs = NULL;
      g_autoptr (GError) error = NULL;
      gsize n;
      LfbNode *x = lfb_test_node (graph, LFB_OP_PLACEHOLDER, "x", NULL);

      g_assert_true (lfb_graph_module_set_module (model, "pair", sequence, NULL));
      g_assert_true (lfb_graph_module_set_module (model, "pair.0", relu, NULL));
      lfb_test_node (graph, LFB_OP_OUTPUT, "output", call_by_name (graph, "pair", cases[i].name, x), NULL);
      if (cases[i].message == NULL)
        {
          assert_run (model, (const float[]) { -1, 2 }, 2, (const float[]) { 0, 2 }, 2);
          continue;
        }
      session = lfb_session_new (model, NULL, &error);
      g_assert_no_error (error);
      outputs = lfb_session_run (session, &input, 1, NULL, &n, &error);
      g_assert_null (outputs);
      g_assert_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT);
      g_assert_nonnull (strstr (error->message, cases[i].message));
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/in-place-writes/views", test_views);
  g_test_add_func ("/in-place-writes/attribute", test_attribute);
  g_test_add_func ("/in-place-writes/resize", test_resize);
  g_test_add_func ("/in-place-writes/untold", test_untold);
  g_test_add_func ("/in-place-writes/computed-flag", test_computed_flag);
  g_test_add_func ("/in-place-writes/graph-in-graph", test_graph_in_graph);
  g_test_add_func ("/in-place-writes/names-of-arguments", test_names_of_arguments);

  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What there is no operator for is found when a session is made, wherever it
 * stands: with its name, the node's, and those of the nodes and modules around it.
 */

#include "common/lfb-test.h"

/* placeholder, the call, output. */
static LfbGraphModule *
make_model (LfbOp       op,
            const char *target)
{
  g_autoptr (LfbGraph) graph = lfb_graph_new ();
  LfbNode *x = lfb_test_node (graph, LFB_OP_PLACEHOLDER, "x", NULL);
  LfbNode *y = lfb_test_node (graph, op, target, x, NULL);

  lfb_test_node (graph, LFB_OP_OUTPUT, "output", y, NULL);

  return lfb_graph_module_new (graph);
}

static void
add_module (LfbGraphModule *model,
            const char     *path,
            const char     *type,
            LfbGraphModule *graph_module)
{
  g_autoptr (LfbModule) module = lfb_module_new (type, NULL, NULL, graph_module);
  g_autoptr (GError) error = NULL;

  g_assert_true (lfb_graph_module_set_module (model, path, module, &error));
  g_assert_no_error (error);
}

static void
assert_refused (LfbGraphModule *model,
                const char     *message)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LfbSession) session = lfb_session_new (model, NULL, &error);

  g_assert_null (session);
  g_assert_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED);
  g_assert_cmpstr (error->message, ==, message);
}

/* What drops at random cannot be repeated: Python's functions do so unless told
 * otherwise.
 */
static void
test_dropping_at_random (void)
{
  g_autoptr (LfbGraphModule) model = make_model (LFB_OP_CALL_FUNCTION, "torch.nn.functional.dropout");
  LfbNode *node = lfb_graph_find (lfb_graph_module_get_graph (model), "dropout");
  static const char * const keys[] = { "p", NULL };
  g_autoptr (LfbValue) p = lfb_value_for_double (0);
  g_autoptr (LfbValue) kwargs = NULL;
  g_autoptr (LfbSession) session = NULL;
  g_autoptr (GError) error = NULL;

  assert_refused (model, "node `dropout` (torch.nn.functional.dropout): argument `training` is True, so that it drops "
                  "at random with p = 0.5, which nobody could repeat; expected False, or p = 0 or 1");

  kwargs = lfb_value_for_dict (keys, &p, 1);
  g_assert_true (lfb_node_set_kwargs (node, kwargs, &error));
  g_assert_no_error (error);
  session = lfb_session_new (model, NULL, &error);
  g_assert_no_error (error);
}

typedef struct {
  LfbOp op;
  const char *target;
  const char *message;
} Missing;

static const Missing missing[] = {
  {
    LFB_OP_CALL_FUNCTION, "torch.ops.quantized.nothing",
    "node `nothing` (torch.ops.quantized.nothing): there is no operator torch.ops.quantized.nothing"
  },
  { LFB_OP_CALL_METHOD, "nothing", "node `nothing` (nothing): there is no operator for the method nothing" },
  /* Of the other kind there is one. */
  { LFB_OP_CALL_METHOD, "torch.relu", "node `torch_relu` (torch.relu): there is no operator for the method torch.relu" },
  { LFB_OP_CALL_FUNCTION, "relu", "node `relu` (relu): there is no operator relu" },
  { LFB_OP_CALL_MODULE, "layer", "node `layer` (layer): there is no operator for the module type custom.Layer (`layer`)" },
  {
    LFB_OP_CALL_MODULE, "seq",
    "node `seq` (seq): there is no operator for the module type custom.Part (`seq.1`)"
  },
};

/* A model with the modules that the rows above call. */
static LfbGraphModule *
make_missing (const Missing *row)
{
  LfbGraphModule *model = make_model (row->op, row->target);

  add_module (model, "layer", "custom.Layer", NULL);
  add_module (model, "seq", "torch.nn.Sequential", NULL);
  add_module (model, "seq.0", "torch.nn.ReLU", NULL);
  add_module (model, "seq.1", "custom.Part", NULL);

  return model;
}

static void
test_main_graph (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (missing); i++)
    {
      g_autoptr (LfbGraphModule) model = make_missing (&missing[i]);

      assert_refused (model, missing[i].message);
    }
}

/* In a module that is a graph, alone or in one more, as standalone modules are. */
static void
test_inside_modules (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (missing); i++)
    {
      g_autoptr (LfbGraphModule) innermost = make_missing (&missing[i]);
      g_autoptr (LfbGraphModule) inner = make_model (LFB_OP_CALL_MODULE, "deep");
      g_autoptr (LfbGraphModule) model = make_model (LFB_OP_CALL_MODULE, "sub");
      g_autoptr (LfbGraphModule) direct = make_model (LFB_OP_CALL_MODULE, "alone");
      g_autofree char *nested = g_strdup_printf ("node `sub` (sub): node `deep` (deep): %s", missing[i].message);
      g_autofree char *once = g_strdup_printf ("node `alone` (alone): %s", missing[i].message);

      add_module (inner, "deep", "torch.fx.GraphModule", innermost);
      add_module (model, "sub", "torch.fx.GraphModule", inner);
      assert_refused (model, nested);
      add_module (direct, "alone", "torch.fx.GraphModule", innermost);
      assert_refused (direct, once);
    }
}

/* As a part of a module of parts. */
static void
test_graph_as_a_part (void)
{
  g_autoptr (LfbGraphModule) inner = make_model (LFB_OP_CALL_METHOD, "nothing");
  g_autoptr (LfbGraphModule) model = make_model (LFB_OP_CALL_MODULE, "seq");

  add_module (model, "seq", "torch.nn.Sequential", NULL);
  add_module (model, "seq.0", "torch.fx.GraphModule", inner);
  assert_refused (model, "node `seq` (seq): node `nothing` (nothing): there is no operator for the method nothing");
}

/* Also where nothing reads the result, and behind nodes that could not run. */
static void
test_unused (void)
{
  g_autoptr (LfbGraph) graph = lfb_graph_new ();
  g_autoptr (LfbGraphModule) model = NULL;
  LfbNode *x = lfb_test_node (graph, LFB_OP_PLACEHOLDER, "x", NULL);

  lfb_test_node (graph, LFB_OP_CALL_FUNCTION, "torch.matmul", x, x, NULL);
  lfb_test_node (graph, LFB_OP_CALL_FUNCTION, "torch.nothing", x, NULL);
  lfb_test_node (graph, LFB_OP_OUTPUT, "output", x, NULL);
  model = lfb_graph_module_new (graph);
  assert_refused (model, "node `nothing` (torch.nothing): there is no operator torch.nothing");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/missing-operators/main-graph", test_main_graph);
  g_test_add_func ("/missing-operators/inside-modules", test_inside_modules);
  g_test_add_func ("/missing-operators/graph-as-a-part", test_graph_as_a_part);
  g_test_add_func ("/missing-operators/unused", test_unused);
  g_test_add_func ("/missing-operators/dropping-at-random", test_dropping_at_random);

  return g_test_run ();
}

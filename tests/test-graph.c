/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Graphs and nodes: making, moving, rewiring, erasing, checking, printing. */

#include "common/lfb-test.h"

/* x -> a -> b -> output, and a is read twice by b. */
static LfbGraph *
make_chain (LfbNode **x,
            LfbNode **a,
            LfbNode **b,
            LfbNode **output)
{
  LfbGraph *graph = lfb_graph_new ();

  *x = lfb_test_node (graph, LFB_OP_PLACEHOLDER, "x", NULL);
  *a = lfb_test_node (graph, LFB_OP_CALL_METHOD, "relu", *x, NULL);
  *b = lfb_test_node (graph, LFB_OP_CALL_FUNCTION, "torch.add", *a, *a, NULL);
  *output = lfb_test_node (graph, LFB_OP_OUTPUT, "output", *b, NULL);

  return graph;
}

static void
assert_text (LfbGraph   *graph,
             const char *expected)
{
  g_autofree char *text = lfb_graph_to_text (graph);

  g_assert_cmpstr (text, ==, expected);
}

static void
assert_sound (LfbGraph *graph)
{
  g_auto (GStrv) faults = lfb_graph_lint (graph);

  g_assert_cmpstr (faults[0], ==, NULL);
}

static void
test_names_like_torch (void)
{
  g_autoptr (LfbGraph) graph = lfb_graph_new ();
  const struct { LfbOp op; const char *target, *name; } rows[] = {
    { LFB_OP_CALL_FUNCTION, "torch.nn.functional.relu", "relu" },
    { LFB_OP_CALL_FUNCTION, "torch.relu", "relu_1" },
    { LFB_OP_CALL_MODULE, "layer.0.conv", "layer_0_conv" },
    { LFB_OP_CALL_MODULE, "0", "_0" },
    { LFB_OP_CALL_FUNCTION, "relu_1", "relu_2" },
    { LFB_OP_CALL_FUNCTION, "a-b", "a_b" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      LfbNode *node = lfb_test_node (graph, rows[i].op, rows[i].target, NULL);

      g_assert_cmpstr (lfb_node_get_name (node), ==, rows[i].name);
      g_assert_true (lfb_graph_find (graph, rows[i].name) == node);
    }
}

static void
test_prints (void)
{
  LfbNode *x, *a, *b, *output;
  g_autoptr (LfbGraph) graph = make_chain (&x, &a, &b, &output);
  g_autoptr (LfbValue) two = lfb_value_for_int (2);
  const char *keys[] = { "alpha", NULL };
  g_autoptr (LfbValue) kwargs = lfb_value_for_dict (keys, &two, 1);
  g_autoptr (GError) error = NULL;
  g_autofree char *dot = NULL;

  g_assert_true (lfb_node_set_kwargs (b, kwargs, &error));
  g_assert_no_error (error);
  g_assert_true (lfb_node_set_example (x, LFB_DTYPE_FLOAT32, (const gint64[]) { 1, 3 }, 2, &error));
  g_assert_no_error (error);
  assert_text (graph,
               "%x = placeholder # such as float32(1, 3)\n"
               "%relu = method relu(%x)\n"
               "%add = torch.add(%relu, %relu, alpha=2)\n"
               "return (%add)\n");
  dot = lfb_graph_to_dot (graph);
  g_assert_nonnull (strstr (dot, "\"relu\" -> \"add\" ["));
  assert_sound (graph);
}

static void
test_users_follow_arguments (void)
{
  LfbNode *x, *a, *b, *output;
  g_autoptr (LfbGraph) graph = make_chain (&x, &a, &b, &output);
  g_autofree LfbNode **users = NULL;
  g_autofree LfbNode **inputs = NULL;
  g_autoptr (GError) error = NULL;
  gsize n;

  g_assert_cmpuint (lfb_node_get_n_users (a), ==, 1);
  inputs = lfb_node_get_inputs (b, &n);
  g_assert_cmpuint (n, ==, 1);
  g_assert_true (inputs[0] == a);

  g_assert_true (lfb_node_replace_input_with (b, a, x, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (lfb_node_get_n_users (a), ==, 0);
  users = lfb_node_get_users (x, &n);
  g_assert_cmpuint (n, ==, 2);
  g_assert_true (users[0] == a);
  g_assert_true (users[1] == b);
}

/* As when an observer is put behind a node: it goes on reading the node. */
static void
test_replaces_all_uses_but_by_the_replacement (void)
{
  LfbNode *x, *a, *b, *output, *c;
  g_autoptr (LfbGraph) graph = make_chain (&x, &a, &b, &output);
  g_autoptr (GError) error = NULL;

  c = lfb_test_node (graph, LFB_OP_CALL_METHOD, "neg", a, NULL);
  g_assert_true (lfb_node_append (a, c, &error));
  g_assert_no_error (error);
  g_assert_true (lfb_node_replace_all_uses_with (a, c, &error));
  g_assert_no_error (error);
  assert_text (graph,
               "%x = placeholder\n"
               "%relu = method relu(%x)\n"
               "%neg = method neg(%relu)\n"
               "%add = torch.add(%neg, %neg)\n"
               "return (%add)\n");
  assert_sound (graph);
}

static void
test_erases_only_without_users (void)
{
  LfbNode *x, *a, *b, *output;
  g_autoptr (LfbGraph) graph = make_chain (&x, &a, &b, &output);
  g_autoptr (LfbNode) kept = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_false (lfb_graph_erase_node (graph, b, &error));
  lfb_assert_error (error, LFB_ERROR_INVALID_GRAPH, "`add` cannot be erased: `output` reads it");
  g_clear_error (&error);

  kept = g_object_ref (output);
  g_assert_true (lfb_graph_erase_node (graph, output, &error));
  g_assert_no_error (error);
  g_assert_null (lfb_node_get_graph (kept));
  g_assert_null (lfb_graph_find (graph, "output"));
  g_assert_cmpuint (lfb_graph_get_n_nodes (graph), ==, 3);
  g_assert_cmpstr (lfb_node_get_name (kept), ==, "output");

  g_assert_false (lfb_node_set_args (kept, NULL, 0, &error));
  lfb_assert_error (error, LFB_ERROR_INVALID_GRAPH, "`output` has been erased");
  g_clear_error (&error);
  g_assert_false (lfb_graph_erase_node (graph, kept, &error));
  lfb_assert_error (error, LFB_ERROR_INVALID_GRAPH, "`output` is not in this graph");
}

static void
test_bare_objects_are_harmless (void)
{
  g_autoptr (LfbGraph) graph = lfb_graph_new ();
  g_autoptr (LfbNode) node = g_object_new (LFB_TYPE_NODE, NULL);
  g_autoptr (LfbTensor) tensor = g_object_new (LFB_TYPE_TENSOR, NULL);
  g_autoptr (LfbValue) value = lfb_value_for_node (node);
  g_autofree char *text = lfb_value_to_string (value);
  g_autofree char *line = lfb_node_to_text (node);
  g_autofree char *description = lfb_tensor_to_string (tensor);
  g_autoptr (GBytes) bytes = lfb_tensor_get_bytes (tensor);
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (text, ==, "%");
  g_assert_cmpstr (line, ==, "% = placeholder");
  g_assert_null (lfb_node_get_next (node));
  g_assert_false (lfb_node_set_arg (node, 0, value, &error));
  lfb_assert_error (error, LFB_ERROR_INVALID_GRAPH, "its graph is gone");
  g_clear_error (&error);
  g_assert_null (lfb_graph_create_node (graph, LFB_OP_OUTPUT, "output", &value, 1, NULL, NULL, &error));
  lfb_assert_error (error, LFB_ERROR_INVALID_GRAPH, "its graph is gone");
  g_assert_cmpstr (description, ==, "float32[0]");
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, 0);
}

static void
test_refuses_strangers (void)
{
  LfbNode *x, *a, *b, *output, *y, *z, *v, *w;
  g_autoptr (LfbGraph) graph = make_chain (&x, &a, &b, &output);
  g_autoptr (LfbGraph) other = make_chain (&y, &z, &v, &w);
  g_autoptr (LfbValue) foreign = lfb_value_for_node (y);
  g_autoptr (LfbValue) own = lfb_value_for_node (a);
  g_autoptr (GError) error = NULL;

  g_assert_null (lfb_graph_create_node (graph, LFB_OP_CALL_METHOD, "neg", &foreign, 1, NULL, NULL, &error));
  lfb_assert_error (error, LFB_ERROR_INVALID_GRAPH, "`x` belongs to another graph");
  g_clear_error (&error);
  g_assert_false (lfb_node_set_args (a, &own, 1, &error));
  lfb_assert_error (error, LFB_ERROR_INVALID_GRAPH, "`relu` cannot read its own result");
  g_clear_error (&error);
  g_assert_false (lfb_node_append (a, z, &error));
  lfb_assert_error (error, LFB_ERROR_INVALID_GRAPH, "different graphs");
  g_clear_error (&error);
  g_assert_false (lfb_node_set_name (a, "x", &error));
  lfb_assert_error (error, LFB_ERROR_INVALID_GRAPH, "`x` is taken");
  g_clear_error (&error);
  g_assert_null (lfb_graph_create_node (graph, LFB_OP_PLACEHOLDER, "x", NULL, 0, NULL, "x", &error));
  lfb_assert_error (error, LFB_ERROR_INVALID_GRAPH, "`x` is taken");
  g_clear_error (&error);
  g_assert_false (lfb_node_set_arg (a, 2, foreign, &error));
  lfb_assert_error (error, LFB_ERROR_RANGE, "no place 2");
  g_assert_cmpuint (lfb_graph_get_n_nodes (graph), ==, 4);
  g_assert_cmpuint (lfb_node_get_n_users (y), ==, 1);
}

static void
test_order_survives_many_insertions (void)
{
  g_autoptr (LfbGraph) graph = lfb_graph_new ();
  LfbNode *first = lfb_test_node (graph, LFB_OP_PLACEHOLDER, "x", NULL);
  LfbNode *last = lfb_test_node (graph, LFB_OP_OUTPUT, "output", first, NULL);
  guint n = 0;

  /* always into the same gap, which halves it each time */
  for (guint i = 0; i < 200; i++)
    {
      LfbNode *node = lfb_test_node (graph, LFB_OP_CALL_METHOD, "neg", first, NULL);

      g_assert_true (lfb_node_prepend (lfb_node_get_next (first), node, NULL));
    }

  for (LfbNode *node = first; lfb_node_get_next (node) != NULL; node = lfb_node_get_next (node))
    {
      g_assert_true (lfb_node_is_before (node, lfb_node_get_next (node)));
      g_assert_false (lfb_node_is_before (lfb_node_get_next (node), node));
      n++;
    }
  g_assert_cmpuint (n, ==, 201);
  g_assert_true (lfb_graph_get_last (graph) == last);
  assert_sound (graph);
}

static void
on_items_changed (GListModel *model,
                  guint       position,
                  guint       removed,
                  guint       added,
                  GString    *log)
{
  g_string_append_printf (log, "%u-%u+%u ", position, removed, added);
}

static void
test_is_a_list_model (void)
{
  LfbNode *x, *a, *b, *output;
  g_autoptr (LfbGraph) graph = make_chain (&x, &a, &b, &output);
  g_autoptr (GString) log = g_string_new (NULL);
  g_autoptr (LfbNode) item = NULL;

  g_signal_connect (graph, "items-changed", G_CALLBACK (on_items_changed), log);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (graph)), ==, 4);
  g_assert_true (g_list_model_get_item_type (G_LIST_MODEL (graph)) == LFB_TYPE_NODE);
  item = g_list_model_get_item (G_LIST_MODEL (graph), 2);
  g_assert_true (item == b);
  g_assert_null (g_list_model_get_item (G_LIST_MODEL (graph), 4));

  lfb_graph_erase_node (graph, output, NULL);
  lfb_test_node (graph, LFB_OP_CALL_METHOD, "neg", b, NULL);
  g_assert_true (lfb_node_prepend (a, b, NULL));
  g_assert_cmpstr (log->str, ==, "3-1+0 3-0+1 2-1+0 1-0+1 ");
}

static void
test_dead_code_goes (void)
{
  g_autoptr (LfbGraph) graph = lfb_graph_new ();
  LfbNode *x = lfb_test_node (graph, LFB_OP_PLACEHOLDER, "x", NULL);
  LfbNode *dead = lfb_test_node (graph, LFB_OP_CALL_METHOD, "neg", x, NULL);

  lfb_test_node (graph, LFB_OP_PLACEHOLDER, "unused", NULL);
  lfb_test_node (graph, LFB_OP_CALL_METHOD, "abs", dead, NULL);
  lfb_test_node (graph, LFB_OP_CALL_METHOD, "relu_", x, NULL);
  lfb_test_node (graph, LFB_OP_CALL_METHOD, "__getitem__", x, NULL);
  lfb_test_node (graph, LFB_OP_CALL_FUNCTION, "torch._assert", x, NULL);
  lfb_test_node (graph, LFB_OP_CALL_FUNCTION, "operator.setitem", x, NULL);
  lfb_test_node (graph, LFB_OP_GET_ATTR, "w", NULL);
  lfb_test_node (graph, LFB_OP_OUTPUT, "output", x, NULL);

  g_assert_true (lfb_graph_eliminate_dead_code (graph));
  assert_text (graph,
               "%x = placeholder\n"
               "%unused = placeholder\n"
               "%relu_ = method relu_(%x)\n"
               "%_assert = torch._assert(%x)\n"
               "%setitem = operator.setitem(%x)\n"
               "return (%x)\n");
  g_assert_false (lfb_graph_eliminate_dead_code (graph));
}

static void
add_relu (LfbGraphModule *model,
          const char     *path,
          gboolean        inplace)
{
  static const char * const keys[] = { "inplace", NULL };
  g_autoptr (LfbValue) value = lfb_value_for_bool (inplace);
  g_autoptr (LfbValue) config = lfb_value_for_dict (keys, &value, 1);
  g_autoptr (LfbModule) module = lfb_module_new ("torch.nn.ReLU", config, NULL, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (lfb_graph_module_set_module (model, path, module, &error));
  g_assert_no_error (error);
}

/* Only a model knows whether a module works in place. */
static void
test_dead_modules (void)
{
  g_autoptr (LfbGraph) graph = lfb_graph_new ();
  LfbNode *x = lfb_test_node (graph, LFB_OP_PLACEHOLDER, "x", NULL);
  LfbNode *own = lfb_test_node (graph, LFB_OP_CALL_METHOD, "abs", x, NULL);
  g_autoptr (LfbGraphModule) model = NULL;
  g_autoptr (LfbGraphModule) other = NULL;

  lfb_test_node (graph, LFB_OP_CALL_MODULE, "plain", x, NULL);
  lfb_test_node (graph, LFB_OP_CALL_MODULE, "inplace", x, NULL);
  lfb_test_node (graph, LFB_OP_CALL_MODULE, "inplace", own, NULL);
  lfb_test_node (graph, LFB_OP_OUTPUT, "output", x, NULL);
  g_assert_false (lfb_graph_eliminate_dead_code (graph));

  model = lfb_graph_module_new (graph);
  other = lfb_graph_module_new (graph);
  add_relu (model, "plain", FALSE);
  add_relu (model, "inplace", TRUE);
  g_assert_false (lfb_graph_eliminate_dead_code (graph));

  g_clear_object (&other);
  g_assert_true (lfb_graph_eliminate_dead_code (graph));
  assert_text (graph,
               "%x = placeholder\n"
               "%inplace = module inplace(%x)\n"
               "return (%x)\n");

  g_clear_object (&model);
  g_assert_false (lfb_graph_eliminate_dead_code (graph));
}

/* Without users, it changes what others read; or nobody does. */
static void
test_dead_code_in_place (void)
{
  g_autoptr (LfbGraph) graph = lfb_graph_new ();
  LfbNode *x = lfb_test_node (graph, LFB_OP_PLACEHOLDER, "x", NULL);
  LfbNode *read = lfb_test_node (graph, LFB_OP_CALL_METHOD, "neg", x, NULL);
  LfbNode *view = lfb_test_node (graph, LFB_OP_CALL_METHOD, "t", read, NULL);
  LfbNode *own = lfb_test_node (graph, LFB_OP_CALL_METHOD, "abs", x, NULL);

  lfb_test_node (graph, LFB_OP_CALL_FUNCTION, "torch.relu_", view, NULL);
  lfb_test_node (graph, LFB_OP_CALL_FUNCTION, "torch.relu_", own, NULL);
  lfb_test_node (graph, LFB_OP_OUTPUT, "output", read, NULL);

  g_assert_true (lfb_graph_eliminate_dead_code (graph));
  assert_text (graph,
               "%x = placeholder\n"
               "%neg = method neg(%x)\n"
               "%t = method t(%neg)\n"
               "%relu_ = torch.relu_(%t)\n"
               "return (%neg)\n");
}

static void
test_lint_lists_all_faults (void)
{
  g_autoptr (LfbGraph) graph = lfb_graph_new ();
  LfbNode *x = lfb_test_node (graph, LFB_OP_PLACEHOLDER, "x", NULL);
  LfbNode *a = lfb_test_node (graph, LFB_OP_CALL_METHOD, "neg", x, NULL);
  LfbNode *output = lfb_test_node (graph, LFB_OP_OUTPUT, "output", a, NULL);
  g_auto (GStrv) faults = NULL;
  g_autofree char *all = NULL;

  lfb_test_node (graph, LFB_OP_CALL_METHOD, "abs", output, NULL);
  lfb_test_node (graph, LFB_OP_CALL_METHOD, "floor", NULL);
  lfb_test_node (graph, LFB_OP_OUTPUT, "output", NULL);
  lfb_test_node (graph, LFB_OP_GET_ATTR, "w", x, NULL);
  g_assert_true (lfb_node_append (a, x, NULL));

  faults = lfb_graph_lint (graph);
  all = g_strjoinv ("\n", faults);
  g_assert_cmpstr (all, ==,
                   "node `neg` reads `x`, which stands behind it\n"
                   "output `output` has users\n"
                   "node `abs` stands behind the output `output`\n"
                   "node `abs` reads the output `output`\n"
                   "method call `floor` has nothing to call `floor` on\n"
                   "output `output_1` has 0 arguments instead of one\n"
                   "node `w` stands behind the output `output_1`\n"
                   "there are two outputs, `output` and `output_1`\n"
                   "get_attr `w` has arguments");
}

static void
test_lint_wants_an_output (void)
{
  g_autoptr (LfbGraph) graph = lfb_graph_new ();
  g_auto (GStrv) faults = lfb_graph_lint (graph);

  g_assert_cmpuint (g_strv_length (faults), ==, 1);
  g_assert_cmpstr (faults[0], ==, "there is no output");
}

static void
test_copies (void)
{
  LfbNode *x, *a, *b, *output;
  g_autoptr (LfbGraph) graph = make_chain (&x, &a, &b, &output);
  g_autoptr (LfbGraph) copy = NULL;
  g_autofree char *text = lfb_graph_to_text (graph);

  /* in disorder, too */
  g_assert_true (lfb_node_prepend (a, b, NULL));
  g_assert_true (lfb_node_append (a, b, NULL));
  copy = lfb_graph_copy (graph);
  assert_text (copy, text);
  g_assert_true (lfb_node_get_graph (lfb_graph_find (copy, "add")) == copy);

  g_assert_true (lfb_graph_erase_node (copy, lfb_graph_find (copy, "output"), NULL));
  assert_text (graph, text);
}

/* A chain of references as long as the graph must not be released by recursion,
 * nor a name be searched for ever longer.
 */
static void
test_long_chain (void)
{
  LfbGraph *graph = lfb_graph_new ();
  LfbNode *node = lfb_test_node (graph, LFB_OP_PLACEHOLDER, "x", NULL);
  g_autoptr (LfbNode) kept = NULL;

  for (guint i = 0; i < 200000; i++)
    node = lfb_test_node (graph, LFB_OP_CALL_METHOD, "neg", node, NULL);
  g_assert_cmpstr (lfb_node_get_name (node), ==, "neg_199999");
  lfb_test_node (graph, LFB_OP_OUTPUT, "output", node, NULL);
  assert_sound (graph);

  kept = g_object_ref (node);
  g_object_unref (graph);
  g_assert_null (lfb_node_get_graph (kept));
  g_assert_null (lfb_node_get_input (kept, 0));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/graph/names-like-torch", test_names_like_torch);
  g_test_add_func ("/graph/prints", test_prints);
  g_test_add_func ("/graph/users-follow-arguments", test_users_follow_arguments);
  g_test_add_func ("/graph/replaces-all-uses-but-by-the-replacement", test_replaces_all_uses_but_by_the_replacement);
  g_test_add_func ("/graph/erases-only-without-users", test_erases_only_without_users);
  g_test_add_func ("/graph/bare-objects-are-harmless", test_bare_objects_are_harmless);
  g_test_add_func ("/graph/refuses-strangers", test_refuses_strangers);
  g_test_add_func ("/graph/order-survives-many-insertions", test_order_survives_many_insertions);
  g_test_add_func ("/graph/is-a-list-model", test_is_a_list_model);
  g_test_add_func ("/graph/dead-code-goes", test_dead_code_goes);
  g_test_add_func ("/graph/dead-code-in-place", test_dead_code_in_place);
  g_test_add_func ("/graph/dead-code-modules", test_dead_modules);
  g_test_add_func ("/graph/lint-lists-all-faults", test_lint_lists_all_faults);
  g_test_add_func ("/graph/lint-wants-an-output", test_lint_wants_an_output);
  g_test_add_func ("/graph/copies", test_copies);
  g_test_add_func ("/graph/long-chain", test_long_chain);

  return g_test_run ();
}

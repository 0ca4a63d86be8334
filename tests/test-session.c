/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sessions: what is refused when one is made, what when it runs, how outputs
 * come, lifetimes, threads, cancelling, the profile.
 */

#include "common/lfb-test.h"

static LfbTensor *
floats (gint64 n,
        float  first)
{
  g_autofree float *data = g_new (float, MAX (n, 1));

  for (gint64 i = 0; i < n; i++)
    data[i] = first + i;

  return lfb_test_tensor (LFB_DTYPE_FLOAT32, data, n * sizeof *data, 1, n);
}

static LfbSession *
make_session (LfbGraph           *graph,
              LfbSessionOptions  *options)
{
  g_autoptr (LfbGraphModule) model = lfb_graph_module_new (graph);
  g_autoptr (GError) error = NULL;
  LfbSession *session = lfb_session_new (model, options, &error);

  g_assert_no_error (error);

  return session;
}

static LfbTensor *
run_one (LfbSession *session,
         LfbTensor  *input)
{
  g_autoptr (GError) error = NULL;
  g_autofree LfbTensor **outputs = NULL;
  gsize n;

  outputs = lfb_session_run (session, &input, input != NULL ? 1 : 0, NULL, &n, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, 1);

  return outputs[0];
}

static void
assert_floats (LfbTensor   *tensor,
               const float *expected,
               gsize        n)
{
  g_assert_cmpint (lfb_tensor_get_dtype (tensor), ==, LFB_DTYPE_FLOAT32);
  g_assert_cmpint (lfb_tensor_get_n_elements (tensor), ==, n);
  for (gsize i = 0; i < n; i++)
    g_assert_cmpfloat (((const float *) lfb_tensor_get_data (tensor, NULL))[i], ==, expected[i]);
}

static LfbNode *
node_with (LfbGraph    *graph,
           LfbOp        op,
           const char  *target,
           LfbNode     *first,
           LfbValue    *second)
{
  g_autoptr (LfbValue) a = lfb_value_for_node (first);
  LfbValue *args[] = { a, second };
  g_autoptr (GError) error = NULL;
  LfbNode *node = lfb_graph_create_node (graph, op, target, args, second != NULL ? 2 : 1, NULL, NULL, &error);

  g_assert_no_error (error);
  if (second != NULL)
    lfb_value_unref (second);

  return node;
}

/* x, then @n times relu, then the output. */
static LfbGraph *
chain (gsize n)
{
  LfbGraph *graph = lfb_graph_new ();
  LfbNode *node = lfb_test_node (graph, LFB_OP_PLACEHOLDER, "x", NULL);

  for (gsize i = 0; i < n; i++)
    node = lfb_test_node (graph, LFB_OP_CALL_FUNCTION, "torch.relu", node, NULL);
  lfb_test_node (graph, LFB_OP_OUTPUT, "output", node, NULL);

  return graph;
}

static void
test_refused (void)
{
  static const struct {
    LfbOp op;
    const char *target;
    gint code;
    const char *message;
  } cases[] = {
    { LFB_OP_CALL_FUNCTION, "torch.nothing", LFB_ERROR_UNSUPPORTED, "node `nothing` (torch.nothing): there is no operator torch.nothing" },
    { LFB_OP_CALL_METHOD, "nothing", LFB_ERROR_UNSUPPORTED, "there is no operator for the method nothing" },
    { LFB_OP_CALL_MODULE, "layer", LFB_ERROR_UNSUPPORTED, "there is no operator for the module type custom.Layer (`layer`)" },
    { LFB_OP_CALL_MODULE, "pair", LFB_ERROR_INVALID_GRAPH, "module `pair` (torch.ao.nn.intrinsic.ConvReLU2d) has 0 parts, expected 2" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (LfbGraph) graph = lfb_graph_new ();
      g_autoptr (LfbGraphModule) model = NULL;
      g_autoptr (LfbModule) layer = lfb_module_new ("custom.Layer", NULL, NULL, NULL);
      g_autoptr (LfbModule) pair = lfb_module_new ("torch.ao.nn.intrinsic.ConvReLU2d", NULL, NULL, NULL);
      g_autoptr (GError) error = NULL;
      g_autoptr (LfbSession) session = NULL;
      LfbNode *x = lfb_test_node (graph, LFB_OP_PLACEHOLDER, "x", NULL);
      LfbNode *y = lfb_test_node (graph, cases[i].op, cases[i].target, x, NULL);

      lfb_test_node (graph, LFB_OP_OUTPUT, "output", y, NULL);
      model = lfb_graph_module_new (graph);
      g_assert_true (lfb_graph_module_set_module (model, "layer", layer, NULL));
      g_assert_true (lfb_graph_module_set_module (model, "pair", pair, NULL));
      session = lfb_session_new (model, NULL, &error);
      g_assert_null (session);
      lfb_assert_error (error, cases[i].code, cases[i].message);
    }
}

/* Constants that do not fit fail when the session is made. */
static void
test_constants (void)
{
  g_autoptr (LfbGraph) graph = lfb_graph_new ();
  g_autoptr (LfbGraphModule) model = NULL;
  g_autoptr (LfbTensor) weight = floats (3, 1);
  g_autoptr (LfbValue) value = lfb_value_for_tensor (weight);
  g_autoptr (GError) error = NULL;
  g_autoptr (LfbSession) session = NULL;
  g_autoptr (LfbTensor) result = NULL;
  LfbNode *w = lfb_test_node (graph, LFB_OP_GET_ATTR, "w", NULL);
  LfbNode *sum = lfb_test_node (graph, LFB_OP_CALL_FUNCTION, "operator.add", w, w, NULL);
  LfbNode *bad;

  lfb_test_node (graph, LFB_OP_OUTPUT, "output", sum, NULL);
  model = lfb_graph_module_new (graph);
  lfb_graph_module_set_attribute (model, "w", value);
  session = lfb_session_new (model, NULL, &error);
  g_assert_no_error (error);
  result = run_one (session, NULL);
  assert_floats (result, (const float[]) { 2, 4, 6 }, 3);
  g_clear_object (&session);

  bad = node_with (graph, LFB_OP_CALL_METHOD, "view", w, lfb_value_for_int (2));
  g_assert_true (lfb_node_prepend (lfb_graph_find (graph, "output"), bad, &error));
  g_assert_no_error (error);
  session = lfb_session_new (model, NULL, &error);
  g_assert_null (session);
  lfb_assert_error (error, LFB_ERROR_SHAPE, "node `view` (view)");
}

static void
test_inputs (void)
{
  g_autoptr (LfbGraph) graph = lfb_graph_new ();
  g_autoptr (LfbSession) session = NULL;
  g_autoptr (LfbTensor) two = floats (2, 1);
  g_autoptr (LfbTensor) three = floats (3, 1);
  g_autoptr (LfbTensor) one = floats (1, 10);
  const gint64 numbers[] = { 1, 2 };
  g_autoptr (LfbTensor) integers = lfb_test_tensor (LFB_DTYPE_INT64, numbers, sizeof numbers, 1, G_GINT64_CONSTANT (2));
  g_auto (GStrv) names = NULL;
  LfbTensor *inputs[3];
  g_autoptr (GError) error = NULL;
  const gint64 shape[] = { 2 };
  LfbNode *x, *y, *sum;
  gsize n;

  x = lfb_test_node (graph, LFB_OP_PLACEHOLDER, "x", NULL);
  y = lfb_test_node (graph, LFB_OP_PLACEHOLDER, "y", NULL);
  sum = lfb_test_node (graph, LFB_OP_CALL_FUNCTION, "operator.add", x, y, NULL);
  lfb_test_node (graph, LFB_OP_OUTPUT, "output", sum, NULL);
  g_assert_true (lfb_node_set_example (x, LFB_DTYPE_FLOAT32, shape, 1, &error));
  session = make_session (graph, NULL);

  names = lfb_session_list_inputs (session);
  g_assert_cmpstrv (names, ((const char *[]) { "x", "y", NULL }));

  inputs[0] = two;
  inputs[1] = inputs[2] = three;
  g_assert_null (lfb_session_run (session, inputs, 1, NULL, &n, &error));
  lfb_assert_error (error, LFB_ERROR_ARGUMENT, "input `y` is missing: 1 inputs are given, expected 2");
  g_clear_error (&error);
  g_assert_null (lfb_session_run (session, inputs, 3, NULL, &n, &error));
  lfb_assert_error (error, LFB_ERROR_ARGUMENT, "3 inputs are given, expected 2");
  g_clear_error (&error);
  g_assert_null (lfb_session_run (session, inputs, 2, NULL, &n, &error));
  lfb_assert_error (error, LFB_ERROR_SHAPE, "node `add` (operator.add): the shapes [2] and [3] do not broadcast");
  lfb_assert_error (error, LFB_ERROR_SHAPE, "`x` is a float32 tensor of shape [2], `y` is a float32 tensor of shape [3]");
  g_clear_error (&error);
  g_assert_cmpuint (n, ==, 0);

  inputs[0] = integers;
  g_assert_null (lfb_session_run (session, inputs, 2, NULL, &n, &error));
  lfb_assert_error (error, LFB_ERROR_DTYPE, "input `x` has the dtype int64, expected float32");
  g_clear_error (&error);

  /* The example is no limit to the shape. */
  {
    g_autofree LfbTensor **outputs = NULL;

    inputs[0] = one;
    inputs[1] = three;
    outputs = lfb_session_run (session, inputs, 2, NULL, &n, &error);
    g_assert_no_error (error);
    assert_floats (outputs[0], (const float[]) { 11, 12, 13 }, 3);
    g_object_unref (outputs[0]);
  }
}

/* An item of @node: what operator.getitem makes. */
static LfbNode *
make_item (LfbGraph *graph,
           LfbNode  *node,
           LfbValue *index)
{
  g_autoptr (LfbValue) of = lfb_value_for_node (node);
  g_autoptr (GError) error = NULL;
  LfbValue *args[] = { of, index };
  LfbNode *item;

  item = lfb_graph_create_node (graph, LFB_OP_CALL_FUNCTION, "operator.getitem", args, 2, NULL, NULL, &error);
  lfb_value_unref (index);
  g_assert_no_error (error);

  return item;
}

static void
after_values (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

/* pair[0] is written to in place, which pair[1]["k"] does not show. */
static void
test_nested_inputs (void)
{
  static const char * const keys[] = { "k", NULL };
  g_autoptr (LfbGraph) graph = lfb_graph_new ();
  g_autoptr (LfbTensor) a = floats (2, 1);
  g_autoptr (LfbTensor) b = floats (2, 10);
  g_autoptr (LfbValue) first = lfb_value_for_tensor (a);
  g_autoptr (LfbValue) second = lfb_value_for_tensor (b);
  g_autoptr (LfbValue) dict = lfb_value_for_dict (keys, &second, 1);
  g_autoptr (LfbValue) pair = lfb_value_for_tuple ((LfbValue *[]) { first, dict }, 2);
  g_autoptr (LfbValue) number = lfb_value_for_double (0.5);
  g_autoptr (LfbSession) session = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree LfbTensor **outputs = NULL;
  LfbValue *inputs[] = { pair, number, NULL };
  const gint64 shape[] = { 2 };
  LfbNode *x, *y, *item, *again, *sum;
  gsize n;

  x = lfb_test_node (graph, LFB_OP_PLACEHOLDER, "x", NULL);
  y = lfb_test_node (graph, LFB_OP_PLACEHOLDER, "y", NULL);
  item = make_item (graph, x, lfb_value_for_int (0));
  lfb_test_node (graph, LFB_OP_CALL_METHOD, "add_", item, y, NULL);
  again = make_item (graph, x, lfb_value_for_int (0));
  sum = make_item (graph, make_item (graph, x, lfb_value_for_int (1)), lfb_value_for_string ("k"));
  sum = lfb_test_node (graph, LFB_OP_CALL_FUNCTION, "torch.add", sum, again, NULL);
  lfb_test_node (graph, LFB_OP_OUTPUT, "output", sum, NULL);
  session = make_session (graph, NULL);

  outputs = lfb_session_run_values (session, inputs, 2, NULL, &n, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, 1);
  assert_floats (outputs[0], (const float[]) { 11.5, 13.5 }, 2);
  assert_floats (a, (const float[]) { 1, 2 }, 2);
  g_object_unref (outputs[0]);
  g_clear_pointer (&outputs, g_free);

  lfb_session_run_values_async (session, inputs, 2, NULL, after_values, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  outputs = lfb_session_run_values_finish (session, result, &n, &error);
  g_assert_no_error (error);
  assert_floats (outputs[0], (const float[]) { 11.5, 13.5 }, 2);
  g_object_unref (outputs[0]);

  g_assert_null (lfb_session_run_values (session, inputs + 1, 2, NULL, &n, &error));
  lfb_assert_error (error, LFB_ERROR_ARGUMENT, "input 1 is missing");
  g_clear_error (&error);
  g_assert_null (lfb_session_run (session, (LfbTensor *[]) { a, b }, 2, NULL, &n, &error));
  lfb_assert_error (error, LFB_ERROR_SHAPE, "the result has the shape [2] and cannot be written in place of []");
  g_clear_error (&error);

  /* An example of a tensor says that it is one. */
  g_assert_true (lfb_node_set_example (x, LFB_DTYPE_FLOAT32, shape, 1, &error));
  g_clear_object (&session);
  session = make_session (graph, NULL);
  g_assert_null (lfb_session_run_values (session, inputs, 2, NULL, &n, &error));
  lfb_assert_error (error, LFB_ERROR_ARGUMENT, "input `x` is a tuple, expected a tensor");
}

/* A placeholder with a default may be left out. */
static void
test_default_input (void)
{
  g_autoptr (LfbGraph) graph = lfb_graph_new ();
  g_autoptr (LfbValue) fallback = lfb_value_for_double (5);
  g_autoptr (LfbTensor) x = floats (2, 1);
  g_autoptr (LfbSession) session = NULL;
  g_autoptr (LfbTensor) y = NULL;
  g_autoptr (GError) error = NULL;
  LfbValue *args[] = { fallback };
  LfbNode *a, *b, *sum;

  a = lfb_test_node (graph, LFB_OP_PLACEHOLDER, "a", NULL);
  b = lfb_graph_create_node (graph, LFB_OP_PLACEHOLDER, "b", args, 1, NULL, NULL, &error);
  g_assert_no_error (error);
  sum = lfb_test_node (graph, LFB_OP_CALL_FUNCTION, "operator.add", a, b, NULL);
  lfb_test_node (graph, LFB_OP_OUTPUT, "output", sum, NULL);
  session = make_session (graph, NULL);
  y = run_one (session, x);
  assert_floats (y, (const float[]) { 6, 7 }, 2);
}

static void
test_outputs (void)
{
  static const char * const keys[] = { "a", "b", NULL };
  g_autoptr (LfbGraph) graph = lfb_graph_new ();
  g_autoptr (LfbTensor) x = floats (2, 1);
  g_autoptr (LfbSession) session = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) values = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);
  g_autoptr (LfbValue) dict = NULL;
  g_autoptr (LfbValue) list = NULL;
  g_autofree LfbTensor **outputs = NULL;
  LfbValue *items[3], *args[1];
  LfbNode *a, *b;
  gsize n;

  /* {"a": relu, "b": [x, None, 7, 2.5]} */
  a = lfb_test_node (graph, LFB_OP_PLACEHOLDER, "x", NULL);
  b = lfb_test_node (graph, LFB_OP_CALL_FUNCTION, "torch.neg", a, NULL);
  g_ptr_array_add (values, lfb_value_for_node (a));
  g_ptr_array_add (values, lfb_value_for_none ());
  g_ptr_array_add (values, lfb_value_for_int (7));
  g_ptr_array_add (values, lfb_value_for_double (2.5));
  list = lfb_value_for_list ((LfbValue **) values->pdata, values->len);
  g_ptr_array_add (values, lfb_value_for_node (b));
  items[0] = g_ptr_array_index (values, 4);
  items[1] = list;
  dict = lfb_value_for_dict (keys, items, 2);
  args[0] = dict;
  lfb_graph_create_node (graph, LFB_OP_OUTPUT, "output", args, 1, NULL, NULL, &error);
  g_assert_no_error (error);

  session = make_session (graph, NULL);
  outputs = lfb_session_run (session, &x, 1, NULL, &n, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, 4);
  assert_floats (outputs[0], (const float[]) { -1, -2 }, 2);
  g_assert_true (outputs[1] == x);
  g_assert_cmpint (lfb_tensor_get_dtype (outputs[2]), ==, LFB_DTYPE_INT64);
  g_assert_cmpint (*(const gint64 *) lfb_tensor_get_data (outputs[2], NULL), ==, 7);
  g_assert_cmpint (lfb_tensor_get_dtype (outputs[3]), ==, LFB_DTYPE_FLOAT64);
  g_assert_cmpuint (lfb_tensor_get_n_dims (outputs[3]), ==, 0);
  for (gsize i = 0; i < n; i++)
    g_object_unref (outputs[i]);
}

/* What is written in place is seen by those who read the same tensor later. */
static void
test_in_place (void)
{
  g_autoptr (LfbGraph) graph = lfb_graph_new ();
  g_autoptr (LfbTensor) x = floats (3, -1);
  g_autoptr (LfbSession) session = NULL;
  g_autoptr (LfbTensor) y = NULL;
  LfbNode *input = lfb_test_node (graph, LFB_OP_PLACEHOLDER, "x", NULL);
  LfbNode *twice = lfb_test_node (graph, LFB_OP_CALL_FUNCTION, "operator.add", input, input, NULL);
  LfbNode *relu = lfb_test_node (graph, LFB_OP_CALL_METHOD, "relu_", twice, NULL);
  LfbNode *sum = lfb_test_node (graph, LFB_OP_CALL_FUNCTION, "operator.add", twice, relu, NULL);

  lfb_test_node (graph, LFB_OP_OUTPUT, "output", sum, NULL);
  session = make_session (graph, NULL);
  y = run_one (session, x);
  assert_floats (y, (const float[]) { 0, 0, 4 }, 3);
  /* The caller's own tensor stays as it was. */
  assert_floats (x, (const float[]) { -1, 0, 1 }, 3);
}

/* A value is let go after its last reader: a long chain needs three buffers at most. */
static void
test_lifetimes (void)
{
  g_autoptr (LfbGraph) graph = chain (20);
  g_autoptr (LfbSession) session = make_session (graph, NULL);
  g_autoptr (LfbTensor) x = floats (1000, 0);
  g_autoptr (LfbTensor) y = NULL;

  g_assert_cmpuint (lfb_session_get_peak_memory (session), ==, 0);
  y = run_one (session, x);
  g_assert_cmpuint (lfb_session_get_peak_memory (session), >=, 2 * 4000);
  g_assert_cmpuint (lfb_session_get_peak_memory (session), <=, 3 * 4000);
}

static void
test_profile (void)
{
  g_autoptr (LfbGraph) graph = chain (2);
  g_autoptr (LfbSessionOptions) options = lfb_session_options_new ();
  g_autoptr (LfbSession) session = make_session (graph, options);
  g_autoptr (LfbTensor) x = floats (10, 0);
  g_autoptr (LfbTensor) y = NULL;
  g_autofree char *none = lfb_session_profile_to_text (session);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  g_assert_null (none);
  g_clear_object (&session);
  lfb_session_options_set_profile (options, TRUE);
  lfb_session_options_set_n_threads (options, 3);
  session = make_session (graph, options);
  g_assert_cmpuint (lfb_session_get_n_threads (session), ==, 3);
  y = run_one (session, x);
  text = lfb_session_profile_to_text (session);
  lines = g_strsplit (text, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 4);
  g_assert_nonnull (strstr (lines[1], "relu"));
  g_assert_nonnull (strstr (lines[2], "relu_1"));
  g_assert_nonnull (strstr (lines[2], "torch.relu"));
  g_assert_null (strstr (text, " 0.0%"));
}

/* A module that is a graph of its own, used twice. */
static void
test_subgraph (void)
{
  g_autoptr (LfbGraph) inner = chain (1);
  g_autoptr (LfbGraphModule) inner_model = lfb_graph_module_new (inner);
  g_autoptr (LfbModule) module = lfb_module_new ("torch.fx.GraphModule", NULL, NULL, inner_model);
  g_autoptr (LfbGraph) graph = lfb_graph_new ();
  g_autoptr (LfbGraphModule) model = NULL;
  g_autoptr (LfbSession) session = NULL;
  g_autoptr (LfbTensor) x = floats (3, -1);
  g_autoptr (LfbTensor) y = NULL;
  g_autoptr (GError) error = NULL;
  LfbNode *a = lfb_test_node (graph, LFB_OP_PLACEHOLDER, "x", NULL);
  LfbNode *b = lfb_test_node (graph, LFB_OP_CALL_MODULE, "sub", a, NULL);
  LfbNode *c = lfb_test_node (graph, LFB_OP_CALL_MODULE, "sub", b, NULL);
  LfbNode *nothing;

  lfb_test_node (graph, LFB_OP_OUTPUT, "output", c, NULL);
  model = lfb_graph_module_new (graph);
  g_assert_true (lfb_graph_module_set_module (model, "sub", module, &error));
  session = lfb_session_new (model, NULL, &error);
  g_assert_no_error (error);
  y = run_one (session, x);
  assert_floats (y, (const float[]) { 0, 0, 1 }, 3);

  /* An operator that is missing inside is named with both nodes. */
  nothing = lfb_test_node (inner, LFB_OP_CALL_FUNCTION, "torch.nothing", lfb_graph_get_first (inner), NULL);
  g_assert_true (lfb_node_prepend (lfb_graph_find (inner, "output"), nothing, &error));
  g_clear_object (&session);
  session = lfb_session_new (model, NULL, &error);
  g_assert_null (session);
  lfb_assert_error (error, LFB_ERROR_UNSUPPORTED, "node `sub` (sub): node `nothing` (torch.nothing)");
}

/* The session keeps what it was made from. */
static void
test_independent (void)
{
  g_autoptr (LfbGraph) graph = chain (1);
  g_autoptr (LfbSession) session = make_session (graph, NULL);
  g_autoptr (LfbTensor) x = floats (3, -1);
  g_autoptr (LfbTensor) y = NULL;

  lfb_node_set_target (lfb_graph_find (graph, "relu"), "torch.neg");
  y = run_one (session, x);
  assert_floats (y, (const float[]) { 0, 0, 1 }, 3);
}

typedef struct {
  LfbSession *session;
  LfbTensor *input;
  LfbTensor *expected;
} Worker;

static gpointer
work (gpointer data)
{
  Worker *worker = data;

  for (gsize i = 0; i < 30; i++)
    {
      g_autoptr (LfbTensor) y = run_one (worker->session, worker->input);

      g_assert_true (lfb_tensor_equal (y, worker->expected));
    }

  return NULL;
}

/* A convolution big enough for several parts: the same bits from every number
 * of threads, and from several callers at once.
 */
static LfbGraphModule *
conv_model (void)
{
  static const char * const tensor_names[] = { "weight", NULL };
  static const char * const setting_names[] = { "padding", "scale", "zero_point", NULL };
  g_autoptr (LfbGraph) graph = lfb_graph_new ();
  g_autofree gint8 *data = g_new (gint8, 16 * 16 * 9);
  g_autoptr (LfbTensor) integers = NULL;
  g_autoptr (LfbTensor) weight = NULL;
  g_autoptr (LfbValue) w = NULL;
  g_autoptr (LfbValue) padding = lfb_value_for_int (1);
  g_autoptr (LfbValue) scale = lfb_value_for_double (0.5);
  g_autoptr (LfbValue) zero_point = lfb_value_for_int (100);
  LfbValue *settings_items[] = { padding, scale, zero_point };
  g_autoptr (LfbValue) settings = lfb_value_for_dict (setting_names, settings_items, 3);
  g_autoptr (LfbValue) tensors = NULL;
  g_autoptr (LfbModule) module = NULL;
  g_autoptr (GError) error = NULL;
  LfbGraphModule *model;
  LfbNode *x, *y;

  for (gsize i = 0; i < 16 * 16 * 9; i++)
    data[i] = i * 37 % 255 - 127;
  integers = lfb_test_tensor (LFB_DTYPE_INT8, data, 16 * 16 * 9, 4, G_GINT64_CONSTANT (16), G_GINT64_CONSTANT (16),
                              G_GINT64_CONSTANT (3), G_GINT64_CONSTANT (3));
  weight = lfb_tensor_new_quantized (integers, 0.01, 0, LFB_DTYPE_QINT8, &error);
  g_assert_no_error (error);
  w = lfb_value_for_tensor (weight);
  tensors = lfb_value_for_dict (tensor_names, &w, 1);
  module = lfb_module_new ("torch.ao.nn.quantized.Conv2d", settings, tensors, NULL);

  x = lfb_test_node (graph, LFB_OP_PLACEHOLDER, "x", NULL);
  y = lfb_test_node (graph, LFB_OP_CALL_MODULE, "conv", x, NULL);
  lfb_test_node (graph, LFB_OP_OUTPUT, "output", y, NULL);
  model = lfb_graph_module_new (graph);
  g_assert_true (lfb_graph_module_set_module (model, "conv", module, &error));

  return model;
}

static void
test_threads (void)
{
  g_autoptr (LfbGraphModule) model = conv_model ();
  g_autofree guint8 *data = g_new (guint8, 2 * 16 * 20 * 20);
  g_autoptr (LfbTensor) integers = NULL;
  g_autoptr (LfbTensor) x = NULL;
  g_autoptr (LfbTensor) expected = NULL;
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < 2 * 16 * 20 * 20; i++)
    data[i] = i * 101 % 256;
  integers = lfb_test_tensor (LFB_DTYPE_UINT8, data, 2 * 16 * 20 * 20, 4, G_GINT64_CONSTANT (2), G_GINT64_CONSTANT (16),
                              G_GINT64_CONSTANT (20), G_GINT64_CONSTANT (20));
  x = lfb_tensor_new_quantized (integers, 0.1, 7, LFB_DTYPE_QUINT8, &error);
  g_assert_no_error (error);

  for (guint n_threads = 1; n_threads <= 5; n_threads++)
    {
      g_autoptr (LfbSessionOptions) options = lfb_session_options_new ();
      g_autoptr (LfbSession) session = NULL;
      g_autoptr (LfbTensor) y = NULL;
      GThread *threads[4];
      Worker worker;

      lfb_session_options_set_n_threads (options, n_threads);
      /* As many parts as can be, whatever they cost. */
      g_setenv ("LOWERFB_DEBUG", "split", TRUE);
      session = lfb_session_new (model, options, &error);
      g_unsetenv ("LOWERFB_DEBUG");
      g_assert_no_error (error);
      y = run_one (session, x);
      if (expected == NULL)
        expected = g_object_ref (y);
      g_assert_true (lfb_tensor_equal (y, expected));

      worker = (Worker) { session, x, expected };
      for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
        threads[i] = g_thread_new ("worker", work, &worker);
      for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
        g_thread_join (threads[i]);
    }
}

typedef struct {
  GMainLoop *loop;
  LfbTensor **outputs;
  gsize n_outputs;
  GError *error;
} AsyncRun;

static void
run_done (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  AsyncRun *run = user_data;

  run->outputs = lfb_session_run_finish (LFB_SESSION (source), result, &run->n_outputs, &run->error);
  g_main_loop_quit (run->loop);
}

static void
test_async (void)
{
  g_autoptr (LfbGraph) graph = chain (3);
  g_autoptr (LfbSession) session = make_session (graph, NULL);
  g_autoptr (LfbTensor) x = floats (3, -1);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  AsyncRun run = { loop };

  lfb_session_run_async (session, &x, 1, cancellable, run_done, &run);
  g_main_loop_run (loop);
  g_assert_no_error (run.error);
  g_assert_cmpuint (run.n_outputs, ==, 1);
  assert_floats (run.outputs[0], (const float[]) { 0, 0, 1 }, 3);
  g_object_unref (run.outputs[0]);
  g_free (run.outputs);

  lfb_session_run_async (session, NULL, 0, cancellable, run_done, &run);
  g_main_loop_run (loop);
  g_assert_null (run.outputs);
  lfb_assert_error (run.error, LFB_ERROR_ARGUMENT, "input `x` is missing");
  g_clear_error (&run.error);

  g_cancellable_cancel (cancellable);
  lfb_session_run_async (session, &x, 1, cancellable, run_done, &run);
  g_main_loop_run (loop);
  g_assert_null (run.outputs);
  g_assert_error (run.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&run.error);
}

static void
test_cancelled (void)
{
  g_autoptr (LfbGraph) graph = chain (1);
  g_autoptr (LfbSession) session = make_session (graph, NULL);
  g_autoptr (LfbTensor) x = floats (3, -1);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  gsize n = 9;

  g_cancellable_cancel (cancellable);
  g_assert_null (lfb_session_run (session, &x, 1, cancellable, &n, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (n, ==, 0);
}

static void
test_properties (void)
{
  g_autoptr (LfbSessionOptions) options = g_object_new (LFB_TYPE_SESSION_OPTIONS, "n-threads", 2u, "profile", TRUE, NULL);
  g_autoptr (LfbGraph) graph = chain (1);
  g_autoptr (LfbSession) session = make_session (graph, options);
  g_autoptr (LfbGraphModule) model = NULL;
  guint n_threads;
  guint64 peak;

  g_assert_true (lfb_session_options_get_profile (options));
  g_assert_cmpuint (lfb_session_options_get_n_threads (options), ==, 2);
  g_object_get (session, "model", &model, "n-threads", &n_threads, "peak-memory", &peak, NULL);
  g_assert_true (model == lfb_session_get_model (session));
  g_assert_cmpuint (n_threads, ==, 2);
  g_assert_cmpuint (peak, ==, 0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/session/refused", test_refused);
  g_test_add_func ("/session/constants", test_constants);
  g_test_add_func ("/session/inputs", test_inputs);
  g_test_add_func ("/session/nested-inputs", test_nested_inputs);
  g_test_add_func ("/session/default-input", test_default_input);
  g_test_add_func ("/session/outputs", test_outputs);
  g_test_add_func ("/session/in-place", test_in_place);
  g_test_add_func ("/session/lifetimes", test_lifetimes);
  g_test_add_func ("/session/profile", test_profile);
  g_test_add_func ("/session/subgraph", test_subgraph);
  g_test_add_func ("/session/independent", test_independent);
  g_test_add_func ("/session/threads", test_threads);
  g_test_add_func ("/session/async", test_async);
  g_test_add_func ("/session/cancelled", test_cancelled);
  g_test_add_func ("/session/properties", test_properties);

  return g_test_run ();
}

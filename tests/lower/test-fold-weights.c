/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Dead code and weight folding: doc/lowering-coverage.md, pass 10. */

#include "lfb-test-model.h"

#include "../common/lfb-test.h"

#include <math.h>

#define LINEAR(name, input) \
  "%" name "_packed = torch.ops.quantized.linear_prepack(%wq, %b)\n" \
  "%" name " = torch.ops.quantized.linear_dynamic(" input ", %" name "_packed, True)\n"

#define WEIGHT \
  "%x = placeholder\n" \
  "%w = get_attr w\n" \
  "%wq = quantize(%w, 0.0625, 0, qint8)\n" \
  "%b = get_attr b\n"

static LfbGraphModule *
make (const char *graph)
{
  LfbGraphModule *model = lfb_test_parse (graph);
  g_autoptr (LfbTensor) weight = lfb_test_ramp (2, 2, 3);
  g_autoptr (LfbTensor) bias = lfb_test_ramp (1, 2);

  lfb_test_set_tensor (model, "w", weight);
  lfb_test_set_tensor (model, "b", bias);
  return model;
}

static void
run_pass (LfbGraphModule *model,
          const char     *name)
{
  g_autoptr (LfbPass) pass = lfb_pass_new_builtin (name, NULL);
  g_autoptr (GError) error = NULL;

  lfb_pass_run (pass, model, &error);
  g_assert_no_error (error);
}

/* Packed weights are named after the module of their user, dots as _, by the
 * first number that is free.
 */
static void
test_names (void)
{
  g_autoptr (LfbGraphModule) model = make (WEIGHT
                                           LINEAR ("f", "%x")
                                           LINEAR ("g", "%f")
                                           LINEAR ("h", "%g")
                                           LINEAR ("i", "%h")
                                           "%taken = get_attr net_block_0_packed_weight_1\n"
                                           "return ([%i, %taken])\n");
  g_autoptr (LfbTensor) taken = lfb_test_ramp (1, 1);

  lfb_test_set_tensor (model, "net_block_0_packed_weight_1", taken);
  lfb_test_set_scope (model, "f", "net.block.0");
  lfb_test_set_scope (model, "g", "net.block.0");
  lfb_test_set_scope (model, "h", "");
  run_pass (model, "fold-weights");
  lfb_test_assert_graph (model,
                         "%x = placeholder\n"
                         "%net_block_0_packed_weight_0 = get_attr net_block_0_packed_weight_0\n"
                         "%f = torch.ops.quantized.linear_dynamic(%x, %net_block_0_packed_weight_0, True)\n"
                         "%net_block_0_packed_weight_2 = get_attr net_block_0_packed_weight_2\n"
                         "%g = torch.ops.quantized.linear_dynamic(%f, %net_block_0_packed_weight_2, True)\n"
                         "%_packed_weight_0 = get_attr _packed_weight_0\n"
                         "%h = torch.ops.quantized.linear_dynamic(%g, %_packed_weight_0, True)\n"
                         "%_packed_weight_1 = get_attr _packed_weight_1\n"
                         "%i = torch.ops.quantized.linear_dynamic(%h, %_packed_weight_1, True)\n"
                         "%taken = get_attr net_block_0_packed_weight_1\n"
                         "return ([%i, %taken])\n");
  g_assert_null (lfb_graph_module_get_attribute (model, "w"));
  g_assert_null (lfb_graph_module_get_attribute (model, "wq_scale"));
}

static void
test_packed (void)
{
  g_autoptr (LfbGraphModule) model = make (WEIGHT LINEAR ("f", "%x") "return (%f)\n");
  LfbValue *packed;
  LfbTensor *weight;
  const gint8 *integers;

  run_pass (model, "fold-weights");
  packed = lfb_graph_module_get_attribute (model, "_packed_weight_0");
  g_assert_cmpstr (lfb_value_get_string (packed), ==, "LinearPackedParamsBase");
  g_assert_nonnull (lfb_value_get_tensor (lfb_value_lookup (packed, "bias")));

  weight = lfb_value_get_tensor (lfb_value_lookup (packed, "weight"));
  g_assert_cmpfloat (lfb_tensor_get_scale (weight), ==, 0.0625);
  integers = lfb_tensor_get_data (weight, NULL);
  for (gint64 i = 0; i < 6; i++)
    g_assert_cmpint (integers[i], ==, (i % 7 - 3) * 2);
}

/* Ties to even before the zero point is added, clamped, NaN at the zero point;
 * enough values for vector code and what it leaves over.
 */
static void
test_rounding (void)
{
  const float values[] = {
    0.25f, 0.75f, 1.25f, -0.25f, -0.75f, 60.9f, 61.0f, 1e30f, -66.4f, -1e30f, INFINITY, -INFINITY, NAN, -0.0f,
    0.2499f, 0.2501f, 1e-30f, 3.0f, -3.0f,
  };
  const gint8 expected[] = { 5, 7, 7, 5, 3, 127, 127, 127, -128, -128, 127, -128, 5, 5, 5, 6, 5, 11, -1 };
  g_autoptr (LfbGraphModule) model = lfb_test_parse ("%x = placeholder\n"
                                                     "%w = get_attr w\n"
                                                     "%wq = quantize(%w, 0.5, 5, qint8)\n"
                                                     "%p = torch.ops.quantized.linear_prepack(%wq)\n"
                                                     "%f = torch.ops.quantized.linear_dynamic(%x, %p, True)\n"
                                                     "return (%f)\n");
  g_autoptr (LfbTensor) weight = lfb_test_tensor (LFB_DTYPE_FLOAT32, values, sizeof values, 2, (gint64) 1,
                                                  (gint64) G_N_ELEMENTS (values));
  const gint8 *integers;

  G_STATIC_ASSERT (G_N_ELEMENTS (values) == G_N_ELEMENTS (expected));
  lfb_test_set_tensor (model, "w", weight);
  run_pass (model, "fold-weights");
  integers = lfb_tensor_get_data (lfb_value_get_tensor (lfb_value_lookup (
    lfb_graph_module_get_attribute (model, "_packed_weight_0"), "weight")), NULL);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    g_assert_cmpint (integers[i], ==, expected[i]);
}

/* A weight that something else reads as well stays where that is. */
static void
test_shared_weight (void)
{
  g_autoptr (LfbGraphModule) model = make (WEIGHT LINEAR ("f", "%x") "return ([%f, %w, %wq])\n");

  run_pass (model, "fold-weights");
  lfb_test_assert_graph (model,
                         "%x = placeholder\n"
                         "%w = get_attr w\n"
                         "%wq = quantize(%w, 0.0625, 0, qint8)\n"
                         "%_packed_weight_0 = get_attr _packed_weight_0\n"
                         "%f = torch.ops.quantized.linear_dynamic(%x, %_packed_weight_0, True)\n"
                         "return ([%f, %w, %wq])\n");
}

/* A weight that is computed when the model runs is packed then. */
static void
test_computed_weight (void)
{
  static const char graph[] =
    "%x = placeholder\n"
    "%q = torch.quantize_per_tensor_dynamic(%x, quint8, True)\n"
    "%d = dequantize(%q)\n"
    "%w = placeholder\n"
    "%wq = quantize(%w, 0.0625, 0, qint8)\n"
    "%wd = dequantize(%wq)\n"
    "%f = torch.nn.functional.linear(%d, %wd)\n"
    "return (%f)\n";
  g_autoptr (LfbGraphModule) model = make (graph);
  g_autoptr (LfbLoweringReport) report = NULL;
  g_autoptr (LfbGraphModule) lowered = lfb_test_lower (model, FALSE, &report);

  lfb_test_assert_graph (lowered,
                         "%x = placeholder\n"
                         "%w = placeholder\n"
                         "%wq = quantize(%w, 0.0625, 0, qint8)\n"
                         "%linear_prepack = torch.ops.quantized.linear_prepack(%wq)\n"
                         "%f = torch.ops.quantized.linear_dynamic(%x, %linear_prepack, True)\n"
                         "return (%f)\n");
  g_assert_cmpstr (lfb_lowering_note_get_reason (lfb_lowering_report_find (report, "wq")), ==,
                   "wq stays: it quantizes the input `w` of the model, which is given as float");
  lfb_test_assert_lowered (report, "f", "dynamic-functionals", "torch.ops.quantized.linear_dynamic");
}

/* What stands between an attribute and its quantize. */
static void
test_constant_functions (void)
{
  static const char *calls[] = {
    "%v = method detach(%w)\n",
    "%v = method contiguous(%w)\n",
    "%u = method t(%w)\n%v = method t(%u)\n",
    "%u = torch.transpose(%w, 0, 1)\n%v = method permute(%u, 1, 0)\n",
    "%u = method view(%w, -1)\n%v = method reshape(%u, (2, 3))\n",
    "%v = method to(%w, float32)\n",
    "%u = quantize(%w, 0.125, 0, qint8)\n%v = dequantize(%u)\n",
    "%u = torch.unsqueeze(%w, -1)\n%v = method squeeze(%u)\n",
    "%u = method unsqueeze(%w, 0)\n%v = torch.squeeze(%u, 0)\n",
    "%u = method mul(%w, 0.5)\n%v = operator.mul(2, %u)\n",
    "%u = torch.add(%w, 1.0)\n%v = operator.sub(%u, 1)\n",
    "%u = torch.div(%w, 4)\n%r = operator.neg(%u)\n%v = operator.truediv(%r, -0.25)\n",
    "%u = get_attr ones\n%v = torch.mul(%w, %u)\n",
    "%u = get_attr both\n%t = torch.chunk(%u, 2, 0)\n%v = operator.getitem(%t, 0)\n",
    "%u = get_attr both\n%t = method split(%u, 2)\n%v = operator.getitem(%t, -2)\n",
    "%u = get_attr both\n%v = torch.narrow(%u, 0, 0, 2)\n",
    "%u = get_attr both\n%v = operator.getitem(%u, slice(None, 2, None))\n",
    "%u = get_attr both\n%v = operator.getitem(%u, (slice(-9, -2, 1), ...))\n",
    "%u = method unsqueeze(%w, 0)\n%v = operator.getitem(%u, 0)\n",
    "%u = operator.getitem(%w, (..., None, slice(None, None, None)))\n%v = operator.getitem(%u, (slice(0, 9, None), -1))\n",
    "%u = operator.getitem(%w, None)\n%t = method permute(%u, 1, 2, 0)\n%v = operator.getitem(%t, (slice(None, None, 1), slice(0, 3, 1), 0))\n",
  };

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      g_autofree char *graph = g_strconcat ("%x = placeholder\n"
                                            "%w = get_attr w\n", calls[i],
                                            "%wq = quantize(%v, 0.0625, 0, qint8)\n"
                                            "%b = get_attr b\n"
                                            LINEAR ("f", "%x")
                                            "return (%f)\n", NULL);
      g_autoptr (LfbGraphModule) model = make (graph);
      const float ones[] = { 1.0f, 1.0f, 1.0f };
      g_autoptr (LfbTensor) ones_tensor = lfb_test_tensor (LFB_DTYPE_FLOAT32, ones, sizeof ones, 1, (gint64) 3);
      g_autoptr (LfbTensor) both = lfb_test_ramp (2, 4, 3);
      LfbValue *packed;
      const gint8 *integers;

      lfb_test_set_tensor (model, "ones", ones_tensor);
      lfb_test_set_tensor (model, "both", both);
      run_pass (model, "fold-weights");
      packed = lfb_graph_module_get_attribute (model, "_packed_weight_0");
      if (packed == NULL)
        g_error ("not folded: %s", calls[i]);
      integers = lfb_tensor_get_data (lfb_value_get_tensor (lfb_value_lookup (packed, "weight")), NULL);
      for (gint64 j = 0; j < 6; j++)
        g_assert_cmpint (integers[j], ==, (j % 7 - 3) * 2);
    }
}

/* What is not computed here is run with the model, and said so. */
static void
test_unknown_function (void)
{
  static const char graph[] =
    "%x = placeholder\n"
    "%q = torch.quantize_per_tensor_dynamic(%x, quint8, True)\n"
    "%d = dequantize(%q)\n"
    "%w = get_attr w\n"
    "%v = torch.sin(%w)\n"
    "%wq = quantize(%v, 0.0625, 0, qint8)\n"
    "%wd = dequantize(%wq)\n"
    "%f = torch.nn.functional.linear(%d, %wd)\n"
    "return (%f)\n";
  g_autoptr (LfbGraphModule) model = make (graph);
  g_autoptr (LfbLoweringReport) report = NULL;
  g_autoptr (LfbGraphModule) lowered = lfb_test_lower (model, FALSE, &report);

  g_assert_nonnull (lfb_graph_find (lfb_graph_module_get_graph (lowered), "linear_prepack"));
  g_assert_cmpstr (lfb_lowering_note_get_reason (lfb_lowering_report_find (report, "wq")), ==,
                   "wq stays: the weight is packed when the model runs: "
                   "`v` (torch.sin) is not computed before the model runs");
}

/* An index that the weight does not have is left for the model to fail on. */
static void
test_wrong_index (void)
{
  static const struct
  {
    const char *index;
    const char *reason;
  } wrong[] = {
    { "2", "index 2 is not among the 2 of its dimension" },
    { "(0, -4)", "index -4 is not among the 3 of its dimension" },
    { "(0, 0, 0)", "the index is for 3 dimensions, the tensor has 2" },
    { "(..., ...)", "an index holds ... more than once" },
    { "slice(None, None, 0)", "the step of a slice is 0, not positive" },
    { "'a'", "parts are taken with numbers, slices, None and ... only" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autofree char *graph = g_strconcat ("%x = placeholder\n"
                                            "%q = torch.quantize_per_tensor_dynamic(%x, quint8, True)\n"
                                            "%d = dequantize(%q)\n"
                                            "%w = get_attr w\n"
                                            "%v = operator.getitem(%w, ", wrong[i].index, ")\n"
                                            "%wq = quantize(%v, 0.0625, 0, qint8)\n"
                                            "%wd = dequantize(%wq)\n"
                                            "%f = torch.nn.functional.linear(%d, %wd)\n"
                                            "return (%f)\n", NULL);
      g_autoptr (LfbGraphModule) model = make (graph);
      g_autoptr (LfbLoweringReport) report = NULL;
      g_autoptr (LfbGraphModule) lowered = lfb_test_lower (model, FALSE, &report);
      const char *reason = lfb_lowering_note_get_reason (lfb_lowering_report_find (report, "wq"));

      g_assert_nonnull (lfb_graph_find (lfb_graph_module_get_graph (lowered), "linear_prepack"));
      g_assert_nonnull (reason);
      if (!g_str_has_suffix (reason, wrong[i].reason))
        g_error ("%s", reason);
    }
}

/* A bias that does not fit is left for the model to fail on. */
static void
test_wrong_bias (void)
{
  g_autoptr (LfbGraphModule) model = make (WEIGHT LINEAR ("f", "%x") "return (%f)\n");
  g_autoptr (LfbTensor) bias = lfb_test_ramp (1, 5);

  lfb_test_set_tensor (model, "b", bias);
  run_pass (model, "fold-weights");
  lfb_test_assert_graph (model, WEIGHT LINEAR ("f", "%x") "return (%f)\n");
}

/* Many weights that lead back through one long chain: a stack, no recursion. */
static void
test_long_chain (void)
{
  g_autoptr (GString) graph = g_string_new ("%x = placeholder\n%v0 = get_attr w\n");
  g_autoptr (LfbGraphModule) model = NULL;

  for (guint i = 0; i < 20000; i++)
    g_string_append_printf (graph, "%%v%u = method detach(%%v%u)\n", i + 1, i);
  g_string_append (graph,
                   "%b = get_attr b\n"
                   "%wq = quantize(%v20000, 0.0625, 0, qint8)\n"
                   LINEAR ("f", "%x")
                   "return (%f)\n");
  model = make (graph->str);
  run_pass (model, "fold-weights");
  g_assert_cmpuint (lfb_graph_get_n_nodes (lfb_graph_module_get_graph (model)), ==, 4);
}

static LfbGraphModule *
lower_keeping (LfbGraphModule *model)
{
  g_autoptr (GError) error = NULL;
  LfbGraphModule *lowered = lfb_lower_to_fbgemm (model, NULL, NULL, TRUE, &error);

  g_assert_no_error (error);
  return lowered;
}

/* The float tensors, largest first, none for a missing bias, no scales. */
static void
test_original_weights (void)
{
  g_autoptr (LfbGraphModule) model = make (WEIGHT
                                           "%f_packed = torch.ops.quantized.linear_prepack(%wq, %b)\n"
                                           "%f = torch.ops.quantized.linear_dynamic(%x, %f_packed, True)\n"
                                           "%g_packed = torch.ops.quantized.linear_prepack(%wq)\n"
                                           "%g = torch.ops.quantized.linear_dynamic(%f, %g_packed, True)\n"
                                           "%h_packed = torch.ops.quantized.linear_prepack(%wq, None)\n"
                                           "%h = torch.ops.quantized.linear_dynamic(%g, %h_packed, True)\n"
                                           "return (%h)\n");
  g_autoptr (LfbGraphModule) lowered = NULL;
  g_autoptr (LfbGraphModule) again = NULL;
  LfbValue *kept, *list;

  lfb_test_set_scope (model, "f", "Net: a/b|c");
  lfb_test_set_scope (model, "g", "net_A_b_c");
  lfb_test_set_scope (model, "h", "other");
  lowered = lower_keeping (model);
  kept = lfb_graph_module_get_original_weights (lowered);
  g_assert_nonnull (kept);
  g_assert_cmpuint (lfb_value_get_n_items (kept), ==, 3);

  /* names that differ in case or punctuation only do not collide */
  list = lfb_value_lookup (kept, "net_a_b_c_packed_weight_0");
  g_assert_nonnull (list);
  g_assert_cmpuint (lfb_value_get_n_items (list), ==, 2);
  g_assert_cmpint (lfb_tensor_get_n_elements (lfb_value_get_tensor (lfb_value_get_item (list, 0))), ==, 6);
  g_assert_cmpint (lfb_tensor_get_n_elements (lfb_value_get_tensor (lfb_value_get_item (list, 1))), ==, 2);
  list = lfb_value_lookup (kept, "net_a_b_c_packed_weight_0_1");
  g_assert_nonnull (list);
  g_assert_true (lfb_value_is_none (lfb_value_get_item (list, 1)));
  g_assert_nonnull (lfb_value_lookup (kept, "other_packed_weight_0"));

  /* what was kept is kept */
  again = lower_keeping (lowered);
  g_assert_true (lfb_value_equal (lfb_graph_module_get_original_weights (again), kept));
  g_assert_null (lfb_graph_module_get_original_weights (model));
}

/* From the last to the first; what has an effect stays. */
static void
test_dead_code (void)
{
  g_autoptr (LfbGraphModule) model = make ("%x = placeholder\n"
                                           "%y = placeholder\n"
                                           "%a = torch.sin(%x)\n"
                                           "%b2 = torch.cos(%a)\n"
                                           "%c = torch._assert(%x, 'text')\n"
                                           "%d = torch._assert_async(%x)\n"
                                           "%e = operator.setitem(%x, 0, 1)\n"
                                           "%f = method relu_(%x)\n"
                                           "%g = method __len__(%x)\n"
                                           "%h = get_attr w\n"
                                           "return (%x)\n");

  run_pass (model, "dead-code");
  lfb_test_assert_graph (model,
                         "%x = placeholder\n"
                         "%y = placeholder\n"
                         "%c = torch._assert(%x, 'text')\n"
                         "%d = torch._assert_async(%x)\n"
                         "%e = operator.setitem(%x, 0, 1)\n"
                         "%f = method relu_(%x)\n"
                         "return (%x)\n");
}

/* Attributes and modules that nothing needs go; parts and parents stay. */
static void
test_unused (void)
{
  g_autoptr (LfbGraphModule) model = make ("%x = placeholder\n"
                                           "%m = module net.block(%x)\n"
                                           "return (%m)\n");

  lfb_test_add_module (model, "net", "torch.nn.Module");
  lfb_test_add_module (model, "net.block", "torch.nn.Sequential");
  lfb_test_add_module (model, "net.block.0", "torch.nn.ReLU");
  lfb_test_add_module (model, "net.other", "torch.nn.ReLU");
  lfb_test_add_module (model, "rest", "torch.nn.ReLU");
  run_pass (model, "fold-weights");
  g_assert_nonnull (lfb_test_type (model, "net"));
  g_assert_nonnull (lfb_test_type (model, "net.block.0"));
  g_assert_null (lfb_test_type (model, "net.other"));
  g_assert_null (lfb_test_type (model, "rest"));
  g_assert_null (lfb_graph_module_get_attribute (model, "w"));
}

/* Every spelling of a question for the shape, and none of anything else. */
static void
test_shape_reads (void)
{
  g_autoptr (LfbGraphModule) model = make ("%x = placeholder\n"
                                           "%q = quantize(%x, 0.5, 10)\n"
                                           "%d = dequantize(%q)\n"
                                           "%s = method size(%d, 0)\n"
                                           "%t = method shape(%d)\n"
                                           "%u = builtins.getattr(%d, 'shape')\n"
                                           "%v = builtins.getattr(%d, 'dtype')\n"
                                           "%w2 = method size(%x)\n"
                                           "return ([%s, %t, %u, %v, %w2])\n");

  run_pass (model, "shape-reads");
  lfb_test_assert_graph (model,
                         "%x = placeholder\n"
                         "%q = quantize(%x, 0.5, 10)\n"
                         "%d = dequantize(%q)\n"
                         "%s = method size(%q, 0)\n"
                         "%t = method shape(%q)\n"
                         "%u = builtins.getattr(%q, 'shape')\n"
                         "%v = builtins.getattr(%d, 'dtype')\n"
                         "%w2 = method size(%x)\n"
                         "return ([%s, %t, %u, %v, %w2])\n");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/fold-weights/names", test_names);
  g_test_add_func ("/fold-weights/packed", test_packed);
  g_test_add_func ("/fold-weights/rounding", test_rounding);
  g_test_add_func ("/fold-weights/shared-weight", test_shared_weight);
  g_test_add_func ("/fold-weights/computed-weight", test_computed_weight);
  g_test_add_func ("/fold-weights/constant-functions", test_constant_functions);
  g_test_add_func ("/fold-weights/wrong-index", test_wrong_index);
  g_test_add_func ("/fold-weights/unknown-function", test_unknown_function);
  g_test_add_func ("/fold-weights/wrong-bias", test_wrong_bias);
  g_test_add_func ("/fold-weights/long-chain", test_long_chain);
  g_test_add_func ("/fold-weights/original-weights", test_original_weights);
  g_test_add_func ("/fold-weights/dead-code", test_dead_code);
  g_test_add_func ("/fold-weights/unused", test_unused);
  g_test_add_func ("/shape-reads/spellings", test_shape_reads);

  return g_test_run ();
}

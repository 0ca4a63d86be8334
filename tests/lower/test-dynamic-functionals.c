/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Dynamic functionals: doc/lowering-coverage.md, pass 6. */

#include "lfb-test-model.h"

#include "../common/lfb-test.h"

#define WEIGHT(dtype, reduce) \
  "%x = placeholder\n" \
  "%q = torch.quantize_per_tensor_dynamic(%x, " dtype ", " reduce ")\n" \
  "%d = dequantize(%q)\n" \
  "%w = get_attr w\n" \
  "%wq = quantize(%w, 0.0625, 0, qint8)\n" \
  "%wd = dequantize(%wq)\n" \
  "%b = get_attr b\n"

#define HALF \
  "%x = placeholder\n" \
  "%q = torch.quantize_per_tensor_dynamic(%x, float16, True)\n" \
  "%d = dequantize(%q)\n" \
  "%w = get_attr w\n" \
  "%wq = method to(%w, float16)\n" \
  "%wd = dequantize(%wq)\n" \
  "%b = get_attr b\n"

#define LOWERED(call) \
  "%x = placeholder\n" \
  "%_packed_weight_0 = get_attr _packed_weight_0\n" \
  "%f = torch.ops.quantized." call "\n" \
  "return (%f)\n"

static LfbGraphModule *
make (const char *graph,
      guint       n_dims)
{
  LfbGraphModule *model = lfb_test_parse (graph);
  g_autoptr (LfbTensor) weight = NULL;
  g_autoptr (LfbTensor) bias = lfb_test_ramp (1, 2);

  weight = n_dims == 0 ? lfb_test_ramp (2, 2, 2)
           : n_dims == 1 ? lfb_test_ramp (3, 2, 2, 3)
           : n_dims == 2 ? lfb_test_ramp (4, 2, 2, 3, 3) : lfb_test_ramp (5, 2, 2, 3, 3, 3);
  lfb_test_set_tensor (model, "w", weight);
  lfb_test_set_tensor (model, "b", bias);
  lfb_test_add_module (model, "r", "torch.nn.ReLU");

  return model;
}

static void
test_linear (void)
{
  static const struct
  {
    const char *graph;
    const char *expected;
  } rows[] = {
    { WEIGHT ("quint8", "True") "%f = torch.nn.functional.linear(%d, %wd, %b)\nreturn (%f)\n",
      LOWERED ("linear_dynamic(%x, %_packed_weight_0, True)") },
    { WEIGHT ("quint8", "False") "%f = torch._C._nn.linear(%d, %wd, bias=%b)\nreturn (%f)\n",
      LOWERED ("linear_dynamic(%x, %_packed_weight_0, False)") },
    { WEIGHT ("quint8", "True") "%f = torch.nn.functional.linear(%d, %wd)\n"
      "%r_1 = torch.nn.functional.relu(%f, inplace=False)\nreturn (%r_1)\n",
      LOWERED ("linear_relu_dynamic(%x, %_packed_weight_0, True)") },
    { WEIGHT ("quint8", "True") "%f = torch.nn.functional.linear(%d, %wd)\n%r_1 = module r(%f)\nreturn (%r_1)\n",
      LOWERED ("linear_relu_dynamic(%x, %_packed_weight_0, True)") },
    { WEIGHT ("quint8", "True") "%f = torch.nn.functional.linear(%d, %wd)\n%r_1 = torch.relu(%f)\nreturn (%r_1)\n",
      LOWERED ("linear_relu_dynamic(%x, %_packed_weight_0, True)") },
    { WEIGHT ("quint8", "True") "%f = torch.nn.functional.linear(%d, %wd)\n%r_1 = method relu(%f)\nreturn (%r_1)\n",
      LOWERED ("linear_relu_dynamic(%x, %_packed_weight_0, True)") },
    { HALF "%f = torch.nn.functional.linear(%d, %wd, %b)\nreturn (%f)\n",
      LOWERED ("linear_dynamic_fp16(%x, %_packed_weight_0)") },
    { HALF "%f = torch.nn.functional.linear(%d, %wd, %b)\n%r_1 = module r(%f)\nreturn (%r_1)\n",
      LOWERED ("linear_relu_dynamic_fp16(%x, %_packed_weight_0)") },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (LfbGraphModule) lowered = lfb_test_lowers_to (make (rows[i].graph, 0), rows[i].expected);
      LfbValue *packed = lfb_graph_module_get_attribute (lowered, "_packed_weight_0");

      g_assert_cmpint (lfb_tensor_get_dtype (lfb_value_get_tensor (lfb_value_lookup (packed, "weight"))), ==,
                       i < 6 ? LFB_DTYPE_QINT8 : LFB_DTYPE_FLOAT16);
    }
}

/* As PyTorch does it, torch.relu and the method are left behind. */
static void
test_relu_strict (void)
{
  static const char *relus[] = { "torch.relu(%f)", "method relu(%f)" };

  for (guint i = 0; i < G_N_ELEMENTS (relus); i++)
    {
      g_autofree char *graph = g_strconcat (WEIGHT ("quint8", "True") "%f = torch.nn.functional.linear(%d, %wd)\n%r_1 = ",
                                            relus[i], "\nreturn (%r_1)\n", NULL);
      g_autofree char *expected = g_strconcat ("%x = placeholder\n"
                                               "%_packed_weight_0 = get_attr _packed_weight_0\n"
                                               "%f = torch.ops.quantized.linear_dynamic(%x, %_packed_weight_0, True)\n"
                                               "%r_1 = ", relus[i], "\nreturn (%r_1)\n", NULL);
      g_autoptr (LfbGraphModule) model = make (graph, 0);
      g_autoptr (LfbGraphModule) lowered = lfb_test_lower (model, TRUE, NULL);

      lfb_test_assert_graph (lowered, expected);
    }
}

/* A relu that is not alone stays, and the operator is taken without it. */
static void
test_relu_not_alone (void)
{
  g_autoptr (LfbGraphModule) lowered =
    lfb_test_lowers_to (make (WEIGHT ("quint8", "True")
                              "%f = torch.nn.functional.linear(%d, %wd)\n"
                              "%r_1 = torch.nn.functional.relu(%f)\n"
                              "%s = torch.sin(%f)\n"
                              "return ([%r_1, %s])\n", 0),
                        "%x = placeholder\n"
                        "%_packed_weight_0 = get_attr _packed_weight_0\n"
                        "%f = torch.ops.quantized.linear_dynamic(%x, %_packed_weight_0, True)\n"
                        "%r_1 = torch.nn.functional.relu(%f)\n"
                        "%s = torch.sin(%f)\n"
                        "return ([%r_1, %s])\n");

  g_assert_nonnull (lowered);
}

/* The prepack call stands right before the operator, keywords and all. */
static void
test_prepack (void)
{
  g_autoptr (LfbGraphModule) model = make (WEIGHT ("quint8", "True")
                                           "%f = torch.nn.functional.linear(%d, %wd, bias=%b)\nreturn (%f)\n", 0);
  g_autoptr (LfbPass) pass = lfb_pass_new_builtin ("dynamic-functionals", NULL);
  g_autoptr (GError) error = NULL;
  gboolean changed = lfb_pass_run (pass, model, &error);

  g_assert_no_error (error);
  g_assert_true (changed);
  lfb_test_assert_graph (model,
                         WEIGHT ("quint8", "True")
                         "%linear_prepack = torch.ops.quantized.linear_prepack(%wq, B=%b)\n"
                         "%f = torch.ops.quantized.linear_dynamic(%x, %linear_prepack, True)\n"
                         "return (%f)\n");
}

/* Convolutions, which PyTorch's table has and its code leaves; relu stays. */
static void
test_convolution (void)
{
  static const char *names[] = { "conv1d", "conv2d", "conv3d" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *graph = g_strconcat (WEIGHT ("quint8", "True") "%f = torch.", names[i], "(%d, %wd, %b, 1, 1)\n"
                                            "%r_1 = module r(%f)\nreturn (%r_1)\n", NULL);
      g_autofree char *expected = g_strconcat ("%x = placeholder\n"
                                               "%_packed_weight_0 = get_attr _packed_weight_0\n"
                                               "%f = torch.ops.quantized.", names[i],
                                               "_dynamic(%x, %_packed_weight_0, True)\n"
                                               "%r_1 = module r(%f)\nreturn (%r_1)\n", NULL);
      g_autoptr (LfbGraphModule) lowered = lfb_test_lowers_to (make (graph, i + 1), expected);
      g_autoptr (LfbGraphModule) model = make (graph, i + 1);
      g_autoptr (LfbGraphModule) strict = NULL;
      g_autoptr (LfbLoweringReport) report = NULL;

      g_assert_nonnull (lowered);
      strict = lfb_test_lower (model, TRUE, &report);
      lfb_test_assert_graph (strict, graph);
      g_assert_cmpstr (lfb_lowering_note_get_reason (lfb_lowering_report_find (report, "f")), ==,
                       "f stays float: upstream leaves dynamic convolution functions alone, and is followed strictly");
    }
}

static void
test_shared_weight (void)
{
  LfbGraphModule *model = make (WEIGHT ("quint8", "True")
                                "%f = torch.nn.functional.linear(%d, %wd, %b)\n"
                                "%q2 = torch.quantize_per_tensor_dynamic(%f, quint8, True)\n"
                                "%d2 = dequantize(%q2)\n"
                                "%g = torch.nn.functional.linear(%d2, %wd, %b)\n"
                                "return (%g)\n", 0);
  g_autoptr (LfbGraphModule) lowered =
    lfb_test_lowers_to (model,
                        "%x = placeholder\n"
                        "%_packed_weight_0 = get_attr _packed_weight_0\n"
                        "%f = torch.ops.quantized.linear_dynamic(%x, %_packed_weight_0, True)\n"
                        "%_packed_weight_1 = get_attr _packed_weight_1\n"
                        "%g = torch.ops.quantized.linear_dynamic(%f, %_packed_weight_1, True)\n"
                        "return (%g)\n");
  LfbValue *first = lfb_graph_module_get_attribute (lowered, "_packed_weight_0");
  LfbValue *second = lfb_graph_module_get_attribute (lowered, "_packed_weight_1");

  g_assert_true (lfb_value_get_tensor (lfb_value_lookup (first, "weight")) ==
                 lfb_value_get_tensor (lfb_value_lookup (second, "weight")));
}

static void
test_refusals (void)
{
  LfbGraphModule *model;

  lfb_test_stays (make (WEIGHT ("qint8", "True") "%f = torch.nn.functional.linear(%d, %wd)\nreturn (%f)\n", 0), "f",
                  "f stays float: there is no dynamic kernel of torch.nn.functional.linear "
                  "for qint8 activations and qint8 weights");
  lfb_test_stays (make (WEIGHT ("float16", "True") "%f = torch.nn.functional.linear(%d, %wd)\nreturn (%f)\n", 0), "q",
                  "f stays float: there is no dynamic kernel of torch.nn.functional.linear "
                  "for float16 activations and qint8 weights");
  lfb_test_stays (make (WEIGHT ("quint8", "True") "%f = torch.conv_transpose2d(%d, %wd)\nreturn (%f)\n", 2), "f",
                  "f stays float: there is no dynamic kernel of torch.nn.functional.conv_transpose2d "
                  "for quint8 activations and qint8 weights");
  lfb_test_stays (make ("%x = placeholder\n"
                        "%q = torch.quantize_per_tensor_dynamic(%x, quint8, True)\n"
                        "%d = dequantize(%q)\n"
                        "%w = get_attr w\n"
                        "%f = torch.nn.functional.linear(%d, %w)\nreturn (%f)\n", 0), "q",
                  "f stays float: its second input `w` is not dequantized");

  model = make (WEIGHT ("quint8", "True") "%f = torch.nn.functional.linear(%d, %wd)\nreturn (%f)\n", 0);
  lfb_test_skip (model, "f");
  lfb_test_stays (model, "f", "f stays float: its entry in the qconfig map is none");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/dynamic-functionals/linear", test_linear);
  g_test_add_func ("/dynamic-functionals/relu-strict", test_relu_strict);
  g_test_add_func ("/dynamic-functionals/relu-not-alone", test_relu_not_alone);
  g_test_add_func ("/dynamic-functionals/prepack", test_prepack);
  g_test_add_func ("/dynamic-functionals/convolution", test_convolution);
  g_test_add_func ("/dynamic-functionals/shared-weight", test_shared_weight);
  g_test_add_func ("/dynamic-functionals/refusals", test_refusals);

  return g_test_run ();
}

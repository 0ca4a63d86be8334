/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where PyTorch's own lowering goes wrong: each entry lowers to something right,
 * or stays float with a reason. One test an entry, by its number in
 * doc/lowering-coverage.md; what the models compute is compared elsewhere.
 */

#include "lfb-test-model.h"

#include "../common/lfb-test.h"

#define INPUT \
  "%x = placeholder\n" \
  "%q = quantize(%x, 0.5, 10)\n" \
  "%d = dequantize(%q)\n"

#define OUTPUT(input) \
  "%p = quantize(" input ", 0.25, 3)\n" \
  "%e = dequantize(%p)\n" \
  "return (%e)\n"

static LfbGraphModule *
with_module (const char *graph,
             const char *type)
{
  LfbGraphModule *model = lfb_test_parse (graph);

  lfb_test_add_reference (model, "m", type, FALSE);
  return model;
}

static LfbGraphModule *
with_weight (const char *graph,
             LfbTensor  *weight)
{
  LfbGraphModule *model = lfb_test_parse (graph);

  lfb_test_set_tensor (model, "w", weight);
  g_object_unref (weight);
  return model;
}

static double
scale_of (LfbGraphModule *model,
          const char     *node_name)
{
  LfbNode *node = lfb_graph_find (lfb_graph_module_get_graph (model), node_name);
  LfbModule *module = lfb_graph_module_get_module (model, lfb_node_get_target (node));

  return lfb_value_get_double (lfb_module_get_setting (module, "scale"));
}

/* 1: one module called twice, with different output ranges */
static void
test_two_ranges (void)
{
  g_autoptr (LfbGraphModule) model = with_module (INPUT
                                                  "%a = module m(%d)\n"
                                                  "%o = quantize(%a, 0.5, 3)\n"
                                                  "%f = dequantize(%o)\n"
                                                  "%b = module m(%f)\n"
                                                  OUTPUT ("%b"), "Linear");
  g_autoptr (LfbGraphModule) lowered = lfb_test_lower (model, FALSE, NULL);

  g_assert_cmpfloat (scale_of (lowered, "a"), ==, 0.5);
  g_assert_cmpfloat (scale_of (lowered, "b"), ==, 0.25);
}

/* 2: dequantize, reference Linear, separate ReLU, quantize */
static void
test_separate_relu (void)
{
  g_autoptr (LfbGraphModule) model = with_module (INPUT
                                                  "%a = module m(%d)\n"
                                                  "%r = torch.nn.functional.relu(%a)\n"
                                                  OUTPUT ("%r"), "Linear");
  g_autoptr (LfbGraphModule) lowered = lfb_test_lower (model, TRUE, NULL);

  g_assert_cmpstr (lfb_test_type (lowered, "m"), ==, "torch.ao.nn.intrinsic.quantized.LinearReLU");
}

#define TWO \
  INPUT \
  "%y = placeholder\n" \
  "%r = quantize(%y, 0.5, 20)\n" \
  "%g = dequantize(%r)\n"

/* 3: torch.add (x, y, alpha=2) */
static void
test_alpha (void)
{
  lfb_test_stays (lfb_test_parse (TWO "%f = torch.add(%d, %g, alpha=2)\n" OUTPUT ("%f")), "p",
                  "f stays float: the int8 kernel has no argument alpha, which is 2 here");
}

/* 4: torch.add (input=x, other=y) */
static void
test_keyword_operands (void)
{
  lfb_test_stays (lfb_test_parse (TWO "%f = torch.add(input=%d, other=%g)\n" OUTPUT ("%f")), "p",
                  "f stays float: its first input is not given by position");
}

/* 5: a reference node with a second, float user */
static void
test_second_user (void)
{
  lfb_test_stays (with_module (INPUT
                               "%a = module m(%d)\n"
                               "%p = quantize(%a, 0.25, 3)\n"
                               "%e = dequantize(%p)\n"
                               "return ([%e, %a])\n", "Conv2d"), "a",
                  "a stays float: `output` reads its float result as well");
}

/* 6: relu (matmul (x, y)) */
static void
test_matmul_relu (void)
{
  lfb_test_stays (lfb_test_parse (TWO "%f = torch.matmul(%d, %g)\n"
                                  "%h = torch.nn.functional.relu(%f)\n" OUTPUT ("%h")), "p",
                  "f stays float: `h` follows it, and there is no int8 torch.matmul with relu");
}

/* 7: x @ y */
static void
test_matmul_operator (void)
{
  lfb_test_stays (lfb_test_parse (TWO "%f = operator.matmul(%d, %g)\n" OUTPUT ("%f")), "p",
                  "p stays: it quantizes the result of `f` (operator.matmul), which no pass makes an int8 kernel of");
}

#define DYNAMIC \
  "%x = placeholder\n" \
  "%q = torch.quantize_per_tensor_dynamic(%x, quint8, True)\n" \
  "%d = dequantize(%q)\n" \
  "%w = get_attr w\n" \
  "%wq = quantize(%w, 0.0625, 0, qint8)\n" \
  "%wd = dequantize(%wq)\n"

/* 8: functional dynamic convolution */
static void
test_dynamic_convolution (void)
{
  g_autoptr (LfbGraphModule) lowered =
    lfb_test_lowers_to (with_weight (DYNAMIC "%f = torch.conv2d(%d, %wd)\nreturn (%f)\n",
                                     lfb_test_ramp (4, 2, 2, 3, 3)),
                        "%x = placeholder\n"
                        "%_packed_weight_0 = get_attr _packed_weight_0\n"
                        "%f = torch.ops.quantized.conv2d_dynamic(%x, %_packed_weight_0, True)\n"
                        "return (%f)\n");

  g_assert_nonnull (lowered);
}

/* 9: a weight that something else reads too */
static void
test_weight_with_readers (void)
{
  g_autoptr (LfbGraphModule) lowered =
    lfb_test_lowers_to (with_weight (DYNAMIC "%f = torch.nn.functional.linear(%d, %wd)\n"
                                     "%s = torch.sin(%wd)\nreturn ([%f, %s, %w])\n",
                                     lfb_test_ramp (2, 2, 2)),
                        "%x = placeholder\n"
                        "%w = get_attr w\n"
                        "%wq = quantize(%w, 0.0625, 0, qint8)\n"
                        "%wd = dequantize(%wq)\n"
                        "%_packed_weight_0 = get_attr _packed_weight_0\n"
                        "%f = torch.ops.quantized.linear_dynamic(%x, %_packed_weight_0, True)\n"
                        "%s = torch.sin(%wd)\n"
                        "return ([%f, %s, %w])\n");

  g_assert_nonnull (lowered);
}

/* 10: packed weights in nested modules */
static void
test_nested_weights (void)
{
  LfbGraphModule *inner = with_weight (DYNAMIC "%f = torch.nn.functional.linear(%d, %wd)\nreturn (%f)\n",
                                       lfb_test_ramp (2, 2, 2));
  g_autoptr (LfbGraphModule) model = lfb_test_parse ("%x = placeholder\n%m = module sub(%x)\nreturn (%m)\n");
  g_autoptr (LfbModule) module = lfb_module_new ("torch.fx.GraphModule", NULL, NULL, inner);
  g_autoptr (LfbGraphModule) lowered = NULL;
  g_autoptr (LfbGraphModule) loaded = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *text = NULL, *loaded_text = NULL;
  g_autoptr (GError) error = NULL;
  LfbValue *packed;

  lfb_test_set_scope (inner, "f", "deep.er");
  g_object_unref (inner);
  lfb_graph_module_set_module (model, "sub", module, &error);
  g_assert_no_error (error);
  lowered = lfb_test_lower (model, FALSE, NULL);

  bytes = lfb_graph_module_to_bytes (lowered, &error);
  g_assert_no_error (error);
  loaded = lfb_graph_module_load_bytes (bytes, &error);
  g_assert_no_error (error);
  packed = lfb_graph_module_get_attribute (lfb_module_get_graph_module (lfb_graph_module_get_module (loaded, "sub")),
                                           "deep_er_packed_weight_0");
  g_assert_nonnull (packed);
  g_assert_cmpint (lfb_value_get_kind (packed), ==, LFB_VALUE_KIND_PACKED);
  text = lfb_graph_module_to_text (lowered);
  loaded_text = lfb_graph_module_to_text (loaded);
  g_assert_cmpstr (text, ==, loaded_text);
}

/* 11: quantize to qint8 or qint32 after a kernel */
static void
test_other_types (void)
{
  static const char *types[] = { "qint8", "qint32" };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_autofree char *graph = g_strconcat (INPUT "%a = module m(%d)\n%p = quantize(%a, 0.25, 3, ", types[i],
                                            ")\n%e = dequantize(%p)\nreturn (%e)\n", NULL);
      g_autofree char *reason = g_strconcat ("a stays float: `p` quantizes its output to ", types[i],
                                             "; the kernel makes quint8 only", NULL);

      lfb_test_stays (with_module (graph, "Linear"), "a", reason);
    }
}

static void
add_embedding (LfbGraphModule *model,
               const char     *type,
               LfbDType        dtype,
               gint64          width)
{
  const float scales[] = { 0.5f, 0.25f };
  const float points[] = { 1.5f, 2.0f };

  lfb_test_add_module (model, "m", type);
  lfb_test_add_setting (model, "m", "weight_dtype", lfb_value_for_dtype (dtype));
  lfb_test_add_setting (model, "m", "weight_qscheme",
                        lfb_value_for_qscheme (LFB_QSCHEME_PER_CHANNEL_AFFINE_FLOAT_QPARAMS));
  lfb_test_add_tensor (model, "m", "weight", lfb_test_ramp (2, 2, (int) width));
  lfb_test_add_tensor (model, "m", "weight_scale",
                       lfb_test_tensor (LFB_DTYPE_FLOAT32, scales, sizeof scales, 1, (gint64) 2));
  lfb_test_add_tensor (model, "m", "weight_zero_point",
                       lfb_test_tensor (LFB_DTYPE_FLOAT32, points, sizeof points, 1, (gint64) 2));
}

/* 12: EmbeddingBag with mode mean, max, or max_norm */
static void
test_bag_settings (void)
{
  static const char *modes[] = { "sum", "mean", "max" };

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autoptr (LfbGraphModule) model = lfb_test_parse ("%x = placeholder\n%a = module m(%x)\nreturn (%a)\n");
      g_autoptr (LfbGraphModule) lowered = NULL;
      LfbModule *module;

      add_embedding (model, "torch.ao.nn.quantized.reference.EmbeddingBag", LFB_DTYPE_QUINT8, 4);
      lfb_test_add_setting (model, "m", "mode", lfb_value_for_string (modes[i]));
      lfb_test_add_setting (model, "m", "max_norm", lfb_value_for_double (1.0));
      lowered = lfb_test_lower (model, FALSE, NULL);
      module = lfb_graph_module_get_module (lowered, "m");
      g_assert_cmpstr (lfb_module_get_type_name (module), ==, "torch.ao.nn.quantized.EmbeddingBag");
      g_assert_cmpstr (lfb_value_get_string (lfb_module_get_setting (module, "mode")), ==, modes[i]);
      g_assert_cmpfloat (lfb_value_get_double (lfb_module_get_setting (module, "max_norm")), ==, 1.0);
    }
}

#define CALL INPUT "%a = module m(%d)\n" OUTPUT ("%a")

/* 13: InstanceNorm with running statistics */
static void
test_running_statistics (void)
{
  LfbGraphModule *model = lfb_test_parse (CALL);

  lfb_test_add_module (model, "m", "torch.nn.InstanceNorm1d");
  lfb_test_add_tensor (model, "m", "running_mean", lfb_test_ramp (1, 2));
  lfb_test_add_tensor (model, "m", "running_var", lfb_test_ramp (1, 2));
  lfb_test_stays (model, "p",
                  "a stays float: it normalizes by running statistics, and the int8 kernel by those of its input");
}

/* 14: PReLU: the weight has no range, and stays float */
static void
test_prelu (void)
{
  g_autoptr (LfbGraphModule) model = lfb_test_parse (CALL);
  g_autoptr (LfbGraphModule) lowered = NULL;
  LfbModule *module;

  lfb_test_add_module (model, "m", "torch.nn.PReLU");
  lfb_test_add_tensor (model, "m", "weight", lfb_test_ramp (1, 1));
  lowered = lfb_test_lower (model, FALSE, NULL);
  module = lfb_graph_module_get_module (lowered, "m");
  g_assert_cmpstr (lfb_module_get_type_name (module), ==, "torch.ao.nn.quantized.PReLU");
  g_assert_cmpint (lfb_tensor_get_dtype (lfb_module_get_tensor (module, "weight")), ==, LFB_DTYPE_FLOAT32);
}

/* 15: BatchNorm (affine=False), padding='same', LSTM (bias=False) */
static void
test_absent_parameters (void)
{
  g_autoptr (LfbGraphModule) norm = lfb_test_parse (CALL);
  g_autoptr (LfbGraphModule) same = with_module (CALL, "Conv2d");
  g_autoptr (LfbGraphModule) recurrent = lfb_test_parse ("%x = placeholder\n"
                                                         "%q = torch.quantize_per_tensor_dynamic(%x, quint8, True)\n"
                                                         "%d = dequantize(%q)\n"
                                                         "%a = module m(%d)\nreturn (%a)\n");
  g_autoptr (LfbGraphModule) lowered_norm = NULL, lowered_same = NULL, lowered_recurrent = NULL;
  const float scale = 0.0625f;
  const gint64 point = 0;

  lfb_test_add_module (norm, "m", "torch.nn.BatchNorm2d");
  lfb_test_add_tensor (norm, "m", "running_mean", lfb_test_ramp (1, 2));
  lfb_test_add_tensor (norm, "m", "running_var", lfb_test_ramp (1, 2));
  lowered_norm = lfb_test_lower (norm, FALSE, NULL);
  g_assert_cmpstr (lfb_test_type (lowered_norm, "m"), ==, "torch.ao.nn.quantized.BatchNorm2d");

  lfb_test_add_setting (same, "m", "padding", lfb_value_for_string ("same"));
  lowered_same = lfb_test_lower (same, FALSE, NULL);
  g_assert_cmpstr (lfb_test_type (lowered_same, "m"), ==, "torch.ao.nn.quantized.Conv2d");

  lfb_test_add_module (recurrent, "m", "torch.ao.nn.quantized.reference.LSTM");
  lfb_test_add_tensor (recurrent, "m", "weight_ih_l0", lfb_test_ramp (2, 4, 3));
  lfb_test_add_tensor (recurrent, "m", "weight_ih_l0_scale",
                       lfb_test_tensor (LFB_DTYPE_FLOAT32, &scale, sizeof scale, 0));
  lfb_test_add_tensor (recurrent, "m", "weight_ih_l0_zero_point",
                       lfb_test_tensor (LFB_DTYPE_INT64, &point, sizeof point, 0));
  lowered_recurrent = lfb_test_lower (recurrent, FALSE, NULL);
  g_assert_cmpstr (lfb_test_type (lowered_recurrent, "m"), ==, "torch.ao.nn.quantized.dynamic.LSTM");
}

/* 16: convolution with padding_mode reflect, replicate, circular */
static void
test_padding_modes (void)
{
  static const char *modes[] = { "reflect", "replicate", "circular" };

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autoptr (LfbGraphModule) model = with_module (CALL, "Conv3d");
      g_autoptr (LfbGraphModule) lowered = NULL;
      LfbModule *module;

      lfb_test_add_setting (model, "m", "padding_mode", lfb_value_for_string (modes[i]));
      lowered = lfb_test_lower (model, FALSE, NULL);
      module = lfb_graph_module_get_module (lowered, "m");
      g_assert_cmpstr (lfb_module_get_type_name (module), ==, "torch.ao.nn.quantized.Conv3d");
      g_assert_cmpstr (lfb_value_get_string (lfb_module_get_setting (module, "padding_mode")), ==, modes[i]);
    }
}

/* 17: 4-bit embedding of odd width */
static void
test_odd_width (void)
{
  g_autoptr (LfbGraphModule) model = lfb_test_parse ("%x = placeholder\n%a = module m(%x)\nreturn (%a)\n");
  g_autoptr (LfbGraphModule) lowered = NULL;
  LfbTensor *weight;

  add_embedding (model, "torch.ao.nn.quantized.reference.Embedding", LFB_DTYPE_QUINT4X2, 5);
  lowered = lfb_test_lower (model, FALSE, NULL);
  weight = lfb_module_get_tensor (lfb_graph_module_get_module (lowered, "m"), "weight");
  g_assert_cmpint (lfb_tensor_get_dtype (weight), ==, LFB_DTYPE_QUINT4X2);
  g_assert_cmpint (lfb_tensor_get_dim (weight, 1), ==, 5);
}

/* 18: interpolate (mode='linear'), floordiv, max_pool3d */
static void
test_missing_kernels (void)
{
  static const char *calls[][2] = {
    { "torch.nn.functional.interpolate(%d, 8, None, 'linear')", "torch.nn.functional.interpolate(%q, 8, None, 'linear')" },
    { "operator.floordiv(%d, 2)", "operator.floordiv(%q, 2)" },
    { "torch.nn.functional.max_pool3d(%d, 2)", "torch.nn.functional.max_pool3d(%q, 2)" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      g_autofree char *graph = g_strconcat (INPUT "%f = ", calls[i][0], "\n%p = quantize(%f, 0.5, 10)\n"
                                            "%e = dequantize(%p)\nreturn (%e)\n", NULL);
      g_autofree char *expected = g_strconcat ("%x = placeholder\n%q = quantize(%x, 0.5, 10)\n%f = ", calls[i][1],
                                               "\n%e = dequantize(%f)\nreturn (%e)\n", NULL);
      g_autoptr (LfbGraphModule) lowered = lfb_test_lowers_to (lfb_test_parse (graph), expected);

      g_assert_nonnull (lowered);
    }
}

/* 19: keep_original_weights: no scales, no collisions */
static void
test_original_weights (void)
{
  g_autoptr (LfbGraphModule) model =
    with_weight (DYNAMIC "%f = torch.nn.functional.linear(%d, %wd)\n"
                 "%q2 = torch.quantize_per_tensor_dynamic(%f, quint8, True)\n"
                 "%d2 = dequantize(%q2)\n"
                 "%g = torch.nn.functional.linear(%d2, %wd)\nreturn (%g)\n", lfb_test_ramp (2, 2, 2));
  g_autoptr (LfbGraphModule) lowered = NULL;
  g_autoptr (GError) error = NULL;
  LfbValue *kept;

  lfb_test_set_scope (model, "f", "Net");
  lfb_test_set_scope (model, "g", "net");
  lowered = lfb_lower_to_fbgemm (model, NULL, NULL, TRUE, &error);
  g_assert_no_error (error);
  kept = lfb_graph_module_get_original_weights (lowered);
  g_assert_cmpuint (lfb_value_get_n_items (kept), ==, 2);
  for (gsize i = 0; i < 2; i++)
    {
      LfbValue *list = lfb_value_get_item (kept, i);

      g_assert_cmpuint (lfb_value_get_n_items (list), ==, 2);
      g_assert_cmpint (lfb_tensor_get_n_elements (lfb_value_get_tensor (lfb_value_get_item (list, 0))), ==, 4);
      g_assert_true (lfb_value_is_none (lfb_value_get_item (list, 1)));
    }
}

/* 20: the method relu, or torch.relu in front of a dynamic linear */
static void
test_relu_spellings (void)
{
  static const char *relus[] = { "method relu(%f)", "torch.relu(%f)" };
  g_autoptr (LfbGraphModule) model = with_module (INPUT "%f = module m(%d)\n%r = method relu(%f)\n" OUTPUT ("%r"), "Linear");
  g_autoptr (LfbGraphModule) lowered = lfb_test_lower (model, FALSE, NULL);

  g_assert_cmpstr (lfb_test_type (lowered, "m"), ==, "torch.ao.nn.intrinsic.quantized.LinearReLU");
  for (guint i = 0; i < G_N_ELEMENTS (relus); i++)
    {
      g_autofree char *graph = g_strconcat (DYNAMIC "%f = torch.nn.functional.linear(%d, %wd)\n%r = ", relus[i],
                                            "\nreturn (%r)\n", NULL);
      g_autoptr (LfbGraphModule) fused =
        lfb_test_lowers_to (with_weight (graph, lfb_test_ramp (2, 2, 2)),
                            "%x = placeholder\n"
                            "%_packed_weight_0 = get_attr _packed_weight_0\n"
                            "%f = torch.ops.quantized.linear_relu_dynamic(%x, %_packed_weight_0, True)\n"
                            "return (%f)\n");

      g_assert_nonnull (fused);
    }
}

/* 21: relu after a functional transposed convolution */
static void
test_transposed_relu (void)
{
  g_autoptr (LfbGraphModule) lowered =
    lfb_test_lowers_to (with_weight (INPUT
                                     "%w = get_attr w\n"
                                     "%wq = quantize(%w, 0.0625, 0, qint8)\n"
                                     "%wd = dequantize(%wq)\n"
                                     "%f = torch.conv_transpose1d(%d, %wd)\n"
                                     "%r = torch.nn.functional.relu(%f)\n"
                                     OUTPUT ("%r"), lfb_test_ramp (3, 2, 2, 3)),
                        "%x = placeholder\n"
                        "%q = quantize(%x, 0.5, 10)\n"
                        "%_packed_weight_0 = get_attr _packed_weight_0\n"
                        "%p_scale = get_attr p_scale\n"
                        "%p_zero_point = get_attr p_zero_point\n"
                        "%f = torch.ops.quantized.conv_transpose1d(%q, %_packed_weight_0, %p_scale, %p_zero_point)\n"
                        "%r = torch.nn.functional.relu(%f)\n"
                        "%e = dequantize(%r)\n"
                        "return (%e)\n");

  g_assert_nonnull (lowered);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/upstream-defects/01-two-ranges", test_two_ranges);
  g_test_add_func ("/upstream-defects/02-separate-relu", test_separate_relu);
  g_test_add_func ("/upstream-defects/03-alpha", test_alpha);
  g_test_add_func ("/upstream-defects/04-keyword-operands", test_keyword_operands);
  g_test_add_func ("/upstream-defects/05-second-user", test_second_user);
  g_test_add_func ("/upstream-defects/06-matmul-relu", test_matmul_relu);
  g_test_add_func ("/upstream-defects/07-matmul-operator", test_matmul_operator);
  g_test_add_func ("/upstream-defects/08-dynamic-convolution", test_dynamic_convolution);
  g_test_add_func ("/upstream-defects/09-weight-with-readers", test_weight_with_readers);
  g_test_add_func ("/upstream-defects/10-nested-weights", test_nested_weights);
  g_test_add_func ("/upstream-defects/11-other-types", test_other_types);
  g_test_add_func ("/upstream-defects/12-bag-settings", test_bag_settings);
  g_test_add_func ("/upstream-defects/13-running-statistics", test_running_statistics);
  g_test_add_func ("/upstream-defects/14-prelu", test_prelu);
  g_test_add_func ("/upstream-defects/15-absent-parameters", test_absent_parameters);
  g_test_add_func ("/upstream-defects/16-padding-modes", test_padding_modes);
  g_test_add_func ("/upstream-defects/17-odd-width", test_odd_width);
  g_test_add_func ("/upstream-defects/18-missing-kernels", test_missing_kernels);
  g_test_add_func ("/upstream-defects/19-original-weights", test_original_weights);
  g_test_add_func ("/upstream-defects/20-relu-spellings", test_relu_spellings);
  g_test_add_func ("/upstream-defects/21-transposed-relu", test_transposed_relu);

  return g_test_run ();
}

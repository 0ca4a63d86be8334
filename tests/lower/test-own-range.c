/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Operators with an output range of their own: doc/lowering-coverage.md, pass 9. */

#include "lfb-test-model.h"

#include "../common/lfb-test.h"

#define ONE(call) \
  "%x = placeholder\n" \
  "%w = get_attr w\n" \
  "%q = quantize(%x, 0.5, 10)\n" \
  "%d = dequantize(%q)\n" \
  "%f = " call "\n" \
  "%p = quantize(%f, 0.25, 3)\n" \
  "%e = dequantize(%p)\n" \
  "return ([%e, %w])\n"

#define LOWERED(call) \
  "%x = placeholder\n" \
  "%w = get_attr w\n" \
  "%q = quantize(%x, 0.5, 10)\n" \
  "%p_scale = get_attr p_scale\n" \
  "%p_zero_point = get_attr p_zero_point\n" \
  "%f = torch.ops.quantized." call "output_scale=%p_scale, output_zero_point=%p_zero_point)\n" \
  "%e = dequantize(%f)\n" \
  "return ([%e, %w])\n"

#define MODULE \
  "%x = placeholder\n" \
  "%q = quantize(%x, 0.5, 10)\n" \
  "%d = dequantize(%q)\n" \
  "%f = module m(%d)\n" \
  "%p = quantize(%f, 0.25, 3)\n" \
  "%e = dequantize(%p)\n" \
  "return (%e)\n"

#define LOWERED_MODULE \
  "%x = placeholder\n" \
  "%q = quantize(%x, 0.5, 10)\n" \
  "%f = module m(%q)\n" \
  "%e = dequantize(%f)\n" \
  "return (%e)\n"

static LfbGraphModule *
make (const char *graph)
{
  LfbGraphModule *model = lfb_test_parse (graph);
  g_autoptr (LfbTensor) weight = lfb_test_ramp (1, 2);

  lfb_test_set_tensor (model, "w", weight);
  return model;
}

static void
test_functions (void)
{
  static const struct
  {
    const char *graph;
    const char *expected;
  } rows[] = {
    { ONE ("torch.nn.functional.elu(%d, alpha=2.0, inplace=False)"), LOWERED ("elu(%q, alpha=2.0, ") },
    { ONE ("torch.nn.functional.elu(%d, 2.0, True)"), LOWERED ("elu(%q, alpha=2.0, ") },
    { ONE ("torch.nn.functional.hardswish(%d, inplace=True)"), LOWERED ("hardswish(%q, ") },
    { ONE ("torch.nn.functional.hardswish(%d, True)"), LOWERED ("hardswish(%q, ") },
    { ONE ("torch.nn.functional.hardswish(input=%d, inplace=True)"), LOWERED ("hardswish(input=%q, ") },
    { ONE ("torch.nn.functional.instance_norm(%d, running_mean=None, running_var=None, weight=%w, bias=None, "
           "use_input_stats=True, momentum=0.1, eps=0.5)"),
      LOWERED ("instance_norm(%q, weight=%w, bias=None, eps=0.5, ") },
    { ONE ("torch.nn.functional.instance_norm(%d, None, None, %w, None, True, 0.1, 0.5)"),
      LOWERED ("instance_norm(%q, weight=%w, bias=None, eps=0.5, ") },
    { ONE ("torch.nn.functional.layer_norm(%d, (9), weight=%w, bias=%w, eps=0.5)"),
      LOWERED ("layer_norm(%q, (9), weight=%w, bias=%w, eps=0.5, ") },
    { ONE ("torch.nn.functional.layer_norm(%d, (9), %w, %w, 0.5)"), LOWERED ("layer_norm(%q, (9), %w, %w, 0.5, ") },
    { ONE ("torch.nn.functional.leaky_relu(%d, 0.2, inplace=True)"), LOWERED ("leaky_relu(%q, 0.2, inplace=True, ") },
    { ONE ("torch.nn.functional.leaky_relu(%d, negative_slope=0.2, inplace=False)"),
      LOWERED ("leaky_relu(%q, negative_slope=0.2, inplace=False, ") },
    { ONE ("torch.nn.functional.dropout(%d, p=0.3, training=False, inplace=False)"),
      LOWERED ("dropout(%q, p=0.3, training=False, ") },
    { ONE ("torch.nn.functional.dropout(%d, 0.3, False)"), LOWERED ("dropout(%q, p=0.3, training=False, ") },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (LfbGraphModule) lowered = lfb_test_lowers_to (make (rows[i].graph), rows[i].expected);

      g_assert_nonnull (lowered);
    }
}

static void
test_modules (void)
{
  static const char *types[] = {
    "ELU", "LeakyReLU", "Hardswish", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", "LayerNorm",
    "Dropout", "PReLU", "Softmax", "BatchNorm2d", "BatchNorm3d",
  };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      LfbGraphModule *model = make (MODULE);
      g_autofree char *type = g_strconcat ("torch.nn.", types[i], NULL);
      g_autofree char *expected = g_strconcat ("torch.ao.nn.quantized.", types[i], NULL);
      g_autoptr (LfbGraphModule) lowered = NULL;
      LfbModule *module;

      lfb_test_add_module (model, "m", type);
      lfb_test_add_setting (model, "m", "eps", lfb_value_for_double (0.5));
      lfb_test_add_tensor (model, "m", "weight", lfb_test_ramp (1, 2));
      if (g_str_has_prefix (types[i], "BatchNorm"))
        {
          lfb_test_add_tensor (model, "m", "running_mean", lfb_test_ramp (1, 2));
          lfb_test_add_tensor (model, "m", "running_var", lfb_test_ramp (1, 2));
        }
      lowered = lfb_test_lowers_to (model, LOWERED_MODULE);
      module = lfb_graph_module_get_module (lowered, "m");
      g_assert_cmpstr (lfb_module_get_type_name (module), ==, expected);
      g_assert_cmpfloat (lfb_value_get_double (lfb_module_get_setting (module, "eps")), ==, 0.5);
      g_assert_cmpfloat (lfb_value_get_double (lfb_module_get_setting (module, "scale")), ==, 0.25);
      g_assert_cmpint (lfb_value_get_int (lfb_module_get_setting (module, "zero_point")), ==, 3);
      g_assert_cmpint (lfb_tensor_get_dtype (lfb_module_get_tensor (module, "weight")), ==, LFB_DTYPE_FLOAT32);
    }
}

static void
test_transposed (void)
{
  static const char *types[] = { "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d" };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      LfbGraphModule *model = make (MODULE);
      g_autofree char *expected = g_strconcat ("torch.ao.nn.quantized.", types[i], NULL);
      g_autoptr (LfbGraphModule) lowered = NULL;

      lfb_test_add_reference (model, "m", types[i], FALSE);
      lowered = lfb_test_lowers_to (model, LOWERED_MODULE);
      g_assert_cmpstr (lfb_test_type (lowered, "m"), ==, expected);
      g_assert_cmpint (lfb_tensor_get_dtype (lfb_module_get_tensor (lfb_graph_module_get_module (lowered, "m"), "weight")),
                       ==, LFB_DTYPE_QINT8);

      /* no kernel takes a scale per channel here */
      model = make (MODULE);
      lfb_test_add_reference (model, "m", types[i], TRUE);
      lfb_test_stays (model, "f", "f stays float: its weight cannot be quantized: it has a scale per channel, "
                                  "and the kernel takes one for all");
    }
}

static void
test_fused (void)
{
  static const char *types[] = { "BNReLU2d", "BNReLU3d" };
  static const char *parts[] = { "torch.nn.BatchNorm2d", "torch.nn.BatchNorm3d" };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      LfbGraphModule *model = make (MODULE);
      g_autofree char *type = g_strconcat ("torch.ao.nn.intrinsic.", types[i], NULL);
      g_autofree char *expected = g_strconcat ("torch.ao.nn.intrinsic.quantized.", types[i], NULL);
      g_autoptr (LfbGraphModule) lowered = NULL;
      LfbModule *module;

      lfb_test_add_module (model, "m", type);
      lfb_test_add_module (model, "m.0", parts[i]);
      lfb_test_add_setting (model, "m.0", "eps", lfb_value_for_double (0.5));
      lfb_test_add_tensor (model, "m.0", "running_mean", lfb_test_ramp (1, 2));
      lfb_test_add_tensor (model, "m.0", "running_var", lfb_test_ramp (1, 2));
      lfb_test_add_module (model, "m.1", "torch.nn.ReLU");
      lowered = lfb_test_lowers_to (model, LOWERED_MODULE);
      module = lfb_graph_module_get_module (lowered, "m");
      g_assert_cmpstr (lfb_module_get_type_name (module), ==, expected);
      g_assert_cmpfloat (lfb_value_get_double (lfb_module_get_setting (module, "eps")), ==, 0.5);
      g_assert_nonnull (lfb_module_get_tensor (module, "running_mean"));
      g_assert_null (lfb_test_type (lowered, "m.0"));
    }
}

/* Two calls of one module with different ranges. */
static void
test_two_calls (void)
{
  LfbGraphModule *model = make ("%x = placeholder\n"
                                "%q = quantize(%x, 0.5, 10)\n"
                                "%d = dequantize(%q)\n"
                                "%f = module m(%d)\n"
                                "%p = quantize(%f, 0.25, 3)\n"
                                "%e = dequantize(%p)\n"
                                "%g = module m(%e)\n"
                                "%o = quantize(%g, 0.125, 3)\n"
                                "return (%o)\n");
  g_autoptr (LfbGraphModule) lowered = NULL;

  lfb_test_add_module (model, "m", "torch.nn.Hardswish");
  lowered = lfb_test_lowers_to (model,
                                "%x = placeholder\n"
                                "%q = quantize(%x, 0.5, 10)\n"
                                "%f = module m(%q)\n"
                                "%g = module m_1(%f)\n"
                                "return (%g)\n");
  g_assert_cmpfloat (lfb_value_get_double (lfb_module_get_setting (lfb_graph_module_get_module (lowered, "m_1"), "scale")),
                     ==, 0.125);
}

static void
test_refusals (void)
{
  static const struct
  {
    const char *graph;
    const char *reason;
  } rows[] = {
    { ONE ("torch.nn.functional.instance_norm(%d, running_mean=%w, running_var=%w, use_input_stats=True)"),
      "f stays float: it normalizes by running statistics, and the int8 kernel by those of its input" },
    { ONE ("torch.nn.functional.instance_norm(%d, %w, %w)"),
      "f stays float: it normalizes by running statistics, and the int8 kernel by those of its input" },
    { ONE ("torch.nn.functional.instance_norm(%d, use_input_stats=False)"),
      "f stays float: it normalizes by running statistics, and the int8 kernel by those of its input" },
    { ONE ("torch.nn.functional.hardswish(%d, True, 3)"), "f stays float: its third argument is not known" },
    { ONE ("torch.nn.functional.elu(%w)"), "f stays float: its input `w` is not dequantized" },
    { "%x = placeholder\n"
      "%q = quantize(%x, 0.5, 10, qint8)\n"
      "%d = dequantize(%q)\n"
      "%f = torch.nn.functional.elu(%d)\n"
      "%p = quantize(%f, 0.25, 3)\n"
      "return (%p)\n",
      "f stays float: it reads `q`, which is qint8; the kernel reads quint8 with one scale only" },
    { "%x = placeholder\n"
      "%q = quantize(%x, 0.5, 10)\n"
      "%d = dequantize(%q)\n"
      "%f = torch.nn.functional.elu(%d)\n"
      "%p = quantize(%f, 0.25, 3, qint8)\n"
      "return (%p)\n",
      "f stays float: `p` quantizes its output to qint8; the kernel makes quint8 only" },
    { "%x = placeholder\n"
      "%y = placeholder\n"
      "%q = quantize(%x, 0.5, 10)\n"
      "%d = dequantize(%q)\n"
      "%f = torch.nn.functional.elu(%d)\n"
      "%p = torch.quantize_per_tensor(%f, %y, %q_zero_point, quint8)\n"
      "return (%p)\n",
      "f stays float: the output scale that `p` uses is not an attribute" },
    { "%x = placeholder\n"
      "%q = quantize(%x, 0.5, 10)\n"
      "%d = dequantize(%q)\n"
      "%f = torch.nn.functional.elu(%d)\n"
      "%s = method size(%f)\n"
      "%p = quantize(%f, 0.25, 3)\n"
      "return ([%p, %s])\n",
      "f stays float: `s` reads its float result as well" },
  };
  LfbGraphModule *model;

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    lfb_test_stays (make (rows[i].graph), "p", rows[i].reason);

  model = make (MODULE);
  lfb_test_add_module (model, "m", "torch.nn.InstanceNorm2d");
  lfb_test_add_tensor (model, "m", "running_mean", lfb_test_ramp (1, 2));
  lfb_test_stays (model, "p",
                  "f stays float: it normalizes by running statistics, and the int8 kernel by those of its input");

  model = make (MODULE);
  lfb_test_add_module (model, "m", "torch.nn.BatchNorm2d");
  lfb_test_stays (model, "p", "f stays float: it has no running statistics, which the int8 kernel normalizes by");

  model = make ("%x = placeholder\n"
                "%q = quantize(%x, 0.5, 10)\n"
                "%d = dequantize(%q)\n"
                "%f = module m(%d, [4, 4])\n"
                "%p = quantize(%f, 0.25, 3)\n"
                "return (%p)\n");
  lfb_test_add_reference (model, "m", "ConvTranspose2d", FALSE);
  lfb_test_stays (model, "f", "f stays float: it is called with more than its input");
}

/* Skipping is not asked for here: PyTorch does not either. */
static void
test_not_skipped (void)
{
  LfbGraphModule *model = make (MODULE);
  g_autoptr (LfbGraphModule) lowered = NULL;

  lfb_test_add_module (model, "m", "torch.nn.ELU");
  lfb_test_skip (model, "f");
  lowered = lfb_test_lowers_to (model, LOWERED_MODULE);
  g_assert_cmpstr (lfb_test_type (lowered, "m"), ==, "torch.ao.nn.quantized.ELU");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/own-range/functions", test_functions);
  g_test_add_func ("/own-range/modules", test_modules);
  g_test_add_func ("/own-range/transposed", test_transposed);
  g_test_add_func ("/own-range/fused", test_fused);
  g_test_add_func ("/own-range/two-calls", test_two_calls);
  g_test_add_func ("/own-range/refusals", test_refusals);
  g_test_add_func ("/own-range/not-skipped", test_not_skipped);

  return g_test_run ();
}

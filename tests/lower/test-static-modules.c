/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Static weighted modules: doc/lowering-coverage.md, pass 1. */

#include "lfb-test-model.h"

#include "../common/lfb-test.h"

#include <sys/mman.h>

#define REFERENCE "torch.ao.nn.quantized.reference."
#define FUSED "torch.ao.nn.intrinsic."

/* quantize, dequantize, one module, quantize, dequantize */
#define ONE_CALL \
  "%x = placeholder\n" \
  "%q = quantize(%x, 0.5, 10)\n" \
  "%d = dequantize(%q)\n" \
  "%m = module m(%d)\n" \
  "%p = quantize(%m, 0.25, 3)\n" \
  "%e = dequantize(%p)\n" \
  "return (%e)\n"

#define ONE_CALL_LOWERED \
  "%x = placeholder\n" \
  "%q = quantize(%x, 0.5, 10)\n" \
  "%m = module m(%q)\n" \
  "%e = dequantize(%m)\n" \
  "return (%e)\n"

static LfbGraphModule *
make_fused (const char *graph,
            const char *type,
            const char *part,
            const char *second)
{
  LfbGraphModule *model = lfb_test_parse (graph);
  g_autofree char *full = g_strconcat (FUSED, type, NULL);

  lfb_test_add_module (model, "m", full);
  lfb_test_add_reference (model, "m.0", part, TRUE);
  lfb_test_add_module (model, "m.1", second);

  return model;
}

static void
test_types (void)
{
  static const struct
  {
    const char *type;
    const char *lowered;
  } rows[] = {
    { "Linear", "torch.ao.nn.quantized.Linear" },
    { "Conv1d", "torch.ao.nn.quantized.Conv1d" },
    { "Conv2d", "torch.ao.nn.quantized.Conv2d" },
    { "Conv3d", "torch.ao.nn.quantized.Conv3d" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      LfbGraphModule *model = lfb_test_parse (ONE_CALL);
      g_autoptr (LfbGraphModule) lowered = NULL;

      lfb_test_add_reference (model, "m", rows[i].type, TRUE);
      lowered = lfb_test_lowers_to (model, ONE_CALL_LOWERED);
      g_assert_cmpstr (lfb_test_type (lowered, "m"), ==, rows[i].lowered);
    }
}

static void
test_fused_types (void)
{
  static const struct
  {
    const char *type;
    const char *part;
    const char *second;
  } rows[] = {
    { "LinearReLU", "Linear", "torch.nn.ReLU" },
    { "LinearLeakyReLU", "Linear", "torch.nn.LeakyReLU" },
    { "LinearTanh", "Linear", "torch.nn.Tanh" },
    { "ConvReLU1d", "Conv1d", "torch.nn.ReLU" },
    { "ConvReLU2d", "Conv2d", "torch.nn.ReLU" },
    { "ConvReLU3d", "Conv3d", "torch.nn.ReLU" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (LfbGraphModule) lowered =
        lfb_test_lowers_to (make_fused (ONE_CALL, rows[i].type, rows[i].part, rows[i].second), ONE_CALL_LOWERED);
      g_autofree char *expected = g_strconcat ("torch.ao.nn.intrinsic.quantized.", rows[i].type, NULL);

      g_assert_cmpstr (lfb_test_type (lowered, "m"), ==, expected);
      /* the old module's parts go */
      g_assert_null (lfb_test_type (lowered, "m.0"));
      g_assert_null (lfb_test_type (lowered, "m.1"));
    }
}

/* The settings of part 0, the slope of part 1, the output range, and a
 * quantized weight.
 */
static void
test_contents (void)
{
  LfbGraphModule *model = make_fused (ONE_CALL, "LinearLeakyReLU", "Linear", "torch.nn.LeakyReLU");
  g_autoptr (LfbGraphModule) lowered = NULL;
  LfbTensor *weight;
  LfbModule *module;
  const gint8 *integers;

  lfb_test_add_setting (model, "m.0", "in_features", lfb_value_for_int (2));
  lfb_test_add_setting (model, "m.1", "negative_slope", lfb_value_for_double (0.125));
  lowered = lfb_test_lowers_to (model, ONE_CALL_LOWERED);
  module = lfb_graph_module_get_module (lowered, "m");

  g_assert_cmpint (lfb_value_get_int (lfb_module_get_setting (module, "in_features")), ==, 2);
  g_assert_cmpfloat (lfb_value_get_double (lfb_module_get_setting (module, "negative_slope")), ==, 0.125);
  g_assert_cmpfloat (lfb_value_get_double (lfb_module_get_setting (module, "scale")), ==, 0.25);
  g_assert_cmpint (lfb_value_get_kind (lfb_module_get_setting (module, "zero_point")), ==, LFB_VALUE_KIND_INT);
  g_assert_cmpint (lfb_value_get_int (lfb_module_get_setting (module, "zero_point")), ==, 3);

  /* -0.375, -0.25 by 0.01; -0.125, 0 by 0.02: ties go to even */
  weight = lfb_module_get_tensor (module, "weight");
  g_assert_cmpint (lfb_tensor_get_dtype (weight), ==, LFB_DTYPE_QINT8);
  g_assert_true (lfb_tensor_is_per_channel (weight));
  integers = lfb_tensor_get_data (weight, NULL);
  g_assert_cmpint (integers[0], ==, -38);
  g_assert_cmpint (integers[1], ==, -25);
  g_assert_cmpint (integers[2], ==, -6);
  g_assert_cmpint (integers[3], ==, 0);

  g_assert_cmpint (lfb_tensor_get_dtype (lfb_module_get_tensor (module, "bias")), ==, LFB_DTYPE_FLOAT32);
  g_assert_null (lfb_module_get_tensor (module, "weight_scale"));
  g_assert_null (lfb_module_get_tensor (module, "weight_axis"));
}

#define WITH_RELU(call) \
  "%x = placeholder\n" \
  "%q = quantize(%x, 0.5, 10)\n" \
  "%d = dequantize(%q)\n" \
  "%m = module m(%d)\n" \
  "%r = " call "\n" \
  "%p = quantize(%r, 0.25, 3)\n" \
  "%e = dequantize(%p)\n" \
  "return (%e)\n"

static const char *relus[] = {
  WITH_RELU ("torch.nn.functional.relu(%m, inplace=False)"),
  WITH_RELU ("torch.relu(%m)"),
  WITH_RELU ("module r(%m)"),
  WITH_RELU ("method relu(%m)"),
  WITH_RELU ("method relu_(%m)"),
};

/* A relu that stands apart goes into the module, in every spelling. */
static void
test_relu (void)
{
  static const char *types[] = { "Linear", "Conv1d", "Conv2d", "Conv3d" };
  static const char *lowered_types[] = { "LinearReLU", "ConvReLU1d", "ConvReLU2d", "ConvReLU3d" };

  for (guint i = 0; i < G_N_ELEMENTS (types) * G_N_ELEMENTS (relus); i++)
    {
      LfbGraphModule *model = lfb_test_parse (relus[i / G_N_ELEMENTS (types)]);
      const char *type = types[i % G_N_ELEMENTS (types)];
      g_autofree char *expected = g_strconcat ("torch.ao.nn.intrinsic.quantized.",
                                               lowered_types[i % G_N_ELEMENTS (types)], NULL);
      g_autoptr (LfbGraphModule) lowered = NULL;

      lfb_test_add_reference (model, "m", type, FALSE);
      lfb_test_add_module (model, "r", "torch.nn.ReLU");
      lowered = lfb_test_lowers_to (model, ONE_CALL_LOWERED);
      g_assert_cmpstr (lfb_test_type (lowered, "m"), ==, expected);
      g_assert_null (lfb_test_type (lowered, "r"));
    }
}

/* As PyTorch does it, the methods are not fused. */
static void
test_relu_strict (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (relus); i++)
    {
      g_autoptr (LfbGraphModule) model = lfb_test_parse (relus[i]);
      g_autoptr (LfbGraphModule) lowered = NULL;

      lfb_test_add_reference (model, "m", "Linear", FALSE);
      lfb_test_add_module (model, "r", "torch.nn.ReLU");
      lowered = lfb_test_lower (model, TRUE, NULL);
      lfb_test_assert_graph (lowered, i < 3 ? ONE_CALL_LOWERED : relus[i]);
    }
}

/* A fused relu stays what it is behind another. */
static void
test_relu_twice (void)
{
  LfbGraphModule *model = make_fused (relus[1], "ConvReLU2d", "Conv2d", "torch.nn.ReLU");
  g_autoptr (LfbGraphModule) lowered = lfb_test_lowers_to (model, ONE_CALL_LOWERED);

  g_assert_cmpstr (lfb_test_type (lowered, "m"), ==, "torch.ao.nn.intrinsic.quantized.ConvReLU2d");
}

static void
test_relu_without_form (void)
{
  lfb_test_stays (make_fused (relus[0], "LinearTanh", "Linear", "torch.nn.Tanh"), "m",
                  "m stays float: `r` follows it, and there is no int8 torch.ao.nn.intrinsic.LinearTanh with relu");
  lfb_test_stays (make_fused (relus[0], "LinearLeakyReLU", "Linear", "torch.nn.LeakyReLU"), "p",
                  "m stays float: `r` follows it, and there is no int8 torch.ao.nn.intrinsic.LinearLeakyReLU with relu");
}

/* Who asks for the shape only does not keep a module float, nor its relu. */
static void
test_shape_reads (void)
{
  LfbGraphModule *model = lfb_test_parse ("%x = placeholder\n"
                                          "%q = quantize(%x, 0.5, 10)\n"
                                          "%d = dequantize(%q)\n"
                                          "%m = module m(%d)\n"
                                          "%s = method size(%m, 0)\n"
                                          "%r = torch.relu(%m)\n"
                                          "%t = builtins.getattr(%r, 'shape')\n"
                                          "%p = quantize(%r, 0.25, 3)\n"
                                          "%e = dequantize(%p)\n"
                                          "return (%e, %s, %t)\n");
  g_autoptr (LfbGraphModule) lowered = NULL;
  LfbNode *output = lfb_graph_get_last (lfb_graph_module_get_graph (model));
  g_autoptr (LfbValue) tuple = NULL;
  LfbValue **args;
  gsize n_args;

  args = lfb_node_get_args (output, &n_args);
  tuple = lfb_value_for_tuple (args, n_args);
  lfb_node_set_args (output, &tuple, 1, NULL);

  lfb_test_add_reference (model, "m", "Linear", FALSE);
  lowered = lfb_test_lowers_to (model,
                                "%x = placeholder\n"
                                "%q = quantize(%x, 0.5, 10)\n"
                                "%m = module m(%q)\n"
                                "%s = method size(%m, 0)\n"
                                "%t = builtins.getattr(%m, 'shape')\n"
                                "%e = dequantize(%m)\n"
                                "return ((%e, %s, %t))\n");
  g_assert_cmpstr (lfb_test_type (lowered, "m"), ==, "torch.ao.nn.intrinsic.quantized.LinearReLU");
}

/* Scale and zero point that several quantizes share stay as long as one does. */
static void
test_shared_scale (void)
{
  LfbGraphModule *model = lfb_test_parse ("%x = placeholder\n"
                                          "%q = quantize(%x, 0.5, 10)\n"
                                          "%d = dequantize(%q)\n"
                                          "%m = module m(%d)\n"
                                          "%p = torch.quantize_per_tensor(%m, %q_scale, %q_zero_point, torch.quint8)\n"
                                          "%e = dequantize(%p)\n"
                                          "return (%e)\n");
  g_autoptr (LfbGraphModule) lowered = NULL;

  lfb_test_add_reference (model, "m", "Linear", FALSE);
  lowered = lfb_test_lowers_to (model, ONE_CALL_LOWERED);
  g_assert_cmpfloat (lfb_value_get_double (lfb_module_get_setting (lfb_graph_module_get_module (lowered, "m"), "scale")),
                     ==, 0.5);
}

static void
test_refusals (void)
{
  static const struct
  {
    const char *graph;
    const char *node;
    const char *reason;
  } rows[] = {
    { "%x = placeholder\n"
      "%m = module m(%x)\n"
      "%p = quantize(%m, 0.25, 3)\n"
      "return (%p)\n",
      "m", "m stays float: its first input `x` is not dequantized" },
    { "%x = placeholder\n"
      "%q = quantize(%x, 0.5, 10)\n"
      "%d = dequantize(%q)\n"
      "%m = module m(%d)\n"
      "%p = quantize(%m, 0.25, 3)\n"
      "%s = torch.sin(%m)\n"
      "return ([%p, %s])\n",
      "p", "m stays float: `s` reads its float result as well" },
    { "%x = placeholder\n"
      "%q = quantize(%x, 0.5, 10)\n"
      "%d = dequantize(%q)\n"
      "%m = module m(%d)\n"
      "%r = torch.relu(%m)\n"
      "%p = quantize(%r, 0.25, 3)\n"
      "%s = torch.sin(%r)\n"
      "return ([%p, %s])\n",
      "m", "m stays float: `s` reads the float result of `r` as well" },
    { "%x = placeholder\n"
      "%q = quantize(%x, 0.5, 10)\n"
      "%d = dequantize(%q)\n"
      "%m = module m(%d)\n"
      "%p = quantize(%m, 0.25, 3, qint8)\n"
      "return (%p)\n",
      "p", "m stays float: `p` quantizes its output to qint8; the kernel makes quint8 only" },
    { "%x = placeholder\n"
      "%q = quantize(%x, 0.5, 10, qint8)\n"
      "%d = dequantize(%q)\n"
      "%m = module m(%d)\n"
      "%p = quantize(%m, 0.25, 3)\n"
      "return (%p)\n",
      "m", "m stays float: it reads `q`, which is qint8; the kernel reads quint8 with one scale only" },
    { "%x = placeholder\n"
      "%w = placeholder\n"
      "%q = quantize(%x, 0.5, 10)\n"
      "%d = dequantize(%q)\n"
      "%m = module m(%d)\n"
      "%p = torch.quantize_per_tensor(%m, %w, %q_zero_point, quint8)\n"
      "return (%p)\n",
      "m", "m stays float: the output scale that `p` uses is not an attribute" },
    { "%x = placeholder\n"
      "%q = quantize(%x, 0.5, 10)\n"
      "%d = dequantize(%q)\n"
      "%m = module m(%d)\n"
      "return (%m)\n",
      "m", "m stays float: nothing quantizes its output, it is read by `output` (output)" },
    { "%x = placeholder\n"
      "%q = quantize(%x, 0.5, 10)\n"
      "%d = dequantize(%q)\n"
      "%m = module m(%d)\n"
      "%p = quantize(%m, 0.25, 3)\n"
      "%o = quantize(%m, 0.5, 3)\n"
      "return ([%p, %o])\n",
      "m", "m stays float: `o` reads its float result as well" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      LfbGraphModule *model = lfb_test_parse (rows[i].graph);

      lfb_test_add_reference (model, "m", "Linear", TRUE);
      lfb_test_stays (model, rows[i].node, rows[i].reason);
    }
}

static void
test_skipped (void)
{
  LfbGraphModule *model = lfb_test_parse (ONE_CALL);

  lfb_test_add_reference (model, "m", "Linear", TRUE);
  lfb_test_skip (model, "m");
  lfb_test_stays (model, "m", "m stays float: its entry in the qconfig map is none");
}

/* What a caller says comes before what the model says. */
static void
test_given_maps (void)
{
  g_autoptr (LfbGraphModule) model = lfb_test_parse (ONE_CALL);
  g_autoptr (LfbGraphModule) lowered = NULL;
  g_autoptr (LfbQConfigMap) map = lfb_qconfig_map_new ();
  g_autoptr (GError) error = NULL;

  lfb_test_add_reference (model, "m", "Linear", TRUE);
  lfb_test_skip (model, "m");
  lowered = lfb_lower_to_fbgemm (model, map, NULL, FALSE, &error);
  g_assert_no_error (error);
  lfb_test_assert_graph (lowered, ONE_CALL_LOWERED);
}

/* Weights that no kernel takes. */
static void
test_weights (void)
{
  LfbGraphModule *model = lfb_test_parse (ONE_CALL);

  lfb_test_add_reference (model, "m", "Linear", TRUE);
  lfb_test_add_setting (model, "m", "weight_dtype", lfb_value_for_dtype (LFB_DTYPE_QUINT8));
  lfb_test_stays (model, "m",
                  "m stays float: its weight cannot be quantized: it is to be quint8, and the kernel takes qint8");

  model = lfb_test_parse (ONE_CALL);
  lfb_test_add_module (model, "m", REFERENCE "Linear");
  lfb_test_stays (model, "p", "m stays float: its weight cannot be quantized: there is none");
}

/* A fused module that holds a float module was never quantized. */
static void
test_float_part (void)
{
  LfbGraphModule *model = lfb_test_parse (ONE_CALL);

  lfb_test_add_module (model, "m", FUSED "ConvReLU2d");
  lfb_test_add_module (model, "m.0", "torch.nn.Conv2d");
  lfb_test_add_module (model, "m.1", "torch.nn.ReLU");
  lfb_test_stays (model, "p",
                  "p stays: it quantizes the result of `m` (torch.ao.nn.intrinsic.ConvReLU2d), "
                  "which no pass makes an int8 kernel of");
}

#define TWO_CALLS(second_scale) \
  "%x = placeholder\n" \
  "%q = quantize(%x, 0.5, 10)\n" \
  "%d = dequantize(%q)\n" \
  "%a = module m(%d)\n" \
  "%p = quantize(%a, 0.25, 3)\n" \
  "%e = dequantize(%p)\n" \
  "%b = module m(%e)\n" \
  "%o = quantize(%b, " second_scale ", 3)\n" \
  "%f = dequantize(%o)\n" \
  "return (%f)\n"

/* Calls with one output range share a module; others get their own. */
static void
test_two_calls (void)
{
  LfbGraphModule *model = lfb_test_parse (TWO_CALLS ("0.25"));
  g_autoptr (LfbGraphModule) equal = NULL;
  g_autoptr (LfbGraphModule) different = NULL;
  LfbModule *first, *second;

  lfb_test_add_reference (model, "m", "Linear", TRUE);
  equal = lfb_test_lowers_to (model,
                              "%x = placeholder\n"
                              "%q = quantize(%x, 0.5, 10)\n"
                              "%a = module m(%q)\n"
                              "%b = module m(%a)\n"
                              "%f = dequantize(%b)\n"
                              "return (%f)\n");
  g_assert_null (lfb_test_type (equal, "m_1"));

  model = lfb_test_parse (TWO_CALLS ("0.125"));
  lfb_test_add_reference (model, "m", "Linear", TRUE);
  different = lfb_test_lowers_to (model,
                                  "%x = placeholder\n"
                                  "%q = quantize(%x, 0.5, 10)\n"
                                  "%a = module m(%q)\n"
                                  "%b = module m_1(%a)\n"
                                  "%f = dequantize(%b)\n"
                                  "return (%f)\n");
  first = lfb_graph_module_get_module (different, "m");
  second = lfb_graph_module_get_module (different, "m_1");
  g_assert_cmpfloat (lfb_value_get_double (lfb_module_get_setting (first, "scale")), ==, 0.25);
  g_assert_cmpfloat (lfb_value_get_double (lfb_module_get_setting (second, "scale")), ==, 0.125);
  g_assert_true (lfb_module_get_tensor (first, "weight") == lfb_module_get_tensor (second, "weight"));
}

/* The path stays with a call that needs the old module. */
static void
test_call_that_stays (void)
{
  LfbGraphModule *model = lfb_test_parse ("%x = placeholder\n"
                                          "%q = quantize(%x, 0.5, 10)\n"
                                          "%d = dequantize(%q)\n"
                                          "%a = module net.m(%d)\n"
                                          "%p = quantize(%a, 0.25, 3)\n"
                                          "%e = dequantize(%p)\n"
                                          "%b = module net.m(%e)\n"
                                          "return (%b)\n");
  g_autoptr (LfbGraphModule) lowered = NULL;

  lfb_test_add_reference (model, "net.m", "Linear", TRUE);
  lfb_test_add_module (model, "net.m_1", "torch.nn.ReLU"); /* the name is taken */
  lowered = lfb_test_lowers_to (model,
                                "%x = placeholder\n"
                                "%q = quantize(%x, 0.5, 10)\n"
                                "%a = module net.m_2(%q)\n"
                                "%e = dequantize(%a)\n"
                                "%b = module net.m(%e)\n"
                                "return (%b)\n");
  g_assert_cmpstr (lfb_test_type (lowered, "net.m"), ==, REFERENCE "Linear");
  g_assert_cmpstr (lfb_test_type (lowered, "net.m_2"), ==, "torch.ao.nn.quantized.Linear");
}

/* A path that is an alias is replaced alone. */
static void
test_alias (void)
{
  static const char graph[] =
    "%x = placeholder\n"
    "%q = quantize(%x, 0.5, 10)\n"
    "%d = dequantize(%q)\n"
    "%a = module twin(%d)\n"
    "%p = quantize(%a, 0.25, 3)\n"
    "%e = dequantize(%p)\n"
    "%b = module m(%e)\n"
    "return (%b)\n";
  LfbGraphModule *model = lfb_test_parse (graph);
  g_autoptr (LfbGraphModule) lowered = NULL;
  g_autoptr (GError) error = NULL;

  lfb_test_add_reference (model, "m", "Linear", TRUE);
  lfb_graph_module_set_alias (model, "twin", "m", &error);
  g_assert_no_error (error);
  lowered = lfb_test_lowers_to (model,
                                "%x = placeholder\n"
                                "%q = quantize(%x, 0.5, 10)\n"
                                "%a = module twin(%q)\n"
                                "%e = dequantize(%a)\n"
                                "%b = module m(%e)\n"
                                "return (%b)\n");
  g_assert_cmpstr (lfb_test_type (lowered, "twin"), ==, "torch.ao.nn.quantized.Linear");
  g_assert_cmpstr (lfb_test_type (lowered, "m"), ==, REFERENCE "Linear");
}

/* A part that another path stands for stays under that path. */
static void
test_alias_of_part (void)
{
  LfbGraphModule *model = make_fused ("%x = placeholder\n"
                                      "%q = quantize(%x, 0.5, 10)\n"
                                      "%d = dequantize(%q)\n"
                                      "%m = module m(%d)\n"
                                      "%p = quantize(%m, 0.25, 3)\n"
                                      "%e = dequantize(%p)\n"
                                      "%b = module part(%e)\n"
                                      "return (%b)\n",
                                      "LinearReLU", "Linear", "torch.nn.ReLU");
  g_autoptr (LfbGraphModule) lowered = NULL;
  g_autoptr (GError) error = NULL;

  lfb_graph_module_set_alias (model, "part", "m.0", &error);
  g_assert_no_error (error);
  lowered = lfb_test_lower (model, FALSE, NULL);
  g_assert_cmpstr (lfb_test_type (lowered, "m"), ==, "torch.ao.nn.intrinsic.quantized.LinearReLU");
  g_assert_null (lfb_test_type (lowered, "m.0"));
  g_assert_cmpstr (lfb_test_type (lowered, "part"), ==, REFERENCE "Linear");
  g_object_unref (model);
}

/* A part that is called by itself keeps the module that it is a part of. */
static void
test_part_called (void)
{
  g_autoptr (LfbGraphModule) lowered =
    lfb_test_lowers_to (make_fused ("%x = placeholder\n"
                                    "%q = quantize(%x, 0.5, 10)\n"
                                    "%d = dequantize(%q)\n"
                                    "%m = module m(%d)\n"
                                    "%p = quantize(%m, 0.25, 3)\n"
                                    "%e = dequantize(%p)\n"
                                    "%b = module m.0(%e)\n"
                                    "return (%b)\n",
                                    "LinearReLU", "Linear", "torch.nn.ReLU"),
                        "%x = placeholder\n"
                        "%q = quantize(%x, 0.5, 10)\n"
                        "%m = module m_1(%q)\n"
                        "%e = dequantize(%m)\n"
                        "%b = module m.0(%e)\n"
                        "return (%b)\n");

  g_assert_cmpstr (lfb_test_type (lowered, "m_1"), ==, "torch.ao.nn.intrinsic.quantized.LinearReLU");
  g_assert_cmpstr (lfb_test_type (lowered, "m.0"), ==, REFERENCE "Linear");
}

/* A mapped file is read when its weights are packed or saved, not before. */
static void
test_reads_no_weight (void)
{
  g_autoptr (LfbGraphModule) model = lfb_test_parse (ONE_CALL);
  g_autoptr (LfbGraphModule) lowered = NULL;
  g_autoptr (LfbTensor) tensor = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  LfbTensor *weight;
  const gint64 *shape;
  gsize n_dims, size;
  float *memory;

  lfb_test_add_reference (model, "m", "Linear", TRUE);
  weight = lfb_module_get_tensor (lfb_graph_module_get_module (model, "m"), "weight");
  shape = lfb_tensor_get_shape (weight, &n_dims);
  lfb_tensor_get_data (weight, &size);
  memory = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  g_assert_true (memory != MAP_FAILED);
  memcpy (memory, lfb_tensor_get_data (weight, NULL), size);
  bytes = g_bytes_new_static (memory, size);
  tensor = lfb_tensor_new_for_bytes (LFB_DTYPE_FLOAT32, shape, n_dims, bytes, &error);
  g_assert_no_error (error);
  lfb_test_add_tensor (model, "m", "weight", g_object_ref (tensor));

  g_assert_cmpint (mprotect (memory, size, PROT_NONE), ==, 0);
  lowered = lfb_lower_to_fbgemm (model, NULL, NULL, FALSE, &error);
  g_assert_no_error (error);
  weight = lfb_module_get_tensor (lfb_graph_module_get_module (lowered, "m"), "weight");
  g_assert_cmpint (lfb_tensor_get_dtype (weight), ==, LFB_DTYPE_QINT8);
  g_assert_cmpint (mprotect (memory, size, PROT_READ), ==, 0);

  g_assert_nonnull (lfb_tensor_get_data (weight, NULL));
  g_clear_object (&lowered);
  g_clear_object (&model);
  g_clear_object (&tensor);
  g_clear_pointer (&bytes, g_bytes_unref);
  munmap (memory, size);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/static-modules/types", test_types);
  g_test_add_func ("/static-modules/fused-types", test_fused_types);
  g_test_add_func ("/static-modules/contents", test_contents);
  g_test_add_func ("/static-modules/relu", test_relu);
  g_test_add_func ("/static-modules/relu-strict", test_relu_strict);
  g_test_add_func ("/static-modules/relu-twice", test_relu_twice);
  g_test_add_func ("/static-modules/relu-without-form", test_relu_without_form);
  g_test_add_func ("/static-modules/shape-reads", test_shape_reads);
  g_test_add_func ("/static-modules/shared-scale", test_shared_scale);
  g_test_add_func ("/static-modules/refusals", test_refusals);
  g_test_add_func ("/static-modules/skipped", test_skipped);
  g_test_add_func ("/static-modules/given-maps", test_given_maps);
  g_test_add_func ("/static-modules/weights", test_weights);
  g_test_add_func ("/static-modules/float-part", test_float_part);
  g_test_add_func ("/static-modules/two-calls", test_two_calls);
  g_test_add_func ("/static-modules/call-that-stays", test_call_that_stays);
  g_test_add_func ("/static-modules/part-called", test_part_called);
  g_test_add_func ("/static-modules/alias", test_alias);
  g_test_add_func ("/static-modules/alias-of-part", test_alias_of_part);
  g_test_add_func ("/static-modules/reads-no-weight", test_reads_no_weight);

  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Static functionals: doc/lowering-coverage.md, pass 5. The pass is run alone where the
 * prepack call is looked at, which folding takes away.
 */

#include "lfb-test-model.h"

#include "../common/lfb-test.h"

#include <string.h>

#define WEIGHT \
  "%x = placeholder\n" \
  "%q = quantize(%x, 0.5, 10)\n" \
  "%d = dequantize(%q)\n" \
  "%w = get_attr w\n" \
  "%wq = quantize(%w, 0.0625, 0, qint8)\n" \
  "%wd = dequantize(%wq)\n" \
  "%b = get_attr b\n"

#define OUTPUT(input) \
  "%p = quantize(" input ", 0.25, 3)\n" \
  "%e = dequantize(%p)\n" \
  "return (%e)\n"

#define LOWERED_WEIGHT \
  "%x = placeholder\n" \
  "%q = quantize(%x, 0.5, 10)\n" \
  "%d = dequantize(%q)\n" \
  "%w = get_attr w\n" \
  "%wq = quantize(%w, 0.0625, 0, qint8)\n" \
  "%wd = dequantize(%wq)\n" \
  "%b = get_attr b\n"

/* behind the prepack call */
#define LOWERED_OUTPUT(function, packed) \
  "%p_scale = get_attr p_scale\n" \
  "%p_zero_point = get_attr p_zero_point\n" \
  "%f = torch.ops.quantized." function "(%q, %" packed ", %p_scale, %p_zero_point)\n" \
  "%e = dequantize(%f)\n" \
  "return (%e)\n"

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

  return model;
}

static void
run_pass (LfbGraphModule *model,
          const char     *name,
          const char     *expected)
{
  g_autoptr (LfbPass) pass = lfb_pass_new_builtin (name, NULL);
  g_autoptr (GError) error = NULL;
  gboolean changed = lfb_pass_run (pass, model, &error);

  g_assert_no_error (error);
  g_assert_true (changed);
  lfb_graph_module_check (model, &error);
  g_assert_no_error (error);
  lfb_test_assert_graph (model, expected);
}

typedef struct
{
  const char *name;
  const char *call;
  guint n_dims;
  const char *prepack;
  const char *lowered;
} Row;

/* What becomes of the arguments. */
static const Row rows[] = {
  { "linear", "torch.nn.functional.linear(%d, %wd, %b)", 0,
    "%linear_prepack = torch.ops.quantized.linear_prepack(%wq, %b)\n",
    LOWERED_OUTPUT ("linear", "linear_prepack") },
  { "linear-other-name", "torch._C._nn.linear(%d, %wd)", 0,
    "%linear_prepack = torch.ops.quantized.linear_prepack(%wq)\n",
    LOWERED_OUTPUT ("linear", "linear_prepack") },
  { "linear-bias-by-name", "torch.nn.functional.linear(%d, %wd, bias=%b)", 0,
    "%linear_prepack = torch.ops.quantized.linear_prepack(%wq, B=%b)\n",
    LOWERED_OUTPUT ("linear", "linear_prepack") },
  { "conv1d", "torch.conv1d(%d, %wd, %b, 2, 1, 3, 1)", 1,
    "%conv1d_prepack = torch.ops.quantized.conv1d_prepack(%wq, %b, (2), (1), (3), 1)\n",
    LOWERED_OUTPUT ("conv1d", "conv1d_prepack") },
  { "conv1d-by-name", "torch.nn.functional.conv1d(%d, %wd, bias=%b, stride=2, padding=(1))", 1,
    "%conv1d_prepack = torch.ops.quantized.conv1d_prepack(%wq, bias=%b, stride=(2), padding=(1))\n",
    LOWERED_OUTPUT ("conv1d", "conv1d_prepack") },
  { "conv2d", "torch.conv2d(%d, %wd, None, [2, 1], 1)", 2,
    "%conv2d_prepack = torch.ops.quantized.conv2d_prepack(%wq, None, [2, 1], 1)\n",
    LOWERED_OUTPUT ("conv2d", "conv2d_prepack") },
  { "conv3d", "torch.nn.functional.conv3d(%d, %wd, %b, (1, 1, 2), padding=0)", 3,
    "%conv3d_prepack = torch.ops.quantized.conv3d_prepack(%wq, %b, (1, 1, 2), padding=0)\n",
    LOWERED_OUTPUT ("conv3d", "conv3d_prepack") },
  { "conv2d-padding-same", "torch.conv2d(%d, %wd, %b, 1, 'same', (1, 2))", 2,
    "%conv2d_prepack = torch.ops.quantized.conv2d_prepack(%wq, %b, 1, (1, 2), (1, 2))\n",
    LOWERED_OUTPUT ("conv2d", "conv2d_prepack") },
  { "conv1d-padding-valid", "torch.conv1d(%d, %wd, %b, padding='valid')", 1,
    "%conv1d_prepack = torch.ops.quantized.conv1d_prepack(%wq, %b, padding=(0))\n",
    LOWERED_OUTPUT ("conv1d", "conv1d_prepack") },
  { "conv-transpose1d", "torch.conv_transpose1d(%d, %wd, %b, 2, 1, 1, 2, 3)", 1,
    "%conv_transpose1d_prepack = torch.ops.quantized.conv_transpose1d_prepack(%wq, %b, (2), (1), (1), (3), 2)\n",
    LOWERED_OUTPUT ("conv_transpose1d", "conv_transpose1d_prepack") },
  { "conv-transpose1d-no-dilation", "torch.conv_transpose1d(%d, %wd, %b, 2, 1, 1, 2)", 1,
    "%conv_transpose1d_prepack = torch.ops.quantized.conv_transpose1d_prepack(%wq, %b, (2), (1), (1), (1), 2)\n",
    LOWERED_OUTPUT ("conv_transpose1d", "conv_transpose1d_prepack") },
  { "conv-transpose2d", "torch.nn.functional.conv_transpose2d(%d, %wd, %b, (2, 2), (1, 1), (0, 1), 2)", 2,
    "%conv_transpose2d_prepack = torch.ops.quantized.conv_transpose2d_prepack(%wq, %b, (2, 2), (1, 1), (0, 1), 1, 2)\n",
    LOWERED_OUTPUT ("conv_transpose2d", "conv_transpose2d_prepack") },
  { "conv-transpose2d-dilation-by-name", "torch.conv_transpose2d(%d, %wd, %b, 1, 0, 0, 2, dilation=3)", 2,
    "%conv_transpose2d_prepack = torch.ops.quantized.conv_transpose2d_prepack(%wq, %b, 1, 0, 0, 3, 2)\n",
    LOWERED_OUTPUT ("conv_transpose2d", "conv_transpose2d_prepack") },
  { "conv-transpose3d-by-name", "torch.conv_transpose3d(%d, %wd, bias=%b, groups=2, output_padding=0)", 3,
    "%conv_transpose3d_prepack = torch.ops.quantized.conv_transpose3d_prepack(%wq, bias=%b, output_padding=0, groups=2)\n",
    LOWERED_OUTPUT ("conv_transpose3d", "conv_transpose3d_prepack") },
};

static void
test_arguments (gconstpointer data)
{
  const Row *row = data;
  g_autofree char *graph = g_strconcat (WEIGHT "%f = ", row->call, "\n" OUTPUT ("%f"), NULL);
  g_autofree char *expected = g_strconcat (LOWERED_WEIGHT, row->prepack, row->lowered, NULL);
  g_autoptr (LfbGraphModule) model = make (graph, row->n_dims);

  run_pass (model, "static-functionals", expected);
}

/* What the whole lowering makes of it, packed weight included. */
static void
test_folded (gconstpointer data)
{
  const Row *row = data;
  g_autofree char *graph = g_strconcat (WEIGHT "%f = ", row->call, "\n" OUTPUT ("%f"), NULL);
  g_autoptr (LfbGraphModule) model = make (graph, row->n_dims);
  g_autoptr (LfbGraphModule) lowered = NULL;
  g_autoptr (LfbTensor) bias = lfb_test_ramp (1, 4);
  LfbTensor *weight;
  LfbValue *packed;

  /* the weight of a transposed convolution has the outputs of one group */
  if (strstr (row->prepack, "transpose") != NULL)
    lfb_test_set_tensor (model, "b", bias);
  lowered = lfb_test_lower (model, FALSE, NULL);
  packed = lfb_graph_module_get_attribute (lowered, "_packed_weight_0");
  g_assert_nonnull (packed);
  g_assert_cmpint (lfb_value_get_kind (packed), ==, LFB_VALUE_KIND_PACKED);
  g_assert_cmpstr (lfb_value_get_string (packed), ==,
                   row->n_dims == 0 ? "LinearPackedParamsBase"
                   : row->n_dims == 3 ? "Conv3dPackedParamsBase" : "Conv2dPackedParamsBase");

  weight = lfb_value_get_tensor (lfb_value_lookup (packed, "weight"));
  g_assert_cmpint (lfb_tensor_get_dtype (weight), ==, LFB_DTYPE_QINT8);
  g_assert_cmpuint (lfb_tensor_get_n_dims (weight), ==, row->n_dims == 1 ? 4 : row->n_dims + 2);
  if (row->n_dims == 0)
    return;

  g_assert_cmpuint (lfb_value_get_n_items (lfb_value_lookup (packed, "stride")), ==, row->n_dims == 3 ? 3 : 2);
  g_assert_cmpint (lfb_value_get_bool (lfb_value_lookup (packed, "transpose")), ==,
                   strstr (row->name, "transpose") != NULL);
}

/* A conv1d is packed as a conv2d of height 1. */
static void
test_height (void)
{
  g_autoptr (LfbGraphModule) model = make (WEIGHT
                                           "%f = torch.conv_transpose1d(%d, %wd, %b, 2, 3, 1, 1, 4)\n"
                                           OUTPUT ("%f"), 1);
  g_autoptr (LfbGraphModule) lowered = lfb_test_lower (model, FALSE, NULL);
  LfbValue *packed = lfb_graph_module_get_attribute (lowered, "_packed_weight_0");
  static const struct
  {
    const char *name;
    gint64 height;
    gint64 width;
  } settings[] = {
    { "stride", 1, 2 },
    { "padding", 0, 3 },
    { "output_padding", 0, 1 },
    { "dilation", 1, 4 },
  };

  g_assert_cmpint (lfb_tensor_get_dim (lfb_value_get_tensor (lfb_value_lookup (packed, "weight")), 2), ==, 1);
  for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
    {
      LfbValue *setting = lfb_value_lookup (packed, settings[i].name);

      g_assert_cmpint (lfb_value_get_int (lfb_value_get_item (setting, 0)), ==, settings[i].height);
      g_assert_cmpint (lfb_value_get_int (lfb_value_get_item (setting, 1)), ==, settings[i].width);
    }
  g_assert_cmpint (lfb_value_get_int (lfb_value_lookup (packed, "groups")), ==, 1);
}

static void
test_relu (void)
{
  static const char *functions[] = { "linear", "conv1d", "conv2d", "conv3d" };

  for (guint i = 0; i < G_N_ELEMENTS (functions); i++)
    {
      g_autofree char *graph = g_strconcat (WEIGHT "%f = torch.nn.functional.", functions[i], "(%d, %wd)\n"
                                            "%r = torch.nn.functional.relu(%f, inplace=True)\n"
                                            OUTPUT ("%r"), NULL);
      g_autofree char *expected = g_strconcat ("%x = placeholder\n"
                                               "%q = quantize(%x, 0.5, 10)\n"
                                               "%_packed_weight_0 = get_attr _packed_weight_0\n"
                                               "%p_scale = get_attr p_scale\n"
                                               "%p_zero_point = get_attr p_zero_point\n"
                                               "%f = torch.ops.quantized.", functions[i],
                                               "_relu(%q, %_packed_weight_0, %p_scale, %p_zero_point)\n"
                                               "%e = dequantize(%f)\n"
                                               "return (%e)\n", NULL);
      g_autoptr (LfbGraphModule) lowered = lfb_test_lowers_to (make (graph, i), expected);

      g_assert_nonnull (lfb_graph_module_get_attribute (lowered, "_packed_weight_0"));
    }
}

/* Transposed convolution has no form with relu: the relu stays, on int8. */
static void
test_transposed_relu (void)
{
  g_autoptr (LfbGraphModule) lowered =
    lfb_test_lowers_to (make (WEIGHT
                              "%f = torch.conv_transpose2d(%d, %wd, %b)\n"
                              "%r = torch.relu(%f)\n"
                              OUTPUT ("%r"), 2),
                        "%x = placeholder\n"
                        "%q = quantize(%x, 0.5, 10)\n"
                        "%_packed_weight_0 = get_attr _packed_weight_0\n"
                        "%p_scale = get_attr p_scale\n"
                        "%p_zero_point = get_attr p_zero_point\n"
                        "%f = torch.ops.quantized.conv_transpose2d(%q, %_packed_weight_0, %p_scale, %p_zero_point)\n"
                        "%r = torch.relu(%f)\n"
                        "%e = dequantize(%r)\n"
                        "return (%e)\n");

  g_assert_nonnull (lowered);
}

/* Scale and zero point that stand before what the operator reads: nothing is put
 * before one of its inputs.
 */
static void
test_early_scale (void)
{
  g_autoptr (LfbGraphModule) model =
    make ("%x = placeholder\n"
          "%q = quantize(%x, 0.5, 10)\n"
          "%d = dequantize(%q)\n"
          "%w = get_attr w\n"
          "%wq = quantize(%w, 0.0625, 0, qint8)\n"
          "%wd = dequantize(%wq)\n"
          "%b = get_attr b\n"
          "%f = torch.nn.functional.linear(%d, %wd, %b)\n"
          "%p = torch.quantize_per_tensor(%f, %q_scale, %q_zero_point, quint8)\n"
          "return (%p)\n", 0);

  run_pass (model, "static-functionals",
            "%x = placeholder\n"
            "%q = quantize(%x, 0.5, 10)\n"
            "%d = dequantize(%q)\n"
            "%w = get_attr w\n"
            "%wq = quantize(%w, 0.0625, 0, qint8)\n"
            "%wd = dequantize(%wq)\n"
            "%b = get_attr b\n"
            "%linear_prepack = torch.ops.quantized.linear_prepack(%wq, %b)\n"
            "%f = torch.ops.quantized.linear(%q, %linear_prepack, %q_scale, %q_zero_point)\n"
            "return (%f)\n");
}

static void
test_refusals (void)
{
  static const struct
  {
    const char *call;
    guint n_dims;
    const char *reason;
  } refusals[] = {
    { "%f = torch.nn.functional.linear(%d, %w)\n" OUTPUT ("%f"), 0,
      "f stays float: its second input `w` is not dequantized" },
    { "%f = torch.nn.functional.linear(%d, weight=%wd)\n" OUTPUT ("%f"), 0,
      "f stays float: its second input is not given by position" },
    { "%f = torch.conv2d(%d, %wd, %b, 1, 'same', (1, 1))\n" OUTPUT ("%f"), 1,
      "f stays float: its padding is `same`, and the size of its window is not known" },
    { "%f = torch.nn.functional.linear(%d, %wd, %b, 3)\n" OUTPUT ("%f"), 0,
      "f stays float: it has 4 arguments, at most 3 are known" },
    { "%f = torch.nn.functional.linear(%d, %wd, scale=%b)\n" OUTPUT ("%f"), 0,
      "f stays float: its argument `scale` is not known" },
    { "%f = torch.nn.functional.linear(%d, %wd)\n"
      "%s = method size(%f, 0)\n"
      "%p = quantize(%f, 0.25, 3)\n"
      "return ([%p, %s])\n", 0,
      "f stays float: `s` reads its float result as well" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      g_autofree char *graph = NULL;
      g_autoptr (LfbGraphModule) model = NULL;
      g_autoptr (LfbGraphModule) lowered = NULL;
      g_autoptr (LfbLoweringReport) report = NULL;
      LfbLoweringNote *note;

      graph = g_strconcat (WEIGHT, refusals[i].call, NULL);
      model = make (graph, refusals[i].n_dims);
      lowered = lfb_test_lower (model, FALSE, &report);
      note = lfb_lowering_report_find (report, "p");
      g_assert_nonnull (note);
      g_assert_cmpstr (lfb_lowering_note_get_reason (note), ==, refusals[i].reason);
      g_assert_true (g_str_has_prefix (lfb_node_get_target (lfb_graph_find (lfb_graph_module_get_graph (lowered), "f")),
                                       "torch.conv") ||
                     g_str_has_prefix (lfb_node_get_target (lfb_graph_find (lfb_graph_module_get_graph (lowered), "f")),
                                       "torch.nn.functional."));
    }
}

/* A window of even width that is padded on one side more cannot be packed. */
static void
test_uneven_padding (void)
{
  g_autoptr (LfbGraphModule) model = lfb_test_parse (WEIGHT
                                                     "%f = torch.conv1d(%d, %wd, padding='same')\n"
                                                     OUTPUT ("%f"));
  g_autoptr (LfbTensor) weight = lfb_test_ramp (3, 2, 2, 4);
  g_autoptr (LfbTensor) bias = lfb_test_ramp (1, 2);
  g_autoptr (LfbGraphModule) lowered = NULL;
  g_autoptr (LfbLoweringReport) report = NULL;

  lfb_test_set_tensor (model, "w", weight);
  lfb_test_set_tensor (model, "b", bias);
  lowered = lfb_test_lower (model, FALSE, &report);
  g_assert_cmpstr (lfb_lowering_note_get_reason (lfb_lowering_report_find (report, "f")), ==,
                   "f stays float: its padding `same` is not the same on both sides of a window of 4");
}

/* Weights per channel: along dimension 0, and not for transposed convolution. */
static void
test_per_channel (void)
{
  static const struct
  {
    const char *call;
    gint64 axis;
    const char *reason;
  } channels[] = {
    { "torch.conv2d(%d, %wd)", 0, NULL },
    { "torch.conv2d(%d, %wd)", 1,
      "f stays float: the scales that `wq` gives its weight differ along an axis other than 0" },
    { "torch.conv_transpose2d(%d, %wd)", 0,
      "f stays float: `wq` gives its weight a scale per channel, and transposed convolution takes one for all" },
  };
  const float scales[] = { 0.125f, 0.25f };
  const gint64 points[] = { 0, 0 };

  for (guint i = 0; i < G_N_ELEMENTS (channels); i++)
    {
      g_autofree char *graph =
        g_strdup_printf ("%%x = placeholder\n"
                         "%%q = quantize(%%x, 0.5, 10)\n"
                         "%%d = dequantize(%%q)\n"
                         "%%w = get_attr w\n"
                         "%%s = get_attr s\n"
                         "%%z = get_attr z\n"
                         "%%wq = torch.quantize_per_channel(%%w, %%s, %%z, %d, qint8)\n"
                         "%%wd = dequantize(%%wq)\n"
                         "%%f = %s\n"
                         "%%p = quantize(%%f, 0.25, 3)\n"
                         "return (%%p)\n", (int) channels[i].axis, channels[i].call);
      g_autoptr (LfbGraphModule) model = make (graph, 2);
      g_autoptr (LfbTensor) scale = lfb_test_tensor (LFB_DTYPE_FLOAT32, scales, sizeof scales, 1, (gint64) 2);
      g_autoptr (LfbTensor) point = lfb_test_tensor (LFB_DTYPE_INT64, points, sizeof points, 1, (gint64) 2);
      g_autoptr (LfbGraphModule) lowered = NULL;
      g_autoptr (LfbLoweringReport) report = NULL;

      lfb_test_set_tensor (model, "s", scale);
      lfb_test_set_tensor (model, "z", point);
      lowered = lfb_test_lower (model, FALSE, &report);
      if (channels[i].reason != NULL)
        {
          g_assert_cmpstr (lfb_lowering_note_get_reason (lfb_lowering_report_find (report, "f")), ==,
                           channels[i].reason);
          continue;
        }
      lfb_test_assert_lowered (report, "f", "static-functionals", "torch.ops.quantized.conv2d");
      lfb_test_assert_lowered (report, "wq", "fold-weights", "_packed_weight_0");
      lfb_test_assert_lowered (report, "p", "static-functionals", "torch.ops.quantized.conv2d");
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *arguments = g_strconcat ("/static-functionals/arguments/", rows[i].name, NULL);
      g_autofree char *folded = g_strconcat ("/static-functionals/folded/", rows[i].name, NULL);

      g_test_add_data_func (arguments, &rows[i], test_arguments);
      g_test_add_data_func (folded, &rows[i], test_folded);
    }
  g_test_add_func ("/static-functionals/height", test_height);
  g_test_add_func ("/static-functionals/relu", test_relu);
  g_test_add_func ("/static-functionals/transposed-relu", test_transposed_relu);
  g_test_add_func ("/static-functionals/early-scale", test_early_scale);
  g_test_add_func ("/static-functionals/refusals", test_refusals);
  g_test_add_func ("/static-functionals/uneven-padding", test_uneven_padding);
  g_test_add_func ("/static-functionals/per-channel", test_per_channel);

  return g_test_run ();
}

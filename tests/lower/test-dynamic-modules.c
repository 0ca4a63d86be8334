/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Dynamic modules: doc/lowering-coverage.md, pass 3. */

#include "lfb-test-model.h"

#include "../common/lfb-test.h"

#define CALL(dtype, reduce) \
  "%x = placeholder\n" \
  "%q = torch.quantize_per_tensor_dynamic(%x, " dtype ", " reduce ")\n" \
  "%d = dequantize(%q)\n" \
  "%m = module m(%d)\n" \
  "return (%m)\n"

#define LOWERED \
  "%x = placeholder\n" \
  "%m = module m(%x)\n" \
  "return (%m)\n"

/* The weights of a recurrent module, per tensor, without types: so files may be. */
static void
add_recurrent (LfbGraphModule *model,
               const char     *type)
{
  static const char *weights[] = { "weight_ih_l0", "weight_hh_l0" };
  g_autofree char *full = g_strconcat ("torch.ao.nn.quantized.reference.", type, NULL);
  gboolean cell = g_str_has_suffix (type, "Cell");

  lfb_test_add_module (model, "m", full);
  for (guint i = 0; i < G_N_ELEMENTS (weights); i++)
    {
      g_autofree char *name = cell ? g_strndup (weights[i], 9) : g_strdup (weights[i]);
      g_autofree char *scale = g_strconcat (name, "_scale", NULL);
      g_autofree char *zero_point = g_strconcat (name, "_zero_point", NULL);
      const float number = 0.0625f;
      const gint64 point = 0;

      lfb_test_add_tensor (model, "m", name, lfb_test_ramp (2, 4, 3));
      lfb_test_add_tensor (model, "m", scale, lfb_test_tensor (LFB_DTYPE_FLOAT32, &number, sizeof number, 0));
      lfb_test_add_tensor (model, "m", zero_point, lfb_test_tensor (LFB_DTYPE_INT64, &point, sizeof point, 0));
    }
  lfb_test_add_tensor (model, "m", cell ? "bias_ih" : "bias_ih_l0", lfb_test_ramp (1, 4));
}

static void
test_recurrent (void)
{
  static const char *types[] = { "LSTM", "GRU", "LSTMCell", "GRUCell", "RNNCell" };
  static const char *graphs[] = { CALL ("quint8", "True"), CALL ("qint8", "True"), CALL ("float16", "False") };

  for (guint i = 0; i < G_N_ELEMENTS (types) * G_N_ELEMENTS (graphs); i++)
    {
      const char *type = types[i / G_N_ELEMENTS (graphs)];
      guint kind = i % G_N_ELEMENTS (graphs);
      LfbGraphModule *model = lfb_test_parse (graphs[kind]);
      g_autofree char *expected = g_strconcat ("torch.ao.nn.quantized.dynamic.", type, NULL);
      const char *name = g_str_has_suffix (type, "Cell") ? "weight_hh" : "weight_hh_l0";
      g_autofree char *scale = g_strconcat (name, "_scale", NULL);
      g_autoptr (LfbGraphModule) lowered = NULL;
      LfbModule *module;

      add_recurrent (model, type);
      lowered = lfb_test_lowers_to (model, LOWERED);
      module = lfb_graph_module_get_module (lowered, "m");
      g_assert_cmpstr (lfb_module_get_type_name (module), ==, expected);
      g_assert_cmpint (lfb_tensor_get_dtype (lfb_module_get_tensor (module, name)), ==,
                       kind == 2 ? LFB_DTYPE_FLOAT16 : LFB_DTYPE_QINT8);
      g_assert_null (lfb_module_get_tensor (module, scale));
      g_assert_nonnull (lfb_module_get_tensor (module, g_str_has_suffix (type, "Cell") ? "bias_ih" : "bias_ih_l0"));
    }
}

static void
test_linear (void)
{
  LfbGraphModule *model = lfb_test_parse (CALL ("quint8", "True"));
  g_autoptr (LfbGraphModule) plain = NULL;
  g_autoptr (LfbGraphModule) fused = NULL;
  LfbModule *module;

  lfb_test_add_reference (model, "m", "Linear", TRUE);
  plain = lfb_test_lowers_to (model, LOWERED);
  module = lfb_graph_module_get_module (plain, "m");
  g_assert_cmpstr (lfb_module_get_type_name (module), ==, "torch.ao.nn.quantized.dynamic.Linear");
  g_assert_true (lfb_tensor_is_per_channel (lfb_module_get_tensor (module, "weight")));
  g_assert_null (lfb_module_get_setting (module, "scale"));
  g_assert_null (lfb_module_get_setting (module, "reduce_range"));

  model = lfb_test_parse (CALL ("quint8", "True"));
  lfb_test_add_module (model, "m", "torch.ao.nn.intrinsic.LinearReLU");
  lfb_test_add_reference (model, "m.0", "Linear", FALSE);
  lfb_test_add_module (model, "m.1", "torch.nn.ReLU");
  fused = lfb_test_lowers_to (model, LOWERED);
  g_assert_cmpstr (lfb_test_type (fused, "m"), ==, "torch.ao.nn.intrinsic.quantized.dynamic.LinearReLU");
  g_assert_null (lfb_test_type (fused, "m.0"));
}

/* A quantize that does not reduce its range is remembered. */
static void
test_reduce_range (void)
{
  LfbGraphModule *model = lfb_test_parse (CALL ("quint8", "False"));
  g_autoptr (LfbGraphModule) lowered = NULL;
  LfbValue *setting;

  lfb_test_add_reference (model, "m", "Linear", TRUE);
  lowered = lfb_test_lowers_to (model, LOWERED);
  setting = lfb_module_get_setting (lfb_graph_module_get_module (lowered, "m"), "reduce_range");
  g_assert_nonnull (setting);
  g_assert_false (lfb_value_get_bool (setting));
}

/* Largest halves, ties to even, numbers below the normal ones. */
static void
test_half (void)
{
  const float values[] = { 1.0f, 65520.0f, -1e9f, 0.1f, 5.9604645e-8f, 1.00048828125f, 1.00146484375f, 0.0f };
  const guint16 expected[] = { 0x3c00, 0x7bff, 0xfbff, 0x2e66, 0x0001, 0x3c00, 0x3c02, 0x0000 };
  LfbGraphModule *model = lfb_test_parse (CALL ("float16", "True"));
  g_autoptr (LfbGraphModule) lowered = NULL;
  const guint16 *halves;

  lfb_test_add_module (model, "m", "torch.ao.nn.quantized.reference.Linear");
  lfb_test_add_setting (model, "m", "weight_dtype", lfb_value_for_dtype (LFB_DTYPE_FLOAT16));
  lfb_test_add_tensor (model, "m", "weight",
                       lfb_test_tensor (LFB_DTYPE_FLOAT32, values, sizeof values, 2, (gint64) 2, (gint64) 4));
  lowered = lfb_test_lowers_to (model, LOWERED);

  halves = lfb_tensor_get_data (lfb_module_get_tensor (lfb_graph_module_get_module (lowered, "m"), "weight"), NULL);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    g_assert_cmpint (halves[i], ==, expected[i]);
}

/* The quantize stays for those who still read it. */
static void
test_shared_quantize (void)
{
  g_autoptr (LfbGraphModule) model =
    lfb_test_parse ("%x = placeholder\n"
                    "%q = torch.quantize_per_tensor_dynamic(%x, quint8, True)\n"
                    "%d = dequantize(%q)\n"
                    "%m = module m(%d)\n"
                    "%s = torch.sin(%d)\n"
                    "return ([%m, %s])\n");
  g_autoptr (LfbGraphModule) lowered = NULL;
  g_autoptr (LfbLoweringReport) report = NULL;

  lfb_test_add_reference (model, "m", "Linear", TRUE);
  lowered = lfb_test_lower (model, FALSE, &report);
  lfb_test_assert_graph (lowered,
                         "%x = placeholder\n"
                         "%q = torch.quantize_per_tensor_dynamic(%x, quint8, True)\n"
                         "%d = dequantize(%q)\n"
                         "%m = module m(%x)\n"
                         "%s = torch.sin(%d)\n"
                         "return ([%m, %s])\n");
  lfb_test_assert_lowered (report, "m", "dynamic-modules", "torch.ao.nn.quantized.dynamic.Linear");
  g_assert_cmpstr (lfb_lowering_note_get_reason (lfb_lowering_report_find (report, "q")), ==,
                   "q stays: it is read by `s` (torch.sin), which stays float");
}

/* One module called twice becomes one module; hidden states are read as before. */
static void
test_two_calls (void)
{
  LfbGraphModule *model =
    lfb_test_parse ("%x = placeholder\n"
                    "%h = placeholder\n"
                    "%q = torch.quantize_per_tensor_dynamic(%x, quint8, True)\n"
                    "%d = dequantize(%q)\n"
                    "%a = module m(%d, %h)\n"
                    "%b = module m(%d, %a)\n"
                    "return (%b)\n");
  g_autoptr (LfbGraphModule) lowered = NULL;

  add_recurrent (model, "GRUCell");
  lowered = lfb_test_lowers_to (model,
                                "%x = placeholder\n"
                                "%h = placeholder\n"
                                "%a = module m(%x, %h)\n"
                                "%b = module m(%x, %a)\n"
                                "return (%b)\n");
  g_assert_null (lfb_test_type (lowered, "m_1"));
}

static void
test_refusals (void)
{
  LfbGraphModule *model = lfb_test_parse (CALL ("qint32", "True"));

  lfb_test_add_reference (model, "m", "Linear", TRUE);
  lfb_test_stays (model, "m",
                  "m stays float: `q` quantizes to qint32; dynamic modules take quint8, qint8 and float16");

  model = lfb_test_parse (CALL ("float16", "True"));
  lfb_test_add_reference (model, "m", "Linear", TRUE);
  lfb_test_stays (model, "q",
                  "m stays float: its weight cannot be quantized: it is to be qint8, and the kernel takes float16");

  model = lfb_test_parse (CALL ("quint8", "True"));
  lfb_test_add_reference (model, "m", "Conv2d", TRUE);
  lfb_test_stays (model, "m",
                  "m stays float: `q` quantizes its input when the model runs, and there is no dynamic form");

  model = lfb_test_parse ("%x = placeholder\n"
                          "%m = module m(%x)\n"
                          "return (%m)\n");
  add_recurrent (model, "LSTM");
  lfb_test_stays (model, "m", "m stays float: its first input `x` is not dequantized");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/dynamic-modules/recurrent", test_recurrent);
  g_test_add_func ("/dynamic-modules/linear", test_linear);
  g_test_add_func ("/dynamic-modules/reduce-range", test_reduce_range);
  g_test_add_func ("/dynamic-modules/half", test_half);
  g_test_add_func ("/dynamic-modules/shared-quantize", test_shared_quantize);
  g_test_add_func ("/dynamic-modules/two-calls", test_two_calls);
  g_test_add_func ("/dynamic-modules/refusals", test_refusals);

  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fused convolution and addition: doc/lowering-coverage.md, pass 2. */

#include "lfb-test-model.h"

#include "../common/lfb-test.h"

#define INPUTS \
  "%x = placeholder\n" \
  "%y = placeholder\n" \
  "%q = quantize(%x, 0.5, 10)\n" \
  "%d = dequantize(%q)\n" \
  "%r = quantize(%y, 0.5, 20)\n" \
  "%e = dequantize(%r)\n"

#define CALL(args) \
  INPUTS \
  "%m = module m(" args ")\n" \
  "%p = quantize(%m, 0.25, 3)\n" \
  "%f = dequantize(%p)\n" \
  "return (%f)\n"

static LfbGraphModule *
make (const char *graph,
      const char *type)
{
  LfbGraphModule *model = lfb_test_parse (graph);
  g_autofree char *full = g_strconcat ("torch.ao.nn.intrinsic.", type, NULL);

  lfb_test_add_module (model, "m", full);
  lfb_test_add_reference (model, "m.0", "Conv2d", TRUE);
  lfb_test_add_module (model, "m.1", "torch.ao.nn.intrinsic.Add");
  lfb_test_add_module (model, "r", "torch.nn.ReLU");

  return model;
}

static void
test_types (void)
{
  static const char *types[] = { "ConvAdd2d", "ConvAddReLU2d" };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_autofree char *expected = g_strconcat ("torch.ao.nn.intrinsic.quantized.", types[i], NULL);
      g_autoptr (LfbGraphModule) lowered =
        lfb_test_lowers_to (make (CALL ("%d, %e"), types[i]),
                            "%x = placeholder\n"
                            "%y = placeholder\n"
                            "%q = quantize(%x, 0.5, 10)\n"
                            "%r = quantize(%y, 0.5, 20)\n"
                            "%m = module m(%q, %r)\n"
                            "%f = dequantize(%m)\n"
                            "return (%f)\n");
      LfbModule *module = lfb_graph_module_get_module (lowered, "m");

      g_assert_cmpstr (lfb_module_get_type_name (module), ==, expected);
      g_assert_cmpfloat (lfb_value_get_double (lfb_module_get_setting (module, "scale")), ==, 0.25);
      g_assert_cmpint (lfb_tensor_get_dtype (lfb_module_get_tensor (module, "weight")), ==, LFB_DTYPE_QINT8);
      g_assert_null (lfb_test_type (lowered, "m.0"));
    }
}

/* A tensor added to its own convolution. */
static void
test_one_dequantize (void)
{
  g_autoptr (LfbGraphModule) lowered =
    lfb_test_lowers_to (make ("%x = placeholder\n"
                              "%q = quantize(%x, 0.5, 10)\n"
                              "%d = dequantize(%q)\n"
                              "%m = module m(%d, %d)\n"
                              "%p = quantize(%m, 0.25, 3)\n"
                              "return (%p)\n", "ConvAdd2d"),
                        "%x = placeholder\n"
                        "%q = quantize(%x, 0.5, 10)\n"
                        "%m = module m(%q, %q)\n"
                        "return (%m)\n");

  g_assert_cmpstr (lfb_test_type (lowered, "m"), ==, "torch.ao.nn.intrinsic.quantized.ConvAdd2d");
}

static void
test_refusals (void)
{
  lfb_test_stays (make (INPUTS
                        "%m = module m(%d, %y)\n"
                        "%p = quantize(%m, 0.25, 3)\n"
                        "return ([%p, %e])\n", "ConvAdd2d"),
                  "m", "m stays float: its second input `y` is not dequantized");
  lfb_test_stays (make (INPUTS
                        "%m = module m(%d, 2.0)\n"
                        "%p = quantize(%m, 0.25, 3)\n"
                        "return ([%p, %e])\n", "ConvAdd2d"),
                  "m", "m stays float: its second input is a constant, not a quantized tensor");
  lfb_test_stays (make (CALL ("%d, %e, 1"), "ConvAdd2d"), "p", "m stays float: it has 3 arguments, not 2");
  lfb_test_stays (make (INPUTS
                        "%m = module m(%d)\n"
                        "%p = quantize(%m, 0.25, 3)\n"
                        "return ([%p, %e])\n", "ConvAdd2d"),
                  "m", "m stays float: its second input is not given by position");

  /* no relu is stepped over */
  lfb_test_stays (make (INPUTS
                        "%m = module m(%d, %e)\n"
                        "%r_1 = module r(%m)\n"
                        "%p = quantize(%r_1, 0.25, 3)\n"
                        "return (%p)\n", "ConvAdd2d"),
                  "m", "m stays float: nothing quantizes its output, it is read by `r_1` (torch.nn.ReLU)");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/two-input-modules/types", test_types);
  g_test_add_func ("/two-input-modules/one-dequantize", test_one_dequantize);
  g_test_add_func ("/two-input-modules/refusals", test_refusals);

  return g_test_run ();
}

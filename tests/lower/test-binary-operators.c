/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Binary operators: doc/lowering-coverage.md, pass 7. */

#include "lfb-test-model.h"

#include "../common/lfb-test.h"

#define INPUTS \
  "%x = placeholder\n" \
  "%y = placeholder\n" \
  "%q = quantize(%x, 0.5, 10)\n" \
  "%d = dequantize(%q)\n" \
  "%r = quantize(%y, 0.5, 20)\n" \
  "%e = dequantize(%r)\n"

#define OUTPUT(input) \
  "%p = quantize(" input ", 0.25, 3)\n" \
  "%h = dequantize(%p)\n" \
  "return (%h)\n"

#define LOWERED_INPUTS \
  "%x = placeholder\n" \
  "%y = placeholder\n" \
  "%q = quantize(%x, 0.5, 10)\n" \
  "%r = quantize(%y, 0.5, 20)\n" \
  "%p_scale = get_attr p_scale\n" \
  "%p_zero_point = get_attr p_zero_point\n"

#define LOWERED_OUTPUT \
  "%h = dequantize(%f)\n" \
  "return (%h)\n"

static LfbGraphModule *
make (const char *graph)
{
  LfbGraphModule *model = lfb_test_parse (graph);

  lfb_test_add_module (model, "relu", "torch.nn.ReLU");

  return model;
}

static void
test_tensors (void)
{
  static const struct
  {
    const char *function;
    const char *lowered;
    gboolean relu;
  } rows[] = {
    { "operator.add", "add", TRUE },
    { "torch.add", "add", TRUE },
    { "operator.mul", "mul", TRUE },
    { "torch.mul", "mul", TRUE },
    { "torch.matmul", "matmul", FALSE },
  };
  static const char *relus[] = {
    "torch.nn.functional.relu(%f)", "torch.relu(%f)", "module relu(%f)", "method relu(%f)",
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *graph = g_strconcat (INPUTS "%f = ", rows[i].function, "(%d, %e)\n" OUTPUT ("%f"), NULL);
      g_autofree char *expected = g_strconcat (LOWERED_INPUTS "%f = torch.ops.quantized.", rows[i].lowered,
                                               "(%q, %r, %p_scale, %p_zero_point)\n" LOWERED_OUTPUT, NULL);
      g_autoptr (LfbGraphModule) lowered = lfb_test_lowers_to (make (graph), expected);

      g_assert_nonnull (lowered);
      for (guint j = 0; rows[i].relu && j < G_N_ELEMENTS (relus); j++)
        {
          g_autofree char *with_relu = g_strconcat (INPUTS "%f = ", rows[i].function, "(%d, %e)\n%g = ",
                                                    relus[j], "\n" OUTPUT ("%g"), NULL);
          g_autofree char *fused = g_strconcat (LOWERED_INPUTS "%f = torch.ops.quantized.", rows[i].lowered,
                                                "_relu(%q, %r, %p_scale, %p_zero_point)\n" LOWERED_OUTPUT, NULL);
          g_autoptr (LfbGraphModule) lowered_relu = lfb_test_lowers_to (make (with_relu), fused);

          g_assert_nonnull (lowered_relu);
        }
    }
}

#define SCALAR(call) \
  "%x = placeholder\n" \
  "%q = quantize(%x, 0.5, 10)\n" \
  "%d = dequantize(%q)\n" \
  "%f = " call "\n" \
  OUTPUT ("%f")

#define LOWERED_SCALAR(call) \
  "%x = placeholder\n" \
  "%q = quantize(%x, 0.5, 10)\n" \
  "%f = torch.ops.quantized." call "\n" \
  LOWERED_OUTPUT

/* With a number, on either side, there is no output range. */
static void
test_scalars (void)
{
  static const struct
  {
    const char *graph;
    const char *expected;
  } rows[] = {
    { SCALAR ("operator.add(%d, 2)"), LOWERED_SCALAR ("add(%q, 2)") },
    { SCALAR ("operator.add(-1.5, %d)"), LOWERED_SCALAR ("add(-1.5, %q)") },
    { SCALAR ("torch.mul(%d, 0.5)"), LOWERED_SCALAR ("mul(%q, 0.5)") },
    { SCALAR ("torch.mul(3, %d)"), LOWERED_SCALAR ("mul(3, %q)") },
    { SCALAR ("torch.add(%d, 2, alpha=1)"), LOWERED_SCALAR ("add(%q, 2)") },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (LfbGraphModule) lowered = lfb_test_lowers_to (make (rows[i].graph), rows[i].expected);

      g_assert_nonnull (lowered);
    }
}

static void
test_same_tensor (void)
{
  g_autoptr (LfbGraphModule) lowered =
    lfb_test_lowers_to (make (SCALAR ("torch.add(%d, %d)")),
                        "%x = placeholder\n"
                        "%q = quantize(%x, 0.5, 10)\n"
                        "%p_scale = get_attr p_scale\n"
                        "%p_zero_point = get_attr p_zero_point\n"
                        "%f = torch.ops.quantized.add(%q, %q, %p_scale, %p_zero_point)\n"
                        LOWERED_OUTPUT);

  g_assert_nonnull (lowered);
}

static void
test_alpha (void)
{
  g_autoptr (LfbGraphModule) lowered =
    lfb_test_lowers_to (make (INPUTS "%f = torch.add(%d, %e, alpha=1.0)\n" OUTPUT ("%f")),
                        LOWERED_INPUTS "%f = torch.ops.quantized.add(%q, %r, %p_scale, %p_zero_point)\n" LOWERED_OUTPUT);

  g_assert_nonnull (lowered);
}

static void
test_refusals (void)
{
  static const struct
  {
    const char *graph;
    const char *reason;
  } rows[] = {
    { INPUTS "%f = torch.add(%d, %e, alpha=2)\n" OUTPUT ("%f"),
      "f stays float: the int8 kernel has no argument alpha, which is 2 here" },
    { INPUTS "%f = torch.add(input=%d, other=%e)\n" OUTPUT ("%f"),
      "f stays float: its first input is not given by position" },
    { INPUTS "%f = torch.mul(%d, %e, out=%d)\n" OUTPUT ("%f"),
      "f stays float: the int8 kernel has no argument out, which is %d here" },
    { INPUTS "%f = torch.matmul(%d, %e)\n%g = torch.relu(%f)\n" OUTPUT ("%g"),
      "f stays float: `g` follows it, and there is no int8 torch.matmul with relu" },
    { INPUTS "%f = operator.matmul(%d, %e)\n" OUTPUT ("%f"),
      "p stays: it quantizes the result of `f` (operator.matmul), which no pass makes an int8 kernel of" },
    { "%x = placeholder\n"
      "%y = placeholder\n"
      "%q = quantize(%x, 0.5, 10)\n"
      "%d = dequantize(%q)\n"
      "%f = operator.add(%d, %y)\n"
      OUTPUT ("%f"),
      "f stays float: its second input `y` is not dequantized" },
    { SCALAR ("torch.matmul(%d, 2)"),
      "f stays float: its second input 2 is neither a quantized tensor nor a number it can take" },
    { SCALAR ("operator.add(%d, 'a')"),
      "f stays float: its second input 'a' is neither a quantized tensor nor a number it can take" },
    { INPUTS "%f = operator.add(%d, %e)\n"
      "%s = builtins.getattr(%f, 'shape')\n"
      "%p = quantize(%f, 0.25, 3)\n"
      "return ([%p, %s])\n",
      "f stays float: `s` reads its float result as well" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    lfb_test_stays (make (rows[i].graph), "p", rows[i].reason);
}

static void
test_skipped (void)
{
  LfbGraphModule *model = make (INPUTS "%f = operator.add(%d, %e)\n" OUTPUT ("%f"));

  lfb_test_skip (model, "f");
  lfb_test_stays (model, "p", "f stays float: its entry in the qconfig map is none");
}

/* Behind an add with a number, what copies is lowered if it is quantized as the
 * add was.
 */
static void
test_range_behind_scalar (void)
{
  g_autoptr (LfbGraphModule) lowered = NULL;
  g_autoptr (LfbGraphModule) other = NULL;

  lowered = lfb_test_lowers_to (make ("%x = placeholder\n"
                                      "%q = quantize(%x, 0.5, 10)\n"
                                      "%d = dequantize(%q)\n"
                                      "%f = operator.add(%d, 2)\n"
                                      "%p = quantize(%f, 0.25, 3)\n"
                                      "%h = dequantize(%p)\n"
                                      "%g = method view(%h, -1)\n"
                                      "%o = quantize(%g, 0.25, 3)\n"
                                      "%k = dequantize(%o)\n"
                                      "return (%k)\n"),
                                "%x = placeholder\n"
                                "%q = quantize(%x, 0.5, 10)\n"
                                "%f = torch.ops.quantized.add(%q, 2)\n"
                                "%g = method view(%f, -1)\n"
                                "%k = dequantize(%g)\n"
                                "return (%k)\n");
  other = lfb_test_lowers_to (make ("%x = placeholder\n"
                                    "%q = quantize(%x, 0.5, 10)\n"
                                    "%d = dequantize(%q)\n"
                                    "%f = operator.add(%d, 2)\n"
                                    "%p = quantize(%f, 0.25, 3)\n"
                                    "%h = dequantize(%p)\n"
                                    "%g = method view(%h, -1)\n"
                                    "%o = quantize(%g, 0.5, 10)\n"
                                    "return (%o)\n"),
                              "%x = placeholder\n"
                              "%q = quantize(%x, 0.5, 10)\n"
                              "%f = torch.ops.quantized.add(%q, 2)\n"
                              "%h = dequantize(%f)\n"
                              "%g = method view(%h, -1)\n"
                              "%o = quantize(%g, 0.5, 10)\n"
                              "return (%o)\n");
  g_assert_true (lowered != other);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/binary-operators/tensors", test_tensors);
  g_test_add_func ("/binary-operators/scalars", test_scalars);
  g_test_add_func ("/binary-operators/same-tensor", test_same_tensor);
  g_test_add_func ("/binary-operators/alpha", test_alpha);
  g_test_add_func ("/binary-operators/refusals", test_refusals);
  g_test_add_func ("/binary-operators/skipped", test_skipped);
  g_test_add_func ("/binary-operators/range-behind-scalar", test_range_behind_scalar);

  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Operators that keep the range of their input, or have a fixed one, those that
 * only change the shape, and cat: doc/lowering-coverage.md, pass 9.
 */

#include "lfb-test-model.h"

#include "../common/lfb-test.h"

#define INPUT(scale, zero_point) \
  "%x = placeholder\n" \
  "%q = quantize(%x, " scale ", " zero_point ")\n" \
  "%d = dequantize(%q)\n"

#define ONE(call, scale, zero_point) \
  INPUT ("0.5", "10") \
  "%f = " call "\n" \
  "%p = quantize(%f, " scale ", " zero_point ")\n" \
  "%e = dequantize(%p)\n" \
  "return (%e)\n"

static LfbGraphModule *
make (const char *graph)
{
  return lfb_test_parse (graph);
}

/* Every row of the lists, by function, method and module. */
static void
assert_one (const char *call,
            const char *lowered_call,
            const char *module_type,
            const char *scale,
            const char *zero_point)
{
  g_autofree char *graph = g_strconcat (INPUT ("0.5", "10") "%f = ", call, "\n%p = quantize(%f, ", scale, ", ",
                                        zero_point, ")\n%e = dequantize(%p)\nreturn (%e)\n", NULL);
  g_autofree char *expected = g_strconcat ("%x = placeholder\n%q = quantize(%x, 0.5, 10)\n%f = ", lowered_call,
                                           "\n%e = dequantize(%f)\nreturn (%e)\n", NULL);
  LfbGraphModule *model = make (graph);
  g_autoptr (LfbGraphModule) lowered = NULL;

  if (module_type != NULL)
    lfb_test_add_module (model, "m", module_type);
  lowered = lfb_test_lowers_to (model, expected);
  g_assert_cmpstr (lfb_test_type (lowered, "m"), ==, module_type);
}

static void
assert_function (const char *name,
                 const char *scale,
                 const char *zero_point)
{
  g_autofree char *call = g_strconcat (name, "(%d, 2)", NULL);
  g_autofree char *lowered = g_strconcat (name, "(%q, 2)", NULL);

  assert_one (call, lowered, NULL, scale, zero_point);
}

static void
assert_method (const char *name,
               const char *scale,
               const char *zero_point)
{
  g_autofree char *call = g_strconcat ("method ", name, "(%d, 1)", NULL);
  g_autofree char *lowered = g_strconcat ("method ", name, "(%q, 1)", NULL);

  assert_one (call, lowered, NULL, scale, zero_point);
}

static void
assert_module (const char *name,
               const char *scale,
               const char *zero_point)
{
  g_autofree char *type = g_strconcat ("torch.nn.", name, NULL);

  assert_one ("module m(%d)", "module m(%q)", type, scale, zero_point);
}

#define FIXED "0.00390625", "0"
#define FIXED_TANH "0.0078125", "128"
#define SAME "0.5", "10"

static void
test_fixed_range (void)
{
  assert_function ("torch.sigmoid", FIXED);
  assert_function ("torch.nn.functional.sigmoid", FIXED);
  assert_function ("torch.nn.functional.hardsigmoid", FIXED);
  assert_function ("torch.tanh", FIXED_TANH);
  assert_method ("sigmoid", FIXED);
  assert_method ("sigmoid_", FIXED);
  assert_method ("hardsigmoid", FIXED);
  assert_method ("hardsigmoid_", FIXED);
  assert_method ("tanh", FIXED_TANH);
  assert_method ("tanh_", FIXED_TANH);
  assert_module ("Sigmoid", FIXED);
  assert_module ("Hardsigmoid", FIXED);
  assert_module ("Tanh", FIXED_TANH);
}

static void
test_same_range (void)
{
  static const char *functions[] = {
    "torch.adaptive_avg_pool1d", "torch.nn.functional.adaptive_avg_pool1d",
    "torch.nn.functional.adaptive_avg_pool2d", "torch.nn.functional.adaptive_avg_pool3d",
    "torch.avg_pool1d", "torch.nn.functional.avg_pool1d", "torch.nn.functional.avg_pool2d",
    "torch._C._nn.avg_pool2d", "torch.nn.functional.avg_pool3d", "torch._C._nn.avg_pool3d",
    "torch.nn.functional.max_pool1d", "torch.nn.functional.max_pool2d", "torch.nn.functional.max_pool3d",
    "torch.nn.functional.hardtanh", "torch.nn.functional.hardtanh_", "torch.nn.functional.interpolate",
    "torch.nn.functional.relu", "torch.nn.functional.relu6", "torch.clamp", "torch.flatten", "torch.mean",
    "torch.channel_shuffle", "torch.nn.functional.channel_shuffle", "operator.floordiv",
  };
  static const char *methods[] = { "clamp", "mean", "relu", "relu_" };
  static const char *modules[] = {
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d",
    "MaxPool1d", "MaxPool2d", "MaxPool3d", "Hardtanh", "ReLU", "ReLU6", "ChannelShuffle",
  };

  for (guint i = 0; i < G_N_ELEMENTS (functions); i++)
    assert_function (functions[i], SAME);
  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    assert_method (methods[i], SAME);
  for (guint i = 0; i < G_N_ELEMENTS (modules); i++)
    assert_module (modules[i], SAME);
}

static void
test_shape_only (void)
{
  static const char *functions[] = {
    "torch.narrow", "torch.transpose", "torch.repeat_interleave", "torch.squeeze", "torch.unsqueeze",
    "torch.pixel_shuffle", "torch.nn.functional.pixel_shuffle", "torch.pixel_unshuffle",
    "torch.nn.functional.pixel_unshuffle",
  };
  static const char *methods[] = {
    "contiguous", "detach", "detach_", "permute", "repeat", "repeat_interleave", "reshape", "resize_",
    "squeeze", "squeeze_", "transpose", "unsqueeze", "unsqueeze_", "view",
  };
  static const char *modules[] = { "Identity", "PixelShuffle", "PixelUnshuffle" };

  for (guint i = 0; i < G_N_ELEMENTS (functions); i++)
    assert_function (functions[i], SAME);
  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    assert_method (methods[i], SAME);
  for (guint i = 0; i < G_N_ELEMENTS (modules); i++)
    assert_module (modules[i], SAME);

  assert_one ("torch.stack([%d, %d], 1)", "torch.stack([%q, %q], 1)", NULL, SAME);
  assert_one ("torch.stack((%d, %d))", "torch.stack((%q, %q))", NULL, SAME);
}

/* The first argument may come by name; a namespace that is not listed counts. */
static void
test_arguments (void)
{
  assert_one ("torch.flatten(input=%d, start_dim=1)", "torch.flatten(input=%q, start_dim=1)", NULL, SAME);
  assert_one ("torch.nn.functional.interpolate(input=%d, size=(4, 4), mode='bilinear')",
              "torch.nn.functional.interpolate(input=%q, size=(4, 4), mode='bilinear')", NULL, SAME);

  lfb_test_stays (make (ONE ("torch.max_pool2d(%d, 2)", "0.5", "10")), "p",
                  "p stays: it quantizes the result of `f` (torch.max_pool2d), which no pass makes an int8 kernel of");
  lfb_test_stays (make (ONE ("torch.mean(%d, 1, dtype=float32)", "0.5", "10")), "p",
                  "f stays float: it is asked for another element type");
  lfb_test_stays (make (ONE ("torch.nn.functional.interpolate(%d, 8, None, 'bicubic')", "0.5", "10")), "p",
                  "f stays float: there is no int8 kernel for its mode");
}

/* The range that is wanted must be the one that comes. */
static void
test_ranges (void)
{
  static const struct
  {
    const char *graph;
    const char *reason;
  } rows[] = {
    { ONE ("torch.nn.functional.relu(%d)", "0.25", "10"),
      "f stays float: `p` makes quint8 with scale 0.25 and zero point 10, "
      "but its input `q` is quint8 with scale 0.5 and zero point 10" },
    { ONE ("torch.nn.functional.relu(%d)", "0.5", "11"),
      "f stays float: `p` makes quint8 with scale 0.5 and zero point 11, "
      "but its input `q` is quint8 with scale 0.5 and zero point 10" },
    { ONE ("method view(%d, -1)", "0.5", "10, qint8"),
      "f stays float: `p` makes qint8 with scale 0.5 and zero point 10, "
      "but its input `q` is quint8 with scale 0.5 and zero point 10" },
    { ONE ("torch.sigmoid(%d)", "0.5", "0"),
      "f stays float: `p` makes quint8 with scale 0.5 and zero point 0, "
      "but its int8 kernel always makes quint8 with scale 0.00390625 and zero point 0" },
    { ONE ("torch.tanh(%d)", "0.00390625", "0"),
      "f stays float: `p` makes quint8 with scale 0.00390625 and zero point 0, "
      "but its int8 kernel always makes quint8 with scale 0.0078125 and zero point 128" },
    { ONE ("torch.sigmoid(%d)", "0.00390625", "-128, qint8"),
      "f stays float: `p` makes qint8 with scale 0.00390625 and zero point -128, "
      "but its int8 kernel always makes quint8 with scale 0.00390625 and zero point 0" },
    { "%x = placeholder\n"
      "%q = torch.quantize_per_tensor_dynamic(%x, quint8, True)\n"
      "%d = dequantize(%q)\n"
      "%f = method view(%d, -1)\n"
      "%p = quantize(%f, 0.5, 10)\n"
      "return (%p)\n",
      "f stays float: `p` makes quint8 with scale 0.5 and zero point 10, "
      "but its input `q` is quint8 with a scale that is not known before the model runs" },
    { "%x = placeholder\n"
      "%q = custom.quantize(%x)\n"
      "%d = dequantize(%q)\n"
      "%f = method view(%d, -1)\n"
      "%p = quantize(%f, 0.5, 10)\n"
      "return (%p)\n",
      "f stays float: `p` makes quint8 with scale 0.5 and zero point 10, "
      "but its input `q` is a tensor with a scale that is not known before the model runs" },
    { INPUT ("0.5", "10")
      "%f = torch.nn.functional.relu(%d)\n"
      "%p = quantize(%f, 0.5, 10)\n"
      "%s = torch.sin(%f)\n"
      "return ([%p, %s])\n",
      "f stays float: `s` reads its float result as well" },
    { "%x = placeholder\n"
      "%f = torch.nn.functional.relu(%x)\n"
      "%p = quantize(%f, 0.5, 10)\n"
      "return (%p)\n",
      "f stays float: its input `x` is not dequantized" },
    { INPUT ("0.5", "10")
      "%f = operator.floordiv(%d, %d)\n"
      "%p = quantize(%f, 0.5, 10)\n"
      "return (%p)\n",
      "f stays float: it reads `d` as well, which may be a float tensor" },
    { INPUT ("0.5", "10")
      "%y = placeholder\n"
      "%f = operator.floordiv(%d, %y)\n"
      "%p = quantize(%f, 0.5, 10)\n"
      "return (%p)\n",
      "f stays float: it reads `y` as well, which may be a float tensor" },
    { INPUT ("0.5", "10")
      "%y = placeholder\n"
      "%o = quantize(%y, 0.5, 10)\n"
      "%e = dequantize(%o)\n"
      "%f = torch.clamp(%d, %e)\n"
      "%p = quantize(%f, 0.5, 10)\n"
      "return (%p)\n",
      "f stays float: it reads `e` as well, which may be a float tensor" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    lfb_test_stays (make (rows[i].graph), "p", rows[i].reason);
}

/* Scales that are results of nodes agree if they are of the same ones. */
static void
test_computed_scale (void)
{
  g_autoptr (LfbGraphModule) lowered =
    lfb_test_lowers_to (make ("%x = placeholder\n"
                              "%s = placeholder\n"
                              "%z = placeholder\n"
                              "%q = torch.quantize_per_tensor(%x, %s, %z, quint8)\n"
                              "%d = dequantize(%q)\n"
                              "%f = method view(%d, -1)\n"
                              "%p = torch.quantize_per_tensor(%f, %s, %z, quint8)\n"
                              "return (%p)\n"),
                        "%x = placeholder\n"
                        "%s = placeholder\n"
                        "%z = placeholder\n"
                        "%q = torch.quantize_per_tensor(%x, %s, %z, quint8)\n"
                        "%f = method view(%q, -1)\n"
                        "return (%f)\n");

  g_assert_nonnull (lowered);
}

/* What an input of the model holds is not known, and does not count. */
static void
test_quantized_input (void)
{
  g_autoptr (LfbGraphModule) lowered =
    lfb_test_lowers_to (make ("%x = placeholder\n"
                              "%d = dequantize(%x)\n"
                              "%f = torch.nn.functional.max_pool2d(%d, 2)\n"
                              "%p = quantize(%f, 0.5, 10)\n"
                              "%e = dequantize(%p)\n"
                              "%g = method view(%e, -1)\n"
                              "%o = quantize(%g, 0.5, 10)\n"
                              "return (%o)\n"),
                        "%x = placeholder\n"
                        "%f = torch.nn.functional.max_pool2d(%x, 2)\n"
                        "%g = method view(%f, -1)\n"
                        "return (%g)\n");

  g_assert_nonnull (lowered);
}

/* Behind lowered operators the range is theirs; copying ones hand it on. */
static void
test_chain (void)
{
  LfbGraphModule *model = make ("%x = placeholder\n"
                                "%q = quantize(%x, 0.5, 10)\n"
                                "%d = dequantize(%q)\n"
                                "%m = module m(%d)\n"
                                "%p = quantize(%m, 0.25, 3)\n"
                                "%e = dequantize(%p)\n"
                                "%f = torch.nn.functional.relu6(%e)\n"
                                "%o = quantize(%f, 0.25, 3)\n"
                                "%g = dequantize(%o)\n"
                                "%h = torch.nn.functional.max_pool2d(%g, 2)\n"
                                "%n = quantize(%h, 0.25, 3)\n"
                                "%i = dequantize(%n)\n"
                                "%j = torch.sigmoid(%i)\n"
                                "%k = quantize(%j, 0.00390625, 0)\n"
                                "%l = dequantize(%k)\n"
                                "%r = method reshape(%l, -1)\n"
                                "%s = quantize(%r, 0.00390625, 0)\n"
                                "%t = dequantize(%s)\n"
                                "return (%t)\n");
  g_autoptr (LfbGraphModule) lowered = NULL;

  lfb_test_add_reference (model, "m", "Conv2d", TRUE);
  lowered = lfb_test_lowers_to (model,
                                "%x = placeholder\n"
                                "%q = quantize(%x, 0.5, 10)\n"
                                "%m = module m(%q)\n"
                                "%f = torch.nn.functional.relu6(%m)\n"
                                "%h = torch.nn.functional.max_pool2d(%f, 2)\n"
                                "%j = torch.sigmoid(%h)\n"
                                "%r = method reshape(%j, -1)\n"
                                "%t = dequantize(%r)\n"
                                "return (%t)\n");
}

/* Half precision: no more than what copies goes through it. */
static void
test_half (void)
{
  g_autoptr (LfbGraphModule) lowered =
    lfb_test_lowers_to (make ("%x = placeholder\n"
                              "%q = method to(%x, float16)\n"
                              "%d = dequantize(%q)\n"
                              "%f = torch.nn.functional.relu(%d)\n"
                              "%p = method to(%f, float16)\n"
                              "%e = dequantize(%p)\n"
                              "%g = torch.cat([%e, %e])\n"
                              "%o = method to(%g, float16)\n"
                              "%h = dequantize(%o)\n"
                              "return (%h)\n"),
                        "%x = placeholder\n"
                        "%q = method to(%x, float16)\n"
                        "%f = torch.nn.functional.relu(%q)\n"
                        "%g = torch.cat([%f, %f])\n"
                        "%h = dequantize(%g)\n"
                        "return (%h)\n");
  static const char *kept[] = { "torch.sigmoid(%d)", "torch.nn.functional.hardswish(%d)" };

  g_assert_nonnull (lowered);
  for (guint i = 0; i < G_N_ELEMENTS (kept); i++)
    {
      g_autofree char *graph = g_strconcat ("%x = placeholder\n"
                                            "%q = method to(%x, float16)\n"
                                            "%d = dequantize(%q)\n"
                                            "%f = ", kept[i], "\n"
                                            "%p = method to(%f, float16)\n"
                                            "return (%p)\n", NULL);
      g_autoptr (LfbGraphModule) same = lfb_test_lowers_to (make (graph), graph);

      g_assert_nonnull (same);
    }
}

/* int8 does not become float16 on its way. */
static void
test_half_of_int8 (void)
{
  static const char graph[] =
    INPUT ("0.5", "10")
    "%f = torch.nn.functional.relu(%d)\n"
    "%p = method to(%f, float16)\n"
    "return (%p)\n";
  g_autoptr (LfbGraphModule) lowered = lfb_test_lowers_to (make (graph), graph);

  g_assert_nonnull (lowered);
}

#define TWO(first, second) \
  "%x = placeholder\n" \
  "%y = placeholder\n" \
  "%q = quantize(%x, " first ")\n" \
  "%d = dequantize(%q)\n" \
  "%r = quantize(%y, " second ")\n" \
  "%e = dequantize(%r)\n"

static void
test_cat (void)
{
  g_autoptr (LfbGraphModule) same = NULL;
  g_autoptr (LfbGraphModule) other = NULL;
  g_autoptr (LfbGraphModule) named = NULL;

  same = lfb_test_lowers_to (make (TWO ("0.5, 10", "0.5, 10")
                                   "%f = torch.cat([%d, %e], 1)\n"
                                   "%p = quantize(%f, 0.5, 10)\n"
                                   "return (%p)\n"),
                             "%x = placeholder\n"
                             "%y = placeholder\n"
                             "%q = quantize(%x, 0.5, 10)\n"
                             "%r = quantize(%y, 0.5, 10)\n"
                             "%f = torch.cat([%q, %r], 1)\n"
                             "return (%f)\n");

  /* into another range, or from different ones: it requantizes */
  other = lfb_test_lowers_to (make (TWO ("0.5, 10", "0.25, 10")
                                    "%f = torch.cat([%d, %e], 1)\n"
                                    "%p = quantize(%f, 0.5, 10)\n"
                                    "return (%p)\n"),
                              "%x = placeholder\n"
                              "%y = placeholder\n"
                              "%q = quantize(%x, 0.5, 10)\n"
                              "%r = quantize(%y, 0.25, 10)\n"
                              "%p_scale = get_attr p_scale\n"
                              "%p_zero_point = get_attr p_zero_point\n"
                              "%f = torch.ops.quantized.cat([%q, %r], 1, %p_scale, %p_zero_point)\n"
                              "return (%f)\n");
  named = lfb_test_lowers_to (make (TWO ("0.5, 10", "0.5, 10")
                                    "%f = torch.cat(tensors=[%d, %e])\n"
                                    "%p = quantize(%f, 0.125, 10)\n"
                                    "%h = dequantize(%p)\n"
                                    "%g = method view(%h, -1)\n"
                                    "%o = quantize(%g, 0.125, 10)\n"
                                    "return (%o)\n"),
                              "%x = placeholder\n"
                              "%y = placeholder\n"
                              "%q = quantize(%x, 0.5, 10)\n"
                              "%r = quantize(%y, 0.5, 10)\n"
                              "%p_scale = get_attr p_scale\n"
                              "%p_zero_point = get_attr p_zero_point\n"
                              "%f = torch.ops.quantized.cat([%q, %r], 0, %p_scale, %p_zero_point)\n"
                              "%g = method view(%f, -1)\n"
                              "return (%g)\n");
}

static void
test_cat_refusals (void)
{
  lfb_test_stays (make ("%x = placeholder\n"
                        "%y = placeholder\n"
                        "%q = quantize(%x, 0.5, 10)\n"
                        "%d = dequantize(%q)\n"
                        "%f = torch.cat([%d, %y])\n"
                        "%p = quantize(%f, 0.5, 10)\n"
                        "return (%p)\n"), "p", "f stays float: its input `y` is not dequantized");
  lfb_test_stays (make (TWO ("0.5, 10", "0.5, 10, qint8")
                        "%f = torch.cat([%d, %e])\n"
                        "%p = quantize(%f, 0.5, 10)\n"
                        "return (%p)\n"), "p",
                  "f stays float: `p` makes quint8, and its input `r` is qint8");
  lfb_test_stays (make (TWO ("0.5, 10, qint8", "0.25, 10, qint8")
                        "%f = torch.cat([%d, %e])\n"
                        "%p = quantize(%f, 0.5, 10, qint8)\n"
                        "return (%p)\n"), "p",
                  "f stays float: its inputs differ in range, and there is no cat that makes what `p` makes");
  lfb_test_stays (make (TWO ("0.5, 10", "0.25, 10")
                        "%f = torch.cat([%d, %e])\n"
                        "%s = method size(%f, 0)\n"
                        "%p = quantize(%f, 0.5, 10)\n"
                        "return ([%p, %s])\n"), "p",
                  "f stays float: `s` reads its float result as well");
  lfb_test_stays (make ("%x = placeholder\n"
                        "%f = torch.cat([], 1)\n"
                        "%p = quantize(%f, 0.5, 10)\n"
                        "return ([%x, %p])\n"), "p", "f stays float: it has no input");
}

/* Elements of a stack that differ in range. */
static void
test_stack_refusal (void)
{
  lfb_test_stays (make (TWO ("0.5, 10", "0.25, 10")
                        "%f = torch.stack([%d, %e])\n"
                        "%p = quantize(%f, 0.5, 10)\n"
                        "return (%p)\n"), "p",
                  "f stays float: `p` makes quint8 with scale 0.5 and zero point 10, "
                  "but its input `r` is quint8 with scale 0.25 and zero point 10");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/int8-operators/fixed-range", test_fixed_range);
  g_test_add_func ("/int8-operators/same-range", test_same_range);
  g_test_add_func ("/int8-operators/shape-only", test_shape_only);
  g_test_add_func ("/int8-operators/arguments", test_arguments);
  g_test_add_func ("/int8-operators/ranges", test_ranges);
  g_test_add_func ("/int8-operators/computed-scale", test_computed_scale);
  g_test_add_func ("/int8-operators/quantized-input", test_quantized_input);
  g_test_add_func ("/int8-operators/chain", test_chain);
  g_test_add_func ("/int8-operators/half", test_half);
  g_test_add_func ("/int8-operators/half-of-int8", test_half_of_int8);
  g_test_add_func ("/int8-operators/cat", test_cat);
  g_test_add_func ("/int8-operators/cat-refusals", test_cat_refusals);
  g_test_add_func ("/int8-operators/stack-refusal", test_stack_refusal);

  return g_test_run ();
}

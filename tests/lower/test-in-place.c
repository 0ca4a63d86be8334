/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Operators that work in place: what they change must stay changed for those who
 * read it, and unchanged for the others.
 */

#include "lfb-test-model.h"

#include "../common/lfb-test.h"

#define INPUT \
  "%x = placeholder\n" \
  "%q = quantize(%x, 0.5, 10)\n" \
  "%d = dequantize(%q)\n"

#define OUTPUT \
  "%p = quantize(%f, 0.5, 10)\n" \
  "%e = dequantize(%p)\n" \
  "return (%e)\n"

static LfbGraphModule *
make (const char *graph)
{
  LfbGraphModule *model = lfb_test_parse (graph);
  g_autoptr (LfbTensor) weight = lfb_test_ramp (2, 2, 2);

  lfb_test_set_tensor (model, "w", weight);
  lfb_test_add_reference (model, "m", "Linear", TRUE);
  lfb_test_add_module (model, "r", "torch.nn.ReLU");
  lfb_test_add_setting (model, "r", "inplace", lfb_value_for_bool (TRUE));

  return model;
}

/* Alone, they are lowered like the others. */
static void
test_alone (void)
{
  static const char *calls[][2] = {
    { "method relu_(%d)", "method relu_(%q)" },
    { "torch.nn.functional.relu(%d, inplace=True)", "torch.nn.functional.relu(%q, inplace=True)" },
    { "torch.nn.functional.hardtanh_(%d)", "torch.nn.functional.hardtanh_(%q)" },
    { "module r(%d)", "module r(%q)" },
    { "method unsqueeze_(%d, 0)", "method unsqueeze_(%q, 0)" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      g_autofree char *graph = g_strconcat (INPUT "%f = ", calls[i][0], "\n" OUTPUT, NULL);
      g_autofree char *expected = g_strconcat ("%x = placeholder\n%q = quantize(%x, 0.5, 10)\n%f = ", calls[i][1],
                                               "\n%e = dequantize(%f)\nreturn (%e)\n", NULL);
      g_autoptr (LfbGraphModule) lowered = lfb_test_lowers_to (make (graph), expected);

      g_assert_nonnull (lowered);
    }
}

/* A chain of them, and of views, that nobody else reads. */
static void
test_chain (void)
{
  g_autoptr (LfbGraphModule) lowered =
    lfb_test_lowers_to (make (INPUT
                              "%v = method view(%d, -1)\n"
                              "%o = quantize(%v, 0.5, 10)\n"
                              "%g = dequantize(%o)\n"
                              "%r_1 = method relu_(%g)\n"
                              "%k = quantize(%r_1, 0.5, 10)\n"
                              "%h = dequantize(%k)\n"
                              "%f = torch.nn.functional.relu6(%h, True)\n"
                              OUTPUT),
                        "%x = placeholder\n"
                        "%q = quantize(%x, 0.5, 10)\n"
                        "%v = method view(%q, -1)\n"
                        "%r_1 = method relu_(%v)\n"
                        "%f = torch.nn.functional.relu6(%r_1, True)\n"
                        "%e = dequantize(%f)\n"
                        "return (%e)\n");

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
    /* the quantized tensor has another reader */
    { INPUT
      "%f = method relu_(%d)\n"
      "%p = quantize(%f, 0.5, 10)\n"
      "%e = dequantize(%q)\n"
      "return ([%p, %e])\n",
      "f stays float: it works in place, and would change `q`, which `e` reads as well" },
    /* the dequantize has */
    { INPUT
      "%f = module r(%d)\n"
      "%p = quantize(%f, 0.5, 10)\n"
      "%s = torch.sin(%d)\n"
      "return ([%p, %s])\n",
      "f stays float: it changes `d` in place, which `s` reads as well" },
    { INPUT
      "%f = torch.nn.functional.elu(%d, 1.0, True)\n"
      "%p = quantize(%f, 0.5, 10)\n"
      "%s = torch.sin(%d)\n"
      "return ([%p, %s])\n",
      "f stays float: it changes `d` in place, which `s` reads as well" },
    /* it is an input of the model */
    { "%x = placeholder\n"
      "%d = dequantize(%x)\n"
      "%f = method relu_(%d)\n"
      "%p = quantize(%f, 0.5, 10)\n"
      "return (%p)\n",
      "f stays float: it works in place, and would change `x` of the model" },
    /* somebody else changes what it reads */
    { INPUT
      "%c = method clamp_(%d, 0)\n"
      "%f = module m(%d)\n"
      "%p = quantize(%f, 0.5, 10)\n"
      "return (%p)\n",
      "f stays float: `c` changes `d` in place, which it reads" },
    { INPUT
      "%v = method view(%d, -1)\n"
      "%c = operator.imul(%v, 2)\n"
      "%f = operator.add(%d, 1)\n"
      "%p = quantize(%f, 0.5, 10)\n"
      "return ([%p, %c])\n",
      "f stays float: `c` changes `d` in place, which it reads" },
    { INPUT
      "%c = operator.setitem(%q, 0, 1)\n"
      "%f = torch.flatten(%d)\n"
      "%p = quantize(%f, 0.5, 10)\n"
      "return (%p)\n",
      "f stays float: `c` changes `q` in place, which it reads" },
    { INPUT
      "%c = torch.mul(%d, 2, out=%d)\n"
      "%f = torch.nn.functional.hardswish(%d)\n"
      "%p = quantize(%f, 0.5, 10)\n"
      "return ([%p, %c])\n",
      "f stays float: `c` changes `d` in place, which it reads" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    lfb_test_stays (make (rows[i].graph), "p", rows[i].reason);
}

static void
test_view_of_shared (void)
{
  g_autoptr (LfbGraphModule) lowered =
    lfb_test_lowers_to (make (INPUT
                              "%v = method view(%d, -1)\n"
                              "%o = quantize(%v, 0.5, 10)\n"
                              "%g = dequantize(%o)\n"
                              "%f = method relu_(%g)\n"
                              "%p = quantize(%f, 0.5, 10)\n"
                              "return ([%p, %q])\n"),
                        "%x = placeholder\n"
                        "%q = quantize(%x, 0.5, 10)\n"
                        "%v = method view(%q, -1)\n"
                        "%g = dequantize(%v)\n"
                        "%f = method relu_(%g)\n"
                        "%p = quantize(%f, 0.5, 10)\n"
                        "return ([%p, %q])\n");

  g_assert_nonnull (lowered);
}

#define DYNAMIC \
  "%x = placeholder\n" \
  "%s = torch.sin(%x)\n" \
  "%q = torch.quantize_per_tensor_dynamic(%s, quint8, True)\n" \
  "%d = dequantize(%q)\n" \
  "%c = method relu_(%s)\n"

/* A dynamic kernel reads the float tensor later than the quantize did. */
static void
test_dynamic (void)
{
  lfb_test_stays (make (DYNAMIC
                        "%f = module m(%d)\n"
                        "return (%f)\n"), "f",
                  "f stays float: `c` changes `s` in place, which it would read");
  lfb_test_stays (make (DYNAMIC
                        "%w = get_attr w\n"
                        "%wq = quantize(%w, 0.5, 0, qint8)\n"
                        "%wd = dequantize(%wq)\n"
                        "%f = torch.nn.functional.linear(%d, %wd)\n"
                        "return (%f)\n"), "f",
                  "f stays float: `c` changes `s` in place, which it would read");
}

/* A weight that changes while the model runs is packed when it runs. */
static void
test_weight (void)
{
  g_autoptr (LfbGraphModule) model = make ("%x = placeholder\n"
                                           "%q = torch.quantize_per_tensor_dynamic(%x, quint8, True)\n"
                                           "%d = dequantize(%q)\n"
                                           "%w = get_attr w\n"
                                           "%c = method mul_(%w, 0.5)\n"
                                           "%wq = quantize(%w, 0.5, 0, qint8)\n"
                                           "%wd = dequantize(%wq)\n"
                                           "%f = torch.nn.functional.linear(%d, %wd)\n"
                                           "return (%f)\n");
  g_autoptr (LfbGraphModule) lowered = lfb_test_lower (model, FALSE, NULL);

  g_assert_nonnull (lfb_graph_find (lfb_graph_module_get_graph (lowered), "linear_prepack"));
  g_assert_nonnull (lfb_graph_find (lfb_graph_module_get_graph (lowered), "c"));
}

/* A shape that may change is asked where it was. */
static void
test_shape_read (void)
{
  static const char graph[] =
    INPUT
    "%c = method unsqueeze_(%d, 0)\n"
    "%s = method size(%d)\n"
    "return ([%s, %c])\n";
  g_autoptr (LfbGraphModule) lowered = lfb_test_lowers_to (make (graph), graph);

  g_assert_nonnull (lowered);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/in-place/alone", test_alone);
  g_test_add_func ("/in-place/chain", test_chain);
  g_test_add_func ("/in-place/refusals", test_refusals);
  g_test_add_func ("/in-place/view-of-shared", test_view_of_shared);
  g_test_add_func ("/in-place/dynamic", test_dynamic);
  g_test_add_func ("/in-place/weight", test_weight);
  g_test_add_func ("/in-place/shape-read", test_shape_read);

  return g_test_run ();
}

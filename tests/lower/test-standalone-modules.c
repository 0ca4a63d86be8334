/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Modules that are graphs themselves, with float and with quantized interfaces:
 * doc/lowering-coverage.md, “Rewriting”.
 */

#include "lfb-test-model.h"

#include "../common/lfb-test.h"

#include <string.h>

#define INNER_FLOAT \
  "%x = placeholder\n" \
  "%q = quantize(%x, 0.5, 10)\n" \
  "%d = dequantize(%q)\n" \
  "%m = module conv(%d)\n" \
  "%p = quantize(%m, 0.25, 3)\n" \
  "%e = dequantize(%p)\n" \
  "return (%e)\n"

#define INNER_FLOAT_LOWERED \
  "%x = placeholder\n" \
  "%q = quantize(%x, 0.5, 10)\n" \
  "%m = module conv(%q)\n" \
  "%e = dequantize(%m)\n" \
  "return (%e)\n"

/* reads quint8 and gives it */
#define INNER_QUANTIZED \
  "%x = placeholder\n" \
  "%d = dequantize(%x)\n" \
  "%m = module conv(%d)\n" \
  "%p = quantize(%m, 0.25, 3)\n" \
  "return (%p)\n"

#define INNER_QUANTIZED_LOWERED \
  "%x = placeholder\n" \
  "%m = module conv(%x)\n" \
  "return (%m)\n"

static void
add_graph (LfbGraphModule *model,
           const char     *path,
           const char     *graph)
{
  g_autoptr (LfbGraphModule) inner = lfb_test_parse (graph);
  g_autoptr (LfbModule) module = NULL;
  g_autoptr (GError) error = NULL;

  lfb_test_add_reference (inner, "conv", "Conv2d", TRUE);
  module = lfb_module_new ("torch.fx.GraphModule", NULL, NULL, inner);
  lfb_graph_module_set_module (model, path, module, &error);
  g_assert_no_error (error);
}

static LfbGraphModule *
inner_of (LfbGraphModule *model,
          const char     *path)
{
  return lfb_module_get_graph_module (lfb_graph_module_get_module (model, path));
}

static void
test_float_interface (void)
{
  static const char graph[] = "%x = placeholder\n%s = module sub(%x)\nreturn (%s)\n";
  g_autoptr (LfbGraphModule) model = lfb_test_parse (graph);
  g_autoptr (LfbGraphModule) lowered = NULL;
  g_autoptr (LfbLoweringReport) report = NULL;
  LfbLoweringNote *note;

  add_graph (model, "sub", INNER_FLOAT);
  lowered = lfb_test_lower (model, FALSE, &report);
  lfb_test_assert_graph (lowered, graph);
  lfb_test_assert_graph (inner_of (lowered, "sub"), INNER_FLOAT_LOWERED);
  g_assert_cmpstr (lfb_test_type (inner_of (lowered, "sub"), "conv"), ==, "torch.ao.nn.quantized.Conv2d");

  /* the model that was given has not changed inside either */
  lfb_test_assert_graph (inner_of (model, "sub"), INNER_FLOAT);
  g_assert_cmpstr (lfb_test_type (inner_of (model, "sub"), "conv"), ==, "torch.ao.nn.quantized.reference.Conv2d");

  /* nodes inside go by the module's path */
  lfb_test_assert_lowered (report, "sub:m", "static-modules", "torch.ao.nn.quantized.Conv2d");
  note = lfb_lowering_report_find (report, "sub:q");
  g_assert_nonnull (note);
  g_assert_cmpstr (lfb_lowering_note_get_reason (note), ==,
                   "q stays: it quantizes the input `x` of the model, which is given as float");
}

/* What the module gives has the range that its graph makes. */
static void
test_quantized_interface (void)
{
  g_autoptr (LfbGraphModule) lowered = NULL;
  g_autoptr (LfbGraphModule) model = lfb_test_parse ("%x = placeholder\n"
                                                     "%q = quantize(%x, 0.5, 10)\n"
                                                     "%s = module sub(%q)\n"
                                                     "%d = dequantize(%s)\n"
                                                     "%f = torch.nn.functional.relu(%d)\n"
                                                     "%p = quantize(%f, 0.25, 3)\n"
                                                     "%e = dequantize(%p)\n"
                                                     "%g = torch.flatten(%e)\n"
                                                     "%o = quantize(%g, 0.25, 4)\n"
                                                     "return (%o)\n");

  add_graph (model, "sub", INNER_QUANTIZED);
  lowered = lfb_test_lower (model, FALSE, NULL);
  lfb_test_assert_graph (lowered,
                         "%x = placeholder\n"
                         "%q = quantize(%x, 0.5, 10)\n"
                         "%s = module sub(%q)\n"
                         "%f = torch.nn.functional.relu(%s)\n"
                         "%e = dequantize(%f)\n"
                         "%g = torch.flatten(%e)\n"
                         "%o = quantize(%g, 0.25, 4)\n"
                         "return (%o)\n");
  lfb_test_assert_graph (inner_of (lowered, "sub"), INNER_QUANTIZED_LOWERED);
}

/* Graphs in graphs, and maps of their own. */
static void
test_nested (void)
{
  g_autoptr (LfbGraphModule) model = lfb_test_parse ("%x = placeholder\n%s = module outer(%x)\nreturn (%s)\n");
  g_autoptr (LfbGraphModule) middle = lfb_test_parse ("%x = placeholder\n%s = module inner(%x)\n"
                                                      "%t = module skipped(%s)\nreturn (%t)\n");
  g_autoptr (LfbModule) module = NULL;
  g_autoptr (LfbGraphModule) lowered = NULL;
  g_autoptr (LfbLoweringReport) report = NULL;

  add_graph (middle, "inner", INNER_FLOAT);
  add_graph (middle, "skipped", INNER_FLOAT);
  lfb_test_skip (inner_of (middle, "skipped"), "m");
  module = lfb_module_new ("torch.fx.GraphModule", NULL, NULL, middle);
  lfb_graph_module_set_module (model, "outer", module, NULL);

  /* the maps of the outer model say nothing of the inner ones */
  lfb_test_skip (model, "m");
  lowered = lfb_test_lower (model, FALSE, &report);
  lfb_test_assert_graph (inner_of (inner_of (lowered, "outer"), "inner"), INNER_FLOAT_LOWERED);
  lfb_test_assert_graph (inner_of (inner_of (lowered, "outer"), "skipped"), INNER_FLOAT);
  lfb_test_assert_lowered (report, "outer:inner:m", "static-modules", "torch.ao.nn.quantized.Conv2d");
  g_assert_cmpstr (lfb_lowering_note_get_reason (lfb_lowering_report_find (report, "outer:skipped:m")), ==,
                   "m stays float: its entry in the qconfig map is none");
}

/* A fault inside is put down to its module. */
static void
test_invalid (void)
{
  g_autoptr (LfbGraphModule) model = lfb_test_parse ("%x = placeholder\n%s = module sub(%x)\nreturn (%s)\n");
  g_autoptr (LfbGraphModule) lowered = NULL;
  g_autoptr (GError) error = NULL;

  add_graph (model, "sub", "%x = placeholder\n%m = module missing(%x)\nreturn (%m)\n");
  lowered = lfb_lower_to_fbgemm (model, NULL, NULL, FALSE, &error);
  g_assert_null (lowered);
  lfb_assert_error (error, LFB_ERROR_INVALID_GRAPH, "missing");
  g_assert_nonnull (strstr (error->message, "sub"));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/standalone-modules/float-interface", test_float_interface);
  g_test_add_func ("/standalone-modules/quantized-interface", test_quantized_interface);
  g_test_add_func ("/standalone-modules/nested", test_nested);
  g_test_add_func ("/standalone-modules/invalid", test_invalid);

  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The report: complete, true of the finished model, and readable. */

#include "lfb-test-model.h"

#include "../common/lfb-test.h"

#include <json-glib/json-glib.h>

#define GRAPH \
  "%x = placeholder\n" \
  "%q = quantize(%x, 0.5, 10)\n" \
  "%d = dequantize(%q)\n" \
  "%conv1 = module conv1(%d)\n" \
  "%p = quantize(%conv1, 0.25, 3)\n" \
  "%e = dequantize(%p)\n" \
  "%add = torch.sin(%e)\n" \
  "%conv2 = module conv2(%add)\n" \
  "%o = quantize(%conv2, 0.125, 3)\n" \
  "%f = dequantize(%o)\n" \
  "return (%f)\n"

static LfbLoweringReport *
make_report (void)
{
  g_autoptr (LfbGraphModule) model = lfb_test_parse (GRAPH);
  g_autoptr (LfbGraphModule) lowered = NULL;
  LfbLoweringReport *report;

  lfb_test_add_reference (model, "conv1", "Conv2d", TRUE);
  lfb_test_add_reference (model, "conv2", "Conv2d", TRUE);
  lowered = lfb_test_lower (model, FALSE, &report);

  return report;
}

static void
test_notes (void)
{
  g_autoptr (LfbLoweringReport) report = make_report ();
  GListModel *list = G_LIST_MODEL (report);
  static const char *names[] = { "q", "conv1", "p", "conv2", "o" };
  LfbLoweringNote *note;

  g_assert_true (g_list_model_get_item_type (list) == LFB_TYPE_LOWERING_NOTE);
  g_assert_cmpuint (g_list_model_get_n_items (list), ==, G_N_ELEMENTS (names));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (LfbLoweringNote) item = g_list_model_get_item (list, i);

      g_assert_cmpstr (lfb_lowering_note_get_node_name (item), ==, names[i]);
      g_assert_true (lfb_lowering_report_find (report, names[i]) == item);
    }
  g_assert_null (g_list_model_get_item (list, G_N_ELEMENTS (names)));
  g_assert_null (lfb_lowering_report_find (report, "x"));
  g_assert_cmpuint (lfb_lowering_report_get_n_lowered (report), ==, 2);

  note = lfb_lowering_report_find (report, "conv1");
  g_assert_cmpstr (lfb_lowering_note_get_original (note), ==, "torch.ao.nn.quantized.reference.Conv2d");
  lfb_test_assert_lowered (report, "conv1", "static-modules", "torch.ao.nn.quantized.Conv2d");
  lfb_test_assert_lowered (report, "p", "static-modules", "torch.ao.nn.quantized.Conv2d");

  note = lfb_lowering_report_find (report, "q");
  g_assert_false (lfb_lowering_note_get_lowered (note));
  g_assert_cmpstr (lfb_lowering_note_get_original (note), ==, "torch.quantize_per_tensor");
  g_assert_cmpstr (lfb_lowering_note_get_reason (note), ==,
                   "q stays: it quantizes the input `x` of the model, which is given as float");
  g_assert_null (lfb_lowering_note_get_pass_name (note));

  note = lfb_lowering_report_find (report, "conv2");
  g_assert_cmpstr (lfb_lowering_note_get_reason (note), ==,
                   "conv2 stays float: its first input `add` is not dequantized");
  g_assert_cmpstr (lfb_lowering_note_get_pass_name (note), ==, "static-modules");
}

static void
test_properties (void)
{
  g_autoptr (LfbLoweringReport) report = make_report ();
  LfbLoweringNote *note = lfb_lowering_report_find (report, "p");
  g_autofree char *name = NULL, *original = NULL, *pass_name = NULL, *result = NULL, *reason = NULL;
  gboolean lowered;

  g_object_get (note, "node-name", &name, "original", &original, "lowered", &lowered, "pass-name", &pass_name,
                "result", &result, "reason", &reason, NULL);
  g_assert_cmpstr (name, ==, "p");
  g_assert_cmpstr (original, ==, "torch.quantize_per_tensor");
  g_assert_true (lowered);
  g_assert_cmpstr (pass_name, ==, "static-modules");
  g_assert_cmpstr (result, ==, "torch.ao.nn.quantized.Conv2d");
  g_assert_null (reason);
}

static void
test_text (void)
{
  g_autoptr (LfbLoweringReport) report = make_report ();
  g_autofree char *text = lfb_lowering_report_to_text (report);

  g_assert_cmpstr (text, ==,
                   "2 of 5 quantization steps, modules and functions were lowered, 3 left.\n"
                   "\n"
                   "Lowered\n"
                   "  node   was                  became                        by\n"
                   "  conv1  Conv2d               torch.ao.nn.quantized.Conv2d  static-modules\n"
                   "  p      quantize_per_tensor  torch.ao.nn.quantized.Conv2d  static-modules\n"
                   "\n"
                   "Left as they are\n"
                   "  node   because\n"
                   "  q      stays: it quantizes the input `x` of the model, which is given as float\n"
                   "  conv2  stays float: its first input `add` is not dequantized\n"
                   "  o      conv2 stays float: its first input `add` is not dequantized\n");
}

static void
test_json (void)
{
  g_autoptr (LfbLoweringReport) report = make_report ();
  g_autofree char *text = lfb_lowering_report_to_json (report);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) root = json_from_string (text, &error);
  JsonObject *object, *note;

  g_assert_no_error (error);
  object = json_node_get_object (root);
  g_assert_cmpint (json_object_get_int_member (object, "lowered"), ==, 2);
  g_assert_cmpint (json_object_get_int_member (object, "left"), ==, 3);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (object, "notes")), ==, 5);
  note = json_array_get_object_element (json_object_get_array_member (object, "notes"), 3);
  g_assert_cmpstr (json_object_get_string_member (note, "node"), ==, "conv2");
  g_assert_false (json_object_get_boolean_member (note, "lowered"));
  g_assert_true (json_object_get_null_member (note, "result"));
  g_assert_cmpstr (json_object_get_string_member (note, "reason"), ==,
                   "conv2 stays float: its first input `add` is not dequantized");
}

static void
test_nothing (void)
{
  g_autoptr (LfbGraphModule) model = lfb_test_parse ("%x = placeholder\nreturn (%x)\n");
  g_autoptr (LfbLoweringReport) report = NULL;
  g_autoptr (LfbGraphModule) lowered = lfb_test_lower (model, FALSE, &report);
  g_autofree char *text = lfb_lowering_report_to_text (report);

  g_assert_cmpstr (text, ==, "There was nothing to lower.\n");
  g_assert_nonnull (lowered);
}

/* What is said where no pass found a pattern. */
static void
test_reasons (void)
{
  static const struct
  {
    const char *graph;
    const char *node;
    const char *reason;
  } rows[] = {
    { "%x = placeholder\n"
      "%q = torch.quantize_per_tensor(1.5, 0.5, 10, quint8)\n"
      "return ([%x, %q])\n",
      "q", "q stays: it quantizes a constant" },
    { "%w = get_attr w\n"
      "%q = quantize(%w, 0.5, 10)\n"
      "return (%q)\n",
      "q", "q stays: it quantizes the attribute `w`" },
    { "%x = placeholder\n"
      "%w = get_attr w\n"
      "%q = quantize(%w, 0.5, 0, qint8)\n"
      "%d = dequantize(%q)\n"
      "%f = torch.nn.functional.linear(%x, %d)\n"
      "return (%f)\n",
      "q", "q stays: it quantizes the weight of `f`, which stays float" },
    { "%x = placeholder\n"
      "%w = get_attr w\n"
      "%q = quantize(%w, 0.5, 0, qint8)\n"
      "%d = dequantize(%q)\n"
      "%f = torch.nn.functional.linear(%x, %d)\n"
      "return (%f)\n",
      "f", "f stays float: its first input `x` is not dequantized" },
    { "%x = placeholder\n"
      "%w = get_attr w\n"
      "%v = quantize(%w, 0.5, 0, qint8)\n"
      "%d = dequantize(%v)\n"
      "%q = quantize(%x, 0.5, 10)\n"
      "%e = dequantize(%q)\n"
      "%f = torch.nn.functional.linear(%e, %d)\n"
      "return (%f)\n",
      "f", "f stays float: nothing quantizes its output, it is read by `output` (output)" },
    { "%x = placeholder\n"
      "%q = torch.quantize_per_tensor_dynamic(%x, quint8, True)\n"
      "return (%q)\n",
      "q", "q stays: `output` (output) reads its integers" },
    { "%x = placeholder\n"
      "%q = torch.quantize_per_tensor_dynamic(%x, quint8, True)\n"
      "%d = dequantize(%q)\n"
      "%s = torch.sin(%d)\n"
      "return (%s)\n",
      "q", "q stays: it is read by `s` (torch.sin), which stays float" },
    { "%x = placeholder\n"
      "%m = module m(%x)\n"
      "return (%m)\n",
      "m", "m stays float: there is no int8 form of `m` (torch.ao.nn.quantized.reference.Bilinear)" },
    { "%x = placeholder\n"
      "%s = torch.sin(%x)\n"
      "%q = quantize(%s, 0.5, 10)\n"
      "return (%q)\n",
      "q", "q stays: it quantizes the result of `s` (torch.sin), which no pass makes an int8 kernel of" },
    { "%x = placeholder\n"
      "%s = method sin(%x)\n"
      "%q = quantize(%s, 0.5, 10)\n"
      "return (%q)\n",
      "q", "q stays: it quantizes the result of `s` (method sin), which no pass makes an int8 kernel of" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      LfbGraphModule *model = lfb_test_parse (rows[i].graph);
      g_autoptr (LfbTensor) weight = lfb_test_ramp (2, 2, 2);

      lfb_test_set_tensor (model, "w", weight);
      lfb_test_add_reference (model, "m", "Bilinear", FALSE);
      lfb_test_stays (model, rows[i].node, rows[i].reason);
    }
}

/* A static module reads integers, also those of a quantize that is dynamic: that one stays
 * without anything staying float.
 */
static void
test_dynamic_quantize_of_a_static_module (void)
{
  g_autoptr (LfbGraphModule) model = lfb_test_parse ("%x = placeholder\n"
                                                     "%q = torch.quantize_per_tensor_dynamic(%x, quint8, True)\n"
                                                     "%d = dequantize(%q)\n"
                                                     "%m = module m(%d)\n"
                                                     "%o = quantize(%m, 0.5, 10)\n"
                                                     "return (%o)\n");
  g_autoptr (LfbLoweringReport) report = NULL;
  g_autoptr (LfbGraphModule) lowered = NULL;

  lfb_test_add_reference (model, "m", "Linear", TRUE);
  lowered = lfb_test_lower (model, FALSE, &report);
  lfb_test_assert_lowered (report, "m", "static-modules", "torch.ao.nn.quantized.Linear");
  g_assert_cmpstr (lfb_lowering_note_get_reason (lfb_lowering_report_find (report, "q")), ==,
                   "q stays: `m` (torch.ao.nn.quantized.Linear) reads its integers");
}

/* What nothing reads is gone, and the report says so. */
static void
test_dead (void)
{
  g_autoptr (LfbGraphModule) model = lfb_test_parse ("%x = placeholder\n"
                                                     "%q = quantize(%x, 0.5, 10)\n"
                                                     "%d = dequantize(%q)\n"
                                                     "%m = module m(%d)\n"
                                                     "return (%x)\n");
  g_autoptr (LfbLoweringReport) report = NULL;
  g_autoptr (LfbGraphModule) lowered = NULL;

  lfb_test_add_reference (model, "m", "Linear", TRUE);
  lowered = lfb_test_lower (model, FALSE, &report);
  lfb_test_assert_graph (lowered, "%x = placeholder\nreturn (%x)\n");
  lfb_test_assert_lowered (report, "q", "dead-code", "removed, as nothing reads it");
  lfb_test_assert_lowered (report, "m", "dead-code", "removed, as nothing reads it");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/lowering-report/notes", test_notes);
  g_test_add_func ("/lowering-report/properties", test_properties);
  g_test_add_func ("/lowering-report/text", test_text);
  g_test_add_func ("/lowering-report/json", test_json);
  g_test_add_func ("/lowering-report/nothing", test_nothing);
  g_test_add_func ("/lowering-report/reasons", test_reasons);
  g_test_add_func ("/lowering-report/dynamic-quantize-of-a-static-module", test_dynamic_quantize_of_a_static_module);
  g_test_add_func ("/lowering-report/dead", test_dead);

  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Models in and out of files: every kind of value, modules within modules,
 * aliases, what later versions may add, and the calls on other threads. What is
 * refused is in test-bad-files.c, real models are in test-model-cases.c.
 */

#include "common/lfb-test-file.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#define NODES \
  "\"nodes\":[{\"name\":\"x\",\"op\":\"placeholder\",\"target\":\"x\",\"args\":[]}," \
  "{\"name\":\"output\",\"op\":\"output\",\"target\":\"output\",\"args\":[{\"node\":\"x\"}]}]"

static LfbGraphModule *
load (GBytes *bytes)
{
  g_autoptr (GError) error = NULL;
  LfbGraphModule *model = lfb_graph_module_load_bytes (bytes, &error);

  g_assert_no_error (error);

  return model;
}

static GBytes *
save (LfbGraphModule *model)
{
  g_autoptr (GError) error = NULL;
  GBytes *bytes = lfb_graph_module_to_bytes (model, &error);

  g_assert_no_error (error);

  return bytes;
}

static LfbGraphModule *
load_document (const char *document)
{
  g_autoptr (GBytes) bytes = lfb_test_make_model (document, "", NULL, 0);

  return load (bytes);
}

/* Loads a file and saves it: document and tensors are as they were.
 *
 * Returns: (transfer full): the model
 */
static LfbGraphModule *
assert_round_trip (GBytes *bytes)
{
  LfbGraphModule *model = load (bytes);
  g_autoptr (GBytes) saved = save (model);
  g_autoptr (JsonNode) document = lfb_test_get_document (bytes);
  g_autoptr (JsonNode) saved_document = lfb_test_get_document (saved);

  lfb_test_assert_json (saved_document, document);
  lfb_test_assert_tensors (saved, bytes);

  return model;
}

static LfbGraphModule *
assert_document (const char *document)
{
  g_autoptr (GBytes) bytes = lfb_test_make_model (document, "", NULL, 0);

  return assert_round_trip (bytes);
}

static LfbValue *
attribute (LfbGraphModule *model,
           const char     *name,
           LfbValueKind    kind)
{
  LfbValue *value = lfb_graph_module_get_attribute (model, name);

  g_assert_nonnull (value);
  g_assert_cmpint (lfb_value_get_kind (value), ==, kind);

  return value;
}

static void
test_values (void)
{
  g_autoptr (LfbGraphModule) model =
    assert_document ("{\"lowerfb\":1," NODES ",\"attributes\":{"
                     "\"none\":null,\"true\":true,\"false\":false,\"int\":3,\"double\":3.0,"
                     "\"least\":-9223372036854775808,\"most\":9223372036854775807,"
                     "\"minus\":-0.0,\"small\":5e-324,\"tenth\":0.1,\"large\":1e+300,"
                     "\"text\":\"a \\\"q\\\" \\n ü 😀\",\"empty\":\"\","
                     "\"list\":[1,1.0,[],[true,null]],\"tuple\":{\"tuple\":[1,{\"tuple\":[]}]},"
                     "\"dict\":{\"dict\":{\"b\":1,\"a\":{\"dict\":{}},\"tuple\":[2]}},"
                     "\"slice\":{\"slice\":[null,-1,{\"float\":\"nan\"}]},"
                     "\"inf\":{\"float\":\"inf\"},\"-inf\":{\"float\":\"-inf\"},\"nan\":{\"float\":\"nan\"},"
                     "\"dtype\":{\"dtype\":\"quint2x4\"},\"qscheme\":{\"qscheme\":\"per_channel_affine_float_qparams\"},"
                     "\"memory_format\":{\"memory_format\":\"channels_last\"},\"device\":{\"device\":\"cpu\"},"
                     "\"ellipsis\":{\"ellipsis\":true},\"type\":{\"type\":\"torch.nn.Linear\"}"
                     "},\"modules\":{}}");
  LfbValue *value;

  attribute (model, "none", LFB_VALUE_KIND_NONE);
  g_assert_true (lfb_value_get_bool (attribute (model, "true", LFB_VALUE_KIND_BOOL)));
  g_assert_cmpint (lfb_value_get_int (attribute (model, "int", LFB_VALUE_KIND_INT)), ==, 3);
  g_assert_cmpfloat (lfb_value_get_double (attribute (model, "double", LFB_VALUE_KIND_DOUBLE)), ==, 3);
  g_assert_cmpint (lfb_value_get_int (attribute (model, "least", LFB_VALUE_KIND_INT)), ==, G_MININT64);
  g_assert_true (signbit (lfb_value_get_double (attribute (model, "minus", LFB_VALUE_KIND_DOUBLE))));
  g_assert_cmpstr (lfb_value_get_string (attribute (model, "text", LFB_VALUE_KIND_STRING)), ==, "a \"q\" \n ü 😀");
  value = attribute (model, "list", LFB_VALUE_KIND_LIST);
  g_assert_cmpuint (lfb_value_get_n_items (value), ==, 4);
  g_assert_cmpint (lfb_value_get_kind (lfb_value_get_item (value, 1)), ==, LFB_VALUE_KIND_DOUBLE);
  value = attribute (model, "dict", LFB_VALUE_KIND_DICT);
  g_assert_cmpstr (lfb_value_get_key (value, 0), ==, "b");
  g_assert_cmpstr (lfb_value_get_key (value, 2), ==, "tuple");
  value = attribute (model, "slice", LFB_VALUE_KIND_SLICE);
  g_assert_cmpint (lfb_value_get_int (lfb_value_get_item (value, 1)), ==, -1);
  g_assert_true (isinf (lfb_value_get_double (attribute (model, "-inf", LFB_VALUE_KIND_DOUBLE))));
  g_assert_true (isnan (lfb_value_get_double (attribute (model, "nan", LFB_VALUE_KIND_DOUBLE))));
  g_assert_cmpint (lfb_value_get_dtype (attribute (model, "dtype", LFB_VALUE_KIND_DTYPE)), ==, LFB_DTYPE_QUINT2X4);
  attribute (model, "qscheme", LFB_VALUE_KIND_QSCHEME);
  attribute (model, "memory_format", LFB_VALUE_KIND_MEMORY_FORMAT);
  g_assert_cmpstr (lfb_value_get_string (attribute (model, "device", LFB_VALUE_KIND_DEVICE)), ==, "cpu");
  attribute (model, "ellipsis", LFB_VALUE_KIND_ELLIPSIS);
  g_assert_cmpstr (lfb_value_get_string (attribute (model, "type", LFB_VALUE_KIND_TYPE)), ==, "torch.nn.Linear");
}

/* Every element type and scheme and format by its name. */
static void
test_all_names (void)
{
  g_autoptr (GString) document = g_string_new ("{\"lowerfb\":1," NODES ",\"attributes\":{");
  g_autoptr (LfbGraphModule) model = NULL;

  for (int i = LFB_DTYPE_FLOAT32; i <= LFB_DTYPE_BOOL; i++)
    g_string_append_printf (document, "\"d%d\":{\"dtype\":\"%s\"},", i, lfb_dtype_to_string (i));
  for (int i = LFB_QSCHEME_PER_TENSOR_AFFINE; i <= LFB_QSCHEME_PER_CHANNEL_AFFINE_FLOAT_QPARAMS; i++)
    g_string_append_printf (document, "\"q%d\":{\"qscheme\":\"%s\"},", i, lfb_qscheme_to_string (i));
  for (int i = LFB_MEMORY_FORMAT_CONTIGUOUS; i <= LFB_MEMORY_FORMAT_CHANNELS_LAST_3D; i++)
    g_string_append_printf (document, "\"m%d\":{\"memory_format\":\"%s\"},", i, lfb_memory_format_to_string (i));
  g_string_append (document, "\"end\":null},\"modules\":{}}");

  model = assert_document (document->str);
  g_assert_cmpint (lfb_value_get_dtype (attribute (model, "d14", LFB_VALUE_KIND_DTYPE)), ==, LFB_DTYPE_BOOL);
}

#define TENSORS \
  ",\"w\":{\"dtype\":\"I8\",\"shape\":[2,3],\"data_offsets\":[32,38]}," \
  "\"s\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16]}," \
  "\"z\":{\"dtype\":\"I64\",\"shape\":[2],\"data_offsets\":[16,32]}," \
  "\"q\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[38,41]}"

static GBytes *
make_with_tensors (const char *document)
{
  struct { double scales[2]; gint64 points[2]; gint8 weights[6]; guint8 codes[3]; guint8 more[7]; } data = {
    { 0.5, 0.25 }, { 0, 0 }, { 1, -2, 3, -4, 5, -6 }, { 0x21, 0x43, 0x65 }, { 0 }
  };

  return lfb_test_make_model (document, TENSORS, &data, 41);
}

#define PER_CHANNEL \
  "{\"tensor\":\"w\",\"qparams\":{\"dtype\":\"qint8\",\"qscheme\":\"per_channel_symmetric\"," \
  "\"scale\":{\"tensor\":\"s\"},\"zero_point\":{\"tensor\":\"z\"},\"axis\":0}}"

static void
test_tensors (void)
{
  g_autoptr (GBytes) bytes =
    make_with_tensors ("{\"lowerfb\":1," NODES ",\"attributes\":{"
                       "\"plain\":{\"tensor\":\"s\"},"
                       "\"per_tensor\":{\"tensor\":\"w\",\"qparams\":{\"dtype\":\"qint8\","
                       "\"qscheme\":\"per_tensor_affine\",\"scale\":0.125,\"zero_point\":-3}},"
                       "\"per_channel\":" PER_CHANNEL ","
                       "\"packed_bits\":{\"tensor\":\"q\",\"qparams\":{\"dtype\":\"quint4x2\","
                       "\"qscheme\":\"per_tensor_affine\",\"scale\":1.0,\"zero_point\":0},\"shape\":[2,3]},"
                       "\"packed\":{\"packed\":\"LinearPackedParamsBase\",\"weight\":" PER_CHANNEL ","
                       "\"bias\":{\"tensor\":\"s\"},\"groups\":1,\"tensor\":{\"tuple\":[1]}}"
                       "},\"modules\":{}}");
  g_autoptr (LfbGraphModule) model = assert_round_trip (bytes);
  LfbValue *packed = attribute (model, "packed", LFB_VALUE_KIND_PACKED);
  LfbTensor *tensor;
  gsize n_dims;

  tensor = lfb_value_get_tensor (attribute (model, "per_tensor", LFB_VALUE_KIND_TENSOR));
  g_assert_cmpint (lfb_tensor_get_dtype (tensor), ==, LFB_DTYPE_QINT8);
  g_assert_cmpfloat (lfb_tensor_get_scale (tensor), ==, 0.125);
  g_assert_cmpint (lfb_tensor_get_zero_point (tensor), ==, -3);
  g_assert_cmpstr (lfb_tensor_get_name (tensor), ==, "w");

  tensor = lfb_value_get_tensor (attribute (model, "per_channel", LFB_VALUE_KIND_TENSOR));
  g_assert_cmpint (lfb_tensor_get_qscheme (tensor), ==, LFB_QSCHEME_PER_CHANNEL_SYMMETRIC);
  g_assert_cmpint (lfb_tensor_get_axis (tensor), ==, 0);
  g_assert_cmpstr (lfb_tensor_get_name (lfb_tensor_get_scales (tensor)), ==, "s");

  tensor = lfb_value_get_tensor (attribute (model, "packed_bits", LFB_VALUE_KIND_TENSOR));
  g_assert_cmpint (lfb_tensor_get_shape (tensor, &n_dims)[1], ==, 3);
  g_assert_cmpuint (n_dims, ==, 2);

  g_assert_cmpstr (lfb_value_get_string (packed), ==, "LinearPackedParamsBase");
  g_assert_cmpstr (lfb_value_get_key (packed, 0), ==, "weight");
  g_assert_nonnull (lfb_value_get_tensor (lfb_value_lookup (packed, "bias")));
  g_assert_cmpuint (lfb_value_get_n_items (packed), ==, 4);
}

static void
test_nodes (void)
{
  g_autoptr (LfbGraphModule) model =
    assert_document ("{\"lowerfb\":1,\"producer\":\"by hand\",\"nodes\":["
                     "{\"name\":\"x\",\"op\":\"placeholder\",\"target\":\"x\",\"args\":[],"
                     "\"meta\":{\"shape\":[1,3,224,224],\"dtype\":\"float32\"}},"
                     "{\"name\":\"y\",\"op\":\"placeholder\",\"target\":\"y\",\"args\":[null],"
                     "\"meta\":{\"shape\":[],\"dtype\":\"int64\"}},"
                     "{\"name\":\"w\",\"op\":\"get_attr\",\"target\":\"block.w\",\"args\":[]},"
                     "{\"name\":\"f\",\"op\":\"call_function\",\"target\":\"torch.nn.functional.conv2d\","
                     "\"args\":[{\"node\":\"x\"},{\"tuple\":[{\"node\":\"y\"},[{\"node\":\"x\"}]]},3,3.0],"
                     "\"kwargs\":{\"bias\":null,\"weight\":{\"node\":\"w\"}}},"
                     "{\"name\":\"m\",\"op\":\"call_method\",\"target\":\"size\",\"args\":[{\"node\":\"f\"},-1]},"
                     "{\"name\":\"c\",\"op\":\"call_module\",\"target\":\"block.conv\",\"args\":[{\"node\":\"f\"}]},"
                     "{\"name\":\"output\",\"op\":\"output\",\"target\":\"output\","
                     "\"args\":[{\"dict\":{\"a\":{\"node\":\"c\"},\"b\":{\"node\":\"m\"}}}]}],"
                     "\"attributes\":{\"block.w\":1},"
                     "\"modules\":{\"block.conv\":{\"type\":\"torch.nn.Conv2d\"}},"
                     "\"qconfigs\":[],\"qconfig_map\":{},\"node_name_to_scope\":{}}");
  LfbGraph *graph = lfb_graph_module_get_graph (model);
  LfbNode *node = lfb_graph_find (graph, "f");
  gsize n_dims;

  g_assert_cmpstr (lfb_graph_module_get_producer (model), ==, "by hand");
  g_assert_cmpuint (lfb_graph_get_n_nodes (graph), ==, 7);
  g_assert_cmpint (lfb_node_get_op (node), ==, LFB_OP_CALL_FUNCTION);
  lfb_node_get_args (node, &n_dims);
  g_assert_cmpuint (n_dims, ==, 4);
  g_assert_true (lfb_value_get_node (lfb_node_get_kwarg (node, "weight")) == lfb_graph_find (graph, "w"));
  g_assert_cmpuint (lfb_node_get_n_users (node), ==, 2);
  g_assert_nonnull (lfb_node_get_example (lfb_graph_find (graph, "x")));
  g_assert_nonnull (lfb_graph_module_get_qconfig_map (model));
  g_assert_nonnull (lfb_graph_module_get_node_name_to_scope (model));
}

static void
test_modules (void)
{
  g_autoptr (GBytes) bytes =
    make_with_tensors ("{\"lowerfb\":1," NODES ",\"attributes\":{},\"modules\":{"
                       "\"fused\":{\"type\":\"torch.ao.nn.intrinsic.LinearReLU\"},"
                       "\"fused.0\":{\"type\":\"torch.ao.nn.quantized.reference.Linear\","
                       "\"config\":{\"in_features\":3,\"eps\":1e-05,\"kernel_size\":{\"tuple\":[3,3]}},"
                       "\"tensors\":{\"weight\":{\"tensor\":\"w\"},\"bias\":null,\"weight_scale\":{\"tensor\":\"s\"},"
                       "\"weight_zero_point\":{\"tensor\":\"z\"},\"q\":{\"tensor\":\"q\"},\"other\":{\"tensor\":\"w\"}}},"
                       "\"early\":{\"alias\":\"middle\"},\"middle\":{\"alias\":\"late\"},"
                       "\"late\":{\"type\":\"torch.nn.ReLU\"},\"again\":{\"alias\":\"fused\"}}}");
  g_autoptr (LfbGraphModule) model = assert_round_trip (bytes);
  LfbModule *module = lfb_graph_module_get_module (model, "again.0");
  g_auto (GStrv) paths = lfb_graph_module_list_modules (model);
  g_autofree char *joined = g_strjoinv (" ", paths);

  g_assert_cmpstr (joined, ==, "fused fused.0 early middle late again");
  g_assert_nonnull (module);
  g_assert_true (module == lfb_graph_module_get_module (model, "fused.0"));
  g_assert_cmpint (lfb_value_get_int (lfb_module_get_setting (module, "in_features")), ==, 3);
  g_assert_true (lfb_value_is_none (lfb_value_lookup (lfb_module_get_tensors (module), "bias")));
  g_assert_true (lfb_module_get_tensor (module, "weight") == lfb_module_get_tensor (module, "other"));
  g_assert_true (lfb_graph_module_get_module (model, "early") == lfb_graph_module_get_module (model, "late"));
  g_assert_cmpstr (lfb_graph_module_get_alias (model, "early"), ==, "middle");
}

#define INNER \
  "{\"lowerfb\":1,\"nodes\":[{\"name\":\"in\",\"op\":\"placeholder\",\"target\":\"in\",\"args\":[]}," \
  "{\"name\":\"relu\",\"op\":\"call_module\",\"target\":\"act\",\"args\":[{\"node\":\"in\"}]}," \
  "{\"name\":\"out\",\"op\":\"output\",\"target\":\"out\",\"args\":[{\"node\":\"relu\"}]}]," \
  "\"attributes\":{\"scale\":{\"tensor\":\"s\"}},\"modules\":{\"act\":{\"type\":\"torch.nn.ReLU\"}},\"later\":[1]}"

/* A module with a graph has its modules in that; outer entries below its path
 * repeat them, and nothing depends on them.
 */
static void
test_nested (void)
{
  const char *format =
    "{\"lowerfb\":1,\"nodes\":[{\"name\":\"x\",\"op\":\"placeholder\",\"target\":\"x\",\"args\":[]},"
    "{\"name\":\"part\",\"op\":\"call_module\",\"target\":\"block.part\",\"args\":[{\"node\":\"x\"}]},"
    "{\"name\":\"output\",\"op\":\"output\",\"target\":\"output\",\"args\":[{\"node\":\"part\"}]}],"
    "\"attributes\":{},\"modules\":{%s\"block.part\":{\"type\":\"torch.fx.GraphModule\",\"graph\":" INNER "}%s}}";
  g_autofree char *document = g_strdup_printf (format, "", "");
  g_autofree char *repeating =
    g_strdup_printf (format, "\"block.part.act\":{\"type\":\"torch.nn.ReLU6\",\"tensors\":{\"a\":{\"tensor\":\"q\"}}},",
                     ",\"block.part.odd\":{\"alias\":\"nowhere\"},\"block.part.wrong\":17,"
                     "\"block.part2\":{\"type\":\"torch.nn.Identity\"}");
  g_autoptr (GBytes) bytes = make_with_tensors (document);
  g_autoptr (GBytes) repeating_bytes = make_with_tensors (repeating);
  g_autoptr (LfbGraphModule) model = assert_round_trip (bytes);
  g_autoptr (LfbGraphModule) other = load (repeating_bytes);
  g_autoptr (GBytes) saved = save (other);
  g_autoptr (JsonObject) header = lfb_test_get_header (saved);
  LfbGraphModule *inner = lfb_module_get_graph_module (lfb_graph_module_get_module (model, "block.part"));
  g_auto (GStrv) paths = lfb_graph_module_list_modules (other);
  g_autofree char *joined = g_strjoinv (" ", paths);

  g_assert_nonnull (inner);
  g_assert_cmpuint (lfb_graph_get_n_nodes (lfb_graph_module_get_graph (inner)), ==, 3);
  g_assert_nonnull (lfb_graph_module_get_module (inner, "act"));
  g_assert_cmpstr (joined, ==, "block.part block.part2");
  g_assert_false (json_object_has_member (header, "q"));
  g_assert_true (json_object_has_member (header, "w"));
}

static void
test_maps (void)
{
  g_autoptr (LfbGraphModule) model =
    assert_document ("{\"lowerfb\":1," NODES ",\"attributes\":{},\"modules\":{},\"qconfigs\":["
                     "{\"activation\":{\"observer\":\"HistogramObserver\",\"dtype\":\"quint8\","
                     "\"qscheme\":\"per_tensor_affine\",\"reduce_range\":true,\"quant_min\":0,\"quant_max\":127},"
                     "\"weight\":{\"observer\":\"PerChannelMinMaxObserver\",\"dtype\":\"qint8\",\"eps\":1e-06,"
                     "\"qscheme\":null}},"
                     "{\"activation\":null,\"weight\":null},{\"activation\":{},\"weight\":null}],"
                     "\"qconfig_map\":{\"x\":1,\"y\":null,\"z\":0,\"x_1\":1},"
                     "\"node_name_to_scope\":{\"x\":[\"\",\"NoneType\"],\"z\":[\"block.conv\",\"torch.nn.Conv2d\"]}}");
  LfbQConfigMap *map = lfb_graph_module_get_qconfig_map (model);
  LfbScopeMap *scopes = lfb_graph_module_get_node_name_to_scope (model);
  LfbQConfig *qconfig = lfb_qconfig_map_get (map, "z");
  gsize n_qconfigs;

  lfb_qconfig_map_get_qconfigs (map, &n_qconfigs);
  g_assert_cmpuint (n_qconfigs, ==, 3);
  g_assert_true (lfb_qconfig_map_skips (map, "y"));
  g_assert_false (lfb_qconfig_map_contains (map, "w"));
  g_assert_true (lfb_qconfig_map_get (map, "x") == lfb_qconfig_map_get (map, "x_1"));
  g_assert_cmpint (lfb_value_get_int (lfb_value_lookup (lfb_qconfig_get_activation (qconfig), "quant_max")), ==, 127);
  g_assert_cmpstr (lfb_scope_map_get_path (scopes, "z"), ==, "block.conv");
  g_assert_cmpstr (lfb_scope_map_get_type_name (scopes, "x"), ==, "NoneType");
}

static void
test_original_weights (void)
{
  g_autoptr (GBytes) bytes =
    make_with_tensors ("{\"lowerfb\":1," NODES ",\"attributes\":{},\"modules\":{},"
                       "\"original_weights\":{\"dict\":{\"_packed_weight_0\":[{\"tensor\":\"w\"},null]}}}");
  g_autoptr (LfbGraphModule) model = assert_round_trip (bytes);
  LfbValue *weights = lfb_graph_module_get_original_weights (model);

  g_assert_nonnull (lfb_value_get_tensor (lfb_value_get_item (lfb_value_lookup (weights, "_packed_weight_0"), 0)));
}

/* Names in an order of their own, members that are empty or left out. */
static void
test_order (void)
{
  g_autoptr (LfbGraphModule) first =
    assert_document ("{\"modules\":{\"m\":{\"tensors\":{},\"type\":\"torch.nn.ReLU\",\"config\":{}}},"
                     "\"qconfig_map\":{\"x\":0},\"qconfigs\":[{\"weight\":null,\"activation\":null}],"
                     "\"nodes\":[{\"op\":\"placeholder\",\"args\":[],\"kwargs\":{},\"target\":\"x\",\"name\":\"x\","
                     "\"meta\":{\"dtype\":\"bool\",\"shape\":[2]}},"
                     "{\"name\":\"output\",\"op\":\"output\",\"target\":\"output\",\"args\":[1]}],\"lowerfb\":1}");
  g_autoptr (LfbGraphModule) second = assert_document ("{\"lowerfb\":1," NODES "}");
  g_autoptr (LfbGraphModule) third =
    assert_document ("{\"lowerfb\":1," NODES ",\"attributes\":{},\"modules\":{},\"qconfigs\":[{\"activation\":null}]}");
  g_autoptr (LfbGraphModule) fourth =
    assert_document ("{\"lowerfb\":1," NODES ",\"attributes\":{},\"modules\":{},\"qconfig_map\":{\"x\":null}}");
  g_autoptr (GBytes) saved = NULL;
  g_autoptr (LfbModule) module = lfb_module_new ("torch.nn.ReLU", NULL, NULL, NULL);
  g_autoptr (JsonNode) document = NULL;
  g_autoptr (GError) error = NULL;

  /* What comes later goes to the end. */
  g_assert_true (lfb_graph_module_set_module (second, "new", module, &error));
  saved = save (second);
  document = lfb_test_get_document (saved);
  g_assert_true (json_object_has_member (json_node_get_object (document), "modules"));
  g_assert_false (json_object_has_member (json_node_get_object (document), "attributes"));
  g_assert_nonnull (lfb_graph_module_get_qconfig_map (third));
  g_assert_true (lfb_qconfig_map_skips (lfb_graph_module_get_qconfig_map (fourth), "x"));
}

static GBytes *
make_with_unknown (void)
{
  return make_with_tensors ("{\"later\":{\"a\":[1,2.0,{\"tensor\":\"q\"}],\"b\":null},\"lowerfb\":1,"
                            "\"nodes\":[{\"name\":\"x\",\"op\":\"placeholder\",\"target\":\"x\",\"args\":[],"
                            "\"color\":\"red\",\"meta\":{\"unit\":[\"K\"],\"shape\":[1],\"dtype\":\"float32\"}},"
                            "{\"name\":\"z\",\"op\":\"placeholder\",\"target\":\"z\",\"args\":[],\"meta\":{\"unit\":1}},"
                            "{\"name\":\"output\",\"op\":\"output\",\"target\":\"output\",\"args\":[{\"node\":\"x\"}],"
                            "\"meta\":17}],"
                            "\"attributes\":{},\"modules\":{"
                            "\"m\":{\"weight_qparams\":{\"weight_ih\":{\"scale\":{\"tensor\":\"s\"},\"axis\":0}},"
                            "\"type\":\"torch.nn.LSTM\"},"
                            "\"n\":{\"alias\":\"m\",\"why\":\"shared\"}},"
                            "\"qconfigs\":[{\"activation\":{\"observer\":\"New\",\"levels\":{\"odd\":[1]},\"dtype\":\"quint8\"},"
                            "\"weight\":{\"table\":{\"tensor\":\"z\"}},\"bias\":{\"observer\":\"None\"}}],"
                            "\"qconfig_map\":{\"x\":0},\"end\":-0.0}");
}

/* What this version does not know is kept, tensors included, wherever it is. */
static void
test_unknown (void)
{
  g_autoptr (GBytes) bytes = make_with_unknown ();
  g_autoptr (LfbGraphModule) model = assert_round_trip (bytes);
  g_autoptr (LfbGraphModule) copy = lfb_graph_module_copy (model);
  g_autoptr (GBytes) saved = save (model);
  g_autoptr (GBytes) saved_copy = save (copy);

  g_assert_true (g_bytes_equal (saved, saved_copy));
  g_assert_null (lfb_node_get_example (lfb_graph_find (lfb_graph_module_get_graph (model), "z")));
}

/* ... and goes with what carried it; what nobody refers to stays. */
static void
test_unknown_goes (void)
{
  g_autoptr (GBytes) bytes = make_with_unknown ();
  g_autoptr (LfbGraphModule) model = load (bytes);
  g_autoptr (LfbModule) module = lfb_module_new ("torch.nn.ReLU", NULL, NULL, NULL);
  g_autoptr (GBytes) saved = NULL;
  g_autoptr (JsonObject) header = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (lfb_graph_module_remove_module (model, "n"));
  g_assert_true (lfb_graph_module_replace_module (model, "m", module, &error));
  lfb_graph_module_set_qconfig_map (model, NULL);
  saved = save (model);
  header = lfb_test_get_header (saved);
  g_assert_false (json_object_has_member (header, "s")); /* of the module */
  g_assert_false (json_object_has_member (header, "z")); /* of the qconfig */
  g_assert_true (json_object_has_member (header, "q"));  /* of the document */
  g_assert_true (json_object_has_member (header, "w"));  /* of nobody */
}

/* A tensor that a later version mentions gives way to one that has its name. */
static void
test_unknown_renamed (void)
{
  g_autoptr (GBytes) bytes =
    make_with_tensors ("{\"lowerfb\":1," NODES ",\"attributes\":{},\"modules\":{},\"later\":[{\"tensor\":\"q\"}]}");
  g_autoptr (LfbGraphModule) model = load (bytes);
  const float number = 1;
  g_autoptr (LfbTensor) tensor = lfb_test_tensor (LFB_DTYPE_FLOAT32, &number, 4, 0);
  g_autoptr (LfbTensor) named = lfb_tensor_new_named (tensor, "q");
  g_autoptr (LfbValue) value = lfb_value_for_tensor (named);
  g_autoptr (GBytes) saved = NULL;
  g_autoptr (JsonNode) document = NULL;
  JsonObject *object;
  const char *attribute_name, *later_name;

  lfb_graph_module_set_attribute (model, "a", value);
  saved = save (model);
  document = lfb_test_get_document (saved);
  object = json_node_get_object (document);
  attribute_name = json_object_get_string_member (
    json_object_get_object_member (json_object_get_object_member (object, "attributes"), "a"), "tensor");
  later_name = json_object_get_string_member (
    json_array_get_object_element (json_object_get_array_member (object, "later"), 0), "tensor");
  g_assert_cmpstr (attribute_name, ==, "q");
  g_assert_cmpstr (later_name, ==, "q.1");
}

/* Other texts in the metadata of the file, before and behind the document. */
static void
test_metadata (void)
{
  g_autoptr (JsonNode) text = json_node_new (JSON_NODE_VALUE);
  g_autofree char *quoted = NULL, *header = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GBytes) saved = NULL;
  g_autoptr (LfbGraphModule) model = NULL;
  g_autoptr (JsonObject) saved_header = NULL;
  g_autoptr (JsonNode) found = json_node_new (JSON_NODE_OBJECT);
  g_autoptr (JsonNode) expected = NULL;

  json_node_set_string (text, "{\"lowerfb\":1," NODES ",\"attributes\":{},\"modules\":{}}");
  quoted = json_to_string (text, FALSE);
  header = g_strdup_printf ("{\"__metadata__\":{\"format\":\"pt\",\"lowerfb\":%s,\"qparams\":\"any\"},"
                            "\"w\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", quoted);
  bytes = lfb_test_make_file (header, NULL, 0);
  model = load (bytes);
  saved = save (model);
  saved_header = lfb_test_get_header (saved);
  json_node_set_object (found, saved_header);
  expected = lfb_test_parse_json (header);
  lfb_test_assert_json (found, expected);
}

static void
append_tensor (GPtrArray  *items,
               const char *name,
               LfbTensor  *tensor)
{
  g_autoptr (LfbTensor) named = lfb_tensor_new_named (tensor, name);

  g_ptr_array_add (items, lfb_value_for_tensor (named));
}

/* Tensors are stored once, under their own names where those are free. */
static void
test_names (void)
{
  const float numbers[] = { 1, 2, 3, 4 };
  g_autoptr (LfbTensor) a = lfb_test_tensor (LFB_DTYPE_FLOAT32, numbers, 8, 1, (gint64) 2);
  g_autoptr (LfbTensor) b = lfb_test_tensor (LFB_DTYPE_FLOAT32, numbers + 2, 8, 1, (gint64) 2);
  g_autoptr (LfbTensor) c = lfb_test_tensor (LFB_DTYPE_FLOAT32, NULL, 0, 1, (gint64) 0);
  g_autoptr (LfbTensor) d = lfb_test_tensor (LFB_DTYPE_FLOAT32, NULL, 0, 1, (gint64) 0);
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);
  g_autoptr (LfbGraphModule) model = load_document ("{\"lowerfb\":1," NODES "}");
  g_autoptr (LfbValue) list = NULL;
  g_autoptr (GBytes) saved = NULL;
  g_autoptr (LfbTensorFile) file = NULL;
  g_autoptr (LfbGraphModule) again = NULL;
  g_auto (GStrv) names = NULL;
  g_autofree char *joined = NULL;
  g_autoptr (GError) error = NULL;

  append_tensor (items, "first", a);
  append_tensor (items, "second", a); /* the same bytes: no second name */
  append_tensor (items, "first", b);  /* taken */
  append_tensor (items, NULL, c);
  append_tensor (items, "first", d);
  append_tensor (items, "__metadata__", d);
  list = lfb_value_for_list ((LfbValue **) items->pdata, items->len);
  lfb_graph_module_set_attribute (model, "list", list);
  saved = save (model);

  file = lfb_tensor_file_load_bytes (saved, &error);
  g_assert_no_error (error);
  names = lfb_tensor_file_list_names (file);
  joined = g_strjoinv (" ", names);
  g_assert_cmpstr (joined, ==, "first list.2 list.3 list.4 list.5");

  again = load (saved);
  g_assert_true (lfb_value_equal (lfb_graph_module_get_attribute (again, "list"), list));
}

/* Quantized tensors share their integers, scales and zero points as well. */
static void
test_shared (void)
{
  g_autoptr (GBytes) bytes = make_with_tensors ("{\"lowerfb\":1," NODES ",\"attributes\":{\"a\":" PER_CHANNEL "}}");
  g_autoptr (LfbGraphModule) model = load (bytes);
  LfbTensor *tensor = lfb_value_get_tensor (lfb_graph_module_get_attribute (model, "a"));
  g_autoptr (LfbTensor) other = lfb_tensor_new_named (tensor, "other");
  g_autoptr (LfbValue) value = lfb_value_for_tensor (other);
  g_autoptr (GBytes) saved = NULL;

  lfb_graph_module_set_attribute (model, "b", value);
  saved = save (model);
  lfb_test_assert_tensors (saved, bytes);
}

static void
assert_not_saved (LfbGraphModule *model,
                  int             code,
                  const char     *part)
{
  g_autofree char *path = lfb_test_scratch ("not-saved");
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;

  g_assert_false (lfb_graph_module_save (model, path, &error));
  lfb_assert_error (error, code, part);
  g_assert_nonnull (strstr (error->message, "not-saved: "));
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_clear_error (&error);
  bytes = lfb_graph_module_to_bytes (model, &error);
  g_assert_null (bytes);
  lfb_assert_error (error, code, part);
}

/* What could not be read again is not written. */
static void
test_save_errors (void)
{
  g_autoptr (LfbGraphModule) broken = lfb_graph_module_new (NULL);
  g_autoptr (LfbGraphModule) model = load_document ("{\"lowerfb\":1," NODES "}");
  g_autoptr (LfbValue) nest = lfb_value_for_list (NULL, 0);
  g_autoptr (LfbValue) text = lfb_value_for_string ("\xff");
  g_autoptr (LfbValue) number = lfb_value_for_int (1);
  g_autoptr (GError) error = NULL;
  g_autofree char *json = NULL, *other_json = NULL;

  assert_not_saved (broken, LFB_ERROR_INVALID_GRAPH, "no output");
  json = lfb_graph_module_to_json (broken, &error);
  g_assert_no_error (error);

  for (guint i = 0; i < 100; i++)
    {
      LfbValue *outer = lfb_value_for_tuple (&nest, 1);

      lfb_value_unref (nest);
      nest = outer;
    }
  lfb_graph_module_set_attribute (model, "deep", nest);
  assert_not_saved (model, LFB_ERROR_FORMAT, "attribute `deep` cannot be written: it nests deeper");
  other_json = lfb_graph_module_to_json (model, &error);
  g_assert_null (other_json);
  lfb_assert_error (error, LFB_ERROR_FORMAT, "attribute `deep`");

  lfb_graph_module_set_attribute (model, "deep", number);
  lfb_graph_module_set_attribute (model, "text", text);
  assert_not_saved (model, LFB_ERROR_FORMAT, "attribute `text` cannot be written: it has a text that is not UTF-8");
}

typedef struct
{
  GMainLoop *loop;
  LfbGraphModule *model;
  gboolean saved;
  GError *error;
} Async;

static void
on_loaded (GObject      *source,
           GAsyncResult *result,
           gpointer      data)
{
  Async *async = data;

  async->model = lfb_graph_module_load_finish (result, &async->error);
  g_main_loop_quit (async->loop);
}

static void
on_saved (GObject      *source,
          GAsyncResult *result,
          gpointer      data)
{
  Async *async = data;

  async->saved = lfb_graph_module_save_finish (LFB_GRAPH_MODULE (source), result, &async->error);
  g_main_loop_quit (async->loop);
}

static void
test_async (void)
{
  g_autofree char *path = lfb_test_scratch ("async.safetensors");
  g_autofree char *missing = lfb_test_scratch ("missing.safetensors");
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (LfbGraphModule) model = load_document ("{\"lowerfb\":1,\"producer\":\"then\"," NODES "}");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Async async = { .loop = loop };

  lfb_graph_module_save_async (model, path, NULL, on_saved, &async);
  lfb_graph_module_set_producer (model, "now"); /* too late to be saved */
  g_main_loop_run (loop);
  g_assert_no_error (async.error);
  g_assert_true (async.saved);

  lfb_graph_module_load_async (path, NULL, on_loaded, &async);
  g_main_loop_run (loop);
  g_assert_no_error (async.error);
  g_assert_cmpstr (lfb_graph_module_get_producer (async.model), ==, "then");
  g_clear_object (&async.model);

  lfb_graph_module_load_async (missing, NULL, on_loaded, &async);
  g_main_loop_run (loop);
  g_assert_null (async.model);
  lfb_assert_error (async.error, LFB_ERROR_IO, "missing.safetensors: cannot be opened");
  g_clear_error (&async.error);

  g_cancellable_cancel (cancellable);
  lfb_graph_module_load_async (path, cancellable, on_loaded, &async);
  g_main_loop_run (loop);
  g_assert_error (async.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&async.error);

  lfb_graph_module_save_async (model, missing, cancellable, on_saved, &async);
  g_main_loop_run (loop);
  g_assert_error (async.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&async.error);
  g_assert_false (g_file_test (missing, G_FILE_TEST_EXISTS));
}

/* A model onto the file that it is mapped from. */
static void
test_save_onto_itself (void)
{
  g_autofree char *path = lfb_test_scratch ("itself.safetensors");
  g_autoptr (GBytes) bytes = make_with_tensors ("{\"lowerfb\":1," NODES ",\"attributes\":{\"a\":" PER_CHANNEL "}}");
  g_autoptr (GBytes) after = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (LfbGraphModule) model = NULL;

  lfb_test_write_bytes (path, bytes);
  model = lfb_graph_module_load (path, &error);
  g_assert_no_error (error);
  for (int i = 0; i < 2; i++)
    {
      g_assert_true (lfb_graph_module_save (model, path, &error));
      g_assert_no_error (error);
    }
  after = lfb_test_read_bytes (path);
  lfb_test_assert_tensors (after, bytes);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/model-file/values", test_values);
  g_test_add_func ("/model-file/all-names", test_all_names);
  g_test_add_func ("/model-file/tensors", test_tensors);
  g_test_add_func ("/model-file/nodes", test_nodes);
  g_test_add_func ("/model-file/modules", test_modules);
  g_test_add_func ("/model-file/nested", test_nested);
  g_test_add_func ("/model-file/maps", test_maps);
  g_test_add_func ("/model-file/original-weights", test_original_weights);
  g_test_add_func ("/model-file/order", test_order);
  g_test_add_func ("/model-file/unknown", test_unknown);
  g_test_add_func ("/model-file/unknown-goes", test_unknown_goes);
  g_test_add_func ("/model-file/unknown-renamed", test_unknown_renamed);
  g_test_add_func ("/model-file/metadata", test_metadata);
  g_test_add_func ("/model-file/names", test_names);
  g_test_add_func ("/model-file/shared", test_shared);
  g_test_add_func ("/model-file/save-errors", test_save_errors);
  g_test_add_func ("/model-file/async", test_async);
  g_test_add_func ("/model-file/save-onto-itself", test_save_onto_itself);

  return g_test_run ();
}

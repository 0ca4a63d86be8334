/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Values: every kind is made, read, compared and printed. */

#include "common/lfb-test.h"

#include <math.h>

static LfbValue *
make_nested (guint depth)
{
  LfbValue *value = lfb_value_for_int (1);

  for (guint i = 0; i < depth; i++)
    {
      LfbValue *list = lfb_value_for_list (&value, 1);

      lfb_value_unref (value);
      value = list;
    }

  return value;
}

static void
test_prints_as_python (void)
{
  static const float data[] = { 1, 2 };
  g_autoptr (LfbTensor) tensor = lfb_test_tensor (LFB_DTYPE_FLOAT32, data, sizeof data, 1, (gint64) 2);
  LfbValue *three = lfb_value_for_int (3);
  LfbValue *text = lfb_value_for_string ("it's");
  LfbValue *pair[] = { three, text };
  const char *keys[] = { "a", "b", NULL };
  g_autoptr (LfbValue) dict = lfb_value_for_dict (keys, pair, 2);
  struct
  {
    LfbValue *value;
    LfbValueKind kind;
    const char *text;
  } rows[] = {
    { lfb_value_for_none (), LFB_VALUE_KIND_NONE, "None" },
    { lfb_value_for_bool (TRUE), LFB_VALUE_KIND_BOOL, "True" },
    { lfb_value_for_bool (7), LFB_VALUE_KIND_BOOL, "True" },
    { lfb_value_for_int (G_MININT64), LFB_VALUE_KIND_INT, "-9223372036854775808" },
    { lfb_value_for_double (3), LFB_VALUE_KIND_DOUBLE, "3.0" },
    { lfb_value_for_double (0.1), LFB_VALUE_KIND_DOUBLE, "0.1" },
    { lfb_value_for_double (1e300), LFB_VALUE_KIND_DOUBLE, "1e+300" },
    { lfb_value_for_double (-INFINITY), LFB_VALUE_KIND_DOUBLE, "-inf" },
    { lfb_value_for_double (NAN), LFB_VALUE_KIND_DOUBLE, "nan" },
    { lfb_value_for_string ("x\n"), LFB_VALUE_KIND_STRING, "'x\\n'" },
    { lfb_value_for_dtype (LFB_DTYPE_QUINT8), LFB_VALUE_KIND_DTYPE, "torch.quint8" },
    { lfb_value_for_qscheme (LFB_QSCHEME_PER_CHANNEL_AFFINE), LFB_VALUE_KIND_QSCHEME, "torch.per_channel_affine" },
    { lfb_value_for_memory_format (LFB_MEMORY_FORMAT_CHANNELS_LAST), LFB_VALUE_KIND_MEMORY_FORMAT, "torch.channels_last" },
    { lfb_value_for_device ("cpu"), LFB_VALUE_KIND_DEVICE, "device('cpu')" },
    { lfb_value_for_type ("torch.nn.ReLU"), LFB_VALUE_KIND_TYPE, "torch.nn.ReLU" },
    { lfb_value_for_ellipsis (), LFB_VALUE_KIND_ELLIPSIS, "..." },
    { lfb_value_for_tensor (tensor), LFB_VALUE_KIND_TENSOR, "<float32[2]>" },
    { lfb_value_for_list (pair, 2), LFB_VALUE_KIND_LIST, "[3, 'it's']" },
    { lfb_value_for_list (NULL, 0), LFB_VALUE_KIND_LIST, "[]" },
    { lfb_value_for_tuple (pair, 1), LFB_VALUE_KIND_TUPLE, "(3,)" },
    { lfb_value_for_ints ((const gint64[]) { 1, 2 }, 2), LFB_VALUE_KIND_TUPLE, "(1, 2)" },
    { lfb_value_for_slice (three, NULL, NULL), LFB_VALUE_KIND_SLICE, "slice(3, None, None)" },
    { lfb_value_ref (dict), LFB_VALUE_KIND_DICT, "{'a': 3, 'b': 'it's'}" },
    { lfb_value_for_packed ("LinearPackedParamsBase", dict), LFB_VALUE_KIND_PACKED,
      "LinearPackedParamsBase('a': 3, 'b': 'it's')" },
  };

#define is_true(row) (rows[row].kind == LFB_VALUE_KIND_BOOL)

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *got = lfb_value_to_string (rows[i].value);

      g_assert_cmpint (lfb_value_get_kind (rows[i].value), ==, rows[i].kind);
      g_assert_cmpstr (got, ==, rows[i].text);
      for (gsize j = 0; j < G_N_ELEMENTS (rows); j++)
        g_assert_true (lfb_value_equal (rows[i].value, rows[j].value) ==
                       (i == j || (is_true (i) && is_true (j))));
    }
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    lfb_value_unref (rows[i].value);
  lfb_value_unref (three);
  lfb_value_unref (text);
}

static void
test_numbers_read_as_in_python (void)
{
  g_autoptr (LfbValue) integer = lfb_value_for_int (3);
  g_autoptr (LfbValue) number = lfb_value_for_double (3);
  g_autoptr (LfbValue) truth = lfb_value_for_bool (TRUE);

  g_assert_cmpfloat (lfb_value_get_double (integer), ==, 3.0);
  g_assert_cmpint (lfb_value_get_int (truth), ==, 1);
  g_assert_true (lfb_value_get_bool (integer));
  g_assert_false (lfb_value_equal (integer, number));
}

static void
test_dict_items (void)
{
  g_autoptr (LfbValue) one = lfb_value_for_int (1);
  g_autoptr (LfbValue) two = lfb_value_for_int (2);
  const char *keys[] = { "x", "y", NULL };
  g_autoptr (LfbValue) dict = lfb_value_for_dict (keys, (LfbValue *[]) { one, two }, 2);
  g_autoptr (LfbValue) replaced = lfb_value_with_item (dict, "x", two);
  g_autoptr (LfbValue) longer = lfb_value_with_item (dict, "z", one);
  g_autoptr (LfbValue) shorter = lfb_value_without_item (longer, "x");
  g_autoptr (LfbValue) same = lfb_value_without_item (dict, "none");
  g_autofree char *text = lfb_value_to_string (shorter);

  g_assert_true (lfb_value_lookup (dict, "x") == one);
  g_assert_null (lfb_value_lookup (dict, "none"));
  g_assert_true (lfb_value_lookup (replaced, "x") == two);
  g_assert_cmpstr (lfb_value_get_key (longer, 2), ==, "z");
  g_assert_cmpuint (lfb_value_get_n_items (dict), ==, 2);
  g_assert_cmpstr (text, ==, "{'y': 2, 'z': 1}");
  g_assert_true (same == dict);
}

static void
test_nests_to_the_limit (void)
{
  g_autoptr (LfbValue) deepest = make_nested (LFB_VALUE_MAX_DEPTH);
  LfbValue *items[] = { deepest };

  g_assert_nonnull (deepest);
  g_test_expect_message ("lowerfb", G_LOG_LEVEL_CRITICAL, "*LFB_VALUE_MAX_DEPTH*");
  g_assert_null (lfb_value_for_list (items, 1));
  g_test_assert_expected_messages ();
}

static void
test_refuses_misuse (void)
{
  g_autoptr (LfbValue) text = lfb_value_for_string ("x");
  const char *twice[] = { "x", "x", NULL };
  LfbValue *items[] = { text, text };

  g_test_expect_message ("lowerfb", G_LOG_LEVEL_CRITICAL, "*");
  g_assert_cmpint (lfb_value_get_int (text), ==, 0);
  g_test_assert_expected_messages ();

  g_test_expect_message ("lowerfb", G_LOG_LEVEL_CRITICAL, "*");
  g_assert_null (lfb_value_get_item (text, 0));
  g_test_assert_expected_messages ();

  g_test_expect_message ("lowerfb", G_LOG_LEVEL_CRITICAL, "*");
  g_assert_null (lfb_value_for_dict (twice, items, 2));
  g_test_assert_expected_messages ();

  g_assert_null (lfb_value_get_node (text));
  g_assert_null (lfb_value_get_tensor (text));
}

static LfbValue *
count_nodes (LfbNode  *node,
             gpointer  user_data)
{
  (*(guint *) user_data)++;

  return NULL;
}

static LfbValue *
put_in_place (LfbNode  *node,
              gpointer  user_data)
{
  return user_data;
}

static void
test_maps_nodes_in_nests (void)
{
  g_autoptr (LfbGraph) graph = lfb_graph_new ();
  LfbNode *x = lfb_test_node (graph, LFB_OP_PLACEHOLDER, "x", NULL);
  g_autoptr (LfbValue) node = lfb_value_for_node (x);
  g_autoptr (LfbValue) one = lfb_value_for_int (1);
  g_autoptr (LfbValue) list = lfb_value_for_list ((LfbValue *[]) { one, node, node }, 3);
  g_autoptr (LfbValue) tuple = lfb_value_for_tuple ((LfbValue *[]) { list, one }, 2);
  g_autoptr (LfbValue) mapped = NULL;
  g_autoptr (LfbValue) same = NULL;
  g_autofree char *before = lfb_value_to_string (tuple);
  g_autofree char *after = NULL;
  guint count = 0;

  same = lfb_value_map_nodes (tuple, count_nodes, &count);
  g_assert_true (same == tuple);
  g_assert_cmpuint (count, ==, 2);
  g_assert_cmpstr (before, ==, "([1, %x, %x], 1)");

  mapped = lfb_value_map_nodes (tuple, put_in_place, one);
  after = lfb_value_to_string (mapped);
  g_assert_cmpstr (after, ==, "([1, 1, 1], 1)");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/value/prints-as-python", test_prints_as_python);
  g_test_add_func ("/value/numbers-read-as-in-python", test_numbers_read_as_in_python);
  g_test_add_func ("/value/dict-items", test_dict_items);
  g_test_add_func ("/value/nests-to-the-limit", test_nests_to_the_limit);
  g_test_add_func ("/value/refuses-misuse", test_refuses_misuse);
  g_test_add_func ("/value/maps-nodes-in-nests", test_maps_nodes_in_nests);

  return g_test_run ();
}

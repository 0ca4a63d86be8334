/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The strict reader of JSON and the writer that goes with it. Both are private
 * to the library and compiled into this test.
 */

#include "common/lfb-test.h"

#include <lowerfb/model/lfb-json-private.h>
#include <lowerfb/model/lfb-json-writer-private.h>

#include <math.h>
#include <string.h>

static LfbJsonTree *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  LfbJsonTree *tree = _lfb_json_tree_new (text, strlen (text), &error);

  g_assert_no_error (error);
  g_assert_nonnull (tree);

  return tree;
}

static void
assert_refused (const char *text,
                gsize       length,
                const char *part)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LfbJsonTree) tree = _lfb_json_tree_new (text, length, &error);

  g_assert_null (tree);
  lfb_assert_error (error, LFB_ERROR_FORMAT, part);
  g_assert_true (g_str_has_prefix (error->message, "byte "));
}

static void
test_kinds (void)
{
  g_autoptr (LfbJsonTree) tree = parse (" [null, true ,false,3,-0,3.0,\"a\",[],{},1e2]\n");
  const LfbJson *root = _lfb_json_tree_get_root (tree);
  static const LfbJsonType types[] = {
    LFB_JSON_NULL, LFB_JSON_BOOL, LFB_JSON_BOOL, LFB_JSON_INT, LFB_JSON_INT,
    LFB_JSON_DOUBLE, LFB_JSON_STRING, LFB_JSON_ARRAY, LFB_JSON_OBJECT, LFB_JSON_DOUBLE,
  };

  g_assert_cmpint (root->type, ==, LFB_JSON_ARRAY);
  g_assert_cmpuint (root->n_items, ==, G_N_ELEMENTS (types));
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    g_assert_cmpint (root->items[i].type, ==, types[i]);
  g_assert_true (root->items[1].boolean);
  g_assert_false (root->items[2].boolean);
  g_assert_cmpint (root->items[3].integer, ==, 3);
  g_assert_cmpint (root->items[4].integer, ==, 0);
  g_assert_cmpfloat (root->items[5].number, ==, 3.0);
  g_assert_cmpstr (root->items[6].text, ==, "a");
  g_assert_cmpuint (root->items[7].n_items, ==, 0);
  g_assert_cmpuint (root->items[8].n_items, ==, 0);
  g_assert_cmpfloat (root->items[9].number, ==, 100.0);
}

static void
test_object (void)
{
  g_autoptr (LfbJsonTree) tree = parse ("{\"b\":1,\"a\":{\"c\":[2,{\"d\":3}]},\"\":4}");
  const LfbJson *root = _lfb_json_tree_get_root (tree);
  const LfbJson *inner;

  g_assert_cmpuint (root->n_items, ==, 3);
  g_assert_cmpstr (root->members[0].name, ==, "b");
  g_assert_cmpstr (root->members[1].name, ==, "a");
  g_assert_cmpstr (root->members[2].name, ==, "");
  inner = _lfb_json_lookup (root, "a");
  g_assert_nonnull (inner);
  inner = _lfb_json_lookup (inner, "c");
  g_assert_cmpint (inner->items[1].members[0].value.integer, ==, 3);
  g_assert_null (_lfb_json_lookup (root, "d"));
}

static void
test_integers (void)
{
  g_autoptr (LfbJsonTree) tree = parse ("[9223372036854775807,-9223372036854775808,0]");
  const LfbJson *root = _lfb_json_tree_get_root (tree);

  g_assert_cmpint (root->items[0].integer, ==, G_MAXINT64);
  g_assert_cmpint (root->items[1].integer, ==, G_MININT64);
}

static void
test_strings (void)
{
  static const struct
  {
    const char *json, *text;
  } rows[] = {
    { "\"\"", "" },
    { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t" },
    { "\"\\u0041\\u00e9\\u20AC\"", "Aé€" },
    { "\"\\ud83d\\ude00\"", "😀" },
    { "\"é€😀\x7f\"", "é€😀\x7f" },
    { "\"a\\u0000b\"", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (LfbJsonTree) tree = NULL;

      if (rows[i].text == NULL)
        {
          assert_refused (rows[i].json, strlen (rows[i].json), "NUL");
          continue;
        }
      tree = parse (rows[i].json);
      g_assert_cmpstr (_lfb_json_tree_get_root (tree)->text, ==, rows[i].text);
    }
}

static void
test_refused (void)
{
  static const struct
  {
    const char *json, *part;
  } rows[] = {
    { "", "byte 0: expected a value, not the end" },
    { "  ", "byte 2: expected a value, not the end" },
    { "[1,]", "byte 3: expected a value, not `]`" },
    { "[,1]", "expected a value, not `,`" },
    { "[1 2]", "byte 3: expected `,` or `]`" },
    { "[1", "expected `,` or `]` in an array, not the end" },
    { "[1}", "expected `,` or `]`" },
    { "{\"a\":1,}", "byte 7: expected a name in quotes, not `}`" },
    { "{\"a\" 1}", "expected `:`" },
    { "{\"a\":}", "expected a value" },
    { "{a:1}", "expected a name in quotes, not `a`" },
    { "{'a':1}", "expected a name in quotes" },
    { "{\"a\":1", "expected `,` or `}` in an object, not the end" },
    { "{\"a\":1,\"a\":2}", "the name `a` twice" },
    { "{\"a\":1,\"\\u0061\":2}", "the name `a` twice" },
    { "[{\"x\":{\"b\":1,\"c\":2,\"b\":3}}]", "byte 6: the object that begins here has the name `b` twice" },
    { "01", "may not begin with 0" },
    { "-01", "may not begin with 0" },
    { "1.", "digit after the decimal point" },
    { ".5", "expected a value" },
    { "-", "expected a digit, not the end" },
    { "+1", "expected a value, not `+`" },
    { "1e", "digit in the exponent" },
    { "1e+", "digit in the exponent" },
    { "0x10", "expected the end of the text, not `x`" },
    { "9223372036854775808", "does not fit into 64 bits" },
    { "-9223372036854775809", "does not fit into 64 bits" },
    { "123456789012345678901234567890", "does not fit into 64 bits" },
    { "1e400", "does not fit into a double" },
    { "-1e400", "does not fit into a double" },
    { "NaN", "expected a value" },
    { "Infinity", "expected a value" },
    { "nul", "expected a value" },
    { "truefalse", "expected the end of the text" },
    { "// note\n1", "expected a value, not `/`" },
    { "[1 /* note */]", "expected `,` or `]`" },
    { "1 1", "byte 2: expected the end of the text" },
    { "\"abc", "byte 0: a text without an end" },
    { "\"\\", "after a backslash, not the end" },
    { "\"\\x41\"", "after a backslash, not `x`" },
    { "\"\\u12\"", "four hexadecimal digits" },
    { "\"\\u12g4\"", "four hexadecimal digits" },
    { "\"\\ud800\"", "half of a surrogate pair (\\ud800)" },
    { "\"\\ud800\\n\"", "half of a surrogate pair" },
    { "\"\\ud800\\u0041\"", "half of a surrogate pair" },
    { "\"\\udc00\"", "half of a surrogate pair" },
    { "\"\\u0000\"", "byte 1: a text cannot hold NUL" },
    { "\"a\nb\"", "control character 0x0a" },
    { "\"a\xff\"", "byte 2: NUL, or not UTF-8" },
    { "\"\xed\xa0\x80\"", "NUL, or not UTF-8" },
    { "\"\xc0\x80\"", "NUL, or not UTF-8" },
    { "\xef\xbb\xbf{}", "expected a value, not the byte 0xef" },
    { "[\x01]", "not the byte 0x01" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    assert_refused (rows[i].json, strlen (rows[i].json), rows[i].part);

  assert_refused ("[1]\0", 4, "byte 3: NUL, or not UTF-8");
  assert_refused ("\"a\0b\"", 5, "byte 2: NUL, or not UTF-8");
}

/* Not a byte beyond the length is looked at, wherever that cuts. */
static void
test_prefixes (void)
{
  const char *json = "{\"a\":[1,-2.5e+3,true,null,\"\\ud83d\\ude00\\n\"],\"b\":{}}";
  gsize length = strlen (json);

  for (gsize i = 0; i < length; i++)
    {
      g_autofree char *exact = g_memdup2 (json, MAX (i, 1));

      assert_refused (exact, i, "");
    }
}

static char *
nest (guint       depth,
      const char *open,
      const char *close)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < depth; i++)
    g_string_append (text, open);
  for (guint i = 0; i < depth; i++)
    g_string_append (text, close);

  return g_string_free (text, FALSE);
}

static void
test_depth (void)
{
  g_autofree char *most = nest (128, "[", "]");
  g_autofree char *more = nest (129, "[", "]");
  g_autofree char *far_more = nest (100000, "[", "]");
  g_autofree char *objects = nest (100000, "{\"a\":", "}");
  g_autoptr (LfbJsonTree) tree = parse (most);

  g_assert_cmpuint (_lfb_json_tree_get_root (tree)->n_items, ==, 1);
  assert_refused (more, strlen (more), "byte 128: nested deeper than 128");
  assert_refused (far_more, strlen (far_more), "nested deeper than 128");
  assert_refused (objects, strlen (objects), "nested deeper than 128");
}

/* Names that are all the same to g_str_hash(), of which 2^17 once took a table of
 * json-glib many minutes.
 */
static char *
make_colliding (guint bits)
{
  GString *text = g_string_new ("{");

  for (guint i = 0; i < 1u << bits; i++)
    {
      g_string_append (text, i > 0 ? ",\"" : "\"");
      for (guint bit = 0; bit < bits; bit++)
        g_string_append (text, i >> bit & 1 ? "Ez" : "FY");
      g_string_append (text, "\":0");
    }
  g_string_append_c (text, '}');

  return g_string_free (text, FALSE);
}

static void
test_collisions (void)
{
  g_autofree char *text = make_colliding (17);
  gint64 start = g_get_monotonic_time ();
  g_autoptr (LfbJsonTree) tree = NULL;

  g_assert_cmpuint (g_str_hash ("EzFY"), ==, g_str_hash ("FYEz"));
  tree = parse (text);
  g_assert_cmpuint (_lfb_json_tree_get_root (tree)->n_items, ==, 1u << 17);
  g_assert_cmpint (g_get_monotonic_time () - start, <, 20 * G_USEC_PER_SEC);
}

/* Large enough to be looked up by hash: the last name of many is the first. */
static void
test_many_names (void)
{
  GString *text = g_string_new ("{");

  for (guint i = 0; i < 5000; i++)
    g_string_append_printf (text, "\"n%u\":%u,", i, i);
  g_string_append (text, "\"n0\":1}");
  assert_refused (text->str, text->len, "the name `n0` twice");

  g_string_truncate (text, text->len - strlen ("\"n0\":1}"));
  g_string_append (text, "\"m\":1}");
  {
    g_autoptr (LfbJsonTree) tree = parse (text->str);

    g_assert_cmpuint (_lfb_json_tree_get_root (tree)->n_items, ==, 5001);
    g_assert_cmpint (_lfb_json_lookup (_lfb_json_tree_get_root (tree), "n4999")->integer, ==, 4999);
  }
  g_string_free (text, TRUE);
}

static char *
write_number (double number)
{
  LfbJsonWriter writer;

  _lfb_json_writer_init (&writer, FALSE);
  _lfb_json_writer_number (&writer, number);
  g_assert_null (writer.fault);

  return _lfb_json_writer_finish (&writer, NULL);
}

static void
assert_number (double number)
{
  g_autofree char *text = write_number (number);
  g_autoptr (LfbJsonTree) tree = parse (text);
  const LfbJson *root = _lfb_json_tree_get_root (tree);

  g_assert_cmpint (root->type, ==, LFB_JSON_DOUBLE);
  g_assert_cmpmem (&root->number, sizeof number, &number, sizeof number);
}

static void
test_numbers (void)
{
  static const struct
  {
    double number;
    const char *text;
  } rows[] = {
    { 3.0, "3.0" },
    { 0.0, "0.0" },
    { -0.0, "-0.0" },
    { 0.1, "0.1" },
    { 2.5, "2.5" },
    { 1e5, "1e+05" },
    { 123456.0, "123456.0" },
    { 1e300, "1e+300" },
    { 5e-324, "5e-324" },
    { 0.30000000000000004, "0.30000000000000004" },
    { G_MAXDOUBLE, "1.7976931348623157e+308" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *text = write_number (rows[i].number);

      g_assert_cmpstr (text, ==, rows[i].text);
      assert_number (rows[i].number);
      assert_number (-rows[i].number);
    }

  for (guint i = 0; i < 20000; i++)
    {
      union { guint64 bits; double number; } any;

      any.bits = (guint64) (guint32) g_test_rand_int () << 32 | (guint32) g_test_rand_int ();
      if (isfinite (any.number))
        assert_number (any.number);
      assert_number ((float) g_test_rand_double_range (-1, 1));
    }
}

static void
test_writer (void)
{
  LfbJsonWriter writer;
  const char *expected = "{\"a\":[],\"b\":{},\"c\":[1,-9223372036854775808,true,null,\"q\\\"\\\\\\n\\u0001é\"],\"d\":false}";
  g_autofree char *compact = NULL, *pretty = NULL;

  for (int i = 0; i < 2; i++)
    {
      _lfb_json_writer_init (&writer, i == 1);
      _lfb_json_writer_begin (&writer, '{');
      _lfb_json_writer_name (&writer, "a");
      _lfb_json_writer_begin (&writer, '[');
      _lfb_json_writer_end (&writer, ']');
      _lfb_json_writer_name (&writer, "b");
      _lfb_json_writer_begin (&writer, '{');
      _lfb_json_writer_end (&writer, '}');
      _lfb_json_writer_name (&writer, "c");
      _lfb_json_writer_begin (&writer, '[');
      _lfb_json_writer_integer (&writer, 1);
      _lfb_json_writer_integer (&writer, G_MININT64);
      _lfb_json_writer_boolean (&writer, TRUE);
      _lfb_json_writer_null (&writer);
      _lfb_json_writer_string (&writer, "q\"\\\n\001é");
      _lfb_json_writer_end (&writer, ']');
      _lfb_json_writer_name (&writer, "d");
      _lfb_json_writer_boolean (&writer, FALSE);
      _lfb_json_writer_end (&writer, '}');
      g_assert_null (writer.fault);
      *(i == 1 ? &pretty : &compact) = _lfb_json_writer_finish (&writer, NULL);
    }

  g_assert_cmpstr (compact, ==, expected);
  g_assert_true (g_str_has_prefix (pretty, "{\n  \"a\": [],\n  \"b\": {},\n  \"c\": [\n    1,\n"));
  g_assert_true (g_str_has_suffix (pretty, "\n  ],\n  \"d\": false\n}"));
  {
    g_autoptr (LfbJsonTree) tree = parse (pretty);

    g_assert_cmpuint (_lfb_json_tree_get_root (tree)->n_items, ==, 4);
  }
}

static void
test_writer_faults (void)
{
  LfbJsonWriter writer;

  _lfb_json_writer_init (&writer, FALSE);
  _lfb_json_writer_string (&writer, "\xff");
  g_assert_nonnull (strstr (writer.fault, "not UTF-8"));
  g_free (_lfb_json_writer_finish (&writer, NULL));

  _lfb_json_writer_init (&writer, FALSE);
  _lfb_json_writer_number (&writer, INFINITY);
  g_assert_nonnull (strstr (writer.fault, "not finite"));
  g_free (_lfb_json_writer_finish (&writer, NULL));

  _lfb_json_writer_init (&writer, FALSE);
  for (guint i = 0; i < 128; i++)
    _lfb_json_writer_begin (&writer, '[');
  g_assert_null (writer.fault);
  _lfb_json_writer_begin (&writer, '[');
  g_assert_nonnull (strstr (writer.fault, "deeper"));
  g_free (_lfb_json_writer_finish (&writer, NULL));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/json/kinds", test_kinds);
  g_test_add_func ("/json/object", test_object);
  g_test_add_func ("/json/integers", test_integers);
  g_test_add_func ("/json/strings", test_strings);
  g_test_add_func ("/json/refused", test_refused);
  g_test_add_func ("/json/prefixes", test_prefixes);
  g_test_add_func ("/json/depth", test_depth);
  g_test_add_func ("/json/collisions", test_collisions);
  g_test_add_func ("/json/many-names", test_many_names);
  g_test_add_func ("/json/numbers", test_numbers);
  g_test_add_func ("/json/writer", test_writer);
  g_test_add_func ("/json/writer-faults", test_writer_faults);

  return g_test_run ();
}

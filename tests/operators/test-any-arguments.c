/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every operator under every name, with arguments of all sorts: it gives a
 * result or an error that is worded, and never more than that. The seed is
 * printed; LFB_TEST_SEED sets it, LFB_TEST_TRIALS says how often each is called.
 */

#include "lfb-test-rows.h"

#include <math.h>

static const char * const values[] = {
  "None", "True", "False", "0", "1", "2", "3", "-1", "-7", "1099511627776", "9223372036854775807", "-9223372036854775808",
  "0.5", "-1.5", "0.0", "inf", "nan", "1e300", "'mean'", "'linear'", "'same'", "'relu'", "'floor'", "...",
  "[]", "()", "[1, 2]", "(2, 2)", "[0, -1]", "(1, 1, 1)", "[None, 1]", "slice(None, None, None)", "slice(1, 0, 2)",
  "float32", "float16", "int64", "quint8", "qint8", "qint32", "quint4x2", "per_channel_affine",
  "f32[]{2}", "f32[0]{}", "f32[1]{0.5}", "f32[3]{1 -2 nan}", "f32[2]{0.5 0.25}", "f32[2,0]{}", "f32[2,2]{1 2 3 4}",
  "f32[2,3]{1 2 3 4 5 6}", "f32[2,2,2]{1 ...}", "f32[2,2,3,3]{0.5 ...}", "f32[2,2,2,2,2]{1 ...}", "f32[1,1,1,1,1,1]{1}",
  "f64[2]{1 2}", "f16[2]{1 2}", "bf16[2]{1 2}", "i64[]{1}", "i64[2]{0 1}", "i64[2]{0 0}", "i64[2]{-1 5}", "i32[1]{0}",
  "u8[3]{1 2 255}", "bool[2]{1 0}", "bool[2,2]{1 0 0 1}",
  "quint8[]{3}*0.5@1", "quint8[0]{}*0.5@1", "quint8[2]{1 255}*0.5@9", "quint8[2,2]{1 2 3 4}*0.5@0",
  "quint8[2,2,3]{7 ...}*0.01@128", "quint8[1,2,3,3]{9 ...}*0.1@3", "quint8[1,2,2,2,2]{9 ...}*0.1@3",
  "qint8[2,2]{-128 127 0 1}*0.5@0", "qint8[2,2]{1 2 3 4}*(0.5 0.25)@(0 0)/0", "qint8[2,2,1]{1 ...}*(0.5 0.25)@(1 -1)/0",
  "qint8[2,2,2,2]{1 ...}*0.5@0", "qint8[2,2,1,1,1]{1 ...}*0.5@0", "qint32[2]{1 2}*0.5@0",
  "quint4x2[2,2]{1 2 3 15}*(1 1)@@(0 0)/0", "quint8[2,2]{1 2 3 4}*(1 1)@@(0 0)/0",
  "[f32[2,2]{1 2 3 4}, f32[2,2]{1 2 3 4}]", "[quint8[2]{1 2}*0.5@9, quint8[2]{1 2}*1@0]", "(f32[2,2]{1 ...}, f32[2,2]{0 ...})",
  "dict()", "dict(weight_ih=f32[4,2]{1 ...}, weight_hh=f32[4,1]{1 ...})",
  "dict(weight_ih_l0=f32[2,2]{1 ...}, weight_hh_l0=f32[2,2]{1 ...})",
  "torch.ops.quantized.linear_prepack (qint8[2,2]{1 2 3 4}*0.5@0)",
  "torch.ops.quantized.linear_prepack_fp16 (f32[2,2]{1 2 3 4})",
  "torch.ops.quantized.conv1d_prepack (qint8[2,2,1]{1 ...}*0.5@0)",
  "torch.ops.quantized.conv2d_prepack (qint8[2,2,2,2]{1 ...}*0.5@0, f32[2]{1 2}, 2, 1)",
  "torch.ops.quantized.conv3d_prepack (qint8[2,2,1,1,1]{1 ...}*0.5@0)",
  "torch.ops.quantized.conv_transpose2d_prepack (qint8[2,2,2,2]{1 ...}*0.5@0)",
  "torch.ops.quantized.embedding_bag_prepack (quint8[2,2]{1 2 3 4}*(1 1)@@(0 0)/0)",
};

/* Large sizes are to fail, also under a sanitizer, which else ends the program. */
const char *__asan_default_options (void);

__attribute__ ((visibility ("default"))) const char *
__asan_default_options (void)
{
  return "allocator_may_return_null=1";
}

/* The names of the parameters, from the operator's description. */
static char **
parameters_of (const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = lfb_describe_operator (name, &error);
  g_auto (GStrv) lines = NULL;
  char **parts = NULL;

  g_assert_no_error (error);
  lines = g_strsplit (text, "\n", -1);
  for (gsize i = 0; lines[i] != NULL; i++)
    if (g_str_has_prefix (lines[i], "arguments: "))
      parts = g_strsplit (lines[i] + strlen ("arguments: "), ", ", -1);
  g_assert_nonnull (parts);
  for (gsize i = 0; parts[i] != NULL; i++)
    g_strdelimit (parts[i], "=", '\0');

  return parts;
}

/* Every byte of a result is there and was written: valgrind and sanitizers see
 * to what is read here.
 */
static void
check_value (LfbValue *value)
{
  if (lfb_value_get_kind (value) == LFB_VALUE_KIND_TENSOR)
    {
      LfbTensor *tensor = lfb_value_get_tensor (value);
      gsize size, bits = lfb_dtype_get_bits (lfb_tensor_get_dtype (tensor));
      const guint8 *data = lfb_tensor_get_data (tensor, &size);
      guint sum = 0;

      g_assert_cmpuint (size, ==, (lfb_tensor_get_n_elements (tensor) * bits + 7) / 8);
      for (gsize i = 0; i < size; i++)
        sum += data[i];
      g_assert_cmpuint (sum, <=, 255 * size);
    }
  else if (lfb_value_is_sequence (value))
    for (gsize i = 0; i < lfb_value_get_n_items (value); i++)
      check_value (lfb_value_get_item (value, i));
}

static gboolean
call_once (GRand       *rand,
           const char  *name,
           char       **parameters,
           LfbValue   **parsed)
{
  LfbValue *args[16], *named[16];
  const char *names[17] = { NULL };
  gsize n_parameters = g_strv_length (parameters), n_args = 0, n_named = 0;
  g_autoptr (GError) error = NULL;
  g_autoptr (LfbValue) result = NULL;

  for (gsize i = 0; i < MIN (n_parameters, 16); i++)
    {
      gboolean required = i < 2 || g_rand_int_range (rand, 0, 3) == 0;
      LfbValue *value = parsed[g_rand_int_range (rand, 0, G_N_ELEMENTS (values))];

      if (!required)
        continue;
      if (n_args == i && g_rand_int_range (rand, 0, 4) != 0)
        args[n_args++] = value;
      else if (parameters[i][0] != '*')
        {
          names[n_named] = parameters[i];
          named[n_named++] = value;
        }
    }

  result = lfb_call (name, args, n_args, names, named, n_named, &error);
  if (result != NULL)
    {
      g_assert_no_error (error);
      check_value (result);
      return TRUE;
    }
  g_assert_nonnull (error);
  g_assert_true (error->domain == LFB_ERROR);
  g_assert_true (g_str_has_prefix (error->message, name));
  g_assert_cmpuint (strlen (error->message), >, strlen (name) + 2);

  return FALSE;
}

static void
test_any (void)
{
  const char *seed_text = g_getenv ("LFB_TEST_SEED"), *trials_text = g_getenv ("LFB_TEST_TRIALS");
  guint32 seed = seed_text != NULL ? g_ascii_strtoull (seed_text, NULL, 10) : g_random_int ();
  gsize trials = trials_text != NULL ? g_ascii_strtoull (trials_text, NULL, 10) : 100;
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  g_auto (GStrv) names = lfb_list_operators ();
  LfbValue *parsed[G_N_ELEMENTS (values)];
  gsize n_results = 0, n_calls = 0;

  g_test_message ("LFB_TEST_SEED=%u LFB_TEST_TRIALS=%" G_GSIZE_FORMAT, seed, trials);
  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    parsed[i] = lfb_test_parse_value (values[i]);

  for (gsize i = 0; names[i] != NULL; i++)
    {
      g_auto (GStrv) parameters = parameters_of (names[i]);

      for (gsize t = 0; t < trials; t++, n_calls++)
        n_results += call_once (rand, names[i], parameters, parsed);
    }

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    lfb_value_unref (parsed[i]);
  g_test_message ("%" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " calls gave a result", n_results, n_calls);
  g_assert_cmpuint (n_results, >, n_calls / 100);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/any-arguments", test_any);

  return g_test_run ();
}

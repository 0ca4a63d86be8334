/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Operators by name: binding of arguments, names, the list, the CPU limit. */

#include "operators/lfb-test-rows.h"

static void
test_binding (void)
{
  static const LfbTestRow rows[] = {
    { "torch.nothing (1)", "!NOT_FOUND there is no operator torch.nothing" },
    { "torch.flatten ()", "!ARGUMENT torch.flatten: argument `input` is missing; expected input, start_dim=0, end_dim=-1" },
    { "torch.flatten (f32[1]{1}, dim=2)", "!ARGUMENT torch.flatten: unknown argument `dim`" },
    { "torch.flatten (f32[1]{1}, 0, start_dim=0)", "!ARGUMENT torch.flatten: argument `start_dim` is given twice" },
    { "torch.flatten (f32[1]{1}, 0, -1, 3)", "!ARGUMENT torch.flatten: 4 arguments are given, but at most 3 are taken" },
    { "torch.flatten (f32[1]{1}, 0.5)", "!ARGUMENT torch.flatten: argument `start_dim` is a float (0.5), expected an int" },
    { "torch.flatten (3)", "!ARGUMENT torch.flatten: argument `input` is an int (3), expected a tensor" },
    { "torch.flatten (self=f32[1,1]{1})", "f32[1]{1}" },
    { "torch.sum (f32[1,2]{1 2}, axis=1)", "f32[1]{3}" },
    /* An int stands for each dimension, True for 1, a tensor of one element for a number. */
    { "torch.nn.functional.avg_pool2d (f32[1,1,2,2]{1 2 3 4}, 2)", "f32[1,1,1,1]{2.5}" },
    { "torch.sum (f32[1,2]{1 2}, True)", "f32[1]{3}" },
    { "torch.sum (f32[1,2]{1 2}, i64[]{1})", "f32[1]{3}" },
    { "torch.sum (f32[1,2]{1 2}, (0, 'x'))", "!ARGUMENT argument `dim[1]` is text" },
  };

  LFB_TEST_ROWS (rows);
}

/* One operator under all its names: the function, the method, the module. */
static void
test_names (void)
{
  static const LfbTestRow rows[] = {
    { "torch.relu (f32[2]{-1 1})", "f32[2]{0 1}" },
    { "torch.nn.functional.relu (f32[2]{-1 1}, inplace=True)", "f32[2]{0 1}" },
    { "relu (f32[2]{-1 1})", "f32[2]{0 1}" },
    { "relu_ (f32[2]{-1 1})", "f32[2]{0 1}" },
    { "torch.Tensor.relu (f32[2]{-1 1})", "f32[2]{0 1}" },
    { "torch.nn.ReLU (f32[2]{-1 1})", "f32[2]{0 1}" },
  };
  /* Functions that are one under two names (lowering.md). */
  static const char * const twice[][2] = {
    { "torch.conv1d", "torch.nn.functional.conv1d" },
    { "torch.conv2d", "torch.nn.functional.conv2d" },
    { "torch.conv3d", "torch.nn.functional.conv3d" },
    { "torch.conv_transpose1d", "torch.nn.functional.conv_transpose1d" },
    { "torch.conv_transpose2d", "torch.nn.functional.conv_transpose2d" },
    { "torch.conv_transpose3d", "torch.nn.functional.conv_transpose3d" },
    { "torch.avg_pool1d", "torch.nn.functional.avg_pool1d" },
    { "torch.adaptive_avg_pool1d", "torch.nn.functional.adaptive_avg_pool1d" },
    { "torch.channel_shuffle", "torch.nn.functional.channel_shuffle" },
    { "torch.pixel_shuffle", "torch.nn.functional.pixel_shuffle" },
    { "torch.pixel_unshuffle", "torch.nn.functional.pixel_unshuffle" },
    { "torch._C._nn.linear", "torch.nn.functional.linear" },
    { "torch._C._nn.avg_pool2d", "torch.nn.functional.avg_pool2d" },
    { "torch._C._nn.avg_pool3d", "torch.nn.functional.avg_pool3d" },
  };

  LFB_TEST_ROWS (rows);
  for (gsize i = 0; i < G_N_ELEMENTS (twice); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *first = lfb_describe_operator (twice[i][0], &error);
      g_autofree char *second = lfb_describe_operator (twice[i][1], &error);

      g_assert_no_error (error);
      g_assert_cmpstr (first, ==, second);
    }
}

static void
test_list (void)
{
  g_auto (GStrv) names = lfb_list_operators ();
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  g_assert_cmpuint (g_strv_length (names), >, 700);
  for (gsize i = 0; names[i] != NULL; i++)
    {
      g_autofree char *description = lfb_describe_operator (names[i], &error);
      const char *rule;
      const char *family;

      g_assert_no_error (error);
      g_assert_true (g_hash_table_add (seen, names[i]));
      g_assert_true (i == 0 || strcmp (names[i - 1], names[i]) < 0);
      g_assert_nonnull (strstr (description, "arguments: "));
      /* What the documentation prints of it. */
      family = description;
      g_assert_true (g_str_has_prefix (family, "family: ") && family[strlen ("family: ")] != '\n');
      rule = strstr (description, "rule: ");
      if (rule == NULL || strlen (rule) < strlen ("rule: x\n"))
        g_error ("%s has no rule: %s", names[i], description);
    }

  text = lfb_describe_operator ("torch.relu", &error);
  g_assert_no_error (error);
  g_assert_nonnull (strstr (text, "methods: relu relu_"));
  g_assert_null (lfb_describe_operator ("torch.nothing", &error));
  g_assert_error (error, LFB_ERROR, LFB_ERROR_NOT_FOUND);
}

static void
test_missing_values (void)
{
  LfbValue *args[] = { NULL };
  g_autoptr (GError) error = NULL;

  g_assert_null (lfb_call ("torch.relu", args, 1, NULL, NULL, 0, &error));
  lfb_assert_error (error, LFB_ERROR_ARGUMENT, "torch.relu: argument 0 is missing");
}

/* Every limit gives the same bytes. */
static void
test_cpu_limit (void)
{
  static const char * const limits[] = { "c", "avx2", "avxvnni", "avx512vnni", "neon", "neondot", NULL };
  const char *before = lfb_get_cpu_limit ();
  g_auto (GStrv) features = lfb_get_cpu_features ();
  g_autoptr (LfbValue) expected = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (features);
  for (gsize i = 0; limits[i] != NULL; i++)
    {
      g_autoptr (LfbValue) result = NULL;

      g_assert_true (lfb_set_cpu_limit (limits[i], &error));
      g_assert_no_error (error);
      g_assert_cmpstr (lfb_get_cpu_limit (), ==, limits[i]);
      result = lfb_test_call ("torch.ao.nn.quantized.Linear (quint8[3,100]{255 ...}*0.1@3, qint8[50,100]{127 ...}*0.01@0, None, 300.0, 5)", &error);
      g_assert_no_error (error);
      if (expected == NULL)
        expected = lfb_value_ref (result);
      g_assert_true (lfb_value_equal (result, expected));
    }
  g_assert_false (lfb_set_cpu_limit ("mmx", &error));
  lfb_assert_error (error, LFB_ERROR_NOT_FOUND, "no instruction set is called “mmx”, expected one of c, avx2");
  g_clear_error (&error);
  g_assert_cmpstr (lfb_get_cpu_limit (), ==, "neondot");
  g_assert_true (lfb_set_cpu_limit (NULL, &error));
  g_assert_null (lfb_get_cpu_limit ());
  g_assert_true (lfb_set_cpu_limit (before, &error));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/call/binding", test_binding);
  g_test_add_func ("/call/names", test_names);
  g_test_add_func ("/call/list", test_list);
  g_test_add_func ("/call/missing-values", test_missing_values);
  g_test_add_func ("/call/cpu-limit", test_cpu_limit);

  return g_test_run ();
}

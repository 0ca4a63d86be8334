/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Embeddings: doc/lowering-coverage.md, pass 4. */

#include "lfb-test-model.h"

#include "../common/lfb-test.h"

#define CALL \
  "%i = placeholder\n" \
  "%m = module m(%i)\n" \
  "return (%m)\n"

/* Two rows of five numbers with scales 0.5 and 0.25 and zero points 1.5 and 2. */
static LfbGraphModule *
make (const char *type,
      LfbDType    dtype)
{
  LfbGraphModule *model = lfb_test_parse (CALL);
  g_autofree char *full = g_strconcat ("torch.ao.nn.quantized.reference.", type, NULL);
  const float weight[] = { 0.0f, 0.5f, 1.0f, -0.5f, 100.0f, 0.0f, 0.25f, 0.375f, -1.0f, 0.5f };
  const float scales[] = { 0.5f, 0.25f };
  const float points[] = { 1.5f, 2.0f };

  lfb_test_add_module (model, "m", full);
  lfb_test_add_setting (model, "m", "weight_dtype", lfb_value_for_dtype (dtype));
  lfb_test_add_setting (model, "m", "weight_qscheme",
                        lfb_value_for_qscheme (LFB_QSCHEME_PER_CHANNEL_AFFINE_FLOAT_QPARAMS));
  lfb_test_add_setting (model, "m", "mode", lfb_value_for_string ("mean"));
  lfb_test_add_setting (model, "m", "max_norm", lfb_value_for_double (1.5));
  lfb_test_add_tensor (model, "m", "weight",
                       lfb_test_tensor (LFB_DTYPE_FLOAT32, weight, sizeof weight, 2, (gint64) 2, (gint64) 5));
  lfb_test_add_tensor (model, "m", "weight_scale",
                       lfb_test_tensor (LFB_DTYPE_FLOAT32, scales, sizeof scales, 1, (gint64) 2));
  lfb_test_add_tensor (model, "m", "weight_zero_point",
                       lfb_test_tensor (LFB_DTYPE_FLOAT32, points, sizeof points, 1, (gint64) 2));

  return model;
}

static void
test_widths (void)
{
  /* round (w / s + z): 1.5 2.5 3.5 0.5 201.5; 2 3 3.5 -2 4; packed low bits
   * first, one row right behind the other
   */
  static const struct
  {
    LfbDType dtype;
    gsize n_bytes;
    guint8 bytes[10];
  } rows[] = {
    { LFB_DTYPE_QUINT8, 10, { 2, 2, 4, 0, 202, 2, 3, 4, 0, 4 } },
    { LFB_DTYPE_QUINT4X2, 5, { 0x22, 0x04, 0x2f, 0x43, 0x40 } },
    { LFB_DTYPE_QUINT2X4, 3, { 0x3a, 0xfb, 0x0c } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (LfbGraphModule) lowered = lfb_test_lowers_to (make ("Embedding", rows[i].dtype), CALL);
      LfbModule *module = lfb_graph_module_get_module (lowered, "m");
      LfbTensor *weight = lfb_module_get_tensor (module, "weight");
      gsize size;
      gconstpointer data = lfb_tensor_get_data (weight, &size);

      g_assert_cmpstr (lfb_module_get_type_name (module), ==, "torch.ao.nn.quantized.Embedding");
      g_assert_cmpint (lfb_tensor_get_dtype (weight), ==, rows[i].dtype);
      g_assert_cmpint (lfb_tensor_get_qscheme (weight), ==, LFB_QSCHEME_PER_CHANNEL_AFFINE_FLOAT_QPARAMS);
      g_assert_cmpint (lfb_tensor_get_dim (weight, 1), ==, 5);
      g_assert_cmpmem (data, size, rows[i].bytes, rows[i].n_bytes);
      g_assert_null (lfb_module_get_tensor (module, "weight_scale"));
    }
}

/* All settings are kept; skipping is not asked for. */
static void
test_bag (void)
{
  LfbGraphModule *model = make ("EmbeddingBag", LFB_DTYPE_QUINT8);
  g_autoptr (LfbGraphModule) lowered = NULL;
  LfbModule *module;

  lfb_test_skip (model, "m");
  lowered = lfb_test_lowers_to (model, CALL);
  module = lfb_graph_module_get_module (lowered, "m");
  g_assert_cmpstr (lfb_module_get_type_name (module), ==, "torch.ao.nn.quantized.EmbeddingBag");
  g_assert_cmpstr (lfb_value_get_string (lfb_module_get_setting (module, "mode")), ==, "mean");
  g_assert_cmpfloat (lfb_value_get_double (lfb_module_get_setting (module, "max_norm")), ==, 1.5);
}

static void
test_refusals (void)
{
  LfbGraphModule *model = make ("Embedding", LFB_DTYPE_QINT8);

  lfb_test_stays (model, "m", "m stays float: its weight cannot be quantized: it is to be qint8, "
                              "and the kernel takes quint8, quint4x2 or quint2x4");

  model = make ("Embedding", LFB_DTYPE_QUINT8);
  lfb_test_add_setting (model, "m", "weight_qscheme", lfb_value_for_qscheme (LFB_QSCHEME_PER_CHANNEL_AFFINE));
  lfb_test_stays (model, "m", "m stays float: its weight cannot be quantized: it is per_channel_affine, "
                              "and the kernel takes rows with float zero points");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/weight-only-modules/widths", test_widths);
  g_test_add_func ("/weight-only-modules/bag", test_bag);
  g_test_add_func ("/weight-only-modules/refusals", test_refusals);

  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* PackedLinear and PackedConv: the numbers by hand from numerics.md, the same
 * bits as the operators, buffers of the caller's, and every bad argument.
 */

#include "lfb-test-rows.h"

#include <math.h>

static LfbTensor *
tensor (const char *text)
{
  g_autoptr (LfbValue) value = lfb_test_parse_value (text);

  return g_object_ref (lfb_value_get_tensor (value));
}

static void
assert_tensor (LfbTensor  *found,
               const char *expected)
{
  g_autoptr (LfbValue) value = lfb_value_for_tensor (found);
  g_autoptr (LfbValue) wanted = lfb_test_parse_value (expected);

  lfb_test_assert_value (expected, value, wanted);
}

static void
assert_shape (const gint64 *found,
              gsize         n_found,
              const gint64 *expected,
              gsize         n_expected)
{
  g_assert_cmpmem (found, n_found * sizeof *found, expected, n_expected * sizeof *expected);
}

#define WEIGHT "qint8[2,2]{3 4 -1 1}*(0.25 0.5)@(0 0)/0"
#define INPUT "quint8[1,2]{11 12}*0.5@10"

static LfbPackedLinear *
pack_linear (const char *weight,
             const char *bias)
{
  g_autoptr (LfbTensor) w = tensor (weight);
  g_autoptr (LfbTensor) b = bias != NULL ? tensor (bias) : NULL;
  g_autoptr (GError) error = NULL;
  LfbPackedLinear *packed = lfb_packed_linear_new (w, b, &error);

  g_assert_no_error (error);

  return packed;
}

static void
test_linear (void)
{
  g_autoptr (LfbPackedLinear) packed = pack_linear (WEIGHT, "f32[2]{1 -1}");
  g_autoptr (LfbPackedLinear) unbiased = pack_linear ("qint8[1,2]{1 2}*0.5@0", NULL);
  g_autoptr (LfbTensor) x = tensor (INPUT);
  g_autoptr (LfbTensor) floats = tensor ("f32[1,2]{-1 3}");
  g_autoptr (GError) error = NULL;
  g_autoptr (LfbTensor) y = lfb_packed_linear_apply (packed, x, 1, 5, &error);
  g_autoptr (LfbTensor) relu = lfb_packed_linear_apply_relu (packed, x, 1, 5, &error);
  g_autoptr (LfbTensor) dynamic = lfb_packed_linear_apply_dynamic (unbiased, floats, FALSE, &error);
  g_autoptr (LfbTensor) reduced = lfb_packed_linear_apply_dynamic (unbiased, floats, TRUE, &error);
  g_autoptr (LfbTensor) weight = NULL;
  g_autoptr (LfbTensor) bias = NULL;
  gint64 in, out;

  g_assert_no_error (error);
  assert_tensor (y, "quint8[1,2]{7 4}*1@5");
  assert_tensor (relu, "quint8[1,2]{7 5}*1@5");
  /* As in test-linear.c, without the bias of 1. */
  assert_tensor (dynamic, "f32[1,1]{2.494117647}");
  assert_tensor (reduced, "f32[1,1]{2.488188976}");

  g_object_get (packed, "weight", &weight, "bias", &bias, "in-features", &in, "out-features", &out, NULL);
  assert_tensor (weight, WEIGHT);
  assert_tensor (bias, "f32[2]{1 -1}");
  g_assert_cmpint (in, ==, 2);
  g_assert_cmpint (out, ==, 2);
  g_assert_null (lfb_packed_linear_get_bias (unbiased));
  g_assert_cmpint (lfb_packed_linear_get_out_features (unbiased), ==, 1);
}

static void
test_linear_shape (void)
{
  g_autoptr (LfbPackedLinear) packed = pack_linear ("qint8[3,2]{1 ...}*1@0", NULL);
  static const gint64 shape[] = { 5, 0, 2 }, wanted[] = { 5, 0, 3 }, wrong[] = { 2, 3 }, negative[] = { -1, 2 };
  g_autoptr (GError) error = NULL;
  g_autofree gint64 *found = NULL;
  gsize n;

  found = lfb_packed_linear_get_output_shape (packed, shape, 3, &n, &error);
  g_assert_no_error (error);
  assert_shape (found, n, wanted, 3);
  g_assert_null (lfb_packed_linear_get_output_shape (packed, wrong, 2, &n, &error));
  lfb_assert_error (error, LFB_ERROR_SHAPE, "[2, 3], expected a last dimension of 2");
  g_assert_cmpuint (n, ==, 0);
  g_clear_error (&error);
  g_assert_null (lfb_packed_linear_get_output_shape (packed, NULL, 0, &n, &error));
  lfb_assert_error (error, LFB_ERROR_SHAPE, "expected a last dimension of 2");
  g_clear_error (&error);
  g_assert_null (lfb_packed_linear_get_output_shape (packed, negative, 2, &n, &error));
  lfb_assert_error (error, LFB_ERROR_SHAPE, "negative");
}

/* The value of one is what the operator takes, and of such a value is made the same. */
static void
test_linear_values (void)
{
  g_autoptr (LfbPackedLinear) packed = pack_linear (WEIGHT, "f32[2]{1 -1}");
  g_autoptr (GError) error = NULL;
  g_autoptr (LfbValue) value = lfb_packed_linear_to_value (packed, &error);
  g_autoptr (LfbPackedLinear) again = lfb_packed_linear_new_for_value (value, &error);
  g_autoptr (LfbValue) x = lfb_test_parse_value (INPUT);
  g_autoptr (LfbValue) scale = lfb_value_for_double (1);
  g_autoptr (LfbValue) zero_point = lfb_value_for_int (5);
  LfbValue *args[] = { x, value, scale, zero_point };
  g_autoptr (LfbValue) by_name = lfb_call ("torch.ops.quantized.linear", args, 4, NULL, NULL, 0, &error);
  g_autoptr (LfbTensor) y = lfb_packed_linear_apply (again, lfb_value_get_tensor (x), 1, 5, &error);
  g_autoptr (LfbValue) half = NULL;
  g_autoptr (LfbValue) text = lfb_value_for_string ("w");

  g_assert_no_error (error);
  assert_tensor (lfb_value_get_tensor (by_name), "quint8[1,2]{7 4}*1@5");
  assert_tensor (y, "quint8[1,2]{7 4}*1@5");

  half = lfb_test_call ("torch.ops.quantized.linear_prepack_fp16 (f32[1,1]{1})", &error);
  g_assert_no_error (error);
  g_assert_null (lfb_packed_linear_new_for_value (half, &error));
  lfb_assert_error (error, LFB_ERROR_DTYPE, "`weight` has the dtype float16, expected qint8");
  g_clear_error (&error);
  g_assert_null (lfb_packed_linear_new_for_value (text, &error));
  lfb_assert_error (error, LFB_ERROR_ARGUMENT, "`packed` is text ('w'), expected a packed weight of class LinearPackedParamsBase");
}

static void
test_linear_errors (void)
{
  static const struct {
    const char *weight;
    const char *bias;
    int code;
    const char *part;
  } rows[] = {
    { "f32[1,1]{1}", NULL, LFB_ERROR_DTYPE, "`weight` has the dtype float32, expected qint8" },
    { "quint8[1,1]{1}*1@0", NULL, LFB_ERROR_DTYPE, "`weight` has the dtype quint8" },
    { "qint8[2]{1 2}*1@0", NULL, LFB_ERROR_SHAPE, "`weight` has the shape [2]" },
    { "qint8[0,2]{}*1@0", NULL, LFB_ERROR_SHAPE, "expected at least one output and one input" },
    { "qint8[1,2]{1 1}*(1 1)@(0 0)/1", NULL, LFB_ERROR_ARGUMENT, "along dimension 1, expected its outputs, 0" },
    { "qint8[1,65794]{1 ...}*1@0", NULL, LFB_ERROR_RANGE, "65794 inputs, expected at most 65793" },
    { "qint8[1,33026]{1 ...}*1@1", NULL, LFB_ERROR_RANGE, "33026 inputs, expected at most 33025" },
    { "qint8[1,1]{1}*1@0", "f32[2]{1 2}", LFB_ERROR_SHAPE, "`bias` has the shape [2], expected [1]" },
    { "qint8[1,1]{1}*1@0", "f32[1,1]{1}", LFB_ERROR_SHAPE, "`bias` has the shape [1, 1], expected [1]" },
    { "qint8[1,1]{1}*1@0", "f64[1]{1}", LFB_ERROR_DTYPE, "`bias` has the dtype float64" },
    { "qint8[3,1]{1 1 1}*1@0", "f32[3]{1 2 nan}", LFB_ERROR_RANGE, "`bias` is nan at element 2" },
    { "qint8[2,1]{1 1}*1@0", "f32[2]{-inf 0}", LFB_ERROR_RANGE, "`bias` is -inf at element 0" },
  };
  g_autoptr (LfbPackedLinear) packed = pack_linear ("qint8[1,2]{1 1}*1@0", NULL);
  static const struct {
    const char *input;
    double scale;
    gint64 zero_point;
    int code;
    const char *part;
  } calls[] = {
    { "quint8[1,3]{1 2 3}*1@0", 1, 0, LFB_ERROR_SHAPE, "`input` has the shape [1, 3]" },
    { "quint8[]{1}*1@0", 1, 0, LFB_ERROR_SHAPE, "`input` has the shape []" },
    { "qint8[1,2]{1 2}*1@0", 1, 0, LFB_ERROR_DTYPE, "`input` has the dtype qint8" },
    { "f32[1,2]{1 2}", 1, 0, LFB_ERROR_DTYPE, "`input` has the dtype float32" },
    { "quint8[1,2]{1 2}*1@0", 0, 0, LFB_ERROR_RANGE, "`scale`" },
    { "quint8[1,2]{1 2}*1@0", -1, 0, LFB_ERROR_RANGE, "`scale`" },
    { "quint8[1,2]{1 2}*1@0", NAN, 0, LFB_ERROR_RANGE, "`scale`" },
    { "quint8[1,2]{1 2}*1@0", INFINITY, 0, LFB_ERROR_RANGE, "`scale`" },
    { "quint8[1,2]{1 2}*1@0", 1, 256, LFB_ERROR_RANGE, "`zero_point`" },
    { "quint8[1,2]{1 2}*1@0", 1, -1, LFB_ERROR_RANGE, "`zero_point`" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (LfbTensor) weight = tensor (rows[i].weight);
      g_autoptr (LfbTensor) bias = rows[i].bias != NULL ? tensor (rows[i].bias) : NULL;
      g_autoptr (GError) error = NULL;

      g_assert_null (lfb_packed_linear_new (weight, bias, &error));
      lfb_assert_error (error, rows[i].code, rows[i].part);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      g_autoptr (LfbTensor) input = tensor (calls[i].input);
      g_autoptr (LfbBuffer) buffer = lfb_buffer_new (16, NULL);
      g_autoptr (GError) error = NULL;

      g_assert_null (lfb_packed_linear_apply (packed, input, calls[i].scale, calls[i].zero_point, &error));
      lfb_assert_error (error, calls[i].code, calls[i].part);
      g_clear_error (&error);
      g_assert_null (lfb_packed_linear_apply_relu (packed, input, calls[i].scale, calls[i].zero_point, &error));
      lfb_assert_error (error, calls[i].code, calls[i].part);
      g_clear_error (&error);
      g_assert_false (lfb_packed_linear_apply_into (packed, input, calls[i].scale, calls[i].zero_point, buffer, &error));
      lfb_assert_error (error, calls[i].code, calls[i].part);
    }
}

static void
test_dynamic_errors (void)
{
  g_autoptr (LfbPackedLinear) packed = pack_linear ("qint8[1,2]{1 1}*1@0", NULL);
  static const struct {
    const char *input;
    int code;
    const char *part;
  } rows[] = {
    { "quint8[1,2]{1 2}*1@0", LFB_ERROR_DTYPE, "expected float32" },
    { "f32[1,3]{1 2 3}", LFB_ERROR_SHAPE, "`input` has the shape [1, 3]" },
    { "f32[0,2]{}", LFB_ERROR_RANGE, "empty" },
    { "f32[1,2]{1 nan}", LFB_ERROR_RANGE, "NaN" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (LfbTensor) input = tensor (rows[i].input);
      g_autoptr (GError) error = NULL;

      g_assert_null (lfb_packed_linear_apply_dynamic (packed, input, TRUE, &error));
      lfb_assert_error (error, rows[i].code, rows[i].part);
    }
}

/* Only as many bytes as the output has are written, and only where they fit. */
static void
test_linear_buffers (void)
{
  g_autoptr (LfbPackedLinear) packed = pack_linear (WEIGHT, "f32[2]{1 -1}");
  g_autoptr (LfbTensor) x = tensor (INPUT);
  g_autoptr (LfbTensor) floats = tensor ("f32[1,2]{-1 3}");
  g_autoptr (GError) error = NULL;
  g_autoptr (LfbTensor) expected = lfb_packed_linear_apply_dynamic (packed, floats, FALSE, &error);
  guint8 memory[16];
  g_autoptr (LfbBuffer) buffer = NULL;
  g_autoptr (LfbBuffer) small = lfb_buffer_new (1, &error);
  g_autoptr (LfbBuffer) own = lfb_buffer_new (8, &error);
  g_autoptr (LfbBuffer) odd = NULL;
  g_autoptr (LfbBuffer) bare = g_object_new (LFB_TYPE_BUFFER, NULL);
  g_autoptr (LfbBuffer) input = NULL;
  g_autoptr (GBytes) view = NULL;

  g_assert_no_error (error);
  memset (memory, 99, sizeof memory);
  buffer = lfb_buffer_new_for_pointer (GPOINTER_TO_SIZE (memory), sizeof memory, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (lfb_packed_linear_apply_into (packed, x, 1, 5, buffer, &error));
  g_assert_no_error (error);
  g_assert_cmpmem (memory, 3, "\x07\x04\x63", 3);
  g_assert_true (lfb_packed_linear_apply_relu_into (packed, x, 1, 5, buffer, &error));
  g_assert_no_error (error);
  g_assert_cmpmem (memory, 3, "\x07\x05\x63", 3);

  view = lfb_buffer_get_bytes (own);
  g_assert_true (lfb_packed_linear_apply_dynamic_into (packed, floats, FALSE, own, &error));
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (view, NULL), 8, lfb_tensor_get_data (expected, NULL), 8);

  g_assert_false (lfb_packed_linear_apply_into (packed, x, 1, 5, small, &error));
  lfb_assert_error (error, LFB_ERROR_RANGE, "`buffer` has 1 bytes, expected at least 2 elements of 1");
  g_clear_error (&error);
  g_assert_false (lfb_packed_linear_apply_into (packed, x, 1, 5, bare, &error));
  lfb_assert_error (error, LFB_ERROR_RANGE, "`buffer` has 0 bytes");
  g_clear_error (&error);
  odd = lfb_buffer_new_for_pointer (lfb_buffer_get_address (own) + 1, 7, G_OBJECT (own), &error);
  g_assert_no_error (error);
  g_assert_false (lfb_packed_linear_apply_dynamic_into (packed, floats, FALSE, odd, &error));
  lfb_assert_error (error, LFB_ERROR_RANGE, "`buffer` has 7 bytes, expected at least 2 elements of 4");
  g_clear_error (&error);
  g_clear_object (&odd);
  odd = lfb_buffer_new_for_pointer (GPOINTER_TO_SIZE (memory) / 4 * 4 + 1, 8, NULL, &error);
  g_assert_false (lfb_packed_linear_apply_dynamic_into (packed, floats, FALSE, odd, &error));
  lfb_assert_error (error, LFB_ERROR_ARGUMENT, "not aligned for elements of 4 bytes");
  g_clear_error (&error);

  input = lfb_buffer_new_for_pointer (lfb_tensor_get_address (x) + 1, 2, G_OBJECT (x), &error);
  g_assert_no_error (error);
  g_assert_false (lfb_packed_linear_apply_into (packed, x, 1, 5, input, &error));
  lfb_assert_error (error, LFB_ERROR_ARGUMENT, "`buffer` overlaps the memory of the input");
}

static void
test_buffers (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LfbBuffer) buffer = lfb_buffer_new (3, &error);
  g_autoptr (LfbBuffer) empty = lfb_buffer_new (0, &error);
  g_autoptr (LfbBuffer) nothing = lfb_buffer_new_for_pointer (0, 0, NULL, &error);
  g_autoptr (LfbBuffer) inside = NULL;
  g_autoptr (GBytes) bytes = NULL;
  LfbBuffer *watched = buffer;
  guint64 size, address;

  g_assert_no_error (error);
  g_object_get (buffer, "size", &size, "address", &address, NULL);
  g_assert_cmpuint (size, ==, 3);
  g_assert_cmpuint (address % 64, ==, 0);
  g_assert_cmpmem (lfb_buffer_get_data (buffer, NULL), 3, "\0\0\0", 3);
  g_assert_cmpuint (lfb_buffer_get_size (empty), ==, 0);
  g_assert_cmpuint (lfb_buffer_get_size (nothing), ==, 0);

  g_assert_null (lfb_buffer_new (G_MAXSIZE, &error));
  lfb_assert_error (error, LFB_ERROR_RANGE, "no memory for a buffer of 18446744073709551615 bytes");
  g_clear_error (&error);
  g_assert_null (lfb_buffer_new_for_pointer (0, 1, NULL, &error));
  lfb_assert_error (error, LFB_ERROR_ARGUMENT, "no 1 bytes at address 0");
  g_clear_error (&error);
  g_assert_null (lfb_buffer_new_for_pointer (G_MAXUINT64 - 1, 3, NULL, &error));
  lfb_assert_error (error, LFB_ERROR_ARGUMENT, "no 3 bytes at address");

  /* Bytes and buffers that stand on it keep it. */
  g_object_add_weak_pointer (G_OBJECT (watched), (gpointer *) &watched);
  bytes = lfb_buffer_get_bytes (buffer);
  inside = lfb_buffer_new_for_pointer (address + 1, 2, G_OBJECT (buffer), NULL);
  memcpy (lfb_buffer_get_data (buffer, NULL), "abc", 3);
  g_clear_object (&buffer);
  g_assert_nonnull (watched);
  g_assert_cmpmem (lfb_buffer_get_data (inside, &size), 2, "bc", 2);
  g_clear_object (&inside);
  g_assert_nonnull (watched);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), 3, "abc", 3);
  g_clear_pointer (&bytes, g_bytes_unref);
  g_assert_null (watched);
}

static LfbPackedConv *
pack_conv (const char  *weight,
           const char  *bias,
           const char  *settings,
           GError     **error)
{
  g_autoptr (LfbTensor) w = tensor (weight);
  g_autoptr (LfbTensor) b = bias != NULL ? tensor (bias) : NULL;
  g_autoptr (LfbValue) s = settings != NULL ? lfb_test_parse_value (settings) : NULL;

  return lfb_packed_conv_new (w, b, s, error);
}

/* Rows: weight, bias, settings, input, and what scale 1 and zero point 5 give. */
static void
test_conv (void)
{
  static const struct {
    const char *weight, *bias, *settings, *input, *output;
    guint n_spatial;
    gint64 in, out, groups;
  } rows[] = {
    { "qint8[1,1,2]{1 -1}*1@0", NULL, "dict(padding=1)", "quint8[1,1,3]{6 7 8}*1@5", "quint8[1,1,4]{4 4 4 8}*1@5", 1, 1, 1, 1 },
    { "qint8[1,1,2]{1 -1}*1@0", NULL, "dict(padding=(1,), stride=[2])", "quint8[1,3]{6 7 8}*1@5", "quint8[1,2]{4 4}*1@5", 1, 1, 1, 1 },
    {
      "qint8[2,1,1,1]{1 2}*(0.5 0.25)@(0 0)/0", "f32[2]{2 -2}", "dict(groups=2)", "quint8[1,2,1,1]{6 8}*1@4",
      "quint8[1,2,1,1]{8 5}*1@5", 2, 2, 2, 2
    },
    { "qint8[1,1,2,2]{1 ...}*1@0", NULL, "dict(padding='same')", "quint8[1,1,2,2]{1 1 1 1}*1@0", "quint8[1,1,2,2]{9 7 7 6}*1@5", 2, 1, 1, 1 },
    { "qint8[1,1,1,1,1]{2}*1@0", NULL, NULL, "quint8[1,1,1,1,2]{1 2}*1@0", "quint8[1,1,1,1,2]{7 9}*1@5", 3, 1, 1, 1 },
    { "qint8[1,1,2]{1 3}*1@0", NULL, "dict(transpose=True, stride=2)", "quint8[1,1,2]{1 2}*1@0", "quint8[1,1,4]{6 8 7 11}*1@5", 1, 1, 1, 1 },
    {
      "qint8[1,2,2]{1 3 1 1}*1@0", "f32[2]{0 1}", "dict(transpose=True, stride=2, output_padding=1)", "quint8[1,1,2]{1 2}*1@0",
      "quint8[1,2,5]{6 8 7 11 5 7 7 8 8 6}*1@5", 1, 1, 2, 1
    },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (LfbPackedConv) packed = pack_conv (rows[i].weight, rows[i].bias, rows[i].settings, &error);
      g_autoptr (LfbPackedConv) again = NULL;
      g_autoptr (LfbTensor) x = tensor (rows[i].input);
      g_autoptr (LfbTensor) y = NULL;
      g_autoptr (LfbTensor) same = NULL;
      g_autoptr (LfbTensor) weight = NULL;
      g_autoptr (LfbValue) settings = NULL;
      g_autoptr (LfbBuffer) buffer = lfb_buffer_new (64, NULL);
      g_autofree gint64 *shape = NULL;
      gsize n_dims, n;
      const gint64 *own = lfb_tensor_get_shape (x, &n_dims), *found;
      gint64 in, out, groups;
      gboolean transposed;
      guint n_spatial;

      g_assert_no_error (error);
      y = lfb_packed_conv_apply (packed, x, 1, 5, &error);
      g_assert_no_error (error);
      assert_tensor (y, rows[i].output);
      g_assert_true (lfb_packed_conv_apply_into (packed, x, 1, 5, buffer, &error));
      g_assert_no_error (error);
      g_assert_cmpmem (lfb_buffer_get_data (buffer, NULL), lfb_tensor_get_n_elements (y),
                       lfb_tensor_get_data (y, NULL), lfb_tensor_get_n_elements (y));

      shape = lfb_packed_conv_get_output_shape (packed, own, n_dims, &n, &error);
      g_assert_no_error (error);
      found = lfb_tensor_get_shape (y, &n_dims);
      assert_shape (shape, n, found, n_dims);

      g_object_get (packed, "weight", &weight, "settings", &settings, "in-channels", &in, "out-channels", &out,
                    "groups", &groups, "n-spatial", &n_spatial, "transposed", &transposed, NULL);
      assert_tensor (weight, rows[i].weight);
      g_assert_cmpint (in, ==, rows[i].in);
      g_assert_cmpint (out, ==, rows[i].out);
      g_assert_cmpint (groups, ==, rows[i].groups);
      g_assert_cmpuint (n_spatial, ==, rows[i].n_spatial);
      g_assert_cmpint (transposed, ==, rows[i].settings != NULL && strstr (rows[i].settings, "transpose") != NULL);
      g_assert_true ((lfb_packed_conv_get_bias (packed) != NULL) == (rows[i].bias != NULL));

      /* The settings of one make another that does the same. */
      again = lfb_packed_conv_new (weight, lfb_packed_conv_get_bias (packed), settings, &error);
      g_assert_no_error (error);
      same = lfb_packed_conv_apply (again, x, 1, 5, &error);
      g_assert_no_error (error);
      g_assert_true (lfb_tensor_equal (same, y));
      g_assert_true (lfb_value_equal (lfb_packed_conv_get_settings (again), settings));
    }
}

static void
test_conv_forms (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LfbPackedConv) packed = pack_conv ("qint8[1,1,2]{1 2}*0.5@0", "f32[1]{-1}", NULL, &error);
  g_autoptr (LfbTensor) x = tensor ("quint8[1,1,2]{4 6}*0.5@5");
  g_autoptr (LfbTensor) floats = tensor ("f32[1,1,2]{-1 3}");
  g_autoptr (LfbTensor) y = lfb_packed_conv_apply (packed, x, 0.25, 5, &error);
  g_autoptr (LfbTensor) relu = lfb_packed_conv_apply_relu (packed, x, 0.25, 5, &error);
  g_autoptr (LfbTensor) dynamic = lfb_packed_conv_apply_dynamic (packed, floats, FALSE, &error);
  g_autoptr (LfbBuffer) buffer = lfb_buffer_new (4, &error);

  /* (-1 + 2) * 0.25 - 1 = -0.75, 3 steps of 0.25 below 5. */
  g_assert_no_error (error);
  assert_tensor (y, "quint8[1,1,1]{2}*0.25@5");
  assert_tensor (relu, "quint8[1,1,1]{5}*0.25@5");
  assert_tensor (dynamic, "f32[1,1,1]{1.494117647}");
  g_assert_true (lfb_packed_conv_apply_relu_into (packed, x, 0.25, 5, buffer, &error));
  g_assert_cmpint (*(guint8 *) lfb_buffer_get_data (buffer, NULL), ==, 5);
  g_assert_true (lfb_packed_conv_apply_dynamic_into (packed, floats, FALSE, buffer, &error));
  g_assert_cmpmem (lfb_buffer_get_data (buffer, NULL), 4, lfb_tensor_get_data (dynamic, NULL), 4);
  g_assert_no_error (error);
}

static void
test_conv_values (void)
{
  static const struct {
    const char *weight, *settings;
    const char *operator;
    const char *input, *output;
  } rows[] = {
    { "qint8[1,1,2]{1 -1}*1@0", "dict(padding=1)", "conv1d", "quint8[1,1,3]{6 7 8}*1@5", "quint8[1,1,4]{4 4 4 8}*1@5" },
    { "qint8[1,1,1,2]{1 -1}*1@0", "dict(padding=(0, 1))", "conv2d", "quint8[1,1,1,3]{6 7 8}*1@5", "quint8[1,1,1,4]{4 4 4 8}*1@5" },
    { "qint8[1,1,1,1,1]{2}*1@0", NULL, "conv3d", "quint8[1,1,1,1,2]{1 2}*1@0", "quint8[1,1,1,1,2]{7 9}*1@5" },
    { "qint8[1,1,2]{1 3}*1@0", "dict(transpose=True, stride=2)", "conv_transpose1d", "quint8[1,1,2]{1 2}*1@0", "quint8[1,1,4]{6 8 7 11}*1@5" },
  };
  g_autoptr (LfbValue) scale = lfb_value_for_double (1);
  g_autoptr (LfbValue) zero_point = lfb_value_for_int (5);
  g_autoptr (LfbPackedConv) uneven = NULL;
  g_autoptr (LfbPackedConv) reflecting = NULL;
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (LfbPackedConv) packed = pack_conv (rows[i].weight, NULL, rows[i].settings, &error);
      g_autoptr (LfbValue) value = lfb_packed_conv_to_value (packed, &error);
      g_autoptr (LfbPackedConv) again = lfb_packed_conv_new_for_value (value, &error);
      g_autofree char *name = g_strconcat ("torch.ops.quantized.", rows[i].operator, NULL);
      g_autoptr (LfbValue) x = lfb_test_parse_value (rows[i].input);
      LfbValue *args[] = { x, value, scale, zero_point };
      g_autoptr (LfbValue) y = lfb_call (name, args, 4, NULL, NULL, 0, &error);

      g_assert_no_error (error);
      assert_tensor (lfb_value_get_tensor (y), rows[i].output);
      /* Of one dimension become two. */
      g_assert_cmpuint (lfb_packed_conv_get_n_spatial (again), ==, MAX (lfb_packed_conv_get_n_spatial (packed), 2));
      g_assert_cmpint (lfb_packed_conv_get_transposed (again), ==, lfb_packed_conv_get_transposed (packed));
    }

  uneven = pack_conv ("qint8[1,1,2]{1 1}*1@0", NULL, "dict(padding='same')", &error);
  g_assert_no_error (error);
  g_assert_null (lfb_packed_conv_to_value (uneven, &error));
  lfb_assert_error (error, LFB_ERROR_ARGUMENT, "one padding for both sides");
  g_clear_error (&error);
  reflecting = pack_conv ("qint8[1,1,3]{1 1 1}*1@0", NULL, "dict(padding=1, padding_mode='reflect')", &error);
  g_assert_no_error (error);
  g_assert_null (lfb_packed_conv_to_value (reflecting, &error));
  lfb_assert_error (error, LFB_ERROR_ARGUMENT, "`padding_mode` is not 'zeros'");
  g_clear_error (&error);
  g_assert_null (lfb_packed_conv_new_for_value (scale, &error));
  lfb_assert_error (error, LFB_ERROR_ARGUMENT, "`packed` is a float (1.0), expected a packed weight of class Conv2d");
}

static void
test_conv_errors (void)
{
  static const struct {
    const char *weight, *bias, *settings;
    int code;
    const char *part;
  } rows[] = {
    { "f32[1,1,1]{1}", NULL, NULL, LFB_ERROR_DTYPE, "`weight` has the dtype float32" },
    { "qint8[1,1]{1}*1@0", NULL, NULL, LFB_ERROR_SHAPE, "`weight` has the shape [1, 1]" },
    { "qint8[1,1,1,1,1,1]{1}*1@0", NULL, NULL, LFB_ERROR_SHAPE, "`weight` has the shape" },
    { "qint8[1,0,1]{}*1@0", NULL, NULL, LFB_ERROR_SHAPE, "`weight` has the shape [1, 0, 1]" },
    { "qint8[1,1,1]{1}*1@0", "f32[2]{1 1}", NULL, LFB_ERROR_SHAPE, "`bias` has the shape [2], expected [1]" },
    { "qint8[1,1,1]{1}*1@0", "f32[1]{nan}", NULL, LFB_ERROR_RANGE, "`bias` is nan at element 0" },
    { "qint8[1,1,1]{1}*1@0", NULL, "dict(strides=1)", LFB_ERROR_ARGUMENT, "unknown setting `strides`, expected some of stride, padding" },
    { "qint8[1,1,1]{1}*1@0", NULL, "dict(weight=1)", LFB_ERROR_ARGUMENT, "unknown setting `weight`" },
    { "qint8[1,1,1]{1}*1@0", NULL, "[1]", LFB_ERROR_ARGUMENT, "`settings` is a list, expected a dict" },
    { "qint8[1,1,1]{1}*1@0", NULL, "dict(transpose=1)", LFB_ERROR_ARGUMENT, "`transpose` is an int (1), expected a bool" },
    { "qint8[1,1,1]{1}*1@0", NULL, "dict(stride=0)", LFB_ERROR_RANGE, "`stride` is 0" },
    { "qint8[1,1,1]{1}*1@0", NULL, "dict(stride='a')", LFB_ERROR_ARGUMENT, "`stride` is text" },
    { "qint8[1,1,1]{1}*1@0", NULL, "dict(padding=-1)", LFB_ERROR_RANGE, "`padding` is -1" },
    { "qint8[1,1,1]{1}*1@0", NULL, "dict(padding='full')", LFB_ERROR_ARGUMENT, "`padding` is 'full'" },
    { "qint8[1,1,1]{1}*1@0", NULL, "dict(dilation=[1, 1])", LFB_ERROR_ARGUMENT, "`dilation`" },
    { "qint8[3,1,1]{1 1 1}*1@0", NULL, "dict(groups=2)", LFB_ERROR_SHAPE, "3 output channels, expected a multiple of the 2 groups" },
    { "qint8[1,1,1]{1}*1@0", NULL, "dict(groups=0)", LFB_ERROR_RANGE, "`groups` is 0" },
    { "qint8[1,1,1]{1}*1@0", NULL, "dict(padding_mode='wrap')", LFB_ERROR_ARGUMENT, "`padding_mode` is 'wrap'" },
    { "qint8[1,1,3]{1 1 1}*1@0", NULL, "dict(padding=1, padding_mode='reflect', transpose=True)", LFB_ERROR_ARGUMENT, "must be 'zeros'" },
    { "qint8[1,65794,1]{1 ...}*1@0", NULL, NULL, LFB_ERROR_RANGE, "65794 products for each output, expected at most 65793" },
    { "qint8[1,2,1]{1 1}*(1 1)@(0 0)/1", NULL, NULL, LFB_ERROR_ARGUMENT, "along dimension 1, expected its outputs, 0" },
  };
  static const gint64 no_channels[] = { 1, 3, 4 }, negative[] = { -1, 1, 4 }, flat[] = { 4 }, large[] = { 1, 1, G_MAXINT64 };
  static const struct {
    const gint64 *shape;
    gsize n_dims;
    const char *part;
  } shapes[] = {
    { no_channels, 3, "3 channels, expected 1" },
    { negative, 3, "negative" },
    { flat, 1, "expected 2 to 3 dimensions" },
    { large, 3, "expected channels and sizes of 1 to 2147483647" },
  };
  g_autoptr (LfbPackedConv) packed = pack_conv ("qint8[1,1,2]{1 1}*1@0", NULL, NULL, NULL);
  g_autoptr (LfbTensor) short_input = tensor ("quint8[1,1,1]{1}*1@0");
  g_autoptr (LfbTensor) signed_input = tensor ("qint8[1,1,2]{1 1}*1@0");
  g_autoptr (LfbTensor) floats = tensor ("f32[1,1,2]{1 inf}");
  g_autoptr (LfbTensor) x = tensor ("quint8[1,1,3]{1 2 3}*1@0");
  g_autoptr (LfbBuffer) small = lfb_buffer_new (1, NULL);
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_assert_null (pack_conv (rows[i].weight, rows[i].bias, rows[i].settings, &error));
      lfb_assert_error (error, rows[i].code, rows[i].part);
      g_clear_error (&error);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (shapes); i++)
    {
      gsize n;

      g_assert_null (lfb_packed_conv_get_output_shape (packed, shapes[i].shape, shapes[i].n_dims, &n, &error));
      lfb_assert_error (error, LFB_ERROR_SHAPE, shapes[i].part);
      g_clear_error (&error);
    }

  g_assert_null (lfb_packed_conv_apply (packed, short_input, 1, 0, &error));
  lfb_assert_error (error, LFB_ERROR_SHAPE, "gives an output of 0");
  g_clear_error (&error);
  g_assert_null (lfb_packed_conv_apply (packed, signed_input, 1, 0, &error));
  lfb_assert_error (error, LFB_ERROR_DTYPE, "`input` has the dtype qint8, expected quint8");
  g_clear_error (&error);
  g_assert_null (lfb_packed_conv_apply (packed, x, 0, 0, &error));
  lfb_assert_error (error, LFB_ERROR_RANGE, "`scale`");
  g_clear_error (&error);
  g_assert_null (lfb_packed_conv_apply_dynamic (packed, floats, FALSE, &error));
  lfb_assert_error (error, LFB_ERROR_RANGE, "infinite");
  g_clear_error (&error);
  g_assert_false (lfb_packed_conv_apply_into (packed, x, 1, 0, small, &error));
  lfb_assert_error (error, LFB_ERROR_RANGE, "`buffer` has 1 bytes, expected at least 2 elements of 1");
}

/* Objects that g_object_new () makes hold nothing and say so. */
static void
test_bare (void)
{
  g_autoptr (LfbPackedLinear) linear = g_object_new (LFB_TYPE_PACKED_LINEAR, NULL);
  g_autoptr (LfbPackedConv) conv = g_object_new (LFB_TYPE_PACKED_CONV, NULL);
  g_autoptr (LfbTensor) x = tensor (INPUT);
  g_autoptr (LfbBuffer) buffer = lfb_buffer_new (4, NULL);
  g_autoptr (GError) error = NULL;
  const gint64 shape[] = { 1 };
  gsize n;

  g_assert_null (lfb_packed_linear_apply (linear, x, 1, 0, &error));
  lfb_assert_error (error, LFB_ERROR_ARGUMENT, "holds no weight");
  g_clear_error (&error);
  g_assert_false (lfb_packed_linear_apply_dynamic_into (linear, x, FALSE, buffer, &error));
  lfb_assert_error (error, LFB_ERROR_ARGUMENT, "holds no weight");
  g_clear_error (&error);
  g_assert_null (lfb_packed_linear_to_value (linear, &error));
  lfb_assert_error (error, LFB_ERROR_ARGUMENT, "holds no weight");
  g_clear_error (&error);
  g_assert_null (lfb_packed_linear_get_output_shape (linear, shape, 1, &n, &error));
  lfb_assert_error (error, LFB_ERROR_ARGUMENT, "holds no weight");
  g_clear_error (&error);
  g_assert_cmpint (lfb_packed_linear_get_in_features (linear), ==, 0);
  g_assert_null (lfb_packed_linear_get_weight (linear));

  g_assert_null (lfb_packed_conv_apply_dynamic (conv, x, FALSE, &error));
  lfb_assert_error (error, LFB_ERROR_ARGUMENT, "holds no weight");
  g_clear_error (&error);
  g_assert_false (lfb_packed_conv_apply_into (conv, x, 1, 0, buffer, &error));
  lfb_assert_error (error, LFB_ERROR_ARGUMENT, "holds no weight");
  g_clear_error (&error);
  g_assert_null (lfb_packed_conv_to_value (conv, &error));
  lfb_assert_error (error, LFB_ERROR_ARGUMENT, "holds no weight");
  g_clear_error (&error);
  g_assert_null (lfb_packed_conv_get_output_shape (conv, shape, 1, &n, &error));
  lfb_assert_error (error, LFB_ERROR_ARGUMENT, "holds no weight");
  g_assert_cmpint (lfb_packed_conv_get_groups (conv), ==, 0);
  g_assert_null (lfb_packed_conv_get_settings (conv));
  g_assert_false (lfb_packed_conv_get_transposed (conv));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/packed/buffers", test_buffers);
  g_test_add_func ("/packed/linear", test_linear);
  g_test_add_func ("/packed/linear-shape", test_linear_shape);
  g_test_add_func ("/packed/linear-values", test_linear_values);
  g_test_add_func ("/packed/linear-errors", test_linear_errors);
  g_test_add_func ("/packed/linear-dynamic-errors", test_dynamic_errors);
  g_test_add_func ("/packed/linear-buffers", test_linear_buffers);
  g_test_add_func ("/packed/conv", test_conv);
  g_test_add_func ("/packed/conv-forms", test_conv_forms);
  g_test_add_func ("/packed/conv-values", test_conv_values);
  g_test_add_func ("/packed/conv-errors", test_conv_errors);
  g_test_add_func ("/packed/bare", test_bare);

  return g_test_run ();
}

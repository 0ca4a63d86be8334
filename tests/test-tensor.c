/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tensors: sharing of memory, quantization parameters, and what is refused. */

#include "common/lfb-test.h"

#include <math.h>

static LfbTensor *
make_ints (LfbDType dtype)
{
  static const guint8 data[] = { 0, 1, 2, 128, 254, 255 };

  return lfb_test_tensor (dtype, data, sizeof data, 2, (gint64) 2, (gint64) 3);
}

static LfbTensor *
make_floats (gsize        n,
             const float *data)
{
  return lfb_test_tensor (LFB_DTYPE_FLOAT32, data, n * sizeof *data, 1, (gint64) n);
}

static void
test_shares_bytes (void)
{
  static const float data[] = { 1.5f, -2, 0, 4 };
  const gint64 shape[] = { 2, 2 };
  g_autoptr (GBytes) bytes = g_bytes_new (data, sizeof data);
  g_autoptr (GBytes) again = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (LfbTensor) tensor = lfb_tensor_new_for_bytes (LFB_DTYPE_FLOAT32, shape, 2, bytes, &error);
  const gint64 *got;
  gsize n_dims, size;

  g_assert_no_error (error);
  got = lfb_tensor_get_shape (tensor, &n_dims);
  g_assert_cmpmem (got, n_dims * sizeof *got, shape, sizeof shape);
  g_assert_cmpint (lfb_tensor_get_n_elements (tensor), ==, 4);
  g_assert_true (lfb_tensor_get_data (tensor, &size) == g_bytes_get_data (bytes, NULL));
  g_assert_cmpuint (size, ==, sizeof data);
  g_assert_cmpuint (lfb_tensor_get_address (tensor), ==, GPOINTER_TO_SIZE (g_bytes_get_data (bytes, NULL)));
  again = lfb_tensor_get_bytes (tensor);
  g_assert_true (again == bytes);
  g_assert_false (lfb_tensor_is_quantized (tensor));
  g_assert_cmpint (lfb_tensor_get_axis (tensor), ==, -1);
}

static void
test_pointer_keeps_owner (void)
{
  static const gint32 data[] = { 1, 2, 3 };
  const gint64 shape[] = { 3 };
  GObject *owner = g_object_new (G_TYPE_OBJECT, NULL);
  gpointer watch = owner;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  LfbTensor *tensor = lfb_tensor_new_for_pointer (LFB_DTYPE_INT32, shape, 1, GPOINTER_TO_SIZE (data),
                                                  sizeof data, owner, &error);

  g_assert_no_error (error);
  g_object_add_weak_pointer (owner, &watch);
  g_object_unref (owner);
  g_assert_nonnull (watch);
  g_assert_cmpuint (lfb_tensor_get_address (tensor), ==, GPOINTER_TO_SIZE (data));

  bytes = lfb_tensor_get_bytes (tensor);
  g_object_unref (tensor);
  g_assert_nonnull (watch);
  g_clear_pointer (&bytes, g_bytes_unref);
  g_assert_null (watch);
}

static void
test_unaligned_is_copied (void)
{
  static const guint8 data[] __attribute__ ((aligned (8))) = { 9, 0, 0, 0xc0, 0x3f, 0, 0, 0, 0 };
  const gint64 shape[] = { 2 };
  g_autoptr (GError) error = NULL;
  g_autoptr (LfbTensor) tensor = lfb_tensor_new_for_pointer (LFB_DTYPE_FLOAT32, shape, 1,
                                                             GPOINTER_TO_SIZE (data + 1), 8, NULL, &error);
  const float *floats;

  g_assert_no_error (error);
  floats = lfb_tensor_get_data (tensor, NULL);
  g_assert_cmpuint (GPOINTER_TO_SIZE (floats) % 4, ==, 0);
  g_assert_cmpfloat (floats[0], ==, 1.5f);
}

static void
test_scalar_and_empty (void)
{
  const gint64 zero[] = { 3, 0, 2 };
  const gint64 seven = 7;
  g_autoptr (LfbTensor) scalar = lfb_test_tensor (LFB_DTYPE_INT64, &seven, sizeof seven, 0);
  g_autoptr (GBytes) bytes = g_bytes_new (NULL, 0);
  g_autoptr (GError) error = NULL;
  g_autoptr (LfbTensor) empty = lfb_tensor_new_for_bytes (LFB_DTYPE_FLOAT64, zero, 3, bytes, &error);
  g_autofree char *text = lfb_tensor_to_string (scalar);
  g_autofree char *empty_text = NULL;

  g_assert_no_error (error);
  g_assert_cmpint (lfb_tensor_get_n_elements (scalar), ==, 1);
  g_assert_cmpuint (lfb_tensor_get_n_dims (scalar), ==, 0);
  g_assert_cmpstr (text, ==, "int64[]");
  g_assert_cmpint (lfb_tensor_get_n_elements (empty), ==, 0);
  empty_text = lfb_tensor_to_string (empty);
  g_assert_cmpstr (empty_text, ==, "float64[3, 0, 2]");
}

static void
test_dequantizes_per_tensor (void)
{
  static const float expected[] = { -1, -0.5f, 0, 63, 126, 126.5f };
  g_autoptr (LfbTensor) integers = make_ints (LFB_DTYPE_UINT8);
  g_autoptr (GError) error = NULL;
  g_autoptr (LfbTensor) tensor = lfb_tensor_new_quantized (integers, 0.5, 2, LFB_DTYPE_QUINT8, &error);
  g_autoptr (LfbTensor) floats = NULL;
  g_autofree char *text = NULL;
  gsize size;
  const float *data;

  g_assert_no_error (error);
  g_assert_cmpint (lfb_tensor_get_dtype (tensor), ==, LFB_DTYPE_QUINT8);
  g_assert_cmpint (lfb_tensor_get_qscheme (tensor), ==, LFB_QSCHEME_PER_TENSOR_AFFINE);
  g_assert_cmpfloat (lfb_tensor_get_scale (tensor), ==, 0.5);
  g_assert_cmpint (lfb_tensor_get_zero_point (tensor), ==, 2);
  g_assert_true (lfb_tensor_get_integers (tensor) == integers);
  g_assert_cmpuint (lfb_tensor_get_address (tensor), ==, lfb_tensor_get_address (integers));
  text = lfb_tensor_to_string (tensor);
  g_assert_cmpstr (text, ==, "quint8[2, 3] scale 0.5 zero point 2");

  floats = lfb_tensor_dequantize (tensor, &error);
  g_assert_no_error (error);
  data = lfb_tensor_get_data (floats, &size);
  g_assert_cmpmem (data, size, expected, sizeof expected);
}

static void
test_dequantizes_per_channel (void)
{
  static const gint8 integers[] = { -128, 127, 0, 1, 5, -5 };
  static const float scales[] = { 0.5f, 2, 1 };
  static const gint64 zeros[] = { 0, 1, -5 };
  static const float expected[] = { -64, 252, 5, 0.5f, 8, 0 };
  g_autoptr (LfbTensor) plain = lfb_test_tensor (LFB_DTYPE_INT8, integers, sizeof integers, 2, (gint64) 2, (gint64) 3);
  g_autoptr (LfbTensor) scale = make_floats (3, scales);
  g_autoptr (LfbTensor) zero = lfb_test_tensor (LFB_DTYPE_INT64, zeros, sizeof zeros, 1, (gint64) 3);
  g_autoptr (GError) error = NULL;
  g_autoptr (LfbTensor) tensor = lfb_tensor_new_quantized_per_channel (plain, scale, zero, 1, LFB_DTYPE_QINT8, &error);
  g_autoptr (LfbTensor) floats = NULL;
  gsize size;
  const float *data;

  g_assert_no_error (error);
  g_assert_true (lfb_tensor_is_per_channel (tensor));
  g_assert_cmpint (lfb_tensor_get_axis (tensor), ==, 1);
  g_assert_true (lfb_tensor_get_scales (tensor) == scale);
  g_assert_true (lfb_tensor_get_zero_points (tensor) == zero);
  g_assert_cmpint (lfb_tensor_get_qscheme (tensor), ==, LFB_QSCHEME_PER_CHANNEL_AFFINE);

  floats = lfb_tensor_dequantize (tensor, &error);
  g_assert_no_error (error);
  data = lfb_tensor_get_data (floats, &size);
  g_assert_cmpmem (data, size, expected, sizeof expected);
}

/* Rows of odd width share a byte, as in PyTorch. */
static void
test_dequantizes_sub_byte (void)
{
  static const guint8 packed[] = { 0x21, 0xf3, 0x54 };
  static const float scales[] = { 1, 0.5f };
  static const float zeros[] = { 0.5f, -1 };
  static const float expected[] = { 0.5f, 1.5f, 2.5f, 8, 2.5f, 3 };
  const gint64 shape[] = { 2, 3 };
  g_autoptr (LfbTensor) bytes = lfb_test_tensor (LFB_DTYPE_UINT8, packed, sizeof packed, 1, (gint64) 3);
  g_autoptr (LfbTensor) scale = make_floats (2, scales);
  g_autoptr (LfbTensor) zero = make_floats (2, zeros);
  LfbQParams qparams = {
    .dtype = LFB_DTYPE_QUINT4X2,
    .qscheme = LFB_QSCHEME_PER_CHANNEL_AFFINE_FLOAT_QPARAMS,
    .scales = scale,
    .zero_points = zero,
    .axis = 0,
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (LfbTensor) tensor = lfb_tensor_new_with_qparams (bytes, shape, 2, &qparams, &error);
  g_autoptr (LfbTensor) floats = NULL;
  gsize size;
  const float *data;

  g_assert_no_error (error);
  floats = lfb_tensor_dequantize (tensor, &error);
  g_assert_no_error (error);
  data = lfb_tensor_get_data (floats, &size);
  g_assert_cmpmem (data, size, expected, sizeof expected);
}

/* PyTorch writes bytes behind the elements when rows are of odd width. */
static void
test_takes_padding_of_sub_byte (void)
{
  static const guint8 packed[] = { 0x21, 0xf3, 0x54, 0xaa };
  const gint64 shape[] = { 2, 3 };
  LfbQParams qparams = {
    .dtype = LFB_DTYPE_QUINT4X2,
    .qscheme = LFB_QSCHEME_PER_TENSOR_AFFINE,
    .scale = 1,
  };

  for (gsize size = 2; size <= 5; size++)
    {
      g_autofree guint8 *data = g_malloc0 (8);
      g_autoptr (LfbTensor) bytes = NULL;
      g_autoptr (LfbTensor) tensor = NULL;
      g_autoptr (GError) error = NULL;
      gsize kept;

      memcpy (data, packed, MIN (size, sizeof packed));
      bytes = lfb_test_tensor (LFB_DTYPE_UINT8, data, size, 1, (gint64) size);
      tensor = lfb_tensor_new_with_qparams (bytes, shape, 2, &qparams, &error);
      if (size == 3 || size == 4)
        {
          g_assert_no_error (error);
          lfb_tensor_get_data (tensor, &kept);
          g_assert_cmpuint (kept, ==, 3);
          continue;
        }
      g_assert_null (tensor);
      lfb_assert_error (error, LFB_ERROR_SHAPE, "[2, 3] takes 3 bytes");
    }
}

static void
test_reshape (void)
{
  const gint64 flat[] = { 6 };
  const gint64 wrong[] = { 5 };
  g_autoptr (LfbTensor) integers = make_ints (LFB_DTYPE_UINT8);
  g_autoptr (GError) error = NULL;
  g_autoptr (LfbTensor) tensor = lfb_tensor_new_quantized (integers, 1, 0, LFB_DTYPE_QUINT8, &error);
  g_autoptr (LfbTensor) reshaped = lfb_tensor_reshape (tensor, flat, 1, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (lfb_tensor_get_address (reshaped), ==, lfb_tensor_get_address (tensor));
  g_assert_cmpint (lfb_tensor_get_zero_point (reshaped), ==, 0);
  g_assert_cmpuint (lfb_tensor_get_n_dims (lfb_tensor_get_integers (reshaped)), ==, 1);

  g_assert_null (lfb_tensor_reshape (tensor, wrong, 1, &error));
  lfb_assert_error (error, LFB_ERROR_SHAPE, "[2, 3] has 6 elements, [5] has 5");
}

static void
test_equal (void)
{
  g_autoptr (LfbTensor) a = make_ints (LFB_DTYPE_UINT8);
  g_autoptr (LfbTensor) b = make_ints (LFB_DTYPE_UINT8);
  g_autoptr (LfbTensor) signed_one = make_ints (LFB_DTYPE_INT8);
  g_autoptr (LfbTensor) named = lfb_tensor_new_named (a, "weight");
  g_autoptr (LfbTensor) q1 = lfb_tensor_new_quantized (a, 1, 0, LFB_DTYPE_QUINT8, NULL);
  g_autoptr (LfbTensor) q2 = lfb_tensor_new_quantized (b, 1, 1, LFB_DTYPE_QUINT8, NULL);
  const gint64 flat[] = { 6 };
  g_autoptr (LfbTensor) reshaped = lfb_tensor_reshape (a, flat, 1, NULL);

  g_assert_true (lfb_tensor_equal (a, b));
  g_assert_true (lfb_tensor_equal (a, named));
  g_assert_cmpstr (lfb_tensor_get_name (named), ==, "weight");
  g_assert_null (lfb_tensor_get_name (a));
  g_assert_false (lfb_tensor_equal (a, signed_one));
  g_assert_false (lfb_tensor_equal (a, q1));
  g_assert_false (lfb_tensor_equal (q1, q2));
  g_assert_false (lfb_tensor_equal (a, reshaped));
}

typedef struct
{
  const char *name;
  LfbDType dtype;
  gint64 shape[3];
  gsize n_dims;
  gsize size;
  int code;
  const char *part;
} BadBytes;

static void
test_refuses_bytes (void)
{
  static const guint8 data[64];
  const BadBytes rows[] = {
    { "too few", LFB_DTYPE_FLOAT32, { 2, 3 }, 2, 23, LFB_ERROR_SHAPE, "[2, 3] takes 24 bytes, not 23" },
    { "too many", LFB_DTYPE_INT64, { 1 }, 1, 9, LFB_ERROR_SHAPE, "takes 8 bytes, not 9" },
    { "negative", LFB_DTYPE_INT8, { 2, -1 }, 2, 2, LFB_ERROR_SHAPE, "Dimension 1" },
    { "overflow", LFB_DTYPE_INT8, { G_MAXINT64, 2 }, 2, 0, LFB_ERROR_RANGE, "more elements" },
    { "overflow of bytes", LFB_DTYPE_FLOAT64, { G_MAXINT64 / 4 }, 1, 0, LFB_ERROR_RANGE, "more elements" },
    { "overflow of strides", LFB_DTYPE_INT8, { 0, G_MAXINT64, 4 }, 3, 0, LFB_ERROR_RANGE, "more elements" },
    { "quantized", LFB_DTYPE_QUINT8, { 4 }, 1, 4, LFB_ERROR_DTYPE, "quint8" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GBytes) bytes = g_bytes_new_static (data, rows[i].size);
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", rows[i].name);
      g_assert_null (lfb_tensor_new_for_bytes (rows[i].dtype, rows[i].shape, rows[i].n_dims, bytes, &error));
      lfb_assert_error (error, rows[i].code, rows[i].part);
    }
}

static void
test_refuses_dims_and_null (void)
{
  gint64 shape[LFB_TENSOR_MAX_DIMS + 1];
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (shape); i++)
    shape[i] = 1;
  g_assert_null (lfb_tensor_new_for_bytes (LFB_DTYPE_INT8, shape, G_N_ELEMENTS (shape), bytes, &error));
  lfb_assert_error (error, LFB_ERROR_SHAPE, "65 dimensions");
  g_clear_error (&error);

  g_assert_null (lfb_tensor_new_for_pointer (LFB_DTYPE_INT8, shape, 1, 0, 1, NULL, &error));
  lfb_assert_error (error, LFB_ERROR_ARGUMENT, "address 0");
}

static void
test_refuses_qparams (void)
{
  g_autoptr (LfbTensor) integers = make_ints (LFB_DTYPE_UINT8);
  const struct
  {
    double scale;
    gint64 zero_point;
    LfbDType dtype;
    int code;
    const char *part;
  } rows[] = {
    { 0, 0, LFB_DTYPE_QUINT8, LFB_ERROR_RANGE, "not 0" },
    { -1, 0, LFB_DTYPE_QUINT8, LFB_ERROR_RANGE, "not -1" },
    { NAN, 0, LFB_DTYPE_QUINT8, LFB_ERROR_RANGE, "nan" },
    { INFINITY, 0, LFB_DTYPE_QUINT8, LFB_ERROR_RANGE, "inf" },
    { 1e-60, 0, LFB_DTYPE_QUINT8, LFB_ERROR_RANGE, "1e-60" },
    { 1e60, 0, LFB_DTYPE_QUINT8, LFB_ERROR_RANGE, "1e+60" },
    { 1, 256, LFB_DTYPE_QUINT8, LFB_ERROR_RANGE, "Zero point 256" },
    { 1, -1, LFB_DTYPE_QUINT8, LFB_ERROR_RANGE, "Zero point -1" },
    { 1, 0, LFB_DTYPE_QINT8, LFB_ERROR_DTYPE, "int8 integers, not of uint8" },
    { 1, 0, LFB_DTYPE_FLOAT32, LFB_ERROR_DTYPE, "float32 is not a quantized type" },
    { 1, 0, LFB_DTYPE_QUINT4X2, LFB_ERROR_SHAPE, "its own shape" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (lfb_tensor_new_quantized (integers, rows[i].scale, rows[i].zero_point, rows[i].dtype, &error));
      lfb_assert_error (error, rows[i].code, rows[i].part);
    }
}

static void
test_refuses_channels (void)
{
  static const float good[] = { 1, 1, 1 };
  static const float bad[] = { 1, 0, 1 };
  static const guint8 points[] = { 0, 0, 255 };
  static const gint64 far_points[] = { 0, 0, 300 };
  g_autoptr (LfbTensor) integers = make_ints (LFB_DTYPE_UINT8);
  g_autoptr (LfbTensor) scales = make_floats (3, good);
  g_autoptr (LfbTensor) short_scales = make_floats (2, good);
  g_autoptr (LfbTensor) bad_scales = make_floats (3, bad);
  g_autoptr (LfbTensor) zeros = lfb_test_tensor (LFB_DTYPE_UINT8, points, sizeof points, 1, (gint64) 3);
  g_autoptr (LfbTensor) far_zeros = lfb_test_tensor (LFB_DTYPE_INT64, far_points, sizeof far_points, 1, (gint64) 3);
  g_autoptr (LfbTensor) infinite = make_floats (3, (const float[]) { 0, INFINITY, 0 });
  const struct
  {
    LfbTensor *scales, *zeros;
    gint64 axis;
    int code;
    const char *part;
  } rows[] = {
    { scales, zeros, 2, LFB_ERROR_RANGE, "Axis 2" },
    { scales, zeros, -1, LFB_ERROR_RANGE, "Axis -1" },
    { scales, zeros, 0, LFB_ERROR_SHAPE, "scales per channel must be a vector of 2" },
    { short_scales, zeros, 1, LFB_ERROR_SHAPE, "scales per channel must be a vector of 3" },
    { scales, short_scales, 1, LFB_ERROR_SHAPE, "zero points per channel must be a vector of 3" },
    { bad_scales, zeros, 1, LFB_ERROR_RANGE, "Channel 1" },
    { scales, far_zeros, 1, LFB_ERROR_RANGE, "Channel 2: Zero point 300" },
    { zeros, zeros, 1, LFB_ERROR_DTYPE, "Scales must be float32 or float64, not uint8" },
    { scales, infinite, 1, LFB_ERROR_RANGE, "Channel 1" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (lfb_tensor_new_quantized_per_channel (integers, rows[i].scales, rows[i].zeros,
                                                           rows[i].axis, LFB_DTYPE_QUINT8, &error));
      lfb_assert_error (error, rows[i].code, rows[i].part);
    }
}

static void
test_dequantize_needs_quantized (void)
{
  g_autoptr (LfbTensor) integers = make_ints (LFB_DTYPE_UINT8);
  g_autoptr (GError) error = NULL;

  g_assert_null (lfb_tensor_dequantize (integers, &error));
  lfb_assert_error (error, LFB_ERROR_DTYPE, "uint8[2, 3] is not quantized");
}

static void
test_names_of_types (void)
{
  LfbDType dtype;
  LfbQScheme qscheme;
  LfbMemoryFormat format;

  for (int i = LFB_DTYPE_FLOAT32; i <= LFB_DTYPE_BOOL; i++)
    {
      g_assert_true (lfb_dtype_from_string (lfb_dtype_to_string (i), &dtype));
      g_assert_cmpint (dtype, ==, i);
    }
  for (int i = LFB_QSCHEME_PER_TENSOR_AFFINE; i <= LFB_QSCHEME_PER_CHANNEL_AFFINE_FLOAT_QPARAMS; i++)
    {
      g_assert_true (lfb_qscheme_from_string (lfb_qscheme_to_string (i), &qscheme));
      g_assert_cmpint (qscheme, ==, i);
    }
  for (int i = LFB_MEMORY_FORMAT_CONTIGUOUS; i <= LFB_MEMORY_FORMAT_CHANNELS_LAST_3D; i++)
    {
      g_assert_true (lfb_memory_format_from_string (lfb_memory_format_to_string (i), &format));
      g_assert_cmpint (format, ==, i);
    }
  g_assert_false (lfb_dtype_from_string ("quint9", &dtype));
  g_assert_false (lfb_qscheme_from_string ("none", &qscheme));
  g_assert_false (lfb_memory_format_from_string ("", &format));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tensor/shares-bytes", test_shares_bytes);
  g_test_add_func ("/tensor/pointer-keeps-owner", test_pointer_keeps_owner);
  g_test_add_func ("/tensor/unaligned-is-copied", test_unaligned_is_copied);
  g_test_add_func ("/tensor/scalar-and-empty", test_scalar_and_empty);
  g_test_add_func ("/tensor/dequantizes-per-tensor", test_dequantizes_per_tensor);
  g_test_add_func ("/tensor/dequantizes-per-channel", test_dequantizes_per_channel);
  g_test_add_func ("/tensor/dequantizes-sub-byte", test_dequantizes_sub_byte);
  g_test_add_func ("/tensor/takes-padding-of-sub-byte", test_takes_padding_of_sub_byte);
  g_test_add_func ("/tensor/reshape", test_reshape);
  g_test_add_func ("/tensor/equal", test_equal);
  g_test_add_func ("/tensor/refuses-bytes", test_refuses_bytes);
  g_test_add_func ("/tensor/refuses-dims-and-null", test_refuses_dims_and_null);
  g_test_add_func ("/tensor/refuses-qparams", test_refuses_qparams);
  g_test_add_func ("/tensor/refuses-channels", test_refuses_channels);
  g_test_add_func ("/tensor/dequantize-needs-quantized", test_dequantize_needs_quantized);
  g_test_add_func ("/tensor/names-of-types", test_names_of_types);

  return g_test_run ();
}

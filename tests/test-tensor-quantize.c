/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Quantizing tensors: the rules, what is refused, and that nobody can tell that
 * integers are computed when they are first read.
 */

#include "common/lfb-test.h"

#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

#define N_ROWS 5
#define N_COLUMNS 1043 /* odd: rows of 4 and 2 bits share bytes */
#define N_VALUES (N_ROWS * N_COLUMNS)

static const gint64 shape[] = { N_ROWS, N_COLUMNS };

/* Numbers around all steps and halves, beyond the range, and no numbers. */
static float *
make_values (void)
{
  static const float extremes[] = { INFINITY, -INFINITY, NAN, 1e30f, -1e30f, -0.0f, 1e-30f, 3e6f, -3e6f };
  float *values = g_new (float, N_VALUES);

  for (int i = 0; i < N_VALUES; i++)
    values[i] = (i * 7 % 1201 - 600) * 0.125f;
  for (guint i = 0; i < G_N_ELEMENTS (extremes); i++)
    values[i * 577] = extremes[i];

  return values;
}

static LfbTensor *
make_tensor (void)
{
  g_autoptr (GBytes) bytes = g_bytes_new_take (make_values (), N_VALUES * sizeof (float));
  g_autoptr (GError) error = NULL;
  LfbTensor *tensor = lfb_tensor_new_for_bytes (LFB_DTYPE_FLOAT32, shape, 2, bytes, &error);

  g_assert_no_error (error);
  return tensor;
}

static gint64
get_element (LfbTensor *tensor,
             gsize      index)
{
  LfbDType dtype = lfb_tensor_get_dtype (tensor);
  guint bits = lfb_dtype_get_bits (dtype);
  const guint8 *data = lfb_tensor_get_data (tensor, NULL);

  if (dtype == LFB_DTYPE_QINT8)
    return (gint8) data[index];
  return data[index * bits / 8] >> (index * bits % 8) & ((1 << bits) - 1);
}

/* The rule as it is written down. */
static gint64
expect_element (float    value,
                double   scale,
                double   zero_point,
                gboolean float_point,
                LfbDType dtype)
{
  float product = value * (1.0f / (float) scale);
  double q;

  if (isnan (product))
    product = 0;
  if (float_point)
    q = rint (product + (float) zero_point);
  else
    q = rint (product) + zero_point;

  return CLAMP (q, lfb_dtype_get_min (dtype), lfb_dtype_get_max (dtype));
}

static void
check_elements (LfbTensor *tensor)
{
  g_autofree float *values = make_values ();
  LfbTensor *scales = lfb_tensor_get_scales (tensor);
  LfbTensor *points = lfb_tensor_get_zero_points (tensor);
  gboolean float_point = lfb_tensor_get_qscheme (tensor) == LFB_QSCHEME_PER_CHANNEL_AFFINE_FLOAT_QPARAMS;
  gsize size;

  lfb_tensor_get_data (tensor, &size);
  g_assert_cmpuint (size, ==, (N_VALUES * lfb_dtype_get_bits (lfb_tensor_get_dtype (tensor)) + 7) / 8);

  for (gsize i = 0; i < N_VALUES; i++)
    {
      double scale = lfb_tensor_get_scale (tensor), point = lfb_tensor_get_zero_point (tensor);

      if (scales != NULL)
        {
          gsize channel = lfb_tensor_get_axis (tensor) == 0 ? i / N_COLUMNS : i % N_COLUMNS;

          scale = ((const float *) lfb_tensor_get_data (scales, NULL))[channel];
          point = float_point ? ((const float *) lfb_tensor_get_data (points, NULL))[channel]
                              : ((const gint64 *) lfb_tensor_get_data (points, NULL))[channel];
        }
      g_assert_cmpint (get_element (tensor, i), ==,
                       expect_element (values[i], scale, point, float_point, lfb_tensor_get_dtype (tensor)));
    }
}

static LfbTensor *
quantize_per_tensor (LfbDType dtype,
                     double   scale,
                     gint64   zero_point)
{
  g_autoptr (LfbTensor) floats = make_tensor ();
  LfbQParams qparams = { .dtype = dtype, .qscheme = LFB_QSCHEME_PER_TENSOR_AFFINE,
                         .scale = scale, .zero_point = zero_point };
  g_autoptr (GError) error = NULL;
  LfbTensor *tensor = lfb_tensor_quantize (floats, &qparams, &error);

  g_assert_no_error (error);
  return tensor;
}

static LfbTensor *
quantize_per_channel (LfbDType dtype,
                      gint64   axis,
                      gboolean float_point)
{
  g_autoptr (LfbTensor) floats = make_tensor ();
  g_autofree float *scales = g_new (float, shape[axis]);
  g_autofree float *float_points = g_new (float, shape[axis]);
  g_autofree gint64 *points = g_new (gint64, shape[axis]);
  g_autoptr (LfbTensor) scale_tensor = NULL;
  g_autoptr (LfbTensor) point_tensor = NULL;
  LfbQParams qparams = { .dtype = dtype, .axis = axis };
  g_autoptr (GError) error = NULL;
  LfbTensor *tensor;

  for (gint64 i = 0; i < shape[axis]; i++)
    {
      scales[i] = 0.25f + 0.0625f * (i % 9);
      points[i] = (lfb_dtype_get_min (dtype) + lfb_dtype_get_max (dtype)) / 2 + i % 3;
      float_points[i] = points[i] + 0.375f;
    }
  scale_tensor = lfb_test_tensor (LFB_DTYPE_FLOAT32, scales, shape[axis] * sizeof *scales, 1, shape[axis]);
  point_tensor = float_point
                   ? lfb_test_tensor (LFB_DTYPE_FLOAT32, float_points, shape[axis] * sizeof *float_points, 1, shape[axis])
                   : lfb_test_tensor (LFB_DTYPE_INT64, points, shape[axis] * sizeof *points, 1, shape[axis]);
  qparams.qscheme = float_point ? LFB_QSCHEME_PER_CHANNEL_AFFINE_FLOAT_QPARAMS : LFB_QSCHEME_PER_CHANNEL_AFFINE;
  qparams.scales = scale_tensor;
  qparams.zero_points = point_tensor;
  tensor = lfb_tensor_quantize (floats, &qparams, &error);
  g_assert_no_error (error);

  return tensor;
}

static void
test_per_tensor (void)
{
  static const struct
  {
    LfbDType dtype;
    double scale;
    gint64 zero_point;
  } rows[] = {
    { LFB_DTYPE_QINT8, 0.25, 0 },
    { LFB_DTYPE_QINT8, 0.3, -128 },
    { LFB_DTYPE_QINT8, 0.7, 127 },
    { LFB_DTYPE_QUINT8, 0.5, 0 },
    { LFB_DTYPE_QUINT8, 0.3, 255 },
    { LFB_DTYPE_QUINT8, 1e-30, 77 },
    { LFB_DTYPE_QUINT8, 1e30, 77 },
    { LFB_DTYPE_QUINT4X2, 10, 7 },
    { LFB_DTYPE_QUINT2X4, 40, 2 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (LfbTensor) tensor = quantize_per_tensor (rows[i].dtype, rows[i].scale, rows[i].zero_point);

      check_elements (tensor);
    }
}

static void
test_per_channel (void)
{
  static const LfbDType dtypes[] = { LFB_DTYPE_QINT8, LFB_DTYPE_QUINT8, LFB_DTYPE_QUINT4X2, LFB_DTYPE_QUINT2X4 };

  for (guint i = 0; i < G_N_ELEMENTS (dtypes); i++)
    for (gint64 axis = 0; axis < 2; axis++)
      for (guint float_point = 0; float_point < 2; float_point++)
        {
          g_autoptr (LfbTensor) tensor = NULL;

          if (dtypes[i] == LFB_DTYPE_QINT8 && float_point)
            continue;
          tensor = quantize_per_channel (dtypes[i], axis, float_point);
          check_elements (tensor);
        }
}

static void
test_empty (void)
{
  static const gint64 none[] = { 3, 0 };
  g_autoptr (GBytes) bytes = g_bytes_new (NULL, 0);
  g_autoptr (GError) error = NULL;
  g_autoptr (LfbTensor) floats = lfb_tensor_new_for_bytes (LFB_DTYPE_FLOAT32, none, 2, bytes, &error);
  LfbQParams qparams = { .dtype = LFB_DTYPE_QINT8, .qscheme = LFB_QSCHEME_PER_TENSOR_AFFINE, .scale = 1 };
  g_autoptr (LfbTensor) tensor = NULL;
  gsize size;

  g_assert_no_error (error);
  tensor = lfb_tensor_quantize (floats, &qparams, &error);
  g_assert_no_error (error);
  lfb_tensor_get_data (tensor, &size);
  g_assert_cmpuint (size, ==, 0);
}

/* What is wrong is said at once, without a look at the floats. */
static void
test_refuses (void)
{
  g_autoptr (LfbTensor) floats = make_tensor ();
  g_autoptr (LfbTensor) integers = lfb_test_tensor (LFB_DTYPE_INT8, "abc", 3, 1, (gint64) 3);
  const float few[] = { 0.5f, 0.25f };
  const gint64 points[] = { 0, 0 };
  g_autoptr (LfbTensor) two_scales = lfb_test_tensor (LFB_DTYPE_FLOAT32, few, sizeof few, 1, (gint64) 2);
  g_autoptr (LfbTensor) two_points = lfb_test_tensor (LFB_DTYPE_INT64, points, sizeof points, 1, (gint64) 2);
  const struct
  {
    LfbTensor *floats;
    LfbQParams qparams;
    LfbError code;
    const char *part;
  } rows[] = {
    { floats, { LFB_DTYPE_QINT8, LFB_QSCHEME_PER_TENSOR_AFFINE, 0, 0 }, LFB_ERROR_RANGE, "scale" },
    { floats, { LFB_DTYPE_QINT8, LFB_QSCHEME_PER_TENSOR_AFFINE, NAN, 0 }, LFB_ERROR_RANGE, "scale" },
    { floats, { LFB_DTYPE_QINT8, LFB_QSCHEME_PER_TENSOR_AFFINE, 1, 128 }, LFB_ERROR_RANGE, "128" },
    { floats, { LFB_DTYPE_QUINT8, LFB_QSCHEME_PER_TENSOR_AFFINE, 1, -1 }, LFB_ERROR_RANGE, "-1" },
    { floats, { LFB_DTYPE_QINT32, LFB_QSCHEME_PER_TENSOR_AFFINE, 1, 0 }, LFB_ERROR_DTYPE, "qint32" },
    { floats, { LFB_DTYPE_FLOAT16, LFB_QSCHEME_PER_TENSOR_AFFINE, 1, 0 }, LFB_ERROR_DTYPE, "float16" },
    { integers, { LFB_DTYPE_QINT8, LFB_QSCHEME_PER_TENSOR_AFFINE, 1, 0 }, LFB_ERROR_DTYPE, "int8[3]" },
    { floats, { LFB_DTYPE_QINT8, LFB_QSCHEME_PER_CHANNEL_AFFINE, 0, 0, two_scales, two_points, 0 },
      LFB_ERROR_SHAPE, "vector of 5 numbers" },
    { floats, { LFB_DTYPE_QINT8, LFB_QSCHEME_PER_CHANNEL_AFFINE, 0, 0, two_scales, two_points, 2 },
      LFB_ERROR_RANGE, "Axis 2" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (lfb_tensor_quantize (rows[i].floats, &rows[i].qparams, &error));
      lfb_assert_error (error, (int) rows[i].code, rows[i].part);
    }
}

static void
unmap (gpointer memory)
{
  munmap (memory, N_VALUES * sizeof (float));
}

/* Memory that cannot be read until it has to be. */
static void
test_reads_late (void)
{
  const gsize size = N_VALUES * sizeof (float);
  g_autofree float *values = make_values ();
  float *memory = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  LfbQParams qparams = { .dtype = LFB_DTYPE_QINT8, .qscheme = LFB_QSCHEME_PER_TENSOR_AFFINE, .scale = 0.25 };
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (LfbTensor) floats = NULL;
  g_autoptr (LfbTensor) tensor = NULL;
  g_autoptr (LfbTensor) named = NULL;
  g_autoptr (LfbTensor) reshaped = NULL;
  g_autoptr (LfbTensor) again = NULL;
  g_autofree char *text = NULL;
  const gint64 flat[] = { N_VALUES };
  g_autoptr (GError) error = NULL;

  g_assert_true (memory != MAP_FAILED);
  memcpy (memory, values, size);
  bytes = g_bytes_new_with_free_func (memory, size, unmap, memory);
  floats = lfb_tensor_new_for_bytes (LFB_DTYPE_FLOAT32, shape, 2, bytes, &error);
  g_assert_no_error (error);

  g_assert_cmpint (mprotect (memory, size, PROT_NONE), ==, 0);
  tensor = lfb_tensor_quantize (floats, &qparams, &error);
  g_assert_no_error (error);
  named = lfb_tensor_new_named (tensor, "name");
  reshaped = lfb_tensor_reshape (tensor, flat, 1, &error);
  g_assert_no_error (error);
  again = lfb_tensor_new_with_qparams (lfb_tensor_get_integers (reshaped), shape, 2, &qparams, &error);
  g_assert_no_error (error);
  text = lfb_tensor_to_string (tensor);
  g_assert_cmpstr (text, ==, "qint8[5, 1043] scale 0.25 zero point 0");
  g_assert_cmpint (lfb_tensor_get_dtype (lfb_tensor_get_integers (tensor)), ==, LFB_DTYPE_INT8);
  g_assert_cmpint (mprotect (memory, size, PROT_READ), ==, 0);

  check_elements (again);
  check_elements (tensor);
  /* one computation for all */
  g_assert_cmpuint (lfb_tensor_get_address (tensor), ==, lfb_tensor_get_address (named));
  g_assert_cmpuint (lfb_tensor_get_address (tensor), ==, lfb_tensor_get_address (reshaped));
  g_assert_cmpuint (lfb_tensor_get_address (tensor), ==, lfb_tensor_get_address (again));
  g_assert_cmpuint (lfb_tensor_get_address (tensor), ==,
                    lfb_tensor_get_address (lfb_tensor_get_integers (reshaped)));
}

/* The floats are kept until they are read, and no longer. */
static void
test_lets_floats_go (void)
{
  for (guint read = 0; read < 2; read++)
    {
      LfbTensor *floats = make_tensor ();
      gpointer watch = floats;
      LfbQParams qparams = { .dtype = LFB_DTYPE_QUINT8, .qscheme = LFB_QSCHEME_PER_TENSOR_AFFINE, .scale = 1 };
      LfbTensor *tensor = lfb_tensor_quantize (floats, &qparams, NULL);

      g_object_add_weak_pointer (G_OBJECT (floats), &watch);
      g_object_unref (floats);
      g_assert_nonnull (watch);
      if (read)
        {
          lfb_tensor_get_data (tensor, NULL);
          g_assert_null (watch);
        }
      g_object_unref (tensor);
      g_assert_null (watch);
    }
}

/* Whoever lends memory may change it as soon as the tensor is gone. */
static void
test_lent_memory (void)
{
  g_autofree float *values = make_values ();
  g_autoptr (GError) error = NULL;
  LfbTensor *floats = lfb_tensor_new_for_pointer (LFB_DTYPE_FLOAT32, shape, 2, GPOINTER_TO_SIZE (values),
                                                  N_VALUES * sizeof *values, NULL, &error);
  LfbTensor *named = lfb_tensor_new_named (floats, "weight");
  LfbQParams qparams = { .dtype = LFB_DTYPE_QINT8, .qscheme = LFB_QSCHEME_PER_TENSOR_AFFINE, .scale = 0.5 };
  g_autoptr (LfbTensor) tensor = lfb_tensor_quantize (named, &qparams, &error);

  g_assert_no_error (error);
  g_object_unref (floats);
  g_object_unref (named);
  for (int i = 0; i < N_VALUES; i++)
    values[i] = 1;
  check_elements (tensor);
}

typedef struct
{
  LfbTensor *tensor;
  int *waiting;
} Reader;

static gpointer
read_tensor (gpointer data)
{
  Reader *reader = data;

  g_atomic_int_dec_and_test (reader->waiting);
  while (g_atomic_int_get (reader->waiting) > 0)
    ;

  return (gpointer) lfb_tensor_get_data (reader->tensor, NULL);
}

/* All at once, and through several tensors that share the integers. */
static void
test_threads (void)
{
  enum { N_THREADS = 8 };

  for (guint round = 0; round < 50; round++)
    {
      g_autoptr (LfbTensor) tensor = quantize_per_channel (LFB_DTYPE_QINT8, round % 2, FALSE);
      g_autoptr (LfbTensor) named = lfb_tensor_new_named (tensor, "name");
      int waiting = N_THREADS;
      Reader readers[] = {
        { tensor, &waiting },
        { named, &waiting },
        { lfb_tensor_get_integers (tensor), &waiting },
      };
      GThread *threads[N_THREADS];
      gconstpointer data = NULL;

      for (guint i = 0; i < N_THREADS; i++)
        threads[i] = g_thread_new ("reader", read_tensor, &readers[i % G_N_ELEMENTS (readers)]);
      for (guint i = 0; i < N_THREADS; i++)
        {
          gconstpointer result = g_thread_join (threads[i]);

          g_assert_nonnull (result);
          g_assert_true (data == NULL || result == data);
          data = result;
        }
      check_elements (tensor);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tensor-quantize/per-tensor", test_per_tensor);
  g_test_add_func ("/tensor-quantize/per-channel", test_per_channel);
  g_test_add_func ("/tensor-quantize/empty", test_empty);
  g_test_add_func ("/tensor-quantize/refuses", test_refuses);
  g_test_add_func ("/tensor-quantize/reads-late", test_reads_late);
  g_test_add_func ("/tensor-quantize/lets-floats-go", test_lets_floats_go);
  g_test_add_func ("/tensor-quantize/lent-memory", test_lent_memory);
  g_test_add_func ("/tensor-quantize/threads", test_threads);

  return g_test_run ();
}

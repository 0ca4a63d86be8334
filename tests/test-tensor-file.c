/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tensor files: what goes in comes out, mapped rather than copied, and a file is
 * only ever replaced as a whole. What is refused is in test-bad-files.c.
 */

#include "common/lfb-test-file.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static LfbTensorFile *
load_bytes (GBytes *bytes)
{
  g_autoptr (GError) error = NULL;
  LfbTensorFile *file = lfb_tensor_file_load_bytes (bytes, &error);

  g_assert_no_error (error);

  return file;
}

static LfbTensorFile *
reload (LfbTensorFile *file)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = lfb_tensor_file_to_bytes (file, &error);

  g_assert_no_error (error);

  return load_bytes (bytes);
}

static void
add (LfbTensorFile *file,
     const char    *name,
     LfbTensor     *tensor)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (lfb_tensor_file_add (file, name, tensor, &error));
  g_assert_no_error (error);
}

static void
assert_names (LfbTensorFile *file,
              const char    *expected)
{
  g_auto (GStrv) names = lfb_tensor_file_list_names (file);
  g_autofree char *joined = g_strjoinv (" ", names);

  g_assert_cmpstr (joined, ==, expected);
}

static void
assert_same (LfbTensorFile *file,
             const char    *name,
             LfbTensor     *expected)
{
  LfbTensor *tensor = lfb_tensor_file_get (file, name);

  g_assert_nonnull (tensor);
  g_assert_cmpstr (lfb_tensor_get_name (tensor), ==, name);
  g_assert_true (lfb_tensor_equal (tensor, expected));
}

static void
test_dtypes (void)
{
  static const LfbDType dtypes[] = {
    LFB_DTYPE_BOOL, LFB_DTYPE_UINT8, LFB_DTYPE_INT8, LFB_DTYPE_INT16, LFB_DTYPE_FLOAT16,
    LFB_DTYPE_BFLOAT16, LFB_DTYPE_INT32, LFB_DTYPE_FLOAT32, LFB_DTYPE_INT64, LFB_DTYPE_FLOAT64,
  };
  g_autoptr (LfbTensorFile) file = lfb_tensor_file_new ();
  g_autoptr (LfbTensorFile) copy = NULL;
  guint8 data[3 * 8];

  for (gsize i = 0; i < G_N_ELEMENTS (dtypes); i++)
    {
      gsize size = 3 * lfb_dtype_get_bits (dtypes[i]) / 8;
      g_autoptr (LfbTensor) tensor = NULL;

      for (gsize j = 0; j < size; j++)
        data[j] = g_test_rand_int_range (0, dtypes[i] == LFB_DTYPE_BOOL ? 2 : 256);
      tensor = lfb_test_tensor (dtypes[i], data, size, 2, (gint64) 1, (gint64) 3);
      add (file, lfb_dtype_to_string (dtypes[i]), tensor);
    }

  copy = reload (file);
  assert_names (copy, "bool uint8 int8 int16 float16 bfloat16 int32 float32 int64 float64");
  for (gsize i = 0; i < G_N_ELEMENTS (dtypes); i++)
    {
      const char *name = lfb_dtype_to_string (dtypes[i]);
      LfbTensor *tensor = lfb_tensor_file_get (copy, name);

      assert_same (copy, name, lfb_tensor_file_get (file, name));
      g_assert_cmpuint (lfb_tensor_get_address (tensor) % (lfb_dtype_get_bits (dtypes[i]) / 8), ==, 0);
    }
  g_assert_null (lfb_tensor_file_get (copy, "float8"));
}

/* Scalars, empty tensors, names of all kinds, and a file with nothing in it. */
static void
test_corners (void)
{
  const float number = 2.5f;
  g_autoptr (LfbTensor) scalar = lfb_test_tensor (LFB_DTYPE_FLOAT32, &number, sizeof number, 0);
  g_autoptr (LfbTensor) empty = lfb_test_tensor (LFB_DTYPE_INT64, NULL, 0, 2, (gint64) 0, (gint64) 5);
  g_autoptr (LfbTensorFile) nothing = lfb_tensor_file_new ();
  g_autoptr (LfbTensorFile) file = lfb_tensor_file_new ();
  g_autoptr (LfbTensorFile) nothing_again = reload (nothing);
  g_autoptr (LfbTensorFile) copy = NULL;

  assert_names (nothing_again, "");
  add (file, "scalar", scalar);
  add (file, "a \"quoted\"\nname", empty);
  add (file, "größe.😀", scalar);
  copy = reload (file);
  assert_names (copy, "scalar a \"quoted\"\nname größe.😀");
  assert_same (copy, "scalar", scalar);
  assert_same (copy, "a \"quoted\"\nname", empty);
  assert_same (copy, "größe.😀", scalar);
  g_assert_cmpuint (lfb_tensor_get_n_dims (lfb_tensor_file_get (copy, "scalar")), ==, 0);
}

static void
test_metadata (void)
{
  g_autoptr (LfbTensorFile) file = lfb_tensor_file_new ();
  g_autoptr (LfbTensorFile) copy = NULL;
  g_auto (GStrv) keys = NULL;
  g_autofree char *joined = NULL;

  lfb_tensor_file_set_metadata (file, "format", "pt");
  lfb_tensor_file_set_metadata (file, "gone", "x");
  lfb_tensor_file_set_metadata (file, "note", "old");
  lfb_tensor_file_set_metadata (file, "alpha", "{\"a\": \"ü\"}");
  lfb_tensor_file_set_metadata (file, "note", "new\t\"text\"");
  lfb_tensor_file_set_metadata (file, "gone", NULL);
  lfb_tensor_file_set_metadata (file, "never", NULL);

  copy = reload (file);
  keys = lfb_tensor_file_list_metadata (copy);
  joined = g_strjoinv (" ", keys);
  g_assert_cmpstr (joined, ==, "format note alpha");
  g_assert_cmpstr (lfb_tensor_file_get_metadata (copy, "note"), ==, "new\t\"text\"");
  g_assert_cmpstr (lfb_tensor_file_get_metadata (copy, "alpha"), ==, "{\"a\": \"ü\"}");
  g_assert_null (lfb_tensor_file_get_metadata (copy, "gone"));
}

static void
test_add_errors (void)
{
  const guint8 byte = 1;
  g_autoptr (LfbTensor) tensor = lfb_test_tensor (LFB_DTYPE_UINT8, &byte, 1, 0);
  g_autoptr (LfbTensorFile) file = lfb_tensor_file_new ();
  g_autoptr (GError) error = NULL;

  add (file, "x", tensor);
  g_assert_false (lfb_tensor_file_add (file, "x", tensor, &error));
  lfb_assert_error (error, LFB_ERROR_ARGUMENT, "`x`");
  g_clear_error (&error);
  g_assert_false (lfb_tensor_file_add (file, "__metadata__", tensor, &error));
  lfb_assert_error (error, LFB_ERROR_ARGUMENT, "`__metadata__`");
  g_clear_error (&error);
  g_assert_false (lfb_tensor_file_add (file, "\xff", tensor, &error));
  lfb_assert_error (error, LFB_ERROR_ARGUMENT, "not UTF-8");
  g_clear_error (&error);
  g_assert_false (lfb_tensor_file_add (file, "", tensor, &error));
  lfb_assert_error (error, LFB_ERROR_ARGUMENT, "needs a name");
  assert_names (file, "x");
}

/* Slices of the very bytes; a copy only where the elements are not aligned. */
static void
test_zero_copy (void)
{
  const char *header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
                       "\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[8,11]},"
                       "\"c\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[11,15]}}";
  g_autofree char *padded = g_strdup_printf ("%s%*s", header, (int) (-(8 + strlen (header)) % 64 & 63), "");
  const float numbers[] = { 1.5f, -2.0f, 3.25f };
  guint8 data[15] = { 0 };
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (LfbTensorFile) file = NULL;
  guint64 start;

  memcpy (data, numbers, 8);
  data[9] = 7;
  memcpy (data + 11, numbers + 2, 4);
  bytes = lfb_test_make_file (padded, data, sizeof data);
  start = GPOINTER_TO_SIZE (g_bytes_get_data (bytes, NULL)) + 8 + strlen (padded);
  g_assert_cmpuint (start % 16, ==, 0);

  file = load_bytes (bytes);
  g_clear_pointer (&bytes, g_bytes_unref);
  g_assert_cmpuint (lfb_tensor_get_address (lfb_tensor_file_get (file, "a")), ==, start);
  g_assert_cmpuint (lfb_tensor_get_address (lfb_tensor_file_get (file, "b")), ==, start + 8);
  g_assert_cmpuint (lfb_tensor_get_address (lfb_tensor_file_get (file, "c")) % 4, ==, 0);
  g_assert_cmpmem (lfb_tensor_get_data (lfb_tensor_file_get (file, "c"), NULL), 4, numbers + 2, 4);
}

/* What other writers leave: gaps, unsorted data, bytes at the end. */
static void
test_gaps (void)
{
  const char *header = "{\"b\":{\"shape\":[2],\"data_offsets\":[6,8],\"dtype\":\"U8\"},"
                       "\"e\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[7,7]},"
                       "\"a\":{\"dtype\":\"U8\",\"shape\":[2,1],\"data_offsets\":[1,3]}}  \n";
  const guint8 data[] = { 9, 1, 2, 9, 9, 9, 3, 4, 9 };
  g_autoptr (GBytes) bytes = lfb_test_make_file (header, data, sizeof data);
  g_autoptr (LfbTensorFile) file = load_bytes (bytes);

  assert_names (file, "b e a");
  g_assert_cmpmem (lfb_tensor_get_data (lfb_tensor_file_get (file, "a"), NULL), 2, data + 1, 2);
  g_assert_cmpmem (lfb_tensor_get_data (lfb_tensor_file_get (file, "b"), NULL), 2, data + 6, 2);
}

static void
test_quantized (void)
{
  const guint8 codes[] = { 0, 100, 255, 3 };
  const gint32 wide[] = { -100000, 7 };
  g_autoptr (LfbTensor) integers = lfb_test_tensor (LFB_DTYPE_UINT8, codes, 4, 2, (gint64) 2, (gint64) 2);
  g_autoptr (LfbTensor) wide_integers = lfb_test_tensor (LFB_DTYPE_INT32, wide, 8, 1, (gint64) 2);
  g_autoptr (LfbTensor) a = NULL;
  g_autoptr (LfbTensor) b = NULL;
  g_autoptr (LfbTensorFile) file = lfb_tensor_file_new ();
  g_autoptr (LfbTensorFile) copy = NULL;
  g_autoptr (LfbTensorFile) second = NULL;
  g_autoptr (GError) error = NULL;

  a = lfb_tensor_new_quantized (integers, 0.1, 128, LFB_DTYPE_QUINT8, &error);
  g_assert_no_error (error);
  b = lfb_tensor_new_quantized (wide_integers, 1, 0, LFB_DTYPE_QINT32, &error);
  g_assert_no_error (error);
  add (file, "output.0", a);
  add (file, "plain", integers);
  add (file, "output.1", b);
  lfb_tensor_file_set_metadata (file, "note", "kept");

  copy = reload (file);
  assert_names (copy, "output.0 plain output.1");
  assert_same (copy, "output.0", a);
  assert_same (copy, "plain", integers);
  assert_same (copy, "output.1", b);
  g_assert_cmpfloat (lfb_tensor_get_scale (lfb_tensor_file_get (copy, "output.0")), ==, 0.1);
  g_assert_null (lfb_tensor_file_get_metadata (copy, "qparams"));
  g_assert_cmpstr (lfb_tensor_file_get_metadata (copy, "note"), ==, "kept");

  second = reload (copy);
  assert_same (second, "output.0", a);
}

static void
test_quantized_header (void)
{
  const guint8 codes[] = { 1, 2 };
  g_autoptr (LfbTensor) integers = lfb_test_tensor (LFB_DTYPE_UINT8, codes, 2, 1, (gint64) 2);
  g_autoptr (GError) error = NULL;
  g_autoptr (LfbTensor) tensor = lfb_tensor_new_quantized (integers, 2, 5, LFB_DTYPE_QUINT8, &error);
  g_autoptr (LfbTensorFile) file = lfb_tensor_file_new ();
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (JsonObject) header = NULL;
  JsonObject *metadata;

  add (file, "output.0", tensor);
  bytes = lfb_tensor_file_to_bytes (file, &error);
  g_assert_no_error (error);
  header = lfb_test_get_header (bytes);
  metadata = json_object_get_object_member (header, "__metadata__");
  g_assert_cmpstr (json_object_get_string_member (metadata, "qparams"), ==,
                   "{\"output.0\":{\"dtype\":\"quint8\",\"qscheme\":\"per_tensor_affine\",\"scale\":2.0,"
                   "\"zero_point\":5}}");
  g_assert_cmpstr (json_object_get_string_member (json_object_get_object_member (header, "output.0"), "dtype"),
                   ==, "U8");
}

static LfbTensor *
make_per_channel (LfbTensor *scales)
{
  const gint8 codes[] = { -128, 0, 127, 5, 6, 7 };
  const gint64 points[] = { 0, 1 };
  g_autoptr (LfbTensor) integers = lfb_test_tensor (LFB_DTYPE_INT8, codes, 6, 2, (gint64) 2, (gint64) 3);
  g_autoptr (LfbTensor) zero_points = lfb_test_tensor (LFB_DTYPE_INT64, points, 16, 1, (gint64) 2);
  g_autoptr (GError) error = NULL;
  LfbTensor *tensor = lfb_tensor_new_quantized_per_channel (integers, scales, zero_points, 0,
                                                            LFB_DTYPE_QINT8, &error);

  g_assert_no_error (error);

  return tensor;
}

/* Scales and zero points become tensors of the file, those that tensors share or
 * that are there already only once.
 */
static void
test_per_channel (void)
{
  const double numbers[] = { 0.5, 0.25 };
  const float other = 1;
  g_autoptr (LfbTensor) scales = lfb_test_tensor (LFB_DTYPE_FLOAT64, numbers, 16, 1, (gint64) 2);
  g_autoptr (LfbTensor) scalar = lfb_test_tensor (LFB_DTYPE_FLOAT32, &other, 4, 0);
  g_autoptr (LfbTensor) tensor = make_per_channel (scales);
  g_autoptr (LfbTensorFile) file = lfb_tensor_file_new ();
  g_autoptr (LfbTensorFile) copy = NULL;
  g_autoptr (LfbTensorFile) second = NULL;

  add (file, "w", tensor);
  add (file, "w.zero_point", scalar); /* in the way */
  add (file, "w.scale", scales);      /* the very one */
  copy = reload (file);
  assert_names (copy, "w w.zero_point w.scale w.zero_point.1");
  assert_same (copy, "w", tensor);
  assert_same (copy, "w.zero_point", scalar);
  assert_same (copy, "w.scale", scales);

  second = reload (copy);
  assert_names (second, "w w.zero_point w.scale w.zero_point.1");
  assert_same (second, "w", tensor);
}

/* Two elements a byte, low bits first; also with the byte more that PyTorch
 * leaves behind because it reserves whole bytes for a row.
 */
static void
test_sub_byte (void)
{
  const guint8 codes[] = { 0x21, 0x43, 0x65, 0 };
  const gint64 shape[] = { 2, 3 };
  const LfbQParams qparams = {
    .dtype = LFB_DTYPE_QUINT4X2, .qscheme = LFB_QSCHEME_PER_TENSOR_AFFINE, .scale = 0.5, .zero_point = 8,
  };

  for (gsize size = 3; size <= 4; size++)
    {
      g_autoptr (LfbTensor) packed = lfb_test_tensor (LFB_DTYPE_UINT8, codes, size, 1, (gint64) size);
      g_autoptr (GError) error = NULL;
      g_autoptr (LfbTensor) tensor = lfb_tensor_new_with_qparams (packed, shape, 2, &qparams, &error);
      g_autoptr (LfbTensorFile) file = lfb_tensor_file_new ();
      g_autoptr (LfbTensorFile) copy = NULL;
      g_autoptr (LfbTensor) real = NULL;
      const float *numbers;

      g_assert_no_error (error);
      add (file, "rows", tensor);
      copy = reload (file);
      assert_same (copy, "rows", tensor);
      g_assert_true (lfb_tensor_equal (lfb_tensor_get_integers (lfb_tensor_file_get (copy, "rows")), packed));
      real = lfb_tensor_dequantize (lfb_tensor_file_get (copy, "rows"), &error);
      g_assert_no_error (error);
      numbers = lfb_tensor_get_data (real, NULL);
      for (int i = 0; i < 6; i++)
        g_assert_cmpfloat (numbers[i], ==, (i + 1 - 8) * 0.5f);
    }
}

/* Inputs and outputs that PyTorch computed. */
static void
test_cases (void)
{
  g_auto (GStrv) names = lfb_test_list ("cases", ".io.safetensors");

  for (gsize i = 0; names[i] != NULL; i++)
    {
      g_autofree char *name = g_strconcat (names[i], ".io.safetensors", NULL);
      g_autofree char *path = lfb_test_data_path ("cases", name, NULL);
      g_autoptr (GError) error = NULL;
      g_autoptr (LfbTensorFile) file = lfb_tensor_file_load (path, &error);
      g_autoptr (LfbTensorFile) copy = NULL;
      g_auto (GStrv) tensors = NULL;

      g_assert_no_error (error);
      copy = reload (file);
      tensors = lfb_tensor_file_list_names (file);
      g_assert_nonnull (tensors[0]);
      for (gsize j = 0; tensors[j] != NULL; j++)
        assert_same (copy, tensors[j], lfb_tensor_file_get (file, tensors[j]));
    }
  g_assert_cmpuint (g_strv_length (names), ==, 147);
}

static guint
count_files (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n_files = 0;

  while (g_dir_read_name (dir) != NULL)
    n_files++;

  return n_files;
}

static LfbTensorFile *
make_small (guint8 byte)
{
  g_autoptr (LfbTensor) tensor = lfb_test_tensor (LFB_DTYPE_UINT8, &byte, 1, 0);
  LfbTensorFile *file = lfb_tensor_file_new ();

  add (file, "x", tensor);

  return file;
}

static void
assert_byte (const char *path,
             guint8      byte)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LfbTensorFile) file = lfb_tensor_file_load (path, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (*(const guint8 *) lfb_tensor_get_data (lfb_tensor_file_get (file, "x"), NULL), ==, byte);
}

/* The map of the old file outlives its replacement; links and permissions stay. */
static void
test_replace (void)
{
  g_autofree char *folder = lfb_test_scratch ("replace");
  g_autofree char *path = g_build_filename (folder, "file", NULL);
  g_autofree char *link = g_build_filename (folder, "link", NULL);
  g_autoptr (LfbTensorFile) first = make_small (1);
  g_autoptr (LfbTensorFile) second = make_small (2);
  g_autoptr (LfbTensorFile) mapped = NULL;
  g_autoptr (GError) error = NULL;
  GStatBuf info;

  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  g_assert_true (lfb_tensor_file_save (first, path, &error));
  g_assert_no_error (error);
  g_assert_cmpint (g_chmod (path, 0640), ==, 0);
  g_assert_cmpint (symlink ("file", link), ==, 0);

  mapped = lfb_tensor_file_load (link, &error);
  g_assert_no_error (error);
  g_assert_true (lfb_tensor_file_save (second, link, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (*(const guint8 *) lfb_tensor_get_data (lfb_tensor_file_get (mapped, "x"), NULL), ==, 1);
  assert_byte (path, 2);
  g_assert_cmpint (g_lstat (link, &info), ==, 0);
  g_assert_true (S_ISLNK (info.st_mode));
  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 0777, ==, 0640);

  /* also onto the file that is mapped */
  g_assert_true (lfb_tensor_file_save (mapped, path, &error));
  g_assert_no_error (error);
  assert_byte (path, 1);
  g_assert_cmpuint (count_files (folder), ==, 2);
}

static void
test_save_errors (void)
{
  g_autofree char *folder = lfb_test_scratch ("errors");
  g_autofree char *below = g_build_filename (folder, "none", "file", NULL);
  g_autoptr (LfbTensorFile) file = make_small (1);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  g_assert_false (lfb_tensor_file_save (file, folder, &error));
  lfb_assert_error (error, LFB_ERROR_IO, "errors: is a directory");
  g_clear_error (&error);
  g_assert_false (lfb_tensor_file_save (file, below, &error));
  lfb_assert_error (error, LFB_ERROR_IO, "none/file: cannot be created: ");
  g_clear_error (&error);
  g_assert_false (lfb_tensor_file_save (file, "/dev/null", &error));
  lfb_assert_error (error, LFB_ERROR_IO, "/dev/null: is a device");
  g_assert_cmpuint (count_files (folder), ==, 0);
}

/* A disk that fills up while the file is written, played by a limit on its size. */
static void
test_half_file (void)
{
  g_autofree char *folder = lfb_test_scratch ("half");
  g_autofree char *path = g_build_filename (folder, "file", NULL);
  g_autofree guint8 *data = g_malloc0 (1 << 20);
  g_autoptr (LfbTensor) large = lfb_test_tensor (LFB_DTYPE_UINT8, data, 1 << 20, 1, (gint64) 1 << 20);
  g_autoptr (LfbTensorFile) small = make_small (7);
  g_autoptr (LfbTensorFile) file = lfb_tensor_file_new ();
  g_autoptr (GError) error = NULL;
  struct rlimit before, limit;

  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  g_assert_true (lfb_tensor_file_save (small, path, &error));
  g_assert_no_error (error);
  add (file, "large", large);

  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &before), ==, 0);
  limit = before;
  limit.rlim_cur = 1 << 16;
  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  g_assert_false (lfb_tensor_file_save (file, path, &error));
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &before), ==, 0);

  lfb_assert_error (error, LFB_ERROR_IO, "tensor `large`: cannot be written: ");
  assert_byte (path, 7);
  g_assert_cmpuint (count_files (folder), ==, 1);
}

/* 16 GiB of nothing: only a map opens that in no time. */
static void
test_large (void)
{
  const gint64 size = G_GINT64_CONSTANT (1) << 34;
  g_autofree char *path = lfb_test_scratch ("large");
  g_autofree char *header =
    g_strdup_printf ("{\"x\":{\"dtype\":\"F32\",\"shape\":[%" G_GINT64_FORMAT "],\"data_offsets\":[0,%"
                     G_GINT64_FORMAT "]}}", size / 4, size);
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *padded = g_strdup_printf ("%s%*s", header, (int) (-(8 + strlen (header)) % 64 & 63), "");
  g_autoptr (LfbTensorFile) file = NULL;
  g_autoptr (GError) error = NULL;
  gint64 start;

  if (sizeof (gsize) < 8)
    {
      g_test_skip ("needs a 64-bit address space");
      return;
    }

  bytes = lfb_test_make_file (padded, NULL, 0);
  lfb_test_write_bytes (path, bytes);
  if (truncate (path, g_bytes_get_size (bytes) + size) != 0)
    {
      g_unlink (path);
      g_test_skip ("the file system has no sparse files of this size");
      return;
    }

  start = g_get_monotonic_time ();
  file = lfb_tensor_file_load (path, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_get_monotonic_time () - start, <, G_USEC_PER_SEC);
  g_assert_cmpint (lfb_tensor_get_n_elements (lfb_tensor_file_get (file, "x")), ==, size / 4);
  g_test_message ("opened in %" G_GINT64_FORMAT " microseconds", g_get_monotonic_time () - start);
  g_unlink (path);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tensor-file/dtypes", test_dtypes);
  g_test_add_func ("/tensor-file/corners", test_corners);
  g_test_add_func ("/tensor-file/metadata", test_metadata);
  g_test_add_func ("/tensor-file/add-errors", test_add_errors);
  g_test_add_func ("/tensor-file/zero-copy", test_zero_copy);
  g_test_add_func ("/tensor-file/gaps", test_gaps);
  g_test_add_func ("/tensor-file/quantized", test_quantized);
  g_test_add_func ("/tensor-file/quantized-header", test_quantized_header);
  g_test_add_func ("/tensor-file/per-channel", test_per_channel);
  g_test_add_func ("/tensor-file/sub-byte", test_sub_byte);
  g_test_add_func ("/tensor-file/cases", test_cases);
  g_test_add_func ("/tensor-file/replace", test_replace);
  g_test_add_func ("/tensor-file/save-errors", test_save_errors);
  g_test_add_func ("/tensor-file/half-file", test_half_file);
  g_test_add_func ("/tensor-file/large", test_large);

  return g_test_run ();
}

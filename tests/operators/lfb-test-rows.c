/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-test-rows.h. What the parser does not understand ends the test. */

#include "lfb-test-rows.h"

#include <math.h>

static LfbValue *parse_value (const char **text);

static void
fail (const char *text,
      const char *expected)
{
  g_error ("expected %s at “%s”", expected, text);
}

static void
skip_spaces (const char **text)
{
  while (g_ascii_isspace (**text))
    (*text)++;
}

static gboolean
accept (const char **text,
        const char  *token)
{
  skip_spaces (text);
  if (!g_str_has_prefix (*text, token))
    return FALSE;
  *text += strlen (token);

  return TRUE;
}

static void
expect (const char **text,
        const char  *token)
{
  if (!accept (text, token))
    fail (*text, token);
}

static double
parse_number (const char **text)
{
  char *end;
  double number;

  skip_spaces (text);
  number = g_ascii_strtod (*text, &end);
  if (end == *text)
    fail (*text, "a number");
  *text = end;

  return number;
}

typedef struct {
  const char *name;
  LfbDType dtype;
  LfbDType storage;
} TypeName;

static const TypeName types[] = {
  { "f32[", LFB_DTYPE_FLOAT32, LFB_DTYPE_FLOAT32 },
  { "f64[", LFB_DTYPE_FLOAT64, LFB_DTYPE_FLOAT64 },
  { "f16[", LFB_DTYPE_FLOAT16, LFB_DTYPE_FLOAT16 },
  { "bf16[", LFB_DTYPE_BFLOAT16, LFB_DTYPE_BFLOAT16 },
  { "u8[", LFB_DTYPE_UINT8, LFB_DTYPE_UINT8 },
  { "i8[", LFB_DTYPE_INT8, LFB_DTYPE_INT8 },
  { "i16[", LFB_DTYPE_INT16, LFB_DTYPE_INT16 },
  { "i32[", LFB_DTYPE_INT32, LFB_DTYPE_INT32 },
  { "i64[", LFB_DTYPE_INT64, LFB_DTYPE_INT64 },
  { "bool[", LFB_DTYPE_BOOL, LFB_DTYPE_BOOL },
  { "quint8[", LFB_DTYPE_QUINT8, LFB_DTYPE_UINT8 },
  { "qint8[", LFB_DTYPE_QINT8, LFB_DTYPE_INT8 },
  { "qint32[", LFB_DTYPE_QINT32, LFB_DTYPE_INT32 },
  { "quint4x2[", LFB_DTYPE_QUINT4X2, LFB_DTYPE_UINT8 },
  { "quint2x4[", LFB_DTYPE_QUINT2X4, LFB_DTYPE_UINT8 },
};

/* The 16-bit floats of the tests are few: their bits are made here, not by the
 * library that is tested.
 */
static guint16
narrow_float (double    value,
              LfbDType  dtype)
{
  float single = value;
  guint32 bits;
  int exponent;
  double mantissa;

  memcpy (&bits, &single, sizeof bits);
  if (dtype == LFB_DTYPE_BFLOAT16)
    {
      g_assert_cmpuint (bits & 0xffff, ==, 0);
      return bits >> 16;
    }
  if (value == 0)
    return signbit (value) ? 0x8000 : 0;
  mantissa = frexp (fabs (value), &exponent) * 2048;
  g_assert_true (mantissa == floor (mantissa) && exponent > -14 && exponent <= 16);

  return (signbit (value) ? 0x8000 : 0) | ((exponent + 14) << 10 | ((int) mantissa & 0x3ff));
}

static double
widen_half (guint16 bits)
{
  int exponent = bits >> 10 & 31;
  double value;

  if (exponent == 31)
    value = bits & 0x3ff ? NAN : INFINITY;
  else if (exponent == 0)
    value = ldexp (bits & 0x3ff, -24);
  else
    value = ldexp ((bits & 0x3ff) | 0x400, exponent - 25);

  return bits & 0x8000 ? -value : value;
}

static void
store (GByteArray *bytes,
       LfbDType    storage,
       double      number)
{
  union {
    float f32;
    double f64;
    guint16 u16;
    guint8 u8;
    gint8 i8;
    gint16 i16;
    gint32 i32;
    gint64 i64;
  } element;
  gsize size;

  switch (storage)
    {
    case LFB_DTYPE_FLOAT32:
      element.f32 = number;
      size = 4;
      break;
    case LFB_DTYPE_FLOAT64:
      element.f64 = number;
      size = 8;
      break;
    case LFB_DTYPE_FLOAT16:
    case LFB_DTYPE_BFLOAT16:
      element.u16 = narrow_float (number, storage);
      size = 2;
      break;
    case LFB_DTYPE_INT8:
      element.i8 = number;
      size = 1;
      break;
    case LFB_DTYPE_INT16:
      element.i16 = number;
      size = 2;
      break;
    case LFB_DTYPE_INT32:
      element.i32 = number;
      size = 4;
      break;
    case LFB_DTYPE_INT64:
      element.i64 = number;
      size = 8;
      break;
    default:
      element.u8 = number;
      size = 1;
      break;
    }
  g_byte_array_append (bytes, (const guint8 *) &element, size);
}

/* {1 2 3} or, repeated as often as needed, {1 ...} */
static GBytes *
parse_elements (const char **text,
                LfbDType     dtype,
                LfbDType     storage,
                gsize        n)
{
  GByteArray *bytes = g_byte_array_new ();
  gsize found = 0;
  guint bits = lfb_dtype_get_bits (dtype);
  double number = 0;

  expect (text, "{");
  while (!accept (text, "}"))
    {
      if (accept (text, "..."))
        {
          for (; found < n; found++)
            store (bytes, storage, number);
          continue;
        }
      number = parse_number (text);
      if (bits >= 8)
        store (bytes, storage, number);
      else if (found % (8 / bits) == 0)
        store (bytes, storage, number);
      else
        bytes->data[bytes->len - 1] |= (guint) number << found % (8 / bits) * bits;
      found++;
    }
  g_assert_cmpuint (found, ==, n);

  return g_byte_array_free_to_bytes (bytes);
}

/* One number, or (several). */
static LfbTensor *
parse_parameters (const char **text,
                  gboolean     integers,
                  double      *single)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (GBytes) data = NULL;
  g_autoptr (GError) error = NULL;
  LfbTensor *tensor;
  gint64 n = 0;

  if (!accept (text, "("))
    {
      *single = parse_number (text);
      return NULL;
    }
  while (!accept (text, ")"))
    {
      store (bytes, integers ? LFB_DTYPE_INT64 : LFB_DTYPE_FLOAT32, parse_number (text));
      n++;
    }
  data = g_bytes_new (bytes->data, bytes->len);
  tensor = lfb_tensor_new_for_bytes (integers ? LFB_DTYPE_INT64 : LFB_DTYPE_FLOAT32, &n, 1, data, &error);
  g_assert_no_error (error);

  return tensor;
}

static LfbTensor *
parse_quantized (const char   **text,
                 LfbTensor     *integers,
                 const gint64  *shape,
                 gsize          n_dims,
                 LfbDType       dtype)
{
  g_autoptr (LfbTensor) scales = NULL;
  g_autoptr (LfbTensor) zero_points = NULL;
  g_autoptr (GError) error = NULL;
  LfbQParams qparams = { 0 };
  gboolean float_points;
  double zero_point = 0;
  LfbTensor *tensor;

  expect (text, "*");
  scales = parse_parameters (text, FALSE, &qparams.scale);
  /* @@: float zero points. */
  expect (text, "@");
  float_points = accept (text, "@");
  zero_points = parse_parameters (text, !float_points, &zero_point);
  qparams.dtype = dtype;
  qparams.qscheme = LFB_QSCHEME_PER_TENSOR_AFFINE;
  qparams.zero_point = zero_point;
  if (scales != NULL)
    {
      expect (text, "/");
      qparams.axis = parse_number (text);
      qparams.scales = scales;
      qparams.zero_points = zero_points;
      qparams.qscheme = float_points ? LFB_QSCHEME_PER_CHANNEL_AFFINE_FLOAT_QPARAMS : LFB_QSCHEME_PER_CHANNEL_AFFINE;
    }
  tensor = lfb_tensor_new_with_qparams (integers, shape, n_dims, &qparams, &error);
  g_assert_no_error (error);

  return tensor;
}

static LfbValue *
parse_tensor (const char     **text,
              const TypeName  *type)
{
  gint64 shape[LFB_TENSOR_MAX_DIMS], size;
  gsize n_dims = 0, n = 1;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (LfbTensor) plain = NULL;
  g_autoptr (LfbTensor) tensor = NULL;
  g_autoptr (GError) error = NULL;

  while (!accept (text, "]"))
    {
      shape[n_dims] = parse_number (text);
      n *= shape[n_dims++];
      accept (text, ",");
    }
  bytes = parse_elements (text, type->dtype, type->storage, n);
  size = g_bytes_get_size (bytes);
  plain = lfb_dtype_get_bits (type->dtype) < 8
            ? lfb_tensor_new_for_bytes (type->storage, &size, 1, bytes, &error)
            : lfb_tensor_new_for_bytes (type->storage, shape, n_dims, bytes, &error);
  g_assert_no_error (error);
  tensor = lfb_dtype_is_quantized (type->dtype) ? parse_quantized (text, plain, shape, n_dims, type->dtype)
                                                : g_object_ref (plain);

  return lfb_value_for_tensor (tensor);
}

static LfbValue *
parse_items (const char **text,
             const char  *end,
             gboolean     tuple)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);

  while (!accept (text, end))
    {
      g_ptr_array_add (items, parse_value (text));
      accept (text, ",");
    }

  return tuple ? lfb_value_for_tuple ((LfbValue **) items->pdata, items->len)
               : lfb_value_for_list ((LfbValue **) items->pdata, items->len);
}

/* The items of (...): positions in @args, names with @values. */
static void
parse_arguments (const char **text,
                 GPtrArray   *args,
                 GPtrArray   *names,
                 GPtrArray   *values)
{
  while (!accept (text, ")"))
    {
      const char *at;

      skip_spaces (text);
      at = *text;
      while (g_ascii_isalnum (*at) || *at == '_')
        at++;
      if (*at == '=')
        {
          g_ptr_array_add (names, g_strndup (*text, at - *text));
          *text = at + 1;
          g_ptr_array_add (values, parse_value (text));
        }
      else
        {
          g_ptr_array_add (args, parse_value (text));
        }
      accept (text, ",");
    }
}

static char *
parse_name (const char **text)
{
  const char *begin;

  skip_spaces (text);
  begin = *text;
  while (g_ascii_isalnum (**text) || **text == '_' || **text == '.')
    (*text)++;

  return g_strndup (begin, *text - begin);
}

static LfbValue *
parse_call (const char **text,
            GError     **error)
{
  g_autofree char *name = parse_name (text);
  g_autoptr (GPtrArray) args = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) values = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);
  gsize n_values;

  expect (text, "(");
  parse_arguments (text, args, names, values);
  n_values = values->len;
  g_ptr_array_add (names, NULL);
  if (strcmp (name, "dict") == 0)
    return lfb_value_for_dict ((const char * const *) names->pdata, (LfbValue **) values->pdata, n_values);
  if (strcmp (name, "slice") == 0)
    return lfb_value_for_slice (g_ptr_array_index (args, 0), g_ptr_array_index (args, 1), g_ptr_array_index (args, 2));

  return lfb_call (name, (LfbValue **) args->pdata, args->len,
                   (const char * const *) names->pdata, (LfbValue **) values->pdata, n_values, error);
}

static LfbValue *
parse_word (const char **text)
{
  const char *begin = *text;
  g_autofree char *word = parse_name (text);
  g_autoptr (GError) error = NULL;
  LfbQScheme qscheme;
  LfbDType dtype;
  LfbValue *value;

  if (strcmp (word, "None") == 0)
    return lfb_value_for_none ();
  if (strcmp (word, "True") == 0 || strcmp (word, "False") == 0)
    return lfb_value_for_bool (word[0] == 'T');
  if (strcmp (word, "inf") == 0)
    return lfb_value_for_double (INFINITY);
  if (strcmp (word, "nan") == 0)
    return lfb_value_for_double (NAN);
  if (lfb_dtype_from_string (word, &dtype))
    return lfb_value_for_dtype (dtype);
  if (lfb_qscheme_from_string (word, &qscheme))
    return lfb_value_for_qscheme (qscheme);

  *text = begin;
  value = parse_call (text, &error);
  g_assert_no_error (error);

  return value;
}

static LfbValue *
parse_value (const char **text)
{
  skip_spaces (text);
  if (accept (text, "..."))
    return lfb_value_for_ellipsis ();
  if (accept (text, "["))
    return parse_items (text, "]", FALSE);
  if (accept (text, "("))
    return parse_items (text, ")", TRUE);
  if (accept (text, "'"))
    {
      const char *end = strchr (*text, '\'');
      g_autofree char *word = g_strndup (*text, end - *text);

      *text = end + 1;
      return lfb_value_for_string (word);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    if (accept (text, types[i].name))
      return parse_tensor (text, &types[i]);
  if (**text == '-' || g_ascii_isdigit (**text))
    {
      const char *begin = *text;
      double number = parse_number (text);

      for (const char *c = begin; c < *text; c++)
        if (strchr (".einf", *c) != NULL)
          return lfb_value_for_double (number);
      return lfb_value_for_int (g_ascii_strtoll (begin, NULL, 10));
    }

  return parse_word (text);
}

LfbValue *
lfb_test_parse_value (const char *text)
{
  LfbValue *value = parse_value (&text);

  skip_spaces (&text);
  if (*text != '\0')
    fail (text, "the end");

  return value;
}

LfbValue *
lfb_test_call (const char  *text,
               GError     **error)
{
  return parse_call (&text, error);
}

static double
element (LfbTensor *tensor,
         gsize      i)
{
  gconstpointer data = lfb_tensor_get_data (tensor, NULL);
  float single;
  guint32 bits;

  switch (lfb_tensor_get_dtype (tensor))
    {
    case LFB_DTYPE_FLOAT32:
      return ((const float *) data)[i];
    case LFB_DTYPE_FLOAT64:
      return ((const double *) data)[i];
    case LFB_DTYPE_FLOAT16:
      return widen_half (((const guint16 *) data)[i]);
    case LFB_DTYPE_BFLOAT16:
      bits = (guint32) ((const guint16 *) data)[i] << 16;
      memcpy (&single, &bits, sizeof single);
      return single;
    case LFB_DTYPE_INT64:
      return ((const gint64 *) data)[i];
    case LFB_DTYPE_INT32:
    case LFB_DTYPE_QINT32:
      return ((const gint32 *) data)[i];
    case LFB_DTYPE_INT16:
      return ((const gint16 *) data)[i];
    case LFB_DTYPE_INT8:
    case LFB_DTYPE_QINT8:
      return ((const gint8 *) data)[i];
    case LFB_DTYPE_QUINT4X2:
      return ((const guint8 *) data)[i / 2] >> i % 2 * 4 & 15;
    case LFB_DTYPE_QUINT2X4:
      return ((const guint8 *) data)[i / 4] >> i % 4 * 2 & 3;
    default:
      return ((const guint8 *) data)[i];
    }
}

static gboolean
close_to (double found,
          double expected)
{
  if (isnan (expected) || isnan (found))
    return isnan (expected) && isnan (found);
  if (isinf (expected) || isinf (found))
    return found == expected;

  return fabs (found - expected) <= MAX (1e-6 * MAX (fabs (found), fabs (expected)), 1e-7);
}

static void
assert_tensor (const char *what,
               LfbTensor  *found,
               LfbTensor  *expected)
{
  gboolean floats = lfb_dtype_is_floating_point (lfb_tensor_get_dtype (expected));
  gsize n_found, n_expected;
  const gint64 *shape = lfb_tensor_get_shape (found, &n_found);
  const gint64 *wanted = lfb_tensor_get_shape (expected, &n_expected);
  g_autofree char *text = lfb_tensor_to_string (found);

  if (lfb_tensor_get_dtype (found) != lfb_tensor_get_dtype (expected) || n_found != n_expected ||
      (n_found > 0 && memcmp (shape, wanted, n_found * sizeof *shape) != 0))
    g_error ("%s gives %s", what, text);
  if (lfb_tensor_is_quantized (expected) && !lfb_tensor_is_per_channel (expected) &&
      (!close_to (lfb_tensor_get_scale (found), lfb_tensor_get_scale (expected)) ||
       lfb_tensor_get_zero_point (found) != lfb_tensor_get_zero_point (expected)))
    g_error ("%s gives scale %.9g and zero point %" G_GINT64_FORMAT, what, lfb_tensor_get_scale (found),
             lfb_tensor_get_zero_point (found));
  for (gsize i = 0; i < (gsize) lfb_tensor_get_n_elements (expected); i++)
    if (floats ? !close_to (element (found, i), element (expected, i)) : element (found, i) != element (expected, i))
      g_error ("%s gives %.9g at %" G_GSIZE_FORMAT ", not %.9g", what, element (found, i), i, element (expected, i));
}

void
lfb_test_assert_value (const char *what,
                       LfbValue   *found,
                       LfbValue   *expected)
{
  g_autofree char *text = lfb_value_to_string (found);

  if (lfb_value_get_kind (found) != lfb_value_get_kind (expected))
    g_error ("%s gives %s", what, text);
  switch (lfb_value_get_kind (expected))
    {
    case LFB_VALUE_KIND_TENSOR:
      assert_tensor (what, lfb_value_get_tensor (found), lfb_value_get_tensor (expected));
      break;
    case LFB_VALUE_KIND_DOUBLE:
      if (!close_to (lfb_value_get_double (found), lfb_value_get_double (expected)))
        g_error ("%s gives %s", what, text);
      break;
    case LFB_VALUE_KIND_LIST:
    case LFB_VALUE_KIND_TUPLE:
      if (lfb_value_get_n_items (found) != lfb_value_get_n_items (expected))
        g_error ("%s gives %s", what, text);
      for (gsize i = 0; i < lfb_value_get_n_items (expected); i++)
        lfb_test_assert_value (what, lfb_value_get_item (found, i), lfb_value_get_item (expected, i));
      break;
    default:
      if (!lfb_value_equal (found, expected))
        g_error ("%s gives %s", what, text);
      break;
    }
}

static void
assert_failure (const LfbTestRow *row,
                const GError     *error)
{
  static const char * const codes[] = {
    "FAILED", "FORMAT", "UNSUPPORTED", "INVALID_GRAPH", "ARGUMENT", "SHAPE", "DTYPE", "RANGE", "NOT_FOUND", "IO",
  };
  const char *part = strchr (row->result, ' ');
  g_autofree char *code = NULL;

  g_assert_nonnull (part);
  code = g_strndup (row->result + 1, part - row->result - 1);
  if (error == NULL)
    g_error ("%s does not fail", row->call);
  if (error->domain != LFB_ERROR || strcmp (codes[error->code], code) != 0 || strstr (error->message, part + 1) == NULL)
    g_error ("%s fails with %s: %s", row->call, error->domain == LFB_ERROR ? codes[error->code] : "another domain", error->message);
}

void
lfb_test_rows (const LfbTestRow *rows,
               gsize             n_rows)
{
  g_assert_cmpuint (n_rows, >, 0);
  for (gsize i = 0; i < n_rows; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (LfbValue) found = lfb_test_call (rows[i].call, &error);
      g_autoptr (LfbValue) expected = NULL;

      if (rows[i].result[0] == '!')
        {
          if (found != NULL)
            g_error ("%s does not fail", rows[i].call);
          assert_failure (&rows[i], error);
          continue;
        }
      if (error != NULL)
        g_error ("%s fails: %s", rows[i].call, error->message);
      expected = lfb_test_parse_value (rows[i].result);
      lfb_test_assert_value (rows[i].call, found, expected);
    }
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tensors made from nothing but numbers. What is random in PyTorch is not
 * here: a run gives the same bits every time.
 */

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-call-private.h>
#include <lowerfb/run/lfb-elementwise-private.h>
#include <lowerfb/run/lfb-reduction-private.h>

#include <math.h>
#include <string.h>

static LfbValue *
filled (LfbDType       dtype,
        const gint64  *shape,
        gsize          n_dims,
        LfbValue      *value,
        GError       **error)
{
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  gsize item_size = lfb_dtype_size (dtype);
  guint64 element;

  if (lfb_dtype_is_quantized (dtype))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE, "argument `dtype` is %s, expected floats, integers or bool",
                   lfb_dtype_to_string (dtype));
      return NULL;
    }
  if (!lfb_make_element ("fill_value", value, dtype, &element, error) ||
      !lfb_array_init (&array, dtype, shape, n_dims, error))
    return NULL;
  for (gsize i = 0; i < array.n_elements; i++)
    memcpy ((char *) array.data + i * item_size, &element, item_size);

  return lfb_value_take_tensor (lfb_array_seal (&array, error));
}

/* The value of a row: a constant, or the parameter `fill_value`. */
typedef struct {
  gint64 value;
} FillKind;

static const FillKind zeros = { 0 }, ones = { 1 };

static LfbValue *
fill_value (LfbCall *call)
{
  const FillKind *kind = LFB_CALL_DATA (call, FillKind);

  return kind != NULL ? lfb_value_for_int (kind->value) : lfb_value_ref (lfb_call_get (call, "fill_value"));
}

static LfbValue *
fill (LfbCall  *call,
      GError  **error)
{
  g_autoptr (LfbValue) value = fill_value (call);
  gint64 shape[LFB_TENSOR_MAX_DIMS];
  LfbDType dtype = LFB_DTYPE_FLOAT32;
  gsize n_dims = 0;

  /* Without a dtype the number's own kind decides. */
  if (lfb_call_has (call, "fill_value") && lfb_value_get_kind (value) == LFB_VALUE_KIND_INT)
    dtype = LFB_DTYPE_INT64;
  else if (lfb_call_has (call, "fill_value") && lfb_value_get_kind (value) == LFB_VALUE_KIND_BOOL)
    dtype = LFB_DTYPE_BOOL;
  if (!lfb_call_ints (call, "size", shape, LFB_TENSOR_MAX_DIMS, &n_dims, error) ||
      !lfb_call_dtype (call, "dtype", &dtype, error))
    return NULL;

  return filled (dtype, shape, n_dims, value, error);
}

/* As another tensor: its type, and its shape unless one is given. */
static LfbValue *
fill_like (LfbCall  *call,
           GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  g_autoptr (LfbValue) value = fill_value (call);
  gint64 shape[LFB_TENSOR_MAX_DIMS];
  LfbDType dtype;
  gsize n_dims = 0;

  if (input == NULL || !lfb_check_plain ("input", input, error))
    return NULL;
  dtype = lfb_tensor_get_dtype (input);
  if (!lfb_call_dtype (call, "dtype", &dtype, error))
    return NULL;
  if (lfb_call_has (call, "size"))
    {
      if (!lfb_call_ints (call, "size", shape, LFB_TENSOR_MAX_DIMS, &n_dims, error))
        return NULL;
    }
  else
    lfb_sizes_copy (shape, lfb_tensor_get_shape (input, &n_dims), lfb_tensor_get_n_dims (input));

  return filled (dtype, shape, n_dims, value, error);
}

/* arange (end), (start, end) or (start, end, step) */
static LfbValue *
arange (LfbCall  *call,
        GError  **error)
{
  static const char * const names[] = { "start", "end", "step" };
  gboolean one = lfb_value_is_none (lfb_call_get (call, "end")), integers = TRUE;
  double numbers[3] = { 0, 0, 1 }, count;
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  g_autoptr (LfbTensor) wide = NULL;
  LfbDType dtype;
  gint64 n;

  for (gsize i = 0; i < 3; i++)
    {
      LfbValue *value = lfb_call_get (call, names[i]);
      gint64 unused;

      if (lfb_value_is_none (value))
        continue;
      integers &= lfb_value_read_int (value, &unused);
      if (!lfb_call_double (call, names[i], &numbers[one && i == 0 ? 1 : i], error))
        return NULL;
    }
  dtype = integers ? LFB_DTYPE_INT64 : LFB_DTYPE_FLOAT32;
  if (!lfb_call_dtype (call, "dtype", &dtype, error))
    return NULL;
  /* Among integers all is cut off, but only in int64 before it is counted. */
  count = (numbers[1] - numbers[0]) / numbers[2];
  for (gsize i = 0; i < 3 && !lfb_dtype_is_floating_point (dtype); i++)
    numbers[i] = trunc (numbers[i]);
  if (dtype == LFB_DTYPE_INT64)
    count = (numbers[1] - numbers[0]) / numbers[2];
  if (!isfinite (numbers[0]) || !isfinite (numbers[1]) || numbers[2] == 0 || !(count > -1 && count < 1e15) ||
      (numbers[2] > 0 ? numbers[1] < numbers[0] : numbers[1] > numbers[0]))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                   "a range from %g to %g by %g has no end, expected finite numbers and a step towards the end",
                   numbers[0], numbers[1], numbers[2]);
      return NULL;
    }
  n = ceil (count);
  if (!lfb_array_init (&array, LFB_DTYPE_FLOAT64, &n, 1, error))
    return NULL;
  for (gint64 i = 0; i < n; i++)
    ((double *) array.data)[i] = numbers[0] + i * numbers[2];
  wide = lfb_array_seal (&array, error);

  return wide != NULL ? lfb_value_take_tensor (lfb_tensor_convert (wide, dtype, error)) : NULL;
}

static LfbValue *
linspace (LfbCall  *call,
          GError  **error)
{
  double start = 0, end = 0;
  gint64 steps = 0;
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  g_autoptr (LfbTensor) wide = NULL;
  LfbDType dtype = LFB_DTYPE_FLOAT32;

  if (!lfb_call_double (call, "start", &start, error) || !lfb_call_double (call, "end", &end, error) ||
      !lfb_call_int (call, "steps", &steps, error) || !lfb_call_dtype (call, "dtype", &dtype, error) ||
      !lfb_array_init (&array, LFB_DTYPE_FLOAT64, &steps, 1, error))
    return NULL;
  for (gint64 i = 0; i < steps; i++)
    ((double *) array.data)[i] = steps == 1 ? start : i < steps / 2 ? start + i * ((end - start) / (steps - 1))
                                                                    : end - (steps - 1 - i) * ((end - start) / (steps - 1));
  wide = lfb_array_seal (&array, error);

  return wide != NULL ? lfb_value_take_tensor (lfb_tensor_convert (wide, dtype, error)) : NULL;
}

static LfbValue *
eye (LfbCall  *call,
     GError  **error)
{
  gint64 n = 0, m, shape[2];
  LfbDType dtype = LFB_DTYPE_FLOAT32;
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  g_autoptr (LfbTensor) bytes = NULL;

  if (!lfb_call_int (call, "n", &n, error))
    return NULL;
  m = n;
  if (!lfb_call_int (call, "m", &m, error) || !lfb_call_dtype (call, "dtype", &dtype, error))
    return NULL;
  shape[0] = n;
  shape[1] = m;
  if (!lfb_array_init (&array, LFB_DTYPE_UINT8, shape, 2, error))
    return NULL;
  memset (array.data, 0, array.size);
  for (gint64 i = 0; i < MIN (n, m); i++)
    ((guint8 *) array.data)[i * m + i] = 1;
  bytes = lfb_array_seal (&array, error);

  return bytes != NULL ? lfb_value_take_tensor (lfb_tensor_convert (bytes, dtype, error)) : NULL;
}

/* What is on one side of a diagonal; the rest is 0. */
static LfbValue *
triangle (LfbCall  *call,
          GError  **error)
{
  gboolean upper = g_str_has_suffix (call->name, "triu") || g_str_has_suffix (call->name, "triu_");
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  gint64 diagonal = 0, rows, columns;
  gsize n_dims, item_size;

  if (input == NULL || !lfb_check_plain ("input", input, error) ||
      !lfb_check_rank ("input", input, 2, LFB_TENSOR_MAX_DIMS, error) ||
      !lfb_call_int (call, "diagonal", &diagonal, error) ||
      !lfb_array_init_like (&array, lfb_tensor_get_dtype (input), input, error))
    return NULL;
  n_dims = lfb_tensor_get_n_dims (input);
  rows = lfb_tensor_get_dim (input, n_dims - 2);
  columns = lfb_tensor_get_dim (input, n_dims - 1);
  diagonal = CLAMP (diagonal, -rows, columns);
  item_size = lfb_dtype_size (lfb_tensor_get_dtype (input));
  lfb_array_copy (&array, input);
  for (gsize i = 0; i < array.n_elements; i++)
    {
      gint64 offset = (gint64) (i % columns) - (gint64) (i / columns % rows);

      if (upper ? offset < diagonal : offset > diagonal)
        memset ((char *) array.data + i * item_size, 0, item_size);
    }

  return lfb_value_take_tensor (lfb_array_seal (&array, error));
}

/* Numbers in nested lists. */
static gboolean
list_shape (LfbValue  *value,
            gint64    *shape,
            gsize     *n_dims,
            GError   **error)
{
  *n_dims = 0;
  while (lfb_value_is_sequence (value))
    {
      if (*n_dims == LFB_TENSOR_MAX_DIMS)
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE, "argument `data` is nested deeper than %d", LFB_TENSOR_MAX_DIMS);
          return FALSE;
        }
      shape[(*n_dims)++] = lfb_value_get_n_items (value);
      if (lfb_value_get_n_items (value) == 0)
        break;
      value = lfb_value_get_item (value, 0);
    }

  return TRUE;
}

/* The numbers in their order, after a look at the lengths of the lists. */
static gboolean
collect_numbers (LfbValue      *value,
                 const gint64  *shape,
                 gsize          n_dims,
                 GPtrArray     *numbers,
                 LfbDType      *dtype,
                 GError       **error)
{
  if (n_dims == 0)
    {
      int priority;
      LfbDType own;
      double unused;

      if (!lfb_promote ("data", value, &own, &priority, error))
        return FALSE;
      if (!lfb_value_read_double (value, &unused))
        {
          g_set_error_literal (error, LFB_ERROR, LFB_ERROR_SHAPE, "argument `data` holds tensors of several elements, expected numbers");
          return FALSE;
        }
      g_ptr_array_add (numbers, value);
      *dtype = lfb_promote_types (*dtype, 2, own, 2);
      return TRUE;
    }
  if (!lfb_value_is_sequence (value) || lfb_value_get_n_items (value) != (gsize) shape[0])
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_SHAPE, "argument `data` has lists of different lengths");
      return FALSE;
    }
  for (gint64 i = 0; i < shape[0]; i++)
    if (!collect_numbers (lfb_value_get_item (value, i), shape + 1, n_dims - 1, numbers, dtype, error))
      return FALSE;

  return TRUE;
}

/* Integers have to fit their type. Floats may become infinite in theirs. */
static gboolean
store_number (LfbValue  *value,
              LfbDType   dtype,
              gpointer   to,
              GError   **error)
{
  guint64 element;
  double number = 0;

  if (!lfb_dtype_is_floating_point (dtype))
    {
      if (!lfb_make_element ("data", value, dtype, &element, error))
        return FALSE;
    }
  else
    {
      lfb_value_read_double (value, &number);
      lfb_store_double (number, dtype, &element);
    }
  memcpy (to, &element, lfb_dtype_size (dtype));

  return TRUE;
}

static LfbValue *
tensor (LfbCall  *call,
        GError  **error)
{
  LfbValue *data = lfb_call_get (call, "data");
  g_autoptr (GPtrArray) numbers = g_ptr_array_new ();
  gint64 shape[LFB_TENSOR_MAX_DIMS];
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  LfbDType dtype = LFB_DTYPE_BOOL;
  gsize n_dims;

  if (lfb_value_get_kind (data) == LFB_VALUE_KIND_TENSOR)
    {
      dtype = lfb_tensor_get_dtype (lfb_value_get_tensor (data));
      if (!lfb_call_dtype (call, "dtype", &dtype, error))
        return NULL;
      return lfb_value_take_tensor (lfb_tensor_convert (lfb_value_get_tensor (data), dtype, error));
    }
  if (!list_shape (data, shape, &n_dims, error) || !collect_numbers (data, shape, n_dims, numbers, &dtype, error))
    return NULL;
  if (numbers->len == 0)
    dtype = LFB_DTYPE_FLOAT32;
  if (!lfb_call_dtype (call, "dtype", &dtype, error))
    return NULL;
  if (lfb_dtype_is_quantized (dtype))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE, "argument `dtype` is %s, expected floats, integers or bool",
                   lfb_dtype_to_string (dtype));
      return NULL;
    }
  if (!lfb_array_init (&array, dtype, shape, n_dims, error))
    return NULL;
  for (guint i = 0; i < numbers->len; i++)
    if (!store_number (numbers->pdata[i], dtype, (char *) array.data + i * lfb_dtype_size (dtype), error))
      return NULL;

  return lfb_value_take_tensor (lfb_array_seal (&array, error));
}

/* Of any number, float32 unless a dtype is given. */
static LfbValue *
scalar_tensor (LfbCall  *call,
               GError  **error)
{
  LfbDType dtype = LFB_DTYPE_FLOAT32;

  if (!lfb_call_dtype (call, "dtype", &dtype, error))
    return NULL;

  return filled (dtype, NULL, 0, lfb_call_get (call, "fill_value"), error);
}

#define MADE "dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False"
#define MADE_LIKE "dtype=None, layout=None, device=None, requires_grad=False, memory_format=None, pin_memory=False"

static const LfbOperator operators[] = {
  /* Sizes may stand as separate ints in front of the keywords. */
  { .functions = "torch.zeros", .signature = "*size, " MADE, .rule = "zeros", .run = fill, .data = &zeros },
  { .functions = "torch.empty", .signature = "*size, " MADE ", memory_format=None", .rule = "zeros", .run = fill, .data = &zeros },
  { .functions = "torch.ones", .signature = "*size, " MADE, .rule = "ones", .run = fill, .data = &ones },
  { .functions = "torch.full", .signature = "size, fill_value, " MADE, .rule = "one number everywhere", .run = fill },
  {
    .functions = "torch.zeros_like torch.empty_like", .signature = "input, " MADE_LIKE,
    .rule = "zeros in the shape of the input", .run = fill_like, .data = &zeros,
  },
  {
    .functions = "torch.ones_like", .signature = "input, " MADE_LIKE,
    .rule = "ones in the shape of the input", .run = fill_like, .data = &ones,
  },
  {
    .functions = "torch.full_like", .signature = "input, fill_value, " MADE_LIKE,
    .rule = "one number in the shape of the input", .run = fill_like,
  },
  { .methods = "new_zeros new_empty", .signature = "input, *size, " MADE, .rule = "zeros of the input's type", .run = fill_like, .data = &zeros },
  { .methods = "new_ones", .signature = "input, *size, " MADE, .rule = "ones of the input's type", .run = fill_like, .data = &ones },
  { .methods = "new_full", .signature = "input, size, fill_value, " MADE, .rule = "one number in the input's type", .run = fill_like },
  {
    .methods = "zero_", .signature = "input, dtype=None", .rule = "zeros in the shape of the input", .run = fill_like, .data = &zeros,
  },
  {
    .methods = "fill_", .signature = "input, fill_value, dtype=None", .rule = "one number in the shape of the input", .run = fill_like,
  },
  {
    .functions = "torch.arange", .signature = "start, end=None, step=None, " MADE,
    .rule = "numbers from start by step, end left out", .run = arange,
  },
  { .functions = "torch.linspace", .signature = "start, end, steps, " MADE, .rule = "numbers at equal distances", .run = linspace },
  { .functions = "torch.eye", .signature = "n, m=None, " MADE, .rule = "ones on the diagonal", .run = eye },
  { .functions = "torch.tril", .methods = "tril tril_", .signature = "input, diagonal=0", .rule = "what is below a diagonal or on it", .run = triangle },
  { .functions = "torch.triu", .methods = "triu triu_", .signature = "input, diagonal=0", .rule = "what is above a diagonal or on it", .run = triangle },
  {
    .functions = "torch.tensor torch.as_tensor", .signature = "data, " MADE,
    .rule = "numbers in nested lists", .run = tensor,
  },
  {
    .functions = "torch.scalar_tensor", .signature = "fill_value, " MADE, .rule = "one number", .run = scalar_tensor,
  },
};

const LfbOperatorFamily lfb_create_operators = LFB_OPERATOR_FAMILY (operators);

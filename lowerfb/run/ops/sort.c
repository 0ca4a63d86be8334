/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Largest, smallest and sorted elements along a dimension, with their indices.
 * As in torch, NaN wins a maximum and a minimum, and sorts as larger than
 * everything; of equal elements the first comes first. Integers stand in the order of the floats they stand for,
 * and keep scale and zero point.
 */

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-call-private.h>
#include <lowerfb/run/lfb-elementwise-private.h>

#include <math.h>
#include <string.h>

/* An element as double; integers that double cannot tell apart by themselves. */
typedef struct {
  double value;
  gint64 whole;
  gint64 index;
} Item;

/* Lines of elements along a dimension, innermost in the copy. */
typedef struct {
  LfbTensor *moved;     /* owned */
  gsize order[LFB_TENSOR_MAX_DIMS];
  gsize n_dims;
  gsize dim;
  gsize n;              /* elements of a line */
  gsize n_lines;
} Lines;

static void
lines_clear (Lines *self)
{
  g_clear_object (&self->moved);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Lines, lines_clear)

static gboolean
lines_init (Lines      *self,
            LfbTensor  *input,
            gsize       dim,
            GError    **error)
{
  gsize n = 0;

  memset (self, 0, sizeof *self);
  if (!lfb_check_movable ("input", input, error))
    return FALSE;
  self->n_dims = lfb_tensor_get_n_dims (input);
  self->dim = dim;
  for (gsize i = 0; i < self->n_dims; i++)
    if (i != dim)
      self->order[n++] = i;
  if (self->n_dims > 0)
    self->order[n] = dim;
  self->moved = lfb_tensor_permute (input, self->order, error);
  if (self->moved == NULL)
    return FALSE;
  self->n = self->n_dims > 0 ? lfb_tensor_get_dim (input, dim) : 1;
  self->n_lines = self->n > 0 ? lfb_tensor_get_n_elements (input) / self->n : 0;

  return TRUE;
}

/* Of a quantized tensor its integers, which are ordered as its values are. */
static Item
read_item (LfbTensor *tensor,
           gsize      i)
{
  Item item = { 0 };

  if (lfb_dtype_is_floating_point (lfb_tensor_get_dtype (tensor)))
    item.value = lfb_tensor_read_double (tensor, i);
  else
    item.value = item.whole = lfb_tensor_read_int (tensor, i);

  return item;
}

/* NaN above everything. */
static int
compare_values (const Item *x,
                const Item *y)
{
  gboolean x_nan = isnan (x->value), y_nan = isnan (y->value);

  if (x_nan || y_nan)
    return x_nan - y_nan;
  if (x->value != y->value)
    return x->value < y->value ? -1 : 1;

  return x->whole < y->whole ? -1 : x->whole > y->whole;
}

static int
compare_indices (const Item *x,
                 const Item *y)
{
  return x->index < y->index ? -1 : x->index > y->index;
}

static int
compare_ascending (gconstpointer a,
                   gconstpointer b)
{
  int order = compare_values (a, b);

  return order != 0 ? order : compare_indices (a, b);
}

static int
compare_descending (gconstpointer a,
                    gconstpointer b)
{
  int order = compare_values (b, a);

  return order != 0 ? order : compare_indices (a, b);
}

/* The first @k of each line in order: values and indices, with the dimension
 * back in its place.
 */
static gboolean
pick (const Lines  *lines,
      gsize         k,
      gboolean      largest,
      LfbTensor   **values,
      LfbTensor   **indices,
      GError      **error)
{
  g_auto (LfbArray) value_array = LFB_ARRAY_INIT;
  g_auto (LfbArray) index_array = LFB_ARRAY_INIT;
  g_autoptr (LfbTensor) moved_values = NULL;
  g_autoptr (LfbTensor) moved_indices = NULL;
  g_autofree Item *items = lfb_try_alloc (lines->n, sizeof (Item), error);
  gsize item_size = lfb_dtype_size (lfb_tensor_get_dtype (lines->moved)), back[LFB_TENSOR_MAX_DIMS];
  const char *from = lfb_tensor_get_data (lines->moved, NULL);
  gint64 shape[LFB_TENSOR_MAX_DIMS];

  if (items == NULL)
    return FALSE;
  for (gsize i = 0; i < lines->n_dims; i++)
    shape[i] = lfb_tensor_get_dim (lines->moved, i);
  if (lines->n_dims > 0)
    shape[lines->n_dims - 1] = k;
  if (!lfb_array_init (&value_array, lfb_tensor_get_dtype (lines->moved), shape, lines->n_dims, error) ||
      !lfb_array_init (&index_array, LFB_DTYPE_INT64, shape, lines->n_dims, error))
    return FALSE;

  for (gsize line = 0; line < lines->n_lines; line++)
    {
      for (gsize i = 0; i < lines->n; i++)
        {
          items[i] = read_item (lines->moved, line * lines->n + i);
          items[i].index = i;
        }
      qsort (items, lines->n, sizeof *items, largest ? compare_descending : compare_ascending);
      for (gsize i = 0; i < k; i++)
        {
          memcpy ((char *) value_array.data + (line * k + i) * item_size,
                  from + (line * lines->n + items[i].index) * item_size, item_size);
          ((gint64 *) index_array.data)[line * k + i] = items[i].index;
        }
    }

  moved_values = lfb_array_seal_like (&value_array, lines->moved, error);
  moved_indices = moved_values != NULL ? lfb_array_seal (&index_array, error) : NULL;
  if (moved_indices == NULL)
    return FALSE;
  for (gsize i = 0; i < lines->n_dims; i++)
    back[lines->order[i]] = i;
  *values = lfb_tensor_permute (moved_values, back, error);
  *indices = *values != NULL ? lfb_tensor_permute (moved_indices, back, error) : NULL;
  if (*indices == NULL)
    g_clear_object (values);

  return *indices != NULL;
}

static LfbValue *
take_pair (LfbTensor *values,
           LfbTensor *indices)
{
  LfbTensor *both[2] = { values, indices };

  return lfb_value_take_tensors (both, 2, TRUE);
}

/* Where the best element of a line is: the first NaN, else the first of the
 * largest or smallest.
 */
static gsize
find_best (const Lines *lines,
           gsize        line,
           gboolean     largest)
{
  gsize best = 0;

  for (gsize i = 1; i < lines->n; i++)
    {
      Item item = read_item (lines->moved, line * lines->n + i);
      Item known = read_item (lines->moved, line * lines->n + best);
      int order = compare_values (&item, &known);

      if (isnan (known.value))
        break;
      if (isnan (item.value) || (largest ? order > 0 : order < 0))
        best = i;
    }

  return best;
}

/* The best element of each line: its value and index. */
static gboolean
best (LfbTensor   *input,
      gsize        dim,
      gboolean     largest,
      gboolean     keepdim,
      LfbTensor  **value,
      LfbTensor  **index,
      GError     **error)
{
  g_auto (Lines) lines = { 0 };
  g_auto (LfbArray) values = LFB_ARRAY_INIT;
  g_auto (LfbArray) indices = LFB_ARRAY_INIT;
  gsize item_size = lfb_dtype_size (lfb_tensor_get_dtype (input)), n_dims, n = 0;
  const gint64 *own = lfb_tensor_get_shape (input, &n_dims);
  gint64 shape[LFB_TENSOR_MAX_DIMS];

  if (!lines_init (&lines, input, dim, error))
    return FALSE;
  if (lines.n == 0)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE, "dimension %" G_GSIZE_FORMAT " is empty", dim);
      return FALSE;
    }
  for (gsize i = 0; i < n_dims; i++)
    if (i != dim || keepdim)
      shape[n++] = i == dim ? 1 : own[i];
  if (!lfb_array_init (&values, lfb_tensor_get_dtype (input), shape, n, error) ||
      !lfb_array_init (&indices, LFB_DTYPE_INT64, shape, n, error))
    return FALSE;

  for (gsize line = 0; line < lines.n_lines; line++)
    {
      gsize at = find_best (&lines, line, largest);

      memcpy ((char *) values.data + line * item_size,
              (const char *) lfb_tensor_get_data (lines.moved, NULL) + (line * lines.n + at) * item_size, item_size);
      ((gint64 *) indices.data)[line] = at;
    }
  *value = lfb_array_seal_like (&values, input, error);
  *index = *value != NULL ? lfb_array_seal (&indices, error) : NULL;
  if (*index == NULL)
    g_clear_object (value);

  return *index != NULL;
}

static LfbTensor *
flattened (LfbTensor  *input,
           GError    **error)
{
  gint64 n = lfb_tensor_get_n_elements (input);

  return lfb_tensor_reshape (input, &n, 1, error);
}

static gboolean
is_largest (LfbCall *call)
{
  return g_str_has_suffix (call->name, "max");
}

static LfbValue *
arg_best (LfbCall  *call,
          GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  g_autoptr (LfbTensor) flat = NULL;
  LfbTensor *value, *index;
  gboolean keepdim = FALSE;
  gsize dim = 0;

  if (input == NULL || !lfb_call_bool (call, "keepdim", &keepdim, error))
    return NULL;
  if (lfb_value_is_none (lfb_call_get (call, "dim")))
    {
      flat = flattened (input, error);
      if (flat == NULL)
        return NULL;
      input = flat;
      keepdim = FALSE;
    }
  else if (!lfb_call_dim (call, "dim", lfb_tensor_get_n_dims (input), &dim, error))
    return NULL;
  if (!best (input, dim, is_largest (call), keepdim, &value, &index, error))
    return NULL;
  g_object_unref (value);

  return lfb_value_take_tensor (index);
}

LFB_BINARY_FUNCTIONS (larger, a != a || a > b ? a : b)
LFB_BINARY_FUNCTIONS (smaller, a != a || a < b ? a : b)

static gint64
larger_i64 (gint64 a,
            gint64 b)
{
  return MAX (a, b);
}

static gint64
smaller_i64 (gint64 a,
             gint64 b)
{
  return MIN (a, b);
}

/* max and min have three forms: of all elements, along a dimension (value and
 * index), and of two tensors.
 */
static LfbValue *
max_or_min (LfbCall  *call,
            GError  **error)
{
  static const LfbBinary binaries[2] = {
    { smaller_f32, smaller_f64, smaller_i64, LFB_RESULT_SAME },
    { larger_f32, larger_f64, larger_i64, LFB_RESULT_SAME },
  };
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  LfbValue *dim_value = lfb_call_get (call, "dim"), *other = lfb_call_get (call, "other");
  g_autoptr (LfbTensor) flat = NULL;
  LfbTensor *value, *index;
  gboolean keepdim = FALSE;
  gsize dim;

  if (input == NULL || !lfb_call_bool (call, "keepdim", &keepdim, error))
    return NULL;
  if (lfb_value_get_kind (dim_value) == LFB_VALUE_KIND_TENSOR)
    other = dim_value;
  if (!lfb_value_is_none (other))
    return lfb_binary_apply (call->runtime, &binaries[is_largest (call)], "input", lfb_call_get (call, "input"),
                             "other", other, error);
  if (lfb_value_is_none (dim_value))
    {
      flat = flattened (input, error);
      if (flat == NULL || !best (flat, 0, is_largest (call), FALSE, &value, &index, error))
        return NULL;
      g_object_unref (index);
      return lfb_value_take_tensor (value);
    }
  if (!lfb_call_dim (call, "dim", lfb_tensor_get_n_dims (input), &dim, error) ||
      !best (input, dim, is_largest (call), keepdim, &value, &index, error))
    return NULL;

  return take_pair (value, index);
}

static LfbValue *
topk (LfbCall  *call,
      GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  g_auto (Lines) lines = { 0 };
  LfbTensor *values, *indices;
  gboolean largest = TRUE;
  gint64 k = 1;
  gsize dim;

  if (input == NULL || !lfb_call_int (call, "k", &k, error) ||
      !lfb_call_dim (call, "dim", lfb_tensor_get_n_dims (input), &dim, error) ||
      !lfb_call_bool (call, "largest", &largest, error) ||
      !lines_init (&lines, input, dim, error))
    return NULL;
  if (k < 0 || (gsize) k > lines.n)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "argument `k` is %" G_GINT64_FORMAT ", expected 0 to %" G_GSIZE_FORMAT, k, lines.n);
      return NULL;
    }

  /* A number stays itself, whatever k is. */
  if (lines.n_dims == 0)
    k = 1;

  return pick (&lines, k, largest, &values, &indices, error) ? take_pair (values, indices) : NULL;
}

static LfbValue *
sort (LfbCall  *call,
      GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  gboolean descending = FALSE, only_indices = g_str_has_suffix (call->name, "argsort");
  g_auto (Lines) lines = { 0 };
  LfbTensor *values, *indices;
  gsize dim;

  if (input == NULL ||
      !lfb_call_dim (call, "dim", lfb_tensor_get_n_dims (input), &dim, error) ||
      !lfb_call_bool (call, "descending", &descending, error) ||
      !lines_init (&lines, input, dim, error) ||
      !pick (&lines, lines.n, descending, &values, &indices, error))
    return NULL;
  if (!only_indices)
    return take_pair (values, indices);
  g_object_unref (values);

  return lfb_value_take_tensor (indices);
}

static const LfbOperator operators[] = {
  {
    .functions = "torch.argmax torch.argmin", .methods = "argmax argmin", .signature = "input, dim=None, keepdim=False",
    .rule = "the index of the largest or smallest, the first of equal ones", .run = arg_best,
  },
  {
    .functions = "torch.max torch.min", .methods = "max min", .signature = "input, dim=None, keepdim=False, other=None",
    .rule = "the largest or smallest: of all, along a dimension with its index, or of two tensors", .run = max_or_min,
  },
  {
    .functions = "torch.topk", .methods = "topk", .signature = "input, k, dim=-1, largest=True, sorted=True",
    .rule = "the k largest or smallest in order, with their indices", .run = topk,
  },
  {
    .functions = "torch.sort", .methods = "sort", .signature = "input, dim=-1, descending=False, stable=False",
    .rule = "elements in order, with their indices; equal ones keep their order", .run = sort,
  },
  {
    .functions = "torch.argsort", .methods = "argsort", .signature = "input, dim=-1, descending=False, stable=False",
    .rule = "the indices of elements in order", .run = sort,
  },
};

const LfbOperatorFamily lfb_sort_operators = LFB_OPERATOR_FAMILY (operators);

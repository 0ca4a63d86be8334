/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Joining and splitting along a dimension; numerics.md, "cat": torch.cat keeps
 * the scale and zero point of the first input, torch.ops.quantized.cat has
 * given ones, and inputs with others are requantized.
 */

#include <lowerfb/run/lfb-elementwise-private.h>
#include <lowerfb/run/lfb-emit-private.h>
#include <lowerfb/run/lfb-quantized-private.h>

#include <string.h>

LFB_UNARY_FUNCTIONS (same, x)

static const LfbUnary requantize = { .f32 = same_f32, .f64 = same_f64 };

/* An old habit of torch: empty vectors fit everything. */
static gboolean
is_skipped (LfbTensor *tensor)
{
  return lfb_tensor_get_n_dims (tensor) == 1 && lfb_tensor_get_n_elements (tensor) == 0;
}

static gboolean
check_shapes (LfbTensor **tensors,
              gsize       n,
              gsize       dim,
              gint64     *shape,
              gsize      *n_dims,
              GError    **error)
{
  gboolean first = TRUE;

  *n_dims = 1;
  shape[0] = 0;
  for (gsize i = 0; i < n; i++)
    {
      gsize n_own;
      const gint64 *own = lfb_tensor_get_shape (tensors[i], &n_own);
      gboolean fits = TRUE;

      if (is_skipped (tensors[i]))
        continue;
      if (first)
        {
          first = FALSE;
          *n_dims = n_own;
          lfb_sizes_copy (shape, own, n_own);
          continue;
        }
      fits = n_own == *n_dims;
      for (gsize d = 0; d < n_own && fits; d++)
        fits = d == dim || own[d] == shape[d];
      if (!fits || __builtin_add_overflow (shape[dim], own[dim], &shape[dim]))
        {
          g_autofree char *text = lfb_tensor_describe_shape (tensors[i]);
          g_autofree char *other = lfb_tensor_describe_shape (tensors[0]);

          g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                       "tensor %" G_GSIZE_FORMAT " has the shape %s, which does not join %s along dimension %" G_GSIZE_FORMAT,
                       i, text, other, dim);
          return FALSE;
        }
    }

  return TRUE;
}

static LfbTensor *
cat_tensors (LfbTensor  **tensors,
             gsize        n,
             gsize        dim,
             GError     **error)
{
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  gint64 shape[LFB_TENSOR_MAX_DIMS];
  gsize n_dims, outer = 1, row = 0, at = 0, item_size = lfb_dtype_size (lfb_tensor_get_dtype (tensors[0]));

  if (!check_shapes (tensors, n, dim, shape, &n_dims, error) ||
      !lfb_array_init (&array, lfb_tensor_get_dtype (tensors[0]), shape, n_dims, error))
    return NULL;
  for (gsize i = 0; i < dim; i++)
    outer *= shape[i];
  if (array.n_elements == 0)
    return lfb_array_seal_like (&array, tensors[0], error);

  row = array.size / outer;
  for (gsize i = 0; i < n; i++)
    {
      gsize part = lfb_tensor_get_n_elements (tensors[i]) * item_size / outer;
      const char *from = lfb_tensor_get_data (tensors[i], NULL);

      for (gsize o = 0; o < outer && part > 0; o++)
        memcpy ((char *) array.data + o * row + at, from + o * part, part);
      at += part;
    }

  return lfb_array_seal_like (&array, tensors[0], error);
}

/* All inputs in one type, or with one scale and zero point. Returns new
 * references in @result, which has a slot for each.
 */
static gboolean
unify (LfbCall     *call,
       LfbTensor  **tensors,
       gsize        n,
       double       scale,
       gint64       zero_point,
       LfbTensor  **result,
       GError     **error)
{
  LfbDType dtype = lfb_tensor_get_dtype (tensors[0]);
  gboolean quantized = lfb_tensor_is_quantized (tensors[0]);

  for (gsize i = 1; i < n && !quantized; i++)
    if (!lfb_tensor_is_quantized (tensors[i]))
      dtype = lfb_promote_types (dtype, 0, lfb_tensor_get_dtype (tensors[i]), 0);
  for (gsize i = 0; i < n; i++)
    {
      if (lfb_tensor_is_quantized (tensors[i]) != quantized ||
          (quantized && lfb_tensor_get_dtype (tensors[i]) != dtype))
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE,
                       "tensor %" G_GSIZE_FORMAT " has the dtype %s, expected %s as the first", i,
                       lfb_dtype_to_string (lfb_tensor_get_dtype (tensors[i])), lfb_dtype_to_string (dtype));
          return FALSE;
        }
      if (!quantized)
        result[i] = lfb_tensor_convert (tensors[i], dtype, error);
      else if (!lfb_check_quantized ("tensors", tensors[i], error))
        return FALSE;
      else if (lfb_tensor_get_scale (tensors[i]) == scale && lfb_tensor_get_zero_point (tensors[i]) == zero_point)
        result[i] = g_object_ref (tensors[i]);
      else
        result[i] = lfb_unary_table (call->runtime, &requantize, NULL, tensors[i], scale, zero_point, error);
      if (result[i] == NULL)
        return FALSE;
    }

  return TRUE;
}

static void
clear_tensors (LfbTensor **tensors,
               gsize       n)
{
  for (gsize i = 0; i < n; i++)
    g_clear_object (&tensors[i]);
}

/* dim is that of the first tensor that is not skipped. */
static gboolean
read_dim (LfbCall     *call,
          LfbTensor  **tensors,
          gsize        n,
          gsize        extra,
          gsize       *dim,
          GError     **error)
{
  gsize n_dims = lfb_tensor_get_n_dims (tensors[0]);

  for (gsize i = 0; i < n; i++)
    if (!is_skipped (tensors[i]))
      {
        n_dims = lfb_tensor_get_n_dims (tensors[i]);
        break;
      }
  if (n_dims + extra == 0)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_SHAPE, "tensors without dimensions cannot be joined");
      return FALSE;
    }

  return lfb_call_dim (call, "dim", n_dims + extra, dim, error);
}

static LfbValue *
cat (LfbCall  *call,
     GError  **error)
{
  gsize n = 0, dim;
  g_autofree LfbTensor **tensors = lfb_call_tensors (call, "tensors", &n, error);
  g_autofree LfbTensor **alike = NULL;
  LfbTensor *result = NULL;
  double scale = 1;
  gint64 zero_point = 0;

  if (tensors == NULL || !read_dim (call, tensors, n, 0, &dim, error))
    return NULL;
  if (lfb_tensor_is_quantized (tensors[0]))
    {
      scale = lfb_tensor_get_scale (tensors[0]);
      zero_point = lfb_tensor_get_zero_point (tensors[0]);
    }
  alike = g_new0 (LfbTensor *, n);
  if (unify (call, tensors, n, scale, zero_point, alike, error))
    result = cat_tensors (alike, n, dim, error);
  clear_tensors (alike, n);

  return lfb_value_take_tensor (result);
}

LFB_UNARY_FUNCTIONS (relu, x < 0 ? 0 : x)

static LfbValue *
quantized_cat (LfbCall  *call,
               GError  **error)
{
  static const LfbUnary relu = { .f32 = relu_f32, .f64 = relu_f64 };
  gsize n = 0, dim;
  g_autofree LfbTensor **tensors = lfb_call_tensors (call, "tensors", &n, error);
  g_autofree LfbTensor **alike = NULL;
  g_autoptr (LfbTensor) joined = NULL;
  double scale = 1;
  gint64 zero_point = 0;

  if (tensors == NULL || !lfb_check_quantized ("tensors", tensors[0], error) ||
      !read_dim (call, tensors, n, 0, &dim, error))
    return NULL;
  scale = lfb_tensor_get_scale (tensors[0]);
  zero_point = lfb_tensor_get_zero_point (tensors[0]);
  if (!lfb_call_qparams (call, "scale", "zero_point", lfb_tensor_get_dtype (tensors[0]), &scale, &zero_point, error))
    return NULL;

  alike = g_new0 (LfbTensor *, n);
  if (unify (call, tensors, n, scale, zero_point, alike, error))
    joined = cat_tensors (alike, n, dim, error);
  clear_tensors (alike, n);
  if (joined == NULL)
    return NULL;
  if (g_str_has_suffix (call->name, "_relu"))
    return lfb_value_take_tensor (lfb_unary_table (call->runtime, &relu, NULL, joined, scale, zero_point, error));

  return lfb_value_take_tensor (g_steal_pointer (&joined));
}

/* The bytes of @part with another scale and zero point. */
static guint8 *
requantizing_table (const LfbRuntime  *runtime,
                    const LfbOperand  *part,
                    double             scale,
                    gint64             zero_point,
                    GError           **error)
{
  g_autoptr (LfbTensor) all = lfb_emit_all_bytes (part, error);
  g_autoptr (LfbTensor) table = NULL;

  if (all != NULL)
    table = lfb_unary_table (runtime, &requantize, NULL, all, scale, zero_point, error);

  return table != NULL ? g_memdup2 (lfb_tensor_get_data (table, NULL), 256) : NULL;
}

/* Whether the parts make @y along its dimension @dim; @y is as the first. */
static gboolean
join_shapes (const LfbOperand *parts,
             gsize             n_parts,
             gsize             dim,
             LfbOperand       *y)
{
  for (gsize i = 1; i < n_parts; i++)
    {
      if (parts[i].n_dims != y->n_dims || parts[i].dtype != y->dtype)
        return FALSE;
      for (gsize d = 0; d < y->n_dims; d++)
        if (d != dim && parts[i].shape[d] != y->shape[d])
          return FALSE;
      if (__builtin_add_overflow (y->shape[dim], parts[i].shape[dim], &y->shape[dim]))
        return FALSE;
    }

  return TRUE;
}

static LfbEmitted
emit_parts (LfbEmit           *emit,
            const LfbOperand  *parts,
            gsize              n_parts,
            gsize              dim,
            const LfbOperand  *y,
            GError           **error)
{
  gboolean quantized = lfb_dtype_is_quantized (y->dtype);
  g_auto (GStrv) tables = g_new0 (char *, n_parts + 1);
  LfbEmitted emitted = LFB_EMITTED;

  for (gsize i = 0; i < n_parts && emitted == LFB_EMITTED; i++)
    if (quantized && (parts[i].scale != y->scale || parts[i].zero_point != y->zero_point))
      {
        tables[i] = (char *) requantizing_table (emit->runtime, &parts[i], y->scale, y->zero_point, error);
        if (tables[i] == NULL)
          emitted = LFB_EMITTED_ERROR;
      }
  if (emitted == LFB_EMITTED)
    emitted = lfb_emit_cat (emit, parts, (guint8 **) tables, n_parts, dim, y);
  for (gsize i = 0; i < n_parts; i++)
    g_clear_pointer (&tables[i], g_free);

  return emitted;
}

static LfbEmitted
emit_cat (LfbEmit  *emit,
          GError  **error)
{
  gsize n = 0, dim = 0;
  g_autofree LfbOperand *parts = lfb_emit_operands (emit, "tensors", &n);
  LfbCall *call = &emit->call;
  LfbOperand y;

  if (parts == NULL || !lfb_emit_is_constant (emit, "tensors") || g_str_has_suffix (call->name, "_relu") ||
      parts[0].n_dims < 2)
    return LFB_EMITTED_NOTHING;
  y = parts[0];
  if (!lfb_call_dim (call, "dim", y.n_dims, &dim, error))
    return LFB_EMITTED_ERROR;
  if (lfb_dtype_is_quantized (y.dtype))
    {
      if (y.dtype != LFB_DTYPE_QUINT8 && y.dtype != LFB_DTYPE_QINT8)
        return LFB_EMITTED_NOTHING;
      if (lfb_call_has (call, "scale") &&
          !lfb_call_qparams (call, "scale", "zero_point", y.dtype, &y.scale, &y.zero_point, error))
        return LFB_EMITTED_ERROR;
    }
  if (!join_shapes (parts, n, dim, &y))
    return LFB_EMITTED_NOTHING;

  return emit_parts (emit, parts, n, dim, &y, error);
}

static LfbEmitted
emit_stack (LfbEmit  *emit,
            GError  **error)
{
  gsize n = 0, dim = 0;
  g_autofree LfbOperand *parts = lfb_emit_operands (emit, "tensors", &n);
  LfbOperand first, y;

  if (parts == NULL || !lfb_emit_is_constant (emit, "tensors"))
    return LFB_EMITTED_NOTHING;
  first = parts[0];
  if (!lfb_call_dim (&emit->call, "dim", first.n_dims + 1, &dim, error))
    return LFB_EMITTED_ERROR;
  for (gsize i = 0; i < n; i++)
    {
      LfbOperand *part = &parts[i];

      /* Of parts that are not alike the operator tells. */
      if (part->n_dims >= LFB_OPERAND_MAX_DIMS || (i > 0 && !lfb_operand_equal_meta (part, &first)))
        return LFB_EMITTED_NOTHING;
      lfb_operand_insert_dim (part, dim);
    }
  y = parts[0];
  y.shape[dim] = n;

  return emit_parts (emit, parts, n, dim, &y, error);
}

static LfbTensor *
with_dimension (LfbTensor  *tensor,
                gsize       dim,
                GError    **error)
{
  gint64 shape[LFB_TENSOR_MAX_DIMS + 1];
  gsize n_dims;
  const gint64 *own = lfb_tensor_get_shape (tensor, &n_dims);

  if (!lfb_check_rank ("tensors", tensor, 0, LFB_TENSOR_MAX_DIMS - 1, error))
    return NULL;
  for (gsize i = 0; i <= n_dims; i++)
    shape[i] = i < dim ? own[i] : i == dim ? 1 : own[i - 1];

  return lfb_tensor_reshape (tensor, shape, n_dims + 1, error);
}

static LfbValue *
stack (LfbCall  *call,
       GError  **error)
{
  gsize n = 0, dim;
  g_autofree LfbTensor **tensors = lfb_call_tensors (call, "tensors", &n, error);
  g_autofree LfbTensor **alike = NULL;
  g_autofree LfbTensor **deeper = NULL;
  LfbTensor *result = NULL;
  gboolean ok;

  if (tensors == NULL || !lfb_call_dim (call, "dim", lfb_tensor_get_n_dims (tensors[0]) + 1, &dim, error))
    return NULL;
  for (gsize i = 1; i < n; i++)
    if (!lfb_shape_equal (tensors[0], tensors[i]))
      {
        g_autofree char *found = lfb_tensor_describe_shape (tensors[i]);
        g_autofree char *wanted = lfb_tensor_describe_shape (tensors[0]);

        g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                     "tensor %" G_GSIZE_FORMAT " has the shape %s, expected %s as the first", i, found, wanted);
        return NULL;
      }

  alike = g_new0 (LfbTensor *, n);
  deeper = g_new0 (LfbTensor *, n);
  ok = unify (call, tensors, n, lfb_tensor_get_scale (tensors[0]), lfb_tensor_get_zero_point (tensors[0]), alike, error);
  for (gsize i = 0; i < n && ok; i++)
    {
      deeper[i] = with_dimension (alike[i], dim, error);
      ok = deeper[i] != NULL;
    }
  if (ok)
    result = cat_tensors (deeper, n, dim, error);
  clear_tensors (alike, n);
  clear_tensors (deeper, n);

  return lfb_value_take_tensor (result);
}

/* The parts of @sizes along @dim; their sum is the whole. */
static LfbValue *
split_sizes (LfbTensor     *input,
             gsize          dim,
             const gint64  *sizes,
             gsize          n,
             GError       **error)
{
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);
  gint64 shape[LFB_TENSOR_MAX_DIMS], strides[LFB_TENSOR_MAX_DIMS], at = 0;
  gsize n_dims;
  const gint64 *own = lfb_tensor_get_shape (input, &n_dims);

  lfb_sizes_copy (shape, own, n_dims);
  lfb_shape_strides (own, n_dims, strides);
  for (gsize i = 0; i < n; i++)
    {
      LfbValue *part;

      shape[dim] = sizes[i];
      part = lfb_value_take_tensor (lfb_tensor_restride (input, at * strides[dim], shape, strides, n_dims, error));
      if (part == NULL)
        return NULL;
      g_ptr_array_add (parts, part);
      at += sizes[i];
    }

  return lfb_value_for_tuple ((LfbValue **) parts->pdata, parts->len);
}

/* Equal parts of @step, the last one what is left. */
static LfbValue *
split_equal (LfbTensor  *input,
             gsize       dim,
             gint64      step,
             GError    **error)
{
  gint64 size = lfb_tensor_get_dim (input, dim);
  gsize n = size == 0 ? 1 : (size - 1) / step + 1;
  g_autofree gint64 *sizes = lfb_try_alloc (n, sizeof (gint64), error);

  if (sizes == NULL)
    return NULL;
  for (gsize i = 0; i < n; i++)
    sizes[i] = MIN (step, size - (gint64) i * step);

  return split_sizes (input, dim, sizes, n, error);
}

static LfbTensor *
splittable_input (LfbCall  *call,
                  gsize    *dim,
                  GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);

  if (input == NULL || !lfb_check_movable ("input", input, error) ||
      !lfb_check_rank ("input", input, 1, LFB_TENSOR_MAX_DIMS, error) ||
      !lfb_call_dim (call, "dim", lfb_tensor_get_n_dims (input), dim, error))
    return NULL;

  return input;
}

static LfbValue *
chunk (LfbCall  *call,
       GError  **error)
{
  gint64 n = 1, size;
  gsize dim;
  LfbTensor *input = splittable_input (call, &dim, error);

  if (input == NULL || !lfb_call_int (call, "chunks", &n, error))
    return NULL;
  if (n < 1)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "argument `chunks` is %" G_GINT64_FORMAT ", expected 1 or more", n);
      return NULL;
    }
  size = lfb_tensor_get_dim (input, dim);
  /* Of nothing there are as many parts as asked for. */
  if (size == 0)
    {
      g_autofree gint64 *none = n <= G_MAXINT32 ? lfb_try_alloc (n, sizeof (gint64), error) : NULL;

      if (n > G_MAXINT32)
        g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "argument `chunks` is %" G_GINT64_FORMAT ", too many parts", n);
      if (none != NULL)
        memset (none, 0, n * sizeof *none);
      return none != NULL ? split_sizes (input, dim, none, n, error) : NULL;
    }

  return split_equal (input, dim, size / n + (size % n != 0), error);
}

static LfbValue *
split (LfbCall  *call,
       GError  **error)
{
  const char *name = lfb_call_has (call, "split_sizes") ? "split_sizes" : "split_size_or_sections";
  LfbValue *given = lfb_call_get (call, name);
  gint64 step = 1, total = 0, least;
  gsize dim, n;
  LfbTensor *input = splittable_input (call, &dim, error);
  g_autofree gint64 *sizes = NULL;

  if (input == NULL)
    return NULL;
  least = lfb_tensor_get_dim (input, dim) == 0 ? 0 : 1;
  if (!lfb_value_is_sequence (given) && g_str_equal (name, "split_size_or_sections"))
    {
      if (!lfb_call_int (call, name, &step, error))
        return NULL;
      if (step < least)
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "argument `split_size_or_sections` is %" G_GINT64_FORMAT
                       ", expected %" G_GINT64_FORMAT " or more", step, least);
          return NULL;
        }
      return split_equal (input, dim, step, error);
    }

  if (!lfb_value_is_sequence (given))
    {
      g_autofree char *found = lfb_value_describe (given);

      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument `%s` is %s, expected a sequence of ints", name, found);
      return NULL;
    }
  n = lfb_value_get_n_items (given);
  sizes = g_new0 (gint64, MAX (n, 1));
  for (gsize i = 0; i < n; i++)
    if (!lfb_value_read_int (lfb_value_get_item (given, i), &sizes[i]) || sizes[i] < 0 ||
        __builtin_add_overflow (total, sizes[i], &total))
      {
        g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument `%s` must hold ints of 0 or more", name);
        return NULL;
      }
  if (total != lfb_tensor_get_dim (input, dim))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "argument `%s` adds up to %" G_GINT64_FORMAT ", expected %" G_GINT64_FORMAT, name,
                   total, lfb_tensor_get_dim (input, dim));
      return NULL;
    }

  return split_sizes (input, dim, sizes, n, error);
}

static LfbValue *
unbind (LfbCall  *call,
        GError  **error)
{
  gsize dim;
  LfbTensor *input = splittable_input (call, &dim, error);
  g_autoptr (GPtrArray) parts = NULL;
  gint64 shape[LFB_TENSOR_MAX_DIMS], strides[LFB_TENSOR_MAX_DIMS], stride, size;
  gsize n_dims;

  if (input == NULL)
    return NULL;
  lfb_sizes_copy (shape, lfb_tensor_get_shape (input, &n_dims), lfb_tensor_get_n_dims (input));
  lfb_shape_strides (shape, n_dims, strides);
  stride = strides[dim];
  size = shape[dim];
  if (size > G_MAXINT32)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                   "dimension %" G_GSIZE_FORMAT " has the size %" G_GINT64_FORMAT ", too many parts", dim, size);
      return NULL;
    }
  memmove (shape + dim, shape + dim + 1, (n_dims - dim - 1) * sizeof *shape);
  memmove (strides + dim, strides + dim + 1, (n_dims - dim - 1) * sizeof *strides);
  parts = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);
  for (gint64 i = 0; i < size; i++)
    {
      LfbValue *part = lfb_value_take_tensor (lfb_tensor_restride (input, i * stride, shape, strides, n_dims - 1, error));

      if (part == NULL)
        return NULL;
      g_ptr_array_add (parts, part);
    }

  return lfb_value_for_tuple ((LfbValue **) parts->pdata, parts->len);
}

#define CAT_RULE "joined along a dimension; integers of another scale or zero point requantized to "

static const LfbOperator operators[] = {
  {
    .functions = "torch.cat torch.concat torch.concatenate", .signature = "tensors, dim=0",
    .rule = CAT_RULE "those of the first", .run = cat, .emit = emit_cat,
  },
  {
    .functions = "torch.ops.quantized.cat torch.ops.quantized.cat_relu", .signature = "tensors, dim, scale=None, zero_point=None",
    .rule = CAT_RULE "the given ones", .run = quantized_cat, .emit = emit_cat,
  },
  { .functions = "torch.stack", .signature = "tensors, dim=0", .rule = "joined along a new dimension", .run = stack, .emit = emit_stack },
  { .functions = "torch.chunk", .methods = "chunk", .signature = "input, chunks, dim=0", .rule = "a number of parts", .run = chunk },
  {
    .functions = "torch.split torch.functional.split", .methods = "split",
    .signature = "input, split_size_or_sections, dim=0", .rule = "parts of a size, or of given sizes", .run = split,
  },
  {
    .functions = "torch.split_with_sizes", .methods = "split_with_sizes",
    .signature = "input, split_sizes, dim=0", .rule = "parts of given sizes", .run = split,
  },
  { .functions = "torch.unbind", .methods = "unbind", .signature = "input, dim=0", .rule = "every index of a dimension", .run = unbind },
};

const LfbOperatorFamily lfb_cat_operators = LFB_OPERATOR_FAMILY (operators);

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Embedding and embedding bags, in float and of rows in 8, 4 and 2 bits: which
 * rows go where. What a row is, lfb-embedding-rows.c says.
 */

#include <lowerfb/run/emit/lfb-embedding-private.h>
#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-call-private.h>
#include <lowerfb/run/lfb-embedding-rows-private.h>
#include <lowerfb/run/lfb-reference-private.h>

#include <string.h>

/* Indices as int64, each one a row. */
static LfbTensor *
read_indices (const char  *name,
              LfbTensor   *indices,
              gsize        n_rows,
              GError     **error)
{
  g_autoptr (LfbTensor) result = NULL;

  if (lfb_dtype_is_floating_point (lfb_tensor_get_dtype (indices)) || lfb_tensor_is_quantized (indices))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE, "argument `%s` has the dtype %s, expected int32 or int64", name,
                   lfb_dtype_to_string (lfb_tensor_get_dtype (indices)));
      return NULL;
    }
  result = lfb_tensor_convert (indices, LFB_DTYPE_INT64, error);
  if (result == NULL ||
      !lfb_rows_check_indices (name, lfb_tensor_get_data (result, NULL), lfb_tensor_get_n_elements (result), n_rows, error))
    return NULL;

  return g_steal_pointer (&result);
}

static LfbTensor *
packed_rows (LfbCall     *call,
             const char  *name,
             GError     **error)
{
  LfbValue *packed = lfb_call_get (call, name);
  LfbValue *weight = NULL;

  if (lfb_value_get_kind (packed) == LFB_VALUE_KIND_PACKED)
    weight = lfb_value_lookup (packed, "weight");
  if (weight == NULL || lfb_value_get_kind (weight) != LFB_VALUE_KIND_TENSOR)
    {
      g_autofree char *found = lfb_value_describe (packed);

      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument `%s` is %s, expected packed rows", name, found);
      return NULL;
    }

  return lfb_value_get_tensor (weight);
}

static LfbTensor *
find_weight (LfbCall  *call,
             GError  **error)
{
  if (lfb_call_has (call, "packed_weight"))
    return packed_rows (call, "packed_weight", error);

  return call->info->row->prepare != NULL ? lfb_call_state (call, error) : lfb_call_tensor (call, "weight", error);
}

static const char *
index_name (LfbCall *call)
{
  return lfb_call_has (call, "indices") ? "indices" : "input";
}

static LfbValue *
embedding (LfbCall  *call,
           GError  **error)
{
  LfbTensor *indices = lfb_call_tensor (call, index_name (call), error);
  LfbTensor *weight = indices != NULL ? find_weight (call, error) : NULL;
  g_auto (LfbRows) rows = { 0 };
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  g_autoptr (LfbTensor) numbers = NULL;
  g_autoptr (LfbTensor) result = NULL;
  gint64 shape[LFB_TENSOR_MAX_DIMS + 1];
  gsize n_dims, n;

  if (weight == NULL || !lfb_check_rank (index_name (call), indices, 0, LFB_TENSOR_MAX_DIMS - 1, error) ||
      !lfb_rows_init (&rows, call, weight, error))
    return NULL;
  numbers = read_indices (index_name (call), indices, rows.n_rows, error);
  if (numbers == NULL)
    return NULL;
  n = lfb_tensor_get_n_elements (numbers);
  lfb_sizes_copy (shape, lfb_tensor_get_shape (numbers, &n_dims), lfb_tensor_get_n_dims (numbers));
  shape[n_dims] = rows.width;
  if (!lfb_array_init (&array, LFB_DTYPE_FLOAT32, shape, n_dims + 1, error))
    return NULL;
  if (lfb_rows_have_kernel (&rows))
    {
      /* Each index is a bag of its own. */
      const LfbEmbedding bags = { .indices = lfb_tensor_get_data (numbers, NULL), .skip = -1 };

      lfb_rows_run_kernel (&rows, call->runtime, &bags, n, array.data);
    }
  else
    {
      for (gsize i = 0; i < n; i++)
        lfb_rows_copy (&rows, lfb_tensor_read_int (numbers, i), (float *) array.data + i * rows.width);
    }
  result = lfb_array_seal (&array, error);

  return result != NULL && !lfb_tensor_is_quantized (weight)
           ? lfb_value_take_tensor (lfb_tensor_convert (result, lfb_tensor_get_dtype (weight), error))
           : lfb_value_take_tensor (g_steal_pointer (&result));
}

typedef enum {
  BAG_SUM,
  BAG_MEAN,
  BAG_MAX,
} BagMode;

/* Where bags begin: n_bags + 1 numbers. */
static gint64 *
read_bags (LfbCall    *call,
           LfbTensor  *indices,
           gsize      *n_bags,
           GError    **error)
{
  gboolean last_offset = FALSE;
  gsize n = lfb_tensor_get_n_elements (indices);
  g_autoptr (LfbTensor) starts = NULL;
  g_autofree gint64 *bags = NULL;
  LfbTensor *offsets;

  if (!lfb_call_optional_tensor (call, "offsets", &offsets, error) ||
      !lfb_call_bool (call, "include_last_offset", &last_offset, error))
    return NULL;
  if (lfb_tensor_get_n_dims (indices) == 2)
    {
      gsize width = lfb_tensor_get_dim (indices, 1);

      if (offsets != NULL)
        {
          g_set_error_literal (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument `offsets` is given, but each row of the indices is a bag");
          return NULL;
        }
      if (width == 0)
        {
          g_set_error_literal (error, LFB_ERROR, LFB_ERROR_SHAPE, "the indices are a matrix without columns, expected an index in each bag");
          return NULL;
        }
      *n_bags = lfb_tensor_get_dim (indices, 0);
      bags = lfb_try_alloc (*n_bags + 1, sizeof *bags, error);
      for (gsize i = 0; i <= *n_bags && bags != NULL; i++)
        bags[i] = i * width;
      return g_steal_pointer (&bags);
    }
  if (offsets == NULL)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument `offsets` is missing: the indices have one dimension");
      return NULL;
    }

  starts = read_indices ("offsets", offsets, n + 1, error);
  if (starts == NULL || !lfb_check_rank ("offsets", offsets, 1, 1, error))
    return NULL;
  *n_bags = lfb_tensor_get_n_elements (starts);
  if (last_offset && *n_bags == 0)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_SHAPE, "argument `offsets` is empty, expected the last offset");
      return NULL;
    }
  bags = lfb_try_alloc (*n_bags + 1, sizeof *bags, error);
  if (bags == NULL)
    return NULL;
  if (!lfb_rows_fill_bags (lfb_tensor_get_data (starts, NULL), *n_bags, n, last_offset, bags, error))
    return NULL;
  *n_bags -= last_offset ? 1 : 0;

  return g_steal_pointer (&bags);
}

static gboolean
read_mode (LfbCall  *call,
           BagMode  *mode,
           GError  **error)
{
  LfbValue *value = lfb_call_get (call, "mode");
  const char *name = "sum";

  *mode = BAG_SUM;
  /* torch's packed operators take a number, and only sum. */
  if (value == NULL || lfb_value_get_kind (value) == LFB_VALUE_KIND_INT)
    {
      gint64 number = value != NULL ? lfb_value_get_int (value) : 0;

      *mode = number == 1 ? BAG_MEAN : number == 2 ? BAG_MAX : BAG_SUM;
      return TRUE;
    }
  if (!lfb_call_string (call, "mode", &name, error))
    return FALSE;
  if (strcmp (name, "mean") == 0)
    *mode = BAG_MEAN;
  else if (strcmp (name, "max") == 0)
    *mode = BAG_MAX;
  else if (strcmp (name, "sum") != 0)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument `mode` is '%.40s', expected 'sum', 'mean' or 'max'", name);
      return FALSE;
    }

  return TRUE;
}

static gboolean
read_weights (LfbCall     *call,
              BagMode      mode,
              gsize        n,
              LfbTensor  **weights,
              GError     **error)
{
  LfbTensor *tensor;

  *weights = NULL;
  if (!lfb_call_optional_tensor (call, "per_sample_weights", &tensor, error))
    return FALSE;
  if (tensor == NULL)
    return TRUE;
  if (mode != BAG_SUM)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument `per_sample_weights` is only for the mode 'sum'");
      return FALSE;
    }
  if ((gsize) lfb_tensor_get_n_elements (tensor) != n)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "argument `per_sample_weights` has %" G_GINT64_FORMAT " elements, expected one for each of %" G_GSIZE_FORMAT " indices",
                   lfb_tensor_get_n_elements (tensor), n);
      return FALSE;
    }
  *weights = lfb_tensor_as_float ("per_sample_weights", tensor, error);

  return *weights != NULL;
}

static void
fill_bag (const LfbRows *rows,
          BagMode     mode,
          LfbTensor  *indices,
          LfbTensor  *weights,
          gint64      begin,
          gint64      end,
          gint64      padding,
          float      *y)
{
  gsize n = 0;

  memset (y, 0, rows->width * sizeof *y);
  for (gint64 i = begin; i < end; i++)
    {
      gint64 row = lfb_tensor_read_int (indices, i);

      if (row == padding)
        continue;
      if (mode == BAG_MAX)
        lfb_rows_max (rows, row, n == 0, y);
      else
        lfb_rows_add (rows, row, weights != NULL ? lfb_tensor_floats (weights)[i] : 1, y);
      n++;
    }
  for (gsize j = 0; j < rows->width && mode == BAG_MEAN && n > 0; j++)
    y[j] *= 1.0f / (float) n;
}

static LfbValue *
embedding_bag (LfbCall  *call,
               GError  **error)
{
  LfbTensor *indices = lfb_call_tensor (call, index_name (call), error);
  LfbTensor *weight = indices != NULL ? find_weight (call, error) : NULL;
  g_auto (LfbRows) rows = { 0 };
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  g_autoptr (LfbTensor) numbers = NULL;
  g_autoptr (LfbTensor) weights = NULL;
  g_autofree gint64 *bags = NULL;
  gint64 shape[2], padding = -1;
  gsize n_bags;
  BagMode mode;

  if (weight == NULL || !lfb_check_rank (index_name (call), indices, 1, 2, error) ||
      !lfb_rows_init (&rows, call, weight, error))
    return NULL;
  numbers = read_indices (index_name (call), indices, rows.n_rows, error);
  bags = numbers != NULL ? read_bags (call, numbers, &n_bags, error) : NULL;
  if (bags == NULL || !read_mode (call, &mode, error) ||
      !read_weights (call, mode, lfb_tensor_get_n_elements (numbers), &weights, error) ||
      !lfb_call_int (call, "padding_idx", &padding, error))
    return NULL;
  if (padding < 0 && lfb_call_has (call, "padding_idx") && !lfb_value_is_none (lfb_call_get (call, "padding_idx")))
    padding += rows.n_rows;
  shape[0] = n_bags;
  shape[1] = rows.width;
  if (!lfb_array_init (&array, LFB_DTYPE_FLOAT32, shape, 2, error))
    return NULL;
  if (mode != BAG_MAX && lfb_rows_have_kernel (&rows))
    {
      const LfbEmbedding all = {
        .indices = lfb_tensor_get_data (numbers, NULL),
        .weights = weights != NULL ? lfb_tensor_floats (weights) : NULL,
        .bags = bags,
        .skip = padding,
        .mean = mode == BAG_MEAN,
      };

      lfb_rows_run_kernel (&rows, call->runtime, &all, n_bags, array.data);
      return lfb_value_take_tensor (lfb_array_seal (&array, error));
    }
  for (gsize i = 0; i < n_bags; i++)
    fill_bag (&rows, mode, numbers, weights, bags[i], bags[i + 1], padding, (float *) array.data + i * rows.width);

  return lfb_value_take_tensor (lfb_array_seal (&array, error));
}

/* The table of a call whose indices are of the run; NULL if it is not constant, or
 * not as instructions take it.
 */
static LfbEmbeddingCall *
embedding_call_new (LfbEmit    *emit,
                    const char *others,
                    LfbOperand *indices)
{
  LfbCall *call = &emit->call;
  const char *name = index_name (call);
  LfbEmbeddingCall *self;
  LfbTensor *weight;

  if (!lfb_emit_is_constant (emit, others) || !lfb_emit_operand (emit, name, indices) || indices->dtype != LFB_DTYPE_INT64 ||
      indices->n_dims >= LFB_OPERAND_MAX_DIMS)
    return NULL;
  weight = find_weight (call, NULL);
  if (weight == NULL || (!lfb_tensor_is_quantized (weight) && lfb_tensor_get_dtype (weight) != LFB_DTYPE_FLOAT32))
    return NULL;

  self = g_new0 (LfbEmbeddingCall, 1);
  self->weight = g_object_ref (weight);
  self->index_name = name;
  if (!lfb_rows_init (&self->rows, call, weight, NULL))
    g_clear_pointer (&self, lfb_embedding_free);

  return self;
}

static LfbEmitted
emit_embedding (LfbEmit  *emit,
                GError  **error)
{
  LfbOperand indices;
  LfbEmbeddingCall *call = embedding_call_new (emit, index_name (&emit->call), &indices);

  return call != NULL ? lfb_emit_embedding (emit, call, &indices) : LFB_EMITTED_NOTHING;
}

/* Sums and means of quantized rows. */
static LfbEmitted
emit_bags (LfbEmit  *emit,
           GError  **error)
{
  LfbValue *weights = lfb_call_get (&emit->call, "per_sample_weights");
  LfbOperand indices, starts;
  LfbEmbeddingCall *call = embedding_call_new (emit, "indices input offsets", &indices);
  BagMode mode;

  if (call == NULL)
    return LFB_EMITTED_NOTHING;
  call->padding = -1;
  if (!lfb_rows_have_kernel (&call->rows) || indices.n_dims != 1 || (weights != NULL && !lfb_value_is_none (weights)) ||
      !lfb_emit_operand (emit, "offsets", &starts) || starts.dtype != LFB_DTYPE_INT64 || starts.n_dims != 1 ||
      !read_mode (&emit->call, &mode, NULL) || mode == BAG_MAX ||
      !lfb_call_int (&emit->call, "padding_idx", &call->padding, NULL) ||
      !lfb_call_bool (&emit->call, "include_last_offset", &call->last_offset, NULL) ||
      (call->last_offset && starts.shape[0] == 0))
    {
      lfb_embedding_free (call);
      return LFB_EMITTED_NOTHING;
    }
  if (call->padding < 0 && lfb_call_has (&emit->call, "padding_idx") &&
      !lfb_value_is_none (lfb_call_get (&emit->call, "padding_idx")))
    call->padding += call->rows.n_rows;
  call->mean = mode == BAG_MEAN;

  return lfb_emit_bags (emit, call, &indices, &starts);
}

static gpointer
prepare_reference (LfbCall  *call,
                   GError  **error)
{
  return lfb_reference_weight (call, "weight", error);
}

static void
free_tensor (gpointer tensor)
{
  g_object_unref (tensor);
}

static LfbValue *
prepack (LfbCall  *call,
         GError  **error)
{
  static const char * const names[] = { "weight", NULL };
  LfbTensor *weight = lfb_call_tensor (call, "weight", error);
  g_autoptr (LfbValue) parts = NULL;
  g_auto (LfbRows) rows = { 0 };
  LfbValue *item;

  if (weight == NULL || !lfb_check_rank ("weight", weight, 2, 2, error))
    return NULL;
  if (!lfb_tensor_is_quantized (weight))
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_DTYPE, "argument `weight` is not quantized");
      return NULL;
    }
  rows.n_rows = lfb_tensor_get_dim (weight, 0);
  if (!lfb_rows_read_quantized (&rows, weight, error))
    return NULL;
  item = lfb_call_get (call, "weight");
  parts = lfb_value_for_dict (names, &item, 1);

  return lfb_value_for_packed ("EmbeddingPackedParamsBase", parts);
}

/* Weights that could not be packed are refused: other packed values have weights too. */
static LfbValue *
unpack (LfbCall  *call,
        GError  **error)
{
  LfbTensor *weight = packed_rows (call, "W_prepack", error);
  g_auto (LfbRows) rows = { 0 };

  if (weight == NULL || !lfb_check_rank ("W_prepack", weight, 2, 2, error))
    return NULL;
  rows.n_rows = lfb_tensor_get_dim (weight, 0);

  return lfb_rows_read_quantized (&rows, weight, error) ? lfb_value_for_tensor (weight) : NULL;
}

#define ROW_RULE "fma(s, q, b) of a row, b = -(z * s)"
#define BAG_RULE "per bag in index order out = fma(w s, q, out + w b); mean, max and padding_idx as torch"
#define FLOAT_BAG_RULE "sums, means or maxima of rows, a bag each"
#define SETTINGS "padding_idx=None, max_norm=None, norm_type=2.0"
#define BAG_SETTINGS "max_norm=None, norm_type=2.0, mode='mean', include_last_offset=False, padding_idx=None"
#define BAG_INPUTS "input, weight, offsets=None, per_sample_weights=None, "
#define PACKED_BAG "packed_weight, indices, offsets=None, scale_grad_by_freq=False, mode=0, pruned_weights=False, " \
                   "per_sample_weights=None, compressed_indices_mapping=None, include_last_offset=False"
#define REFERENCE .prepare = prepare_reference, .free_state = free_tensor, .prepared = "weight " LFB_REFERENCE_PREPARED
#define OPS "torch.ops.quantized."

static const LfbOperator operators[] = {
  {
    .functions = "torch.nn.functional.embedding",
    .signature = "input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False",
    .rule = "rows by index", .run = embedding, .emit = emit_embedding,
  },
  {
    .functions = "torch.embedding", .signature = "weight, input, padding_idx=-1, scale_grad_by_freq=False, sparse=False",
    .rule = "rows by index", .run = embedding, .emit = emit_embedding,
  },
  { .modules = "torch.nn.Embedding", .signature = "input, weight, " SETTINGS, .rule = "rows by index", .run = embedding, .emit = emit_embedding },
  {
    .modules = "torch.ao.nn.quantized.reference.Embedding", .signature = "input, weight, " SETTINGS ", " LFB_REFERENCE_SIGNATURE,
    .rule = "rows by index, quantized and dequantized first", .run = embedding, .emit = emit_embedding, REFERENCE,
  },
  { .modules = "torch.ao.nn.quantized.Embedding", .signature = "input, weight, " SETTINGS, .rule = ROW_RULE, .run = embedding, .emit = emit_embedding },
  {
    .functions = OPS "embedding_byte " OPS "embedding_4bit " OPS "embedding_2bit",
    .signature = "packed_weight, indices, pruned_weights=False", .rule = ROW_RULE, .run = embedding, .emit = emit_embedding,
  },
  {
    .functions = "torch.nn.functional.embedding_bag",
    .signature = "input, weight, offsets=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, mode='mean', "
                 "sparse=False, per_sample_weights=None, include_last_offset=False, padding_idx=None",
    .rule = FLOAT_BAG_RULE, .run = embedding_bag, .emit = emit_bags,
  },
  {
    .modules = "torch.nn.EmbeddingBag", .signature = BAG_INPUTS BAG_SETTINGS,
    .rule = FLOAT_BAG_RULE, .run = embedding_bag, .emit = emit_bags, .forward = "input offsets per_sample_weights",
  },
  {
    .modules = "torch.ao.nn.quantized.reference.EmbeddingBag", .signature = BAG_INPUTS BAG_SETTINGS ", " LFB_REFERENCE_SIGNATURE,
    .rule = FLOAT_BAG_RULE ", quantized and dequantized first", .run = embedding_bag, .emit = emit_bags,
    .forward = "input offsets per_sample_weights", REFERENCE,
  },
  {
    .modules = "torch.ao.nn.quantized.EmbeddingBag", .signature = BAG_INPUTS BAG_SETTINGS,
    .rule = BAG_RULE, .run = embedding_bag, .emit = emit_bags, .forward = "input offsets per_sample_weights",
  },
  {
    .functions = OPS "embedding_bag_byte " OPS "embedding_bag_4bit " OPS "embedding_bag_2bit",
    .signature = PACKED_BAG, .rule = BAG_RULE, .run = embedding_bag, .emit = emit_bags,
  },
  {
    .functions = OPS "embedding_bag_prepack", .signature = "weight",
    .rule = "packed rows of a weight quantized with float zero points for each row", .run = prepack,
  },
  {
    .functions = OPS "embedding_bag_unpack", .signature = "W_prepack",
    .rule = "the weight of packed rows", .run = unpack,
  },
};

const LfbOperatorFamily lfb_embedding_operators = LFB_OPERATOR_FAMILY (operators);

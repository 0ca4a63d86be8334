/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Elements picked, or put, along one dimension by an index tensor. */

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-call-private.h>
#include <lowerfb/run/lfb-elementwise-private.h>

#include <string.h>

static LfbTensor *
read_index (LfbCall  *call,
            GError  **error)
{
  LfbTensor *index = lfb_call_tensor (call, "index", error);

  if (index == NULL)
    return NULL;
  if (lfb_dtype_is_floating_point (lfb_tensor_get_dtype (index)) || lfb_tensor_is_quantized (index))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE, "argument `index` has the dtype %s, expected integers",
                   lfb_dtype_to_string (lfb_tensor_get_dtype (index)));
      return NULL;
    }

  return lfb_tensor_convert (index, LFB_DTYPE_INT64, error);
}

static gboolean
check_index (gint64    index,
             gint64    size,
             GError  **error)
{
  if (index >= 0 && index < size)
    return TRUE;

  g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
               "argument `index` has %" G_GINT64_FORMAT ", expected 0 to %" G_GINT64_FORMAT, index, size - 1);

  return FALSE;
}

static LfbValue *
index_select (LfbCall  *call,
              GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  g_autoptr (LfbTensor) index = input != NULL ? read_index (call, error) : NULL;
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  gint64 shape[LFB_TENSOR_MAX_DIMS], size;
  gsize n_dims, dim, outer = 1, inner = 1, n, item_size;

  if (index == NULL || !lfb_check_movable ("input", input, error) ||
      !lfb_check_rank ("index", index, 0, 1, error) ||
      !lfb_call_dim (call, "dim", lfb_tensor_get_n_dims (input), &dim, error))
    return NULL;
  /* A number has one index, 0, and stays a number. */
  if (lfb_tensor_get_n_dims (input) == 0)
    {
      for (gsize i = 0; i < (gsize) lfb_tensor_get_n_elements (index); i++)
        if (!check_index (lfb_tensor_read_int (index, i), 1, error))
          return NULL;
      return lfb_value_for_tensor (input);
    }
  lfb_sizes_copy (shape, lfb_tensor_get_shape (input, &n_dims), lfb_tensor_get_n_dims (input));
  for (gsize i = 0; i < dim; i++)
    outer *= shape[i];
  for (gsize i = dim + 1; i < n_dims; i++)
    inner *= shape[i];
  size = shape[dim];
  shape[dim] = n = lfb_tensor_get_n_elements (index);
  item_size = lfb_dtype_size (lfb_tensor_get_dtype (input));
  for (gsize i = 0; i < n; i++)
    if (!check_index (lfb_tensor_read_int (index, i), size, error))
      return NULL;
  if (!lfb_array_init (&array, lfb_tensor_get_dtype (input), shape, n_dims, error))
    return NULL;
  for (gsize o = 0; o < outer && array.n_elements > 0; o++)
    for (gsize i = 0; i < n; i++)
      memcpy ((char *) array.data + (o * n + i) * inner * item_size,
              (const char *) lfb_tensor_get_data (input, NULL) + (o * size + lfb_tensor_read_int (index, i)) * inner * item_size,
              inner * item_size);

  return lfb_value_take_tensor (lfb_array_seal_like (&array, input, error));
}

/* Where element @i of the index lies in @input, with its index along @dim in
 * the place of its own.
 */
static gsize
place_of (gsize         i,
          const gint64 *index_shape,
          const gint64 *strides,
          gsize         n_dims,
          gsize         dim,
          gint64        index)
{
  gsize place = 0;

  for (gsize d = n_dims; d-- > 0;)
    {
      gint64 at = i % index_shape[d];

      i /= index_shape[d];
      place += (d == dim ? index : at) * strides[d];
    }

  return place;
}

/* The index has as many dimensions, and nowhere but along @dim more elements. */
static gboolean
check_shapes (LfbTensor  *input,
              LfbTensor  *index,
              gsize       dim,
              GError    **error)
{
  gsize n_dims, n_index;
  const gint64 *shape = lfb_tensor_get_shape (input, &n_dims), *index_shape = lfb_tensor_get_shape (index, &n_index);
  gboolean fits = n_dims == n_index;

  /* No index is none that could be wrong. */
  for (gsize d = 0; d < n_dims && fits && lfb_tensor_get_n_elements (index) > 0; d++)
    fits = d == dim || index_shape[d] <= shape[d];
  if (!fits)
    {
      g_autofree char *text = lfb_tensor_describe_shape (input);
      g_autofree char *index_text = lfb_tensor_describe_shape (index);

      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "argument `index` has the shape %s, which does not fit into %s", index_text, text);
    }

  return fits;
}

static LfbTensor *
gather_tensor (LfbTensor  *input,
               LfbTensor  *index,
               gsize       dim,
               GError    **error)
{
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  gint64 strides[LFB_TENSOR_MAX_DIMS];
  gsize n_dims, item_size = lfb_dtype_size (lfb_tensor_get_dtype (input));
  const gint64 *shape = lfb_tensor_get_shape (input, &n_dims);

  if (!lfb_array_init_like (&array, lfb_tensor_get_dtype (input), index, error))
    return NULL;
  lfb_shape_strides (shape, n_dims, strides);
  for (gsize i = 0; i < array.n_elements; i++)
    {
      gint64 at = lfb_tensor_read_int (index, i);

      if (!check_index (at, n_dims > 0 ? shape[dim] : 1, error))
        return NULL;
      memcpy ((char *) array.data + i * item_size,
              (const char *) lfb_tensor_get_data (input, NULL) +
                place_of (i, array.shape, strides, n_dims, dim, at) * item_size, item_size);
    }

  return lfb_array_seal_like (&array, input, error);
}

static LfbValue *
gather (LfbCall  *call,
        GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  g_autoptr (LfbTensor) index = input != NULL ? read_index (call, error) : NULL;
  gsize dim;

  if (index == NULL || !lfb_check_movable ("input", input, error) ||
      !lfb_call_dim (call, "dim", lfb_tensor_get_n_dims (input), &dim, error) ||
      !check_shapes (input, index, dim, error))
    return NULL;

  return lfb_value_take_tensor (gather_tensor (input, index, dim, error));
}

/* All but one dimension broadcast; without a dimension, in the flat input. */
static LfbValue *
take_along_dim (LfbCall  *call,
                GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  g_autoptr (LfbTensor) index = input != NULL ? read_index (call, error) : NULL;
  g_autoptr (LfbTensor) wide_input = NULL;
  g_autoptr (LfbTensor) wide_index = NULL;
  gint64 a[LFB_TENSOR_MAX_DIMS], b[LFB_TENSOR_MAX_DIMS], shape[LFB_TENSOR_MAX_DIMS];
  gsize n, dim;

  if (index == NULL || !lfb_check_movable ("input", input, error))
    return NULL;
  if (lfb_value_is_none (lfb_call_get (call, "dim")))
    {
      gint64 n_input = lfb_tensor_get_n_elements (input), n_index = lfb_tensor_get_n_elements (index);

      wide_input = lfb_tensor_reshape (input, &n_input, 1, error);
      wide_index = wide_input != NULL ? lfb_tensor_reshape (index, &n_index, 1, error) : NULL;
      return wide_index != NULL ? lfb_value_take_tensor (gather_tensor (wide_input, wide_index, 0, error)) : NULL;
    }

  n = lfb_tensor_get_n_dims (input);
  if (!lfb_check_rank ("input", input, 1, LFB_TENSOR_MAX_DIMS, error) || !lfb_check_rank ("index", index, n, n, error) ||
      !lfb_call_dim (call, "dim", n, &dim, error))
    return NULL;
  for (gsize i = 0; i < n; i++)
    {
      a[i] = i == dim ? 1 : lfb_tensor_get_dim (input, i);
      b[i] = i == dim ? 1 : lfb_tensor_get_dim (index, i);
    }
  if (!lfb_broadcast_shape (a, n, b, n, shape, &n, error))
    return NULL;
  shape[dim] = lfb_tensor_get_dim (input, dim);
  wide_input = lfb_tensor_broadcast (input, shape, n, error);
  shape[dim] = lfb_tensor_get_dim (index, dim);
  wide_index = wide_input != NULL ? lfb_tensor_broadcast (index, shape, n, error) : NULL;

  return wide_index != NULL ? lfb_value_take_tensor (gather_tensor (wide_input, wide_index, dim, error)) : NULL;
}

/* The source's elements put where the index says; the last one stays. */
static LfbValue *
scatter (LfbCall  *call,
         GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  g_autoptr (LfbTensor) index = input != NULL ? read_index (call, error) : NULL;
  LfbValue *value = lfb_call_get (call, "src");
  g_autoptr (LfbTensor) source = NULL;
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  gint64 strides[LFB_TENSOR_MAX_DIMS], source_strides[LFB_TENSOR_MAX_DIMS];
  gsize n_dims, dim, item_size;
  const gint64 *shape;
  guint64 element = 0;
  double number;

  if (index == NULL || !lfb_check_movable ("input", input, error) ||
      !lfb_call_dim (call, "dim", lfb_tensor_get_n_dims (input), &dim, error) ||
      !check_shapes (input, index, dim, error))
    return NULL;
  if (lfb_value_get_kind (value) == LFB_VALUE_KIND_TENSOR)
    {
      source = g_object_ref (lfb_value_get_tensor (value));
      if (!lfb_check_dtype ("src", source, lfb_tensor_get_dtype (input), error) ||
          !check_shapes (source, index, G_MAXSIZE, error))
        return NULL;
    }
  else if (lfb_value_read_double (value, &number) && !lfb_tensor_is_quantized (input))
    {
      if (!lfb_make_element ("src", value, lfb_tensor_get_dtype (input), &element, error))
        return NULL;
    }
  else
    {
      g_autofree char *found = lfb_value_describe (value);

      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument `src` is %s, expected a tensor or a number", found);
      return NULL;
    }
  if (!lfb_array_init_like (&array, lfb_tensor_get_dtype (input), input, error))
    return NULL;

  shape = lfb_tensor_get_shape (input, &n_dims);
  lfb_shape_strides (shape, n_dims, strides);
  if (source != NULL)
    lfb_shape_strides (lfb_tensor_get_shape (source, NULL), n_dims, source_strides);
  item_size = lfb_dtype_size (lfb_tensor_get_dtype (input));
  lfb_array_copy (&array, input);
  for (gsize i = 0; i < (gsize) lfb_tensor_get_n_elements (index); i++)
    {
      const gint64 *index_shape = lfb_tensor_get_shape (index, NULL);
      gint64 at = lfb_tensor_read_int (index, i);
      gconstpointer from = &element;

      if (!check_index (at, n_dims > 0 ? shape[dim] : 1, error))
        return NULL;
      if (source != NULL)
        from = (const char *) lfb_tensor_get_data (source, NULL) +
               place_of (i, index_shape, source_strides, n_dims, G_MAXSIZE, 0) * item_size;
      memcpy ((char *) array.data + place_of (i, index_shape, strides, n_dims, dim, at) * item_size, from, item_size);
    }

  return lfb_value_take_tensor (lfb_array_seal_like (&array, input, error));
}

static LfbValue *
one_hot (LfbCall  *call,
         GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  gint64 shape[LFB_TENSOR_MAX_DIMS + 1], n_classes = -1;
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  gsize n_dims, n;

  if (input == NULL || !lfb_check_dtype ("input", input, LFB_DTYPE_INT64, error) ||
      !lfb_check_rank ("input", input, 0, LFB_TENSOR_MAX_DIMS - 1, error) ||
      !lfb_call_int (call, "num_classes", &n_classes, error))
    return NULL;
  n = lfb_tensor_get_n_elements (input);
  for (gsize i = 0; i < n && n_classes == -1; i++)
    shape[0] = i == 0 ? lfb_tensor_read_int (input, 0) : MAX (shape[0], lfb_tensor_read_int (input, i));
  if (n_classes <= 0 && n == 0)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                   "argument `num_classes` is %" G_GINT64_FORMAT ", expected 1 or more for an input that is empty", n_classes);
      return NULL;
    }
  if (n_classes == -1)
    n_classes = shape[0] == G_MAXINT64 ? shape[0] : shape[0] + 1;
  for (gsize i = 0; i < n; i++)
    if (lfb_tensor_read_int (input, i) < 0 || lfb_tensor_read_int (input, i) >= n_classes)
      {
        g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                     "argument `input` has the class %" G_GINT64_FORMAT ", expected 0 or more, less than %" G_GINT64_FORMAT,
                     lfb_tensor_read_int (input, i), n_classes);
        return NULL;
      }
  lfb_sizes_copy (shape, lfb_tensor_get_shape (input, &n_dims), lfb_tensor_get_n_dims (input));
  shape[n_dims] = MAX (n_classes, 0);
  if (!lfb_array_init (&array, LFB_DTYPE_INT64, shape, n_dims + 1, error))
    return NULL;
  memset (array.data, 0, array.size);
  for (gsize i = 0; i < n; i++)
    ((gint64 *) array.data)[i * n_classes + lfb_tensor_read_int (input, i)] = 1;

  return lfb_value_take_tensor (lfb_array_seal (&array, error));
}

static const LfbOperator operators[] = {
  {
    .functions = "torch.index_select", .methods = "index_select", .signature = "input, dim, index",
    .rule = "indices of a dimension", .run = index_select,
  },
  {
    .functions = "torch.gather", .methods = "gather", .signature = "input, dim, index, sparse_grad=False",
    .rule = "elements picked along a dimension", .run = gather,
  },
  {
    .functions = "torch.take_along_dim", .methods = "take_along_dim", .signature = "input, index, dim=None",
    .rule = "elements picked along a dimension", .run = take_along_dim,
  },
  {
    .functions = "torch.scatter", .methods = "scatter scatter_", .signature = "input, dim, index, src",
    .rule = "elements put along a dimension; of several the last", .run = scatter,
  },
  {
    .functions = "torch.nn.functional.one_hot torch._C._nn.one_hot", .signature = "input, num_classes=-1",
    .rule = "1 in the place of the class, else 0", .run = one_hot,
  },
};

const LfbOperatorFamily lfb_gather_operators = LFB_OPERATOR_FAMILY (operators);

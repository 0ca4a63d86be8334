/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Planning for inputs before there are any: what does not fit is told at once, and
 * the first run has nothing left to plan.
 */

#include <lowerfb/run/lfb-session-private.h>

static LfbValue *
describe (LfbDType      dtype,
          const gint64 *shape,
          gsize         n_dims)
{
  static const char * const names[] = { "shape", "dtype", NULL };
  g_autoptr (LfbValue) sizes = lfb_value_for_ints (shape, n_dims);
  g_autoptr (LfbValue) type = lfb_value_for_dtype (dtype);
  LfbValue *items[] = { sizes, type };

  return lfb_value_for_dict (names, items, G_N_ELEMENTS (items));
}

/* A placeholder's example: a tensor of zeros. */
static LfbTensor *
make_zeros (LfbNode  *node,
            GError  **error)
{
  LfbValue *example = lfb_node_get_example (node);
  LfbValue *shape = example != NULL ? lfb_value_lookup (example, "shape") : NULL;
  LfbValue *type = example != NULL ? lfb_value_lookup (example, "dtype") : NULL;
  LfbDType dtype = LFB_DTYPE_FLOAT32;
  gint64 sizes[LFB_TENSOR_MAX_DIMS];
  g_autoptr (GBytes) bytes = NULL;
  gsize n_dims, n_bytes = 1;
  gpointer zeros;

  if (shape == NULL || !lfb_value_is_sequence (shape) || lfb_value_get_n_items (shape) > LFB_TENSOR_MAX_DIMS)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                   "the input `%s` has no example in the model: give one", lfb_node_get_name (node));
      return NULL;
    }
  if (type != NULL && lfb_value_get_kind (type) == LFB_VALUE_KIND_DTYPE)
    dtype = lfb_value_get_dtype (type);
  else if (type != NULL && lfb_value_get_kind (type) == LFB_VALUE_KIND_STRING)
    lfb_dtype_from_string (lfb_value_get_string (type), &dtype);
  if (lfb_dtype_is_quantized (dtype))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                   "the input `%s` is quantized, by what the model does not tell: give an example",
                   lfb_node_get_name (node));
      return NULL;
    }

  n_dims = lfb_value_get_n_items (shape);
  for (gsize i = 0; i < n_dims; i++)
    {
      LfbValue *size = lfb_value_get_item (shape, i);

      sizes[i] = lfb_value_get_kind (size) == LFB_VALUE_KIND_INT ? lfb_value_get_int (size) : -1;
      if (sizes[i] < 0 || !g_size_checked_mul (&n_bytes, n_bytes, sizes[i]))
        n_bytes = G_MAXSIZE / 2;
    }
  if (!g_size_checked_mul (&n_bytes, n_bytes, MAX (lfb_dtype_get_bits (dtype) / 8, 1)))
    n_bytes = G_MAXSIZE;
  zeros = g_try_malloc0 (MAX (n_bytes, 1));
  if (zeros == NULL)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "there is no memory for the example of the input `%s`",
                   lfb_node_get_name (node));
      return NULL;
    }
  bytes = g_bytes_new_take (zeros, n_bytes);

  return lfb_tensor_new_for_bytes (dtype, sizes, n_dims, bytes, error);
}

static gboolean
add_examples (LfbSession  *self,
              GPtrArray   *inputs,
              GError     **error)
{
  LfbGraph *graph = lfb_graph_module_get_graph (self->model);

  for (LfbNode *node = lfb_graph_get_first (graph); node != NULL; node = lfb_node_get_next (node))
    {
      g_autoptr (LfbTensor) zeros = NULL;

      if (lfb_node_get_op (node) != LFB_OP_PLACEHOLDER)
        continue;
      zeros = make_zeros (node, error);
      if (zeros == NULL)
        return FALSE;
      g_ptr_array_add (inputs, lfb_value_for_tensor (zeros));
    }

  return TRUE;
}

static LfbValue *
describe_all (GArray    *operands,
              GPtrArray *tensors)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);

  for (guint i = 0; i < operands->len; i++)
    {
      const LfbOperand *operand = &g_array_index (operands, LfbOperand, i);

      g_ptr_array_add (items, describe (operand->dtype, operand->shape, operand->n_dims));
    }
  for (guint i = 0; i < tensors->len; i++)
    {
      LfbTensor *tensor = g_ptr_array_index (tensors, i);
      gsize n_dims;
      const gint64 *shape = lfb_tensor_get_shape (tensor, &n_dims);

      g_ptr_array_add (items, describe (lfb_tensor_get_dtype (tensor), shape, n_dims));
    }

  return lfb_value_for_list ((LfbValue **) items->pdata, items->len);
}

/**
 * lfb_session_prepare:
 * @self: a session
 * @examples: (array length=n_examples) (nullable): a tensor for each placeholder, as the
 *   inputs will be; %NULL for zeros of the shapes and types that the model was exported with
 * @n_examples: how many
 * @cancellable: (nullable): asked between nodes
 * @error: return location for a `GError`
 *
 * Plans for inputs of certain shapes and types before there are any: shapes and types of
 * all nodes are found, memory is laid out, and the first run of such inputs has nothing
 * left to do but to run. What does not fit is told here, with the name of the node, what
 * was found and what was expected.
 *
 * The values of @examples do not matter, unless shapes depend on them: operators
 * whose results cannot be told otherwise run once on them.
 *
 * Returns: (transfer full): a list with a dictionary for each tensor that
 *   [method@Lfb.Session.run] will return, with its `shape`, a tuple of integers, and its
 *   `dtype`; or %NULL with an error as from [method@Lfb.Session.run]
 *
 * Since: 1.0
 */
LfbValue *
lfb_session_prepare (LfbSession    *self,
                     LfbTensor    **examples,
                     gsize          n_examples,
                     GCancellable  *cancellable,
                     GError       **error)
{
  g_autoptr (GPtrArray) inputs = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);
  g_autoptr (GPtrArray) tensors = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GArray) operands = g_array_new (FALSE, FALSE, sizeof (LfbOperand));
  g_autoptr (LfbValue) result = NULL;
  LfbRuntime runtime;
  gboolean done;

  g_return_val_if_fail (LFB_IS_SESSION (self), NULL);
  g_return_val_if_fail (n_examples == 0 || examples != NULL, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!lfb_session_check_made (self, error))
    return NULL;
  for (gsize i = 0; i < n_examples; i++)
    {
      if (!LFB_IS_TENSOR (examples[i]))
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "input %" G_GSIZE_FORMAT " is not a tensor", i);
          return NULL;
        }
      g_ptr_array_add (inputs, lfb_value_for_tensor (examples[i]));
    }
  if (examples == NULL && !add_examples (self, inputs, error))
    return NULL;

  runtime = self->runtime;
  runtime.cancellable = cancellable;
  done = lfb_programs_prepare (self->programs, &runtime, (LfbValue **) inputs->pdata, inputs->len, operands, &result, error);
  lfb_threads_rest (runtime.threads);
  if (!done || (result != NULL && !lfb_session_flatten (result, tensors, error)))
    return NULL;

  return describe_all (operands, tensors);
}

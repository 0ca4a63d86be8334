/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-test-agreement.h. The rules are those of doc/numerics.md, "Agreement
 * with recorded results".
 */

#include "lfb-test-agreement.h"

#include <math.h>

/* The tensors prefix.0, prefix.1, ... of a file. */
GPtrArray *
lfb_test_read_tensors (LfbTensorFile *file,
                       const char    *prefix)
{
  GPtrArray *tensors = g_ptr_array_new_with_free_func (g_object_unref);

  for (gsize i = 0;; i++)
    {
      g_autofree char *name = g_strdup_printf ("%s.%" G_GSIZE_FORMAT, prefix, i);
      LfbTensor *tensor = lfb_tensor_file_get (file, name);

      if (tensor == NULL)
        return tensors;
      g_ptr_array_add (tensors, g_object_ref (tensor));
    }
}

GPtrArray *
lfb_test_run (LfbGraphModule  *model,
              GPtrArray       *inputs,
              GError         **error)
{
  g_autoptr (LfbSession) session = lfb_session_new (model, NULL, error);
  g_autoptr (GPtrArray) outputs = g_ptr_array_new_with_free_func (g_object_unref);
  g_autofree LfbTensor **results = NULL;
  gsize n;

  if (session == NULL)
    return NULL;
  results = lfb_session_run (session, (LfbTensor **) inputs->pdata, inputs->len, NULL, &n, error);
  if (results == NULL)
    return NULL;
  for (gsize i = 0; i < n; i++)
    g_ptr_array_add (outputs, results[i]);

  return g_steal_pointer (&outputs);
}

/* The quantized node whose dequantize an output is, seen through what only
 * renames.
 */
static LfbNode *
find_dequantized (LfbNode *node)
{
  static const char * const renaming[] = { "view", "reshape", "permute", "contiguous", "squeeze", "unsqueeze", NULL };

  while (node != NULL && lfb_node_get_op (node) == LFB_OP_CALL_METHOD &&
         g_strv_contains (renaming, lfb_node_get_target (node)))
    node = lfb_node_get_input (node, 0);

  return node != NULL && lfb_node_is (node, LFB_OP_CALL_METHOD, "dequantize") ? lfb_node_get_input (node, 0) : NULL;
}

static void
collect_nodes (LfbValue  *value,
               GPtrArray *nodes)
{
  if (lfb_value_get_kind (value) == LFB_VALUE_KIND_NODE)
    g_ptr_array_add (nodes, lfb_value_get_node (value));
  else if (lfb_value_is_sequence (value) || lfb_value_get_kind (value) == LFB_VALUE_KIND_DICT)
    for (gsize i = 0; i < lfb_value_get_n_items (value); i++)
      collect_nodes (lfb_value_get_item (value, i), nodes);
}

/* The scale of the step of each output; 0 where there is none. A copy of the
 * model is run that gives the integers in front of the dequantizes.
 */
double *
lfb_test_find_steps (LfbGraphModule *model,
                     GPtrArray      *inputs,
                     gsize           n_outputs)
{
  g_autoptr (LfbGraphModule) copy = lfb_graph_module_copy (model);
  LfbNode *output = lfb_graph_get_last (lfb_graph_module_get_graph (copy));
  g_autoptr (GPtrArray) nodes = g_ptr_array_new ();
  g_autoptr (GPtrArray) values = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);
  g_autoptr (GPtrArray) integers = NULL;
  g_autoptr (LfbValue) list = NULL;
  g_autoptr (GError) error = NULL;
  double *steps = g_new0 (double, MAX (n_outputs, 1));

  g_assert_cmpint (lfb_node_get_op (output), ==, LFB_OP_OUTPUT);
  collect_nodes (lfb_node_get_arg (output, 0), nodes);
  if (nodes->len != n_outputs)
    return steps;
  for (guint i = 0; i < nodes->len; i++)
    {
      LfbNode *node = g_ptr_array_index (nodes, i);
      LfbNode *source = find_dequantized (node);

      g_ptr_array_add (values, lfb_value_for_node (source != NULL ? source : node));
    }
  list = lfb_value_for_list ((LfbValue **) values->pdata, values->len);
  g_assert_true (lfb_node_set_arg (output, 0, list, &error));
  g_assert_no_error (error);

  integers = lfb_test_run (copy, inputs, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (integers->len, ==, n_outputs);
  for (gsize i = 0; i < n_outputs; i++)
    {
      LfbTensor *tensor = g_ptr_array_index (integers, i);

      if (lfb_tensor_is_quantized (tensor) && !lfb_tensor_is_per_channel (tensor))
        steps[i] = lfb_tensor_get_scale (tensor);
    }

  return steps;
}

/* An element as a number; of a quantized tensor the integer. */
static double
read_element (LfbTensor *tensor,
              gsize      i)
{
  gconstpointer data = lfb_tensor_get_data (tensor, NULL);

  switch (lfb_tensor_get_dtype (tensor))
    {
    case LFB_DTYPE_FLOAT32:
      return ((const float *) data)[i];
    case LFB_DTYPE_FLOAT64:
      return ((const double *) data)[i];
    case LFB_DTYPE_QUINT8:
    case LFB_DTYPE_UINT8:
    case LFB_DTYPE_BOOL:
      return ((const guint8 *) data)[i];
    case LFB_DTYPE_QINT8:
    case LFB_DTYPE_INT8:
      return ((const gint8 *) data)[i];
    case LFB_DTYPE_INT64:
      return ((const gint64 *) data)[i];
    default:
      g_error ("an output of type %s", lfb_dtype_to_string (lfb_tensor_get_dtype (tensor)));
    }
}

/* @step: of outputs that are floats; 0 if they have none. */
LfbTestAgreement
lfb_test_compare_tensors (LfbTensor *found,
                          LfbTensor *expected,
                          double     step)
{
  gsize n_found, n_expected;
  const gint64 *shape = lfb_tensor_get_shape (found, &n_found);
  const gint64 *wanted = lfb_tensor_get_shape (expected, &n_expected);
  LfbTestAgreement result = { 0 };
  double low = INFINITY, high = -INFINITY, unit = step;

  g_assert_cmpmem (shape, n_found * sizeof *shape, wanted, n_expected * sizeof *wanted);
  g_assert_cmpint (lfb_tensor_get_dtype (found), ==, lfb_tensor_get_dtype (expected));
  if (lfb_tensor_is_quantized (expected))
    {
      g_assert_cmpfloat_with_epsilon (lfb_tensor_get_scale (found) / lfb_tensor_get_scale (expected), 1, 1e-6);
      g_assert_cmpint (lfb_tensor_get_zero_point (found), ==, lfb_tensor_get_zero_point (expected));
      unit = 1;
    }

  result.n_elements = lfb_tensor_get_n_elements (found);
  for (gsize i = 0; i < result.n_elements; i++)
    {
      low = MIN (low, read_element (expected, i));
      high = MAX (high, read_element (expected, i));
    }
  result.stepped = unit != 0;
  if (unit == 0)
    unit = MAX (high - low, 1e-30);
  for (gsize i = 0; i < result.n_elements; i++)
    {
      double difference = fabs (read_element (found, i) - read_element (expected, i)) / unit;

      g_assert_false (isnan (difference));
      result.largest = MAX (result.largest, difference);
      if (result.stepped)
        {
          result.n_differing += difference > 0.01;
          result.between |= fabs (difference - rint (difference)) > 0.01;
        }
      else
        {
          result.n_differing += difference > 1e-4;
        }
    }

  return result;
}

/* How many elements may differ: one or 1 %, whichever is more. */
gsize
lfb_test_allowed (const LfbTestAgreement *agreement)
{
  return MAX (agreement->n_elements / 100, 1);
}

/* As many, and by one step, or 2 % of the range. */
gboolean
lfb_test_agrees (const LfbTestAgreement *agreement)
{
  if (agreement->n_differing > lfb_test_allowed (agreement) || agreement->between)
    return FALSE;

  return agreement->largest <= (agreement->stepped ? 1.01 : 0.02);
}

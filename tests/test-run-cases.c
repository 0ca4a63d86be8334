/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* All models of tests/cases run, as they are and lowered, and what they give is
 * compared with what torch recorded. The rules are those of numerics.md,
 * "Agreement with recorded results"; the exceptions are those of
 * tests/cases/README.md. The table is printed.
 */

#include "common/lfb-test.h"

#include <math.h>

typedef struct {
  gsize n_elements;
  gsize n_differing;
  double largest;      /* in steps of the output scale, or in parts of the output's range */
  gboolean stepped;    /* integers, or floats that a dequantize makes */
  gboolean between;    /* a difference that is no whole number of steps */
} Agreement;

typedef struct {
  gsize n_elements;
  gsize n_differing;
} Totals;

static Totals stepped_totals;
static guint n_agreeing[2];

/* Recordings that are not to be taken as truth, and what to compare with. */
typedef struct {
  const char *name;
  gboolean lowered;
  const char *instead;   /* %NULL: nothing */
} Exception;

static const Exception exceptions[] = {
  { "conv2d_reflect_padding", FALSE, NULL },
  { "linear_called_twice", TRUE, "reference" },
  { "batch_norm3d", TRUE, "reference" },
  { "getattr_shape", TRUE, "reference" },
};

static const char *
recording_of (const char *name,
              gboolean    lowered)
{
  for (gsize i = 0; i < G_N_ELEMENTS (exceptions); i++)
    if (strcmp (exceptions[i].name, name) == 0 && exceptions[i].lowered == lowered)
      return exceptions[i].instead;

  return lowered ? "lowered" : "reference";
}

static GPtrArray *
read_tensors (LfbTensorFile *file,
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

static GPtrArray *
run_model (LfbGraphModule *model,
           GPtrArray      *inputs)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LfbSession) session = lfb_session_new (model, NULL, &error);
  GPtrArray *outputs = g_ptr_array_new_with_free_func (g_object_unref);
  g_autofree LfbTensor **results = NULL;
  gsize n;

  g_assert_no_error (error);
  results = lfb_session_run (session, (LfbTensor **) inputs->pdata, inputs->len, NULL, &n, &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < n; i++)
    g_ptr_array_add (outputs, results[i]);

  return outputs;
}

/* What makes an output a dequantized one, seen through what only renames. */
static LfbNode *
find_dequantize (LfbNode *node)
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
static double *
find_steps (LfbGraphModule *model,
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
      LfbNode *source = find_dequantize (node);

      g_ptr_array_add (values, lfb_value_for_node (source != NULL ? source : node));
    }
  list = lfb_value_for_list ((LfbValue **) values->pdata, values->len);
  g_assert_true (lfb_node_set_arg (output, 0, list, &error));
  g_assert_no_error (error);

  integers = run_model (copy, inputs);
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

static Agreement
compare_tensors (LfbTensor *found,
                 LfbTensor *recorded,
                 double     step)
{
  gsize n_found, n_recorded;
  const gint64 *shape = lfb_tensor_get_shape (found, &n_found);
  const gint64 *wanted = lfb_tensor_get_shape (recorded, &n_recorded);
  Agreement result = { 0 };
  double low = INFINITY, high = -INFINITY, unit = step;

  g_assert_cmpmem (shape, n_found * sizeof *shape, wanted, n_recorded * sizeof *wanted);
  g_assert_cmpint (lfb_tensor_get_dtype (found), ==, lfb_tensor_get_dtype (recorded));
  if (lfb_tensor_is_quantized (recorded))
    {
      g_assert_cmpfloat_with_epsilon (lfb_tensor_get_scale (found) / lfb_tensor_get_scale (recorded), 1, 1e-6);
      g_assert_cmpint (lfb_tensor_get_zero_point (found), ==, lfb_tensor_get_zero_point (recorded));
      unit = 1;
    }

  result.n_elements = lfb_tensor_get_n_elements (found);
  for (gsize i = 0; i < result.n_elements; i++)
    {
      low = MIN (low, read_element (recorded, i));
      high = MAX (high, read_element (recorded, i));
    }
  result.stepped = unit != 0;
  if (unit == 0)
    unit = MAX (high - low, 1e-30);
  for (gsize i = 0; i < result.n_elements; i++)
    {
      double difference = fabs (read_element (found, i) - read_element (recorded, i)) / unit;

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

/* One element or 1 %, whichever is more: one step, or 2 % of the range. */
static gboolean
agrees (const Agreement *self)
{
  gsize allowed = MAX (self->n_elements / 100, 1);

  if (self->n_differing > allowed || self->between)
    return FALSE;

  return self->largest <= (self->stepped ? 1.01 : 0.02);
}

static gboolean
check_model (const char     *name,
             LfbGraphModule *model,
             LfbTensorFile  *file,
             GPtrArray      *inputs,
             gboolean        lowered)
{
  const char *prefix = recording_of (name, lowered);
  g_autoptr (GPtrArray) found = run_model (model, inputs);
  g_autoptr (GPtrArray) recorded = NULL;
  g_autofree double *steps = find_steps (model, inputs, found->len);
  gboolean ok = TRUE;

  if (prefix == NULL)
    {
      g_test_message ("%-32s %-9s the recording is wrong: not compared", name, lowered ? "lowered" : "reference");
      return TRUE;
    }
  recorded = read_tensors (file, prefix);
  g_assert_cmpuint (found->len, ==, recorded->len);
  for (guint i = 0; i < found->len; i++)
    {
      Agreement agreement = compare_tensors (g_ptr_array_index (found, i), g_ptr_array_index (recorded, i), steps[i]);
      gboolean fine = agrees (&agreement);

      g_test_message ("%-32s %-9s output %u: %5" G_GSIZE_FORMAT " of %6" G_GSIZE_FORMAT " differ, at most %.3g %s%s",
                      name, lowered ? "lowered" : "reference", i, agreement.n_differing, agreement.n_elements,
                      agreement.largest, agreement.stepped ? "steps" : "of the range", fine ? "" : "   <-- too much");
      if (agreement.stepped)
        {
          stepped_totals.n_elements += agreement.n_elements;
          stepped_totals.n_differing += agreement.n_differing;
        }
      ok &= fine;
    }

  return ok;
}

static void
test_case (gconstpointer data)
{
  const char *name = data;
  g_autofree char *model_name = g_strconcat (name, ".reference.safetensors", NULL);
  g_autofree char *io_name = g_strconcat (name, ".io.safetensors", NULL);
  g_autofree char *model_path = lfb_test_data_path ("cases", model_name, NULL);
  g_autofree char *io_path = lfb_test_data_path ("cases", io_name, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (LfbGraphModule) model = lfb_graph_module_load (model_path, &error);
  g_autoptr (LfbGraphModule) lowered = NULL;
  g_autoptr (LfbLowerer) lowerer = lfb_lowerer_new ();
  g_autoptr (LfbTensorFile) file = NULL;
  g_autoptr (GPtrArray) inputs = NULL;
  gboolean reference_ok, lowered_ok;

  g_assert_no_error (error);
  file = lfb_tensor_file_load (io_path, &error);
  g_assert_no_error (error);
  inputs = read_tensors (file, "input");
  lowered = lfb_lowerer_lower (lowerer, model, NULL, NULL, NULL, &error);
  g_assert_no_error (error);

  reference_ok = check_model (name, model, file, inputs, FALSE);
  lowered_ok = check_model (name, lowered, file, inputs, TRUE);
  n_agreeing[0] += reference_ok;
  n_agreeing[1] += lowered_ok;
  g_assert_true (reference_ok);
  g_assert_true (lowered_ok);
}

/* Runs last: one in ten thousand over the whole set. */
static void
test_totals (void)
{
  g_test_message ("%u reference and %u lowered models agree; %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " stepped elements differ",
                  n_agreeing[0], n_agreeing[1], stepped_totals.n_differing, stepped_totals.n_elements);
  g_assert_cmpuint (stepped_totals.n_elements, >, 0);
  g_assert_cmpuint (stepped_totals.n_differing * 10000, <=, stepped_totals.n_elements);
}

int
main (int    argc,
      char **argv)
{
  g_auto (GStrv) names = NULL;

  g_test_init (&argc, &argv, NULL);
  names = lfb_test_list ("cases", ".reference.safetensors");
  g_assert_cmpuint (g_strv_length (names), ==, 147);
  for (gsize i = 0; names[i] != NULL; i++)
    {
      g_autofree char *path = g_strconcat ("/run-cases/", names[i], NULL);

      g_test_add_data_func (path, names[i], test_case);
    }
  g_test_add_func ("/run-cases/zz-totals", test_totals);

  return g_test_run ();
}

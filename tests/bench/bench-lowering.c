/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How the time of lowering grows with the graph:
 *
 *   bench-lowering [--runs N] [NODES ...]   graphs of about so many nodes; by default 1e3, 1e4, 1e5
 *   bench-lowering [--runs N] FILE ...      models
 *
 * The graphs have the shape of residual networks: convolutions with and without
 * relu, additions, pools and reshapes, each with its quantize and dequantize.
 * Weights are small, so that it is the graph that counts. For each: the time the
 * processor worked in the fastest of several runs, and nanoseconds a node, which
 * stay the same if the time is linear.
 */

#include <lowerfb/lowerfb.h>

#include <stdlib.h>
#include <time.h>

static int n_runs;

typedef struct
{
  LfbGraphModule *model;
  LfbGraph *graph;
  guint n_modules;
} Builder;

static LfbTensor *
make_tensor (LfbDType      dtype,
             gconstpointer data,
             gsize         size,
             const gint64 *shape,
             gsize         n_dims)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GError) error = NULL;
  LfbTensor *tensor = lfb_tensor_new_for_bytes (dtype, shape, n_dims, bytes, &error);

  g_assert_no_error (error);
  return tensor;
}

static LfbNode *
add_node (Builder    *self,
          LfbOp       op,
          const char *target,
          LfbNode    *input,
          LfbNode    *other)
{
  g_autoptr (LfbValue) first = input != NULL ? lfb_value_for_node (input) : NULL;
  g_autoptr (LfbValue) second = other != NULL ? lfb_value_for_node (other) : NULL;
  LfbValue *args[] = { first, second };
  g_autoptr (GError) error = NULL;
  LfbNode *node = lfb_graph_create_node (self->graph, op, target, args,
                                         (input != NULL) + (other != NULL), NULL, NULL, &error);

  g_assert_no_error (error);
  return node;
}

static LfbNode *
add_attribute (Builder    *self,
               const char *name,
               LfbTensor  *tensor)
{
  g_autoptr (LfbValue) value = lfb_value_for_tensor (tensor);

  lfb_graph_module_set_attribute (self->model, name, value);
  return add_node (self, LFB_OP_GET_ATTR, name, NULL, NULL);
}

/* Quantizes, dequantizes. */
static LfbNode *
requantize (Builder *self,
            LfbNode *input,
            float    scale)
{
  const gint64 point = 64;
  g_autoptr (LfbTensor) scale_tensor = make_tensor (LFB_DTYPE_FLOAT32, &scale, sizeof scale, NULL, 0);
  g_autoptr (LfbTensor) point_tensor = make_tensor (LFB_DTYPE_INT64, &point, sizeof point, NULL, 0);
  g_autofree char *scale_name = g_strdup_printf ("scale_%" G_GSIZE_FORMAT, lfb_graph_get_n_nodes (self->graph));
  g_autofree char *point_name = g_strdup_printf ("zero_point_%" G_GSIZE_FORMAT, lfb_graph_get_n_nodes (self->graph));
  g_autoptr (LfbValue) input_value = lfb_value_for_node (input);
  g_autoptr (LfbValue) scale_value = lfb_value_for_node (add_attribute (self, scale_name, scale_tensor));
  g_autoptr (LfbValue) point_value = lfb_value_for_node (add_attribute (self, point_name, point_tensor));
  g_autoptr (LfbValue) dtype = lfb_value_for_dtype (LFB_DTYPE_QUINT8);
  LfbValue *args[] = { input_value, scale_value, point_value, dtype };
  g_autoptr (GError) error = NULL;
  LfbNode *quantize = lfb_graph_create_node (self->graph, LFB_OP_CALL_FUNCTION, "torch.quantize_per_tensor",
                                             args, G_N_ELEMENTS (args), NULL, NULL, &error);

  g_assert_no_error (error);
  return add_node (self, LFB_OP_CALL_METHOD, "dequantize", quantize, NULL);
}

static char *
add_convolution (Builder *self)
{
  static const char *keys[] = { "weight", "bias", "weight_scale", "weight_zero_point", "weight_axis", NULL };
  static const char *settings[] = { "weight_dtype", "weight_qscheme", NULL };
  const gint64 shape[] = { 2, 2, 1, 1 }, vector[] = { 2 };
  const float weight[] = { 0.5f, -0.25f, 0.125f, 1.0f }, bias[] = { 0.5f, 0.25f }, scales[] = { 0.01f, 0.02f };
  const gint64 points[] = { 0, 0 }, axis = 0;
  LfbTensor *tensors[] = {
    make_tensor (LFB_DTYPE_FLOAT32, weight, sizeof weight, shape, 4),
    make_tensor (LFB_DTYPE_FLOAT32, bias, sizeof bias, vector, 1),
    make_tensor (LFB_DTYPE_FLOAT32, scales, sizeof scales, vector, 1),
    make_tensor (LFB_DTYPE_INT64, points, sizeof points, vector, 1),
    make_tensor (LFB_DTYPE_INT64, &axis, sizeof axis, NULL, 0),
  };
  LfbValue *values[G_N_ELEMENTS (tensors)];
  g_autoptr (LfbValue) dtype = lfb_value_for_dtype (LFB_DTYPE_QINT8);
  g_autoptr (LfbValue) qscheme = lfb_value_for_qscheme (LFB_QSCHEME_PER_CHANNEL_AFFINE);
  g_autoptr (LfbValue) config = lfb_value_for_dict (settings, (LfbValue *[]) { dtype, qscheme }, 2);
  g_autoptr (LfbValue) dict = NULL;
  g_autoptr (LfbModule) module = NULL;
  char *path = g_strdup_printf ("conv_%u", self->n_modules++);

  for (guint i = 0; i < G_N_ELEMENTS (tensors); i++)
    values[i] = lfb_value_for_tensor (tensors[i]);
  dict = lfb_value_for_dict (keys, values, G_N_ELEMENTS (values));
  for (guint i = 0; i < G_N_ELEMENTS (tensors); i++)
    {
      lfb_value_unref (values[i]);
      g_object_unref (tensors[i]);
    }
  module = lfb_module_new ("torch.ao.nn.quantized.reference.Conv2d", config, dict, NULL);
  lfb_graph_module_set_module (self->model, path, module, NULL);

  return path;
}

static LfbNode *
add_block (Builder *self,
           LfbNode *input)
{
  g_autofree char *first = add_convolution (self);
  g_autofree char *second = add_convolution (self);
  LfbNode *node = add_node (self, LFB_OP_CALL_MODULE, first, input, NULL);

  node = add_node (self, LFB_OP_CALL_FUNCTION, "torch.nn.functional.relu", node, NULL);
  node = requantize (self, node, 0.25f);
  node = add_node (self, LFB_OP_CALL_MODULE, second, node, NULL);
  node = requantize (self, node, 0.5f);
  node = add_node (self, LFB_OP_CALL_FUNCTION, "operator.add", node, input);
  node = add_node (self, LFB_OP_CALL_FUNCTION, "torch.relu", node, NULL);
  node = requantize (self, node, 0.125f);
  node = add_node (self, LFB_OP_CALL_FUNCTION, "torch.nn.functional.max_pool2d", node, NULL);
  node = requantize (self, node, 0.125f);
  node = add_node (self, LFB_OP_CALL_METHOD, "contiguous", node, NULL);

  return requantize (self, node, 0.125f);
}

static LfbGraphModule *
build (guint64 n_nodes)
{
  Builder self = { lfb_graph_module_new (NULL) };
  LfbNode *node;

  self.graph = lfb_graph_module_get_graph (self.model);
  node = requantize (&self, add_node (&self, LFB_OP_PLACEHOLDER, "x", NULL, NULL), 0.125f);
  while (lfb_graph_get_n_nodes (self.graph) < n_nodes)
    node = add_block (&self, node);
  add_node (&self, LFB_OP_OUTPUT, "output", node, NULL);

  return self.model;
}

/* Seconds that the processor worked for us: lowering uses one thread, and other
 * programs do not count.
 */
static double
now (void)
{
  struct timespec time;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &time);

  return time.tv_sec + time.tv_nsec * 1e-9;
}

static void
measure (const char     *name,
         LfbGraphModule *model)
{
  gsize n_before = lfb_graph_get_n_nodes (lfb_graph_module_get_graph (model));
  gsize n_after = 0;
  double best = G_MAXDOUBLE;

  for (int i = 0; i < n_runs || (n_runs == 0 && i < (n_before > 50000 ? 5 : 20)); i++)
    {
      double begin = now ();
      g_autoptr (GError) error = NULL;
      g_autoptr (LfbGraphModule) lowered = lfb_lower_to_fbgemm (model, NULL, NULL, FALSE, &error);

      best = MIN (best, now () - begin);
      if (lowered == NULL)
        {
          g_printerr ("%s: %s\n", name, error->message);
          exit (1);
        }
      n_after = lfb_graph_get_n_nodes (lfb_graph_module_get_graph (lowered));
    }

  g_print ("%-32s %9" G_GSIZE_FORMAT " %9" G_GSIZE_FORMAT " %10.3f %8.0f\n", name, n_before, n_after,
           best * 1e3, best * 1e9 / n_before);
}

int
main (int   argc,
      char *argv[])
{
  static const char *sizes[] = { "1000", "10000", "100000" };
  g_auto (GStrv) arguments = NULL;
  const GOptionEntry entries[] = {
    { "runs", 0, 0, G_OPTION_ARG_INT, &n_runs, "Lower each so often", "N" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &arguments, NULL, "NODES|FILE..." },
    { NULL }
  };
  g_autoptr (GOptionContext) options = g_option_context_new (NULL);
  g_autoptr (GError) option_error = NULL;
  const char **names = sizes;
  int n_names = G_N_ELEMENTS (sizes);

  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, &option_error))
    {
      g_printerr ("%s\n", option_error->message);
      return 2;
    }
  if (arguments != NULL)
    {
      names = (const char **) arguments;
      n_names = g_strv_length (arguments);
    }

  g_print ("%-32s %9s %9s %10s %8s\n", "graph", "nodes", "lowered", "ms", "ns/node");
  for (int i = 0; i < n_names; i++)
    {
      g_autoptr (LfbGraphModule) model = NULL;
      g_autoptr (GError) error = NULL;
      guint64 n_nodes;

      if (g_ascii_string_to_unsigned (names[i], 10, 1, G_MAXUINT32, &n_nodes, NULL))
        model = build (n_nodes);
      else
        model = lfb_graph_module_load (names[i], &error);
      if (model == NULL)
        {
          g_printerr ("%s\n", error->message);
          return 1;
        }
      measure (names[i], model);
    }

  return 0;
}

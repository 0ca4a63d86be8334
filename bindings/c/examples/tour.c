/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Twelve steps with the digits model: tour digits.reference.safetensors digits.test.safetensors */

#include <lowerfb/lowerfb.h>

static LfbGraphModule *model;
static LfbLowerer *lowerer;
static LfbGraphModule *lowered;
static LfbSession *session;
static LfbTensor *images;
static LfbTensor *scores;
static int *digits; /* what was read in each image */

static void
free_tensors (LfbTensor **tensors,
              gsize       n_tensors)
{
  for (gsize i = 0; i < n_tensors; i++)
    g_object_unref (tensors[i]);
  g_free (tensors);
}

/* Runs a model that has one input and one output. */
static LfbTensor *
run_once (LfbSession  *with,
          LfbTensor   *input,
          GError     **error)
{
  gsize n_outputs;
  LfbTensor **outputs = lfb_session_run (with, &input, 1, NULL, &n_outputs, error);
  LfbTensor *output;

  if (outputs == NULL)
    return NULL;
  output = g_object_ref (outputs[0]);
  free_tensors (outputs, n_outputs);
  return output;
}

/* The same for a model that is run but once. */
static LfbTensor *
run_model (LfbGraphModule  *runs,
           LfbTensor       *input,
           GError         **error)
{
  g_autoptr (LfbSession) once = lfb_session_new (runs, NULL, error);

  return once != NULL ? run_once (once, input, error) : NULL;
}

/* The digit with the highest score, for each image. */
static int *
best (LfbTensor *tensor)
{
  const float *numbers = lfb_tensor_get_data (tensor, NULL);
  gint64 n = lfb_tensor_get_dim (tensor, 0), n_classes = lfb_tensor_get_dim (tensor, 1);
  int *result = g_new0 (int, n);

  for (gint64 i = 0; i < n; i++)
    for (int k = 1; k < n_classes; k++)
      if (numbers[i * n_classes + k] > numbers[i * n_classes + result[i]])
        result[i] = k;
  return result;
}

/* 1. Open a model */
static gboolean
open_a_model (const char  *path,
              GError     **error)
{
  g_auto (GStrv) modules = NULL;

  g_print ("1. Open a model\n");
  model = lfb_graph_module_load (path, error);
  if (model == NULL)
    return FALSE;
  modules = lfb_graph_module_list_modules (model);
  g_print ("%" G_GSIZE_FORMAT " nodes, %u modules, made by %s\n",
           lfb_graph_get_n_nodes (lfb_graph_module_get_graph (model)), g_strv_length (modules),
           lfb_graph_module_get_producer (model));
  return TRUE;
}

/* 2. Look at it */
static void
look_at_it (void)
{
  LfbNode *node = lfb_graph_find (lfb_graph_module_get_graph (model), "stem_0");
  LfbModule *conv = lfb_graph_module_get_module (model, "stem.0.0");
  g_autofree char *kernel = lfb_value_to_string (lfb_module_get_setting (conv, "kernel_size"));
  gsize n_users;
  g_autofree LfbNode **users = lfb_node_get_users (node, &n_users);

  g_print ("2. Look at it\n");
  g_print ("%s is a %s of %s, reads %s, is read by %s\n", lfb_node_get_name (node),
           lfb_op_to_string (lfb_node_get_op (node)), lfb_node_get_target (node),
           lfb_node_get_name (lfb_node_get_input (node, 0)), lfb_node_get_name (users[0]));
  g_print ("%s with a kernel of %s\n", lfb_module_get_type_name (conv), kernel);
}

/* 3. Lower it */
static gboolean
lower_it (GError **error)
{
  g_print ("3. Lower it\n");
  lowerer = lfb_lowerer_new ();
  lowered = lfb_lowerer_lower (lowerer, model, NULL, NULL, NULL, error);
  if (lowered == NULL)
    return FALSE;
  g_print ("%" G_GSIZE_FORMAT " nodes became %" G_GSIZE_FORMAT "; stem.0 is %s\n",
           lfb_graph_get_n_nodes (lfb_graph_module_get_graph (model)),
           lfb_graph_get_n_nodes (lfb_graph_module_get_graph (lowered)),
           lfb_module_get_type_name (lfb_graph_module_get_module (lowered, "stem.0")));
  return TRUE;
}

/* 4. Read the report */
static void
read_the_report (void)
{
  LfbLoweringReport *report = lfb_lowerer_get_report (lowerer);
  guint n_notes = g_list_model_get_n_items (G_LIST_MODEL (report));

  g_print ("4. Read the report\n");
  g_print ("%u of %u were lowered, scores by the pass %s\n", lfb_lowering_report_get_n_lowered (report), n_notes,
           lfb_lowering_note_get_pass_name (lfb_lowering_report_find (report, "scores")));
  for (guint i = 0; i < n_notes; i++)
    {
      g_autoptr (LfbLoweringNote) note = g_list_model_get_item (G_LIST_MODEL (report), i);

      if (!lfb_lowering_note_get_lowered (note))
        g_print ("left: %s\n", lfb_lowering_note_get_reason (note));
    }
}

/* 5. Run it */
static gboolean
run_it (const char  *path,
        GError     **error)
{
  g_autoptr (LfbTensorFile) file = NULL;
  g_autoptr (LfbSessionOptions) options = lfb_session_options_new ();
  g_autofree char *text = NULL;
  const gint64 *labels;
  gint64 right = 0, n_images;

  g_print ("5. Run it\n");
  file = lfb_tensor_file_load (path, error);
  if (file == NULL)
    return FALSE;
  images = g_object_ref (lfb_tensor_file_get (file, "input.0"));
  labels = lfb_tensor_get_data (lfb_tensor_file_get (file, "labels"), NULL);

  lfb_session_options_set_n_threads (options, 1);
  session = lfb_session_new (lowered, options, error);
  if (session == NULL)
    return FALSE;
  scores = run_once (session, images, error);
  if (scores == NULL)
    return FALSE;

  digits = best (scores);
  n_images = lfb_tensor_get_dim (scores, 0);
  for (gint64 i = 0; i < n_images; i++)
    right += digits[i] == labels[i];
  text = lfb_tensor_to_string (scores);
  g_print ("%s: %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " digits read correctly\n", text, right, n_images);
  return TRUE;
}

/* 6. Compare */
static gboolean
compare (GError **error)
{
  g_autoptr (LfbTensor) reference = NULL;
  g_autofree int *others = NULL;
  const float *a, *b;
  int n_same = 0;
  double apart = 0;

  g_print ("6. Compare\n");
  reference = run_model (model, images, error);
  if (reference == NULL)
    return FALSE;
  others = best (reference);
  for (gint64 i = 0; i < lfb_tensor_get_dim (scores, 0); i++)
    n_same += others[i] == digits[i];
  a = lfb_tensor_get_data (reference, NULL);
  b = lfb_tensor_get_data (scores, NULL);
  for (gint64 i = 0; i < lfb_tensor_get_n_elements (scores); i++)
    apart = MAX (apart, ABS (a[i] - b[i]));
  g_print ("%d digits are the same, scores %s than 0.25 apart\n", n_same, apart < 0.25 ? "less" : "more");
  return TRUE;
}

/* 7. Change a graph */
static gboolean
change_a_graph (GError **error)
{
  g_autoptr (LfbGraphModule) changed = lfb_graph_module_copy (lowered);
  LfbGraph *graph = lfb_graph_module_get_graph (changed);
  LfbNode *output = lfb_graph_find (graph, "output");
  LfbNode *last = lfb_node_get_input (output, 0);
  g_autoptr (LfbValue) input = lfb_value_for_node (last);
  g_autoptr (LfbValue) axis = lfb_value_for_int (1);
  g_autoptr (LfbTensor) probabilities = NULL;
  g_autofree char *text = NULL;
  LfbNode *softmax;

  g_print ("7. Change a graph\n");
  softmax = lfb_graph_create_node (graph, LFB_OP_CALL_FUNCTION, "torch.softmax",
                                   (LfbValue *[]) { input, axis }, 2, NULL, NULL, error);
  if (softmax == NULL ||
      !lfb_node_append (last, softmax, error) ||
      !lfb_node_replace_input_with (output, last, softmax, error) ||
      !lfb_graph_module_check (changed, error))
    return FALSE;
  probabilities = run_model (changed, images, error);
  if (probabilities == NULL)
    return FALSE;
  text = lfb_node_to_text (softmax);
  g_print ("%s says %.1f%% for a %d\n", text,
           100 * ((const float *) lfb_tensor_get_data (probabilities, NULL))[digits[0]], digits[0]);
  return TRUE;
}

/* 8. Write a pass */
G_DECLARE_FINAL_TYPE (NoNegativeScores, no_negative_scores, , NO_NEGATIVE_SCORES, LfbPass)

struct _NoNegativeScores
{
  LfbPass parent;
};

G_DEFINE_FINAL_TYPE (NoNegativeScores, no_negative_scores, LFB_TYPE_PASS)

static gboolean
no_negative_scores_run (LfbPass         *pass,
                        LfbGraphModule  *changed,
                        GError         **error)
{
  LfbGraph *graph = lfb_graph_module_get_graph (changed);
  LfbNode *found = lfb_graph_find (graph, "scores");
  g_autoptr (LfbValue) input = lfb_value_for_node (found);
  g_autofree char *text = NULL;
  LfbNode *relu;

  relu = lfb_graph_create_node (graph, LFB_OP_CALL_FUNCTION, "torch.nn.functional.relu", &input, 1, NULL, NULL, error);
  if (relu == NULL ||
      !lfb_node_append (found, relu, error) ||
      !lfb_node_replace_all_uses_with (found, relu, error))
    return FALSE;
  text = g_strdup_printf ("stands behind %s", lfb_node_get_name (found));
  lfb_pass_report (pass, relu, TRUE, text);
  return TRUE;
}

static void
no_negative_scores_class_init (NoNegativeScoresClass *klass)
{
  LFB_PASS_CLASS (klass)->run = no_negative_scores_run;
}

static void
no_negative_scores_init (NoNegativeScores *self)
{
}

static double
lowest (LfbTensor *tensor)
{
  const float *numbers = lfb_tensor_get_data (tensor, NULL);
  double least = numbers[0];

  for (gint64 i = 1; i < lfb_tensor_get_n_elements (tensor); i++)
    least = MIN (least, numbers[i]);
  return least;
}

static gboolean
write_a_pass (GError **error)
{
  g_autoptr (LfbPass) pass = g_object_new (no_negative_scores_get_type (), "name", "NoNegativeScores", NULL);
  g_autoptr (LfbGraphModule) positive = NULL;
  g_autoptr (LfbTensor) cut = NULL;
  LfbLoweringNote *note;

  g_print ("8. Write a pass\n");
  if (!lfb_lowerer_insert_pass (lowerer, pass, "static-modules", error))
    return FALSE;
  positive = lfb_lowerer_lower (lowerer, model, NULL, NULL, NULL, error);
  if (positive == NULL)
    return FALSE;
  note = lfb_lowering_report_find (lfb_lowerer_get_report (lowerer), "relu");
  g_print ("relu %s; the module is %s\n", lfb_lowering_note_get_result (note),
           lfb_module_get_type_name (lfb_graph_module_get_module (positive, "scores")));
  cut = run_model (positive, images, error);
  if (cut == NULL)
    return FALSE;
  g_print ("the lowest score was %.4f and is %.4f\n", lowest (scores), lowest (cut));
  return TRUE;
}

/* 9. Call one kernel */
static LfbTensor *
make_quantized (LfbDType       storage,
                gint64         n_rows,
                gconstpointer  integers,
                gsize          n_integers,
                double         scale,
                gint64         zero_point,
                LfbDType       dtype,
                GError       **error)
{
  const gint64 shape[] = { n_rows, (gint64) n_integers / n_rows };
  g_autoptr (GBytes) bytes = g_bytes_new (integers, n_integers);
  g_autoptr (LfbTensor) plain = lfb_tensor_new_for_bytes (storage, shape, 2, bytes, error);

  return plain != NULL ? lfb_tensor_new_quantized (plain, scale, zero_point, dtype, error) : NULL;
}

static gboolean
show (const char  *name,
      LfbTensor   *tensor,
      GError     **error)
{
  const guint8 *integers = lfb_tensor_get_data (tensor, NULL);
  g_autoptr (LfbTensor) real = lfb_tensor_dequantize (tensor, error);
  const float *numbers;

  if (real == NULL)
    return FALSE;
  numbers = lfb_tensor_get_data (real, NULL);
  g_print ("%s %u %u stands for %.2f %.2f\n", name, integers[0], integers[1], numbers[0], numbers[1]);
  return TRUE;
}

static gboolean
call_one_kernel (GError **error)
{
  static const gint8 weights[] = { 1, 2, 3, 4, -1, 0, 1, 0 };
  static const guint8 inputs[] = { 10, 20, 30, 40 };
  g_autoptr (LfbTensor) weight = make_quantized (LFB_DTYPE_INT8, 2, weights, 8, 0.5, 0, LFB_DTYPE_QINT8, error);
  g_autoptr (LfbTensor) x = make_quantized (LFB_DTYPE_UINT8, 1, inputs, 4, 0.1, 10, LFB_DTYPE_QUINT8, NULL);
  g_autoptr (LfbPackedLinear) packed = weight != NULL ? lfb_packed_linear_new (weight, NULL, error) : NULL;
  g_autoptr (LfbTensor) y = packed != NULL ? lfb_packed_linear_apply (packed, x, 0.25, 100, error) : NULL;
  g_autoptr (LfbValue) value = NULL;
  g_autoptr (LfbValue) scale = lfb_value_for_double (0.5);
  g_autoptr (LfbValue) zero_point = lfb_value_for_int (0);
  g_autoptr (LfbValue) sum = NULL;

  g_print ("9. Call one kernel\n");
  if (y == NULL || !show ("linear", y, error))
    return FALSE;
  value = lfb_value_for_tensor (y);
  sum = lfb_call ("torch.ops.quantized.add", (LfbValue *[]) { value, value, scale, zero_point }, 4,
                  NULL, NULL, 0, error);
  return sum != NULL && show ("add", lfb_value_get_tensor (sum), error);
}

/* 10. Quantization parameters */
static void
quantization_parameters (void)
{
  LfbModule *linear = lfb_graph_module_get_module (lowered, "scores");
  LfbTensor *weight = lfb_module_get_tensor (linear, "weight");
  LfbTensor *scales = lfb_tensor_get_scales (weight);
  LfbQConfig *qconfig = lfb_qconfig_map_get (lfb_graph_module_get_qconfig_map (model), "stem_0");
  g_autofree char *text = lfb_tensor_to_string (weight);

  g_print ("10. Quantization parameters\n");
  g_print ("%s, %" G_GINT64_FORMAT " scales, the first %.6f\n", text, lfb_tensor_get_dim (scales, 0),
           ((const float *) lfb_tensor_get_data (scales, NULL))[0]);
  g_print ("the output has the scale %.6f and the zero point %" G_GINT64_FORMAT "\n",
           lfb_value_get_double (lfb_module_get_setting (linear, "scale")),
           lfb_value_get_int (lfb_module_get_setting (linear, "zero_point")));
  g_print ("its inputs were watched by a %s\n",
           lfb_value_get_string (lfb_value_lookup (lfb_qconfig_get_activation (qconfig), "observer")));
}

/* 11. In the background, with progress */
typedef struct
{
  GMainLoop *loop;
  LfbProgress *progress;
  double told;
  gboolean in_order;
  LfbSession *session;
  GError *error;
} Background;

static void
on_fraction (LfbProgress *progress,
             GParamSpec  *pspec,
             Background  *background)
{
  background->in_order = background->in_order && lfb_progress_get_fraction (progress) >= background->told;
  background->told = lfb_progress_get_fraction (progress);
}

static void
on_cancelled (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  Background *background = user_data;
  gsize n_outputs = 0;
  LfbTensor **outputs = lfb_session_run_finish (LFB_SESSION (source), result, &n_outputs, &background->error);

  if (g_error_matches (background->error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_print ("cancelled: %s\n", background->error->message);
      g_clear_error (&background->error);
    }
  free_tensors (outputs, n_outputs);
  g_main_loop_quit (background->loop);
}

static void
on_run (GObject      *source,
        GAsyncResult *result,
        gpointer      user_data)
{
  Background *background = user_data;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  gsize n_outputs = 0;
  LfbTensor **outputs = lfb_session_run_finish (LFB_SESSION (source), result, &n_outputs, &background->error);

  if (outputs == NULL)
    {
      g_main_loop_quit (background->loop);
      return;
    }
  g_print ("the scores are %s\n", lfb_tensor_equal (outputs[0], scores) ? "the same" : "others");
  free_tensors (outputs, n_outputs);

  g_cancellable_cancel (cancellable);
  lfb_session_run_async (background->session, &images, 1, cancellable, on_cancelled, background);
}

static void
on_lowered (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Background *background = user_data;
  g_autoptr (LfbGraphModule) again = lfb_lowerer_lower_finish (LFB_LOWERER (source), result, &background->error);

  if (again != NULL)
    {
      g_print ("%.0f%% %s, told %s\n", 100 * lfb_progress_get_fraction (background->progress),
               lfb_progress_get_message (background->progress), background->in_order ? "in order" : "in disorder");
      background->session = lfb_session_new (again, NULL, &background->error);
    }
  if (background->session != NULL)
    lfb_session_run_async (background->session, &images, 1, NULL, on_run, background);
  else
    g_main_loop_quit (background->loop);
}

static gboolean
in_the_background (GError **error)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (LfbProgress) progress = lfb_progress_new ();
  g_autoptr (LfbLowerer) other = lfb_lowerer_new ();
  Background background = { .loop = loop, .progress = progress, .in_order = TRUE };

  g_print ("11. In the background, with progress\n");
  g_signal_connect (progress, "notify::fraction", G_CALLBACK (on_fraction), &background);
  lfb_lowerer_set_progress (other, progress);
  lfb_lowerer_lower_async (other, model, NULL, NULL, NULL, on_lowered, &background);
  g_main_loop_run (loop);

  g_signal_handlers_disconnect_by_data (progress, &background);
  g_clear_object (&background.session);
  if (background.error != NULL)
    {
      g_propagate_error (error, background.error);
      return FALSE;
    }
  return TRUE;
}

/* 12. Handle an error */
static void
handle_an_error (void)
{
  gsize n_elements = lfb_tensor_get_n_elements (images), n_dims;
  const gint64 *shape = lfb_tensor_get_shape (images, &n_dims);
  const float *numbers = lfb_tensor_get_data (images, NULL);
  g_autofree double *doubles = g_new (double, n_elements);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (LfbTensor) others = NULL;
  g_autoptr (LfbGraphModule) nowhere = NULL;
  g_autoptr (LfbTensor) output = NULL;
  g_autoptr (GError) error = NULL;

  g_print ("12. Handle an error\n");
  nowhere = lfb_graph_module_load ("nowhere.safetensors", &error);
  if (g_error_matches (error, LFB_ERROR, LFB_ERROR_IO))
    g_print ("file: %s\n", error->message);
  g_clear_error (&error);

  for (gsize i = 0; i < n_elements; i++)
    doubles[i] = numbers[i];
  bytes = g_bytes_new (doubles, n_elements * sizeof (double));
  others = lfb_tensor_new_for_bytes (LFB_DTYPE_FLOAT64, shape, n_dims, bytes, NULL);
  output = run_once (session, others, &error);
  if (g_error_matches (error, LFB_ERROR, LFB_ERROR_DTYPE))
    g_print ("dtype: %s\n", error->message);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GError) error = NULL;
  gboolean done = FALSE;

  if (argc != 3)
    {
      g_printerr ("Usage: %s MODEL IMAGES\n", argv[0]);
      return 2;
    }

  if (open_a_model (argv[1], &error))
    {
      look_at_it ();
      done = lower_it (&error);
    }
  if (done)
    {
      read_the_report ();
      done = run_it (argv[2], &error) && compare (&error) && change_a_graph (&error) && write_a_pass (&error) &&
             call_one_kernel (&error);
    }
  if (done)
    {
      quantization_parameters ();
      done = in_the_background (&error);
    }
  if (done)
    handle_an_error ();
  else
    g_printerr ("%s\n", error->message);

  g_clear_object (&model);
  g_clear_object (&lowerer);
  g_clear_object (&lowered);
  g_clear_object (&session);
  g_clear_object (&images);
  g_clear_object (&scores);
  g_clear_pointer (&digits, g_free);
  return done ? 0 : 1;
}

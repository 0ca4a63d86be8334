/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* lowerfb bench: how long a model takes. Runs it until it has warmed up, then
 * for at least a second, and tells the median and the spread.
 */

#include "command-private.h"

#include <string.h>

#define WARM_UP_US 200000
#define MEASURE_US 1000000
#define TELL_US 100000
#define MIN_RUNS 5
#define MAX_RUNS 1000000

typedef struct
{
  const char *model;
  const char *inputs;    /* NULL: random */
  int n_threads;         /* 0: as many as there are processors */
  gboolean lower;
  gboolean profile;
  gboolean plan;
  gboolean json;

  double median_ms, min_ms, max_ms;
  guint runs;
  guint threads;
  guint64 arena_bytes, arena_bound;
  char *table;
  char *plan_text;
} Bench;

/* Random elements for a placeholder: floats between -2 and 2, small integers. */
static LfbTensor *
random_tensor (GRand         *rand,
               LfbDType       dtype,
               const gint64  *shape,
               gsize          n_dims,
               GError       **error)
{
  gsize n = 1, item_size = lfb_dtype_get_bits (lfb_dtype_get_storage (dtype)) / 8;
  g_autoptr (GBytes) bytes = NULL;
  guint8 *data;

  for (gsize i = 0; i < n_dims; i++)
    if (!g_size_checked_mul (&n, n, shape[i]) || n > G_MAXINT32)
      {
        g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "the model's example is too large for random data");
        return NULL;
      }
  data = g_malloc0 (MAX (n * item_size, 1));
  for (gsize i = 0; i < n; i++)
    if (dtype == LFB_DTYPE_FLOAT32)
      ((float *) data)[i] = g_rand_double_range (rand, -2, 2);
    else if (dtype == LFB_DTYPE_FLOAT64)
      ((double *) data)[i] = g_rand_double_range (rand, -2, 2);
    else
      data[i * item_size] = g_rand_int_range (rand, 0, 2);
  bytes = g_bytes_new_take (data, n * item_size);

  return lfb_tensor_new_for_bytes (lfb_dtype_get_storage (dtype), shape, n_dims, bytes, error);
}

static LfbTensor *
example_input (GRand    *rand,
               LfbNode  *node,
               GError  **error)
{
  LfbValue *example = lfb_node_get_example (node);
  LfbValue *shape = example != NULL ? lfb_value_lookup (example, "shape") : NULL;
  LfbValue *dtype = example != NULL ? lfb_value_lookup (example, "dtype") : NULL;
  LfbDType type = LFB_DTYPE_FLOAT32;
  gint64 sizes[LFB_TENSOR_MAX_DIMS];
  gsize n_dims;

  if (shape == NULL || !lfb_value_is_sequence (shape) || lfb_value_get_n_items (shape) > LFB_TENSOR_MAX_DIMS)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                   "the model's input `%s` has no example shape: give a file with INPUTS", lfb_node_get_name (node));
      return NULL;
    }
  if (dtype != NULL && lfb_value_get_kind (dtype) == LFB_VALUE_KIND_DTYPE)
    type = lfb_value_get_dtype (dtype);
  else if (dtype != NULL && lfb_value_get_kind (dtype) == LFB_VALUE_KIND_STRING)
    lfb_dtype_from_string (lfb_value_get_string (dtype), &type);
  n_dims = lfb_value_get_n_items (shape);
  for (gsize i = 0; i < n_dims; i++)
    sizes[i] = lfb_value_get_int (lfb_value_get_item (shape, i));

  return random_tensor (rand, type, sizes, n_dims, error);
}

static GPtrArray *
random_inputs (LfbSession  *session,
               GError     **error)
{
  g_autoptr (GPtrArray) inputs = g_ptr_array_new_with_free_func (g_object_unref);
  LfbGraph *graph = lfb_graph_module_get_graph (lfb_session_get_model (session));
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);

  for (LfbNode *node = lfb_graph_get_first (graph); node != NULL; node = lfb_node_get_next (node))
    if (lfb_node_get_op (node) == LFB_OP_PLACEHOLDER)
      {
        LfbTensor *tensor = example_input (rand, node, error);

        if (tensor == NULL)
          return NULL;
        g_ptr_array_add (inputs, tensor);
      }

  return g_steal_pointer (&inputs);
}

static gboolean
run_once (LfbSession    *session,
          GPtrArray     *inputs,
          GCancellable  *cancellable,
          gint64        *elapsed,
          GError       **error)
{
  gint64 begin = g_get_monotonic_time ();
  gsize n;
  LfbTensor **outputs = lfb_session_run (session, (LfbTensor **) inputs->pdata, inputs->len, cancellable, &n, error);

  *elapsed = g_get_monotonic_time () - begin;
  if (outputs == NULL)
    return FALSE;
  for (gsize i = 0; i < n; i++)
    g_object_unref (outputs[i]);
  g_free (outputs);

  return TRUE;
}

static int
compare_times (gconstpointer a,
               gconstpointer b)
{
  gint64 x = *(const gint64 *) a, y = *(const gint64 *) b;

  return x < y ? -1 : x > y;
}

/* Tells how far it has come, but not so often that this costs anything. */
static void
tell_progress (LfbProgress *progress,
               gint64       total,
               gint64      *told)
{
  gint64 now = g_get_monotonic_time ();

  if (now - *told < TELL_US)
    return;
  *told = now;
  lfb_progress_report (progress, MIN ((double) total / (WARM_UP_US + MEASURE_US), 1), NULL);
}

static gboolean
measure (Bench         *self,
         LfbSession    *session,
         GPtrArray     *inputs,
         GCancellable  *cancellable,
         LfbProgress   *progress,
         GError       **error)
{
  g_autoptr (GArray) times = g_array_new (FALSE, FALSE, sizeof (gint64));
  gint64 total = 0, elapsed, told = 0;

  for (guint i = 0; i < 2 || total < WARM_UP_US; i++, total += elapsed)
    {
      tell_progress (progress, total, &told);
      if (!run_once (session, inputs, cancellable, &elapsed, error))
        return FALSE;
    }
  for (total = 0; times->len < MIN_RUNS || (total < MEASURE_US && times->len < MAX_RUNS); total += elapsed)
    {
      tell_progress (progress, WARM_UP_US + total, &told);
      if (!run_once (session, inputs, cancellable, &elapsed, error))
        return FALSE;
      g_array_append_val (times, elapsed);
    }

  g_array_sort (times, compare_times);
  self->runs = times->len;
  self->min_ms = g_array_index (times, gint64, 0) / 1000.0;
  self->max_ms = g_array_index (times, gint64, times->len - 1) / 1000.0;
  self->median_ms = g_array_index (times, gint64, times->len / 2) / 1000.0;

  return TRUE;
}

static gboolean
bench_work (CommandWork  *work,
            gpointer      data,
            GError      **error)
{
  Bench *self = data;
  g_autoptr (LfbSessionOptions) options = lfb_session_options_new ();
  g_autoptr (LfbSession) session = NULL;
  g_autoptr (GPtrArray) inputs = NULL;

  lfb_session_options_set_n_threads (options, self->n_threads);
  lfb_session_options_set_profile (options, self->profile);
  session = command_open_session (work, self->model, self->lower, options, error);
  if (session == NULL)
    return FALSE;
  inputs = self->inputs != NULL ? command_read_inputs (work, session, self->inputs, error)
                                : random_inputs (session, error);
  if (inputs == NULL ||
      !measure (self, session, inputs, command_work_stage (work, "running", self->model),
                command_work_progress (work), error))
    return FALSE;

  self->threads = lfb_session_get_n_threads (session);
  self->arena_bytes = lfb_session_get_arena_size (session);
  self->arena_bound = lfb_session_get_arena_bound (session);
  self->table = lfb_session_profile_to_text (session);
  self->plan_text = self->plan ? lfb_session_plan_to_text (session) : NULL;

  return TRUE;
}

static int
print_json (const Bench *self)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_auto (GStrv) features = lfb_get_cpu_features ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "median_ms");
  json_builder_add_double_value (builder, self->median_ms);
  json_builder_set_member_name (builder, "min_ms");
  json_builder_add_double_value (builder, self->min_ms);
  json_builder_set_member_name (builder, "max_ms");
  json_builder_add_double_value (builder, self->max_ms);
  json_builder_set_member_name (builder, "runs");
  json_builder_add_int_value (builder, self->runs);
  json_builder_set_member_name (builder, "threads");
  json_builder_add_int_value (builder, self->threads);
  json_builder_set_member_name (builder, "cpu");
  json_builder_begin_array (builder);
  for (guint i = 0; features[i] != NULL; i++)
    json_builder_add_string_value (builder, features[i]);
  json_builder_end_array (builder);
  json_builder_set_member_name (builder, "arena_bytes");
  json_builder_add_int_value (builder, self->arena_bytes);
  json_builder_set_member_name (builder, "arena_bound_bytes");
  json_builder_add_int_value (builder, self->arena_bound);
  json_builder_end_object (builder);

  return command_print_json (builder);
}

static int
print_text (const Bench *self)
{
  g_autoptr (GString) text = g_string_new (NULL);

  if (self->plan_text != NULL)
    g_string_append_printf (text, "%s\n", self->plan_text);
  if (self->table != NULL)
    g_string_append_printf (text, "%s\n", self->table);
  g_string_append_printf (text, "median %.3f ms, %.3f to %.3f ms, %u runs, %u thread%s\n",
                          self->median_ms, self->min_ms, self->max_ms, self->runs,
                          self->threads, self->threads == 1 ? "" : "s");
  if (self->arena_bytes > 0)
    g_string_append_printf (text, "arena %" G_GUINT64_FORMAT " bytes, of which %" G_GUINT64_FORMAT " live at once\n",
                            self->arena_bytes, self->arena_bound);

  return command_print_painted (text->str, command_paint_table);
}

static int
bench_main (const Command  *command,
            int             argc,
            char          **argv)
{
  Bench self = { NULL };
  g_auto (GStrv) files = NULL;
  g_autoptr (GError) error = NULL;
  int status = COMMAND_DONE;
  const GOptionEntry entries[] = {
    { "threads", 't', 0, G_OPTION_ARG_INT, &self.n_threads, "How many threads work on a run (0: as many as processors)", "N" },
    { "lower", 0, 0, G_OPTION_ARG_NONE, &self.lower, "Lower the model first, as `lowerfb lower` does", NULL },
    { "profile", 0, 0, G_OPTION_ARG_NONE, &self.profile, "Tell how long each node takes", NULL },
    { "plan", 0, 0, G_OPTION_ARG_NONE, &self.plan, "Tell what a run is made of", NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &self.json, "Print one JSON object", NULL },
    { NULL },
  };

  if (!command_parse_range (command, argc, argv, entries, 1, 2, &files, &status))
    return status;
  if (self.n_threads < 0)
    return command_wrong_usage (command, "--threads is %d, expected 0 or more", self.n_threads);
  if (self.json && (self.profile || self.plan))
    return command_wrong_usage (command, "--json goes with neither --profile nor --plan");

  self.model = files[0];
  self.inputs = files[1];
  if (!command_work (bench_work, &self, &error))
    status = command_fail (error);
  else
    status = self.json ? print_json (&self) : print_text (&self);
  g_free (self.table);
  g_free (self.plan_text);

  return status;
}

const Command command_bench = {
  .name = "bench",
  .arguments = "MODEL [INPUTS]",
  .summary = "Measure how long a model takes",
  .help =
    "Runs the model on the tensors of INPUTS (named as for `lowerfb run`), or on random data of the\n"
    "shapes that it was exported with. After a warm-up it runs for at least a second; the median\n"
    "and the spread of single runs are told, in milliseconds. The arena is all memory that a run\n"
    "needs besides weights, inputs and outputs. To compare, use one core of a quiet machine.\n",
  .examples =
    "  # Where the time of one run goes\n"
    "  lowerfb bench digits.safetensors --profile\n"
    "  # A figure to compare with another\n"
    "  taskset -c 1 lowerfb bench digits.safetensors --threads 1 --json | jq .median_ms\n",
  .main = bench_main,
};

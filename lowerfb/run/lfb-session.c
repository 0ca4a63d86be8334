/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A model made ready to run. */

#include <lowerfb/run/lfb-session.h>

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-memory-private.h>
#include <lowerfb/run/lfb-plan-private.h>
#include <lowerfb/run/lfb-profile-private.h>
#include <lowerfb/run/program/lfb-programs-private.h>

/**
 * LfbSession:
 *
 * A model made ready to run: every node has its operator, constants are
 * computed, weights packed for this CPU. Made once and used again and again,
 * also from several threads at the same time.
 *
 * A session keeps what it needs of the model as it was: changing the model
 * later does not change the session.
 *
 * Since: 1.0
 */
struct _LfbSession {
  GObject parent_instance;

  LfbGraphModule *model;
  LfbPlan *plan;
  LfbPrograms *programs;
  LfbRuntime runtime;
  LfbProfile *profile;
  LfbProgress *progress;

  GMutex lock;
  guint64 peak_memory;
};

enum {
  PROP_0,
  PROP_MODEL,
  PROP_N_THREADS,
  PROP_PEAK_MEMORY,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LfbSession, lfb_session, G_TYPE_OBJECT)

static void
lfb_session_finalize (GObject *object)
{
  LfbSession *self = LFB_SESSION (object);

  lfb_profile_free (self->profile);
  lfb_programs_free (self->programs);
  lfb_plan_free (self->plan);
  lfb_threads_free (self->runtime.threads);
  g_clear_object (&self->model);
  g_clear_object (&self->progress);
  g_mutex_clear (&self->lock);

  G_OBJECT_CLASS (lfb_session_parent_class)->finalize (object);
}

static void
lfb_session_get_property (GObject    *object,
                          guint       prop_id,
                          GValue     *value,
                          GParamSpec *pspec)
{
  LfbSession *self = LFB_SESSION (object);

  switch (prop_id)
    {
    case PROP_MODEL:
      g_value_set_object (value, self->model);
      break;
    case PROP_N_THREADS:
      g_value_set_uint (value, lfb_session_get_n_threads (self));
      break;
    case PROP_PEAK_MEMORY:
      g_value_set_uint64 (value, lfb_session_get_peak_memory (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
lfb_session_class_init (LfbSessionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = lfb_session_finalize;
  object_class->get_property = lfb_session_get_property;

  /**
   * LfbSession:model:
   *
   * The model that the session was made from.
   *
   * Since: 1.0
   */
  properties[PROP_MODEL] =
    g_param_spec_object ("model", NULL, NULL, LFB_TYPE_GRAPH_MODULE,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * LfbSession:n-threads:
   *
   * How many threads work on one run, the calling one included.
   *
   * Since: 1.0
   */
  properties[PROP_N_THREADS] =
    g_param_spec_uint ("n-threads", NULL, NULL, 1, G_MAXUINT, 1,
                       G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * LfbSession:peak-memory:
   *
   * The most bytes that live tensors took during a run so far; weights do not
   * count.
   *
   * Since: 1.0
   */
  properties[PROP_PEAK_MEMORY] =
    g_param_spec_uint64 ("peak-memory", NULL, NULL, 0, G_MAXUINT64, 0,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

/* A bare object, as g_object_new () makes it, has no plan and cannot run. */
static void
lfb_session_init (LfbSession *self)
{
  g_mutex_init (&self->lock);
}

/**
 * lfb_session_new:
 * @model: a model: reference, lowered, float or in between
 * @options: (nullable): how to run it; %NULL for the defaults
 * @error: return location for a `GError`
 *
 * Makes a model ready to run.
 *
 * What the model writes in place is seen under all names of the same tensor, as
 * in PyTorch, but neither inputs nor the model change: each run begins anew.
 *
 * Returns: (transfer full): a new session, or %NULL with
 *   %LFB_ERROR_INVALID_GRAPH if the model is not sound, %LFB_ERROR_UNSUPPORTED
 *   if a node calls what there is no operator for, or writes in place where it
 *   cannot be told which other nodes that reaches, or another code if constants
 *   of the model do not fit the operator that reads them; the message names the
 *   node
 *
 * Since: 1.0
 */
LfbSession *
lfb_session_new (LfbGraphModule     *model,
                 LfbSessionOptions  *options,
                 GError            **error)
{
  g_autoptr (LfbSession) self = NULL;
  LfbCompiler compiler = { 0 };
  guint n_threads = 0, budget = 0;

  g_return_val_if_fail (LFB_IS_GRAPH_MODULE (model), NULL);
  g_return_val_if_fail (options == NULL || LFB_IS_SESSION_OPTIONS (options), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  self = g_object_new (LFB_TYPE_SESSION, NULL);
  self->model = g_object_ref (model);
  if (options != NULL)
    {
      n_threads = lfb_session_options_get_n_threads (options);
      g_set_object (&self->progress, lfb_session_options_get_progress (options));
    }
  if (n_threads == 0)
    n_threads = g_get_num_processors ();
  lfb_runtime_init (&self->runtime, lfb_threads_new (n_threads));

  compiler.model = model;
  compiler.runtime = &self->runtime;
  compiler.subgraphs = &lfb_plan_subgraphs;
  compiler.progress = self->progress;
  compiler.budget = &budget;
  self->plan = lfb_plan_new (&compiler, error);
  if (self->plan == NULL)
    return NULL;
  self->programs = lfb_programs_new (self->plan);
  if (options != NULL && lfb_session_options_get_profile (options))
    self->profile = lfb_profile_new (self->plan);
  if (self->progress != NULL)
    lfb_progress_report (self->progress, 1, "ready");

  return g_steal_pointer (&self);
}

/* The tensors of an output in order, whatever they are nested in; a number is
 * a tensor without dimensions, None is nothing.
 */
static gboolean
flatten_output (LfbValue   *value,
                GPtrArray  *tensors,
                GError    **error)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *found = NULL;
  LfbTensor *tensor;
  gint64 integer;
  double number;

  switch (lfb_value_get_kind (value))
    {
    case LFB_VALUE_KIND_NONE:
      return TRUE;

    case LFB_VALUE_KIND_TENSOR:
      g_ptr_array_add (tensors, g_object_ref (lfb_value_get_tensor (value)));
      return TRUE;

    case LFB_VALUE_KIND_LIST:
    case LFB_VALUE_KIND_TUPLE:
    case LFB_VALUE_KIND_DICT:
      for (gsize i = 0; i < lfb_value_get_n_items (value); i++)
        if (!flatten_output (lfb_value_get_item (value, i), tensors, error))
          return FALSE;
      return TRUE;

    case LFB_VALUE_KIND_BOOL:
    case LFB_VALUE_KIND_INT:
      lfb_value_read_int (value, &integer);
      bytes = g_bytes_new (&integer, sizeof integer);
      tensor = lfb_tensor_new_for_bytes (LFB_DTYPE_INT64, NULL, 0, bytes, error);
      break;

    case LFB_VALUE_KIND_DOUBLE:
      number = lfb_value_get_double (value);
      bytes = g_bytes_new (&number, sizeof number);
      tensor = lfb_tensor_new_for_bytes (LFB_DTYPE_FLOAT64, NULL, 0, bytes, error);
      break;

    default:
      found = lfb_value_describe (value);
      g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED,
                   "the output holds %s, expected tensors, numbers, and lists, tuples and dicts of them", found);
      return FALSE;
    }

  if (tensor == NULL)
    return FALSE;
  g_ptr_array_add (tensors, tensor);

  return TRUE;
}

static void
after_step (gsize    step,
            gint64   nanoseconds,
            gpointer user_data)
{
  LfbSession *self = user_data;
  const LfbPlanStep *done = g_ptr_array_index (self->plan->steps, step);

  if (self->profile != NULL)
    lfb_profile_add (step, nanoseconds, self->profile);
  if (self->progress != NULL)
    lfb_progress_report (self->progress, (double) (step + 1) / self->plan->steps->len, done->node);
}

/* What a run takes and gives. */
typedef struct {
  GPtrArray *inputs;     /* LfbValue */
  LfbTensor **outputs;
  gsize n_outputs;
} Run;

static void
run_free (Run *self)
{
  g_clear_pointer (&self->inputs, g_ptr_array_unref);
  for (gsize i = 0; i < self->n_outputs; i++)
    g_object_unref (self->outputs[i]);
  g_free (self->outputs);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Run, run_free)

static Run *
run_new (void)
{
  Run *self = g_new0 (Run, 1);

  self->inputs = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);

  return self;
}

/* Of tensors; %NULL with an error if one is none. */
static Run *
run_new_tensors (LfbTensor **inputs,
                 gsize       n_inputs,
                 GError    **error)
{
  g_autoptr (Run) self = run_new ();

  for (gsize i = 0; i < n_inputs; i++)
    {
      if (!LFB_IS_TENSOR (inputs[i]))
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "input %" G_GSIZE_FORMAT " is not a tensor", i);
          return NULL;
        }
      g_ptr_array_add (self->inputs, lfb_value_for_tensor (inputs[i]));
    }

  return g_steal_pointer (&self);
}

static Run *
run_new_values (LfbValue **inputs,
                gsize      n_inputs,
                GError   **error)
{
  g_autoptr (Run) self = run_new ();

  for (gsize i = 0; i < n_inputs; i++)
    {
      if (inputs[i] == NULL)
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "input %" G_GSIZE_FORMAT " is missing", i);
          return NULL;
        }
      g_ptr_array_add (self->inputs, lfb_value_ref (inputs[i]));
    }

  return g_steal_pointer (&self);
}

static gboolean
run_plan (LfbSession    *self,
          Run           *run,
          GCancellable  *cancellable,
          GError       **error)
{
  g_autoptr (GPtrArray) outputs = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (LfbMemory) memory = lfb_memory_new ();
  g_autoptr (LfbValue) result = NULL;
  LfbRuntime runtime = self->runtime;

  if (self->plan == NULL)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                   "this session has no model: lfb_session_new makes one that has");
      return FALSE;
    }

  runtime.cancellable = cancellable;
  runtime.memory = memory;
  result = lfb_programs_run (self->programs, &runtime, (LfbValue **) run->inputs->pdata, run->inputs->len,
                             self->profile != NULL || self->progress != NULL ? after_step : NULL, self, error);

  lfb_threads_rest (runtime.threads);

  g_mutex_lock (&self->lock);
  self->peak_memory = MAX (self->peak_memory, lfb_memory_get_peak (memory));
  g_mutex_unlock (&self->lock);

  if (result == NULL || !flatten_output (result, outputs, error))
    return FALSE;

  run->n_outputs = outputs->len;
  if (outputs->len == 0)
    {
      run->outputs = g_new0 (LfbTensor *, 1);
      return TRUE;
    }
  g_ptr_array_set_free_func (outputs, NULL);
  run->outputs = (LfbTensor **) g_ptr_array_free (g_steal_pointer (&outputs), FALSE);

  return TRUE;
}

static LfbTensor **
take_outputs (Run   *run,
              gsize *n_outputs)
{
  *n_outputs = run->n_outputs;
  run->n_outputs = 0;

  return g_steal_pointer (&run->outputs);
}

/**
 * lfb_session_run:
 * @self: a session
 * @inputs: (array length=n_inputs) (nullable): a tensor for each placeholder, in
 *   their order; [method@Lfb.Session.list_inputs] lists them
 * @n_inputs: how many
 * @cancellable: (nullable): asked between nodes
 * @n_outputs: (out): how many tensors are returned
 * @error: return location for a `GError`
 *
 * Runs the model. The output is flattened: what lists, tuples and dictionaries
 * hold comes in their order, a number becomes a tensor without dimensions, None
 * is left out. Where an input is not a tensor, [method@Lfb.Session.run_values]
 * takes it.
 *
 * Can be called from several threads at once.
 *
 * Returns: (array length=n_outputs) (transfer full): the outputs, or %NULL with
 *   an error that names the input or node: %LFB_ERROR_ARGUMENT if the number of
 *   inputs is wrong, %LFB_ERROR_SHAPE or %LFB_ERROR_DTYPE if one does not fit,
 *   %LFB_ERROR_RANGE for values, or %G_IO_ERROR_CANCELLED
 *
 * Since: 1.0
 */
LfbTensor **
lfb_session_run (LfbSession    *self,
                 LfbTensor    **inputs,
                 gsize          n_inputs,
                 GCancellable  *cancellable,
                 gsize         *n_outputs,
                 GError       **error)
{
  g_autoptr (Run) run = NULL;

  g_return_val_if_fail (LFB_IS_SESSION (self), NULL);
  g_return_val_if_fail (n_inputs == 0 || inputs != NULL, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (n_outputs != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  *n_outputs = 0;
  run = run_new_tensors (inputs, n_inputs, error);

  return run != NULL && run_plan (self, run, cancellable, error) ? take_outputs (run, n_outputs) : NULL;
}

/**
 * lfb_session_run_values:
 * @self: a session
 * @inputs: (array length=n_inputs) (nullable): a value for each placeholder, in
 *   their order: a tensor, a number, or a tuple, list or dictionary of them, as
 *   the model takes it
 * @n_inputs: how many
 * @cancellable: (nullable): asked between nodes
 * @n_outputs: (out): how many tensors are returned
 * @error: return location for a `GError`
 *
 * Runs the model on inputs of any kind; otherwise as
 * [method@Lfb.Session.run], which takes tensors alone.
 *
 * Returns: (array length=n_outputs) (transfer full): the outputs, or %NULL with
 *   an error as from [method@Lfb.Session.run]
 *
 * Since: 1.0
 */
LfbTensor **
lfb_session_run_values (LfbSession    *self,
                        LfbValue     **inputs,
                        gsize          n_inputs,
                        GCancellable  *cancellable,
                        gsize         *n_outputs,
                        GError       **error)
{
  g_autoptr (Run) run = NULL;

  g_return_val_if_fail (LFB_IS_SESSION (self), NULL);
  g_return_val_if_fail (n_inputs == 0 || inputs != NULL, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (n_outputs != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  *n_outputs = 0;
  run = run_new_values (inputs, n_inputs, error);

  return run != NULL && run_plan (self, run, cancellable, error) ? take_outputs (run, n_outputs) : NULL;
}

static void
run_in_thread (GTask        *task,
               gpointer      source_object,
               gpointer      task_data,
               GCancellable *cancellable)
{
  GError *error = NULL;

  if (run_plan (source_object, task_data, cancellable, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* Takes @run and @error, one of which there is. */
static void
run_later (LfbSession           *self,
           gpointer              source_tag,
           Run                  *run,
           GError               *error,
           GCancellable         *cancellable,
           GAsyncReadyCallback   callback,
           gpointer              user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, source_tag);
  if (run == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  g_task_set_task_data (task, run, (GDestroyNotify) run_free);
  g_task_run_in_thread (task, run_in_thread);
}

static LfbTensor **
finish (LfbSession    *self,
        GAsyncResult  *result,
        gsize         *n_outputs,
        GError       **error)
{
  GTask *task = G_TASK (result);

  *n_outputs = 0;

  return g_task_propagate_boolean (task, error) ? take_outputs (g_task_get_task_data (task), n_outputs) : NULL;
}

/**
 * lfb_session_run_async:
 * @self: a session
 * @inputs: (array length=n_inputs) (nullable): a tensor for each placeholder
 * @n_inputs: how many
 * @cancellable: (nullable): asked between nodes
 * @callback: (nullable) (scope async): called in the caller's main context when
 *   the run is over
 * @user_data: data for @callback
 *
 * Runs the model in a thread of its own; see [method@Lfb.Session.run].
 *
 * Since: 1.0
 */
void
lfb_session_run_async (LfbSession           *self,
                       LfbTensor           **inputs,
                       gsize                 n_inputs,
                       GCancellable         *cancellable,
                       GAsyncReadyCallback   callback,
                       gpointer              user_data)
{
  GError *error = NULL;
  Run *run;

  g_return_if_fail (LFB_IS_SESSION (self));
  g_return_if_fail (n_inputs == 0 || inputs != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  run = run_new_tensors (inputs, n_inputs, &error);
  run_later (self, lfb_session_run_async, run, error, cancellable, callback, user_data);
}

/**
 * lfb_session_run_finish:
 * @self: a session
 * @result: what the callback was given
 * @n_outputs: (out): how many tensors are returned
 * @error: return location for a `GError`
 *
 * Gets the result of [method@Lfb.Session.run_async].
 *
 * Returns: (array length=n_outputs) (transfer full): the outputs, or %NULL with
 *   an error as from [method@Lfb.Session.run]
 *
 * Since: 1.0
 */
LfbTensor **
lfb_session_run_finish (LfbSession    *self,
                        GAsyncResult  *result,
                        gsize         *n_outputs,
                        GError       **error)
{
  g_return_val_if_fail (LFB_IS_SESSION (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (n_outputs != NULL, NULL);

  return finish (self, result, n_outputs, error);
}

/**
 * lfb_session_run_values_async:
 * @self: a session
 * @inputs: (array length=n_inputs) (nullable): a value for each placeholder
 * @n_inputs: how many
 * @cancellable: (nullable): asked between nodes
 * @callback: (nullable) (scope async): called in the caller's main context when
 *   the run is over
 * @user_data: data for @callback
 *
 * Runs the model in a thread of its own; see [method@Lfb.Session.run_values].
 *
 * Since: 1.0
 */
void
lfb_session_run_values_async (LfbSession           *self,
                              LfbValue            **inputs,
                              gsize                 n_inputs,
                              GCancellable         *cancellable,
                              GAsyncReadyCallback   callback,
                              gpointer              user_data)
{
  GError *error = NULL;
  Run *run;

  g_return_if_fail (LFB_IS_SESSION (self));
  g_return_if_fail (n_inputs == 0 || inputs != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  run = run_new_values (inputs, n_inputs, &error);
  run_later (self, lfb_session_run_values_async, run, error, cancellable, callback, user_data);
}

/**
 * lfb_session_run_values_finish:
 * @self: a session
 * @result: what the callback was given
 * @n_outputs: (out): how many tensors are returned
 * @error: return location for a `GError`
 *
 * Gets the result of [method@Lfb.Session.run_values_async].
 *
 * Returns: (array length=n_outputs) (transfer full): the outputs, or %NULL with
 *   an error as from [method@Lfb.Session.run]
 *
 * Since: 1.0
 */
LfbTensor **
lfb_session_run_values_finish (LfbSession    *self,
                               GAsyncResult  *result,
                               gsize         *n_outputs,
                               GError       **error)
{
  g_return_val_if_fail (LFB_IS_SESSION (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (n_outputs != NULL, NULL);

  return finish (self, result, n_outputs, error);
}

/**
 * lfb_session_get_model:
 * @self: a session
 *
 * Gets the model that the session was made from.
 *
 * Returns: (transfer none): the model
 *
 * Since: 1.0
 */
LfbGraphModule *
lfb_session_get_model (LfbSession *self)
{
  g_return_val_if_fail (LFB_IS_SESSION (self), NULL);

  return self->model;
}

/**
 * lfb_session_get_n_threads:
 * @self: a session
 *
 * Gets how many threads work on one run.
 *
 * Returns: their number, the calling thread included
 *
 * Since: 1.0
 */
guint
lfb_session_get_n_threads (LfbSession *self)
{
  g_return_val_if_fail (LFB_IS_SESSION (self), 1);

  return lfb_threads_get_n (self->runtime.threads);
}

/**
 * lfb_session_list_inputs:
 * @self: a session
 *
 * Lists the placeholders in the order in which [method@Lfb.Session.run] takes
 * their tensors.
 *
 * Returns: (transfer full) (array zero-terminated=1): their names
 *
 * Since: 1.0
 */
char **
lfb_session_list_inputs (LfbSession *self)
{
  g_auto (GStrv) names = NULL;

  g_return_val_if_fail (LFB_IS_SESSION (self), NULL);

  if (self->plan == NULL)
    return g_new0 (char *, 1);

  names = g_new0 (char *, self->plan->inputs->len + 1);
  for (guint i = 0; i < self->plan->inputs->len; i++)
    {
      const LfbPlanInput *input = g_ptr_array_index (self->plan->inputs, i);

      names[i] = g_strdup (input->node);
    }

  return g_steal_pointer (&names);
}

/**
 * lfb_session_profile_to_text:
 * @self: a session
 *
 * Tells how long each node took: a line each with the mean time of a run, the
 * share of the whole, the node's name and its operator.
 *
 * Returns: (transfer full) (nullable): the table, or %NULL if the session was made
 *   without [property@Lfb.SessionOptions:profile]
 *
 * Since: 1.0
 */
char *
lfb_session_profile_to_text (LfbSession *self)
{
  g_return_val_if_fail (LFB_IS_SESSION (self), NULL);

  return self->profile != NULL ? lfb_profile_to_text (self->profile) : NULL;
}

/**
 * lfb_session_get_peak_memory:
 * @self: a session
 *
 * Gets the most bytes that live tensors took during a run so far, inputs
 * included and weights not. A buffer that several tensors share counts once.
 *
 * Returns: the number of bytes; 0 before the first run
 *
 * Since: 1.0
 */
guint64
lfb_session_get_peak_memory (LfbSession *self)
{
  guint64 peak;

  g_return_val_if_fail (LFB_IS_SESSION (self), 0);

  g_mutex_lock (&self->lock);
  peak = self->peak_memory;
  g_mutex_unlock (&self->lock);

  return peak;
}

/**
 * lfb_session_get_arena_size:
 * @self: a session
 *
 * Gets how large the arena is that holds everything between the inputs and
 * outputs of a run, for the shapes that ran last. Runs at the same time have an
 * arena each, and a session keeps them.
 *
 * Returns: the number of bytes; 0 before the first run, or if the model writes in
 *   place in a way that makes it run node by node
 *
 * Since: 1.0
 */
guint64
lfb_session_get_arena_size (LfbSession *self)
{
  gsize size = 0, bound;

  g_return_val_if_fail (LFB_IS_SESSION (self), 0);

  if (self->programs != NULL)
    lfb_programs_get_arena (self->programs, &size, &bound);

  return size;
}

/**
 * lfb_session_get_arena_bound:
 * @self: a session
 *
 * Gets the most bytes of the arena that hold something at the same time: no
 * arrangement in memory could be smaller than this.
 *
 * Returns: the number of bytes; 0 where [method@Lfb.Session.get_arena_size] is 0
 *
 * Since: 1.0
 */
guint64
lfb_session_get_arena_bound (LfbSession *self)
{
  gsize size, bound = 0;

  g_return_val_if_fail (LFB_IS_SESSION (self), 0);

  if (self->programs != NULL)
    lfb_programs_get_arena (self->programs, &size, &bound);

  return bound;
}

/**
 * lfb_session_plan_to_text:
 * @self: a session
 *
 * Tells what a run is made of, for the shapes that ran last: a line for each
 * instruction with its node, what it writes, and what it reads. Nodes that cost
 * nothing have no line; `call` is an operator that runs on tensors of its own.
 *
 * Returns: (transfer full) (nullable): the text, or %NULL where
 *   [method@Lfb.Session.get_arena_size] is 0
 *
 * Since: 1.0
 */
char *
lfb_session_plan_to_text (LfbSession *self)
{
  g_return_val_if_fail (LFB_IS_SESSION (self), NULL);

  return self->programs != NULL ? lfb_programs_to_text (self->programs) : NULL;
}

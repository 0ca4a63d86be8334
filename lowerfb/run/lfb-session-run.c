/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Running a session, now or in a thread of its own, on tensors or on values of
 * any kind. The output is taken apart to its tensors.
 */

#include <lowerfb/run/lfb-session-private.h>

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-memory-private.h>

gboolean
lfb_session_flatten (LfbValue   *value,
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
        if (!lfb_session_flatten (lfb_value_get_item (value, i), tensors, error))
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

gboolean
lfb_session_check_made (LfbSession  *self,
                        GError     **error)
{
  if (self->plan == NULL)
    g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                 "this session has no model: lfb_session_new makes one that has");

  return self->plan != NULL;
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

  if (!lfb_session_check_made (self, error))
    return FALSE;

  runtime.cancellable = cancellable;
  runtime.memory = memory;
  result = lfb_programs_run (self->programs, &runtime, (LfbValue **) run->inputs->pdata, run->inputs->len,
                             self->profile != NULL || self->progress != NULL ? after_step : NULL, self, error);

  lfb_threads_rest (runtime.threads);

  g_mutex_lock (&self->lock);
  self->peak_memory = MAX (self->peak_memory, lfb_memory_get_peak (memory));
  g_mutex_unlock (&self->lock);

  if (result == NULL || !lfb_session_flatten (result, outputs, error))
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

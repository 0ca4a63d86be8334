/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-programs-private.h. A plan that follows writes to names of one tensor
 * (lfb-track.c) has no programs; others have one for each set of input shapes.
 * Where an operator returned something else than the program was made for, the
 * run begins again node by node, and programs made from then on expect anything
 * of that operator.
 */

#include <lowerfb/run/program/lfb-programs-private.h>
#include <lowerfb/run/lfb-memory-private.h>

/* More shapes than this at a time: the one used longest ago goes. */
#define MAX_PROGRAMS 8
/* An operator that surprises is expected to; a plan full of them runs node by
 * node. */
#define MAX_SURPRISES 16

struct _LfbPrograms {
  const LfbPlan *plan;
  GMutex lock;
  GPtrArray *programs;   /* the one used last comes first */
  gboolean *unstable;    /* by step */
  guint n_surprises;
  gboolean never;        /* run node by node */
};

static gboolean
asked_for_nodes (void)
{
  const GDebugKey keys[] = { { "nodes", 1 } };

  return g_parse_debug_string (g_getenv ("LOWERFB_DEBUG"), keys, G_N_ELEMENTS (keys)) != 0;
}

LfbPrograms *
lfb_programs_new (const LfbPlan *plan)
{
  LfbPrograms *self = g_new0 (LfbPrograms, 1);

  self->plan = plan;
  g_mutex_init (&self->lock);
  self->programs = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_program_unref);
  self->unstable = g_new0 (gboolean, MAX (plan->steps->len, 1));
  self->never = plan->tracked != NULL || asked_for_nodes ();

  return self;
}

void
lfb_programs_free (LfbPrograms *self)
{
  if (self == NULL)
    return;

  g_ptr_array_unref (self->programs);
  g_free (self->unstable);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static LfbProgram *
find_program (LfbPrograms  *self,
              LfbTensor   **inputs,
              gsize         n_inputs)
{
  for (guint i = 0; i < self->programs->len; i++)
    {
      LfbProgram *program = g_ptr_array_index (self->programs, i);

      if (!lfb_program_fits (program, inputs, n_inputs))
        continue;
      if (i > 0)
        {
          g_ptr_array_steal_index (self->programs, i);
          g_ptr_array_insert (self->programs, 0, program);
        }
      return lfb_program_ref (program);
    }

  return NULL;
}

/* Makes one. If another thread was faster, that one is kept instead. */
static LfbProgram *
make_program (LfbPrograms       *self,
              const LfbRuntime  *runtime,
              LfbTensor        **inputs,
              gsize              n_inputs,
              LfbValue         **result,
              gint64            *times,
              GError           **error)
{
  g_autofree gboolean *unstable = NULL;
  g_autoptr (LfbProgram) program = NULL;
  LfbProgram *other;

  g_mutex_lock (&self->lock);
  unstable = g_memdup2 (self->unstable, self->plan->steps->len * sizeof *unstable);
  g_mutex_unlock (&self->lock);

  program = lfb_trace_plan (self->plan, runtime, unstable, inputs, n_inputs, result, times, error);
  if (program == NULL)
    return NULL;

  g_mutex_lock (&self->lock);
  other = find_program (self, inputs, n_inputs);
  if (other == NULL)
    {
      g_ptr_array_insert (self->programs, 0, lfb_program_ref (program));
      if (self->programs->len > MAX_PROGRAMS)
        g_ptr_array_set_size (self->programs, MAX_PROGRAMS);
    }
  g_mutex_unlock (&self->lock);

  return other != NULL ? other : g_steal_pointer (&program);
}

static void
note_surprise (LfbPrograms *self,
               gsize        step)
{
  /* Threads that ran the same program may all be surprised. */
  g_mutex_lock (&self->lock);
  if (!self->unstable[step] && ++self->n_surprises > MAX_SURPRISES)
    self->never = TRUE;
  self->unstable[step] = TRUE;
  g_ptr_array_set_size (self->programs, 0);
  g_mutex_unlock (&self->lock);
}

/* Inputs, arena and outputs. */
static void
reserve_memory (const LfbProgram  *program,
                const LfbRuntime  *runtime,
                LfbTensor        **inputs,
                gsize              n_inputs)
{
  guint64 bytes = program->arena_size;

  for (gsize i = 0; i < n_inputs; i++)
    {
      gsize size;

      lfb_tensor_get_data (inputs[i], &size);
      bytes += size;
    }
  for (guint i = 0; i < program->regions->len; i++)
    if (lfb_program_region (program, i)->kind == LFB_REGION_OUTPUT)
      bytes += lfb_program_region (program, i)->size;
  if (runtime->memory != NULL)
    lfb_memory_reserve (runtime->memory, bytes);
}

/* NULL if an input is none. */
static LfbTensor **
tensors_of (LfbValue **inputs,
            gsize      n_inputs)
{
  g_autofree LfbTensor **tensors = g_new0 (LfbTensor *, n_inputs + 1);

  for (gsize i = 0; i < n_inputs; i++)
    {
      if (inputs[i] == NULL || lfb_value_get_kind (inputs[i]) != LFB_VALUE_KIND_TENSOR)
        return NULL;
      tensors[i] = lfb_value_get_tensor (inputs[i]);
    }

  return g_steal_pointer (&tensors);
}

typedef struct {
  const LfbRuntime *runtime;
  LfbTensor **tensors;
  gsize n_tensors;
  LfbPlanTimer timer;    /* of the caller; %NULL: nobody wants to know */
  gpointer user_data;
  gsize n_told;          /* steps that the caller was told of */
} Job;

/* A LfbPlanTimer. Steps come in order; a run that begins again does not tell of those
 * that it did before, so that progress goes on and each step counts once.
 */
static void
tell (gsize    step,
      gint64   nanoseconds,
      gpointer user_data)
{
  Job *job = user_data;

  if (step < job->n_told)
    return;
  job->n_told = step + 1;
  job->timer (step, nanoseconds, job->user_data);
}

/* What the program makes of the inputs, if there is one or can be; NULL without an
 * error if the plan is to run node by node.
 */
static LfbValue *
run_program (LfbPrograms  *self,
             Job          *job,
             GError      **error)
{
  g_autoptr (LfbProgram) program = NULL;
  LfbValue *result = NULL;
  gssize strayed;

  g_mutex_lock (&self->lock);
  program = find_program (self, job->tensors, job->n_tensors);
  g_mutex_unlock (&self->lock);

  if (program == NULL)
    {
      g_autofree gint64 *times = g_new0 (gint64, MAX (self->plan->steps->len, 1));

      program = make_program (self, job->runtime, job->tensors, job->n_tensors, &result, times, error);
      for (guint i = 0; result != NULL && job->timer != NULL && i < self->plan->steps->len; i++)
        tell (i, times[i], job);
      if (program == NULL || result != NULL)
        return result;
    }

  reserve_memory (program, job->runtime, job->tensors, job->n_tensors);
  result = lfb_program_run (program, job->runtime, job->tensors, job->timer != NULL ? tell : NULL, job,
                            &strayed, error);
  if (result == NULL && strayed >= 0)
    note_surprise (self, strayed);

  return result;
}

LfbValue *
lfb_programs_run (LfbPrograms       *self,
                  const LfbRuntime  *runtime,
                  LfbValue         **inputs,
                  gsize              n_inputs,
                  LfbPlanTimer       timer,
                  gpointer           user_data,
                  GError           **error)
{
  g_autofree LfbTensor **tensors = NULL;
  Job job = { runtime, NULL, n_inputs, timer, user_data, 0 };
  GError *failure = NULL;
  LfbValue *result;
  gboolean never;

  if (!lfb_plan_check_inputs (self->plan, inputs, n_inputs, error))
    return NULL;

  g_mutex_lock (&self->lock);
  never = self->never;
  g_mutex_unlock (&self->lock);
  job.tensors = tensors = never ? NULL : tensors_of (inputs, n_inputs);
  if (tensors == NULL)
    return lfb_plan_run (self->plan, runtime, inputs, n_inputs, timer, user_data, error);

  result = run_program (self, &job, &failure);
  if (result == NULL && failure == NULL)
    return lfb_plan_run (self->plan, runtime, inputs, n_inputs, timer != NULL ? tell : NULL, &job, error);
  if (failure != NULL)
    {
      lfb_plan_name_inputs (self->plan, inputs, n_inputs, &failure);
      g_propagate_error (error, failure);
    }

  return result;
}

/* FALSE if a part of it is known only when it runs. */
static gboolean
add_operands (const LfbTerm *term,
              GArray        *outputs)
{
  if (term->kind == LFB_TERM_TENSOR)
    {
      g_array_append_val (outputs, term->operand);
      return TRUE;
    }
  if (term->kind != LFB_TERM_ITEMS)
    return FALSE;
  for (guint i = 0; i < term->items->len; i++)
    if (!add_operands (g_ptr_array_index (term->items, i), outputs))
      return FALSE;

  return TRUE;
}

gboolean
lfb_programs_prepare (LfbPrograms       *self,
                      const LfbRuntime  *runtime,
                      LfbValue         **inputs,
                      gsize              n_inputs,
                      GArray            *outputs,
                      LfbValue         **result,
                      GError           **error)
{
  g_autofree LfbTensor **tensors = NULL;
  g_autofree gint64 *times = g_new0 (gint64, MAX (self->plan->steps->len, 1));
  g_autoptr (LfbProgram) program = NULL;
  GError *failure = NULL;
  gboolean never;

  *result = NULL;
  if (!lfb_plan_check_inputs (self->plan, inputs, n_inputs, error))
    return FALSE;

  g_mutex_lock (&self->lock);
  never = self->never;
  tensors = never ? NULL : tensors_of (inputs, n_inputs);
  if (tensors != NULL)
    program = find_program (self, tensors, n_inputs);
  g_mutex_unlock (&self->lock);

  if (tensors != NULL && program == NULL)
    program = make_program (self, runtime, tensors, n_inputs, result, times, &failure);
  if (failure != NULL)
    {
      lfb_plan_name_inputs (self->plan, inputs, n_inputs, &failure);
      g_propagate_error (error, failure);
      return FALSE;
    }
  if (*result != NULL || (program != NULL && add_operands (program->output, outputs)))
    return TRUE;

  g_array_set_size (outputs, 0);
  *result = lfb_programs_run (self, runtime, inputs, n_inputs, NULL, NULL, error);

  return *result != NULL;
}

void
lfb_programs_get_arena (LfbPrograms *self,
                        gsize       *size,
                        gsize       *bound)
{
  g_mutex_lock (&self->lock);
  *size = *bound = 0;
  if (self->programs->len > 0)
    {
      const LfbProgram *program = g_ptr_array_index (self->programs, 0);

      *size = program->arena_size;
      *bound = program->arena_bound;
    }
  g_mutex_unlock (&self->lock);
}

char *
lfb_programs_to_text (LfbPrograms *self)
{
  char *text = NULL;

  g_mutex_lock (&self->lock);
  if (self->programs->len > 0)
    text = lfb_program_to_text (g_ptr_array_index (self->programs, 0));
  g_mutex_unlock (&self->lock);

  return text;
}

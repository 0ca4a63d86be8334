/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Running a plan: step after step, on slots of this run alone. */

#include <lowerfb/run/lfb-plan-private.h>
#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-memory-private.h>

#include <string.h>
#include <time.h>

typedef struct {
  const LfbPlan *plan;
  const LfbRuntime *runtime;
  LfbValue **slots;
  LfbTrack **tracks;    /* by slot; %NULL if the plan keeps track of none */
} Run;

static LfbValue *
read_slot (const Run *run,
           gsize      slot)
{
  return run->slots[slot] != NULL ? run->slots[slot] : run->plan->constants[slot];
}

static void
write_slot (Run      *run,
            gsize     slot,
            LfbValue *value)
{
  LfbValue *old = run->slots[slot];

  run->slots[slot] = value != NULL ? lfb_value_ref (value) : NULL;
  if (run->runtime->memory != NULL)
    {
      if (value != NULL)
        lfb_memory_add (run->runtime->memory, value);
      if (old != NULL)
        lfb_memory_remove (run->runtime->memory, old);
    }
  g_clear_pointer (&old, lfb_value_unref);
}

static LfbValue *
replace_node (LfbNode  *node,
              gpointer  user_data)
{
  const Run *run = user_data;

  return read_slot (run, GPOINTER_TO_SIZE (g_hash_table_lookup (run->plan->slots, node)) - 1);
}

static LfbValue *
read_arg (Run              *run,
          const LfbPlanArg *arg)
{
  if (arg->slot >= 0)
    return lfb_value_ref (read_slot (run, arg->slot));
  if (arg->nested)
    return lfb_value_map_nodes (arg->value, replace_node, run);

  return lfb_value_ref (arg->value);
}

static GPtrArray *
read_args (Run              *run,
           const LfbPlanArg *args,
           gsize             n_args)
{
  GPtrArray *values = g_ptr_array_new_full (n_args, (GDestroyNotify) lfb_value_unref);

  for (gsize i = 0; i < n_args; i++)
    g_ptr_array_add (values, read_arg (run, &args[i]));

  return values;
}

static void
set_track (Run      *run,
           gsize     slot,
           LfbTrack *track)
{
  lfb_track_free (run->tracks[slot]);
  run->tracks[slot] = track;
}

/* Before they are read: what they show may have been written to. */
static gboolean
update_slots (Run     *run,
              GArray  *slots,
              GError **error)
{
  for (guint i = 0; slots != NULL && i < slots->len; i++)
    {
      gsize slot = g_array_index (slots, gsize, i);
      g_autoptr (LfbValue) value = lfb_value_ref (read_slot (run, slot));
      LfbValue *old = value;

      if (!lfb_track_update (run->tracks[slot], &value, error))
        return FALSE;
      if (value != old)
        write_slot (run, slot, value);
    }

  return TRUE;
}

/* What attributes show when a run begins. */
static void
track_constants (Run *run)
{
  for (gsize i = 0; i < run->plan->n_slots; i++)
    {
      gsize first = run->plan->first[i];

      if (!run->plan->tracked[i] || run->plan->constants[i] == NULL)
        continue;
      run->tracks[i] = first != i ? lfb_track_copy (run->tracks[first]) : lfb_track_new (run->plan->constants[i]);
    }
}

/* x += y makes a new number or tuple, but changes a tensor or a list. */
gboolean
lfb_value_is_changeable (LfbValue *value)
{
  return lfb_value_get_kind (value) == LFB_VALUE_KIND_TENSOR || lfb_value_get_kind (value) == LFB_VALUE_KIND_LIST;
}

static gboolean
follow_change (Run                *run,
               const LfbPlanStep  *step,
               const LfbPlanCall  *call,
               LfbValue           *target,
               LfbValue           *result,
               GError            **error)
{
  LfbTrack *changed = run->tracks[step->effect.changed], *track;

  if (!lfb_track_is_tensor (changed) && (lfb_value_is_sequence (target) || lfb_value_get_kind (target) == LFB_VALUE_KIND_DICT))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED,
                   "it changes a list in place whose tensors are written in place too");
      return FALSE;
    }
  if (!lfb_track_is_tensor (changed))
    {
      set_track (run, step->slot, lfb_track_new (result));
      return TRUE;
    }

  if (step->effect.change == LFB_CHANGE_SHAPE)
    {
      track = lfb_follow_view (call, LFB_VIEW_MOVED, changed, result, error);
      if (track == NULL)
        return FALSE;
      set_track (run, step->effect.changed, lfb_track_copy (track));
      set_track (run, step->slot, track);
      return TRUE;
    }
  if (!lfb_follow_write (call, changed, result, error))
    return FALSE;
  set_track (run, step->slot, lfb_track_copy (changed));

  return TRUE;
}

/* What the result shows, and what shows it now. */
static gboolean
follow_step (Run                *run,
             const LfbPlanStep  *step,
             GPtrArray          *args,
             GPtrArray          *values,
             LfbValue           *result,
             GError            **error)
{
  const LfbPlanCall call = { step->callable, run->runtime, (LfbValue **) args->pdata, args->len,
                             (const char * const *) step->names, (LfbValue **) values->pdata, values->len };
  const LfbPlanEffect *effect = &step->effect;
  LfbTrack *track;

  if (effect->change != LFB_CHANGE_NONE && effect->changed >= 0)
    return follow_change (run, step, &call, read_slot (run, effect->changed), result, error);

  if (effect->viewed >= 0 && run->tracks[effect->viewed] != NULL)
    track = lfb_follow_view (&call, effect->view, run->tracks[effect->viewed], result, error);
  else
    track = lfb_track_new (result);
  if (track == NULL)
    return FALSE;
  set_track (run, step->slot, track);

  return TRUE;
}

static gboolean
run_step (Run          *run,
          LfbPlanStep  *step,
          GError      **error)
{
  g_autoptr (GPtrArray) args = NULL;
  g_autoptr (GPtrArray) values = NULL;
  g_autoptr (LfbValue) result = NULL;
  gboolean followed = TRUE;

  if (!update_slots (run, step->updated, error))
    {
      g_prefix_error (error, "node `%s` (%s): ", step->node, lfb_callable_get_name (step->callable));
      return FALSE;
    }
  args = read_args (run, step->args, step->n_args);
  values = read_args (run, step->values, step->n_values);
  result = lfb_callable_run (step->callable, run->runtime, (LfbValue **) args->pdata, args->len,
                             (const char * const *) step->names, (LfbValue **) values->pdata, values->len, error);
  if (result != NULL && run->tracks != NULL && run->plan->tracked[step->slot])
    followed = follow_step (run, step, args, values, result, error);
  if (result == NULL || !followed)
    {
      g_prefix_error (error, "node `%s` (%s): ", step->node, lfb_callable_get_name (step->callable));
      return FALSE;
    }

  write_slot (run, step->slot, result);
  if (step->replaces >= 0 && lfb_value_is_changeable (read_slot (run, step->replaces)))
    write_slot (run, step->replaces, result);
  for (guint i = 0; i < step->dead->len; i++)
    {
      gsize slot = g_array_index (step->dead, gsize, i);

      write_slot (run, slot, NULL);
      if (run->tracks != NULL)
        set_track (run, slot, NULL);
    }

  return TRUE;
}

/* Nanoseconds of a clock that only goes forward. */
gint64
lfb_plan_now (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);

  return time.tv_sec * G_GINT64_CONSTANT (1000000000) + time.tv_nsec;
}

/* Types that stand for each other in a place where either is read. */
static gboolean
dtypes_agree (LfbDType a,
              LfbDType b)
{
  return a == b || (a >= LFB_DTYPE_UINT8 && a <= LFB_DTYPE_INT64 && b >= LFB_DTYPE_UINT8 && b <= LFB_DTYPE_INT64);
}

static gboolean
check_input (const LfbPlanInput  *input,
             LfbValue            *value,
             GError             **error)
{
  if (input->has_dtype && (lfb_value_is_sequence (value) || lfb_value_get_kind (value) == LFB_VALUE_KIND_DICT))
    {
      g_autofree char *found = lfb_value_describe (value);

      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "input `%s` is %s, expected a tensor", input->node, found);
      return FALSE;
    }
  if (!input->has_dtype || lfb_value_get_kind (value) != LFB_VALUE_KIND_TENSOR ||
      dtypes_agree (input->dtype, lfb_tensor_get_dtype (lfb_value_get_tensor (value))))
    return TRUE;

  g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE, "input `%s` has the dtype %s, expected %s", input->node,
               lfb_dtype_to_string (lfb_tensor_get_dtype (lfb_value_get_tensor (value))),
               lfb_dtype_to_string (input->dtype));

  return FALSE;
}

/* What each input is: what is given, or else what the plan has for it. Adds to
 * @values, unless that is %NULL.
 */
static gboolean
find_inputs (const LfbPlan  *self,
             LfbValue      **inputs,
             gsize           n_inputs,
             GPtrArray      *values,
             GError        **error)
{
  gsize n_wanted = self->inputs->len;

  if (n_inputs > n_wanted)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                   "%" G_GSIZE_FORMAT " inputs are given, expected %" G_GSIZE_FORMAT, n_inputs, n_wanted);
      return FALSE;
    }
  for (gsize i = 0; i < n_wanted; i++)
    {
      const LfbPlanInput *input = g_ptr_array_index (self->inputs, i);
      LfbValue *value = i < n_inputs && inputs[i] != NULL ? inputs[i] : input->fallback;

      if (value == NULL)
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                       "input `%s` is missing: %" G_GSIZE_FORMAT " inputs are given, expected %" G_GSIZE_FORMAT,
                       input->node, n_inputs, n_wanted);
          return FALSE;
        }
      if (!check_input (input, value, error))
        return FALSE;
      if (values != NULL)
        g_ptr_array_add (values, value);
    }

  return TRUE;
}

/* Whether these are inputs for the plan, as far as that can be told at once. */
gboolean
lfb_plan_check_inputs (const LfbPlan  *self,
                       LfbValue      **inputs,
                       gsize           n_inputs,
                       GError        **error)
{
  return find_inputs (self, inputs, n_inputs, NULL, error);
}

static gboolean
take_inputs (Run       *run,
             LfbValue **inputs,
             gsize      n_inputs,
             GError   **error)
{
  g_autoptr (GPtrArray) values = g_ptr_array_new ();

  if (!find_inputs (run->plan, inputs, n_inputs, values, error))
    return FALSE;
  for (guint i = 0; i < values->len; i++)
    {
      const LfbPlanInput *input = g_ptr_array_index (run->plan->inputs, i);
      LfbValue *value = g_ptr_array_index (values, i);

      write_slot (run, input->slot, value);
      if (run->tracks != NULL && run->plan->tracked[input->slot])
        set_track (run, input->slot, lfb_track_new (value));
    }

  return TRUE;
}

/* A message about shapes says more with those of the inputs beside it. */
void
lfb_plan_name_inputs (const LfbPlan  *self,
                      LfbValue      **inputs,
                      gsize           n_inputs,
                      GError        **error)
{
  g_autoptr (GString) text = g_string_new (NULL);

  if (error == NULL || *error == NULL || (*error)->domain != LFB_ERROR ||
      ((*error)->code != LFB_ERROR_SHAPE && (*error)->code != LFB_ERROR_DTYPE))
    return;

  for (guint i = 0; i < self->inputs->len; i++)
    {
      const LfbPlanInput *input = g_ptr_array_index (self->inputs, i);
      LfbValue *value = i < n_inputs && inputs[i] != NULL ? inputs[i] : input->fallback;
      g_autofree char *what = NULL;

      if (value == NULL)
        continue;
      what = lfb_value_describe (value);
      g_string_append_printf (text, "%s`%s` is %s", text->len > 0 ? ", " : "", input->node, what);
    }
  if (text->len > 0)
    {
      GError *named = g_error_new ((*error)->domain, (*error)->code, "%s (input %s)", (*error)->message, text->str);

      g_error_free (*error);
      *error = named;
    }
}

static gboolean
run_steps (Run           *run,
           LfbPlanTimer   timer,
           gpointer       user_data,
           GError       **error)
{
  for (guint i = 0; i < run->plan->steps->len; i++)
    {
      gint64 begin = timer != NULL ? lfb_plan_now () : 0;

      if (g_cancellable_set_error_if_cancelled (run->runtime->cancellable, error))
        return FALSE;
      if (!run_step (run, g_ptr_array_index (run->plan->steps, i), error))
        return FALSE;
      if (timer != NULL)
        timer (i, lfb_plan_now () - begin, user_data);
    }

  return TRUE;
}

LfbValue *
lfb_plan_run (const LfbPlan     *self,
              const LfbRuntime  *runtime,
              LfbValue         **inputs,
              gsize              n_inputs,
              LfbPlanTimer       timer,
              gpointer           user_data,
              GError           **error)
{
  g_autofree LfbValue **slots = g_new0 (LfbValue *, MAX (self->n_slots, 1));
  g_autofree LfbTrack **tracks = self->tracked != NULL ? g_new0 (LfbTrack *, self->n_slots) : NULL;
  Run run = { self, runtime, slots, tracks };
  LfbValue *result = NULL;

  if (tracks != NULL)
    track_constants (&run);
  if (take_inputs (&run, inputs, n_inputs, error))
    {
      if (!run_steps (&run, timer, user_data, error))
        lfb_plan_name_inputs (self, inputs, n_inputs, error);
      else if (update_slots (&run, self->updated, error))
        result = self->output.value != NULL ? read_arg (&run, &self->output) : lfb_value_for_none ();
    }
  for (gsize i = 0; i < self->n_slots; i++)
    {
      write_slot (&run, i, NULL);
      if (tracks != NULL)
        lfb_track_free (tracks[i]);
    }

  return result;
}

static gpointer
make_subgraph (LfbGraphModule     *model,
               const LfbCompiler  *outer,
               GError            **error)
{
  LfbCompiler compiler = *outer;

  compiler.model = model;
  compiler.progress = NULL;
  compiler.depth++;

  return lfb_plan_new (&compiler, error);
}

/* Arguments by name go to the placeholders that are called so. */
static gboolean
place_named (const LfbPlan       *self,
             LfbValue           **inputs,
             const char * const  *names,
             LfbValue           **values,
             gsize                n_values,
             GError             **error)
{
  for (gsize i = 0; i < n_values; i++)
    {
      guint at = 0;

      while (at < self->inputs->len &&
             strcmp (((LfbPlanInput *) g_ptr_array_index (self->inputs, at))->name, names[i]) != 0)
        at++;
      if (at == self->inputs->len || inputs[at] != NULL)
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, at == self->inputs->len
                       ? "there is no argument `%s`" : "argument `%s` is given twice", names[i]);
          return FALSE;
        }
      inputs[at] = values[i];
    }

  return TRUE;
}

static LfbValue *
run_subgraph (gpointer             plan,
              const LfbRuntime    *runtime,
              LfbValue           **args,
              gsize                n_args,
              const char * const  *names,
              LfbValue           **values,
              gsize                n_values,
              GError             **error)
{
  const LfbPlan *self = plan;
  gsize n_inputs = MAX (n_args, n_values > 0 ? self->inputs->len : 0);
  g_autofree LfbValue **inputs = g_new0 (LfbValue *, MAX (n_inputs, 1));

  for (gsize i = 0; i < n_args; i++)
    inputs[i] = args[i];
  if (n_args <= self->inputs->len && !place_named (self, inputs, names, values, n_values, error))
    return NULL;

  return lfb_plan_run (plan, runtime, inputs, n_inputs, NULL, NULL, error);
}

static const LfbCallableEffects *
get_effects (gpointer plan)
{
  return &((const LfbPlan *) plan)->effects;
}

static void
free_subgraph (gpointer plan)
{
  lfb_plan_free (plan);
}

const LfbSubgraphFuncs lfb_plan_subgraphs = { make_subgraph, run_subgraph, get_effects, free_subgraph };

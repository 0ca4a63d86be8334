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

static gboolean
run_step (Run          *run,
          LfbPlanStep  *step,
          GError      **error)
{
  g_autoptr (GPtrArray) args = read_args (run, step->args, step->n_args);
  g_autoptr (GPtrArray) values = read_args (run, step->values, step->n_values);
  g_autoptr (LfbValue) result = NULL;

  result = lfb_callable_run (step->callable, run->runtime, (LfbValue **) args->pdata, args->len,
                             (const char * const *) step->names, (LfbValue **) values->pdata, values->len, error);
  if (result == NULL)
    {
      g_prefix_error (error, "node `%s` (%s): ", step->node, lfb_callable_get_name (step->callable));
      return FALSE;
    }

  write_slot (run, step->slot, result);
  if (step->replaces >= 0)
    write_slot (run, step->replaces, result);
  for (guint i = 0; i < step->dead->len; i++)
    write_slot (run, g_array_index (step->dead, gsize, i), NULL);

  return TRUE;
}

static gint64
now (void)
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
take_inputs (Run       *run,
             LfbValue **inputs,
             gsize      n_inputs,
             GError   **error)
{
  gsize n_wanted = run->plan->inputs->len;

  if (n_inputs > n_wanted)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                   "%" G_GSIZE_FORMAT " inputs are given, expected %" G_GSIZE_FORMAT, n_inputs, n_wanted);
      return FALSE;
    }
  for (gsize i = 0; i < n_wanted; i++)
    {
      const LfbPlanInput *input = g_ptr_array_index (run->plan->inputs, i);
      LfbValue *value = i < n_inputs ? inputs[i] : input->fallback;

      if (value == NULL)
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                       "input `%s` is missing: %" G_GSIZE_FORMAT " inputs are given, expected %" G_GSIZE_FORMAT,
                       input->node, n_inputs, n_wanted);
          return FALSE;
        }
      if (input->has_dtype && lfb_value_get_kind (value) == LFB_VALUE_KIND_TENSOR &&
          !dtypes_agree (input->dtype, lfb_tensor_get_dtype (lfb_value_get_tensor (value))))
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE, "input `%s` has the dtype %s, expected %s", input->node,
                       lfb_dtype_to_string (lfb_tensor_get_dtype (lfb_value_get_tensor (value))),
                       lfb_dtype_to_string (input->dtype));
          return FALSE;
        }
      write_slot (run, input->slot, value);
    }

  return TRUE;
}

/* A message about shapes says more with those of the inputs beside it. */
static void
name_inputs (Run     *run,
             GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);

  if (error == NULL || *error == NULL || (*error)->domain != LFB_ERROR ||
      ((*error)->code != LFB_ERROR_SHAPE && (*error)->code != LFB_ERROR_DTYPE))
    return;

  for (guint i = 0; i < run->plan->inputs->len; i++)
    {
      const LfbPlanInput *input = g_ptr_array_index (run->plan->inputs, i);
      LfbValue *value = run->slots[input->slot];
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
      gint64 begin = timer != NULL ? now () : 0;

      if (g_cancellable_set_error_if_cancelled (run->runtime->cancellable, error))
        return FALSE;
      if (!run_step (run, g_ptr_array_index (run->plan->steps, i), error))
        {
          name_inputs (run, error);
          return FALSE;
        }
      if (timer != NULL)
        timer (i, now () - begin, user_data);
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
  Run run = { self, runtime, slots };
  LfbValue *result = NULL;

  if (take_inputs (&run, inputs, n_inputs, error) && run_steps (&run, timer, user_data, error))
    result = self->output.value != NULL ? read_arg (&run, &self->output) : lfb_value_for_none ();
  for (gsize i = 0; i < self->n_slots; i++)
    write_slot (&run, i, NULL);

  return result;
}

static gpointer
make_subgraph (LfbGraphModule     *model,
               const LfbCompiler  *outer,
               GError            **error)
{
  LfbCompiler compiler = *outer;

  compiler.model = model;
  compiler.depth++;

  return lfb_plan_new (&compiler, error);
}

static LfbValue *
run_subgraph (gpointer           plan,
              const LfbRuntime  *runtime,
              LfbValue         **args,
              gsize              n_args,
              GError           **error)
{
  return lfb_plan_run (plan, runtime, args, n_args, NULL, NULL, error);
}

static void
free_subgraph (gpointer plan)
{
  lfb_plan_free (plan);
}

const LfbSubgraphFuncs lfb_plan_subgraphs = { make_subgraph, run_subgraph, free_subgraph };

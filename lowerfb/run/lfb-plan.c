/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Making a plan from a graph; see lfb-plan-private.h. Everything that can be
 * known to fail fails here, with the node's name: operators, modules and
 * attributes that are not there, constants that do not fit.
 */

#include <lowerfb/run/lfb-alias-private.h>

#include <string.h>

static void
clear_arg (LfbPlanArg *arg)
{
  g_clear_pointer (&arg->value, lfb_value_unref);
}

static void
step_free (LfbPlanStep *step)
{
  for (gsize i = 0; i < step->n_args; i++)
    clear_arg (&step->args[i]);
  for (gsize i = 0; i < step->n_values; i++)
    clear_arg (&step->values[i]);
  g_clear_pointer (&step->callable, lfb_callable_free);
  g_clear_pointer (&step->dead, g_array_unref);
  g_clear_pointer (&step->updated, g_array_unref);
  g_strfreev (step->names);
  g_free (step->args);
  g_free (step->values);
  g_free (step->node);
  g_free (step);
}

static void
input_free (LfbPlanInput *input)
{
  g_clear_pointer (&input->fallback, lfb_value_unref);
  g_free (input->node);
  g_free (input->name);
  g_free (input);
}

void
lfb_plan_free (LfbPlan *self)
{
  if (self == NULL)
    return;

  for (gsize i = 0; i < self->n_slots; i++)
    g_clear_pointer (&self->constants[i], lfb_value_unref);
  clear_arg (&self->output);
  g_ptr_array_unref (self->inputs);
  g_ptr_array_unref (self->steps);
  g_hash_table_unref (self->slots);
  g_ptr_array_unref (self->nodes);
  g_clear_pointer (&self->updated, g_array_unref);
  g_free (self->constants);
  g_free (self->tracked);
  g_free (self->first);
  g_free (self);
}

static LfbPlan *
plan_alloc (LfbGraph *graph)
{
  LfbPlan *self = g_new0 (LfbPlan, 1);
  gsize slot = 0;

  self->inputs = g_ptr_array_new_with_free_func ((GDestroyNotify) input_free);
  self->steps = g_ptr_array_new_with_free_func ((GDestroyNotify) step_free);
  self->nodes = g_ptr_array_new_with_free_func (g_object_unref);
  self->slots = g_hash_table_new (NULL, NULL);
  self->n_slots = lfb_graph_get_n_nodes (graph);
  self->constants = g_new0 (LfbValue *, MAX (self->n_slots, 1));
  self->first = g_new0 (gsize, MAX (self->n_slots, 1));
  for (LfbNode *node = lfb_graph_get_first (graph); node != NULL; node = lfb_node_get_next (node))
    {
      g_ptr_array_add (self->nodes, g_object_ref (node));
      self->first[slot] = slot;
      g_hash_table_insert (self->slots, node, GSIZE_TO_POINTER (++slot));
    }

  return self;
}

static gsize
slot_of (const LfbPlan *self,
         LfbNode       *node)
{
  gsize slot = GPOINTER_TO_SIZE (g_hash_table_lookup (self->slots, node));

  /* The graph was checked: nodes refer to nodes of the same graph. */
  g_assert (slot > 0);

  return slot - 1;
}

static LfbValue *
note_node (LfbNode  *node,
           gpointer  user_data)
{
  *(gboolean *) user_data = TRUE;

  return NULL;
}

static LfbPlanArg
make_arg (const LfbPlan *self,
          LfbValue      *value)
{
  LfbPlanArg arg = { lfb_value_ref (value), -1, FALSE };
  g_autoptr (LfbValue) same = NULL;

  if (lfb_value_get_kind (value) == LFB_VALUE_KIND_NODE)
    arg.slot = slot_of (self, lfb_value_get_node (value));
  else
    same = lfb_value_map_nodes (value, note_node, &arg.nested);

  return arg;
}

typedef struct {
  const LfbPlan *plan;
  const gboolean *mutable;
  gboolean constant;
} ConstantLookup;

static LfbValue *
replace_constant (LfbNode  *node,
                  gpointer  user_data)
{
  ConstantLookup *lookup = user_data;
  gsize slot = slot_of (lookup->plan, node);
  LfbValue *value = lookup->mutable[slot] ? NULL : lookup->plan->constants[slot];

  if (value == NULL)
    lookup->constant = FALSE;

  return value;
}

/* The value of an argument if it is known now, else %NULL. */
static LfbValue *
constant_arg (const LfbPlan    *self,
              const gboolean   *mutable,
              const LfbPlanArg *arg)
{
  ConstantLookup lookup = { self, mutable, TRUE };
  g_autoptr (LfbValue) value = NULL;

  value = lfb_value_map_nodes (arg->value, replace_constant, &lookup);

  return lookup.constant ? g_steal_pointer (&value) : NULL;
}

static void
unref_value (gpointer value)
{
  if (value != NULL)
    lfb_value_unref (value);
}

static GPtrArray *
constant_args (const LfbPlan    *self,
               const gboolean   *mutable,
               const LfbPlanArg *args,
               gsize             n_args,
               gboolean         *all)
{
  GPtrArray *values = g_ptr_array_new_with_free_func (unref_value);

  for (gsize i = 0; i < n_args; i++)
    {
      LfbValue *value = constant_arg (self, mutable, &args[i]);

      *all &= value != NULL;
      g_ptr_array_add (values, value);
    }

  return values;
}

static LfbPlanStep *
make_step (const LfbPlan *self,
           LfbNode       *node,
           LfbCallable   *callable)
{
  LfbPlanStep *step = g_new0 (LfbPlanStep, 1);
  LfbValue *kwargs = lfb_node_get_kwargs (node);
  LfbValue **args;

  step->node = g_strdup (lfb_node_get_name (node));
  step->callable = callable;
  step->slot = slot_of (self, node);
  step->replaces = -1;
  step->viewed = -1;
  step->dead = g_array_new (FALSE, FALSE, sizeof (gsize));

  args = lfb_node_get_args (node, &step->n_args);
  step->args = g_new0 (LfbPlanArg, MAX (step->n_args, 1));
  for (gsize i = 0; i < step->n_args; i++)
    step->args[i] = make_arg (self, args[i]);

  step->n_values = kwargs != NULL ? lfb_value_get_n_items (kwargs) : 0;
  step->values = g_new0 (LfbPlanArg, MAX (step->n_values, 1));
  step->names = g_new0 (char *, step->n_values + 1);
  for (gsize i = 0; i < step->n_values; i++)
    {
      step->names[i] = g_strdup (lfb_value_get_key (kwargs, i));
      step->values[i] = make_arg (self, lfb_value_get_item (kwargs, i));
    }

  return step;
}

/* What it looks at, whether anything is written in place or not. */
static void
find_view (const LfbPlan      *self,
           const LfbCompiler  *compiler,
           LfbNode            *node,
           LfbPlanStep        *step)
{
  LfbModule *module = NULL;
  LfbNode *viewed = NULL;

  if (lfb_node_get_op (node) == LFB_OP_CALL_MODULE)
    module = lfb_graph_module_get_module (compiler->model, lfb_node_get_target (node));
  step->view = _lfb_node_get_view (node, module, &viewed);
  if (viewed != NULL)
    step->viewed = slot_of (self, viewed);
}

/* A call: run now if it depends on constants alone, else prepared and kept. */
static gboolean
add_call (LfbPlan              *self,
          const LfbCompiler    *compiler,
          gboolean             *mutable,
          LfbNode              *node,
          const LfbPlanEffect  *effect,
          LfbCallable          *callable,
          GError              **error)
{
  LfbPlanStep *step = make_step (self, node, callable);
  gboolean all = TRUE, fixed;
  g_autoptr (GPtrArray) args = constant_args (self, mutable, step->args, step->n_args, &all);
  g_autoptr (GPtrArray) values = constant_args (self, mutable, step->values, step->n_values, &all);
  const char * const *names = (const char * const *) step->names;

  g_ptr_array_add (self->steps, step);
  step->effect = *effect;
  find_view (self, compiler, node, step);
  if (effect->change != LFB_CHANGE_NONE && effect->changed >= 0)
    {
      step->replaces = effect->changed;
      mutable[step->replaces] = TRUE;
    }

  fixed = all && effect->change == LFB_CHANGE_NONE && !mutable[step->slot];
  if (fixed && step->n_args + step->n_values > 0)
    {
      LfbValue *value = lfb_callable_run (callable, compiler->runtime,
                                          (LfbValue **) args->pdata, args->len,
                                          names, (LfbValue **) values->pdata, values->len, error);

      self->constants[step->slot] = value;
      g_ptr_array_set_size (self->steps, self->steps->len - 1);

      return value != NULL;
    }

  return lfb_callable_prepare (callable, compiler->runtime, (LfbValue **) args->pdata, args->len,
                               names, (LfbValue **) values->pdata, values->len, error);
}

static void
add_input (LfbPlan *self,
           LfbNode *node)
{
  LfbPlanInput *input = g_new0 (LfbPlanInput, 1);
  LfbValue *example = lfb_node_get_example (node);
  LfbValue *dtype = example != NULL ? lfb_value_lookup (example, "dtype") : NULL;
  LfbValue *fallback = lfb_node_get_arg (node, 0);

  input->node = g_strdup (lfb_node_get_name (node));
  input->name = g_strdup (lfb_node_get_target (node));
  input->slot = slot_of (self, node);
  if (fallback != NULL)
    input->fallback = lfb_value_ref (fallback);
  if (dtype != NULL && lfb_value_get_kind (dtype) == LFB_VALUE_KIND_DTYPE)
    {
      input->has_dtype = TRUE;
      input->dtype = lfb_value_get_dtype (dtype);
    }
  else if (dtype != NULL && lfb_value_get_kind (dtype) == LFB_VALUE_KIND_STRING)
    {
      input->has_dtype = lfb_dtype_from_string (lfb_value_get_string (dtype), &input->dtype);
    }
  g_ptr_array_add (self->inputs, input);
}

/* What a node is known to be before others are looked at: a constant, or what
 * it calls.
 */
static gboolean
find_node (LfbPlan            *self,
           const LfbCompiler  *compiler,
           LfbNode            *node,
           LfbCallable       **callable,
           GError            **error)
{
  const char *target = lfb_node_get_target (node);
  LfbValue *value;

  switch (lfb_node_get_op (node))
    {
    case LFB_OP_GET_ATTR:
      value = lfb_graph_module_get_attribute (compiler->model, target);
      if (value == NULL)
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_INVALID_GRAPH, "the model has no attribute `%s`", target);
          return FALSE;
        }
      self->constants[slot_of (self, node)] = lfb_value_ref (value);
      return TRUE;

    case LFB_OP_CALL_FUNCTION:
      *callable = lfb_callable_new_operator (LFB_OPERATOR_FUNCTION, target, error);
      return *callable != NULL;

    case LFB_OP_CALL_METHOD:
      *callable = lfb_callable_new_operator (LFB_OPERATOR_METHOD, target, error);
      return *callable != NULL;

    case LFB_OP_CALL_MODULE:
      *callable = lfb_callable_new_module (compiler, target, error);
      return *callable != NULL;

    case LFB_OP_PLACEHOLDER:
    case LFB_OP_OUTPUT:
    default:
      return TRUE;
    }
}

static gboolean
add_node (LfbPlan              *self,
          const LfbCompiler    *compiler,
          gboolean             *mutable,
          LfbNode              *node,
          const LfbPlanEffect  *effect,
          LfbCallable          *callable,
          GError              **error)
{
  LfbValue *value;

  switch (lfb_node_get_op (node))
    {
    case LFB_OP_PLACEHOLDER:
      add_input (self, node);
      return TRUE;

    case LFB_OP_OUTPUT:
      value = lfb_node_get_arg (node, 0);
      clear_arg (&self->output);
      if (value != NULL)
        self->output = make_arg (self, value);
      return TRUE;

    case LFB_OP_GET_ATTR:
      return TRUE;

    case LFB_OP_CALL_FUNCTION:
    case LFB_OP_CALL_METHOD:
    case LFB_OP_CALL_MODULE:
    default:
      return add_call (self, compiler, mutable, node, effect, callable, error);
    }
}

typedef struct {
  const LfbPlan *plan;
  gsize *last;
  gsize now;
} UseMarks;

static LfbValue *
mark_use (LfbNode  *node,
          gpointer  user_data)
{
  UseMarks *marks = user_data;

  marks->last[slot_of (marks->plan, node)] = marks->now;

  return NULL;
}

static void
mark_args (UseMarks         *marks,
           const LfbPlanArg *args,
           gsize             n_args)
{
  for (gsize i = 0; i < n_args; i++)
    lfb_value_unref (lfb_value_map_nodes (args[i].value, mark_use, marks));
}

/* When each slot is read for the last time: there its value is let go. What a
 * step makes that nothing reads goes right after it.
 */
static void
find_lifetimes (LfbPlan *self)
{
  g_autofree gsize *last = g_new0 (gsize, MAX (self->n_slots, 1));
  UseMarks marks = { self, last, 0 };

  for (guint i = 0; i < self->steps->len; i++)
    {
      LfbPlanStep *step = g_ptr_array_index (self->steps, i);

      marks.now = i;
      last[step->slot] = i;
      mark_args (&marks, step->args, step->n_args);
      mark_args (&marks, step->values, step->n_values);
    }
  marks.now = self->steps->len;
  if (self->output.value != NULL)
    mark_args (&marks, &self->output, 1);

  for (guint i = 0; i < self->steps->len; i++)
    {
      LfbPlanStep *step = g_ptr_array_index (self->steps, i);

      if (step->replaces >= 0 && last[step->replaces] <= i)
        step->replaces = -1;
    }
  for (gsize slot = 0; slot < self->n_slots; slot++)
    if (last[slot] < self->steps->len)
      {
        LfbPlanStep *step = g_ptr_array_index (self->steps, last[slot]);

        g_array_append_val (step->dead, slot);
      }
}

typedef struct {
  const LfbPlan *plan;
  GArray *slots;
} TrackedReads;

static LfbValue *
add_tracked (LfbNode  *node,
             gpointer  user_data)
{
  TrackedReads *reads = user_data;
  gsize slot = slot_of (reads->plan, node);

  if (reads->plan->tracked[slot])
    {
      if (reads->slots == NULL)
        reads->slots = g_array_new (FALSE, FALSE, sizeof (gsize));
      g_array_append_val (reads->slots, slot);
    }

  return NULL;
}

static GArray *
tracked_reads (const LfbPlan    *self,
               const LfbPlanArg *args,
               gsize             n_args,
               const LfbPlanArg *values,
               gsize             n_values)
{
  TrackedReads reads = { self, NULL };

  for (gsize i = 0; i < n_args; i++)
    lfb_value_unref (lfb_value_map_nodes (args[i].value, add_tracked, &reads));
  for (gsize i = 0; i < n_values; i++)
    lfb_value_unref (lfb_value_map_nodes (values[i].value, add_tracked, &reads));

  return reads.slots;
}

/* What has to be brought up to date before it is read. */
static void
find_updates (LfbPlan *self)
{
  for (guint i = 0; i < self->steps->len; i++)
    {
      LfbPlanStep *step = g_ptr_array_index (self->steps, i);

      step->updated = tracked_reads (self, step->args, step->n_args, step->values, step->n_values);
    }
  if (self->output.value != NULL)
    self->updated = tracked_reads (self, &self->output, 1, NULL, 0);
}

static void
free_callable (gpointer callable)
{
  lfb_callable_free (callable);
}

static gboolean
add_nodes (LfbPlan            *self,
           const LfbCompiler  *compiler,
           GError            **error)
{
  g_autoptr (GPtrArray) callables = g_ptr_array_new_with_free_func (free_callable);
  g_autofree gboolean *mutable = NULL;
  g_autofree LfbPlanEffect *effects = g_new0 (LfbPlanEffect, MAX (self->n_slots, 1));
  LfbNode *node = NULL;
  gboolean done = TRUE;

  for (guint i = 0; i < self->nodes->len && done; i++)
    {
      LfbCallable *callable = NULL;

      node = g_ptr_array_index (self->nodes, i);
      done = find_node (self, compiler, node, &callable, error);
      g_ptr_array_add (callables, callable);
    }
  if (done && !lfb_alias_find (self, compiler, callables, effects, error))
    return FALSE;

  mutable = self->tracked != NULL ? g_memdup2 (self->tracked, self->n_slots * sizeof *mutable)
                                  : g_new0 (gboolean, MAX (self->n_slots, 1));
  for (guint i = 0; i < self->nodes->len && done; i++)
    {
      node = g_ptr_array_index (self->nodes, i);
      if (compiler->progress != NULL)
        lfb_progress_report (compiler->progress, (double) i / self->nodes->len, lfb_node_get_name (node));
      done = add_node (self, compiler, mutable, node, &effects[i],
                       g_steal_pointer (&g_ptr_array_index (callables, i)), error);
    }
  if (!done)
    g_prefix_error (error, "node `%s` (%s): ", lfb_node_get_name (node), lfb_node_get_target (node));

  return done;
}

/* Makes a plan of the compiler's model. */
LfbPlan *
lfb_plan_new (const LfbCompiler  *compiler,
              GError            **error)
{
  g_autoptr (LfbPlan) self = NULL;

  if (!lfb_graph_module_check (compiler->model, error))
    return NULL;

  self = plan_alloc (lfb_graph_module_get_graph (compiler->model));
  if (!add_nodes (self, compiler, error))
    return NULL;
  find_lifetimes (self);
  if (self->tracked != NULL)
    find_updates (self);

  return g_steal_pointer (&self);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-program-private.h. Goes through the steps of a plan with what is known
 * of each slot: operators that have an emit function put in instructions, views
 * are strides, what depends on shapes alone is a constant, and everything else
 * is called as it is. To know what such a call returns it has to run, and all
 * that comes before it; the making of a program whose operators all have emit
 * functions runs nothing.
 */

#include <lowerfb/run/program/lfb-trace-private.h>
#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-memory-private.h>

#include <stdlib.h>
#include <string.h>

static void
add_input (LfbTrace           *self,
           const LfbPlanInput *input,
           LfbTensor          *tensor,
           gsize               index)
{
  LfbOperand operand;
  LfbRegion *region;

  lfb_operand_init_tensor (&operand, tensor);
  operand.region = lfb_program_add_region (self->program, LFB_REGION_INPUT, 0);
  region = lfb_program_region (self->program, operand.region);
  region->index = index;
  region->whole = operand;
  g_array_append_val (self->program->inputs, operand);
  self->terms[input->slot] = lfb_term_new_tensor (&operand);
}

/* Programs begin with tensors that an operand can describe. */
static gboolean
add_inputs (LfbTrace   *self,
            LfbTensor **inputs,
            gsize       n_inputs)
{
  LfbOperand operand;

  for (guint i = 0; i < self->plan->inputs->len; i++)
    {
      const LfbPlanInput *input = g_ptr_array_index (self->plan->inputs, i);

      if (i >= n_inputs)
        self->terms[input->slot] = lfb_term_new_constant (input->fallback);
      else if (lfb_operand_init_tensor (&operand, inputs[i]))
        add_input (self, input, inputs[i], i);
      else
        return FALSE;
    }

  return TRUE;
}

/* Memory of regions that came since the last time. */
static gboolean
extend_frame (LfbTrace *self)
{
  guint n = self->program->regions->len;

  self->frame.bases = g_renew (guint8 *, self->frame.bases, MAX (n, 1));
  self->frame.values = g_renew (LfbValue *, self->frame.values, MAX (self->program->n_values, 1));
  while (self->n_bases < n)
    {
      const LfbRegion *region = lfb_program_region (self->program, self->n_bases);
      guint8 **base = &self->frame.bases[self->n_bases];

      if (region->kind == LFB_REGION_CONSTANT)
        *base = (guint8 *) lfb_tensor_get_data (region->constant, NULL);
      else if (region->kind == LFB_REGION_INPUT)
        *base = (guint8 *) lfb_tensor_get_data (self->frame.inputs[region->index], NULL);
      else if (region->kind != LFB_REGION_RESULT)
        *base = lfb_try_alloc_aligned (region->size, 1, NULL);
      if (region->kind == LFB_REGION_ARENA && self->runtime->memory != NULL)
        lfb_memory_reserve (self->runtime->memory, region->size);
      if (*base == NULL && (region->kind == LFB_REGION_ARENA || region->kind == LFB_REGION_OUTPUT))
        return FALSE;
      self->n_bases++;
    }

  return TRUE;
}

/* FALSE without an error if there is too little memory. */
static gboolean
run_pending (LfbTrace  *self,
             GError   **error)
{
  if (!extend_frame (self))
    return FALSE;
  for (; self->n_run < self->program->instrs->len; self->n_run++)
    {
      if (g_cancellable_set_error_if_cancelled (self->runtime->cancellable, error) ||
          !lfb_frame_run_instr (self->program, &self->frame, g_ptr_array_index (self->program->instrs, self->n_run), error))
        return FALSE;
    }

  return TRUE;
}

static void
mark_live (const LfbTerm *term,
           gboolean      *live)
{
  if (term->kind == LFB_TERM_TENSOR)
    live[term->operand.region] = TRUE;
  else if (term->kind == LFB_TERM_ITEMS)
    for (guint i = 0; i < term->items->len; i++)
      mark_live (g_ptr_array_index (term->items, i), live);
}

static void
release_region (LfbTrace *self,
                guint     index)
{
  const LfbRegion *region = lfb_program_region (self->program, index);

  if (region->kind == LFB_REGION_ARENA && self->frame.bases[index] != NULL)
    {
      if (self->runtime->memory != NULL)
        lfb_memory_release (self->runtime->memory, region->size);
      g_clear_pointer (&self->frame.bases[index], free);
    }
  else if (region->kind == LFB_REGION_RESULT && self->frame.values[region->index] != NULL)
    {
      if (self->runtime->memory != NULL)
        lfb_memory_remove (self->runtime->memory, self->frame.values[region->index]);
      g_clear_pointer (&self->frame.values[region->index], lfb_value_unref);
    }
}

/* Everything so far has run: memory goes that no term speaks of. */
static void
release_dead (LfbTrace *self)
{
  g_autofree gboolean *live = g_new0 (gboolean, MAX (self->n_bases, 1));

  for (gsize i = 0; i < self->plan->n_slots; i++)
    if (self->terms[i] != NULL)
      mark_live (self->terms[i], live);
  for (guint i = self->copies->len; i-- > 0;)
    {
      const LfbCopied *copied = &g_array_index (self->copies, LfbCopied, i);

      if (live[copied->from.region])
        live[copied->to.region] = TRUE;
      else
        g_array_remove_index (self->copies, i);
    }
  for (guint i = 0; i < self->n_bases; i++)
    if (!live[i])
      release_region (self, i);
}

static LfbValue *
constant_node (LfbNode  *node,
               gpointer  user_data)
{
  LfbTrace *self = user_data;
  LfbTerm *term = self->terms[GPOINTER_TO_SIZE (g_hash_table_lookup (self->plan->slots, node)) - 1];

  return term->kind == LFB_TERM_CONSTANT ? term->constant : NULL;
}

static void
note_node (LfbNode  *node,
           gpointer  user_data)
{
  *(gboolean *) user_data = FALSE;
}

/* Arguments with constants in the place of nodes that are constant. */
static GPtrArray *
known_args (LfbTrace         *self,
            const LfbPlanArg *args,
            gsize             n_args,
            gboolean         *all)
{
  GPtrArray *values = g_ptr_array_new_full (n_args, (GDestroyNotify) lfb_value_unref);

  for (gsize i = 0; i < n_args; i++)
    {
      LfbValue *value = lfb_value_map_nodes (args[i].value, constant_node, self);

      lfb_value_visit_nodes (value, note_node, all);
      g_ptr_array_add (values, value);
    }

  return values;
}

/* A tensor in a term that an operator is to be called with: row-major. */
static LfbTerm *
row_major_term (LfbEmit *emit,
                LfbTerm *term)
{
  LfbTerm *result;
  LfbOperand operand;

  if (term->kind == LFB_TERM_ITEMS)
    {
      result = lfb_term_new_items (term->tuple);
      for (guint i = 0; i < term->items->len; i++)
        g_ptr_array_add (result->items, row_major_term (emit, g_ptr_array_index (term->items, i)));
      return result;
    }
  if (term->kind != LFB_TERM_TENSOR || lfb_operand_is_row_major (&term->operand))
    return lfb_term_ref (term);

  operand = term->operand;
  lfb_emit_row_major (emit, &operand);

  return lfb_term_new_tensor (&operand);
}

typedef struct {
  LfbEmit *emit;
  LfbTerm **terms;
} Arranging;

static void
arrange_node (LfbNode  *node,
              gpointer  user_data)
{
  Arranging *arranging = user_data;
  LfbTrace *trace = arranging->emit->trace;
  gsize slot = GPOINTER_TO_SIZE (g_hash_table_lookup (trace->plan->slots, node)) - 1;

  if (arranging->terms[slot] == NULL)
    arranging->terms[slot] = row_major_term (arranging->emit, trace->terms[slot]);
}

static LfbTerm *
call_step (LfbTrace           *self,
           const LfbPlanStep  *step,
           gsize               index,
           gboolean            unstable,
           GError            **error)
{
  g_autofree LfbTerm **terms = g_new0 (LfbTerm *, self->plan->n_slots);
  LfbEmit emit = { .trace = self, .program = self->program, .runtime = self->runtime, .step = index };
  Arranging arranging = { &emit, terms };
  LfbTerm *result = NULL;
  LfbInstr *instr;

  for (gsize i = 0; i < step->n_args; i++)
    lfb_value_visit_nodes (step->args[i].value, arrange_node, &arranging);
  for (gsize i = 0; i < step->n_values; i++)
    lfb_value_visit_nodes (step->values[i].value, arrange_node, &arranging);

  self->has_run = TRUE;
  if (!self->refused && run_pending (self, error))
    {
      instr = lfb_instr_call_add (self->program, index, terms);
      result = lfb_instr_call_record (self->program, instr, &self->frame, unstable, error);
      self->n_run++;
      self->n_bases = self->program->regions->len;
    }
  for (gsize i = 0; i < self->plan->n_slots; i++)
    g_clear_pointer (&terms[i], lfb_term_unref);

  return result;
}

/* In place, only what keeps shape and type. */
static gboolean
may_emit (const LfbPlanStep *step,
          const LfbOperator *row)
{
  return row->emit != NULL && (step->effect.change == LFB_CHANGE_NONE ||
                               (step->effect.change == LFB_CHANGE_ELEMENTS &&
                                (row->emit == lfb_emit_bytes || row->emit == lfb_emit_unary || row->emit == lfb_emit_clamp)));
}

/* Where arguments do not fit, the operator says what is wrong with them; if it takes
 * them, it is called.
 */
static LfbEmitted
emit_step (LfbTrace           *self,
           const LfbPlanStep  *step,
           gsize               index,
           GPtrArray          *args,
           GPtrArray          *values,
           LfbTerm           **result,
           GError            **error)
{
  LfbValue *bound[LFB_CALLABLE_MAX_PARAMETERS];
  g_autoptr (LfbValue) variadic = NULL;
  LfbEmit emit = { .trace = self, .program = self->program, .runtime = self->runtime, .step = index };
  LfbEmitted emitted = LFB_EMITTED_NOTHING;
  GError *failure = NULL;

  if (lfb_callable_has_parts (step->callable))
    return LFB_EMITTED_NOTHING;
  if (!lfb_callable_bind (step->callable, self->runtime, (LfbValue **) args->pdata, args->len,
                          (const char * const *) step->names, (LfbValue **) values->pdata, values->len,
                          bound, &variadic, &emit.call, NULL))
    return LFB_EMITTED_NOTHING;
  if (may_emit (step, emit.call.info->row))
    emitted = emit.call.info->row->emit (&emit, &failure);
  if (emit.call.own_state != NULL)
    emit.call.info->row->free_state (emit.call.own_state);
  g_clear_pointer (&emit.kept, g_ptr_array_unref);
  g_clear_error (&failure);
  *result = emit.result;

  if (emitted == LFB_EMITTED_ERROR && (self->refused || lfb_trace_probe (self, step, error)))
    return LFB_EMITTED_NOTHING;

  return emitted;
}

static LfbEmitted
view_step (LfbTrace           *self,
           const LfbPlanStep  *step,
           gsize               index,
           LfbTerm           **result,
           GError            **error)
{
  if (step->view == LFB_VIEW_NONE || step->viewed < 0 || step->effect.change != LFB_CHANGE_NONE)
    return LFB_EMITTED_NOTHING;

  return lfb_trace_view (self, step, index, result, error);
}

/* x += y changes a tensor or a list, but makes a new number or tuple. */
static gboolean
is_changeable (const LfbTerm *term)
{
  switch (term->kind)
    {
    case LFB_TERM_TENSOR:
      return TRUE;
    case LFB_TERM_ITEMS:
      return !term->tuple;
    case LFB_TERM_VALUE:
      return term->changeable;
    case LFB_TERM_CONSTANT:
    default:
      return lfb_value_is_changeable (term->constant);
    }
}

static gboolean
changes_something (LfbTrace          *self,
                   const LfbPlanStep *step)
{
  if (step->effect.change == LFB_CHANGE_NONE)
    return FALSE;

  return step->effect.changed < 0 || is_changeable (self->terms[step->effect.changed]);
}

static LfbTerm *
trace_step (LfbTrace           *self,
            const LfbPlanStep  *step,
            gsize               index,
            gboolean            unstable,
            GError            **error)
{
  gboolean constant = !changes_something (self, step) && step->n_args + step->n_values > 0;
  g_autoptr (GPtrArray) args = known_args (self, step->args, step->n_args, &constant);
  g_autoptr (GPtrArray) values = known_args (self, step->values, step->n_values, &constant);
  LfbEmitted emitted = LFB_EMITTED_NOTHING;
  LfbTerm *result = NULL;

  if (constant)
    {
      g_autoptr (LfbValue) value = lfb_callable_run (step->callable, self->runtime, (LfbValue **) args->pdata, args->len,
                                                     (const char * const *) step->names,
                                                     (LfbValue **) values->pdata, values->len, error);

      if (value != NULL)
        return lfb_term_new_constant (value);
      emitted = LFB_EMITTED_ERROR;
    }
  if (emitted == LFB_EMITTED_NOTHING && !unstable)
    emitted = view_step (self, step, index, &result, error);
  if (emitted == LFB_EMITTED_NOTHING && !unstable)
    emitted = emit_step (self, step, index, args, values, &result, error);
  if (self->refused)
    {
      g_clear_error (error);
      g_clear_pointer (&result, lfb_term_unref);
      return NULL;
    }
  if (emitted == LFB_EMITTED_ERROR)
    {
      g_prefix_error (error, "node `%s` (%s): ", step->node, lfb_callable_get_name (step->callable));
      return NULL;
    }

  return emitted == LFB_EMITTED ? result : call_step (self, step, index, unstable, error);
}

static gboolean
trace_steps (LfbTrace        *self,
             const gboolean  *unstable,
             gint64          *times,
             GError         **error)
{
  for (guint i = 0; i < self->plan->steps->len; i++)
    {
      const LfbPlanStep *step = g_ptr_array_index (self->plan->steps, i);
      gint64 begin = lfb_plan_now ();
      LfbTerm *term;

      if (g_cancellable_set_error_if_cancelled (self->runtime->cancellable, error))
        return FALSE;
      term = trace_step (self, step, i, unstable[i], error);
      if (term == NULL)
        return FALSE;
      g_clear_pointer (&self->terms[step->slot], lfb_term_unref);
      self->terms[step->slot] = term;
      if (step->replaces >= 0 && is_changeable (self->terms[step->replaces]))
        {
          lfb_term_unref (self->terms[step->replaces]);
          self->terms[step->replaces] = lfb_term_ref (term);
        }
      for (guint j = 0; j < step->dead->len; j++)
        g_clear_pointer (&self->terms[g_array_index (step->dead, gsize, j)], lfb_term_unref);
      if (self->n_run == self->program->instrs->len && self->has_run)
        release_dead (self);
      times[i] = lfb_plan_now () - begin;
    }

  return TRUE;
}

/* A tensor that the run returns: on memory of its own, row-major. */
static LfbTerm *
output_tensor (LfbEmit          *emit,
               const LfbOperand *operand)
{
  LfbRegion *region = lfb_program_region (emit->program, operand->region);
  gsize size = lfb_operand_n_elements (operand) * lfb_operand_item_size (operand);
  gboolean plain = operand->offset == 0 && lfb_operand_is_row_major (operand);
  LfbOperand copy = *operand;

  if (region->kind == LFB_REGION_ARENA && plain && region->size == size)
    {
      region->kind = LFB_REGION_OUTPUT;
      return lfb_term_new_tensor (operand);
    }
  if (region->kind != LFB_REGION_ARENA && region->kind != LFB_REGION_OUTPUT && plain &&
      lfb_operand_equal_meta (operand, &region->whole))
    return lfb_term_new_tensor (operand);

  lfb_operand_set_row_major (&copy);
  copy.region = lfb_program_add_region (emit->program, LFB_REGION_OUTPUT, size);
  lfb_instr_copy_add (emit->program, emit->step, &copy, operand);

  return lfb_term_new_tensor (&copy);
}

static LfbTerm *
output_term (LfbEmit *emit,
             LfbTerm *term)
{
  LfbTerm *result;

  if (term->kind == LFB_TERM_TENSOR)
    return output_tensor (emit, &term->operand);
  if (term->kind != LFB_TERM_ITEMS)
    return lfb_term_ref (term);

  result = lfb_term_new_items (term->tuple);
  for (guint i = 0; i < term->items->len; i++)
    g_ptr_array_add (result->items, output_term (emit, g_ptr_array_index (term->items, i)));

  return result;
}

/* The output argument as a term; %NULL if nodes stand in what is no sequence. */
static LfbTerm *
value_term (LfbTrace *self,
            LfbValue *value)
{
  gboolean constant = TRUE;
  g_autoptr (LfbTerm) items = NULL;

  if (lfb_value_get_kind (value) == LFB_VALUE_KIND_NODE)
    {
      gpointer slot = g_hash_table_lookup (self->plan->slots, lfb_value_get_node (value));

      return lfb_term_ref (self->terms[GPOINTER_TO_SIZE (slot) - 1]);
    }
  lfb_value_visit_nodes (value, note_node, &constant);
  if (constant)
    return lfb_term_new_constant (value);
  if (!lfb_value_is_sequence (value))
    return NULL;

  items = lfb_term_new_items (lfb_value_get_kind (value) == LFB_VALUE_KIND_TUPLE);
  for (gsize i = 0; i < lfb_value_get_n_items (value); i++)
    {
      LfbTerm *item = value_term (self, lfb_value_get_item (value, i));

      if (item == NULL)
        return NULL;
      g_ptr_array_add (items->items, item);
    }

  return g_steal_pointer (&items);
}

static gboolean
finish (LfbTrace   *self,
        LfbValue  **result,
        GError    **error)
{
  LfbEmit emit = { .trace = self, .program = self->program, .runtime = self->runtime, .step = self->plan->steps->len };
  g_autoptr (LfbTerm) term = NULL;

  if (self->plan->output.value != NULL)
    {
      term = value_term (self, self->plan->output.value);
    }
  else
    {
      g_autoptr (LfbValue) none = lfb_value_for_none ();

      term = lfb_term_new_constant (none);
    }
  if (term == NULL)
    return FALSE;
  self->program->output = output_term (&emit, term);
  if (!self->has_run)
    return TRUE;

  if (!run_pending (self, error))
    return FALSE;
  *result = lfb_frame_take_output (self->program, &self->frame, error);

  return *result != NULL;
}

static void
trace_clear (LfbTrace *self)
{
  for (guint i = 0; i < self->n_bases; i++)
    {
      LfbRegionKind kind = lfb_program_region (self->program, i)->kind;

      if (kind == LFB_REGION_ARENA || kind == LFB_REGION_OUTPUT)
        free (self->frame.bases[i]);
    }
  for (gsize i = 0; self->frame.values != NULL && i < self->program->n_values; i++)
    g_clear_pointer (&self->frame.values[i], lfb_value_unref);
  for (gsize i = 0; i < self->plan->n_slots; i++)
    g_clear_pointer (&self->terms[i], lfb_term_unref);
  g_free (self->frame.bases);
  g_free (self->frame.values);
  g_free (self->terms);
  g_array_unref (self->copies);
}

LfbProgram *
lfb_trace_plan (const LfbPlan      *plan,
                const LfbRuntime   *runtime,
                const gboolean     *unstable,
                LfbTensor         **inputs,
                gsize               n_inputs,
                LfbValue          **result,
                gint64             *times,
                GError            **error)
{
  g_autoptr (LfbProgram) program = lfb_program_alloc (plan);
  LfbTrace self = { .plan = plan, .runtime = runtime, .program = program };
  gboolean done;

  *result = NULL;
  self.frame.runtime = runtime;
  self.frame.inputs = inputs;
  self.frame.strayed = -1;
  self.terms = g_new0 (LfbTerm *, MAX (plan->n_slots, 1));
  self.copies = g_array_new (FALSE, FALSE, sizeof (LfbCopied));
  for (gsize i = 0; i < plan->n_slots; i++)
    if (plan->constants[i] != NULL)
      self.terms[i] = lfb_term_new_constant (plan->constants[i]);

  done = add_inputs (&self, inputs, n_inputs) && trace_steps (&self, unstable, times, error) && finish (&self, result, error);
  trace_clear (&self);
  if (!done)
    return NULL;

  lfb_program_fuse (program);
  lfb_program_lay_out (program);

  return g_steal_pointer (&program);
}

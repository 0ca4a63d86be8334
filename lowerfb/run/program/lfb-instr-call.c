/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An operator called as it is: arguments become tensors that stand on the run's
 * memory, results stay what they are. A result that is not as it was when the
 * program was made makes the run stray.
 */

#include <lowerfb/run/program/lfb-program-private.h>
#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-memory-private.h>

typedef struct {
  gsize slot;
  LfbTerm *term;
} ReadSlot;

typedef struct {
  const LfbPlanStep *step;
  GArray *slots;         /* ReadSlot */
  LfbTerm *result;       /* %NULL: not called yet */
  gboolean owned;        /* its result may keep arguments: these get memory of their own */
} CallData;

/* A call under way: what nodes in nested arguments stand for. */
typedef struct {
  const CallData *data;
  const LfbPlan *plan;
  LfbValue **values;     /* of the slots read, in their order */
} Reading;

static void
clear_slot (gpointer data)
{
  lfb_term_unref (((ReadSlot *) data)->term);
}

static void
call_free (gpointer user_data)
{
  CallData *data = user_data;

  g_array_unref (data->slots);
  g_clear_pointer (&data->result, lfb_term_unref);
  g_free (data);
}

static LfbValue *
find_value (const Reading *reading,
            gsize          slot)
{
  for (guint i = 0; i < reading->data->slots->len; i++)
    if (g_array_index (reading->data->slots, ReadSlot, i).slot == slot)
      return reading->values[i];
  g_assert_not_reached ();
}

static LfbValue *
replace_node (LfbNode  *node,
              gpointer  user_data)
{
  const Reading *reading = user_data;

  return find_value (reading, GPOINTER_TO_SIZE (g_hash_table_lookup (reading->plan->slots, node)) - 1);
}

static GPtrArray *
read_args (Reading          *reading,
           const LfbPlanArg *args,
           gsize             n_args)
{
  GPtrArray *values = g_ptr_array_new_full (n_args, (GDestroyNotify) lfb_value_unref);

  for (gsize i = 0; i < n_args; i++)
    g_ptr_array_add (values, args[i].slot >= 0 ? lfb_value_ref (find_value (reading, args[i].slot)) :
                             args[i].nested ? lfb_value_map_nodes (args[i].value, replace_node, reading) :
                             lfb_value_ref (args[i].value));

  return values;
}

static LfbValue *
call (const LfbProgram  *program,
      const CallData    *data,
      LfbFrame          *frame,
      GPtrArray         *slots,
      GError           **error)
{
  const LfbPlanStep *step = data->step;
  Reading reading = { data, program->plan, NULL };
  g_autoptr (GPtrArray) args = NULL;
  g_autoptr (GPtrArray) values = NULL;

  for (guint i = 0; i < data->slots->len; i++)
    {
      const LfbTerm *term = g_array_index (data->slots, ReadSlot, i).term;
      LfbValue *value = data->owned ? lfb_frame_copy_term (program, frame, term, error)
                                    : lfb_frame_read_term (program, frame, term, error);

      if (value == NULL)
        return NULL;
      g_ptr_array_add (slots, value);
    }
  reading.values = (LfbValue **) slots->pdata;
  args = read_args (&reading, step->args, step->n_args);
  values = read_args (&reading, step->values, step->n_values);

  return lfb_callable_run (step->callable, frame->runtime, (LfbValue **) args->pdata, args->len,
                           (const char * const *) step->names, (LfbValue **) values->pdata, values->len, error);
}

/* Whether the elements of @tensor lie in those of an argument. */
static gboolean
shares (LfbValue  *value,
        LfbTensor *tensor)
{
  if (lfb_value_get_kind (value) == LFB_VALUE_KIND_TENSOR)
    {
      gsize size, own_size;
      const guint8 *data = lfb_tensor_get_data (lfb_value_get_tensor (value), &size);
      const guint8 *own = lfb_tensor_get_data (tensor, &own_size);

      return own_size > 0 && own >= data && own < data + size;
    }
  if (lfb_value_is_sequence (value))
    for (gsize i = 0; i < lfb_value_get_n_items (value); i++)
      if (shares (lfb_value_get_item (value, i), tensor))
        return TRUE;

  return FALSE;
}

/* Arguments stand on memory that others write to later, so that what shares it
 * is copied.
 */
static LfbValue *
keep_tensor (LfbValue   *value,
             GPtrArray  *slots,
             GError    **error)
{
  gboolean shared = FALSE;

  for (guint i = 0; i < slots->len; i++)
    shared |= shares (g_ptr_array_index (slots, i), lfb_value_get_tensor (value));

  return shared ? lfb_value_take_tensor (lfb_tensor_copy_memory (lfb_value_get_tensor (value), error))
                : lfb_value_ref (value);
}

/* Whether a part of the result is kept as it is and may hold tensors: a packed
 * weight, a dictionary, or what is another thing in each run.
 */
static gboolean
keeps_arguments (const LfbTerm *term,
                 LfbValue      *value)
{
  LfbValueKind kind = lfb_value_get_kind (value);

  if (term->kind == LFB_TERM_ITEMS)
    {
      for (guint i = 0; i < term->items->len; i++)
        if (keeps_arguments (g_ptr_array_index (term->items, i), lfb_value_get_item (value, i)))
          return TRUE;
      return FALSE;
    }

  return term->kind == LFB_TERM_VALUE &&
         (kind == LFB_VALUE_KIND_TENSOR || kind == LFB_VALUE_KIND_LIST || kind == LFB_VALUE_KIND_TUPLE ||
          kind == LFB_VALUE_KIND_DICT || kind == LFB_VALUE_KIND_PACKED);
}

/* Puts a result where the term says; %FALSE without an error if it is not as
 * the term says.
 */
static gboolean
store (const LfbProgram  *program,
       LfbFrame          *frame,
       const LfbTerm     *term,
       LfbValue          *value,
       GPtrArray         *slots,
       GError           **error)
{
  LfbOperand operand;
  LfbRegion *region;
  LfbValue *kept;

  switch (term->kind)
    {
    case LFB_TERM_ITEMS:
      if (lfb_value_get_kind (value) != (term->tuple ? LFB_VALUE_KIND_TUPLE : LFB_VALUE_KIND_LIST) ||
          lfb_value_get_n_items (value) != term->items->len)
        return FALSE;
      for (guint i = 0; i < term->items->len; i++)
        if (!store (program, frame, g_ptr_array_index (term->items, i), lfb_value_get_item (value, i), slots, error))
          return FALSE;
      return TRUE;

    case LFB_TERM_TENSOR:
      if (lfb_value_get_kind (value) != LFB_VALUE_KIND_TENSOR ||
          !lfb_operand_init_tensor (&operand, lfb_value_get_tensor (value)) ||
          !lfb_operand_equal_meta (&operand, &term->operand))
        return FALSE;
      kept = keep_tensor (value, slots, error);
      if (kept == NULL)
        return FALSE;
      region = lfb_program_region (program, term->operand.region);
      frame->values[region->index] = kept;
      if (frame->runtime->memory != NULL)
        lfb_memory_add (frame->runtime->memory, kept);
      frame->bases[term->operand.region] = (guint8 *) lfb_tensor_get_data (lfb_value_get_tensor (kept), NULL);
      return TRUE;

    case LFB_TERM_VALUE:
      if (lfb_value_is_changeable (value) != term->changeable)
        return FALSE;
      frame->values[term->value] = lfb_value_ref (value);
      return TRUE;

    case LFB_TERM_CONSTANT:
    default:
      g_assert_not_reached ();
    }
}

static gboolean
run_call (const LfbProgram  *program,
          const LfbInstr    *self,
          LfbFrame          *frame,
          GError           **error)
{
  const CallData *data = self->data;
  g_autoptr (GPtrArray) slots = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);
  g_autoptr (LfbValue) result = call (program, data, frame, slots, error);
  GError *failure = NULL;

  if (result == NULL)
    return FALSE;
  if (store (program, frame, data->result, result, slots, &failure))
    return TRUE;
  if (failure != NULL)
    g_propagate_error (error, failure);
  else
    frame->strayed = self->step;

  return FALSE;
}

static const LfbInstrType call_type = { "call", run_call, call_free, .terms = TRUE };

static void
add_operands (GArray        *operands,
              const LfbTerm *term)
{
  if (term->kind == LFB_TERM_TENSOR)
    g_array_append_val (operands, term->operand);
  else if (term->kind == LFB_TERM_ITEMS)
    for (guint i = 0; i < term->items->len; i++)
      add_operands (operands, g_ptr_array_index (term->items, i));
}

typedef struct {
  const LfbPlan *plan;
  LfbTerm **terms;
  CallData *data;
} Collecting;

static void
collect_slot (Collecting *collecting,
              gsize       slot)
{
  ReadSlot read = { slot, NULL };

  for (guint i = 0; i < collecting->data->slots->len; i++)
    if (g_array_index (collecting->data->slots, ReadSlot, i).slot == slot)
      return;
  read.term = lfb_term_ref (collecting->terms[slot]);
  g_array_append_val (collecting->data->slots, read);
}

static void
collect_node (LfbNode  *node,
              gpointer  user_data)
{
  Collecting *collecting = user_data;

  collect_slot (collecting, GPOINTER_TO_SIZE (g_hash_table_lookup (collecting->plan->slots, node)) - 1);
}

static void
collect_args (Collecting       *collecting,
              const LfbPlanArg *args,
              gsize             n_args)
{
  for (gsize i = 0; i < n_args; i++)
    lfb_value_visit_nodes (args[i].value, collect_node, collecting);
}

LfbInstr *
lfb_instr_call_add (LfbProgram  *program,
                    gsize        index,
                    LfbTerm    **terms)
{
  const LfbPlanStep *step = g_ptr_array_index (program->plan->steps, index);
  CallData *data = g_new0 (CallData, 1);
  Collecting collecting = { program->plan, terms, data };
  g_autoptr (GArray) operands = g_array_new (FALSE, FALSE, sizeof (LfbOperand));

  data->step = step;
  data->slots = g_array_new (FALSE, FALSE, sizeof (ReadSlot));
  g_array_set_clear_func (data->slots, clear_slot);
  collect_args (&collecting, step->args, step->n_args);
  collect_args (&collecting, step->values, step->n_values);
  for (guint i = 0; i < data->slots->len; i++)
    add_operands (operands, g_array_index (data->slots, ReadSlot, i).term);

  return lfb_program_add_instr (program, &call_type, index, NULL, (const LfbOperand *) operands->data, operands->len, data);
}

/* A term that describes @value, with a place for each of its tensors; one place
 * for all if it is another one in each run.
 */
static LfbTerm *
describe (LfbProgram *program,
          LfbInstr   *instr,
          LfbValue   *value,
          gboolean    unstable)
{
  LfbValueKind kind = lfb_value_get_kind (value);
  LfbOperand operand;
  LfbTerm *other;

  if (!unstable && (kind == LFB_VALUE_KIND_LIST || kind == LFB_VALUE_KIND_TUPLE))
    {
      LfbTerm *term = lfb_term_new_items (kind == LFB_VALUE_KIND_TUPLE);

      for (gsize i = 0; i < lfb_value_get_n_items (value); i++)
        g_ptr_array_add (term->items, describe (program, instr, lfb_value_get_item (value, i), unstable));
      return term;
    }
  if (!unstable && kind == LFB_VALUE_KIND_TENSOR && lfb_operand_init_tensor (&operand, lfb_value_get_tensor (value)))
    {
      operand.region = lfb_program_add_region (program, LFB_REGION_RESULT, 0);
      lfb_program_region (program, operand.region)->index = program->n_values++;
      lfb_program_region (program, operand.region)->whole = operand;
      if (instr->results == NULL)
        instr->results = g_array_new (FALSE, FALSE, sizeof (guint));
      g_array_append_val (instr->results, operand.region);
      return lfb_term_new_tensor (&operand);
    }

  other = lfb_term_new_value (program->n_values++);
  other->changeable = lfb_value_is_changeable (value);

  return other;
}

LfbTerm *
lfb_instr_call_record (LfbProgram  *program,
                       LfbInstr    *instr,
                       LfbFrame    *frame,
                       gboolean     unstable,
                       GError     **error)
{
  CallData *data = instr->data;
  g_autoptr (GPtrArray) slots = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);
  g_autoptr (LfbValue) result = call (program, data, frame, slots, error);

  if (result == NULL)
    {
      g_prefix_error (error, "node `%s` (%s): ", data->step->node, lfb_callable_get_name (data->step->callable));
      return NULL;
    }

  /* A term for what is to come; the frame has to have places for it. */
  data->result = describe (program, instr, result, unstable);
  if (keeps_arguments (data->result, result))
    {
      data->owned = TRUE;
      g_ptr_array_set_size (slots, 0);
      lfb_value_unref (result);
      result = call (program, data, frame, slots, error);
      if (result == NULL)
        return NULL;
    }
  frame->bases = g_renew (guint8 *, frame->bases, MAX (program->regions->len, 1));
  frame->values = g_renew (LfbValue *, frame->values, MAX (program->n_values, 1));
  if (!store (program, frame, data->result, result, slots, error))
    return NULL;

  return lfb_term_ref (data->result);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Running a program: one instruction after the other on a frame, which has the
 * memory of that run. Frames are kept, so that a run allocates its outputs alone.
 */

#include <lowerfb/run/program/lfb-program-private.h>
#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-memory-private.h>

#include <stdlib.h>
#include <string.h>

/* More runs at once than this allocate frames of their own: many callers may come
 * once, and what they needed would never be used again. */
#define MAX_FRAMES 4

void
lfb_frame_free (LfbFrame *self)
{
  free (self->arena);
  g_free (self->bases);
  g_free (self->values);
  g_free (self);
}

/* NULL if there is too little memory. */
static LfbFrame *
frame_new (const LfbProgram *program)
{
  LfbFrame *self = g_new0 (LfbFrame, 1);

  self->bases = g_new0 (guint8 *, MAX (program->regions->len, 1));
  self->values = g_new0 (LfbValue *, MAX (program->n_values, 1));
  self->arena = lfb_try_alloc_aligned (program->arena_size, 1, NULL);
  if (self->arena == NULL)
    {
      lfb_frame_free (self);
      return NULL;
    }

  for (guint i = 0; i < program->regions->len; i++)
    {
      const LfbRegion *region = lfb_program_region (program, i);

      if (region->kind == LFB_REGION_ARENA)
        self->bases[i] = self->arena + region->offset;
      else if (region->kind == LFB_REGION_CONSTANT)
        self->bases[i] = (guint8 *) lfb_tensor_get_data (region->constant, NULL);
    }

  return self;
}

static LfbFrame *
take_frame (LfbProgram *self)
{
  LfbFrame *frame = NULL;

  g_mutex_lock (&self->lock);
  if (self->shelf->len > 0)
    frame = g_ptr_array_steal_index_fast (self->shelf, self->shelf->len - 1);
  g_mutex_unlock (&self->lock);

  return frame != NULL ? frame : frame_new (self);
}

/* What the run left in it goes, and all of it where enough are kept. */
static void
put_frame (LfbProgram *self,
           LfbFrame   *frame)
{
  for (gsize i = 0; i < self->n_values; i++)
    g_clear_pointer (&frame->values[i], lfb_value_unref);
  for (guint i = 0; i < self->regions->len; i++)
    if (lfb_program_region (self, i)->kind == LFB_REGION_OUTPUT)
      g_clear_pointer (&frame->bases[i], free);

  g_mutex_lock (&self->lock);
  if (self->shelf->len < MAX_FRAMES)
    g_ptr_array_add (self->shelf, g_steal_pointer (&frame));
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&frame, lfb_frame_free);
}

/* Memory of outputs, and the caller's. FALSE if there is too little. */
static gboolean
fill_frame (const LfbProgram *self,
            LfbFrame         *frame)
{
  for (guint i = 0; i < self->regions->len; i++)
    {
      const LfbRegion *region = lfb_program_region (self, i);

      if (region->kind == LFB_REGION_INPUT)
        frame->bases[i] = (guint8 *) lfb_tensor_get_data (frame->inputs[region->index], NULL);
      else if (region->kind == LFB_REGION_OUTPUT)
        frame->bases[i] = lfb_try_alloc_aligned (region->size, 1, NULL);
      else
        continue;
      if (frame->bases[i] == NULL && region->kind == LFB_REGION_OUTPUT)
        return FALSE;
    }

  return TRUE;
}

static LfbTensor *
tensor_of (const LfbOperand  *operand,
           GBytes            *bytes,
           GError           **error)
{
  g_autoptr (LfbTensor) plain = NULL;

  plain = lfb_tensor_new_for_bytes (lfb_dtype_get_storage (operand->dtype), operand->shape, operand->n_dims, bytes, error);
  if (plain == NULL || !lfb_dtype_is_quantized (operand->dtype))
    return g_steal_pointer (&plain);

  return lfb_tensor_new_quantized (plain, operand->scale, operand->zero_point, operand->dtype, error);
}

/* The tensor that all of the operand is, if there is one. */
static LfbTensor *
whole_tensor (const LfbProgram *program,
              const LfbFrame   *frame,
              const LfbOperand *operand)
{
  const LfbRegion *region = lfb_program_region (program, operand->region);
  LfbTensor *tensor = NULL;
  LfbOperand own;

  if (region->kind == LFB_REGION_INPUT)
    tensor = frame->inputs[region->index];
  else if (region->kind == LFB_REGION_CONSTANT)
    tensor = region->constant;
  else if (region->kind == LFB_REGION_RESULT)
    tensor = lfb_value_get_tensor (frame->values[region->index]);
  if (tensor == NULL || !lfb_operand_init_tensor (&own, tensor) || operand->offset != 0 ||
      !lfb_operand_equal_meta (&own, operand) || !lfb_operand_is_row_major (operand))
    return NULL;

  return tensor;
}

/* An operand that lies row-major as a tensor, on its own memory. */
static LfbTensor *
borrow (const LfbProgram  *program,
        LfbFrame          *frame,
        const LfbOperand  *operand,
        GError           **error)
{
  LfbTensor *whole = whole_tensor (program, frame, operand);
  g_autoptr (GBytes) bytes = NULL;

  if (whole != NULL)
    return g_object_ref (whole);

  g_assert (lfb_operand_is_row_major (operand));
  bytes = g_bytes_new_static (lfb_frame_data (frame, operand),
                              lfb_operand_n_elements (operand) * lfb_operand_item_size (operand));

  return tensor_of (operand, bytes, error);
}

static LfbTensor *
copy_operand (const LfbProgram  *program,
              LfbFrame          *frame,
              const LfbOperand  *operand,
              GError           **error)
{
  g_autoptr (LfbTensor) borrowed = NULL;

  if (whole_tensor (program, frame, operand) != NULL)
    return g_object_ref (whole_tensor (program, frame, operand));
  borrowed = borrow (program, frame, operand, error);

  return borrowed != NULL ? lfb_tensor_copy_memory (borrowed, error) : NULL;
}

/* The same as a tensor that outlives the frame. */
static LfbTensor *
take_output (const LfbProgram  *program,
             LfbFrame          *frame,
             const LfbOperand  *operand,
             GError           **error)
{
  LfbTensor *whole = whole_tensor (program, frame, operand);
  gsize size = lfb_operand_n_elements (operand) * lfb_operand_item_size (operand);
  g_autoptr (GBytes) bytes = NULL;
  gpointer data;

  if (whole != NULL)
    return g_object_ref (whole);

  g_assert (lfb_program_region (program, operand->region)->kind == LFB_REGION_OUTPUT);
  data = g_steal_pointer (&frame->bases[operand->region]);
  bytes = g_bytes_new_with_free_func (data, size, free, data);

  return tensor_of (operand, bytes, error);
}

typedef LfbTensor *(*ReadTensor) (const LfbProgram  *program,
                                  LfbFrame          *frame,
                                  const LfbOperand  *operand,
                                  GError           **error);

static LfbValue *
read_term (const LfbProgram  *program,
           LfbFrame          *frame,
           const LfbTerm     *term,
           ReadTensor         read,
           GError           **error)
{
  g_autoptr (GPtrArray) items = NULL;

  switch (term->kind)
    {
    case LFB_TERM_CONSTANT:
      return lfb_value_ref (term->constant);
    case LFB_TERM_VALUE:
      return lfb_value_ref (frame->values[term->value]);
    case LFB_TERM_TENSOR:
      return lfb_value_take_tensor (read (program, frame, &term->operand, error));
    case LFB_TERM_ITEMS:
    default:
      break;
    }

  items = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);
  for (guint i = 0; i < term->items->len; i++)
    {
      LfbValue *value = read_term (program, frame, g_ptr_array_index (term->items, i), read, error);

      if (value == NULL)
        return NULL;
      g_ptr_array_add (items, value);
    }

  return term->tuple ? lfb_value_for_tuple ((LfbValue **) items->pdata, items->len)
                     : lfb_value_for_list ((LfbValue **) items->pdata, items->len);
}

LfbValue *
lfb_frame_read_term (const LfbProgram  *program,
                     LfbFrame          *self,
                     const LfbTerm     *term,
                     GError           **error)
{
  return read_term (program, self, term, borrow, error);
}

LfbValue *
lfb_frame_copy_term (const LfbProgram  *program,
                     LfbFrame          *self,
                     const LfbTerm     *term,
                     GError           **error)
{
  return read_term (program, self, term, copy_operand, error);
}

LfbValue *
lfb_frame_take_output (const LfbProgram  *program,
                       LfbFrame          *self,
                       GError           **error)
{
  return read_term (program, self, program->output, take_output, error);
}

static void
drop_value (LfbFrame *self,
            gsize     index)
{
  if (self->values[index] == NULL)
    return;
  if (self->runtime->memory != NULL)
    lfb_memory_remove (self->runtime->memory, self->values[index]);
  g_clear_pointer (&self->values[index], lfb_value_unref);
}

/* Errors of instructions get the name of their node. */
gboolean
lfb_frame_run_instr (const LfbProgram  *program,
                     LfbFrame          *self,
                     const LfbInstr    *instr,
                     GError           **error)
{
  const LfbPlanStep *step;

  if (instr->type->run (program, instr, self, error))
    return TRUE;
  step = g_ptr_array_index (program->plan->steps, instr->step);
  if (self->strayed < 0)
    g_prefix_error (error, "node `%s` (%s): ", step->node, lfb_callable_get_name (step->callable));

  return FALSE;
}

static gboolean
run_instrs (const LfbProgram  *self,
            LfbFrame          *frame,
            LfbPlanTimer       timer,
            gpointer           user_data,
            GError           **error)
{
  guint next = 0;

  for (guint step = 0; step < self->plan->steps->len; step++)
    {
      gint64 begin = timer != NULL ? lfb_plan_now () : 0;

      if (g_cancellable_set_error_if_cancelled (frame->runtime->cancellable, error))
        return FALSE;
      for (; next < self->instrs->len; next++)
        {
          const LfbInstr *instr = g_ptr_array_index (self->instrs, next);

          if (instr->step > step)
            break;
          if (!lfb_frame_run_instr (self, frame, instr, error))
            return FALSE;
          for (guint i = 0; instr->dead != NULL && i < instr->dead->len; i++)
            drop_value (frame, g_array_index (instr->dead, gsize, i));
        }
      if (timer != NULL)
        timer (step, lfb_plan_now () - begin, user_data);
    }
  for (; next < self->instrs->len; next++)
    if (!lfb_frame_run_instr (self, frame, g_ptr_array_index (self->instrs, next), error))
      return FALSE;

  return TRUE;
}

LfbValue *
lfb_program_run (LfbProgram        *self,
                 const LfbRuntime  *runtime,
                 LfbTensor        **inputs,
                 LfbPlanTimer       timer,
                 gpointer           user_data,
                 gssize            *strayed,
                 GError           **error)
{
  LfbFrame *frame = take_frame (self);
  gint64 begin = g_get_monotonic_time ();
  LfbValue *result = NULL;

  *strayed = -1;
  if (frame == NULL)
    return NULL;

  frame->runtime = runtime;
  frame->inputs = inputs;
  frame->strayed = -1;
  lfb_threads_expect (runtime->threads, 1e3 * g_atomic_int_get (&self->took));
  if (fill_frame (self, frame) && run_instrs (self, frame, timer, user_data, error))
    result = lfb_frame_take_output (self, frame, error);
  *strayed = frame->strayed;
  put_frame (self, frame);
  g_atomic_int_set (&self->took, MIN (g_get_monotonic_time () - begin, G_MAXINT));

  return result;
}

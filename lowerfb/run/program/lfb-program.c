/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-program-private.h: terms, and making and freeing programs. */

#include <lowerfb/run/program/lfb-program-private.h>

#include <stdlib.h>

static LfbTerm *
term_new (LfbTermKind kind)
{
  LfbTerm *self = g_rc_box_new0 (LfbTerm);

  self->kind = kind;

  return self;
}

LfbTerm *
lfb_term_new_constant (LfbValue *value)
{
  LfbTerm *self = term_new (LFB_TERM_CONSTANT);

  self->constant = lfb_value_ref (value);

  return self;
}

LfbTerm *
lfb_term_new_tensor (const LfbOperand *operand)
{
  LfbTerm *self = term_new (LFB_TERM_TENSOR);

  self->operand = *operand;

  return self;
}

LfbTerm *
lfb_term_new_items (gboolean tuple)
{
  LfbTerm *self = term_new (LFB_TERM_ITEMS);

  self->items = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_term_unref);
  self->tuple = tuple;

  return self;
}

LfbTerm *
lfb_term_new_value (gsize value)
{
  LfbTerm *self = term_new (LFB_TERM_VALUE);

  self->value = value;

  return self;
}

LfbTerm *
lfb_term_ref (LfbTerm *self)
{
  return g_rc_box_acquire (self);
}

static void
term_clear (gpointer data)
{
  LfbTerm *self = data;

  g_clear_pointer (&self->constant, lfb_value_unref);
  g_clear_pointer (&self->items, g_ptr_array_unref);
}

void
lfb_term_unref (LfbTerm *self)
{
  g_rc_box_release_full (self, term_clear);
}

void
lfb_instr_free (LfbInstr *self)
{
  if (self->data != NULL && self->type->free != NULL)
    self->type->free (self->data);
  g_clear_pointer (&self->results, g_array_unref);
  g_clear_pointer (&self->dead, g_array_unref);
  g_free (self->x);
  g_free (self);
}

static void
region_free (LfbRegion *self)
{
  g_clear_object (&self->constant);
  g_free (self);
}

LfbProgram *
lfb_program_alloc (const LfbPlan *plan)
{
  LfbProgram *self = g_new0 (LfbProgram, 1);

  self->plan = plan;
  self->inputs = g_array_new (FALSE, FALSE, sizeof (LfbOperand));
  self->regions = g_ptr_array_new_with_free_func ((GDestroyNotify) region_free);
  self->instrs = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_instr_free);
  self->shelf = g_ptr_array_new ();
  g_mutex_init (&self->lock);
  g_atomic_ref_count_init (&self->ref_count);

  return self;
}

LfbProgram *
lfb_program_ref (LfbProgram *self)
{
  g_atomic_ref_count_inc (&self->ref_count);

  return self;
}

void
lfb_program_unref (LfbProgram *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  for (guint i = 0; i < self->shelf->len; i++)
    lfb_frame_free (g_ptr_array_index (self->shelf, i));
  g_ptr_array_unref (self->shelf);
  g_ptr_array_unref (self->instrs);
  g_ptr_array_unref (self->regions);
  g_array_unref (self->inputs);
  g_clear_pointer (&self->output, lfb_term_unref);
  g_mutex_clear (&self->lock);
  g_free (self);
}

gboolean
lfb_program_fits (const LfbProgram  *self,
                  LfbTensor        **inputs,
                  gsize              n_inputs)
{
  if (n_inputs != self->inputs->len)
    return FALSE;
  for (gsize i = 0; i < n_inputs; i++)
    {
      LfbOperand operand;

      if (!lfb_operand_init_tensor (&operand, inputs[i]) ||
          !lfb_operand_equal_meta (&operand, &g_array_index (self->inputs, LfbOperand, i)))
        return FALSE;
    }

  return TRUE;
}

guint
lfb_program_add_region (LfbProgram    *self,
                        LfbRegionKind  kind,
                        gsize          size)
{
  LfbRegion *region = g_new0 (LfbRegion, 1);

  region->kind = kind;
  region->size = size;
  g_ptr_array_add (self->regions, region);

  return self->regions->len - 1;
}

LfbRegion *
lfb_program_region (const LfbProgram *self,
                    guint             region)
{
  return g_ptr_array_index (self->regions, region);
}

/* Takes @data. @y is %NULL if it writes to no operand. */
LfbInstr *
lfb_program_add_instr (LfbProgram          *self,
                       const LfbInstrType  *type,
                       gsize                step,
                       const LfbOperand    *y,
                       const LfbOperand    *x,
                       gsize                n_x,
                       gpointer             data)
{
  LfbInstr *instr = g_new0 (LfbInstr, 1);

  instr->type = type;
  instr->step = step;
  if (y != NULL)
    {
      instr->y = *y;
      instr->writes = TRUE;
    }
  instr->x = g_memdup2 (x, n_x * sizeof *x);
  instr->n_x = n_x;
  instr->data = data;
  g_ptr_array_add (self->instrs, instr);

  return instr;
}

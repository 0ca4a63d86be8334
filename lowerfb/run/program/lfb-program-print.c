/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A program as text: a line for each instruction, with what it writes and reads. */

#include <lowerfb/run/program/lfb-program-private.h>

static void
append_operand (GString          *text,
                const LfbProgram *program,
                const LfbOperand *operand)
{
  static const char * const kinds[] = { "", "constant ", "input ", "output ", "result " };
  const LfbRegion *region = lfb_program_region (program, operand->region);
  gsize stride;

  g_string_append_printf (text, "%s%s(", kinds[region->kind], lfb_dtype_to_string (operand->dtype));
  for (gsize i = 0; i < operand->n_dims; i++)
    g_string_append_printf (text, "%s%" G_GINT64_FORMAT, i > 0 ? "x" : "", operand->shape[i]);
  g_string_append_c (text, ')');
  if (lfb_operand_is_row_major (operand))
    ;
  else if (lfb_operand_is_pixels (operand, &stride))
    g_string_append_printf (text, " pixels of %" G_GSIZE_FORMAT, stride);
  else
    g_string_append (text, " strided");
  if (region->kind == LFB_REGION_ARENA)
    g_string_append_printf (text, " at %" G_GSIZE_FORMAT,
                            region->offset + operand->offset * lfb_operand_item_size (operand));
}

static void
append_instr (GString          *text,
              const LfbProgram *program,
              const LfbInstr   *instr)
{
  const char *node = "output";

  if (instr->step < program->plan->steps->len)
    node = ((const LfbPlanStep *) g_ptr_array_index (program->plan->steps, instr->step))->node;
  g_string_append_printf (text, "%-28s %-12s ", node, instr->type->name);
  if (instr->writes)
    append_operand (text, program, &instr->y);
  for (gsize i = 0; i < instr->n_x; i++)
    {
      g_string_append (text, i == 0 ? " <- " : ", ");
      append_operand (text, program, &instr->x[i]);
    }
  g_string_append_c (text, '\n');
}

char *
lfb_program_to_text (const LfbProgram *self)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < self->instrs->len; i++)
    append_instr (text, self, g_ptr_array_index (self->instrs, i));

  return g_string_free (text, FALSE);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Dynamic linear layers: from rows of floats to rows of floats. */

#include <lowerfb/run/lfb-emit-private.h>

typedef struct {
  const LfbPackedRows *rows;
  gsize m;
  gboolean reduce_range;
  gboolean relu;
} Dynamic;

static gboolean
run_dynamic (const LfbProgram  *program,
             const LfbInstr    *self,
             LfbFrame          *frame,
             GError           **error)
{
  const Dynamic *dynamic = self->data;
  const LfbDynamicWork work = lfb_dynamic_work_place (dynamic->rows, lfb_frame_data (frame, &self->x[1]));

  return lfb_packed_rows_work_dynamic (dynamic->rows, frame->runtime, lfb_frame_data (frame, &self->x[0]), dynamic->m,
                                       dynamic->reduce_range, dynamic->relu, &work, lfb_frame_data (frame, &self->y), error);
}

static const LfbInstrType dynamic_instr = { "dynamic", run_dynamic, g_free, FALSE };

LfbEmitted
lfb_emit_dynamic (LfbEmit              *self,
                  const LfbPackedRows  *rows,
                  const LfbOperand     *input,
                  gboolean              reduce_range,
                  gboolean              relu,
                  GError              **error)
{
  LfbOperand x[2] = { *input }, y = { .dtype = LFB_DTYPE_FLOAT32 };
  Dynamic *dynamic;
  gsize m;

  if (input->dtype != LFB_DTYPE_FLOAT32)
    return LFB_EMITTED_NOTHING;
  if (!lfb_linear_shape ("input", input->shape, input->n_dims, rows->n, rows->k, y.shape, &m, error))
    return LFB_EMITTED_ERROR;

  dynamic = g_new (Dynamic, 1);
  *dynamic = (Dynamic) { rows, m, reduce_range, relu };
  y.n_dims = input->n_dims;
  lfb_emit_row_major (self, &x[0]);
  lfb_operand_set_row_major (&y);
  lfb_emit_allocate (self, &y);
  lfb_emit_work (self, lfb_dynamic_work_size (rows, m), &x[1]);
  lfb_emit_instr (self, &dynamic_instr, &y, x, 2, dynamic);

  return lfb_emit_return (self, &y);
}

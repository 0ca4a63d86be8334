/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Static linear layers: from rows to rows. */

#include <lowerfb/run/emit/lfb-product-private.h>
#include <lowerfb/run/lfb-emit-private.h>

#include <string.h>

static gboolean
run_rows (const LfbProgram  *program,
          const LfbInstr    *self,
          LfbFrame          *frame,
          GError           **error)
{
  const LfbProduct *product = self->data;

  return lfb_packed_rows_run_u8 (product->rows, frame->runtime, lfb_frame_data (frame, &self->x[0]), product->batch,
                                 &product->output, lfb_frame_data (frame, &self->y), error);
}

const LfbInstrType lfb_rows_instr = { "linear", run_rows, lfb_product_free, FALSE };

LfbEmitted
lfb_emit_rows (LfbEmit              *self,
               const LfbPackedRows  *rows,
               const LfbOperand     *input,
               double                scale,
               gint64                zero_point,
               gboolean              relu,
               GError              **error)
{
  LfbOperand x = *input, y = { .dtype = LFB_DTYPE_QUINT8, .scale = scale, .zero_point = zero_point };
  g_autofree LfbProduct *product = NULL;
  gsize m;

  if (rows->packed == NULL || input->dtype != LFB_DTYPE_QUINT8)
    return LFB_EMITTED_NOTHING;

  product = g_new0 (LfbProduct, 1);
  if (!lfb_linear_shape ("input", x.shape, x.n_dims, rows->n, rows->k, y.shape, &m, error) ||
      !lfb_output_stage_init (&product->stage, &rows->params, x.scale, scale, error))
    return LFB_EMITTED_ERROR;
  product->rows = rows;
  product->batch = m;
  product->output = (LfbRequantize) {
    .multiplier = product->stage.multiplier, .bias = product->stage.bias, .x_zero_point = x.zero_point,
    .y_zero_point = zero_point, .y_min = relu ? zero_point : 0, .y_max = 255,
  };

  y.n_dims = x.n_dims;
  lfb_emit_row_major (self, &x);
  lfb_operand_set_row_major (&y);
  lfb_emit_allocate (self, &y);
  lfb_emit_instr (self, &lfb_rows_instr, &y, &x, 1, g_steal_pointer (&product));

  return lfb_emit_return (self, &y);
}

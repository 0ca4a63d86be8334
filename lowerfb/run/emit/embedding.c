/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Embeddings and bags of them: rows of a constant table by indices of the run. */

#include <lowerfb/run/emit/lfb-embedding-private.h>

#include <string.h>

void
lfb_embedding_free (LfbEmbeddingCall *self)
{
  lfb_rows_clear (&self->rows);
  g_clear_object (&self->weight);
  g_free (self);
}

static void
free_data (gpointer data)
{
  lfb_embedding_free (data);
}

/* x[0]: indices. */
static gboolean
run_embedding (const LfbProgram  *program,
               const LfbInstr    *self,
               LfbFrame          *frame,
               GError           **error)
{
  const LfbEmbeddingCall *call = self->data;
  const gint64 *indices = lfb_frame_data (frame, &self->x[0]);
  gsize n = lfb_operand_n_elements (&self->x[0]);
  float *y = lfb_frame_data (frame, &self->y);

  if (!lfb_rows_check_indices (call->index_name, indices, n, call->rows.n_rows, error))
    return FALSE;
  if (lfb_rows_have_kernel (&call->rows))
    lfb_rows_run_kernel (&call->rows, frame->runtime, &(const LfbEmbedding) { .indices = indices, .skip = -1 }, n, y);
  else
    for (gsize i = 0; i < n; i++)
      lfb_rows_copy (&call->rows, indices[i], y + i * call->rows.width);

  return TRUE;
}

/* x[0]: indices, x[1]: where bags begin, x[2]: memory for that. */
static gboolean
run_bags (const LfbProgram  *program,
          const LfbInstr    *self,
          LfbFrame          *frame,
          GError           **error)
{
  const LfbEmbeddingCall *call = self->data;
  const gint64 *indices = lfb_frame_data (frame, &self->x[0]);
  gsize n = lfb_operand_n_elements (&self->x[0]), n_starts = lfb_operand_n_elements (&self->x[1]);
  gint64 *bags = lfb_frame_data (frame, &self->x[2]);
  LfbEmbedding all = { .indices = indices, .bags = bags, .skip = call->padding, .mean = call->mean };

  if (!lfb_rows_check_indices (call->index_name, indices, n, call->rows.n_rows, error) ||
      !lfb_rows_fill_bags (lfb_frame_data (frame, &self->x[1]), n_starts, n, call->last_offset, bags, error))
    return FALSE;
  lfb_rows_run_kernel (&call->rows, frame->runtime, &all, n_starts - (call->last_offset ? 1 : 0), lfb_frame_data (frame, &self->y));

  return TRUE;
}

static const LfbInstrType embedding_instr = { "embedding", run_embedding, free_data, FALSE };
static const LfbInstrType bags_instr = { "bags", run_bags, free_data, FALSE };

LfbEmitted
lfb_emit_embedding (LfbEmit          *self,
                    LfbEmbeddingCall *call,
                    const LfbOperand *indices)
{
  LfbOperand x = *indices, y = { .dtype = LFB_DTYPE_FLOAT32 };

  y.n_dims = x.n_dims + 1;
  memcpy (y.shape, x.shape, x.n_dims * sizeof *x.shape);
  y.shape[x.n_dims] = call->rows.width;
  lfb_emit_row_major (self, &x);
  lfb_operand_set_row_major (&y);
  lfb_emit_allocate (self, &y);
  lfb_emit_instr (self, &embedding_instr, &y, &x, 1, call);

  return lfb_emit_return (self, &y);
}

LfbEmitted
lfb_emit_bags (LfbEmit          *self,
               LfbEmbeddingCall *call,
               const LfbOperand *indices,
               const LfbOperand *starts)
{
  LfbOperand x[3] = { *indices, *starts }, y = { .dtype = LFB_DTYPE_FLOAT32, .n_dims = 2 };
  gsize n_starts = lfb_operand_n_elements (starts);

  y.shape[0] = n_starts - (call->last_offset ? 1 : 0);
  y.shape[1] = call->rows.width;
  lfb_emit_row_major (self, &x[0]);
  lfb_emit_row_major (self, &x[1]);
  lfb_emit_work (self, (n_starts + 1) * sizeof (gint64), &x[2]);
  lfb_operand_set_row_major (&y);
  lfb_emit_allocate (self, &y);
  lfb_emit_instr (self, &bags_instr, &y, x, 3, call);

  return lfb_emit_return (self, &y);
}

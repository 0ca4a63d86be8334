/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* softmax and its kin of float32, row-major: blocks of lines along a dimension. */

#include <lowerfb/run/emit/lfb-floats-private.h>
#include <lowerfb/run/lfb-emit-private.h>

/* Elements that one thread takes at least. */
#define GRAIN 8192

typedef struct {
  LfbSoftmaxKind kind;
  gsize n;
  gsize inner;
} Lines;

typedef struct {
  const LfbRuntime *runtime;
  const Lines *lines;
  const float *x;
  float *y;
} LinesJob;

static void
run_blocks (gsize    begin,
            gsize    end,
            gpointer user_data)
{
  const LinesJob *job = user_data;
  gsize size = job->lines->n * job->lines->inner;

  for (gsize i = begin; i < end; i++)
    job->runtime->kernels.softmax.run (job->x + i * size, job->y + i * size, job->lines->n, job->lines->inner, job->lines->kind);
}

static gboolean
run_softmax (const LfbProgram  *program,
             const LfbInstr    *self,
             LfbFrame          *frame,
             GError           **error)
{
  const Lines *lines = self->data;
  LinesJob job = { frame->runtime, lines, lfb_frame_data (frame, &self->x[0]), lfb_frame_data (frame, &self->y) };
  gsize size = lines->n * lines->inner;

  lfb_runtime_parallel (frame->runtime, lfb_operand_n_elements (&self->y) / size, MAX (GRAIN / size, 1), run_blocks, &job);

  return TRUE;
}

const LfbInstrType lfb_softmax_instr = { "softmax", run_softmax, g_free, FALSE, TRUE };

LfbEmitted
lfb_emit_softmax (LfbEmit          *self,
                  LfbSoftmaxKind    kind,
                  const LfbOperand *input,
                  gsize             dim)
{
  LfbOperand x = *input, y = *input;
  Lines *lines;

  if (x.dtype != LFB_DTYPE_FLOAT32 || lfb_operand_n_elements (&x) == 0)
    return LFB_EMITTED_NOTHING;

  lines = g_new (Lines, 1);
  *lines = (Lines) { kind, x.n_dims > 0 ? x.shape[dim] : 1, 1 };
  for (gsize i = dim + 1; i < x.n_dims; i++)
    lines->inner *= x.shape[i];
  lfb_emit_row_major (self, &x);
  lfb_operand_set_row_major (&y);
  lfb_emit_allocate (self, &y);
  lfb_emit_instr (self, &lfb_softmax_instr, &y, &x, 1, lines);

  return lfb_emit_return (self, &y);
}

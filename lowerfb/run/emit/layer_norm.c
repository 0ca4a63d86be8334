/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Layer normalization of float32, row-major: groups of neighbouring elements. */

#include <lowerfb/run/emit/lfb-floats-private.h>
#include <lowerfb/run/lfb-emit-private.h>

/* Elements that one thread takes at least. */
#define GRAIN 16384

typedef struct {
  gsize length;
  float *gamma;
  float *beta;
  double eps;
} Groups;

typedef struct {
  const LfbRuntime *runtime;
  const Groups *groups;
  const float *x;
  float *y;
} GroupsJob;

static void
groups_free (gpointer data)
{
  Groups *self = data;

  g_free (self->gamma);
  g_free (self->beta);
  g_free (self);
}

static void
run_groups (gsize    begin,
            gsize    end,
            gpointer user_data)
{
  const GroupsJob *job = user_data;
  const Groups *groups = job->groups;

  for (gsize i = begin; i < end; i++)
    job->runtime->kernels.layer_norm.run (job->x + i * groups->length, job->y + i * groups->length, groups->length,
                                          groups->gamma, groups->beta, groups->eps);
}

static gboolean
run_layer_norm (const LfbProgram  *program,
                const LfbInstr    *self,
                LfbFrame          *frame,
                GError           **error)
{
  const Groups *groups = self->data;
  GroupsJob job = { frame->runtime, groups, lfb_frame_data (frame, &self->x[0]), lfb_frame_data (frame, &self->y) };

  lfb_runtime_parallel (frame->runtime, lfb_operand_n_elements (&self->y) / groups->length,
                        MAX (GRAIN / groups->length, 1), run_groups, &job);

  return TRUE;
}

const LfbInstrType lfb_layer_norm_instr = { "layer norm", run_layer_norm, groups_free, FALSE, TRUE };

LfbEmitted
lfb_emit_layer_norm (LfbEmit          *self,
                     const LfbOperand *input,
                     gsize             length,
                     float            *gamma,
                     float            *beta,
                     double            eps)
{
  LfbOperand x = *input, y = *input;
  Groups *groups = g_new (Groups, 1);

  *groups = (Groups) { length, gamma, beta, eps };
  lfb_emit_row_major (self, &x);
  lfb_operand_set_row_major (&y);
  lfb_emit_allocate (self, &y);
  lfb_emit_instr (self, &lfb_layer_norm_instr, &y, &x, 1, groups);

  return lfb_emit_return (self, &y);
}

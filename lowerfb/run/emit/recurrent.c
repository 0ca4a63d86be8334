/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Recurrent layers: one instruction for all layers, directions and steps, which
 * works in the arena.
 */

#include <lowerfb/run/emit/lfb-recurrent-emit-private.h>

#include <string.h>

/* What the instruction has in x. */
enum {
  INPUT,
  WORK,
  H,                     /* states, which it leaves at the last step */
  C,
  FIRST,                 /* sequences between layers, by turns */
  SECOND,
  H0,
  C0,
  N_OPERANDS,
};

typedef struct {
  LfbRecurrent recurrent;
  gsize steps;
  gsize batch;
  gboolean starts_h;     /* at H0, else with zeros */
  gboolean starts_c;
} Run;

static void
start_state (gboolean       given,
             gconstpointer  from,
             gpointer       state,
             gsize          size)
{
  if (given)
    memcpy (state, from, size);
  else
    memset (state, 0, size);
}

static gboolean
run_layer (const Run               *run,
           const LfbRuntime        *runtime,
           gsize                    first,
           const float             *x,
           float                   *h,
           float                   *c,
           float                   *y,
           gpointer                 memory,
           GError                 **error)
{
  const LfbRecurrent *recurrent = &run->recurrent;

  for (gsize d = 0; d < recurrent->n_directions; d++)
    {
      const LfbRecurrentLayer *layer = g_ptr_array_index (recurrent->layers, first + d);
      const LfbRecurrentWork work = lfb_recurrent_work_place (layer, run->steps, run->batch, memory);

      if (!lfb_recurrent_layer_work (layer, recurrent->kind, runtime, x, run->steps, run->batch, d == 1,
                                     h + (first + d) * run->batch * layer->output, c + (first + d) * run->batch * layer->hidden,
                                     y != NULL ? y + d * layer->output : NULL, layer->output * recurrent->n_directions,
                                     &work, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
run_recurrent (const LfbProgram  *program,
               const LfbInstr    *self,
               LfbFrame          *frame,
               GError           **error)
{
  const Run *run = self->data;
  gsize n_layers = run->recurrent.layers->len, n_directions = run->recurrent.n_directions;
  float *h = lfb_frame_data (frame, &self->x[H]), *c = lfb_frame_data (frame, &self->x[C]);
  const float *x = lfb_frame_data (frame, &self->x[INPUT]);

  start_state (run->starts_h, lfb_frame_data (frame, &self->x[H0]), h, lfb_operand_n_elements (&self->x[H]) * sizeof *h);
  start_state (run->starts_c, lfb_frame_data (frame, &self->x[C0]), c, lfb_operand_n_elements (&self->x[C]) * sizeof *c);

  for (gsize i = 0; i < n_layers; i += n_directions)
    {
      float *y = NULL;

      if (i + n_directions < n_layers)
        y = lfb_frame_data (frame, &self->x[i / n_directions % 2 == 0 ? FIRST : SECOND]);
      else if (self->writes)
        y = lfb_frame_data (frame, &self->y);
      if (!run_layer (run, frame->runtime, i, x, h, c, y, lfb_frame_data (frame, &self->x[WORK]), error))
        {
          if (!run->recurrent.cell)
            g_prefix_error (error, "layer %u: ", (guint) (i / n_directions));
          return FALSE;
        }
      x = y;
    }

  return TRUE;
}

static const LfbInstrType recurrent_instr = { "recurrent", run_recurrent, g_free, FALSE };

static void
swap_first (LfbOperand *operand)
{
  gint64 size = operand->shape[0], stride = operand->strides[0];

  operand->shape[0] = operand->shape[1];
  operand->strides[0] = operand->strides[1];
  operand->shape[1] = size;
  operand->strides[1] = stride;
}

/* The most bytes that one layer works on; FALSE if shapes do not fit. */
static gboolean
find_work (const LfbRecurrent *recurrent,
           gsize               features,
           gsize               steps,
           gsize               batch,
           gsize              *size)
{
  *size = 0;
  for (guint i = 0; i < recurrent->layers->len; i++)
    {
      const LfbRecurrentLayer *layer = g_ptr_array_index (recurrent->layers, i);
      const LfbRecurrentLayer *before = g_ptr_array_index (recurrent->layers, i - i % recurrent->n_directions);
      gsize own = lfb_recurrent_work_size (layer, steps, batch);

      if (i >= recurrent->n_directions)
        {
          before = g_ptr_array_index (recurrent->layers, i - i % recurrent->n_directions - 1);
          features = before->output * recurrent->n_directions;
        }
      if (layer->input.k != features || layer->output != before->output || layer->hidden != before->hidden || own >= G_MAXSSIZE)
        return FALSE;
      *size = MAX (*size, own);
    }

  return TRUE;
}

static void
allocate (LfbEmit    *self,
          LfbOperand *operand)
{
  lfb_operand_set_row_major (operand);
  lfb_emit_allocate (self, operand);
}

static gsize
n_elements_of (const LfbOperand *operand)
{
  return operand != NULL ? lfb_operand_n_elements (operand) : 0;
}

/* States as the operator returns them. */
static LfbTerm *
states_term (const LfbRecurrent *recurrent,
             const LfbOperand   *x)
{
  LfbTerm *both;

  if (recurrent->kind->type != LFB_CELL_LSTM)
    return lfb_term_new_tensor (&x[H]);

  both = lfb_term_new_items (TRUE);
  g_ptr_array_add (both->items, lfb_term_new_tensor (&x[H]));
  g_ptr_array_add (both->items, lfb_term_new_tensor (&x[C]));

  return both;
}

LfbEmitted
lfb_emit_recurrent (LfbEmit            *self,
                    const LfbRecurrent *recurrent,
                    const LfbOperand   *input,
                    const LfbOperand   *h0,
                    const LfbOperand   *c0)
{
  const LfbRecurrentLayer *layer = g_ptr_array_index (recurrent->layers, 0);
  gboolean batched = input->n_dims == (recurrent->cell ? 2 : 3);
  LfbOperand x[N_OPERANDS] = { *input }, y = { .dtype = LFB_DTYPE_FLOAT32 }, state = { .dtype = LFB_DTYPE_FLOAT32 };
  gsize steps, batch, work, n_dims = 0;
  Run *run;

  if (batched && recurrent->batch_first)
    swap_first (&x[INPUT]);
  steps = recurrent->cell ? 1 : x[INPUT].shape[0];
  batch = batched ? x[INPUT].shape[input->n_dims - 2] : 1;
  if (steps == 0 || batch == 0 || !find_work (recurrent, input->shape[input->n_dims - 1], steps, batch, &work))
    return LFB_EMITTED_NOTHING;

  if (!recurrent->cell)
    state.shape[n_dims++] = recurrent->layers->len;
  if (batched)
    state.shape[n_dims++] = batch;
  state.n_dims = n_dims + 1;
  x[H] = x[C] = state;
  x[H].shape[n_dims] = layer->output;
  x[C].shape[n_dims] = layer->hidden;
  if ((h0 != NULL && n_elements_of (h0) != n_elements_of (&x[H])) || (c0 != NULL && n_elements_of (c0) != n_elements_of (&x[C])))
    return LFB_EMITTED_NOTHING;

  lfb_emit_row_major (self, &x[INPUT]);
  lfb_emit_work (self, work, &x[WORK]);
  allocate (self, &x[H]);
  allocate (self, &x[C]);
  y.n_dims = 3;
  y.shape[0] = steps;
  y.shape[1] = batch;
  y.shape[2] = layer->output * recurrent->n_directions;
  x[FIRST] = x[SECOND] = y;
  x[FIRST].shape[0] = recurrent->layers->len > recurrent->n_directions ? steps : 0;
  x[SECOND].shape[0] = recurrent->layers->len > 2 * recurrent->n_directions ? steps : 0;
  allocate (self, &x[FIRST]);
  allocate (self, &x[SECOND]);
  x[H0] = h0 != NULL ? *h0 : x[H];
  x[C0] = c0 != NULL ? *c0 : x[C];
  lfb_emit_row_major (self, &x[H0]);
  lfb_emit_row_major (self, &x[C0]);
  if (!recurrent->cell)
    allocate (self, &y);

  run = g_new (Run, 1);
  *run = (Run) { *recurrent, steps, batch, h0 != NULL, c0 != NULL };
  lfb_emit_instr (self, &recurrent_instr, recurrent->cell ? NULL : &y, x, N_OPERANDS, run);

  if (recurrent->cell)
    {
      self->result = states_term (recurrent, x);
      return LFB_EMITTED;
    }
  if (!batched)
    lfb_operand_reshape (&y, (const gint64[2]) { steps, y.shape[2] }, 2);
  else if (recurrent->batch_first)
    swap_first (&y);
  self->result = lfb_term_new_items (TRUE);
  g_ptr_array_add (self->result->items, lfb_term_new_tensor (&y));
  g_ptr_array_add (self->result->items, states_term (recurrent, x));

  return LFB_EMITTED;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Into 8-bit integers and back, in the order in which the elements lie. Floats that
 * are only quantized again are not made: what becomes of a byte is in a table.
 */

#include <lowerfb/run/program/lfb-trace-private.h>

/* Elements that take about 2 microseconds. */
#define GRAIN 16384

typedef struct {
  const LfbRuntime *runtime;
  const LfbOperand *q;
  gconstpointer from;
  gpointer to;
} QuantizeJob;

static void
quantize_range (gsize    begin,
                gsize    end,
                gpointer user_data)
{
  const QuantizeJob *job = user_data;
  const LfbKernels *kernels = &job->runtime->kernels;
  const float *x = (const float *) job->from + begin;

  if (job->q->dtype == LFB_DTYPE_QUINT8)
    kernels->quantize_u8.run (x, (guint8 *) job->to + begin, end - begin, job->q->scale, job->q->zero_point);
  else
    kernels->quantize_s8.run (x, (gint8 *) job->to + begin, end - begin, job->q->scale, job->q->zero_point);
}

static void
dequantize_range (gsize    begin,
                  gsize    end,
                  gpointer user_data)
{
  const QuantizeJob *job = user_data;
  const LfbKernels *kernels = &job->runtime->kernels;
  float *x = (float *) job->to + begin;

  if (job->q->dtype == LFB_DTYPE_QUINT8)
    kernels->dequantize_u8.run ((const guint8 *) job->from + begin, x, end - begin, job->q->scale, job->q->zero_point);
  else
    kernels->dequantize_s8.run ((const gint8 *) job->from + begin, x, end - begin, job->q->scale, job->q->zero_point);
}

static gboolean
run_quantize (const LfbProgram  *program,
              const LfbInstr    *self,
              LfbFrame          *frame,
              GError           **error)
{
  QuantizeJob job = { frame->runtime, &self->y, lfb_frame_data (frame, &self->x[0]), lfb_frame_data (frame, &self->y) };

  lfb_runtime_parallel (frame->runtime, lfb_operand_n_elements (&self->y), GRAIN, quantize_range, &job);

  return TRUE;
}

static gboolean
run_dequantize (const LfbProgram  *program,
                const LfbInstr    *self,
                LfbFrame          *frame,
                GError           **error)
{
  QuantizeJob job = { frame->runtime, &self->x[0], lfb_frame_data (frame, &self->x[0]), lfb_frame_data (frame, &self->y) };

  lfb_runtime_parallel (frame->runtime, lfb_operand_n_elements (&self->y), GRAIN, dequantize_range, &job);

  return TRUE;
}

static const LfbInstrType quantize_instr = { "quantize", run_quantize, NULL, FALSE };
static const LfbInstrType dequantize_instr = { "dequantize", run_dequantize, NULL, FALSE };

/* Floats keep their integers as a copy in another type, in the same order. */
static void
note_integers (LfbEmit          *self,
               const LfbOperand *floats,
               const LfbOperand *integers)
{
  LfbCopied copied = { *floats, *integers };

  g_array_append_val (self->trace->copies, copied);
}

gboolean
lfb_emit_integers_of (LfbEmit          *self,
                      const LfbOperand *x,
                      LfbOperand       *q)
{
  const GArray *copies = self->trace->copies;

  for (guint i = 0; i < copies->len; i++)
    {
      const LfbCopied *copied = &g_array_index (copies, LfbCopied, i);

      if (copied->from.region != x->region || copied->to.dtype == x->dtype)
        continue;
      *q = *x;
      q->dtype = copied->to.dtype;
      q->scale = copied->to.scale;
      q->zero_point = copied->to.zero_point;
      q->region = copied->to.region;
      q->offset = x->offset - copied->from.offset + copied->to.offset;
      return TRUE;
    }

  return FALSE;
}

static LfbEmitted
convert (LfbEmit            *self,
         const LfbInstrType *type,
         const LfbOperand   *input,
         LfbOperand         *y)
{
  LfbOperand x = *input;

  if (!lfb_operand_is_dense (&x))
    lfb_emit_row_major (self, &x);
  lfb_operand_set_order (y, &x);
  lfb_emit_allocate (self, y);
  lfb_emit_instr (self, type, y, &x, 1, NULL);
  if (type == &dequantize_instr)
    note_integers (self, y, &x);

  return lfb_emit_return (self, y);
}

/* What dequantizing as @q and quantizing as @y makes of each byte. */
static void
fill_table (const LfbRuntime *runtime,
            const LfbOperand *q,
            const LfbOperand *y,
            guint8           *table)
{
  float floats[256];
  guint8 all[256];
  QuantizeJob dequantize = { runtime, q, all, floats }, quantize = { runtime, y, floats, table };

  for (guint i = 0; i < 256; i++)
    all[i] = i;
  dequantize_range (0, 256, &dequantize);
  quantize_range (0, 256, &quantize);
}

LfbEmitted
lfb_emit_quantize (LfbEmit          *self,
                   const LfbOperand *x,
                   LfbDType          dtype,
                   double            scale,
                   gint64            zero_point)
{
  LfbOperand y = *x, q;
  guint8 table[256];

  y.dtype = dtype;
  y.scale = scale;
  y.zero_point = zero_point;
  if (!lfb_emit_integers_of (self, x, &q))
    return convert (self, &quantize_instr, x, &y);

  fill_table (self->runtime, &q, &y, table);

  return lfb_emit_table (self, &q, &y, table);
}

LfbEmitted
lfb_emit_dequantize (LfbEmit          *self,
                     const LfbOperand *x)
{
  LfbOperand y = *x;

  y.dtype = LFB_DTYPE_FLOAT32;
  y.scale = 0;
  y.zero_point = 0;

  return convert (self, &dequantize_instr, x, &y);
}

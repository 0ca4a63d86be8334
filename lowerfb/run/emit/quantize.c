/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Into 8-bit integers and back, in the order in which the elements lie. */

#include <lowerfb/run/lfb-emit-private.h>

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

  return lfb_emit_return (self, y);
}

LfbEmitted
lfb_emit_quantize (LfbEmit          *self,
                   const LfbOperand *x,
                   LfbDType          dtype,
                   double            scale,
                   gint64            zero_point)
{
  LfbOperand y = *x;

  y.dtype = dtype;
  y.scale = scale;
  y.zero_point = zero_point;

  return convert (self, &quantize_instr, x, &y);
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

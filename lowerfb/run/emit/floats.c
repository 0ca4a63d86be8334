/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Functions of each element of a float32 tensor, in the order in which the elements
 * lie; integers are a matter of bytes.c.
 */

#include <lowerfb/run/emit/lfb-floats-private.h>
#include <lowerfb/run/lfb-elementwise-private.h>
#include <lowerfb/run/lfb-emit-private.h>

#include <string.h>

#define GRAIN 8192

typedef struct {
  const LfbUnary *unary;
  double p[LFB_UNARY_MAX_PARAMS];
} Function;

typedef struct {
  const LfbRuntime *runtime;
  const Function *function;
  const float *x;
  float *y;
} FunctionJob;

static void
run_range (gsize    begin,
           gsize    end,
           gpointer user_data)
{
  const FunctionJob *job = user_data;

  lfb_unary_floats (job->runtime, job->function->unary, job->function->p, job->x + begin, job->y + begin, end - begin);
}

static gboolean
run_function (const LfbProgram  *program,
              const LfbInstr    *self,
              LfbFrame          *frame,
              GError           **error)
{
  FunctionJob job = { frame->runtime, self->data, lfb_frame_data (frame, &self->x[0]), lfb_frame_data (frame, &self->y) };

  lfb_runtime_parallel (frame->runtime, lfb_operand_n_elements (&self->y), GRAIN, run_range, &job);

  return TRUE;
}

const LfbInstrType lfb_function_instr = { "function", run_function, g_free, FALSE, TRUE };

LfbEmitted
lfb_emit_function (LfbEmit          *self,
                   const LfbUnary   *unary,
                   const double     *p,
                   const LfbOperand *input)
{
  LfbOperand x = *input, y = *input;
  Function *function;

  if (x.dtype != LFB_DTYPE_FLOAT32 || unary->result == LFB_RESULT_BOOL || lfb_operand_n_elements (&x) == 0)
    return LFB_EMITTED_NOTHING;

  function = g_new0 (Function, 1);
  function->unary = unary;
  if (p != NULL)
    memcpy (function->p, p, sizeof function->p);
  if (!lfb_operand_is_dense (&x))
    lfb_emit_row_major (self, &x);
  lfb_operand_set_order (&y, &x);
  lfb_emit_allocate (self, &y);
  lfb_emit_instr (self, &lfb_function_instr, &y, &x, 1, function);

  return lfb_emit_return (self, &y);
}

LfbEmitted
lfb_emit_unary (LfbEmit  *self,
                GError  **error)
{
  const LfbUnary *unary = LFB_CALL_DATA (&self->call, LfbUnary);
  const char *first = self->call.info->parameters[0].name;
  double p[LFB_UNARY_MAX_PARAMS];
  LfbOperand x;

  if (!lfb_emit_operand (self, first, &x) || !lfb_emit_is_constant (self, first))
    return LFB_EMITTED_NOTHING;
  if (x.dtype != LFB_DTYPE_FLOAT32)
    return lfb_emit_bytes (self, error);
  /* Of floats these are refused, and numbers are Python's own. */
  if (unary->quantized == LFB_QUANTIZED_GIVEN || g_str_has_prefix (self->call.name, "math."))
    return LFB_EMITTED_NOTHING;

  for (gsize i = 0; i < LFB_UNARY_MAX_PARAMS; i++)
    {
      p[i] = unary->defaults[i];
      if (unary->params[i] != NULL && !lfb_call_double (&self->call, unary->params[i], &p[i], error))
        return LFB_EMITTED_ERROR;
    }

  return lfb_emit_function (self, unary, p, &x);
}

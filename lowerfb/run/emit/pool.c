/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Pools, from pixels to pixels. The largest of floats that were 8-bit integers is what the
 * largest of the integers is.
 */

#include <lowerfb/run/lfb-emit-private.h>

static gboolean
run_pool (const LfbProgram  *program,
          const LfbInstr    *self,
          LfbFrame          *frame,
          GError           **error)
{
  const LfbPool *pool = self->data;
  gsize x_stride, y_stride;

  if (!lfb_operand_is_pixels (&self->x[0], &x_stride) || !lfb_operand_is_pixels (&self->y, &y_stride))
    g_assert_not_reached ();
  lfb_pool_run (pool, frame->runtime, lfb_frame_data (frame, &self->x[0]), x_stride,
                lfb_frame_data (frame, &self->y), y_stride);

  return TRUE;
}

static const LfbInstrType pool_instr = { "pool", run_pool, g_free, TRUE };

static void
add_pool (LfbEmit       *self,
          const LfbPool *pool,
          LfbOperand    *x,
          LfbOperand    *y)
{
  lfb_emit_channels_last (self, x);
  lfb_operand_set_channels_last (y);
  lfb_emit_allocate (self, y);
  lfb_emit_instr (self, &pool_instr, y, x, 1, g_memdup2 (pool, sizeof *pool));
}

/* Whether each window has an element in the image: of no elements the largest is minus
 * infinity, which is no integer. */
static gboolean
has_no_empty_window (const LfbPool *pool)
{
  for (gsize i = 0; i < 3; i++)
    if (pool->window.dilation[i] > 1)
      return FALSE;

  return TRUE;
}

LfbEmitted
lfb_emit_pool (LfbEmit          *self,
               const LfbPool    *pool,
               const LfbOperand *input,
               const LfbOperand *output)
{
  LfbOperand x = *input, y = *output, q;
  LfbPool integers = *pool;

  if (lfb_operand_n_elements (&y) == 0 || pool->batch * pool->channels == 0)
    return LFB_EMITTED_NOTHING;

  if (pool->type != LFB_POOL_MAX || pool->dtype != LFB_DTYPE_FLOAT32 || !has_no_empty_window (pool) ||
      !lfb_emit_integers_of (self, &x, &q))
    {
      add_pool (self, pool, &x, &y);
      return lfb_emit_return (self, &y);
    }

  integers.dtype = y.dtype = q.dtype;
  y.scale = q.scale;
  y.zero_point = q.zero_point;
  add_pool (self, &integers, &q, &y);

  return lfb_emit_dequantize (self, &y);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* add and mul of two tensors of 8-bit integers that lie alike, or of images with
 * one pixel each for a whole image, as squeeze-and-excitation has them.
 */

#include <lowerfb/run/emit/lfb-binary-private.h>
#include <lowerfb/run/lfb-emit-private.h>

#include <lowerfb/run/lfb-array-private.h>

#include <string.h>

/* Bytes that take about 2 microseconds. */
#define GRAIN 32768

typedef struct {
  const LfbRuntime *runtime;
  const LfbQuantizedBinary *binary;
  gboolean is_signed;
  const guint8 *a, *b;
  guint8 *y;
  gsize columns, rows_per_b;
  gsize a_stride, b_stride, y_stride;
} BinaryJob;

static void
run_elements (const BinaryJob *job,
              const guint8    *a,
              const guint8    *b,
              guint8          *y,
              gsize            n)
{
  const LfbKernels *k = &job->runtime->kernels;
  gboolean multiply = job->binary->multiply;

  if (job->is_signed)
    (multiply ? k->mul_s8 : k->add_s8).run ((const int8_t *) a, (const int8_t *) b, (int8_t *) y, n, &job->binary->range);
  else
    (multiply ? k->mul_u8 : k->add_u8).run (a, b, y, n, &job->binary->range);
}

static void
run_range (gsize    begin,
           gsize    end,
           gpointer user_data)
{
  const BinaryJob *job = user_data;

  run_elements (job, job->a + begin, job->b + begin, job->y + begin, end - begin);
}

static void
run_pixels (gsize    begin,
            gsize    end,
            gpointer user_data)
{
  const BinaryJob *job = user_data;

  for (gsize i = begin; i < end; i++)
    run_elements (job, job->a + i * job->a_stride, job->b + i / job->rows_per_b * job->b_stride,
                  job->y + i * job->y_stride, job->columns);
}

static gboolean
run_binary (const LfbProgram  *program,
            const LfbInstr    *self,
            LfbFrame          *frame,
            GError           **error)
{
  const LfbOperand *a = &self->x[0], *b = &self->x[1], *y = &self->y;
  gsize n = lfb_operand_n_elements (y);
  BinaryJob job = { frame->runtime, self->data, y->dtype == LFB_DTYPE_QINT8, lfb_frame_data (frame, a),
                    lfb_frame_data (frame, b), lfb_frame_data (frame, y) };

  if (lfb_operand_same_layout (a, y) && lfb_operand_same_layout (b, y) && lfb_operand_is_dense (y))
    {
      lfb_runtime_parallel (frame->runtime, n, GRAIN, run_range, &job);
      return TRUE;
    }

  if (!lfb_operand_is_pixels (a, &job.a_stride) || !lfb_operand_is_pixels (b, &job.b_stride) ||
      !lfb_operand_is_pixels (y, &job.y_stride))
    g_assert_not_reached ();
  job.columns = y->shape[1];
  job.rows_per_b = n / lfb_operand_n_elements (b);
  lfb_runtime_parallel (frame->runtime, n / job.columns, MAX (GRAIN / job.columns, 1), run_pixels, &job);

  return TRUE;
}

const LfbInstrType lfb_binary_instr = { "add or mul", run_binary, g_free, TRUE };

static gboolean
same_shape (const LfbOperand *a,
            const LfbOperand *b)
{
  return a->n_dims == b->n_dims && (a->n_dims == 0 || memcmp (a->shape, b->shape, a->n_dims * sizeof *a->shape) == 0);
}

/* Whether @b has one pixel for each image of @a. */
static gboolean
is_one_pixel (const LfbOperand *a,
              const LfbOperand *b)
{
  if (a->n_dims != b->n_dims || a->n_dims < 3 || a->shape[0] != b->shape[0] || a->shape[1] != b->shape[1])
    return FALSE;
  for (gsize i = 2; i < b->n_dims; i++)
    if (b->shape[i] != 1)
      return FALSE;

  return TRUE;
}

static LfbQuantizedBinary *
binary_new (gboolean          multiply,
            gboolean          relu,
            const LfbOperand *a,
            const LfbOperand *b,
            const LfbOperand *y)
{
  LfbQuantizedBinary *self = g_new0 (LfbQuantizedBinary, 1);

  self->multiply = multiply;
  self->range = (LfbBinaryRange) {
    .a_scale = a->scale, .b_scale = b->scale, .y_scale = y->scale,
    .a_zero_point = a->zero_point, .b_zero_point = b->zero_point, .y_zero_point = y->zero_point, .relu = relu,
  };

  return self;
}

LfbEmitted
lfb_emit_binary (LfbEmit           *self,
                 gboolean           multiply,
                 gboolean           relu,
                 const LfbOperand  *first,
                 const LfbOperand  *second,
                 const LfbOperand  *output,
                 GError           **error)
{
  LfbOperand x[2] = { *first, *second }, y = *output;

  if (lfb_operand_n_elements (first) == 0 || lfb_operand_n_elements (second) == 0)
    return LFB_EMITTED_NOTHING;
  y.n_dims = first->n_dims;
  memcpy (y.shape, first->shape, sizeof y.shape);

  if (same_shape (first, second))
    {
      if (!lfb_operand_is_dense (&x[0]))
        {
          lfb_operand_set_order (&y, lfb_operand_is_dense (&x[1]) ? &x[1] : &x[0]);
          lfb_emit_layout_of (self, &x[0], &y);
        }
      lfb_operand_set_order (&y, &x[0]);
      lfb_emit_layout_of (self, &x[1], &y);
    }
  else if (is_one_pixel (second, first))
    {
      /* Both rules are the same from either side. */
      return lfb_emit_binary (self, multiply, relu, second, first, output, error);
    }
  else if (is_one_pixel (first, second))
    {
      lfb_emit_channels_last (self, &x[0]);
      lfb_emit_channels_last (self, &x[1]);
      lfb_operand_set_channels_last (&y);
    }
  else
    {
      return LFB_EMITTED_NOTHING;
    }
  lfb_emit_allocate (self, &y);
  lfb_emit_instr (self, &lfb_binary_instr, &y, x, 2, binary_new (multiply, relu, &x[0], &x[1], &y));

  return lfb_emit_return (self, &y);
}

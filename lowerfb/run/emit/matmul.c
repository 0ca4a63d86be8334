/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Products of float32 matrices with batches that broadcast: turned matrices and
 * slices of wider ones are read where they lie.
 */

#include <lowerfb/run/lfb-emit-private.h>
#include <lowerfb/run/lfb-gemm-private.h>

#include <string.h>

/* More batches than this are left to the operator. */
#define MAX_BATCHES 65536

typedef struct {
  LfbMatmul first;       /* but for where it lies */
  LfbMatmulOffsets *offsets;
  gsize n_batches;
} Matmul;

static void
matmul_free (gpointer data)
{
  Matmul *self = data;

  g_free (self->offsets);
  g_free (self);
}

static gboolean
run_matmul (const LfbProgram  *program,
            const LfbInstr    *self,
            LfbFrame          *frame,
            GError           **error)
{
  const Matmul *matmul = self->data;
  LfbMatmul first = matmul->first;

  first.a = lfb_frame_data (frame, &self->x[0]);
  first.b = lfb_frame_data (frame, &self->x[1]);
  first.c = lfb_frame_data (frame, &self->y);

  return lfb_gemm_batches (frame->runtime, &first, matmul->offsets, matmul->n_batches, error);
}

static const LfbInstrType matmul_instr = { "matmul", run_matmul, matmul_free, FALSE };

/* The shape of all batches; FALSE if there is none. */
static gboolean
broadcast_batches (const LfbOperand *a,
                   const LfbOperand *b,
                   LfbOperand       *y)
{
  gsize n = MAX (a->n_dims, b->n_dims) - 2;

  for (gsize i = 0; i < n; i++)
    {
      gint64 from_a = i + a->n_dims < n + 2 ? 1 : a->shape[i + a->n_dims - n - 2];
      gint64 from_b = i + b->n_dims < n + 2 ? 1 : b->shape[i + b->n_dims - n - 2];

      if (from_a != from_b && from_a != 1 && from_b != 1)
        return FALSE;
      y->shape[i] = from_a == 1 ? from_b : from_a;
    }
  y->n_dims = n + 2;

  return TRUE;
}

/* Where the matrix of each batch of @y begins in @x. */
static gint64
offset_in (const LfbOperand *x,
           const LfbOperand *y,
           gsize             batch)
{
  gsize skipped = y->n_dims - x->n_dims;
  gint64 offset = 0;

  for (gsize i = y->n_dims - 2; i-- > 0;)
    {
      gint64 at = batch % y->shape[i];

      batch /= y->shape[i];
      if (i >= skipped && x->shape[i - skipped] > 1)
        offset += at * x->strides[i - skipped];
    }

  return offset;
}

static void
init_offsets (Matmul           *self,
              const LfbOperand *a,
              const LfbOperand *b,
              const LfbOperand *y)
{
  self->offsets = g_new (LfbMatmulOffsets, self->n_batches);
  for (gsize i = 0; i < self->n_batches; i++)
    self->offsets[i] = (LfbMatmulOffsets) { offset_in (a, y, i), offset_in (b, y, i), offset_in (y, y, i) };
}

LfbEmitted
lfb_emit_matmul (LfbEmit          *self,
                 const LfbOperand *a,
                 const LfbOperand *b)
{
  LfbOperand x[2] = { *a, *b }, y = { .dtype = LFB_DTYPE_FLOAT32 };
  gsize n_a, n_b, n_batches = 1;
  Matmul *matmul;

  if (a->dtype != LFB_DTYPE_FLOAT32 || b->dtype != LFB_DTYPE_FLOAT32 || a->n_dims == 0 || b->n_dims == 0 ||
      MAX (a->n_dims, b->n_dims) >= LFB_OPERAND_MAX_DIMS)
    return LFB_EMITTED_NOTHING;
  if (a->n_dims == 1)
    lfb_operand_insert_dim (&x[0], 0);
  if (b->n_dims == 1)
    lfb_operand_insert_dim (&x[1], 1);
  n_a = x[0].n_dims;
  n_b = x[1].n_dims;
  if (x[0].shape[n_a - 1] != x[1].shape[n_b - 2] || !broadcast_batches (&x[0], &x[1], &y))
    return LFB_EMITTED_NOTHING;
  y.shape[y.n_dims - 2] = x[0].shape[n_a - 2];
  y.shape[y.n_dims - 1] = x[1].shape[n_b - 1];
  for (gsize i = 0; i < y.n_dims - 2; i++)
    if (!g_size_checked_mul (&n_batches, n_batches, y.shape[i]) || n_batches > MAX_BATCHES)
      return LFB_EMITTED_NOTHING;
  if (lfb_operand_n_elements (&y) == 0)
    return LFB_EMITTED_NOTHING;

  lfb_operand_set_row_major (&y);
  lfb_emit_allocate (self, &y);
  matmul = g_new0 (Matmul, 1);
  matmul->n_batches = n_batches;
  matmul->first = (LfbMatmul) {
    .m = y.shape[y.n_dims - 2], .n = y.shape[y.n_dims - 1], .k = x[0].shape[n_a - 1],
    .a_row = x[0].strides[n_a - 2], .a_column = x[0].strides[n_a - 1],
    .b_row = x[1].strides[n_b - 2], .b_column = x[1].strides[n_b - 1], .c_stride = y.shape[y.n_dims - 1],
  };
  init_offsets (matmul, &x[0], &x[1], &y);
  lfb_emit_instr (self, &matmul_instr, &y, x, 2, matmul);
  if (b->n_dims == 1)
    lfb_operand_remove_dim (&y, y.n_dims - 1);
  if (a->n_dims == 1)
    lfb_operand_remove_dim (&y, b->n_dims == 1 ? y.n_dims - 1 : y.n_dims - 2);

  return lfb_emit_return (self, &y);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Copies between layouts: channels first to channels last and back, slices,
 * shuffles of channels. Dimensions that lie alike on both sides are joined; what
 * is left innermost is a row, or a matrix that is transposed in blocks.
 */

#include <lowerfb/run/program/lfb-program-private.h>

#include <string.h>

typedef struct {
  gsize n;
  gint64 size[LFB_OPERAND_MAX_DIMS];
  gint64 to[LFB_OPERAND_MAX_DIMS];     /* strides */
  gint64 from[LFB_OPERAND_MAX_DIMS];
} Loops;

typedef struct {
  const Loops *loops;
  const LfbTransposeKernel *transpose;
  gsize item_size;
  guint8 *to;
  const guint8 *from;
} CopyJob;

/* Loops by falling stride of the target, so that it is written in order. */
static void
add_loop (Loops  *self,
          gint64  size,
          gint64  to,
          gint64  from)
{
  gsize at = self->n++;

  while (at > 0 && self->to[at - 1] < to)
    {
      self->size[at] = self->size[at - 1];
      self->to[at] = self->to[at - 1];
      self->from[at] = self->from[at - 1];
      at--;
    }
  self->size[at] = size;
  self->to[at] = to;
  self->from[at] = from;
}

static void
join_loops (Loops *self)
{
  gsize n = 0;

  for (gsize i = 0; i < self->n; i++)
    {
      if (n > 0 && self->to[n - 1] == self->to[i] * self->size[i] && self->from[n - 1] == self->from[i] * self->size[i])
        {
          self->size[n - 1] *= self->size[i];
          self->to[n - 1] = self->to[i];
          self->from[n - 1] = self->from[i];
          continue;
        }
      self->size[n] = self->size[i];
      self->to[n] = self->to[i];
      self->from[n] = self->from[i];
      n++;
    }
  self->n = n;
}

/* If the source is in order along another loop than the target, that one comes
 * second from the end: both make the matrix.
 */
static void
order_loops (Loops *self)
{
  gsize best;

  if (self->n < 2 || self->from[self->n - 1] == 1)
    return;
  best = self->n - 2;
  for (gsize i = 0; i + 1 < self->n; i++)
    if (self->from[i] > 0 && (self->from[i] < self->from[best] || self->from[best] == 0))
      best = i;
  for (gsize i = best; i + 2 < self->n; i++)
    {
      gint64 size = self->size[i], to = self->to[i], from = self->from[i];

      self->size[i] = self->size[i + 1];
      self->to[i] = self->to[i + 1];
      self->from[i] = self->from[i + 1];
      self->size[i + 1] = size;
      self->to[i + 1] = to;
      self->from[i + 1] = from;
    }
}

static void
find_loops (const LfbOperand *y,
            const LfbOperand *x,
            Loops            *self)
{
  for (gsize i = 0; i < y->n_dims; i++)
    if (y->shape[i] > 1)
      add_loop (self, y->shape[i], y->strides[i], x->strides[i]);
  join_loops (self);
  order_loops (self);

  /* At least a matrix, of one row and one column if need be. */
  for (; self->n < 2; self->n++)
    {
      gboolean one = self->n == 1;

      self->size[1] = one ? self->size[0] : 1;
      self->to[1] = one ? self->to[0] : 1;
      self->from[1] = one ? self->from[0] : 1;
      self->size[0] = 1;
      self->to[0] = self->from[0] = 0;
    }
}

#define BLOCK 16

#define COPY_MATRIX(type) \
  do \
    { \
      type *to = (type *) to_; \
      const type *from = (const type *) from_; \
      for (gint64 r0 = 0; r0 < rows; r0 += BLOCK) \
        for (gint64 c0 = 0; c0 < columns; c0 += BLOCK) \
          for (gint64 r = r0; r < MIN (r0 + BLOCK, rows); r++) \
            for (gint64 c = c0; c < MIN (c0 + BLOCK, columns); c++) \
              to[r * to_row + c * to_column] = from[r * from_row + c * from_column]; \
    } \
  while (0)

static void
copy_matrix (const CopyJob *job,
             guint8        *to_,
             const guint8  *from_,
             gint64         rows,
             gint64         to_row,
             gint64         from_row,
             gint64         columns,
             gint64         to_column,
             gint64         from_column)
{
  gsize item_size = job->item_size;

  if (columns > 1 ? to_column == 1 && from_column == 1 : rows == 1)
    {
      for (gint64 r = 0; r < rows; r++)
        memcpy (to_ + r * to_row * item_size, from_ + r * from_row * item_size, columns * item_size);
      return;
    }
  if (to_column == 1 && from_row == 1 && to_row >= columns && from_column >= rows)
    {
      LfbMatrix matrix = { columns, rows, from_column, to_row };

      job->transpose->run (from_, to_, item_size, &matrix);
      return;
    }
  switch (item_size)
    {
    case 1:
      COPY_MATRIX (guint8);
      break;
    case 2:
      COPY_MATRIX (guint16);
      break;
    case 4:
      COPY_MATRIX (guint32);
      break;
    case 8:
      COPY_MATRIX (guint64);
      break;
    default:
      g_assert_not_reached ();
    }
}

/* Rows @begin to @end - 1 of all matrices, one after the other. */
static void
copy_rows (gsize    begin,
           gsize    end,
           gpointer user_data)
{
  const CopyJob *job = user_data;
  const Loops *loops = job->loops;
  gsize inner = loops->n - 1, rows = loops->n - 2, count;

  for (gsize row = begin; row < end; row += count)
    {
      gsize first = row % loops->size[rows], rest = row / loops->size[rows];
      gint64 to = first * loops->to[rows], from = first * loops->from[rows];

      count = MIN (end - row, loops->size[rows] - first);
      for (gsize i = rows; i-- > 0;)
        {
          to += (gint64) (rest % loops->size[i]) * loops->to[i];
          from += (gint64) (rest % loops->size[i]) * loops->from[i];
          rest /= loops->size[i];
        }
      copy_matrix (job, job->to + to * (gint64) job->item_size, job->from + from * (gint64) job->item_size,
                   count, loops->to[rows], loops->from[rows],
                   loops->size[inner], loops->to[inner], loops->from[inner]);
    }
}

static gboolean
run_copy (const LfbProgram  *program,
          const LfbInstr    *self,
          LfbFrame          *frame,
          GError           **error)
{
  Loops loops = { 0 };
  gsize n = 1;
  double cost;
  CopyJob job = { &loops, &frame->runtime->kernels.transpose, lfb_operand_item_size (&self->y),
                  lfb_frame_data (frame, &self->y), lfb_frame_data (frame, &self->x[0]) };

  find_loops (&self->y, &self->x[0], &loops);
  for (gsize i = 0; i + 1 < loops.n; i++)
    n *= loops.size[i];
  /* Nanoseconds an element, in rows and one by one. */
  cost = loops.to[loops.n - 1] == 1 && loops.from[loops.n - 1] == 1 ? job.item_size / 50.0 : 0.3;
  lfb_runtime_split (frame->runtime, n, 1, 4, (double) n * loops.size[loops.n - 1] * cost, copy_rows, &job);

  return TRUE;
}

const LfbInstrType lfb_copy_instr = { "copy", run_copy, NULL, TRUE };

void
lfb_instr_copy_add (LfbProgram       *program,
                    gsize             step,
                    const LfbOperand *y,
                    const LfbOperand *x)
{
  if (lfb_operand_n_elements (y) > 0)
    lfb_program_add_instr (program, &lfb_copy_instr, step, y, x, 1, NULL);
}

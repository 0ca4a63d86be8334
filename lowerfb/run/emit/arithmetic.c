/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Binary operators on float32 tensors, and on such a tensor and a number. Where
 * shapes differ, the smaller one has strides of 0; dimensions that lie alike in
 * all three are joined.
 */

#include <lowerfb/run/emit/lfb-floats-private.h>
#include <lowerfb/run/lfb-elementwise-private.h>
#include <lowerfb/run/lfb-emit-private.h>

#include <string.h>

#define GRAIN 8192

typedef struct {
  const LfbBinary *binary;
  gsize n_loops;         /* the last one is a row */
  gint64 size[LFB_OPERAND_MAX_DIMS];
  gint64 a[LFB_OPERAND_MAX_DIMS];      /* strides */
  gint64 b[LFB_OPERAND_MAX_DIMS];
} Arithmetic;

typedef struct {
  const LfbRuntime *runtime;
  const Arithmetic *arithmetic;
  const float *a, *b;
  float *y;
} ArithmeticJob;

static void
run_row (const ArithmeticJob *job,
         gint64               a,
         gint64               b,
         gsize                y,
         gsize                n)
{
  const Arithmetic *self = job->arithmetic;
  gsize last = self->n_loops - 1;

  lfb_binary_floats (job->runtime, self->binary, job->a + a, self->a[last], job->b + b, self->b[last], job->y + y, n);
}

static void
run_elements (gsize    begin,
              gsize    end,
              gpointer user_data)
{
  const ArithmeticJob *job = user_data;

  run_row (job, (gint64) begin * job->arithmetic->a[0], (gint64) begin * job->arithmetic->b[0], begin, end - begin);
}

static void
run_rows (gsize    begin,
          gsize    end,
          gpointer user_data)
{
  const ArithmeticJob *job = user_data;
  const Arithmetic *self = job->arithmetic;
  gsize columns = self->size[self->n_loops - 1];

  for (gsize row = begin; row < end; row++)
    {
      gsize rest = row;
      gint64 a = 0, b = 0;

      for (gsize i = self->n_loops - 1; i-- > 0;)
        {
          gint64 at = rest % self->size[i];

          rest /= self->size[i];
          a += at * self->a[i];
          b += at * self->b[i];
        }
      run_row (job, a, b, row * columns, columns);
    }
}

static gboolean
run_arithmetic (const LfbProgram  *program,
                const LfbInstr    *self,
                LfbFrame          *frame,
                GError           **error)
{
  const Arithmetic *arithmetic = self->data;
  gsize n = lfb_operand_n_elements (&self->y), columns = arithmetic->size[arithmetic->n_loops - 1];
  ArithmeticJob job = {
    frame->runtime, arithmetic, lfb_frame_data (frame, &self->x[0]), lfb_frame_data (frame, &self->x[1]),
    lfb_frame_data (frame, &self->y),
  };

  if (arithmetic->n_loops == 1)
    lfb_runtime_parallel (frame->runtime, n, GRAIN, run_elements, &job);
  else
    lfb_runtime_parallel (frame->runtime, n / columns, MAX (GRAIN / columns, 1), run_rows, &job);

  return TRUE;
}

const LfbInstrType lfb_arithmetic_instr = { "arithmetic", run_arithmetic, g_free, FALSE, TRUE };

/* The shape of both; FALSE if there is none, of which the operator tells. */
static gboolean
broadcast (const LfbOperand *a,
           const LfbOperand *b,
           LfbOperand       *y)
{
  const LfbOperand *longer = a->n_dims >= b->n_dims ? a : b, *other = longer == a ? b : a;
  gsize skipped = longer->n_dims - other->n_dims;

  *y = *longer;
  for (gsize i = skipped; i < y->n_dims; i++)
    {
      gint64 size = other->shape[i - skipped];

      if (y->shape[i] != size && y->shape[i] != 1 && size != 1)
        return FALSE;
      if (y->shape[i] == 1)
        y->shape[i] = size;
    }

  return lfb_operand_n_elements (y) > 0;
}

static gboolean
has_shape_of (const LfbOperand *x,
              const LfbOperand *y)
{
  return x->n_dims == y->n_dims && (x->n_dims == 0 || memcmp (x->shape, y->shape, x->n_dims * sizeof *x->shape) == 0);
}

/* Strides of @x in the shape of @y. */
static void
spread (const LfbOperand *x,
        const LfbOperand *y,
        gint64           *strides)
{
  gsize skipped = y->n_dims - x->n_dims;

  for (gsize i = 0; i < y->n_dims; i++)
    strides[i] = i < skipped || x->shape[i - skipped] == 1 ? 0 : x->strides[i - skipped];
}

/* Loops in the order in which @y lies, without those of one round. */
static void
init_loops (Arithmetic       *self,
            const LfbOperand *a,
            const LfbOperand *b,
            const LfbOperand *y)
{
  gint64 of_a[LFB_OPERAND_MAX_DIMS], of_b[LFB_OPERAND_MAX_DIMS], of_y[LFB_OPERAND_MAX_DIMS];
  gsize n = 0;

  spread (a, y, of_a);
  spread (b, y, of_b);
  for (gsize i = 0; i < y->n_dims; i++)
    {
      gsize at = n;

      if (y->shape[i] == 1)
        continue;
      for (; at > 0 && of_y[at - 1] < y->strides[i]; at--)
        {
          self->size[at] = self->size[at - 1];
          self->a[at] = self->a[at - 1];
          self->b[at] = self->b[at - 1];
          of_y[at] = of_y[at - 1];
        }
      self->size[at] = y->shape[i];
      self->a[at] = of_a[i];
      self->b[at] = of_b[i];
      of_y[at] = y->strides[i];
      n++;
    }

  for (gsize i = 0; i < n; i++)
    {
      gsize last = self->n_loops - 1;

      if (self->n_loops > 0 && self->a[last] == self->a[i] * self->size[i] && self->b[last] == self->b[i] * self->size[i])
        {
          self->size[last] *= self->size[i];
          self->a[last] = self->a[i];
          self->b[last] = self->b[i];
          continue;
        }
      self->size[self->n_loops] = self->size[i];
      self->a[self->n_loops] = self->a[i];
      self->b[self->n_loops++] = self->b[i];
    }
  if (self->n_loops == 0)
    {
      self->size[0] = 1;
      self->a[0] = self->b[0] = 0;
      self->n_loops = 1;
    }
}

LfbEmitted
lfb_emit_arithmetic (LfbEmit          *self,
                     const LfbBinary  *binary,
                     const LfbOperand *a,
                     const LfbOperand *b)
{
  LfbOperand x[2] = { *a, *b }, y;
  Arithmetic *arithmetic;
  gsize full;

  if (a->dtype != LFB_DTYPE_FLOAT32 || b->dtype != LFB_DTYPE_FLOAT32 || binary->result == LFB_RESULT_BOOL ||
      !broadcast (a, b, &y))
    return LFB_EMITTED_NOTHING;

  full = has_shape_of (b, &y) && (!has_shape_of (a, &y) || !lfb_operand_is_dense (a)) ? 1 : 0;
  if (has_shape_of (&x[full], &y) && (has_shape_of (&x[1 - full], &y) || lfb_operand_n_elements (&x[1 - full]) == 1))
    {
      if (!lfb_operand_is_dense (&x[full]))
        lfb_emit_row_major (self, &x[full]);
      lfb_operand_set_order (&y, &x[full]);
      if (lfb_operand_n_elements (&x[1 - full]) > 1)
        lfb_emit_layout_of (self, &x[1 - full], &y);
    }
  else
    {
      lfb_emit_row_major (self, &x[0]);
      lfb_emit_row_major (self, &x[1]);
      lfb_operand_set_row_major (&y);
    }

  arithmetic = g_new0 (Arithmetic, 1);
  arithmetic->binary = binary;
  lfb_emit_allocate (self, &y);
  init_loops (arithmetic, &x[0], &x[1], &y);
  lfb_emit_instr (self, &lfb_arithmetic_instr, &y, x, 2, arithmetic);

  return lfb_emit_return (self, &y);
}

/* A float32 tensor, or a number that becomes one beside it. */
static gboolean
read_operand (LfbEmit    *self,
              const char *name,
              LfbOperand *operand,
              gboolean   *is_tensor)
{
  g_autoptr (LfbTerm) term = lfb_emit_term (self, name);
  g_autoptr (LfbTerm) number = NULL;
  g_autoptr (LfbTensor) tensor = NULL;
  g_autoptr (LfbTensor) converted = NULL;
  g_autoptr (LfbValue) value = NULL;
  LfbValueKind kind;

  *is_tensor = lfb_emit_term_operand (self, term, operand);
  if (*is_tensor)
    return operand->dtype == LFB_DTYPE_FLOAT32;
  if (term->kind != LFB_TERM_CONSTANT)
    return FALSE;
  kind = lfb_value_get_kind (term->constant);
  if (kind != LFB_VALUE_KIND_INT && kind != LFB_VALUE_KIND_DOUBLE && kind != LFB_VALUE_KIND_BOOL)
    return FALSE;

  tensor = lfb_value_as_tensor (name, term->constant, NULL);
  converted = tensor != NULL ? lfb_tensor_convert (tensor, LFB_DTYPE_FLOAT32, NULL) : NULL;
  if (converted == NULL)
    return FALSE;
  value = lfb_value_for_tensor (converted);
  number = lfb_term_new_constant (value);

  return lfb_emit_term_operand (self, number, operand);
}

LfbEmitted
lfb_emit_binary_row (LfbEmit         *self,
                     const LfbBinary *binary)
{
  gboolean first, second;
  LfbOperand a, b;

  if (!lfb_emit_is_constant (self, "input other") || !read_operand (self, "input", &a, &first) ||
      !read_operand (self, "other", &b, &second) || (!first && !second))
    return LFB_EMITTED_NOTHING;

  return lfb_emit_arithmetic (self, binary, &a, &b);
}

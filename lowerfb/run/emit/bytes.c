/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Operators on 8-bit integers that look at one element at a time: whatever they
 * compute, it is a table of 256 bytes, which the operator itself makes.
 */

#include <lowerfb/run/emit/lfb-bytes-private.h>
#include <lowerfb/run/lfb-emit-private.h>
#include <lowerfb/run/lfb-array-private.h>

#include <string.h>

/* Bytes that take about 2 microseconds. */
#define GRAIN 131072

typedef struct {
  const LfbRuntime *runtime;
  const guint8 *table;
  const guint8 *x;
  guint8 *y;
  gsize columns, x_stride, y_stride;
} BytesJob;

static void
look_up (gsize    begin,
         gsize    end,
         gpointer user_data)
{
  const BytesJob *job = user_data;

  job->runtime->kernels.lookup.run (job->x + begin, job->y + begin, end - begin, job->table);
}

static void
look_up_rows (gsize    begin,
              gsize    end,
              gpointer user_data)
{
  const BytesJob *job = user_data;

  for (gsize i = begin; i < end; i++)
    job->runtime->kernels.lookup.run (job->x + i * job->x_stride, job->y + i * job->y_stride, job->columns, job->table);
}

static gboolean
run_bytes (const LfbProgram  *program,
           const LfbInstr    *self,
           LfbFrame          *frame,
           GError           **error)
{
  gsize n = lfb_operand_n_elements (&self->y), x_stride, y_stride;
  BytesJob job = { frame->runtime, self->data, lfb_frame_data (frame, &self->x[0]), lfb_frame_data (frame, &self->y) };

  if (lfb_operand_same_layout (&self->x[0], &self->y) && lfb_operand_is_dense (&self->y))
    {
      lfb_runtime_parallel (frame->runtime, n, GRAIN, look_up, &job);
      return TRUE;
    }

  /* Slices of the channels of wider images. */
  if (!lfb_operand_is_pixels (&self->x[0], &x_stride) || !lfb_operand_is_pixels (&self->y, &y_stride))
    g_assert_not_reached ();
  job.columns = MAX (self->y.shape[1], 1);
  job.x_stride = x_stride;
  job.y_stride = y_stride;
  lfb_runtime_parallel (frame->runtime, n / job.columns, MAX (GRAIN / job.columns, 1), look_up_rows, &job);

  return TRUE;
}

const LfbInstrType lfb_bytes_instr = { "bytes", run_bytes, g_free, TRUE };

LfbTensor *
lfb_emit_all_bytes (const LfbOperand  *like,
                    GError           **error)
{
  const gint64 shape[1] = { 256 };
  guint8 all[256];
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (LfbTensor) integers = NULL;

  for (guint i = 0; i < 256; i++)
    all[i] = i;
  bytes = g_bytes_new (all, sizeof all);
  integers = lfb_tensor_new_for_bytes (lfb_dtype_get_storage (like->dtype), shape, 1, bytes, error);

  return integers != NULL ? lfb_tensor_new_quantized (integers, like->scale, like->zero_point, like->dtype, error) : NULL;
}

/* All 256 bytes through the operator. */
static LfbTensor *
run_on_all_bytes (LfbEmit           *self,
                  const LfbOperand  *operand,
                  GError           **error)
{
  g_autoptr (LfbTensor) tensor = lfb_emit_all_bytes (operand, error);
  g_autoptr (LfbValue) argument = NULL;
  g_autoptr (LfbValue) value = NULL;
  LfbValue *own = self->call.values[0];

  if (tensor == NULL)
    return NULL;

  argument = lfb_value_for_tensor (tensor);
  self->call.values[0] = argument;
  value = lfb_call_run (&self->call, error);
  self->call.values[0] = own;

  return value != NULL ? g_object_ref (lfb_value_get_tensor (value)) : NULL;
}

/* A tensor of bounds or slopes has one for each place. */
static gboolean
has_places (LfbEmit *self)
{
  for (gsize i = 1; i < self->call.info->n_parameters; i++)
    {
      LfbValue *value = self->call.values[i];

      if (value != NULL && lfb_value_get_kind (value) == LFB_VALUE_KIND_TENSOR &&
          lfb_tensor_get_n_elements (lfb_value_get_tensor (value)) != 1)
        return TRUE;
    }

  return FALSE;
}

static gboolean
changes_nothing (const guint8 *table)
{
  for (guint i = 0; i < 256; i++)
    if (table[i] != i)
      return FALSE;

  return TRUE;
}

LfbEmitted
lfb_emit_table (LfbEmit          *self,
                const LfbOperand *input,
                const LfbOperand *type,
                const guint8     *table)
{
  LfbOperand x = *input, y;
  gboolean same = changes_nothing (table);
  gsize stride;

  if (!same && !lfb_operand_is_dense (&x) && !lfb_operand_is_pixels (&x, &stride))
    lfb_emit_row_major (self, &x);
  y = x;
  y.dtype = type->dtype;
  y.scale = type->scale;
  y.zero_point = type->zero_point;
  if (!same)
    {
      lfb_operand_set_order (&y, &x);
      lfb_emit_allocate (self, &y);
      lfb_emit_instr (self, &lfb_bytes_instr, &y, &x, 1, g_memdup2 (table, 256));
    }

  return lfb_emit_return (self, &y);
}

LfbEmitted
lfb_emit_bytes (LfbEmit  *self,
                GError  **error)
{
  const char *first = self->call.info->parameters[0].name;
  g_autoptr (LfbTensor) table = NULL;
  LfbOperand x, all;

  if (!lfb_emit_operand (self, first, &x) || !lfb_emit_is_constant (self, first) || has_places (self) ||
      (x.dtype != LFB_DTYPE_QUINT8 && x.dtype != LFB_DTYPE_QINT8))
    return LFB_EMITTED_NOTHING;
  table = run_on_all_bytes (self, &x, error);
  if (table == NULL)
    return LFB_EMITTED_ERROR;
  if (!lfb_operand_init_tensor (&all, table) || (all.dtype != LFB_DTYPE_QUINT8 && all.dtype != LFB_DTYPE_QINT8) ||
      lfb_operand_n_elements (&all) != 256)
    return LFB_EMITTED_NOTHING;

  return lfb_emit_table (self, &x, &all, lfb_tensor_get_data (table, NULL));
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-linear-private.h; numerics.md, "Linear and convolution" and
 * linear_dynamic_fp16.
 */

#include <lowerfb/run/lfb-linear-private.h>
#include <lowerfb/run/lfb-gemm-private.h>
#include <lowerfb/run/lfb-half-private.h>
#include <lowerfb/run/lfb-scratch-private.h>
#include <lowerfb/core/lfb-tensor-reading-private.h>

#include <stdlib.h>
#include <string.h>

static void
rows_free (gpointer data)
{
  LfbPackedRows *self = data;

  lfb_weight_params_clear (&self->params);
  lfb_packing_release (self->packed, self->chunk);
  g_clear_object (&self->bias);
  g_clear_object (&self->weight);
  g_free (self->half);
  g_free (self);
}

/* Saturated: what half cannot hold becomes its largest number. */
static float
round_to_half (float value)
{
  if (value > 65504.0f)
    return 65504.0f;
  if (value < -65504.0f)
    return -65504.0f;

  return lfb_half_to_float (lfb_float_to_half (value));
}

static gboolean
init_half (LfbPackedRows  *self,
           LfbTensor      *weight,
           LfbTensor      *bias,
           GError        **error)
{
  g_autoptr (LfbTensor) floats = lfb_tensor_as_float ("weight", weight, error);

  if (floats == NULL)
    return FALSE;
  if (bias != NULL && !lfb_check_bias (bias, self->n, error))
    return FALSE;

  self->half = lfb_try_alloc (self->n * self->k, sizeof (float), error);
  if (self->half == NULL)
    return FALSE;
  for (gsize i = 0; i < self->n * self->k; i++)
    self->half[i] = round_to_half (lfb_tensor_floats (floats)[i]);
  self->params.n = self->n;
  if (bias != NULL)
    self->params.bias = lfb_vector_floats (bias);

  return TRUE;
}

static gboolean
init_packed (LfbPackedRows     *self,
             const LfbRuntime  *runtime,
             LfbTensor         *weight,
             LfbTensor         *bias,
             GError           **error)
{
  const LfbLinearKernel *kernel = &runtime->kernels.linear;
  g_auto (LfbReading) reading = LFB_READING_INIT;
  LfbLinearWeights weights = { 0 };

  if (!lfb_weight_params_init (&self->params, weight, 0, bias, self->n, error))
    return FALSE;
  if (self->k > lfb_accumulation_limit (self->params.zero_points != NULL))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                   "argument `weight` has %" G_GSIZE_FORMAT " inputs, expected at most %" G_GSIZE_FORMAT
                   ": more could leave the 32 bits of the sum", self->k,
                   lfb_accumulation_limit (self->params.zero_points != NULL));
      return FALSE;
    }

  if (!_lfb_reading_begin (&reading, weight, error))
    return FALSE;
  weights.n = self->n;
  weights.k = self->k;
  weights.w = reading.data;
  weights.w_stride = self->k;
  weights.zero_points = self->params.zero_points;
  self->packed = lfb_packing_alloc (runtime->pool, kernel->pack_size (&weights), &self->chunk, error);
  if (self->packed == NULL)
    return FALSE;
  kernel->pack (&weights, self->packed);

  return TRUE;
}

typedef struct {
  const LfbRuntime *runtime;
  LfbTensor *weight;
  LfbTensor *bias;
} Wanted;

static gboolean
rows_fit (gconstpointer packed,
          gconstpointer wanted)
{
  const LfbPackedRows *self = packed;
  const Wanted *other = wanted;

  return self->bias == other->bias &&
         memcmp (&self->kernel, &other->runtime->kernels.linear, sizeof self->kernel) == 0;
}

static gpointer
rows_make (gconstpointer   data,
           GError        **error)
{
  const Wanted *wanted = data;
  LfbPackedRows *self = g_new0 (LfbPackedRows, 1);
  gboolean ok;

  self->n = lfb_tensor_get_dim (wanted->weight, 0);
  self->k = lfb_tensor_get_dim (wanted->weight, 1);
  self->kernel = wanted->runtime->kernels.linear;
  self->weight = g_object_ref (wanted->weight);
  g_set_object (&self->bias, wanted->bias);
  if (lfb_tensor_is_quantized (wanted->weight))
    ok = init_packed (self, wanted->runtime, wanted->weight, wanted->bias, error);
  else
    ok = init_half (self, wanted->weight, wanted->bias, error);
  if (!ok)
    g_clear_pointer (&self, rows_free);

  return self;
}

static const LfbPackingType rows_type = { rows_fit, rows_make, rows_free };

LfbPackedRows *
lfb_packed_rows_new (const LfbRuntime  *runtime,
                     LfbTensor         *weight,
                     LfbTensor         *bias,
                     GError           **error)
{
  Wanted wanted = { runtime, weight, bias };

  if (!lfb_check_rank ("weight", weight, 2, 2, error))
    return NULL;
  if (lfb_tensor_get_n_elements (weight) == 0)
    {
      g_autofree char *shape = lfb_tensor_describe_shape (weight);

      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "argument `weight` has the shape %s, expected at least one output and one input", shape);
      return NULL;
    }

  return lfb_packing_get (weight, &rows_type, &wanted, error);
}

void
lfb_packed_rows_free (LfbPackedRows *self)
{
  g_autoptr (LfbTensor) weight = NULL;

  if (self == NULL)
    return;
  weight = g_object_ref (self->weight);
  lfb_packing_drop (weight, self);
}

/* One of the two inputs and of the two outputs is set. */
typedef struct {
  const LfbPackedRows *rows;
  const LfbLinearKernel *kernel;
  const guint8 *x;
  const float *floats;   /* quantized on the way, with this scale and the zero point of the output */
  float x_scale;
  guint8 *q;             /* memory for its integers */
  gsize m;
  const LfbRequantize *requantize;
  guint8 *y_u8;
  const LfbRescale *rescale;
  float *y_f32;
  gboolean by_rows;
  gint failed;
} RowsJob;

static void
run_part (gsize    begin,
          gsize    end,
          gpointer user_data)
{
  RowsJob *job = user_data;
  const LfbPackedRows *rows = job->rows;
  gsize first = job->by_rows ? begin : 0;
  gsize size = job->floats != NULL ? job->kernel->dynamic_scratch_size (rows->packed)
                                   : job->kernel->scratch_size (rows->packed);
  gpointer scratch = size > 0 ? lfb_thread_scratch (size) : NULL;
  LfbLinearArgs args = { 0 };

  if (size > 0 && scratch == NULL)
    {
      g_atomic_int_set (&job->failed, TRUE);
      return;
    }

  args.x = job->x != NULL ? job->x + first * rows->k : NULL;
  args.x_stride = rows->k;
  args.y_stride = rows->n;
  args.m = job->by_rows ? end - begin : job->m;
  args.n_begin = job->by_rows ? 0 : begin;
  args.n_end = job->by_rows ? rows->n : end;
  args.scratch = scratch;
  if (job->y_u8 != NULL)
    job->kernel->run_u8 (rows->packed, &args, job->requantize, job->y_u8 + first * rows->n);
  else if (job->floats != NULL)
    job->kernel->run_dynamic (rows->packed, &args, job->floats + first * rows->k, job->x_scale, job->rescale,
                              job->y_f32 + first * rows->n);
  else
    job->kernel->run_f32 (rows->packed, &args, job->rescale, job->y_f32 + first * rows->n);
}

/* Nanoseconds that it takes one thread, about: for few rows as long as reading the
 * weights. */
static double
estimate (const RowsJob *job)
{
  double weights = (double) job->rows->n * job->rows->k;

  return weights / 100 + weights * job->m / 400 + (double) job->m * job->rows->n / 50;
}

/* Few rows are split by outputs, many by rows. */
static gboolean
run_job (RowsJob           *job,
         const LfbRuntime  *runtime,
         GError           **error)
{
  gsize tile_m = MAX (job->kernel->tile_m, 1), tile_n = MAX (job->kernel->tile_n, 1);

  if (job->m == 0)
    return TRUE;

  job->by_rows = job->m >= 4 * tile_m;
  /* Parts that have all rows would each quantize them. */
  if (job->floats != NULL && !job->by_rows && job->rows->n > tile_n && runtime->threads != NULL)
    {
      lfb_quantize_floats (runtime, job->floats, job->q, job->m * job->rows->k, job->x_scale,
                           job->rescale->x_zero_point, LFB_DTYPE_QUINT8);
      job->floats = NULL;
      job->x = job->q;
    }
  /* In whole tiles. */
  lfb_runtime_split (runtime, job->by_rows ? job->m : job->rows->n, job->by_rows ? tile_m : tile_n, 4,
                     estimate (job), run_part, job);

  if (job->failed)
    g_set_error_literal (error, LFB_ERROR, LFB_ERROR_RANGE, "there is not enough memory for the product");

  return !job->failed;
}

gboolean
lfb_packed_rows_run_u8 (const LfbPackedRows  *self,
                        const LfbRuntime     *runtime,
                        const guint8         *x,
                        gsize                 m,
                        const LfbRequantize  *output,
                        guint8               *y,
                        GError              **error)
{
  RowsJob job = { .rows = self, .kernel = &runtime->kernels.linear, .x = x, .m = m, .requantize = output, .y_u8 = y };

  return run_job (&job, runtime, error);
}

gboolean
lfb_packed_rows_run_f32 (const LfbPackedRows  *self,
                         const LfbRuntime     *runtime,
                         const guint8         *x,
                         gsize                 m,
                         const LfbRescale     *output,
                         float                *y,
                         GError              **error)
{
  RowsJob job = { .rows = self, .kernel = &runtime->kernels.linear, .x = x, .m = m, .rescale = output, .y_f32 = y };

  return run_job (&job, runtime, error);
}

static gboolean
run_half (const LfbPackedRows  *self,
          const LfbRuntime     *runtime,
          const float          *x,
          gsize                 m,
          gboolean              relu,
          float                *y,
          GError              **error)
{
  for (gsize i = 0; i < m; i++)
    for (gsize j = 0; j < self->n; j++)
      y[i * self->n + j] = self->params.bias != NULL ? self->params.bias[j] : 0;
  if (!lfb_gemm (runtime, LFB_DTYPE_FLOAT32, TRUE, m, self->n, self->k, x, self->k, self->half, self->k, TRUE, y,
                 self->n, error))
    return FALSE;
  for (gsize i = 0; i < m * self->n && relu; i++)
    y[i] = y[i] < 0 ? 0 : y[i];

  return TRUE;
}

/* Elements that one thread takes at least. */
#define RANGE_GRAIN 65536

typedef struct {
  const LfbMinmaxKernel *kernel;
  const float *x;
  GMutex lock;
  gboolean started;      /* guarded by the lock, as the rest */
  gboolean finite;
  float min;
  float max;
} RangeJob;

static void
find_range (gsize    begin,
            gsize    end,
            gpointer user_data)
{
  RangeJob *job = user_data;
  float min, max;
  gboolean finite = job->kernel->run (job->x + begin, end - begin, &min, &max);

  g_mutex_lock (&job->lock);
  if (!job->started || min < job->min)
    job->min = min;
  if (!job->started || max > job->max)
    job->max = max;
  job->finite = finite && (!job->started || job->finite);
  job->started = TRUE;
  g_mutex_unlock (&job->lock);
}

gboolean
lfb_packed_rows_choose_dynamic (const LfbRuntime  *runtime,
                                const float       *x,
                                gsize              n,
                                gboolean           reduce_range,
                                double            *scale,
                                gint32            *zero_point,
                                GError           **error)
{
  RangeJob job = { .kernel = &runtime->kernels.minmax, .x = x };

  g_mutex_init (&job.lock);
  lfb_runtime_parallel (runtime, n, RANGE_GRAIN, find_range, &job);
  g_mutex_clear (&job.lock);

  if (n == 0 || !job.finite)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                   "the input is quantized dynamically, but %s",
                   n == 0 ? "is empty: it has no range" : "has NaN or infinite elements");
      return FALSE;
    }
  lfb_choose_qparams (job.min, job.max, 0, 255, reduce_range, scale, zero_point);

  return TRUE;
}

gboolean
lfb_packed_rows_run_floats (const LfbPackedRows  *self,
                            const LfbRuntime     *runtime,
                            const float          *x,
                            gsize                 m,
                            float                 x_scale,
                            const LfbRescale     *output,
                            guint8               *q,
                            float                *y,
                            GError              **error)
{
  RowsJob job = {
    .rows = self, .kernel = &runtime->kernels.linear, .floats = x, .x_scale = x_scale, .q = q, .m = m, .rescale = output,
    .y_f32 = y,
  };

  return run_job (&job, runtime, error);
}

/* Bytes up to where another array may begin. */
static gsize
array_size (gsize n)
{
  return (n * sizeof (float) + 63) / 64 * 64;
}

gsize
lfb_dynamic_work_size (const LfbPackedRows *rows,
                       gsize                m)
{
  return rows->packed != NULL ? 2 * array_size (lfb_output_length (rows->n)) + m * rows->k : 0;
}

LfbDynamicWork
lfb_dynamic_work_place (const LfbPackedRows *rows,
                        gpointer             memory)
{
  gsize size = array_size (lfb_output_length (rows->n));

  return (LfbDynamicWork) { memory, (float *) ((guint8 *) memory + size), (guint8 *) memory + 2 * size };
}

gboolean
lfb_packed_rows_work_dynamic (const LfbPackedRows   *self,
                              const LfbRuntime      *runtime,
                              const float           *x,
                              gsize                  m,
                              gboolean               reduce_range,
                              gboolean               relu,
                              const LfbDynamicWork  *work,
                              float                 *y,
                              GError               **error)
{
  LfbRescale output = { .multiplier = work->multiplier, .bias = work->bias, .relu = relu };
  gint32 zero_point;
  double scale;

  if (self->packed == NULL)
    return run_half (self, runtime, x, m, relu, y, error);
  if (!lfb_packed_rows_choose_dynamic (runtime, x, m * self->k, reduce_range, &scale, &zero_point, error))
    return FALSE;

  lfb_rescale_compute (work->multiplier, work->bias, self->n, self->params.bias, scale, self->params.scales,
                       self->params.n_scales);
  output.x_zero_point = zero_point;

  return lfb_packed_rows_run_floats (self, runtime, x, m, scale, &output, work->q, y, error);
}

gboolean
lfb_packed_rows_run_dynamic (const LfbPackedRows  *self,
                             const LfbRuntime     *runtime,
                             const float          *x,
                             gsize                 m,
                             gboolean              reduce_range,
                             gboolean              relu,
                             float                *y,
                             GError              **error)
{
  g_auto (LfbOutputStage) stage = { NULL, NULL };
  g_autofree guint8 *q = NULL;

  if (!lfb_output_stage_alloc (&stage, self->n, error))
    return FALSE;
  /* Only several threads need all integers at once. */
  q = runtime->threads != NULL ? lfb_try_alloc (m, self->k, error) : NULL;
  if (q == NULL && runtime->threads != NULL)
    return FALSE;

  return lfb_packed_rows_work_dynamic (self, runtime, x, m, reduce_range, relu,
                                       &(LfbDynamicWork) { stage.multiplier, stage.bias, q }, y, error);
}

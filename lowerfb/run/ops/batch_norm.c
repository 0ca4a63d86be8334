/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Batch normalization; numerics.md, "batch_norm":
 *
 *   r = 1 / sqrt(var + eps), a = (r * gamma) * (sx / sy), b = (beta - (mean * r) * gamma) / sy,
 *   y = clamp(round(a * (q - zx) + b) + zy)
 *
 * in float32. The float form is x * (r * gamma) + (beta - (mean * r) * gamma), in
 * float64 if the input has that type.
 */

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-call-private.h>
#include <lowerfb/run/lfb-reference-private.h>

#include <math.h>
#include <string.h>

/* Elements that one thread takes at least. */
#define GRAIN 16384

typedef struct {
  gboolean relu;
  gsize min_dims;
  gsize max_dims;
} BatchNormKind;

static const BatchNormKind any_dims = { FALSE, 2, LFB_TENSOR_MAX_DIMS };
static const BatchNormKind dims_1d = { FALSE, 2, 3 }, dims_2d = { FALSE, 4, 4 }, dims_3d = { FALSE, 5, 5 };
static const BatchNormKind relu_2d = { TRUE, 4, 4 }, relu_3d = { TRUE, 5, 5 };
static const BatchNormKind relu_1d = { TRUE, 2, 3 }, relu_any = { TRUE, 2, LFB_TENSOR_MAX_DIMS };

/* Four vectors of one float or double a channel; what is not given is 0 or 1. */
typedef struct {
  gpointer mean;
  gpointer variance;
  gpointer gamma;
  gpointer beta;
} Statistics;

static void
statistics_clear (Statistics *self)
{
  g_free (self->mean);
  g_free (self->variance);
  g_free (self->gamma);
  g_free (self->beta);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Statistics, statistics_clear)

#define FILL(name, real) \
  static void \
  name (real  *values, \
        gsize  n, \
        real   value) \
  { \
    for (gsize i = 0; i < n; i++) \
      values[i] = value; \
  }

FILL (fill_f32, float)
FILL (fill_f64, double)

static gboolean
read_vector (LfbCall     *call,
             const char  *name,
             LfbDType     real,
             gsize        channels,
             double       fallback,
             gpointer    *values,
             gboolean    *given,
             GError     **error)
{
  g_autoptr (LfbTensor) vector = NULL;
  LfbTensor *tensor;

  if (!lfb_call_optional_tensor (call, name, &tensor, error))
    return FALSE;
  *given = tensor != NULL;
  if (tensor != NULL && (gsize) lfb_tensor_get_n_elements (tensor) != channels)
    {
      g_autofree char *shape = lfb_tensor_describe_shape (tensor);

      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "argument `%s` has the shape %s, expected [%" G_GSIZE_FORMAT "]", name, shape, channels);
      return FALSE;
    }
  vector = tensor != NULL ? lfb_tensor_as_real (name, tensor, real, error) : NULL;
  if (tensor != NULL && vector == NULL)
    return FALSE;
  *values = lfb_try_alloc (channels, lfb_dtype_size (real), error);
  if (*values == NULL)
    return FALSE;
  if (vector != NULL && channels > 0)
    memcpy (*values, lfb_tensor_get_data (vector, NULL), channels * lfb_dtype_size (real));
  else if (real == LFB_DTYPE_FLOAT64)
    fill_f64 (*values, channels, fallback);
  else
    fill_f32 (*values, channels, fallback);

  return TRUE;
}

/* The statistics of the batch itself, over all but the channels; in double. */
#define MEASURE(name, real) \
  static void \
  name (const real *x, \
        gsize       batch, \
        gsize       channels, \
        gsize       inner, \
        real       *means, \
        real       *variances) \
  { \
    for (gsize c = 0; c < channels; c++) \
      { \
        double sum = 0, squares = 0, mean; \
        \
        for (gsize b = 0; b < batch; b++) \
          for (gsize i = 0; i < inner; i++) \
            sum += x[(b * channels + c) * inner + i]; \
        mean = sum / (batch * inner); \
        for (gsize b = 0; b < batch; b++) \
          for (gsize i = 0; i < inner; i++) \
            { \
              double difference = x[(b * channels + c) * inner + i] - mean; \
              \
              squares += difference * difference; \
            } \
        means[c] = mean; \
        variances[c] = squares / (batch * inner); \
      } \
  }

MEASURE (measure_f32, float)
MEASURE (measure_f64, double)

#define NORMALIZE(name, real, square_root) \
  static void \
  name (const real       *x, \
        gsize             n, \
        gsize             channels, \
        gsize             inner, \
        const Statistics *statistics, \
        real              eps, \
        real             *y) \
  { \
    const real *mean = statistics->mean, *variance = statistics->variance; \
    const real *gamma = statistics->gamma, *beta = statistics->beta; \
    \
    for (gsize i = 0; i < n; i++) \
      { \
        gsize c = i / inner % channels; \
        real r = 1 / square_root (variance[c] + eps); \
        \
        y[i] = x[i] * (r * gamma[c]) + (beta[c] - (mean[c] * r) * gamma[c]); \
      } \
  }

NORMALIZE (normalize_f32, float, sqrtf)
NORMALIZE (normalize_f64, double, sqrt)

static gboolean
read_statistics (LfbCall     *call,
                 LfbTensor   *input,
                 LfbDType     real,
                 Statistics  *self,
                 gboolean    *from_batch,
                 GError     **error)
{
  gsize channels = lfb_tensor_get_dim (input, 1);
  const char *mean = lfb_call_has (call, "running_mean") ? "running_mean" : "mean";
  const char *variance = lfb_call_has (call, "running_var") ? "running_var" : "var";
  gboolean has_mean, has_variance, given, training = FALSE;

  if (!read_vector (call, mean, real, channels, 0, &self->mean, &has_mean, error) ||
      !read_vector (call, variance, real, channels, 1, &self->variance, &has_variance, error) ||
      !read_vector (call, "weight", real, channels, 1, &self->gamma, &given, error) ||
      !read_vector (call, "bias", real, channels, 0, &self->beta, &given, error) ||
      !lfb_call_bool (call, "training", &training, error))
    return FALSE;
  *from_batch = training || !has_mean || !has_variance;

  return TRUE;
}

static LfbValue *
batch_norm (LfbCall  *call,
            GError  **error)
{
  const BatchNormKind *kind = LFB_CALL_DATA (call, BatchNormKind);
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  g_auto (Statistics) statistics = { NULL };
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  g_autoptr (LfbTensor) x = NULL;
  g_autoptr (LfbTensor) y = NULL;
  gsize n_dims, channels, inner = 1;
  gboolean from_batch;
  const gint64 *shape;
  gconstpointer data;
  double eps = 1e-5;
  LfbDType real;

  if (input == NULL ||
      !lfb_read_real_type ("input", input, &real, error) ||
      !lfb_check_rank ("input", input, kind->min_dims, kind->max_dims, error) ||
      !read_statistics (call, input, real, &statistics, &from_batch, error) ||
      !lfb_call_double (call, "eps", &eps, error))
    return NULL;
  x = lfb_tensor_as_real ("input", input, real, error);
  if (x == NULL || !lfb_array_init_like (&array, real, x, error))
    return NULL;

  shape = lfb_tensor_get_shape (x, &n_dims);
  channels = shape[1];
  for (gsize i = 2; i < n_dims; i++)
    inner *= shape[i];
  data = lfb_tensor_get_data (x, NULL);
  if (real == LFB_DTYPE_FLOAT64)
    {
      if (from_batch && array.n_elements > 0)
        measure_f64 (data, shape[0], channels, inner, statistics.mean, statistics.variance);
      normalize_f64 (data, array.n_elements, channels, inner, &statistics, eps, array.data);
    }
  else
    {
      if (from_batch && array.n_elements > 0)
        measure_f32 (data, shape[0], channels, inner, statistics.mean, statistics.variance);
      normalize_f32 (data, array.n_elements, channels, inner, &statistics, eps, array.data);
    }
  y = lfb_array_seal (&array, error);

  return y != NULL ? lfb_value_take_tensor (lfb_tensor_convert (y, lfb_tensor_get_dtype (input), error)) : NULL;
}

typedef struct {
  const LfbKernels *kernels;
  LfbDType dtype;
  const Statistics *statistics;
  gsize channels;
  gsize inner;
  float eps;
  float ratio;          /* sx / sy */
  float scale;
  gint32 x_zero_point;
  gint32 y_zero_point;
  gint32 y_min;
  const guint8 *x;
  guint8 *y;
} RowsJob;

/* A row is what one channel has in one image. */
static void
normalize_rows (gsize    begin,
                gsize    end,
                gpointer user_data)
{
  const RowsJob *job = user_data;
  const float *mean = job->statistics->mean, *variance = job->statistics->variance;
  const float *gamma = job->statistics->gamma, *beta = job->statistics->beta;

  for (gsize row = begin; row < end; row++)
    {
      gsize c = row % job->channels, at = row * job->inner;
      float r = 1.0f / sqrtf (variance[c] + job->eps);
      LfbAffine affine = {
        .x_zero_point = job->x_zero_point,
        .a = (r * gamma[c]) * job->ratio,
        .b = (beta[c] - (mean[c] * r) * gamma[c]) / job->scale,
        .y_zero_point = job->y_zero_point,
        .y_min = job->y_min,
      };

      if (job->dtype == LFB_DTYPE_QUINT8)
        job->kernels->affine_u8.run (job->x + at, job->y + at, job->inner, &affine);
      else
        job->kernels->affine_s8.run ((const int8_t *) job->x + at, (int8_t *) job->y + at, job->inner, &affine);
    }
}

static LfbValue *
quantized_batch_norm (LfbCall  *call,
                      GError  **error)
{
  const BatchNormKind *kind = LFB_CALL_DATA (call, BatchNormKind);
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  gboolean function = lfb_call_has (call, "output_scale");
  g_auto (Statistics) statistics = { NULL };
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  gsize n_dims, channels, inner = 1;
  gboolean from_batch;
  const gint64 *shape;
  double eps = 1e-5, scale = 1;
  gint64 zero_point = 0;
  LfbDType dtype;
  RowsJob job;

  if (input == NULL ||
      !lfb_check_quantized ("input", input, error) ||
      !lfb_check_rank ("input", input, kind->min_dims, kind->max_dims, error) ||
      !read_statistics (call, input, LFB_DTYPE_FLOAT32, &statistics, &from_batch, error) ||
      !lfb_call_double (call, "eps", &eps, error) ||
      !lfb_call_qparams (call, function ? "output_scale" : "scale", function ? "output_zero_point" : "zero_point",
                         lfb_tensor_get_dtype (input), &scale, &zero_point, error))
    return NULL;
  if (from_batch)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "the running mean or variance is missing");
      return NULL;
    }
  dtype = lfb_tensor_get_dtype (input);
  if (!lfb_array_init_like (&array, dtype, input, error))
    return NULL;

  shape = lfb_tensor_get_shape (input, &n_dims);
  channels = shape[1];
  for (gsize i = 2; i < n_dims; i++)
    inner *= shape[i];
  job = (RowsJob) {
    .kernels = &call->runtime->kernels,
    .dtype = dtype,
    .statistics = &statistics,
    .channels = channels,
    .inner = inner,
    .eps = eps,
    .ratio = (float) lfb_tensor_get_scale (input) / (float) scale,
    .scale = scale,
    .x_zero_point = lfb_tensor_get_zero_point (input),
    .y_zero_point = zero_point,
    .y_min = kind->relu ? zero_point : lfb_dtype_get_min (dtype),
    .x = lfb_tensor_get_data (input, NULL),
    .y = array.data,
  };
  if (array.n_elements > 0)
    lfb_runtime_parallel (call->runtime, array.n_elements / inner, GRAIN / inner + 1, normalize_rows, &job);

  return lfb_value_take_tensor (lfb_array_seal_quantized (&array, dtype, scale, zero_point, error));
}

#define FLOAT_RULE "x * (r * gamma) + (beta - (mean * r) * gamma), r = 1 / sqrt(var + eps)"
#define RULE "clamp(round(a * (q - zx) + b) + zy), a and b from mean, variance, weight, bias and scales"
#define MODULE "input, weight=None, bias=None, running_mean=None, running_var=None, eps=1e-5"
#define FUNCTION "input, weight, bias, mean, var, eps, output_scale, output_zero_point"
#define OPS "torch.ops.quantized."

#define QUANTIZED_MODULE(module, kind) \
  { .modules = (module), .signature = MODULE ", scale=1.0, zero_point=0", .rule = RULE, .run = quantized_batch_norm, .data = &(kind) }
#define QUANTIZED_FUNCTION(function, kind) \
  { .functions = (function), .signature = FUNCTION, .rule = RULE, .run = quantized_batch_norm, .data = &(kind) }

static const LfbOperator operators[] = {
  {
    .functions = "torch.nn.functional.batch_norm",
    .signature = "input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5",
    .rule = FLOAT_RULE, .run = batch_norm, .data = &any_dims,
  },
  {
    .functions = "torch.batch_norm",
    .signature = "input, weight, bias, running_mean, running_var, training, momentum, eps, cudnn_enabled",
    .rule = FLOAT_RULE, .run = batch_norm, .data = &any_dims,
  },
  { .modules = "torch.nn.BatchNorm1d", .signature = MODULE, .rule = FLOAT_RULE, .run = batch_norm, .data = &dims_1d },
  { .modules = "torch.nn.BatchNorm2d", .signature = MODULE, .rule = FLOAT_RULE, .run = batch_norm, .data = &dims_2d },
  { .modules = "torch.nn.BatchNorm3d", .signature = MODULE, .rule = FLOAT_RULE, .run = batch_norm, .data = &dims_3d },
  QUANTIZED_MODULE ("torch.ao.nn.quantized.BatchNorm2d", dims_2d),
  QUANTIZED_MODULE ("torch.ao.nn.quantized.BatchNorm3d", dims_3d),
  QUANTIZED_MODULE ("torch.ao.nn.intrinsic.quantized.BNReLU2d", relu_2d),
  QUANTIZED_MODULE ("torch.ao.nn.intrinsic.quantized.BNReLU3d", relu_3d),
  QUANTIZED_FUNCTION (OPS "batch_norm", any_dims),
  QUANTIZED_FUNCTION (OPS "batch_norm1d", dims_1d),
  QUANTIZED_FUNCTION (OPS "batch_norm2d", dims_2d),
  QUANTIZED_FUNCTION (OPS "batch_norm3d", dims_3d),
  QUANTIZED_FUNCTION (OPS "batch_norm_relu", relu_any),
  QUANTIZED_FUNCTION (OPS "batch_norm1d_relu", relu_1d),
  QUANTIZED_FUNCTION (OPS "batch_norm2d_relu", relu_2d),
  QUANTIZED_FUNCTION (OPS "batch_norm3d_relu", relu_3d),
};

const LfbOperatorFamily lfb_batch_norm_operators = LFB_OPERATOR_FAMILY (operators);

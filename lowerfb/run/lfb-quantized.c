/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Quantize and dequantize by the kernels; numerics.md, "Quantize and
 * dequantize" and "Dynamic quantization of a tensor".
 */

#include <lowerfb/run/lfb-quantized-private.h>

#include <string.h>

/* Elements that one thread takes at least. */
#define GRAIN 16384

typedef struct {
  const LfbRuntime *runtime;
  const void *from;
  void *to;
  float scale;
  gint32 zero_point;
  LfbDType dtype;
  const guint8 *table;
} Job;

static void
quantize_range (gsize    begin,
                gsize    end,
                gpointer user_data)
{
  const Job *job = user_data;
  const LfbKernels *kernels = &job->runtime->kernels;
  const float *x = (const float *) job->from + begin;

  switch (job->dtype)
    {
    case LFB_DTYPE_QUINT8:
      kernels->quantize_u8.run (x, (guint8 *) job->to + begin, end - begin, job->scale, job->zero_point);
      break;
    case LFB_DTYPE_QINT8:
      kernels->quantize_s8.run (x, (gint8 *) job->to + begin, end - begin, job->scale, job->zero_point);
      break;
    case LFB_DTYPE_QINT32:
      kernels->quantize_s32.run (x, (gint32 *) job->to + begin, end - begin, job->scale, job->zero_point);
      break;
    default:
      g_assert_not_reached ();
    }
}

void
lfb_quantize_floats (const LfbRuntime *runtime,
                     const float      *x,
                     gpointer          q,
                     gsize             n,
                     double            scale,
                     gint64            zero_point,
                     LfbDType          dtype)
{
  Job job = { runtime, x, q, scale, zero_point, dtype, NULL };

  lfb_runtime_parallel (runtime, n, GRAIN, quantize_range, &job);
}

static gboolean
check_target (LfbDType   dtype,
              GError   **error)
{
  if (dtype == LFB_DTYPE_QUINT8 || dtype == LFB_DTYPE_QINT8 || dtype == LFB_DTYPE_QINT32)
    return TRUE;

  g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE,
               "argument `dtype` is %s, expected quint8, qint8 or qint32", lfb_dtype_to_string (dtype));

  return FALSE;
}

LfbTensor *
lfb_quantize (const LfbRuntime  *runtime,
              LfbTensor         *tensor,
              double             scale,
              gint64             zero_point,
              LfbDType           dtype,
              GError           **error)
{
  g_auto (LfbArray) array = LFB_ARRAY_INIT;

  if (!lfb_check_dtype ("input", tensor, LFB_DTYPE_FLOAT32, error) ||
      !check_target (dtype, error) ||
      !lfb_check_qparams ("scale", "zero_point", dtype, scale, zero_point, error) ||
      !lfb_array_init_like (&array, dtype, tensor, error))
    return NULL;

  lfb_quantize_floats (runtime, lfb_tensor_floats (tensor), array.data, array.n_elements, scale, zero_point, dtype);

  return lfb_array_seal_quantized (&array, dtype, scale, zero_point, error);
}

float *
lfb_vector_floats (LfbTensor *vector)
{
  gsize n = lfb_tensor_get_n_elements (vector);
  float *values = g_new (float, MAX (n, 1));

  for (gsize i = 0; i < n; i++)
    values[i] = lfb_tensor_read_double (vector, i);

  return values;
}

gint32 *
lfb_vector_ints (LfbTensor *vector)
{
  gsize n = lfb_tensor_get_n_elements (vector);
  gint32 *values = g_new (gint32, MAX (n, 1));

  for (gsize i = 0; i < n; i++)
    values[i] = lfb_tensor_read_int (vector, i);

  return values;
}

/* (outer, channels, inner) around @axis. */
static void
split_shape (LfbTensor *tensor,
             gsize      axis,
             gsize     *outer,
             gsize     *channels,
             gsize     *inner)
{
  gsize n_dims;
  const gint64 *shape = lfb_tensor_get_shape (tensor, &n_dims);

  *outer = *inner = 1;
  *channels = shape[axis];
  for (gsize i = 0; i < axis; i++)
    *outer *= shape[i];
  for (gsize i = axis + 1; i < n_dims; i++)
    *inner *= shape[i];
}

/* Joins values of a byte each to the packed form, low bits first. */
static LfbTensor *
pack_bits (LfbArray  *array,
           guint      bits,
           GError   **error)
{
  g_auto (LfbArray) packed = LFB_ARRAY_INIT;
  guint per_byte = 8 / bits;
  gint64 size = (array->n_elements + per_byte - 1) / per_byte;
  const guint8 *values = array->data;
  guint8 *bytes;

  if (!lfb_array_init (&packed, LFB_DTYPE_UINT8, &size, 1, error))
    return NULL;
  bytes = packed.data;
  memset (bytes, 0, packed.size);
  for (gsize i = 0; i < array->n_elements; i++)
    bytes[i / per_byte] |= values[i] << i % per_byte * bits;

  return lfb_array_seal (&packed, error);
}

static gboolean
check_channels_target (LfbDType   dtype,
                       gboolean   float_points,
                       GError   **error)
{
  gboolean narrow = lfb_dtype_is_quantized (dtype) && lfb_dtype_get_bits (dtype) < 8;

  if (!float_points)
    return check_target (dtype, error);
  if (narrow || dtype == LFB_DTYPE_QUINT8)
    return TRUE;

  g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE,
               "argument `dtype` is %s, expected quint8, quint4x2 or quint2x4 with float zero points",
               lfb_dtype_to_string (dtype));

  return FALSE;
}

static gboolean
check_channels (LfbTensor  *tensor,
                LfbTensor  *scales,
                LfbTensor  *zero_points,
                gint64      axis,
                GError    **error)
{
  gint64 n;

  if (!lfb_check_rank ("input", tensor, 1, LFB_TENSOR_MAX_DIMS, error))
    return FALSE;
  if (axis < 0 || axis >= (gint64) lfb_tensor_get_n_dims (tensor))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                   "argument `axis` is %" G_GINT64_FORMAT ", expected 0 to %" G_GSIZE_FORMAT,
                   axis, lfb_tensor_get_n_dims (tensor) - 1);
      return FALSE;
    }
  n = lfb_tensor_get_dim (tensor, axis);
  if (lfb_tensor_get_n_elements (scales) != n || lfb_tensor_get_n_elements (zero_points) != n)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "there are %" G_GINT64_FORMAT " scales and %" G_GINT64_FORMAT " zero points, expected %"
                   G_GINT64_FORMAT ", one for each index of dimension %" G_GINT64_FORMAT,
                   lfb_tensor_get_n_elements (scales), lfb_tensor_get_n_elements (zero_points), n, axis);
      return FALSE;
    }

  return TRUE;
}

LfbTensor *
lfb_quantize_channels (const LfbRuntime  *runtime,
                       LfbTensor         *tensor,
                       LfbTensor         *scales,
                       LfbTensor         *zero_points,
                       gint64             axis,
                       LfbDType           dtype,
                       GError           **error)
{
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  gboolean float_points = lfb_dtype_is_floating_point (lfb_tensor_get_dtype (zero_points));
  guint bits = lfb_dtype_get_bits (dtype);
  g_autoptr (LfbTensor) integers = NULL;
  g_autofree float *s = NULL;
  LfbQParams qparams = { 0 };
  gsize outer, channels, inner, n_dims;
  const gint64 *shape;

  if (!lfb_check_dtype ("input", tensor, LFB_DTYPE_FLOAT32, error) ||
      !check_channels (tensor, scales, zero_points, axis, error) ||
      !check_channels_target (dtype, float_points, error) ||
      !lfb_array_init_like (&array, bits < 8 ? LFB_DTYPE_UINT8 : dtype, tensor, error))
    return NULL;

  split_shape (tensor, axis, &outer, &channels, &inner);
  s = lfb_vector_floats (scales);
  for (gsize i = 0; i < channels; i++)
    if (!lfb_check_qparams ("scales", "zero_points", dtype, s[i],
                            float_points ? 0 : lfb_tensor_read_int (zero_points, i), error))
      return NULL;

  if (float_points)
    {
      g_autofree float *z = lfb_vector_floats (zero_points);

      runtime->kernels.quantize_float_zero_u8.run (lfb_tensor_floats (tensor), array.data, outer, channels, inner,
                                                   s, z, (1 << bits) - 1);
    }
  else
    {
      g_autofree gint32 *z = lfb_vector_ints (zero_points);

      if (dtype == LFB_DTYPE_QUINT8)
        runtime->kernels.quantize_channels_u8.run (lfb_tensor_floats (tensor), array.data, outer, channels, inner, s, z);
      else if (dtype == LFB_DTYPE_QINT8)
        runtime->kernels.quantize_channels_s8.run (lfb_tensor_floats (tensor), array.data, outer, channels, inner, s, z);
      else
        runtime->kernels.quantize_channels_s32.run (lfb_tensor_floats (tensor), array.data, outer, channels, inner, s, z);
    }

  integers = bits < 8 ? pack_bits (&array, bits, error) : lfb_array_seal (&array, error);
  if (integers == NULL)
    return NULL;

  shape = lfb_tensor_get_shape (tensor, &n_dims);
  qparams.dtype = dtype;
  qparams.qscheme = float_points ? LFB_QSCHEME_PER_CHANNEL_AFFINE_FLOAT_QPARAMS : LFB_QSCHEME_PER_CHANNEL_AFFINE;
  qparams.axis = axis;
  qparams.scales = scales;
  qparams.zero_points = zero_points;

  return lfb_tensor_new_with_qparams (integers, shape, n_dims, &qparams, error);
}

gboolean
lfb_choose_dynamic (const LfbRuntime  *runtime,
                    LfbTensor         *tensor,
                    LfbDType           dtype,
                    gboolean           reduce_range,
                    double            *scale,
                    gint64            *zero_point,
                    GError           **error)
{
  gsize n = lfb_tensor_get_n_elements (tensor);
  float min, max;
  int32_t chosen;

  if (dtype != LFB_DTYPE_QUINT8 && dtype != LFB_DTYPE_QINT8)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE,
                   "argument `dtype` is %s, expected quint8, qint8 or float16", lfb_dtype_to_string (dtype));
      return FALSE;
    }
  if (!lfb_check_dtype ("input", tensor, LFB_DTYPE_FLOAT32, error))
    return FALSE;
  if (n == 0)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_RANGE,
                           "an empty tensor cannot be quantized dynamically: it has no range");
      return FALSE;
    }
  if (!runtime->kernels.minmax.run (lfb_tensor_floats (tensor), n, &min, &max))
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_RANGE,
                           "a tensor with NaN or infinite elements cannot be quantized dynamically");
      return FALSE;
    }
  lfb_choose_qparams (min, max, lfb_dtype_get_min (dtype), lfb_dtype_get_max (dtype), reduce_range, scale, &chosen);
  *zero_point = chosen;

  return TRUE;
}

LfbTensor *
lfb_quantize_dynamic (const LfbRuntime  *runtime,
                      LfbTensor         *tensor,
                      LfbDType           dtype,
                      gboolean           reduce_range,
                      GError           **error)
{
  double scale;
  gint64 zero_point;

  if (!lfb_choose_dynamic (runtime, tensor, dtype, reduce_range, &scale, &zero_point, error))
    return NULL;

  return lfb_quantize (runtime, tensor, scale, zero_point, dtype, error);
}

static void
dequantize_range (gsize    begin,
                  gsize    end,
                  gpointer user_data)
{
  const Job *job = user_data;
  const LfbKernels *kernels = &job->runtime->kernels;
  float *x = (float *) job->to + begin;

  switch (job->dtype)
    {
    case LFB_DTYPE_QUINT8:
      kernels->dequantize_u8.run ((const guint8 *) job->from + begin, x, end - begin, job->scale, job->zero_point);
      break;
    case LFB_DTYPE_QINT8:
      kernels->dequantize_s8.run ((const gint8 *) job->from + begin, x, end - begin, job->scale, job->zero_point);
      break;
    case LFB_DTYPE_QINT32:
      kernels->dequantize_s32.run ((const gint32 *) job->from + begin, x, end - begin, job->scale, job->zero_point);
      break;
    default:
      g_assert_not_reached ();
    }
}

/* Channels of whole bytes, as the kernels take them. */
static gboolean
has_channels_kernel (LfbTensor *tensor)
{
  LfbDType dtype = lfb_tensor_get_dtype (tensor);

  if (lfb_tensor_get_qscheme (tensor) == LFB_QSCHEME_PER_CHANNEL_AFFINE_FLOAT_QPARAMS)
    return dtype == LFB_DTYPE_QUINT8;

  return dtype == LFB_DTYPE_QUINT8 || dtype == LFB_DTYPE_QINT8 || dtype == LFB_DTYPE_QINT32;
}

static void
dequantize_channels (const LfbKernels *kernels,
                     LfbTensor        *tensor,
                     float            *x)
{
  LfbTensor *zero_points = lfb_tensor_get_zero_points (tensor);
  g_autofree float *s = lfb_vector_floats (lfb_tensor_get_scales (tensor));
  gconstpointer q = lfb_tensor_get_data (tensor, NULL);
  gsize outer, channels, inner;

  split_shape (tensor, lfb_tensor_get_axis (tensor), &outer, &channels, &inner);
  if (lfb_tensor_get_qscheme (tensor) == LFB_QSCHEME_PER_CHANNEL_AFFINE_FLOAT_QPARAMS)
    {
      g_autofree float *z = lfb_vector_floats (zero_points);

      kernels->dequantize_float_zero_u8.run (q, x, outer, channels, inner, s, z);
    }
  else
    {
      g_autofree gint32 *z = lfb_vector_ints (zero_points);

      if (lfb_tensor_get_dtype (tensor) == LFB_DTYPE_QUINT8)
        kernels->dequantize_channels_u8.run (q, x, outer, channels, inner, s, z);
      else if (lfb_tensor_get_dtype (tensor) == LFB_DTYPE_QINT8)
        kernels->dequantize_channels_s8.run (q, x, outer, channels, inner, s, z);
      else
        kernels->dequantize_channels_s32.run (q, x, outer, channels, inner, s, z);
    }
}

/* Integers of less than a byte are read by the tensor itself. */
LfbTensor *
lfb_dequantize (const LfbRuntime  *runtime,
                LfbTensor         *tensor,
                GError           **error)
{
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  Job job = { 0 };

  if (!lfb_tensor_is_quantized (tensor))
    return lfb_tensor_convert (tensor, LFB_DTYPE_FLOAT32, error);
  if (lfb_tensor_is_per_channel (tensor) ? !has_channels_kernel (tensor) : lfb_dtype_size (lfb_tensor_get_dtype (tensor)) == 0)
    return lfb_tensor_dequantize (tensor, error);
  if (!lfb_array_init_like (&array, LFB_DTYPE_FLOAT32, tensor, error))
    return NULL;
  if (lfb_tensor_is_per_channel (tensor))
    {
      dequantize_channels (&runtime->kernels, tensor, array.data);
      return lfb_array_seal (&array, error);
    }

  job.runtime = runtime;
  job.from = lfb_tensor_get_data (tensor, NULL);
  job.to = array.data;
  job.scale = lfb_tensor_get_scale (tensor);
  job.zero_point = lfb_tensor_get_zero_point (tensor);
  job.dtype = lfb_tensor_get_dtype (tensor);
  lfb_runtime_parallel (runtime, array.n_elements, GRAIN, dequantize_range, &job);

  return lfb_array_seal (&array, error);
}

static void
lookup_range (gsize    begin,
              gsize    end,
              gpointer user_data)
{
  const Job *job = user_data;

  job->runtime->kernels.lookup.run ((const guint8 *) job->from + begin, (guint8 *) job->to + begin,
                                    end - begin, job->table);
}

LfbTensor *
lfb_lookup_tensor (const LfbRuntime  *runtime,
                   LfbTensor         *tensor,
                   const guint8      *table,
                   double             scale,
                   gint64             zero_point,
                   GError           **error)
{
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  Job job = { 0 };

  if (!lfb_array_init_like (&array, lfb_tensor_get_dtype (tensor), tensor, error))
    return NULL;

  job.runtime = runtime;
  job.from = lfb_tensor_get_data (tensor, NULL);
  job.to = array.data;
  job.table = table;
  lfb_runtime_parallel (runtime, array.n_elements, GRAIN * 4, lookup_range, &job);

  return lfb_array_seal_quantized (&array, lfb_tensor_get_dtype (tensor), scale, zero_point, error);
}

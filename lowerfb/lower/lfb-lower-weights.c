/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Weights are quantized once, when a model is lowered, by the rules of
 * numerics.md, "Quantize and dequantize":
 *
 *   q = clamp(round(w * (1.0f / s)) + z, qmin, qmax)
 *   q = clamp(round(w * (1.0f / s) + z), 0, qmax)     where z is a float
 *
 * All in float32 and clamped there, so that nothing overflows on its way to an
 * integer; round is to nearest, ties to even.
 */

#include <lowerfb/lower/lfb-lower-weights-private.h>

#include <lowerfb/core/lfb-error.h>

#include <math.h>
#include <string.h>

#define HALF_MAX 65504.0f

static float
half_to_float (guint16 half)
{
  guint32 sign = (guint32) (half & 0x8000) << 16;
  guint32 exponent = (half >> 10) & 0x1f;
  guint32 fraction = half & 0x3ff;
  guint32 bits;
  float value;

  if (exponent == 0)
    {
      value = ldexpf (fraction, -24);
      return sign != 0 ? -value : value;
    }

  bits = sign | ((exponent == 31 ? 255u : exponent + 112) << 23) | (fraction << 13);
  memcpy (&value, &bits, sizeof value);

  return value;
}

/* Ties to even; what is too large becomes the largest, as packing does. */
static guint16
float_to_half (float value)
{
  guint16 sign = signbit (value) ? 0x8000 : 0;
  float size = fabsf (value);
  int exponent;
  float fraction;

  if (isnan (value))
    return sign | 0x7e00;
  if (size >= HALF_MAX)
    return sign | 0x7bff;
  if (size < 0x1p-14f)
    return sign | (guint16) rintf (size * 0x1p24f);

  /* size = fraction * 2^exponent, with fraction in [1024, 2048] once rounded;
   * a fraction of 2048 carries into the exponent by itself
   */
  fraction = frexpf (size, &exponent);
  fraction = rintf (ldexpf (fraction, 11));

  return sign | (guint16) (((exponent + 14) << 10) + ((int) fraction - 1024));
}

/* The elements of a float tensor as float32, in memory that the caller frees. */
gboolean
_lfb_weight_to_float (LfbTensor  *weight,
                      float     **values,
                      GError    **error)
{
  gint64 n_elements = lfb_tensor_get_n_elements (weight);
  LfbDType dtype = lfb_tensor_get_dtype (weight);
  gconstpointer data = lfb_tensor_get_data (weight, NULL);
  g_autofree float *result = NULL;

  if (!lfb_dtype_is_floating_point (dtype))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE, "it is %s, not a float", lfb_dtype_to_string (dtype));
      return FALSE;
    }

  result = g_try_new (float, MAX (n_elements, 1));
  if (result == NULL)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "there is no memory for %" G_GINT64_FORMAT " numbers",
                   n_elements);
      return FALSE;
    }

  switch ((int) dtype)
    {
    case LFB_DTYPE_FLOAT32:
      if (n_elements > 0)
        memcpy (result, data, n_elements * sizeof *result);
      break;
    case LFB_DTYPE_FLOAT64:
      for (gint64 i = 0; i < n_elements; i++)
        result[i] = ((const double *) data)[i];
      break;
    case LFB_DTYPE_FLOAT16:
      for (gint64 i = 0; i < n_elements; i++)
        result[i] = half_to_float (((const guint16 *) data)[i]);
      break;
    default:
      for (gint64 i = 0; i < n_elements; i++)
        {
          guint32 bits = (guint32) ((const guint16 *) data)[i] << 16;

          memcpy (&result[i], &bits, sizeof bits);
        }
      break;
    }

  *values = g_steal_pointer (&result);
  return TRUE;
}

/* The one integer that a tensor holds. */
gboolean
_lfb_read_integer (LfbTensor *tensor,
                   gint64    *integer)
{
  gconstpointer data;

  if (lfb_tensor_get_n_elements (tensor) != 1)
    return FALSE;

  data = lfb_tensor_get_data (tensor, NULL);
  switch (lfb_tensor_get_dtype (tensor))
    {
    case LFB_DTYPE_INT64:
      *integer = *(const gint64 *) data;
      return TRUE;
    case LFB_DTYPE_INT32:
      *integer = *(const gint32 *) data;
      return TRUE;
    case LFB_DTYPE_INT16:
      *integer = *(const gint16 *) data;
      return TRUE;
    case LFB_DTYPE_INT8:
      *integer = *(const gint8 *) data;
      return TRUE;
    case LFB_DTYPE_UINT8:
      *integer = *(const guint8 *) data;
      return TRUE;
    default:
      return FALSE;
    }
}

/* The scale and zero point of each channel; one channel: of the whole tensor. */
typedef struct
{
  float inverse; /* 1.0f / scale */
  float zero_point;
} Channel;

static double
number_at (LfbTensor *tensor,
           gint64     index)
{
  gconstpointer data = lfb_tensor_get_data (tensor, NULL);

  switch (lfb_tensor_get_dtype (tensor))
    {
    case LFB_DTYPE_FLOAT32:
      return ((const float *) data)[index];
    case LFB_DTYPE_FLOAT64:
      return ((const double *) data)[index];
    case LFB_DTYPE_INT64:
      return ((const gint64 *) data)[index];
    case LFB_DTYPE_INT32:
      return ((const gint32 *) data)[index];
    case LFB_DTYPE_INT16:
      return ((const gint16 *) data)[index];
    case LFB_DTYPE_INT8:
      return ((const gint8 *) data)[index];
    default:
      return ((const guint8 *) data)[index];
    }
}

/* NaN becomes the zero point, which lies inside of the range or is clamped. */
static gint32
quantize (float          value,
          const Channel *channel,
          gboolean       float_point,
          float          low,
          float          high)
{
  float scaled = value * channel->inverse;

  if (isnan (scaled))
    scaled = 0;
  scaled = float_point ? rintf (scaled + channel->zero_point) : rintf (scaled) + channel->zero_point;

  return (gint32) CLAMP (scaled, low, high);
}

/* Elements of less than a byte are packed low bits first over the whole tensor. */
static void
store (guint8  *integers,
       LfbDType dtype,
       gint64   index,
       gint32   q)
{
  guint bits = lfb_dtype_get_bits (dtype);

  if (bits == 8)
    integers[index] = (guint8) q;
  else
    integers[index / (8 / bits)] |= q << (index % (8 / bits) * bits);
}

static LfbTensor *
make_tensor (LfbDType      dtype,
             const gint64 *shape,
             gsize         n_dims,
             gpointer      data,
             gsize         size,
             GError      **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new_take (data, size);

  return lfb_tensor_new_for_bytes (dtype, shape, n_dims, bytes, error);
}

static void
quantize_all (LfbTensor        *weight,
              const float      *values,
              const LfbQParams *qparams,
              guint8           *integers)
{
  gboolean per_channel = qparams->scales != NULL;
  gboolean float_point = qparams->qscheme == LFB_QSCHEME_PER_CHANNEL_AFFINE_FLOAT_QPARAMS;
  gint64 n_channels = per_channel ? lfb_tensor_get_dim (weight, qparams->axis) : 1;
  gint64 n_elements = lfb_tensor_get_n_elements (weight);
  gint64 inner = 1;
  float low = lfb_dtype_get_min (qparams->dtype), high = lfb_dtype_get_max (qparams->dtype);

  if (per_channel)
    for (gsize i = qparams->axis + 1; i < lfb_tensor_get_n_dims (weight); i++)
      inner *= lfb_tensor_get_dim (weight, i);

  for (gint64 begin = 0; begin < n_elements; begin += per_channel ? inner : n_elements)
    {
      gint64 end = per_channel ? begin + inner : n_elements;
      gint64 index = begin / inner % n_channels;
      Channel channel;

      channel.inverse = 1.0f / (float) (per_channel ? number_at (qparams->scales, index) : qparams->scale);
      channel.zero_point = per_channel ? number_at (qparams->zero_points, index) : qparams->zero_point;
      for (gint64 i = begin; i < end; i++)
        store (integers, qparams->dtype, i, quantize (values[i], &channel, float_point, low, high));
    }
}

/* Quantizes a float tensor. The message of an error goes on from “its weight
 * cannot be quantized: ”.
 */
LfbTensor *
_lfb_quantize_weight (LfbTensor         *weight,
                      const LfbQParams  *qparams,
                      GError           **error)
{
  g_autofree float *values = NULL;
  g_autofree guint8 *data = NULL;
  g_autoptr (LfbTensor) integers = NULL;
  const gint64 *shape;
  gsize n_dims, size;
  gint64 n_elements = lfb_tensor_get_n_elements (weight);

  if (!lfb_dtype_is_quantized (qparams->dtype) || lfb_dtype_get_bits (qparams->dtype) > 8)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE, "no kernel takes a weight of %s",
                   lfb_dtype_to_string (qparams->dtype));
      return NULL;
    }
  if (!_lfb_weight_to_float (weight, &values, error))
    return NULL;

  /* checks scales, zero points and axis before they are read */
  shape = lfb_tensor_get_shape (weight, &n_dims);
  size = ((gsize) n_elements * lfb_dtype_get_bits (qparams->dtype) + 7) / 8;
  data = g_malloc0 (MAX (size, 1));
  {
    g_autoptr (LfbTensor) blank = NULL;
    g_autoptr (LfbTensor) probe = NULL;
    g_autoptr (GBytes) zeros = g_bytes_new_static (data, size);
    gint64 length = size;
    LfbDType storage = lfb_dtype_get_storage (qparams->dtype);

    blank = lfb_tensor_new_for_bytes (storage, &length, 1, zeros, error);
    if (blank == NULL)
      return NULL;
    probe = lfb_tensor_new_with_qparams (blank, shape, n_dims, qparams, error);
    if (probe == NULL)
      return NULL;
  }

  quantize_all (weight, values, qparams, data);

  if (lfb_dtype_get_bits (qparams->dtype) < 8)
    {
      gint64 length = size;

      integers = make_tensor (lfb_dtype_get_storage (qparams->dtype), &length, 1,
                              g_steal_pointer (&data), size, error);
    }
  else
    {
      integers = make_tensor (lfb_dtype_get_storage (qparams->dtype), shape, n_dims,
                              g_steal_pointer (&data), size, error);
    }
  if (integers == NULL)
    return NULL;

  return lfb_tensor_new_with_qparams (integers, shape, n_dims, qparams, error);
}

/* A float tensor rounded to float16. */
LfbTensor *
_lfb_halve_weight (LfbTensor  *weight,
                   GError    **error)
{
  gint64 n_elements = lfb_tensor_get_n_elements (weight);
  g_autofree float *values = NULL;
  g_autofree guint16 *halves = NULL;
  const gint64 *shape;
  gsize n_dims;

  if (!_lfb_weight_to_float (weight, &values, error))
    return NULL;

  shape = lfb_tensor_get_shape (weight, &n_dims);
  halves = g_new (guint16, MAX (n_elements, 1));
  for (gint64 i = 0; i < n_elements; i++)
    halves[i] = float_to_half (values[i]);

  return make_tensor (LFB_DTYPE_FLOAT16, shape, n_dims, g_steal_pointer (&halves),
                      n_elements * sizeof (guint16), error);
}

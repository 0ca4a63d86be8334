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

/* Two loops are worth vector code, however the rest is built. Which comparisons
 * trap changes no result.
 */
#if defined (__GNUC__) && !defined (__clang__)
#pragma GCC optimize ("O3", "no-trapping-math")
#endif

/* One element of a tensor of integers. */
gboolean
_lfb_integer_at (LfbTensor *tensor,
                 gint64     index,
                 gint64    *integer)
{
  gconstpointer data = lfb_tensor_get_data (tensor, NULL);

  switch (lfb_tensor_get_dtype (tensor))
    {
    case LFB_DTYPE_INT64:
      *integer = ((const gint64 *) data)[index];
      return TRUE;
    case LFB_DTYPE_INT32:
      *integer = ((const gint32 *) data)[index];
      return TRUE;
    case LFB_DTYPE_INT16:
      *integer = ((const gint16 *) data)[index];
      return TRUE;
    case LFB_DTYPE_INT8:
      *integer = ((const gint8 *) data)[index];
      return TRUE;
    case LFB_DTYPE_UINT8:
      *integer = ((const guint8 *) data)[index];
      return TRUE;
    default:
      return FALSE;
    }
}

/* The one integer that a tensor holds. */
gboolean
_lfb_read_integer (LfbTensor *tensor,
                   gint64    *integer)
{
  return lfb_tensor_get_n_elements (tensor) == 1 && !lfb_tensor_is_quantized (tensor) &&
         _lfb_integer_at (tensor, 0, integer);
}

/* The scale and zero point of one channel, and the range of the type. */
typedef struct
{
  float inverse; /* 1.0f / scale */
  float zero_point;
  float low;
  float high;
} Channel;

/* Adding and taking away 1.5 * 2^23 rounds a smaller number to nearest, ties to
 * even, with two additions that compilers make vector code of. Whatever is beyond
 * 2^20 is beyond every range.
 */
#define ROUNDER 12582912.0f
#define BEYOND 1048576.0f

static inline float
round_even (float value)
{
  return (value + ROUNDER) - ROUNDER;
}

/* NaN becomes 0, which the zero point stands for. */
static inline float
bounded (float value)
{
  value = value == value ? value : 0.0f;
  value = value > -BEYOND ? value : -BEYOND;

  return value < BEYOND ? value : BEYOND;
}

static inline float
clamped (float          value,
         const Channel *channel)
{
  value = value > channel->low ? value : channel->low;

  return value < channel->high ? value : channel->high;
}

/* Most of the time of lowering is spent here. */
static void
quantize_bytes (const float   *restrict values,
                guint8        *restrict integers,
                gsize          n_values,
                const Channel  *channel)
{
  const Channel c = *channel;

  for (gsize i = 0; i < n_values; i++)
    integers[i] = (guint8) (gint32) clamped (round_even (bounded (values[i] * c.inverse)) + c.zero_point, &c);
}

/* The zero points of embedding rows are floats: they are added before rounding. */
static void
quantize_bytes_float_point (const float   *restrict values,
                            guint8        *restrict integers,
                            gsize          n_values,
                            const Channel  *channel)
{
  const Channel c = *channel;

  for (gsize i = 0; i < n_values; i++)
    integers[i] = (guint8) (gint32) clamped (round_even (bounded (bounded (values[i] * c.inverse) + c.zero_point)), &c);
}

static double
number_at (LfbTensor *tensor,
           gint64     index)
{
  gconstpointer data = lfb_tensor_get_data (tensor, NULL);
  gint64 integer;

  switch (lfb_tensor_get_dtype (tensor))
    {
    case LFB_DTYPE_FLOAT32:
      return ((const float *) data)[index];
    case LFB_DTYPE_FLOAT64:
      return ((const double *) data)[index];
    default:
      _lfb_integer_at (tensor, index, &integer);
      return integer;
    }
}

/* Each run of values that share scale and zero point, one byte a value. */
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
  gint64 run = per_channel ? 1 : n_elements;
  Channel channel = {
    .low = lfb_dtype_get_min (qparams->dtype),
    .high = lfb_dtype_get_max (qparams->dtype),
  };

  if (per_channel)
    for (gsize i = qparams->axis + 1; i < lfb_tensor_get_n_dims (weight); i++)
      run *= lfb_tensor_get_dim (weight, i);

  for (gint64 begin = 0; begin < n_elements; begin += run)
    {
      gint64 index = begin / run % n_channels;

      channel.inverse = 1.0f / (float) (per_channel ? number_at (qparams->scales, index) : qparams->scale);
      channel.zero_point = per_channel ? number_at (qparams->zero_points, index) : qparams->zero_point;
      if (float_point)
        quantize_bytes_float_point (values + begin, integers + begin, run, &channel);
      else
        quantize_bytes (values + begin, integers + begin, run, &channel);
    }
}

/* Several elements to a byte, low bits first, over the whole tensor. */
static void
pack_bytes (guint8 *integers,
            gsize   n_elements,
            guint   bits)
{
  guint per_byte = 8 / bits;

  for (gsize i = 0; i < n_elements; i++)
    {
      guint8 bit = integers[i] << (i % per_byte * bits);

      integers[i / per_byte] = i % per_byte == 0 ? bit : (guint8) (integers[i / per_byte] | bit);
    }
}

/* Scales, zero points and axis are checked before they are read. */
static gboolean
check_qparams (LfbTensor         *weight,
               const LfbQParams  *qparams,
               GError           **error)
{
  LfbDType storage = lfb_dtype_get_storage (qparams->dtype);
  g_autoptr (GBytes) nothing = NULL;
  g_autoptr (LfbTensor) blank = NULL;
  g_autoptr (LfbTensor) probe = NULL;
  gint64 shape[LFB_TENSOR_MAX_DIMS];
  const gint64 none = 0;
  gsize n_dims = lfb_tensor_get_n_dims (weight);

  if (!lfb_dtype_is_quantized (qparams->dtype) || lfb_dtype_get_bits (qparams->dtype) > 8)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE, "no kernel takes a weight of %s",
                   lfb_dtype_to_string (qparams->dtype));
      return FALSE;
    }
  if (qparams->scales != NULL && (qparams->axis < 0 || (guint64) qparams->axis >= n_dims))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "axis %" G_GINT64_FORMAT " is none of its %" G_GSIZE_FORMAT " dimensions",
                   qparams->axis, n_dims);
      return FALSE;
    }

  /* a tensor of as many channels and no elements */
  for (gsize i = 0; i < n_dims; i++)
    shape[i] = lfb_tensor_get_dim (weight, i);
  shape[n_dims] = 0;
  nothing = g_bytes_new_static ("", 0);
  blank = lfb_tensor_new_for_bytes (storage, &none, 1, nothing, error);
  if (blank != NULL)
    probe = lfb_tensor_new_with_qparams (blank, shape, n_dims + 1, qparams, error);

  return probe != NULL;
}

/* Quantizes a float tensor. The message of an error goes on from “its weight
 * cannot be quantized: ”.
 */
LfbTensor *
_lfb_quantize_weight (LfbTensor         *weight,
                      const LfbQParams  *qparams,
                      GError           **error)
{
  g_autofree float *converted = NULL;
  g_autofree guint8 *integers = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (LfbTensor) tensor = NULL;
  const float *values;
  const gint64 *shape;
  gint64 length;
  gsize n_dims;
  gsize n_elements = lfb_tensor_get_n_elements (weight);
  guint bits = lfb_dtype_get_bits (qparams->dtype);

  if (!check_qparams (weight, qparams, error))
    return NULL;
  if (lfb_tensor_get_dtype (weight) == LFB_DTYPE_FLOAT32)
    {
      values = lfb_tensor_get_data (weight, NULL);
    }
  else
    {
      if (!_lfb_weight_to_float (weight, &converted, error))
        return NULL;
      values = converted;
    }

  integers = g_try_malloc (MAX (n_elements, 1));
  if (integers == NULL)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "there is no memory for %" G_GSIZE_FORMAT " bytes", n_elements);
      return NULL;
    }
  quantize_all (weight, values, qparams, integers);
  if (bits < 8)
    pack_bytes (integers, n_elements, bits);

  length = (n_elements * bits + 7) / 8;
  bytes = g_bytes_new_take (g_steal_pointer (&integers), length);
  shape = lfb_tensor_get_shape (weight, &n_dims);
  if (bits < 8)
    tensor = lfb_tensor_new_for_bytes (lfb_dtype_get_storage (qparams->dtype), &length, 1, bytes, error);
  else
    tensor = lfb_tensor_new_for_bytes (lfb_dtype_get_storage (qparams->dtype), shape, n_dims, bytes, error);
  if (tensor == NULL)
    return NULL;

  return lfb_tensor_new_with_qparams (tensor, shape, n_dims, qparams, error);
}

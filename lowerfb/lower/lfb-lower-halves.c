/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Float weights of every width as float32, and rounded to float16: to nearest,
 * ties to even, what is too large to the largest, as packing does (numerics.md,
 * linear_dynamic_fp16).
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

/* A float tensor rounded to float16. */
LfbTensor *
_lfb_halve_weight (LfbTensor  *weight,
                   GError    **error)
{
  gint64 n_elements = lfb_tensor_get_n_elements (weight);
  g_autofree float *values = NULL;
  g_autofree guint16 *halves = NULL;
  g_autoptr (GBytes) bytes = NULL;
  const gint64 *shape;
  gsize n_dims;

  if (!_lfb_weight_to_float (weight, &values, error))
    return NULL;

  shape = lfb_tensor_get_shape (weight, &n_dims);
  halves = g_new (guint16, MAX (n_elements, 1));
  for (gint64 i = 0; i < n_elements; i++)
    halves[i] = float_to_half (values[i]);

  bytes = g_bytes_new_take (g_steal_pointer (&halves), n_elements * sizeof (guint16));
  return lfb_tensor_new_for_bytes (LFB_DTYPE_FLOAT16, shape, n_dims, bytes, error);
}

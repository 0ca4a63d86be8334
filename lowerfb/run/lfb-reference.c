/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-reference-private.h. The rule is that of torch's
 * ReferenceQuantizedModule: no rounding without a scheme, half for float16,
 * else quantize and dequantize per tensor or per channel.
 */

#include <lowerfb/run/lfb-reference-private.h>
#include <lowerfb/run/lfb-half-private.h>
#include <lowerfb/run/lfb-quantized-private.h>

#include <string.h>

LfbTensor *
lfb_reference_quantize (const LfbRuntime  *runtime,
                        LfbTensor         *weight,
                        LfbTensor         *scale,
                        LfbTensor         *zero_point,
                        gint64             axis,
                        LfbQScheme         qscheme,
                        LfbDType           dtype,
                        GError           **error)
{
  if (scale == NULL || zero_point == NULL)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                           "argument `weight_scale` or `weight_zero_point` is missing");
      return NULL;
    }
  if (qscheme >= LFB_QSCHEME_PER_CHANNEL_AFFINE)
    return lfb_quantize_channels (runtime, weight, scale, zero_point, axis, dtype, error);
  if (lfb_tensor_get_n_elements (scale) != 1 || lfb_tensor_get_n_elements (zero_point) != 1)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_SHAPE,
                           "arguments `weight_scale` and `weight_zero_point` must have one element per tensor");
      return NULL;
    }

  return lfb_quantize (runtime, weight, lfb_tensor_read_double (scale, 0), lfb_tensor_read_int (zero_point, 0),
                       dtype, error);
}

LfbTensor *
lfb_reference_round (const LfbRuntime  *runtime,
                     LfbTensor         *weight,
                     LfbTensor         *scale,
                     LfbTensor         *zero_point,
                     gint64             axis,
                     LfbQScheme         qscheme,
                     LfbDType           dtype,
                     GError           **error)
{
  g_autoptr (LfbTensor) rounded = NULL;

  if (qscheme == LFB_QSCHEME_NONE)
    return g_object_ref (weight);

  if (dtype == LFB_DTYPE_FLOAT16)
    rounded = lfb_tensor_convert (weight, LFB_DTYPE_FLOAT16, error);
  else
    rounded = lfb_reference_quantize (runtime, weight, scale, zero_point, axis, qscheme, dtype, error);

  return rounded != NULL ? lfb_dequantize (runtime, rounded, error) : NULL;
}

LfbTensor *
lfb_reference_weight (LfbCall     *call,
                      const char  *name,
                      GError     **error)
{
  LfbTensor *weight = lfb_call_tensor (call, name, error);
  LfbValue *scheme = lfb_call_get (call, "weight_qscheme");
  LfbQScheme qscheme = LFB_QSCHEME_NONE;
  LfbDType dtype = LFB_DTYPE_QINT8;
  LfbTensor *scale, *zero_point;
  gint64 axis = 0;

  if (weight == NULL ||
      !lfb_call_dtype (call, "weight_dtype", &dtype, error) ||
      !lfb_call_int (call, "weight_axis", &axis, error) ||
      !lfb_call_optional_tensor (call, "weight_scale", &scale, error) ||
      !lfb_call_optional_tensor (call, "weight_zero_point", &zero_point, error))
    return NULL;
  if (lfb_value_get_kind (scheme) == LFB_VALUE_KIND_QSCHEME)
    qscheme = lfb_value_get_qscheme (scheme);

  return lfb_reference_round (call->runtime, weight, scale, zero_point, axis, qscheme, dtype, error);
}

gboolean
lfb_read_real_type (const char  *name,
                    LfbTensor   *tensor,
                    LfbDType    *real,
                    GError     **error)
{
  LfbDType dtype = lfb_tensor_get_dtype (tensor);

  *real = dtype == LFB_DTYPE_FLOAT64 ? LFB_DTYPE_FLOAT64 : LFB_DTYPE_FLOAT32;
  if (lfb_dtype_is_floating_point (dtype))
    return TRUE;

  g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE, "argument `%s` has the dtype %s, expected floats", name,
               lfb_dtype_to_string (dtype));

  return FALSE;
}

LfbTensor *
lfb_tensor_as_real (const char  *name,
                    LfbTensor   *tensor,
                    LfbDType     real,
                    GError     **error)
{
  LfbDType dtype = lfb_tensor_get_dtype (tensor);

  if ((dtype == LFB_DTYPE_FLOAT64) != (real == LFB_DTYPE_FLOAT64))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE, "argument `%s` has the dtype %s beside an input of %s", name,
                   lfb_dtype_to_string (dtype), lfb_dtype_to_string (real));
      return NULL;
    }

  return real == LFB_DTYPE_FLOAT64 ? g_object_ref (tensor) : lfb_tensor_as_float (name, tensor, error);
}

gboolean
lfb_fill_bias (LfbTensor  *bias,
               LfbDType    real,
               gsize       m,
               gsize       n,
               gpointer    y,
               GError    **error)
{
  gsize size = lfb_dtype_size (real);
  g_autoptr (LfbTensor) row = NULL;

  if (bias != NULL && (gsize) lfb_tensor_get_n_elements (bias) != n)
    {
      g_autofree char *shape = lfb_tensor_describe_shape (bias);

      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "argument `bias` has the shape %s, expected [%" G_GSIZE_FORMAT "]", shape, n);
      return FALSE;
    }
  if (bias != NULL)
    {
      row = lfb_tensor_as_real ("bias", bias, real, error);
      if (row == NULL)
        return FALSE;
    }
  for (gsize i = 0; i < m && n > 0; i++)
    {
      char *to = (char *) y + i * n * size;

      if (row != NULL)
        memcpy (to, lfb_tensor_get_data (row, NULL), n * size);
      else
        memset (to, 0, n * size);
    }

  return TRUE;
}

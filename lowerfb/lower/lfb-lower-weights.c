/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Weights are quantized once, when a model is lowered, from floats of any width.
 * The integers of a float32 weight, which all but a few are, are not computed
 * before something reads them: see lfb_tensor_quantize().
 */

#include <lowerfb/lower/lfb-lower-weights-private.h>

#include <lowerfb/core/lfb-error.h>

/* The elements of a float tensor as a float32 tensor. */
LfbTensor *
_lfb_weight_as_float (LfbTensor  *weight,
                      GError    **error)
{
  gint64 n_elements = lfb_tensor_get_n_elements (weight);
  g_autoptr (GBytes) bytes = NULL;
  const gint64 *shape;
  float *values;
  gsize n_dims;

  if (lfb_tensor_get_dtype (weight) == LFB_DTYPE_FLOAT32)
    return g_object_ref (weight);
  if (!_lfb_weight_to_float (weight, &values, error))
    return NULL;

  bytes = g_bytes_new_take (values, n_elements * sizeof *values);
  shape = lfb_tensor_get_shape (weight, &n_dims);

  return lfb_tensor_new_for_bytes (LFB_DTYPE_FLOAT32, shape, n_dims, bytes, error);
}

/* Quantizes a float tensor. The message of an error goes on from “its weight
 * cannot be quantized: ”.
 */
LfbTensor *
_lfb_quantize_weight (LfbTensor         *weight,
                      const LfbQParams  *qparams,
                      GError           **error)
{
  g_autoptr (LfbTensor) floats = NULL;
  LfbTensor *result;

  if (!lfb_dtype_is_quantized (qparams->dtype) || lfb_dtype_get_bits (qparams->dtype) > 8)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE, "no kernel takes a weight of %s",
                   lfb_dtype_to_string (qparams->dtype));
      return NULL;
    }
  floats = _lfb_weight_as_float (weight, error);
  if (floats == NULL)
    return NULL;

  result = lfb_tensor_quantize (floats, qparams, error);
  /* a float copy is four times the size of what is made of it: not kept */
  if (result != NULL && floats != weight)
    lfb_tensor_get_data (result, NULL);

  return result;
}

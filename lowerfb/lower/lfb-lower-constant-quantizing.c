/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Computing constants: quantizing, dequantizing, and changing the element type. */

#include <lowerfb/lower/lfb-lower-constant-arguments-private.h>

#include <lowerfb/core/lfb-error.h>
#include <lowerfb/lower/lfb-lower-weights-private.h>

static LfbValue *
quantize_per_tensor (LfbValue **args,
                     gsize      n_args,
                     LfbValue  *kwargs,
                     GError   **error)
{
  LfbTensor *input = _lfb_constant_tensor_argument (args, n_args, kwargs, 0, "input", error);
  LfbQParams qparams = { .qscheme = LFB_QSCHEME_PER_TENSOR_AFFINE };

  if (input == NULL ||
      !_lfb_constant_scale_argument (_lfb_constant_argument (args, n_args, kwargs, 1, "scale"), &qparams.scale, error) ||
      !_lfb_constant_int_argument (_lfb_constant_argument (args, n_args, kwargs, 2, "zero_point"), "zero_point",
                                   &qparams.zero_point, error) ||
      !_lfb_constant_dtype_argument (args, n_args, kwargs, 3, &qparams.dtype, error))
    return NULL;

  return _lfb_constant_take_tensor (_lfb_quantize_weight (input, &qparams, error));
}

static LfbValue *
quantize_per_channel (LfbValue **args,
                      gsize      n_args,
                      LfbValue  *kwargs,
                      GError   **error)
{
  LfbTensor *input = _lfb_constant_tensor_argument (args, n_args, kwargs, 0, "input", error);
  LfbQParams qparams = { .qscheme = LFB_QSCHEME_PER_CHANNEL_AFFINE };

  if (input == NULL)
    return NULL;
  qparams.scales = _lfb_constant_tensor_argument (args, n_args, kwargs, 1, "scales", error);
  if (qparams.scales == NULL)
    return NULL;
  qparams.zero_points = _lfb_constant_tensor_argument (args, n_args, kwargs, 2, "zero_points", error);
  if (qparams.zero_points == NULL ||
      !_lfb_constant_int_argument (_lfb_constant_argument (args, n_args, kwargs, 3, "axis"), "axis", &qparams.axis, error) ||
      !_lfb_constant_dtype_argument (args, n_args, kwargs, 4, &qparams.dtype, error))
    return NULL;
  if (lfb_dtype_is_floating_point (lfb_tensor_get_dtype (qparams.zero_points)))
    qparams.qscheme = LFB_QSCHEME_PER_CHANNEL_AFFINE_FLOAT_QPARAMS;

  return _lfb_constant_take_tensor (_lfb_quantize_weight (input, &qparams, error));
}

static LfbValue *
dequantize (LfbValue **args,
            gsize      n_args,
            LfbValue  *kwargs,
            GError   **error)
{
  LfbTensor *input = _lfb_constant_tensor_argument (args, n_args, kwargs, 0, "input", error);

  if (input == NULL)
    return NULL;

  return lfb_tensor_is_quantized (input) ? _lfb_constant_take_tensor (lfb_tensor_dequantize (input, error))
                                         : _lfb_constant_take_tensor (_lfb_weight_as_float (input, error));
}

static LfbValue *
convert (LfbTensor *input,
         LfbDType   dtype,
         GError   **error)
{
  if (lfb_tensor_get_dtype (input) == dtype)
    return lfb_value_for_tensor (input);
  if (dtype == LFB_DTYPE_FLOAT16 && lfb_dtype_is_floating_point (lfb_tensor_get_dtype (input)))
    return _lfb_constant_take_tensor (_lfb_halve_weight (input, error));
  if (dtype == LFB_DTYPE_FLOAT32 && lfb_dtype_is_floating_point (lfb_tensor_get_dtype (input)))
    return _lfb_constant_take_tensor (_lfb_weight_as_float (input, error));

  g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED, "no weight is converted from %s to %s",
               lfb_dtype_to_string (lfb_tensor_get_dtype (input)), lfb_dtype_to_string (dtype));
  return NULL;
}

static LfbValue *
to (LfbValue **args,
    gsize      n_args,
    LfbValue  *kwargs,
    GError   **error)
{
  LfbTensor *input = _lfb_constant_tensor_argument (args, n_args, kwargs, 0, "input", error);
  LfbDType dtype;

  if (input == NULL || !_lfb_constant_dtype_argument (args, n_args, kwargs, 1, &dtype, error))
    return NULL;

  return convert (input, dtype, error);
}

static LfbValue *
to_float (LfbValue **args,
          gsize      n_args,
          LfbValue  *kwargs,
          GError   **error)
{
  LfbTensor *input = _lfb_constant_tensor_argument (args, n_args, kwargs, 0, "input", error);

  return input != NULL ? convert (input, LFB_DTYPE_FLOAT32, error) : NULL;
}

static LfbValue *
to_half (LfbValue **args,
         gsize      n_args,
         LfbValue  *kwargs,
         GError   **error)
{
  LfbTensor *input = _lfb_constant_tensor_argument (args, n_args, kwargs, 0, "input", error);

  return input != NULL ? convert (input, LFB_DTYPE_FLOAT16, error) : NULL;
}

/* detach, contiguous, clone: tensors are immutable and row-major. */
static LfbValue *
identity (LfbValue **args,
          gsize      n_args,
          LfbValue  *kwargs,
          GError   **error)
{
  LfbTensor *input = _lfb_constant_tensor_argument (args, n_args, kwargs, 0, "input", error);

  return input != NULL ? lfb_value_for_tensor (input) : NULL;
}

static const LfbConstantRow rows[] = {
  { LFB_OP_CALL_FUNCTION, "torch.quantize_per_tensor", quantize_per_tensor },
  { LFB_OP_CALL_FUNCTION, "torch.quantize_per_channel", quantize_per_channel },
  { LFB_OP_CALL_METHOD, "dequantize", dequantize },
  { LFB_OP_CALL_METHOD, "to", to },
  { LFB_OP_CALL_METHOD, "half", to_half },
  { LFB_OP_CALL_METHOD, "float", to_float },
  { LFB_OP_CALL_METHOD, "detach", identity },
  { LFB_OP_CALL_METHOD, "contiguous", identity },
  { LFB_OP_CALL_METHOD, "clone", identity },
  { LFB_OP_CALL_FUNCTION, "torch.clone", identity },
};

LfbConstantFunc
_lfb_constant_quantizing (LfbNode *node)
{
  return _lfb_constant_find (node, rows, G_N_ELEMENTS (rows));
}

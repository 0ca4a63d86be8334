/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Int8 convolution, plain and transposed: static and dynamic, as modules and
 * with packed weights, with relu and with a second operand that is added; and
 * packing. numerics.md, "Linear and convolution".
 */

#include <lowerfb/run/lfb-emit-private.h>
#include <lowerfb/run/lfb-packed-values-private.h>

typedef struct {
  gsize n_spatial;
  gboolean relu;
  gboolean transposed;
} ConvKind;

static const ConvKind conv1d = { 1, FALSE, FALSE }, conv1d_relu = { 1, TRUE, FALSE };
static const ConvKind conv2d = { 2, FALSE, FALSE }, conv2d_relu = { 2, TRUE, FALSE };
static const ConvKind conv3d = { 3, FALSE, FALSE }, conv3d_relu = { 3, TRUE, FALSE };
static const ConvKind conv_transpose1d = { 1, FALSE, TRUE };
static const ConvKind conv_transpose2d = { 2, FALSE, TRUE };
static const ConvKind conv_transpose3d = { 3, FALSE, TRUE };

static const char *
input_name (LfbCall *call)
{
  return lfb_call_has (call, "qx") ? "qx" : "input";
}

/* How many spatial dimensions the packed value has: a conv1d is packed as a
 * conv2d of height 1.
 */
static gsize
packed_spatial (const ConvKind *kind)
{
  return kind->n_spatial == 3 ? 3 : 2;
}

static gpointer
prepare_module (LfbCall  *call,
                GError  **error)
{
  const ConvKind *kind = LFB_CALL_DATA (call, ConvKind);

  return lfb_packed_taps_for_call (call, kind->n_spatial, kind->transposed, error);
}

static gpointer
prepare_packed (LfbCall  *call,
                GError  **error)
{
  const ConvKind *kind = LFB_CALL_DATA (call, ConvKind);
  LfbValue *packed = lfb_call_get (call, "packed_weight");
  gboolean transposed = kind->transposed;
  gsize n_spatial;

  if (!lfb_packed_conv_kind ("packed_weight", packed, &n_spatial, &transposed, error))
    return NULL;
  if (n_spatial != packed_spatial (kind))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                   "argument `packed_weight` is of class %s, expected a packed weight of class Conv%dd"
                   "PackedParamsBase", lfb_value_get_string (packed), packed_spatial (kind) == 3 ? 3 : 2);
      return NULL;
    }
  if (transposed != kind->transposed)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                   "argument `packed_weight` was packed for a %s convolution",
                   kind->transposed ? "plain" : "transposed");
      return NULL;
    }

  return lfb_packed_taps_for_parts (call->runtime, packed, n_spatial, transposed, error);
}

static void
free_conv (gpointer conv)
{
  lfb_packed_taps_free (conv);
}

/* A conv1d whose weight was packed with a height of 1: the input gets one. */
static LfbTensor *
with_height (LfbCall              *call,
             const LfbPackedTaps  *conv,
             LfbTensor            *input,
             GError              **error)
{
  const ConvKind *kind = LFB_CALL_DATA (call, ConvKind);
  gint64 shape[4];
  gsize n_dims;
  const gint64 *own = lfb_tensor_get_shape (input, &n_dims);

  if (conv->settings.n_spatial == kind->n_spatial)
    return g_object_ref (input);
  if (!lfb_check_rank (input_name (call), input, 2, 3, error))
    return NULL;
  lfb_sizes_copy (shape, own, n_dims);
  shape[n_dims] = shape[n_dims - 1];
  shape[n_dims - 1] = 1;

  return lfb_tensor_reshape (input, shape, n_dims + 1, error);
}

static void
without_height (LfbCall             *call,
                const LfbPackedTaps *conv,
                LfbArray            *array)
{
  const ConvKind *kind = LFB_CALL_DATA (call, ConvKind);

  if (conv->settings.n_spatial == kind->n_spatial)
    return;

  array->shape[array->n_dims - 2] = array->shape[array->n_dims - 1];
  array->n_dims--;
}

static gboolean
read_output (LfbCall  *call,
             double   *scale,
             gint64   *zero_point,
             GError  **error)
{
  gboolean packed = lfb_call_has (call, "packed_weight");

  *scale = 1;
  *zero_point = 0;

  return lfb_call_qparams (call, packed ? "output_scale" : "scale", packed ? "output_zero_point" : "zero_point",
                           LFB_DTYPE_QUINT8, scale, zero_point, error);
}

static LfbValue *
static_conv (LfbCall  *call,
             GError  **error)
{
  const ConvKind *kind = LFB_CALL_DATA (call, ConvKind);
  const char *name = input_name (call);
  LfbTensor *input = lfb_call_tensor (call, name, error);
  const LfbPackedTaps *conv = input != NULL ? lfb_call_state (call, error) : NULL;
  g_autoptr (LfbTensor) image = conv != NULL ? with_height (call, conv, input, error) : NULL;
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  gint64 zero_point;
  double scale;

  if (image == NULL ||
      !read_output (call, &scale, &zero_point, error) ||
      !lfb_packed_taps_apply (conv, call->runtime, name, image, scale, zero_point, kind->relu, &array, error))
    return NULL;
  without_height (call, conv, &array);

  return lfb_value_take_tensor (lfb_array_seal_quantized (&array, LFB_DTYPE_QUINT8, scale, zero_point, error));
}

static gboolean
output_is_constant (LfbCall *call)
{
  gboolean packed = lfb_call_has (call, "packed_weight");
  LfbValue *scale = lfb_call_get (call, packed ? "output_scale" : "scale");
  LfbValue *zero_point = lfb_call_get (call, packed ? "output_zero_point" : "zero_point");

  return lfb_value_get_kind (scale) != LFB_VALUE_KIND_NODE && lfb_value_get_kind (zero_point) != LFB_VALUE_KIND_NODE;
}

static LfbEmitted
emit_static_conv (LfbEmit  *emit,
                  GError  **error)
{
  const ConvKind *kind = LFB_CALL_DATA (&emit->call, ConvKind);
  gboolean adds = lfb_call_has (&emit->call, "extra");
  LfbOperand input, extra;
  gint64 zero_point;
  double scale;

  if (emit->call.state == NULL || !lfb_emit_operand (emit, input_name (&emit->call), &input) ||
      (adds && !lfb_emit_operand (emit, "extra", &extra)))
    return LFB_EMITTED_NOTHING;
  if (!output_is_constant (&emit->call))
    return LFB_EMITTED_NOTHING;
  if (!read_output (&emit->call, &scale, &zero_point, error))
    return LFB_EMITTED_ERROR;

  return lfb_emit_taps (emit, emit->call.state, kind->n_spatial, &input, adds ? &extra : NULL,
                        scale, zero_point, kind->relu, error);
}

static LfbValue *
dynamic_conv (LfbCall  *call,
              GError  **error)
{
  const ConvKind *kind = LFB_CALL_DATA (call, ConvKind);
  const char *name = input_name (call);
  LfbTensor *input = lfb_call_tensor (call, name, error);
  const LfbPackedTaps *conv = input != NULL ? lfb_call_state (call, error) : NULL;
  g_autoptr (LfbTensor) image = conv != NULL ? with_height (call, conv, input, error) : NULL;
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  gboolean reduce_range = FALSE;

  if (image == NULL ||
      !lfb_call_bool (call, "reduce_range", &reduce_range, error) ||
      !lfb_packed_taps_apply_dynamic (conv, call->runtime, name, image, reduce_range, kind->relu, &array, error))
    return NULL;
  without_height (call, conv, &array);

  return lfb_value_take_tensor (lfb_array_seal (&array, error));
}

static LfbValue *
static_conv_add (LfbCall  *call,
                 GError  **error)
{
  const ConvKind *kind = LFB_CALL_DATA (call, ConvKind);
  const char *name = input_name (call);
  LfbTensor *input = lfb_call_tensor (call, name, error);
  LfbTensor *extra = input != NULL ? lfb_call_tensor (call, "extra", error) : NULL;
  const LfbPackedTaps *conv = extra != NULL ? lfb_call_state (call, error) : NULL;
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  gint64 zero_point;
  double scale;

  if (conv == NULL ||
      !read_output (call, &scale, &zero_point, error) ||
      !lfb_packed_taps_apply_add (conv, call->runtime, name, input, "extra", extra, scale, zero_point, kind->relu,
                                  &array, error))
    return NULL;

  return lfb_value_take_tensor (lfb_array_seal_quantized (&array, LFB_DTYPE_QUINT8, scale, zero_point, error));
}

#define STATIC_RULE "clamp(round((float(acc) + b / (sx * sw)) * (sx * sw / sy)) + zy), acc exact, padding adds x = zx"
#define DYNAMIC_RULE "float(acc) * (sx * sw) + b, the input quantized with its own range"
#define ADD_RULE "clamp(round((float(acc) + b / (sx * sw)) * m + (q2 - z2) * (s2 / sy)) + zy)"

#define SETTINGS "stride=1, padding=0, dilation=1, groups=1, padding_mode='zeros'"
#define TRANSPOSED_SETTINGS "stride=1, padding=0, output_padding=0, groups=1, dilation=1, padding_mode='zeros'"
#define SETTING_NAMES "weight bias stride padding output_padding dilation groups padding_mode"

#define MODULE(module, kind_, suffix) \
  { \
    .modules = (module), \
    .signature = "input, weight, bias=None, " SETTINGS ", scale=1.0, zero_point=0", \
    .rule = STATIC_RULE suffix, .run = static_conv, .emit = emit_static_conv, .data = &(kind_), \
    .prepare = prepare_module, .free_state = free_conv, .prepared = SETTING_NAMES, \
  }

#define TRANSPOSED_MODULE(module, kind_) \
  { \
    .modules = (module), \
    .signature = "input, weight, bias=None, " TRANSPOSED_SETTINGS ", scale=1.0, zero_point=0", \
    .rule = STATIC_RULE ", the transposed sum", .run = static_conv, .emit = emit_static_conv, .data = &(kind_), \
    .prepare = prepare_module, .free_state = free_conv, .prepared = SETTING_NAMES, \
  }

#define DYNAMIC_MODULE(module, kind_, settings) \
  { \
    .modules = (module), \
    .signature = "input, weight, bias=None, " settings ", reduce_range=True", \
    .rule = DYNAMIC_RULE, .run = dynamic_conv, .data = &(kind_), \
    .prepare = prepare_module, .free_state = free_conv, .prepared = SETTING_NAMES, \
  }

#define FUNCTION(function, kind_, suffix) \
  { \
    .functions = (function), \
    .signature = "qx, packed_weight, output_scale, output_zero_point", \
    .rule = STATIC_RULE suffix, .run = static_conv, .emit = emit_static_conv, .data = &(kind_), \
    .prepare = prepare_packed, .free_state = free_conv, .prepared = "packed_weight", \
  }

#define DYNAMIC_FUNCTION(function, kind_) \
  { \
    .functions = (function), \
    .signature = "qx, packed_weight, reduce_range=False", \
    .rule = DYNAMIC_RULE, .run = dynamic_conv, .data = &(kind_), \
    .prepare = prepare_packed, .free_state = free_conv, .prepared = "packed_weight", \
  }

#define ADD_MODULE(module, kind_) \
  { \
    .modules = (module), \
    .signature = "input, extra, weight, bias=None, " SETTINGS ", scale=1.0, zero_point=0", \
    .rule = ADD_RULE, .run = static_conv_add, .emit = emit_static_conv, .data = &(kind_), .forward = "input extra", \
    .prepare = prepare_module, .free_state = free_conv, .prepared = SETTING_NAMES, \
  }

#define ADD_FUNCTION(function, kind_) \
  { \
    .functions = (function), \
    .signature = "qx, extra, packed_weight, output_scale, output_zero_point", \
    .rule = ADD_RULE, .run = static_conv_add, .emit = emit_static_conv, .data = &(kind_), \
    .prepare = prepare_packed, .free_state = free_conv, .prepared = "packed_weight", \
  }

#define QUANTIZED "torch.ao.nn.quantized."
#define FUSED "torch.ao.nn.intrinsic.quantized."
#define OPS "torch.ops.quantized."

static const LfbOperator operators[] = {
  MODULE (QUANTIZED "Conv1d", conv1d, ""),
  MODULE (QUANTIZED "Conv2d", conv2d, ""),
  MODULE (QUANTIZED "Conv3d", conv3d, ""),
  MODULE (FUSED "ConvReLU1d", conv1d_relu, ", not below zy"),
  MODULE (FUSED "ConvReLU2d", conv2d_relu, ", not below zy"),
  MODULE (FUSED "ConvReLU3d", conv3d_relu, ", not below zy"),
  ADD_MODULE (FUSED "ConvAdd2d", conv2d),
  ADD_MODULE (FUSED "ConvAddReLU2d", conv2d_relu),
  TRANSPOSED_MODULE (QUANTIZED "ConvTranspose1d", conv_transpose1d),
  TRANSPOSED_MODULE (QUANTIZED "ConvTranspose2d", conv_transpose2d),
  TRANSPOSED_MODULE (QUANTIZED "ConvTranspose3d", conv_transpose3d),
  DYNAMIC_MODULE (QUANTIZED "dynamic.Conv1d", conv1d, SETTINGS),
  DYNAMIC_MODULE (QUANTIZED "dynamic.Conv2d", conv2d, SETTINGS),
  DYNAMIC_MODULE (QUANTIZED "dynamic.Conv3d", conv3d, SETTINGS),
  DYNAMIC_MODULE (QUANTIZED "dynamic.ConvTranspose1d", conv_transpose1d, TRANSPOSED_SETTINGS),
  DYNAMIC_MODULE (QUANTIZED "dynamic.ConvTranspose2d", conv_transpose2d, TRANSPOSED_SETTINGS),
  DYNAMIC_MODULE (QUANTIZED "dynamic.ConvTranspose3d", conv_transpose3d, TRANSPOSED_SETTINGS),
  FUNCTION (OPS "conv1d", conv1d, ""),
  FUNCTION (OPS "conv2d", conv2d, ""),
  FUNCTION (OPS "conv3d", conv3d, ""),
  FUNCTION (OPS "conv1d_relu", conv1d_relu, ", not below zy"),
  FUNCTION (OPS "conv2d_relu", conv2d_relu, ", not below zy"),
  FUNCTION (OPS "conv3d_relu", conv3d_relu, ", not below zy"),
  FUNCTION (OPS "conv_transpose1d", conv_transpose1d, ", the transposed sum"),
  FUNCTION (OPS "conv_transpose2d", conv_transpose2d, ", the transposed sum"),
  FUNCTION (OPS "conv_transpose3d", conv_transpose3d, ", the transposed sum"),
  DYNAMIC_FUNCTION (OPS "conv1d_dynamic", conv1d),
  DYNAMIC_FUNCTION (OPS "conv2d_dynamic", conv2d),
  DYNAMIC_FUNCTION (OPS "conv3d_dynamic", conv3d),
  DYNAMIC_FUNCTION (OPS "conv_transpose1d_dynamic", conv_transpose1d),
  DYNAMIC_FUNCTION (OPS "conv_transpose2d_dynamic", conv_transpose2d),
  DYNAMIC_FUNCTION (OPS "conv_transpose3d_dynamic", conv_transpose3d),
  ADD_FUNCTION (OPS "conv2d_add", conv2d),
  ADD_FUNCTION (OPS "conv2d_add_relu", conv2d_relu),
};

const LfbOperatorFamily lfb_conv_operators = LFB_OPERATOR_FAMILY (operators);

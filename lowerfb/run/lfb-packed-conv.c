/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The packed taps that the convolution operators use too, as an object. The rule
 * is that of numerics.md, "Linear and convolution".
 */

#include <lowerfb/run/lfb-packed-conv.h>

#include <lowerfb/run/lfb-packed-apply-private.h>
#include <lowerfb/run/lfb-packed-values-private.h>

/**
 * LfbPackedConv:
 *
 * The weight and bias of a convolution, packed once for this CPU, and the int8
 * kernels that convolve with them: of one, two or three dimensions, plain or
 * transposed, with groups, strides, padding and dilation.
 *
 *     acc = sum over taps and c of (x[tap, c] - zx) * (w[n, c, tap] - zw[n])        exact
 *     y   = clamp(round((acc + b[n] / (sx * sw[n])) * (sx * sw[n] / sy)) + zy, 0, 255)
 *
 * [method@Lfb.PackedConv.apply] gives those integers,
 * [method@Lfb.PackedConv.apply_relu] none below the zero point, and
 * [method@Lfb.PackedConv.apply_dynamic] floats of floats, whose range it finds
 * itself. Each has a form that writes into a [class@Lfb.Buffer] instead of
 * making a tensor. The bits are the same on every CPU, and the same that the
 * operators `torch.ops.quantized.conv2d` and its like give.
 *
 * It never changes: any number of threads may apply it at once. Each call works
 * in the thread that makes it.
 *
 * Since: 1.0
 */
struct _LfbPackedConv {
  GObject parent_instance;

  LfbRuntime runtime;
  LfbPackedTaps *taps;    /* %NULL: a bare object */
  LfbTensor *weight;
  LfbTensor *bias;
  LfbValue *settings;
};

enum {
  PROP_0,
  PROP_WEIGHT,
  PROP_BIAS,
  PROP_SETTINGS,
  PROP_IN_CHANNELS,
  PROP_OUT_CHANNELS,
  PROP_GROUPS,
  PROP_N_SPATIAL,
  PROP_TRANSPOSED,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LfbPackedConv, lfb_packed_conv, G_TYPE_OBJECT)

static void
lfb_packed_conv_finalize (GObject *object)
{
  LfbPackedConv *self = LFB_PACKED_CONV (object);

  lfb_packed_taps_free (self->taps);
  g_clear_object (&self->weight);
  g_clear_object (&self->bias);
  g_clear_pointer (&self->settings, lfb_value_unref);

  G_OBJECT_CLASS (lfb_packed_conv_parent_class)->finalize (object);
}

static void
lfb_packed_conv_get_property (GObject    *object,
                              guint       prop_id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  LfbPackedConv *self = LFB_PACKED_CONV (object);

  switch (prop_id)
    {
    case PROP_WEIGHT:
      g_value_set_object (value, self->weight);
      break;
    case PROP_BIAS:
      g_value_set_object (value, self->bias);
      break;
    case PROP_SETTINGS:
      g_value_set_boxed (value, self->settings);
      break;
    case PROP_IN_CHANNELS:
      g_value_set_int64 (value, lfb_packed_conv_get_in_channels (self));
      break;
    case PROP_OUT_CHANNELS:
      g_value_set_int64 (value, lfb_packed_conv_get_out_channels (self));
      break;
    case PROP_GROUPS:
      g_value_set_int64 (value, lfb_packed_conv_get_groups (self));
      break;
    case PROP_N_SPATIAL:
      g_value_set_uint (value, lfb_packed_conv_get_n_spatial (self));
      break;
    case PROP_TRANSPOSED:
      g_value_set_boolean (value, lfb_packed_conv_get_transposed (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
lfb_packed_conv_class_init (LfbPackedConvClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->finalize = lfb_packed_conv_finalize;
  object_class->get_property = lfb_packed_conv_get_property;

  /**
   * LfbPackedConv:weight: (getter get_weight)
   *
   * The weight that was packed.
   *
   * Since: 1.0
   */
  properties[PROP_WEIGHT] = g_param_spec_object ("weight", NULL, NULL, LFB_TYPE_TENSOR, flags);

  /**
   * LfbPackedConv:bias: (getter get_bias)
   *
   * The bias, a float for each output channel, or %NULL.
   *
   * Since: 1.0
   */
  properties[PROP_BIAS] = g_param_spec_object ("bias", NULL, NULL, LFB_TYPE_TENSOR, flags);

  /**
   * LfbPackedConv:settings: (getter get_settings)
   *
   * Stride, padding and so on, with those that were left out.
   *
   * Since: 1.0
   */
  properties[PROP_SETTINGS] = g_param_spec_boxed ("settings", NULL, NULL, LFB_TYPE_VALUE, flags);

  /**
   * LfbPackedConv:in-channels: (getter get_in_channels)
   *
   * How many channels an input has.
   *
   * Since: 1.0
   */
  properties[PROP_IN_CHANNELS] = g_param_spec_int64 ("in-channels", NULL, NULL, 0, G_MAXINT64, 0, flags);

  /**
   * LfbPackedConv:out-channels: (getter get_out_channels)
   *
   * How many channels an output has.
   *
   * Since: 1.0
   */
  properties[PROP_OUT_CHANNELS] = g_param_spec_int64 ("out-channels", NULL, NULL, 0, G_MAXINT64, 0, flags);

  /**
   * LfbPackedConv:groups: (getter get_groups)
   *
   * Into how many groups, convolved each on its own, the channels are parted.
   *
   * Since: 1.0
   */
  properties[PROP_GROUPS] = g_param_spec_int64 ("groups", NULL, NULL, 0, G_MAXINT64, 0, flags);

  /**
   * LfbPackedConv:n-spatial: (getter get_n_spatial)
   *
   * How many dimensions the kernel moves in: 1, 2 or 3.
   *
   * Since: 1.0
   */
  properties[PROP_N_SPATIAL] = g_param_spec_uint ("n-spatial", NULL, NULL, 0, 3, 0, flags);

  /**
   * LfbPackedConv:transposed: (getter get_transposed)
   *
   * Whether it is a transposed convolution.
   *
   * Since: 1.0
   */
  properties[PROP_TRANSPOSED] = g_param_spec_boolean ("transposed", NULL, NULL, FALSE, flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
lfb_packed_conv_init (LfbPackedConv *self)
{
}

static LfbPackedConv *
make (LfbValue  *parts,
      gsize      n_spatial,
      gboolean   transposed,
      GError   **error)
{
  g_autoptr (LfbPackedConv) self = g_object_new (LFB_TYPE_PACKED_CONV, NULL);
  LfbValue *bias;

  lfb_runtime_init (&self->runtime, NULL);
  self->taps = lfb_packed_taps_for_parts (&self->runtime, parts, n_spatial, transposed, error);
  if (self->taps == NULL)
    return NULL;
  self->weight = g_object_ref (lfb_value_get_tensor (lfb_value_lookup (parts, "weight")));
  bias = lfb_value_lookup (parts, "bias");
  if (bias != NULL && !lfb_value_is_none (bias))
    self->bias = g_object_ref (lfb_value_get_tensor (bias));
  self->settings = lfb_conv_settings_to_value (&self->taps->settings);

  return g_steal_pointer (&self);
}

/**
 * lfb_packed_conv_new:
 * @weight: a `qint8` weight (out channels, in channels / groups, kernel...) with one
 *   to three dimensions of the kernel, quantized per tensor or per output channel;
 *   of a transposed convolution (in channels, out channels / groups, kernel...)
 * @bias: (nullable): a `float32` vector, one finite number for each output channel
 * @settings: (nullable): a dictionary with some of PyTorch's settings: `stride`,
 *   `padding` (numbers, `same` or `valid`), `output_padding`, `dilation` (each one
 *   int or one for each dimension), `groups`, `padding_mode`, and `transpose`, a
 *   bool; %NULL for the defaults
 * @error: return location for a `GError`
 *
 * Packs a weight.
 *
 * Returns: (transfer full): a new packed weight, or %NULL with %LFB_ERROR_SHAPE,
 *   %LFB_ERROR_DTYPE, %LFB_ERROR_ARGUMENT or, for settings out of range, more
 *   products than the sum has bits for and biases that are not finite,
 *   %LFB_ERROR_RANGE
 *
 * Since: 1.0
 */
LfbPackedConv *
lfb_packed_conv_new (LfbTensor  *weight,
                     LfbTensor  *bias,
                     LfbValue   *settings,
                     GError    **error)
{
  g_autoptr (LfbValue) none = NULL;
  g_autoptr (LfbValue) w = NULL;
  g_autoptr (LfbValue) b = NULL;
  g_autoptr (LfbValue) with_weight = NULL;
  g_autoptr (LfbValue) parts = NULL;
  gboolean transposed = FALSE;

  g_return_val_if_fail (LFB_IS_TENSOR (weight), NULL);
  g_return_val_if_fail (bias == NULL || LFB_IS_TENSOR (bias), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  none = lfb_value_for_dict (NULL, NULL, 0);
  if (settings == NULL)
    settings = none;
  if (!lfb_conv_settings_check (settings, &transposed, error) ||
      !lfb_check_rank ("weight", weight, 3, 5, error))
    return NULL;

  w = lfb_value_for_tensor (weight);
  b = bias != NULL ? lfb_value_for_tensor (bias) : lfb_value_for_none ();
  with_weight = lfb_value_with_item (settings, "weight", w);
  parts = lfb_value_with_item (with_weight, "bias", b);

  return make (parts, lfb_tensor_get_n_dims (weight) - 2, transposed, error);
}

/**
 * lfb_packed_conv_new_for_value: (constructor)
 * @packed: a packed weight as graphs hold it, such as
 *   `torch.ops.quantized.conv2d_prepack` makes
 * @error: return location for a `GError`
 *
 * Packs what a value holds. As in PyTorch, values of one-dimensional convolutions
 * are two-dimensional of height 1.
 *
 * Returns: (transfer full): a new packed weight, or %NULL with
 *   %LFB_ERROR_ARGUMENT if @packed is something else, or an error of
 *   [ctor@Lfb.PackedConv.new]
 *
 * Since: 1.0
 */
LfbPackedConv *
lfb_packed_conv_new_for_value (LfbValue  *packed,
                               GError   **error)
{
  gboolean transposed = FALSE;
  gsize n_spatial;

  g_return_val_if_fail (packed != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!lfb_packed_conv_kind ("packed", packed, &n_spatial, &transposed, error))
    return NULL;

  return make (packed, n_spatial, transposed, error);
}

/**
 * lfb_packed_conv_get_weight: (get-property weight)
 * @self: a packed weight
 *
 * Gets the weight that was packed.
 *
 * Returns: (transfer none) (nullable): the weight; %NULL for an object that was
 *   made without
 *
 * Since: 1.0
 */
LfbTensor *
lfb_packed_conv_get_weight (LfbPackedConv *self)
{
  g_return_val_if_fail (LFB_IS_PACKED_CONV (self), NULL);

  return self->weight;
}

/**
 * lfb_packed_conv_get_bias: (get-property bias)
 * @self: a packed weight
 *
 * Gets the bias.
 *
 * Returns: (transfer none) (nullable): a float for each output channel, or %NULL
 *
 * Since: 1.0
 */
LfbTensor *
lfb_packed_conv_get_bias (LfbPackedConv *self)
{
  g_return_val_if_fail (LFB_IS_PACKED_CONV (self), NULL);

  return self->bias;
}

/**
 * lfb_packed_conv_get_settings: (get-property settings)
 * @self: a packed weight
 *
 * Gets stride, padding and so on, with those that were left out.
 *
 * Returns: (transfer none) (nullable): a dictionary that [ctor@Lfb.PackedConv.new]
 *   takes; %NULL for an object that was made without
 *
 * Since: 1.0
 */
LfbValue *
lfb_packed_conv_get_settings (LfbPackedConv *self)
{
  g_return_val_if_fail (LFB_IS_PACKED_CONV (self), NULL);

  return self->settings;
}

/**
 * lfb_packed_conv_get_in_channels: (get-property in-channels)
 * @self: a packed weight
 *
 * Gets how many channels an input has.
 *
 * Returns: the number of channels
 *
 * Since: 1.0
 */
gint64
lfb_packed_conv_get_in_channels (LfbPackedConv *self)
{
  g_return_val_if_fail (LFB_IS_PACKED_CONV (self), 0);

  return self->taps != NULL ? self->taps->in_channels : 0;
}

/**
 * lfb_packed_conv_get_out_channels: (get-property out-channels)
 * @self: a packed weight
 *
 * Gets how many channels an output has.
 *
 * Returns: the number of channels
 *
 * Since: 1.0
 */
gint64
lfb_packed_conv_get_out_channels (LfbPackedConv *self)
{
  g_return_val_if_fail (LFB_IS_PACKED_CONV (self), 0);

  return self->taps != NULL ? self->taps->out_channels : 0;
}

/**
 * lfb_packed_conv_get_groups: (get-property groups)
 * @self: a packed weight
 *
 * Gets into how many groups the channels are parted.
 *
 * Returns: the number of groups
 *
 * Since: 1.0
 */
gint64
lfb_packed_conv_get_groups (LfbPackedConv *self)
{
  g_return_val_if_fail (LFB_IS_PACKED_CONV (self), 0);

  return self->taps != NULL ? self->taps->settings.groups : 0;
}

/**
 * lfb_packed_conv_get_n_spatial: (get-property n-spatial)
 * @self: a packed weight
 *
 * Gets how many dimensions the kernel moves in.
 *
 * Returns: 1, 2 or 3
 *
 * Since: 1.0
 */
guint
lfb_packed_conv_get_n_spatial (LfbPackedConv *self)
{
  g_return_val_if_fail (LFB_IS_PACKED_CONV (self), 0);

  return self->taps != NULL ? self->taps->settings.n_spatial : 0;
}

/**
 * lfb_packed_conv_get_transposed: (get-property transposed)
 * @self: a packed weight
 *
 * Gets whether it is a transposed convolution.
 *
 * Returns: whether it is
 *
 * Since: 1.0
 */
gboolean
lfb_packed_conv_get_transposed (LfbPackedConv *self)
{
  g_return_val_if_fail (LFB_IS_PACKED_CONV (self), FALSE);

  return self->taps != NULL && self->taps->settings.transposed;
}

static gboolean
check_made (LfbPackedConv  *self,
            GError        **error)
{
  if (self->taps == NULL)
    g_set_error_literal (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                         "this object holds no weight: lfb_packed_conv_new makes one that does");

  return self->taps != NULL;
}

/**
 * lfb_packed_conv_to_value:
 * @self: a packed weight
 * @error: return location for a `GError`
 *
 * Makes the value that stands for this weight in graphs, and that
 * `torch.ops.quantized.conv2d` and its like take.
 *
 * Returns: (transfer full): a packed value, or %NULL with %LFB_ERROR_ARGUMENT for
 *   padding that PyTorch's packed weights cannot say: not of zeros, or not the
 *   same on both sides
 *
 * Since: 1.0
 */
LfbValue *
lfb_packed_conv_to_value (LfbPackedConv  *self,
                          GError        **error)
{
  g_return_val_if_fail (LFB_IS_PACKED_CONV (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return check_made (self, error) ? lfb_packed_conv_value (&self->taps->settings, self->weight, self->bias, error)
                                  : NULL;
}

/**
 * lfb_packed_conv_get_output_shape:
 * @self: a packed weight
 * @shape: (array length=n_dims): the shape of an input: channels first, with or
 *   without a batch in front
 * @n_dims: how many dimensions it has
 * @n_output_dims: (out): how many dimensions the output has, as many
 * @error: return location for a `GError`
 *
 * Tells the shape of the output for an input, and so how large a buffer for it
 * has to be: a byte for each element, or four if dynamic.
 *
 * Returns: (array length=n_output_dims) (transfer full): the shape, or %NULL with
 *   %LFB_ERROR_SHAPE
 *
 * Since: 1.0
 */
gint64 *
lfb_packed_conv_get_output_shape (LfbPackedConv  *self,
                                  const gint64   *shape,
                                  gsize           n_dims,
                                  gsize          *n_output_dims,
                                  GError        **error)
{
  gint64 result[5];

  g_return_val_if_fail (LFB_IS_PACKED_CONV (self), NULL);
  g_return_val_if_fail (n_dims == 0 || shape != NULL, NULL);
  g_return_val_if_fail (n_output_dims != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  *n_output_dims = 0;
  if (!check_made (self, error) ||
      !lfb_packed_taps_shape (self->taps, "shape", shape, n_dims, result, error))
    return NULL;
  *n_output_dims = n_dims;

  return g_memdup2 (result, n_dims * sizeof *result);
}

static gboolean
apply_static (LfbPackedConv  *self,
              LfbTensor      *input,
              double          scale,
              gint64          zero_point,
              gboolean        relu,
              LfbArray       *array,
              GError        **error)
{
  return check_made (self, error) &&
         lfb_check_qparams ("scale", "zero_point", LFB_DTYPE_QUINT8, scale, zero_point, error) &&
         lfb_packed_taps_apply (self->taps, &self->runtime, "input", input, scale, zero_point, relu, array, error);
}

static LfbTensor *
make_static (LfbPackedConv  *self,
             LfbTensor      *input,
             double          scale,
             gint64          zero_point,
             gboolean        relu,
             GError        **error)
{
  g_auto (LfbArray) array = LFB_ARRAY_INIT;

  if (!apply_static (self, input, scale, zero_point, relu, &array, error))
    return NULL;

  return lfb_array_seal_quantized (&array, LFB_DTYPE_QUINT8, scale, zero_point, error);
}

static gboolean
write_static (LfbPackedConv  *self,
              LfbTensor      *input,
              double          scale,
              gint64          zero_point,
              gboolean        relu,
              LfbBuffer      *buffer,
              GError        **error)
{
  g_auto (LfbArray) array = LFB_ARRAY_INIT;

  return lfb_array_place (&array, buffer, input, error) &&
         apply_static (self, input, scale, zero_point, relu, &array, error);
}

/**
 * lfb_packed_conv_apply:
 * @self: a packed weight
 * @input: a `quint8` tensor, quantized per tensor: channels first, with or without a
 *   batch in front
 * @scale: the scale of the output; finite and positive
 * @zero_point: its zero point, 0 to 255
 * @error: return location for a `GError`
 *
 * Convolves.
 *
 * Returns: (transfer full): a `quint8` tensor, channels first, or %NULL with
 *   %LFB_ERROR_SHAPE, %LFB_ERROR_DTYPE or %LFB_ERROR_RANGE
 *
 * Since: 1.0
 */
LfbTensor *
lfb_packed_conv_apply (LfbPackedConv  *self,
                       LfbTensor      *input,
                       double          scale,
                       gint64          zero_point,
                       GError        **error)
{
  g_return_val_if_fail (LFB_IS_PACKED_CONV (self), NULL);
  g_return_val_if_fail (LFB_IS_TENSOR (input), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return make_static (self, input, scale, zero_point, FALSE, error);
}

/**
 * lfb_packed_conv_apply_relu:
 * @self: a packed weight
 * @input: a `quint8` tensor, quantized per tensor: channels first, with or without a
 *   batch in front
 * @scale: the scale of the output; finite and positive
 * @zero_point: its zero point, 0 to 255
 * @error: return location for a `GError`
 *
 * Convolves, and makes 0 of what is negative: no integer is below @zero_point.
 *
 * Returns: (transfer full): a `quint8` tensor, channels first, or %NULL with
 *   %LFB_ERROR_SHAPE, %LFB_ERROR_DTYPE or %LFB_ERROR_RANGE
 *
 * Since: 1.0
 */
LfbTensor *
lfb_packed_conv_apply_relu (LfbPackedConv  *self,
                            LfbTensor      *input,
                            double          scale,
                            gint64          zero_point,
                            GError        **error)
{
  g_return_val_if_fail (LFB_IS_PACKED_CONV (self), NULL);
  g_return_val_if_fail (LFB_IS_TENSOR (input), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return make_static (self, input, scale, zero_point, TRUE, error);
}

/**
 * lfb_packed_conv_apply_dynamic:
 * @self: a packed weight
 * @input: a `float32` tensor, finite and not empty: channels first, with or without
 *   a batch in front
 * @reduce_range: whether the input is quantized to 7 bits, as PyTorch's dynamic
 *   modules do
 * @error: return location for a `GError`
 *
 * Quantizes the input over its own range, and convolves.
 *
 * Returns: (transfer full): a `float32` tensor, channels first, or %NULL with
 *   %LFB_ERROR_SHAPE, %LFB_ERROR_DTYPE or %LFB_ERROR_RANGE
 *
 * Since: 1.0
 */
LfbTensor *
lfb_packed_conv_apply_dynamic (LfbPackedConv  *self,
                               LfbTensor      *input,
                               gboolean        reduce_range,
                               GError        **error)
{
  g_auto (LfbArray) array = LFB_ARRAY_INIT;

  g_return_val_if_fail (LFB_IS_PACKED_CONV (self), NULL);
  g_return_val_if_fail (LFB_IS_TENSOR (input), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!check_made (self, error) ||
      !lfb_packed_taps_apply_dynamic (self->taps, &self->runtime, "input", input, reduce_range, FALSE, &array, error))
    return NULL;

  return lfb_array_seal (&array, error);
}

/**
 * lfb_packed_conv_apply_into:
 * @self: a packed weight
 * @input: a `quint8` tensor, quantized per tensor: channels first, with or without a
 *   batch in front
 * @scale: the scale of the output; finite and positive
 * @zero_point: its zero point, 0 to 255
 * @buffer: where the output goes, row-major: a byte for each element, at least as
 *   many as [method@Lfb.PackedConv.get_output_shape] says; must not overlap
 *   @input
 * @error: return location for a `GError`
 *
 * As [method@Lfb.PackedConv.apply], into memory of the caller's.
 *
 * Returns: %TRUE, or %FALSE with an error of that function, or one that names
 *   @buffer; what is there then is no result
 *
 * Since: 1.0
 */
gboolean
lfb_packed_conv_apply_into (LfbPackedConv  *self,
                            LfbTensor      *input,
                            double          scale,
                            gint64          zero_point,
                            LfbBuffer      *buffer,
                            GError        **error)
{
  g_return_val_if_fail (LFB_IS_PACKED_CONV (self), FALSE);
  g_return_val_if_fail (LFB_IS_TENSOR (input), FALSE);
  g_return_val_if_fail (LFB_IS_BUFFER (buffer), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return write_static (self, input, scale, zero_point, FALSE, buffer, error);
}

/**
 * lfb_packed_conv_apply_relu_into:
 * @self: a packed weight
 * @input: a `quint8` tensor, quantized per tensor: channels first, with or without a
 *   batch in front
 * @scale: the scale of the output; finite and positive
 * @zero_point: its zero point, 0 to 255
 * @buffer: where the output goes, as in [method@Lfb.PackedConv.apply_into]
 * @error: return location for a `GError`
 *
 * As [method@Lfb.PackedConv.apply_relu], into memory of the caller's.
 *
 * Returns: %TRUE, or %FALSE with an error
 *
 * Since: 1.0
 */
gboolean
lfb_packed_conv_apply_relu_into (LfbPackedConv  *self,
                                 LfbTensor      *input,
                                 double          scale,
                                 gint64          zero_point,
                                 LfbBuffer      *buffer,
                                 GError        **error)
{
  g_return_val_if_fail (LFB_IS_PACKED_CONV (self), FALSE);
  g_return_val_if_fail (LFB_IS_TENSOR (input), FALSE);
  g_return_val_if_fail (LFB_IS_BUFFER (buffer), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return write_static (self, input, scale, zero_point, TRUE, buffer, error);
}

/**
 * lfb_packed_conv_apply_dynamic_into:
 * @self: a packed weight
 * @input: a `float32` tensor, finite and not empty: channels first, with or without
 *   a batch in front
 * @reduce_range: whether the input is quantized to 7 bits
 * @buffer: where the output goes, row-major: four bytes for each element,
 *   aligned for floats; must not overlap @input
 * @error: return location for a `GError`
 *
 * As [method@Lfb.PackedConv.apply_dynamic], into memory of the caller's.
 *
 * Returns: %TRUE, or %FALSE with an error
 *
 * Since: 1.0
 */
gboolean
lfb_packed_conv_apply_dynamic_into (LfbPackedConv  *self,
                                    LfbTensor      *input,
                                    gboolean        reduce_range,
                                    LfbBuffer      *buffer,
                                    GError        **error)
{
  g_auto (LfbArray) array = LFB_ARRAY_INIT;

  g_return_val_if_fail (LFB_IS_PACKED_CONV (self), FALSE);
  g_return_val_if_fail (LFB_IS_TENSOR (input), FALSE);
  g_return_val_if_fail (LFB_IS_BUFFER (buffer), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return lfb_array_place (&array, buffer, input, error) &&
         check_made (self, error) &&
         lfb_packed_taps_apply_dynamic (self->taps, &self->runtime, "input", input, reduce_range, FALSE, &array, error);
}

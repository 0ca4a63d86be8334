/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The packed rows that the linear operators use too, as an object. The rule is
 * that of numerics.md, "Linear and convolution".
 */

#include <lowerfb/run/lfb-packed-linear.h>

#include <lowerfb/run/lfb-packed-apply-private.h>
#include <lowerfb/run/lfb-packed-values-private.h>

/**
 * LfbPackedLinear:
 *
 * The weight and bias of a linear layer, packed once for this CPU, and the int8
 * kernels that multiply with them.
 *
 *     acc = sum over k of (x[k] - zx) * (w[n, k] - zw[n])        exact
 *     y   = clamp(round((acc + b[n] / (sx * sw[n])) * (sx * sw[n] / sy)) + zy, 0, 255)
 *
 * [method@Lfb.PackedLinear.apply] gives those integers,
 * [method@Lfb.PackedLinear.apply_relu] none below the zero point, and
 * [method@Lfb.PackedLinear.apply_dynamic] floats of floats, whose range it finds
 * itself. Each has a form that writes into a [class@Lfb.Buffer] instead of
 * making a tensor. The bits are the same on every CPU, and the same that the
 * operators `torch.ops.quantized.linear` and its like give.
 *
 * It never changes: any number of threads may apply it at once. Each call works
 * in the thread that makes it.
 *
 * Since: 1.0
 */
struct _LfbPackedLinear {
  GObject parent_instance;

  LfbRuntime runtime;
  LfbPackedRows *rows;    /* %NULL: a bare object */
  LfbTensor *weight;
  LfbTensor *bias;
};

enum {
  PROP_0,
  PROP_WEIGHT,
  PROP_BIAS,
  PROP_IN_FEATURES,
  PROP_OUT_FEATURES,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LfbPackedLinear, lfb_packed_linear, G_TYPE_OBJECT)

static void
lfb_packed_linear_finalize (GObject *object)
{
  LfbPackedLinear *self = LFB_PACKED_LINEAR (object);

  lfb_packed_rows_free (self->rows);
  g_clear_object (&self->weight);
  g_clear_object (&self->bias);

  G_OBJECT_CLASS (lfb_packed_linear_parent_class)->finalize (object);
}

static void
lfb_packed_linear_get_property (GObject    *object,
                                guint       prop_id,
                                GValue     *value,
                                GParamSpec *pspec)
{
  LfbPackedLinear *self = LFB_PACKED_LINEAR (object);

  switch (prop_id)
    {
    case PROP_WEIGHT:
      g_value_set_object (value, self->weight);
      break;
    case PROP_BIAS:
      g_value_set_object (value, self->bias);
      break;
    case PROP_IN_FEATURES:
      g_value_set_int64 (value, lfb_packed_linear_get_in_features (self));
      break;
    case PROP_OUT_FEATURES:
      g_value_set_int64 (value, lfb_packed_linear_get_out_features (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
lfb_packed_linear_class_init (LfbPackedLinearClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->finalize = lfb_packed_linear_finalize;
  object_class->get_property = lfb_packed_linear_get_property;

  /**
   * LfbPackedLinear:weight: (getter get_weight)
   *
   * The weight that was packed, (out features, in features).
   *
   * Since: 1.0
   */
  properties[PROP_WEIGHT] = g_param_spec_object ("weight", NULL, NULL, LFB_TYPE_TENSOR, flags);

  /**
   * LfbPackedLinear:bias: (getter get_bias)
   *
   * The bias, a float for each output, or %NULL.
   *
   * Since: 1.0
   */
  properties[PROP_BIAS] = g_param_spec_object ("bias", NULL, NULL, LFB_TYPE_TENSOR, flags);

  /**
   * LfbPackedLinear:in-features: (getter get_in_features)
   *
   * How many inputs a row has.
   *
   * Since: 1.0
   */
  properties[PROP_IN_FEATURES] = g_param_spec_int64 ("in-features", NULL, NULL, 0, G_MAXINT64, 0, flags);

  /**
   * LfbPackedLinear:out-features: (getter get_out_features)
   *
   * How many outputs a row has.
   *
   * Since: 1.0
   */
  properties[PROP_OUT_FEATURES] = g_param_spec_int64 ("out-features", NULL, NULL, 0, G_MAXINT64, 0, flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
lfb_packed_linear_init (LfbPackedLinear *self)
{
}

/**
 * lfb_packed_linear_new:
 * @weight: a `qint8` matrix (out features, in features), quantized per tensor or
 *   per channel of its outputs
 * @bias: (nullable): a `float32` vector, one finite number for each output
 * @error: return location for a `GError`
 *
 * Packs a weight.
 *
 * Returns: (transfer full): a new packed weight, or %NULL with %LFB_ERROR_SHAPE,
 *   %LFB_ERROR_DTYPE, %LFB_ERROR_ARGUMENT or, for more inputs than the sum has
 *   bits for and biases that are not finite, %LFB_ERROR_RANGE
 *
 * Since: 1.0
 */
LfbPackedLinear *
lfb_packed_linear_new (LfbTensor  *weight,
                       LfbTensor  *bias,
                       GError    **error)
{
  g_autoptr (LfbPackedLinear) self = NULL;

  g_return_val_if_fail (LFB_IS_TENSOR (weight), NULL);
  g_return_val_if_fail (bias == NULL || LFB_IS_TENSOR (bias), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!lfb_check_dtype ("weight", weight, LFB_DTYPE_QINT8, error))
    return NULL;

  self = g_object_new (LFB_TYPE_PACKED_LINEAR, NULL);
  lfb_runtime_init (&self->runtime, NULL);
  self->rows = lfb_packed_rows_new (&self->runtime, weight, bias, error);
  if (self->rows == NULL)
    return NULL;
  self->weight = g_object_ref (weight);
  g_set_object (&self->bias, bias);

  return g_steal_pointer (&self);
}

/**
 * lfb_packed_linear_new_for_value: (constructor)
 * @packed: a packed weight as graphs hold it, such as
 *   `torch.ops.quantized.linear_prepack` makes
 * @error: return location for a `GError`
 *
 * Packs the weight and bias that a value holds.
 *
 * Returns: (transfer full): a new packed weight, or %NULL with
 *   %LFB_ERROR_ARGUMENT if @packed is something else, %LFB_ERROR_DTYPE if its
 *   weight is not `qint8`, or an error of [ctor@Lfb.PackedLinear.new]
 *
 * Since: 1.0
 */
LfbPackedLinear *
lfb_packed_linear_new_for_value (LfbValue  *packed,
                                 GError   **error)
{
  LfbTensor *weight, *bias;

  g_return_val_if_fail (packed != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return lfb_packed_linear_parts ("packed", packed, &weight, &bias, error) ? lfb_packed_linear_new (weight, bias, error)
                                                                          : NULL;
}

/**
 * lfb_packed_linear_get_weight: (get-property weight)
 * @self: a packed weight
 *
 * Gets the weight that was packed.
 *
 * Returns: (transfer none) (nullable): the weight, (out features, in features);
 *   %NULL for an object that was made without
 *
 * Since: 1.0
 */
LfbTensor *
lfb_packed_linear_get_weight (LfbPackedLinear *self)
{
  g_return_val_if_fail (LFB_IS_PACKED_LINEAR (self), NULL);

  return self->weight;
}

/**
 * lfb_packed_linear_get_bias: (get-property bias)
 * @self: a packed weight
 *
 * Gets the bias.
 *
 * Returns: (transfer none) (nullable): a float for each output, or %NULL
 *
 * Since: 1.0
 */
LfbTensor *
lfb_packed_linear_get_bias (LfbPackedLinear *self)
{
  g_return_val_if_fail (LFB_IS_PACKED_LINEAR (self), NULL);

  return self->bias;
}

/**
 * lfb_packed_linear_get_in_features: (get-property in-features)
 * @self: a packed weight
 *
 * Gets how many inputs a row has.
 *
 * Returns: the last dimension of inputs
 *
 * Since: 1.0
 */
gint64
lfb_packed_linear_get_in_features (LfbPackedLinear *self)
{
  g_return_val_if_fail (LFB_IS_PACKED_LINEAR (self), 0);

  return self->rows != NULL ? self->rows->k : 0;
}

/**
 * lfb_packed_linear_get_out_features: (get-property out-features)
 * @self: a packed weight
 *
 * Gets how many outputs a row has.
 *
 * Returns: the last dimension of outputs
 *
 * Since: 1.0
 */
gint64
lfb_packed_linear_get_out_features (LfbPackedLinear *self)
{
  g_return_val_if_fail (LFB_IS_PACKED_LINEAR (self), 0);

  return self->rows != NULL ? self->rows->n : 0;
}

static gboolean
check_made (LfbPackedLinear  *self,
            GError          **error)
{
  if (self->rows == NULL)
    g_set_error_literal (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                         "this object holds no weight: lfb_packed_linear_new makes one that does");

  return self->rows != NULL;
}

/**
 * lfb_packed_linear_to_value:
 * @self: a packed weight
 * @error: return location for a `GError`
 *
 * Makes the value that stands for this weight in graphs, and that
 * `torch.ops.quantized.linear` takes.
 *
 * Returns: (transfer full): a packed value
 *
 * Since: 1.0
 */
LfbValue *
lfb_packed_linear_to_value (LfbPackedLinear  *self,
                            GError          **error)
{
  g_return_val_if_fail (LFB_IS_PACKED_LINEAR (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return check_made (self, error) ? lfb_packed_linear_value (self->weight, self->bias) : NULL;
}

/**
 * lfb_packed_linear_get_output_shape:
 * @self: a packed weight
 * @shape: (array length=n_dims): the shape of an input, (..., in features)
 * @n_dims: how many dimensions it has
 * @n_output_dims: (out): how many dimensions the output has, as many
 * @error: return location for a `GError`
 *
 * Tells the shape of the output for an input, and so how large a buffer for it
 * has to be: a byte for each element, or four if dynamic.
 *
 * Returns: (array length=n_output_dims) (transfer full): (..., out features), or
 *   %NULL with %LFB_ERROR_SHAPE
 *
 * Since: 1.0
 */
gint64 *
lfb_packed_linear_get_output_shape (LfbPackedLinear  *self,
                                    const gint64     *shape,
                                    gsize             n_dims,
                                    gsize            *n_output_dims,
                                    GError          **error)
{
  gint64 result[LFB_TENSOR_MAX_DIMS];
  gsize m;

  g_return_val_if_fail (LFB_IS_PACKED_LINEAR (self), NULL);
  g_return_val_if_fail (n_dims == 0 || shape != NULL, NULL);
  g_return_val_if_fail (n_output_dims != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  *n_output_dims = 0;
  if (!check_made (self, error) ||
      !lfb_linear_shape ("shape", shape, n_dims, self->rows->n, self->rows->k, result, &m, error))
    return NULL;
  *n_output_dims = n_dims;

  return g_memdup2 (result, n_dims * sizeof *result);
}

static gboolean
apply_static (LfbPackedLinear  *self,
              LfbTensor        *input,
              double            scale,
              gint64            zero_point,
              gboolean          relu,
              LfbArray         *array,
              GError          **error)
{
  return check_made (self, error) &&
         lfb_check_qparams ("scale", "zero_point", LFB_DTYPE_QUINT8, scale, zero_point, error) &&
         lfb_packed_rows_apply (self->rows, &self->runtime, "input", input, scale, zero_point, relu, array, error);
}

static LfbTensor *
make_static (LfbPackedLinear  *self,
             LfbTensor        *input,
             double            scale,
             gint64            zero_point,
             gboolean          relu,
             GError          **error)
{
  g_auto (LfbArray) array = LFB_ARRAY_INIT;

  if (!apply_static (self, input, scale, zero_point, relu, &array, error))
    return NULL;

  return lfb_array_seal_quantized (&array, LFB_DTYPE_QUINT8, scale, zero_point, error);
}

static gboolean
write_static (LfbPackedLinear  *self,
              LfbTensor        *input,
              double            scale,
              gint64            zero_point,
              gboolean          relu,
              LfbBuffer        *buffer,
              GError          **error)
{
  g_auto (LfbArray) array = LFB_ARRAY_INIT;

  return lfb_array_place (&array, buffer, input, error) &&
         apply_static (self, input, scale, zero_point, relu, &array, error);
}

/**
 * lfb_packed_linear_apply:
 * @self: a packed weight
 * @input: a `quint8` tensor (..., in features), quantized per tensor
 * @scale: the scale of the output; finite and positive
 * @zero_point: its zero point, 0 to 255
 * @error: return location for a `GError`
 *
 * Multiplies.
 *
 * Returns: (transfer full): a `quint8` tensor (..., out features), or %NULL with
 *   %LFB_ERROR_SHAPE, %LFB_ERROR_DTYPE or %LFB_ERROR_RANGE
 *
 * Since: 1.0
 */
LfbTensor *
lfb_packed_linear_apply (LfbPackedLinear  *self,
                         LfbTensor        *input,
                         double            scale,
                         gint64            zero_point,
                         GError          **error)
{
  g_return_val_if_fail (LFB_IS_PACKED_LINEAR (self), NULL);
  g_return_val_if_fail (LFB_IS_TENSOR (input), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return make_static (self, input, scale, zero_point, FALSE, error);
}

/**
 * lfb_packed_linear_apply_relu:
 * @self: a packed weight
 * @input: a `quint8` tensor (..., in features), quantized per tensor
 * @scale: the scale of the output; finite and positive
 * @zero_point: its zero point, 0 to 255
 * @error: return location for a `GError`
 *
 * Multiplies, and makes 0 of what is negative: no integer is below @zero_point.
 *
 * Returns: (transfer full): a `quint8` tensor (..., out features), or %NULL with
 *   %LFB_ERROR_SHAPE, %LFB_ERROR_DTYPE or %LFB_ERROR_RANGE
 *
 * Since: 1.0
 */
LfbTensor *
lfb_packed_linear_apply_relu (LfbPackedLinear  *self,
                              LfbTensor        *input,
                              double            scale,
                              gint64            zero_point,
                              GError          **error)
{
  g_return_val_if_fail (LFB_IS_PACKED_LINEAR (self), NULL);
  g_return_val_if_fail (LFB_IS_TENSOR (input), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return make_static (self, input, scale, zero_point, TRUE, error);
}

/**
 * lfb_packed_linear_apply_dynamic:
 * @self: a packed weight
 * @input: a `float32` tensor (..., in features), finite and not empty
 * @reduce_range: whether the input is quantized to 7 bits, as PyTorch's dynamic
 *   modules do
 * @error: return location for a `GError`
 *
 * Quantizes the input over its own range, and multiplies.
 *
 * Returns: (transfer full): a `float32` tensor (..., out features), or %NULL with
 *   %LFB_ERROR_SHAPE, %LFB_ERROR_DTYPE or %LFB_ERROR_RANGE
 *
 * Since: 1.0
 */
LfbTensor *
lfb_packed_linear_apply_dynamic (LfbPackedLinear  *self,
                                 LfbTensor        *input,
                                 gboolean          reduce_range,
                                 GError          **error)
{
  g_auto (LfbArray) array = LFB_ARRAY_INIT;

  g_return_val_if_fail (LFB_IS_PACKED_LINEAR (self), NULL);
  g_return_val_if_fail (LFB_IS_TENSOR (input), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!check_made (self, error) ||
      !lfb_packed_rows_apply_dynamic (self->rows, &self->runtime, "input", input, reduce_range, FALSE, &array, error))
    return NULL;

  return lfb_array_seal (&array, error);
}

/**
 * lfb_packed_linear_apply_into:
 * @self: a packed weight
 * @input: a `quint8` tensor (..., in features), quantized per tensor
 * @scale: the scale of the output; finite and positive
 * @zero_point: its zero point, 0 to 255
 * @buffer: where the output goes, row-major: a byte for each element, at least as
 *   many as [method@Lfb.PackedLinear.get_output_shape] says; must not overlap
 *   @input
 * @error: return location for a `GError`
 *
 * As [method@Lfb.PackedLinear.apply], into memory of the caller's.
 *
 * Returns: %TRUE, or %FALSE with an error of that function, or one that names
 *   @buffer; what is there then is no result
 *
 * Since: 1.0
 */
gboolean
lfb_packed_linear_apply_into (LfbPackedLinear  *self,
                              LfbTensor        *input,
                              double            scale,
                              gint64            zero_point,
                              LfbBuffer        *buffer,
                              GError          **error)
{
  g_return_val_if_fail (LFB_IS_PACKED_LINEAR (self), FALSE);
  g_return_val_if_fail (LFB_IS_TENSOR (input), FALSE);
  g_return_val_if_fail (LFB_IS_BUFFER (buffer), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return write_static (self, input, scale, zero_point, FALSE, buffer, error);
}

/**
 * lfb_packed_linear_apply_relu_into:
 * @self: a packed weight
 * @input: a `quint8` tensor (..., in features), quantized per tensor
 * @scale: the scale of the output; finite and positive
 * @zero_point: its zero point, 0 to 255
 * @buffer: where the output goes, as in [method@Lfb.PackedLinear.apply_into]
 * @error: return location for a `GError`
 *
 * As [method@Lfb.PackedLinear.apply_relu], into memory of the caller's.
 *
 * Returns: %TRUE, or %FALSE with an error
 *
 * Since: 1.0
 */
gboolean
lfb_packed_linear_apply_relu_into (LfbPackedLinear  *self,
                                   LfbTensor        *input,
                                   double            scale,
                                   gint64            zero_point,
                                   LfbBuffer        *buffer,
                                   GError          **error)
{
  g_return_val_if_fail (LFB_IS_PACKED_LINEAR (self), FALSE);
  g_return_val_if_fail (LFB_IS_TENSOR (input), FALSE);
  g_return_val_if_fail (LFB_IS_BUFFER (buffer), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return write_static (self, input, scale, zero_point, TRUE, buffer, error);
}

/**
 * lfb_packed_linear_apply_dynamic_into:
 * @self: a packed weight
 * @input: a `float32` tensor (..., in features), finite and not empty
 * @reduce_range: whether the input is quantized to 7 bits
 * @buffer: where the output goes, row-major: four bytes for each element,
 *   aligned for floats; must not overlap @input
 * @error: return location for a `GError`
 *
 * As [method@Lfb.PackedLinear.apply_dynamic], into memory of the caller's.
 *
 * Returns: %TRUE, or %FALSE with an error
 *
 * Since: 1.0
 */
gboolean
lfb_packed_linear_apply_dynamic_into (LfbPackedLinear  *self,
                                      LfbTensor        *input,
                                      gboolean          reduce_range,
                                      LfbBuffer        *buffer,
                                      GError          **error)
{
  g_auto (LfbArray) array = LFB_ARRAY_INIT;

  g_return_val_if_fail (LFB_IS_PACKED_LINEAR (self), FALSE);
  g_return_val_if_fail (LFB_IS_TENSOR (input), FALSE);
  g_return_val_if_fail (LFB_IS_BUFFER (buffer), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return lfb_array_place (&array, buffer, input, error) &&
         check_made (self, error) &&
         lfb_packed_rows_apply_dynamic (self->rows, &self->runtime, "input", input, reduce_range, FALSE, &array, error);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tensors whose integers stand for real numbers: the constructors, which check
 * scales and zero points, and the way back to floats. The rules are those of
 * numerics.md, "Quantize and dequantize".
 */

#include <lowerfb/core/lfb-error.h>
#include <lowerfb/core/lfb-tensor-numbers-private.h>
#include <lowerfb/core/lfb-tensor-private.h>

#include <math.h>

static gboolean
check_scale (double    scale,
             GError  **error)
{
  if (isfinite (scale) && scale > 0 && isfinite ((float) scale) && (float) scale > 0)
    return TRUE;

  g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
               "A scale must be finite and positive as a 32-bit float, not %g", scale);
  return FALSE;
}

static gboolean
check_zero_point (gint64     zero_point,
                  LfbDType   dtype,
                  GError   **error)
{
  if (zero_point >= lfb_dtype_get_min (dtype) && zero_point <= lfb_dtype_get_max (dtype))
    return TRUE;

  g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
               "Zero point %" G_GINT64_FORMAT " lies outside of %s: %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
               zero_point, lfb_dtype_to_string (dtype),
               lfb_dtype_get_min (dtype), lfb_dtype_get_max (dtype));
  return FALSE;
}

static gboolean
check_vector (LfbTensor   *tensor,
              const char  *what,
              gint64       length,
              GError     **error)
{
  if (tensor->n_dims == 1 && tensor->n_elements == length && tensor->integers == NULL)
    return TRUE;

  g_autofree char *text = lfb_tensor_to_string (tensor);

  g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
               "The %s per channel must be a vector of %" G_GINT64_FORMAT " numbers, not %s",
               what, length, text);
  return FALSE;
}

static gboolean
is_float_vector_type (LfbDType dtype)
{
  return dtype == LFB_DTYPE_FLOAT32 || dtype == LFB_DTYPE_FLOAT64;
}

static gboolean
is_integer_type (LfbDType dtype)
{
  return dtype >= LFB_DTYPE_UINT8 && dtype <= LFB_DTYPE_INT64;
}

static gboolean
check_per_channel (const LfbQParams  *qparams,
                   const gint64      *shape,
                   gsize              n_dims,
                   GError           **error)
{
  gboolean float_points = qparams->qscheme == LFB_QSCHEME_PER_CHANNEL_AFFINE_FLOAT_QPARAMS;
  double min = lfb_dtype_get_min (qparams->dtype), max = lfb_dtype_get_max (qparams->dtype);
  g_autofree double *scales = NULL;
  g_autofree double *zero_points = NULL;
  gint64 length;

  if (qparams->axis < 0 || (guint64) qparams->axis >= n_dims)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                   "Axis %" G_GINT64_FORMAT " of the channels is not one of %" G_GSIZE_FORMAT " dimensions",
                   qparams->axis, n_dims);
      return FALSE;
    }
  length = shape[qparams->axis];

  if (!is_float_vector_type (qparams->scales->dtype))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE, "Scales must be float32 or float64, not %s",
                   lfb_dtype_to_string (qparams->scales->dtype));
      return FALSE;
    }
  if (float_points ? !is_float_vector_type (qparams->zero_points->dtype)
                   : !is_integer_type (qparams->zero_points->dtype))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE, "Zero points of %s must be %s, not %s",
                   lfb_qscheme_to_string (qparams->qscheme), float_points ? "floats" : "integers",
                   lfb_dtype_to_string (qparams->zero_points->dtype));
      return FALSE;
    }
  if (!check_vector (qparams->scales, "scales", length, error) ||
      !check_vector (qparams->zero_points, "zero points", length, error))
    return FALSE;

  scales = _lfb_tensor_dup_numbers (qparams->scales);
  zero_points = _lfb_tensor_dup_numbers (qparams->zero_points);
  for (gint64 i = 0; i < length; i++)
    {
      if (!check_scale (scales[i], error))
        {
          g_prefix_error (error, "Channel %" G_GINT64_FORMAT ": ", i);
          return FALSE;
        }
      if (float_points ? isfinite (zero_points[i]) : zero_points[i] >= min && zero_points[i] <= max)
        continue;

      if (float_points)
        g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "The zero point is not finite");
      else
        check_zero_point (_lfb_tensor_integer_at (qparams->zero_points, i), qparams->dtype, error);
      g_prefix_error (error, "Channel %" G_GINT64_FORMAT ": ", i);
      return FALSE;
    }

  return TRUE;
}

/* PyTorch reserves whole bytes for each row of elements of less than a byte,
 * although it packs them without regard to rows: what it writes may be longer.
 */
static gsize
padded_size (LfbDType      dtype,
             const gint64 *shape,
             gsize         n_dims,
             gint64        n_elements)
{
  guint bits = lfb_dtype_get_bits (dtype);
  gsize columns = n_dims > 0 ? MAX (shape[n_dims - 1], 1) : 1;

  if (bits >= 8)
    return (gsize) n_elements * (bits / 8);

  return (gsize) n_elements / columns * ((columns * bits + 7) / 8);
}

/**
 * lfb_tensor_new_with_qparams: (skip)
 * @integers: the integers, of the type that the quantized one is stored in
 * @shape: (array length=n_dims) (nullable): the dimensions; %NULL for those of
 *   @integers. Needed for types of less than a byte, where @integers hold the
 *   packed bytes
 * @n_dims: how many dimensions @shape has
 * @qparams: how to read @integers
 * @error: where to put an error
 *
 * Makes a quantized tensor of any scheme.
 *
 * Returns: (transfer full): a new tensor that shares @integers
 *
 * Since: 1.0
 */
LfbTensor *
lfb_tensor_new_with_qparams (LfbTensor         *integers,
                             const gint64      *shape,
                             gsize              n_dims,
                             const LfbQParams  *qparams,
                             GError           **error)
{
  LfbTensor *self;
  gint64 n_elements;
  gsize n_bytes;

  g_return_val_if_fail (LFB_IS_TENSOR (integers), NULL);
  g_return_val_if_fail (qparams != NULL, NULL);
  g_return_val_if_fail (qparams->qscheme != LFB_QSCHEME_NONE, NULL);

  if (!lfb_dtype_is_quantized (qparams->dtype))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE, "%s is not a quantized type",
                   lfb_dtype_to_string (qparams->dtype));
      return NULL;
    }
  if (integers->dtype != lfb_dtype_get_storage (qparams->dtype))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE, "A %s tensor is made of %s integers, not of %s",
                   lfb_dtype_to_string (qparams->dtype),
                   lfb_dtype_to_string (lfb_dtype_get_storage (qparams->dtype)),
                   lfb_dtype_to_string (integers->dtype));
      return NULL;
    }

  if (shape == NULL)
    {
      if (lfb_dtype_get_bits (qparams->dtype) < 8)
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                       "A %s tensor needs its own shape: several elements share a byte",
                       lfb_dtype_to_string (qparams->dtype));
          return NULL;
        }
      shape = integers->shape;
      n_dims = integers->n_dims;
    }
  if (!_lfb_tensor_measure (qparams->dtype, shape, n_dims, &n_elements, &n_bytes, error))
    return NULL;
  if (_lfb_tensor_get_size (integers) != n_bytes &&
      _lfb_tensor_get_size (integers) != padded_size (qparams->dtype, shape, n_dims, n_elements))
    {
      g_autofree char *text = _lfb_tensor_shape_to_string (shape, n_dims);

      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "A %s tensor of shape %s takes %" G_GSIZE_FORMAT " bytes, not %" G_GSIZE_FORMAT,
                   lfb_dtype_to_string (qparams->dtype), text, n_bytes, _lfb_tensor_get_size (integers));
      return NULL;
    }

  if (qparams->qscheme >= LFB_QSCHEME_PER_CHANNEL_AFFINE)
    {
      g_return_val_if_fail (LFB_IS_TENSOR (qparams->scales), NULL);
      g_return_val_if_fail (LFB_IS_TENSOR (qparams->zero_points), NULL);

      if (!check_per_channel (qparams, shape, n_dims, error))
        return NULL;
    }
  else if (!check_scale (qparams->scale, error) ||
           !check_zero_point (qparams->zero_point, qparams->dtype, error))
    {
      return NULL;
    }

  self = _lfb_tensor_alloc (qparams->dtype, shape, n_dims, n_elements);
  self->qscheme = qparams->qscheme;
  if (_lfb_tensor_get_size (integers) == n_bytes)
    _lfb_tensor_share_bytes (self, integers);
  else
    self->bytes = g_bytes_new_from_bytes (_lfb_tensor_get_bytes (integers), 0, n_bytes);
  self->integers = g_object_ref (integers);
  if (qparams->qscheme >= LFB_QSCHEME_PER_CHANNEL_AFFINE)
    {
      self->scales = g_object_ref (qparams->scales);
      self->zero_points = g_object_ref (qparams->zero_points);
      self->axis = qparams->axis;
    }
  else
    {
      self->scale = qparams->scale;
      self->zero_point = qparams->zero_point;
    }

  return self;
}

/**
 * lfb_tensor_new_quantized: (constructor)
 * @integers: the integers: `uint8` for `quint8`, `int8` for `qint8`, `int32`
 *   for `qint32`
 * @scale: the real number one step stands for; finite and positive
 * @zero_point: the integer that stands for 0; inside of @dtype
 * @dtype: the quantized type
 * @error: where to put an error
 *
 * Makes a tensor of one scale and zero point: an integer q stands for
 * (q - @zero_point) * @scale.
 *
 * Returns: (transfer full): a new tensor that shares @integers
 *
 * Since: 1.0
 */
LfbTensor *
lfb_tensor_new_quantized (LfbTensor  *integers,
                          double      scale,
                          gint64      zero_point,
                          LfbDType    dtype,
                          GError    **error)
{
  LfbQParams qparams = {
    .dtype = dtype,
    .qscheme = LFB_QSCHEME_PER_TENSOR_AFFINE,
    .scale = scale,
    .zero_point = zero_point,
  };

  return lfb_tensor_new_with_qparams (integers, NULL, 0, &qparams, error);
}

/**
 * lfb_tensor_new_quantized_per_channel: (constructor)
 * @integers: the integers: `uint8` for `quint8`, `int8` for `qint8`, `int32`
 *   for `qint32`
 * @scales: a vector of floats, one for each index of @axis
 * @zero_points: a vector of integers, or of floats as the rows of embeddings
 *   have them, one for each index of @axis
 * @axis: the dimension along which scales and zero points differ
 * @dtype: the quantized type
 * @error: where to put an error
 *
 * Makes a tensor whose scale and zero point depend on the index of one
 * dimension.
 *
 * Returns: (transfer full): a new tensor that shares @integers
 *
 * Since: 1.0
 */
LfbTensor *
lfb_tensor_new_quantized_per_channel (LfbTensor  *integers,
                                      LfbTensor  *scales,
                                      LfbTensor  *zero_points,
                                      gint64      axis,
                                      LfbDType    dtype,
                                      GError    **error)
{
  LfbQParams qparams = {
    .dtype = dtype,
    .scales = scales,
    .zero_points = zero_points,
    .axis = axis,
  };

  g_return_val_if_fail (LFB_IS_TENSOR (scales), NULL);
  g_return_val_if_fail (LFB_IS_TENSOR (zero_points), NULL);

  qparams.qscheme = lfb_dtype_is_floating_point (zero_points->dtype)
                      ? LFB_QSCHEME_PER_CHANNEL_AFFINE_FLOAT_QPARAMS
                      : LFB_QSCHEME_PER_CHANNEL_AFFINE;

  return lfb_tensor_new_with_qparams (integers, NULL, 0, &qparams, error);
}

/**
 * lfb_tensor_is_quantized:
 * @self: a tensor
 *
 * Whether the elements stand for real numbers by scale and zero point.
 *
 * Returns: whether the tensor is quantized
 *
 * Since: 1.0
 */
gboolean
lfb_tensor_is_quantized (LfbTensor *self)
{
  g_return_val_if_fail (LFB_IS_TENSOR (self), FALSE);

  return self->qscheme != LFB_QSCHEME_NONE;
}

/**
 * lfb_tensor_is_per_channel:
 * @self: a tensor
 *
 * Whether scale and zero point depend on the index of one dimension.
 *
 * Returns: whether the tensor is quantized per channel
 *
 * Since: 1.0
 */
gboolean
lfb_tensor_is_per_channel (LfbTensor *self)
{
  g_return_val_if_fail (LFB_IS_TENSOR (self), FALSE);

  return self->scales != NULL;
}

/**
 * lfb_tensor_get_qscheme: (get-property qscheme)
 * @self: a tensor
 *
 * How the integers stand for real numbers.
 *
 * Returns: the scheme; %LFB_QSCHEME_NONE for tensors that are not quantized
 *
 * Since: 1.0
 */
LfbQScheme
lfb_tensor_get_qscheme (LfbTensor *self)
{
  g_return_val_if_fail (LFB_IS_TENSOR (self), LFB_QSCHEME_NONE);

  return self->qscheme;
}

/**
 * lfb_tensor_get_scale: (get-property scale)
 * @self: a tensor
 *
 * The real number that one step stands for.
 *
 * Returns: the scale; 0 unless the tensor is quantized per tensor
 *
 * Since: 1.0
 */
double
lfb_tensor_get_scale (LfbTensor *self)
{
  g_return_val_if_fail (LFB_IS_TENSOR (self), 0);

  return self->scale;
}

/**
 * lfb_tensor_get_zero_point: (get-property zero-point)
 * @self: a tensor
 *
 * The integer that stands for 0.
 *
 * Returns: the zero point; 0 unless the tensor is quantized per tensor
 *
 * Since: 1.0
 */
gint64
lfb_tensor_get_zero_point (LfbTensor *self)
{
  g_return_val_if_fail (LFB_IS_TENSOR (self), 0);

  return self->zero_point;
}

/**
 * lfb_tensor_get_axis: (get-property axis)
 * @self: a tensor
 *
 * The dimension along which scales and zero points differ.
 *
 * Returns: the dimension; -1 unless the tensor is quantized per channel
 *
 * Since: 1.0
 */
gint64
lfb_tensor_get_axis (LfbTensor *self)
{
  g_return_val_if_fail (LFB_IS_TENSOR (self), -1);

  return self->axis;
}

/**
 * lfb_tensor_get_scales:
 * @self: a tensor
 *
 * The scale of each channel.
 *
 * Returns: (transfer none) (nullable): a vector of floats; %NULL unless the
 *   tensor is quantized per channel
 *
 * Since: 1.0
 */
LfbTensor *
lfb_tensor_get_scales (LfbTensor *self)
{
  g_return_val_if_fail (LFB_IS_TENSOR (self), NULL);

  return self->scales;
}

/**
 * lfb_tensor_get_zero_points:
 * @self: a tensor
 *
 * The zero point of each channel.
 *
 * Returns: (transfer none) (nullable): a vector of integers or floats; %NULL
 *   unless the tensor is quantized per channel
 *
 * Since: 1.0
 */
LfbTensor *
lfb_tensor_get_zero_points (LfbTensor *self)
{
  g_return_val_if_fail (LFB_IS_TENSOR (self), NULL);

  return self->zero_points;
}

/**
 * lfb_tensor_get_integers:
 * @self: a tensor
 *
 * The integers of a quantized tensor as a plain tensor of the same bytes; for
 * types of less than a byte, the packed bytes.
 *
 * Returns: (transfer none) (nullable): the integers; %NULL for tensors that
 *   are not quantized
 *
 * Since: 1.0
 */
LfbTensor *
lfb_tensor_get_integers (LfbTensor *self)
{
  g_return_val_if_fail (LFB_IS_TENSOR (self), NULL);

  return self->integers;
}

/* The integer of one element of a quantized tensor. */
static gint32
get_quantized (LfbTensor    *self,
               const guint8 *data,
               gint64        index)
{
  guint bits = lfb_dtype_get_bits (self->dtype);

  switch ((int) self->dtype)
    {
    case LFB_DTYPE_QUINT8:
      return data[index];
    case LFB_DTYPE_QINT8:
      return ((const gint8 *) data)[index];
    case LFB_DTYPE_QINT32:
      return ((const gint32 *) data)[index];
    default:
      return (data[index / (8 / bits)] >> (index % (8 / bits) * bits)) & ((1 << bits) - 1);
    }
}

/**
 * lfb_tensor_dequantize:
 * @self: a quantized tensor
 * @error: where to put an error
 *
 * The real numbers that the integers stand for: (q - zero point) * scale, in
 * 32-bit floats.
 *
 * Fails with %LFB_ERROR_DTYPE if @self is not quantized.
 *
 * Returns: (transfer full): a `float32` tensor of the same shape
 *
 * Since: 1.0
 */
LfbTensor *
lfb_tensor_dequantize (LfbTensor  *self,
                       GError    **error)
{
  g_autoptr (GBytes) bytes = NULL;
  const guint8 *data;
  gint64 run; /* how many elements share a scale */
  gsize size;
  float *result;

  g_return_val_if_fail (LFB_IS_TENSOR (self), NULL);

  run = self->n_elements;

  if (self->qscheme == LFB_QSCHEME_NONE)
    {
      g_autofree char *text = lfb_tensor_to_string (self);

      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE, "%s is not quantized", text);
      return NULL;
    }

  size = (gsize) self->n_elements * sizeof *result;
  result = g_try_malloc (MAX (size, 1));
  if (result == NULL)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                   "There is no memory for %" G_GSIZE_FORMAT " bytes", size);
      return NULL;
    }

  data = g_bytes_get_data (_lfb_tensor_get_bytes (self), NULL);
  if (self->scales != NULL)
    {
      run = 1;
      for (gsize i = self->axis + 1; i < self->n_dims; i++)
        run *= self->shape[i];
    }

  for (gint64 begin = 0; begin < self->n_elements; begin += run)
    {
      gint64 channel = self->scales != NULL ? begin / run % self->shape[self->axis] : 0;
      float scale = self->scales != NULL ? _lfb_tensor_number_at (self->scales, channel) : self->scale;

      if (self->qscheme == LFB_QSCHEME_PER_CHANNEL_AFFINE_FLOAT_QPARAMS)
        {
          float zero_point = _lfb_tensor_number_at (self->zero_points, channel);

          for (gint64 i = begin; i < begin + run; i++)
            result[i] = ((float) get_quantized (self, data, i) - zero_point) * scale;
        }
      else
        {
          gint64 zero_point = self->scales != NULL ? _lfb_tensor_integer_at (self->zero_points, channel)
                                                   : self->zero_point;

          for (gint64 i = begin; i < begin + run; i++)
            result[i] = (float) (get_quantized (self, data, i) - zero_point) * scale;
        }
    }

  bytes = g_bytes_new_take (result, size);
  return lfb_tensor_new_for_bytes (LFB_DTYPE_FLOAT32, self->shape, self->n_dims, bytes, error);
}

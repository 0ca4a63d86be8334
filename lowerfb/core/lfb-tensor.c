/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A tensor owns a shape and shares bytes. Everything about it is checked when
 * it is made, so that whoever holds one can rely on it: the bytes are as many
 * as shape and element type ask for and aligned to the element, scales are
 * finite and positive, zero points lie inside the type (numerics.md,
 * "Quantize and dequantize").
 */

#include <lowerfb/core/lfb-error.h>
#include <lowerfb/core/lfb-tensor-private.h>

#include <lowerfb/lfb-enum-types.h>

#include <string.h>

/**
 * LfbTensor:
 *
 * An immutable array of numbers: element type, shape, bytes, and for quantized
 * types the parameters that say which real number an integer stands for.
 *
 * The bytes are row-major: the last dimension is innermost. They are shared,
 * never copied, with whatever the tensor was made from: a [struct@GLib.Bytes],
 * memory of another owner, or a mapped file. Only where an address does not fit
 * the alignment of the elements does the tensor take a copy.
 *
 * A quantized tensor keeps the plain integer tensor it was made from, see
 * [method@Lfb.Tensor.get_integers]. Types of less than a byte pack the elements one
 * after the other, low bits first, over the whole tensor, as PyTorch does.
 *
 * Tensors can be used from several threads at once.
 *
 * Since: 1.0
 */
enum {
  PROP_0,
  PROP_DTYPE,
  PROP_QSCHEME,
  PROP_SCALE,
  PROP_ZERO_POINT,
  PROP_AXIS,
  PROP_NAME,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LfbTensor, lfb_tensor, G_TYPE_OBJECT)

static void
lfb_tensor_finalize (GObject *object)
{
  LfbTensor *self = LFB_TENSOR (object);

  g_clear_pointer (&self->shape, g_free);
  g_clear_pointer (&self->name, g_free);
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_clear_pointer (&self->quantizing, _lfb_quantizing_unref);
  g_clear_object (&self->integers);
  g_clear_object (&self->scales);
  g_clear_object (&self->zero_points);

  G_OBJECT_CLASS (lfb_tensor_parent_class)->finalize (object);
}

static void
lfb_tensor_get_property (GObject    *object,
                         guint       prop_id,
                         GValue     *value,
                         GParamSpec *pspec)
{
  LfbTensor *self = LFB_TENSOR (object);

  switch (prop_id)
    {
    case PROP_DTYPE:
      g_value_set_enum (value, self->dtype);
      break;
    case PROP_QSCHEME:
      g_value_set_enum (value, self->qscheme);
      break;
    case PROP_SCALE:
      g_value_set_double (value, self->scale);
      break;
    case PROP_ZERO_POINT:
      g_value_set_int64 (value, self->zero_point);
      break;
    case PROP_AXIS:
      g_value_set_int64 (value, self->axis);
      break;
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
lfb_tensor_class_init (LfbTensorClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->finalize = lfb_tensor_finalize;
  object_class->get_property = lfb_tensor_get_property;

  /**
   * LfbTensor:dtype: (getter get_dtype)
   *
   * The type of the elements.
   *
   * Since: 1.0
   */
  properties[PROP_DTYPE] =
    g_param_spec_enum ("dtype", NULL, NULL, LFB_TYPE_DTYPE, LFB_DTYPE_FLOAT32, flags);

  /**
   * LfbTensor:qscheme: (getter get_qscheme)
   *
   * How the integers of a quantized tensor stand for real numbers.
   *
   * Since: 1.0
   */
  properties[PROP_QSCHEME] =
    g_param_spec_enum ("qscheme", NULL, NULL, LFB_TYPE_QSCHEME, LFB_QSCHEME_NONE, flags);

  /**
   * LfbTensor:scale: (getter get_scale)
   *
   * The real number that one step of a tensor quantized per tensor stands for;
   * 0 for other tensors.
   *
   * Since: 1.0
   */
  properties[PROP_SCALE] =
    g_param_spec_double ("scale", NULL, NULL, 0, G_MAXDOUBLE, 0, flags);

  /**
   * LfbTensor:zero-point: (getter get_zero_point)
   *
   * The integer that stands for 0 in a tensor quantized per tensor.
   *
   * Since: 1.0
   */
  properties[PROP_ZERO_POINT] =
    g_param_spec_int64 ("zero-point", NULL, NULL, G_MININT32, G_MAXINT32, 0, flags);

  /**
   * LfbTensor:axis: (getter get_axis)
   *
   * The dimension along which scales differ in a tensor quantized per channel;
   * -1 for other tensors.
   *
   * Since: 1.0
   */
  properties[PROP_AXIS] =
    g_param_spec_int64 ("axis", NULL, NULL, -1, LFB_TENSOR_MAX_DIMS - 1, -1, flags);

  /**
   * LfbTensor:name: (getter get_name)
   *
   * The name the tensor has in the file it came from.
   *
   * Since: 1.0
   */
  properties[PROP_NAME] =
    g_param_spec_string ("name", NULL, NULL, NULL, flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

/* Whoever makes a bare object gets an empty vector, not something that breaks. */
static void
lfb_tensor_init (LfbTensor *self)
{
  self->shape = g_new0 (gint64, 1);
  self->n_dims = 1;
  self->bytes = g_bytes_new_static (NULL, 0);
  self->axis = -1;
}

static void
append_shape (GString      *string,
              const gint64 *shape,
              gsize         n_dims)
{
  g_string_append_c (string, '[');
  for (gsize i = 0; i < n_dims; i++)
    g_string_append_printf (string, "%s%" G_GINT64_FORMAT, i > 0 ? ", " : "", shape[i]);
  g_string_append_c (string, ']');
}

char *
_lfb_tensor_shape_to_string (const gint64 *shape,
                             gsize         n_dims)
{
  GString *string = g_string_new (NULL);

  append_shape (string, shape, n_dims);

  return g_string_free (string, FALSE);
}

/* Elements and bytes of @shape. Empty dimensions count as 1 for the overflow
 * check, so that strides of an empty tensor can be computed as well.
 */
gboolean
_lfb_tensor_measure (LfbDType       dtype,
                     const gint64  *shape,
                     gsize          n_dims,
                     gint64        *n_elements,
                     gsize         *n_bytes,
                     GError       **error)
{
  guint bits = lfb_dtype_get_bits (dtype);
  gint64 bound = 1, count = 1;

  if (n_dims > LFB_TENSOR_MAX_DIMS)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "A tensor cannot have %" G_GSIZE_FORMAT " dimensions: the most is %d",
                   n_dims, LFB_TENSOR_MAX_DIMS);
      return FALSE;
    }

  for (gsize i = 0; i < n_dims; i++)
    {
      if (shape[i] < 0)
        {
          g_autofree char *text = _lfb_tensor_shape_to_string (shape, n_dims);

          g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                       "Dimension %" G_GSIZE_FORMAT " of shape %s is negative", i, text);
          return FALSE;
        }
      count *= shape[i] == 0 ? 0 : 1;
      if (__builtin_mul_overflow (bound, MAX (shape[i], 1), &bound) || bound > G_MAXINT64 / 8 / 8)
        {
          g_autofree char *text = _lfb_tensor_shape_to_string (shape, n_dims);

          g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                       "Shape %s has more elements than can be addressed", text);
          return FALSE;
        }
    }

  *n_elements = count == 0 ? 0 : bound;
  *n_bytes = ((gsize) *n_elements * bits + 7) / 8;
  return TRUE;
}

LfbTensor *
_lfb_tensor_alloc (LfbDType      dtype,
                   const gint64 *shape,
                   gsize         n_dims,
                   gint64        n_elements)
{
  LfbTensor *self = g_object_new (LFB_TYPE_TENSOR, NULL);

  g_clear_pointer (&self->shape, g_free);
  g_clear_pointer (&self->bytes, g_bytes_unref);
  self->dtype = dtype;
  self->n_dims = n_dims;
  self->shape = g_memdup2 (shape, n_dims * sizeof *shape);
  self->n_elements = n_elements;

  return self;
}

/* The bytes, or a copy of them where their address does not suit the elements. */
static GBytes *
aligned_bytes (GBytes   *bytes,
               LfbDType  dtype)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);

  if (GPOINTER_TO_SIZE (data) % MAX (lfb_dtype_get_bits (dtype) / 8, 1) == 0)
    return g_bytes_ref (bytes);

  return g_bytes_new (data, size);
}

/**
 * lfb_tensor_new_for_bytes: (constructor)
 * @dtype: the type of the elements, not a quantized one
 * @shape: (array length=n_dims) (nullable): the dimensions, outermost first
 * @n_dims: how many dimensions; 0 makes a scalar
 * @bytes: the elements, row-major, in the byte order of this machine
 * @error: where to put an error
 *
 * Makes a tensor that shares @bytes.
 *
 * Fails with %LFB_ERROR_SHAPE if @bytes are not as many as @shape and @dtype
 * ask for, and with %LFB_ERROR_DTYPE for a quantized type: those are made by
 * [ctor@Lfb.Tensor.new_quantized] and its siblings.
 *
 * Returns: (transfer full): a new tensor
 *
 * Since: 1.0
 */
LfbTensor *
lfb_tensor_new_for_bytes (LfbDType       dtype,
                          const gint64  *shape,
                          gsize          n_dims,
                          GBytes        *bytes,
                          GError       **error)
{
  LfbTensor *self;
  gint64 n_elements;
  gsize n_bytes;

  g_return_val_if_fail (lfb_dtype_to_string (dtype) != NULL, NULL);
  g_return_val_if_fail (shape != NULL || n_dims == 0, NULL);
  g_return_val_if_fail (bytes != NULL, NULL);

  if (lfb_dtype_is_quantized (dtype))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE,
                   "A %s tensor needs a scale and a zero point: make a %s tensor first, then quantize it",
                   lfb_dtype_to_string (dtype), lfb_dtype_to_string (lfb_dtype_get_storage (dtype)));
      return NULL;
    }
  if (!_lfb_tensor_measure (dtype, shape, n_dims, &n_elements, &n_bytes, error))
    return NULL;
  if (g_bytes_get_size (bytes) != n_bytes)
    {
      g_autofree char *text = _lfb_tensor_shape_to_string (shape, n_dims);

      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "A %s tensor of shape %s takes %" G_GSIZE_FORMAT " bytes, not %" G_GSIZE_FORMAT,
                   lfb_dtype_to_string (dtype), text, n_bytes, g_bytes_get_size (bytes));
      return NULL;
    }

  self = _lfb_tensor_alloc (dtype, shape, n_dims, n_elements);
  self->bytes = aligned_bytes (bytes, dtype);

  return self;
}

/**
 * lfb_tensor_new_for_pointer: (constructor)
 * @dtype: the type of the elements, not a quantized one
 * @shape: (array length=n_dims) (nullable): the dimensions, outermost first
 * @n_dims: how many dimensions; 0 makes a scalar
 * @address: where the elements are, row-major, in the byte order of this machine
 * @size: how many bytes may be read there
 * @owner: (nullable): what keeps the memory alive; held until the tensor and
 *   all that shares its bytes are gone. %NULL for memory that outlives them
 * @error: where to put an error
 *
 * Makes a tensor of memory that belongs to something else, without a copy.
 *
 * The memory must not change or go while the tensor exists. @owner may be
 * released on another thread.
 *
 * Returns: (transfer full): a new tensor
 *
 * Since: 1.0
 */
LfbTensor *
lfb_tensor_new_for_pointer (LfbDType       dtype,
                            const gint64  *shape,
                            gsize          n_dims,
                            guint64        address,
                            gsize          size,
                            GObject       *owner,
                            GError       **error)
{
  g_autoptr (GBytes) bytes = NULL;
  gpointer data = GSIZE_TO_POINTER (address);
  LfbTensor *self;

  g_return_val_if_fail (owner == NULL || G_IS_OBJECT (owner), NULL);

  if (data == NULL && size > 0)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                   "There are no %" G_GSIZE_FORMAT " bytes at address 0", size);
      return NULL;
    }

  if (owner != NULL)
    bytes = g_bytes_new_with_free_func (data, size, g_object_unref, g_object_ref (owner));
  else
    bytes = g_bytes_new_static (data, size);

  self = lfb_tensor_new_for_bytes (dtype, shape, n_dims, bytes, error);
  if (self != NULL)
    self->is_lent = TRUE;

  return self;
}

/* Of a tensor that has no bytes yet. */
void
_lfb_tensor_share_bytes (LfbTensor *self,
                         LfbTensor *source)
{
  self->is_lent = source->is_lent;
  self->is_mapped = source->is_mapped;
  if (source->quantizing != NULL)
    self->quantizing = _lfb_quantizing_ref (source->quantizing);
  else
    self->bytes = g_bytes_ref (source->bytes);
}

static LfbTensor *
share (LfbTensor    *self,
       const gint64 *shape,
       gsize         n_dims)
{
  LfbTensor *copy = _lfb_tensor_alloc (self->dtype, shape, n_dims, self->n_elements);

  copy->qscheme = self->qscheme;
  _lfb_tensor_share_bytes (copy, self);
  copy->scale = self->scale;
  copy->zero_point = self->zero_point;
  copy->axis = self->axis;
  g_set_object (&copy->integers, self->integers);
  g_set_object (&copy->scales, self->scales);
  g_set_object (&copy->zero_points, self->zero_points);

  return copy;
}

/**
 * lfb_tensor_new_named: (constructor)
 * @self: a tensor
 * @name: (nullable): the name
 *
 * Makes a tensor that equals @self, shares its bytes, and goes by @name in files.
 *
 * Returns: (transfer full): a new tensor
 *
 * Since: 1.0
 */
LfbTensor *
lfb_tensor_new_named (LfbTensor  *self,
                      const char *name)
{
  LfbTensor *copy;

  g_return_val_if_fail (LFB_IS_TENSOR (self), NULL);

  copy = share (self, self->shape, self->n_dims);
  copy->name = g_strdup (name);

  return copy;
}

/**
 * lfb_tensor_reshape:
 * @self: a tensor
 * @shape: (array length=n_dims) (nullable): the new dimensions, all of them known
 * @n_dims: how many dimensions
 * @error: where to put an error
 *
 * The same elements under another shape.
 *
 * Fails with %LFB_ERROR_SHAPE if the number of elements differs, and with
 * %LFB_ERROR_UNSUPPORTED for tensors quantized per channel, or in less than a
 * byte, whose last or channel dimension would change.
 *
 * Returns: (transfer full): a tensor that shares the bytes of @self
 *
 * Since: 1.0
 */
LfbTensor *
lfb_tensor_reshape (LfbTensor     *self,
                    const gint64  *shape,
                    gsize          n_dims,
                    GError       **error)
{
  LfbTensor *copy;
  gint64 n_elements;
  gsize n_bytes;

  g_return_val_if_fail (LFB_IS_TENSOR (self), NULL);
  g_return_val_if_fail (shape != NULL || n_dims == 0, NULL);

  if (!_lfb_tensor_measure (self->dtype, shape, n_dims, &n_elements, &n_bytes, error))
    return NULL;
  if (n_elements != self->n_elements)
    {
      g_autofree char *from = _lfb_tensor_shape_to_string (self->shape, self->n_dims);
      g_autofree char *to = _lfb_tensor_shape_to_string (shape, n_dims);

      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "Shape %s has %" G_GINT64_FORMAT " elements, %s has %" G_GINT64_FORMAT,
                   from, self->n_elements, to, n_elements);
      return NULL;
    }
  if ((self->scales != NULL || lfb_dtype_get_bits (self->dtype) < 8) &&
      (n_dims != self->n_dims || memcmp (shape, self->shape, n_dims * sizeof *shape) != 0))
    {
      g_autofree char *text = lfb_tensor_to_string (self);

      g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED, "The shape of %s cannot be changed", text);
      return NULL;
    }

  copy = share (self, shape, n_dims);
  if (self->integers != NULL && lfb_dtype_get_bits (self->dtype) >= 8)
    {
      g_clear_object (&copy->integers);
      copy->integers = share (self->integers, shape, n_dims);
    }

  return copy;
}

/**
 * lfb_tensor_get_dtype: (get-property dtype)
 * @self: a tensor
 *
 * The type of the elements.
 *
 * Returns: the element type
 *
 * Since: 1.0
 */
LfbDType
lfb_tensor_get_dtype (LfbTensor *self)
{
  g_return_val_if_fail (LFB_IS_TENSOR (self), LFB_DTYPE_FLOAT32);

  return self->dtype;
}

/**
 * lfb_tensor_get_shape:
 * @self: a tensor
 * @n_dims: (out): how many dimensions there are
 *
 * The dimensions, outermost first.
 *
 * Returns: (transfer none) (array length=n_dims): the shape
 *
 * Since: 1.0
 */
const gint64 *
lfb_tensor_get_shape (LfbTensor *self,
                      gsize     *n_dims)
{
  g_return_val_if_fail (LFB_IS_TENSOR (self), NULL);

  if (n_dims != NULL)
    *n_dims = self->n_dims;
  return self->shape;
}

/**
 * lfb_tensor_get_n_dims:
 * @self: a tensor
 *
 * How many dimensions the tensor has; 0 for a scalar.
 *
 * Returns: the number of dimensions
 *
 * Since: 1.0
 */
gsize
lfb_tensor_get_n_dims (LfbTensor *self)
{
  g_return_val_if_fail (LFB_IS_TENSOR (self), 0);

  return self->n_dims;
}

/**
 * lfb_tensor_get_dim:
 * @self: a tensor
 * @dim: which dimension, 0 being outermost
 *
 * The size of one dimension.
 *
 * Returns: the size
 *
 * Since: 1.0
 */
gint64
lfb_tensor_get_dim (LfbTensor *self,
                    gsize      dim)
{
  g_return_val_if_fail (LFB_IS_TENSOR (self), 0);
  g_return_val_if_fail (dim < self->n_dims, 0);

  return self->shape[dim];
}

/**
 * lfb_tensor_get_n_elements:
 * @self: a tensor
 *
 * The product of all dimensions.
 *
 * Returns: how many elements there are
 *
 * Since: 1.0
 */
gint64
lfb_tensor_get_n_elements (LfbTensor *self)
{
  g_return_val_if_fail (LFB_IS_TENSOR (self), 0);

  return self->n_elements;
}

/**
 * lfb_tensor_get_name: (get-property name)
 * @self: a tensor
 *
 * The name the tensor has in the file it came from.
 *
 * Returns: (nullable) (transfer none): the name
 *
 * Since: 1.0
 */
const char *
lfb_tensor_get_name (LfbTensor *self)
{
  g_return_val_if_fail (LFB_IS_TENSOR (self), NULL);

  return self->name;
}

/**
 * lfb_tensor_get_bytes:
 * @self: a tensor
 *
 * The elements, row-major. Nothing is copied.
 *
 * Returns: (transfer full): the bytes
 *
 * Since: 1.0
 */
GBytes *
lfb_tensor_get_bytes (LfbTensor *self)
{
  g_return_val_if_fail (LFB_IS_TENSOR (self), NULL);

  return g_bytes_ref (_lfb_tensor_get_bytes (self));
}

/**
 * lfb_tensor_get_address:
 * @self: a tensor
 *
 * Where the elements are in memory, for languages that can wrap an address,
 * such as Python's `__array_interface__`. Valid as long as the tensor lives.
 *
 * Returns: the address; 0 is possible for an empty tensor
 *
 * Since: 1.0
 */
guint64
lfb_tensor_get_address (LfbTensor *self)
{
  g_return_val_if_fail (LFB_IS_TENSOR (self), 0);

  return GPOINTER_TO_SIZE (g_bytes_get_data (_lfb_tensor_get_bytes (self), NULL));
}

/**
 * lfb_tensor_get_data: (skip)
 * @self: a tensor
 * @size: (out) (optional): how many bytes there are
 *
 * The elements for C: [method@Lfb.Tensor.get_address] as a pointer.
 *
 * Returns: (transfer none) (nullable): the first byte
 *
 * Since: 1.0
 */
gconstpointer
lfb_tensor_get_data (LfbTensor *self,
                     gsize     *size)
{
  g_return_val_if_fail (LFB_IS_TENSOR (self), NULL);

  return g_bytes_get_data (_lfb_tensor_get_bytes (self), size);
}

static gboolean
equal_or_both_none (LfbTensor *a,
                    LfbTensor *b)
{
  if (a == NULL || b == NULL)
    return a == b;
  return lfb_tensor_equal (a, b);
}

/**
 * lfb_tensor_equal:
 * @self: a tensor
 * @other: another tensor
 *
 * Whether element type, shape, bytes and quantization parameters are the same.
 * Floats are compared by their bits. Names do not count.
 *
 * Returns: whether the tensors are equal
 *
 * Since: 1.0
 */
gboolean
lfb_tensor_equal (LfbTensor *self,
                  LfbTensor *other)
{
  g_return_val_if_fail (LFB_IS_TENSOR (self), FALSE);
  g_return_val_if_fail (LFB_IS_TENSOR (other), FALSE);

  if (self == other)
    return TRUE;

  return self->dtype == other->dtype &&
         self->qscheme == other->qscheme &&
         self->n_dims == other->n_dims &&
         (self->n_dims == 0 ||
          memcmp (self->shape, other->shape, self->n_dims * sizeof *self->shape) == 0) &&
         self->scale == other->scale &&
         self->zero_point == other->zero_point &&
         self->axis == other->axis &&
         equal_or_both_none (self->scales, other->scales) &&
         equal_or_both_none (self->zero_points, other->zero_points) &&
         g_bytes_equal (_lfb_tensor_get_bytes (self), _lfb_tensor_get_bytes (other));
}

/**
 * lfb_tensor_to_string:
 * @self: a tensor
 *
 * A short description for people: element type, shape and quantization, such as
 * `quint8[1, 3, 8, 8] scale 0.05 zero point 12`.
 *
 * Returns: (transfer full): the description
 *
 * Since: 1.0
 */
char *
lfb_tensor_to_string (LfbTensor *self)
{
  GString *string;

  g_return_val_if_fail (LFB_IS_TENSOR (self), NULL);

  string = g_string_new (lfb_dtype_to_string (self->dtype));
  append_shape (string, self->shape, self->n_dims);
  if (self->scales != NULL)
    {
      g_string_append_printf (string, " %s along axis %" G_GINT64_FORMAT,
                              lfb_qscheme_to_string (self->qscheme), self->axis);
    }
  else if (self->qscheme != LFB_QSCHEME_NONE)
    {
      char scale[G_ASCII_DTOSTR_BUF_SIZE];

      g_ascii_formatd (scale, sizeof scale, "%g", self->scale);
      g_string_append_printf (string, " scale %s zero point %" G_GINT64_FORMAT, scale, self->zero_point);
    }

  return g_string_free (string, FALSE);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Names and facts of element types, quantization schemes and memory formats.
 * The names are PyTorch's, as model files use them.
 */

#include <lowerfb/core/lfb-types.h>

static const struct
{
  const char *name;
  guint8 bits;
  gboolean is_float;
  LfbDType storage; /* itself where not quantized */
  gint64 min, max;  /* of the integers; 0 for floats */
} dtypes[] = {
  [LFB_DTYPE_FLOAT32] = { "float32", 32, TRUE, LFB_DTYPE_FLOAT32, 0, 0 },
  [LFB_DTYPE_FLOAT64] = { "float64", 64, TRUE, LFB_DTYPE_FLOAT64, 0, 0 },
  [LFB_DTYPE_FLOAT16] = { "float16", 16, TRUE, LFB_DTYPE_FLOAT16, 0, 0 },
  [LFB_DTYPE_BFLOAT16] = { "bfloat16", 16, TRUE, LFB_DTYPE_BFLOAT16, 0, 0 },
  [LFB_DTYPE_QUINT8] = { "quint8", 8, FALSE, LFB_DTYPE_UINT8, 0, G_MAXUINT8 },
  [LFB_DTYPE_QINT8] = { "qint8", 8, FALSE, LFB_DTYPE_INT8, G_MININT8, G_MAXINT8 },
  [LFB_DTYPE_QINT32] = { "qint32", 32, FALSE, LFB_DTYPE_INT32, G_MININT32, G_MAXINT32 },
  [LFB_DTYPE_QUINT4X2] = { "quint4x2", 4, FALSE, LFB_DTYPE_UINT8, 0, 15 },
  [LFB_DTYPE_QUINT2X4] = { "quint2x4", 2, FALSE, LFB_DTYPE_UINT8, 0, 3 },
  [LFB_DTYPE_UINT8] = { "uint8", 8, FALSE, LFB_DTYPE_UINT8, 0, G_MAXUINT8 },
  [LFB_DTYPE_INT8] = { "int8", 8, FALSE, LFB_DTYPE_INT8, G_MININT8, G_MAXINT8 },
  [LFB_DTYPE_INT16] = { "int16", 16, FALSE, LFB_DTYPE_INT16, G_MININT16, G_MAXINT16 },
  [LFB_DTYPE_INT32] = { "int32", 32, FALSE, LFB_DTYPE_INT32, G_MININT32, G_MAXINT32 },
  [LFB_DTYPE_INT64] = { "int64", 64, FALSE, LFB_DTYPE_INT64, G_MININT64, G_MAXINT64 },
  [LFB_DTYPE_BOOL] = { "bool", 8, FALSE, LFB_DTYPE_BOOL, 0, 1 },
};

static const char *qschemes[] = {
  [LFB_QSCHEME_NONE] = "none",
  [LFB_QSCHEME_PER_TENSOR_AFFINE] = "per_tensor_affine",
  [LFB_QSCHEME_PER_TENSOR_SYMMETRIC] = "per_tensor_symmetric",
  [LFB_QSCHEME_PER_CHANNEL_AFFINE] = "per_channel_affine",
  [LFB_QSCHEME_PER_CHANNEL_SYMMETRIC] = "per_channel_symmetric",
  [LFB_QSCHEME_PER_CHANNEL_AFFINE_FLOAT_QPARAMS] = "per_channel_affine_float_qparams",
};

static const char *memory_formats[] = {
  [LFB_MEMORY_FORMAT_CONTIGUOUS] = "contiguous_format",
  [LFB_MEMORY_FORMAT_PRESERVE] = "preserve_format",
  [LFB_MEMORY_FORMAT_CHANNELS_LAST] = "channels_last",
  [LFB_MEMORY_FORMAT_CHANNELS_LAST_3D] = "channels_last_3d",
};

static gboolean
find_name (const char * const *names,
           gsize               n_names,
           const char         *name,
           guint              *index)
{
  for (guint i = 0; i < n_names; i++)
    {
      if (g_str_equal (names[i], name))
        {
          *index = i;
          return TRUE;
        }
    }

  return FALSE;
}

/**
 * lfb_dtype_to_string:
 * @dtype: an element type
 *
 * The name PyTorch gives an element type.
 *
 * Returns: the name, such as `quint8`
 *
 * Since: 1.0
 */
const char *
lfb_dtype_to_string (LfbDType dtype)
{
  g_return_val_if_fail ((guint) dtype < G_N_ELEMENTS (dtypes), NULL);

  return dtypes[dtype].name;
}

/**
 * lfb_dtype_from_string:
 * @name: a name such as `quint8`
 * @dtype: (out): where to put the element type
 *
 * Finds an element type by the name PyTorch gives it.
 *
 * Returns: whether there is such a type
 *
 * Since: 1.0
 */
gboolean
lfb_dtype_from_string (const char *name,
                       LfbDType   *dtype)
{
  g_return_val_if_fail (name != NULL, FALSE);
  g_return_val_if_fail (dtype != NULL, FALSE);

  for (guint i = 0; i < G_N_ELEMENTS (dtypes); i++)
    {
      if (g_str_equal (dtypes[i].name, name))
        {
          *dtype = i;
          return TRUE;
        }
    }

  return FALSE;
}

/**
 * lfb_dtype_is_quantized:
 * @dtype: an element type
 *
 * Whether the integers of this type stand for real numbers by a scale and a
 * zero point.
 *
 * Returns: whether @dtype is quantized
 *
 * Since: 1.0
 */
gboolean
lfb_dtype_is_quantized (LfbDType dtype)
{
  return dtype >= LFB_DTYPE_QUINT8 && dtype <= LFB_DTYPE_QUINT2X4;
}

/**
 * lfb_dtype_is_floating_point:
 * @dtype: an element type
 *
 * Whether the type is one of the float types.
 *
 * Returns: whether @dtype is a float
 *
 * Since: 1.0
 */
gboolean
lfb_dtype_is_floating_point (LfbDType dtype)
{
  g_return_val_if_fail ((guint) dtype < G_N_ELEMENTS (dtypes), FALSE);

  return dtypes[dtype].is_float;
}

/**
 * lfb_dtype_get_bits:
 * @dtype: an element type
 *
 * The size of one element.
 *
 * Returns: the bits of an element: 2, 4, 8, 16, 32 or 64
 *
 * Since: 1.0
 */
guint
lfb_dtype_get_bits (LfbDType dtype)
{
  g_return_val_if_fail ((guint) dtype < G_N_ELEMENTS (dtypes), 0);

  return dtypes[dtype].bits;
}

/**
 * lfb_dtype_get_storage:
 * @dtype: an element type
 *
 * The type of the integers behind a quantized type: `uint8` for `quint8` and
 * for the types packed into bytes.
 *
 * Returns: the type stored, @dtype itself where it is not quantized
 *
 * Since: 1.0
 */
LfbDType
lfb_dtype_get_storage (LfbDType dtype)
{
  g_return_val_if_fail ((guint) dtype < G_N_ELEMENTS (dtypes), dtype);

  return dtypes[dtype].storage;
}

/**
 * lfb_dtype_get_min:
 * @dtype: an integer or quantized type
 *
 * The least integer of a type.
 *
 * Returns: the minimum; 0 for floats
 *
 * Since: 1.0
 */
gint64
lfb_dtype_get_min (LfbDType dtype)
{
  g_return_val_if_fail ((guint) dtype < G_N_ELEMENTS (dtypes), 0);

  return dtypes[dtype].min;
}

/**
 * lfb_dtype_get_max:
 * @dtype: an integer or quantized type
 *
 * The greatest integer of a type.
 *
 * Returns: the maximum; 0 for floats
 *
 * Since: 1.0
 */
gint64
lfb_dtype_get_max (LfbDType dtype)
{
  g_return_val_if_fail ((guint) dtype < G_N_ELEMENTS (dtypes), 0);

  return dtypes[dtype].max;
}

/**
 * lfb_qscheme_to_string:
 * @qscheme: a quantization scheme
 *
 * The name PyTorch gives a quantization scheme.
 *
 * Returns: the name, such as `per_tensor_affine`
 *
 * Since: 1.0
 */
const char *
lfb_qscheme_to_string (LfbQScheme qscheme)
{
  g_return_val_if_fail ((guint) qscheme < G_N_ELEMENTS (qschemes), NULL);

  return qschemes[qscheme];
}

/**
 * lfb_qscheme_from_string:
 * @name: a name such as `per_channel_affine`
 * @qscheme: (out): where to put the scheme
 *
 * Finds a quantization scheme by the name PyTorch gives it.
 *
 * Returns: whether there is such a scheme
 *
 * Since: 1.0
 */
gboolean
lfb_qscheme_from_string (const char *name,
                         LfbQScheme *qscheme)
{
  guint index;

  g_return_val_if_fail (name != NULL, FALSE);
  g_return_val_if_fail (qscheme != NULL, FALSE);

  if (!find_name (qschemes, G_N_ELEMENTS (qschemes), name, &index) || index == LFB_QSCHEME_NONE)
    return FALSE;

  *qscheme = index;
  return TRUE;
}

/**
 * lfb_memory_format_to_string:
 * @format: a memory format
 *
 * The name PyTorch gives a memory format.
 *
 * Returns: the name, such as `channels_last`
 *
 * Since: 1.0
 */
const char *
lfb_memory_format_to_string (LfbMemoryFormat format)
{
  g_return_val_if_fail ((guint) format < G_N_ELEMENTS (memory_formats), NULL);

  return memory_formats[format];
}

/**
 * lfb_memory_format_from_string:
 * @name: a name such as `channels_last`
 * @format: (out): where to put the memory format
 *
 * Finds a memory format by the name PyTorch gives it.
 *
 * Returns: whether there is such a format
 *
 * Since: 1.0
 */
gboolean
lfb_memory_format_from_string (const char      *name,
                               LfbMemoryFormat *format)
{
  guint index;

  g_return_val_if_fail (name != NULL, FALSE);
  g_return_val_if_fail (format != NULL, FALSE);

  if (!find_name (memory_formats, G_N_ELEMENTS (memory_formats), name, &index))
    return FALSE;

  *format = index;
  return TRUE;
}

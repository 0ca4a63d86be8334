/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What every layer speaks about: element types, quantization schemes, memory
 * formats, and the names of types that a lower layer only passes on.
 */

#pragma once

#include <glib-object.h>

#include <lowerfb/core/lfb-version-macros.h>

G_BEGIN_DECLS

typedef struct _LfbNode LfbNode;

/**
 * LfbDType:
 * @LFB_DTYPE_FLOAT32: 32-bit IEEE 754 float
 * @LFB_DTYPE_FLOAT64: 64-bit IEEE 754 float
 * @LFB_DTYPE_FLOAT16: 16-bit IEEE 754 float
 * @LFB_DTYPE_BFLOAT16: the upper half of a 32-bit float
 * @LFB_DTYPE_QUINT8: quantized, stored in 8 unsigned bits
 * @LFB_DTYPE_QINT8: quantized, stored in 8 signed bits
 * @LFB_DTYPE_QINT32: quantized, stored in 32 signed bits
 * @LFB_DTYPE_QUINT4X2: quantized to 4 unsigned bits, two elements a byte, low bits first
 * @LFB_DTYPE_QUINT2X4: quantized to 2 unsigned bits, four elements a byte, low bits first
 * @LFB_DTYPE_UINT8: 8-bit unsigned integer
 * @LFB_DTYPE_INT8: 8-bit signed integer
 * @LFB_DTYPE_INT16: 16-bit signed integer
 * @LFB_DTYPE_INT32: 32-bit signed integer
 * @LFB_DTYPE_INT64: 64-bit signed integer
 * @LFB_DTYPE_BOOL: truth value, a byte that is 0 or 1
 *
 * The type of a tensor's elements, named as PyTorch names it.
 */
typedef enum /*< underscore_name=lfb_dtype >*/ {
  LFB_DTYPE_FLOAT32,
  LFB_DTYPE_FLOAT64,
  LFB_DTYPE_FLOAT16,
  LFB_DTYPE_BFLOAT16,
  LFB_DTYPE_QUINT8,
  LFB_DTYPE_QINT8,
  LFB_DTYPE_QINT32,
  LFB_DTYPE_QUINT4X2,
  LFB_DTYPE_QUINT2X4,
  LFB_DTYPE_UINT8,
  LFB_DTYPE_INT8,
  LFB_DTYPE_INT16,
  LFB_DTYPE_INT32,
  LFB_DTYPE_INT64,
  LFB_DTYPE_BOOL,
} LfbDType;

/**
 * LfbQScheme:
 * @LFB_QSCHEME_NONE: not quantized
 * @LFB_QSCHEME_PER_TENSOR_AFFINE: one scale and zero point
 * @LFB_QSCHEME_PER_TENSOR_SYMMETRIC: one scale, the zero point in the middle of the range
 * @LFB_QSCHEME_PER_CHANNEL_AFFINE: a scale and zero point for each index of one axis
 * @LFB_QSCHEME_PER_CHANNEL_SYMMETRIC: a scale for each index of one axis
 * @LFB_QSCHEME_PER_CHANNEL_AFFINE_FLOAT_QPARAMS: as per channel, the zero points being floats
 *
 * How the integers of a quantized tensor stand for real numbers.
 */
typedef enum /*< underscore_name=lfb_qscheme >*/ {
  LFB_QSCHEME_NONE,
  LFB_QSCHEME_PER_TENSOR_AFFINE,
  LFB_QSCHEME_PER_TENSOR_SYMMETRIC,
  LFB_QSCHEME_PER_CHANNEL_AFFINE,
  LFB_QSCHEME_PER_CHANNEL_SYMMETRIC,
  LFB_QSCHEME_PER_CHANNEL_AFFINE_FLOAT_QPARAMS,
} LfbQScheme;

/**
 * LfbMemoryFormat:
 * @LFB_MEMORY_FORMAT_CONTIGUOUS: row-major
 * @LFB_MEMORY_FORMAT_PRESERVE: that of the operand
 * @LFB_MEMORY_FORMAT_CHANNELS_LAST: four dimensions, channels innermost
 * @LFB_MEMORY_FORMAT_CHANNELS_LAST_3D: five dimensions, channels innermost
 *
 * A memory layout that PyTorch code asks for. It never changes what a tensor
 * of this library holds, which is row-major outside.
 */
typedef enum /*< underscore_name=lfb_memory_format >*/ {
  LFB_MEMORY_FORMAT_CONTIGUOUS,
  LFB_MEMORY_FORMAT_PRESERVE,
  LFB_MEMORY_FORMAT_CHANNELS_LAST,
  LFB_MEMORY_FORMAT_CHANNELS_LAST_3D,
} LfbMemoryFormat;

LFB_AVAILABLE_IN_1_0
const char *lfb_dtype_to_string          (LfbDType         dtype);
LFB_AVAILABLE_IN_1_0
gboolean    lfb_dtype_from_string        (const char      *name,
                                          LfbDType        *dtype);
LFB_AVAILABLE_IN_1_0
gboolean    lfb_dtype_is_quantized       (LfbDType         dtype);
LFB_AVAILABLE_IN_1_0
gboolean    lfb_dtype_is_floating_point  (LfbDType         dtype);
LFB_AVAILABLE_IN_1_0
guint       lfb_dtype_get_bits           (LfbDType         dtype);
LFB_AVAILABLE_IN_1_0
LfbDType    lfb_dtype_get_storage        (LfbDType         dtype);
LFB_AVAILABLE_IN_1_0
gint64      lfb_dtype_get_min            (LfbDType         dtype);
LFB_AVAILABLE_IN_1_0
gint64      lfb_dtype_get_max            (LfbDType         dtype);
LFB_AVAILABLE_IN_1_0
const char *lfb_qscheme_to_string        (LfbQScheme       qscheme);
LFB_AVAILABLE_IN_1_0
gboolean    lfb_qscheme_from_string      (const char      *name,
                                          LfbQScheme      *qscheme);
LFB_AVAILABLE_IN_1_0
const char *lfb_memory_format_to_string   (LfbMemoryFormat  format);
LFB_AVAILABLE_IN_1_0
gboolean    lfb_memory_format_from_string (const char      *name,
                                           LfbMemoryFormat *format);

G_END_DECLS

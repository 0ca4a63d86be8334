/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Conversions of element types. Devices and memory formats change nothing:
 * there is one device, and tensors are row-major outside.
 */

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-call-private.h>

#include <string.h>

static LfbValue *
convert (LfbTensor  *input,
         LfbDType    dtype,
         GError    **error)
{
  if (lfb_tensor_is_quantized (input) && lfb_tensor_get_dtype (input) != dtype)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE,
                   "argument `input` is quantized (%s): dequantize it before it becomes %s",
                   lfb_dtype_to_string (lfb_tensor_get_dtype (input)), lfb_dtype_to_string (dtype));
      return NULL;
    }

  return lfb_value_take_tensor (lfb_tensor_convert (input, dtype, error));
}

/* to: a dtype, a device, both, or a tensor whose dtype to take. */
static LfbValue *
to (LfbCall  *call,
    GError  **error)
{
  static const char * const names[] = { "first", "second", "dtype", "device" };
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  LfbDType dtype;

  if (input == NULL)
    return NULL;
  dtype = lfb_tensor_get_dtype (input);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      LfbValue *value = lfb_call_get (call, names[i]);

      switch (lfb_value_get_kind (value))
        {
        case LFB_VALUE_KIND_DTYPE:
          dtype = lfb_value_get_dtype (value);
          break;
        case LFB_VALUE_KIND_TENSOR:
          dtype = lfb_tensor_get_dtype (lfb_value_get_tensor (value));
          break;
        case LFB_VALUE_KIND_NONE:
        case LFB_VALUE_KIND_BOOL:
        case LFB_VALUE_KIND_DEVICE:
        case LFB_VALUE_KIND_STRING:
        case LFB_VALUE_KIND_MEMORY_FORMAT:
          break;
        default:
          {
            g_autofree char *found = lfb_value_describe (value);

            g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                         "argument `%s` is %s, expected a dtype, a device or a tensor", names[i], found);
            return NULL;
          }
        }
    }

  return convert (input, dtype, error);
}

static LfbValue *
type_as (LfbCall  *call,
         GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  LfbTensor *other = input != NULL ? lfb_call_tensor (call, "other", error) : NULL;

  return other != NULL ? convert (input, lfb_tensor_get_dtype (other), error) : NULL;
}

static LfbValue *
type (LfbCall  *call,
      GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  LfbDType dtype = LFB_DTYPE_FLOAT32;

  return input != NULL && lfb_call_dtype (call, "dtype", &dtype, error) ? convert (input, dtype, error) : NULL;
}

static LfbValue *
to_fixed (LfbCall  *call,
          GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);

  return input != NULL ? convert (input, *LFB_CALL_DATA (call, LfbDType), error) : NULL;
}

#define FIXED(method, type_name, dtype_) \
  { \
    .methods = (method), .signature = "input, memory_format=None", .rule = "elements as " type_name, .run = to_fixed, \
    .data = &(const LfbDType) { dtype_ }, \
  }

static const LfbOperator operators[] = {
  {
    .methods = "to",
    .signature = "input, first=None, second=None, non_blocking=False, copy=False, memory_format=None, dtype=None, device=None",
    .rule = "elements of another type; devices and memory formats change nothing", .run = to,
  },
  { .methods = "type_as", .signature = "input, other", .rule = "elements of the other tensor's type", .run = type_as },
  { .methods = "type", .signature = "input, dtype, non_blocking=False", .rule = "elements of another type", .run = type },
  FIXED ("float", "float32", LFB_DTYPE_FLOAT32),
  FIXED ("double", "float64", LFB_DTYPE_FLOAT64),
  FIXED ("half", "float16", LFB_DTYPE_FLOAT16),
  FIXED ("bfloat16", "bfloat16", LFB_DTYPE_BFLOAT16),
  FIXED ("int", "int32", LFB_DTYPE_INT32),
  FIXED ("long", "int64", LFB_DTYPE_INT64),
  FIXED ("short", "int16", LFB_DTYPE_INT16),
  FIXED ("char", "int8", LFB_DTYPE_INT8),
  FIXED ("byte", "uint8", LFB_DTYPE_UINT8),
  FIXED ("bool", "bool", LFB_DTYPE_BOOL),
};

const LfbOperatorFamily lfb_convert_operators = LFB_OPERATOR_FAMILY (operators);

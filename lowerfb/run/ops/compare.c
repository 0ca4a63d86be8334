/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Comparisons, logic and choice. A quantized tensor is compared as the floats
 * that it stands for.
 */

#include <lowerfb/run/lfb-elementwise-private.h>
#include <lowerfb/run/lfb-quantized-private.h>
#include <lowerfb/run/lfb-reduction-private.h>

#include <string.h>

#define COMPARE(name, op) \
  LFB_BINARY_FUNCTIONS (name, a op b) \
  static gint64 name##_i64 (gint64 a, gint64 b) { return a op b; } \
  static const LfbBinary name##_op = { name##_f32, name##_f64, name##_i64, LFB_RESULT_BOOL };

COMPARE (eq, ==)
COMPARE (ne, !=)
COMPARE (lt, <)
COMPARE (le, <=)
COMPARE (gt, >)
COMPARE (ge, >=)

LFB_BINARY_FUNCTIONS (logical_and, a != 0 && b != 0)
LFB_BINARY_FUNCTIONS (logical_or, a != 0 || b != 0)
LFB_BINARY_FUNCTIONS (logical_xor, (a != 0) != (b != 0))

#define INTEGER(name, expression) \
  static gint64 name##_i64 (gint64 a, gint64 b) { return (expression); }

INTEGER (logical_and, a != 0 && b != 0)
INTEGER (logical_or, a != 0 || b != 0)
INTEGER (logical_xor, (a != 0) != (b != 0))
INTEGER (bitwise_and, a & b)
INTEGER (bitwise_or, a | b)
INTEGER (bitwise_xor, a ^ b)

static LfbValue *
as_floats (LfbCall     *call,
           LfbValue    *value,
           GError     **error)
{
  if (lfb_value_get_kind (value) != LFB_VALUE_KIND_TENSOR || !lfb_tensor_is_quantized (lfb_value_get_tensor (value)))
    return lfb_value_ref (value);

  return lfb_value_take_tensor (lfb_dequantize (call->runtime, lfb_value_get_tensor (value), error));
}

/* Anything else than tensors and numbers is equal or not as a whole. */
static gboolean
is_plain (LfbValue *value)
{
  LfbDType dtype;
  int priority;

  return lfb_value_get_kind (value) != LFB_VALUE_KIND_TENSOR && !lfb_promote ("", value, &dtype, &priority, NULL);
}

static LfbValue *
compare (LfbCall  *call,
         GError  **error)
{
  const LfbBinary *binary = LFB_CALL_DATA (call, LfbBinary);
  LfbValue *input = lfb_call_get (call, "input"), *other = lfb_call_get (call, "other");
  g_autoptr (LfbValue) a = NULL;
  g_autoptr (LfbValue) b = NULL;

  if ((binary == &eq_op || binary == &ne_op) && (is_plain (input) || is_plain (other)))
    return lfb_value_for_bool (lfb_value_equal (input, other) == (binary == &eq_op));

  a = as_floats (call, input, error);
  b = a != NULL ? as_floats (call, other, error) : NULL;

  return b != NULL ? lfb_binary_apply (call->runtime, binary, "input", a, "other", b, error) : NULL;
}

/* Bitwise operators are for integers and bools; of two bools of Python a bool. */
static LfbValue *
bitwise (LfbCall  *call,
         GError  **error)
{
  static const char * const names[] = { "input", "other" };
  gboolean bools = TRUE;
  LfbValue *result;
  gint64 number;

  for (gsize i = 0; i < 2; i++)
    {
      LfbValue *value = lfb_call_get (call, names[i]);
      LfbDType dtype;
      int priority;

      if (!lfb_promote (names[i], value, &dtype, &priority, error))
        return NULL;
      if (lfb_dtype_is_floating_point (dtype))
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE, "argument `%s` holds floats, expected integers or bools", names[i]);
          return NULL;
        }
      bools &= lfb_value_get_kind (value) == LFB_VALUE_KIND_BOOL;
    }

  result = lfb_binary_run (call, error);
  if (result != NULL && bools && lfb_value_read_int (result, &number))
    {
      lfb_value_unref (result);
      result = lfb_value_for_bool (number != 0);
    }

  return result;
}

static LfbValue *
bitwise_not (LfbCall  *call,
             GError  **error)
{
  g_autoptr (LfbValue) ones = NULL;
  LfbValue *input = lfb_call_get (call, "input");
  static const LfbBinary op = { .i64 = bitwise_xor_i64 };
  LfbDType dtype;
  int priority;

  if (!lfb_promote ("input", input, &dtype, &priority, error))
    return NULL;
  if (lfb_dtype_is_floating_point (dtype))
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_DTYPE, "argument `input` holds floats, expected integers or bools");
      return NULL;
    }
  /* ~True is -2 to Python, False to torch. */
  ones = dtype == LFB_DTYPE_BOOL && priority < 2 ? lfb_value_for_bool (TRUE) : lfb_value_for_int (-1);

  return lfb_binary_apply (call->runtime, &op, "input", input, "other", ones, error);
}

/* The condition's elements choose; all three broadcast. */
static LfbValue *
choose (const char  *condition_name,
        LfbValue    *condition,
        const char  *a_name,
        LfbValue    *a,
        const char  *b_name,
        LfbValue    *b,
        GError     **error)
{
  LfbDType a_type, b_type, dtype;
  int a_priority, b_priority;
  gint64 shape[LFB_TENSOR_MAX_DIMS];
  gsize n_dims = 0, item_size, n;
  g_autoptr (LfbTensor) c = lfb_value_as_tensor (condition_name, condition, error);
  g_autoptr (LfbTensor) choice = NULL;
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  LfbValue *values[2] = { a, b };
  const char *names[2] = { a_name, b_name };
  LfbTensor *parts[2] = { NULL, NULL };
  LfbValue *result = NULL;

  if (c == NULL ||
      !lfb_promote (a_name, a, &a_type, &a_priority, error) || !lfb_promote (b_name, b, &b_type, &b_priority, error))
    return NULL;
  dtype = lfb_promote_types (a_type, a_priority, b_type, b_priority);

  for (gsize i = 0; i < 2; i++)
    {
      g_autoptr (LfbTensor) own = lfb_value_as_tensor (names[i], values[i], error);
      const gint64 *own_shape;

      if (lfb_value_get_kind (values[i]) != LFB_VALUE_KIND_TENSOR && !lfb_check_converts (names[i], values[i], dtype, error))
        goto out;
      parts[i] = own != NULL ? lfb_tensor_convert (own, dtype, error) : NULL;
      if (parts[i] == NULL)
        goto out;
      own_shape = lfb_tensor_get_shape (parts[i], &n);
      if (!lfb_broadcast_shape (shape, n_dims, own_shape, n, shape, &n_dims, error))
        goto out;
    }
  {
    const gint64 *own_shape = lfb_tensor_get_shape (c, &n);

    if (!lfb_broadcast_shape (shape, n_dims, own_shape, n, shape, &n_dims, error))
      goto out;
  }
  choice = lfb_tensor_broadcast (c, shape, n_dims, error);
  if (choice == NULL || !lfb_array_init (&array, dtype, shape, n_dims, error))
    goto out;
  for (gsize i = 0; i < 2; i++)
    {
      LfbTensor *full = lfb_tensor_broadcast (parts[i], shape, n_dims, error);

      if (full == NULL)
        goto out;
      g_object_unref (parts[i]);
      parts[i] = full;
    }

  item_size = lfb_dtype_size (dtype);
  for (gsize i = 0; i < array.n_elements; i++)
    {
      LfbTensor *from = parts[lfb_tensor_read_double (choice, i) != 0 ? 0 : 1];

      memcpy ((char *) array.data + i * item_size, (const char *) lfb_tensor_get_data (from, NULL) + i * item_size, item_size);
    }
  result = lfb_value_take_tensor (lfb_array_seal (&array, error));

out:
  for (gsize i = 0; i < 2; i++)
    g_clear_object (&parts[i]);

  return result;
}

static LfbValue *
where (LfbCall  *call,
       GError  **error)
{
  return choose ("condition", lfb_call_get (call, "condition"), "input", lfb_call_get (call, "input"),
                 "other", lfb_call_get (call, "other"), error);
}

static LfbValue *
masked_fill (LfbCall  *call,
             GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  g_autoptr (LfbTensor) value = NULL;
  g_autoptr (LfbTensor) typed = NULL;
  g_autoptr (LfbValue) filled = NULL;

  /* The input's type stays, whatever the number is. */
  if (input == NULL || !lfb_check_plain ("input", input, error))
    return NULL;
  value = lfb_value_as_tensor ("value", lfb_call_get (call, "value"), error);
  if (value == NULL || !lfb_check_rank ("value", value, 0, 0, error) ||
      !lfb_check_converts ("value", lfb_call_get (call, "value"), lfb_tensor_get_dtype (input), error))
    return NULL;
  typed = lfb_tensor_convert (value, lfb_tensor_get_dtype (input), error);
  filled = typed != NULL ? lfb_value_for_tensor (typed) : NULL;

  return filled != NULL ? choose ("mask", lfb_call_get (call, "mask"), "value", filled,
                                  "input", lfb_call_get (call, "input"), error) : NULL;
}

#define ROW(function_names, method_names, run_, op, rule_) \
  { \
    .functions = (function_names), .methods = (method_names), .signature = "input, other", .rule = (rule_), \
    .run = (run_), .data = (op), \
  }

#define IN_PLACE(function, op, rule_) \
  { \
    .functions = (function), .signature = "input, other", .rule = (rule_), .run = bitwise, .data = (op), \
  }

#define LOGIC(name) (&(const LfbBinary) { name##_f32, name##_f64, name##_i64, LFB_RESULT_BOOL })
#define BITS(name) (&(const LfbBinary) { .i64 = name##_i64 })

static const LfbOperator operators[] = {
  ROW ("torch.eq operator.eq", "eq", compare, &eq_op, "whether equal"),
  ROW ("torch.ne torch.not_equal operator.ne", "ne not_equal", compare, &ne_op, "whether not equal"),
  ROW ("torch.lt torch.less operator.lt", "lt less", compare, &lt_op, "whether less"),
  ROW ("torch.le torch.less_equal operator.le", "le less_equal", compare, &le_op, "whether less or equal"),
  ROW ("torch.gt torch.greater operator.gt", "gt greater", compare, &gt_op, "whether greater"),
  ROW ("torch.ge torch.greater_equal operator.ge", "ge greater_equal", compare, &ge_op, "whether greater or equal"),
  ROW ("torch.logical_and", "logical_and", lfb_binary_run, LOGIC (logical_and), "whether both are not 0"),
  ROW ("torch.logical_or", "logical_or", lfb_binary_run, LOGIC (logical_or), "whether one is not 0"),
  ROW ("torch.logical_xor", "logical_xor", lfb_binary_run, LOGIC (logical_xor), "whether exactly one is not 0"),
  ROW ("torch.bitwise_and operator.and_", "bitwise_and bitwise_and_ __and__", bitwise, BITS (bitwise_and), "bits that both have"),
  ROW ("torch.bitwise_or operator.or_", "bitwise_or bitwise_or_ __or__", bitwise, BITS (bitwise_or), "bits that one has"),
  ROW ("torch.bitwise_xor operator.xor", "bitwise_xor bitwise_xor_ __xor__", bitwise, BITS (bitwise_xor), "bits that exactly one has"),
  IN_PLACE ("operator.iand", BITS (bitwise_and), "bits that both have"),
  IN_PLACE ("operator.ior", BITS (bitwise_or), "bits that one has"),
  IN_PLACE ("operator.ixor", BITS (bitwise_xor), "bits that exactly one has"),
  {
    .functions = "torch.bitwise_not operator.invert operator.inv", .methods = "bitwise_not bitwise_not_", .signature = "input",
    .rule = "bits that it has not", .run = bitwise_not,
  },
  {
    .functions = "torch.where", .signature = "condition, input, other",
    .rule = "input where the condition is not 0, else other", .run = where,
  },
  {
    .methods = "where", .signature = "input, condition, other",
    .rule = "input where the condition is not 0, else other", .run = where,
  },
  {
    .functions = "torch.masked_fill", .methods = "masked_fill masked_fill_", .signature = "input, mask, value",
    .rule = "value where the mask is not 0, else input", .run = masked_fill,
  },
};

const LfbOperatorFamily lfb_compare_operators = LFB_OPERATOR_FAMILY (operators);

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Arithmetic of two operands with broadcasting: tensors, numbers, and Python's
 * own sizes and lists. Integers wrap, as torch's do; division by zero of
 * integers is an error, as in torch.
 */

#include <lowerfb/run/lfb-elementwise-private.h>

#include <string.h>

LFB_BINARY_FUNCTIONS (add, a + b)
LFB_BINARY_FUNCTIONS (sub, a - b)
LFB_BINARY_FUNCTIONS (rsub, b - a)
LFB_BINARY_FUNCTIONS (mul, a * b)
LFB_BINARY_FUNCTIONS (div, a / b)
LFB_BINARY_FUNCTIONS (floor_div, floor (a / b))
LFB_BINARY_FUNCTIONS (trunc_div, trunc (a / b))
LFB_BINARY_FUNCTIONS (pow, lfb_pow (a, b))
LFB_BINARY_FUNCTIONS (atan2, lfb_atan2 (a, b))
LFB_BINARY_FUNCTIONS (maximum, a != a || a > b ? a : b)
LFB_BINARY_FUNCTIONS (minimum, a != a || a < b ? a : b)
LFB_BINARY_FUNCTIONS (fmod, fmod (a, b))

/* The remainder has the sign of the divisor. */
static double
remainder_f64 (double a,
               double b)
{
  double r = fmod (a, b);

  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

static float
remainder_f32 (float a,
               float b)
{
  float r = fmod (a, b);

  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

#define WRAPPED(name, op) \
  static gint64 name##_i64 (gint64 a, gint64 b) { return (gint64) ((guint64) a op (guint64) b); }

WRAPPED (add, +)
WRAPPED (sub, -)
WRAPPED (mul, *)

static gint64
rsub_i64 (gint64 a,
          gint64 b)
{
  return sub_i64 (b, a);
}

static gint64
maximum_i64 (gint64 a,
             gint64 b)
{
  return MAX (a, b);
}

static gint64
minimum_i64 (gint64 a,
             gint64 b)
{
  return MIN (a, b);
}

/* Zeros among the divisors were refused before. */
static gint64
trunc_div_i64 (gint64 a,
               gint64 b)
{
  return b == -1 ? (gint64) -(guint64) a : a / b;
}

static gint64
floor_div_i64 (gint64 a,
               gint64 b)
{
  gint64 q = trunc_div_i64 (a, b);

  return b != -1 && a % b != 0 && (a < 0) != (b < 0) ? q - 1 : q;
}

static gint64
remainder_i64 (gint64 a,
               gint64 b)
{
  gint64 r = b == -1 ? 0 : a % b;

  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

static gint64
pow_i64 (gint64 a,
         gint64 b)
{
  guint64 result = 1, factor = a;

  if (b < 0)
    return a == 1 ? 1 : a == -1 ? (b % 2 == 0 ? 1 : -1) : 0;
  for (; b > 0; b >>= 1)
    {
      if (b & 1)
        result *= factor;
      factor *= factor;
    }

  return result;
}

static const LfbBinary add_op = { add_f32, add_f64, add_i64, LFB_RESULT_SAME };
static const LfbBinary sub_op = { sub_f32, sub_f64, sub_i64, LFB_RESULT_SAME };
static const LfbBinary mul_op = { mul_f32, mul_f64, mul_i64, LFB_RESULT_SAME };
static const LfbBinary div_op = { div_f32, div_f64, NULL, LFB_RESULT_FLOAT };
static const LfbBinary floor_div_op = { floor_div_f32, floor_div_f64, floor_div_i64, LFB_RESULT_SAME };
static const LfbBinary trunc_div_op = { trunc_div_f32, trunc_div_f64, trunc_div_i64, LFB_RESULT_SAME };
static const LfbBinary remainder_op = { remainder_f32, remainder_f64, remainder_i64, LFB_RESULT_SAME };
static const LfbBinary pow_op = { pow_f32, pow_f64, pow_i64, LFB_RESULT_SAME };

/* add and sub take a factor for their second operand. */
static LfbValue *
with_alpha (LfbCall  *call,
            GError  **error)
{
  LfbValue *alpha = lfb_call_get (call, "alpha");
  g_autoptr (LfbValue) scaled = NULL;
  gint64 one = 0;

  if (alpha == NULL || (lfb_value_get_kind (alpha) == LFB_VALUE_KIND_INT && lfb_value_read_int (alpha, &one) && one == 1))
    return lfb_binary_run (call, error);

  scaled = lfb_binary_apply (call->runtime, &mul_op, "other", lfb_call_get (call, "other"), "alpha", alpha, error);

  return scaled != NULL ? lfb_binary_apply (call->runtime, LFB_CALL_DATA (call, LfbBinary), "input",
                                            lfb_call_get (call, "input"), "other", scaled, error)
                        : NULL;
}

/* Python's + on lists and tuples, * on a list and a number. */
static LfbValue *
join_sequences (LfbValue *a,
                LfbValue *b)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new ();
  LfbValue *both[2] = { a, b };

  for (gsize i = 0; i < 2; i++)
    for (gsize j = 0; j < lfb_value_get_n_items (both[i]); j++)
      g_ptr_array_add (items, lfb_value_get_item (both[i], j));

  return lfb_value_get_kind (a) == LFB_VALUE_KIND_TUPLE ? lfb_value_for_tuple ((LfbValue **) items->pdata, items->len)
                                                        : lfb_value_for_list ((LfbValue **) items->pdata, items->len);
}

static LfbValue *
operator_add (LfbCall  *call,
              GError  **error)
{
  LfbValue *a = lfb_call_get (call, "input"), *b = lfb_call_get (call, "other");

  if (lfb_value_is_sequence (a) && lfb_value_get_kind (a) == lfb_value_get_kind (b))
    return join_sequences (a, b);

  return lfb_binary_run (call, error);
}

static gboolean
has_zero (LfbValue *value)
{
  LfbTensor *tensor;
  gint64 integer;

  if (lfb_value_get_kind (value) != LFB_VALUE_KIND_TENSOR)
    return lfb_value_read_int (value, &integer) && integer == 0;

  tensor = lfb_value_get_tensor (value);
  if (lfb_dtype_is_floating_point (lfb_tensor_get_dtype (tensor)))
    return FALSE;
  for (gsize i = 0; i < (gsize) lfb_tensor_get_n_elements (tensor); i++)
    if (lfb_tensor_read_int (tensor, i) == 0)
      return TRUE;

  return FALSE;
}

/* Whether both operands are integers, so that there is no infinity to give. */
static gboolean
is_integral (LfbValue *value)
{
  if (lfb_value_get_kind (value) == LFB_VALUE_KIND_TENSOR)
    return !lfb_dtype_is_floating_point (lfb_tensor_get_dtype (lfb_value_get_tensor (value)));

  return lfb_value_get_kind (value) != LFB_VALUE_KIND_DOUBLE;
}

static LfbValue *
divide (LfbCall          *call,
        const LfbBinary  *binary,
        GError          **error)
{
  LfbValue *a = lfb_call_get (call, "input"), *b = lfb_call_get (call, "other");
  gboolean numbers = lfb_value_get_kind (a) != LFB_VALUE_KIND_TENSOR && lfb_value_get_kind (b) != LFB_VALUE_KIND_TENSOR;

  if ((numbers || (binary->i64 != NULL && is_integral (a) && is_integral (b))) && has_zero (b))
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_RANGE, "argument `other` is 0: a division by zero");
      return NULL;
    }

  return lfb_binary_apply (call->runtime, binary, "input", a, "other", b, error);
}

static LfbValue *
divide_row (LfbCall  *call,
            GError  **error)
{
  return divide (call, LFB_CALL_DATA (call, LfbBinary), error);
}

static LfbValue *
torch_div (LfbCall  *call,
           GError  **error)
{
  const char *mode = NULL;

  if (!lfb_call_string (call, "rounding_mode", &mode, error))
    return NULL;
  if (mode == NULL)
    return divide (call, &div_op, error);
  if (strcmp (mode, "floor") == 0)
    return divide (call, &floor_div_op, error);
  if (strcmp (mode, "trunc") == 0)
    return divide (call, &trunc_div_op, error);

  g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
               "argument `rounding_mode` is '%.40s', expected None, 'floor' or 'trunc'", mode);

  return NULL;
}

static LfbValue *
power (LfbCall  *call,
       GError  **error)
{
  return lfb_binary_apply (call->runtime, &pow_op, "input", lfb_call_get (call, "input"),
                           "exponent", lfb_call_get (call, "exponent"), error);
}

#define INPUTS .signature = "input, other"
#define ROW(function_names, method_names, op, rule_) \
  { .functions = (function_names), .methods = (method_names), INPUTS, .rule = (rule_), .run = lfb_binary_run, .data = (op) }

static const LfbOperator operators[] = {
  {
    .functions = "torch.add", .methods = "add add_", .signature = "input, other, alpha=1",
    .rule = "input + alpha * other", .run = with_alpha, .data = &add_op,
  },
  {
    .functions = "torch.sub torch.subtract", .methods = "sub sub_", .signature = "input, other, alpha=1",
    .rule = "input - alpha * other", .run = with_alpha, .data = &sub_op,
  },
  { .functions = "operator.add", INPUTS, .rule = "input + other; lists are joined", .run = operator_add, .data = &add_op },
  {
    .functions = "operator.iadd", INPUTS, .rule = "input + other; lists are joined", .run = operator_add, .data = &add_op,
    .in_place = TRUE,
  },
  ROW ("operator.sub", NULL, &sub_op, "input - other"),
  { .functions = "operator.isub", INPUTS, .rule = "input - other", .run = lfb_binary_run, .data = &sub_op, .in_place = TRUE },
  ROW ("torch.rsub", "rsub", (&(const LfbBinary) { rsub_f32, rsub_f64, rsub_i64, LFB_RESULT_SAME }), "other - input"),
  ROW ("torch.mul torch.multiply operator.mul", "mul mul_ multiply", &mul_op, "input * other"),
  { .functions = "operator.imul", INPUTS, .rule = "input * other", .run = lfb_binary_run, .data = &mul_op, .in_place = TRUE },
  {
    .functions = "torch.div torch.divide", .methods = "div div_", .signature = "input, other, rounding_mode=None",
    .rule = "input / other in floats, or rounded down or towards 0", .run = torch_div,
  },
  {
    .functions = "torch.true_divide operator.truediv", .methods = "true_divide", INPUTS,
    .rule = "input / other in floats", .run = divide_row, .data = &div_op,
  },
  { .functions = "operator.itruediv", INPUTS, .rule = "input / other", .run = divide_row, .data = &div_op, .in_place = TRUE },
  {
    .functions = "torch.floor_divide", .methods = "floor_divide", INPUTS,
    .rule = "input / other rounded down", .run = divide_row, .data = &floor_div_op,
  },
  {
    .functions = "torch.remainder operator.mod", .methods = "remainder", INPUTS,
    .rule = "the remainder with the sign of other", .run = divide_row, .data = &remainder_op,
  },
  {
    .functions = "torch.fmod", .methods = "fmod", INPUTS, .rule = "the remainder with the sign of input",
    .run = lfb_binary_run, .data = &(const LfbBinary) { fmod_f32, fmod_f64, NULL, LFB_RESULT_FLOAT },
  },
  {
    .functions = "torch.pow operator.pow", .methods = "pow pow_", .signature = "input, exponent",
    .rule = "input to the power of exponent", .run = power, .data = &pow_op,
  },
  ROW ("torch.maximum", "maximum", (&(const LfbBinary) { maximum_f32, maximum_f64, maximum_i64, LFB_RESULT_SAME }),
       "the larger of two; NaN wins"),
  ROW ("torch.minimum", "minimum", (&(const LfbBinary) { minimum_f32, minimum_f64, minimum_i64, LFB_RESULT_SAME }),
       "the smaller of two; NaN wins"),
  ROW ("torch.atan2 torch.arctan2", "atan2", (&(const LfbBinary) { atan2_f32, atan2_f64, NULL, LFB_RESULT_FLOAT }),
       "the angle of the point (other, input)"),
};

const LfbOperatorFamily lfb_arithmetic_operators = LFB_OPERATOR_FAMILY (operators);

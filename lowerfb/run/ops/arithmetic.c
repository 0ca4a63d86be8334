/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Arithmetic of two operands with broadcasting: tensors, numbers, and Python's
 * own sizes and lists. Integers wrap, as torch's do; division by zero of
 * integers is an error, as in torch.
 */

#include <lowerfb/run/lfb-elementwise-private.h>
#include <lowerfb/run/lfb-emit-private.h>

#include <string.h>

LFB_BINARY_FUNCTIONS (add, a + b)
LFB_BINARY_FUNCTIONS (sub, a - b)
LFB_BINARY_FUNCTIONS (rsub, b - a)
LFB_BINARY_FUNCTIONS (mul, a * b)
LFB_BINARY_FUNCTIONS (div, a / b)
LFB_BINARY_FUNCTIONS (trunc_div, trunc (a / b))
LFB_BINARY_FUNCTIONS (pow, lfb_pow (a, b))
LFB_UNARY_FUNCTIONS (quotient, (real) floor (x / (real) p[0]))
LFB_BINARY_FUNCTIONS (atan2, lfb_atan2 (a, b))
LFB_BINARY_FUNCTIONS (maximum, a != a || a > b ? a : b)
LFB_BINARY_FUNCTIONS (minimum, a != a || a < b ? a : b)
LFB_BINARY_FUNCTIONS (fmod, fmod (a, b))

/* As Python's //: what the remainder leaves is divided, so that no rounding of
 * a / b reaches the next integer.
 */
#define FLOOR_DIV(type, name) \
  static type \
  name (type a, \
        type b) \
  { \
    type rest = fmod (a, b), quotient, whole; \
    if (b == 0) \
      return a / b; \
    quotient = (a - rest) / b; \
    if (rest != 0 && (b < 0) != (rest < 0)) \
      quotient -= 1; \
    if (quotient == 0) \
      return copysign (0, a / b); \
    whole = floor (quotient); \
    return quotient - whole > (type) 0.5 ? whole + 1 : whole; \
  }

FLOOR_DIV (float, floor_div_f32)
FLOOR_DIV (double, floor_div_f64)

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

/* The sign of the dividend, as C's %. */
static gint64
fmod_i64 (gint64 a,
          gint64 b)
{
  return b == -1 ? 0 : a % b;
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

static const LfbBinary add_op = { add_f32, add_f64, add_i64, LFB_RESULT_SAME, LFB_ARITHMETIC (add) };
static const LfbBinary sub_op = { sub_f32, sub_f64, sub_i64, LFB_RESULT_SAME, LFB_ARITHMETIC (sub) };
static const LfbBinary mul_op = { mul_f32, mul_f64, mul_i64, LFB_RESULT_SAME, LFB_ARITHMETIC (mul) };
static const LfbBinary div_op = { div_f32, div_f64, NULL, LFB_RESULT_FLOAT, LFB_ARITHMETIC (div) };
static const LfbBinary floor_div_op = { floor_div_f32, floor_div_f64, floor_div_i64, LFB_RESULT_SAME };
static const LfbBinary trunc_div_op = { trunc_div_f32, trunc_div_f64, trunc_div_i64, LFB_RESULT_SAME };
static const LfbBinary remainder_op = { remainder_f32, remainder_f64, remainder_i64, LFB_RESULT_SAME };
static const LfbBinary pow_op = { pow_f32, pow_f64, pow_i64, LFB_RESULT_SAME };

static gboolean
result_type (LfbCall   *call,
             LfbDType  *type,
             GError   **error)
{
  LfbDType a, b;
  int a_priority, b_priority;

  if (!lfb_promote ("input", lfb_call_get (call, "input"), &a, &a_priority, error) ||
      !lfb_promote ("other", lfb_call_get (call, "other"), &b, &b_priority, error))
    return FALSE;
  *type = lfb_promote_types (a, a_priority, b, b_priority);

  return TRUE;
}

static const LfbBinary rsub_op = { rsub_f32, rsub_f64, rsub_i64, LFB_RESULT_SAME, LFB_ARITHMETIC (sub), .swapped = TRUE };

/* add and sub take a factor for what is added or subtracted, in the type of the
 * result.
 */
static LfbValue *
with_alpha (LfbCall  *call,
            GError  **error)
{
  gboolean reverse = LFB_CALL_DATA (call, LfbBinary) == &rsub_op;
  const char *first_name = reverse ? "other" : "input", *name = reverse ? "input" : "other";
  LfbValue *alpha = lfb_call_get (call, "alpha"), *other = lfb_call_get (call, name);
  g_autoptr (LfbTensor) typed = NULL;
  g_autoptr (LfbValue) value = NULL;
  g_autoptr (LfbValue) scaled = NULL;
  gint64 one = 0;
  LfbDType type;

  if (alpha == NULL || (lfb_value_get_kind (alpha) == LFB_VALUE_KIND_INT && lfb_value_read_int (alpha, &one) && one == 1))
    return lfb_binary_run (call, error);
  if (!result_type (call, &type, error) || !lfb_check_fits ("alpha", alpha, type, error))
    return NULL;
  if (lfb_value_get_kind (alpha) == LFB_VALUE_KIND_BOOL && type != LFB_DTYPE_BOOL)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument `alpha` is a bool beside %s, expected a number",
                   lfb_dtype_to_string (type));
      return NULL;
    }

  /* Among bools so is the factor. */
  if (type == LFB_DTYPE_BOOL)
    {
      double number = 1;

      if (!lfb_call_double (call, "alpha", &number, error))
        return NULL;
      if (number == 0 && lfb_value_get_kind (other) == LFB_VALUE_KIND_TENSOR)
        {
          /* Its shape still counts. */
          value = lfb_value_for_bool (FALSE);
          scaled = lfb_binary_apply (call->runtime, &mul_op, name, other, "alpha", value, error);
          if (scaled == NULL)
            return NULL;
        }
      else
        {
          scaled = number != 0 ? lfb_value_ref (other) : lfb_value_for_bool (FALSE);
        }
    }
  else if (lfb_value_get_kind (other) == LFB_VALUE_KIND_TENSOR)
    {
      typed = lfb_tensor_convert (lfb_value_get_tensor (other), type, error);
      value = typed != NULL ? lfb_value_for_tensor (typed) : NULL;
    }
  else
    {
      value = lfb_value_ref (other);
    }
  if (scaled == NULL && value != NULL)
    scaled = lfb_binary_apply (call->runtime, &mul_op, name, value, "alpha", alpha, error);

  return scaled != NULL ? lfb_binary_apply (call->runtime, reverse ? &sub_op : LFB_CALL_DATA (call, LfbBinary), first_name,
                                            lfb_call_get (call, first_name), name, scaled, error)
                        : NULL;
}

/* Of float32, without a factor. */
static LfbEmitted
emit_binary (LfbEmit  *emit,
             GError  **error)
{
  LfbValue *alpha = lfb_call_get (&emit->call, "alpha"), *mode = lfb_call_get (&emit->call, "rounding_mode");
  gint64 one = 1;

  if ((alpha != NULL && (lfb_value_get_kind (alpha) != LFB_VALUE_KIND_INT || !lfb_value_read_int (alpha, &one) || one != 1)) ||
      (mode != NULL && !lfb_value_is_none (mode)))
    return LFB_EMITTED_NOTHING;

  return lfb_emit_binary_row (emit, LFB_CALL_DATA (&emit->call, LfbBinary));
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

/* Whether @value holds a 0 once it is of @type: 256 is one in uint8. */
static gboolean
has_zero (LfbValue *value,
          LfbDType  type)
{
  g_autoptr (LfbTensor) own = lfb_value_as_tensor ("other", value, NULL);
  g_autoptr (LfbTensor) typed = own != NULL ? lfb_tensor_convert (own, type, NULL) : NULL;

  for (gsize i = 0; typed != NULL && i < (gsize) lfb_tensor_get_n_elements (typed); i++)
    if (lfb_tensor_read_int (typed, i) == 0)
      return TRUE;

  return FALSE;
}

static gboolean
is_empty (LfbValue *value)
{
  return lfb_value_get_kind (value) == LFB_VALUE_KIND_TENSOR && lfb_tensor_get_n_elements (lfb_value_get_tensor (value)) == 0;
}

/* Integers have no infinity to give, and Python's numbers refuse to. */
static LfbValue *
divide (LfbCall          *call,
        const LfbBinary  *binary,
        GError          **error)
{
  LfbValue *a = lfb_call_get (call, "input"), *b = lfb_call_get (call, "other");
  gboolean numbers = lfb_value_get_kind (a) != LFB_VALUE_KIND_TENSOR && lfb_value_get_kind (b) != LFB_VALUE_KIND_TENSOR;
  gboolean zero;
  LfbDType type;

  if (!result_type (call, &type, error))
    return NULL;
  if (numbers)
    zero = lfb_value_get_kind (b) == LFB_VALUE_KIND_DOUBLE ? lfb_value_get_double (b) == 0 : has_zero (b, LFB_DTYPE_INT64);
  else
    zero = binary->i64 != NULL && !lfb_dtype_is_floating_point (type) && !is_empty (a) && has_zero (b, type);
  if (zero)
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

/* x * x; of bools in int64, as torch's power. */
static LfbValue *
square (LfbCall  *call,
        GError  **error)
{
  g_autoptr (LfbValue) two = lfb_value_for_int (2);

  return lfb_binary_apply (call->runtime, &pow_op, "input", lfb_call_get (call, "input"), "exponent", two, error);
}

static gboolean
is_python_number (LfbValue *value)
{
  return lfb_value_get_kind (value) != LFB_VALUE_KIND_TENSOR;
}

/* An int only of ints, and not of a negative power. */
static LfbValue *
python_power (LfbValue  *input,
              LfbValue  *exponent,
              GError   **error)
{
  gint64 integers[2];
  double base, power;

  if (!lfb_value_read_double (input, &base) || !lfb_value_read_double (exponent, &power))
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "arguments `input` and `exponent` are no numbers");
      return NULL;
    }
  if ((base < 0 && isfinite (base) && isfinite (power) && power != floor (power)) || (base == 0 && power < 0))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "%g to the power of %g is no number", base, power);
      return NULL;
    }
  if (!lfb_value_read_int (input, &integers[0]) || !lfb_value_read_int (exponent, &integers[1]) || integers[1] < 0)
    {
      double result = pow_op.f64 (base, power);

      if (!isinf (result) || isinf (base) || isinf (power))
        return lfb_value_for_double (result);
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "%g to the power of %g is more than a float can hold", base, power);
      return NULL;
    }
  if (!(fabs (pow_op.f64 (base, power)) < 0x1p63))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "%g to the power of %g is more than an int can hold", base, power);
      return NULL;
    }

  return lfb_value_for_int (pow_op.i64 (integers[0], integers[1]));
}

/* Python's operator makes a tensor of a number first, in the type of the result. */
static gboolean
check_base (LfbCall   *call,
            LfbValue  *input,
            LfbValue  *exponent,
            GError   **error)
{
  LfbDType base_type, type;
  int base_priority, priority;

  if (!g_str_has_prefix (call->name, "operator.") || !is_python_number (input))
    return TRUE;

  return lfb_promote ("input", input, &base_type, &base_priority, error) &&
         lfb_promote ("exponent", exponent, &type, &priority, error) &&
         lfb_check_converts ("input", input, lfb_promote_types (base_type, base_priority, type, priority), error);
}

static LfbValue *
power (LfbCall  *call,
       GError  **error)
{
  LfbValue *input = lfb_call_get (call, "input"), *exponent = lfb_call_get (call, "exponent");
  LfbDType type;

  if (is_python_number (input) && is_python_number (exponent))
    return python_power (input, exponent, error);
  if (!check_base (call, input, exponent, error))
    return NULL;
  /* An exponent that is a number has to fit; a float makes floats. */
  if (lfb_value_get_kind (input) == LFB_VALUE_KIND_TENSOR && lfb_value_get_kind (exponent) == LFB_VALUE_KIND_INT)
    {
      type = lfb_tensor_get_dtype (lfb_value_get_tensor (input));
      if (!lfb_dtype_is_floating_point (type) && lfb_value_get_int (exponent) < 0)
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "argument `exponent` is %" G_GINT64_FORMAT
                       " beside integers, expected 0 or more", lfb_value_get_int (exponent));
          return NULL;
        }
      if (!lfb_dtype_is_quantized (type) && !lfb_check_fits ("exponent", exponent, type, error))
        return NULL;
    }

  return lfb_binary_apply (call->runtime, &pow_op, "input", lfb_call_get (call, "input"),
                           "exponent", lfb_call_get (call, "exponent"), error);
}

/* Also of integers with a scale: quantize (floor (dequantize (q) / c)). */
static LfbValue *
floor_quotient (LfbCall  *call,
                GError  **error)
{
  static const LfbUnary by_number = { .f32 = quotient_f32, .f64 = quotient_f64 };
  LfbValue *input = lfb_call_get (call, "input");
  double p[LFB_UNARY_MAX_PARAMS] = { 1 };
  LfbTensor *tensor;

  if (lfb_value_get_kind (input) != LFB_VALUE_KIND_TENSOR || !lfb_tensor_is_quantized (lfb_value_get_tensor (input)))
    return divide (call, &floor_div_op, error);

  tensor = lfb_value_get_tensor (input);
  if (!lfb_call_double (call, "other", &p[0], error))
    return NULL;
  if (p[0] == 0 || !isfinite (p[0]))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "argument `other` is %g, expected a finite number other than 0", p[0]);
      return NULL;
    }

  return lfb_value_take_tensor (lfb_unary_table (call->runtime, &by_number, p, tensor, lfb_tensor_get_scale (tensor),
                                                 lfb_tensor_get_zero_point (tensor), error));
}

#define INPUTS .signature = "input, other"
#define ROW(function_names, method_names, op, rule_) \
  { .functions = (function_names), .methods = (method_names), INPUTS, .rule = (rule_), .run = lfb_binary_run, \
    .emit = emit_binary, .data = (op) }

static const LfbOperator operators[] = {
  {
    .functions = "torch.add", .methods = "add add_", .signature = "input, other, alpha=1",
    .rule = "input + alpha * other", .run = with_alpha, .emit = emit_binary, .data = &add_op,
  },
  {
    .functions = "torch.sub torch.subtract", .methods = "sub sub_ subtract subtract_", .signature = "input, other, alpha=1",
    .rule = "input - alpha * other", .run = with_alpha, .emit = emit_binary, .data = &sub_op,
  },
  { .functions = "operator.add", INPUTS, .rule = "input + other; lists are joined", .run = operator_add, .emit = emit_binary, .data = &add_op },
  {
    .functions = "operator.iadd", INPUTS, .rule = "input + other; lists are joined", .run = operator_add, .data = &add_op,
  },
  ROW ("operator.sub", NULL, &sub_op, "input - other"),
  { .functions = "operator.isub", INPUTS, .rule = "input - other", .run = lfb_binary_run, .data = &sub_op },
  {
    .functions = "torch.rsub", .methods = "rsub", .signature = "input, other, alpha=1",
    .rule = "other - alpha * input", .run = with_alpha, .emit = emit_binary, .data = &rsub_op,
  },
  ROW ("torch.mul torch.multiply operator.mul", "mul mul_ multiply multiply_", &mul_op, "input * other"),
  { .functions = "operator.imul", INPUTS, .rule = "input * other", .run = lfb_binary_run, .data = &mul_op },
  {
    .functions = "torch.div torch.divide", .methods = "div div_ divide divide_", .signature = "input, other, rounding_mode=None",
    .rule = "input / other in floats, or rounded down or towards 0", .run = torch_div,
    .emit = emit_binary, .data = &div_op,
  },
  {
    .functions = "torch.true_divide operator.truediv", .methods = "true_divide true_divide_", INPUTS,
    .rule = "input / other in floats", .run = divide_row, .emit = emit_binary, .data = &div_op,
  },
  { .functions = "operator.itruediv", INPUTS, .rule = "input / other", .run = divide_row, .data = &div_op },
  {
    .functions = "torch.floor_divide", .methods = "floor_divide floor_divide_", INPUTS,
    .rule = "input / other rounded down", .run = divide_row, .data = &floor_div_op,
  },
  {
    .functions = "operator.floordiv", INPUTS, .run = floor_quotient,
    .rule = "the quotient rounded down; integers: quantize(floor(dequantize(q) / c)), same scale and zero point",
  },
  {
    .functions = "operator.ifloordiv", INPUTS, .rule = "input / other rounded down", .run = floor_quotient,
  },
  {
    .functions = "operator.imod", INPUTS, .rule = "the remainder with the sign of other", .run = divide_row,
    .data = &remainder_op,
  },
  {
    .functions = "torch.remainder operator.mod", .methods = "remainder remainder_", INPUTS,
    .rule = "the remainder with the sign of other", .run = divide_row, .data = &remainder_op,
  },
  {
    .functions = "torch.fmod", .methods = "fmod fmod_", INPUTS, .rule = "the remainder with the sign of input",
    .run = divide_row, .data = &(const LfbBinary) { fmod_f32, fmod_f64, fmod_i64, LFB_RESULT_SAME },
  },
  {
    .functions = "torch.pow operator.pow", .methods = "pow pow_", .signature = "input, exponent",
    .rule = "input to the power of exponent", .run = power, .data = &pow_op,
  },
  {
    .functions = "operator.ipow", .signature = "input, exponent", .rule = "input to the power of exponent", .run = power,
    .data = &pow_op,
  },
  { .functions = "torch.square torch.square_", .methods = "square square_", .signature = "input", .rule = "x * x", .run = square },
  ROW ("torch.maximum", "maximum", (&(const LfbBinary) { maximum_f32, maximum_f64, maximum_i64, LFB_RESULT_SAME }),
       "the larger of two; NaN wins"),
  ROW ("torch.minimum", "minimum", (&(const LfbBinary) { minimum_f32, minimum_f64, minimum_i64, LFB_RESULT_SAME }),
       "the smaller of two; NaN wins"),
  ROW ("torch.atan2 torch.arctan2", "atan2", (&(const LfbBinary) { atan2_f32, atan2_f64, NULL, LFB_RESULT_FLOAT }),
       "the angle of the point (other, input)"),
};

const LfbOperatorFamily lfb_arithmetic_operators = LFB_OPERATOR_FAMILY (operators);

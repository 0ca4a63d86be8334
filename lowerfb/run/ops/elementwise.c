/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Unary functions of floats (and integers where that makes sense): a row and a
 * scalar function each. Names that end in _ change their input in PyTorch; here
 * the result takes its place.
 */

#include <lowerfb/run/lfb-elementwise-private.h>
#include <lowerfb/run/lfb-emit-private.h>

#include <float.h>

/* The double functions of lfb-math for both types: float32 results are rounded
 * once.
 */
#define FROM_MATH(name) \
  LFB_UNARY_FUNCTIONS (name, lfb_##name (x))

FROM_MATH (exp)
FROM_MATH (expm1)
FROM_MATH (log)
FROM_MATH (log1p)
FROM_MATH (sin)
FROM_MATH (cos)
FROM_MATH (tan)
FROM_MATH (asin)
FROM_MATH (acos)
FROM_MATH (atan)
FROM_MATH (sinh)
FROM_MATH (cosh)
FROM_MATH (erf)
FROM_MATH (erfc)

LFB_UNARY_FUNCTIONS (exp2, lfb_pow (2, x))
LFB_UNARY_FUNCTIONS (log2, lfb_log (x) / 0.693147180559945309417)
LFB_UNARY_FUNCTIONS (log10, lfb_log (x) / 2.30258509299404568402)
LFB_UNARY_FUNCTIONS (square_root, sqrt (x))
LFB_UNARY_FUNCTIONS (rsqrt, 1 / sqrt (x))
LFB_UNARY_FUNCTIONS (reciprocal, 1 / x)
LFB_UNARY_FUNCTIONS (absolute, fabs (x))
LFB_UNARY_FUNCTIONS (negative, -x)
LFB_UNARY_FUNCTIONS (positive, x)
LFB_UNARY_FUNCTIONS (sign, x > 0 ? 1 : x < 0 ? -1 : 0)
LFB_UNARY_FUNCTIONS (floor, floor (x))
LFB_UNARY_FUNCTIONS (ceil, ceil (x))
LFB_UNARY_FUNCTIONS (round, rint (x))
LFB_UNARY_FUNCTIONS (trunc, trunc (x))
LFB_UNARY_FUNCTIONS (frac, x - (real) trunc (x))
/* An eps below 0 is none. */
#define WITHIN(x, eps) ((eps) < 0 ? (x) : (x) < (eps) ? (eps) : (x) > 1 - (eps) ? 1 - (eps) : (x))
#define LOGIT(x) lfb_log ((x) / (1 - (x)))
LFB_UNARY_FUNCTIONS (logit, LOGIT (WITHIN (x, (real) p[0])))
LFB_UNARY_FUNCTIONS (isnan, x != x)
LFB_UNARY_FUNCTIONS (isinf, isinf (x) ? 1 : 0)
LFB_UNARY_FUNCTIONS (isfinite, isfinite (x) ? 1 : 0)
LFB_UNARY_FUNCTIONS (logical_not, x == 0)

#define INTEGER_FUNCTION(name, expression) \
  static gint64 name##_i64 (gint64 x, const double *p) { return (expression); }

/* Wrapped, as two's complement does. */
INTEGER_FUNCTION (absolute, x < 0 ? (gint64) -(guint64) x : x)
INTEGER_FUNCTION (negative, (gint64) -(guint64) x)
INTEGER_FUNCTION (positive, x)
INTEGER_FUNCTION (sign, (x > 0) - (x < 0))
INTEGER_FUNCTION (logical_not, x == 0)
INTEGER_FUNCTION (never, 0)
INTEGER_FUNCTION (always, 1)

LFB_UNARY_FUNCTIONS (replace, x != x ? (real) p[0] : isinf (x) ? (x > 0 ? (real) p[1] : (real) p[2]) : x)

static LfbValue *
nan_to_num (LfbCall  *call,
            GError  **error)
{
  static const LfbUnary op = { .f32 = replace_f32, .f64 = replace_f64, .i64 = positive_i64 };
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  double p[LFB_UNARY_MAX_PARAMS] = { 0 };

  if (input == NULL)
    return NULL;
  switch (lfb_tensor_get_dtype (input))
    {
    case LFB_DTYPE_FLOAT16:
      p[1] = 65504;
      break;
    case LFB_DTYPE_BFLOAT16:
      p[1] = 0x1.fep127;
      break;
    case LFB_DTYPE_FLOAT64:
      p[1] = DBL_MAX;
      break;
    default:
      p[1] = FLT_MAX;
      break;
    }
  p[2] = -p[1];
  if (!lfb_call_double (call, "nan", &p[0], error) || !lfb_call_double (call, "posinf", &p[1], error) ||
      !lfb_call_double (call, "neginf", &p[2], error))
    return NULL;

  return lfb_value_take_tensor (lfb_unary_apply (call->runtime, &op, p, input, error));
}

#define FLOAT_ROW(names, method_names, function, rule_) \
  { \
    .functions = (names), .methods = (method_names), .signature = "input", .rule = (rule_), .run = lfb_unary_run, \
    .emit = lfb_emit_unary, \
    .data = &(const LfbUnary) { .f32 = function##_f32, .f64 = function##_f64, .result = LFB_RESULT_FLOAT }, \
  }

#define ANY_ROW(names, method_names, function, integer_function, rule_) \
  { \
    .functions = (names), .methods = (method_names), .signature = "input", .rule = (rule_), .run = lfb_unary_run, \
    .emit = lfb_emit_unary, \
    .data = &(const LfbUnary) { .f32 = function##_f32, .f64 = function##_f64, .i64 = integer_function##_i64 }, \
  }

#define BOOL_ROW(names, method_names, function, integer_function, rule_) \
  { \
    .functions = (names), .methods = (method_names), .signature = "input", .rule = (rule_), .run = lfb_unary_run, \
    .data = &(const LfbUnary) { .f32 = function##_f32, .f64 = function##_f64, .i64 = integer_function##_i64, \
                                .result = LFB_RESULT_BOOL }, \
  }

static const LfbOperator operators[] = {
  {
    .functions = "torch.exp math.exp torch.exp_", .methods = "exp exp_", .signature = "input", .rule = "e to the x",
    .run = lfb_unary_run, .emit = lfb_emit_unary,
    .data = &(const LfbUnary) { .f32 = exp_f32, .f64 = exp_f64, LFB_VECTOR (exp), .result = LFB_RESULT_FLOAT },
  },
  FLOAT_ROW ("torch.exp2 torch.exp2_", "exp2 exp2_", exp2, "2 to the x"),
  FLOAT_ROW ("torch.expm1 torch.expm1_", "expm1 expm1_", expm1, "e to the x, less 1"),
  FLOAT_ROW ("torch.log math.log torch.log_", "log log_", log, "natural logarithm"),
  FLOAT_ROW ("torch.log1p torch.log1p_", "log1p log1p_", log1p, "natural logarithm of 1 + x"),
  FLOAT_ROW ("torch.log2 torch.log2_", "log2 log2_", log2, "logarithm to base 2"),
  FLOAT_ROW ("torch.log10 torch.log10_", "log10 log10_", log10, "logarithm to base 10"),
  FLOAT_ROW ("torch.sin torch.sin_", "sin sin_", sin, "sine"),
  FLOAT_ROW ("torch.cos torch.cos_", "cos cos_", cos, "cosine"),
  FLOAT_ROW ("torch.tan torch.tan_", "tan tan_", tan, "tangent"),
  FLOAT_ROW ("torch.asin torch.arcsin torch.asin_ torch.arcsin_", "asin arcsin asin_ arcsin_", asin, "arc sine"),
  FLOAT_ROW ("torch.acos torch.arccos torch.acos_ torch.arccos_", "acos arccos acos_ arccos_", acos, "arc cosine"),
  FLOAT_ROW ("torch.atan torch.arctan torch.atan_ torch.arctan_", "atan arctan atan_ arctan_", atan, "arc tangent"),
  FLOAT_ROW ("torch.sinh torch.sinh_", "sinh sinh_", sinh, "hyperbolic sine"),
  FLOAT_ROW ("torch.cosh torch.cosh_", "cosh cosh_", cosh, "hyperbolic cosine"),
  FLOAT_ROW ("torch.erf torch.special.erf torch.erf_", "erf erf_", erf, "error function"),
  FLOAT_ROW ("torch.erfc torch.erfc_", "erfc erfc_", erfc, "1 less the error function"),
  FLOAT_ROW ("torch.sqrt math.sqrt torch.sqrt_", "sqrt sqrt_", square_root, "square root"),
  FLOAT_ROW ("torch.rsqrt torch.rsqrt_", "rsqrt rsqrt_", rsqrt, "1 / square root"),
  FLOAT_ROW ("torch.reciprocal torch.reciprocal_", "reciprocal reciprocal_", reciprocal, "1 / x"),
  {
    .functions = "torch.logit torch.special.logit torch.logit_", .methods = "logit logit_", .signature = "input, eps=None",
    .rule = "log(x / (1 - x)), x between eps and 1 - eps if that is given", .run = lfb_unary_run,
    .data = &(const LfbUnary) { .f32 = logit_f32, .f64 = logit_f64, .result = LFB_RESULT_FLOAT, .params = { "eps" }, .defaults = { -1 } },
  },
  ANY_ROW ("torch.abs torch.absolute operator.abs builtins.abs torch.abs_",
           "abs abs_ absolute absolute_", absolute, absolute, "absolute value"),
  ANY_ROW ("torch.neg torch.negative operator.neg torch.neg_ torch.negative_",
           "neg neg_ negative negative_", negative, negative, "-x"),
  ANY_ROW ("torch.positive operator.pos", "positive", positive, positive, "x"),
  ANY_ROW ("torch.sign torch.sgn", "sign sgn sign_ sgn_", sign, sign, "-1, 0 or 1"),
  ANY_ROW ("torch.floor torch.floor_", "floor floor_", floor, positive, "the next integer below"),
  ANY_ROW ("torch.ceil torch.ceil_", "ceil ceil_", ceil, positive, "the next integer above"),
  ANY_ROW ("torch.round torch.round_", "round round_", round, positive, "the nearest integer, ties to even"),
  ANY_ROW ("torch.trunc torch.fix torch.trunc_ torch.fix_",
           "trunc fix trunc_ fix_", trunc, positive, "the integer part"),
  FLOAT_ROW ("torch.frac torch.frac_", "frac frac_", frac, "what trunc takes away"),
  BOOL_ROW ("torch.isnan", "isnan", isnan, never, "whether x is NaN"),
  BOOL_ROW ("torch.isinf", "isinf", isinf, never, "whether x is infinite"),
  BOOL_ROW ("torch.isfinite", "isfinite", isfinite, always, "whether x is neither NaN nor infinite"),
  BOOL_ROW ("torch.logical_not", "logical_not", logical_not, logical_not, "whether x is 0"),
  {
    .functions = "torch.nan_to_num", .methods = "nan_to_num nan_to_num_", .signature = "input, nan=0.0, posinf=None, neginf=None",
    .rule = "x, given numbers for NaN and infinities, else the type's largest and smallest", .run = nan_to_num,
  },
};

const LfbOperatorFamily lfb_elementwise_operators = LFB_OPERATOR_FAMILY (operators);

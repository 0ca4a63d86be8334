/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Elementwise operators: arithmetic with types and broadcasting, activations on
 * floats and integers, the arithmetic of quantized tensors.
 */

#include "lfb-test-rows.h"

#define OPS "torch.ops.quantized."

static void
test_quantized_tensors (void)
{
  static const LfbTestRow rows[] = {
    /* (10 - 5) * 0.5 + (4 - 0) * 0.25 = 3.5, to even in steps of 1. */
    { OPS "add (quint8[2]{10 0}*0.5@5, quint8[2]{4 0}*0.25@0, 1.0, 1)", "quint8[2]{5 0}*1@1" },
    { OPS "add_relu (quint8[2]{10 0}*0.5@5, quint8[2]{4 0}*0.25@0, 1.0, 1)", "quint8[2]{5 1}*1@1" },
    { OPS "add (quint8[2,1]{1 2}*1@0, quint8[2]{10 20}*1@0, 1.0, 0)", "quint8[2,2]{11 21 12 22}*1@0" },
    { OPS "add (qint8[1]{127}*1@0, qint8[1]{127}*1@0, 1.0, 0)", "qint8[1]{127}*1@0" },
    /* (10 - 5) * (6 - 2) * (0.5 * 0.25) * (1 / 0.5) = 5 */
    { OPS "mul (quint8[1]{10}*0.5@5, quint8[1]{6}*0.25@2, 0.5, 3)", "quint8[1]{8}*0.5@3" },
    { OPS "mul (quint8[1]{0}*0.5@5, quint8[1]{6}*0.25@2, 0.5, 9)", "quint8[1]{4}*0.5@9" },
    { OPS "mul_relu (quint8[1]{0}*0.5@5, quint8[1]{6}*0.25@2, 0.5, 9)", "quint8[1]{9}*0.5@9" },
    { OPS "mul (quint8[1]{255}*1@0, quint8[1]{255}*1@0, 256.0, 0)", "quint8[1]{254}*256@0" },
    { OPS "matmul (quint8[1,2]{3 4}*1@2, quint8[2,1]{5 7}*1@4, 1.0, 1)", "quint8[1,1]{8}*1@1" },
    { OPS "matmul (quint8[2]{3 4}*1@2, quint8[2]{5 7}*1@4, 1.0, 1)", "quint8[]{8}*1@1" },
    { OPS "matmul (quint8[2,1,1]{1 2}*1@0, quint8[1,2]{3 4}*1@0, 1.0, 0)", "quint8[2,1,2]{3 4 6 8}*1@0" },
    { OPS "add (quint8[2]{1 1}*1@0, quint8[3]{1 1 1}*1@0, 1.0, 0)", "!SHAPE [2] and [3] do not broadcast" },
    { OPS "add (quint8[1]{1}*1@0, qint8[1]{1}*1@0, 1.0, 0)", "!DTYPE `qb` has the dtype qint8" },
    { OPS "add (quint8[1]{1}*1@0, quint8[1]{1}*1@0)", "!ARGUMENT `scale` and `zero_point` are missing" },
    { OPS "add (quint8[2]{1 1}*1@0, f32[2]{1 1}, 1.0, 0)", "!DTYPE `qb` has the dtype float32" },
    { OPS "matmul (quint8[1,2]{3 4}*1@2, quint8[1,2]{5 7}*1@4, 1.0, 1)", "!SHAPE do not multiply" },
  };

  LFB_TEST_ROWS (rows);
}

static void
test_quantized_numbers (void)
{
  static const LfbTestRow rows[] = {
    /* The zero point moves: 2 is 4 steps. */
    { OPS "add (quint8[2]{10 200}*0.5@100, 2.0)", "quint8[2]{10 200}*0.5@96" },
    { OPS "add (2, quint8[2]{10 200}*0.5@100)", "quint8[2]{10 200}*0.5@96" },
    { OPS "add_scalar (quint8[2]{10 200}*0.5@100, f32[]{2})", "quint8[2]{10 200}*0.5@96" },
    { OPS "add_relu (quint8[2]{10 200}*0.5@100, 2.0)", "quint8[2]{96 200}*0.5@96" },
    /* 1.25 steps of 0.5 are 2.5: to even 2. */
    { OPS "add (quint8[1]{10}*0.5@100, 1.25)", "quint8[1]{10}*0.5@98" },
    /* 10 steps push zero point 5 to -5: the range grows to 260 / 255 and begins at 0. */
    { OPS "add (quint8[3]{0 100 255}*1@5, 10.0)", "quint8[3]{5 103 255}*1.0196078431372548@0" },
    /* To 265: 265 / 255, and ends at 255. */
    { OPS "add (quint8[3]{0 100 255}*1@255, -10.0)", "quint8[3]{0 96 245}*1.0392156862745099@255" },
    { OPS "mul (quint8[2]{10 200}*0.5@100, 3.0)", "quint8[2]{10 200}*1.5@100" },
    { OPS "mul (quint8[2]{10 200}*0.5@100, 0.0)", "quint8[2]{0 0}*1@0" },
    { OPS "mul (quint8[2]{10 200}*0.5@100, -3.0)", "quint8[2]{245 55}*1.5@155" },
    { OPS "mul (qint8[2]{-128 5}*0.5@-100, -2.0)", "qint8[2]{127 -6}*1@99" },
    { OPS "mul_relu (quint8[2]{10 200}*0.5@100, -3.0)", "quint8[2]{245 155}*1.5@155" },
    { OPS "mul_relu (3, quint8[2]{10 200}*0.5@100)", "quint8[2]{100 200}*1.5@100" },
    { OPS "add (quint8[1]{10}*0.5@100, nan)", "!RANGE expected a finite one" },
    { OPS "mul (quint8[1]{10}*0.5@100, inf)", "!RANGE expected a finite one" },
    { OPS "mul (quint8[1]{10}*1e30@100, 1e30)", "!RANGE the output scale" },
    { OPS "add (1, 2)", "!ARGUMENT `qa` is an int" },
    { "operator.floordiv (quint8[3]{0 7 9}*0.5@4, 0.75)", "quint8[3]{0 8 10}*0.5@4" },
    { "operator.floordiv (7, 2)", "3" },
    { "operator.floordiv (u8[1]{5}, -5)", "u8[1]{0}" },
    { "operator.floordiv (u8[1]{5}, 256)", "!RANGE division by zero" },
    { "operator.floordiv (f32[1]{1e-30}, -inf)", "f32[1]{-1}" },
    { "operator.floordiv (0.5, f32[]{0})", "f32[]{inf}" },
    { "operator.floordiv (-7, 2)", "-4" },
    { "operator.floordiv (f32[2]{7 -7}, 2)", "f32[2]{3 -4}" },
    { "operator.floordiv (7, 0)", "!RANGE division by zero" },
    { "operator.floordiv (quint8[1]{1}*1@0, 0)", "!RANGE other than 0" },
  };

  LFB_TEST_ROWS (rows);
}

static void
test_quantized_functions (void)
{
  static const LfbTestRow rows[] = {
    { "torch.sigmoid (quint8[3]{0 128 255}*0.1@128)", "quint8[3]{0 128 255}*0.00390625@0" },
    { "sigmoid (qint8[1]{0}*0.1@0)", "qint8[1]{0}*0.00390625@-128" },
    { "torch.nn.Tanh (quint8[3]{0 128 255}*0.1@128)", "quint8[3]{0 128 255}*0.0078125@128" },
    { "torch.tanh (qint8[3]{-128 0 127}*0.1@0)", "qint8[3]{-128 0 127}*0.0078125@0" },
    { "torch.nn.functional.hardsigmoid (quint8[4]{0 3 4 9}*1@3)", "quint8[4]{0 128 171 255}*0.00390625@0" },
    { "torch.relu (quint8[3]{0 5 9}*0.5@5)", "quint8[3]{5 5 9}*0.5@5" },
    { "torch.nn.ReLU6 (quint8[3]{0 5 30}*0.5@5)", "quint8[3]{5 5 17}*0.5@5" },
    { "torch.clamp (qint8[4]{-100 0 1 100}*0.5@0, -1.25, 3)", "qint8[4]{-2 0 1 6}*0.5@0" },
    { "clamp (quint8[2]{0 255}*0.5@5, min=1.0)", "quint8[2]{7 255}*0.5@5" },
    { "torch.nn.Hardtanh (quint8[2]{0 255}*0.5@5, -1.0, 1.0)", "quint8[2]{3 7}*0.5@5" },
    { OPS "hardswish (quint8[3]{0 7 14}*1@7, 0.5, 10)", "quint8[3]{10 10 24}*0.5@10" },
    { OPS "elu (quint8[2]{0 10}*1@5, 0.0625, 32, 1.0)", "quint8[2]{16 112}*0.0625@32" },
    { OPS "celu (quint8[2]{0 10}*1@5, 0.0625, 32, 2.0)", "quint8[2]{3 112}*0.0625@32" },
    { OPS "leaky_relu (quint8[2]{0 10}*1@5, 0.5, False, output_scale=0.5, output_zero_point=10)", "quint8[2]{5 20}*0.5@10" },
    { "torch.ao.nn.quantized.LeakyReLU (quint8[2]{0 10}*1@5, 0.5, 10, 0.5)", "quint8[2]{5 20}*0.5@10" },
    { OPS "prelu (quint8[1,2]{0 0}*1@5, f32[2]{0.5 2}, 0.5, 30)", "quint8[1,2]{25 10}*0.5@30" },
    { OPS "dropout (quint8[2]{0 10}*1@5, 0.5, 10)", "quint8[2]{0 20}*0.5@10" },
    { OPS "dropout (quint8[2]{0 10}*1@5, 1.0, 5, 0.5, False)", "quint8[2]{0 10}*1@5" },
    { "torch.nn.Dropout (quint8[2]{0 10}*1@5, 0.5)", "quint8[2]{0 10}*1@5" },
    { OPS "softmax (quint8[2]{0 0}*1@0, 0, 0.00390625, 0)", "quint8[2]{128 128}*0.00390625@0" },
    { "torch.sigmoid (qint32[1]{0}*0.1@0)", "!DTYPE expected quint8 or qint8" },
    { "torch.nn.functional.elu (quint8[1]{0}*0.1@0)", "!DTYPE `input` is quantized" },
    { OPS "elu (f32[1]{0}, 1.0, 0)", "!DTYPE `input` has the dtype float32" },
    { OPS "hardswish (quint8[1]{0}*1@0, 0.0, 0)", "!RANGE `output_scale`" },
    { OPS "leaky_relu (quint8[1]{0}*1@0, 0.5)", "!ARGUMENT `output_scale` is missing" },
    { "torch.clamp (quint8[1]{0}*1@0, nan)", "!RANGE `min` is NaN, expected a number for quint8" },
    { "torch.nn.functional.hardtanh (i64[1]{1}, nan, 2.0)", "!RANGE `min_val` is NaN" },
    { "torch.add (bool[1]{1}, bool[2]{1 0}, alpha=False)", "bool[2]{1 1}" },
    { "operator.pow (100.0, 1000)", "!RANGE more than a float can hold" },
    { "torch.clamp (f32[2]{1 5}, nan, 2.0)", "f32[2]{nan nan}" },
    { "torch.clamp (f32[2]{1 5}, 2.0, nan)", "f32[2]{nan nan}" },
    { "torch.clamp (f32[2]{1 5}, max=nan)", "f32[2]{1 5}" },
    { "torch.clamp (f32[2]{1 5}, f32[2]{nan 6})", "f32[2]{nan 6}" },
    { "torch.clamp_min (i64[2]{1 5}, nan)", "f32[2]{nan nan}" },
    { "torch.nn.functional.hardtanh (f32[1]{1}, 1e300, nan)", "f32[1]{nan}" },
    { "torch.nn.functional.hardtanh (f64[1]{1}, nan, 2.0)", "f64[1]{nan}" },
  };

  LFB_TEST_ROWS (rows);
}

static void
test_float_functions (void)
{
  static const LfbTestRow rows[] = {
    { "torch.relu (f32[3]{-1 0 nan})", "f32[3]{0 0 nan}" },
    { "torch.nn.functional.relu6 (f32[3]{-1 3 9})", "f32[3]{0 3 6}" },
    { "torch.clamp (f32[3]{-1 0.5 9}, 0, 1)", "f32[3]{0 0.5 1}" },
    { "torch.clamp (i64[3]{-1 5 9}, 0, 7)", "i64[3]{0 5 7}" },
    { "torch.clamp (i64[2]{-1 5}, 0.5)", "f32[2]{0.5 5}" },
    { "torch.nn.functional.hardtanh (f32[1]{0}, 3.0, 1.0)", "f32[1]{1}" },
    { "torch.clamp (f32[2]{-1 5}, f32[2]{0 6}, f32[2]{1 8})", "f32[2]{0 6}" },
    { "torch.exp (f32[2]{0 1})", "f32[2]{1 2.7182818}" },
    { "torch.log (f32[3]{1 0 -1})", "f32[3]{0 -inf nan}" },
    { "torch.sqrt (i64[1]{4})", "f32[1]{2}" },
    { "torch.sin (f64[1]{1e22})", "f64[1]{-0.85220084976713}" },
    { "torch.abs (i64[1]{-3})", "i64[1]{3}" },
    { "torch.neg (f16[1]{1.5})", "f16[1]{-1.5}" },
    { "torch.round (f32[4]{0.5 1.5 2.5 -0.5})", "f32[4]{0 2 2 -0}" },
    { "torch.isnan (f32[2]{nan 1})", "bool[2]{1 0}" },
    { "torch.logical_not (f32[2]{0 2})", "bool[2]{1 0}" },
    { "torch.sigmoid (f32[3]{-1000 0 1000})", "f32[3]{0 0.5 1}" },
    { "torch.nn.functional.hardswish (f32[3]{-4 0 4})", "f32[3]{0 0 4}" },
    { "torch.nn.functional.gelu (f32[2]{-1 1})", "f32[2]{-0.15865525 0.84134475}" },
    { "torch.nn.functional.gelu (f32[1]{1}, approximate='tanh')", "f32[1]{0.841192}" },
    { "torch.nn.GLU (f32[2]{3 0})", "f32[1]{1.5}" },
    { "torch.prelu (f32[1,2]{-1 -1}, f32[2]{0.5 2})", "f32[1,2]{-0.5 -2}" },
    { "torch.nan_to_num (f32[3]{nan inf -inf}, 7.0, neginf=1.0)", "f32[3]{7 3.4028235e38 1}" },
    { "torch.nan_to_num (f16[1]{65504}, posinf=1.0)", "f16[1]{65504}" },
    { "torch.softmax (f64[2]{0 1e-10}, 0)", "f64[2]{0.499999999975 0.500000000025}" },
    { "torch.erfc (f64[1]{2})", "f64[1]{0.004677734981047266}" },
    { "torch.softmax (f32[2]{0 0}, 0)", "f32[2]{0.5 0.5}" },
    { "torch.log_softmax (f32[2]{0 0}, 0)", "f32[2]{-0.69314718 -0.69314718}" },
    { "torch.nn.functional.softmax (f32[2,2]{0 0 0 0})", "f32[2,2]{0.5 ...}" },
    { "torch.nn.functional.dropout (f32[2]{1 2}, 0.5, False)", "f32[2]{1 2}" },
    { "torch.nn.functional.dropout (f32[2]{1 2}, 0)", "f32[2]{1 2}" },
    { "torch.nn.functional.dropout (f32[3]{1 nan 2}, 1, True)", "f32[3]{0 nan 0}" },
    { "torch.dropout (f32[2]{1 2}, 0.5, train=True)", "!UNSUPPORTED `training` is True" },
    { "torch.nn.functional.dropout (f32[2]{1 2}, 1.5, False)", "!RANGE `p` is 1.5, expected 0 to 1" },
    { "torchvision.ops.stochastic_depth.stochastic_depth (f32[2]{1 2}, 0.5, 'row')", "!UNSUPPORTED `training` is True" },
    { "torchvision.ops.stochastic_depth.stochastic_depth (f32[2]{1 2}, 0.5, 'row', False)", "f32[2]{1 2}" },
    {
      "torch.nn.functional.scaled_dot_product_attention (f32[1,1]{1}, f32[1,1]{1}, f32[1,1]{1}, None, 0.5)",
      "!UNSUPPORTED `dropout_p` is 0.5",
    },
    { "torch.Tensor.numel ((2, 3, 4))", "24" },
    { "torch.nn.functional.gelu (f32[1]{1}, approximate='sigmoid')", "!ARGUMENT `approximate` is 'sigmoid'" },
    { "torch.nn.GLU (f32[3]{1 2 3})", "!SHAPE expected an even size" },
    { "torch.softmax (i64[2]{0 0}, 0)", "!DTYPE expected floats" },
    { "torch.softmax (f32[2]{0 0}, 1)", "!RANGE `dim` is 1, expected -1 to 0" },
    { "torch.clamp (f32[1]{0})", "!ARGUMENT must not be None" },
    { "torch.celu (f32[1]{0}, 0.0)", "!RANGE `alpha` is 0" },
    { "torch.nn.functional.softshrink (f32[1]{0}, -1.0)", "!RANGE `lambd` is -1" },
    { "torch.exp ('x')", "!ARGUMENT `input` is text" },
  };

  LFB_TEST_ROWS (rows);
}

static void
test_arithmetic (void)
{
  static const LfbTestRow rows[] = {
    { "torch.add (f32[2]{1 2}, f32[2]{10 20})", "f32[2]{11 22}" },
    { "torch.add (f32[2]{1 2}, 1, alpha=3)", "f32[2]{4 5}" },
    { "torch.add (input=f32[2]{1 2}, other=f32[2]{1 1}, alpha=2)", "f32[2]{3 4}" },
    { "torch.add (f32[2,1]{1 2}, f32[2]{10 20})", "f32[2,2]{11 21 12 22}" },
    { "torch.add (f32[1]{1}, u8[1]{3}, alpha=-1)", "f32[1]{-2}" },
    { "torch.mul (f16[1]{1.46875}, 0.001)", "f16[1]{0.0014696121215820312}" },
    { "operator.and_ (bool[1]{1}, i64[1]{3})", "i64[1]{1}" },
    { "torch.clamp (bool[1]{1}, 0, 5)", "i64[1]{1}" },
    { "masked_fill (i64[2]{1 2}, bool[2]{0 1}, -1.5)", "i64[2]{1 -1}" },
    { "torch.add (i8[1]{1}, i8[1]{1}, alpha=256)", "!RANGE `alpha` is 256, which int8 cannot hold" },
    { "torch.add (i8[1]{1}, i8[1]{1}, alpha=0.5)", "!ARGUMENT `alpha` is a float beside int8" },
    { "operator.floordiv (1.0, 0.0)", "!RANGE division by zero" },
    { "torch.add (i64[1]{1}, 0.5)", "f32[1]{1.5}" },
    { "torch.add (f16[1]{1}, f32[]{0.5})", "f16[1]{1.5}" },
    { "torch.add (f32[1]{1}, f64[1]{0.5})", "f64[1]{1.5}" },
    { "torch.add (u8[1]{200}, i8[1]{100})", "i16[1]{300}" },
    { "torch.add (u8[1]{200}, 100)", "u8[1]{44}" },
    { "torch.add (bool[1]{1}, bool[1]{1})", "bool[1]{1}" },
    { "torch.mul (f32[0]{}, 3)", "f32[0]{}" },
    { "torch.mul (f32[2,0]{}, f32[1]{3})", "f32[2,0]{}" },
    { "operator.add (2, 3)", "5" },
    { "operator.add ((1, 2), (3,))", "(1, 2, 3)" },
    { "operator.mul (2, 1.5)", "3.0" },
    { "operator.truediv (7, 2)", "3.5" },
    { "operator.sub (f32[1]{1}, f32[1]{3})", "f32[1]{-2}" },
    { "torch.div (f32[3]{1 -1 0}, 0)", "f32[3]{inf -inf nan}" },
    { "torch.div (i64[2]{7 -7}, 2)", "f32[2]{3.5 -3.5}" },
    { "torch.div (i64[2]{7 -7}, 2, rounding_mode='floor')", "i64[2]{3 -4}" },
    { "torch.div (i64[2]{7 -7}, 2, rounding_mode='trunc')", "i64[2]{3 -3}" },
    { "torch.remainder (i64[2]{7 -7}, 3)", "i64[2]{1 2}" },
    { "torch.remainder (f32[2]{7 -7}, -3.0)", "f32[2]{-2 -1}" },
    { "torch.pow (f32[3]{2 -2 4}, 2)", "f32[3]{4 4 16}" },
    { "torch.pow (i64[1]{-2}, 3)", "i64[1]{-8}" },
    { "operator.pow (f32[1]{9}, 0.5)", "f32[1]{3}" },
    { "torch.maximum (f32[2]{1 nan}, f32[2]{2 2})", "f32[2]{2 nan}" },
    { "torch.eq (f32[2]{1 2}, 2)", "bool[2]{0 1}" },
    { "torch.gt (quint8[2]{3 9}*0.5@1, 2)", "bool[2]{0 1}" },
    { "operator.lt (1, 2)", "True" },
    { "operator.eq ((1, 2), (1, 2))", "True" },
    { "torch.where (bool[2]{1 0}, f32[1]{5}, 7.0)", "f32[2]{5 7}" },
    { "masked_fill (u8[1]{1}, bool[1]{1}, 256)", "!RANGE `value` is 256, which uint8 cannot hold" },
    { "masked_fill (f32[2]{1 2}, bool[2]{0 1}, 9)", "f32[2]{1 9}" },
    { "torch.lt (i8[1]{98}, 1000)", "bool[1]{0}" },
    { "torch.fmod (i64[2]{7 -7}, 3)", "i64[2]{1 -1}" },
    { "torch.square (bool[1]{1})", "i64[1]{1}" },
    { "operator.not_ (f32[1]{0})", "True" },
    { "operator.invert (False)", "-1" },
    { "math.floor (-1.5)", "-2" },
    { "torch.mm (u8[1,2]{100 2}, u8[2,1]{3 100})", "u8[1,1]{244}" },
    { "torch.matmul (f64[1,1]{0.1}, f64[1,1]{3})", "f64[1,1]{0.3}" },
    { "torch.addmm (f32[1]{nan}, f32[1,1]{2}, f32[1,1]{3}, beta=0)", "f32[1,1]{6}" },
    /* In place: the shape and the type stay. */
    { "add_ (f32[2]{1 2}, i64[2]{1 1})", "f32[2]{2 3}" },
    { "operator.imul (u8[1]{2}, i64[1]{200})", "u8[1]{144}" },
    { "add_ (f32[1]{1}, f32[2]{1 1})", "!SHAPE cannot be written in place of [1]" },
    { "mul_ (i64[1]{1}, 0.5)", "!DTYPE the result is float32 and cannot be written in place of int64" },
    { "masked_fill_ (f32[1]{1}, bool[3]{1 1 1}, 2)", "!SHAPE cannot be written in place" },
    { "unsqueeze_ (f32[1]{1}, 0)", "f32[1,1]{1}" },
    { "torch.addmm (f32[3]{1 1 1}, f32[1,1]{2}, f32[1,1]{3})", "!SHAPE does not spread to [1, 1]" },
    { "torch.matmul (f32[1,1]{1}, f16[1,1]{1})", "!DTYPE `other` has the dtype float16, expected float32" },
    { "torch.bitwise_and (i64[1]{6}, 3)", "i64[1]{2}" },
    { "operator.invert (bool[2]{0 1})", "bool[2]{1 0}" },
    { "torch.matmul (f32[1,2]{1 2}, f32[2,1]{3 4})", "f32[1,1]{11}" },
    { "torch.matmul (f32[2]{1 2}, f32[2]{3 4})", "f32[]{11}" },
    { "torch.bmm (f32[2,1,1]{1 2}, f32[2,1,1]{3 4})", "f32[2,1,1]{3 8}" },
    { "torch.addmm (f32[1]{1}, f32[1,1]{2}, f32[1,1]{3}, beta=10, alpha=2)", "f32[1,1]{22}" },
    { "torch.matmul (f32[2,0]{}, f32[0,1]{})", "f32[2,1]{0 0}" },
    {
      "torch.nn.functional.scaled_dot_product_attention (f32[1,1]{2}, f32[2,1]{1 1}, f32[2,1]{10 20})", "f32[1,1]{15}",
    },
    {
      "torch.nn.functional.scaled_dot_product_attention (f32[2,1]{2 2}, f32[2,1]{1 1}, f32[2,1]{10 20}, is_causal=True)", "f32[2,1]{10 15}",
    },
    { "torch.nn.functional.normalize (f32[1,2]{3 4})", "f32[1,2]{0.6 0.8}" },
    { "torch.add (f32[2]{1 1}, f32[3]{1 1 1})", "!SHAPE do not broadcast" },
    { "torch.add (quint8[1]{1}*1@0, 1)", "!DTYPE `input` is quantized" },
    { "torch.add (f32[1]{1}, None)", "!ARGUMENT `other` is None" },
    { "operator.truediv (1, 0)", "!RANGE division by zero" },
    { "torch.remainder (i64[1]{1}, i64[1]{0})", "!RANGE division by zero" },
    { "torch.bitwise_or (f32[1]{1}, 1)", "!DTYPE holds floats" },
    { "torch.bmm (f32[2,1,1]{1 2}, f32[1,1,1]{3})", "!SHAPE 1 matrices, expected 2" },
    { "torch.mm (f32[1,2]{1 2}, f32[1,2]{1 2})", "!SHAPE do not multiply" },
  };

  LFB_TEST_ROWS (rows);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/elementwise/quantized-tensors", test_quantized_tensors);
  g_test_add_func ("/elementwise/quantized-numbers", test_quantized_numbers);
  g_test_add_func ("/elementwise/quantized-functions", test_quantized_functions);
  g_test_add_func ("/elementwise/float-functions", test_float_functions);
  g_test_add_func ("/elementwise/arithmetic", test_arithmetic);

  return g_test_run ();
}

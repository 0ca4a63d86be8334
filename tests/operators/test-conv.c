/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Convolution: int8 by hand from numerics.md, transposed, padding modes, packed
 * weights, float.
 */

#include "lfb-test-rows.h"

#define QUANTIZED "torch.ao.nn.quantized."
#define FUSED "torch.ao.nn.intrinsic.quantized."
#define OPS "torch.ops.quantized."

static void
test_static (void)
{
  static const LfbTestRow rows[] = {
    /* x - zx = {1 2 3}, w = {1 -1}: -1 -1, with a stride of 2 one; padding adds zx. */
    { QUANTIZED "Conv1d (quint8[1,1,3]{6 7 8}*1@5, qint8[1,1,2]{1 -1}*1@0, None, scale=1.0, zero_point=9)", "quint8[1,1,2]{8 8}*1@9" },
    { QUANTIZED "Conv1d (quint8[1,1,3]{6 7 8}*1@5, qint8[1,1,2]{1 -1}*1@0, None, 2, scale=1.0, zero_point=9)", "quint8[1,1,1]{8}*1@9" },
    {
      QUANTIZED "Conv1d (quint8[1,1,3]{6 7 8}*1@5, qint8[1,1,2]{1 -1}*1@0, None, 1, 1, scale=1.0, zero_point=9)",
      "quint8[1,1,4]{8 8 8 12}*1@9",
    },
    /* Without a batch; dilated; relu. */
    { QUANTIZED "Conv1d (quint8[1,3]{6 7 8}*1@5, qint8[1,1,2]{1 -1}*1@0, None, dilation=2, scale=1.0, zero_point=9)", "quint8[1,1]{7}*1@9" },
    { FUSED "ConvReLU1d (quint8[1,1,3]{6 7 8}*1@5, qint8[1,1,2]{1 -1}*1@0, None, 1, 1, scale=1.0, zero_point=9)", "quint8[1,1,4]{9 9 9 12}*1@9" },
    /* 'same' puts the odd one behind: {1 2 3 0}. */
    { QUANTIZED "Conv1d (quint8[1,1,3]{6 7 8}*1@5, qint8[1,1,2]{1 -1}*1@0, None, 1, 'same', scale=1.0, zero_point=9)", "quint8[1,1,3]{8 8 12}*1@9" },
    { QUANTIZED "Conv1d (quint8[1,1,3]{6 7 8}*1@5, qint8[1,1,2]{1 -1}*1@0, None, 1, 'valid', scale=1.0, zero_point=9)", "quint8[1,1,2]{8 8}*1@9" },
    /* Reflected {2 1 2 3 2}, repeated {1 1 2 3 3}, around {3 1 2 3 1}. */
    {
      QUANTIZED "Conv1d (quint8[1,1,3]{6 7 8}*1@5, qint8[1,1,2]{1 -1}*1@0, None, 1, 1, padding_mode='reflect', scale=1.0, zero_point=9)",
      "quint8[1,1,4]{10 8 8 10}*1@9",
    },
    {
      QUANTIZED "Conv1d (quint8[1,1,3]{6 7 8}*1@5, qint8[1,1,2]{1 -1}*1@0, None, 1, 1, padding_mode='replicate', scale=1.0, zero_point=9)",
      "quint8[1,1,4]{9 8 8 9}*1@9",
    },
    {
      QUANTIZED "Conv1d (quint8[1,1,3]{6 7 8}*1@5, qint8[1,1,2]{1 -1}*1@0, None, 1, 1, padding_mode='circular', scale=1.0, zero_point=9)",
      "quint8[1,1,4]{11 8 8 11}*1@9",
    },
    /* Two groups, a scale per channel, a bias: (1 + 4) * 0.5, (2 * 2 - 8) * 0.25. */
    {
      QUANTIZED "Conv2d (quint8[1,2,1,1]{1 2}*1@0, qint8[2,1,1,1]{1 2}*(0.5 0.25)@(0 0)/0, f32[2]{2 -2}, groups=2, scale=1.0, zero_point=10)",
      "quint8[1,2,1,1]{12 9}*1@10",
    },
    { QUANTIZED "Conv3d (quint8[1,1,1,2,2]{1 2 3 4}*1@0, qint8[1,1,1,2,2]{1 1 1 1}*1@0, None, scale=1.0)", "quint8[1,1,1,1,1]{10}*1@0" },
    { FUSED "ConvReLU2d (quint8[0,1,2,2]{}*1@0, qint8[3,1,2,2]{1 ...}*1@0, None)", "quint8[0,3,1,1]{}*1@0" },
    { QUANTIZED "Conv1d (quint8[1,2,3]{1 ...}*1@5, qint8[1,1,2]{1 -1}*1@0, None)", "!SHAPE 2 channels, expected 1" },
    { QUANTIZED "Conv1d (quint8[1,1,1]{1}*1@5, qint8[1,1,2]{1 -1}*1@0, None)", "!SHAPE gives an output of 0" },
    { QUANTIZED "Conv1d (quint8[3]{1 ...}*1@5, qint8[1,1,2]{1 -1}*1@0, None)", "!SHAPE `input` has the shape [3], expected 2 to 3 dimensions" },
    { QUANTIZED "Conv1d (quint8[1,1,3]{1 ...}*1@5, qint8[1,1,2]{1 -1}*1@0, None, 0)", "!RANGE `stride` is 0" },
    { QUANTIZED "Conv1d (quint8[1,1,3]{1 ...}*1@5, qint8[1,1,2]{1 -1}*1@0, None, 1, -1)", "!RANGE `padding` is -1" },
    { QUANTIZED "Conv1d (quint8[1,1,3]{1 ...}*1@5, qint8[1,1,2]{1 -1}*1@0, None, groups=2)", "!SHAPE expected a multiple of the 2 groups" },
    { QUANTIZED "Conv1d (quint8[1,1,3]{1 ...}*1@5, qint8[1,1,2]{1 -1}*1@0, None, 2, 'same')", "!ARGUMENT 'same', which needs a stride of 1" },
    { QUANTIZED "Conv1d (quint8[1,1,3]{1 ...}*1@5, qint8[1,1,2]{1 -1}*1@0, None, 1, 3, padding_mode='reflect')", "!SHAPE too much for the mode 'reflect'" },
    { QUANTIZED "Conv1d (quint8[1,1,3]{1 ...}*1@5, qint8[1,1,2]{1 -1}*1@0, None, padding_mode='mirror')", "!ARGUMENT `padding_mode` is 'mirror'" },
    { QUANTIZED "Conv1d (quint8[1,66000,1]{1 ...}*1@5, qint8[1,66000,1]{1 ...}*1@0, None)", "!RANGE 66000 products" },
  };

  LFB_TEST_ROWS (rows);
}

static void
test_packed (void)
{
  static const LfbTestRow rows[] = {
    {
      OPS "conv1d (quint8[1,1,3]{6 7 8}*1@5, " OPS "conv1d_prepack (qint8[1,1,2]{1 -1}*1@0, None, (1,), (1,), (1,), 1), 1.0, 9)",
      "quint8[1,1,4]{8 8 8 12}*1@9",
    },
    {
      OPS "conv1d_relu (quint8[1,1,3]{6 7 8}*1@5, " OPS "conv1d_prepack (qint8[1,1,2]{1 -1}*1@0, None, [1], [1], [1], 1), 1.0, 9)",
      "quint8[1,1,4]{9 9 9 12}*1@9",
    },
    {
      OPS "conv2d (quint8[1,2,1,1]{1 2}*1@0, "
      OPS "conv2d_prepack (qint8[2,1,1,1]{1 2}*(0.5 0.25)@(0 0)/0, f32[2]{2 -2}, groups=2), 1.0, 10)",
      "quint8[1,2,1,1]{12 9}*1@10",
    },
    { OPS "conv_transpose1d (quint8[1,1,2]{1 2}*1@0, " OPS "conv_transpose1d_prepack (qint8[1,1,2]{1 3}*1@0, None, [2]), 1.0, 0)", "quint8[1,1,4]{1 3 2 6}*1@0" },
    /* x = {-1 3} with its own range: -64 and 191 steps of 4 / 255. */
    {
      OPS "conv1d_dynamic (f32[1,1,2]{-1 3}, " OPS "conv1d_prepack (qint8[1,1,2]{1 2}*0.5@0, f32[1]{1}))", "f32[1,1,1]{3.494117647}",
    },
    { OPS "conv2d (quint8[1,1,1,1]{1}*1@0, " OPS "conv3d_prepack (qint8[1,1,1,1,1]{1}*1@0), 1.0, 0)", "!ARGUMENT expected a packed weight of class Conv2dPackedParamsBase" },
    { OPS "conv_transpose2d (quint8[1,1,1,1]{1}*1@0, " OPS "conv2d_prepack (qint8[1,1,1,1]{1}*1@0), 1.0, 0)", "!ARGUMENT packed for a plain convolution" },
    { OPS "conv2d_prepack (qint8[1,1,2,2]{1 ...}*1@0, None, 1, 'same')", "!ARGUMENT one padding for both sides" },
    { OPS "conv2d_unpack (" OPS "linear_prepack (qint8[1,1]{1}*0.5@0))", "!ARGUMENT `packed_weights` is " },
    { OPS "conv3d_unpack (" OPS "conv2d_prepack (qint8[1,1,1,1]{1}*1@0))", "!ARGUMENT of class Conv2dPackedParamsBase, expected a packed weight of class Conv3d" },
    { OPS "conv_unpack (f32[1]{1})", "!ARGUMENT `packed_weights` is " },
    { OPS "conv1d_unpack (" OPS "conv1d_prepack (qint8[1,1,2]{1 -1}*1@0, f32[1]{3}))", "(qint8[1,1,2]{1 -1}*1@0, f32[1]{3})" },
  };

  LFB_TEST_ROWS (rows);
}

static void
test_transposed (void)
{
  /* Each pixel spreads over the kernel: {1 2} by {1 10 100}. */
  static const LfbTestRow rows[] = {
    { "torch.conv_transpose1d (f32[1,1,2]{1 2}, f32[1,1,3]{1 10 100})", "f32[1,1,4]{1 12 120 200}" },
    { "torch.conv_transpose1d (f32[1,1,2]{1 2}, f32[1,1,3]{1 10 100}, None, 2)", "f32[1,1,5]{1 10 102 20 200}" },
    { "torch.conv_transpose1d (f64[1,1,2]{1 2}, f64[1,1,3]{1 10 1e300}, None, 2)", "f64[1,1,5]{1 10 1e300 20 2e300}" },
    { "torch.conv_transpose1d (f32[1,1,2]{1 2}, f32[1,1,3]{1 10 100}, f32[1]{0.5}, 2, 1, 1)", "f32[1,1,4]{10.5 102.5 20.5 200.5}" },
    /* More padding than the kernel reaches takes pixels away. */
    { "torch.conv_transpose1d (f32[1,1,3]{1 2 3}, f32[1,1,1]{1}, None, 1, 1)", "f32[1,1,1]{2}" },
    { "torch.conv_transpose1d (f32[1,1,2]{1 2}, f32[1,1,2]{1 10}, dilation=2)", "f32[1,1,4]{1 2 10 20}" },
    { QUANTIZED "ConvTranspose1d (quint8[1,1,2]{4 5}*1@3, qint8[1,1,3]{1 10 100}*1@0, None, 2, scale=1.0, zero_point=9)", "quint8[1,1,5]{10 19 111 29 209}*1@9" },
    { QUANTIZED "ConvTranspose1d (quint8[1,1,3]{4 5 6}*1@3, qint8[1,1,1]{1}*1@0, None, 1, 1, scale=1.0, zero_point=9)", "quint8[1,1,1]{11}*1@9" },
    /* Two groups of one output each; scales per output channel. */
    {
      QUANTIZED "ConvTranspose2d (quint8[1,2,1,1]{1 2}*1@0, qint8[2,2,1,1]{1 2 3 4}*(1 0.5)@(0 0)/1, None, groups=2, scale=1.0)",
      "quint8[1,4,1,1]{1 1 6 4}*1@0",
    },
    {
      QUANTIZED "ConvTranspose1d (quint8[1,1,2]{1 2}*1@0, qint8[1,1,1]{1}*1@0, None, padding_mode='reflect')", "!ARGUMENT `padding_mode` of a transposed convolution",
    },
    { "torch.conv_transpose1d (f32[1,1,1]{1}, f32[1,1,1]{1}, None, 1, 5)", "!SHAPE gives an output of -9" },
  };

  LFB_TEST_ROWS (rows);
}

static void
test_added (void)
{
  /* acc 3, b / (sx sw) 2, m = 0.25: 1.25; the second operand 4 * (0.5 / 1). */
  static const LfbTestRow rows[] = {
    {
      FUSED "ConvAdd2d (quint8[1,1,1,1]{3}*0.5@0, quint8[1,1,1,1]{6}*0.5@2, qint8[1,1,1,1]{1}*0.5@0, f32[1]{0.5}, scale=1.0, zero_point=10)",
      "quint8[1,1,1,1]{13}*1@10",
    },
    {
      FUSED "ConvAddReLU2d (quint8[1,1,1,1]{3}*0.5@0, quint8[1,1,1,1]{0}*5@2, qint8[1,1,1,1]{1}*0.5@0, f32[1]{0.5}, scale=1.0, zero_point=10)",
      "quint8[1,1,1,1]{10}*1@10",
    },
    {
      FUSED "ConvAdd2d (quint8[1,1,1,1]{3}*0.5@0, quint8[1,2,1,1]{6 6}*0.5@2, qint8[1,1,1,1]{1}*0.5@0, None)",
      "!SHAPE `extra` has the shape [1, 2, 1, 1], expected that of the convolution, [1, 1, 1, 1]",
    },
  };

  LFB_TEST_ROWS (rows);
}

static void
test_float (void)
{
  static const LfbTestRow rows[] = {
    { "torch.conv1d (f32[1,1,3]{1 2 3}, f32[1,1,2]{1 -1}, f32[1]{0.5}, 1, 1)", "f32[1,1,4]{-0.5 -0.5 -0.5 3.5}" },
    { "torch.nn.functional.conv2d (f32[1,1,2,2]{1 2 3 4}, f32[1,1,2,2]{1 10 100 1000})", "f32[1,1,1,1]{4321}" },
    { "torch.conv2d (f32[1,2,1,1]{1 2}, f32[2,1,1,1]{3 4}, groups=2)", "f32[1,2,1,1]{3 8}" },
    { "torch.conv1d (f64[1,1,3]{1e300 2 3}, f64[1,1,2]{1 2}, f64[1]{1}, padding=1)", "f64[1,1,4]{2e300 1e300 9 4}" },
    { "torch.conv1d (f64[1,1,1]{1}, f32[1,1,1]{1})", "!DTYPE `weight` has the dtype float32 beside an input of float64" },
    { "torch.conv1d (f32[1,1,1]{1}, f32[1,1,1]{1}, f64[1]{1})", "!DTYPE `bias` has the dtype float64 beside an input of float32" },
    { "torch.nn.functional.conv3d (f32[1,1,1,1,2]{1 2}, f32[1,1,1,1,2]{3 4})", "f32[1,1,1,1,1]{11}" },
    { "torch.nn.Conv1d (f32[1,1,3]{1 2 3}, f32[1,1,2]{1 -1}, None, 1, 1, padding_mode='replicate')", "f32[1,1,4]{0 -1 -1 0}" },
    { "torch.conv1d (f32[2,1,1]{1 2}, f32[2,1,1]{1 10})", "f32[2,2,1]{1 10 2 20}" },
    {
      "torch.ao.nn.quantized.reference.Conv1d (f32[1,1,1]{8}, f32[1,1,1]{0.3}, weight_scale=f32[]{0.25}, weight_zero_point=i64[]{0}, "
      "weight_qscheme=per_tensor_affine, weight_dtype=qint8)",
      "f32[1,1,1]{2}",
    },
    { "torch.conv1d (quint8[1,1,1]{1}*1@0, f32[1,1,1]{1})", "!DTYPE `input`" },
    { "torch.conv2d (f32[1,1,1]{1}, f32[1,1,1]{1})", "!SHAPE `weight` has the shape [1, 1, 1], expected 4 dimensions" },
    { "torch.conv1d (f32[1,1,3]{1 2 3}, f32[1,1,2]{1 1}, f32[2]{1 1})", "!SHAPE `bias`" },
  };

  LFB_TEST_ROWS (rows);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/conv/static", test_static);
  g_test_add_func ("/conv/packed", test_packed);
  g_test_add_func ("/conv/transposed", test_transposed);
  g_test_add_func ("/conv/added", test_added);
  g_test_add_func ("/conv/float", test_float);

  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Quantize and dequantize, by hand from numerics.md. */

#include "lfb-test-rows.h"

static void
test_per_tensor (void)
{
  static const LfbTestRow rows[] = {
    /* Ties to even, before the zero point is added. */
    { "torch.quantize_per_tensor (f32[5]{0.5 1.5 2.5 -0.5 -1.5}, 1.0, 3, quint8)", "quint8[5]{3 5 5 3 1}*1@3" },
    { "torch.quantize_per_tensor (f32[4]{1000 -1000 inf -inf}, 1.0, 3, quint8)", "quint8[4]{255 0 255 0}*1@3" },
    { "torch.quantize_per_tensor (f32[2]{nan 1e30}, 1e-30, 7, quint8)", "quint8[2]{7 255}*1e-30@7" },
    { "torch.quantize_per_tensor (f32[3]{200 -200 0.3}, 1.0, 0, qint8)", "qint8[3]{127 -128 0}*1@0" },
    { "torch.quantize_per_tensor (f32[2]{3e9 -3e9}, 1.0, 0, qint32)", "qint32[2]{2147483647 -2147483648}*1@0" },
    { "torch.quantize_per_tensor (f32[0]{}, 0.5, 0, quint8)", "quint8[0]{}*0.5@0" },
    { "torch.quantize_per_tensor (f32[]{1}, 0.5, 0, quint8)", "quint8[]{2}*0.5@0" },
    /* Scale and zero point as models keep them: in tensors. */
    { "torch.quantize_per_tensor (f32[1]{1}, f32[1]{0.25}, i64[1]{10}, dtype=quint8)", "quint8[1]{14}*0.25@10" },
    { "torch.ao.nn.quantized.Quantize (f32[1]{1}, f32[1]{0.25}, i64[1]{10}, quint8)", "quint8[1]{14}*0.25@10" },
    { "torch.quantize_per_tensor (f32[1]{1}, 0.0, 0, quint8)", "!RANGE `scale` is 0" },
    { "torch.quantize_per_tensor (f32[1]{1}, inf, 0, quint8)", "!RANGE `scale` is inf" },
    { "torch.quantize_per_tensor (f32[1]{1}, 1.0, 256, quint8)", "!RANGE `zero_point` is 256, expected 0 to 255" },
    { "torch.quantize_per_tensor (i64[1]{1}, 1.0, 0, quint8)", "!DTYPE `input` has the dtype int64, expected float32" },
    { "torch.quantize_per_tensor (f32[1]{1}, 1.0, 0, float32)", "!DTYPE `dtype` is float32" },
    { "torch.quantize_per_tensor (f32[1]{1}, 'x', 0, quint8)", "!ARGUMENT `scale` is text" },
  };

  LFB_TEST_ROWS (rows);
}

static void
test_per_channel (void)
{
  static const LfbTestRow rows[] = {
    {
      "torch.quantize_per_channel (f32[2,2]{1 2 3 4}, f32[2]{0.5 1}, i64[2]{0 10}, 0, qint8)",
      "qint8[2,2]{2 4 13 14}*(0.5 1)@(0 10)/0",
    },
    {
      "torch.quantize_per_channel (f32[2,2]{1 2 3 4}, f32[2]{0.5 1}, i64[2]{0 10}, 1, quint8)",
      "quint8[2,2]{2 12 6 14}*(0.5 1)@(0 10)/1",
    },
    /* Float zero points: added before rounding; two elements a byte, low bits first. */
    {
      "torch.quantize_per_channel (f32[2,2]{0 1 2 7}, f32[2]{0.5 0.5}, f32[2]{0.25 1.5}, 0, quint4x2)",
      "quint4x2[2,2]{0 2 6 15}*(0.5 0.5)@@(0.25 1.5)/0",
    },
    {
      "torch.dequantize (qint8[2,2]{2 4 13 14}*(0.5 1)@(0 10)/0)", "f32[2,2]{1 2 3 4}",
    },
    { "torch.dequantize (quint4x2[2,2]{0 2 6 15}*(0.5 0.5)@@(0.25 1.5)/0)", "f32[2,2]{-0.125 0.875 2.25 6.75}" },
    {
      "torch.quantize_per_channel (f32[2,2]{1 ...}, f32[3]{1 ...}, i64[3]{0 ...}, 0, qint8)",
      "!SHAPE 3 scales and 3 zero points, expected 2",
    },
    { "torch.quantize_per_channel (f32[2]{1 1}, f32[2]{1 1}, i64[2]{0 0}, 1, qint8)", "!RANGE `axis` is 1" },
    { "torch.quantize_per_channel (f32[2]{1 1}, f32[2]{1 0}, i64[2]{0 0}, 0, qint8)", "!RANGE `scales` is 0" },
    { "torch.quantize_per_channel (f32[2]{1 1}, f32[2]{1 1}, f32[2]{0 0}, 0, qint8)", "!DTYPE `dtype` is qint8" },
  };

  LFB_TEST_ROWS (rows);
}

static void
test_dynamic (void)
{
  static const LfbTestRow rows[] = {
    { "torch.quantize_per_tensor_dynamic (f32[2]{-1 3}, quint8, False)", "quint8[2]{0 255}*0.015686274509803921@64" },
    { "torch.quantize_per_tensor_dynamic (f32[2]{-1 3}, quint8, True)", "quint8[2]{0 127}*0.031496062992125984@32" },
    { "torch.quantize_per_tensor_dynamic (f32[2]{0 0}, quint8, False)", "quint8[2]{0 0}*0.1@0" },
    /* The range is extended to hold 0. */
    { "torch.quantize_per_tensor_dynamic (f32[2]{51 102}, quint8, False)", "quint8[2]{128 255}*0.4@0" },
    { "torch.quantize_per_tensor_dynamic (f32[1]{2.5}, float16, True)", "f16[1]{2.5}" },
    { "torch.quantize_per_tensor_dynamic (f32[0]{}, quint8, False)", "!RANGE empty" },
    { "torch.quantize_per_tensor_dynamic (f32[2]{nan 1}, quint8, False)", "!RANGE NaN" },
    { "torch.quantize_per_tensor_dynamic (f32[2]{inf 1}, quint8, False)", "!RANGE infinite" },
    { "torch.quantize_per_tensor_dynamic (f32[2]{1 1}, qint32, False)", "!DTYPE `dtype` is qint32" },
  };

  LFB_TEST_ROWS (rows);
}

static void
test_dequantize (void)
{
  static const LfbTestRow rows[] = {
    { "dequantize (quint8[3]{0 128 255}*0.5@128)", "f32[3]{-64 0 63.5}" },
    { "torch.Tensor.dequantize (qint8[2]{-128 127}*2@1)", "f32[2]{-258 252}" },
    { "torch.dequantize (qint32[1]{-2147483648}*1@0)", "f32[1]{-2147483648}" },
    { "dequantize (f16[1]{1.5})", "f32[1]{1.5}" },
    { "dequantize (f32[1]{1.5})", "f32[1]{1.5}" },
    { "torch.dequantize ([quint8[1]{3}*1@1, quint8[1]{4}*1@1])", "[f32[1]{2}, f32[1]{3}]" },
    { "int_repr (quint8[2]{7 9}*1@1)", "u8[2]{7 9}" },
    { "q_scale (quint8[2]{7 9}*0.25@1)", "0.25" },
    { "q_zero_point (quint8[2]{7 9}*0.25@1)", "1" },
    { "q_per_channel_scales (qint8[2]{7 9}*(0.25 0.5)@(0 0)/0)", "f32[2]{0.25 0.5}" },
    { "q_per_channel_axis (qint8[2]{7 9}*(0.25 0.5)@(0 0)/0)", "0" },
    { "q_scale (f32[1]{1})", "!DTYPE not quantized per tensor" },
    { "int_repr (f32[1]{1})", "!DTYPE not quantized" },
  };

  LFB_TEST_ROWS (rows);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/quantize/per-tensor", test_per_tensor);
  g_test_add_func ("/quantize/per-channel", test_per_channel);
  g_test_add_func ("/quantize/dynamic", test_dynamic);
  g_test_add_func ("/quantize/dequantize", test_dequantize);

  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Linear, by hand from numerics.md. */

#include "lfb-test-rows.h"

#define LINEAR "torch.ao.nn.quantized.Linear"
#define FUSED "torch.ao.nn.intrinsic.quantized."
#define DYNAMIC "torch.ao.nn.quantized.dynamic.Linear"
#define OPS "torch.ops.quantized."

static void
test_static (void)
{
  /* x - zx = {1 2}, sx = 0.5; w = {3 4} and {-1 1}, sw = 0.25, 0.5: sums 11, 1.
   * y = (acc + b / (sx sw)) * (sx sw / sy): (11 + 8) * 0.125, (1 - 4) * 0.25.
   */
  static const LfbTestRow rows[] = {
    {
      LINEAR " (quint8[1,2]{11 12}*0.5@10, qint8[2,2]{3 4 -1 1}*(0.25 0.5)@(0 0)/0, f32[2]{1 -1}, 1.0, 5)",
      "quint8[1,2]{7 4}*1@5",
    },
    {
      FUSED "LinearReLU (quint8[1,2]{11 12}*0.5@10, qint8[2,2]{3 4 -1 1}*(0.25 0.5)@(0 0)/0, f32[2]{1 -1}, 1.0, 5)",
      "quint8[1,2]{7 5}*1@5",
    },
    {
      OPS "linear (quint8[1,2]{11 12}*0.5@10, "
      OPS "linear_prepack (qint8[2,2]{3 4 -1 1}*(0.25 0.5)@(0 0)/0, f32[2]{1 -1}), 1.0, 5)",
      "quint8[1,2]{7 4}*1@5",
    },
    {
      OPS "linear_relu (quint8[1,2]{11 12}*0.5@10, "
      OPS "linear_prepack (qint8[2,2]{3 4 -1 1}*(0.25 0.5)@(0 0)/0, B=f32[2]{1 -1}), 1.0, 5)",
      "quint8[1,2]{7 5}*1@5",
    },
    /* Without a bias, a vector, several leading dimensions, a weight zero point. */
    { LINEAR " (quint8[2]{11 12}*0.5@10, qint8[1,2]{3 4}*0.25@1, None, 0.125, 0)", "quint8[1]{8}*0.125@0" },
    { LINEAR " (quint8[2,1,1]{1 2}*1@0, qint8[1,1]{2}*1@0, None, 1.0, 0)", "quint8[2,1,1]{2 4}*1@0" },
    { LINEAR " (quint8[0,2]{}*1@0, qint8[3,2]{1 ...}*1@0, None, 1.0, 0)", "quint8[0,3]{}*1@0" },
    /* Values far outside are clamped, not wrapped. */
    { LINEAR " (quint8[1,1]{255}*1000@0, qint8[2,1]{127 -128}*1000@0, None, 1e-6, 9)", "quint8[1,2]{255 0}*1e-6@9" },
    {
      FUSED "LinearLeakyReLU (quint8[1,2]{11 12}*0.5@10, qint8[2,2]{3 4 -1 1}*(0.25 0.5)@(0 0)/0, f32[2]{1 -1}, "
      "0.125, 100, negative_slope=0.5)",
      "quint8[1,2]{119 97}*0.125@100",
    },
    {
      FUSED "LinearTanh (quint8[1,1]{1}*1@0, qint8[1,1]{1}*1@0, f32[1]{0}, 0.0078125, 128)",
      "quint8[1,1]{225}*0.0078125@128",
    },
    { LINEAR " (quint8[1,3]{1 2 3}*1@0, qint8[1,2]{3 4}*1@0, None, 1.0, 0)", "!SHAPE `input` has the shape [1, 3], expected a last dimension of 2" },
    { LINEAR " (qint8[1,1]{1}*1@0, qint8[1,1]{1}*1@0, None, 1.0, 0)", "!DTYPE `input` has the dtype qint8, expected quint8" },
    { LINEAR " (f32[1,1]{1}, qint8[1,1]{1}*1@0, None, 1.0, 0)", "!DTYPE `input` has the dtype float32" },
    { LINEAR " (quint8[1,1]{1}*1@0, quint8[1,1]{1}*1@0, None, 1.0, 0)", "!DTYPE `weight` has the dtype quint8" },
    { LINEAR " (quint8[1,1]{1}*1@0, qint8[1,1]{1}*1@0, f32[2]{1 1}, 1.0, 0)", "!SHAPE `bias` has the shape [2], expected [1]" },
    { LINEAR " (quint8[1,1]{1}*1@0, qint8[2,1]{1 1}*1@0, f32[2]{1 nan}, 1.0, 0)", "!RANGE `bias` is nan at element 1, expected a finite number" },
    { OPS "linear_prepack (qint8[2,1]{1 1}*1@0, f32[2]{inf 0})", "!RANGE `bias` is inf at element 0" },
    { OPS "linear_prepack_fp16 (f32[1,1]{1}, f32[1]{nan})", "!RANGE `bias` is nan at element 0" },
    { LINEAR " (quint8[1,1]{1}*1@0, qint8[1,1]{1}*1@0, None, 0.0, 0)", "!RANGE `scale`" },
    { OPS "linear (quint8[1,1]{1}*1@0, 3, 1.0, 0)", "!ARGUMENT `W_prepack` is an int" },
    { OPS "linear_prepack (qint8[1,70000]{1 ...}*1@0)", "!RANGE 70000 inputs, expected at most 65793" },
    { OPS "linear_prepack (qint8[1,33026]{1 ...}*1@1)", "!RANGE 33026 inputs, expected at most 33025" },
    { OPS "linear_prepack (f32[1,1]{1})", "!DTYPE `W` has the dtype float32" },
    { OPS "linear_prepack (qint8[1,2]{1 1}*(1 1)@(0 0)/1)", "!ARGUMENT quantized along dimension 1, expected its outputs, 0" },
  };

  LFB_TEST_ROWS (rows);
}

/* No sum may leave 32 bits or saturate on its way: 255 * 127 over many k. */
static void
test_extremes (void)
{
  static const LfbTestRow rows[] = {
    /* 65793 * 255 * 127 = 2130706305 = 2^31 - 16777343 */
    { LINEAR " (quint8[65793]{255 ...}*1@0, qint8[1,65793]{127 ...}*1@0, None, 16777216.0, 0)", "quint8[1]{127}*16777216@0" },
    { LINEAR " (quint8[65793]{255 ...}*1@0, qint8[1,65793]{-128 ...}*1@0, None, 16777216.0, 255)", "quint8[1]{127}*16777216@255" },
    /* x = zx everywhere: the bias is left. */
    { LINEAR " (quint8[1,300]{77 ...}*0.5@77, qint8[1,300]{127 ...}*0.25@0, f32[1]{3}, 0.5, 1)", "quint8[1,1]{7}*0.5@1" },
    { LINEAR " (quint8[1,300]{77 ...}*0.5@77, qint8[1,300]{127 ...}*0.25@-5, f32[1]{3}, 0.5, 1)", "quint8[1,1]{7}*0.5@1" },
  };

  LFB_TEST_ROWS (rows);
}

static void
test_dynamic (void)
{
  /* x = {-1 3}: scale 4 / 255, zero point 64, integers 0 and 255: -64 and 191
   * steps. w = {1 2}: the sum is 318.
   */
  static const LfbTestRow rows[] = {
    { DYNAMIC " (f32[1,2]{-1 3}, qint8[1,2]{1 2}*0.5@0, f32[1]{1}, reduce_range=False)", "f32[1,1]{3.494117647}" },
    /* Reduced: scale 4 / 127, -32 and 95 steps, the sum 158. */
    { DYNAMIC " (f32[1,2]{-1 3}, qint8[1,2]{1 2}*0.5@0, f32[1]{1})", "f32[1,1]{3.488188976}" },
    {
      FUSED "dynamic.LinearReLU (f32[1,2]{-1 3}, qint8[2,2]{1 2 -1 -2}*0.5@0, None, reduce_range=False)",
      "f32[1,2]{2.494117647 0}",
    },
    {
      OPS "linear_dynamic (f32[1,2]{-1 3}, " OPS "linear_prepack (qint8[1,2]{1 2}*0.5@0, f32[1]{1}))",
      "f32[1,1]{3.494117647}",
    },
    {
      OPS "linear_relu_dynamic (f32[1,2]{-1 3}, " OPS "linear_prepack (qint8[1,2]{-1 -2}*0.5@0), True)",
      "f32[1,1]{0}",
    },
    /* Weights rounded to half, 1 / 2049 and beyond its range. */
    {
      OPS "linear_dynamic_fp16 (f32[1,2]{1 1}, " OPS "linear_prepack_fp16 (f32[2,2]{2049 0 1e6 0}, f32[2]{1 0}))",
      "f32[1,2]{2049 65504}",
    },
    {
      OPS "linear_relu_dynamic_fp16 (f32[1,1]{-1}, " OPS "linear_prepack_fp16 (f32[1,1]{1}))", "f32[1,1]{0}",
    },
    { DYNAMIC " (f32[1,1]{2}, f16[1,1]{0.5}, f32[1]{1})", "f32[1,1]{2}" },
    { DYNAMIC " (f32[0,2]{}, qint8[1,2]{1 2}*0.5@0, None)", "!RANGE empty" },
    { DYNAMIC " (f32[1,2]{nan 1}, qint8[1,2]{1 2}*0.5@0, None)", "!RANGE NaN" },
    { DYNAMIC " (quint8[1,2]{1 1}*1@0, qint8[1,2]{1 2}*0.5@0, None)", "!DTYPE expected float32" },
  };

  LFB_TEST_ROWS (rows);
}

static void
test_float (void)
{
  static const LfbTestRow rows[] = {
    { "torch.nn.functional.linear (f32[1,2]{1 2}, f32[2,2]{3 4 5 6}, f32[2]{0.5 1})", "f32[1,2]{11.5 18}" },
    { "torch._C._nn.linear (f32[2]{1 2}, f32[1,2]{3 4})", "f32[1]{11}" },
    { "torch.nn.Linear (f32[1,2]{1 2}, weight=f32[1,2]{3 4})", "f32[1,1]{11}" },
    /* (1 * 3 + 2 * 7) * 5 + (1 * 4 + 2 * 8) * 6 */
    { "torch.bilinear (f32[1,2]{1 2}, f32[1,2]{5 6}, f32[1,2,2]{3 4 7 8}, f32[1]{0.5})", "f32[1,1]{205.5}" },
    { "torch.nn.Bilinear (f64[2]{1 2}, f64[1]{5}, weight=f64[2,2,1]{3 4 7 8})", "f64[2]{55 115}" },
    { "torch.bilinear (f32[0,1]{}, f32[0,1]{}, f32[2,1,1]{1 2})", "f32[0,2]{}" },
    { "torch.bilinear (f32[1,2]{1 2}, f32[2,2]{1 2 3 4}, f32[1,2,2]{1 ...})", "!SHAPE expected the same but for the last" },
    { "torch.bilinear (f32[1,2]{1 2}, f32[1,1]{1}, f32[1,2,2]{1 ...})", "!SHAPE `input2` has the shape [1, 1], expected a last dimension of 2" },
    { "torch.bilinear (f32[1,1]{1}, f32[1,1]{1}, f32[2,1,1]{1 2}, f32[1]{1})", "!SHAPE `bias` has the shape [1]" },
    { "torch.bilinear (f32[1,1]{1}, f32[1,1]{1}, f64[2,1,1]{1 2})", "!DTYPE `weight`" },
    { "torch.bilinear (i64[1,1]{1}, i64[1,1]{1}, i64[2,1,1]{1 2})", "!DTYPE int64, expected floats" },
    { "torch.nn.functional.linear (f32[2,0]{}, f32[3,0]{}, f32[3]{1 2 3})", "f32[2,3]{1 2 3 1 2 3}" },
    { "torch.nn.functional.linear (f16[1,1]{2}, f16[1,1]{3})", "f16[1,1]{6}" },
    /* A reference module rounds its weight to its integers: 0.3 / 0.25 is 1. */
    {
      "torch.ao.nn.quantized.reference.Linear (f32[1,1]{8}, weight=f32[1,1]{0.3}, weight_scale=f32[1]{0.25}, "
      "weight_zero_point=i64[1]{0}, weight_axis=i32[]{0}, weight_qscheme=per_channel_affine, weight_dtype=qint8)",
      "f32[1,1]{2}",
    },
    /* Without a scheme the weight is used as it is, half or not, as torch does. */
    {
      "torch.ao.nn.quantized.reference.Linear (f32[1,1]{1}, weight=f32[1,1]{2049}, weight_dtype=float16)",
      "f32[1,1]{2049}",
    },
    { "torch.nn.functional.linear (f32[1,3]{1 2 3}, f32[1,2]{3 4})", "!SHAPE expected a last dimension of 2" },
    { "torch.nn.functional.linear (quint8[1,1]{1}*1@0, f32[1,1]{1})", "!DTYPE `input` has the dtype quint8" },
  };

  LFB_TEST_ROWS (rows);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/linear/static", test_static);
  g_test_add_func ("/linear/extremes", test_extremes);
  g_test_add_func ("/linear/dynamic", test_dynamic);
  g_test_add_func ("/linear/float", test_float);

  return g_test_run ();
}

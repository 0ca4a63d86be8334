/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Pools, means and other reductions, resampling, norms. */

#include "lfb-test-rows.h"

#define OPS "torch.ops.quantized."

static void
test_pools (void)
{
  static const LfbTestRow rows[] = {
    { "torch.nn.functional.max_pool1d (f32[1,1,4]{1 4 2 3}, 2)", "f32[1,1,2]{4 3}" },
    { "torch.nn.functional.max_pool2d (quint8[1,1,2,2]{1 4 2 3}*0.5@9, 2)", "quint8[1,1,1,1]{4}*0.5@9" },
    /* Padding never wins, whatever the zero point is. */
    { "torch.nn.functional.max_pool2d (quint8[1,1,1,1]{1}*0.5@200, 2, 1, 1)", "quint8[1,1,2,2]{1 ...}*0.5@200" },
    { "torch.nn.MaxPool2d (qint8[1,1,1,1]{-128}*0.5@0, 3, 1, 1)", "qint8[1,1,1,1]{-128}*0.5@0" },
    { "torch.nn.functional.max_pool1d (f32[1,5]{1 2 3 4 5}, 2, 2, 0, 1, True)", "f32[1,3]{2 4 5}" },
    /* A window that reaches over the whole of the input. */
    { "torch.nn.functional.max_pool1d (f32[1,1]{7}, 2, ceil_mode=True)", "f32[1,1]{7}" },
    { "torch.nn.functional.max_pool1d (f32[1,5]{1 9 3 4 5}, 2, 1, dilation=2)", "f32[1,3]{3 9 5}" },
    { "torch.nn.MaxPool3d (f32[1,1,1,1,2]{1 2}, (1, 1, 2))", "f32[1,1,1,1,1]{2}" },
    { "torch.nn.functional.avg_pool1d (f32[1,4]{1 3 5 7}, 2)", "f32[1,2]{2 6}" },
    /* Of equal ones the first, of NaN the last. */
    { "torch.adaptive_max_pool1d (f32[1,7]{1 5 5 nan 2 nan 3}, 3)", "(f32[1,3]{5 nan nan}, i64[1,3]{1 3 5})" },
    { "torch.adaptive_max_pool1d (f32[1,2]{-inf -inf}, 2)", "(f32[1,2]{-inf -inf}, i64[1,2]{0 1})" },
    { "torch.adaptive_max_pool1d (f32[1,1,1,2]{1 2}, 2)", "!SHAPE expected 2 to 3" },
    { "torch.nn.AdaptiveMaxPool2d (f32[1,2,2]{1 3 4 2}, output_size=1, return_indices=True)", "(f32[1,1,1]{4}, i64[1,1,1]{2})" },
    /* With padding: (0 + 1) / 2, or 1 / 1. */
    { "torch.nn.functional.avg_pool1d (f32[1,1]{1}, 2, 1, 1)", "f32[1,2]{0.5 0.5}" },
    { "torch.nn.functional.avg_pool1d (f32[1,1]{1}, 2, 1, 1, False, False)", "f32[1,2]{1 1}" },
    { "torch.nn.functional.avg_pool2d (f32[1,1,1,2]{1 3}, (1, 2), divisor_override=1)", "f32[1,1,1,1]{4}" },
    /* 1 + 2 - 2 * 4 = -5, halved -2.5: to even -2. */
    { "torch.nn.functional.avg_pool2d (quint8[1,1,1,2]{1 2}*0.5@4, (1, 2))", "quint8[1,1,1,1]{2}*0.5@4" },
    { "torch.nn.AvgPool3d (quint8[1,1,1,1,2]{1 3}*0.5@4, (1, 1, 2))", "quint8[1,1,1,1,1]{2}*0.5@4" },
    { "torch.nn.functional.adaptive_avg_pool1d (f32[1,5]{1 2 3 4 5}, 2)", "f32[1,2]{2 4}" },
    { "torch.nn.AdaptiveAvgPool2d (quint8[1,1,2,2]{1 2 3 4}*0.5@0, 1)", "quint8[1,1,1,1]{2}*0.5@0" },
    { "torch.nn.AdaptiveAvgPool2d (f32[1,1,2,2]{1 2 3 4}, (None, 1))", "f32[1,1,2,1]{1.5 3.5}" },
    { "torch.nn.functional.max_pool1d (f32[1,3]{1 2 3}, 2, 1, 2)", "!RANGE `padding` is 2, expected at most half" },
    { "torch.nn.functional.max_pool1d (f32[1,1]{1}, 2)", "!SHAPE has no window of 2" },
    { "torch.nn.functional.max_pool1d (f32[1,3]{1 2 3}, 0)", "!RANGE `kernel_size` is 0" },
    { "torch.nn.functional.max_pool1d (f32[1,3]{1 2 3}, 2, return_indices=True)", "!UNSUPPORTED `return_indices`" },
    { "torch.nn.functional.avg_pool2d (f32[1,1,1,1]{1}, 1, divisor_override=0)", "!RANGE `divisor_override` is 0" },
    { "torch.nn.functional.adaptive_avg_pool1d (f32[1,3]{1 2 3}, 0)", "f32[1,0]{}" },
    { "torch.nn.functional.adaptive_avg_pool1d (f32[1,3]{1 2 3}, -1)", "!RANGE `output_size` is -1" },
    { "torch.nn.functional.avg_pool2d (i64[1,1,1,1]{1}, 1)", "!DTYPE expected floats" },
    { "torch.nn.functional.max_pool1d (f64[1,3]{1e300 3 2}, 2, 1)", "f64[1,2]{1e300 3}" },
    { "torch.nn.functional.avg_pool1d (f64[1,2]{1e300 3e300}, 2)", "f64[1,1]{2e300}" },
    { "torch.nn.functional.adaptive_avg_pool1d (f64[1,2]{1e300 3e300}, 1)", "f64[1,1]{2e300}" },
    { "torch.nn.functional.adaptive_max_pool1d (f32[1,5]{1 9 3 4 5}, 2)", "f32[1,2]{9 5}" },
    { "torch.nn.functional.adaptive_max_pool1d (f32[1,3]{-1 nan -3}, 2)", "f32[1,2]{nan nan}" },
    { "torch.nn.functional.adaptive_max_pool1d (f32[1,2]{-inf 7}, 4)", "f32[1,4]{-inf -inf 7 7}" },
    { "torch.nn.AdaptiveMaxPool2d (f32[1,1,2,2]{1 2 3 4}, (None, 1))", "f32[1,1,2,1]{2 4}" },
    { "torch.nn.AdaptiveMaxPool3d (f32[1,1,1,1,3]{1 5 3}, 1)", "f32[1,1,1,1,1]{5}" },
    { "torch.nn.functional.adaptive_max_pool2d (f32[1,1]{1}, 1)", "!SHAPE expected 3 to 4 dimensions" },
    { "torch.nn.functional.adaptive_max_pool2d (f32[1,1,1]{1}, (1, -1))", "!RANGE `output_size` is -1" },
    { "torch.nn.functional.adaptive_max_pool2d (quint8[1,1,1]{1}*0.5@0, 1)", "!DTYPE is quantized" },
    { "torch.nn.functional.adaptive_max_pool2d (i64[1,1,1]{1}, 1)", "!DTYPE expected floats" },
  };

  LFB_TEST_ROWS (rows);
}

static void
test_reductions (void)
{
  static const LfbTestRow rows[] = {
    { "torch.mean (f32[2,2]{1 2 3 4})", "f32[]{2.5}" },
    { "torch.mean (f32[2,2]{1 2 3 4}, 1)", "f32[2]{1.5 3.5}" },
    { "mean (f32[2,2]{1 2 3 4}, [0, 1], True)", "f32[1,1]{2.5}" },
    /* -5 / 2 to even -2; 1 / 2 to 0. */
    { "torch.mean (quint8[2,2]{1 2 4 5}*0.5@4, (1,))", "quint8[2]{2 4}*0.5@4" },
    { "torch.norm (f32[2,2]{1 1 -1 1})", "f32[]{2}" },
    { "torch.norm (f32[2,2]{3 -4 0 -2}, 1, 1)", "f32[2]{7 2}" },
    { "norm (f32[2,2]{3 -4 0 nan}, inf, 1, True)", "f32[2,1]{4 nan}" },
    { "torch.norm (f32[3]{3 -4 -2}, -inf)", "f32[]{2}" },
    { "torch.norm (f32[3]{3 0 -2}, 0)", "f32[]{2}" },
    { "torch.norm (f32[2]{3 -4}, 'fro', dtype='float64')", "!ARGUMENT `p` is 'fro'" },
    { "torch.norm (f32[2,2]{3 -4 1 1}, 'nuc')", "!UNSUPPORTED `p` is 'nuc'" },
    { "torch.norm (f32[0]{}, -1)", "f32[]{0}" },
    { "torch.norm (i64[2]{3 4})", "!DTYPE expected floats" },
    { "torch.linalg.vector_norm (f32[0]{}, -1)", "!SHAPE nothing has no norm" },
    { "torch.linalg.vector_norm (f32[2]{3 -4}, 0.5)", "f32[]{13.928203}" },
    { "torch.linalg.vector_norm (f32[2]{3 -4})", "f32[]{5}" },
    { "torch.linalg.norm (f32[2,2]{3 -4 1 2}, 1)", "f32[]{6}" },
    { "torch.linalg.norm (f32[2,2]{3 -4 1 2}, -1)", "f32[]{4}" },
    { "torch.linalg.norm (f32[2,2]{3 -4 1 2}, inf)", "f32[]{7}" },
    { "torch.linalg.norm (f32[2,2]{3 -4 1 2}, -inf, (1, 0))", "f32[]{4}" },
    { "torch.linalg.norm (f32[2,2]{3 -4 1 2}, 2)", "!UNSUPPORTED singular value" },
    { "torch.linalg.norm (f32[2,2]{3 -4 1 2}, 3)", "!ARGUMENT `ord` is 3 for a matrix" },
    { "torch.linalg.norm (f32[1,1,2]{3 -4}, 1)", "!SHAPE over 3 dimensions" },
    { "torch.linalg.norm (f32[1,1,2]{3 -4})", "f32[]{5}" },
    { "torch.sum (i64[2]{1 2})", "i64[]{3}" },
    { "torch.sum (bool[3]{1 1 0})", "i64[]{2}" },
    { "torch.sum (f32[0]{})", "f32[]{0}" },
    { "torch.prod (f32[2,2]{1 2 3 4}, 0)", "f32[2]{3 8}" },
    { "torch.amax (f32[2,2]{1 nan 3 4}, 1)", "f32[2]{nan 4}" },
    { "torch.amin (f32[2,2]{1 2 3 4}, axis=0, keepdims=True)", "f32[1,2]{1 2}" },
    { "torch.all (bool[2]{1 0})", "bool[]{0}" },
    { "torch.any (bool[2]{1 0})", "bool[]{1}" },
    { "torch.var (f32[2]{1 3})", "f32[]{2}" },
    { "torch.std (f32[2]{1 3}, 0, False)", "f32[]{1}" },
    { "torch.cumsum (f32[3]{1 2 3}, 0)", "f32[3]{1 3 6}" },
    { "torch.logsumexp (f32[0]{}, 0)", "f32[]{-inf}" },
    { "torch.cumsum (f32[2]{0.6 0.7}, 0, dtype=int64)", "i64[2]{0 0}" },
    { "torch.all (u8[1]{3}, 0)", "u8[]{1}" },
    { "torch.logsumexp (f32[2]{0 0}, 0)", "f32[]{0.69314718}" },
    { "torch.mean (i64[2]{1 2})", "!DTYPE expected floats" },
    { "torch.mean (f32[2]{1 2}, (0, 0))", "!ARGUMENT names dimension 0 twice" },
    { "torch.amax (f32[0]{})", "!SHAPE empty" },
    { "torch.sum (quint8[1]{1}*1@0)", "!DTYPE `input` is quantized" },
  };

  LFB_TEST_ROWS (rows);
}

static void
test_resampling (void)
{
  static const LfbTestRow rows[] = {
    { "torch.nn.functional.interpolate (f32[1,1,2]{1 2}, 4)", "f32[1,1,4]{1 1 2 2}" },
    { "torch.nn.functional.interpolate (quint8[1,1,1,2]{1 2}*0.5@3, scale_factor=2)", "quint8[1,1,2,4]{1 1 2 2 1 1 2 2}*0.5@3" },
    /* Centres at -0.25, 0.25, 0.75, 1.25. */
    { "torch.nn.functional.interpolate (f32[1,1,2]{0 4}, 4, mode='linear')", "f32[1,1,4]{0 1 3 4}" },
    { "torch.nn.functional.interpolate (f64[1,1,2]{0 4e300}, 4, mode='linear')", "f64[1,1,4]{0 1e300 3e300 4e300}" },
    { "torch.nn.functional.interpolate (f32[1,1,2]{0 4}, 5, mode='linear', align_corners=True)", "f32[1,1,5]{0 1 2 3 4}" },
    { "torch.nn.Upsample (f32[1,1,1,2]{0 4}, (1, 4), mode='bilinear')", "f32[1,1,1,4]{0 1 3 4}" },
    /* 0.5 - 2 is -1.5, to even -2: 0. */
    { "torch.nn.functional.interpolate (quint8[1,1,1,2]{0 2}*0.5@2, (1, 4), mode='bilinear')", "quint8[1,1,1,4]{0 0 2 2}*0.5@2" },
    { "torch.nn.functional.interpolate (f32[1,1,2]{0 4}, 4, mode='cubic')", "!UNSUPPORTED `mode` is 'cubic'" },
    { "torch.nn.functional.interpolate (f32[1,1,2]{0 4})", "!ARGUMENT one of the arguments `size` and `scale_factor`" },
    { "torch.nn.functional.interpolate (f32[1,1,2]{0 4}, 0)", "!SHAPE resampled to 0" },
    { "torch.nn.functional.interpolate (f32[1,1,2]{0 4}, scale_factor=nan)", "!RANGE `scale_factor`" },
    { "torch.nn.functional.interpolate (f32[2]{0 4}, 4)", "!SHAPE expected 3 to 5 dimensions" },
  };

  LFB_TEST_ROWS (rows);
}

static void
test_norms (void)
{
  static const LfbTestRow rows[] = {
    {
      "torch.nn.functional.batch_norm (f32[1,2]{3 3}, f32[2]{1 0}, f32[2]{4 9}, f32[2]{2 1}, f32[2]{0.5 0}, eps=0.0)", "f32[1,2]{2.5 1}",
    },
    /* The statistics of the batch itself. */
    { "torch.nn.BatchNorm1d (f32[2,1]{1 3}, eps=0.0)", "f32[2,1]{-1 1}" },
    {
      "torch.ao.nn.quantized.BatchNorm2d (quint8[1,1,1,2]{10 0}*0.5@4, f32[1]{2}, f32[1]{1}, f32[1]{1}, f32[1]{4}, 0.0, 0.5, 8)",
      "quint8[1,1,1,2]{14 4}*0.5@8",
    },
    {
      "torch.ao.nn.intrinsic.quantized.BNReLU2d (quint8[1,1,1,2]{10 0}*0.5@4, f32[1]{2}, f32[1]{1}, f32[1]{1}, f32[1]{4}, 0.0, 0.5, 8)",
      "quint8[1,1,1,2]{14 8}*0.5@8",
    },
    { "torch.nn.functional.layer_norm (f32[1,2]{1 3}, (2,), f32[2]{2 1}, f32[2]{0 1}, 0.0)", "f32[1,2]{-2 2}" },
    { "torch.nn.functional.group_norm (f32[1,2,1]{1 3}, 1, eps=0.0)", "f32[1,2,1]{-1 1}" },
    { "torch.nn.functional.instance_norm (f32[1,1,2]{1 3}, eps=0.0)", "f32[1,1,2]{-1 1}" },
    { "torch.nn.InstanceNorm1d (f32[1,1,2]{1 3}, f32[1]{1}, f32[1]{4}, track_running_stats=True, eps=0.0)", "f32[1,1,2]{0 1}" },
    { "torch.nn.InstanceNorm1d (f32[1,2]{1 3}, eps=0.0)", "f32[1,2]{-1 1}" },
    { OPS "layer_norm (quint8[1,2]{1 3}*0.5@9, (2,), None, None, 0.0, 0.25, 10)", "quint8[1,2]{6 14}*0.25@10" },
    { OPS "group_norm (quint8[1,2,1]{1 3}*0.5@9, 1, None, None, 0.0, 0.25, 10)", "quint8[1,2,1]{6 14}*0.25@10" },
    { OPS "instance_norm (quint8[1,1,2]{1 3}*0.5@9, None, None, 0.0, 0.25, 10)", "quint8[1,1,2]{6 14}*0.25@10" },
    { "torch.nn.functional.layer_norm (f32[1,2]{1 3}, (3,))", "!SHAPE ends in `normalized_shape`, [3]" },
    { "torch.nn.functional.group_norm (f32[1,3,1]{1 2 3}, 2)", "!SHAPE does not divide 3 channels" },
    { "torch.nn.BatchNorm2d (f32[1,1]{1})", "!SHAPE expected 4 dimensions" },
    { "torch.nn.functional.batch_norm (f32[1,2]{3 3}, f32[1]{1}, f32[2]{4 9})", "!SHAPE `running_mean` has the shape [1], expected [2]" },
    { "torch.ao.nn.quantized.BatchNorm2d (quint8[1,1,1,1]{10}*0.5@4)", "!ARGUMENT running mean or variance is missing" },
  };

  LFB_TEST_ROWS (rows);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pool/pools", test_pools);
  g_test_add_func ("/pool/reductions", test_reductions);
  g_test_add_func ("/pool/resampling", test_resampling);
  g_test_add_func ("/pool/norms", test_norms);

  return g_test_run ();
}

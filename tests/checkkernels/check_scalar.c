/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is computed once and not per instruction set: rounding, the parameters
 * of the output stages, scale and zero point of a range. */

#include "check.h"
#include "reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <lowerfb/kernels/round.h>

static void
round_case (float x)
{
  double wide = (double) x * 1048576.0;

  check_case ("%a", (double) x);
  check_true ((float) lfb_round_even (x) == ref_round (x));
  check_true ((double) lfb_round_even_double ((double) x) == (double) ref_round (x));
  check_true ((double) lfb_round_even_double (wide) == nearbyint (wide));
}

static void
check_round (const LfbKernels *kernels)
{
  (void) kernels;

  /* Ties, their neighbours, both ends. */
  for (int i = -2100; i <= 2100; i++)
    {
      float tie = (float) i * 0.5f;

      round_case (tie);
      round_case (nextafterf (tie, 1e9f));
      round_case (nextafterf (tie, -1e9f));
    }

  for (float x = 4194296.0f; x <= 4194304.0f; x += 0.5f)
    {
      round_case (x);
      round_case (-x);
    }

  for (int i = 0; i < 200000; i++)
    {
      int exponent = (int) rnd_between (-149, 22);

      round_case (ldexpf (rnd_float (-1.0f, 1.0f), exponent));
    }

  check_case ("clamp");
  check_true (lfb_clamp_float (NAN, -3.0f, 5.0f) == -3.0f);
  check_true (lfb_clamp_float (INFINITY, -3.0f, 5.0f) == 5.0f);
  check_true (lfb_clamp_float (-INFINITY, -3.0f, 5.0f) == -3.0f);
  check_true (lfb_clamp_float (4.5f, -3.0f, 5.0f) == 4.5f);
}

static void
parameters_case (size_t n,
                 bool   per_channel,
                 bool   with_bias)
{
  size_t length = lfb_output_length (n);
  float *multiplier = guard_new (CHECK_F32, length, PLACE_END);
  float *bias = guard_new (CHECK_F32, length, PLACE_END);
  float *expected = guard_new (CHECK_F32, length, PLACE_END);
  float *expected_bias = guard_new (CHECK_F32, length, PLACE_END);
  float *w_scales = guard_new (CHECK_F32, per_channel ? n : 1, PLACE_END);
  float *b = with_bias ? guard_new (CHECK_F32, n, PLACE_END) : NULL;
  size_t n_w_scales = per_channel ? n : 1;
  float x_scale = rnd_scale ();
  float y_scale = rnd_scale ();

  check_case ("n=%zu per_channel=%d with_bias=%d", n, per_channel, with_bias);
  check_true (length >= n + 15 && length % 16 == 0);

  for (size_t i = 0; i < n_w_scales; i++)
    w_scales[i] = rnd_scale ();
  for (size_t i = 0; with_bias && i < n; i++)
    b[i] = rnd_float (-10.0f, 10.0f);

  memset (expected, 0, length * sizeof (float));
  memset (expected_bias, 0, length * sizeof (float));
  for (size_t i = 0; i < n; i++)
    {
      float product = x_scale * w_scales[per_channel ? i : 0];

      expected[i] = product / y_scale;
      expected_bias[i] = with_bias ? b[i] / product : 0.0f;
    }

  lfb_requantize_compute (multiplier, bias, n, b, x_scale, w_scales, n_w_scales, y_scale);
  check_same (CHECK_F32, multiplier, expected, length);
  check_same (CHECK_F32, bias, expected_bias, length);

  for (size_t i = 0; i < n; i++)
    {
      expected[i] = x_scale * w_scales[per_channel ? i : 0];
      expected_bias[i] = with_bias ? b[i] : 0.0f;
    }

  lfb_rescale_compute (multiplier, bias, n, b, x_scale, w_scales, n_w_scales);
  check_same (CHECK_F32, multiplier, expected, length);
  check_same (CHECK_F32, bias, expected_bias, length);
  guard_free_all ();
}

static void
check_parameters (const LfbKernels *kernels)
{
  (void) kernels;

  for (size_t n = 1; n <= 70; n++)
    for (int i = 0; i < 4; i++)
      parameters_case (n, i & 1, i & 2);

  /* The largest counts of products whose worst sum is inside int32, and no more. */
  check_case ("limits");
  check_true (lfb_accumulation_limit (false) == 65793);
  check_true (lfb_accumulation_limit (true) == 33025);
  check_true (INT64_C (65793) * 255 * 128 <= INT32_MAX && INT64_C (65794) * 255 * 128 > INT32_MAX);
  check_true (INT64_C (33025) * 255 * 255 <= INT32_MAX && INT64_C (33026) * 255 * 255 > INT32_MAX);
  check_true (lfb_avg_pool_limit () == 8421504);
  check_true (INT64_C (8421504) * 255 <= INT32_MAX && INT64_C (8421505) * 255 > INT32_MAX);
}

/* Results of PyTorch 1.13's torch._choose_qparams_per_tensor (quint8). */
static const struct
{
  float  min;
  float  max;
  bool   reduce_range;
  double scale;
  int    zero_point;
} recorded[] = {
  { -0x1p+0f, 0x1.8p+1f, false, 0x1.010101010101p-6, 64 },
  { -0x1p+0f, 0x1.8p+1f, true, 0x1.0204081020408p-5, 32 },
  { 0x0p+0f, 0x0p+0f, false, 0x1.999999999999ap-4, 0 },
  { 0x0p+0f, 0x0p+0f, true, 0x1.999999999999ap-4, 0 },
  { 0x0p+0f, 0x1.0624dep-10f, false, 0x1.ffb48p-15, 0 },
  { 0x0p+0f, 0x1.0624dep-10f, true, 0x1.ffb48p-15, 0 },
  { -0x1.0624dep-10f, 0x0p+0f, false, 0x1.ffb48p-15, 255 },
  { -0x1.0624dep-10f, 0x0p+0f, true, 0x1.ffb48p-15, 127 },
  { -0x1.0624dep-10f, 0x1.0624dep-9f, false, 0x1.ffb48p-15, 85 },
  { -0x1.0624dep-10f, 0x1.0624dep-9f, true, 0x1.ffb48p-15, 42 },
  { -0x1.16c2p-133f, 0x1.16c2p-133f, false, 0x1.999999999999ap-4, 0 },
  { -0x1.16c2p-133f, 0x1.16c2p-133f, true, 0x1.999999999999ap-4, 0 },
  { 0x0p+0f, 0x1.cp-147f, false, 0x1.999999999999ap-4, 0 },
  { 0x0p+0f, 0x1.cp-147f, true, 0x1.999999999999ap-4, 0 },
  { 0x0p+0f, 0x1.ff933cp+127f, false, 0x1.00ca686868687p+120, 0 },
  { 0x0p+0f, 0x1.ff933cp+127f, true, 0x1.01cd3870e1c38p+121, 0 },
  { -0x1.ff933cp+127f, 0x1.ff933cp+127f, false, 0x1.00ca686868687p+121, 127 },
  { -0x1.ff933cp+127f, 0x1.ff933cp+127f, true, 0x1.01cd3870e1c38p+122, 64 },
  { 0x1p+0f, 0x1p+1f, false, 0x1.010101010101p-7, 0 },
  { 0x1p+0f, 0x1p+1f, true, 0x1.0204081020408p-6, 0 },
  { -0x1p+1f, -0x1p+0f, false, 0x1.010101010101p-7, 255 },
  { -0x1p+1f, -0x1p+0f, true, 0x1.0204081020408p-6, 127 },
  { -0x1p-1f, 0x1p-1f, false, 0x1.010101010101p-8, 128 },
  { -0x1p-1f, 0x1p-1f, true, 0x1.0204081020408p-7, 64 },
  { -0x1p+0f, 0x1p-2f, false, 0x1.4141414141414p-8, 204 },
  { -0x1p+0f, 0x1p-2f, true, 0x1.42850a142850ap-7, 102 },
  { 0x0p+0f, 0x1.fbe76cp-7f, false, 0x1.ffb48p-15, 0 },
  { 0x0p+0f, 0x1.fbe76cp-7f, true, 0x1.ffe73a74e9d3ap-14, 0 },
  { -0x1.fbe76cp-7f, 0x1.a36e2ep-14f, false, 0x1.0097bbe9e9e9fp-14, 253 },
  { -0x1.fbe76cp-7f, 0x1.a36e2ep-14f, true, 0x1.019a58dfbf7fp-13, 126 },
  { 0x0p+0f, 0x1.fddebep-7f, false, 0x1.ffde9c9c9c9cap-15, 0 },
  { 0x0p+0f, 0x1.fddebep-7f, true, 0x1.00f14183060c2p-13, 0 },
  { -0x1p+7f, 0x1.fcp+6f, false, 0x1p+0, 128 },
  { -0x1p+7f, 0x1.fcp+6f, true, 0x1.0102040810204p+1, 64 },
  { -0x1.4p+2f, 0x1.466666p+2f, false, 0x1.4477aaaaaaaabp-5, 126 },
  { -0x1.4p+2f, 0x1.466666p+2f, true, 0x1.45beb060c183p-4, 63 },
  { -0x1.b7cdfep-34f, 0x1.47ae14p-8f, false, 0x1.ffb48p-15, 0 },
  { -0x1.b7cdfep-34f, 0x1.47ae14p-8f, true, 0x1.ffb48p-15, 0 },
  { -0x1.cac084p-8f, 0x1.cac084p-8f, false, 0x1.ffb48p-15, 127 },
  { -0x1.cac084p-8f, 0x1.cac084p-8f, true, 0x1.ce5d3e7cf9f3ep-14, 64 },
  { 0x1.b38fb8p-127f, 0x1.b38fbap-126f, false, 0x1.999999999999ap-4, 0 },
  { 0x1.b38fb8p-127f, 0x1.b38fbap-126f, true, 0x1.999999999999ap-4, 0 },
  { -0x1.0f9cap+3f, 0x1.d7f148p+2f, false, 0x1.fd92d6d6d6d6dp-5, 136 },
  { -0x1.0f9cap+3f, 0x1.d7f148p+2f, true, 0x1.ff946cd9b366dp-4, 68 },
  { 0x1.d30a98p-1f, 0x1.a8c094p+4f, false, 0x1.aa6afefefeffp-4, 0 },
  { 0x1.d30a98p-1f, 0x1.a8c094p+4f, true, 0x1.ac18c58b162c6p-3, 0 },
  { -0x1.216112p-2f, 0x1.b20b98p-10f, false, 0x1.243754ecececfp-10, 254 },
  { -0x1.216112p-2f, 0x1.b20b98p-10f, true, 0x1.255dd94a952a5p-9, 126 },
  { -0x1.db4ae2p-3f, 0x1.d4a228p-11f, false, 0x1.defe82aaaaaabp-11, 254 },
  { -0x1.db4ae2p-3f, 0x1.d4a228p-11f, true, 0x1.e0e146b56ad5bp-10, 127 },
  { 0x1.c4beecp-3f, 0x1.0cdde2p-2f, false, 0x1.0debcdcdcdcddp-10, 0 },
  { 0x1.c4beecp-3f, 0x1.0cdde2p-2f, true, 0x1.0efbd9b366cdap-9, 0 },
  { -0x1.e148f8p+3f, -0x1.167748p-6f, false, 0x1.e32c242424242p-5, 255 },
  { -0x1.e148f8p+3f, -0x1.167748p-6f, true, 0x1.e5131e3c78f1ep-4, 127 },
  { -0x1.7d825cp+7f, 0x1.a1f332p-10f, false, 0x1.7f022f28c1c1cp-1, 255 },
  { -0x1.7d825cp+7f, 0x1.a1f332p-10f, true, 0x1.8084356461c38p+0, 127 },
  { -0x1.156d38p+1f, 0x1.499416p-13f, false, 0x1.1688e7378f8f9p-7, 255 },
  { -0x1.156d38p+1f, 0x1.499416p-13f, true, 0x1.17a1a1937efep-6, 127 },
  { -0x1.2aef62p+8f, -0x1.5b1058p-12f, false, 0x1.2c1b7d7d7d7d8p+0, 255 },
  { -0x1.2aef62p+8f, -0x1.5b1058p-12f, true, 0x1.2d49f5ebd7af6p+1, 127 },
  { -0x1.28cfe6p+8f, -0x1.bf826ap-10f, false, 0x1.29f9dfdfdfdfep+0, 255 },
  { -0x1.28cfe6p+8f, -0x1.bf826ap-10f, true, 0x1.2b263264c9932p+1, 127 },
  { -0x1.2519dep-10f, 0x1.6e177cp-6f, false, 0x1.81eb04e4e4e4ep-14, 12 },
  { -0x1.2519dep-10f, 0x1.6e177cp-6f, true, 0x1.836ff9d3a74eap-13, 6 },
};

/* The rule, with the limits of any type; see "Dynamic quantization of a tensor". */
static void
choose_plainly (float    min,
                float    max,
                int      qmin,
                int      qmax,
                double  *scale,
                int32_t *zero_point)
{
  double zero;

  min = fminf (min, 0.0f);
  max = fmaxf (max, 0.0f);
  *scale = ((double) max - min) / (qmax - qmin);

  if ((float) *scale == 0.0f || isinf (1.0f / (float) *scale))
    *scale = 0.1;

  if (*scale < (double) 6.1e-5f)
    {
      float amplifier = 6.1e-5f / (float) *scale;

      *scale = 6.1e-5f;

      if (min == 0.0f)
        max = 6.1e-5f * (float) (qmax - qmin);
      else if (max == 0.0f)
        min = -6.1e-5f * (float) (qmax - qmin);
      else
        {
          min = min * amplifier;
          max = max * amplifier;
        }
    }

  if (abs (qmin) - fabs (min / *scale) < abs (qmax) - fabs (max / *scale))
    zero = qmin - min / *scale;
  else
    zero = qmax - max / *scale;

  *zero_point = zero < qmin ? qmin : zero > qmax ? qmax : (int32_t) nearbyint (zero);
}

static float
rnd_magnitude (void)
{
  int exponent = (int) rnd_between (-149, 20);

  return ldexpf (rnd_float (-1.0f, 1.0f), exponent);
}

static void
qparams_case (float min,
              float max,
              int   qmin,
              int   qmax,
              bool  reduce_range)
{
  double scale, expected_scale;
  int32_t zero_point, expected_zero_point;

  check_case ("min=%a max=%a qmin=%d reduce_range=%d", (double) min, (double) max, qmin, reduce_range);
  choose_plainly (min, max, reduce_range ? qmin / 2 : qmin, reduce_range ? qmax / 2 : qmax, &expected_scale,
                  &expected_zero_point);
  lfb_choose_qparams (min, max, qmin, qmax, reduce_range, &scale, &zero_point);
  check_same (CHECK_S32, &scale, &expected_scale, sizeof scale / sizeof (int32_t));
  check_same (CHECK_S32, &zero_point, &expected_zero_point, 1);
  check_true ((float) scale > 0.0f && isfinite (1.0f / (float) scale));
}

static void
check_qparams (const LfbKernels *kernels)
{
  (void) kernels;

  for (size_t i = 0; i < sizeof recorded / sizeof recorded[0]; i++)
    {
      double scale;
      int32_t zero_point;

      check_case ("min=%a max=%a reduce_range=%d", (double) recorded[i].min, (double) recorded[i].max,
                  recorded[i].reduce_range);
      lfb_choose_qparams (recorded[i].min, recorded[i].max, 0, 255, recorded[i].reduce_range, &scale, &zero_point);
      check_true (scale == recorded[i].scale);
      check_true (zero_point == recorded[i].zero_point);
    }

  for (int i = 0; i < 20000; i++)
    {
      float a = rnd_one_in (10) ? 0.0f : rnd_magnitude ();
      float b = rnd_one_in (10) ? 0.0f : a * rnd_float (-4.0f, 4.0f);

      for (int form = 0; form < 4; form++)
        qparams_case (fminf (a, b), fmaxf (a, b), form & 1 ? -128 : 0, form & 1 ? 127 : 255, form & 2);
    }
}

const CheckEntry check_scalar_entries[] = {
  { "round", CHECK_NOT_A_KERNEL, check_round, NULL },
  { "output_parameters", CHECK_NOT_A_KERNEL, check_parameters, NULL },
  { "choose_qparams", CHECK_NOT_A_KERNEL, check_qparams, NULL },
  { NULL, 0, NULL, NULL },
};

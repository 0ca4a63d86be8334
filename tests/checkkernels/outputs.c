/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Parameters of output stages; see outputs.h. */

#include "outputs.h"

#include <math.h>
#include <string.h>

static float *
parameters_new (size_t n)
{
  size_t length = lfb_output_length (n);
  float *values = guard_aligned (length * sizeof *values);

  memset (values, 0, length * sizeof *values);

  return values;
}

Outputs
outputs_new (size_t  n,
             size_t  k,
             int32_t x_zero_point)
{
  float spread = 5500.0f * sqrtf ((float) k);
  Outputs outputs;

  outputs.multiplier = parameters_new (n);
  outputs.bias = parameters_new (n);
  outputs.rescale_multiplier = parameters_new (n);
  outputs.rescale_bias = parameters_new (n);

  for (size_t i = 0; i < n; i++)
    {
      /* Powers of two make ties of many sums. */
      outputs.multiplier[i] = rnd_one_in (4) ? ldexpf (1.0f, (int) rnd_between (-14, -1))
                                             : rnd_float (10.0f, 200.0f) / spread;
      outputs.bias[i] = rnd_one_in (4) ? (float) rnd_between (-100, 100) : rnd_float (-1.0f, 1.0f) * spread;
      outputs.rescale_multiplier[i] = rnd_scale ();
      outputs.rescale_bias[i] = rnd_one_in (3) ? 0.0f : rnd_float (-10.0f, 10.0f);
    }

  outputs.requantize.multiplier = outputs.multiplier;
  outputs.requantize.bias = outputs.bias;
  outputs.requantize.x_zero_point = x_zero_point;
  outputs.requantize.y_zero_point = (int32_t) (rnd_one_in (6) ? 0 : rnd_one_in (6) ? 255 : rnd_between (0, 255));
  outputs.requantize.y_min = rnd_one_in (2) ? 0 : outputs.requantize.y_zero_point;
  outputs.requantize.y_max = rnd_one_in (4) ? (int32_t) rnd_between (outputs.requantize.y_min, 255) : 255;

  outputs.rescale.multiplier = outputs.rescale_multiplier;
  outputs.rescale.bias = outputs.rescale_bias;
  outputs.rescale.x_zero_point = x_zero_point;
  outputs.rescale.relu = rnd_one_in (2);

  return outputs;
}

void
outputs_extreme (Outputs *outputs,
                 size_t   n)
{
  static const float multipliers[] = {
    0.5f, 0.25f, 1.0f, 0x1p-17f, 0x1p-24f, 1e-40f, 1e-45f, 0.0f, 1e30f, 3.4028234e38f, INFINITY, 0.00003f,
  };
  static const float biases[] = {
    0.0f, -0.0f, 0.5f, -0.5f, 1.5f, 1e-45f, -1e-39f, 1e30f, -1e30f, 3.4028234e38f, INFINITY, -INFINITY, NAN,
    16777216.0f, -16777216.0f, 1.0f, -1.0f,
  };

  for (size_t i = 0; i < n; i++)
    {
      outputs->multiplier[i] = multipliers[rnd () % (sizeof multipliers / sizeof multipliers[0])];
      outputs->bias[i] = biases[rnd () % (sizeof biases / sizeof biases[0])];
      outputs->rescale_multiplier[i] = multipliers[rnd () % (sizeof multipliers / sizeof multipliers[0])];
      outputs->rescale_bias[i] = biases[rnd () % (sizeof biases / sizeof biases[0])];
    }
}

void
outputs_freeze (Outputs *outputs)
{
  guard_freeze (outputs->multiplier);
  guard_freeze (outputs->bias);
  guard_freeze (outputs->rescale_multiplier);
  guard_freeze (outputs->rescale_bias);
}

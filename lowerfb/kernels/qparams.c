/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Scale and zero point of a tensor from its range.  numerics.md, "Dynamic
 * quantization of a tensor"; the order and width of every operation is part of
 * the rule, since scale and zero point decide all the bits that follow.
 */

#include <lowerfb/kernels/qparams.h>

#include <math.h>

#include <lowerfb/kernels/round.h>

/* A float, as the rule has it: 6.1e-5 rounded to single precision. */
#define SMALLEST_SCALE 6.1e-5f

void
lfb_choose_qparams (float    min,
                    float    max,
                    int32_t  qmin,
                    int32_t  qmax,
                    bool     reduce_range,
                    double  *scale,
                    int32_t *zero_point)
{
  double from_min, from_max, zero;

  if (reduce_range)
    {
      qmin /= 2;
      qmax /= 2;
    }

  min = min < 0.0f ? min : 0.0f;
  max = max > 0.0f ? max : 0.0f;

  *scale = ((double) max - (double) min) / (qmax - qmin);

  if ((float) *scale == 0.0f || isinf (1.0f / (float) *scale))
    *scale = 0.1;

  if (*scale < SMALLEST_SCALE)
    {
      float found = (float) *scale;

      *scale = SMALLEST_SCALE;

      if (min == 0.0f)
        max = SMALLEST_SCALE * (float) (qmax - qmin);
      else if (max == 0.0f)
        min = -SMALLEST_SCALE * (float) (qmax - qmin);
      else
        {
          min *= SMALLEST_SCALE / found;
          max *= SMALLEST_SCALE / found;
        }
    }

  from_min = min / *scale;
  from_max = max / *scale;

  /* The end of the range that leaves the smaller error decides. */
  if (fabs ((double) qmin) - fabs (from_min) < fabs ((double) qmax) - fabs (from_max))
    zero = qmin - from_min;
  else
    zero = qmax - from_max;

  if (zero < qmin)
    *zero_point = qmin;
  else if (zero > qmax)
    *zero_point = qmax;
  else
    *zero_point = (int32_t) lfb_round_even_double (zero);
}

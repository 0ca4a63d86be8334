/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Range of a float32 array.  The contract is minmax.h.
 *
 * The bits of a float, with all but the sign inverted where it is set, order as
 * a signed integer like the number does, infinities and NaNs beyond the finite
 * ones: integer minimum and maximum vectorise without any relaxed float
 * arithmetic, and the ends of the range tell whether all was finite.
 */

#include <lowerfb/kernels/minmax.h>

#include <stdint.h>
#include <string.h>

#define LARGEST_FINITE 0x7f7fffff

static int32_t
ordered (int32_t bits)
{
  return bits ^ ((bits >> 31) & 0x7fffffff);
}

static float
number (int32_t order)
{
  int32_t bits = ordered (order);
  float value;

  memcpy (&value, &bits, sizeof value);

  return value + 0.0f;  /* -0 becomes +0 */
}

bool
lfb_minmax_f32_c (const float *x,
                  size_t       n,
                  float       *min,
                  float       *max)
{
  int32_t low = INT32_MAX;
  int32_t high = INT32_MIN;

  for (size_t i = 0; i < n; i++)
    {
      int32_t bits, order;

      memcpy (&bits, x + i, sizeof bits);
      order = ordered (bits);
      low = order < low ? order : low;
      high = order > high ? order : high;
    }

  if (low < ordered (LARGEST_FINITE | INT32_MIN) || high > LARGEST_FINITE)
    {
      *min = *max = 0.0f;
      return false;
    }

  *min = number (low);
  *max = number (high);

  return true;
}

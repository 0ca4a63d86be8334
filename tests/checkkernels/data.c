/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Random and extreme data.  Every kernel starts from the seed anew, so that all
 * its variants meet the same cases and one kernel can be repeated alone. */

#include "check.h"

#include <math.h>
#include <string.h>


static uint64_t generator;

void
rnd_restart (void)
{
  generator = check_get_seed ();
}

uint64_t
rnd (void)
{
  /* A counter, scattered: Weyl sequence with two rounds of multiply and shift. */
  uint64_t z = (generator += UINT64_C (0x9e3779b97f4a7c15));

  z = (z ^ (z >> 30)) * UINT64_C (0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C (0x94d049bb133111eb);

  return z ^ (z >> 31);
}

int64_t
rnd_between (int64_t low,
             int64_t high)
{
  return low + (int64_t) (rnd () % (uint64_t) (high - low + 1));
}

bool
rnd_one_in (unsigned n)
{
  return rnd () % n == 0;
}

float
rnd_float (float low,
           float high)
{
  return low + (high - low) * (float) (rnd () >> 40) * 0x1p-24f;
}

float
rnd_scale (void)
{
  /* Two calls in one expression would have no fixed order. */
  int exponent = (int) rnd_between (-20, 3);

  return ldexpf (rnd_float (1.0f, 2.0f), exponent);
}

int
rnd_place (void)
{
  switch (rnd_between (0, 3))
    {
    case 0:
      return PLACE_BEGIN;
    case 1:
      return (int) rnd_between (0, 63);
    default:
      return PLACE_END;
    }
}

void
fill_floats (float *x,
             size_t n,
             float  scale,
             bool   finite)
{
  static const float special[] = {
    0.0f, -0.0f, 1e-45f, -1e-45f, 1.17549435e-38f, -1e-39f, 3.4028234e38f, -3.4028234e38f, 2147483648.0f,
    -2147483648.0f, 4294967296.0f, 1e20f, -1e20f, 8388608.0f, 16777217.0f, 0.49999997f, -0.49999997f,
  };

  for (size_t i = 0; i < n; i++)
    switch (rnd_between (0, 15))
      {
      case 0:
        x[i] = special[rnd () % (sizeof special / sizeof special[0])];
        break;
      case 1:
      case 2:
      case 3:
        /* Halves of the scale: ties where the scale is a power of two. */
        x[i] = (float) rnd_between (-600, 600) * 0.5f * scale;
        break;
      case 4:
        x[i] = finite ? 0.0f : rnd_one_in (3) ? NAN : rnd_one_in (2) ? INFINITY : -INFINITY;
        break;
      default:
        x[i] = rnd_float (-300.0f, 300.0f) * scale;
        break;
      }
}

void
fill_bytes (CheckType  type,
            void      *data,
            size_t     n,
            Fill       fill)
{
  uint8_t *bytes = data;
  uint8_t low = type == CHECK_U8 ? 0 : 0x80;
  uint8_t high = type == CHECK_U8 ? 0xff : 0x7f;

  switch (fill)
    {
    case FILL_ZERO:
      memset (bytes, 0, n);
      break;
    case FILL_LOW:
      memset (bytes, low, n);
      break;
    case FILL_HIGH:
      memset (bytes, high, n);
      break;
    case FILL_ENDS:
      for (size_t i = 0; i < n; i++)
        bytes[i] = rnd_one_in (2) ? low : high;
      break;
    default:
      for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t) rnd ();
      break;
    }
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The rules, once more; see reference.h. */

#include "reference.h"

#include <math.h>

int64_t
ref_qmin (CheckType type)
{
  return type == CHECK_U8 ? 0 : type == CHECK_S8 ? -128 : INT32_MIN;
}

int64_t
ref_qmax (CheckType type)
{
  return type == CHECK_U8 ? 255 : type == CHECK_S8 ? 127 : INT32_MAX;
}

float
ref_round (float x)
{
  float below, rest;

  /* No fractions up here; NaN and infinities also go this way. */
  if (!(fabsf (x) < 8388608.0f))
    return x;

  below = floorf (x);
  rest = x - below;

  if (rest > 0.5f || (rest == 0.5f && fmodf (below, 2.0f) != 0.0f))
    return below + 1.0f;

  return below;
}

int64_t
ref_clamp (float   rounded,
           int64_t zero_point,
           int64_t low,
           int64_t high)
{
  int64_t q;

  if (isnan (rounded))
    rounded = 0.0f;

  if (rounded > 1e15f)
    return high;

  if (rounded < -1e15f)
    return low;

  q = (int64_t) rounded + zero_point;

  return q < low ? low : q > high ? high : q;
}

int64_t
ref_quantize (float   x,
              float   scale,
              int64_t zero_point,
              int64_t low,
              int64_t high)
{
  float reciprocal = 1.0f / scale;

  return ref_clamp (ref_round (x * reciprocal), zero_point, low, high);
}

int64_t
ref_quantize_float_zero (float   x,
                         float   scale,
                         float   zero_point,
                         int64_t high)
{
  float reciprocal = 1.0f / scale;
  float product = x * reciprocal;

  if (isnan (product))
    product = 0.0f;

  product = product + zero_point;

  return ref_clamp (ref_round (product), 0, 0, high);
}

float
ref_dequantize (int64_t q,
                float   scale,
                int64_t zero_point)
{
  float difference = (float) (q - zero_point);

  return difference * scale;
}

uint8_t
ref_requantize (int64_t acc,
                float   bias,
                float   multiplier,
                int64_t zero_point,
                int64_t low,
                int64_t high)
{
  float value = (float) acc;

  value = value + bias;
  value = value * multiplier;

  if (isnan (value))
    return (uint8_t) low;

  return (uint8_t) ref_clamp (ref_round (value), zero_point, low, high);
}

uint8_t
ref_requantize_add (int64_t              acc,
                    float                bias,
                    float                multiplier,
                    const LfbRequantize *output,
                    int64_t              q,
                    const LfbAddend     *addend)
{
  float added = ref_dequantize (q, addend->scale, addend->zero_point);
  int64_t zero_point = output->y_zero_point;
  float value = (float) acc;

  if (addend->rounded)
    {
      int64_t product = ref_requantize (acc, bias, multiplier, zero_point, output->y_min, output->y_max);
      float sum = ref_dequantize (product, addend->product_scale, zero_point);

      sum = sum + added;
      sum = sum * addend->reciprocal;

      return (uint8_t) ref_clamp (ref_round (sum), addend->y_zero_point, addend->y_min, addend->y_max);
    }

  value = value + bias;
  value = value * multiplier;
  value = value + added;

  if (isnan (value))
    return (uint8_t) output->y_min;

  return (uint8_t) ref_clamp (ref_round (value), zero_point, output->y_min, output->y_max);
}

float
ref_rescale (int64_t acc,
             float   bias,
             float   multiplier,
             bool    relu)
{
  float value = (float) acc;

  value = value * multiplier;
  value = value + bias;

  return relu && value < 0.0f ? 0.0f : value;
}

int64_t
ref_get (CheckType   type,
         const void *data,
         size_t      i)
{
  return type == CHECK_U8   ? ((const uint8_t *) data)[i]
         : type == CHECK_S8 ? ((const int8_t *) data)[i]
                            : ((const int32_t *) data)[i];
}

void
ref_set (CheckType  type,
         void      *data,
         size_t     i,
         int64_t    value)
{
  if (type == CHECK_U8)
    ((uint8_t *) data)[i] = (uint8_t) value;
  else if (type == CHECK_S8)
    ((int8_t *) data)[i] = (int8_t) value;
  else
    ((int32_t *) data)[i] = (int32_t) value;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Functions of one float, as the C kernels share them.  The contract is
 * functions.h.  Arguments are cut off where the result no longer changes.
 */

#pragma once

#include <math.h>

#include <lowerfb/kernels/exp.h>

/* x, but not beyond @low and @high; a NaN stays one. */
static inline float
lfb_cut (float x,
         float low,
         float high)
{
  x = low > x ? low : x;

  return high < x ? high : x;
}

static inline float
lfb_exp_one (float x)
{
  return (float) lfb_exp_bounded ((double) lfb_cut (x, -150.0f, 100.0f));
}

static inline float
lfb_sigmoid_one (float x)
{
  return (float) (1.0 / (1.0 + lfb_exp_bounded (-(double) lfb_cut (x, -150.0f, 150.0f))));
}

/* tanh (a) of a >= 0: 1 to the last bit from 22 on. */
static inline double
lfb_tanh_double (double a)
{
  double t = lfb_expm1_bounded (2.0 * (22.0 < a ? 22.0 : a));

  return t / (t + 2.0);
}

static inline float
lfb_tanh_one (float x)
{
  return (float) copysign (lfb_tanh_double (fabs ((double) x)), (double) x);
}

static inline float
lfb_silu_one (float x)
{
  return x * lfb_sigmoid_one (x);
}

/* The upper tail of the normal distribution is a smooth function of a, times
 * exp (-a^2 / 2) / (1 + a): of that function, in q = (a - 4) / (a + 4), the
 * interpolation at 21 Chebyshev points of 0 <= a <= 20; relative error 3e-16.
 * @P makes pairs, @K constants. */
#define LFB_TAIL_POLYNOMIAL(P, K, q, q2, q4, q8, q16) \
  P (P (P (P (P (K (0.47205320650984472), K (-0.096703477326524859), q), \
              P (K (0.013999634724403739), K (0.02860036405343587), q), q2), \
           P (P (K (-0.032197837426948171), K (0.017936097483990117), q), \
              P (K (-0.0050023786134146741), K (-0.0002856231739473436), q), q2), q4), \
        P (P (P (K (0.00069489731438858188), K (-9.4429518584396765e-05), q), \
              P (K (-8.7854174309924814e-05), K (2.124585727100574e-05), q), q2), \
           P (P (K (1.3628786984467195e-05), K (-3.4178792551021172e-06), q), \
              P (K (-2.6108453886093237e-06), K (3.7617964420600837e-07), q), q2), q4), q8), \
     P (P (P (K (5.3495827478320828e-07), K (2.9672698611694564e-08), q), \
           P (K (-8.0547494394373622e-08), K (-2.6864224129823873e-08), q), q2), K (-2.2018365247388112e-09), q4), q16)

/* Beyond, x times the tail is 0 as a float. */
#define LFB_TAIL_END 16.0

static inline float
lfb_gelu_one (float x)
{
  double wide = (double) x;
  double whole = fabs (wide);
  double a = LFB_TAIL_END < whole ? LFB_TAIL_END : whole;
  double q = (a - 4.0) / (a + 4.0);
  double q2 = q * q, q4 = q2 * q2, q8 = q4 * q4, q16 = q8 * q8;
  double sum = LFB_TAIL_POLYNOMIAL (lfb_pair, LFB_CONSTANT, q, q2, q4, q8, q16);
  double tail;

  tail = sum / (1.0 + a) * lfb_exp_bounded (-0.5 * (a * a));
  tail = LFB_TAIL_END < whole ? 0.0 : tail;

  return (float) (wide * (wide < 0.0 ? tail : 1.0 - tail));
}

/* (1 + tanh (u)) / 2 is sigmoid (2 u). */
static inline float
lfb_gelu_tanh_one (float x)
{
  double cut = (double) lfb_cut (x, (float) -LFB_TAIL_END, (float) LFB_TAIL_END);
  double inner = -1.59576912160573071176 * (cut + 0.044715 * (cut * cut * cut));
  double part = 1.0 / (1.0 + lfb_exp_bounded (inner));

  return (float) ((double) x * (x < (float) -LFB_TAIL_END ? 0.0 : part));
}

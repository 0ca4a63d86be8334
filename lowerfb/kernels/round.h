/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Rounding to nearest, ties to even, and clamping, as numerics.md wants them:
 * one form that every compiler vectorises and no compiler flag bends.
 *
 * rintf() is a library call on x86 before SSE4.1, lrintf() does not vectorise
 * on every architecture, and both let the compiler choose.  Here one float
 * addition does the rounding: the neighbours of 1.5 * 2^23 are 1 apart, so
 * that x + 1.5 * 2^23 is x rounded to an integer by the addition itself, to
 * nearest and ties to even, and the integer stands in the low bits of the sum.
 * Reading the bits, rather than subtracting the constant again, leaves nothing
 * that reassociation could fold away.  What remains assumed is IEEE single
 * precision without excess precision and the default rounding mode, in which
 * all kernels are to be called; flushing denormals to zero changes nothing.
 */

#pragma once

#include <float.h>
#include <stdint.h>
#include <string.h>

#if FLT_EVAL_METHOD != 0
#error "the kernels need float arithmetic without excess precision (on 32-bit x86: -msse2 -mfpmath=sse)"
#endif

/* The integer nearest to @x, ties to even; |x| <= 2^22. */
static inline int32_t
lfb_round_even (float x)
{
  float shifted = x + 12582912.0f;
  int32_t bits;

  memcpy (&bits, &shifted, sizeof bits);

  return bits - 0x4b400000;
}

/* The same for doubles; |x| <= 2^51. */
static inline int64_t
lfb_round_even_double (double x)
{
  double shifted = x + 6755399441055744.0;
  int64_t bits;

  memcpy (&bits, &shifted, sizeof bits);

  return bits - INT64_C (0x4338000000000000);
}

/* @x between @low and @high; NaN gives @low.  These are x86's maxps (x, low)
 * and Arm's fmaxnm (x, low), then min with @high. */
static inline float
lfb_clamp_float (float x,
                 float low,
                 float high)
{
  x = x > low ? x : low;

  return x < high ? x : high;
}

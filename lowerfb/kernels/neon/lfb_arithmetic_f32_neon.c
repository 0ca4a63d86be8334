/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The four operations on float arrays, in NEON.  The contract is arithmetic.h. */

#include <lowerfb/kernels/cpu.h>
#include <lowerfb/kernels/simd/arithmetic.h>

LFB_ARITHMETIC_VARIANT (neon, LFB_CPU_NEON)

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The four operations on float arrays, in AVX-512.  The contract is arithmetic.h. */

#include <lowerfb/kernels/cpu.h>
#include <lowerfb/kernels/simd/arithmetic.h>

LFB_ARITHMETIC_VARIANT (avx512vnni, LFB_CPU_AVX512VNNI)

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Functions of floats, in AVX-512.  The contract is functions.h. */

#include <lowerfb/kernels/cpu.h>
#include <lowerfb/kernels/simd/functions.h>

LFB_FUNCTIONS_VARIANT (avx512vnni, LFB_CPU_AVX512VNNI)

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sum of two qint8, in AVX-512.  The contract is binary.h. */

#include <lowerfb/kernels/simd/binary.h>

LFB_BINARY_VARIANT (add, s8, int8_t, avx512vnni, reciprocal, true)

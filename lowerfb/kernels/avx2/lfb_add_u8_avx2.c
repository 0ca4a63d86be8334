/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sum of two quint8, in AVX2.  The contract is binary.h. */

#include <lowerfb/kernels/simd/binary.h>

LFB_BINARY_VARIANT (add, u8, uint8_t, avx2, reciprocal, false)

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Product of two quint8, in AVX2.  The contract is binary.h. */

#include <lowerfb/kernels/simd/binary.h>

LFB_BINARY_VARIANT (mul, u8, uint8_t, avx2, multiplier, false)

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Product of two qint8, in NEON.  The contract is binary.h. */

#include <lowerfb/kernels/simd/binary.h>

LFB_BINARY_VARIANT (mul, s8, int8_t, neon, multiplier, true)

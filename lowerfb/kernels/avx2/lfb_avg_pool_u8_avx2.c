/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Average pools of quint8, plain and adaptive, in AVX2.  The contract is avg_pool.h. */

#include <lowerfb/kernels/simd/avg_pool.h>

LFB_AVG_POOL_VARIANT (u8, uint8_t, avx2, LFB_AVG_U8)

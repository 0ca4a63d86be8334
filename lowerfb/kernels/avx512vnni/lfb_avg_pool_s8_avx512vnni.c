/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Average pools of qint8, plain and adaptive, in AVX-512.  The contract is avg_pool.h. */

#include <lowerfb/kernels/simd/avg_pool.h>

LFB_AVG_POOL_VARIANT (s8, int8_t, avx512vnni, LFB_AVG_S8)

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Max pool of quint8, in AVX-512.  The contract is max_pool.h. */

#include <lowerfb/kernels/simd/max_pool.h>

LFB_MAX_POOL_VARIANT (u8, uint8_t, avx512vnni, lfb_vb_fill (0))

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Max pool of quint8, in NEON.  The contract is max_pool.h. */

#include <lowerfb/kernels/simd/max_pool.h>

LFB_MAX_POOL_VARIANT (u8, uint8_t, neon, lfb_vb_fill (0))

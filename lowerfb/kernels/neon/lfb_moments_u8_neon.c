/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sum and sum of squares of quint8, in NEON.  The contract is norm.h. */

#include <lowerfb/kernels/simd/norm.h>

LFB_MOMENTS_VARIANT (u8, uint8_t, neon, false)

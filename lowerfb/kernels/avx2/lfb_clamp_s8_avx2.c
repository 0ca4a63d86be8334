/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Clamp of qint8, in AVX2.  The contract is clamp.h. */

#include <lowerfb/kernels/simd/clamp.h>

LFB_CLAMP_VARIANT (s8, int8_t, avx2, true)

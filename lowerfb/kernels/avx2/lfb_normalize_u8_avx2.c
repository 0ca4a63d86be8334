/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Normalization of quint8, in AVX2.  The contract is norm.h. */

#include <lowerfb/kernels/simd/norm.h>

LFB_NORMALIZE_VARIANT (u8, uint8_t, avx2, false)

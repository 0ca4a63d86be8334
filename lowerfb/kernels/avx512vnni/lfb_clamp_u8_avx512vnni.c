/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Clamp of quint8, in AVX-512.  The contract is clamp.h. */

#include <lowerfb/kernels/simd/clamp.h>

LFB_CLAMP_VARIANT (u8, uint8_t, avx512vnni, false)

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Scaling and shifting of qint8, in AVX-512.  The contract is norm.h. */

#include <lowerfb/kernels/simd/norm.h>

LFB_AFFINE_VARIANT (s8, int8_t, avx512vnni, true)

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* qint8 to float32, per tensor and per channel, in AVX2.  The contract is dequantize.h. */

#include <lowerfb/kernels/simd/dequantize.h>

LFB_DEQUANTIZE_BYTES_VARIANT (s8, int8_t, avx2, true)

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* quint8 to float32, per tensor and per channel, in AVX2.  The contract is dequantize.h. */

#include <lowerfb/kernels/simd/dequantize.h>

LFB_DEQUANTIZE_BYTES_VARIANT (u8, uint8_t, avx2, false)

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* float32 to qint32, per tensor and per channel, in AVX-512.  The contract is quantize.h. */

#include <lowerfb/kernels/simd/quantize.h>

LFB_QUANTIZE_S32_VARIANT (avx512vnni)

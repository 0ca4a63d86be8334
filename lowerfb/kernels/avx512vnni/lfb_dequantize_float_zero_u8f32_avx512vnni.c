/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Embedding rows with float zero points to float32, in AVX-512.  The contract is dequantize.h. */

#include <lowerfb/kernels/simd/dequantize.h>

LFB_DEQUANTIZE_FLOAT_ZERO_VARIANT (avx512vnni)

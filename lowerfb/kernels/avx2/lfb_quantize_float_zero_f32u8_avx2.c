/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* float32 to embedding rows with float zero points, in AVX2.  The contract is quantize.h. */

#include <lowerfb/kernels/simd/quantize.h>

LFB_QUANTIZE_FLOAT_ZERO_VARIANT (avx2)

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Softmax of floats, in AVX2.  The contract is softmax.h. */

#include <lowerfb/kernels/simd/softmax.h>

LFB_SOFTMAX_VARIANT (avx2)

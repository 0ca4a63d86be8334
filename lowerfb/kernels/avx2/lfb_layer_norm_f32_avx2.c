/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Layer normalization of floats, in AVX2.  The contract is layer_norm.h. */

#include <lowerfb/kernels/simd/layer_norm.h>

LFB_LAYER_NORM_VARIANT (avx2)

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Range of a float32 array, in AVX2.  The contract is minmax.h. */

#include <lowerfb/kernels/simd/minmax.h>

LFB_MINMAX_VARIANT (avx2)

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bags of embedding rows in 4 bits, in AVX2 with FMA.  The contract is embedding.h. */

#include <lowerfb/kernels/simd/embedding.h>

LFB_EMBEDDING_VARIANT (u4, 4, avx2)

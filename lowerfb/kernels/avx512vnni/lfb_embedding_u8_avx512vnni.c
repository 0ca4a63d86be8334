/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bags of embedding rows in 8 bits, in AVX-512.  The contract is embedding.h. */

#include <lowerfb/kernels/simd/embedding.h>

LFB_EMBEDDING_VARIANT (u8, 8, avx512vnni)

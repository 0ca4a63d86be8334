/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bags of embedding rows in 2 bits, in NEON.  The contract is embedding.h. */

#include <lowerfb/kernels/simd/embedding.h>

LFB_EMBEDDING_VARIANT (u2, 2, neon)

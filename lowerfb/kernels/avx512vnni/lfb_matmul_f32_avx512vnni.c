/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Products of float matrices, in AVX-512.  The contract is matmul.h. */

#include <lowerfb/kernels/simd/matmul.h>

LFB_MATMUL_VARIANT (avx512vnni)

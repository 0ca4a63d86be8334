/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Products of float matrices, in NEON.  The contract is matmul.h. */

#include <lowerfb/kernels/simd/matmul.h>

LFB_MATMUL_VARIANT (neon)

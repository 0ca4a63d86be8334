/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Transposing, in NEON.  The contract is transpose.h. */

#include <lowerfb/kernels/simd/transpose.h>

LFB_TRANSPOSE_VARIANT (neon)

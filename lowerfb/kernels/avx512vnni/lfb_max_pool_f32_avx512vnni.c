/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Max pool of float32, in AVX-512.  The contract is max_pool.h. */

#include <lowerfb/kernels/simd/max_pool.h>

LFB_MAX_POOL_VARIANT (f32, float, avx512vnni, lfb_vb_of_vf (lfb_vf_fill (-INFINITY)))

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Max pool of float32, in NEON.  The contract is max_pool.h. */

#include <lowerfb/kernels/simd/max_pool.h>

LFB_MAX_POOL_VARIANT (f32, float, neon, lfb_vb_of_vf (lfb_vf_fill (-INFINITY)))

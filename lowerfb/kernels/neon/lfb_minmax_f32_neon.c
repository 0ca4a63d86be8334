/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Range of a float32 array, in NEON.  The contract is minmax.h. */

#include <lowerfb/kernels/simd/minmax.h>

LFB_MINMAX_VARIANT (neon)

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Functions of floats, in NEON.  The contract is functions.h. */

#include <lowerfb/kernels/cpu.h>
#include <lowerfb/kernels/simd/functions.h>

LFB_FUNCTIONS_VARIANT (neon, LFB_CPU_NEON)

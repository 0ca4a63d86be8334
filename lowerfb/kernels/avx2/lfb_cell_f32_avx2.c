/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Recurrent cells, in AVX2.  The contract is cell.h. */

#include <lowerfb/kernels/cpu.h>
#include <lowerfb/kernels/simd/cell.h>

LFB_CELL_VARIANT (avx2, LFB_CPU_AVX2)

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Recurrent cells, in NEON.  The contract is cell.h. */

#include <lowerfb/kernels/cpu.h>
#include <lowerfb/kernels/simd/cell.h>

LFB_CELL_VARIANT (neon, LFB_CPU_NEON)

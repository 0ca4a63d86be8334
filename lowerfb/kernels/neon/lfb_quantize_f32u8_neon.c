/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* float32 to quint8, per tensor and per channel, in NEON.  The contract is quantize.h. */

#include <lowerfb/kernels/simd/quantize.h>

LFB_QUANTIZE_BYTES_VARIANT (u8, uint8_t, neon, false)

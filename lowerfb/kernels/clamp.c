/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The variants of the clamping kernels, weakest instruction set first. */

#include <lowerfb/kernels/clamp.h>

#include <lowerfb/kernels/select.h>

static const LfbClampU8Kernel clamp_u8_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_clamp_u8),
};

static const LfbClampS8Kernel clamp_s8_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_clamp_s8),
};

void
lfb_clamp_u8_init (LfbClampU8Kernel *kernel,
                   unsigned          cpu_flags)
{
  LFB_SELECT (kernel, clamp_u8_variants, cpu_flags);
}

void
lfb_clamp_s8_init (LfbClampS8Kernel *kernel,
                   unsigned          cpu_flags)
{
  LFB_SELECT (kernel, clamp_s8_variants, cpu_flags);
}

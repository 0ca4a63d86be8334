/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The variants of the max pool kernels, weakest instruction set first. */

#include <lowerfb/kernels/max_pool.h>

#include <lowerfb/kernels/select.h>

static const LfbMaxPoolU8Kernel max_pool_u8_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_max_pool_u8),
};

static const LfbMaxPoolS8Kernel max_pool_s8_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_max_pool_s8),
};

static const LfbMaxPoolF32Kernel max_pool_f32_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_max_pool_f32),
};

void
lfb_max_pool_u8_init (LfbMaxPoolU8Kernel *kernel,
                      unsigned            cpu_flags)
{
  LFB_SELECT (kernel, max_pool_u8_variants, cpu_flags);
}

void
lfb_max_pool_s8_init (LfbMaxPoolS8Kernel *kernel,
                      unsigned            cpu_flags)
{
  LFB_SELECT (kernel, max_pool_s8_variants, cpu_flags);
}

void
lfb_max_pool_f32_init (LfbMaxPoolF32Kernel *kernel,
                       unsigned             cpu_flags)
{
  LFB_SELECT (kernel, max_pool_f32_variants, cpu_flags);
}

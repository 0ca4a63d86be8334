/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The variants of the average pool kernels, weakest instruction set first. */

#include <lowerfb/kernels/avg_pool.h>

#include <lowerfb/kernels/select.h>

static const LfbAvgPoolU8Kernel avg_pool_u8_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_avg_pool_u8),
};

static const LfbAvgPoolS8Kernel avg_pool_s8_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_avg_pool_s8),
};

static const LfbAvgPoolF32Kernel avg_pool_f32_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_avg_pool_f32),
};

static const LfbAvgPoolU8Kernel adaptive_avg_pool_u8_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_adaptive_avg_pool_u8),
};

static const LfbAvgPoolS8Kernel adaptive_avg_pool_s8_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_adaptive_avg_pool_s8),
};

static const LfbAvgPoolF32Kernel adaptive_avg_pool_f32_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_adaptive_avg_pool_f32),
};

void
lfb_avg_pool_u8_init (LfbAvgPoolU8Kernel *kernel,
                      unsigned            cpu_flags)
{
  LFB_SELECT (kernel, avg_pool_u8_variants, cpu_flags);
}

void
lfb_avg_pool_s8_init (LfbAvgPoolS8Kernel *kernel,
                      unsigned            cpu_flags)
{
  LFB_SELECT (kernel, avg_pool_s8_variants, cpu_flags);
}

void
lfb_avg_pool_f32_init (LfbAvgPoolF32Kernel *kernel,
                       unsigned             cpu_flags)
{
  LFB_SELECT (kernel, avg_pool_f32_variants, cpu_flags);
}

void
lfb_adaptive_avg_pool_u8_init (LfbAvgPoolU8Kernel *kernel,
                               unsigned            cpu_flags)
{
  LFB_SELECT (kernel, adaptive_avg_pool_u8_variants, cpu_flags);
}

void
lfb_adaptive_avg_pool_s8_init (LfbAvgPoolS8Kernel *kernel,
                               unsigned            cpu_flags)
{
  LFB_SELECT (kernel, adaptive_avg_pool_s8_variants, cpu_flags);
}

void
lfb_adaptive_avg_pool_f32_init (LfbAvgPoolF32Kernel *kernel,
                                unsigned             cpu_flags)
{
  LFB_SELECT (kernel, adaptive_avg_pool_f32_variants, cpu_flags);
}

size_t
lfb_avg_pool_limit (void)
{
  /* Every element is at most 255 away from the zero point. */
  return INT32_MAX / 255;
}

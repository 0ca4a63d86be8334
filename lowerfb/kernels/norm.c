/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The variants of the kernels of normalization, weakest instruction set first. */

#include <lowerfb/kernels/norm.h>

#include <lowerfb/kernels/select.h>

static const LfbMomentsU8Kernel moments_u8_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_moments_u8),
};

static const LfbMomentsS8Kernel moments_s8_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_moments_s8),
};

static const LfbNormalizeU8Kernel normalize_u8_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_normalize_u8),
};

static const LfbNormalizeS8Kernel normalize_s8_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_normalize_s8),
};

static const LfbAffineU8Kernel affine_u8_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_affine_u8),
};

static const LfbAffineS8Kernel affine_s8_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_affine_s8),
};

void
lfb_moments_u8_init (LfbMomentsU8Kernel *kernel,
                     unsigned            cpu_flags)
{
  LFB_SELECT (kernel, moments_u8_variants, cpu_flags);
}

void
lfb_moments_s8_init (LfbMomentsS8Kernel *kernel,
                     unsigned            cpu_flags)
{
  LFB_SELECT (kernel, moments_s8_variants, cpu_flags);
}

void
lfb_normalize_u8_init (LfbNormalizeU8Kernel *kernel,
                       unsigned              cpu_flags)
{
  LFB_SELECT (kernel, normalize_u8_variants, cpu_flags);
}

void
lfb_normalize_s8_init (LfbNormalizeS8Kernel *kernel,
                       unsigned              cpu_flags)
{
  LFB_SELECT (kernel, normalize_s8_variants, cpu_flags);
}

void
lfb_affine_u8_init (LfbAffineU8Kernel *kernel,
                    unsigned           cpu_flags)
{
  LFB_SELECT (kernel, affine_u8_variants, cpu_flags);
}

void
lfb_affine_s8_init (LfbAffineS8Kernel *kernel,
                    unsigned           cpu_flags)
{
  LFB_SELECT (kernel, affine_s8_variants, cpu_flags);
}

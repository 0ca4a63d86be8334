/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The variants of the two-input kernels, weakest instruction set first. */

#include <lowerfb/kernels/binary.h>

#include <lowerfb/kernels/select.h>

static const LfbBinaryU8Kernel add_u8_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_add_u8),
};

static const LfbBinaryS8Kernel add_s8_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_add_s8),
};

static const LfbBinaryU8Kernel mul_u8_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_mul_u8),
};

static const LfbBinaryS8Kernel mul_s8_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_mul_s8),
};

void
lfb_add_u8_init (LfbBinaryU8Kernel *kernel,
                 unsigned           cpu_flags)
{
  LFB_SELECT (kernel, add_u8_variants, cpu_flags);
}

void
lfb_add_s8_init (LfbBinaryS8Kernel *kernel,
                 unsigned           cpu_flags)
{
  LFB_SELECT (kernel, add_s8_variants, cpu_flags);
}

void
lfb_mul_u8_init (LfbBinaryU8Kernel *kernel,
                 unsigned           cpu_flags)
{
  LFB_SELECT (kernel, mul_u8_variants, cpu_flags);
}

void
lfb_mul_s8_init (LfbBinaryS8Kernel *kernel,
                 unsigned           cpu_flags)
{
  LFB_SELECT (kernel, mul_s8_variants, cpu_flags);
}

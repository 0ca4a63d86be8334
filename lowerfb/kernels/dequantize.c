/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The variants of the dequantizing kernels, weakest instruction set first. */

#include <lowerfb/kernels/dequantize.h>

#include <lowerfb/kernels/select.h>

static const LfbDequantizeU8Kernel dequantize_u8_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_dequantize_u8f32),
};

static const LfbDequantizeS8Kernel dequantize_s8_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_dequantize_s8f32),
};

static const LfbDequantizeS32Kernel dequantize_s32_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_dequantize_s32f32),
};

static const LfbDequantizeChannelsU8Kernel dequantize_channels_u8_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_dequantize_channels_u8f32),
};

static const LfbDequantizeChannelsS8Kernel dequantize_channels_s8_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_dequantize_channels_s8f32),
};

static const LfbDequantizeChannelsS32Kernel dequantize_channels_s32_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_dequantize_channels_s32f32),
};

static const LfbDequantizeFloatZeroU8Kernel dequantize_float_zero_u8_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_dequantize_float_zero_u8f32),
};

void
lfb_dequantize_u8_init (LfbDequantizeU8Kernel *kernel,
                        unsigned               cpu_flags)
{
  LFB_SELECT (kernel, dequantize_u8_variants, cpu_flags);
}

void
lfb_dequantize_s8_init (LfbDequantizeS8Kernel *kernel,
                        unsigned               cpu_flags)
{
  LFB_SELECT (kernel, dequantize_s8_variants, cpu_flags);
}

void
lfb_dequantize_s32_init (LfbDequantizeS32Kernel *kernel,
                         unsigned                cpu_flags)
{
  LFB_SELECT (kernel, dequantize_s32_variants, cpu_flags);
}

void
lfb_dequantize_channels_u8_init (LfbDequantizeChannelsU8Kernel *kernel,
                                 unsigned                       cpu_flags)
{
  LFB_SELECT (kernel, dequantize_channels_u8_variants, cpu_flags);
}

void
lfb_dequantize_channels_s8_init (LfbDequantizeChannelsS8Kernel *kernel,
                                 unsigned                       cpu_flags)
{
  LFB_SELECT (kernel, dequantize_channels_s8_variants, cpu_flags);
}

void
lfb_dequantize_channels_s32_init (LfbDequantizeChannelsS32Kernel *kernel,
                                  unsigned                        cpu_flags)
{
  LFB_SELECT (kernel, dequantize_channels_s32_variants, cpu_flags);
}

void
lfb_dequantize_float_zero_u8_init (LfbDequantizeFloatZeroU8Kernel *kernel,
                                   unsigned                        cpu_flags)
{
  LFB_SELECT (kernel, dequantize_float_zero_u8_variants, cpu_flags);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The variants of the quantizing kernels, weakest instruction set first. */

#include <lowerfb/kernels/quantize.h>

#include <lowerfb/kernels/select.h>

static const LfbQuantizeU8Kernel quantize_u8_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_quantize_f32u8),
};

static const LfbQuantizeS8Kernel quantize_s8_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_quantize_f32s8),
};

static const LfbQuantizeS32Kernel quantize_s32_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_quantize_f32s32),
};

static const LfbQuantizeChannelsU8Kernel quantize_channels_u8_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_quantize_channels_f32u8),
};

static const LfbQuantizeChannelsS8Kernel quantize_channels_s8_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_quantize_channels_f32s8),
};

static const LfbQuantizeChannelsS32Kernel quantize_channels_s32_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_quantize_channels_f32s32),
};

static const LfbQuantizeFloatZeroU8Kernel quantize_float_zero_u8_variants[] = {
  LFB_VECTOR_VARIANTS (lfb_quantize_float_zero_f32u8),
};

void
lfb_quantize_u8_init (LfbQuantizeU8Kernel *kernel,
                      unsigned             cpu_flags)
{
  LFB_SELECT (kernel, quantize_u8_variants, cpu_flags);
}

void
lfb_quantize_s8_init (LfbQuantizeS8Kernel *kernel,
                      unsigned             cpu_flags)
{
  LFB_SELECT (kernel, quantize_s8_variants, cpu_flags);
}

void
lfb_quantize_s32_init (LfbQuantizeS32Kernel *kernel,
                       unsigned              cpu_flags)
{
  LFB_SELECT (kernel, quantize_s32_variants, cpu_flags);
}

void
lfb_quantize_channels_u8_init (LfbQuantizeChannelsU8Kernel *kernel,
                               unsigned                     cpu_flags)
{
  LFB_SELECT (kernel, quantize_channels_u8_variants, cpu_flags);
}

void
lfb_quantize_channels_s8_init (LfbQuantizeChannelsS8Kernel *kernel,
                               unsigned                     cpu_flags)
{
  LFB_SELECT (kernel, quantize_channels_s8_variants, cpu_flags);
}

void
lfb_quantize_channels_s32_init (LfbQuantizeChannelsS32Kernel *kernel,
                                unsigned                      cpu_flags)
{
  LFB_SELECT (kernel, quantize_channels_s32_variants, cpu_flags);
}

void
lfb_quantize_float_zero_u8_init (LfbQuantizeFloatZeroU8Kernel *kernel,
                                 unsigned                      cpu_flags)
{
  LFB_SELECT (kernel, quantize_float_zero_u8_variants, cpu_flags);
}

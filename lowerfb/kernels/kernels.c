/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fills the table of kernels; each kernel's own file knows its variants. */

#include <lowerfb/kernels/kernels.h>

/* The members of LfbKernels. */
#define LFB_EACH_KERNEL(DO) \
  DO (quantize_u8) \
  DO (quantize_s8) \
  DO (quantize_s32) \
  DO (quantize_channels_u8) \
  DO (quantize_channels_s8) \
  DO (quantize_channels_s32) \
  DO (quantize_float_zero_u8) \
  DO (dequantize_u8) \
  DO (dequantize_s8) \
  DO (dequantize_s32) \
  DO (dequantize_channels_u8) \
  DO (dequantize_channels_s8) \
  DO (dequantize_channels_s32) \
  DO (dequantize_float_zero_u8) \
  DO (minmax) \
  DO (linear) \
  DO (conv) \
  DO (max_pool_u8) \
  DO (max_pool_s8) \
  DO (max_pool_f32) \
  DO (avg_pool_u8) \
  DO (avg_pool_s8) \
  DO (avg_pool_f32) \
  DO (adaptive_avg_pool_u8) \
  DO (adaptive_avg_pool_s8) \
  DO (adaptive_avg_pool_f32) \
  DO (clamp_u8) \
  DO (clamp_s8) \
  DO (lookup) \
  DO (add_u8) \
  DO (add_s8) \
  DO (mul_u8) \
  DO (mul_s8) \
  DO (moments_u8) \
  DO (moments_s8) \
  DO (normalize_u8) \
  DO (normalize_s8) \
  DO (affine_u8) \
  DO (affine_s8) \
  DO (embedding_u8) \
  DO (embedding_u4) \
  DO (embedding_u2) \
  DO (functions) \
  DO (softmax) \
  DO (cell) \
  DO (arithmetic) \
  DO (layer_norm) \
  DO (matmul) \
  DO (transpose)

#define LFB_SIZE(name) + sizeof ((LfbKernels *) NULL)->name
_Static_assert (0 LFB_EACH_KERNEL (LFB_SIZE) == sizeof (LfbKernels),
                "a member of LfbKernels is not listed");
#undef LFB_SIZE

void
lfb_kernels_init (LfbKernels *kernels,
                  unsigned    cpu_flags)
{
#define LFB_INIT(name) lfb_##name##_init (&kernels->name, cpu_flags);
  LFB_EACH_KERNEL (LFB_INIT)
#undef LFB_INIT
}

const char *
lfb_kernels_describe (const LfbKernels  *kernels,
                      size_t             index,
                      const char       **isa)
{
#define LFB_DESCRIBE(name) { #name, kernels->name.isa },
  const struct
  {
    const char *name;
    const char *isa;
  } all[] = { LFB_EACH_KERNEL (LFB_DESCRIBE) };
#undef LFB_DESCRIBE

  if (index >= sizeof all / sizeof all[0])
    return NULL;

  *isa = all[index].isa;
  return all[index].name;
}

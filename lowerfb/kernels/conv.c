/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The variants of the convolution kernel, weakest instruction set first. */

#include <lowerfb/kernels/conv.h>

static const LfbConvKernel * const variants[] = {
  &lfb_conv_u8s8_c,
#ifdef __x86_64__
  &lfb_conv_u8s8_avx2,
  &lfb_conv_u8s8_avxvnni,
  &lfb_conv_u8s8_avx512vnni,
#endif
#ifdef __aarch64__
  &lfb_conv_u8s8_neon,
  &lfb_conv_u8s8_neondot,
#endif
};

void
lfb_conv_init (LfbConvKernel *kernel,
               unsigned       cpu_flags)
{
  for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++)
    if ((variants[i]->needs & ~cpu_flags) == 0)
      *kernel = *variants[i];
}

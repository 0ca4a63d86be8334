/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The variants of the four operations on float arrays, weakest instruction set first. */

#include <lowerfb/kernels/arithmetic.h>

static const LfbArithmeticKernel * const variants[] = {
  &lfb_arithmetic_f32_c,
#ifdef __x86_64__
  &lfb_arithmetic_f32_avx2,
  &lfb_arithmetic_f32_avx512vnni,
#endif
#ifdef __aarch64__
  &lfb_arithmetic_f32_neon,
#endif
};

void
lfb_arithmetic_init (LfbArithmeticKernel *kernel,
                    unsigned            cpu_flags)
{
  for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++)
    if ((variants[i]->needs & ~cpu_flags) == 0)
      *kernel = *variants[i];
}

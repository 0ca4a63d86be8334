/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The variants of the functions of floats, weakest instruction set first. */

#include <lowerfb/kernels/functions.h>

static const LfbFunctionsKernel * const variants[] = {
  &lfb_functions_f32_c,
#ifdef __x86_64__
  &lfb_functions_f32_avx2,
  &lfb_functions_f32_avx512vnni,
#endif
#ifdef __aarch64__
  &lfb_functions_f32_neon,
#endif
};

void
lfb_functions_init (LfbFunctionsKernel *kernel,
                    unsigned            cpu_flags)
{
  for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++)
    if ((variants[i]->needs & ~cpu_flags) == 0)
      *kernel = *variants[i];
}
